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
// What the methods take and answer is described in zinit/types.hpp.
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
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <zinit/answer.hpp>
#include <zinit/error.hpp>
#include <zinit/names.hpp>
#include <zinit/types.hpp>

namespace zinit {
// Part of every symbol, so that a program linked with one version of this header cannot use the
// library of another.
inline namespace v1 {

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
  /// Waits until any request is answered whose answer has not been taken, and returns its number:
  /// then answer() returns, or throws, at once. Throws as answer() does; invalid_request if no
  /// answer is due.
  std::uint64_t first_answered(std::optional<std::chrono::milliseconds> limit = {});

  /// The descriptor of the connection, for who waits for other things too: readable (poll(2)) when
  /// something has come that was not read yet, and when the server has closed it. first_answered()
  /// and dispatch(), with a limit of 0, take what is there and wait for nothing. As long as it is
  /// writable, request() does not wait either, unless the request is long. AsyncClient is made for
  /// event loops altogether.
  [[nodiscard]] int fd() const noexcept;

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
  SetResult set(const std::string& config, bool persist = false, bool start = true);
  /// The same.
  SetResult add(const std::string& config, bool persist = false, bool start = true);
  /// service.delete: stops the service and removes it, with `persist` its file too. If others
  /// require it, that is a dependency_error; with `cascade` they are stopped and lose that
  /// dependency. Waits for the stop at most `limit`, nothing: as long as it takes.
  void remove(const std::string& name, bool persist = false, bool cascade = false,
              std::optional<std::chrono::milliseconds> limit = {});
  // These act on all services of class user. Each waits until they have settled, at most `limit`.
  BulkResult start_all(std::optional<std::chrono::milliseconds> limit = {});
  BulkResult stop_all(std::optional<std::chrono::milliseconds> limit = {});
  BulkResult delete_all(std::optional<std::chrono::milliseconds> limit = {});
  /// With `check` what fails its check_exec keeps the config that it has. With names in `only` the
  /// files of these services alone count. With `no_restart` what would be restarted waits.
  ReloadReport reload(bool dry_run = false, bool check = true,
                      const std::vector<std::string>& only = {}, bool no_restart = false);
  /// Makes one service reload itself, by its reload_exec or reload_signal, and waits until that is
  /// done. With `check` its check_exec comes before.
  void reload_service(const std::string& name, bool check = true);
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
  ProxySetResult set_proxy(const ProxyConfig& config, bool persist = false);
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

  // --- monitoring --------------------------------------------------------------------------------

  /// Figures of services, proxies and the server as OpenMetrics text, as it is. Those of processes
  /// are left out where the kernel does not tell them within 5 s.
  std::string metrics();

  // --- debugging ---------------------------------------------------------------------------------

  /// The whole graph, as JSON text.
  std::string debug_state();
  /// Returns once the server has done what it was about to do when this was called: handled what
  /// services have written and said, and who has ended, taken the steps that came of that, and told
  /// of them. What lies in the future, such as a restart delay, is not waited for. timeout if it
  /// always had something to do for `limit`, at most a minute.
  void debug_settle(std::chrono::milliseconds limit = std::chrono::seconds(1));
  /// The processes of a service as trees: several if not all of them descend from one. not_running
  /// if there are none.
  std::vector<ProcessNode> process_tree(const std::string& name);

 private:
  struct Impl;
  explicit Client(std::unique_ptr<Impl> impl) noexcept;
  std::shared_ptr<const JsonAnswer> exchange(const RequestText& request);
  std::unique_ptr<Impl> impl_;
};

}  // namespace v1
}  // namespace zinit

#include <zinit/async_client.hpp>
