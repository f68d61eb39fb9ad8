// The state of commands beside the main process. See side_commands.hpp.
#include "supervisor/side_commands.hpp"

#include <csignal>

namespace zinit {

void SideCommand::order(pid_t main_pid) noexcept {
  ordered_ = true;
  late_ = false;
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
  deadline_ = kNever;
  group_.leader_ended(remains);
}

SideCommand* SideCommands::with(pid_t pid) noexcept {
  for (SideCommand* const each : all())
    if (each->pid() == pid) return each;
  return nullptr;
}

SideCommand* SideCommands::first_ordered() noexcept {
  for (SideCommand* const each : all())
    if (each->ordered()) return each;
  return nullptr;
}

}  // namespace zinit
