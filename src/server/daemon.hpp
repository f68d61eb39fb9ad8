// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The server as a whole, the same in all three modes: two loops, the board, the logs, the control
// socket, and the connections between them.
//
//   control loop (main thread)                          data loop (second thread)
//     signals, by signalfd                                sinks, checks, proxies
//     the only reaper --> Board::child_ended()
//     control socket  --> Daemon (control/daemon.hpp)   the board's threads: jobs, janitor
//     changes of the board --> Shutdown, CriticalWatch  a thread that reads log pipes
//
// machine.hpp and last_steps.hpp: what only PID 1 of a machine does before and after the server.
//
// This room joins all others, and is the only one that knows them all. daemon_*.cpp are the parts
// of the daemon: signals, reload, re-execution, switch-root, end. start.hpp runs a server,
// prepare_server.hpp makes what it needs, shutdown.hpp stops the services, service_changes.hpp adds
// and removes them for clients, in_force.hpp delays answers until changes hold, critical.hpp and
// failures.hpp act on failed services, log_output.hpp and syslog_input.hpp join logs and services.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "activation/instances.hpp"
#include "activation/paths.hpp"
#include "activation/proxy_changes.hpp"
#include "activation/socket_changes.hpp"
#include "activation/timers.hpp"
#include "base/function_ref.hpp"
#include "config/options.hpp"
#include "control/changes.hpp"
#include "control/control_socket.hpp"
#include "control/daemon.hpp"
#include "control/server.hpp"
#include "files/configuration.hpp"
#include "files/kept_config.hpp"
#include "files/reload.hpp"
#include "files/server_lock.hpp"
#include "io/log_store.hpp"
#include "machine/emergency.hpp"
#include "machine/watchdog.hpp"
#include "os/offload.hpp"
#include "os/process.hpp"
#include "os/signals.hpp"
#include "reexec/adoption.hpp"
#include "reexec/reexecution.hpp"
#include "server/critical.hpp"
#include "server/daemon_facts.hpp"
#include "server/failures.hpp"
#include "server/in_force.hpp"
#include "server/log_output.hpp"
#include "server/reload_only.hpp"
#include "server/service_changes.hpp"
#include "server/shutdown.hpp"
#include "server/signals.hpp"
#include "server/syslog_input.hpp"
#include "state/journal.hpp"
#include "supervisor/ports.hpp"
#include "watch/prober.hpp"
#include "watch/readiness.hpp"
#include "watch/watchers.hpp"

namespace zinit {

/// What the previous process image has left behind, read.
struct Legacy {
  Inheritance descriptors;
  KeptFd journal_file, facts_file;  // until this process image has its own
  JournalImage journal;
  FactMap facts;
  DaemonFacts daemon;
  LeftProcesses left;  // after a killed server, in place of the rest
};

/// Whether to try again to make what a server cannot work without, after a pause. Only if a legacy
/// is there, and the error is temporary: the services would be lost with this process image. Reaps
/// ended children that are no processes of services meanwhile, because they count for the limit of
/// processes and threads.
[[nodiscard]] bool tries_again(const std::optional<Legacy>& legacy, const Error& fault);

template <class Make>
[[nodiscard]] auto made_for(const std::optional<Legacy>& legacy, Make make) {
  auto made = make();
  while (!made && tries_again(legacy, made.error())) made = make();
  return made;
}

/// What a server is started with.
struct DaemonStart {
  Mode mode = Mode::standalone;
  bool subreaper = false;          // container mode, and not process 1
  bool passes_signals_on = false;  // zinit passes signals on to the command
  bool command_alone = false;      // there is no service beside the command
  TimePoint started;               // of zinit itself
  Sources sources;
  Environment environment;               // zinit's own, as it was started
  std::optional<LogLevel> log_level;     // from zinit's options; unset: zinit.toml's
  std::optional<rlimit> nofile;          // zinit's own limit at start
  std::optional<rlimit> service_nofile;  // the limit for services
  ServerLock lock;                       // standalone mode
  std::shared_ptr<CgroupTree> cgroups;   // null: cgroups are not available
  std::unique_ptr<DataLoop> data_loop;   // must outlive the sinks; not started yet
  LogSinks sinks;
  ControlSocket socket;                    // not open if it could not be made
  std::string console;                     // system mode: the terminal of the emergency shell
  KernelOptions kernel;                    // system mode
  std::vector<std::string> check_options;  // for a self-check of a new program
  std::optional<Configuration> config;     // read early, to know `command_alone`
  std::optional<Legacy> legacy;            // after a re-execution or a killed server
};

class ZinitDaemon final : public Daemon {
 public:
  /// Builds all parts, and starts no service yet. Call it on the main thread, with signals blocked.
  [[nodiscard]] static Result<std::unique_ptr<ZinitDaemon>> create(DaemonStart start);
  ~ZinitDaemon() override;
  ZinitDaemon& operator=(ZinitDaemon&&) = delete;

