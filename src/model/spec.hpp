// What one service file says, checked and with every default filled in. Immutable once it is made:
// the graph, the board and status share it by pointer. zinit.toml(5) is the source of keys and
// defaults.
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

#include "base/rare.hpp"
#include "base/time.hpp"
#include "model/checks.hpp"
#include "model/command.hpp"
#include "model/process_settings.hpp"
#include "model/resources.hpp"

namespace zinit {

enum class Kind : std::uint8_t { service, target };
enum class StartStatus : std::uint8_t {
  start,   // at boot, and kept up
  stop,    // only on request, or pulled in
  ignore,  // never but by an explicit start
};
enum class ServiceClass : std::uint8_t { user, system };
enum class RestartPolicy : std::uint8_t { always, on_failure, never };

/// A place in a service's files, counted from 1; 0: unknown.
struct SourcePosition {
  int line = 0;
  int column = 0;
  std::uint32_t source = 0;  // 0: the service's own file; n: its n-th drop-in
};

/// A name in a list of dependencies, with its place for messages. Equal where the names are equal,
/// so that moving a line is no change.
struct Dependency {
  std::string name;
  SourcePosition at;

  bool operator==(const Dependency& other) const { return name == other.name; }
};

/// Milliseconds, or without limit.
struct Timeout {
  Milliseconds value{0};
  bool infinite = false;

  bool operator==(const Timeout&) const = default;
};

/// What counts as a good end, beside exit code 0.
struct SuccessSet {
  std::vector<int> codes;
  std::vector<int> signals;

  bool operator==(const SuccessSet&) const = default;
};

/// A file of environment variables that is read before each spawn.
struct EnvironmentFile {
  std::string path;
  bool optional = false;  // missing is no error: written with a leading -

  bool operator==(const EnvironmentFile&) const = default;
};

/// Directories that are made for a service, by the places below which they lie: relative names
/// without "..", and without slashes that mean nothing.
struct ServiceDirectories {
  std::vector<std::string> runtime;  // below /run, removed when the service comes to rest
  std::vector<std::string> state;    // below /var/lib
  std::vector<std::string> cache;    // below /var/cache
  std::vector<std::string> log;      // below /var/log

  bool operator==(const ServiceDirectories&) const = default;
};

/// Below which directories those lie.
struct DirectoryPlaces {
  std::string runtime = "/run";  // empty, here and below: there is no such place
  std::string state = "/var/lib";
  std::string cache = "/var/cache";
  std::string log = "/var/log";
};

struct Dependencies {
  std::vector<Dependency> requires_;
  std::vector<Dependency> after;
  std::vector<Dependency> wants;
  std::vector<Dependency> conflicts;

  bool operator==(const Dependencies&) const = default;
};

struct Lifecycle {
  RestartPolicy restart = RestartPolicy::on_failure;
  Milliseconds restart_delay{1000};
  Milliseconds restart_delay_max{60000};
  std::uint32_t max_restarts = 0;  // 0: without limit
  Milliseconds stability_period{10000};
  Timeout start_timeout{Milliseconds{30000}, false};
  SuccessSet success;
  Milliseconds stop_timeout{10000};
  int stop_signal = 15;  // SIGTERM

  bool operator==(const Lifecycle&) const = default;
};

struct Logging {
  std::uint32_t buffer_lines = 1000;
  std::uint32_t buffer_bytes = 1048576;
  bool kmsg = false;
  bool console = false;
  std::string file;
  std::uint32_t file_max_bytes = 10485760;
  std::uint32_t file_keep = 5;
  std::string syslog;   // as parse_syslog_target() takes it
  std::string forward;  // as parse_forward_target() takes it

