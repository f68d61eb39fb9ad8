// One fault of a configuration file, and its one shape in text:
//
//   FILE:LINE:COLUMN: error: SECTION.KEY: what is wrong, what is allowed
//
// (zinit.toml(5), "What a wrong file does"). Editors and compilers' front ends understand it.
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
  std::string file;   // the path as it was read; empty for a document that is no file
  SourcePosition at;  // unknown (0): the file as such
  Severity severity = Severity::error;
  std::string key;  // SECTION.KEY, or SECTION; empty where the fault is not a key's
  std::string text;

  bool operator==(const Diagnostic& other) const;
};

/// The whole line. A fault of a file as such is placed at 1:1; a document that is no file has no
/// place. Control characters of foreign names and values are shown as \xNN.
[[nodiscard]] std::string to_text(const Diagnostic& diagnostic);

/// The reverse of to_text(), for messages that the graph made. What has not that shape becomes an
/// error without file and key.
[[nodiscard]] Diagnostic parse_diagnostic(std::string_view line);

/// By file of a service and place, keeping the order in which faults of one place were found.
void sort_by_place(std::vector<Diagnostic>& diagnostics);

/// Whether any is an error; with `strict` what is unknown counts as one.
[[nodiscard]] bool has_error(std::span<const Diagnostic> diagnostics, bool strict);

}  // namespace zinit
