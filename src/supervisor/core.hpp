// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// What the board does with its lock held: records, jobs, and enter(), the one place where a state
// is changed. board.hpp describes the whole.
//
// Parts with state of their own are separate classes: the table of processes (processes.hpp),
// cgroups (service_cgroup.hpp), commands beside the main process (side_commands.hpp), launches
// (launch.hpp), permissions to spawn (spawn_places.hpp), the kept events, the writer of log lines,
// the journal. The core connects them. Its functions are divided among these files:
//
//   core.cpp         the lock; jobs are made and dropped with the graph
//   steps.cpp        steps: decide, perform, enter, notify the neighbours
//   job_threads.cpp  the threads that wait and launch for jobs
//   janitor.cpp      the thread for work that belongs to no job
//   launches.cpp     orders for launches, and their results
//   ends.cpp         ends of processes
//   signals.cpp      signals, and commands beside the main process
//   check_round.cpp  check_exec, before anything is stopped for a restart
//   conditions.cpp   conditions of a service that is about to start
//   checks.cpp       checks of main processes
//   restore.cpp      restoring a board from a journal
//   failures.cpp     services that have failed for good
#pragma once

#include <atomic>
#include <list>
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
#include "os/process.hpp"
#include "os/thread.hpp"
#include "state/journal.hpp"
#include "state/slot_facts.hpp"
#include "supervisor/boot_progress.hpp"
#include "supervisor/job.hpp"
#include "supervisor/kept_events.hpp"
#include "supervisor/launch_kinds.hpp"
#include "supervisor/log_writer.hpp"
#include "supervisor/refusals.hpp"
#include "supervisor/view.hpp"
#include "supervisor/watch_port.hpp"

namespace zinit {

class SettledQuestions;

/// A launch that takes longer than this counts as hung, perhaps for ever: execve(2) takes
/// milliseconds, or a few hundred on a slow disk.
inline constexpr Milliseconds kSlowLaunch{2000};

/// While a time limit of a process runs, its thread or the janitor looks at the clock at least this
/// often. A look that comes late reveals a suspension, whatever the thread did meanwhile.
inline constexpr Milliseconds kLongestSleep{500};

/// Private to src/supervisor: the base of Board.
class BoardCore {
 public:
  /// What the board is connected to. The ports outlive it.
  struct Ports {
    OutputPort& output;
    ChangePort& changes;
    WatchPort& watchers;
    StatePort* state = nullptr;  // null: no state is kept for a re-execution
  };
  /// @param journal  the path of the journal's file; empty, or not usable: it has no name
  BoardCore(const Ports& ports, SpawnDefaults defaults, const std::string& journal = {});
  ~BoardCore();  // Board has called end()
  BoardCore& operator=(BoardCore&&) = delete;
  /// Makes the journal if the constructor could not. Call it before any other function.
  [[nodiscard]] Result<void> make_journal(const std::string& path);
  /// Starts the janitor's thread if the constructor could not. Call it before any other function.
  /// @return  why the board cannot work; the next call tries again
  [[nodiscard]] Result<void> works();
  /// Ends all threads and writes the last log lines. The processes of services keep running. After
  /// this call the board does nothing more.
  void end() EXCLUDES(mutex);
  /// The journal's memory file, for the next process image; -1: there is no journal.
  [[nodiscard]] int journal_fd() const { return journal_ ? journal_->fd() : -1; }
  /// The service that owns the first of these pids or process groups that has an owner; empty: none
  /// has.
  [[nodiscard]] std::string owner_of(const std::vector<pid_t>& numbers) const EXCLUDES(mutex);

  mutable Mutex mutex;
  World world GUARDED_BY(mutex);
  KeptEvents events GUARDED_BY(mutex);
  ProcessTable processes GUARDED_BY(mutex);  // outlives the jobs, which remove their entries
  CgroupWatches cgroups GUARDED_BY(mutex);
  std::vector<std::shared_ptr<Job>> jobs GUARDED_BY(mutex);  // by slot; null: no service
  bool start_added GUARDED_BY(mutex) = true;  // for services that a reload adds: see apply_plan()
  TimePoint last_stop_signal_at GUARDED_BY(mutex){};          // see Board::last_stop_signal()
  std::vector<std::string> template_names GUARDED_BY(mutex);  // see Board::name_templates()
  BootProgress boot_progress GUARDED_BY(mutex);
  std::set<Slot> failures GUARDED_BY(mutex);  // final_failures() looks at these
  // Services that clients are deleting, one entry for each deletion.
  std::multiset<std::string> deleting GUARDED_BY(mutex);

