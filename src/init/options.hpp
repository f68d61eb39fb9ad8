// What a server is told when it starts: its command line, its environment, the kernel's command
// line. Pure: nothing here reads a file or asks the system, so tests can say what they like.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/environment.hpp"
#include "base/log.hpp"

namespace zinit {

/// The command line of a server (control.md, "One binary, many names").
struct ServerOptions {
  std::optional<std::string> config_dir;
  std::optional<std::string> config;
  std::optional<std::string> socket;
  std::optional<LogLevel> log_level;
  bool pid1_mode = false;
  bool container = false;
  bool help = false;
  bool version = false;
  bool dashes = false;               // `--` was there
  std::vector<std::string> command;  // what follows it: the service `main` of zinit-pid1
  std::vector<std::string> words;    // what is no option: the kernel hands init its own such words
  std::vector<std::string> faults;   // messages on what is wrong; the rest is good all the same
};

/// Options are `--name VALUE` or `--name=VALUE`, in any order. Never fails as a whole: a server
/// that is not PID 1 refuses to start with faults or words, PID 1 logs them and goes on; but for a
/// container's `--` without a command.
[[nodiscard]] ServerOptions parse_server_options(std::span<const std::string> arguments);

/// What the kernel command line says to zinit (behaviour.md, "PID 1 in system mode" 4). `quiet` is
/// not among it: the kernel's own log level keeps what it hides from the console, zinit's lines in
/// the kernel ring buffer included.
struct KernelOptions {
  std::string target;  // empty: the default
  std::optional<LogLevel> log_level;
  std::optional<std::string> config_dir;
  bool shell = false;  // single, rescue, emergency: a shell on the console first
  std::vector<std::string> faults;
};

/// `text` is /proc/cmdline's. Double quotes keep blanks together, as the kernel has it; the last of
/// two settings counts.
[[nodiscard]] KernelOptions parse_kernel_options(std::string_view text);

/// Whether PID 1 is that of a container rather than of a machine (zinit.toml(5), "Where files are
/// read"). `marked`: /.dockerenv or /run/.containerenv exists.
[[nodiscard]] bool in_container(const ServerOptions& options, const Environment& environment,
                                bool marked);

/// The level that command line, ZINIT_LOG_LEVEL or the kernel's command line asks for, the first of
/// them winning; nothing: zinit.toml's counts. A word that is no level goes to `faults`.
[[nodiscard]] std::optional<LogLevel> asked_log_level(const ServerOptions& options,
                                                      const Environment& environment,
                                                      const KernelOptions& kernel,
                                                      std::vector<std::string>& faults);

}  // namespace zinit
