// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Finds the service files for enable, disable, is-enabled, mask, unmask and edit, with or without a
// server. These change only /etc/zinit, never the vendor's directories.
#pragma once

#include <unistd.h>

#include <optional>
#include <string>

#include "base/file.hpp"
#include "base/text.hpp"
#include "client/context.hpp"
#include "config/directory.hpp"
#include "config/modes.hpp"
#include "files/absences.hpp"

namespace zinit {

/// The directories that PID 1 of the system below `root` reads. For an empty `root`: those of this
/// user's default server, which for root is the machine's.
[[nodiscard]] Places places_below(const std::string& root);

/// The directories below --root. Without --root, those that the server reads; without a server,
/// places_below(""). Throws VerbFailure if --root is not a directory.
[[nodiscard]] Places places_of(VerbContext& context);

/// The controllers of the server's cgroups or, if no server answers or if it is an older one, those
/// of this machine. Nothing if they are not known, or if the places are those of another system.
[[nodiscard]] std::optional<Controllers> controllers_of(VerbContext& context, const Places& places);

/// The files of a service as they are on disk now: those that the server names, or, without a
/// server or with --root, those that it would read. For an instance these are its template's files,
/// and `unmade` is set if neither a link nor a dependency makes the instance. Throws VerbFailure if
/// a service has no file. If there is no such service, the error (no_service) names the most
/// similar one with `remedy`, or else the link that masks it, the server's file that is gone, or
/// the template or proxy that has the name.
[[nodiscard]] SourceFile find_service_files(VerbContext& context, const Places& places,
                                            const std::string& name, bool* unmade = nullptr,
                                            const std::string& remedy = {});

/// The services that a connection to a proxy starts: those of the proxies with a file in the places
/// and, without --root, of the server's proxies without a file.
[[nodiscard]] std::vector<std::string> proxied_services(VerbContext& context, const Places& places);

/// The links that mask a service.
struct Masks {
  std::vector<std::string> own;
  std::string vendors;  // a link in a vendor's directory, which is never removed; or empty
};

[[nodiscard]] Masks masks_of(const Places& places, const std::string& name);

/// The names of all services with a file in the places, and of all services masked there.
[[nodiscard]] std::vector<std::string> names_in(const Places& places);
[[nodiscard]] std::vector<std::string> masked_in(const Places& places);

/// The path of the file that belongs only to this service. For an instance of a template: the link
/// that makes it, or would make it.
[[nodiscard]] std::string own_path(const SourceFile& source);

/// The path on this machine of a file of the places: links are followed as if their root were `/`.
/// If `path` itself is a link, it is followed only with `follow_last`. Throws VerbFailure for too
/// many links.
[[nodiscard]] std::string on_disk(const Places& places, const std::string& path,
                                  bool follow_last = false);

/// The path of the administrator's drop-in called `name` for the service.
[[nodiscard]] std::string own_drop_in(const SourceFile& source, const std::string& name);

/// `source` with the drop-in at `path`, which replaces the vendor's drop-in of the same name; or
/// without it.
[[nodiscard]] SourceFile with_drop_in(SourceFile source, const std::string& path);
[[nodiscard]] SourceFile without_drop_in(SourceFile source, const std::string& path);

/// Makes the directory of `path` if it is missing, and calls `act`, which puts `path` there. If it
/// fails, a directory that was made is removed again.
/// @return  what `act` returns, or why there is no directory
template <class Act>
[[nodiscard]] auto in_its_directory(const std::string& path, Act act) {
  const std::string directory = folder_of(path);
  const bool is_missing = !path_exists(directory);
  auto done = make_directories(directory, 0755).and_then(act);
  if (!done && is_missing) ::rmdir(directory.c_str());
  return done;
}

/// Prints why a file of the service `name` could not be changed, or the remark about the change,
/// and returns the exit status.
int tell_change(VerbContext& context, const std::string& name, const Result<Remark>& change);

}  // namespace zinit
