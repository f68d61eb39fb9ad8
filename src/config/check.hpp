// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// `zinitctl check`: validates files and directories.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "config/diagnostic.hpp"
#include "config/modes.hpp"
#include "config/spec_reader.hpp"
#include "model/graph.hpp"

namespace zinit {

struct CheckResult {
  // First those of whole files and directories, then those in each file, in the order of reading
  // and by place. None is `unknown`. Each has a place; a whole file's is its beginning.
  std::vector<Diagnostic> diagnostics;
  std::size_t files = 0;  // number of files that were read
  GraphPtr graph{};       // of the services, for check_deep(); without the faults of their files
  std::set<std::string> around{};  // files that are in the graph, but were not to be checked
  // Of zinit.toml.
  std::string default_target{};
  Milliseconds shutdown_timeout{};

  [[nodiscard]] std::size_t errors() const;
  [[nodiscard]] std::size_t warnings() const { return diagnostics.size() - errors(); }
  /// 1 if there is an error, or with `strict` any diagnostic; otherwise 0.
  [[nodiscard]] int exit_code(bool strict = false) const;
};

/// Something that a service names and that does not exist.
struct Absence {
  std::string_view section, key;
  std::size_t index = 0;  // the element that names it, if the value is an array
  std::string text{};     // of the warning
};

/// Finds things that a service names and the machine lacks. Empty: no search.
using FindAbsences = std::function<std::vector<Absence>(const ServiceSpec& spec)>;
/// The same for a group: why it does not exist; empty if it does.
using FindGroup = std::function<std::string(const std::string& group)>;

/// The same text for each spelling of a path. A link as the last part is not followed, because two
/// links to one file are two services.
[[nodiscard]] std::string place_key(const std::string& path);

/// All faults of all files, and of the graph that they form together. Stricter than a boot: unknown
/// sections and keys are errors. A name without a service is a warning: the service may come later.
///
/// @param paths  files; directories of service files; or a directory like /etc/zinit, which holds
///               `system`, `services`, `targets`, zinit.toml. An unreadable path is an error.
///               A drop-in is checked with its service file, /etc/zinit with the vendor's files.
/// @param server  the places of a server. The [defaults] of its zinit.toml apply if none is among
///                the files. A single file is checked as if it were one of the server's files, and
///                so is a directory that the server reads: the names in all of them are known.
///                Nothing is reported about files that are not in `paths`. Empty: no server
/// @param absences  each missing thing becomes a warning.
[[nodiscard]] CheckResult check_paths(std::span<const std::string> paths, const Places& server = {},
                                      const FindAbsences& absences = {},
                                      const FindGroup& find_group = {});

/// The same for files that are not written yet. `texts` has their texts by path. Reads no file.
[[nodiscard]] CheckResult check_texts(const std::map<std::string, std::string>& texts);

/// The same for the places that a server reads.
[[nodiscard]] CheckResult check_places(const Places& places, const FindAbsences& absences = {},
                                       const FindGroup& find_group = {});

/// The report of check_places() if `changed` were installed with the text that `read` returns: all
/// faults of its own service, and new faults of other services. `instead_of` is the file that
/// `changed` replaces, if there is one.
[[nodiscard]] CheckResult check_change(const Places& places, const SourceFile& changed,
                                       const std::string& instead_of, const ReadText& read,
                                       const FindAbsences& absences = {});

}  // namespace zinit
