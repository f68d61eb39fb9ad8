// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Starts services, and handles signals, clients' requests and changes until a shutdown is over.
#include "server/daemon.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/jitter.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "config/environment.hpp"
#include "os/memory.hpp"
#include "server/manager.hpp"
#include "server/prepare_server.hpp"
#include "state/crash_log.hpp"

namespace zinit {

namespace {

// How long the first services wait for all sockets to open.
constexpr Milliseconds kSocketsFirst{500};

// A shell that ended sooner than this had no user, or no terminal: zinit waits before it starts the
// shell again.
constexpr Milliseconds kShortShell{2000};
constexpr Milliseconds kShellAgain{10000};

// The time from the last service's settling until its log lines and events are surely handled.
constexpr Milliseconds kAfterBoot{500};

constexpr std::array<std::string_view, 7> kOwnVariables = {
    "NOTIFY_SOCKET=",  "WATCHDOG_USEC=", "WATCHDOG_PID=", "LISTEN_FDS=",
    "LISTEN_FDNAMES=", "LISTEN_PID=",    "ZINIT_STEP="};

/// The part of zinit's environment that services inherit.
Environment handed_on(const DaemonStart& start) {
  if (start.mode == Mode::system) return {};
  Environment handed = start.environment;
  // Drop the variables that zinit's own supervisor has set for zinit.
  std::erase_if(handed, [](const std::string& entry) {
    if (kHasJitter && entry.starts_with(kJitterVariable)) return true;
    return std::ranges::any_of(kOwnVariables,
                               [&](std::string_view name) { return entry.starts_with(name); });
  });
  return handed;
}

CriticalWatch::Ended critical_end(Mode mode) {
  switch (mode) {
    case Mode::system: return [](const ServiceView& view) { return view.failed_for_good; };
    case Mode::container: return ended_for_good;
    case Mode::standalone: break;
  }
  return [](const ServiceView&) { return false; };
}

std::string directories_text(const Places& places) {
  std::vector<std::string> paths;
  for (const ConfigDirectory& directory : places.directories) paths.push_back(directory.path);
  return join(paths, ", ");
}

/// The directory of notify sockets; empty without a runtime directory.
std::string notify_directory(const std::string& runtime) {
  return runtime.empty() ? runtime : runtime + "/zinit/notify";
}

}  // namespace

Result<std::unique_ptr<ZinitDaemon>> ZinitDaemon::create(DaemonStart start) {
  auto loop = made_for(start.legacy, EventLoop::create);
  if (!loop) return Failure(loop.error());
  auto signals = made_for(start.legacy, [] { return open_signals(handled_signals()); });
  if (!signals) return Failure(signals.error());
  std::unique_ptr<ZinitDaemon> daemon(
      new ZinitDaemon(std::move(start), std::move(*loop), std::move(*signals)));
  const auto& legacy = daemon->start_.legacy;
  const auto works = made_for(legacy, [&]() -> Result<void> {
    // Without a journal the next crash would forget the services.
    if (legacy) {
      auto journal = daemon->board_.make_journal(daemon->start_.lock.journal());
      if (!journal && journal.error().temporary()) return journal;
    }
    return daemon->board_.works();
  });
  if (!works) return Failure(works.error());
  daemon->start_syslog();  // before a thread runs the loop that watches it
  const auto reads = made_for(legacy, [&] { return daemon->logs_.start(); });
  if (!reads) return Failure(reads.error());
  // Last: the daemon must not be destroyed while the loop runs.
  const auto runs = made_for(legacy, [&] { return daemon->start_.data_loop->start(); });
  if (!runs) return Failure(runs.error());
  return daemon;
}

ZinitDaemon::ZinitDaemon(DaemonStart start, std::unique_ptr<EventLoop> loop, UniqueFd signals)
    : start_(std::move(start)),
      loop_(std::move(loop)),
      signals_(std::move(signals)),
      look_in_force_(*loop_, [this] { look_in_force(); }),
      logs_(start_.data_loop->loop(), start_.sinks,
            start_.legacy ? &start_.legacy->descriptors : nullptr, &facts_),
      output_(logs_),
      changes_(*loop_),
      prober_(start_.data_loop->loop()),
      readiness_(start_.data_loop->loop(), notify_directory(start_.sources.places.services.runtime),
                 facts_),
      environment_(base_environment({}, handed_on(start_))),
      sockets_({{files_, *loop_, board_, facts_, [this] { on_sockets_open(false); }},
                start_.data_loop->loop(),
                settings_,
                [this] { return proxies_.changing(); },
                [this] { proxies_.try_again(); },
                [this] { return server_ && server_->has_ready(); }}),
      board_({output_, changes_, watchers_, &state_},
             {environment_, start_.service_nofile, start_.cgroups, start_.sources.places.services,
              start_.sources.places.told_socket},
             start_.lock.journal()),
      shutdown_(
          *loop_, board_, [this] { on_shutdown_begun(); }, [this] { loop_->stop(); }),
      failures_(*loop_, board_,
                {[this](const std::string& name) { return start_for_failure(name); },
                 [this](const ServiceView& failed) { act_on_failure(failed); },
                 [this] { keep_facts(); }}),
      critical_(board_, critical_end(start_.mode)),
      shell_(*loop_, start_.console, start_.environment, [this](bool ran) { on_shell_over(ran); }),
      files_(*loop_),
      in_force_(*loop_,
                [this](std::uint64_t reopening) {
                  return shutdown_.begun() ||
                         (logs_.reopened(reopening) && board_.limits_applied() &&
                          !proxies_.busy() && !sockets_.busy() && !timers_.busy() &&
                          !paths_.busy());
                }),
      reloader_(
          files_,
          [this](const ReloadFiles& asked) {
            return read_configuration(start_.sources, &settings_, asked.only.empty());
          },
          [this](const Configuration& config, const ReloadFiles& asked) {
            return take(config, asked);
          },
          [this](Reloader::Report& report, const ReloadFiles& asked, std::function<void()> answer) {
            await_effects(report, asked, std::move(answer));
          },
          [this](Configuration& config, const ReloadFiles& asked) {
            return checks_before(config, asked);
          }),
      instances_(board_, *loop_, settings_, facts_,
                 [this] { return server_ && server_->has_ready(); }),
      service_changes_(files_, board_, start_.sources.places, settings_, facts_,
                       [this] { return instances_.templates(); }),
      proxies_({{files_, *loop_, board_, facts_, [this] { on_sockets_open(false); }},
                start_.data_loop->loop(),
                start_.sources.places,
                sockets_}),
      timers_({{files_, *loop_, board_, facts_, [this] { in_force_.look(); }},
               start_.sources.places.services.state,
               start_.mode == Mode::system ? TimePoint{} : start_.started}),
      paths_({*loop_, board_, facts_, [this] { on_paths_seen(); }}),
      boot_anyway_(*loop_, [this] { on_sockets_open(true); }),
      reexecution_(
          *loop_, board_, files_, start_.check_options,
          [this](bool late) { return under_way(late); },
          [this](NextImage which) { execute_again(which); }),
      reap_more_(*loop_, [this] { reap_ended(); }),
      reap_later_(*loop_, [this] { reap_ended(); }),
      unexecuted_again_(*loop_, [this] { look_at_unexecuted(); }),
      signal_watcher_(*loop_, signals_.get(), EV_READ, [this](int) { on_signals(); }),
      shell_again_(*loop_, [this] { booted_ ? start_critical() : no_services(); }),
      boot_over_(*loop_, [] { release_after_boot(); }),
      machine_watchdog_(*loop_),
      self_watchdog_(
          {{"the control loop or the board", *loop_, [this] { (void)board_.last_seq(); }},
           {"the data loop", start_.data_loop->loop(), [] {}}}) {
  if (start_.legacy && start_.legacy->facts_file) {
    const auto kept = facts_.go_on(std::move(start_.legacy->facts_file), start_.legacy->facts);
    if (!kept) {
      log_error("{}", kept.error().text);
      facts_.keep(start_.legacy->facts);
    }
  }
  shell_.listen([this] { keep_facts(); });
  watchers_.add(prober_);
  prober_.report_to(board_);
  logs_.on_reopened([this] { look_in_force_.ask(); });
  logs_.keep_own_log();
  if (is_first())
    syslog_.emplace(start_.data_loop->loop(), board_, start_.cgroups.get(), logs_, facts_);
  watchers_.add(readiness_);
  readiness_.report_to(board_);
  watchers_.add(sockets_.sockets());
  watchers_.add(sockets_.connections());
  changes_.listen([this] { on_change(); });
  signal_watcher_.start();
  if (const int fd = board_.cgroup_watch_fd(); fd >= 0) {
    cgroup_watcher_.emplace(*loop_, fd, EV_READ, [this](int) { board_.cgroups_changed(); });
    cgroup_watcher_->start();
  }
  if (start_.socket.fd() >= 0) serve(std::move(start_.socket));
}

ZinitDaemon::~ZinitDaemon() = default;

void ZinitDaemon::start_syslog() {
  if (!syslog_) return;
  // A lone command does not miss the system log, so a failure is no warning.
  const LogLevel want = start_.command_alone ? LogLevel::info : LogLevel::warn;
  if (start_.legacy)
    syslog_->start(start_.legacy->descriptors.take(KeptKind::dev_log), start_.legacy->facts, want);
  else
    syslog_->start({}, {}, want);
}

void ZinitDaemon::run() {
  // On a lack of memory this throws, and zinit has no services until a reload.
  catch_all("boot", [this] { start_.legacy ? go_on() : load_services(); });
  // The shell comes before the services, also if it already ran before a re-execution, or if a
  // crash came before it ran.
  const bool shell_asked = start_.kernel.shell || !switch_fault_.empty();
  if (services_started_ || (!shell_asked && !shell_.running()))
    start_with_sockets();
  else if (!shell_.running() && !shutdown_.begun())
    shell_.start(switch_fault_.empty() ? "requested on the kernel command line" : switch_fault_);
  start_.legacy.reset();  // closes the descriptors that nobody took
  self_watchdog_.set(settings_.self_watchdog);
  loop_->run();
  self_watchdog_.set(Milliseconds{0});  // the loop has ended and cannot answer it
  if (start_.passes_signals_on && !exit_code_) exit_code_ = code_of_command();
  look_in_force();
  if (server_) server_->finish();
  // A client that waits for the end of a server sees the end of the process, when all is written.
  // The clients of a machine or a container are about to be killed, so they see the end now.
  if (server_ && !is_first())
    server_->stop_listening();
  else
    server_.reset();
}

void ZinitDaemon::serve(ControlSocket socket) {
  if (!server_) {
    server_ = std::make_unique<Server>(Server::Parts{*loop_, board_, logs_, *this, changes_});
    share_socket();
  }
  if (const auto serving = server_->serve(std::move(socket)); !serving)
    log_error("zinit cannot answer clients: {}", serving.error().text);
}

/// Makes the control socket again if its file was removed or a mount hides it, or if it could not
/// be opened at boot.
void ZinitDaemon::renew_socket() {
  if (server_ && server_->reachable()) return;
  auto socket = open_control_socket(start_.sources.places, Milliseconds{0});
  if (!socket) return log_error("new clients cannot connect: {}", socket.error().text);
  log_warn("made a new control socket at {}, because it was missing", socket->path());
  serve(std::move(*socket));
}

void ZinitDaemon::share_socket() {
  const bool full = settings_.socket_group_access == SocketAccess::full;
  if (server_) server_->share({socket_gid_, full ? Right::full : Right::read});
}

void ZinitDaemon::load_services() {
  auto read = std::exchange(start_.config, std::nullopt);
  const Configuration config = read ? *std::move(read) : read_configuration(start_.sources);
  start_.command_alone = is_alone(start_.sources, config);
  use_settings(config);
  log_info("version {}, {} mode, pid {}", ZINIT_VERSION, mode_name(start_.mode), ::getpid());
  if (const auto seed = jitter_seed())
    log_debug("threads are late by up to 50 ms, with {}={}", kJitterVariable, *seed);
  log_warnings(config);
  log_proxy_messages(config.proxies);
  instances_.use(config.templates);
  board_.load(config.specs, config.masked);
  proxies_.load(config);
}

void ZinitDaemon::use_settings(const Configuration& config) {
  settings_ = config.settings;
  settings_faults_ = config.settings_faults;
  const LogLevel usual = start_.command_alone ? LogLevel::warn : LogLevel::info;
  set_log_level(start_.log_level.value_or(settings_.log_level.value_or(usual)));
  if (start_.mode == Mode::system)
    machine_watchdog_.set(settings_.watchdog_device, settings_.watchdog_timeout);
  if (!start_.legacy) self_watchdog_.set(settings_.self_watchdog);  // otherwise once the loop runs
  socket_gid_ = config.socket_gid;
  share_socket();
  masked_proxies_ = config.masked_proxies;
  if (config.etc_environment) {
    etc_environment_ = *config.etc_environment;
    environment_.set(base_environment(*config.etc_environment, handed_on(start_)));
  }
  keep_facts();
}

/// All sockets of services and proxies open before the first service starts and before a client
/// gets an answer, so that a client can connect to a service that is not up yet. A file system or a
/// name server that hangs delays the start only briefly.
void ZinitDaemon::start_with_sockets() {
  sockets_.look();
  if (!sockets_.busy() && !proxies_.busy()) return start_services();
  boot_waits_ = true;
  boot_anyway_.set(kSocketsFirst);
  if (server_) server_->hold_requests(true);
}

void ZinitDaemon::on_sockets_open(bool anyway) {
  in_force_.look();
  if (!boot_waits_ || (!anyway && (sockets_.busy() || proxies_.busy()))) return;
  boot_waits_ = false;
  boot_anyway_.stop();
  if (server_) server_->hold_requests(false);
  start_services();
}

void ZinitDaemon::start_services(const Graph* older) {
  if (shutdown_.begun() || booted_) return;
  if (!services_started_) {
    services_started_ = Clock::now();
    empty_start_ = false;
    tell_manager("READY=1");
  }
  const bool empty = board_.graph()->order().empty();
  empty_start_ |= empty;
  keep_facts();  // from here on oneshots may have run
  if (empty) return no_services();
  if (empty_start_ && older == nullptr) return;
  booted_ = true;
  if (const auto booted = boot_target(older); !booted) log_error("boot: {}", booted.error().text);
  keep_facts();
  look_at_triggers();
  if (server_ && paths_.unseen()) server_->hold_requests(true);
}

void ZinitDaemon::on_paths_seen() {
  in_force_.look();
  if (!server_) return;
  server_->hold_requests(boot_waits_);
  server_->context().look_again();
}

RequestResult<void> ZinitDaemon::make_instance(std::string_view name) {
  const GraphPtr before = board_.graph();
  const auto made = instances_.make(name);
  if (board_.graph() != before) look_at_triggers();  // now: see Daemon::paths_unseen()
  return made;
}

/// Before the boot, no timer and no file starts a service. A server that began without services may
/// have got some from clients, without a boot.
void ZinitDaemon::look_at_triggers() {
  if (!booted_ && (!services_started_ || switched_)) return;
  timers_.look();
  paths_.look();
}

std::string ZinitDaemon::trigger_fault(const std::string& service) const {
  const std::string fault = timers_.fault_of(service);
  return fault.empty() ? paths_.fault_of(service) : fault;
}

/// The targets that were asked for, in the order of preference.
std::vector<std::string> ZinitDaemon::boot_targets() const {
  std::vector<std::string> targets{start_.kernel.target, settings_.default_target};
  std::erase(targets, std::string());
  return targets;
}

/// The target that a boot starts; empty: none of them exists, so all with status "start".
std::string ZinitDaemon::target_of_boot() const {
  const std::vector<std::string> targets = boot_targets();
  const auto known = std::ranges::find_if(
      targets, [this](const std::string& one) { return board_.find(one) != kNoSlot; });
  return known != targets.end() ? *known : std::string();
}

/// If the target on the kernel command line does not exist, zinit boots the default target, because
/// a user who mistyped still wants a usable system.
RequestResult<void> ZinitDaemon::boot_target(const Graph* older) {
  for (const std::string& target : boot_targets()) {
    auto booted = board_.boot(target, older);
    if (booted || booted.error().refusal != Refusal::not_found) return booted;
    log_error("boot: {} (the requested target); trying the next one", booted.error().text);
  }
  return board_.boot({}, older);
}

void ZinitDaemon::no_services() {
  if (!board_.boot_settled()) (void)board_.boot({});  // it fails only during a shutdown
  const Places& places = start_.sources.places;
  const std::string directories = directories_text(places);
  const bool filled_later = std::ranges::any_of(places.directories, &ConfigDirectory::named);
  if (start_.mode == Mode::container && !filled_later && proxies_.views().empty()) {
    exit_code_ = 1;
    log_error(
        "no service file in {}, and no command: give `zinit-pid1 --container` a command, or "
        "put a service file there",
        directories);
    return begin_shutdown(PowerAction::shut_down, "there is nothing to run");
  }
  if (directories.empty())
    log_error(
        "no service is started: neither HOME nor XDG_CONFIG_HOME is an absolute path, so there is "
        "no directory of service files");
  else if (instances_.templates()->empty())
    log_error("no service file in {}: nothing is started; add one, then run `zinitctl reload`",
              directories);
  else
    log_warn("only templates in {}: nothing is started until an instance of one is", directories);
  if (start_.mode != Mode::system) return;
  start_shell("there is no service file");
}

void ZinitDaemon::start_shell(std::string_view why) {
  if (shell_.running()) return;
  shell_started_ = Clock::now();
  shell_.start(why);
}

void ZinitDaemon::on_shell_over(bool ran) {
  if (shutdown_.begun()) return;
  const bool first = !services_started_;
  if (!ran) {
    if (first) start_services();
    return;
  }
  if (!first && Clock::now() - shell_started_ < kShortShell) return shell_again_.set(kShellAgain);
  if (booted_) return start_critical();
  reload_and_log([this] { start_services(); });
}

/// The user of the shell may have repaired the fault.
void ZinitDaemon::start_critical() {
  if (shutdown_.begun()) return;
  for (const std::string& name : critical_.down()) {
    log_info("{}: starting this critical service again after the emergency shell", name);
    if (const auto started = board_.start(name); !started)
      log_error("{}: {}", name, started.error().text);
  }
}

Milliseconds ZinitDaemon::shutdown_timeout() const {
  const Milliseconds usual =
      start_.mode == Mode::container ? kContainerShutdownTimeout : kShutdownTimeout;
  return settings_.shutdown_timeout.value_or(usual);
}

/// The time that a container engine grants counts from the beginning of the shutdown.
Shutdown::Count ZinitDaemon::shutdown_count() const {
  const bool of_engine = start_.mode == Mode::container && !settings_.shutdown_timeout;
  return of_engine ? Shutdown::Count::from_beginning : Shutdown::Count::from_last_signal;
}

void ZinitDaemon::begin_shutdown(PowerAction kind, std::string_view why) {
  shutdown_.begin(kind, why, shutdown_timeout(), shutdown_count());
}

void ZinitDaemon::on_shutdown_begun() {
  const bool ends_all = is_first() && shutdown_.kind() != PowerAction::switch_root;
  if (ends_all && start_.cgroups) start_.cgroups->keep_all();
  if (ends_all && syslog_) syslog_->unwatch();
  shell_.give_up();
  keep_facts();
}

void ZinitDaemon::on_change() {
  if (!memory_released_ && board_.boot_settled()) {
    memory_released_ = true;
    boot_over_.set(kAfterBoot);
  }
  if (switched_ && booted_ && board_.boot_settled()) {
    switched_ = false;
    switch_fault_.clear();
    keep_facts();
    board_.settle_switch();
  }
  shutdown_.look();
  service_changes_.look();
  instances_.look();
  proxies_.look();
  sockets_.look();
  look_in_force();
  if (syslog_) syslog_->look();
  if (shutdown_.begun()) return;
  look_at_triggers();
  failures_.look();
  if (shutdown_.begun()) return;
  for (const ServiceView& view : critical_.look()) {
    on_critical_end(view);
    critical_.acted_on(view);
    if (shutdown_.begun()) return;  // the exit code is that of the first one
  }
}

RequestResult<Board::Others> ZinitDaemon::start_for_failure(const std::string& name) {
  if (auto made = instances_.make(name); !made) return tl::unexpected(made.error());
  return board_.start(name);
}

void ZinitDaemon::act_on_failure(const ServiceView& failed) {
  if (shutdown_.begun()) return;
  const FailureAction action = failed.spec->lifecycle.on_failure_action;
  const std::string why =
      fmt::format("{} failed: {}", failed.spec->name, reason_text(failed.record.reason));
  const bool of_machine = start_.mode == Mode::system;
  const auto without_effect = [&](std::string_view where) {
    log_error("{}: on_failure_action has no effect {}", failed.spec->name, where);
  };
  const auto end_machine = [&](PowerAction kind) {
    of_machine ? begin_shutdown(kind, why)
               : without_effect("here: zinit is not PID 1 of a machine");
  };
  switch (action) {
    case FailureAction::none: break;
    case FailureAction::reboot: end_machine(PowerAction::reboot); break;
    case FailureAction::poweroff: end_machine(PowerAction::power_off); break;
    case FailureAction::halt: end_machine(PowerAction::halt); break;
    case FailureAction::exit:
      if (of_machine) return without_effect("on a machine, whose PID 1 must not end");
      exit_code_ = exit_code_of(failed.record);
      begin_shutdown(PowerAction::shut_down, why);
      break;
  }
}

void ZinitDaemon::on_critical_end(const ServiceView& view) {
  const Record& record = view.record;
  const std::string what = fmt::format(
      "{}, which is critical, {}", view.spec->name,
      record.state == State::failed ? "failed: " + reason_text(record.reason) : "has ended");
  if (start_.mode == Mode::system) {
    start_shell(what);
    return;
  }
  exit_code_ = exit_code_of(record);
  begin_shutdown(PowerAction::shut_down, what);
}

DaemonInfo ZinitDaemon::info() const {
  const auto since_start = [this](TimePoint at) { return ms_between(start_.started, at); };
  DaemonInfo info;
  info.mode = mode_name(start_.mode);
  info.places = &start_.sources.places;
  info.settings_faults = settings_faults_;
  info.uptime_ms = since_start(Clock::now());
  // The monotonic clock starts with the kernel.
  if (start_.mode == Mode::system)
    info.kernel_ms = ms_between(TimePoint{}, start_.started);
  else
    info.boot_from = start_.started;
  if (services_started_) info.started_ms = since_start(*services_started_);
  const Crashes crashes = logged_crashes();
  info.crashes = crashes.count;
  if (crashes.last) info.last_crash = crash_text(*crashes.last);
  info.boot_target = target_of_boot();
  if (const auto settled = board_.boot_settled()) info.settled_ms = since_start(*settled);
  return info;
}

bool ZinitDaemon::supports(PowerAction action) const {
  return start_.mode == Mode::system || action == PowerAction::shut_down;
}

void ZinitDaemon::set_service(SetService request, SetDone done) {
  service_changes_.set(std::move(request), [this, done = std::move(done)](
                                               const RequestResult<Board::SetReport>& report) {
    look_at_triggers();
    when_in_force([done, report] { done(report); });
  });
}

void ZinitDaemon::delete_service(const DeleteService& request, ServiceDeleteDone done) {
  service_changes_.remove(request,
                          [this, done = std::move(done)](const RequestResult<Deleted>& deleted) {
                            when_in_force([done, deleted] { done(deleted); });
                          });
}

void ZinitDaemon::when_in_force(std::function<void()> then) {
  sockets_.look();
  in_force_.wait(0, std::move(then));
}

void ZinitDaemon::set_proxy(SetProxy request, ProxyDone done) {
  if (shutdown_.begun())
    return done(tl::unexpected(RequestFailure{Refusal::shutting_down, "a shutdown has begun"}));
  proxies_.set(std::move(request), std::move(done));
}

void ZinitDaemon::delete_proxy(DeleteProxy request, ProxyDeleteDone done) {
  if (shutdown_.begun())
    return done(tl::unexpected(RequestFailure{Refusal::shutting_down, "a shutdown has begun"}));
  proxies_.remove(std::move(request), std::move(done));
}

}  // namespace zinit
