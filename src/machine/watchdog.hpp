// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Two watchdogs over zinit itself. The hardware's resets the machine unless zinit feeds it; zinit's
// own treats a stuck loop or lock as a crash (zinit.toml(5), "Global settings").
//
// The control loop feeds the machine's watchdog, so a loop that hangs lets the machine be reset.
// For zinit's own, a thread asks both loops for signs of life; the control loop's answer takes the
// board's lock. The thread subtracts the time by which it has overslept itself.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.hpp"
#include "io/loop.hpp"
#include "io/watcher.hpp"
#include "os/thread.hpp"
#include "state/kept_descriptors.hpp"

namespace zinit {

/// Feeds the watchdog open as `fd`; -1: no watchdog, which is not an error. @return errno, or 0
[[nodiscard]] int feed_watchdog(int fd) noexcept;

/// Feeds a hardware watchdog from the control loop: if the loop hangs, the watchdog resets the
/// machine. Any write feeds it; a `V` before the close disarms it, if the driver allows that (the
/// kernel's Documentation/watchdog/watchdog-api.rst). Control loop's thread only.
class MachineWatchdog {
 public:
  explicit MachineWatchdog(EventLoop& loop);

  /// After a re-execution, before set(): takes the device that the previous process image had open.
  void go_on(KeptFd device) noexcept { fd_ = std::move(device); }

  /// Feeds `device` from now on; if it is empty, disarms the previous one. If the device does not
  /// exist yet, because its driver is loaded later, tries again every 10 s. If the driver uses
  /// another timeout, the shorter one counts.
  void set(const std::string& device, Milliseconds timeout);

  /// Feeds the device now, if it is open. After the end of the control loop the caller must do so,
  /// and the watchdog resets a machine whose end hangs.
  void feed();
  /// Gives up the descriptor, armed; -1: not open.
  [[nodiscard]] int release() noexcept;

  /// For a machine that must not be reset: it halts, or its next init does not feed the watchdog.
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

/// Asks loops for a sign of life from its own thread, and aborts the process (SIGABRT) if a loop
/// does not answer in time. Time in which the whole process was suspended does not count. Costs
/// nothing while it is off.
class SelfWatchdog {
 public:
  struct Watched {
    std::string name;
    EventLoop& loop;
    std::function<void()> sign;  // called on the loop's thread; may take locks, to watch them too
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

  std::vector<Asked> asked_;  // used only by the thread
  Mutex mutex_;
  CondVar wake_;
  Milliseconds limit_ GUARDED_BY(mutex_){0};
  bool ending_ GUARDED_BY(mutex_) = false;
  Thread thread_;
};

}  // namespace zinit
