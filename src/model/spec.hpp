// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The contents of one service file, checked and with all defaults filled in. A spec is immutable
// and shared by pointer. zinit.toml(5) describes the keys and defaults.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file_identity.hpp"
#include "base/lists.hpp"
#include "base/or_default.hpp"
#include "base/time.hpp"
#include "model/checks.hpp"
#include "model/command.hpp"
#include "model/condition_spec.hpp"
#include "model/kind.hpp"
#include "model/process_settings.hpp"
#include "model/resources.hpp"
#include "model/socket_spec.hpp"
#include "model/trigger_spec.hpp"

namespace zinit {

enum class StartStatus : std::uint8_t {
  start,   // started at boot
  stop,    // started on request, or when another service needs it
  ignore,  // only started by a request that names it
};
enum class ServiceClass : std::uint8_t { user, system };
enum class RestartPolicy : std::uint8_t { always, on_failure, never };
/// What a stop of a service ends: all of its processes, or only the main process.
enum class KillMode : std::uint8_t { all, main };
/// What zinit does when a service has failed for good.
enum class FailureAction : std::uint8_t { none, reboot, poweroff, halt, exit };

/// A place in a service's files. Lines and columns count from 1; 0 is unknown.
struct SourcePosition {
  int line = 0;
  int column = 0;
  std::uint32_t source = 0;  // 0: the service's own file; n: its n-th drop-in
};

/// A name in a list of dependencies, with its place for messages. Comparisons ignore the place,
/// because moving a line does not change the config.
struct Dependency {
  std::string name;
  SourcePosition at;

  bool operator==(const Dependency& other) const { return name == other.name; }
};

/// Whether `list` contains `name`.
[[nodiscard]] inline bool names(const std::vector<Dependency>& list, std::string_view name) {
  return contains(list, name, &Dependency::name);
}

/// Ways in which a process may end.
struct EndSet {
  std::vector<int> codes;
  std::vector<int> signals;

  bool operator==(const EndSet&) const = default;
};

/// A file of environment variables that is read before each spawn.
struct EnvironmentFile {
  std::string path;
  bool optional = false;  // may be missing; its path in the service file begins with -

  bool operator==(const EnvironmentFile&) const = default;
};

/// Directories created for a service: relative paths without ".." and redundant slashes, below the
/// directories in DirectoryPlaces.
struct ServiceDirectories {
  std::vector<std::string> runtime;  // below /run, removed when the service comes to rest
  std::vector<std::string> state;    // below /var/lib
  std::vector<std::string> cache;    // below /var/cache
  std::vector<std::string> log;      // below /var/log

  bool operator==(const ServiceDirectories&) const = default;
};

/// Where the directories of services are created. Empty: nowhere.
struct DirectoryPlaces {
  std::string runtime = "/run";
  std::string state = "/var/lib";
  std::string cache = "/var/cache";
  std::string log = "/var/log";
};

struct Dependencies {
  std::vector<Dependency> requires_;
  std::vector<Dependency> binds_to;
  std::vector<Dependency> after;
  std::vector<Dependency> wants;
  std::vector<Dependency> conflicts;
  // Edges from the services named here to this one: `requires`, `binds_to`, `after` and `wants` of
  // those services.
  std::vector<Dependency> required_by;
  std::vector<Dependency> bound_by;
  std::vector<Dependency> before;
  std::vector<Dependency> wanted_by;

  bool operator==(const Dependencies&) const = default;
};

/// Calls `act` with each list of `all`.
template <class All, class Act>
void each_list(All& all, Act act) {
  for (auto* const list : {&all.requires_, &all.binds_to, &all.after, &all.wants, &all.conflicts,
                           &all.required_by, &all.bound_by, &all.before, &all.wanted_by})
    act(*list);
}

struct Lifecycle {
  RestartPolicy restart = RestartPolicy::on_failure;
  KillMode kill_mode = KillMode::all;
  bool stop_when_unneeded = false;
  FailureAction on_failure_action = FailureAction::none;
  std::uint32_t max_restarts = 0;  // 0: without limit
  int stop_signal = 15;            // SIGTERM
  Milliseconds restart_delay{1000};
  Milliseconds restart_delay_max{60000};
  Milliseconds stability_period{10000};
  Milliseconds start_timeout{30000};
  Milliseconds stop_timeout{10000};
  OrDefault<EndSet> success;                      // good ends, besides exit code 0
  OrDefault<EndSet> no_restart_on;                // ends after which it is not started again
  OrDefault<std::vector<Dependency>> on_failure;  // started after its final failure

