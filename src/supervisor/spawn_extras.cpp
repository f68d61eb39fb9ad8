// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Adds the extra variables and descriptors of a main process to the plan of its spawn.
#include "supervisor/spawn_extras.hpp"

#include <algorithm>

#include "base/environment.hpp"
#include "base/format.hpp"
#include "base/sort.hpp"

namespace zinit {

namespace {

constexpr int kFirstListenFd = 3;  // SD_LISTEN_FDS_START

void add_listen_fds(const std::vector<SpawnExtras::ListenFd>& fds, SpawnPlan& plan) {
  if (fds.empty()) return;
  std::string names;
  int as = kFirstListenFd;
  for (const auto& each : fds) {
    names += (names.empty() ? "" : ":") + each.name;
    plan.passed.push_back({each.fd, as++});
  }
  set_environment(plan.env, "LISTEN_FDS", fmt::format("{}", fds.size()));
  set_environment(plan.env, "LISTEN_FDNAMES", names);
  plan.pid_variables.emplace_back("LISTEN_PID");
}

}  // namespace

Result<void> SpawnExtras::add_to(SpawnPlan& plan) const {
  set_environment(plan.env, environment);
  plan.pid_variables = pid_variables;
  plan.passed = passed;
  add_listen_fds(listen_fds, plan);
  for (const std::string& name : plan.pid_variables)
    std::erase_if(plan.env,
                  [&](const std::string& entry) { return entry.starts_with(name + "="); });
  sort_by(plan.passed, &PassedFd::as);
  const auto twice = std::ranges::adjacent_find(plan.passed, {}, &PassedFd::as);
  if (twice == plan.passed.end()) return {};
  return Failure(
      Error{fmt::format("two descriptors ask for number {} in the process", twice->as), EINVAL});
}

}  // namespace zinit
