// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Makes a spec and a file from a client's config, and removes service files.
#pragma once

#include <string>
#include <vector>

#include "control/daemon.hpp"
#include "files/configuration.hpp"

namespace zinit {

/// A service to add, perhaps in place of another of its name.
struct NewService {
  std::shared_ptr<ServiceSpec> spec;
  std::string place;           // the path of its file; empty: no file
  std::string text;            // of the file
  bool replaces_link = false;  // `place` is a link to a template
  std::vector<std::string> warnings;
};

/// Checks the config as strictly as `zinitctl check`, and determines the path of its file: the path
/// of the service it replaces (in /etc/zinit if that is a vendor's file), otherwise NAME.toml in
/// `places.added`. Applies existing drop-ins. Blocks on the file system.
///
/// @return  the service; config_error with all errors; already_exists if the path belongs to
///          another file, or the name to the command line's service; invalid_state for a masked
///          name; file_error
[[nodiscard]] RequestResult<NewService> make_service(const SetService& request,
                                                     const Places& places,
                                                     const ServiceDefaults& defaults,
                                                     const Graph& graph);

/// Writes the file atomically, if the service has one, and notes the new file's identity in the
/// spec. Blocks.
/// @return  file_error: the previous file is unchanged
[[nodiscard]] RequestResult<void> write_service_file(NewService& service);

/// If the request asks for it, removes the service's file and the drop-ins that enable and disable
/// wrote; masks a vendor's file instead. Blocks.
/// @return  the symbolic link that masks the file, or an empty text; or file_error
[[nodiscard]] RequestResult<std::string> remove_service_file(const DeleteService& request,
                                                             const Graph& graph);

/// Writes a configuration file atomically. Writes the target of a link; with `replaces_link`,
/// replaces the link. Blocks.
/// @return  file_error; already_exists if it is not a regular file. Nothing has changed then
[[nodiscard]] RequestResult<void> write_config_file(const std::string& path,
                                                    const std::string& text,
                                                    bool replaces_link = false);

/// Removes the file of the service or proxy `name`; masks a vendor's file instead. Blocks.
/// @return  the symbolic link that masks it, or an empty text; file_error; already_exists if
///          another file is at the place of the link
[[nodiscard]] RequestResult<std::string> remove_config_file(const std::string& file,
                                                            const std::string& name);

}  // namespace zinit
