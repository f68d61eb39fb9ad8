// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// `zinitctl import`: reads the files of other inits, and makes service files from them.
//
// A reader for each kind of file turns it into drafts, which writer.cpp turns into texts. One
// table, config/foreign_words.cpp, has the meaning of other inits' keys. A reader has code only for
// keys whose values mean something else here, or that belong together.
//
//   draft.hpp, writer.hpp        a service file in the making, and its text
//   reader.hpp                   what all readers share; run_directory.cpp: runit, s6
//   systemd*.cpp                 systemd's units; systemd.hpp says which file does what
//   supervisord.cpp, openrc.cpp, dinit.cpp, finit.cpp, tables.cpp, yaml_services.cpp: other kinds
//   words.hpp, yaml.hpp          command lines by other rules, and the part of YAML that is needed
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "import/draft.hpp"

namespace zinit {

/// A file that could not be read, or that has nothing of its kind; or a part of a file that has no
/// counterpart in a service file.
struct ImportFault {
  std::string path;
  std::string text;
  bool is_part = false;
};

/// The most services that one call makes, and the most faults that it keeps. A final fault says
/// that there are more.
inline constexpr std::size_t kMostDrafts = 1000;

/// The result of reading.
struct Imported {
  std::vector<Draft> drafts;
  std::vector<ImportFault> faults;
  // What may still be read; read_source() counts.
  std::size_t files_left = 0;
  std::size_t bytes_left = 0;

  void add(Draft draft);
  void fault(std::string_view path, std::string_view text);
  /// The same for a part of a file whose other parts were read.
  void part(std::string_view path, std::string_view text);

 private:
  void keep(ImportFault fault);
};

/// The names of kinds, for --from.
[[nodiscard]] std::span<const std::string_view> foreign_kinds() noexcept;

/// The kind of the file or directory at `path`, from its name and content; empty if unknown. Blocks
/// on the file system.
[[nodiscard]] std::string_view kind_of_path(const std::string& path);

/// Reads files of other inits. Never fails as a whole: unreadable files are among the faults.
/// Blocks on the file system; reads a limited number of bytes and files for each path.
///
/// @param paths  files or directories; a name without a slash that does not exist here may be a
///               unit of systemd, which is looked for in systemd's directories.
/// @param kind   one of foreign_kinds(); empty: found for each path.
[[nodiscard]] Imported import_paths(std::span<const std::string> paths, std::string_view kind);

/// Removes the keys of each draft that `zinitctl check` would refuse, and leaves their settings
/// with its message: one such key is no reason to refuse a whole service.
void withdraw_refused(std::vector<Draft>& drafts);

/// A service file to write.
struct ImportedFile {
  std::string name;  // NAME.toml
  std::string text;
  std::vector<std::string> refused;  // why `zinitctl check` would refuse it
};

/// The files of the drafts, in their order, each checked by zinit's own loader.
[[nodiscard]] std::vector<ImportedFile> files_of(const std::vector<Draft>& drafts);

}  // namespace zinit
