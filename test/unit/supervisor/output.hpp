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
  Result<OutputPipes> open_output(Slot) override {
    auto out = open_fd("/dev/null", O_WRONLY);
    auto err = open_fd("/dev/null", O_WRONLY);
    if (!out || !err) return Failure((out ? err : out).error());
    return OutputPipes{std::move(*out), std::move(*err)};
  }
  void configure(Slot, const SpecPtr&) override {}
  void forget(Slot) override {}
  void note(Slot, std::string_view) override {}
};

class NoChanges final : public ChangePort {
 public:
  void changed() noexcept override {}
};

/// No watcher: the test itself reports to the board what processes say.
class NoChecks final : public WatchPort {
 public:
  void watch(const CheckedProcessPtr& process) override EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    last_ = process;
  }
  void changed() noexcept override {}
  void drain(const CheckedProcess&) noexcept override {}
  void rested(Slot) noexcept override {}

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