  /// Reads the files, starts the services and serves until a shutdown has stopped the services.
  /// Afterwards clients get no answers.
  void run();

  // After run():
  [[nodiscard]] PowerAction kind() const noexcept { return shutdown_.kind(); }
  [[nodiscard]] int exit_code() const noexcept { return exit_code_.value_or(0); }
  /// Whether no thread hangs in a system call, so that the destructor will not hang either.
  [[nodiscard]] bool can_be_destroyed();
  /// Completes a switch_root: ends all processes that must not survive, enters the new root and
  /// executes its init. If this fails, zinit re-executes itself where it is, with a shell.
  [[noreturn]] void leave_root();
  /// Reaps ended children for at most a millisecond; true: there may be more.
  bool reap_some();
  /// Call it repeatedly while waiting for something after run().
  void feed_watchdog() { machine_watchdog_.feed(); }
  /// See MachineWatchdog::release().
  [[nodiscard]] int release_watchdog() noexcept { return machine_watchdog_.release(); }
  /// Reads the last output of services, and lets the sinks write queued lines. Ends the data loop,
  /// the thread that reads pipes, and the current task of files.
  void finish_logs();
  /// Removes the files of sockets: nothing else stays when the process ends without the destructor.
  /// Call it after finish_logs(), if can_be_destroyed().
  void remove_files();
  /// Removes zinit's cgroups, except those with processes, and the lock for its service files if no
  /// service is left. Not needed if the machine or container ends.
  void leave_cgroups();

  // The interface Daemon of src/control:
  [[nodiscard]] DaemonInfo info() const override;
  [[nodiscard]] bool supports(PowerAction action) const override;
  void power(PowerAction action, const std::string& message, const std::string& asker) override;
  void reload(const ReloadFiles& asked, ReloadDone done) override;
  void keep_scheduled(const std::optional<ScheduledPower>& power) override;
  void tell_terminals(std::string text) override;
  void reexecute(bool update, ReexecuteDone done) override;
  void switch_root(NewRoot next, SwitchDone done) override;
  RequestResult<void> make_instance(std::string_view name) override;
  void set_service(SetService request, SetDone done) override;
  void delete_service(const DeleteService& request, ServiceDeleteDone done) override;
  void set_proxy(SetProxy request, ProxyDone done) override;
  void delete_proxy(DeleteProxy request, ProxyDeleteDone done) override;
  [[nodiscard]] std::vector<ProxyView> proxies() const override { return proxies_.views(); }
  [[nodiscard]] Sockets sockets_of(const std::string& service) const override {
    return sockets_.view(service);
  }
  [[nodiscard]] std::vector<TimerView> timers(std::string_view of) const override {
    return timers_.views(of);
  }
  [[nodiscard]] bool works_on_files() const override { return files_.busy() || paths_.busy(); }
  void when_in_force(std::function<void()> then) override;
  [[nodiscard]] bool paths_unseen() const override { return paths_.unseen(); }
  [[nodiscard]] std::string trigger_fault(const std::string& service) const override;
  [[nodiscard]] TimePoint next_path_try(const std::string& service) const override {
    return paths_.next_of(service);
  }

