// From a service's config to its process: credentials, environment, program, output, spawn; and the
// few threads that do this for all jobs.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.hpp"
#include "model/decide.hpp"
#include "os/spawn.hpp"
#include "os/thread.hpp"
#include "supervisor/board.hpp"

namespace zinit {

/// What became of a launch; `child` where it started.
struct Launch {
  LaunchOutcome outcome;
  Child child;
  bool cgroup = false;                       // the service has one
  std::vector<std::string> resource_faults;  // what of [resources] has no effect
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

  /// One launch, by the thread that does it. It is told when its spawn begins and when it is over.
  class Client {
   public:
    virtual ~Client() = default;
    virtual std::uint64_t launch_begins(Slot slot) noexcept = 0;
    virtual void launch_over(Slot slot, std::uint64_t number, Launch launch) noexcept = 0;
  };

  Launcher(SpawnDefaults defaults, OutputPort& output, Client& client)
      : defaults_(std::move(defaults)), output_(output), client_(client) {}
  ~Launcher() { stop(); }

  /// Has the process of `spec` spawned. Any thread, locks held or not: does not block.
  /// @return EAGAIN where no thread can be had for it, which is temporary: then nothing is done.
  [[nodiscard]] Result<void> order(SpecPtr spec, Slot slot) EXCLUDES(mutex_);

  /// One launch hangs: where others wait, they get a thread more. As order().
  void relieve() noexcept EXCLUDES(mutex_);

  /// Ends the threads once what they do is done; what is not begun is dropped.
  void stop() EXCLUDES(mutex_);

 private:
  struct Order {
    SpecPtr spec;
    Slot slot;
  };
  [[nodiscard]] Result<void> add_thread() REQUIRES(mutex_);
  void work() EXCLUDES(mutex_);
  [[nodiscard]] Launch launch(const ServiceSpec& spec, Slot slot, SpawnPlan& plan) noexcept;
  [[nodiscard]] Result<Child> spawn_service(const ServiceSpec& spec, Slot slot, SpawnPlan& plan,
                                            Launch& launch);
  [[nodiscard]] Result<Child> spawn_in_cgroup(const ServiceSpec& spec, SpawnPlan& plan,
                                              Launch& launch);

  const SpawnDefaults defaults_;
  OutputPort& output_;
  Client& client_;
  Mutex mutex_;
  CondVar wake_;
  std::vector<Order> orders_ GUARDED_BY(mutex_);  // from first_ on: a queue without allocations
  std::size_t first_ GUARDED_BY(mutex_) = 0;
  std::size_t idle_ GUARDED_BY(mutex_) = 0;
  bool ending_ GUARDED_BY(mutex_) = false;
  std::vector<Thread> threads_ GUARDED_BY(mutex_);
};

}  // namespace zinit
