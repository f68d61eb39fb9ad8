// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// What the board does with its lock held: records, jobs, and enter(), the one place where a state
// is changed. board.hpp describes the whole.
//
// What has a task of its own is a class of its own, which the core connects:
//
//   job_scheduler.hpp     the threads of jobs, places to spawn, the timer
//   janitor.hpp           the thread for work that belongs to no job
//   launches.hpp          orders for launches, and their results
//   condition_checks.hpp  conditions before a start
//   check_rounds.hpp      check_exec before a restart
//   stops.hpp             the stop signal, SIGKILL, and clients' signals
//   side_runs.hpp         commands beside main processes
//   ends.hpp              ends of processes
//   main_checks.hpp       the watching of main processes
//   restorer.hpp          restoring services from a journal
//   processes.hpp, service_cgroup.hpp, side_commands.hpp   processes of a service
//
// All of these share the board's lock (board_lock.hpp). The functions of the core are divided among
// these files:
//
//   core.cpp      the lock; jobs are made and dropped with the graph
//   steps.cpp     steps: decide, perform, enter, notify the neighbours
//   failures.cpp  services that have failed for good
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/memory.hpp"
#include "base/mutex.hpp"
#include "model/request.hpp"
#include "state/journal.hpp"
#include "state/slot_facts.hpp"
#include "supervisor/board_lock.hpp"
#include "supervisor/boot_progress.hpp"
#include "supervisor/check_rounds.hpp"
#include "supervisor/condition_checks.hpp"
#include "supervisor/ends.hpp"
#include "supervisor/janitor.hpp"
#include "supervisor/job.hpp"
#include "supervisor/job_scheduler.hpp"
#include "supervisor/kept_events.hpp"
#include "supervisor/launches.hpp"
#include "supervisor/main_checks.hpp"
#include "supervisor/side_runs.hpp"
#include "supervisor/stops.hpp"
#include "supervisor/view.hpp"
#include "supervisor/watch_port.hpp"

namespace zinit {

class SettledQuestions;

/// Private to src/supervisor: the base of Board, and what its parts share.
class BoardCore {
 public:
  /// What the board is connected to. The ports outlive it.
  struct Ports {
    OutputPort& output;
    ChangePort& changes;
    WatchPort& watchers;
    StatePort* state = nullptr;  // null: no state is kept for a re-execution
  };
  /// @param path  of the journal's file; empty, or not usable: it has no name
  BoardCore(const Ports& ports, SpawnDefaults defaults, const std::string& path = {});
  ~BoardCore();  // Board has called end()
  BoardCore& operator=(BoardCore&&) = delete;
  /// Makes the journal if the constructor could not. Call it before any other function.
  [[nodiscard]] Result<void> make_journal(const std::string& path);
  /// Starts the janitor's thread if the constructor could not. Call it before any other function.
  /// @return  why the board cannot work; the next call tries again
  [[nodiscard]] Result<void> works() { return janitor.start(); }
  /// Ends all threads and writes the last log lines. The processes of services keep running. After
  /// this call the board does nothing more.
  void end() EXCLUDES(board_lock);
  /// The journal's memory file, for the next process image; -1: there is no journal.
  [[nodiscard]] int journal_fd() const { return journal ? journal->fd() : -1; }
  /// The service that owns the first of these pids or process groups that has an owner; empty: none
  /// has.
  [[nodiscard]] std::string owner_of(const std::vector<pid_t>& numbers) const EXCLUDES(board_lock);

  /// The board's lock.
  [[nodiscard]] Mutex& mutex() const RETURN_CAPABILITY(board_lock) { return mutex_; }

