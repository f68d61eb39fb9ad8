// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The two clocks: monotonic for everything that waits, wall time only for what people read.
#pragma once

#include <chrono>
#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

namespace zinit {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
using Milliseconds = std::chrono::milliseconds;

/// No deadline.
inline constexpr TimePoint kNever = TimePoint::max();

/// A timer that fires more than this late shows that zinit did not run meanwhile: zinit or the
/// whole machine was suspended, stopped by a debugger, or had no processor time.
inline constexpr Milliseconds kWasSuspended{100};

/// How long zinit did not run before `now`, found by a wait that should have ended at `due`; zero:
/// zinit was not suspended.
[[nodiscard]] inline Milliseconds suspended_for(TimePoint due, TimePoint now) noexcept {
  const auto late = now <= due ? Milliseconds{0} : std::chrono::floor<Milliseconds>(now - due);
  return late > kWasSuspended ? late : Milliseconds{0};
}

/// A time limit that never ends, and the word for it.
inline constexpr Milliseconds kForever = Milliseconds::max();
inline constexpr std::string_view kInfinity = "infinity";

/// `from` + `delay`, or kNever if the sum would overflow: with kForever, or a long delay that was
/// doubled many times.
[[nodiscard]] TimePoint after(TimePoint from, Milliseconds delay) noexcept;

/// Microseconds since 1970 on the wall clock, as the control protocol gives times.
[[nodiscard]] std::int64_t wall_us() noexcept;

/// The local clock at `time_us`, microseconds since 1970; as people read it: "2026-01-31 12:34:56".
[[nodiscard]] std::tm local_time(std::int64_t time_us) noexcept;
[[nodiscard]] std::string date_time(std::int64_t time_us);

/// Whole milliseconds from `from` to `to`, 0 if `to` is earlier.
[[nodiscard]] std::int64_t ms_between(TimePoint from, TimePoint to) noexcept;

/// The time from now until `when`, as an argument of poll(2): milliseconds, rounded up so that a
/// wait of less than one is no busy loop. -1 for kNever; a time that no int holds is cut.
[[nodiscard]] int poll_ms(TimePoint when) noexcept;

/// A duration as people write it: numbers with units, added up, as "5s", "1.5 h" or "1h 30min".
/// Units are ms, s, min or m, h, d and w, or those of systemd.time(7) except months and years.
/// @return  whole milliseconds, rounded up, and at most 30,000 years; nothing if `text` is no such
///          duration
[[nodiscard]] std::optional<Milliseconds> parse_duration(std::string_view text);

/// "850 ms", "12.4 s", "3 min 20 s", "5 h 3 min", "4 d 2 h": a duration as people read it.
[[nodiscard]] std::string duration_text(std::int64_t ms);
/// The same for microseconds. A negative number counts as 0.
[[nodiscard]] std::string us_text(std::int64_t us);

/// The same for a time still to come, which is counted in seconds: "in 0.9 s", "in 3 min 20 s"; or
/// "now".
[[nodiscard]] std::string countdown_text(std::int64_t ms);

}  // namespace zinit
