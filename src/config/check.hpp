// `zinitctl check`: validates files and directories.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "config/diagnostic.hpp"
#include "config/modes.hpp"
#include "config/spec_reader.hpp"

namespace zinit {

struct CheckResult {
  // First those about whole files and directories, then those in each file, in the order of reading
  // and by place. None is `unknown`, and each has a place; for a whole file, its beginning.
  std::vector<Diagnostic> diagnostics;
  std::size_t files = 0;  // how many were read

  [[nodiscard]] std::size_t errors() const;
  [[nodiscard]] std::size_t warnings() const { return diagnostics.size() - errors(); }
  /// 1 if any diagnostic is an error, or with `strict` if there is any; else 0.
  [[nodiscard]] int exit_code(bool strict = false) const;
};

/// Something that a service names and that is not there.
struct Absence {
  std::string_view section, key;
  std::size_t index = 0;  // of the element that names it, if the value is an array
  std::string text{};     // of the warning
};

/// Finds what a service names and the machine does not have. Empty: nobody looks.
using FindAbsences = std::function<std::vector<Absence>(const ServiceSpec& spec)>;
/// The same for a group: why it is not there; empty if it is.
using FindGroup = std::function<std::string(const std::string& group)>;

/// All faults of all files, and of the graph that they make together. Stricter than a boot: unknown
/// sections and keys are errors. A name that nothing has is a warning: it may be added later.
///
/// @param paths  files; directories of service files; or a directory like /etc/zinit, which holds
///               `system`, `services`, `targets`, zinit.toml. An unreadable path is an error.
///               A drop-in is checked with its service file, /etc/zinit with the vendor's files.
/// @param settings_file  the zinit.toml whose [defaults] apply if none is among the files. It is
///               not checked itself. Empty: none.
/// @param absences  what is not there becomes a warning.
[[nodiscard]] CheckResult check_paths(std::span<const std::string> paths,
                                      const std::string& settings_file = {},
                                      const FindAbsences& absences = {},
                                      const FindGroup& find_group = {});

/// The same for files that are not written yet: the text of each by its path. Nothing is read.
[[nodiscard]] CheckResult check_texts(const std::map<std::string, std::string>& texts);

/// The same for the places that a server would read from.
[[nodiscard]] CheckResult check_places(const Places& places, const FindAbsences& absences = {},
                                       const FindGroup& find_group = {});

/// What check_places() would report if `changed` were installed with the text that `read` returns:
/// all faults of its own service, and new faults of other services. `instead_of` is the file that
/// `changed` replaces, if there is one.
[[nodiscard]] CheckResult check_change(const Places& places, const SourceFile& changed,
                                       const std::string& instead_of, const ReadText& read,
                                       const FindAbsences& absences = {});

}  // namespace zinit
