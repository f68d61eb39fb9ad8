// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Prepares what a server needs: limits, places of files, control socket, sinks, the data loop.
#pragma once

#include "server/daemon.hpp"

namespace zinit {

/// The input of a server's start: its command line, and in system mode the kernel command line and
/// the console.
struct StartRequest {
  Mode mode = Mode::standalone;
  TimePoint started;
  ServerOptions options;
  KernelOptions kernel;
  std::string console;
  std::optional<Inheritance> inherited{};  // after a re-execution
  bool subreaper = false;                  // container mode, and not process 1
};

/// See check_installed_program(): prints why this program could not continue in place of another.
/// @return  the exit status
[[nodiscard]] int run_self_check(const StartRequest& request);

/// Opens the control socket at its place. If this fails, opens it at the spare place and logs so
/// with `level`.
/// @return  the error of the first place
[[nodiscard]] Result<ControlSocket> open_control_socket(const Places& places,
                                                        Milliseconds lock_wait,
                                                        LogLevel level = LogLevel::warn);

/// Prepares the process (signals, descriptors) and makes all parts of DaemonStart. Logs invalid
/// options.
/// @return  an error if there are no descriptors for the loop, or in standalone mode no control
///          socket. PID 1 continues without it, except in a container if another server has it.
/// Call it on the main thread, before other threads start.
[[nodiscard]] Result<DaemonStart> prepare_server(StartRequest request);

}  // namespace zinit
