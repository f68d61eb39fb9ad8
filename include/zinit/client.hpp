// The client library of zinit: typed, blocking calls to a running zinit over its control socket.
//
//     #include <zinit/client.hpp>                            // c++ -std=c++20 ... -lzinit
//
//     auto zinit = zinit::Client::connect();
//     zinit.start("web", {.settled = true});                 // until it runs, or has failed
//     for (const auto& line : zinit.logs_get("web", 20)) std::puts(line.line.c_str());
//
//     zinit.events_subscribe({"web"}, [](const zinit::StateEvent& event) { ... });
//     while (zinit.dispatch()) {}
//
// Two complete programs are in doc/library.md. For programs with an event loop there is AsyncClient
// (zinit/async_client.hpp, which this header brings along).
//
// There is one method for each method of the protocol, under its name: logs.get is logs_get(), and
// service.* and system.* go without their prefix, so that service.status_full is status_full();
// those of xinet.* are named after proxies, so that xinet.set is set_proxy().
// call() calls any method; its parameters and its result are JSON text.
//
// A state or the type of a reason is a Word: an enumerator and its text. A member of an answer that
// ends in _us or _ms is the number of the protocol; the function of its name without that unit
// gives it as a type of std::chrono.
//
// Errors are thrown as ClientError. Those of the server have negative codes, as in JSON-RPC; those
// that the library itself finds have positive ones. After `disconnected`, `bad_answer` and
// `system_failure` the Client can no longer be used.
//
// Threads: one Client is used by one thread at a time. Nothing here touches signal handlers, and a
// server that goes away raises no SIGPIPE.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <zinit/answer.hpp>
#include <zinit/error.hpp>
#include <zinit/names.hpp>

namespace zinit {
// Part of every symbol, so that a program linked with one version of this header cannot use the
// library of another.
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
  std::string step;                   // the command: "pre_exec", or empty for the service's own
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
  std::string kind;    // "requires", "after", "conflicts"
  std::string reason;  // in words
};

/// A dependency of a service that the file of the other has, by its `required_by`, `before` or
/// `wanted_by`.
struct AddedDependency {
  std::string service;
  std::string kind;  // "requires", "after", "wants"
  std::string file;  // empty if the other was added at runtime
};

/// How a condition of a service stood when it was to start last.
struct ConditionStatus {
  std::string condition;                 // as its file has it, perhaps with what was found
  bool held = false, under_way = false;  // the latter: its command still runs
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
  // The edge from the node above, "requires", "wants", "after"; of a root: "service", "target".
  std::string kind;
  std::string file;  // the file that has the edge, if it is not that of the node it begins at
  int depth = 0;
  bool repeated = false;  // it is in the list already, with its children, which are left out here
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

/// What a reload did, or would do: to services, of whose failures status_full() says more, and to
/// proxies, of which those that failed stay as they were.
struct ReloadReport : ReloadedNames {
  std::vector<std::string> restarted;      // their process is, or would be, restarted
  std::vector<std::string> stopped;        // they require a service that goes away
  std::vector<std::string> failed_before;  // those of `failed` whose file is unchanged
  // For each of `restarted` and `stopped`: the changed keys that need it, or "requires NAME".
  std::map<std::string, std::vector<std::string>> why;
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
};

/// What wait() waits for.
enum class WaitFor { running, exited, failed, stopped };

/// When a shutdown or the like is to happen; nothing: now.
using ShutdownTime = std::optional<std::chrono::system_clock::time_point>;

class Client {
 public:
  /// The socket that zinitctl of this user connects to: $ZINIT_SOCKET, else /run/zinit.sock for
  /// root, else $XDG_RUNTIME_DIR/zinit.sock, else /tmp/zinit-UID/zinit.sock.
  [[nodiscard]] static std::string default_socket();

  /// Connects to the server on the unix socket at `socket_path`. Waits at most `limit` for a server
  /// that is too busy to accept.
  [[nodiscard]] static Client connect(const std::string& socket_path = default_socket(),
                                      std::chrono::milliseconds limit = std::chrono::seconds(30));

  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();

  /// The user that the server runs as, as the kernel has it (SO_PEERCRED); nothing if it does not
  /// say. What a server of another user than root answers is that user's word.
  [[nodiscard]] std::optional<unsigned> server_user() const;

  /// The process that listens on the socket, as the kernel has it (SO_PEERCRED): 0 where it lies
  /// outside this pid namespace, nothing if the kernel does not say. A server that executes itself
  /// anew closes all connections and stays the same process; a Client that is `disconnected` tells
  /// by this whether the one that it finds when it connects again is another.
  [[nodiscard]] std::optional<int> server_pid() const;

