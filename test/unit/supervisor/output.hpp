// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The output and the watchers of services on a board under test.
#pragma once

#include "base/fd.hpp"
#include "base/mutex.hpp"
#include "supervisor/ports.hpp"
#include "supervisor/watch_port.hpp"
#include "support/test.hpp"

namespace zinit::test {

/// Output goes nowhere: the read ends are closed at once, as after the end of a log.
class NoOutput final : public OutputPort {
 public:
  Result<OutputPipes> open_output(Slot) override EXCLUDES(mutex_) {
    auto out = open_fd("/dev/null", O_WRONLY);
    auto err = open_fd("/dev/null", O_WRONLY);
    if (!out || !err) return Failure((out ? err : out).error());
    MutexLock lock(mutex_);
    last_ = std::make_shared<std::atomic<pid_t>>(0);
    return OutputPipes{std::move(*out), std::move(*err), last_};
  }
  void configure(Slot, const SpecPtr&) override {}
  void forget(Slot) override {}
  void note(Slot, std::string_view) override {}

  /// The pid of the last process; 0: it does not exist yet.
  pid_t last() EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return *last_;
  }

 private:
  Mutex mutex_;
  std::shared_ptr<std::atomic<pid_t>> last_ GUARDED_BY(mutex_) =
      std::make_shared<std::atomic<pid_t>>(0);
};

class NoChanges final : public ChangePort {
 public:
  /// Runs with the board's lock held, at its next change.
  void at_next(std::function<void()> act) {
    act_ = std::move(act);
    armed_ = true;
  }
  void changed() noexcept override {
    if (armed_.exchange(false)) act_();
  }

 private:
  std::function<void()> act_;
  std::atomic<bool> armed_{false};
};

/// No watcher: the test itself reports to the board what processes say.
class NoChecks final : public WatchPort {
 public:
  void watch(const CheckedProcessPtr& process) override EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    last_ = process;
  }
  /// What the watchers read at last from a process that has ended.
  std::function<void(const CheckedProcess&)> last_words = [](const CheckedProcess&) {};
  void drain(const CheckedProcess& process) noexcept override { last_words(process); }

  /// The process that began last; null: no process began.
  CheckedProcessPtr watched() EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return last_;
  }

 private:
  Mutex mutex_;
  CheckedProcessPtr last_ GUARDED_BY(mutex_);
};

}  // namespace zinit::test