 private:
  /// The longest wait for the last file task, and then for sinks to write queued lines after the
  /// data loop has ended. A blocked console must not delay the end further.
  static constexpr Milliseconds kLastLines{500};
  /// The longest wait for the data loop to end. It hangs if a file of a service hangs.
  static constexpr Milliseconds kLastTurns{2000};

  ZinitDaemon(DaemonStart start, std::unique_ptr<EventLoop> loop, UniqueFd signals);

  void use_settings(const Configuration& config);
  void serve(ControlSocket socket);
  void start_syslog();
  void renew_socket();
  void share_socket();
  void load_services();
  void go_on();
  void restore_services();
  void add_lost(KeptServices& kept);
  void keep_facts();
  [[nodiscard]] std::string under_way(bool late);
  [[nodiscard]] bool when_still(FunctionRef<void()> act, Milliseconds limit = kLaunchesEnd);
  void execute_again(NextImage which);
  [[nodiscard]] bool survives(const ProcessStat& process) const;
  [[nodiscard]] Error execute_in_new_root(bool own);
  void arrive();
  void start_with_sockets();
  void on_sockets_open(bool anyway);
  /// @param older  the graph before the reload, if this is the late boot of an empty_start_
  void start_services(const Graph* older = nullptr);
  void look_at_triggers();
  void on_paths_seen();
  [[nodiscard]] std::vector<std::string> boot_targets() const;
  [[nodiscard]] std::string target_of_boot() const;
  [[nodiscard]] RequestResult<void> boot_target(const Graph* older);
  void no_services();
  void start_shell(std::string_view why);
  void on_signals();
  void on_signal(const PendingSignal& pending);
  [[nodiscard]] bool pass_on(int signal, SignalMeaning meaning, const std::string& origin);
  [[nodiscard]] bool stops_command(int signal) const;
  void ask_to_end(int signal);
  void wake_command();
  [[nodiscard]] bool ends_container(pid_t ended) const;
  void follow(SignalMeaning meaning, int signal, const std::string& origin);
  void ignore(int signal, const std::string& origin);
  [[nodiscard]] std::optional<int> code_of_command() const;
  void tell_ended(const EndedProcess& ended);
  void reap_one(pid_t child);
  void reap_ended();
  void look_at_unexecuted();
  void continue_command();
  [[nodiscard]] Milliseconds shutdown_timeout() const;
  [[nodiscard]] Shutdown::Count shutdown_count() const;
  void begin_shutdown(PowerAction kind, std::string_view why);
  void on_shutdown_begun();
  void on_shutdown_signal(PowerAction kind, int signal, const std::string& origin);
  /// Whether zinit is process 1 of a machine or container, which ends with it.
  [[nodiscard]] bool is_first() const {
    return start_.mode != Mode::standalone && !start_.subreaper;
  }
  void reload_and_log(std::function<void()> then);
  void reload_by_signal();
  RequestResult<ReloadReport> take(const Configuration& config, const ReloadFiles& asked);
  /// The configuration to reload: `config` and what was added at runtime.
  [[nodiscard]] RequestResult<Reloaded> wanted(const Configuration& config,
                                               const ReloadFiles& asked);
  /// See places_elsewhere().
  [[nodiscard]] PlaceSet elsewhere(const Configuration& config, const ReloadFiles& asked) const;
  /// See Reloader::Checks.
  [[nodiscard]] std::function<void()> checks_before(Configuration& config,
                                                    const ReloadFiles& asked);
  std::string add_others(ReloadReport& report, const Configuration& config,
                         const std::vector<SpecPtr>& specs) const;
  void add_effects(ReloadReport& report) const;
  /// A search for what the services of a reload name and the machine lacks.
  struct AbsenceLook {
    std::shared_ptr<const std::vector<std::string>> warnings;  // readable after the search
    Offload::Ticket ticket{};
  };
  void look_for_absences(std::vector<SpecPtr> specs);
  [[nodiscard]] bool looked_for_absences(std::uint64_t number);
  void add_absences(ReloadReport& report, std::uint64_t number);
  /// Call it when changes may have come into force, or a search may have ended.
  void look_in_force();
  /// See Reloader::Await.
  void await_effects(Reloader::Report& report, const ReloadFiles& asked,
                     std::function<void()> answer);
  void on_change();
  void on_critical_end(const ServiceView& view);
  [[nodiscard]] RequestResult<Board::Others> start_for_failure(const std::string& name);
  void act_on_failure(const ServiceView& failed);
  void start_critical();
  void on_shell_over(bool ran);

