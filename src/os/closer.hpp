// Closes descriptors that services have sent to zinit, to be stored: by close_elsewhere(), for
// their close(2) may block for as long as the sender likes. That waits for a moment, so a thread of
// its own calls it, started for the first one. Pipes are closed at once: that never blocks, and the
// sender may be waiting for it (sd_notify_barrier(3)).
//
// Each queued descriptor keeps a reference to a token of its sender. The token's use count tells
// the caller which sender has too many queued, so that it stops receiving from that one.
#pragma once

#include <deque>
#include <memory>

#include "base/fd.hpp"
#include "base/mutex.hpp"
#include "os/kept_descriptors.hpp"

namespace zinit {

class Closer {
 public:
  using Sender = std::shared_ptr<const void>;

  Closer() = default;
  /// Does not wait for what is queued.
  ~Closer();
  Closer(const Closer&) = delete;
  Closer& operator=(const Closer&) = delete;

  /// Queues `fd` to be closed. Any thread; waits for memory only. If the thread cannot be started,
  /// `fd` stays queued, and the next call tries again.
  void close(UniqueFd fd, Sender sender = nullptr) noexcept;

 private:
  struct Descriptor {
    Sender sender;       // released after fd is closed
    KeptFd fd;           // unwanted
    bool plain = false;  // its close(2) cannot block
  };
  /// Shared with the thread, which may outlive the closer.
  struct State {
    Mutex mutex;  // a leaf
    CondVar wake;
    std::deque<Descriptor> waiting GUARDED_BY(mutex);
    bool started GUARDED_BY(mutex) = false;
    bool ending GUARDED_BY(mutex) = false;
  };
  static void run(State& state) noexcept;

  const std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace zinit
