// What the supervisor needs from the rooms that it may not know: where output goes, and whom to
// tell of changes. src/init puts the real ones in; tests put in their own.
#pragma once

#include <cstdint>
#include <string>

#include "base/fd.hpp"
#include "model/graph.hpp"
#include "model/reason.hpp"
#include "model/state.hpp"

namespace zinit {

/// The ends that a process writes to: one pipe a stream, blocking, for one spawn. The spawner
/// closes them once the process has its own.
struct OutputPipes {
  UniqueFd out;
  UniqueFd err;
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

  /// A line of zinit's own into the service's log (stream "zinit"). As configure().
  virtual void note(Slot slot, std::string_view line) = 0;
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
