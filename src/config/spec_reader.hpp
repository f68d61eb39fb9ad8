// One service file becomes one ServiceSpec: text to tree (toml_reader.hpp), each key by the table
// (keys.hpp), then what keys say of one another.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "config/diagnostic.hpp"
#include "config/settings.hpp"
#include "config/value.hpp"
#include "model/spec.hpp"

namespace zinit {

/// No service file is larger: what is has been put there by mistake or malice.
inline constexpr std::size_t kMaxFileBytes = std::size_t{1} << 20;

/// A service file that is to be read.
struct SourceFile {
  std::string path;
  bool system_class = false;            // the default of `class` is `system`
  bool named = false;                   // by the operator, rather than found
  std::vector<std::string> drop_ins{};  // paths of what is laid over it, in that order
  std::vector<Diagnostic> found{};      // what is wrong with the places of drop-ins
};

/// What a file says: read_from_disk(), or for a file that is not in its place yet one's own.
using ReadText = std::function<Result<std::string>(const std::string& path)>;
[[nodiscard]] Result<std::string> read_from_disk(const std::string& path);

/// One service as it was read, with its faults not yet turned to text.
struct ParsedSpec {
  std::shared_ptr<ServiceSpec> spec;    // always there, with a name that a service may have
  std::vector<Diagnostic> diagnostics;  // by place
  SourcePosition name_at;               // of what names it: its key, else its section
  bool name_mangled = false;            // neither the file nor its stem gave a usable name
};

/// Reads the service or target that `text` describes. Never fails: faults are in `diagnostics`.
/// Needs an ordinary stack, and touches nothing but its arguments.
///
/// @param path          as messages name it; its stem names a service that does not name itself.
/// @param system_class  the default of `class` is `system`.
[[nodiscard]] ParsedSpec parse_spec(std::string_view text, const std::string& path,
                                    bool system_class = false);

/// The same for a document that is a tree already, and no file's.
///
/// @param system_class  the default of `class` is `system`.
/// @param defaults      of the keys that it does not have.
[[nodiscard]] ParsedSpec spec_from_document(const Value& document, bool system_class = false,
                                            const ServiceDefaults& defaults = {});

/// The same for a file itself with its drop-ins laid over it, and with what can be wrong with
/// files. A drop-in that has gone since it was found is left out; any other fault of one is the
/// service's.
///
/// @param defaults  of the keys that neither the file nor a drop-in has.
[[nodiscard]] ParsedSpec read_spec(const SourceFile& file, const ServiceDefaults& defaults = {},
                                   const ReadText& read = read_from_disk);

/// The spec, with the diagnostics as the text of its errors and warnings. Once, when all are there.
[[nodiscard]] SpecPtr finish(const ParsedSpec& parsed);

/// A file's name without its folder and without `.toml`.
[[nodiscard]] std::string_view stem_of(std::string_view path);

/// A name for a service whose file gives none that may be used: `stem` with `_` for each character
/// that a name may not have, made longer or shorter where that is not enough.
[[nodiscard]] std::string usable_name(std::string_view stem);

}  // namespace zinit
