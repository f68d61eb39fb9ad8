// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Points in time as people write them: `logs --since` and `shutdown TIME`.
#pragma once

#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"

namespace zinit {

/// `time_us`, microseconds since 1970, in the form of RFC 3339: "2026-03-29T03:00:00+02:00", with a
/// fraction only if it is not 0. `offset` is the zone's number of seconds ahead of UTC.
[[nodiscard]] std::string rfc3339_text(std::int64_t time_us, std::int64_t offset);

/// `90s`, `10m`, `2h` and `1d` mean that long before `now_us`. `HH:MM` and `HH:MM:SS` mean the last
/// time when the local clock showed this. `today`, `yesterday` and a date alone mean the start of
/// that day. Other texts must be a date and time of RFC 3339: seconds or their fraction may be
/// missing; the time zone too, which means local time; T may be a blank.
/// @return  microseconds since 1970; nothing if `text` has none of these forms
[[nodiscard]] std::optional<std::int64_t> parse_past_time(std::string_view text,
                                                          std::int64_t now_us);

/// The forms of a time, for an error message.
inline constexpr std::string_view kPastTimes =
    "90s, 10m, 2h or 1d (ago), today, yesterday, HH:MM[:SS], 2026-01-31, or 2026-01-31T12:34:56Z";

/// Reads "now", "+MINUTES", "+1h 30min" or "HH:MM" (the next time when the local clock shows this).
/// Returns microseconds since 1970, `now_us` for "now". The error shows the possible forms.
[[nodiscard]] Result<std::int64_t> shutdown_time(std::string_view text, std::int64_t now_us);

}  // namespace zinit