  /// Holds the board's lock for a change of records. Before it releases the lock, it takes all due
  /// steps that only change records or send signals, so that the next caller sees their result.
  /// Then it wakes the threads that have work.
  class SCOPED_CAPABILITY Change {
   public:
    explicit Change(BoardCore& core) ACQUIRE(core.mutex);
    ~Change() RELEASE();
    Change& operator=(Change&&) = delete;

   private:
    const EssentialAllocations essential_;
    BoardCore& core_;
  };

  // --- for requests ---

  /// Replaces the graph with the graph of `plan`. New services get jobs; services that left the
  /// graph lose theirs. With `start_new`, new services with status `start` are started
  /// (apply_plan()).
  void adopt(const Plan& plan, bool start_new) REQUIRES(mutex);
  /// Queues a line for zinit's log; the janitor writes it without the lock.
  void say(LogLevel level, std::string line) REQUIRES(mutex);
  /// Writes a fault that changes no state into zinit's log, and into the service's own log.
  void warn_of(const Job& job, const std::string& text) REQUIRES(mutex);
  /// Writes a bad end that no request caused into the service's own log.
  void note_bad_end(const Job& job, State from, State to, const Reason& cause) REQUIRES(mutex);
  /// Stores the changed records in the journal, marks the jobs of all affected services that now
  /// have a step to take as due, and notifies ChangePort.
  void tell_neighbours(std::span<const Slot> changed) REQUIRES(mutex);
  /// Checks whether all services that the boot started have settled.
  void note_boot() REQUIRES(mutex);
  /// Handles the messages that `pid` sent before it ended, if it is a watched main process.
  void hear_last_words(pid_t pid) REQUIRES(mutex);
  /// Restores the record and job of a service from its journal entry.
  void restore_service(Slot slot, const JournalEntry& entry, const FactMap& facts) REQUIRES(mutex);
  /// Call after all services are restored: orders again what the previous process image ordered and
  /// did not begin. `owed` as in JournalFacts.
  void order_again(Slot slot, std::uint8_t owed) REQUIRES(mutex);
  [[nodiscard]] bool is_template(std::string_view name) const REQUIRES(mutex);
  [[nodiscard]] std::vector<std::string> absent_on_failure(Slot slot) const REQUIRES(mutex);
  /// Whether no trigger starts it.
  [[nodiscard]] bool is_ignored(Slot slot) const REQUIRES(mutex);
  /// See Board::final_failures().
  [[nodiscard]] bool is_to_be_followed(Slot slot) const REQUIRES(mutex);
  /// Adds a failed service to `failures`, for final_failures().
  void note_failure(Slot slot) REQUIRES(mutex);
  // Rounds of checks (check_round.hpp).
  void begin_round(const CheckRoundPtr& round) REQUIRES(mutex);
  /// Ends all rounds, and kills their commands.
  void give_up_rounds(const RequestFailure& why) REQUIRES(mutex);
  /// Kills their commands. They begin again once launches are no longer held. After a re-execution
  /// the clients ask again; requests in the queue of files would delay the re-execution.
  void hold_rounds() REQUIRES(mutex);
  [[nodiscard]] RequestFailure failure_of(const std::vector<CheckRound::One>& failed,
                                          std::string_view consequence) const EXCLUDES(mutex);
  [[nodiscard]] RequestResult<FileFaults> check_files(class PlanAside& aside) EXCLUDES(mutex);
  /// Adds the state of each condition, if the service was not started because of a condition.
  void tell_conditions(Slot slot, WhyReport& report) const REQUIRES(mutex);
  /// Adds the pid whose READY=1 was ignored, if the service is starting or started too slowly.
  void tell_not_heard(Slot slot, WhyReport& report) const REQUIRES(mutex);
  /// Adds that check_exec runs.
  void tell_check(Slot slot, WhyReport& report) const REQUIRES(mutex);
  /// Adds the stop_exec that runs, and what has killed a stopped process.
  void tell_stop(Slot slot, WhyReport& report) const REQUIRES(mutex);
  void tell_launch_hangs(Slot slot, WhyReport& report) const REQUIRES(mutex);
  /// Adds which [resources] of the service could not be applied.
  void add_resource_warnings(Slot slot, std::vector<std::string>& warnings) const REQUIRES(mutex);
  [[nodiscard]] ServiceView view_of(Slot slot, TimePoint now, SettledQuestions& settled) const
      REQUIRES(mutex);
  /// By slot: whether the service is active or not at rest, and so must stay in the graph.
  [[nodiscard]] std::vector<bool> live() const REQUIRES(mutex);
  /// By slot: whether it is active and its wish is up.
  [[nodiscard]] std::vector<bool> up() const REQUIRES(mutex);
  /// Whether the service has a process or launch left, which keeps it in the graph after its
  /// removal.
  [[nodiscard]] bool is_live(Slot slot) const REQUIRES(mutex);
  /// The job whose present main process is `process`; null: none.
  [[nodiscard]] Job* checked_job(const CheckedProcess& process) REQUIRES(mutex);
  /// Keeps what killed its last process, and the fault that the last failed probe has found.
  void keep_words(const Job& job) REQUIRES(mutex);
  /// Call before the group of the main process is used: the group may have changed.
  void follow_main(Job& job) REQUIRES(mutex);
  /// The main process of a launch that is over; 0: none, or another command runs.
  [[nodiscard]] pid_t main_pid(const Job& job) const REQUIRES(mutex) {
    return world.record(job.slot).command.is_main() ? job.process.pid() : 0;
  }
  void store(Slot slot) REQUIRES(mutex);
  /// Keeps a fact about the service that the journal does not have.
  void keep(SlotFact what, Slot slot, std::string_view value) REQUIRES(mutex) {
    if (state_ != nullptr) state_->keep(what, slot, value);
  }
  void store_world() REQUIRES(mutex);
  /// From now on the next process image finds the journal.
  void keep_journal() REQUIRES(mutex);
  /// Marks the job as due: its steps are taken before the lock is released.
  void make_due(Job& job) REQUIRES(mutex);