  OutputPort& output;
  ChangePort& changes;
  WatchPort& watchers;
  World world GUARDED_BY(board_lock);
  KeptEvents events GUARDED_BY(board_lock);
  std::optional<Journal> journal;                 // its calls need the lock
  ProcessTable processes GUARDED_BY(board_lock);  // outlives the jobs, which remove their entries
  CgroupWatches cgroups GUARDED_BY(board_lock);
  std::vector<std::shared_ptr<Job>> jobs GUARDED_BY(board_lock);  // by slot; null: no service
  // Whether services that a reload adds are started: see apply_plan().
  bool start_added GUARDED_BY(board_lock) = true;
  std::vector<std::string> template_names GUARDED_BY(board_lock);  // see Board::name_templates()
  BootProgress boot_progress GUARDED_BY(board_lock);
  std::set<Slot> failures GUARDED_BY(board_lock);  // final_failures() looks at these
  // Services that clients are deleting, one entry for each deletion.
  std::multiset<std::string> deleting GUARDED_BY(board_lock);
  bool ending GUARDED_BY(board_lock) = false;  // end() was called

  // The parts are destroyed before the jobs, which they may hold.
  JobScheduler scheduler{*this};
  Janitor janitor{*this};
  CheckRounds rounds{*this};
  ConditionChecks conditions{*this};
  Launches launches;
  Stops stops{*this};
  SideRuns sides{*this};
  Ends ends{*this};
  MainChecks mains{*this};

  /// Holds the board's lock for a change of records. Before it releases the lock, it takes all due
  /// steps that only change records or send signals, so that the next caller sees their result.
  /// Then it wakes the threads that have work.
  class SCOPED_CAPABILITY Change {
   public:
    explicit Change(BoardCore& core) ACQUIRE(board_lock);
    ~Change() RELEASE();
    Change& operator=(Change&&) = delete;

   private:
    const EssentialAllocations essential_;
    BoardCore& core_;
  };

  /// Takes all due steps, releases the lock, and wakes the threads that have work.
  void let_go() RELEASE(board_lock);
  /// Calls `work` without the lock, and takes the lock again, also if `work` throws.
  template <class Work>
  void without_lock(Work work) REQUIRES(board_lock) {
    mutex().unlock();
    then_lock(work);
  }
  /// Likewise, after let_go().
  template <class Work>
  void let_go_for(Work work) REQUIRES(board_lock) {
    let_go();
    then_lock(work);
  }
  template <class Work>
  void then_lock(Work& work) ACQUIRE(board_lock) {
    try {
      work();
    } catch (...) {
      mutex().lock();
      throw;
    }
    mutex().lock();
  }

  // --- for requests ---

  /// Replaces the graph with the graph of `plan`. New services get jobs; services that left the
  /// graph lose theirs. With `start_new`, new services with status `start` are started
  /// (apply_plan()).
  void adopt(const Plan& plan, bool start_new) REQUIRES(board_lock);
  /// Queues a line for zinit's log; the janitor writes it without the lock.
  void say(LogLevel level, std::string line) REQUIRES(board_lock) {
    janitor.say(level, std::move(line));
  }
  /// Writes a fault that changes no state into zinit's log, and into the service's own log.
  void warn_of(const Job& job, const std::string& text) REQUIRES(board_lock);
  /// Writes a bad end that no request caused into the service's own log.
  void note_bad_end(const Job& job, State from, State to, const Reason& cause) REQUIRES(board_lock);
  /// Stores the changed records in the journal, marks the jobs of all affected services that now
  /// have a step to take as due, and notifies ChangePort.
  void tell_neighbours(std::span<const Slot> changed) REQUIRES(board_lock);
  /// Checks whether all services that the boot started have settled.
  void note_boot() REQUIRES(board_lock);
  [[nodiscard]] bool is_template(std::string_view name) const REQUIRES(board_lock);
  [[nodiscard]] std::vector<std::string> absent_on_failure(Slot slot) const REQUIRES(board_lock);
  /// Whether no trigger starts it.
  [[nodiscard]] bool is_ignored(Slot slot) const REQUIRES(board_lock);
  /// See Board::final_failures().
  [[nodiscard]] bool is_to_be_followed(Slot slot) const REQUIRES(board_lock);
  /// Adds a failed service to `failures`, for final_failures().
  void note_failure(Slot slot) REQUIRES(board_lock);
  /// Adds which [resources] of the service could not be applied.
  /// @param faults  of an attempt to apply them; empty: reports what the cgroups lack
  void add_resource_warnings(const ServiceSpec& spec, std::vector<std::string> faults,
                             std::vector<std::string>& warnings) const REQUIRES(board_lock);
  [[nodiscard]] ServiceView view_of(Slot slot, TimePoint now, SettledQuestions& settled) const
      REQUIRES(board_lock);
  /// By slot: whether the service is active or not at rest, and so must stay in the graph.
  [[nodiscard]] std::vector<bool> live() const REQUIRES(board_lock);
  /// By slot: whether it is active and its wish is up.
  [[nodiscard]] std::vector<bool> up() const REQUIRES(board_lock);
  /// Whether the service has a process or launch left, which keeps it in the graph after its
  /// removal.
  [[nodiscard]] bool is_live(Slot slot) const REQUIRES(board_lock);
  /// Keeps what killed its last process, and the fault that the last failed probe has found.
  void keep_words(const Job& job) REQUIRES(board_lock);
  /// Call before the group of the main process is used: the group may have changed.
  void follow_main(Job& job) REQUIRES(board_lock);
  /// The main process of a launch that is over; 0: none, or another command runs.
  [[nodiscard]] pid_t main_pid(const Job& job) const REQUIRES(board_lock) {
    return world.record(job.slot).command.is_main() ? job.process.pid() : 0;
  }
  void store(Slot slot) REQUIRES(board_lock);
  /// Keeps a fact about the service that the journal does not have.
  void keep(SlotFact what, Slot slot, std::string_view value) REQUIRES(board_lock) {
    if (state_ != nullptr) state_->keep(what, slot, value);
  }
  void store_world() REQUIRES(board_lock);
  /// From now on the next process image finds the journal.
  void keep_journal() REQUIRES(board_lock);
  /// Marks the job as due: its steps are taken before the lock is released.
  void make_due(Job& job) REQUIRES(board_lock);

