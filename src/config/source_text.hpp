// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Prepares the text of a file for the parser: refuses bytes that no TOML file may contain, so that
// the parser gets only valid UTF-8 with LF line ends.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "model/spec.hpp"

namespace zinit {

/// A fault of a document, and its place.
struct TomlFault {
  SourcePosition at;
  std::string text;
  std::string key{};  // SECTION.KEY of a double definition
};

/// Converts offsets to lines and columns. Columns count characters, not bytes, as editors do.
class PlaceFinder {
 public:
  /// For `source` see SourcePosition.
  explicit PlaceFinder(std::string_view text, std::uint32_t source = 0)
      : text_(text), here_{1, 1, source} {}

  /// With ascending offsets, all calls together cost one pass over the text. A line may be 1 MiB
  /// long and hold 100,000 values.
  [[nodiscard]] SourcePosition at(std::size_t offset);

 private:
  std::string_view text_;
  std::size_t offset_ = 0;
  SourcePosition here_;
};

/// `raw` without a byte-order mark and with LF at the end of each line; or the place of a byte that
/// is not UTF-8, or of a control character that TOML forbids everywhere (toml.io, v1.0.0, "Spec"
/// and "Comment").
[[nodiscard]] tl::expected<std::string, TomlFault> clean_source(std::string_view raw,
                                                                std::uint32_t source = 0);

}  // namespace zinit
