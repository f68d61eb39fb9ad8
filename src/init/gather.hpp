// Gathers what a server is started with: limits, places, socket, sinks, the data loop.
#pragma once

#include "init/daemon.hpp"

namespace zinit {

/// What is told from outside: command line, and in system mode the kernel's command line and the
/// console that was found.
struct StartRequest {
  Mode mode = Mode::standalone;
  TimePoint started;
  ServerOptions options;
  KernelOptions kernel;
  std::string console;
};

/// Prepares the process (signals, descriptors) and gathers the rest. Wrong words are logged.
/// @return  or why the server cannot start: the control socket, except in system mode, which goes
///          on without, or no descriptors for its loop.
/// On the main thread, before any other.
[[nodiscard]] Result<DaemonStart> gather(StartRequest request);

}  // namespace zinit
