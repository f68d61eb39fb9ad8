// The server as a whole, the same in all three modes: two loops, the board, the logs, the control
// socket, and what ties them together.
//
//   control loop (main thread)                          data loop (second thread)
//     signals, by signalfd                                log pipes, sinks
//     the only reaper --> Board::child_ended()
//     control socket  --> Daemon (control/daemon.hpp)   the board's threads: jobs, janitor
//     changes of the board --> Shutdown, CriticalWatch
//
// What only PID 1 of a machine does before and after it is in machine.hpp and last_steps.hpp.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "control/changes.hpp"
#include "control/control_socket.hpp"
#include "control/daemon.hpp"
#include "control/server.hpp"
#include "init/adoption.hpp"
#include "init/configuration.hpp"
#include "init/critical.hpp"
#include "init/daemon_facts.hpp"
#include "init/emergency.hpp"
#include "init/failures.hpp"
#include "init/in_force.hpp"
#include "init/instances.hpp"
#include "init/kept_config.hpp"
#include "init/log_output.hpp"
#include "init/options.hpp"
#include "init/paths.hpp"
#include "init/proxy_changes.hpp"
#include "init/reexecution.hpp"
#include "init/reload.hpp"
#include "init/reload_only.hpp"
#include "init/server_lock.hpp"
#include "init/service_changes.hpp"
#include "init/shutdown.hpp"
#include "init/signals.hpp"
#include "init/socket_changes.hpp"
#include "init/syslog_input.hpp"
#include "init/timers.hpp"
#include "init/watchdog.hpp"
#include "io/log_store.hpp"
#include "os/process.hpp"
#include "os/signals.hpp"
#include "supervisor/journal.hpp"
#include "supervisor/ports.hpp"
#include "watch/prober.hpp"
#include "watch/readiness.hpp"
#include "watch/watchers.hpp"

namespace zinit {

/// What the previous process image has left, read.
struct Legacy {
  Inheritance descriptors;
  KeptFd journal_file, facts_file;  // until this image has its own
  JournalImage journal;
  FactMap facts;
  DaemonFacts daemon;
  LeftProcesses left;  // in place of all that: what a killed server has left
};

/// What a server is started with.
struct DaemonStart {
  Mode mode = Mode::standalone;
  bool subreaper = false;          // container mode, and not process 1
  bool passes_signals_on = false;  // to the command, rather than follow them itself
  bool command_alone = false;      // no service stands beside it
  TimePoint started;               // of zinit itself
  Sources sources;
  Environment environment;               // what zinit was given
  std::optional<LogLevel> log_level;     // asked for; unset: zinit.toml's
  std::optional<rlimit> nofile;          // what zinit was started with
  std::optional<rlimit> service_nofile;  // what services are to have
  ServerLock lock;                       // standalone mode
  std::shared_ptr<CgroupTree> cgroups;   // null: none can be had
  std::unique_ptr<DataLoop> data_loop;   // of the sinks, which it outlives; not started yet
  LogSinks sinks;
  ControlSocket socket;                    // not open where it could not be made
  std::string console;                     // system mode: the terminal of the emergency shell
  KernelOptions kernel;                    // system mode
  std::vector<std::string> check_options;  // for a self-check of a new program
  std::optional<Configuration> config;     // read already, to know `command_alone`
  std::optional<Legacy> legacy;            // after a re-execution, or a server that was killed
};

class ZinitDaemon final : public Daemon {
 public:
  /// Builds all of it; no service is started yet. Signals are blocked, and this is the main thread.
  [[nodiscard]] static Result<std::unique_ptr<ZinitDaemon>> create(DaemonStart start);
  ~ZinitDaemon() override;
  ZinitDaemon(const ZinitDaemon&) = delete;
  ZinitDaemon& operator=(const ZinitDaemon&) = delete;

  /// Reads the files, starts the services and serves until a shutdown has stopped them. After
  /// that, clients get no answers.
  void run();

  // After run():
  [[nodiscard]] PowerAction kind() const noexcept { return shutdown_.kind(); }
  [[nodiscard]] int exit_code() const noexcept { return exit_code_.value_or(0); }
  /// Whether no thread hangs in a system call, so that destroying this will not either.
  [[nodiscard]] bool can_be_destroyed();
  /// When kind() is switch_root: ends what is left but for what survives, enters the new root and
  /// executes its init. If that fails, zinit itself is executed anew where it is, with a shell.
  [[noreturn]] void leave_root();
  /// Reaps children that have ended, for a millisecond; true: there may be more.
  bool reap_some();
  /// For as long as something is waited for after run().
  void feed_watchdog() { machine_watchdog_.feed(); }
  /// See MachineWatchdog::release().
  [[nodiscard]] int release_watchdog() noexcept { return machine_watchdog_.release(); }
  /// Reads what services have written, and lets the sinks write queued lines. Ends the data loop,
  /// and the task of files that is under way.
  void finish_logs();
  /// Removes the files of sockets, all that stays when the process ends without destroying this.
  /// After finish_logs(), where can_be_destroyed().
  void remove_files();
  /// Removes zinit's cgroups, except those that still have processes, and the lock for its service
  /// files if no service is left. Not needed where a machine or container ends.
  void leave_cgroups();

