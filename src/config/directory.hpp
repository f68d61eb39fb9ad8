// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The steps of loading that `zinitctl check` shares with the server: list files, parse them, and
// decide which file gets a name that several claim.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/directory.hpp"
#include "base/fd.hpp"
#include "config/loader.hpp"
#include "config/spec_reader.hpp"
#include "config/templates.hpp"

namespace zinit {

/// The drop-in that enable and disable write. It is deleted with its service.
inline constexpr const char* kStatusDropIn = "90-zinitctl.toml";

/// A link to /dev/null in the place of a service file.
struct MaskedFile {
  std::string link;
  std::string hidden;  // the vendor's file that it hides; empty: none
};

/// Directories that stay open from their listing until their files are read: somebody may rename
/// one in between, and its files are found nevertheless. Threads may use it at the same time.
class OpenDirectories {
 public:
  /// For openat(2) and its like.
  struct Place {
    int directory;     // or AT_FDCWD
    const char* path;  // a part of the path asked for
  };
  void add(std::string path, Directory directory);
  [[nodiscard]] Place find(const std::string& path) const noexcept;
  /// Opens a file or directory to read it; nothing, and errno, if that fails.
  [[nodiscard]] UniqueFd open(const std::string& path, int flags = 0) const noexcept;
  /// read_from_disk(), but below these directories.
  [[nodiscard]] Result<std::string> read(const std::string& path) const;

 private:
  std::vector<std::pair<std::string, Directory>> all_;
};

/// Whether a link masks a service now.
[[nodiscard]] bool is_mask(const std::string& link);

/// The files to read, one directory after another.
struct Listing {
  std::string root;               // links are resolved below it (base/rooted.hpp); or empty
  std::vector<SourceFile> files;  // in load order
  // The service `main`, which only the command line defines, with its drop-ins. Nothing: there is
  // no command.
  std::optional<SourceFile> command;
  std::vector<MaskedFile> masked;
  std::vector<Diagnostic> findings;  // about whole files and directories
  std::optional<Error> incomplete;   // set if something could not be read: there may be more
  std::vector<std::string> missing;  // directories that do not exist, except vendors'
  // Files in the directories that are ignored because of their names; without backups of editors
  // and package managers.
  std::vector<std::string> passed_over;
  OpenDirectories open{};  // those listed, except below a root
};

/// Adds the service files of a directory and of its vendor's directory, in byte order of their
/// names: regular files, or links to them, named *.toml and not starting with a dot, each with its
/// drop-ins. A file in the directory itself replaces the vendor's file of the same name, and a link
/// to /dev/null masks it. Other objects with such a name are reported and left out; so are
/// directories that cannot be read, or that are `named` and missing. A folder of drop-ins that
/// cannot be read is a fault of its service file.
void list_directory(const ConfigDirectory& directory, Listing& listing);

/// Adds one file that the operator has named, with its drop-ins.
void list_file(const std::string& path, bool system_class, Listing& listing);

/// Adds an instance of the template `file`. The instance's own file would be at `path`. Its
/// drop-ins are those of `file`, then those of `path`.
void list_instance(const std::string& path, SourceFile file, Listing& listing);

/// The first file of a service that has changed since it was read: a file was replaced or written,
/// a drop-in came or went, or a file in /etc/zinit now replaces or masks a vendor's file. Empty if
/// there is none, and for a service without a file. Blocks on the file system; opens no file.
[[nodiscard]] std::string changed_file(const ServiceSpec& spec);

/// Reads and parses all files, with a few threads with ordinary stacks. Results are in the order of
/// `files`. A file that has vanished since it was listed is left out.
[[nodiscard]] std::vector<ParsedSpec> parse_files(const std::vector<SourceFile>& files,
                                                  const ServiceDefaults& defaults = {},
                                                  const ReadText& read = read_from_disk);

/// Makes all names distinct, separately for services and proxies. The first spec with a name keeps
/// it and gets a warning. A later one is left out and reported in `findings`, with its own faults.
/// A broken file with a made-up name gets a name that is still free.
void settle_names(std::vector<ParsedSpec>& parsed, std::vector<Diagnostic>& findings);

/// The names of services whose files are masked, except names that another file in `parsed`
/// provides. Reads the files behind the masks.
/// @param proxies  gets the links that hide files of proxies; or null
[[nodiscard]] MaskedNames masked_names(const std::vector<MaskedFile>& masked,
                                       const std::vector<ParsedSpec>& parsed,
                                       const ReadText& read = read_from_disk,
                                       std::vector<std::string>* proxies = nullptr);

/// Everything that the files of a listing describe.
struct ParsedListing {
  std::vector<ParsedSpec> parsed;  // in load order, then the instances that others depend on
  MaskedNames masked;
  std::vector<std::string> masked_proxies;  // see LoadedConfig
  TemplatesPtr templates;                   // never null
};

/// Parses the files of `listing`, makes the instances of its templates, and settles the names.
/// Faults of a template, and of its place in the graph if it has no instance, are reported in the
/// listing as those of its instance "1", because some values make sense only with their %i. At the
/// end `listing.files` has the remaining files.
[[nodiscard]] ParsedListing parse_listing(Listing& listing, const ServiceDefaults& defaults = {},
                                          const ReadText& read = read_from_disk);

/// A reader of files that resolves links below `root`, like a listing with this root.
[[nodiscard]] ReadText read_below(const std::string& root);

}  // namespace zinit