  /// The longest that a call waits for its answer, then ErrorCode::no_answer; nothing: for ever.
  /// Calls that wait for a service (Wait, wait()) have their own limit beside it. Default: 30 s.
  void set_timeout(std::optional<std::chrono::milliseconds> timeout);

  /// The longest answer that is taken, in bytes; a longer one is ErrorCode::bad_answer. Default:
  /// 256 MiB.
  void set_answer_limit(std::size_t bytes);

  // --- any method, as JSON -----------------------------------------------------------------------

  /// Calls `method` and returns the result as JSON text. `params` is a JSON object or array, or
  /// empty.
  std::string call(std::string_view method, std::string_view params = {});

  /// Makes a request of zinit/request.hpp and returns its result. The methods below do so, each
  /// with its own.
  template <class T>
  T call(const Request<T>& request) {
    return request.read(*exchange(request));
  }

  /// The halves of call(): several requests may be sent before the first answer is read, and
  /// answers may be read in any order, each once. `answer` waits at most `limit`, nothing: for
  /// ever.
  std::uint64_t request(std::string_view method, std::string_view params = {});
  std::string answer(std::uint64_t request, std::optional<std::chrono::milliseconds> limit = {});

  // --- system ------------------------------------------------------------------------------------

  PingAnswer ping();
  SystemInfo info();
  std::vector<BootStep> bootchart();  ///< what the boot started, in the order of spawning
  std::vector<TimerStatus> timers();  ///< what is due first in front
  /// These five stop all services and end zinit, or the machine: at the time `at`, or now if none
  /// is given. kexec() needs a kernel that is loaded (invalid_state).
  void shutdown(ShutdownTime at = {}, const std::string& message = {});
  void poweroff(ShutdownTime at = {}, const std::string& message = {});
  void reboot(ShutdownTime at = {}, const std::string& message = {});
  void halt(ShutdownTime at = {}, const std::string& message = {});
  void kexec(ShutdownTime at = {}, const std::string& message = {});

  /// PID 1 of a machine alone: stops all services but those that survive it, makes the mounted
  /// directory `new_root` the root and executes `init` there in its own place. invalid_state, with
  /// the reason, where that cannot be done; then nothing was stopped.
  void switch_root(const std::string& new_root, const std::string& init = "/sbin/init");

  /// Cancels a shutdown whose time has not come. Returns false if there is none.
  bool cancel_shutdown();

  /// Has the server execute itself anew, while every service runs on; with `update` the program
  /// that is installed at its path now, once that has passed a self-check. Returns just before it
  /// happens: all connections are closed then, this one too, and a Client that connects again finds
  /// the next image. process_error if the program cannot take over, invalid_state if something is
  /// under way that does not end, or a re-execution already; nothing has changed then.
  void reexec(bool update = false);

  // --- services ----------------------------------------------------------------------------------

  std::vector<std::string> list();
  /// @param members  names of members in the protocol: only these are filled in, and the others
  ///                 cost the server nothing. None: all.
  std::vector<ServiceStatus> list_full(const std::vector<std::string>& members = {});
  /// The same, each given to `each` in turn, which costs less memory. What `each` throws is passed
  /// on.
  void list_full(const std::vector<std::string>& members,
                 const std::function<void(ServiceStatus)>& each);
  BriefStatus status(const std::string& name);
  ServiceStatus status_full(const std::string& name);
  ServiceStatus start(const std::string& name, const Wait& wait = {});
  ServiceStatus stop(const std::string& name, const Wait& wait = {});
  ServiceStatus restart(const std::string& name, const Wait& wait = {});
  /// Signals the process group, or the main process alone. `signal`: a name or a number.
  void kill(const std::string& name, const std::string& signal = "SIGTERM", bool main_only = false);
  /// Starts a target with what it pulls in, and stops every other service of class user.
  Isolation isolate(const std::string& target);
  ServiceConfig get(const std::string& name);
  /// Adds a service, or replaces the one of its name. `config` is JSON text, as ServiceConfig has
  /// it. With `persist` its file is written too; with `start` it is started where it is new or was
  /// stopped.
  SetResult set(const std::string& config, bool persist = true, bool start = true);
  /// The same at runtime only.
  SetResult add(const std::string& config, bool persist = false, bool start = true);
  /// service.delete: stops the service and removes it, with `persist` its file too. If others
  /// require it, that is a dependency_error; with `cascade` they are stopped and lose that
  /// dependency. Waits for the stop at most `limit`, nothing: as long as it takes.
  void remove(const std::string& name, bool persist = true, bool cascade = false,
              std::optional<std::chrono::milliseconds> limit = {});
  // These act on all services of class user. Each waits until they have settled, at most `limit`.
  BulkResult start_all(std::optional<std::chrono::milliseconds> limit = {});
  BulkResult stop_all(std::optional<std::chrono::milliseconds> limit = {});
  BulkResult delete_all(std::optional<std::chrono::milliseconds> limit = {});
  ReloadReport reload(bool dry_run = false);
  /// Makes one service reload itself, by its reload_exec or reload_signal, and waits until that is
  /// done.
  void reload_service(const std::string& name);
  WhyReport why(const std::string& name);
  /// What `name` depends on, or with `reverse` what depends on it; without a name the whole forest.
  std::vector<TreeNode> tree(const std::string& name = {}, bool reverse = false);
  bool is_running(const std::string& name);
  ServiceStats stats(const std::string& name);
  /// The processes of a service, the main one first; none if it is down.
  std::vector<ProcessInfo> children(const std::string& name);
  /// Waits until the service is in that state, at most `limit`; then ErrorCode::timeout.
  ServiceStatus wait(const std::string& name, WaitFor state,
                     std::optional<std::chrono::milliseconds> limit = {});

