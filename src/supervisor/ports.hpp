// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// What the supervisor needs from folders that it may not include: a place for output, and receivers
// of change notices. src/server supplies the implementations; tests supply their own.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "model/graph.hpp"
#include "model/reason.hpp"
#include "model/state.hpp"
#include "os/output_pipes.hpp"
#include "state/slot_facts.hpp"

namespace zinit {

/// Receives the output of services. Implemented by io's LogStore.
class OutputPort {
 public:
  virtual ~OutputPort() = default;

  /// Makes pipes for the next process of the service in `slot`, and reads them until their end.
  /// Errors are those of pipe2(2); EMFILE and ENFILE are temporary. Any thread; does not block; the
  /// board's lock is not held.
  [[nodiscard]] virtual Result<OutputPipes> open_output(Slot slot) = 0;
  /// The same, but also adds the output to `tail`.
  [[nodiscard]] virtual Result<OutputPipes> open_output_of_check(Slot slot,
                                                                 const OutputTailPtr& /*tail*/) {
    return open_output(slot);
  }
  /// Reads the output of this service's processes up to now. Called like note().
  virtual void take_in(Slot /*slot*/) {}

  /// The service in `slot` is new, or its settings have changed to `spec`. Called with the board's
  /// lock held: must not block or call back.
  virtual void configure(Slot slot, const SpecPtr& spec) = 0;

  /// The service was removed and its slot may be reused: drops its log. Called like configure().
  virtual void forget(Slot slot) = 0;

  /// Adds a line of zinit's own to the service's log, after all output of its processes. Any
  /// thread. May wait for 2 s if a process holds the lock of its pipe. Without the board's lock.
  virtual void note(Slot slot, std::string_view line) = 0;
};

/// Keeps data that the next process image needs in addition to the journal. Implemented by init.
/// Called by any thread, perhaps under the board's lock or other locks: writes only to memory and
/// must not call back.
class StatePort {
 public:
  virtual ~StatePort() = default;
  /// `after` replaces `before` from now on.
  virtual void graph_changed(const Graph& before, const Graph& after) noexcept = 0;
  /// Keeps a fact about the slot's service until the slot has another; an empty value removes it.
  virtual void keep(SlotFact what, Slot slot, std::string_view value) noexcept = 0;
};

/// Receives a notice when something changes that a client may wait for. Implemented by control:
/// wakes its loop.
class ChangePort {
 public:
  virtual ~ChangePort() = default;
  /// Called with the board's lock held, and often: must not block or call back; cheap if repeated.
  virtual void changed() noexcept = 0;
};

}  // namespace zinit
