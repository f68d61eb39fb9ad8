// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Splits a stream of bytes into lines, and long lines into pieces. Has no lock.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/function_ref.hpp"

namespace zinit {

/// A line without its newline; with `continues` a piece, after which the line continues.
struct SplitLine {
  std::string_view text;
  bool continues = false;
};

class LineSplitter {
 public:
  using Emit = FunctionRef<void(const SplitLine& line)>;

  LineSplitter() = default;
  /// Continues where another splitter stopped, which held `held`.
  explicit LineSplitter(std::string held) : held_(std::move(held)) {}
  /// The beginning of a line whose end has not arrived yet.
  [[nodiscard]] const std::string& held() const noexcept { return held_; }

  /// Takes the next bytes of the stream, and emits everything complete: lines, and pieces of
  /// `piece` bytes (> 0) of longer lines, or up to three bytes less to end with a whole character.
  /// Holds the rest until more arrives. A line of exactly `piece` bytes is one line, not a piece
  /// and an empty line.
  ///
  /// @param joined  the caller's buffer for a line that began in an earlier call
  /// The emitted texts point into `data` and `joined`, and are valid while these are unchanged.
  void feed(std::string_view data, std::size_t piece, std::string& joined, Emit emit);

 private:
  [[nodiscard]] std::string_view join(std::string_view rest, std::size_t piece, std::string& joined,
                                      Emit emit);

  std::string held_;  // the beginning of a line; takes no memory while empty
};

}  // namespace zinit
