// Reads directories of service files, and the global settings, into what the graph is built from.
//
// Nothing here fails as a whole. A wrong file becomes a spec with `errors`, under the name that it
// has or would have, so it is shown by `list` and harms only its own service. A directory that
// cannot be read is reported and left out. That is right at boot, but a reload must not take its
// services for removed, so `incomplete` and `missing` report it too. Files are parsed by a few
// threads with ordinary stacks; the result is the same as if they had been read one after another.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/settings.hpp"
#include "config/templates.hpp"
#include "model/graph.hpp"
#include "model/proxy_spec.hpp"

namespace zinit {

struct ConfigDirectory {
  std::string path;
  bool system_class = false;  // services here are of class `system` unless they say otherwise
  bool named = false;         // given by the operator: it is reported if it is missing
  std::string vendor{};       // its files count if `path` has none of the name; empty: none
};

/// What a server adds to its files.
struct LoadOptions {
  bool settings_named = false;            // the operator gave it: it is reported if it is missing
  ConsoleMode console = ConsoleMode::no;  // see default_to_console()
  // The text of a service file for the command on the command line, which is the service `main`.
  // [defaults] and the drop-ins in main.toml.d hold for it as for any other. Empty: no command.
  std::string command{};
  const GlobalSettings* settings = nullptr;  // in place of the file; null: that is read
};

/// The name of the service that the command on the command line is.
inline constexpr std::string_view kCommandName = "main";

struct LoadedConfig {
  // In load order, names distinct, broken ones among them: first the command's; last the instances
  // of templates that others depend on.
  std::vector<SpecPtr> specs;
  // In load order, broken ones among them. Names are distinct, but a service may have the same. A
  // file that cannot be read at all is among `specs`, for nobody knows what it describes.
  std::vector<ProxyPtr> proxies;
  TemplatesPtr templates;             // never null
  MaskedNames masked;                 // what a link to /dev/null hides, and nothing else provides
  std::vector<std::string> messages;  // whole lines about whole files, directories and settings
  GlobalSettings settings;
  std::vector<std::string> settings_faults;  // of `messages`: unknown keys too
  std::optional<Error> incomplete;           // what could not be read: `specs` is not complete
  std::vector<std::string> missing;          // directories that do not exist, except vendors'
};

/// Reads all of `directories` in their order, each in byte order of its file names, and the
/// settings. Messages about what files contain are in the specs. Blocks on the file system; throws
/// only if memory runs out.
///
/// @param settings_file  may be missing, or empty for none.
/// To be called by a thread with an ordinary stack that holds no lock.
[[nodiscard]] LoadedConfig load_config(std::span<const ConfigDirectory> directories,
                                       const std::string& settings_file,
                                       const LoadOptions& options = {});

}  // namespace zinit
