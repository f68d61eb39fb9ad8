// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Parses a server's input at its start: command line, environment, kernel command line. Pure:
// nothing here reads a file or makes a system call.
#pragma once

#include <cstdint>
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
  bool console = false;                    // output of services also goes to standard output
  bool raw_console = false;                // and unchanged
  bool new_instance = false;               // start beside a server that runs the same files
  std::optional<std::string> stop_signal;  // for the command
  bool forward = true;                     // pass signals on to the command
  bool help = false;
  bool version = false;
  bool self_check = false;  // only check whether this program could replace another
  std::optional<std::string> journal_version;  // of the program to replace
  bool dashes = false;                         // a `--` was given
  std::vector<std::string> command;            // for the service `main` of a container's PID 1
  std::vector<std::string> words;              // not options: the kernel passes unknown words
  std::vector<std::string> faults;  // error messages; everything else was parsed and is valid
};

/// The meaning of an argument that is neither an option nor the value of an option.
enum class Words : std::uint8_t {
  none,     // a word, and options may follow
  command,  // begins the command, as after `--`: tini and similar programs do so
};

/// Options are `--name VALUE` or `--name=VALUE`, in any order. A server that is not PID 1 refuses
/// to start if there are faults or words. PID 1 logs them and continues, except in a container
/// whose `--` has no command after it.
[[nodiscard]] ServerOptions parse_server_options(std::span<const std::string> arguments,
                                                 Words words = Words::none);

/// Completions for the last of `words`, the words after `zinit server`. ":files" stands for the
/// names of files.
[[nodiscard]] std::vector<std::string> server_completions(std::span<const std::string> words);

/// Options on the kernel command line (behaviour.md, "PID 1 in system mode" 4). `quiet` is not an
/// option of zinit: it sets the kernel's log level, which also applies to zinit's lines on the
/// console.
struct KernelOptions {
  std::string target;  // empty: the default target
  std::optional<LogLevel> log_level;
  std::optional<std::string> config_dir;
  bool shell = false;  // single, rescue, emergency: a shell on the console first
  std::vector<std::string> faults;
};

/// `text` is the content of /proc/cmdline. Double quotes protect blanks, as in the kernel. If an
/// option is set several times, the last setting counts.
[[nodiscard]] KernelOptions parse_kernel_options(std::string_view text);

/// The options that apply in an initramfs, which only leads to another root, and which a file
/// /etc/initrd-release marks (https://systemd.io/INITRD_INTERFACE): the log level. Target,
/// directory and shell belong to the other root.
[[nodiscard]] KernelOptions for_initramfs(const KernelOptions& options);

/// What PID 1 finds around itself.
struct ContainerSigns {
  bool server = false;   // it was called as `zinit server`
  bool marked = false;   // /.dockerenv or /run/.containerenv exists
  bool machine = false;  // the kernel has started it
};

/// Whether zinit is PID 1 of a container rather than of a machine (zinit.toml(5), "Where files are
/// read"). If the kernel has started it, container mode needs an explicit request: the kernel
/// passes on words that it does not know, `server` too, and a root file system made from a
/// container's image may have the container's mark.
[[nodiscard]] bool in_container(const ServerOptions& options, const Environment& environment,
                                const ContainerSigns& signs);

/// The log level of the command line, of ZINIT_LOG_LEVEL or of the kernel command line: the first
/// that is set. If no level is set, zinit.toml's counts. Reports invalid levels in `faults`.
[[nodiscard]] std::optional<LogLevel> asked_log_level(const ServerOptions& options,
                                                      const Environment& environment,
                                                      const KernelOptions& kernel,
                                                      std::vector<std::string>& faults);

}  // namespace zinit
