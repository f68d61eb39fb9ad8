// Reads what a server runs: the service files, and the command on its own command line.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "config/loader.hpp"
#include "config/modes.hpp"
#include "supervisor/board.hpp"

namespace zinit {

/// The command of `zinit-pid1 --container [--] CMD ARG...`, which is the service `main`: critical,
/// never restarted, with zinit's own standard streams (control.md, "One binary, many names").
struct CommandLine {
  std::vector<std::string> argv{};  // empty: there is none
  std::string stop_signal{};        // as --stop-signal names it; empty: that of a service
  std::string dir{};                // which zinit was started in; empty: that of a service

  [[nodiscard]] bool empty() const noexcept { return argv.empty(); }
};

/// Where a server reads from. Constant while it runs.
struct Sources {
  Places places;
  CommandLine command{};
  ConsoleMode console = ConsoleMode::no;  // see default_to_console()
};

/// What was read, and what was looked up in the system for it.
struct Configuration : LoadedConfig {
  std::optional<gid_t> socket_gid;  // of socket_group; nothing: only the owner may connect
  // The text of /etc/environment; empty if it is missing, nothing if it cannot be read.
  std::optional<std::string> etc_environment;
  RequestResult<FileFaults> checked{};  // of a reload: what check_exec of the changed has found
};

/// Whether the command is all that there is to run.
[[nodiscard]] inline bool is_alone(const Sources& sources, const LoadedConfig& config) {
  return !sources.command.empty() && config.specs.size() == 1 && config.proxies.empty();
}

/// Reads all files. A file that would define the service of the command as well is reported and
/// ignored. Blocks on the file system; any thread with an ordinary stack.
/// @param in_force  the settings of a server that runs, which stay if zinit.toml has a fault, or
///                  without `settings_too`; null: there are none
[[nodiscard]] Configuration read_configuration(const Sources& sources,
                                               const GlobalSettings* in_force = nullptr,
                                               bool settings_too = true);

/// The global settings that `text` has, and what belongs to them: the configuration of the image
/// before, without its services.
[[nodiscard]] Configuration kept_settings(const Sources& sources, std::string_view text,
                                          std::string etc_environment);

/// Why a server that runs the services of `graph` must not apply `config`: a part of it could not
/// be read, so services would be stopped as if their files had been removed. A missing directory
/// counts if a service came from there, since its file system may just not be mounted.
[[nodiscard]] std::optional<RequestFailure> reload_fault(const LoadedConfig& config,
                                                         const Graph& graph);

/// Logs the warnings about what was read: of the services in `only`, or with null of all. Errors
/// of services are logged by the board, which also knows those of the graph; those of proxies here.
void log_warnings(const LoadedConfig& config, const std::vector<std::string>* only = nullptr);

}  // namespace zinit
