// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Reads directories of service files, and the global settings, into the input of the graph.
//
// Nothing here fails as a whole. A wrong file becomes a spec with `errors`, under the name that it
// has or would have, so `list` shows it and only its own service suffers. A directory that cannot
// be read is reported and left out. This is right at boot, but a reload must not treat its services
// as removed, so `incomplete` and `missing` report it too. A few threads with ordinary stacks parse
// the files; the result does not depend on their order.
//
// How files become specs:
//
//   1. load_config() reads zinit.toml, and lists each directory (listing.cpp): service files, the
//      vendor's files behind them, masks and drop-ins.
//   2. parse_listing() takes the templates out (templates.hpp), and parses the other files
//      (spec_reader.hpp): the layers of a file become one document, each section is read by the
//      table of keys (section_reader.hpp, keys.hpp), and keys are checked against one another
//      (contradictions.cpp).
//   3. It settles the names (settle_names()), finds the masked ones, and makes the instances of
//      templates that others depend on.
//   4. finish() turns diagnostics into texts in the specs. `zinitctl check` takes the same steps,
//      but keeps the diagnostics and reports the faults of the graph too (check.cpp).
//
// The result is immutable: each file becomes a ServiceSpec, all of them a Graph, and each reader
// holds a pointer to the graph that was in force when it asked. A reload reads on a thread of its
// own, so a slow file system delays nothing else. A value keeps its place (SourcePosition) with the
// file among the layers, so a fault that only the graph shows is reported where it was written.
//
// The rest of the room:
//   keys.hpp, key_types.cpp                 the table of keys
//   toml_reader.hpp, toml_scalar.hpp        TOML to a tree of values (value.hpp)
//   settings.hpp, options.hpp, modes.hpp    zinit.toml, command lines, places of files
//   environment.hpp                         variables of services
//   check.hpp, diagnostic.hpp               what `zinitctl check` shows
//   foreign_keys.hpp                        the words of other init systems
#pragma once

#include <map>
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
  bool system_class = false;  // services here have class `system` by default
  bool named = false;         // given by the operator: reported if it is missing
  std::string vendor{};       // its files count if `path` has no file of the name; empty: none
};

/// Additions of a server to its files.
struct LoadOptions {
  bool settings_named = false;            // given by the operator: reported if it is missing
  ConsoleMode console = ConsoleMode::no;  // see default_to_console()
  // The text of a service file for the command on the command line, which is the service `main`.
  // [defaults] and the drop-ins in main.toml.d apply to it as usual. Empty: no command.
  std::string command{};
  const GlobalSettings* settings = nullptr;  // used in place of the file; null: read the file
};

/// The name of the service for the command on the command line.
inline constexpr std::string_view kCommandName = "main";

struct LoadedConfig {
  // In load order with distinct names, including broken ones: first the command's; last the
  // instances of templates that others depend on.
  std::vector<SpecPtr> specs;
  // In load order with distinct names, including broken ones. A service may have the same name. A
  // file that cannot be read at all is in `specs`, because nobody knows what it describes.
  std::vector<ProxyPtr> proxies;
  TemplatesPtr templates;  // never null
  MaskedNames masked;      // hidden by a link to /dev/null, and provided nowhere else
  std::vector<std::string> masked_proxies;  // links to /dev/null that hide files of proxies
  std::vector<std::string> messages;  // whole lines about whole files, directories and settings
  // By path: the errors in `messages` about files that describe no service of their own, such as a
  // second file with the same name, except those about settings.
  std::map<std::string, std::vector<std::string>> refused;
  GlobalSettings settings;
  std::vector<std::string> settings_faults;  // those in `messages`, including unknown keys
  std::optional<Error> incomplete;           // what could not be read: `specs` is not complete
  std::vector<std::string> missing;          // directories that do not exist, except vendors'
};

/// Reads all of `directories` in their order, each in byte order of its file names, and the
/// settings. Messages about the contents of files are in the specs. Blocks on the file system;
/// throws only if memory runs out.
///
/// @param settings_file  may be missing; empty: none.
/// Call it on a thread with an ordinary stack that holds no lock.
[[nodiscard]] LoadedConfig load_config(std::span<const ConfigDirectory> directories,
                                       const std::string& settings_file,
                                       const LoadOptions& options = {});

}  // namespace zinit
