// Quantities that are written as text: limits with a soft and a hard half.
#pragma once

#include <cstdint>
#include <optional>

#include "config/value.hpp"

namespace zinit {

/// A value of [limits].
struct SoftAndHard {
  std::uint64_t soft;
  std::uint64_t hard;
};

/// An integer, "unlimited", or "soft:hard" where each half is one of the two; nothing where it is
/// none of these. Whether it is in range and in order is not looked at.
[[nodiscard]] std::optional<SoftAndHard> limit_of(const Value& value);

}  // namespace zinit
