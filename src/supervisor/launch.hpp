// From a service's config to its processes: the few threads that spawn them for all jobs. What a
// process is made of is prepared in launch_plan.hpp.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/environment.hpp"
#include "base/mutex.hpp"
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

/// What became of a launch; `child` where it started.
struct Launch {
  LaunchOutcome outcome;
  Child child;
  bool cgroup = false;                       // the service has one
  std::vector<std::string> resource_faults;  // what of [resources] has no effect
  std::vector<std::string> runtime_dirs;     // that were made, or were there already
};

/// Launches services, several at once, on threads of its own that are started as they are needed.
///
/// A job orders its launch and waits for the outcome as it waits for everything. That the work is
/// not done on the job's own thread is for memory's sake: a launch needs 20 KiB of stack and a
/// hundred small allocations, which stack and malloc's cache would keep for each of a thousand
/// threads. A program that takes for ever to be executed (a network file system that hangs) holds
/// a thread; relieve() then makes one more for the others.
class Launcher {
 public:
  static constexpr std::size_t kMostLaunching = 8;
  static constexpr std::size_t kMostThreads = 256;

  /// For whom all this is done. Called by the launcher's threads, which hold no lock.
  class Client {
   public:
    virtual ~Client() = default;
    /// A spawn begins, which has this number from now on.
    virtual std::uint64_t launch_begins() noexcept = 0;
    /// An order was carried out.
    virtual void launch_over(const LaunchOrder& order, std::uint64_t number,
                             Launch launch) noexcept = 0;
    /// The name of the service that one of `processes` (pids, groups, sessions) belongs to; empty
    /// where there is none.
    [[nodiscard]] virtual std::string owner_of(const std::vector<pid_t>& processes) = 0;
  };

  Launcher(SpawnDefaults defaults, OutputPort& output, Client& client)
      : defaults_(std::move(defaults)), output_(output), client_(client) {}
  ~Launcher() { stop(); }

  /// Has `order` carried out. Any thread, locks held or not: does not block.
  /// @return  EAGAIN where no thread can be had for it, which is temporary: then nothing is done.
  [[nodiscard]] Result<void> order(LaunchOrder order) EXCLUDES(mutex_);

  /// One launch hangs: where others wait, they get a thread more. As order().
  void relieve() noexcept EXCLUDES(mutex_);

  /// Ends the threads once what they do is done; what is not begun is dropped.
  void stop() EXCLUDES(mutex_);

 private:
  [[nodiscard]] Result<void> add_thread() REQUIRES(mutex_);
  void work() EXCLUDES(mutex_);
  [[nodiscard]] Launch carry_out(const LaunchOrder& order, SpawnPlan& plan) noexcept;
  [[nodiscard]] Reason taken_port(const ServiceSpec& spec);
  [[nodiscard]] Result<Child> spawn_command(const LaunchOrder& order, SpawnPlan& plan,
                                            Launch& launch);
  [[nodiscard]] Result<Child> spawn_in_cgroup(const ServiceSpec& spec, SpawnPlan& plan,
                                              Launch& launch);

  const SpawnDefaults defaults_;
  OutputPort& output_;
  Client& client_;
  Mutex mutex_;
  CondVar wake_;
  std::vector<LaunchOrder> orders_ GUARDED_BY(mutex_);  // from first_ on: a queue
  std::size_t first_ GUARDED_BY(mutex_) = 0;
  std::size_t idle_ GUARDED_BY(mutex_) = 0;
  bool ending_ GUARDED_BY(mutex_) = false;
  std::vector<Thread> threads_ GUARDED_BY(mutex_);
};

}  // namespace zinit
