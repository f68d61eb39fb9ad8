// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Computes when a service's timer is due. See timer.hpp.
#include "activation/timer.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/format.hpp"
#include "base/text.hpp"
#include "schedule/calendar.hpp"
#include "schedule/cron.hpp"

namespace zinit {

namespace {

/// 2020-01-01: nobody sets a clock to an earlier time. A clock before it was never set.
constexpr std::int64_t kEarliestSet = std::int64_t{1577836800} * 1000000;

std::int64_t us_of(Milliseconds delay) noexcept {
  constexpr std::int64_t most = std::int64_t{1} << 60;
  return delay.count() > most / 1000 ? most : delay.count() * 1000;
}

/// Parses `texts`: appends the valid ones to `specs` and `good`, and the errors to `fault`.
template <class Spec>
void read(const std::vector<std::string>& texts, std::vector<Schedule>& specs,
          std::vector<std::string>& good, std::string& fault) {
  for (const std::string& text : texts) {
    auto spec = Spec::parse(text);
    if (!spec) {
      fault += (fault.empty() ? "" : "; ") + spec.error().text;
      continue;
    }
    specs.push_back(*std::move(spec));
    good.push_back(text);
  }
}

/// Parses exactly `N` whole numbers, separated by single blanks.
template <std::size_t N>
std::optional<std::array<std::int64_t, N>> parse_numbers(std::string_view text) {
  std::array<std::int64_t, N> numbers{};
  const auto parts = split(text, ' ');
  if (parts.size() != N) return std::nullopt;
  for (std::size_t i = 0; i < N; ++i) {
    const auto number = parse_integer(parts[i]);
    if (!number) return std::nullopt;
    numbers[i] = *number;
  }
  return numbers;
}

}  // namespace

ServiceTimer::ServiceTimer(const TimerSpec& spec, TimeZone local, TimePoint boot)
    : spec_(spec), local_(std::move(local)), boot_(boot) {
  read<CalendarSpec>(spec_.calendar, schedules_, texts_, fault_);
  read<CronSpec>(spec_.cron, schedules_, texts_, fault_);
  if (spec_.every) texts_.push_back(fmt::format("every_ms = {}", spec_.every->count()));
  if (spec_.on_boot) texts_.push_back(fmt::format("on_boot_ms = {}", spec_.on_boot->count()));
}

void ServiceTimer::go_on(const Stand& stand) {
  stand_ = stand;
  plan();
}

// The result lies between every_from and now, even if the wall clock was set meanwhile.
void ServiceTimer::started(std::int64_t start_us, Moment now) {
  if (!spec_.every || start_us == 0 || start_us == stand_.start_us) return;
  using std::chrono::microseconds;
  const auto most = std::chrono::duration_cast<microseconds>(now.at - stand_.every_from);
  const microseconds ago(std::max<std::int64_t>(now.wall_us - start_us, 0));
  stand_.start_us = start_us;
  stand_.every_from = now.at - std::min(ago, std::max(most, microseconds{0}));
  plan();
}

void ServiceTimer::begin(Moment now, Milliseconds delay) {
  stand_ = {};
  stand_.since_us = now.wall_us;
  stand_.every_from = now.at;
  stand_.delay = delay;
  plan();
}

void ServiceTimer::replace(const ServiceTimer& before) {
  const Stand& known = before.stand_;
  stand_.last_us = known.last_us;
  stand_.caught_up = known.caught_up;
  stand_.booted = known.booted && before.spec_.on_boot == spec_.on_boot;
  if (before.spec_.every) {
    stand_.every_from = known.every_from;
    stand_.start_us = known.start_us;
  }
  plan();
}

bool ServiceTimer::due(Moment now) const noexcept {
  return std::ranges::any_of(next_, [now](const Next& next) {
    return next.wall_us ? *next.wall_us <= now.wall_us : next.at <= now.at;
  });
}

void ServiceTimer::passed(Moment now, bool started, Milliseconds delay) {
  const auto over = [&](std::size_t from_end) {
    return next_[next_.size() - from_end].at <= now.at;
  };
  const bool boot_due = spec_.on_boot && over(1);
  const bool every_due = spec_.every && over(spec_.on_boot ? 2 : 1);
  stand_.booted = stand_.booted || boot_due;
  stand_.since_us = std::max(stand_.since_us, now.wall_us);
  stand_.not_before_us = 0;
  if (started)
    stand_.every_from = now.at;
  else if (every_due)
    skip_periods(now);
  stand_.delay = delay;
  stand_.caught_up = true;
  if (started) stand_.last_us = now.wall_us;
  plan();
}

void ServiceTimer::hold() {
  held_ = spec_.every.has_value();
  plan();
}

void ServiceTimer::release(Moment now) {
  if (!std::exchange(held_, false)) return;
  skip_periods(now);
  plan();
}

/// Advances every_from over each due time that has passed, as if it had started nothing.
void ServiceTimer::skip_periods(Moment now) noexcept {
  const TimePoint due = after(after(stand_.every_from, *spec_.every), stand_.delay);
  if (const auto period = due - stand_.every_from; due <= now.at)
    stand_.every_from += (now.at - stand_.every_from) / period * period;
}

void ServiceTimer::clock_set(std::int64_t wall_us) {
  const bool is_set = wall_us >= kEarliestSet;
  if (is_set && (stand_.since_us < kEarliestSet || stand_.since_us > wall_us))
    stand_.since_us = wall_us;
  put_off_missed(wall_us);
}

void ServiceTimer::catch_up(const std::optional<Stamp>& earlier, Moment now) {
  stand_.caught_up = true;
  if (!earlier) return;
  // If the clock is not set yet, do not clamp `earlier` to it.
  const std::int64_t latest = now.wall_us >= kEarliestSet ? now.wall_us : earlier->since_us;
  stand_.since_us =
      std::clamp<std::int64_t>(earlier->since_us, 0, std::max<std::int64_t>(latest, 0));
  stand_.last_us = std::clamp<std::int64_t>(earlier->last_us, 0, std::max<std::int64_t>(latest, 0));
  if (spec_.every) {
    const Milliseconds ago(std::max<std::int64_t>(now.wall_us - stand_.since_us, 0) / 1000);
    stand_.every_from = std::min(stand_.every_from, now.at - std::min(*spec_.every, ago));
  }
  put_off_missed(now.wall_us);
}

/// Delays missed starts by the random delay too: otherwise all the missed starts of a machine would
/// come at the same moment.
void ServiceTimer::put_off_missed(std::int64_t wall_us) {
  stand_.not_before_us = wall_us + us_of(stand_.delay);
  plan();
  const bool missed = std::ranges::any_of(
      next_, [&](const Next& next) { return next.wall_us == stand_.not_before_us; });
  if (!missed) stand_.not_before_us = 0;
}

void ServiceTimer::plan() {
  next_.clear();
  auto text = texts_.cbegin();
  const std::int64_t delay_us = us_of(stand_.delay);
  for (const Schedule& schedule : schedules_) {
    auto at = schedule.next_after(stand_.since_us, local_);
    if (at) at = std::max(*at + delay_us, stand_.not_before_us);
    next_.push_back({*text++, at, kNever});
  }
  const auto add = [&](TimePoint from, Milliseconds delay, bool over) {
    next_.push_back({*text++, {}, over ? kNever : after(after(from, delay), stand_.delay)});
  };
  if (spec_.every) add(stand_.every_from, *spec_.every, held_);
  if (spec_.on_boot) add(boot_, *spec_.on_boot, stand_.booted);
}

std::string stand_text(const ServiceTimer::Stand& stand) {
  std::string text =
      fmt::format("{} {} {} {} {} {:d} {} {:d}", stand.since_us, stand.not_before_us, stand.last_us,
                  stand.every_from.time_since_epoch().count(), stand.start_us, stand.booted,
                  stand.delay.count(), stand.caught_up);
  if (stand.owed) text += fmt::format(" {}", *stand.owed);
  return text;
}

std::optional<ServiceTimer::Stand> parse_stand(std::string_view text) {
  std::optional<std::int64_t> owed;
  if (const auto nine = parse_numbers<9>(text)) {
    owed = nine->back();
    text = text.substr(0, text.rfind(' '));
  }
  const auto numbers = parse_numbers<8>(text);
  if (!numbers) return std::nullopt;
  const auto& [since, not_before, last, from, start, booted, delay, caught_up] = *numbers;
  return ServiceTimer::Stand{since,
                             not_before,
                             last,
                             TimePoint(TimePoint::duration(from)),
                             start,
                             booted != 0,
                             Milliseconds(delay),
                             caught_up != 0,
                             owed};
}

std::string stamp_text(const ServiceTimer::Stand& stand) {
  return fmt::format("{} {}\n", stand.since_us, stand.last_us);
}

std::optional<ServiceTimer::Stamp> parse_stamp(std::string_view text) {
  const auto numbers = parse_numbers<2>(trim(text));
  if (!numbers) return std::nullopt;
  return ServiceTimer::Stamp{(*numbers)[0], (*numbers)[1]};
}

}  // namespace zinit
