// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Turns a service file into a ServiceSpec: the text into a tree (toml_reader.hpp), each key by the
// table (keys.hpp), then checks between keys. A file with [proxy] becomes a ProxySpec
// (proxy_reader.hpp).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "config/diagnostic.hpp"
#include "config/settings.hpp"
#include "config/value.hpp"
#include "model/proxy_spec.hpp"
#include "model/spec.hpp"

namespace zinit {

/// The suffix of service files.
inline constexpr std::string_view kFileSuffix = ".toml";

class SectionReader;
struct Findings;

/// The size limit of a service file. A larger file is a mistake or malice.
inline constexpr std::size_t kMaxFileBytes = std::size_t{1} << 20;

/// The drop-ins of one file.
struct DropIns {
  std::vector<std::string> paths;  // in the order in which they apply
  std::vector<Diagnostic> found;   // faults of their folders
};

/// A service file to read.
struct SourceFile {
  std::string path;
  bool system_class = false;            // the default of `class` is `system`
  bool named = false;                   // given by the operator, not found in a directory
  std::vector<std::string> drop_ins{};  // paths, in the order in which they apply
  std::vector<Diagnostic> found{};      // faults of the folders of drop-ins
  bool vendors = false;                 // a vendor's file, which one in /etc/zinit may replace
  // The instance to make from the file, which is a template; and the link that makes the instance,
  // if there is one. Without such a template, `path` is the link itself.
  std::string instance{};
  std::string link{};
  std::vector<FileIdentity> identities{};  // noted by an earlier reading, if not empty
  std::map<std::string, DropIns> own{};    // for a template: drop-ins of single instances
};

/// Returns the text of a file: read_from_disk(), or the caller's own for a file not installed yet.
using ReadText = std::function<Result<std::string>(const std::string& path)>;
[[nodiscard]] Result<std::string> read_from_disk(const std::string& path);

/// One service or proxy after reading. Its faults are not text yet.
struct ParsedSpec {
  std::shared_ptr<ServiceSpec> spec;    // never null, and with a valid name
  std::shared_ptr<ProxySpec> proxy{};   // set for a proxy; `spec` then has only its name and files
  SourcePosition service_at{};          // of a proxy's key `service`
  std::vector<Diagnostic> diagnostics;  // by place
  SourcePosition name_at;               // of its `name` key, or else of its main section
  bool name_mangled = false;            // neither the file nor its stem gave a usable name
};

/// Reads the service or target that a document without a file describes. Never fails: faults,
/// including [proxy], are in `diagnostics`. Needs an ordinary stack; reads no file.
///
/// @param system_class  the default of `class` is `system`.
/// @param defaults      for keys that the document lacks.
/// @param file          the file that an earlier process image read, for the name; or empty.
[[nodiscard]] ParsedSpec spec_from_document(const Value& document, bool system_class = false,
                                            const ServiceDefaults& defaults = {},
                                            const std::string& file = {});

/// The same for a file with its drop-ins laid over it. Also reports faults of the files themselves.
/// The file's stem is the name of a service without a `name` key. A drop-in that has vanished since
/// it was listed is left out; any other fault of a drop-in is a fault of the service. A file with
/// [proxy] and neither [service] nor [target] is a proxy's, whatever its drop-ins have.
///
/// @param defaults  for keys that neither the file nor a drop-in has.
[[nodiscard]] ParsedSpec read_spec(const SourceFile& file, const ServiceDefaults& defaults = {},
                                   const ReadText& read = read_from_disk);

/// Stores the diagnostics as text in the spec's errors and warnings, and returns the spec. Call it
/// once, after all diagnostics are there.
[[nodiscard]] SpecPtr finish(const ParsedSpec& parsed);

/// The same for a proxy, which `parsed` must be.
[[nodiscard]] ProxyPtr finish_proxy(const ParsedSpec& parsed);

/// Gives `parsed` its name: from the key `name` of `section`, which `reader` has read into its
/// spec, or else from the file's stem. Reports a fault if both are invalid.
void settle_name(const Value& document, std::string_view section, const SectionReader& reader,
                 ParsedSpec& parsed, Findings& findings);

/// A file's name without its folder and without `.toml`.
[[nodiscard]] std::string_view stem_of(std::string_view path);

/// A name for a service whose file gives no valid one: `stem` with `_` for each character that is
/// not allowed, and extended or cut if needed.
[[nodiscard]] std::string usable_name(std::string_view stem);

}  // namespace zinit
