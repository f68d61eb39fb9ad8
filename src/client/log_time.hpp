// Points in time as people name them: `logs --since`.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace zinit {

/// `90s`, `10m`, `2h` and `1d` are so long before `now_us`; `HH:MM` and `HH:MM:SS` the last time
/// that a clock showed that; a date and time as RFC 3339 has them, where the time zone may be left
/// out for the local one, the seconds' fraction or the seconds too, and the T may be a blank.
/// @return  microseconds since 1970, nothing for what is none of these.
[[nodiscard]] std::optional<std::int64_t> parse_past_time(std::string_view text,
                                                          std::int64_t now_us);

/// What it takes, for an error.
inline constexpr std::string_view kPastTimes =
    "90s, 10m, 2h or 1d (ago), HH:MM[:SS], or a time such as 2026-01-31T12:34:56Z";

}  // namespace zinit
