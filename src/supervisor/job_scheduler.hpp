// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The scheduler of a board: who handles the work and the deadlines of each job. It has the threads
// of jobs, the places to spawn, and the one timer of jobs without a thread, at which it wakes the
// janitor. job_scheduler.cpp describes how these play together.
//
// Threads: the board's lock guards all of it.
#pragma once

#include <list>
#include <memory>
#include <span>
#include <vector>

#include "base/time.hpp"
#include "os/thread.hpp"
#include "supervisor/board_lock.hpp"
#include "supervisor/job.hpp"
#include "supervisor/spawn_places.hpp"

namespace zinit {

class BoardCore;

/// While a time limit of a process runs, its thread or the janitor looks at the clock at least this
/// often. A look that comes late reveals a suspension, whatever the thread did meanwhile.
inline constexpr Milliseconds kLongestSleep{500};

class JobScheduler {
 public:
  explicit JobScheduler(BoardCore& core) : core_(core) {}
  JobScheduler& operator=(JobScheduler&&) = delete;

  /// Waits until no job has a thread, once BoardCore::ending is set.
  /// @return  the threads, to be joined without the lock
  [[nodiscard]] std::list<Thread> end() REQUIRES(board_lock);

  // --- for the board ---
  /// Makes sure that somebody handles a job's work and deadline: its thread, or the janitor while
  /// it has no thread. Call it after each of the job's steps.
  void attend(Job& job) REQUIRES(board_lock);
  /// Gives free places to the jobs that wait for one, and has their launches carried out.
  void hand_out_places() REQUIRES(board_lock);
  /// With `hold` no job gets a place.
  void hold(bool hold) REQUIRES(board_lock) { places_.hold(hold); }
  /// The job's launch begins, without the lock: the janitor handles its deadlines now.
  void launch_begins(Job& job) REQUIRES(board_lock);
  /// The job's thread has the lock again.
  void launch_returned(Job& job) REQUIRES(board_lock);
  /// The job needs its place no longer.
  void give_back(Job& job) REQUIRES(board_lock) { places_.give_back(job.place); }
  /// A thread or spawn of the job, or of none, has failed with EAGAIN: takes the threads from jobs
  /// that only wait, so that processes can be created instead.
  void processes_are_short() REQUIRES(board_lock);
  /// The job leaves the board.
  void forget(Job& job) REQUIRES(board_lock);
  /// The jobs whose threads must be notified; given once. See BoardCore::let_go().
  [[nodiscard]] std::vector<std::shared_ptr<Job>> take_woken() REQUIRES(board_lock) {
    return std::exchange(to_wake_, {});
  }
  [[nodiscard]] bool queue_empty() const REQUIRES(board_lock) { return places_.queue_empty(); }
  [[nodiscard]] bool no_place_taken() const REQUIRES(board_lock) { return places_.none_taken(); }

  // --- for the janitor ---
  /// Adds time in which zinit was suspended to the limits of watched jobs.
  void look_at_clocks() REQUIRES(board_lock);
  /// If it is time, does for the watched jobs what their threads would do. May release the lock for
  /// a moment.
  void watch_jobs() REQUIRES(board_lock);
  /// Launches for the jobs that have a place and cannot have a thread.
  void work_without_threads() REQUIRES(board_lock);
  [[nodiscard]] bool has_work_without_thread() const REQUIRES(board_lock) {
    return !without_thread_.empty();
  }
  /// Threads that have ended, to be joined without the lock.
  [[nodiscard]] std::list<Thread> take_ended() REQUIRES(board_lock) {
    return std::exchange(ended_threads_, {});
  }
  /// When the janitor must look at the watched jobs, or at the clock for them.
  [[nodiscard]] TimePoint next_look() REQUIRES(board_lock);

 private:
  // Threads.
  [[nodiscard]] bool on_its_way(const Job& job) REQUIRES(board_lock);
  [[nodiscard]] bool keeps_thread(const Job& job) REQUIRES(board_lock);
  [[nodiscard]] Result<void> start_thread(Job& job) REQUIRES(board_lock);
  void given_thread(Job& job) REQUIRES(board_lock);
  void run_jobs(std::shared_ptr<Job> job, std::list<Thread>::iterator thread) EXCLUDES(board_lock);
  void run_job(Job& job) REQUIRES(board_lock);
  void sleep(Job& job) REQUIRES(board_lock);
  void end_thread(Job& job) REQUIRES(board_lock);
  void wake(Job& job) REQUIRES(board_lock);

  // The clock.
  void catch_up(std::span<const std::shared_ptr<Job>> which) REQUIRES(board_lock);
  [[nodiscard]] bool is_limited(const Job& job) const REQUIRES(board_lock);
  void look_at_clock(Job& job) REQUIRES(board_lock);

  // Watched jobs.
  void watch(Job& job) REQUIRES(board_lock);
  void look_by(TimePoint at) REQUIRES(board_lock);
  [[nodiscard]] bool to_be_watched(Slot slot) REQUIRES(board_lock);
  void pass_deadline_for(Job& job) REQUIRES(board_lock);
  void work_without_thread(Job& job) REQUIRES(board_lock);
  [[nodiscard]] TimePoint watch_waiting(Job& job) REQUIRES(board_lock);
  [[nodiscard]] TimePoint watch_launch(Job& job) REQUIRES(board_lock);

  BoardCore& core_;
  std::list<Thread> threads_ GUARDED_BY(board_lock);        // running
  std::list<Thread> ended_threads_ GUARDED_BY(board_lock);  // to be joined
  CondVar all_ended_;                                       // no job thread runs any more
  SpawnPlaces places_ GUARDED_BY(board_lock);
  // These have a place; the janitor launches for them.
  std::vector<std::shared_ptr<Job>> without_thread_ GUARDED_BY(board_lock);
  std::vector<std::shared_ptr<Job>> to_wake_ GUARDED_BY(board_lock);
  Slots watched_ GUARDED_BY(board_lock);                // the janitor looks after these
  TimePoint watch_at_ GUARDED_BY(board_lock) = kNever;  // its next look at them
  TimePoint looked_ GUARDED_BY(board_lock){};           // the janitor's last look at the clock
};

}  // namespace zinit
