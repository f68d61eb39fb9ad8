// Brings the board's changes to the control loop: ChangePort for the board, which calls it from any
// thread and under its lock, and a list of listeners on the loop's own thread.
//
// Many changes in a row become one call: a listener looks at the state of things and needs no list
// of what happened. The first change of a burst is reported at once; those of the next millisecond
// are reported together at its end. Without that, a boot of 1,000 services would wake the loop for
// each change and take processor time from the services.
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

  /// Whether the listeners are still to be told of a change. Any thread.
  [[nodiscard]] bool waiting() const noexcept { return changed_in_pause_; }

  /// `listener` is called on the loop's thread, soon after changes, in the order of listen(). It
  /// stays for good, so what it refers to must outlive this or the loop's last run. On the loop's
  /// thread.
  void listen(std::function<void()> listener);

 private:
  void end_pause();
  void tell();

  TimerWatcher pause_;  // runs for a millisecond after each call of the listeners
  LoopCall call_;       // calls the listeners on the loop's thread, unless there is a pause
  std::atomic<bool> changed_in_pause_ = false;
  std::atomic<bool> pausing_ = false;
  std::vector<std::function<void()>> listeners_;
};

}  // namespace zinit