 protected:
  using EarlyEnd = LaunchUnderWay::EarlyEnd;

  // --- core.cpp ---
  void let_go() RELEASE(mutex);
  /// Calls `work` without the lock, and takes the lock again.
  template <class Work>
  void without_lock(Work work) REQUIRES(mutex) {
    mutex.unlock();
    work();
    mutex.lock();
  }
  void wake(Job& job) REQUIRES(mutex);
  void wake_janitor() REQUIRES(mutex);
  void forget(Slot slot) REQUIRES(mutex);
  void limit_cgroup(Job& job) REQUIRES(mutex);
  void tell_refused(const Plan& plan) REQUIRES(mutex);

  // --- steps.cpp ---
  /// Who decides. Only a job's own thread, or the janitor in its place, acts on a passed deadline.
  /// If it is late, it first gives other threads time to catch up (catch_up()).
  enum class Whose : std::uint8_t { own, others };
  [[nodiscard]] TimePoint decision_time(const Job& job, Whose whose) const REQUIRES(mutex);
  void take_due_steps() REQUIRES(mutex);
  /// Takes all steps that only change the record or send a signal. Notes in the job the launch that
  /// its thread must do, and the next deadline.
  void take_steps(Job& job, Whose whose) REQUIRES(mutex);
  void take_all_steps(Job& job, Whose whose) REQUIRES(mutex);
  [[nodiscard]] bool rests(const Job& job) REQUIRES(mutex);
  [[nodiscard]] TimePoint next_look(Job& job, const Step& step, TimePoint now) REQUIRES(mutex);
  void pass_deadline(Job& job) REQUIRES(mutex);
  void perform(Job& job, const Row& row) REQUIRES(mutex);
  /// The one place where a state is changed.
  void enter(Job& job, const Row& row, const LaunchOutcome& outcome) REQUIRES(mutex);
  void tell_transition(Job& job, State from, State to) REQUIRES(mutex);
  void stamp(Job& job, State from, State to) REQUIRES(mutex);
  void publish(const Job& job, State from, State to) REQUIRES(mutex);
  void forget_removed(Slot slot) REQUIRES(mutex);
  void settle_at_rest(Job& job) REQUIRES(mutex);

