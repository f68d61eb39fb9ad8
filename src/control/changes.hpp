// Brings the board's changes to the control loop: ChangePort for the board, which calls it from any
// thread and under its lock, and a list of listeners on the loop's own thread.
//
// Many changes in a row come as one call: a listener looks at how things are, not at what happened.
#pragma once

#include <ev.h>

#include <functional>
#include <vector>

#include "supervisor/ports.hpp"

namespace zinit {

class Changes final : public ChangePort {
 public:
  /// `loop` must outlive this. On the loop's thread.
  explicit Changes(struct ev_loop* loop);
  /// On the loop's thread, when nobody calls changed() any more.
  ~Changes() override;
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
  static void on_async(struct ev_loop* loop, ev_async* watcher, int events) noexcept;

  struct ev_loop* loop_;
  ev_async async_;
  std::vector<std::function<void()>> listeners_;
};

}  // namespace zinit
