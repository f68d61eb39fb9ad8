// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Time zones, read from the system's files: they give the time on the wall clock at a moment.
//
// zinit does not use libc's time functions: they read the environment, keep one zone for the whole
// process behind a lock, and know one zone at a time, but each timer may have its own zone.
//
// A zone is a sequence of periods; in each the wall clock keeps the same offset from UTC. A file
// lists the periods up to some year; from then on a rule of two changes a year applies for ever. If
// the offset grows from one period to the next, there is a gap: wall clock times that never exist.
// If it shrinks, there is a fold: wall clock times that exist twice.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string_view>

#include "base/result.hpp"

namespace zinit {

/// A period in which a zone's clocks keep the same offset from UTC. Times are in seconds since
/// 1970, UTC.
struct ZonePeriod {
  /// The begin of the first period, and the end of the last.
  static constexpr std::int64_t kFirst = std::numeric_limits<std::int64_t>::min() / 2;
  static constexpr std::int64_t kLast = std::numeric_limits<std::int64_t>::max() / 2;

  // All other values lie in the years 0 to 9999.
  std::int64_t begin = kFirst;  ///< its first second
  std::int64_t end = kLast;     ///< the first second after it
  std::int64_t offset = 0;      ///< seconds to add to UTC, at most 26 hours either way
};

/// An immutable zone; copies share the data. Any thread may call each function.
class TimeZone {
 public:
  struct Data;

  /// Reads the zone `name`, such as "Europe/Berlin", from a TZif file of version 1 to 3 (RFC 8536)
  /// below `directory`. Blocks on the file. An error if the name is invalid (it has letters,
  /// digits, `+`, `-`, `_`, and single slashes between them), or if the file is missing or damaged,
  /// has more than 1 MB or 4096 changes, or counts leap seconds, which zinit's clock does not.
  [[nodiscard]] static Result<TimeZone> load(std::string_view name,
                                             std::string_view directory = "/usr/share/zoneinfo");

  /// The machine's current zone in /etc/localtime; UTC if there is no such file (localtime(5)).
  /// Blocks on the file. Errors as for load().
  [[nodiscard]] static Result<TimeZone> local();

  [[nodiscard]] static TimeZone utc() noexcept { return TimeZone{nullptr}; }

  /// A zone from the bytes of a TZif file. Errors as for load().
  [[nodiscard]] static Result<TimeZone> from_bytes(std::string_view bytes);

  /// The period that contains `utc`. After the times of the file a rule in the form of POSIX.1's TZ
  /// applies; after the year 9999 no clock changes any more.
  [[nodiscard]] ZonePeriod period_at(std::int64_t utc) const noexcept;

 private:
  explicit TimeZone(std::shared_ptr<const Data> data) noexcept : data_(std::move(data)) {}

  std::shared_ptr<const Data> data_;  // null: UTC
};

}  // namespace zinit
