// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Reads what a server runs: the service files, and the command on the server's own command line.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/loader.hpp"
#include "config/modes.hpp"
#include "supervisor/board.hpp"

namespace zinit {

/// The command of `zinit-pid1 --container [--] CMD ARG...`: it runs as the service `main`,
/// critical, never restarted, on zinit's own standard streams (control.md, "One binary, many
/// names").
struct CommandLine {
  std::vector<std::string> argv{};  // empty: no command
  std::string stop_signal{};        // from --stop-signal; empty: the default of a service
  std::string dir{};                // the working directory of zinit at start; empty: default

  [[nodiscard]] bool empty() const noexcept { return argv.empty(); }
};

/// The places that a server reads from. Constant while it runs.
struct Sources {
  Places places;
  CommandLine command{};
  ConsoleMode console = ConsoleMode::no;  // see default_to_console()
};

/// The files as read, and what was looked up in the system for them.
struct Configuration : LoadedConfig {
  std::optional<gid_t> socket_gid;  // of socket_group; nothing: only the owner may connect
  // The text of /etc/environment: empty if the file is missing, nothing if it cannot be read.
  std::optional<std::string> etc_environment;
  RequestResult<FileFaults> checked{};  // in a reload: the result of check_exec of changed services
};

/// Whether the server runs the command and nothing else.
[[nodiscard]] inline bool is_alone(const Sources& sources, const LoadedConfig& config) {
  return !sources.command.empty() && config.specs.size() == 1 && config.proxies.empty();
}

/// Whether the path leads to something in the directory, or below it.
[[nodiscard]] bool is_below(std::string_view path, std::string_view directory);

/// Reads all files. Reports and ignores a file that also defines the service of the command. Blocks
/// on the file system; any thread with an ordinary stack may call it.
/// @param in_force  the settings of a running server: they stay if zinit.toml has a fault, or if
///                  `settings_too` is false. Null: the server has no settings yet
[[nodiscard]] Configuration read_configuration(const Sources& sources,
                                               const GlobalSettings* in_force = nullptr,
                                               bool settings_too = true);

/// The configuration of the previous process image without its services: the global settings in
/// `text`, and what belongs to them.
/// @param socket_gid  the group of the socket; unset: it is looked up
[[nodiscard]] Configuration kept_settings(const Sources& sources, std::string_view text,
                                          std::string etc_environment,
                                          std::optional<gid_t> socket_gid);

/// Why a server that runs the services of `graph` must not apply `config`: a part of it could not
/// be read, so zinit would stop services as if their files had been removed. A missing directory
/// counts if a service came from it, because its file system may only be unmounted.
[[nodiscard]] std::optional<RequestFailure> reload_fault(const LoadedConfig& config,
                                                         const Graph& graph);

/// Logs the warnings about services in `only`, or about all if it is null, and errors of proxies.
/// The board logs errors of services, because it also knows the errors of the graph.
void log_warnings(const LoadedConfig& config, const std::vector<std::string>* only = nullptr);
/// Logs warnings and errors of these.
void log_proxy_messages(const std::vector<ProxyPtr>& proxies);

}  // namespace zinit