  // --- job_threads.cpp ---
  /// Makes sure that somebody handles a job's work and deadline: its thread, or the janitor while
  /// it has no thread.
  void attend(Job& job) REQUIRES(mutex);
  [[nodiscard]] bool on_its_way(const Job& job) REQUIRES(mutex);
  [[nodiscard]] bool keeps_thread(const Job& job) REQUIRES(mutex);
  [[nodiscard]] Result<void> start_thread(Job& job) REQUIRES(mutex);
  void given_thread(Job& job) REQUIRES(mutex);
  void run_jobs(std::shared_ptr<Job> job, std::list<Thread>::iterator thread) EXCLUDES(mutex);
  void run_job(Job& job) REQUIRES(mutex);
  void sleep(Job& job) REQUIRES(mutex);
  void end_thread(Job& job) REQUIRES(mutex);
  void hand_out_places() REQUIRES(mutex);
  void processes_are_short() REQUIRES(mutex);
  void watch(Job& job) REQUIRES(mutex);
  void catch_up(std::span<const std::shared_ptr<Job>> which) REQUIRES(mutex);
  [[nodiscard]] bool is_limited(const Job& job) const REQUIRES(mutex);
  void look_at_clock(Job& job) REQUIRES(mutex);
  void work(Job& job) REQUIRES(mutex);
  [[nodiscard]] LaunchOrder next_order(Job& job) REQUIRES(mutex);
  [[nodiscard]] Launch carry_out(Job& job, const LaunchOrder& order) REQUIRES(mutex);
  [[nodiscard]] bool launch_unwanted(Job& job) REQUIRES(mutex);
  void help_launch(Job& job) REQUIRES(mutex);
  [[nodiscard]] static std::string hanging_launch(const LaunchUnderWay& launch);

  // --- janitor.cpp ---
  void janitor() noexcept EXCLUDES(mutex);
  [[nodiscard]] bool janitor_round() REQUIRES(mutex);
  [[nodiscard]] bool janitor_rests() const REQUIRES(mutex);
  void rest() REQUIRES(mutex);
  void look_at_clocks() REQUIRES(mutex);
  void janitor_by(TimePoint at) REQUIRES(mutex);
  [[nodiscard]] bool to_be_watched(Slot slot) REQUIRES(mutex);
  void watch_jobs() REQUIRES(mutex);
  void work_without_thread(Job& job) REQUIRES(mutex);
  void pass_deadline_for(Job& job) REQUIRES(mutex);
  [[nodiscard]] TimePoint watch_waiting(Job& job) REQUIRES(mutex);
  [[nodiscard]] TimePoint watch_launch(Job& job) REQUIRES(mutex);
  void sweep() REQUIRES(mutex);
  void see_groups() REQUIRES(mutex);
  void remove_cgroups() REQUIRES(mutex);
  void drop_cgroup(Job& job) REQUIRES(mutex);
  void go_on_signalling() REQUIRES(mutex);

  // --- launches.cpp ---
  void launch_over(Job& job, const LaunchOrder& order, Launch launch) REQUIRES(mutex);
  void begin_step(Job& job, LaunchOrder& order) REQUIRES(mutex);
  void step_launched(Job& job, const LaunchOrder& order, Launch& launch, const EarlyEnd* early)
      REQUIRES(mutex);
  void note_launch(Job& job, Launch& launch) REQUIRES(mutex);
  void note_process(Job& job, const LaunchOrder& order, Child child) REQUIRES(mutex);
  void tell_launch(const LaunchOrder& order, const LaunchOutcome& outcome) REQUIRES(mutex);
  void tell_exhausted(Slot slot, const Reason& reason) REQUIRES(mutex);
  void left_found(Job& job, const std::vector<pid_t>& left) REQUIRES(mutex);
  void limits_over(Job& job, std::vector<std::string> faults) REQUIRES(mutex);
  void note_resource_faults(Job& job, std::vector<std::string> faults) REQUIRES(mutex);
  void order_removal(Job& job) REQUIRES(mutex);
  void keep_runtime_dirs(const Job& job) REQUIRES(mutex);
  bool hand_on_directory(const Job& from, const std::string& name) REQUIRES(mutex);
  void removal_over(Job& job) REQUIRES(mutex);
  [[nodiscard]] bool uses_directory(const Job& job, const std::string& name) const REQUIRES(mutex);

