// The steps of loading that check without a server shares with a server's loader: what files there
// are, what they say, and which of them has a name that several claim.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/loader.hpp"
#include "config/spec_reader.hpp"

namespace zinit {

/// The drop-in that enable and disable write, and that goes with its service.
inline constexpr const char* kStatusDropIn = "90-zinitctl.toml";

/// A link to /dev/null in the place of a service file.
struct MaskedFile {
  std::string link;
  std::string hidden;  // the vendor's file behind it; empty: none
};

/// What there is to read, gathered from one directory after another.
struct Listing {
  std::string root;               // that links are followed in (base/rooted.hpp), or empty
  std::vector<SourceFile> files;  // in load order
  std::vector<MaskedFile> masked;
  std::vector<Diagnostic> findings;  // on files and directories as such
  std::optional<Error> incomplete;   // of a directory that could not be read: there may be more
  std::vector<std::string> missing;  // directories that are not there, the vendor's left out
};

/// Adds the service files of a directory and of the vendor's behind it, in byte order of their
/// names: regular files, or links to them, named *.toml and not beginning with a dot, each with its
/// drop-ins. Of one name in both the directory's own stands, and a link to /dev/null hides the
/// vendor's. What has such a name and is no file is told and left out; so is a directory that
/// cannot be read, or is missing though it was named. A folder of drop-ins that cannot be read is a
/// fault of its file.
void list_directory(const ConfigDirectory& directory, Listing& listing);

/// Adds one file that was named by the operator, with the drop-ins that belong to it.
void list_file(const std::string& path, bool system_class, Listing& listing);

/// Reads and parses all, in the order given, by a few threads with ordinary stacks. A file that was
/// found and has gone since is left out.
[[nodiscard]] std::vector<ParsedSpec> parse_files(const std::vector<SourceFile>& files,
                                                  const ServiceDefaults& defaults = {},
                                                  const ReadText& read = read_from_disk);

/// Leaves one spec a name, the first. A later one is taken out and told in `findings`, with its own
/// faults, and is a warning of the first. A broken file whose name had to be made up keeps out of
/// the way of others: it gets a name that nothing else has.
void settle_names(std::vector<ParsedSpec>& parsed, std::vector<Diagnostic>& findings);

/// The names that masked files would have provided, but for those that `parsed` provides all the
/// same. Reads the files behind the masks.
[[nodiscard]] MaskedNames masked_names(const std::vector<MaskedFile>& masked,
                                       const std::vector<ParsedSpec>& parsed,
                                       const ReadText& read = read_from_disk);

/// Reads as that listing was made: with links followed in its root.
[[nodiscard]] ReadText read_below(const std::string& root);

}  // namespace zinit
