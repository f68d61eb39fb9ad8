// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Passes the board's changes to the control loop. The board calls the ChangePort from any thread
// and under its lock; the listeners run on the loop's own thread.
//
// Many changes in a row become one call: a listener looks at the present state, so it needs no list
// of changes. The first change of a burst is reported at once; the changes of the next millisecond
// are reported together at its end. Otherwise a boot of 1,000 services would wake the loop for each
// change, and take processor time from the services.
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
  /// On the loop's thread, after the last call of changed().
  ~Changes() override = default;
  Changes& operator=(Changes&&) = delete;

  /// Any thread, with or without locks. Only the first call of a burst makes a system call.
  void changed() noexcept override;

  /// Whether a change has not been reported to the listeners yet. Any thread.
  [[nodiscard]] bool waiting() const noexcept { return changed_in_pause_; }

  /// Calls `listener` on the loop's thread soon after changes, in the order of the calls of
  /// listen(). A listener cannot be removed, so everything it refers to must outlive this object or
  /// the loop's last run. On the loop's thread.
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
