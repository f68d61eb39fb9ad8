// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Delays that double.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/time.hpp"

namespace zinit {

/// How long to wait before another try after a failure: kFirstMs, then twice as long after each
/// further failure, kMostMs at most.
template <std::int64_t kFirstMs, std::int64_t kMostMs>
class Backoff {
 public:
  /// After a failure: the delay.
  [[nodiscard]] Milliseconds next() noexcept {
    return delay_ = std::clamp(delay_ * 2, Milliseconds{kFirstMs}, Milliseconds{kMostMs});
  }
  /// After a success: the next delay is the first one.
  void reset() noexcept { delay_ = {}; }

  /// Whether there was a delay since the last success.
  [[nodiscard]] bool begun() const noexcept { return delay_ > Milliseconds{0}; }
  /// Whether the last delay was the longest one.
  [[nodiscard]] bool longest() const noexcept { return delay_ >= Milliseconds{kMostMs}; }

 private:
  Milliseconds delay_{0};
};

}  // namespace zinit
