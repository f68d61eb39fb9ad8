// Makes a spec and a file of the config that a client gives, and removes service files.
#pragma once

#include <string>
#include <vector>

#include "control/daemon.hpp"
#include "init/configuration.hpp"

namespace zinit {

/// A service that is to be added, or to replace the one of its name.
struct NewService {
  std::shared_ptr<ServiceSpec> spec;
  std::string place;           // the path of its file; empty if it is to have none
  std::string text;            // of the file
  bool replaces_link = false;  // what is at `place` makes an instance of a template
  std::vector<std::string> warnings;
};

/// Checks the config as strictly as `zinitctl check` does, and determines the path of its file:
/// that of the service it replaces (in /etc/zinit if that is a vendor's file), else NAME.toml in
/// `places.added`. Existing drop-ins are applied. Blocks on the file system.
///
/// @return  the service; config_error with all errors; already_exists if the path belongs to
///          another file, or the name to the command line's service; invalid_state for a masked
///          name; file_error
[[nodiscard]] RequestResult<NewService> make_service(const SetService& request,
                                                     const Places& places,
                                                     const ServiceDefaults& defaults,
                                                     const Graph& graph);

/// Writes the file atomically, if the service is to have one, and notes in the spec which file that
/// made. Blocks.
/// @return  file_error: the previous file is unchanged
[[nodiscard]] RequestResult<void> write_service_file(NewService& service);

/// If the request says so, removes the service's file and the drop-ins that enable and disable
/// wrote; a vendor's file is masked instead. Blocks.
/// @return  the symbolic link that masks it, or an empty text; or file_error
[[nodiscard]] RequestResult<std::string> remove_service_file(const DeleteService& request,
                                                             const Graph& graph);

/// Writes a file of the configuration atomically, behind a link if there is one; or, with
/// `replaces_link`, in its place. Blocks.
/// @return  file_error, or already_exists for what is no regular file: nothing is changed
[[nodiscard]] RequestResult<void> write_config_file(const std::string& path,
                                                    const std::string& text,
                                                    bool replaces_link = false);

/// Removes the file of what is named `name`; a vendor's is masked instead. Blocks.
/// @return  the symbolic link that masks it, or an empty text; file_error, or already_exists if
///          another file is where the vendor's would be masked
[[nodiscard]] RequestResult<std::string> remove_config_file(const std::string& file,
                                                            const std::string& name);

}  // namespace zinit
