// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The checksum, eight bytes at a time.
#include "base/checksum.hpp"

#include <cstring>

namespace zinit {

// Each step is a bijection of the sum, so a change within one word always changes the checksum.
// Four independent sums can be computed in parallel: a store spends most of its time here.
std::uint64_t checksum_of(const std::byte* block, std::size_t size) noexcept {
  constexpr std::size_t step = sizeof(std::uint64_t);
  const auto with = [](std::uint64_t sum, std::uint64_t word) {
    sum = (sum ^ word) * 0x9e3779b97f4a7c15;
    return sum ^ sum >> 29;
  };
  const auto with_word = [&](std::uint64_t sum, std::size_t at) {
    std::uint64_t word;
    std::memcpy(&word, block + at, step);
    return with(sum, word);
  };
  std::uint64_t a = 0x2545f4914f6cdd1d ^ size, b = a, c = a, d = a;
  std::size_t at = step;
  for (; at + 4 * step <= size; at += 4 * step) {
    a = with_word(a, at);
    b = with_word(b, at + step);
    c = with_word(c, at + 2 * step);
    d = with_word(d, at + 3 * step);
  }
  for (; at + step <= size; at += step) a = with_word(a, at);
  return with(with(with(a, b), c), d);
}

}  // namespace zinit
