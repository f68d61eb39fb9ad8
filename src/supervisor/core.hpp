// The inside of the board: what it guards, and what is done for a job. board.hpp says how
// it works as a whole.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/log.hpp"
#include "base/mutex.hpp"
#include "model/predicates.hpp"
#include "model/request.hpp"
#include "os/process.hpp"
#include "os/thread.hpp"
#include "supervisor/board.hpp"
#include "supervisor/deadlines.hpp"
#include "supervisor/job.hpp"
#include "supervisor/journal.hpp"
#include "supervisor/launch.hpp"

namespace zinit {

/// How many changes of state are kept.
inline constexpr std::size_t kEventsKept = 1000;

/// execve(2) of a file that is there takes milliseconds, on a slow disk some hundred.
inline constexpr Milliseconds kSlowLaunch{2000};

// While a group lives on without its leader, and its members are not our children, nothing tells of
// its end. Looked for at growing intervals, and only then.
inline constexpr Milliseconds kFirstGroupPoll{10};
inline constexpr Milliseconds kLongestGroupPoll{500};

/// Until what lacked memory is tried again.
inline constexpr Milliseconds kMemoryRetry{100};

/// Guards every record and job. Private to the room; Board is its face.
class BoardCore final : private Launcher::Client {
 public:
  BoardCore(const Board::Ports& ports, SpawnDefaults defaults);
  ~BoardCore() override;
  BoardCore(const BoardCore&) = delete;
  BoardCore& operator=(const BoardCore&) = delete;

  Mutex mutex;
  World world GUARDED_BY(mutex);
  std::vector<std::unique_ptr<Job>> jobs GUARDED_BY(mutex);  // by slot; null: none
  std::vector<StateEvent> events GUARDED_BY(mutex);  // the last of them; seq modulo kEventsKept
  std::uint64_t last_seq GUARDED_BY(mutex) = 0;
  bool start_added GUARDED_BY(mutex) = true;  // those that a reload adds; see apply_plan()
  std::optional<TimePoint> boot_settled GUARDED_BY(mutex);
  Slots boot_pending GUARDED_BY(mutex);
  bool booting GUARDED_BY(mutex) = false;

  // --- for requests ---

  /// Takes `plan`'s graph; new services get their jobs, those that left it lose theirs, and with
  /// `start_new` those with status `start` are started (apply_plan()).
  void adopt(const Plan& plan, bool start_new) REQUIRES(mutex);
  /// While there is no memory a change can be made and then not be told to all whom it concerns.
  /// Then everybody looks again, a little later: decisions depend on how things are, so nothing is
  /// lost but time. A Telling stands around whatever changes records and can run out of memory.
  class Telling {
   public:
    explicit Telling(BoardCore& core) noexcept : core_(core), before_(std::uncaught_exceptions()) {}
    ~Telling() {
      if (std::uncaught_exceptions() > before_) core_.look_again();
    }
    Telling(const Telling&) = delete;
    Telling& operator=(const Telling&) = delete;

   private:
    BoardCore& core_;
    const int before_;
  };
  void look_again() noexcept;

  /// The board's lock, for whoever changes records. Before it is let go, the steps are taken that
  /// have become due by that, so that whoever asks next sees what came of a request or an end, and
  /// not the moment before: those of `first` in any case, and of others so many as do not keep the
  /// caller long. The rest is left to the jobs' thread.
  class SCOPED_CAPABILITY Turn {
   public:
    explicit Turn(BoardCore& core) ACQUIRE(core.mutex);
    ~Turn() RELEASE();
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

    Slot first = kNoSlot;

   private:
    BoardCore& core_;
    std::optional<Telling> telling_;
  };