  bool operator==(const Lifecycle&) const = default;
};

/// The output that goes to the console.
enum class ConsoleMode : std::uint8_t {
  no,
  lines,  // each as `name: line`
  raw,    // the output as it is
};

struct Logging {
  std::uint32_t buffer_lines = 1000;
  std::uint32_t buffer_bytes = 1048576;
  bool kmsg = false;
  ConsoleMode console = ConsoleMode::no;
  bool merge_stderr = false;
  std::uint32_t rate_lines = 0;  // 0: without limit
  Milliseconds rate_interval{1000};
  std::string file;
  std::uint32_t file_max_bytes = 10485760;
  std::uint32_t file_keep = 5;
  std::string syslog;   // for parse_syslog_target()
  std::string forward;  // for parse_forward_target()

  bool operator==(const Logging&) const = default;
};

struct ServiceSpec;
using SpecPtr = std::shared_ptr<const ServiceSpec>;

/// Faults in the files of a spec. Most specs have none, and then this takes no memory.
struct SpecFindings {
  std::vector<std::string> warnings;  // whole messages, FILE:LINE:COLUMN: warning: ...
  std::size_t refused_warnings = 0;   // the number at the end about a newer, refused file
  std::vector<std::string> errors;    // whole messages; if any, the service fails: config_error
  // If `errors` are faults in a graph: the spec as it was read, which may be valid in another.
  SpecPtr unrefused;
  // The spec that was read last, if it was refused and this one stays in force.
  SpecPtr refused;
};

/// The origin of a template's instance. Its `file` and the first of its drop-ins are the
/// template's.
struct InstanceOrigin {
  std::string of;    // the template, "getty@"; empty: not an instance
  std::string link;  // the link to the template that made it; empty: none

  bool operator==(const InstanceOrigin&) const = default;
};

struct ServiceSpec {
  std::string name;
  std::string file;                      // path as it was read; empty: added at runtime
  std::vector<std::string> drop_ins;     // paths of its drop-ins, in the order of their use
  std::vector<FileIdentity> identities;  // of `file`, then of each drop-in, when it was read
  std::string document;                  // the sections as they were read, as JSON text
  OrDefault<std::string> connection_of;  // the service with `accept` whose connection it serves
  OrDefault<InstanceOrigin> instance;    // set for an instance; with `runtime`: a client started it
  OrDefault<std::string> description;
  Command exec;  // empty if the kind has no process, or the spec is broken
  std::string dir = "/";
  std::uint32_t umask = 0022;
  int reload_signal = 0;  // sent to reload this service; 0: none
  Kind kind = Kind::service;
  StartStatus status = StartStatus::start;
  ServiceClass class_ = ServiceClass::user;
  bool vendors = false;               // `file` is a vendor's: a file in /etc/zinit may replace it
  bool runtime = false;               // was set at runtime, and has no file
  bool system_class_default = false;  // from a directory with the default class `system`
  bool oneshot = false;
  bool critical = false;
  bool survive = false;               // keeps running over a switch-root
  bool inherit_streams = false;       // writes to zinit's own standard streams; no key sets this
  OrDefault<std::vector<int>> ports;  // TCP ports that must be free before the start
  // Sorted by key; no value: the variable is removed.
  OrDefault<std::vector<std::pair<std::string, std::optional<std::string>>>> env;
  OrDefault<std::vector<EnvironmentFile>> env_file;           // `env` takes precedence over these
  OrDefault<std::string> user;                                // name or number; empty: unset
  OrDefault<std::string> group;                               // name or number; empty: unset
  OrDefault<std::optional<std::vector<std::string>>> groups;  // names or numbers; unset: the user's
  OrDefault<std::string> tty;                                 // empty: none
  OrDefault<std::vector<Command>> pre_exec;    // run one after the other before the main process
  OrDefault<std::vector<Command>> ready_exec;  // run one after the other once it is ready
  OrDefault<std::vector<Command>>
      post_exec;  // run one after the other when the process group has ended
  OrDefault<ServiceDirectories> directories;
  OrDefault<Command> stop_exec;    // run in place of the stop signal; empty: none
  OrDefault<Command> reload_exec;  // run to reload this service; empty: none
  OrDefault<Command> check_exec;   // run before it is stopped for a restart; empty: none
  OrDefault<Dependencies> dependencies;
  Lifecycle lifecycle;
  OrDefault<Readiness> readiness;
  OrDefault<HealthCheck> health;
  OrDefault<Logging> logging;
  OrDefault<std::vector<LimitSetting>> limits;  // those that are set, sorted
  OrDefault<ProcessSettings> process;
  OrDefault<Resources> resources;
  OrDefault<SocketSpec> socket;
  OrDefault<TimerSpec> timer;
  OrDefault<PathSpec> path;
  OrDefault<ConditionSpec> condition;

