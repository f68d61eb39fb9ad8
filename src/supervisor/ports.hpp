// What the supervisor needs from the rooms that it may not know: where output goes, and whom to
// tell of changes. src/init puts the real ones in; tests put in their own.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "base/fd.hpp"
#include "model/graph.hpp"
#include "model/reason.hpp"
#include "model/state.hpp"
#include "supervisor/checked_process.hpp"

namespace zinit {

/// The ends that a process writes to: one pipe a stream, blocking, for one spawn. The spawner
/// closes them once the process has its own. `writer` gets its pid, before it can write anything;
/// null: nobody wants to know.
struct OutputPipes {
  UniqueFd out;
  UniqueFd err;
  std::shared_ptr<std::atomic<pid_t>> writer{};
};

/// Takes what services write. Implemented by io's capture.
class OutputPort {
 public:
  virtual ~OutputPort() = default;

  /// New pipes for the next process of the service in `slot`, whose read ends are followed from now
  /// on until their end. Errors are those of pipe2(2); EMFILE and ENFILE are temporary. Any job
  /// thread; does not block; the board's lock is not held.
  [[nodiscard]] virtual Result<OutputPipes> open_output(Slot slot) = 0;

  /// The service in `slot` is new or its settings changed: from now on its lines go by `spec`'s.
  /// Called under the board's lock: does not block, does not call back.
  virtual void configure(Slot slot, const SpecPtr& spec) = 0;

  /// The service is gone and the slot may be given to another: its log goes too. As configure().
  virtual void forget(Slot slot) = 0;
};

/// Watches processes: their readiness, health and signs of life. Implemented by io, and told to
/// the board by Board::passed() and its like. The calls of this port that do nothing by themselves
/// are for those that do not need them.
class CheckPort {
 public:
  virtual ~CheckPort() = default;

  /// What the next process of a service is made with, by its [readiness]; null: nothing. Launcher's
  /// threads; the board's lock is not held. Errors are the spawn's.
  [[nodiscard]] virtual Result<CheckGearPtr> prepare(Slot /*slot*/, const ServiceSpec& /*spec*/) {
    return CheckGearPtr();
  }

  /// A process is to be watched from now on, until its stage is `ended`. Called under the board's
  /// lock: does not block, does not call back. What it throws for want of memory makes the board
  /// call it again a little later.
  virtual void watch(const CheckedProcessPtr& process) = 0;

  /// One that is watched has another stage, main process or spec, or runs now. As watch(), but
  /// often, cheap when repeated, and not to fail: LoopCall::ask() and a look at all of them later
  /// is meant.
  virtual void changed() noexcept = 0;

  /// Takes in what one that has ended has said before. Without the lock; calls back.
  virtual void drain(const CheckedProcess& /*process*/) noexcept {}

  /// The service has come to rest, or is gone: nothing is kept for its next process. As changed().
  virtual void rested(Slot /*slot*/) noexcept {}
};

/// Is told that something changed that a client may wait for. Implemented by control: wakes its
/// loop.
class ChangePort {
 public:
  virtual ~ChangePort() = default;
  /// Called under the board's lock, often: does not block, does not call back, cheap when repeated.
  virtual void changed() noexcept = 0;
};

}  // namespace zinit