  /// A line for zinit's log; the herald writes it.
  void say(LogLevel level, std::string line) noexcept REQUIRES(mutex);
  /// Stores and tells the changed records, and makes due whom they concern.
  void touched(std::span<const Slot> changed) REQUIRES(mutex);
  /// Sees whether all that the boot asked for has settled.
  void note_boot() REQUIRES(mutex);
  /// Takes in what `pid` has said before its end, if it is a main process that is watched.
  void hear_last_words(pid_t pid) REQUIRES(mutex);
  /// What a child's end means for its service; see Board::child_ended().
  void child_ended(pid_t pid, const ProcessEnd& end) REQUIRES(mutex);
  /// Looks after the services whose cgroups have changed. (cgroups.cpp, with all of cgroups)
  void cgroups_changed() REQUIRES(mutex);
  [[nodiscard]] int cgroup_watch_fd() const { return cgroup_watches_.get(); }
  /// Puts what the journal says of a service into its record and job.
  void restore(Slot slot, const JournalEntry& entry) REQUIRES(mutex);
  /// See Board::reload_service().
  RequestResult<ServiceReload> reload_service(Slot slot, bool dry_run) REQUIRES(mutex);
  [[nodiscard]] ServiceView view(Slot slot, TimePoint now, SettledQuestions& settled)
      REQUIRES(mutex);
  /// Something of the service still runs, or it may not be forgotten for another reason.
  [[nodiscard]] std::vector<bool> live() const REQUIRES(mutex);
  /// The job whose main process `process` is now; null: nobody's. (checks.cpp, with all of checks)
  [[nodiscard]] Job* checked_job(const CheckedProcess& process) REQUIRES(mutex);
  /// See Board::run_probe().
  void run_probe(const CheckedProcessPtr& process) REQUIRES(mutex);
  [[nodiscard]] const Result<void>& works() const { return works_; }
  [[nodiscard]] bool busy() const noexcept { return launcher_.at_work(); }
  // Also for the launcher's threads.
  std::string owner_of(const std::vector<pid_t>& processes) override EXCLUDES(mutex);
  /// See Board::main_changed() and main_gone().
  [[nodiscard]] bool change_main(Job& job, pid_t pid, UniqueFd pidfd) REQUIRES(mutex);
  void take_main_group(Job& job, pid_t pid) REQUIRES(mutex);
  /// A main process that was not spawned as such may have gone to another group since it was named:
  /// a daemon whose parent writes its pid before it calls setsid(2). Before its group is used.
  void follow_main(Job& job) noexcept REQUIRES(mutex);
  void unseen_end(Job& job, pid_t pid, const std::optional<ProcessEnd>& end) REQUIRES(mutex);
  [[nodiscard]] int journal_fd() const { return journal_ ? journal_->fd() : -1; }
  void store(Slot slot) REQUIRES(mutex);

 private:
  /// What of a process and its group is there still when its end is learned of.
  enum class Left : std::uint8_t { zombie, group, nothing };

  // --- jobs: whoever holds the lock does what is due ---
  void due(Job& job) noexcept REQUIRES(mutex);
  void not_due(Job& job) noexcept REQUIRES(mutex);
  void take_steps(std::size_t most) noexcept REQUIRES(mutex);
  void look(Job& job) noexcept REQUIRES(mutex);
  /// Does all that there is to do now; returns when to look again at the latest.
  TimePoint work(Job& job) REQUIRES(mutex);
  void perform(Job& job, const Row& row) REQUIRES(mutex);
  void perform_launch(Job& job, const Row& row) REQUIRES(mutex);
  // --- the jobs' thread: what is due and left to it, and deadlines ---
  void run() noexcept EXCLUDES(mutex);
  void set_deadline(Slot slot, TimePoint at) noexcept REQUIRES(mutex);
  [[nodiscard]] TimePoint next_deadline() const noexcept REQUIRES(mutex);
  void deadlines_changed() noexcept REQUIRES(mutex);
  void sleep_until(TimePoint at) REQUIRES(mutex);
  void catch_up() noexcept REQUIRES(mutex);
  [[nodiscard]] TimePoint decision_time() const noexcept REQUIRES(mutex);
  void pass_deadlines() noexcept REQUIRES(mutex);
  void relieve_launcher() noexcept REQUIRES(mutex);
  [[nodiscard]] bool launch_unwanted(const LaunchOrder& order) const REQUIRES(mutex);
  // --- the launcher's threads, for a job that waits for its launch ---
  void launches_rest() noexcept override EXCLUDES(mutex);
  void launch_over(const LaunchOrder& order, std::uint64_t number, Launch launch) noexcept override
      EXCLUDES(mutex);
  void step_launched(Job& job, const LaunchOrder& order, std::uint64_t number, Launch launch)
      REQUIRES(mutex);
  void note_directories(Job& job, std::vector<std::string> made) noexcept REQUIRES(mutex);
  void cleaned_up(Slot slot) REQUIRES(mutex);
  void note_process(Job& job, const LaunchOrder& order, Child child) REQUIRES(mutex);
  /// By its number the end of a process finds its service; so this is done whatever it takes.
  void remember(pid_t leader, Slot slot) REQUIRES(mutex);
  void enter_or_wait(Job& job, const LaunchOutcome& outcome) REQUIRES(mutex);
  void wait_for_memory() REQUIRES(mutex);
  [[nodiscard]] Result<void> order_launch(LaunchOrder order) REQUIRES(mutex);
  [[nodiscard]] Result<void> order_command(Job& job, const Row& row, const LaunchedCommand& command)
      REQUIRES(mutex);
  void tell_launch(const LaunchOrder& order, const LaunchOutcome& outcome) noexcept
      REQUIRES(mutex);

