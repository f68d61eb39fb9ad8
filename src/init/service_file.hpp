// One service's config as a client gives it, made a spec and a file; and the file's removal.
#pragma once

#include <string>
#include <vector>

#include "control/daemon.hpp"
#include "init/configuration.hpp"

namespace zinit {

/// A service that is about to be added, or to replace the one of its name.
struct NewService {
  SpecPtr spec;
  std::string place;  // where its file is to be; empty: nowhere
  std::string text;   // of the file
  std::vector<std::string> warnings;
};

/// Checks the config as strictly as `zinitctl check` does one file, and finds the place of its
/// file: that of the service it replaces, in /etc/zinit for a vendor's, else NAME.toml in
/// `places.added`. Drop-ins that lie there count. Blocks on the file system.
///
/// @return  or config_error with all faults; already_exists where the place is taken by another
///          file, or the name by the command line; invalid_state for a masked name; file_error
[[nodiscard]] RequestResult<NewService> make_service(const SetService& request,
                                                     const Places& places,
                                                     const ServiceDefaults& defaults,
                                                     const Graph& graph);

/// Puts the text in its place as a whole; nothing where there is none. Blocks.
/// @return  or file_error: what was there before is there still
[[nodiscard]] RequestResult<void> write_service_file(const NewService& service);

/// Where that is asked for, takes away the service's file and what enable and disable wrote for it;
/// a vendor's is masked. Blocks.
/// @return  the link that masks it, or an empty text; or file_error
[[nodiscard]] RequestResult<std::string> remove_service_file(const DeleteService& request,
                                                             const Graph& graph);

}  // namespace zinit
