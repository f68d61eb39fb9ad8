// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Scheduled shutdowns: see power_schedule.hpp.
#include "control/power_schedule.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"

namespace zinit {

namespace {

constexpr ev_tstamp kAgain = 1.;

}  // namespace

PowerSchedule::PowerSchedule(EventLoop& loop, const Board& board, Daemon& daemon)
    : loop_(loop.ev()), board_(board), daemon_(daemon) {
  ev_init(&watcher_, on_time);
  watcher_.data = this;
}

void PowerSchedule::stop() noexcept {
  ev_periodic_stop(loop_, &watcher_);
  entry_.reset();
}

void PowerSchedule::set(ScheduledPower entry) {
  stop();
  entry_ = std::move(entry);
  daemon_.keep_scheduled(entry_);
  ev_periodic_set(&watcher_, static_cast<double>(entry_->at_us) / 1e6, 0., nullptr);
  ev_periodic_start(loop_, &watcher_);
  const auto in_ms = std::max<std::int64_t>((entry_->at_us - wall_us()) / 1000, 0);
  log_warn("{} in {}{}{}{}{}", power_action_text(entry_->action), duration_text(in_ms),
           entry_->asker.empty() ? "" : ", requested by ", entry_->asker,
           entry_->message.empty() ? "" : ": ", entry_->message);
}

bool PowerSchedule::cancel() noexcept {
  const bool there = entry_.has_value();
  stop();
  if (there) catch_all("a scheduled shutdown", [this] { daemon_.keep_scheduled({}); });
  return there;
}

void PowerSchedule::on_time(struct ev_loop* /*loop*/, ev_periodic* watcher,
                            int /*events*/) noexcept {
  auto* self = static_cast<PowerSchedule*>(watcher->data);
  // Set for another attempt, in case memory runs out in this one; cancel() stops it.
  ev_periodic_set(watcher, ev_now(self->loop_) + kAgain, 0., nullptr);
  ev_periodic_start(self->loop_, watcher);
  catch_all("a scheduled shutdown", [self] {
    const ScheduledPower& entry = *self->entry_;  // there is one while the watcher is active
    if (!self->board_.shutting_down())
      self->daemon_.power(entry.action, entry.message,
                          entry.asker.empty() ? "a schedule" : "a schedule of " + entry.asker);
    self->cancel();
  });
}

}  // namespace zinit
