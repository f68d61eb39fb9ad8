// Parses what a server is started with: its command line, its environment, the kernel command line.
// Pure: nothing here reads a file or makes a system call.
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
  bool console = false;                    // what services print goes to standard output as well
  bool raw_console = false;                // and that as they print it
  bool new_instance = false;               // start beside a server that runs the same files
  std::optional<std::string> stop_signal;  // of the command
  bool forward = true;                     // signals are passed on to the command
  bool help = false;
  bool version = false;
  bool self_check = false;  // only see whether this program could go on in another's place
  std::optional<std::string> journal_version;  // of the one whose place it would take
  bool dashes = false;                         // there is a `--`
  std::vector<std::string> command;            // of the service `main` of a container's PID 1
  std::vector<std::string> words;   // not options: the kernel passes words that it does not know
  std::vector<std::string> faults;  // error messages; what else was parsed is valid
};

/// What an argument is that is neither an option nor the value of one.
enum class Words : std::uint8_t {
  none,     // a word, and options may follow
  command,  // it begins the command, as what follows `--` does: tini and the like read theirs so
};

/// Options are `--name VALUE` or `--name=VALUE`, in any order. A server that is not PID 1 refuses
/// to start if there are faults or words; PID 1 logs them and goes on, except for a container's
/// `--` without a command.
[[nodiscard]] ServerOptions parse_server_options(std::span<const std::string> arguments,
                                                 Words words = Words::none);

/// What the last of `words`, which stand behind `zinit server`, may become; ":files" stands for the
/// names of files.
[[nodiscard]] std::vector<std::string> server_completions(std::span<const std::string> words);

/// Options on the kernel command line (behaviour.md, "PID 1 in system mode" 4). `quiet` is not
/// among them: it sets the kernel's log level, which applies to zinit's lines on the console as
/// well.
struct KernelOptions {
  std::string target;  // empty: the default
  std::optional<LogLevel> log_level;
  std::optional<std::string> config_dir;
  bool shell = false;  // single, rescue, emergency: first a shell on the console
  std::vector<std::string> faults;
};

/// `text` is that of /proc/cmdline. Double quotes protect blanks, as in the kernel. The last of
/// several settings of one option counts.
[[nodiscard]] KernelOptions parse_kernel_options(std::string_view text);

/// What of them is for an initramfs that is on its way to another root, and has a file
/// /etc/initrd-release to say so (https://systemd.io/INITRD_INTERFACE): the log level. Target,
/// directory and shell are those of the other root.
[[nodiscard]] KernelOptions for_initramfs(const KernelOptions& options);

/// Whether zinit is PID 1 of a container rather than of a machine (zinit.toml(5), "Where files are
/// read"). `marked`: /.dockerenv or /run/.containerenv exists.
[[nodiscard]] bool in_container(const ServerOptions& options, const Environment& environment,
                                bool marked);

/// The log level of the command line, ZINIT_LOG_LEVEL or the kernel command line, the first of
/// these that is set; if none is, that of zinit.toml counts. Invalid levels are reported in
/// `faults`.
[[nodiscard]] std::optional<LogLevel> asked_log_level(const ServerOptions& options,
                                                      const Environment& environment,
                                                      const KernelOptions& kernel,
                                                      std::vector<std::string>& faults);

}  // namespace zinit
