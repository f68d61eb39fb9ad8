// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Finds places in a text, and checks and cleans it before it is parsed.
#include "config/source_text.hpp"

#include "base/format.hpp"
#include "base/text.hpp"

namespace zinit {

namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

bool forbidden(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t' && c != '\n') || byte == 0x7F;
}

std::string unix_lines(std::string_view raw) {
  std::string text;
  text.reserve(raw.size());
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const bool line_end = raw[i] == '\r' && i + 1 < raw.size() && raw[i + 1] == '\n';
    if (!line_end) text += raw[i];
  }
  return text;
}

}  // namespace

SourcePosition PlaceFinder::at(std::size_t offset) {
  if (offset < offset_) *this = PlaceFinder(text_, here_.source);
  for (; offset_ < offset && offset_ < text_.size(); ++offset_) {
    if (text_[offset_] == '\n') {
      here_ = {here_.line + 1, 1, here_.source};
    } else if (!continues_character(text_[offset_])) {
      ++here_.column;
    }
  }
  return here_;
}

tl::expected<std::string, TomlFault> clean_source(std::string_view raw, std::uint32_t source) {
  if (raw.substr(0, kByteOrderMark.size()) == kByteOrderMark) {
    raw.remove_prefix(kByteOrderMark.size());
  }
  std::string text = unix_lines(raw);
  const auto fault = [&](std::size_t offset, std::string what) {
    return tl::unexpected(TomlFault{PlaceFinder(text, source).at(offset), std::move(what)});
  };
  if (const std::size_t at = valid_length(text); at < text.size()) {
    return fault(at, fmt::format("byte 0x{:02x} is not UTF-8, which a TOML file must be",
                                 static_cast<unsigned char>(text[at])));
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!forbidden(text[i])) continue;
    const auto byte = static_cast<unsigned char>(text[i]);
    return fault(i, byte == 0
                        ? "control character 0x00, which is not allowed"
                        : fmt::format("control character 0x{:02x}, must be written as \\u{:04x}",
                                      byte, byte));
  }
  return text;
}

}  // namespace zinit