  // --- ends.cpp ---
  [[nodiscard]] bool own_ended(Job& job, pid_t pid, const ProcessEnd& end) REQUIRES(mutex);
  void member_ended(pid_t group) REQUIRES(mutex);
  [[nodiscard]] LaunchUnderWay* launch_of(pid_t child) REQUIRES(mutex);
  [[nodiscard]] pid_t launched_main(const Job& job) const REQUIRES(mutex);
  void main_ended(Job& job, const ProcessEnd& end, Remains remains) REQUIRES(mutex);
  void note_end(Job& job, std::string killer, std::string ended_for) REQUIRES(mutex);
  /// The same if a stop's SIGKILL finds that only others of the main process's group are left.
  void note_rest_killed(Job& job) REQUIRES(mutex);
  void held_ended(Job& job, pid_t pid) REQUIRES(mutex);
  void early_end(Job& job, const EarlyEnd& early) REQUIRES(mutex);
  void tell_left_behind(Job& job) REQUIRES(mutex);
  void leader_ended(Job& job, Remains remains) REQUIRES(mutex);
  /// Checks whether a service whose process has ended still has something left: in its process
  /// group, in the groups of its side commands, or in its cgroup.
  /// @return  true if the service was found to be gone
  bool look_at_unit(Job& job) REQUIRES(mutex);
  void look_at_spared(Job& job) REQUIRES(mutex);
  void tend_escaped(Job& job) REQUIRES(mutex);
  void forget_gone(Job& job) REQUIRES(mutex);
  /// The process of a service has ended. Without a cgroup, the job's thread must search for
  /// processes left outside its group. Until then the service does not count as gone.
  void seek_left(Job& job) REQUIRES(mutex);
  [[nodiscard]] OutOfMemory out_of_memory(const Job& job, const ProcessEnd& end) const
      REQUIRES(mutex);
  [[nodiscard]] std::string killer_of(const Job& job, const ProcessEnd& end) const REQUIRES(mutex);
  [[nodiscard]] std::string why_killed(const Job& job) const REQUIRES(mutex);
  void look_at_group(Job& job) REQUIRES(mutex);
  void look_at_memory(Job& job) REQUIRES(mutex);

  // --- signals.cpp ---
  void signal_job(Job& job, int signal) REQUIRES(mutex);
  void kill_cgroup(Job& job) REQUIRES(mutex);
  void signal_escaped(Job& job) REQUIRES(mutex);
  [[nodiscard]] Result<void> signal_cgroup(Job& job, int signal) REQUIRES(mutex);
  [[nodiscard]] bool stops_by_command(const Job& job) const REQUIRES(mutex);
  [[nodiscard]] const SpecPtr& spec_to_stop(const Job& job) const REQUIRES(mutex);
  void ask_to_end(Job& job) REQUIRES(mutex);
  void signal_stop(Job& job) REQUIRES(mutex);
  void end_side_command(Job& job, SideCommand& side) REQUIRES(mutex);
  void kill_all(Job& job) REQUIRES(mutex);
  [[nodiscard]] bool thaw(Job& job) REQUIRES(mutex);
  [[nodiscard]] bool is_owed_to_oneshot(const Job& job, const SideCommand& side) const
      REQUIRES(mutex);
  void side_launched(Job& job, const LaunchOrder& order, const Launch& launch,
                     const EarlyEnd* early) REQUIRES(mutex);
  void side_started(Job& job, SideCommand& side, const LaunchOrder& order) REQUIRES(mutex);
  void side_ended(Job& job, SideCommand& side, const ProcessEnd& end, Remains remains)
      REQUIRES(mutex);
  void side_over(Job& job, SideCommand& side, const std::string& fault) REQUIRES(mutex);
  void look_at_side_commands(Job& job) REQUIRES(mutex);
  /// Reports the probe's result to the watcher that ordered it, unless it has a result already.
  void probe_over(Job& job, Error fault) REQUIRES(mutex);

