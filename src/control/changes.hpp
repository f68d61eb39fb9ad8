// Brings the board's changes to the control loop: ChangePort for the board, which calls it from any
// thread and under its lock, and a list of listeners on the loop's own thread.
//
// Many changes in a row come as one call: a listener looks at how things are, not at what happened.
// The first of a burst is told at once, what follows within a millisecond in one call after it: a
// boot of 1,000 services would wake the loop 1,000 times else, and take the processor from it.
#pragma once

#include <atomic>
#include <functional>
#include <vector>

#include "io/loop.hpp"
#include "io/watcher.hpp"
#include "supervisor/ports.hpp"

namespace zinit {

class Changes final : public ChangePort {
 public:
  /// `loop` must outlive this. On the loop's thread.
  explicit Changes(EventLoop& loop);
  /// On the loop's thread, when nobody calls changed() any more.
  ~Changes() override = default;
  Changes(const Changes&) = delete;
  Changes& operator=(const Changes&) = delete;

  /// Any thread, locks held or not; a system call for the first of a burst, next to nothing for the
  /// rest.
  void changed() noexcept override;

  /// `listener` is called on the loop's thread, soon after changes, in the order of listen(). It
  /// stays for good, so what it refers to must outlive this or the loop's last run. On the loop's
  /// thread.
  void listen(std::function<void()> listener);

 private:
  void gathered();
  void tell();

  TimerWatcher gathering_;           // active for a while after each call
  LoopCall call_;                    // where it is not
  std::atomic<bool> waits_ = false;  // changes came in that while
  std::atomic<bool> gathers_ = false;
  std::vector<std::function<void()>> listeners_;
};

}  // namespace zinit