  // --- signals, and commands beside the main process ---
  void signal_job(Job& job, int signal) REQUIRES(mutex);
  void signal_group_of(Job& job, pid_t group, int signal) REQUIRES(mutex);
  void ask_to_end(Job& job) REQUIRES(mutex);
  void signal_stop(Job& job) REQUIRES(mutex);
  void kill_all(Job& job) REQUIRES(mutex);
  void restore_main(Job& job, const JournalFacts& facts) REQUIRES(mutex);
  void adopt_helpers(Job& job, const JournalFacts& facts) REQUIRES(mutex);
  [[nodiscard]] Result<void> order_helper(Job& job, LaunchOrder::What what) REQUIRES(mutex);
  void helper_launched(Job& job, const LaunchOrder& order, std::uint64_t number, Launch launch)
      REQUIRES(mutex);
  void helper_ended(Job& job, Helper& helper, const ProcessEnd& end, Left left) REQUIRES(mutex);
  void helper_over(Job& job, Helper& helper, const std::string& fault) REQUIRES(mutex);
  void look_at_helpers(Job& job) REQUIRES(mutex);
  [[nodiscard]] TimePoint probe_deadline(const Job& job) const REQUIRES(mutex);
  /// Tells who had it run, if he has not been told.
  void probe_over(Helper& prober, Error fault) noexcept REQUIRES(mutex);
  void clean_up(Job& job) noexcept REQUIRES(mutex);
  void order_removal(Job& job) REQUIRES(mutex);
  bool hand_on_directory(const Job& from, const std::string& name) noexcept REQUIRES(mutex);
  [[nodiscard]] bool uses_directory(const Job& job, const std::string& name) const noexcept
      REQUIRES(mutex);

  void look_at_group(Job& job) noexcept REQUIRES(mutex);
  /// The one place where a state is changed.
  void enter(Job& job, const Row& row, const LaunchOutcome& outcome) REQUIRES(mutex);
  void tell(Job& job, State from, State to) REQUIRES(mutex);
  void forget_removed(Slot slot) REQUIRES(mutex);
  void stamp(Job& job, State from, State to) REQUIRES(mutex);
  void publish(const Job& job, State from, State to) REQUIRES(mutex);

  // --- ends of processes ---
  [[nodiscard]] bool own_ended(Job& job, pid_t pid, const ProcessEnd& end) REQUIRES(mutex);
  void main_ended(Job& job, const ProcessEnd& end, Left left) REQUIRES(mutex);
  /// Looks whether anything is left of a service whose process has ended: its group, those of its
  /// helpers, and then its cgroup.
  /// @return  whether all is gone
  bool look_at_unit(Job& job) REQUIRES(mutex);
  void cgroup_changed(int watch, bool lost) noexcept REQUIRES(mutex);
  /// The same for who is told that it has changed; for want of memory others look again.
  void unit_changed(Job& job) noexcept REQUIRES(mutex);
  void unit_ended(Job& job) REQUIRES(mutex);
  /// A group of a service's, and its leader while that is not reaped.
  struct Leftover {
    pid_t* leader;
    pid_t* group;
  };
  static std::array<Leftover, 5> leftovers(Job& job);
  void forget_gone(Job& job) REQUIRES(mutex);
  void forget_group(const Leftover& gone) REQUIRES(mutex);
  struct ClaimedEnd {
    ProcessEnd end;
    Left left;
  };
  void claimed_end(Job& job, const ClaimedEnd& claimed) REQUIRES(mutex);
  std::optional<ClaimedEnd> claim_end(pid_t pid, std::uint64_t launch) REQUIRES(mutex);
  void forget_unclaimed() REQUIRES(mutex);