  bool operator==(const Logging&) const = default;
};

struct ServiceSpec {
  std::string name;
  Kind kind = Kind::service;
  std::string file;                   // path as it was read; empty for one added at runtime
  std::vector<std::string> drop_ins;  // paths of what was laid over it, in that order
  std::string document;               // the sections as they were read, as JSON text
  bool runtime = false;               // added at runtime alone: no file will have it again
  bool system_class_default = false;  // from a directory whose class is `system` by default
  std::string description;
  Command exec;  // empty for a target, and where broken
  std::string dir = "/";
  bool oneshot = false;
  StartStatus status = StartStatus::start;
  ServiceClass class_ = ServiceClass::user;
  bool critical = false;
  bool survive = false;                                  // a switch-root
  std::vector<int> ports;                                // TCP ports that must be free at a start
  std::vector<std::pair<std::string, std::string>> env;  // sorted by key
  std::vector<EnvironmentFile> env_file;                 // `env` wins over them
  std::string user;                                      // name or number; empty: unset
  std::string group;                                     // name or number; empty: unset
  std::optional<std::vector<std::string>> groups;  // names or numbers; nothing: the user's own
  std::uint32_t umask = 0022;
  std::string tty;                 // empty: none
  bool inherit_streams = false;    // zinit's own standard streams, nothing captured; no key sets it
  std::vector<Command> pre_exec;   // run one by one before each spawn
  std::vector<Command> post_exec;  // run one by one after the process and its group have ended
  Rare<ServiceDirectories> directories;
  Command stop_exec;      // in place of the stop signal; empty: none
  Command reload_exec;    // what a reload of this one service runs; empty: none
  int reload_signal = 0;  // or sends; 0: none
  Dependencies dependencies;
  Lifecycle lifecycle;
  Rare<Readiness> readiness;
  Rare<HealthCheck> health;
  Logging logging;
  std::vector<LimitSetting> limits;  // sorted; those that are set
  Rare<ProcessSettings> process;
  Rare<Resources> resources;

  std::vector<std::string> warnings;  // whole messages, FILE:LINE:COLUMN: warning: ...
  std::size_t refused_warnings = 0;   // so many of the last are of a newer file, which is refused
  std::vector<std::string> errors;    // whole messages; any makes the service failed{config_error}
  // As it was read, where `errors` are what a graph found: in another it may be all right.
  std::shared_ptr<const ServiceSpec> unrefused;
  SourcePosition dependencies_at;  // of the section [dependencies], for messages about the graph

  [[nodiscard]] bool is_target() const noexcept { return kind == Kind::target; }
  /// Whether its process is watched for more than its end.
  [[nodiscard]] bool watched() const noexcept {
    return readiness->awaited() || health->configured();
  }
  [[nodiscard]] bool broken() const noexcept { return !errors.empty(); }
  /// The file that `at` is a place in.
  [[nodiscard]] const std::string& file_of(SourcePosition at) const noexcept {
    return at.source == 0 || at.source > drop_ins.size() ? file : drop_ins[at.source - 1];
  }
};

using SpecPtr = std::shared_ptr<const ServiceSpec>;

/// What the next graph is to judge: what the last one refused may be all right in it.
[[nodiscard]] inline const SpecPtr& as_read(const SpecPtr& spec) noexcept {
  return spec->unrefused ? spec->unrefused : spec;
}

/// What a change from `before` to `after` takes: nothing (only comments, order or places differ),
/// new settings that a running process need not notice, or a restart of the process.
enum class SpecChange : std::uint8_t { none, settings, restart };
[[nodiscard]] SpecChange compare(const ServiceSpec& before, const ServiceSpec& after);
/// The keys and sections that take a restart.
[[nodiscard]] std::vector<std::string_view> restart_causes(const ServiceSpec& before,
                                                           const ServiceSpec& after);

/// Of a service's name, in bytes.
inline constexpr std::size_t kNameMax = 128;

/// Whether a name may have `c`, though not at its beginning but where it is a letter or a digit.
[[nodiscard]] bool allowed_in_name(char c) noexcept;

/// `zinit` and `syslog`: the log has these names for zinit's own lines and for those that no
/// service sent (control.md).
[[nodiscard]] bool is_taken_name(std::string_view name) noexcept;

/// Whether `name` is one: 1 to 128 of A-Z a-z 0-9 . _ @ -, beginning with a letter or digit, and
/// not one of zinit's own. Returns what is wrong, or nothing.
[[nodiscard]] std::optional<std::string> name_fault(const std::string& name);

}  // namespace zinit