  DaemonStart start_;
  GlobalSettings settings_;
  std::vector<std::string> settings_faults_;  // see DaemonInfo
  std::string etc_environment_;
  std::vector<std::string> masked_proxies_;  // in force, see LoadedConfig
  std::optional<gid_t> socket_gid_;
  std::unique_ptr<EventLoop> loop_;
  UniqueFd signals_;
  LoopCall look_in_force_;  // threads of logs_ and of absence_looks_ ask for it
  StateFacts facts_;
  FactMap kept_;  // the daemon's own part of facts_
  LogStore logs_;
  LogOutput output_;
  Changes changes_;
  Watchers watchers_;
  Prober prober_;
  std::optional<ScheduledPower> scheduled_;
  KeptState state_{facts_};
  ReadinessChecks readiness_;
  BaseEnvironment environment_;
  SocketChanges sockets_;  // outlives the board, whose threads call it
  Board board_;
  std::optional<SyslogInput> syslog_;  // as PID 1
  Shutdown shutdown_;
  FailureWatch failures_;
  CriticalWatch critical_;
  EmergencyShell shell_;
  FileQueue files_;
  InForce in_force_;
  // A program that a service names may be on a file system that hangs.
  Offload absence_looks_{
      {.name = "zinit-absences", .stack_bytes = kLoopStackBytes, .patience = InForce::kMostWait},
      [this] { look_in_force_.ask(); }};
  std::map<std::uint64_t, AbsenceLook> searches_;  // by number, until the reload is answered
  std::uint64_t last_search_ = 0;
  InForce looked_{*loop_, [this](std::uint64_t number) {
                    return shutdown_.begun() || looked_for_absences(number);
                  }};
  std::uint64_t reopening_ = 0;  // the ticket of the last reopening of log files
  Reloader reloader_;
  Instances instances_;
  ServiceChanges service_changes_;
  ProxyChanges proxies_;
  Timers timers_;
  Paths paths_;
  bool boot_waits_ = false;  // for sockets to open
  TimerWatcher boot_anyway_;
  Reexecution reexecution_;
  LoopCall reap_more_;
  TimerWatcher reap_later_;
  std::vector<pid_t> unexecuted_;  // launches of the previous process image that still hang
  TimerWatcher unexecuted_again_;
  IoWatcher signal_watcher_;
  std::optional<IoWatcher> cgroup_watcher_;
  TimerWatcher shell_again_;
  TimerWatcher boot_over_;
  MachineWatchdog machine_watchdog_;
  SelfWatchdog self_watchdog_;
  std::unique_ptr<Server> server_;

  /// When services were started; if there were none: when they would have been started.
  std::optional<TimePoint> services_started_;
  bool booted_ = false;       // the board knows what to start
  bool empty_start_ = false;  // there was nothing to boot: before the boot, clients add services
  TimePoint shell_started_{};
  bool memory_released_ = false;    // of the start; see boot_over_
  NewRoot next_;                    // of a switch-root that has begun
  bool switched_ = false;           // a switch-root is over, and its services still settle
  std::string switch_fault_;        // why a switch-root has failed
  std::optional<int> exit_code_;    // of a container, once known
  std::uint64_t told_signals_ = 0;  // one bit for each signal that was logged as ignored
  std::size_t owed_reloads_ = 0;    // asked for by signals, and not over
  bool loops_ended_ = true;
  /// If the container's command ends before this time, the container ends as well.
  std::optional<TimePoint> end_asked_until_;
};

}  // namespace zinit
