// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A fault of a configuration file, and its format as text:
//
//   FILE:LINE:COLUMN: error: SECTION.KEY: what is wrong, what is allowed
//
// (zinit.toml(5), "What a wrong file does"). Editors and compiler front ends understand this form.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/spec.hpp"

namespace zinit {

enum class Severity : std::uint8_t {
  error,
  warning,
  // An unknown section or key: a warning at boot and reload, an error for check and service.set.
  unknown,
};

struct Diagnostic {
  std::string file;   // the path that was read; empty for a document without a file
  SourcePosition at;  // unknown (0): the whole file
  Severity severity = Severity::error;
  std::string key;  // SECTION.KEY, or SECTION; empty if the fault concerns no key
  std::string text;

  bool operator==(const Diagnostic& other) const;
};

/// The whole line. A fault of a whole file has the place 1:1; a document without a file has no
/// place. Control characters are shown as \xNN.
[[nodiscard]] std::string to_text(const Diagnostic& diagnostic);

/// The text of a warning without that word, for a line that says it already.
[[nodiscard]] std::string without_warning(std::string text);

/// The reverse of to_text(), for messages of the graph. Any other text becomes an error without
/// file and key.
[[nodiscard]] Diagnostic parse_diagnostic(std::string_view line);

/// Sorts by file of the service, then by place. Faults of one place keep their order.
void sort_by_place(std::vector<Diagnostic>& diagnostics);

/// Whether there is an error. With `strict`, `unknown` counts as an error.
[[nodiscard]] bool has_error(std::span<const Diagnostic> diagnostics, bool strict);

}  // namespace zinit
