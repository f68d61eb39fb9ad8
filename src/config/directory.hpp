// The steps of loading that `zinitctl check` shares with the server: list files, parse them, and
// decide which of them gets a name that several claim.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/loader.hpp"
#include "config/spec_reader.hpp"
#include "config/templates.hpp"

namespace zinit {

/// The drop-in that enable and disable write. It is deleted with its service.
inline constexpr const char* kStatusDropIn = "90-zinitctl.toml";

/// A link to /dev/null in the place of a service file.
struct MaskedFile {
  std::string link;
  std::string hidden;  // the vendor's file behind it; empty: none
};

/// The files to read, of one directory after another.
struct Listing {
  std::string root;               // links are resolved below it (base/rooted.hpp); or empty
  std::vector<SourceFile> files;  // in load order
  // Of the service `main`, which no file but the command line defines, with the drop-ins that were
  // found for it; nothing: there is no command.
  std::optional<SourceFile> command;
  std::vector<MaskedFile> masked;
  std::vector<Diagnostic> findings;  // about whole files and directories
  std::optional<Error> incomplete;   // set if something could not be read: there may be more
  std::vector<std::string> missing;  // directories that do not exist, except vendors'
  // Files in the directories that are none of a service for their names; not backups of editors and
  // package managers.
  std::vector<std::string> passed_over;
};

/// Adds the service files of a directory and of the vendor's directory behind it, in byte order of
/// their names: regular files, or links to them, named *.toml and not beginning with a dot, each
/// with its drop-ins. A file in the directory itself replaces the vendor's of the same name, and a
/// link to /dev/null masks it. Anything else of such a name is reported and left out, and so is a
/// directory that cannot be read, or that is `named` and missing. A folder of drop-ins that cannot
/// be read is a fault of its service file.
void list_directory(const ConfigDirectory& directory, Listing& listing);

/// Adds one file that was named by the operator, with the drop-ins that belong to it.
void list_file(const std::string& path, bool system_class, Listing& listing);

/// Adds the instance whose own file would be at `path`, made of the template `file`, with the
/// drop-ins of `file` and then those of `path`.
void list_instance(const std::string& path, SourceFile file, Listing& listing);

/// Whether the files of a service have changed since they were read: one was replaced or written,
/// a drop-in came or went, or a file in /etc/zinit now replaces or masks a vendor's. False for a
/// service that has no file. Blocks on the file system; opens no file.
[[nodiscard]] bool changed_on_disk(const ServiceSpec& spec);

/// Reads and parses all files, with a few threads with ordinary stacks; results are in the order of
/// `files`. A file that was listed and has gone since is left out.
[[nodiscard]] std::vector<ParsedSpec> parse_files(const std::vector<SourceFile>& files,
                                                  const ServiceDefaults& defaults = {},
                                                  const ReadText& read = read_from_disk);

/// Makes all names distinct, those of services and those of proxies, each for themselves. The first
/// spec with a name keeps it and gets a warning. A later one is
/// left out and reported in `findings`, with its own faults. A broken file whose name had to be
/// made up gets a name that no other service, or no other proxy, has.
void settle_names(std::vector<ParsedSpec>& parsed, std::vector<Diagnostic>& findings);

/// The names of services whose files are masked, except names that another file in `parsed`
/// provides. Reads the files behind the masks.
[[nodiscard]] MaskedNames masked_names(const std::vector<MaskedFile>& masked,
                                       const std::vector<ParsedSpec>& parsed,
                                       const ReadText& read = read_from_disk);

/// All that the files of a listing describe.
struct ParsedListing {
  std::vector<ParsedSpec> parsed;  // in load order, then the instances that others depend on
  MaskedNames masked;
  TemplatesPtr templates;  // never null
  std::size_t files = 0;   // how many there were, drop-ins included
};

/// Parses the files of `listing`, makes the instances of its templates, and settles the names. What
/// is wrong with a template is reported in the listing, as its instance 1 would have it: for
/// every value need not make sense before it has its %i. `listing.files` are those left then.
[[nodiscard]] ParsedListing parse_listing(Listing& listing, const ServiceDefaults& defaults = {},
                                          const ReadText& read = read_from_disk);

/// A reader of files that resolves links below `root`, as a listing with this root does.
[[nodiscard]] ReadText read_below(const std::string& root);

}  // namespace zinit
