// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Removes services that have ended and that nobody wants any more, many at a time. First, clients
// that waited for the ends of these services get their answers, with the status.
//
// Call everything here on the control loop's thread.
#pragma once

#include <functional>
#include <utility>

#include "io/watcher.hpp"

namespace zinit {

class LaterRemoval {
 public:
  /// The loop outlives this. `answers_due` returns whether clients may still wait for a report of
  /// the last change.
  LaterRemoval(EventLoop& loop, std::function<bool()> answers_due, std::function<void()> remove)
      : answers_due_(std::move(answers_due)),
        remove_(std::move(remove)),
        timer_(loop, [this] { on_time(); }) {}

  /// Makes the timer call `remove` soon, once.
  void ask() noexcept {
    if (!timer_.active()) timer_.set(kSoon);
  }

 private:
  static constexpr Milliseconds kSoon{1};
  static constexpr int kMostPutOff = 100;  // because there may always be a client to answer

  void on_time() {
    if (answers_due_() && ++put_off_ < kMostPutOff) return timer_.set(kSoon);
    put_off_ = 0;
    remove_();
  }

  const std::function<bool()> answers_due_;
  const std::function<void()> remove_;
  int put_off_ = 0;
  TimerWatcher timer_;
};

}  // namespace zinit
