// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The state of commands beside the main process. See side_commands.hpp.
#include "supervisor/side_commands.hpp"

#include <algorithm>
#include <csignal>

namespace zinit {

void SideCommand::order(pid_t main_pid) noexcept {
  ordered_ = true;
  late_ = false;
  not_before_ = {};
  main_pid_ = main_pid;
}

void SideCommand::launched(pid_t pid) {
  group_.spawned(pid);
  ordered_ = false;
}

bool SideCommand::kill_if_late(TimePoint now) {
  if (now < deadline_) return false;
  deadline_ = kNever;
  late_ = true;
  kill();
  return true;
}

void SideCommand::kill() const { (void)group_.signal(SIGKILL); }

void SideCommand::ended(Remains remains) noexcept {
  if (!late_) deadline_ = kNever;
  group_.leader_ended(remains);
}

SideCommand* SideCommands::with(pid_t pid) noexcept {
  const auto one = std::ranges::find(all(), pid, &SideCommand::pid);
  return one == all().end() ? nullptr : &*one;
}

const SideCommand* SideCommands::first_ordered() const noexcept {
  const auto one = std::ranges::find_if(all(), &SideCommand::due);
  return one == all().end() ? nullptr : &*one;
}

TimePoint SideCommands::deadline() const noexcept {
  TimePoint earliest = kNever;
  for (const SideCommand& each : all())
    earliest = std::min({earliest, each.deadline(), each.due_at()});
  return earliest;
}

}  // namespace zinit