  [[nodiscard]] std::optional<RequestFailure> reload_fault(Slot slot) REQUIRES(mutex);
  void reload_checked(const std::string& name, const ServiceReload& reload) REQUIRES(mutex);
  [[nodiscard]] std::optional<RequestFailure> begin_reload(Slot slot, const ServiceReload& reload)
      REQUIRES(mutex);

  // --- check_round.cpp ---
  void give_up(CheckRound& round, RequestFailure why) REQUIRES(mutex);
  /// Begins the commands whose turn it is, and completes the requests whose round is over.
  void go_on_with_rounds() REQUIRES(mutex);
  [[nodiscard]] bool still_stands(const CheckRound::One& one) REQUIRES(mutex);
  [[nodiscard]] bool may_begin(const CheckRound::One& one) REQUIRES(mutex);
  void limit_wait(CheckRound::One& one) REQUIRES(mutex);
  void begin_check(const CheckRoundPtr& round, std::size_t index) REQUIRES(mutex);
  std::unique_ptr<ServiceCheck> take_check(Job& job) REQUIRES(mutex);
  void limit_check(Job& job, const ServiceSpec& spec) REQUIRES(mutex);
  void check_started(Job& job, const LaunchOrder& order) REQUIRES(mutex);
  [[nodiscard]] bool would_be_cut_off(Slot slot) const REQUIRES(mutex);
  [[nodiscard]] bool is_cut_off(Job& job) REQUIRES(mutex);
  void check_ended(Job& job, const ProcessEnd& end) REQUIRES(mutex);
  void cut_off(Job& job) REQUIRES(mutex);
  void check_over(Job& job, const std::string& fault) REQUIRES(mutex);
  void check_late(Job& job) REQUIRES(mutex);

  // --- conditions.cpp ---
  void end_left_condition(Job& job) REQUIRES(mutex);
  /// Whether the launch of `row` must wait for conditions.
  [[nodiscard]] bool awaits_conditions(const Job& job, const Row& row) REQUIRES(mutex);
  /// Whether a service whose conditions are being checked would still be launched now.
  [[nodiscard]] bool still_to_start(const Job& job) REQUIRES(mutex);
  /// Kills exec of [condition] if its result no longer matters because there will be no start.
  void end_unwanted_condition(Job& job) REQUIRES(mutex);
  void conditions_changed(Job& job) REQUIRES(mutex);
  void conditions_launched(Job& job, const LaunchOrder& order, Launch& launch,
                           const EarlyEnd* early) REQUIRES(mutex);
  void condition_ended(Job& job, const ProcessEnd& end) REQUIRES(mutex);
  void condition_late(Job& job) REQUIRES(mutex);
  void command_over(Job& job, bool told, bool good, const std::string& remark) REQUIRES(mutex);
  /// Whether the whole command has gone. Once it has, the launch goes on.
  void look_at_condition(Job& job) REQUIRES(mutex);
  void result_found(Job& job) REQUIRES(mutex);
  void conditions_over(Job& job, const LaunchOutcome& outcome) REQUIRES(mutex);
  void restore_words(Slot slot, const FactMap& kept) REQUIRES(mutex);
  void keep_conditions(const Job& job) REQUIRES(mutex);
  void restore_conditions(Slot slot, const FactMap& kept) REQUIRES(mutex);

