// Time zones, read from the files of the system: what the clocks on the wall show at a time.
//
// The time functions of libc are not used: they read the environment, keep the zone in the memory
// of the whole process behind a lock, and know one zone at a time, where each timer may have one.
//
// A zone is a row of periods in each of which the wall clock keeps the same distance from UTC. A
// file lists those up to some year; from then on a rule of two changes a year holds for ever. Where
// the distance grows from one period to the next, there is a gap: wall clock times that never are.
// Where it shrinks, there is a fold: wall clock times that are twice.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string_view>

#include "base/result.hpp"

namespace zinit {

/// A stretch of time in which a zone's clocks keep the same distance from UTC. Times are in seconds
/// since 1970, UTC.
struct ZonePeriod {
  /// Of the first period of all, and of the end of the last one.
  static constexpr std::int64_t kFirst = std::numeric_limits<std::int64_t>::min() / 2;
  static constexpr std::int64_t kLast = std::numeric_limits<std::int64_t>::max() / 2;

  // Others than those lie in the years 0 to 9999.
  std::int64_t begin = kFirst;  ///< its first second
  std::int64_t end = kLast;     ///< the first second after it
  std::int64_t offset = 0;      ///< seconds to add to UTC, a day and two hours at most either way
};

/// An immutable zone; copies share what was read. Each function may be called by any thread.
class TimeZone {
 public:
  struct Data;

  /// Reads the zone `name`, such as "Europe/Berlin", from a TZif file of version 1 to 3 (RFC 8536)
  /// below `directory`. Blocks on the file. An error if the name is none (letters, digits, `+`,
  /// `-`, `_`, and single slashes between them), if there is no such file, or if it is damaged, has
  /// more than 1 MB, more than 4096 changes, or counts leap seconds, which zinit's clock does not.
  [[nodiscard]] static Result<TimeZone> load(std::string_view name,
                                             std::string_view directory = "/usr/share/zoneinfo");

  /// The machine's zone as /etc/localtime has it now; UTC if there is no such file (localtime(5)).
  /// Blocks on the file. Errors as for load().
  [[nodiscard]] static Result<TimeZone> local();

  [[nodiscard]] static TimeZone utc() noexcept { return TimeZone{nullptr}; }

  /// A zone of the bytes of a TZif file. An error if they are none, as for load().
  [[nodiscard]] static Result<TimeZone> from_bytes(std::string_view bytes);

  /// The period that holds `utc`. In its year the rule for the times after the file's is that of
  /// POSIX.1's TZ; after the year 9999 no clock changes any more.
  [[nodiscard]] ZonePeriod period_at(std::int64_t utc) const noexcept;

 private:
  explicit TimeZone(std::shared_ptr<const Data> data) noexcept : data_(std::move(data)) {}

  std::shared_ptr<const Data> data_;  // null: UTC
};

}  // namespace zinit