  // --- core.cpp ---
  void forget(Slot slot) REQUIRES(board_lock);
  void tell_refused(const Plan& plan) REQUIRES(board_lock);

  // --- steps.cpp ---
  void take_due_steps() REQUIRES(board_lock);
  /// Who decides. Only a job's own thread, or the janitor in its place, acts on a passed deadline.
  /// If it is late, it first gives other threads time to catch up (JobScheduler::catch_up()).
  enum class Whose : std::uint8_t { own, others };
  /// Takes all steps that only change the record or send a signal. Notes in the job the launch that
  /// its thread must do, and the next deadline.
  void take_steps(Job& job, Whose whose) REQUIRES(board_lock);
  void pass_deadline(Job& job) REQUIRES(board_lock);
  [[nodiscard]] TimePoint decision_time(const Job& job, Whose whose) const REQUIRES(board_lock);
  void take_all_steps(Job& job, Whose whose) REQUIRES(board_lock);
  [[nodiscard]] bool rests(const Job& job) REQUIRES(board_lock);
  [[nodiscard]] TimePoint next_look(Job& job, const Step& step, TimePoint now) REQUIRES(board_lock);
  void perform(Job& job, const Row& row) REQUIRES(board_lock);
  /// The one place where a state is changed.
  void enter(Job& job, const Row& row, const LaunchOutcome& outcome) REQUIRES(board_lock);
  void tell_transition(Job& job, State from, State to) REQUIRES(board_lock);
  void stamp(Job& job, State from, State to) REQUIRES(board_lock);
  void publish(const Job& job, State from, State to) REQUIRES(board_lock);
  void forget_removed(Slot slot) REQUIRES(board_lock);
  void drop_cgroup(Job& job) REQUIRES(board_lock);
  void settle_at_rest(Job& job) REQUIRES(board_lock);

 protected:
  mutable Mutex mutex_;
  StatePort* const state_;
  Slots due_ GUARDED_BY(board_lock);  // jobs whose steps are taken before the lock is released
  std::uint64_t changes_made_ GUARDED_BY(board_lock) = 0;  // how often let_go() was called
  Slots affected_ GUARDED_BY(board_lock);  // its memory is kept, so that a change allocates nothing
};

}  // namespace zinit
