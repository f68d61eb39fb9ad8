// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Converts faults of configuration files to text and back.
#include "config/diagnostic.hpp"

#include <algorithm>
#include <tuple>

#include "base/format.hpp"
#include "base/sort.hpp"
#include "base/text.hpp"

namespace zinit {

namespace {

auto place(const Diagnostic& diagnostic) {
  return std::tuple(diagnostic.at.source, diagnostic.at.line, diagnostic.at.column);
}

/// Removes ":NUMBER" from the end of `text`; 0 if there is none.
int take_number(std::string_view& text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return 0;
  const auto number = parse_integer(text.substr(colon + 1));
  if (!number || *number < 1 || *number > 1 << 30) return 0;
  text = text.substr(0, colon);
  return static_cast<int>(*number);
}

/// Removes "SECTION.KEY: " from the start of `text`; empty if there is none.
std::string_view take_key(std::string_view& text) {
  const auto end = text.find_first_not_of("abcdefghijklmnopqrstuvwxyz_.");
  if (end == 0 || end == std::string_view::npos || text.substr(end, 2) != ": ") return {};
  const std::string_view key = text.substr(0, end);
  text.remove_prefix(end + 2);
  return key;
}

}  // namespace

bool Diagnostic::operator==(const Diagnostic& other) const {
  return place(*this) == place(other) &&
         std::tie(file, severity, key, text) ==
             std::tie(other.file, other.severity, other.key, other.text);
}

std::string to_text(const Diagnostic& diagnostic) {
  std::string line;
  if (!diagnostic.file.empty()) {
    line = fmt::format("{}:{}:{}: ", diagnostic.file, std::max(diagnostic.at.line, 1),
                       std::max(diagnostic.at.column, 1));
  }
  line += diagnostic.severity == Severity::error ? "error: " : "warning: ";
  if (!diagnostic.key.empty()) line += diagnostic.key + ": ";
  return printable(line + diagnostic.text);
}

std::string without_warning(std::string text) {
  constexpr std::string_view word = "warning: ";
  const auto at = text.find(word);
  // The message of a file has it after its place.
  const std::string_view before = std::string_view(text).substr(0, at);
  if (at != text.npos && (before.empty() || before.ends_with(": "))) text.erase(at, word.size());
  return text;
}

Diagnostic parse_diagnostic(std::string_view line) {
  constexpr std::string_view error = ": error: ", warning = ": warning: ";
  const auto at_error = line.find(error), at_warning = line.find(warning);
  const bool is_error = at_error < at_warning;
  std::string_view file = line.substr(0, std::min(at_error, at_warning));
  Diagnostic parsed;
  parsed.at.column = take_number(file);
  parsed.at.line = take_number(file);
  if (file.size() == line.size() || parsed.at.line == 0 || parsed.at.column == 0) {
    return {{}, {}, Severity::error, {}, std::string(line)};
  }
  std::string_view rest =
      line.substr(is_error ? at_error + error.size() : at_warning + warning.size());
  parsed.file = file;
  parsed.severity = is_error ? Severity::error : Severity::warning;
  parsed.key = take_key(rest);
  parsed.text = rest;
  return parsed;
}

void sort_by_place(std::vector<Diagnostic>& diagnostics) { sort_by(diagnostics, place); }

bool has_error(std::span<const Diagnostic> diagnostics, bool strict) {
  return std::any_of(diagnostics.begin(), diagnostics.end(), [&](const Diagnostic& diagnostic) {
    return diagnostic.severity == Severity::error ||
           (strict && diagnostic.severity == Severity::unknown);
  });
}

}  // namespace zinit
