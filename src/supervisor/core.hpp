// The inside of the board: what it guards, and what the job threads do with it. board.hpp says how
// it works as a whole.
#pragma once

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
#include "supervisor/journal.hpp"
#include "supervisor/launch.hpp"

namespace zinit {

/// How many changes of state are kept.
inline constexpr std::size_t kEventsKept = 1000;

/// Until what lacked memory is tried again.
inline constexpr Milliseconds kMemoryRetry{100};

/// How a reload of one service ended. Guarded by the board's lock.
struct ServiceReloadState {
  bool done = false;
  std::string fault;  // empty: it went well
};

/// A command beside the main process: that of stop_exec or of reload_exec, with a session and group
/// of its own. It belongs to the service: while any of it is left the service is not gone.
struct Helper {
  bool ordered = false;  // its launch is under way
  bool late = false;     // killed for taking too long
  pid_t pid = 0;         // while it is not reaped
  pid_t group = 0;       // while anything of it may be left
  pid_t main_pid = 0;    // the main process that it was told of
  TimePoint deadline = kNever;
  ServiceReload reload;  // who waits for it

  [[nodiscard]] bool busy() const { return ordered || pid != 0; }
  [[nodiscard]] bool gone() const { return !busy() && group == 0; }
};

/// A service's thread and what belongs to its process. All of it is guarded by the board's lock,
/// but for the thread itself, which only the herald starts and joins.
struct Job {
  Slot slot = kNoSlot;
  CondVar wake;
  Thread thread;
  bool has_thread = false;
  bool asleep = false;                // waiting on `wake`
  bool retired = false;               // the thread is to end
  bool stack_used = false;            // by a step, deeper than waiting needs
  TimePoint sleeping_until = kNever;  // the deadline it is waiting for
  Milliseconds group_poll{0};         // while a group lives on without its leader

  const Row* launch_row = nullptr;  // of the launch under way
  TimePoint launch_ordered{};
  pid_t pid = 0;    // of the process (record.hpp) while it is not reaped
  pid_t group = 0;  // while anything of it may be left
  UniqueFd pidfd;
  // Its cgroup, by whether anything of the service may be left in it; and inotify's number while
  // its last process is waited for.
  bool cgroup = false;
  bool cgroup_made = false;        // the directory may exist
  bool escaped_signalled = false;  // those left outside of the group know of the stop
  int cgroup_watch = -1;
  std::vector<std::string> resource_faults;  // what of [resources] has no effect
  TimePoint started{};  // the process of pre_exec, or the main one
  TimePoint ended{};    // likewise
  Helper stopper, reloader;
  std::vector<std::string> runtime_dirs;  // made, and to be removed when the service rests
  JournalFacts facts;                     // pid and group are filled in when it is stored
};

/// Guards every record and job. Private to the room; Board is its face.
class BoardCore final : private Launcher::Client {
 public:
  BoardCore(OutputPort& output, ChangePort& changes, SpawnDefaults defaults);
  ~BoardCore() override;
  BoardCore(const BoardCore&) = delete;
  BoardCore& operator=(const BoardCore&) = delete;

  Mutex mutex;
  World world GUARDED_BY(mutex);
  std::vector<std::unique_ptr<Job>> jobs GUARDED_BY(mutex);  // by slot; null: none
  std::vector<StateEvent> events GUARDED_BY(mutex);  // the last of them; seq modulo kEventsKept
  std::uint64_t last_seq GUARDED_BY(mutex) = 0;
  bool start_added GUARDED_BY(mutex) = true;  // see apply_plan()
  std::optional<TimePoint> boot_settled GUARDED_BY(mutex);
  Slots boot_pending GUARDED_BY(mutex);
  bool booting GUARDED_BY(mutex) = false;

  // --- for requests ---

  /// Takes `plan`'s graph; new services get their jobs, those that left it lose theirs.
  void adopt(const Plan& plan) REQUIRES(mutex);
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

