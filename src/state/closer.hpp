// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Closes descriptors that services sent to zinit to be stored. Uses close_elsewhere(), because the
// sender decides how long close(2) blocks. This waits for a moment, so an Offload calls it. Pipes
// are closed at once: closing them never blocks, and the sender may wait for it
// (sd_notify_barrier(3)).
//
// Each queued descriptor holds a reference to a token of its sender. The token's use count shows
// which sender has too many queued descriptors: the caller stops receiving from this sender.
#pragma once

#include <memory>

#include "base/fd.hpp"
#include "os/offload.hpp"
#include "state/disposal.hpp"

namespace zinit {

/// Its destructor does not wait for the queue.
class Closer {
 public:
  using Sender = SenderPtr;

  /// Queues `fd` to be closed. Any thread. Waits only for memory. If no thread can be made, `fd`
  /// stays queued, and the next call tries again.
  void close(UniqueFd fd, Sender sender = nullptr) noexcept;

  /// Tries again to close what could not be closed, because too many closes hang. Any thread.
  void try_again() noexcept;

 private:
  // It waits for a process of disposal.hpp, if at all.
  Offload closes_{{.name = "zinit-close", .killable = true}};
};

}  // namespace zinit
