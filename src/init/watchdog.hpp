// Watchdogs over zinit itself: the machine's, which resets it unless it is fed, and one of our own,
// which takes a loop or a lock that is stuck for a crash (zinit.toml(5), "Global settings").
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "base/mutex.hpp"
#include "io/loop.hpp"
#include "io/watcher.hpp"
#include "os/thread.hpp"

namespace zinit {

/// Feeds a hardware watchdog from the control loop, so that a loop that hangs lets the machine be
/// reset. Any write feeds; a `V` before the end disarms, where the driver allows that (the kernel's
/// Documentation/watchdog/watchdog-api.rst). Control loop only.
class MachineWatchdog {
 public:
  explicit MachineWatchdog(EventLoop& loop);

  /// From now on `device` is fed; empty: none is, and one that was is disarmed. A device that is
  /// not there yet, since its driver comes later, is looked for every 10 s. Where the driver has
  /// another timeout than this one, the shorter of the two is kept.
  void set(const std::string& device, Milliseconds timeout);

  /// The last time, before the machine ends. Armed still, it resets one that hangs at its end;
  /// halted it shall stay as it is.
  void finish(bool armed) noexcept;

 private:
  void open();
  void take_timeout();
  void feed();
  void disarm() noexcept;

  TimerWatcher timer_;
  std::string device_;
  Milliseconds timeout_{0};
  Milliseconds feed_each_{0};
  UniqueFd fd_;
  bool told_ = false;  // that it cannot be had, or fed
};

/// Asks loops for a sign of life from a thread of its own, and ends the process by SIGABRT where
/// one stays out for too long: what a crash leads to comes next. Time for which the whole process
/// stood still does not count. Costs nothing while it is off.
class SelfWatchdog {
 public:
  struct Watched {
    std::string name;
    EventLoop& loop;
    std::function<void()> sign;  // on the loop's thread; may take the locks that are watched
  };
  /// The loops must outlive this.
  explicit SelfWatchdog(std::vector<Watched> watched);
  ~SelfWatchdog();

  /// 0: off. Control loop only.
  void set(Milliseconds limit);

 private:
  struct Asked {
    Watched watched;
    std::shared_ptr<std::atomic<bool>> out = std::make_shared<std::atomic<bool>>(false);
    TimePoint since{};
  };
  void watch();
  void ask(Asked& asked, TimePoint now);

  std::vector<Asked> asked_;  // of the thread alone
  Mutex mutex_;
  CondVar wake_;
  Milliseconds limit_ GUARDED_BY(mutex_){0};
  bool ending_ GUARDED_BY(mutex_) = false;
  Thread thread_;
};

}  // namespace zinit
