// Clock arithmetic that cannot overflow, and durations in words.
#include "base/time.hpp"

#include <algorithm>

#include "base/format.hpp"

namespace zinit {

TimePoint after(TimePoint from, Milliseconds delay) noexcept {
  const TimePoint late = std::max(from, TimePoint{});  // what is before that has room enough
  if (delay >= std::chrono::duration_cast<Milliseconds>(kNever - late)) return kNever;
  return from + delay;
}

std::int64_t wall_us() noexcept {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

std::int64_t ms_between(TimePoint from, TimePoint to) noexcept {
  if (to <= from) return 0;
  return std::chrono::duration_cast<Milliseconds>(to - from).count();
}

std::string duration_text(std::int64_t ms) {
  constexpr std::int64_t second = 1000, minute = 60 * second, hour = 60 * minute, day = 24 * hour;
  if (ms < second) return fmt::format("{} ms", ms);
  if (ms < minute) return fmt::format("{:.1f} s", static_cast<double>(ms / 100) / 10);
  if (ms < hour) return fmt::format("{} min {} s", ms / minute, ms % minute / second);
  if (ms < day) return fmt::format("{} h {} min", ms / hour, ms % hour / minute);
  return fmt::format("{} d {} h", ms / day, ms % day / hour);
}

std::string seconds_text(std::int64_t ms) {
  return ms < 1000 ? fmt::format("0.{} s", ms / 100) : duration_text(ms);
}

}  // namespace zinit
