// Prepares what a server needs: limits, places of files, control socket, sinks, the data loop.
#pragma once

#include "init/daemon.hpp"

namespace zinit {

/// What a server is started with: its command line, and in system mode the kernel command line and
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

/// See check_installed_program(): says what is in the way of this program's going on for another.
/// @return  the exit status
[[nodiscard]] int run_self_check(const StartRequest& request);

/// The control socket at its place or, if that cannot be had, at the spare one, which is logged
/// with this level.
/// @return  the error of the first place
[[nodiscard]] Result<ControlSocket> open_control_socket(const Places& places,
                                                        Milliseconds lock_wait,
                                                        LogLevel level = LogLevel::warn);

/// Prepares the process (signals, descriptors) and makes all parts of DaemonStart. Invalid options
/// are logged.
/// @return  an error if there are no descriptors for the loop, or in standalone mode no control
///          socket; PID 1 goes on without it, but in a container not where another server has it.
/// On the main thread, before other threads are started.
[[nodiscard]] Result<DaemonStart> prepare_server(StartRequest request);

}  // namespace zinit
