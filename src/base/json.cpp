// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Parsing JSON, compiled once and for speed.
#include "base/json.hpp"

#include "base/text.hpp"

namespace zinit {

// A list of 1,000 services has 180 KB. RapidJSON needs half the time for it if the text ends in NUL
// and the UTF-8 is checked separately. A NUL inside the text would end it too early.
tl::expected<JsonDocument, std::size_t> json_from(const std::string& text) {
  constexpr unsigned flags = kJsonParse & ~unsigned{rapidjson::kParseValidateEncodingFlag};
  JsonDocument document;
  document.Parse<flags>(text.c_str());
  if (document.HasParseError()) return tl::unexpected(document.GetErrorOffset());
  if (const std::size_t nul = text.find('\0'); nul != std::string::npos) return tl::unexpected(nul);
  if (!valid_utf8(text)) return tl::unexpected(text.size());
  return document;
}

}  // namespace zinit
