// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The preparations that all modes share.
#include "server/prepare_server.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>

#include "base/file.hpp"
#include "base/log.hpp"
#include "config/environment.hpp"
#include "io/console_sink.hpp"
#include "os/limits.hpp"
#include "os/membership.hpp"
#include "os/signals.hpp"
#include "reexec/reexecution.hpp"
#include "state/crash_log.hpp"

namespace zinit {

namespace {

/// @return  the limit of open files for services, if it differs from zinit's own.
std::optional<rlimit> prepare_process() {
  if (const auto blocked = block_signals(); !blocked) log_error("{}", blocked.error().text);
  // A signalfd does not report an ignored signal, and zinit may have inherited ignored signals.
  for (const int signal : handled_signals()) std::signal(signal, SIG_DFL);
  std::signal(SIGPIPE, SIG_IGN);
  keep_dispositions();
  mark_inherited_descriptors();
  const auto limit = raise_descriptor_limit();
  make_room_for_descriptors();
  if (limit) return *limit;
  log_warn("{}", limit.error().text);
  return std::nullopt;
}

/// Empty if the directory was removed; a relative path then leads nowhere.
std::string own_directory() {
  char here[PATH_MAX];
  return ::getcwd(here, sizeof here) == nullptr ? std::string() : std::string(here);
}

Places places_of(const StartRequest& request) {
  ModeOptions wanted;
  wanted.mode = request.mode;
  wanted.uid = ::geteuid();
  wanted.pid1_mode = request.options.pid1_mode;
  wanted.config_dir =
      request.options.config_dir ? request.options.config_dir : request.kernel.config_dir;
  wanted.config_file = request.options.config;
  wanted.socket = request.options.socket;
  wanted.cwd = own_directory();
  return places_for(wanted, [](const char* name) { return std::getenv(name); });
}

void use_asked_log_level(DaemonStart& start, const StartRequest& request) {
  std::vector<std::string> faults;
  start.log_level = asked_log_level(request.options, start.environment, request.kernel, faults);
  if (start.log_level) set_log_level(*start.log_level);
  faults.insert(faults.end(), request.options.faults.begin(), request.options.faults.end());
  faults.insert(faults.end(), request.kernel.faults.begin(), request.kernel.faults.end());
  for (const std::string& fault : faults) log_warn("{}", fault);
}

ConsoleMode console_of(const ServerOptions& options) {
  if (options.raw_console) return ConsoleMode::raw;
  return options.console ? ConsoleMode::lines : ConsoleMode::no;
}

bool same_file(int one, int other) noexcept {
  struct stat a {
  }, b{};
  return ::fstat(one, &a) == 0 && ::fstat(other, &b) == 0 && a.st_dev == b.st_dev &&
         a.st_ino == b.st_ino;
}

/// A lone command has zinit in place of tini, which prints nothing. Only the files show whether
/// other services run beside the command, so zinit reads the files before it logs anything. After a
/// re-execution the previous process image has left the answer.
void take_command(DaemonStart& start, const ServerOptions& options) {
  start.sources.command = {options.command, options.stop_signal.value_or(""), own_directory()};
  // A process may have inherited a directory that it must not enter.
  if (std::string& dir = start.sources.command.dir; ::access(dir.c_str(), X_OK) != 0) dir.clear();
  if (options.command.empty()) {
    if (options.stop_signal) log_warn("--stop-signal needs a command");
    return;
  }
  start.passes_signals_on = options.forward;
  if (start.legacy && !start.legacy->facts.empty()) {
    start.command_alone = start.legacy->daemon.command_alone;
    if (start.command_alone && !start.log_level) set_log_level(LogLevel::warn);
    return;
  }
  catch_all("boot", [&start] {
    const Configuration& config = start.config.emplace(read_configuration(start.sources));
    start.command_alone = is_alone(start.sources, config);
    if (start.command_alone && !start.log_level)
      set_log_level(config.settings.log_level.value_or(LogLevel::warn));
  });
}

/// False also if the path leads through a file.
bool exists(const std::string& path) noexcept {
  return type_at(path) != 0 || (errno != ENOENT && errno != ENOTDIR);
}

/// Refuses a directory or a file of settings that was named and does not exist: its name is
/// probably wrong. Only PID 1 logs the lack and continues.
Result<void> find_named(const Places& places) {
  if (places.settings_named && !exists(places.settings_file))
    return failure(
        fmt::format("{}: this file of global settings does not exist; make it, or correct --config",
                    places.settings_file));
  for (const ConfigDirectory& directory : places.directories) {
    if (directory.named && !exists(directory.path))
      return failure(
          fmt::format("{}: this directory of services does not exist; make it, or use --config-dir",
                      directory.path));
    if (directory.named && type_at(directory.path) == S_IFREG)
      return failure(fmt::format("{}: this is a file; --config-dir takes the directory of services",
                                 directory.path));
  }
  return {};
}

/// The level for a lack that does not matter to a lone command.
LogLevel level_of_want(const DaemonStart& start) {
  return start.command_alone ? LogLevel::info : LogLevel::warn;
}

/// A sink that cannot be opened is null, and its lines count as dropped.
LogSinks open_sinks(EventLoop& loop, Mode mode, Inheritance* inherited) {
  LogSinks sinks;
  if (auto kmsg = open_fd("/dev/kmsg", O_WRONLY | O_NONBLOCK | O_NOCTTY))
    sinks.kmsg = std::make_shared<KmsgSink>(loop, std::move(*kmsg));
  sinks.area = std::make_shared<SinkArea>(inherited);
  const auto console = [&](int fd) -> std::shared_ptr<ConsoleSink> {
    auto own = open_for_sink(fd);
    if (!own) return nullptr;
    return std::make_shared<ConsoleSink>(loop, std::move(*own),
                                         mode == Mode::system ? WhenFull::drop : WhenFull::hold);
  };
  const auto out = console(STDOUT_FILENO);
  // One queue if both are the same file: no long line of one comes inside a line of the other.
  const auto err = same_file(STDOUT_FILENO, STDERR_FILENO) ? out : console(STDERR_FILENO);
  sinks.console = out;
  if (out && err) sinks.raw_console = std::make_shared<RawConsole>(out, err);
  return sinks;
}

Result<void> open_socket(DaemonStart& start) {
  if (start.legacy) {
    if (KeptFd listening = start.legacy->descriptors.take(KeptKind::control_socket)) {
      start.socket = ControlSocket::take_over(std::move(listening));
      return {};
    }
  }
  auto socket = open_control_socket(start.sources.places, ControlSocketSettings().lock_wait,
                                    level_of_want(start));
  if (socket) {
    start.socket = std::move(*socket);
    return {};
  }
  const bool taken = start.mode == Mode::container && socket.error().errnum == EADDRINUSE;
  if (start.mode == Mode::standalone || taken) return Failure(socket.error());
  // The purpose of a container must not depend on the socket: the root may be read-only.
  if (start.mode == Mode::container)
    log_warn("zinitctl cannot connect, because there is no control socket: {}",
             socket.error().text);
  else
    log_error("zinit cannot answer clients: {}", socket.error().text);
  return {};
}

/// Takes the lock for the service files. PID 1 needs no lock, because nothing outlives it. If no
/// lock can be made, the server continues without it.
Result<void> lock_files(DaemonStart& start, bool new_instance) {
  const Places& places = start.sources.places;
  if (start.legacy)
    start.lock =
        ServerLock::take_over(start.legacy->descriptors.take(KeptKind::server_lock), places);
  if (start.mode != Mode::standalone || start.legacy || new_instance) return {};
  auto lock = ServerLock::take(places);
  if (lock)
    start.lock = std::move(*lock);
  else if (lock.error().errnum == EADDRINUSE)
    return Failure(lock.error());
  else
    log_info("zinit cannot detect another server with these service files: {}", lock.error().text);
  return {};
}

/// Notes facts for the next server, in case this one is killed. Without cgroups the next server
/// recognizes services by their environment.
void note_server(DaemonStart& start) {
  const std::string own = fmt::format("{}=", kServerVariable);
  std::erase_if(start.environment, [&](const std::string& one) { return one.starts_with(own); });
  if (!start.lock.held()) return;
  own_server() = start.lock.id();
  if (!start.cgroups) set_environment(start.environment, kServerVariable, start.lock.id());
  const std::string cgroup = start.cgroups ? start.cgroups->name() : std::string();
  const auto noted = start.lock.note(
      {::getpid(), start.socket.path(), cgroup, cgroup.empty() ? 0 : cgroup_id(cgroup)});
  if (!noted) log_warn("{}", noted.error().text);
}

/// Looks for services that a killed server with the same service files has left running. They go on
/// as after a re-execution without a journal.
void find_left(DaemonStart& start) {
  const ServerLock::Note& before = start.lock.before();
  if (before.pid == 0) return;
  auto left = processes_left(start.lock);
  if (!left) return log_error("a killed server may have left services: {}", left.error().text);
  if (left->empty()) return;
  auto records = read_journal(start.lock.journal());
  // After a shutdown that did not end, the services are wanted again.
  if (records && records->world.shutdown) records = failure("it was shutting down");
  log_warn("the server with pid {} was killed; the processes of its services keep running{}",
           before.pid, records ? "" : ", and its oneshots count as done: " + records.error().text);
  start.legacy.emplace();
  start.legacy->left = std::move(*left);
  if (!records) return;
  start.legacy->journal = *std::move(records);
  start.legacy->journal.world.settled = {};  // the boot of that server
}

/// Without cgroups there is one warning, and services are still supervised.
std::shared_ptr<CgroupTree> make_cgroups(const DaemonStart& start) {
  auto cgroups = made_for(start.legacy, [&start] {
    return CgroupTree::create(start.lock.before().cgroup, start.legacy.has_value());
  });
  if (cgroups) return std::move(*cgroups);
  log(level_of_want(start), "no cgroups: services are tracked by process group only: {}",
      cgroups.error().text);
  return nullptr;
}

/// The options with which the self-check of another program reads the same files.
std::vector<std::string> check_options(const StartRequest& request) {
  std::vector<std::string> options;
  const auto add = [&](const char* name, const std::optional<std::string>& value) {
    if (value) options.insert(options.end(), {name, *value});
  };
  if (request.mode != Mode::standalone || request.options.pid1_mode)
    options.emplace_back("--pid1-mode");
  add("--config-dir",
      request.options.config_dir ? request.options.config_dir : request.kernel.config_dir);
  add("--config", request.options.config);
  return options;
}

/// Prepares for a fault as early as possible, because reading the data of a crashed process image
/// may well cause the next fault.
void prepare_recovery(std::optional<Inheritance>& inherited) {
  if (kept_list_fd() < 0) {
    if (const auto made = make_kept_list(); !made)
      log_error("no re-execution is possible: {}", made.error().text);
  }
  if (const auto found = find_own_program(!inherited); !found)
    log_error("no re-execution is possible: {}", found.error().text);
  KeptFd crashes;
  if (inherited) crashes = inherited->take(KeptKind::crashes);
  if (const auto opened = open_crash_log(std::move(crashes)); !opened)
    log_error("zinit cannot recover from crashes: {}", opened.error().text);
  prepare_execution();
}

/// Reads what the previous process image has left. Logs data that cannot be read, and leaves
/// its member empty.
Legacy read_legacy(Inheritance inherited) {
  Legacy legacy;
  legacy.journal_file = inherited.take(KeptKind::journal);
  legacy.facts_file = inherited.take(KeptKind::facts);
  if (auto services = read_journal(legacy.journal_file.get()))
    legacy.journal = *std::move(services);
  else
    log_error("the previous process image: {}", services.error().text);
  if (auto facts = read_facts(legacy.facts_file.get()))
    legacy.facts = *std::move(facts);
  else
    log_error("the previous process image: {}", facts.error().text);
  legacy.daemon = daemon_from(legacy.facts);
  legacy.descriptors = std::move(inherited);
  return legacy;
}

}  // namespace

int run_self_check(const StartRequest& request) {
  const std::string known = std::to_string(kJournalVersion);
  std::string fault;
  if (request.options.journal_version.value_or(known) != known) {
    fault = fmt::format("it supports version {} of the journal, not {}", known,
                        *request.options.journal_version);
  } else if (!request.options.faults.empty()) {
    fault = request.options.faults.front();
  } else {
    const Configuration config = read_configuration({.places = places_of(request)});
    if (config.incomplete) fault = config.incomplete->text;
  }
  const std::string said = fault.empty() ? std::string(kSelfCheckPassed) : fault;
  if (!write_all(STDOUT_FILENO, said + "\n", "standard output")) return 1;
  return fault.empty() ? 0 : 1;
}

Result<ControlSocket> open_control_socket(const Places& places, Milliseconds lock_wait,
                                          LogLevel level) {
  auto socket = ControlSocket::open({places.socket, places.socket_in_tmp, lock_wait});
  // If another server answers here, a client must not mistake this server for it.
  const bool taken = !socket && socket.error().errnum == EADDRINUSE;
  if (socket || taken || places.spare_socket.empty()) return socket;
  auto spare = ControlSocket::open({places.spare_socket, places.spare_in_tmp, lock_wait});
  if (!spare) return socket;
  log(level, "{}; the control socket is {}", socket.error().text, spare->path());
  return spare;
}

Result<DaemonStart> prepare_server(StartRequest request) {
  DaemonStart start;
  start.mode = request.mode;
  start.started = request.started;
  start.check_options = check_options(request);
  start.nofile = prepare_process();
  prepare_recovery(request.inherited);
  if (request.inherited) {
    start.legacy = read_legacy(std::move(*request.inherited));
    start.started = start.legacy->daemon.started.value_or(start.started);
    if (!start.legacy->daemon.program.empty()) set_installed_program(start.legacy->daemon.program);
  }
  // After a re-execution zinit's own limit is already the raised one.
  if (start.legacy && start.legacy->daemon.nofile) start.nofile = start.legacy->daemon.nofile;
  const bool of_machine = request.mode == Mode::system && start.nofile;
  start.service_nofile = of_machine ? limit_for_services() : start.nofile;
  start.environment = own_environment();
  use_asked_log_level(start, request);
  start.sources = {.places = places_of(request), .console = console_of(request.options)};
  if (request.mode == Mode::standalone && !start.legacy)
    if (const auto there = find_named(start.sources.places); !there) return Failure(there.error());
  start.subreaper = request.subreaper;
  if (request.mode == Mode::container) take_command(start, request.options);
  start.console = std::move(request.console);
  start.kernel = std::move(request.kernel);
  auto data_loop = made_for(start.legacy, [] { return DataLoop::create(); });
  if (!data_loop) return Failure(data_loop.error());
  start.data_loop = std::move(*data_loop);
  start.sinks = open_sinks(start.data_loop->loop(), request.mode,
                           start.legacy ? &start.legacy->descriptors : nullptr);
  if (const auto opened = open_socket(start); !opened) return Failure(opened.error());
  if (const auto locked = lock_files(start, request.options.new_instance); !locked)
    return Failure(locked.error());
  catch_all("cgroups", [&] { start.cgroups = make_cgroups(start); });
  find_left(start);
  note_server(start);
  return start;
}

}  // namespace zinit