  // --- cgroups: none of these fails for want of memory, they only do less ---
  void note_cgroup(Job& job, Launch& launch) noexcept REQUIRES(mutex);
  void tell_resource_faults(const Job& job) noexcept REQUIRES(mutex);
  [[nodiscard]] std::string cgroup_path(const Job& job) const REQUIRES(mutex);
  /// Calls `work` with the service's cgroup, where it may have processes and can be opened.
  /// @return  whether it did, to the end
  template <class Work>
  bool with_cgroup(const Job& job, Work work) const noexcept REQUIRES(mutex);
  [[nodiscard]] bool cgroup_left(const Job& job) const noexcept REQUIRES(mutex);
  void kill_cgroup(Job& job) noexcept REQUIRES(mutex);
  /// Tells those that a stop has not reached, for they have left the group, of it.
  void signal_escaped(Job& job) noexcept REQUIRES(mutex);
  /// The main process and the group are gone and the cgroup is not: does what it takes.
  void tend_escaped(Job& job) noexcept REQUIRES(mutex);
  [[nodiscard]] int add_watch(const Job& job, const char* file) noexcept REQUIRES(mutex);
  void drop_watch(int& watch) noexcept REQUIRES(mutex);
  void watch_cgroup(Job& job) noexcept REQUIRES(mutex);
  void watch_memory(Job& job) noexcept REQUIRES(mutex);
  void look_at_memory(Job& job) noexcept REQUIRES(mutex);
  [[nodiscard]] OutOfMemory out_of_memory(const Job& job, const ProcessEnd& end) const noexcept
      REQUIRES(mutex);
  void restore_cgroup(Job& job) REQUIRES(mutex);
  /// Has the herald remove the cgroup, or apply resources that a reload has changed.
  void drop_cgroup(Job& job) noexcept REQUIRES(mutex);
  void change_resources(Job& job) noexcept REQUIRES(mutex);
  /// The herald's part of it, with the lock let go meanwhile.
  void tend_cgroups() REQUIRES(mutex);
  void apply_changed_resources(Slot slot) REQUIRES(mutex);
  /// Works with the lock let go.
  template <class Work>
  void without_lock(Work work) REQUIRES(mutex) {
    mutex.unlock();
    try {
      work();
    } catch (const std::bad_alloc&) {
      // It is as if it had not been looked at.
    }
    mutex.lock();
  }

  // --- checks of main processes ---
  /// The main process is there: has it watched, if there is anything to watch.
  /// @return  false: not begun, for want of memory
  [[nodiscard]] bool begin_checks(Job& job, const CheckGearPtr& gear = nullptr) noexcept
      REQUIRES(mutex);
  void end_checks(Job& job) noexcept REQUIRES(mutex);
  /// Takes a new spec to what is watched, begins and ends watching by it.
  void change_checks(Job& job) noexcept REQUIRES(mutex);
  /// The herald's part: those that were put off.
  void change_all_checks() REQUIRES(mutex);
  /// Whether this is the end of a process that has put its service in the background, by a pidfile.
  [[nodiscard]] bool goes_to_background(const Job& job, const ProcessEnd& end) const
      REQUIRES(mutex);
  void went_to_background(Job& job, Left left) REQUIRES(mutex);
  void leader_ended(Job& job, Left left) REQUIRES(mutex);
  /// No main process is known, and none is waited for any more: what it would have been counts as
  /// ended well, and what is left of the service as its group.
  void give_up_main(Job& job) REQUIRES(mutex);
  /// Tells those who watch of a state that was entered.
  void tell_checks(Job& job, State to) noexcept REQUIRES(mutex);

