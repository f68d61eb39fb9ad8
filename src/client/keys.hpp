// Keys of a terminal: what it sends for them (ECMA-48, and what xterm and the Linux console have
// added), made into one number each.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace zinit {

/// A byte of text is a key of that number; the others are above them.
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
  /// Takes what was read, which may begin and end within a sequence.
  void feed(std::string_view bytes) { bytes_ += bytes; }

  /// The next key; nothing if there is none, or if more of it may be to come. Keys that have no
  /// number here are passed over.
  [[nodiscard]] std::optional<int> next();

  /// Whether something has come that may be the beginning of a sequence, or the escape key.
  [[nodiscard]] bool is_open() const noexcept { return !bytes_.empty(); }

  /// Nothing more has come for a while: the escape key was meant, or the sequence is broken and
  /// dropped.
  [[nodiscard]] std::optional<int> close();

 private:
  std::string bytes_;
};

}  // namespace zinit
