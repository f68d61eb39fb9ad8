// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Quantities written as text: limits with a soft and a hard half, bytes with a unit, parts of
// processors.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.hpp"
#include "config/value.hpp"
#include "model/checks.hpp"

namespace zinit {

/// A value of [limits].
struct SoftAndHard {
  std::uint64_t soft;
  std::uint64_t hard;
};

/// An integer, "infinity", or "soft:hard" with two of these; nothing for another value. With a
/// unit, as for the limit of a time, each may also be a text for parse_duration(), in that unit.
/// Does not check range and order.
[[nodiscard]] std::optional<SoftAndHard> limit_of(const Value& value,
                                                  std::optional<Milliseconds> unit);

/// An integer, or "512M": an integer with K, M, G or T, powers of 1024; nothing for another value,
/// or for more than 2^63 - 1.
[[nodiscard]] std::optional<std::int64_t> bytes_of(const Value& value);

/// An integer of `unit`, or a text for parse_duration(), in `unit`; nothing for another value, or
/// if it is not a whole number of units.
[[nodiscard]] std::optional<std::int64_t> duration_of(const Value& value, Milliseconds unit);

/// "50%" of one processor, or "2.5" processors, in thousandths of one; nothing for another text,
/// for a finer fraction, or for more than kMaxThousandths.
[[nodiscard]] std::optional<std::int64_t> thousandths_of(std::string_view text);
inline constexpr std::int64_t kMaxThousandths = 8192 * 1000;

/// An HTTP code, or "200..299"; nothing for another value. Does not check range and order.
[[nodiscard]] std::optional<StatusRange> status_range_of(const Value& value);

}  // namespace zinit