  // Whoever is woken under the lock takes the processor from its holder, only to wait for him:
  // while there is a Turn that is left to its end.
  void wake_herald() noexcept REQUIRES(mutex);
  void wake_jobs() noexcept REQUIRES(mutex);
  /// Lets the lock go, and wakes those who were put off.
  void let_go() noexcept RELEASE(mutex);
  void start_thread(Thread& place, const char* name, void (BoardCore::*entry)() noexcept);

  // --- the herald: log lines, cgroups, what has left the graph ---
  void herald() noexcept EXCLUDES(mutex);
  /// Does what waits, or waits for something to do; false: it was the last time.
  bool herald_turn() EXCLUDES(mutex);
  [[nodiscard]] bool herald_rests() const REQUIRES(mutex);
  void rest_herald() REQUIRES(mutex);
  void sweep() REQUIRES(mutex);
  void see_groups() REQUIRES(mutex);

  // --- a new graph ---
  template <class Stays>
  void make_room(const Graph& graph, Stays stays) REQUIRES(mutex);
  void tell_refused(const Plan& plan) REQUIRES(mutex);
  void forget(Slot slot) REQUIRES(mutex);

  OutputPort& output_;
  ChangePort& changes_;
  CheckPort& checks_;
  const std::shared_ptr<CgroupTree> cgroups_;  // null: none
  UniqueFd cgroup_watches_;                    // inotify, for cgroup.events
  Launcher launcher_;
  std::optional<Journal> journal_;

  std::unordered_map<pid_t, Slot> by_pid_ GUARDED_BY(mutex);
  std::unordered_map<pid_t, Slot> by_group_ GUARDED_BY(mutex);
  std::unordered_map<int, Slot> by_watch_ GUARDED_BY(mutex);
  std::vector<std::string> unused_cgroups_ GUARDED_BY(mutex);
  Slots changed_resources_ GUARDED_BY(mutex);

  // Ends that came before their spawner had recorded the pid: kept for the launches that were under
  // way then, and no later ones, for a pid may come again.
  struct UnclaimedEnd {
    ProcessEnd end;
    bool group_left;
    std::uint64_t latest_launch;
  };
  std::map<pid_t, UnclaimedEnd> unclaimed_ GUARDED_BY(mutex);

  struct Line {
    LogLevel level;
    std::string text;
  };
  CondVar herald_wake_;
  CondVar herald_pause_;  // told of the end, and of what leaves the graph
  bool herald_wanted_ GUARDED_BY(mutex) = false;  // it is to be woken
  bool herald_gathers_ GUARDED_BY(mutex) = false;
  std::deque<Line> lines_ GUARDED_BY(mutex);
  std::uint64_t lines_lost_ GUARDED_BY(mutex) = 0;
  bool sweep_wanted_ GUARDED_BY(mutex) = false;
  bool groups_to_see_ GUARDED_BY(mutex) = false;   // those of lingering processes
  bool checks_put_off_ GUARDED_BY(mutex) = false;  // for want of memory
  std::atomic<bool> look_again_ = false;
  bool ending_ GUARDED_BY(mutex) = false;
  Thread herald_;

  CondVar jobs_wake_;
  bool jobs_wanted_ GUARDED_BY(mutex) = false;  // the thread is to be woken
  Deadlines deadlines_ GUARDED_BY(mutex);
  TimePoint relieve_at_ GUARDED_BY(mutex) = kNever;        // what hangs of the launcher
  TimePoint jobs_sleep_until_ GUARDED_BY(mutex) = kNever;  // the jobs' thread does
  Slot first_due_ GUARDED_BY(mutex) = kNoSlot;
  Slot last_due_ GUARDED_BY(mutex) = kNoSlot;
  int turns_ GUARDED_BY(mutex) = 0;  // whose ends take what is due, and wake whom it concerns
  std::vector<std::unique_ptr<Job>> retired_ GUARDED_BY(mutex);  // the jobs' thread may be at one
  std::vector<std::unique_ptr<Job>> spare_jobs_ GUARDED_BY(mutex);
  Thread jobs_thread_;
  Result<void> works_;  // of the constructor: whether there are its threads
  Slots sight_ GUARDED_BY(mutex);  // kept, so that a wake allocates nothing
};

}  // namespace zinit