  // --- proxies -----------------------------------------------------------------------------------

  /// Adds a proxy, or replaces the one of its name, whose connections go on. With `persist` its
  /// file is written too. An address that cannot be listened at is a config_error, and changes
  /// nothing.
  ProxySetResult set_proxy(const ProxyConfig& config, bool persist = true);
  /// Removes a proxy and its file; its connections go on.
  void delete_proxy(const std::string& name);
  /// The names of all proxies, sorted.
  std::vector<std::string> proxies();
  ProxyStatus proxy(const std::string& name);
  std::vector<ProxyStatus> all_proxies();

  // --- logs --------------------------------------------------------------------------------------

  /// The last `lines` lines kept, oldest first.
  std::vector<LogLine> logs_get(const std::string& name, std::uint32_t lines = 100);
  /// The same, as text alone.
  std::vector<std::string> logs_tail(const std::string& name, std::uint32_t lines = 100);
  /// The last lines that match, of all logs in order of time.
  std::vector<LogLine> logs_filter(const LogFilter& filter);

  /// From now on, dispatch() calls `callback` for each line of the logs in `names` (empty: of all),
  /// beginning with the last `lines` of each. The subscription goes on when a service is restarted,
  /// or removed and added again. Returns the subscription's number.
  std::uint64_t logs_subscribe(const std::vector<std::string>& names,
                               std::function<void(const LogLine&)> callback,
                               std::uint32_t lines = 0);
  void logs_unsubscribe(std::uint64_t subscription);

  // --- events ------------------------------------------------------------------------------------

  /// The last `lines` changes of state kept, oldest first, of the services in `names` (empty: of
  /// all).
  std::vector<StateEvent> events_get(const std::vector<std::string>& names = {},
                                     std::uint32_t lines = 100);

  /// From now on, dispatch() calls `callback` for each change of state of the services in `names`
  /// (empty: of all). Returns the subscription's number.
  std::uint64_t events_subscribe(const std::vector<std::string>& names,
                                 std::function<void(const StateEvent&)> callback);
  void events_unsubscribe(std::uint64_t subscription);

  /// The same for any method that subscribes; `callback` is given the notification's method and its
  /// params as JSON text.
  using NotificationCallback =
      std::function<void(std::string_view method, const std::string& params)>;
  std::uint64_t subscribe(std::string_view method, std::string_view params,
                          NotificationCallback callback);
  void unsubscribe(std::string_view method, std::uint64_t subscription);

  /// Waits for the next notification, at most `limit` (nothing: for ever), and calls its callback,
  /// which may use this Client. False when the time is up; an error of the connection is thrown.
  bool dispatch(std::optional<std::chrono::milliseconds> limit = {});

  // --- debugging ---------------------------------------------------------------------------------

  /// The whole graph, as JSON text.
  std::string debug_state();
  /// The processes of a service as trees: several if not all of them descend from one. not_running
  /// if there are none.
  std::vector<ProcessNode> process_tree(const std::string& name);

 private:
  struct Impl;
  explicit Client(std::unique_ptr<Impl> impl) noexcept;
  std::shared_ptr<const JsonAnswer> exchange(const RequestText& request);
  std::unique_ptr<Impl> impl_;
};

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

#include <zinit/async_client.hpp>
