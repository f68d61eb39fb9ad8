// From a service's config to its processes: the few threads that spawn them for all jobs. What a
// process is made of is prepared in launch_plan.hpp.
#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/environment.hpp"
#include "base/mutex.hpp"
#include "base/time.hpp"
#include "model/decide.hpp"
#include "os/spawn.hpp"
#include "os/thread.hpp"
#include "supervisor/board.hpp"

namespace zinit {

/// What is to be done for a service, away from the board's lock.
struct LaunchOrder {
  enum class What : std::uint8_t {
    main,    // exec
    pre,     // pre_exec
    post,    // post_exec
    stop,    // stop_exec, beside the main process
    reload,  // reload_exec, likewise
    probe,   // exec of [health], likewise
    clean,   // no process: `directories` below the place of runtime directories are removed
  };
  SpecPtr spec;
  Slot slot = kNoSlot;
  What what = What::main;
  std::uint32_t index = 0;  // among the commands of pre_exec or post_exec
  bool first = false;       // of an attempt: ports are looked at, and directories made
  Environment extra = {};   // variables of this process alone
  std::vector<std::string> directories = {};
};

/// Whether the command runs beside the main process.
[[nodiscard]] constexpr bool runs_beside(LaunchOrder::What what) noexcept {
  return what == LaunchOrder::What::stop || what == LaunchOrder::What::reload ||
         what == LaunchOrder::What::probe;
}

/// What became of a launch; `child` where it started.
struct Launch {
  LaunchOutcome outcome;
  Child child;
  bool cgroup = false;                       // the service has one
  std::int64_t memory_kills = 0;             // in it, before this process
  std::vector<std::string> resource_faults;  // what of [resources] has no effect
  std::vector<std::string> runtime_dirs;     // that were made, or were there already
  CheckGearPtr gear;                         // what the main process was made with
};

/// Launches services, several at once, on threads of its own that are started as they are needed.
///
/// A job orders its launch and waits for the outcome as it waits for everything. The thread that
/// ends a launch takes the next order itself where one came of that, as in a chain of services:
/// nobody has to be woken for it. A program that takes for ever to be executed (a network file
/// system that hangs, a child that somebody has stopped) holds a thread; relieve() sees to it.
class Launcher {
 public:
  static constexpr std::size_t kMostLaunching = 8;
  static constexpr std::size_t kMostThreads = 256;

  /// For whom all this is done. Called by the launcher's threads, which hold no lock.
  class Client {
   public:
    virtual ~Client() = default;
    /// An order was carried out. The client calls recorded(number) once it finds the child by its
    /// pid.
    virtual void launch_over(const LaunchOrder& order, std::uint64_t number,
                             Launch launch) noexcept = 0;
    /// A thread has nothing more to do, and no other launches.
    virtual void launches_rest() noexcept = 0;
    /// The name of the service that one of `processes` (pids, groups, sessions) belongs to; empty
    /// where there is none.
    [[nodiscard]] virtual std::string owner_of(const std::vector<pid_t>& processes) = 0;
  };

  Launcher(SpawnDefaults defaults, OutputPort& output, CheckPort& checks, Client& client)
      : defaults_(std::move(defaults)), output_(output), checks_(checks), client_(client) {}
  ~Launcher() { stop(); }

  /// Has `order` carried out. Any thread, locks held or not: does not block.
  /// @return  EAGAIN where no thread can be had for it, which is temporary: then nothing is done.
  [[nodiscard]] Result<void> order(LaunchOrder order) EXCLUDES(mutex_);

  /// Looks for launches that have taken as long as `limit`. A child of theirs that was stopped
  /// before it could execute goes on; one that is `unwanted` is killed. Where others wait, they get
  /// a thread more. As order(), but for a look at /proc.
  void relieve(Milliseconds limit,
               const std::function<bool(const LaunchOrder&)>& unwanted) noexcept EXCLUDES(mutex_);

  /// Whether a launch is under way or waits. As order().
  [[nodiscard]] bool at_work() const noexcept EXCLUDES(mutex_);

  /// The number of the launch that made its child last, of those under way: from before there is
  /// one until recorded(). As order().
  [[nodiscard]] std::optional<std::uint64_t> latest() const noexcept EXCLUDES(mutex_);

  /// The lowest number of a launch that has or may have a child, or will get one. As order().
  [[nodiscard]] std::uint64_t oldest() const noexcept EXCLUDES(mutex_);

  /// What became of the launch `number` is known to all. As order().
  void recorded(std::uint64_t number) noexcept EXCLUDES(mutex_);

  /// Ends the threads once what they do is done; what is not begun is dropped.
  void stop() EXCLUDES(mutex_);

 private:
  /// A launch of a thread's; on its stack.
  struct UnderWay {
    const LaunchOrder& order;
    TimePoint since;
    std::shared_ptr<std::atomic<pid_t>> child{};  // 0 until there is one
    std::uint64_t number = 0;                     // 0: there is none to come of it yet
  };

  [[nodiscard]] Result<void> add_thread() REQUIRES(mutex_);
  static void help(const UnderWay& launch, bool unwanted) noexcept;
  /// Waits until no directory that is one of a service's, or near one, is being removed.
  void await_removals(const std::vector<std::string>& names) EXCLUDES(mutex_);
  void removed(const std::vector<std::string>& names) EXCLUDES(mutex_);
  void work() EXCLUDES(mutex_);
  [[nodiscard]] Launch carry_out(UnderWay& here, SpawnPlan& plan) noexcept EXCLUDES(mutex_);
  [[nodiscard]] Reason taken_port(const ServiceSpec& spec);
  [[nodiscard]] Result<Child> spawn_command(UnderWay& here, SpawnPlan& plan, Launch& launch)
      EXCLUDES(mutex_);
  [[nodiscard]] Result<void> add_gear(const LaunchOrder& order, SpawnPlan& plan, Launch& launch);
  [[nodiscard]] Result<Child> spawn_in_cgroup(const LaunchOrder& order, SpawnPlan& plan,
                                              Launch& launch);

  const SpawnDefaults defaults_;
  OutputPort& output_;
  CheckPort& checks_;
  Client& client_;
  mutable Mutex mutex_;
  CondVar wake_;
  std::deque<LaunchOrder> orders_ GUARDED_BY(mutex_);
  std::vector<std::string> removals_ GUARDED_BY(mutex_);  // runtime directories of such orders
  CondVar removed_;
  std::vector<UnderWay*> under_way_ GUARDED_BY(mutex_);
  std::uint64_t next_number_ GUARDED_BY(mutex_) = 1;
  std::vector<std::uint64_t> numbers_ GUARDED_BY(mutex_);  // not recorded yet, ascending
  std::size_t idle_ GUARDED_BY(mutex_) = 0;
  bool ending_ GUARDED_BY(mutex_) = false;
  std::vector<Thread> threads_ GUARDED_BY(mutex_);
};

}  // namespace zinit
