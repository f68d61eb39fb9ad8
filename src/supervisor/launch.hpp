// From a service's config to its process: credentials, environment, program, output, spawn.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/mutex.hpp"
#include "model/decide.hpp"
#include "os/spawn.hpp"
#include "supervisor/board.hpp"

namespace zinit {

/// What became of a launch; `child` where it started.
struct Launch {
  LaunchOutcome outcome;
  Child child;
};

/// Launches services. The memory that preparing one takes is kept and lent to the next, for as many
/// as are under way at once: freed in a job's thread, malloc would keep it for that thread, a
/// thousand times.
class Launcher {
 public:
  Launcher(SpawnDefaults defaults, OutputPort& output)
      : defaults_(std::move(defaults)), output_(output) {}

  /// Spawns the process of `spec` and waits until its program is executed.
  /// Any job thread, no lock held: reads files, and blocks until execve(2). Logs nothing.
  [[nodiscard]] Launch launch(const ServiceSpec& spec, Slot slot) noexcept;

 private:
  [[nodiscard]] Result<Child> spawn_service(const ServiceSpec& spec, Slot slot, SpawnPlan& plan);
  [[nodiscard]] std::unique_ptr<SpawnPlan> borrow() EXCLUDES(mutex_);
  void give_back(std::unique_ptr<SpawnPlan> plan) EXCLUDES(mutex_);

  const SpawnDefaults defaults_;
  OutputPort& output_;
  Mutex mutex_;
  std::vector<std::unique_ptr<SpawnPlan>> idle_ GUARDED_BY(mutex_);
};

}  // namespace zinit
