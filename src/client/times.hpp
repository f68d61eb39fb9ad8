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

/// `time_us`, microseconds since 1970, as RFC 3339 has it: "2026-03-29T03:00:00+02:00", with a
/// fraction only where there is one. `offset` is how many seconds clocks there are ahead of UTC.
[[nodiscard]] std::string rfc3339_text(std::int64_t time_us, std::int64_t offset);

/// `90s`, `10m`, `2h` and `1d` mean so long before `now_us`. `HH:MM` and `HH:MM:SS` are the last
/// time that the local clock showed that. `today`, `yesterday` and a date alone mean the beginning
/// of that day. Otherwise it is a date and time as in RFC 3339; the seconds, or their fraction, may
/// be left out, and the time zone, if it is the local one; T may be a blank.
/// @return  microseconds since 1970; nothing if `text` is none of these.
[[nodiscard]] std::optional<std::int64_t> parse_past_time(std::string_view text,
                                                          std::int64_t now_us);

/// The forms of a time, for an error message.
inline constexpr std::string_view kPastTimes =
    "90s, 10m, 2h or 1d (ago), today, yesterday, HH:MM[:SS], 2026-01-31, or 2026-01-31T12:34:56Z";

/// Reads "now", "+MINUTES" or "HH:MM" (the next time that the local clock shows that). Returns
/// microseconds since 1970, `now_us` for "now". The error says what a time looks like.
[[nodiscard]] Result<std::int64_t> shutdown_time(std::string_view text, std::int64_t now_us);

}  // namespace zinit
