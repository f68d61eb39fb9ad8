// What the methods of the client library take and answer.
//
// A state or the type of a reason is a Word: an enumerator and its text. A member of an answer that
// ends in _us or _ms is the number of the protocol; the function of its name without that unit
// gives it as a type of std::chrono.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <zinit/names.hpp>

namespace zinit {
inline namespace v1 {

/// Why a service is `failed`, or `inactive` because of a condition. `type` says which of the other
/// members are used; the rest are empty or 0.
struct StatusReason {
  ReasonWord type;
  int code = 0;                       // exit_code
  std::string signal;                 // signal: "SIGKILL"
  std::string detail;                 // signal: more about it, such as a lack of memory; or empty
  int attempts = 0;                   // health_check_failed
  std::string service;                // dependency_failed
  std::string dependency;             // missing_dependency, stopped_with
  bool conflict = false;              // stopped_with: the other was started, and they conflict
  std::string masked_by;              // missing_dependency: the link that masks it; or empty
  std::string message;                // spawn_error
  int port = 0;                       // port_in_use
  std::string holder;                 // port_in_use: who has it, if that is known
  std::vector<std::string> messages;  // config_error
  std::string which;                  // condition
  std::string step;                   // the command: "pre_exec", "ready_exec", or empty: exec
};

/// How a process ended: a code, or a signal.
struct ProcessExit {
  std::optional<int> code;
  std::string signal;  // "SIGKILL"; empty where there is a code
  bool core = false;
  std::string detail{};  // more about the signal, such as a lack of memory; or empty
};

/// One thing that a blocked service waits for.
struct WaitingFor {
  std::string service;
  std::string kind;    // "requires", "binds_to", "after", "conflicts"
  std::string reason;  // in words
};

/// A dependency of a service that the file of the other has, by its `required_by`, `bound_by`,
/// `before` or `wanted_by`.
struct AddedDependency {
  std::string service;
  std::string kind;  // "requires", "binds_to", "after", "wants"
  std::string file;  // empty if the other was added at runtime
};

/// A process that has outlived the main process of its service. A status lists 16 at most.
struct LeftProcess {
  int pid = 0;
  std::string comm;  // the program's name, at most 15 bytes
};

/// How a condition of a service stood when it was to start last.
struct ConditionStatus {
  std::string condition;  // as its file has it, perhaps with what was found
  bool held = false;
  bool under_way = false;  // its command still runs
};

struct HealthStatus {
  std::string type;
  bool healthy = false;
  int attempts = 0;
  std::string last_error;
};

/// Lines of output that could not be delivered to one sink.
struct DroppedLines {
  std::string sink;
  std::uint64_t lines = 0;
};

/// What service.status answers.
struct BriefStatus {
  std::string name;
  StateWord state;
  std::string summary;  // running, ok, error, re-spawn, waiting, stopping, stopped
  std::optional<int> pid;
  std::optional<int> exit_code;
  std::string error;  // in words; empty: none
};

/// Everything about one service or target: a field for each member of a *status_full*, such as
/// `StateWord state`. What JSON has as null is empty here. Times are microseconds since 1970.
struct ServiceStatus {
#define ZINIT_STATUS_MEMBER(type, field, name, schema) type field{};
#include <zinit/status_members.inc>
#undef ZINIT_STATUS_MEMBER

  /// Times that end in _us or _ms above as types of std::chrono; nothing where there is none. The
  /// last ones are those of the last process; `cpu_time` is what all of its processes have used.
  [[nodiscard]] std::optional<WallTime> since() const { return wall_time(since_us); }
  [[nodiscard]] std::optional<WallTime> last_start() const { return wall_time(last_start_us); }
  [[nodiscard]] std::optional<WallTime> last_ready() const { return wall_time(last_ready_us); }
  [[nodiscard]] std::optional<WallTime> last_stop() const { return wall_time(last_stop_us); }
  [[nodiscard]] std::optional<WallTime> next_start() const { return wall_time(next_start_us); }
  [[nodiscard]] std::optional<std::chrono::milliseconds> uptime() const;
  [[nodiscard]] std::optional<std::chrono::milliseconds> restart_in() const;
  [[nodiscard]] std::optional<std::chrono::microseconds> cpu_time() const;

  /// From the JSON text of a *status_full*, such as call() gives. Throws ClientError bad_answer.
  [[nodiscard]] static ServiceStatus parse(std::string_view json);
};

/// What a proxy is to do. Addresses are host:port, tcp:host:port, [v6]:port or unix:/path.
struct ProxyConfig {
  std::string name;
  std::vector<std::string> listen;  // at least one
  std::string backend;              // where the service listens
  std::string service;              // what is started for a connection
  // How long a connection waits for the backend; nothing: 30 s.
  std::optional<std::chrono::seconds> connect_timeout{};
  // The service is stopped after so long without a connection; nothing, or 0: never.
  std::optional<std::chrono::seconds> idle_timeout{};
  bool single_connection = false;  // a second client waits until the first has gone
  int proxy_protocol = 0;          // version of HAProxy's header for the backend; 0: none
};

/// The result of setting a proxy.
struct ProxySetResult {
  std::string name;
  bool replaced = false;  // there was one of that name
};

/// Everything about one proxy.
struct ProxyStatus {
  std::string name;
  std::vector<std::string> listen;
  std::string backend;
  std::string service;
  bool running = false;  // it listens at all of its addresses
  std::string error;     // why it does not; empty: it does
  std::uint64_t total_connections = 0;
  std::uint64_t active_connections = 0;
  std::uint64_t rejected_connections = 0;
  std::uint64_t bytes_to_backend = 0;
  std::uint64_t bytes_from_backend = 0;
  std::chrono::seconds connect_timeout{};
  std::chrono::seconds idle_timeout{};  // 0: never
  bool single_connection = false;
  int proxy_protocol = 0;
  std::string file;                   // empty: none
  std::vector<std::string> warnings;  // what is wrong with it
};

/// When one expression of a service's timer is due.
struct TimerStatus {
  std::string service, expression;
  std::optional<std::int64_t> last_us, next_us;  // since 1970: of starts
};

/// One link of an explanation.
struct WhyReason {
  std::string kind;
  std::string service;  // the one that this link is about
  StateWord state;
  std::string detail;      // in words
  std::string root_cause;  // the service at fault at the end of the chain
  int depth = 0;  // 0: a direct reason; 1: a reason of the last one before it with depth 0; ...
  /// What is known of `service`: "missing" or "masked"; the type of its reason if it has failed or
  /// was stopped together with another; "stopped" if a request has ended it; empty: nothing more.
  std::string code;
  std::string masked_as;  // if it is masked: what has to be unmasked, its template or itself
};

struct WhyReport {
  std::string name;
  StateWord state;
  std::vector<WhyReason> reasons;  // empty: nothing is wrong
};

/// A node of the dependency tree. The tree is a list, each node before its children, so that nobody
/// needs recursion for a deep one.
struct TreeNode {
  std::string name;
  StateWord state;  // empty: nothing has that name
  // The edge from the node above, "requires", "binds_to", "wants", "after"; of a root: "service",
  // "target".
  std::string kind;
  std::string file;  // the file that has the edge, if it is not that of the node it begins at
  int depth = 0;
  bool repeated = false;  // it is in the list already, with its children, which are left out here
  bool holds = false;     // a oneshot that is done, and holds what it has left or set up
};

/// What the processes of a service use. What is not known, or counted nowhere, has no value.
struct ServiceStats {
  std::optional<int> pid;
  std::optional<std::uint64_t> memory_bytes;
  std::optional<std::uint64_t> cpu_usec;
  std::optional<double> cpu_percent;  // of one processor, lately
  std::optional<std::uint64_t> tasks;
  std::optional<std::uint64_t> io_read_bytes;
  std::optional<std::uint64_t> io_write_bytes;
};

/// A process of a service.
struct ProcessInfo {
  int pid = 0;
  int ppid = 0;
  std::string comm;     // the program's name, cut by the kernel to 15 bytes
  std::string cmdline;  // arguments with blanks between them; may be cut, and end in "..."
  std::string state;    // a letter as in ps(1)
};

/// A process in the tree of a service's processes, which is a list as that of TreeNode is.
struct ProcessNode {
  int pid = 0;
  std::string comm;
  int depth = 0;
};

/// The services that isolate() starts and stops.
struct Isolation {
  std::vector<std::string> started;
  std::vector<std::string> stopped;
};

/// What a service is made from.
struct ServiceConfig {
  std::string config;    // its file's sections, as JSON text: {"service":{"exec":"webd"}}
  std::string file;      // empty: none
  bool runtime = false;  // it was added at runtime only
};

/// The result of adding or replacing a service.
struct SetResult {
  std::string name;
  bool created = false;
  std::vector<std::string> warnings;
  bool restarted = false;  // its process
};

/// A service that a request for all services skipped or failed for, and why.
struct PassedOver {
  std::string name;
  std::string reason;
};

/// The result of a request for all services of class user, after they have settled.
struct BulkResult {
  std::vector<std::string> done;
  std::vector<PassedOver> skipped;
  std::vector<PassedOver> failed;
};

/// The names of what a reload has read, by what happens to them.
struct ReloadedNames {
  std::vector<std::string> added;
  std::vector<std::string> changed;
  std::vector<std::string> removed;
  std::vector<std::string> unchanged;
  std::vector<std::string> failed;  // what their new file says is not in force
};

/// What a reload did, or would do, to services and proxies. What failed and was there before stays
/// as it was.
struct ReloadReport : ReloadedNames {
  std::vector<std::string> restarted;      // their process is, or would be, restarted
  std::vector<std::string> stopped;        // they require a service that goes away
  std::vector<std::string> waiting;        // changed, and not restarted because of no_restart
  std::vector<std::string> settings;       // the keys of zinit.toml that have changed
  std::vector<std::string> failed_before;  // those of `failed` whose file is unchanged
  // For each of `restarted`, `stopped` and `waiting`: the changed keys that need it, or "requires
  // NAME".
  std::map<std::string, std::vector<std::string>> why;
  std::map<std::string, std::vector<std::string>> faults;  // of each of `failed`
  std::vector<std::string> warnings;  // of changed files, and new ones of others
  struct Proxies : ReloadedNames {
    std::vector<std::string> messages;  // why those of `failed` did
  };
  Proxies proxies;
};

/// One line of a service's output.
struct LogLine {
  std::int64_t time_us = 0;          // since 1970
  std::string stream;                // stdout, stderr, zinit, syslog
  std::string line;                  // valid UTF-8
  std::optional<std::string> raw{};  // the bytes themselves, where they are not valid UTF-8
  std::string service{};             // whose it is; empty in logs_get()
  std::uint64_t seq = 0;             // its number in its log
  std::uint64_t dropped = 0;         // not 0: so many lines were lost here; the rest is empty
  bool continues = false;            // it goes on in the next one of its stream

  [[nodiscard]] WallTime time() const { return wall_time(time_us); }
};

/// Which lines logs_filter() is to find.
struct LogFilter {
  std::string name{};     // only those of this service; empty: of all, of zinit and of syslog
  std::string pattern{};  // only those that contain this
  std::string stream{};   // only those of this stream; empty: of any
  std::optional<std::chrono::system_clock::time_point> since{};  // only those from then on
  std::uint32_t lines = 100;                                     // the last so many of them
};

/// One change of state.
struct StateEvent {
  std::string service;
  StateWord from;
  StateWord to;
  std::optional<StatusReason> reason;
  std::optional<int> pid;
  std::int64_t time_us = 0;  // since 1970
  std::uint64_t seq = 0;
  std::uint64_t dropped = 0;  // not 0: so many events were lost here; the rest is empty

  [[nodiscard]] WallTime time() const { return wall_time(time_us); }
};

struct PingAnswer {
  std::string version;
  int pid = 0;
};

/// A shutdown or the like whose time has not come.
struct ScheduledAction {
  std::string action;  // shutdown, poweroff, reboot, halt or kexec
  std::int64_t at_us = 0;
  std::string message;  // the client's; may be empty

  [[nodiscard]] WallTime at() const { return wall_time(at_us); }
};

struct SystemInfo {
  std::string version;
  int pid = 0;
  std::string mode;  // system, container, standalone
  std::chrono::milliseconds uptime{};
  std::uint64_t services = 0;
  std::string hostname;
  std::string kernel;
  std::optional<std::chrono::milliseconds> boot_kernel;   // spent by the kernel before zinit
  std::optional<std::chrono::milliseconds> boot_started;  // until the first start
  std::optional<std::chrono::milliseconds> boot_settled;  // until everything had settled
  std::uint64_t crashes = 0;                // faults of its own that it has recovered from
  std::optional<std::string> last_crash{};  // signal, thread and addresses of the last one
  std::optional<ScheduledAction> scheduled{};
};

/// What became of a service that the boot started. Times are in microseconds since the kernel's
/// start, or since zinit's own where it is not process 1 of a machine.
struct BootStep {
  std::string name;
  std::int64_t wanted_us = 0;
  std::optional<std::int64_t> spawned_us;  // its first process
  std::optional<std::int64_t> ready_us;    // running for the first time, or a oneshot that was done
  std::string state;                       // now
  std::string waited_for;                  // what released it last; empty: nothing held it up
};

/// Whether start(), stop() or restart() waits for the outcome.
struct Wait {
  bool settled = false;                            // wait until the service is settled
  std::optional<std::chrono::milliseconds> limit;  // no longer than this; then ErrorCode::timeout
  bool check = true;  // restart(): where check_exec of what it stops fails, nothing is stopped
};

/// What wait() waits for.
enum class WaitFor { running, exited, failed, stopped };

/// When a shutdown or the like is to happen; nothing: now.
using ShutdownTime = std::optional<std::chrono::system_clock::time_point>;

inline std::optional<std::chrono::milliseconds> ServiceStatus::uptime() const {
  return uptime_ms ? std::optional(std::chrono::milliseconds(*uptime_ms)) : std::nullopt;
}
inline std::optional<std::chrono::milliseconds> ServiceStatus::restart_in() const {
  return restart_in_ms ? std::optional(std::chrono::milliseconds(*restart_in_ms)) : std::nullopt;
}
inline std::optional<std::chrono::microseconds> ServiceStatus::cpu_time() const {
  return cpu_usec ? std::optional(std::chrono::microseconds(*cpu_usec)) : std::nullopt;
}
}  // namespace v1
}  // namespace zinit
