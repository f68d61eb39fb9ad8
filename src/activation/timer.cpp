// When a service's timer is due. See timer.hpp.
#include "activation/timer.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/format.hpp"
#include "base/text.hpp"

namespace zinit {

namespace {

/// Nobody sets a clock to a time before this one, 2020-01-01: it was never set.
constexpr std::int64_t kEarliestSet = std::int64_t{1577836800} * 1000000;

std::int64_t us_of(Milliseconds delay) noexcept {
  constexpr std::int64_t most = std::int64_t{1} << 60;
  return delay.count() > most / 1000 ? most : delay.count() * 1000;
}

/// Appends what parses of `texts`.
template <class Spec>
void read(const std::vector<std::string>& texts, std::vector<Spec>& specs,
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

}  // namespace

ServiceTimer::ServiceTimer(const TimerSpec& spec, TimeZone local, TimePoint boot)
    : spec_(spec), local_(std::move(local)), boot_(boot) {
  read(spec_.calendar, calendars_, texts_, fault_);
  read(spec_.cron, crons_, texts_, fault_);
  if (spec_.every) texts_.push_back(fmt::format("every_ms = {}", spec_.every->count()));
  if (spec_.on_boot) texts_.push_back(fmt::format("on_boot_ms = {}", spec_.on_boot->count()));
}

void ServiceTimer::go_on(const Stand& stand, TimePoint last_start) {
  stand_ = stand;
  plan(last_start);
}

void ServiceTimer::begin(Moment now, Milliseconds delay) {
  stand_ = {};
  stand_.since_us = now.wall_us;
  stand_.every_from = now.at;
  stand_.delay = delay;
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
  stand_.since_us = now.wall_us;
  if (started || every_due) stand_.every_from = now.at;
  stand_.delay = delay;
  stand_.caught_up = true;
  if (started) stand_.last_us = now.wall_us;
  plan();
}

void ServiceTimer::clock_set(std::int64_t wall_us) {
  const bool was_unset = stand_.since_us < kEarliestSet && wall_us >= kEarliestSet;
  if (was_unset || stand_.since_us > wall_us) stand_.since_us = wall_us;
  plan();
}

void ServiceTimer::catch_up(std::int64_t last_us, Moment now) {
  stand_.caught_up = true;
  stand_.last_us = std::min(last_us, now.wall_us);
  stand_.since_us = stand_.last_us;
  const auto ago = std::chrono::microseconds(now.wall_us - stand_.last_us);
  stand_.every_from = std::min(stand_.every_from, now.at - ago);
  plan();
}

void ServiceTimer::plan(TimePoint last_start) {
  next_.clear();
  auto text = texts_.cbegin();
  const std::int64_t delay_us = us_of(stand_.delay);
  const auto add_wall = [&](const auto& specs) {
    for (const auto& spec : specs) {
      auto at = spec.next_after(stand_.since_us, local_);
      if (at) *at += delay_us;
      next_.push_back({*text++, at, kNever});
    }
  };
  add_wall(calendars_);
  add_wall(crons_);
  const auto add = [&](TimePoint from, Milliseconds delay, bool over) {
    next_.push_back({*text++, {}, over ? kNever : after(after(from, delay), stand_.delay)});
  };
  if (spec_.every) add(std::max(stand_.every_from, last_start), *spec_.every, false);
  if (spec_.on_boot) add(boot_, *spec_.on_boot, stand_.booted);
}

std::string stand_text(const ServiceTimer::Stand& stand) {
  return fmt::format("{} {} {} {:d} {} {:d}", stand.since_us, stand.last_us,
                     stand.every_from.time_since_epoch().count(), stand.booted, stand.delay.count(),
                     stand.caught_up);
}

std::optional<ServiceTimer::Stand> parse_stand(std::string_view text) {
  std::array<std::int64_t, 6> numbers{};
  const auto parts = split(text, ' ');
  if (parts.size() != numbers.size()) return std::nullopt;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const auto number = parse_integer(parts[i]);
    if (!number) return std::nullopt;
    numbers[i] = *number;
  }
  return ServiceTimer::Stand{numbers[0],
                             numbers[1],
                             TimePoint(TimePoint::duration(numbers[2])),
                             numbers[3] != 0,
                             Milliseconds(numbers[4]),
                             numbers[5] != 0};
}

}  // namespace zinit
