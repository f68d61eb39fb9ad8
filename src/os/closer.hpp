// Closes descriptors that others have made. close(2) of the last one of a file may take as long as
// who made it likes: a socket lingers for what it has not sent, files of FUSE and NFS are flushed.
// So a thread of its own does it, which is made with the first, and nobody waits for it. Pipes take
// no time, and others wait for their end (sd_notify_barrier(3)): they are closed at once.
//
// Who sends faster than that closes is to be told apart and not to be received from: each
// descriptor that waits keeps a reference to what its sender is known by.
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

  /// Has `fd` closed a little later. Any thread; does not block. Without memory for that it is
  /// closed at once; without a thread it waits for the next call, which may get one.
  void close(UniqueFd fd, Sender sender = nullptr) noexcept;

 private:
  struct Waiting {
    Sender sender;  // until it has been closed
    UniqueFd fd;
  };
  /// Shared with the thread, which may outlive the closer.
  struct State {
    Mutex mutex;  // a leaf
    CondVar wake;
    std::deque<Waiting> waiting GUARDED_BY(mutex);
    bool started GUARDED_BY(mutex) = false;
    bool ending GUARDED_BY(mutex) = false;
  };
  static void run(State& state) noexcept;

  const std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace zinit