  /// Stores, tells and wakes whom the changed records concern.
  void touched(std::span<const Slot> changed) REQUIRES(mutex);
  /// Takes the next step of a service in its job's place, so that whoever asks next sees what
  /// became of a request or an end, and not the moment before. The job looks again by itself.
  void advance(Slot slot) REQUIRES(mutex);
  /// Sees whether all that the boot asked for has settled.
  void note_boot() REQUIRES(mutex);
  /// What a child's end means for its service; see Board::child_ended().
  void child_ended(pid_t pid, const ProcessEnd& end) REQUIRES(mutex);
  /// Looks after the services whose cgroups have changed. (cgroups.cpp, with all of cgroups)
  void cgroup_emptied() REQUIRES(mutex);
  [[nodiscard]] int cgroup_watch_fd() const { return cgroup_watches_.get(); }
  /// Puts what the journal says of a service into its record and job.
  void restore(Slot slot, const JournalEntry& entry) REQUIRES(mutex);
  /// See Board::reload_service().
  RequestResult<ServiceReload> reload_service(Slot slot, bool dry_run) REQUIRES(mutex);
  [[nodiscard]] ServiceView view(Slot slot, TimePoint now, SettledQuestions& settled)
      REQUIRES(mutex);
  /// Something of the service still runs, or it may not be forgotten for another reason.
  [[nodiscard]] std::vector<bool> live() const REQUIRES(mutex);
  [[nodiscard]] int journal_fd() const { return journal_ ? journal_->fd() : -1; }
  void store(Slot slot) REQUIRES(mutex);

 private:
  /// What of a process and its group is there still when its end is learned of.
  enum class Left : std::uint8_t { zombie, group, nothing };

  // --- a job's thread ---
  void run(Job& job) EXCLUDES(mutex);
  /// Does all that there is to do now; returns when to look again at the latest.
  TimePoint work(Job& job) REQUIRES(mutex);
  TimePoint work_or_put_off(Job& job) noexcept REQUIRES(mutex);
  TimePoint await_launch(Job& job) REQUIRES(mutex);
  void sleep(Job& job, TimePoint until) REQUIRES(mutex);
  void wake(Job& job) REQUIRES(mutex);
  void perform(Job& job, const Row& row) REQUIRES(mutex);
  void perform_launch(Job& job, const Row& row) REQUIRES(mutex);
  // --- the launcher's threads, for a job that waits for its launch ---
  std::uint64_t launch_begins() noexcept override EXCLUDES(mutex);
  void launch_over(const LaunchOrder& order, std::uint64_t number, Launch launch) noexcept override
      EXCLUDES(mutex);
  std::string owner_of(const std::vector<pid_t>& processes) override EXCLUDES(mutex);
  void step_launched(Job& job, const LaunchOrder& order, std::uint64_t number, Launch launch)
      REQUIRES(mutex);
  void note_directories(Job& job, std::vector<std::string> made) noexcept REQUIRES(mutex);
  void cleaned_up(Slot slot) REQUIRES(mutex);
  void note_process(Job& job, const LaunchOrder& order, Child child) REQUIRES(mutex);
  /// By its number the end of a process finds its service; so this is done whatever it takes.
  void remember(pid_t leader, Slot slot) REQUIRES(mutex);
  void enter_or_wait(Job& job, const LaunchOutcome& outcome) REQUIRES(mutex);
  void wait_for_memory() REQUIRES(mutex);
  [[nodiscard]] Result<void> order_command(Job& job, const Row& row, const LaunchedCommand& command)
      REQUIRES(mutex);
  void tell_launch(const LaunchOrder& order, const LaunchOutcome& outcome) REQUIRES(mutex);

  // --- signals, and commands beside the main process ---
  void signal_job(Job& job, int signal) REQUIRES(mutex);
  void signal_group_of(Job& job, int signal) REQUIRES(mutex);
  void ask_to_end(Job& job) REQUIRES(mutex);
  void signal_stop(Job& job) REQUIRES(mutex);
  void kill_all(Job& job) REQUIRES(mutex);
  void adopt_helpers(Job& job, const JournalFacts& facts) REQUIRES(mutex);
  [[nodiscard]] Result<void> order_helper(Job& job, LaunchOrder::What what) REQUIRES(mutex);
  void helper_launched(Job& job, const LaunchOrder& order, std::uint64_t number, Launch launch)
      REQUIRES(mutex);
  void helper_ended(Job& job, Helper& helper, const ProcessEnd& end, Left left) REQUIRES(mutex);
  void helper_over(Job& job, Helper& helper, const std::string& fault) REQUIRES(mutex);
  void look_at_helper(Job& job) REQUIRES(mutex);
  void clean_up(Job& job) REQUIRES(mutex);

  void look_at_group(Job& job) REQUIRES(mutex);
  /// The one place where a state is changed.
  void enter(Job& job, const Row& row, const LaunchOutcome& outcome) REQUIRES(mutex);
  void tell(Job& job, State from, State to) REQUIRES(mutex);
  void forget_removed(Slot slot) REQUIRES(mutex);
  void stamp(Job& job, State from, State to) REQUIRES(mutex);
  void publish(const Job& job, State from, State to) REQUIRES(mutex);

