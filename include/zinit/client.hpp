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
#include <zinit/request.hpp>
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

  // --- the methods of the protocol ---------------------------------------------------------------

  // Those of zinit/calls.inc, which says what they do: `PingAnswer ping();` and so on. Those that
  // give Done return when it is done.
#define ZINIT_CALL(result, name, parameters, arguments) \
  result name parameters { return call(request::name arguments); }
#include <zinit/calls.inc>

  /// list_full() with each status given to `each` in turn, which costs less memory. What `each`
  /// throws is passed on.
  void list_full(const std::vector<std::string>& members,
                 const std::function<void(ServiceStatus)>& each);

  // --- subscriptions -----------------------------------------------------------------------------

  /// From now on, dispatch() calls `callback` for each line of the logs in `names` (empty: of all),
  /// beginning with the last `lines` of each. The subscription goes on when a service is restarted,
  /// or removed and added again. Returns the subscription's number.
  std::uint64_t logs_subscribe(const std::vector<std::string>& names,
                               std::function<void(const LogLine&)> callback,
                               std::uint32_t lines = 0);
  void logs_unsubscribe(std::uint64_t subscription);

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

 private:
  struct Impl;
  explicit Client(std::unique_ptr<Impl> impl) noexcept;
  std::shared_ptr<const JsonAnswer> exchange(const RequestText& request);
  std::unique_ptr<Impl> impl_;
};

}  // namespace v1
}  // namespace zinit

#include <zinit/async_client.hpp>
