// Supervisor and io know nothing of each other: here the board's CheckPort becomes those that watch
// processes, each of which looks after its own section of the service files.
#pragma once

#include <vector>

#include "supervisor/ports.hpp"

namespace zinit {

/// Threads and locks as CheckPort has them.
class Checks final : public CheckPort {
 public:
  /// One more that is told of everything. Before the first service is started; it outlives this.
  void add(CheckPort& watcher) { watchers_.push_back(&watcher); }

  [[nodiscard]] Result<CheckGearPtr> prepare(Slot slot, const ServiceSpec& spec) override {
    for (CheckPort* const each : watchers_) {
      auto gear = each->prepare(slot, spec);
      if (!gear || *gear) return gear;
    }
    return CheckGearPtr();
  }
  void watch(const CheckedProcessPtr& process) override {
    for (CheckPort* const each : watchers_) each->watch(process);
  }
  void changed() noexcept override {
    for (CheckPort* const each : watchers_) each->changed();
  }
  void drain(const CheckedProcess& process) noexcept override {
    for (CheckPort* const each : watchers_) each->drain(process);
  }
  void rested(Slot slot) noexcept override {
    for (CheckPort* const each : watchers_) each->rested(slot);
  }

 private:
  std::vector<CheckPort*> watchers_;
};

}  // namespace zinit
