// Watchdogs over zinit itself: the hardware's, which resets the machine unless it is fed, and
// zinit's own, which treats a stuck loop or lock as a crash (zinit.toml(5), "Global settings").
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.hpp"
#include "io/loop.hpp"
#include "io/watcher.hpp"
#include "os/kept_descriptors.hpp"
#include "os/thread.hpp"

namespace zinit {

/// Feeds a hardware watchdog that is open as `fd`; -1: none, which is no error. @return errno, or 0
[[nodiscard]] int feed_watchdog(int fd) noexcept;

/// Feeds a hardware watchdog from the control loop, so that the machine is reset if that hangs. Any
/// write feeds it; a `V` before closing disarms it, if the driver allows that (the kernel's
/// Documentation/watchdog/watchdog-api.rst). Control loop's thread only.
class MachineWatchdog {
 public:
  explicit MachineWatchdog(EventLoop& loop);

  /// After a re-execution, before set(): the device as the previous process image had it open.
  void go_on(KeptFd device) noexcept { fd_ = std::move(device); }

  /// Feeds `device` from now on; if it is empty, disarms the previous one. A device that does not
  /// exist yet, since its driver is loaded later, is tried every 10 s. If the driver uses another
  /// timeout than this, the shorter one counts.
  void set(const std::string& device, Milliseconds timeout);

  /// Feeds it now, if there is one. Once the control loop has ended this is up to the caller, and a
  /// machine whose end hangs is reset.
  void feed();
  /// The descriptor, armed and no longer this object's; -1: none.
  [[nodiscard]] int release() noexcept;

  /// For a machine that must not be reset: one that is halted, or whose next init does not feed it.
  void disarm() noexcept;

 private:
  void open();
  void begin();
  void take_timeout();

  TimerWatcher timer_;
  std::string device_;
  Milliseconds timeout_{0};
  Milliseconds feed_each_{0};
  KeptFd fd_;
  bool told_ = false;  // an error was logged
};

/// Asks loops for a sign of life from a thread of its own, and aborts the process (SIGABRT) if one
/// does not answer in time. Time during which the whole process was suspended does not count. Costs
/// nothing while it is off.
class SelfWatchdog {
 public:
  struct Watched {
    std::string name;
    EventLoop& loop;
    std::function<void()> sign;  // called on the loop's thread; may take locks, to watch these too
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

  std::vector<Asked> asked_;  // the thread's alone
  Mutex mutex_;
  CondVar wake_;
  Milliseconds limit_ GUARDED_BY(mutex_){0};
  bool ending_ GUARDED_BY(mutex_) = false;
  Thread thread_;
};

}  // namespace zinit
