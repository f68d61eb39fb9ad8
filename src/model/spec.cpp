// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Checks names of services, and finds out whether a change of spec needs a restart.
#include "model/spec.hpp"

#include <algorithm>
#include <string_view>

#include "base/format.hpp"
#include "base/lists.hpp"
#include "base/text.hpp"

namespace zinit {

namespace {

constexpr std::array<std::string_view, 2> kTakenNames = {"zinit", "syslog"};

bool letter_or_digit(char c) { return is_letter(c) || is_digit(c); }

/// One part of a spec that a file can change.
struct Part {
  std::string_view key;  // or section, as in service files
  SpecChange change;     // the effect of a change
  bool (*same)(const ServiceSpec& before, const ServiceSpec& after);
};

template <auto member>
bool equal(const ServiceSpec& before, const ServiceSpec& after) {
  return before.*member == after.*member;
}

bool same_pipes(const ServiceSpec& before, const ServiceSpec& after) {
  return before.logging->merge_stderr == after.logging->merge_stderr;
}

// A change of anything that the process was made from needs a restart. Only zinit looks at the
// rest, including dependencies, so those changes take effect without a restart.
constexpr SpecChange kProcess = SpecChange::restart;
constexpr SpecChange kOwn = SpecChange::settings;
constexpr Part kParts[] = {
    {"[service] or [target]", kProcess, equal<&ServiceSpec::kind>},
    {"exec", kProcess, equal<&ServiceSpec::exec>},
    {"dir", kProcess, equal<&ServiceSpec::dir>},
    {"oneshot", kProcess, equal<&ServiceSpec::oneshot>},
    {"env", kProcess, equal<&ServiceSpec::env>},
    {"env_file", kProcess, equal<&ServiceSpec::env_file>},
    {"user", kProcess, equal<&ServiceSpec::user>},
    {"group", kProcess, equal<&ServiceSpec::group>},
    {"groups", kProcess, equal<&ServiceSpec::groups>},
    {"umask", kProcess, equal<&ServiceSpec::umask>},
    {"tty", kProcess, equal<&ServiceSpec::tty>},
    {"pre_exec", kProcess, equal<&ServiceSpec::pre_exec>},
    {"directories", kProcess, equal<&ServiceSpec::directories>},
    {"[readiness]", kProcess, equal<&ServiceSpec::readiness>},
    {"[limits]", kProcess, equal<&ServiceSpec::limits>},
    {"[process]", kProcess, equal<&ServiceSpec::process>},
    {"[socket]", kProcess, equal<&ServiceSpec::socket>},
    {"merge_stderr", kProcess, same_pipes},
    {"description", kOwn, equal<&ServiceSpec::description>},
    {"status", kOwn, equal<&ServiceSpec::status>},
    {"class", kOwn, equal<&ServiceSpec::class_>},
    {"critical", kOwn, equal<&ServiceSpec::critical>},
    {"survive", kOwn, equal<&ServiceSpec::survive>},
    {"ports", kOwn, equal<&ServiceSpec::ports>},
    {"ready_exec", kOwn, equal<&ServiceSpec::ready_exec>},
    {"post_exec", kOwn, equal<&ServiceSpec::post_exec>},
    {"stop_exec", kOwn, equal<&ServiceSpec::stop_exec>},
    {"reload_exec", kOwn, equal<&ServiceSpec::reload_exec>},
    {"reload_signal", kOwn, equal<&ServiceSpec::reload_signal>},
    {"check_exec", kOwn, equal<&ServiceSpec::check_exec>},
    {"[dependencies]", kOwn, equal<&ServiceSpec::dependencies>},
    {"[lifecycle]", kOwn, equal<&ServiceSpec::lifecycle>},
    {"[health]", kOwn, equal<&ServiceSpec::health>},
    {"[logging]", kOwn, equal<&ServiceSpec::logging>},
    {"[resources]", kOwn, equal<&ServiceSpec::resources>},
    {"[timer]", kOwn, equal<&ServiceSpec::timer>},
    {"[path]", kOwn, equal<&ServiceSpec::path>},
    {"[condition]", kOwn, equal<&ServiceSpec::condition>},
};

}  // namespace

bool allowed_in_name(char c) noexcept {
  return letter_or_digit(c) || std::string_view("_.@-").find(c) != std::string_view::npos;
}

bool is_taken_name(std::string_view name) noexcept { return contains(kTakenNames, name); }

SpecChange compare(const ServiceSpec& before, const ServiceSpec& after) {
  SpecChange change = SpecChange::none;
  for (const Part& part : kParts)
    if (!part.same(before, after)) change = std::max(change, part.change);
  return change;
}

std::vector<std::string_view> restart_causes(const ServiceSpec& before, const ServiceSpec& after) {
  std::vector<std::string_view> keys;
  for (const Part& part : kParts)
    if (part.change == kProcess && !part.same(before, after)) keys.push_back(part.key);
  return keys;
}

std::string trigger_words(const ServiceSpec& spec) {
  std::string words;
  const auto add = [&](bool there, std::string_view word) {
    if (there) words.append(words.empty() ? "" : " or ").append(word);
  };
  add(spec.starts_by_connection() && !spec.accepts(), "a connection to its sockets");
  add(spec.timer->configured(), "its timer");
  add(spec.path->configured(), "a file of its [path]");
  return words;
}

std::vector<std::string> on_failure_names(const ServiceSpec& spec) {
  std::vector<std::string> names;
  for (const Dependency& one : *spec.lifecycle.on_failure)
    names.push_back(one.name.ends_with('@') ? one.name + spec.name : one.name);
  return names;
}

std::optional<std::string> name_fault(const std::string& name) {
  if (name.empty()) return "a name must not be empty";
  if (name.size() > kNameMax) {
    return fmt::format("a name has at most {} characters, this one has {}", kNameMax, name.size());
  }
  if (!letter_or_digit(name.front())) return "a name must begin with a letter or a digit";
  if (!std::all_of(name.begin(), name.end(), allowed_in_name))
    return "a name may only have A-Z, a-z, 0-9, _, ., @ and -";
  if (is_taken_name(name)) return fmt::format("the name {} is reserved", name);
  return std::nullopt;
}

}  // namespace zinit
