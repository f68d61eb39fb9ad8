// Reads directories of service files, and the global settings, into what the graph is built from.
//
// Nothing here fails as a whole: a file that is wrong becomes a spec with `errors`, under the name that
// it has or would have, so that it is seen in `list` and harms only itself. Files are parsed by a few
// threads with ordinary stacks; the result is the same as if they had been read one after another.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostic.hpp"
#include "config/settings.hpp"
#include "model/spec.hpp"

namespace zinit {

/// No service file is larger: what is has been put there by mistake or malice.
inline constexpr std::size_t kMaxFileBytes = std::size_t{1} << 20;

struct ConfigDirectory {
  std::string path;
  bool system_class = false;  // services here are of class `system` unless they say otherwise
  bool named = false;         // by the operator: that it is missing is worth a message
};

struct LoadedConfig {
  std::vector<SpecPtr> specs;         // in load order, names distinct, broken ones among them
  std::vector<std::string> messages;  // whole lines about files and directories as such, and settings
  GlobalSettings settings;
};

/// Reads all of `directories`, in their order and within one by file name in byte order, and the
/// settings; messages within files are in the specs. Blocks on the file system; never throws but for
/// want of memory.
///
/// @param settings_file   may be missing, or empty for none.
/// @param settings_named  by the operator: that it is missing is told.
/// Any thread with an ordinary stack, no lock held.
[[nodiscard]] LoadedConfig load_config(std::span<const ConfigDirectory> directories,
                                       const std::string& settings_file,
                                       bool settings_named = false);

/// One service as it was read, with its faults not yet turned to text.
struct ParsedSpec {
  std::shared_ptr<ServiceSpec> spec;     // always there, with a name that it may have
  std::vector<Diagnostic> diagnostics;   // by place
  bool name_mangled = false;             // neither the file nor its stem gave a usable name
};

/// Reads the service or target that `text` describes. Never fails: faults are in `diagnostics`.
///
/// @param path          as messages name it; its stem is the name of a service that has none.
/// @param system_class  the default of `class` is `system`.
[[nodiscard]] ParsedSpec parse_spec(std::string_view text, const std::string& path,
                                    bool system_class = false);

/// The same for the file itself, with what can be wrong with a file.
[[nodiscard]] ParsedSpec read_spec(const std::string& path, bool system_class = false);

/// Gives the spec its errors and warnings as text and hands it over.
[[nodiscard]] SpecPtr finish(ParsedSpec&& parsed);

}  // namespace zinit
