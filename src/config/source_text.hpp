// The text of a file before it is parsed: what no TOML file may hold is found here, so that the
// parser meets nothing but UTF-8 in lines.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "model/spec.hpp"

namespace zinit {

/// What is wrong with a document, and where.
struct TomlFault {
  SourcePosition at;
  std::string text;
  std::string key{};  // SECTION.KEY of what is there twice
};

/// Tells lines and columns of offsets. Columns count characters, not bytes, as editors do.
class PlaceFinder {
 public:
  /// `source` as SourcePosition has it.
  explicit PlaceFinder(std::string_view text, std::uint32_t source = 0)
      : text_(text), here_{1, 1, source} {}

  /// Asked in ascending order, all places of a text cost one pass over it: a line may be 1 MiB long
  /// and hold 100,000 values.
  [[nodiscard]] SourcePosition at(std::size_t offset);

 private:
  std::string_view text_;
  std::size_t offset_ = 0;
  SourcePosition here_;
};

/// `raw` without a byte-order mark and with LF at the end of each line; or where it holds what is
/// not UTF-8, or a control character that TOML forbids everywhere (toml.io, v1.0.0, "Spec" and
/// "Comment").
[[nodiscard]] tl::expected<std::string, TomlFault> clean_source(std::string_view raw,
                                                                std::uint32_t source = 0);

}  // namespace zinit
