// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Starts a server from its command line, and returns its exit status.
#include "server/start.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <memory>
#include <utility>

#include "base/log.hpp"
#include "base/memory.hpp"
#include "base/sanitized.hpp"
#include "config/environment.hpp"
#include "machine/boot.hpp"
#include "machine/last_steps.hpp"
#include "os/console.hpp"
#include "os/memory.hpp"
#include "os/mount.hpp"
#include "os/power.hpp"
#include "os/process.hpp"
#include "reexec/last_resort.hpp"
#include "server/prepare_server.hpp"

namespace zinit {

namespace {

constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;

constexpr std::string_view kUsage =
    "usage: zinit server [OPTIONS]\n"
    "       zinit-server [OPTIONS]\n"
    "       zinit-pid1 [OPTIONS]\n"
    "       zinit-pid1 --container [OPTIONS] [[--] COMMAND ARGUMENT...]\n"
    "\n"
    "Starts and supervises services. Control it with zinitctl; see zinit(8).\n"
    "\n"
    "  --config-dir DIR     read services from DIR in place of /etc/zinit/services\n"
    "  --config FILE        read the global settings from FILE\n"
    "  --socket PATH        answer clients at PATH\n"
    "  --log-level LEVEL    trace, debug, info, warn or error\n"
    "  --pid1-mode          read the directories that PID 1 reads\n"
    "  --console[=raw]      print services' output unless their files set a target;\n"
    "                       raw: unchanged\n"
    "  --new-instance       start beside a server that runs the same service files\n"
    "  --container          PID 1 of a container, not of a machine\n"
    "  --stop-signal SIGNAL what stops the command, in place of SIGTERM\n"
    "  --forward all|none   pass all signals on to the command, or none\n"
    "  --help, --version\n";

void print(FILE* to, std::string_view text) {
  // Errors are ignored: a reader who closed the stream does not want the text.
  if (std::fwrite(text.data(), 1, text.size(), to) < text.size()) return;
}

bool marked_as_container() {
  return ::access("/.dockerenv", F_OK) == 0 || ::access("/run/.containerenv", F_OK) == 0;
}

constexpr std::string_view kNoCommand = "a command is missing after --";

bool lacks_command(const ServerOptions& options) {
  return options.dashes && options.command.empty();
}

int refuse_usage(std::string_view fault) {
  print(stderr, fmt::format("zinit: {}; see zinit server --help\n", fault));
  return kWrongUsage;
}

/// Why a server that is not PID 1 refuses to start; empty: it starts.
std::string usage_fault(const ServerOptions& options) {
  if (!options.faults.empty()) return options.faults.front();
  if (!options.words.empty()) return fmt::format("unknown argument {}", options.words.front());
  if (options.container) return "--container is for zinit-pid1";
  if (options.stop_signal || !options.forward)
    return "--stop-signal and --forward are for zinit-pid1 and its command";
  if (lacks_command(options)) return std::string(kNoCommand);
  if (options.dashes) return "a command after -- is for zinit-pid1 --container";
  return {};
}

/// Prepares the process in container and standalone mode.
void take_place(const StartRequest& request) {
  const bool first = request.mode == Mode::container && !request.subreaper;
  if (const auto filled = fill_standard_streams(); !filled) log_warn("{}", filled.error().text);
  if (!first) {
    if (const auto subreaper = become_subreaper(); !subreaper)
      log_warn("zinit does not see orphaned processes of services: {}", subreaper.error().text);
  } else {
    constexpr const MountRow& proc = kSystemMounts[0];
    if (const auto mounted = mount_if_missing(proc); !mounted) log_info("{}", mounted.error().text);
  }
  set_log_descriptor(STDERR_FILENO, false);  // needs /proc to reopen it
  // A journal and a container engine add times themselves, and read from a socket or a pipe.
  struct stat log {};
  const bool file = ::fstat(STDERR_FILENO, &log) == 0 && S_ISREG(log.st_mode);
  set_log_times(request.mode == Mode::standalone && (file || ::isatty(STDERR_FILENO) == 1));
  survive_faults({});
  if (request.subreaper && !request.inherited)
    log_warn("process 1 is another program, {}; zinit runs as a child subreaper, pid {}",
             program_of(1), ::getpid());
}

Result<std::unique_ptr<ZinitDaemon>> make_daemon(StartRequest&& request) {
  auto start = prepare_server(std::move(request));
  if (!start) return Failure(start.error());
  return ZinitDaemon::create(std::move(*start));
}

/// Boots, runs and ends the machine. Errors are logged, and PID 1 continues.
[[noreturn]] void run_machine(StartRequest request) {
  // Never destroyed: the destructor would wait for threads, which may hang.
  ZinitDaemon* daemon = nullptr;
  try {
    BootedMachine machine = boot_machine(request.options.words, request.inherited.has_value());
    request.console = std::move(machine.console);
    request.kernel = std::move(machine.kernel);
    auto made = make_daemon(std::move(request));
    if (!made) stay_alive(made.error().text.c_str());
    daemon = made->release();
    daemon->run();
  } catch (const std::exception& fault) {
    stay_alive(fault.what());
  }
  if (daemon->kind() == PowerAction::switch_root) daemon->leave_root();
  const auto alive = [daemon] { daemon->feed_watchdog(); };
  catch_all("shutdown", [&] { kill_the_rest([daemon] { return daemon->reap_some(); }, alive); });
  catch_all("shutdown", [daemon] { daemon->finish_logs(); });
  leave_machine(daemon->kind(), daemon->release_watchdog(), !daemon->can_be_destroyed());
}

int run_plain(StartRequest request) {
  const bool ends_all = request.mode == Mode::container && !request.subreaper;
  take_place(request);
  auto daemon = make_daemon(std::move(request));
  if (!daemon) {
    print(stderr, fmt::format("zinit: {}\n", daemon.error().text));
    return kFailed;
  }
  (*daemon)->run();
  if (ends_all) kill_the_rest([&] { return (*daemon)->reap_some(); }, [] {});
  (*daemon)->finish_logs();
  const int code = (*daemon)->exit_code();
  const bool rests = (*daemon)->can_be_destroyed();
  if (rests) (*daemon)->remove_files();
  // Last, because a server with the same files can begin as soon as the lock is free.
  if (!ends_all) (*daemon)->leave_cgroups();
  // The destructor would wait for threads that hang in the kernel. It frees only memory that the
  // kernel frees faster, so only a build that looks for leaks calls it.
  if (!rests || !kSanitized) _exit(code);
  return code;
}

int run_standalone(StartRequest request) {
  if (const std::string fault = usage_fault(request.options); !fault.empty())
    return refuse_usage(fault);
  return run_plain(std::move(request));
}

}  // namespace

int run_server(ServerName name, std::span<const std::string> arguments) {
  StartRequest request;
  request.started = Clock::now();
  request.options = parse_server_options(arguments);
  if (request.options.self_check && ::getpid() != 1) return run_self_check(request);
  share_arenas();
  install_memory_policy();
  request.inherited = take_inheritance();
  const bool pid1 = ::getpid() == 1;
  const bool subreaper = !pid1 && name == ServerName::pid1;
  ServerOptions of_container = parse_server_options(arguments, Words::command);
  const bool container = subreaper || (pid1 && in_container(of_container, own_environment(),
                                                            {.server = name == ServerName::server,
                                                             .marked = marked_as_container(),
                                                             .machine = is_init_of_machine()}));
  if (container) request.options = std::move(of_container);
  if (pid1 && !container) {
    request.mode = Mode::system;
    run_machine(std::move(request));
  }
  if (request.options.help || request.options.version) {
    print(stdout, request.options.help ? kUsage : "zinit " ZINIT_VERSION "\n");
    return 0;
  }
  if (container) {
    // The container exists for its command, and would stay up for nothing without one.
    if (lacks_command(request.options)) return refuse_usage(kNoCommand);
    request.mode = Mode::container;
    request.subreaper = subreaper;
    return run_plain(std::move(request));
  }
  return run_standalone(std::move(request));
}

}  // namespace zinit
