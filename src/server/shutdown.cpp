// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The stopping phase of a shutdown.
#include "server/shutdown.hpp"

#include <algorithm>

#include "base/format.hpp"
#include "base/kill_point.hpp"
#include "base/text.hpp"
#include "server/manager.hpp"

namespace zinit {

namespace {

// A second request, and the approaching end of the time, cut every stop timeout to this.
constexpr Milliseconds kHurried{1000};

// The time after the end to send SIGKILL and reap. A process that remains cannot be killed, and
// zinit ignores it.
constexpr Milliseconds kLastWait{5000};

// The time between two logs of the services waited for, and the most names in one.
constexpr Milliseconds kBetweenReminders{5000};
constexpr std::size_t kMostReminded = 3;

}  // namespace

Shutdown::Shutdown(EventLoop& loop, Board& board, std::function<void()> begun,
                   std::function<void()> through)
    : board_(board),
      on_begun_(std::move(begun)),
      through_(std::move(through)),
      timer_(loop, [this] { on_timer(); }),
      reminder_(loop, [this] { remind(); }) {}

/// Logs through the board, so that the line follows those about the services that led to it. On a
/// lack of memory no line is logged.
template <class Text>
void Shutdown::tell(LogLevel level, Text text) noexcept {
  catch_all("shutdown",
            [&] { board_.log(level, fmt::format("{}: {}", power_action_text(kind_), text())); });
}

void Shutdown::begin(PowerAction kind, std::string_view why, Milliseconds limit, Count count) {
  if (begun_) return;
  begun_ = true;
  kind_ = kind;
  limit_ = limit;
  count_ = count;
  hurried_ = std::min(kHurried, limit / 2);
  until_ = after(Clock::now(), limit - hurried_);
  on_begun_();
  timer_.set_at(until_);  // first, because later steps may throw on a lack of memory
  reminder_.set(kBetweenReminders);
  tell_manager("STOPPING=1");
  tell(LogLevel::info, [&] {
    const bool over_it = kind == PowerAction::switch_root;
    return fmt::format(
        "{}; stopping all services{}, {}", why, over_it ? " that do not survive it" : "",
        limit == kForever ? "without a time limit" : duration_text(limit.count()) + " at most");
  });
  kill_point("shutdown.begun");
  board_.begin_shutdown(kind == PowerAction::switch_root);
  look();
}

std::optional<Shutdown::Stand> Shutdown::stand() const {
  if (!begun_) return std::nullopt;
  return Stand{kind_, until_, hurried_};
}

void Shutdown::go_on(const Stand& stand, Milliseconds limit, Count count) {
  begun_ = true;
  limit_ = limit;
  count_ = count;
  kind_ = stand.kind;
  until_ = stand.until;
  hurried_ = stand.hurried;
  timer_.set_at(until_);
  reminder_.set(kBetweenReminders);
}

void Shutdown::hurry(std::string_view why) {
  if (!begun_ || finished_) return;
  tell(LogLevel::warn, [&] {
    return fmt::format("{} again; the remaining services have {} to end", why,
                       duration_text(kHurried.count()));
  });
  board_.hurry_shutdown(kHurried);
}

void Shutdown::count_from_last_signal() {
  if (time_ != Time::left || count_ == Count::from_beginning) return;
  const TimePoint until = after(board_.last_stop_signal(), limit_ - hurried_);
  if (until <= until_) return;
  until_ = until;
  timer_.set_at(until_);
  on_begun_();
}

void Shutdown::look() {
  if (begun_ && !finished_) count_from_last_signal();
  if (begun_ && !finished_ && board_.all_down()) finish();
}

void Shutdown::remind() {
  reminder_.set(kBetweenReminders);
  tell(LogLevel::info, [this] {
    std::vector<std::string> left = board_.still_up();
    const std::size_t more = left.size() - std::min(left.size(), kMostReminded);
    left.resize(left.size() - more);
    for (std::string& name : left) {
      const auto report = board_.why(name);
      if (report && !report->reasons.empty())
        name += fmt::format(" ({})", report->reasons.front().detail);
    }
    return fmt::format("waiting for {}{}", join(left, ", "),
                       more == 0 ? "" : fmt::format(" and {} more", more));
  });
}

void Shutdown::on_timer() {
  const auto tell_left = [this](LogLevel level, std::string_view text) {
    tell(level, [&] { return fmt::format("{}: {}", text, join(board_.still_up(), ", ")); });
  };
  switch (time_) {
    case Time::left:
      time_ = Time::nearly_over;
      timer_.set(hurried_);
      tell_left(LogLevel::warn, "the time is nearly over; still up");
      return board_.hurry_shutdown(hurried_);
    case Time::nearly_over:
      time_ = Time::over;
      timer_.set(kLastWait);
      tell_left(LogLevel::warn, "the time is over; killing");
      return board_.hurry_shutdown(Milliseconds{0});
    case Time::over:
      tell_left(LogLevel::error, "continuing although these cannot be killed");
      return finish();
  }
}

void Shutdown::finish() {
  kill_point("shutdown.through");
  finished_ = true;
  timer_.stop();
  reminder_.stop();
  through_();
}

}  // namespace zinit
