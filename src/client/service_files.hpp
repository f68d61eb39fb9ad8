// The service files that enable, disable, mask, unmask and edit are about: found with a server's
// help or without, and changed in /etc/zinit alone, never in the vendor's directories.
#pragma once

#include <string>

#include "base/file.hpp"
#include "client/context.hpp"
#include "config/directory.hpp"
#include "config/modes.hpp"

namespace zinit {

/// The places below `root`, as PID 1 of a machine reads them; with an empty one those of the server
/// that this user's zinitctl speaks to: root's is the machine's.
[[nodiscard]] Places places_below(const std::string& root);

/// Those below --root; else where the server says that it reads, and without one as above. Throws
/// VerbFailure for a --root that is no directory.
[[nodiscard]] Places places_of(VerbContext& context);

/// The files of a service, as they lie on disk now: where the server says, or without one (or below
/// --root) where it would be read. Throws VerbFailure (no_service) with the nearest name, or with
/// what masks it; and for a service that has no file.
[[nodiscard]] SourceFile find_service_files(VerbContext& context, const Places& places,
                                            const std::string& name);

/// Where on this machine's disk a file of the places is: below their root links lead nowhere else.
/// That `path` itself is a link is left to who asks.
[[nodiscard]] std::string on_disk(const Places& places, const std::string& path);

/// Where one's own drop-in of that name for the service's file is.
[[nodiscard]] std::string own_drop_in(const SourceFile& source, const std::string& name);

/// `source` with the drop-in at `path` among the others, in place of the vendor's of the same name;
/// or without it.
[[nodiscard]] SourceFile with_drop_in(SourceFile source, const std::string& path);
[[nodiscard]] SourceFile without_drop_in(SourceFile source, const std::string& path);

/// Tells of what is done that it may not last; of nothing where there is no remark.
void tell_remark(VerbContext& context, const std::string& name, const Remark& remark);

/// Tells that a file could not be changed; returns the exit status.
int tell_file_failure(VerbContext& context, const std::string& name, const Error& error);

}  // namespace zinit