  // The interface Daemon of src/control.
  [[nodiscard]] DaemonInfo info() const override;
  [[nodiscard]] bool supports(PowerAction action) const override;
  void power(PowerAction action, const std::string& message, const std::string& asker) override;
  void reload(const ReloadFiles& asked, ReloadDone done) override;
  void keep_scheduled(const std::optional<ScheduledPower>& power) override;
  void tell_terminals(std::string text) override;
  void reexecute(bool update, ReexecuteDone done) override;
  void switch_root(NewRoot next, SwitchDone done) override;
  RequestResult<void> make_instance(std::string_view name) override {
    return instances_.make(name);
  }
  void set_service(SetService request, SetDone done) override;
  void delete_service(const DeleteService& request, ServiceDeleteDone done) override;
  void set_proxy(SetProxy request, ProxyDone done) override;
  void delete_proxy(const std::string& name, ProxyDeleteDone done) override;
  [[nodiscard]] std::vector<ProxyView> proxies() const override { return proxies_.views(); }
  [[nodiscard]] Sockets sockets_of(const std::string& service) const override {
    return sockets_.view(service);
  }
  [[nodiscard]] std::vector<TimerView> timers(std::string_view of) const override {
    return timers_.views(of);
  }
  [[nodiscard]] bool works_on_files() const override { return files_.busy(); }
  [[nodiscard]] std::string trigger_fault(const std::string& service) const override;

 private:
  /// How long the last file may be written, and how long sinks may write queued lines when the data
  /// loop has ended: a blocked console must not delay that more.
  static constexpr Milliseconds kLastLines{500};
  /// For the data loop to come to its end. It hangs if a file of a service's does.
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
  void execute_again(NextImage which);
  [[nodiscard]] bool survives(const ProcessStat& process) const;
  [[nodiscard]] Error execute_in_new_root(bool own);
  void arrive();
  void start_with_sockets();
  void on_sockets_open(bool anyway);
  void start_services();
  void look_at_triggers();
  [[nodiscard]] RequestResult<void> boot_target();
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
  void continue_command();
  [[nodiscard]] Milliseconds shutdown_timeout() const;
  [[nodiscard]] Shutdown::Count shutdown_count() const;
  void begin_shutdown(PowerAction kind, std::string_view why);
  void on_shutdown_begun();
  void on_shutdown_signal(PowerAction kind, int signal, const std::string& origin);
  /// Whether what zinit ends with is there for zinit alone: as process 1.
  [[nodiscard]] bool is_first() const {
    return start_.mode != Mode::standalone && !start_.subreaper;
  }
  void reload_and_log(std::function<void()> then);
  RequestResult<ReloadReport> take(const Configuration& config, const ReloadFiles& asked);
  /// What a reload is to run with: `config` and what was added at runtime.
  [[nodiscard]] RequestResult<Reloaded> wanted(const Configuration& config,
                                               const ReloadFiles& asked);
  /// See Reloader::Checks.
  [[nodiscard]] std::function<void()> checks_before(Configuration& config,
                                                    const ReloadFiles& asked);
  void add_others(ReloadReport& report, const Configuration& config) const;
  void add_effects(ReloadReport& report) const;
  void on_change();
  void on_critical_end(const ServiceView& view);
  [[nodiscard]] RequestResult<Board::Others> start_for_failure(const std::string& name);
  void act_on_failure(const ServiceView& failed);
  void start_critical();
  void on_shell_over(bool ran);

  DaemonStart start_;
  GlobalSettings settings_;
  std::string etc_environment_;
  std::optional<gid_t> socket_gid_;
  std::unique_ptr<EventLoop> loop_;
  UniqueFd signals_;
  LoopCall file_reopened_;  // asked for by threads of logs_
  StateFacts facts_;
  FactMap kept_;  // of facts_: those of the daemon itself
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
  std::uint64_t reopening_ = 0;  // the ticket of the log files that were last opened anew
  Reloader reloader_;
  Instances instances_;
  ServiceChanges service_changes_;
  ProxyChanges proxies_;
  Timers timers_;
  Paths paths_;
  bool boot_waits_ = false;  // for sockets to be open
  TimerWatcher boot_anyway_;
  Reexecution reexecution_;
  LoopCall reap_more_;
  TimerWatcher reap_later_;
  IoWatcher signal_watcher_;
  std::optional<IoWatcher> cgroup_watcher_;
  TimerWatcher shell_again_;
  TimerWatcher boot_over_;
  MachineWatchdog machine_watchdog_;
  SelfWatchdog self_watchdog_;
  std::unique_ptr<Server> server_;

  std::optional<TimePoint> services_started_;  // or would have been, had there been any
  bool booted_ = false;                        // the board has been told what to start
  TimePoint shell_started_{};
  bool memory_released_ = false;    // what start-up took, once it is over
  NewRoot next_;                    // of a switch-root that has begun
  bool switched_ = false;           // a switch-root is over, and its services have not settled yet
  std::string switch_fault_;        // why that has failed
  std::optional<int> exit_code_;    // of a container, once it is known
  std::uint64_t told_signals_ = 0;  // a bit for each signal that was told to be ignored
  bool data_loop_ended_ = true;
  /// The end of the container's command until then is the container's.
  std::optional<TimePoint> end_asked_until_;
};

}  // namespace zinit