  // --- checks.cpp ---
  [[nodiscard]] bool needs_checks(const Job& job) const REQUIRES(mutex);
  void begin_checks(Job& job, const SpawnExtrasPtr& extras = nullptr) REQUIRES(mutex);
  void end_checks(Job& job) REQUIRES(mutex);
  /// Begins, updates or ends the watching of the main process, after a change of its spec.
  void change_checks(Job& job) REQUIRES(mutex);
  /// Whether `end` is the end of a daemon's parent: the daemon has gone to the background and
  /// reports its pid by a pidfile.
  [[nodiscard]] bool goes_to_background(const Job& job, const ProcessEnd& end) const
      REQUIRES(mutex);
  void went_to_background(Job& job, Remains remains) REQUIRES(mutex);
  /// Whether the pidfile may name a successor of a main process that ends now.
  [[nodiscard]] bool may_be_followed(const Job& job) const REQUIRES(mutex);
  /// Notes the end. no_successor() makes it the end of the service's process.
  void seek_successor(Job& job, const ProcessEnd& end, Remains remains) REQUIRES(mutex);
  /// Makes the watcher read the pidfile of a service whose main process has ended.
  void ask_for_successor(Job& job) REQUIRES(mutex);
  /// For a service in the background with an unknown main process: stops waiting for its pid. The
  /// main process counts as ended with success, and all that is left as its process group.
  void give_up_main(Job& job) REQUIRES(mutex);

  // --- restore.cpp ---
  void restore_facts(Job& job, const JournalFacts& facts, const FactMap& kept) REQUIRES(mutex);
  void restore_launch(Job& job, const JournalEntry& entry) REQUIRES(mutex);
  [[nodiscard]] bool restore_process(Job& job, const JournalEntry& entry, bool held)
      REQUIRES(mutex);
  void end_launch(Job& job, pid_t pid) REQUIRES(mutex);
  void restore_side_commands(Job& job, const JournalFacts& facts) REQUIRES(mutex);
  void restore_cgroup(Job& job) REQUIRES(mutex);

  OutputPort& output_;
  ChangePort& changes_;
  WatchPort& checks_;
  StatePort* const state_;
  Launcher launcher_;
  std::optional<Journal> journal_;
  LogWriter log_ GUARDED_BY(mutex);

  // Until the lock is released: jobs whose steps are due, and jobs whose threads must be woken.
  Slots due_ GUARDED_BY(mutex);
  std::vector<std::shared_ptr<Job>> to_wake_ GUARDED_BY(mutex);
  bool wakes_janitor_ GUARDED_BY(mutex) = false;
  std::uint64_t changes_made_ GUARDED_BY(mutex) = 0;  // how often let_go() was called
  Slots affected_ GUARDED_BY(mutex);  // its memory is kept, so that a change allocates nothing

  // Threads of jobs (job_threads.cpp).
  std::list<Thread> threads_ GUARDED_BY(mutex);        // running
  std::list<Thread> ended_threads_ GUARDED_BY(mutex);  // to be joined
  CondVar all_ended_;                                  // no job thread runs any more
  SpawnPlaces places_ GUARDED_BY(mutex);
  std::vector<std::shared_ptr<Job>> without_thread_ GUARDED_BY(mutex);  // have a place; the janitor
                                                                        // launches for them
  Slots launching_ GUARDED_BY(mutex);                                   // a launch is under way
  bool ending_ GUARDED_BY(mutex) = false;

  // Rounds of checks, oldest first.
  std::vector<CheckRoundPtr> rounds_ GUARDED_BY(mutex);
  std::size_t checks_running_ GUARDED_BY(mutex) = 0;
  CondVar rounds_over_;  // a round is over
  bool holds_launches_ GUARDED_BY(mutex) = false;

  // The janitor.
  CondVar janitor_wake_;
  CondVar janitor_pause_;                         // ends its pause for gathering lines (kGather)
  TimePoint janitor_until_ GUARDED_BY(mutex){};   // asleep until then; the epoch: awake
  TimePoint janitor_looked_ GUARDED_BY(mutex){};  // its last look at the clock
  bool janitor_gathers_ GUARDED_BY(mutex) = false;
  Slots watched_ GUARDED_BY(mutex);                // the jobs that it looks after
  TimePoint watch_at_ GUARDED_BY(mutex) = kNever;  // its next look at them
  bool sweep_wanted_ GUARDED_BY(mutex) = false;
  bool groups_to_see_ GUARDED_BY(mutex) = false;  // see_groups() is due
  std::vector<std::string> unused_cgroups_ GUARDED_BY(mutex);
  std::list<CgroupSignal> to_signal_ GUARDED_BY(mutex);  // oldest first
  Thread janitor_;
};

}  // namespace zinit
