// `zinitctl check`: validates files and directories without a server.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "config/diagnostic.hpp"
#include "config/modes.hpp"
#include "config/spec_reader.hpp"

namespace zinit {

struct CheckResult {
  // On files and directories as such first, then by file in the order of reading, within one by
  // place. None is `unknown`, and each has a place: of a file as such its beginning.
  std::vector<Diagnostic> diagnostics;
  std::size_t files = 0;  // that were read

  /// 1 if any diagnostic is an error, else 0.
  [[nodiscard]] int exit_code() const;
};

/// All faults of all files, and of the graph that they make together. Stricter than a boot: unknown
/// sections and keys are errors. A name that nothing has is a warning: it may be added later.
///
/// @param paths  files; directories of service files; or a directory like /etc/zinit, which holds
///               `system`, `services`, `targets`, zinit.toml. Any that cannot be read is an error.
///               A drop-in is checked with what it is laid over; etc/zinit with the vendor's files.
/// @param settings_file  whose [defaults] count where no zinit.toml is among the files; it is not
///               checked itself. Empty: none.
[[nodiscard]] CheckResult check_paths(std::span<const std::string> paths,
                                      const std::string& settings_file = {});

/// The same for the places that a server would read.
[[nodiscard]] CheckResult check_places(const Places& places);

/// What check_places() would say of one service if `changed` were in the place of the file that it
/// was made from, or new, and said what `read` says; and what it would say of others then, but does
/// not say now.
[[nodiscard]] CheckResult check_change(const Places& places, const SourceFile& changed,
                                       const std::string& instead_of, const ReadText& read);

}  // namespace zinit