  OrDefault<SpecFindings> findings;
  SourcePosition dependencies_at;  // place of [dependencies], for messages about the graph
  SourcePosition check_exec_at;    // place of check_exec, for messages about its output

  /// Whether the service itself has a process. With `accept` only its instances have processes; it
  /// is running while it listens.
  [[nodiscard]] bool has_process() const noexcept {
    return kind_info(kind).has_process && !accepts();
  }
  /// Whether each connection to its sockets gets its own instance.
  [[nodiscard]] bool accepts() const noexcept { return socket->configured() && socket->accept; }
  /// Whether a connection to its sockets starts it, or an instance of it.
  [[nodiscard]] bool starts_by_connection() const noexcept {
    return socket->configured() && socket->on_demand;
  }
  /// Whether a connection, a timer or a file starts it instead of the boot. With `accept` it must
  /// be started to listen.
  [[nodiscard]] bool triggered() const noexcept {
    return (starts_by_connection() && !accepts()) || timer->configured() || path->configured();
  }
  /// Whether boot, or a reload that adds it, starts it although no other service needs it. Of the
  /// instances of a template, only those made by a link are started so.
  [[nodiscard]] bool starts_at_boot() const noexcept {
    return status == StartStatus::start && !triggered() &&
           (!is_instance() || !instance->link.empty());
  }
  /// Whether processes that its main process leaves live on: kill_mode = "main".
  [[nodiscard]] bool spares_rest() const noexcept { return lifecycle.kill_mode == KillMode::main; }
  /// Whether its final failure starts a service or triggers an action of zinit.
  [[nodiscard]] bool acts_on_failure() const noexcept {
    return !lifecycle.on_failure->empty() || lifecycle.on_failure_action != FailureAction::none;
  }
  /// Whether the readiness or health of its process must be watched.
  [[nodiscard]] bool watched() const noexcept {
    return readiness->awaited() || health->configured();
  }
  [[nodiscard]] bool broken() const noexcept { return !findings->errors.empty(); }
  /// Whether it was made from a template.
  [[nodiscard]] bool is_instance() const noexcept { return !instance->of.empty(); }
  /// The file that belongs only to it: an instance's link; empty if the instance has none.
  [[nodiscard]] const std::string& own_file() const noexcept {
    return is_instance() ? instance->link : file;
  }
  /// The file that contains `at`.
  [[nodiscard]] const std::string& file_of(SourcePosition at) const noexcept {
    return at.source == 0 || at.source > drop_ins.size() ? file : drop_ins[at.source - 1];
  }
};

/// The spec to build the next graph from: the next graph may accept what the last one refused.
[[nodiscard]] inline const SpecPtr& as_read(const SpecPtr& spec) noexcept {
  const SpecPtr& unrefused = spec->findings->unrefused;
  return unrefused ? unrefused : spec;
}

/// The effect of a change from `before` to `after`: nothing, if only comments, order or places
/// differ; new settings, while the process goes on; or a restart of the process.
enum class SpecChange : std::uint8_t { none, settings, restart };
[[nodiscard]] SpecChange compare(const ServiceSpec& before, const ServiceSpec& after);
/// The changed keys and sections that need a restart.
[[nodiscard]] std::vector<std::string_view> restart_causes(const ServiceSpec& before,
                                                           const ServiceSpec& after);

/// The triggers that start a service which boot does not start, in words: "its timer", "a
/// connection to its sockets or its [path]"; empty if boot starts it.
[[nodiscard]] std::string trigger_words(const ServiceSpec& spec);

/// The services that its final failure starts: the names in `on_failure`; a name that ends in @
/// gets the name of the service itself as its end.
[[nodiscard]] std::vector<std::string> on_failure_names(const ServiceSpec& spec);

/// The longest name of a service, in bytes.
inline constexpr std::size_t kNameMax = 128;

/// Whether a name may contain `c`. Its first character must be a letter or a digit.
[[nodiscard]] bool allowed_in_name(char c) noexcept;

/// Whether the name is `zinit` or `syslog`: in the log these stand for zinit's own lines and for
/// lines from no service (control.md).
[[nodiscard]] bool is_taken_name(std::string_view name) noexcept;

/// The fault of `name`; nothing: it is valid. A name has 1 to 128 of A-Z a-z 0-9 . _ @ -, begins
/// with a letter or digit, and is not reserved for zinit.
[[nodiscard]] std::optional<std::string> name_fault(const std::string& name);

}  // namespace zinit
