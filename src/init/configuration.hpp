// What a server runs: the service files of its places, and the command that it was given itself.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "config/loader.hpp"
#include "config/modes.hpp"
#include "supervisor/board.hpp"

namespace zinit {

/// The service `main` of `zinit-pid1 --container -- CMD ARG...`: critical, never restarted, with
/// zinit's own standard streams (control.md, "One binary, many names").
[[nodiscard]] SpecPtr main_service(const std::vector<std::string>& command);

/// Where a server reads what it runs. Constant while it runs.
struct Sources {
  Places places;
  std::vector<std::string> command;  // of `main`; empty: there is none
};

/// What was read, with what the system had to be asked for.
struct Configuration : LoadedConfig {
  std::optional<gid_t> socket_gid;  // of socket_group; nothing: the socket is its owner's alone
  // The text of /etc/environment, empty where that is missing; nothing where it cannot be read.
  std::optional<std::string> etc_environment;
};

/// Reads all files anew. `main` comes first, so a file that takes its name is told and left out.
/// Blocks on the file system; any thread with an ordinary stack.
[[nodiscard]] Configuration read_configuration(const Sources& sources);

/// Why a server that runs the services of `graph` may not take `config`: it could not be read as a
/// whole, and what is missing in it would be stopped as removed. A directory that has gone may be
/// a file system that has; nothing is lost by it where no service came from there.
[[nodiscard]] std::optional<RequestFailure> reload_fault(const LoadedConfig& config,
                                                         const Graph& graph);

/// Writes to the log what was read and is not quite right: of `only` these services, or with null
/// of all of them. What is wrong with a service is told by the board, which knows the graph too.
void log_warnings(const LoadedConfig& config, const std::vector<std::string>* only = nullptr);

}  // namespace zinit
