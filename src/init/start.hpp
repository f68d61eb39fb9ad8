// Runs a server: zinit server, zinit-server, zinit-pid1, init.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace zinit {

enum class ServerName : std::uint8_t {
  server,  // `zinit server`, `zinit-server`: standalone; as PID 1 in container mode
  // `zinit-pid1`, `init`, and any name as PID 1: of a machine, or of a container. `zinit-pid1` that
  // is another process, under an engine's own init: as of a container, as a child subreaper.
  pid1,
};

/// Runs a server until it has been shut down.
///
/// @return  the exit status (zinit(8), EXIT STATUS); never in system mode.
/// On the main thread, before any other.
[[nodiscard]] int run_server(ServerName name, std::span<const std::string> arguments);

}  // namespace zinit
