// The inside of the board: what it guards, and what the job threads do with it. board.hpp says how
// it works as a whole.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/log.hpp"
#include "base/mutex.hpp"
#include "model/request.hpp"
#include "os/process.hpp"
#include "os/thread.hpp"
#include "supervisor/board.hpp"
#include "supervisor/journal.hpp"
#include "supervisor/launch.hpp"

namespace zinit {

/// How many changes of state are kept.
inline constexpr std::size_t kEventsKept = 1000;

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
  pid_t pid = 0;                    // of the main process while it is not reaped
  pid_t group = 0;                  // while anything of it may be left
  UniqueFd pidfd;
  TimePoint started{};
  JournalFacts facts;  // pid and group are filled in when it is stored
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
  /// Stores, tells and wakes whom the changed records concern.
  void touched(std::span<const Slot> changed) REQUIRES(mutex);
  /// What a child's end means for its service; see Board::child_ended().
  void child_ended(pid_t pid, const ProcessEnd& end) REQUIRES(mutex);
  /// Puts what the journal says of a service into its record and job.
  void restore(Slot slot, const JournalEntry& entry) REQUIRES(mutex);
  [[nodiscard]] ServiceView view(Slot slot, TimePoint now) REQUIRES(mutex);
  /// Something of the service still runs, or it may not be forgotten for another reason.
  [[nodiscard]] std::vector<bool> live() const REQUIRES(mutex);
  [[nodiscard]] int journal_fd() const { return journal_ ? journal_->fd() : -1; }
  void store(Slot slot) REQUIRES(mutex);

 private:
  // --- a job's thread ---
  void run(Job& job) EXCLUDES(mutex);
  /// Does all that there is to do now; returns when to look again at the latest.
  TimePoint work(Job& job) REQUIRES(mutex);
  void sleep(Job& job, TimePoint until) REQUIRES(mutex);
  void perform(Job& job, const Row& row) REQUIRES(mutex);
  void perform_launch(Job& job, const Row& row) REQUIRES(mutex);
  // The launcher's threads, for a job that waits for its launch.
  std::uint64_t launch_begins(Slot slot) noexcept override EXCLUDES(mutex);
  void launch_over(Slot slot, std::uint64_t number, Launch launch) noexcept override
      EXCLUDES(mutex);
  void signal_job(Job& job, int signal) REQUIRES(mutex);
  void look_at_group(Job& job) REQUIRES(mutex);
  /// The one place where a state is changed.
  void enter(Job& job, const Row& row, const LaunchOutcome& outcome) REQUIRES(mutex);
  void stamp(Job& job, State from, State to) REQUIRES(mutex);
  void publish(const Job& job, State from, State to) REQUIRES(mutex);
  void note_boot() REQUIRES(mutex);

  // --- ends of processes ---
  void main_ended(Job& job, const ProcessEnd& end, bool reaped) REQUIRES(mutex);
  void group_ended(Job& job) REQUIRES(mutex);
  void claim_end(Job& job, std::uint64_t launch) REQUIRES(mutex);

  // --- the herald: log lines, threads of jobs ---
  void herald() EXCLUDES(mutex);
  void say(LogLevel level, std::string line) REQUIRES(mutex);
  void start_threads() REQUIRES(mutex);
  void sweep() REQUIRES(mutex);

  OutputPort& output_;
  ChangePort& changes_;
  Launcher launcher_;
  std::optional<Journal> journal_;

  std::unordered_map<pid_t, Slot> by_pid_ GUARDED_BY(mutex);
  std::unordered_map<pid_t, Slot> by_group_ GUARDED_BY(mutex);

  // Launches under way, by number, and ends that came before their spawner had recorded the pid:
  // kept for the launches that were under way then, and no later ones, for a pid may come again.
  struct UnclaimedEnd {
    ProcessEnd end;
    bool group_left;
    std::uint64_t latest_launch;
  };
  std::uint64_t next_launch_ GUARDED_BY(mutex) = 1;
  std::set<std::uint64_t> launches_ GUARDED_BY(mutex);
  std::map<pid_t, UnclaimedEnd> unclaimed_ GUARDED_BY(mutex);

  struct Line {
    LogLevel level;
    std::string text;
  };
  CondVar herald_wake_;
  std::deque<Line> lines_ GUARDED_BY(mutex);
  std::uint64_t lines_lost_ GUARDED_BY(mutex) = 0;
  std::vector<std::unique_ptr<Job>> retired_ GUARDED_BY(mutex);
  bool threads_wanted_ GUARDED_BY(mutex) = false;
  bool sweep_wanted_ GUARDED_BY(mutex) = false;
  bool ending_ GUARDED_BY(mutex) = false;
  Thread herald_;
  Slots sight_ GUARDED_BY(mutex);  // kept, so that a wake allocates nothing
};

}  // namespace zinit
