// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Ends of processes: finding the service, handling the rest of its process group, and reaping. All
// under the board's lock, so no pid or group is signalled after its number became free.
//
// When a main process ends by itself, its group is killed before the process is reaped: until then
// the number of the group is still its own. A group that lives on in a stop is watched. Members
// that are zinit's children report their ends. For the others zinit looks, at intervals that grow
// to 500 ms.
//
// Threads: the board's lock guards all of it.
#pragma once

#include <string>

#include "supervisor/board_lock.hpp"
#include "supervisor/job.hpp"

namespace zinit {

class BoardCore;

class Ends {
 public:
  explicit Ends(BoardCore& core) : core_(core) {}
  Ends& operator=(Ends&&) = delete;

  /// A child of zinit has ended, and is not reaped yet. Handles its last messages first, without
  /// the lock.
  void child_ended(pid_t pid, const ProcessEnd& end) REQUIRES(board_lock);
  /// The process of a launch ended, and was reaped, before the launch was over. Its messages are
  /// handled before its end: it may have named another main process, or gone to the background.
  void of_launch(Job& job, const LaunchUnderWay::EarlyEnd& early) REQUIRES(board_lock);
  /// The main process, or the process of another step, has ended.
  void main_ended(Job& job, const ProcessEnd& end, Remains remains) REQUIRES(board_lock);
  /// Notes when the main process has ended, and the words about its end.
  void note(Job& job, std::string killer, std::string ended_for) REQUIRES(board_lock);
  /// The same if a stop's SIGKILL finds that only others of the main process's group are left.
  void note_rest_killed(Job& job) REQUIRES(board_lock);
  /// Reports that an ended main process left others, which are killed.
  void tell_left_behind(Job& job) REQUIRES(board_lock);

  /// The process of a service has ended. Without a cgroup, the job's thread must search for
  /// processes left outside its group. Until then the service does not count as gone.
  void seek_left(Job& job) REQUIRES(board_lock);
  /// Checks whether a service whose process has ended still has something left: in its process
  /// group, in the groups of its side commands, or in its cgroup.
  /// @return  true if the service was found to be gone
  bool look_at(Job& job) REQUIRES(board_lock);
  /// Watches processes that a stop spared, and drops the cgroup once they are gone.
  void look_at_spared(Job& job) REQUIRES(board_lock);
  /// A group that does not empty may hold only zombies whose parent does not reap them. Only a scan
  /// of all processes can find out; the janitor does it.
  void look_at_group(Job& job) REQUIRES(board_lock);
  /// Reports workers that were killed because of a lack of memory. The service goes on, so nothing
  /// else reports them. If the main process was killed, its end says so as well.
  void look_at_memory(Job& job) REQUIRES(board_lock);

 private:
  void hear_last_words(pid_t pid) REQUIRES(board_lock);
  [[nodiscard]] bool own_ended(Job& job, pid_t pid, const ProcessEnd& end) REQUIRES(board_lock);
  void member_ended(pid_t group) REQUIRES(board_lock);
  void held_ended(Job& job, pid_t pid) REQUIRES(board_lock);
  void leader_ended(Job& job, Remains remains) REQUIRES(board_lock);
  void tend_escaped(Job& job) REQUIRES(board_lock);
  [[nodiscard]] OutOfMemory out_of_memory(const Job& job, const ProcessEnd& end) const
      REQUIRES(board_lock);

  BoardCore& core_;
};

}  // namespace zinit
