// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Runs a server: zinit server, zinit-server, zinit-pid1, init.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace zinit {

enum class ServerName : std::uint8_t {
  server,  // `zinit server`, `zinit-server`: standalone; as PID 1 in container mode
  // `zinit-pid1`, `init`, and any name as PID 1: a machine's, or a container's. `zinit-pid1` as
  // another process, under an engine's own init: container mode as a child subreaper.
  pid1,
};

/// Runs a server until its shutdown.
///
/// @return  the exit status (zinit(8), EXIT STATUS); never in system mode.
/// Call it on the main thread, before other threads start.
[[nodiscard]] int run_server(ServerName name, std::span<const std::string> arguments);

}  // namespace zinit
