// `zinitctl import`: reads what other inits have, and makes service files of it.
//
// A reader of each kind of file turns it into drafts, which writer.cpp turns into texts.
// What a key of another init means here is said by one table, config/foreign_words.cpp; a reader
// has code for those keys alone whose values mean something else here, or that belong together.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "import/draft.hpp"

namespace zinit {

/// A file that could not be read, or has nothing that could be read as its kind; or a part of a
/// file that no service file stands for.
struct ImportFault {
  std::string path;
  std::string text;
  bool is_part = false;
};

/// The most services that are made by one call, and the most faults that are kept: a last one says
/// that there are more.
inline constexpr std::size_t kMostDrafts = 1000;

/// What was read.
struct Imported {
  std::vector<Draft> drafts;
  std::vector<ImportFault> faults;
  // What may still be read: read_source() counts.
  std::size_t files_left = 0;
  std::size_t bytes_left = 0;

  void add(Draft draft);
  void fault(std::string_view path, std::string_view text);
  /// The same for a part of a file whose other parts were read.
  void part(std::string_view path, std::string_view text);

 private:
  void keep(ImportFault fault);
};

/// The names of kinds, as --from takes them.
[[nodiscard]] std::span<const std::string_view> foreign_kinds() noexcept;

/// The kind of the file or directory at `path`, by its name and content; empty if it is none.
/// Blocks on the file system.
[[nodiscard]] std::string_view kind_of_path(const std::string& path);

/// Reads files of other inits. Never fails as a whole: what cannot be read is among the faults.
/// Blocks on the file system; reads at most a bounded number of bytes and files for each path.
///
/// @param paths  files or directories; a name without a slash that does not exist here may be that
///               of a unit of systemd, which is looked for where systemd looks.
/// @param kind   one of foreign_kinds(), or empty: it is found for each path.
[[nodiscard]] Imported import_paths(std::span<const std::string> paths, std::string_view kind);

/// Takes the keys out of each draft that `zinitctl check` would refuse, and leaves the settings
/// that gave them, with what it says of them: one such key is no reason to refuse a whole service.
void withdraw_refused(std::vector<Draft>& drafts);

/// A service file to be.
struct ImportedFile {
  std::string name;  // NAME.toml
  std::string text;
  std::vector<std::string> refused;  // why `zinitctl check` would refuse it
};

/// The files of the drafts, in their order, each checked by the project's own loader.
[[nodiscard]] std::vector<ImportedFile> files_of(const std::vector<Draft>& drafts);

}  // namespace zinit
