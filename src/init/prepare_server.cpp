// The preparations that all modes share.
#include "init/prepare_server.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <climits>
#include <csignal>
#include <cstdlib>

#include "base/log.hpp"
#include "base/memory.hpp"
#include "init/environment.hpp"
#include "os/limits.hpp"
#include "os/memory.hpp"
#include "os/signals.hpp"

namespace zinit {

namespace {

/// @return  the limit of open files for services, if it differs from zinit's own.
std::optional<rlimit> prepare_process() {
  share_arenas();
  install_memory_policy();
  if (const auto blocked = block_signals(); !blocked) log_error("{}", blocked.error().text);
  // An ignored signal does not arrive by a signalfd either, and zinit may have inherited that.
  for (const SignalRow& row : kSignals) std::signal(row.signal, SIG_DFL);
  std::signal(SIGPIPE, SIG_IGN);
  keep_dispositions();
  mark_inherited_descriptors();
  const auto limit = raise_descriptor_limit();
  make_room_for_descriptors();
  if (limit) return *limit;
  log_warn("{}", limit.error().text);
  return std::nullopt;
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
  // Fails if the directory was removed; then relative paths lead nowhere anyway.
  if (char here[PATH_MAX]; ::getcwd(here, sizeof here) != nullptr) wanted.cwd = here;
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

/// If a sink cannot be opened it is null, and its lines count as dropped.
LogSinks open_sinks(EventLoop& loop) {
  LogSinks sinks;
  if (auto kmsg = open_fd("/dev/kmsg", O_WRONLY | O_NONBLOCK | O_NOCTTY))
    sinks.kmsg = std::make_shared<KmsgSink>(loop, std::move(*kmsg));
  if (auto console = open_for_sink(STDOUT_FILENO))
    sinks.console = std::make_shared<ConsoleSink>(loop, std::move(*console));
  return sinks;
}

Result<void> open_socket(DaemonStart& start) {
  const Places& places = start.sources.places;
  auto socket = ControlSocket::open({places.socket, places.socket_in_tmp});
  if (socket) {
    start.socket = std::move(*socket);
    return {};
  }
  if (start.mode != Mode::system) return Failure(socket.error());
  log_error("no client can be answered: {}", socket.error().text);
  return {};
}

/// Without cgroups there is one warning, and services are supervised all the same.
std::shared_ptr<CgroupTree> make_cgroups() {
  auto cgroups = CgroupTree::create();
  if (cgroups) return std::move(*cgroups);
  log_warn("services are followed by their process groups alone: {}", cgroups.error().text);
  return nullptr;
}

}  // namespace

Result<DaemonStart> prepare_server(StartRequest request) {
  DaemonStart start;
  start.mode = request.mode;
  start.started = request.started;
  start.nofile = prepare_process();
  start.environment = own_environment();
  use_asked_log_level(start, request);
  start.sources = {places_of(request), {}};
  if (request.mode == Mode::container) start.sources.command = request.options.command;
  start.console = std::move(request.console);
  start.kernel = std::move(request.kernel);
  auto data_loop = DataLoop::create();
  if (!data_loop) return Failure(data_loop.error());
  start.data_loop = std::move(*data_loop);
  start.sinks = open_sinks(start.data_loop->loop());
  if (const auto opened = open_socket(start); !opened) return Failure(opened.error());
  catch_all("cgroups", [&] { start.cgroups = make_cgroups(); });
  return start;
}

}  // namespace zinit
