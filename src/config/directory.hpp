// The steps of loading that check without a server shares with a server's loader: what files there
// are, what they say, and which of them has a name that several claim.
#pragma once

#include <string>
#include <vector>

#include "config/loader.hpp"
#include "config/spec_reader.hpp"

namespace zinit {

struct SourceFile {
  std::string path;
  bool system_class = false;
  bool named = false;  // by the operator, rather than found
};

/// Adds the service files of a directory in byte order of their names: regular files, or links to
/// them, named *.toml and not beginning with a dot. What has such a name and is neither is told and
/// left out; so is a directory that cannot be read, or is missing though `named`.
void list_directory(const ConfigDirectory& directory, std::vector<SourceFile>& files,
                    std::vector<Diagnostic>& findings);

/// Reads and parses all, in the order given, by a few threads with ordinary stacks. A file that was
/// found and has gone since is left out.
[[nodiscard]] std::vector<ParsedSpec> parse_files(const std::vector<SourceFile>& files);

/// Leaves one spec a name, the first. A later one is taken out and told in `findings`, with its own
/// faults, and is a warning of the first. A broken file whose name had to be made up keeps out of
/// the way of others: it gets a name that nothing else has.
void settle_names(std::vector<ParsedSpec>& parsed, std::vector<Diagnostic>& findings);

}  // namespace zinit
