// Closes descriptors that services have sent to zinit, to be stored. Their close(2) may block for
// as long as the sender likes: FUSE and NFS flush the file. So a thread of its own closes them,
// started for the first one; sockets by close_elsewhere(), so that they do not linger. Pipes are
// closed at once: that never blocks, and the sender may be waiting for it (sd_notify_barrier(3)).
//
// Each queued descriptor keeps a reference to a token of its sender. The token's use count tells
// the caller which sender has too many queued, so that it stops receiving from that one.
#pragma once

#include <deque>
#include <memory>

#include "base/fd.hpp"
#include "base/mutex.hpp"

namespace zinit {

class Closer {
 public:
  using Sender = std::shared_ptr<const void>;

  Closer() = default;
  /// Does not wait for what is being closed.
  ~Closer();
  Closer(const Closer&) = delete;
  Closer& operator=(const Closer&) = delete;

  /// Queues `fd` to be closed. Any thread; waits for memory only. If the thread cannot be started,
  /// `fd` stays queued, and the next call tries again.
  void close(UniqueFd fd, Sender sender = nullptr) noexcept;

 private:
  struct Descriptor {
    Sender sender;  // released after fd is closed
    UniqueFd fd;
    bool socket = false;
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
