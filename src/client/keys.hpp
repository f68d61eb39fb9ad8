// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Keys of a terminal: turns the bytes that it sends (ECMA-48, with additions of xterm and the Linux
// console) into one number for each key.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace zinit {

/// A byte of text is a key with the byte's value. The other keys have larger numbers.
enum ScreenKey : int {
  kKeyEnter = '\n',
  kKeyUp = 0x100,
  kKeyDown,
  kKeyPageUp,
  kKeyPageDown,
  kKeyHome,
  kKeyEnd,
  kKeyEscape,
  kKeyBackspace,
};

class KeyReader {
 public:
  /// Takes input, which may begin and end within a sequence.
  void feed(std::string_view bytes) { bytes_ += bytes; }

  /// The next key; nothing if there is none, or if it may not be complete. Skips keys without a
  /// number here.
  [[nodiscard]] std::optional<int> next();

  /// Whether the input ends with Escape, or with the start of a sequence.
  [[nodiscard]] bool is_open() const noexcept { return !bytes_.empty(); }

  /// Called if nothing more has come for a while: returns the escape key, or drops a broken
  /// sequence.
  [[nodiscard]] std::optional<int> close();

 private:
  std::string bytes_;
};

}  // namespace zinit
