// Finds the service files for enable, disable, is-enabled, mask, unmask and edit, with or without a
// server. Changes are made in /etc/zinit only, never in the vendor's directories.
#pragma once

#include <string>

#include "base/file.hpp"
#include "client/context.hpp"
#include "config/directory.hpp"
#include "config/modes.hpp"

namespace zinit {

/// The directories that PID 1 of the system below `root` reads. For an empty `root`, those of the
/// server that zinitctl of this user connects to by default, which for root is that of the machine.
[[nodiscard]] Places places_below(const std::string& root);

/// The directories below --root. Without that option those that the server reads, or, without a
/// server, places_below(""). Throws VerbFailure if --root is no directory.
[[nodiscard]] Places places_of(VerbContext& context);

/// The files of a service as they are on disk now: those that the server names, or, without a
/// server or with --root, those that it would read. Of an instance these are its template's, and
/// `unmade` is set if there is neither a link nor a dependency that makes it. Throws VerbFailure
/// (no_service) if there is no such service, with the most similar name or the link that masks it;
/// and if a service has no file.
[[nodiscard]] SourceFile find_service_files(VerbContext& context, const Places& places,
                                            const std::string& name, bool* unmade = nullptr);

/// The links that mask a service.
struct Masks {
  std::vector<std::string> own;
  std::string vendors;  // one in a vendor's directory, which is never removed; empty if none
};

[[nodiscard]] Masks masks_of(const Places& places, const std::string& name);

/// The names of all services that have a file in the places, and of those that are masked there.
[[nodiscard]] std::vector<std::string> names_in(const Places& places);
[[nodiscard]] std::vector<std::string> masked_in(const Places& places);

/// The path of the file that is the service's alone; of an instance of a template the link that
/// makes it, or would.
[[nodiscard]] std::string own_path(const SourceFile& source);

/// The path on this machine of a file of the places: links are followed as below their root. If
/// `path` itself is a link, that is so only with `follow_last`. Throws VerbFailure if there are too
/// many links.
[[nodiscard]] std::string on_disk(const Places& places, const std::string& path,
                                  bool follow_last = false);

/// The path of the administrator's drop-in called `name` for the service.
[[nodiscard]] std::string own_drop_in(const SourceFile& source, const std::string& name);

/// `source` with the drop-in at `path`, which replaces the vendor's of the same name; or without
/// it.
[[nodiscard]] SourceFile with_drop_in(SourceFile source, const std::string& path);
[[nodiscard]] SourceFile without_drop_in(SourceFile source, const std::string& path);

/// Makes the directory that `path` lies in, if it is missing.
[[nodiscard]] Result<void> make_parent(const std::string& path);

/// Prints why a file of the service `name` could not be changed, or the remark about the change,
/// and returns the exit status.
int tell_change(VerbContext& context, const std::string& name, const Result<Remark>& change);

}  // namespace zinit
