// Reads directories of service files, and the global settings, into what the graph is built from.
//
// Nothing here fails as a whole: a file that is wrong becomes a spec with `errors`, under the name
// that it has or would have, so that it is seen in `list` and harms only itself. A directory that
// cannot be read is told and left out, which is well at boot; a reload must not take what it holds
// for removed, so that is told in `incomplete` and `missing` as well. Files are parsed by a few
// threads with ordinary stacks; the result is the same as if they had been read one after another.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/settings.hpp"
#include "model/graph.hpp"

namespace zinit {

struct ConfigDirectory {
  std::string path;
  bool system_class = false;  // services here are of class `system` unless they say otherwise
  bool named = false;         // by the operator: that it is missing is worth a message
  std::string vendor{};       // whose files stand where `path` has none of the name; empty: none
};

struct LoadedConfig {
  std::vector<SpecPtr> specs;         // in load order, names distinct, broken ones among them
  MaskedNames masked;                 // what a link to /dev/null hides, and nothing else provides
  std::vector<std::string> messages;  // whole lines on files and directories as such, and settings
  GlobalSettings settings;
  std::optional<Error> incomplete;    // what could not be read: `specs` are not all there are
  std::vector<std::string> missing;   // directories that are not there, the vendor's left out
};

/// Reads all of `directories`, in their order and within one by file name in byte order, and the
/// settings; messages within files are in the specs. Blocks on the file system; never throws but
/// for want of memory.
///
/// @param settings_file   may be missing, or empty for none.
/// @param settings_named  by the operator: that it is missing is told.
/// Any thread with an ordinary stack, no lock held.
[[nodiscard]] LoadedConfig load_config(std::span<const ConfigDirectory> directories,
                                       const std::string& settings_file,
                                       bool settings_named = false);

}  // namespace zinit
