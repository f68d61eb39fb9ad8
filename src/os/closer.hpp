// Closes descriptors that services have sent to zinit, to be stored: by close_elsewhere(), for
// their close(2) may block for as long as the sender likes. That waits for a moment, so an Offload
// calls it. Pipes are closed at once: that never blocks, and the sender may be waiting for it
// (sd_notify_barrier(3)).
//
// Each queued descriptor keeps a reference to a token of its sender. The token's use count tells
// the caller which sender has too many queued, so that it stops receiving from that one.
#pragma once

#include <memory>

#include "base/fd.hpp"
#include "os/offload.hpp"

namespace zinit {

/// Its destructor does not wait for what is queued.
class Closer {
 public:
  using Sender = std::shared_ptr<const void>;

  /// Queues `fd` to be closed. Any thread; waits for memory only. If there can be no thread, `fd`
  /// stays queued, and the next call tries again.
  void close(UniqueFd fd, Sender sender = nullptr) noexcept;

 private:
  Offload closes_{{.name = "zinit-close"}};
};

}  // namespace zinit