  // --- ends of processes ---
  void main_ended(Job& job, const ProcessEnd& end, Left left) REQUIRES(mutex);
  /// Looks whether anything is left of a service whose process has ended: its group, those of its
  /// helpers, and then its cgroup.
  /// @return  whether all is gone
  bool look_at_unit(Job& job) REQUIRES(mutex);
  /// The same for who is told that it has changed; for want of memory others look again.
  void unit_changed(Job& job) noexcept REQUIRES(mutex);
  void unit_ended(Job& job) REQUIRES(mutex);
  /// A group of a service's, and its leader while that is not reaped.
  struct Leftover {
    pid_t* leader;
    pid_t* group;
  };
  static std::array<Leftover, 3> leftovers(Job& job);
  void forget_gone(Job& job) REQUIRES(mutex);
  void forget_group(const Leftover& gone) REQUIRES(mutex);
  struct ClaimedEnd {
    ProcessEnd end;
    Left left;
  };
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
  void watch_cgroup(Job& job) noexcept REQUIRES(mutex);
  void unwatch_cgroup(Job& job) noexcept REQUIRES(mutex);
  [[nodiscard]] OutOfMemory out_of_memory(const Job& job, const ProcessEnd& end) const noexcept
      REQUIRES(mutex);
  void restore_cgroup(Job& job) REQUIRES(mutex);
  /// Has the herald remove the cgroup, or apply resources that a reload has changed.
  void drop_cgroup(Job& job) noexcept REQUIRES(mutex);
  void change_resources(Job& job) noexcept REQUIRES(mutex);
  /// The herald's part of it, with the lock let go meanwhile. @return whether there was any
  bool tend_cgroups() REQUIRES(mutex);
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

  // --- the herald: log lines, threads of jobs ---
  void herald() noexcept EXCLUDES(mutex);
  /// Does what waits, or waits for something to do; false: it was the last time.
  bool herald_turn() EXCLUDES(mutex);
  void say(LogLevel level, std::string line) noexcept REQUIRES(mutex);
  void start_threads() REQUIRES(mutex);
  bool start_thread(Job& job) REQUIRES(mutex);
  void sweep() REQUIRES(mutex);

  // --- a new graph ---
  template <class Stays>
  void make_room(const Graph& graph, Stays stays) REQUIRES(mutex);
  void tell_refused(const Plan& plan) REQUIRES(mutex);
  void forget(Slot slot) REQUIRES(mutex);

  OutputPort& output_;
  ChangePort& changes_;
  const std::shared_ptr<CgroupTree> cgroups_;  // null: none
  UniqueFd cgroup_watches_;                    // inotify, for cgroup.events
  Launcher launcher_;
  std::optional<Journal> journal_;

  std::unordered_map<pid_t, Slot> by_pid_ GUARDED_BY(mutex);
  std::unordered_map<pid_t, Slot> by_group_ GUARDED_BY(mutex);
  std::unordered_map<int, Slot> by_watch_ GUARDED_BY(mutex);
  std::vector<std::string> unused_cgroups_ GUARDED_BY(mutex);
  Slots changed_resources_ GUARDED_BY(mutex);

  // Launches under way, by number, and ends that came before their spawner had recorded the pid:
  // kept for the launches that were under way then, and no later ones, for a pid may come again.
  struct UnclaimedEnd {
    ProcessEnd end;
    bool group_left;
    std::uint64_t latest_launch;
  };
  std::uint64_t next_launch_ GUARDED_BY(mutex) = 1;
  std::vector<std::uint64_t> launches_ GUARDED_BY(mutex);  // ascending; never grows
  std::map<pid_t, UnclaimedEnd> unclaimed_ GUARDED_BY(mutex);

  struct Line {
    LogLevel level;
    std::string text;
  };
  CondVar herald_wake_;
  std::deque<Line> lines_ GUARDED_BY(mutex);
  std::uint64_t lines_lost_ GUARDED_BY(mutex) = 0;
  std::vector<std::unique_ptr<Job>> retired_ GUARDED_BY(mutex);
  std::vector<std::unique_ptr<Job>> spare_jobs_ GUARDED_BY(mutex);
  bool threads_wanted_ GUARDED_BY(mutex) = false;
  bool sweep_wanted_ GUARDED_BY(mutex) = false;
  std::atomic<bool> look_again_ = false;
  bool ending_ GUARDED_BY(mutex) = false;
  Thread herald_;
  Slots sight_ GUARDED_BY(mutex);  // kept, so that a wake allocates nothing
};

}  // namespace zinit
