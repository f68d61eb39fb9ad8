// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Keys of a terminal: see keys.hpp.
#include "client/keys.hpp"

namespace zinit {

namespace {

constexpr char kEscapeByte = '\x1b';

// No terminal sends longer sequences for keys, so longer input is not a sequence.
constexpr std::size_t kLongestSequence = 32;

/// The length of the sequence at the start of `bytes`; 0 if it is not complete.
std::size_t sequence_length(std::string_view bytes) {
  if (bytes.size() < 2) return 0;
  if (bytes[1] == 'O') return bytes.size() < 3 ? 0 : 3;
  // Alt and a key, or Escape and soon after it another key.
  if (bytes[1] != '[') return bytes[1] == kEscapeByte ? 1 : 2;
  // The Linux console sends ESC [ [ A for F1.
  if (bytes.size() > 2 && bytes[2] == '[') return bytes.size() < 4 ? 0 : 4;
  for (std::size_t at = 2; at < kLongestSequence; ++at) {
    if (at == bytes.size()) return 0;
    if (bytes[at] >= 0x40 && bytes[at] <= 0x7e) return at + 1;
  }
  return kLongestSequence;
}

/// The key of a complete sequence; 0 if it has no number here.
int key_of(std::string_view sequence) {
  if (sequence.size() == 1) return kKeyEscape;
  if (sequence[1] == 'O' && sequence[2] == 'M') return kKeyEnter;  // on the keypad
  if (sequence[1] != 'O' && sequence[1] != '[') return 0;
  switch (sequence.back()) {
    case 'A': return kKeyUp;
    case 'B': return kKeyDown;
    case 'H': return kKeyHome;
    case 'F': return kKeyEnd;
    case '~': break;
    default: return 0;
  }
  switch (sequence[2]) {
    case '1':
    case '7': return sequence.size() == 4 ? kKeyHome : 0;
    case '4':
    case '8': return kKeyEnd;
    case '5': return kKeyPageUp;
    case '6': return kKeyPageDown;
    default: return 0;
  }
}

}  // namespace

std::optional<int> KeyReader::next() {
  while (!bytes_.empty()) {
    if (bytes_.front() != kEscapeByte) {
      const auto byte = static_cast<unsigned char>(bytes_.front());
      bytes_.erase(0, 1);
      if (byte == '\r') return kKeyEnter;
      if (byte == 0x7f || byte == '\b') return kKeyBackspace;
      return byte;
    }
    const std::size_t length = sequence_length(bytes_);
    if (length == 0) return std::nullopt;
    // F1 of the Linux console ends like an arrow key.
    const int key = length == 4 && bytes_[2] == '[' ? 0 : key_of(bytes_.substr(0, length));
    bytes_.erase(0, length);
    if (key != 0) return key;
  }
  return std::nullopt;
}

std::optional<int> KeyReader::close() {
  const bool alone = bytes_.size() == 1;
  bytes_.clear();
  return alone ? std::optional<int>(kKeyEscape) : std::nullopt;
}

}  // namespace zinit
