// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The commands of a round of checks, and messages about them. See check_round.hpp.
#include "supervisor/check_round.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace zinit {

namespace {

using One = CheckRound::One;
}  // namespace

std::string check_place(const ServiceSpec& spec) {
  const SourcePosition at = spec.check_exec_at;
  return fmt::format("{}:{}:{}", spec.file.empty() ? "(runtime)" : spec.file_of(at),
                     std::max(at.line, 1), std::max(at.column, 1));
}

bool CheckRound::failed() const noexcept {
  return given_up || std::ranges::any_of(all, [](const One& one) { return !one.fault.empty(); });
}

std::vector<One> failed_ones(const CheckRound& round) {
  std::vector<One> failed;
  std::ranges::copy_if(round.all, std::back_inserter(failed),
                       [](const One& one) { return !one.fault.empty(); });
  return failed;
}

std::vector<One> checks_in(const Graph& graph, const Slots& slots) {
  std::vector<One> checks;
  for (const Slot slot : slots)
    if (const SpecPtr& spec = graph.node(slot).spec; !spec->check_exec->argv.empty())
      checks.push_back({slot, spec});
  return checks;
}

RequestFailure check_failure(const std::vector<One>& failed, std::string_view consequence) {
  const bool alone = failed.size() == 1;
  RequestFailure failure{Refusal::process_error, {}};
  std::vector<std::string> names;
  for (const One& one : failed) {
    const std::string& name = one.spec->name;
    names.push_back(name);
    if (!alone) failure.details.push_back(fmt::format("{}: {}", name, one.fault));
    if (!one.tail) continue;
    for (const std::string& line : one.tail->lines())
      failure.details.push_back(alone ? line : fmt::format("{}: {}", name, line));
  }
  failure.text = fmt::format("check_exec of {}: {}; {}", join(names, ", "),
                             alone ? failed.front().fault : "failed", consequence);
  return failure;
}

std::vector<std::string> check_faults(const One& one) {
  const std::string place = check_place(*one.spec);
  std::vector<std::string> faults = {
      fmt::format("{}: error: service.check_exec: {}", place, one.fault)};
  if (!one.tail) return faults;
  for (const std::string& line : one.tail->lines())
    faults.push_back(fmt::format("{}: error: service.check_exec: it printed: {}", place, line));
  return faults;
}

}  // namespace zinit
