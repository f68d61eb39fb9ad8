// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
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
// doc/library.md has two complete programs. For programs with an event loop there is AsyncClient
// (zinit/async_client.hpp, which this header includes).
//
// Each method of the protocol has a method here with its name: logs.get is logs_get(). service.*
// and system.* lose their prefix, so service.status_full is status_full(). Methods of xinet.* have
// the word proxy in their names, so xinet.set is set_proxy(). call() calls any method; its
// parameters and its result are JSON text.
//
// zinit/types.hpp describes the parameters and results of the methods.
//
// Errors are thrown as ClientError. Errors from the server have negative codes, as in JSON-RPC;
// errors that the library itself finds have positive ones. After `disconnected`, `bad_answer` and
// `system_failure` the Client can no longer be used.
//
// Threads: only one thread at a time uses a Client. It does not touch signal handlers, and a server
// that goes away raises no SIGPIPE.
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

  /// The user that the server runs as, from the kernel (SO_PEERCRED); nothing if the kernel does
  /// not report it. Trust the answers of a server as much as this user.
  [[nodiscard]] std::optional<unsigned> server_user() const;

  /// The process that listens on the socket, from the kernel (SO_PEERCRED): 0 if it is outside this
  /// pid namespace, nothing if the kernel does not report it. A server that executes itself again
  /// closes all connections and keeps its pid. So after `disconnected`, a new Client can compare
  /// this number to find out whether it has reached another server.
  [[nodiscard]] std::optional<int> server_pid() const;

  /// The longest time that a call waits for its answer, then ErrorCode::no_answer; nothing: for
  /// ever. Calls that wait for a service (Wait, wait()) also have their own limit. Default: 30 s.
  void set_timeout(std::optional<std::chrono::milliseconds> timeout);

  /// The longest accepted answer, in bytes; a longer one is ErrorCode::bad_answer. Default: 256
  /// MiB.
  void set_answer_limit(std::size_t bytes);

  // --- any method, as JSON -----------------------------------------------------------------------

  /// Calls `method` and returns the result as JSON text. `params` is a JSON object or array, or
  /// empty.
  std::string call(std::string_view method, std::string_view params = {});

  /// Makes a request from zinit/request.hpp and returns its result. Each method below makes its own
  /// request in this way.
  template <class T>
  T call(const Request<T>& request) {
    return request.read(*exchange(request));
  }

  /// The two halves of call(): several requests may be sent before the first answer is read, and
  /// answers may be read in any order, each once. `answer` waits at most `limit`, nothing: for
  /// ever.
  std::uint64_t request(std::string_view method, std::string_view params = {});
  std::string answer(std::uint64_t request, std::optional<std::chrono::milliseconds> limit = {});
  /// Waits until any request is answered whose answer was not taken yet, and returns its number;
  /// answer() then returns or throws at once. Throws like answer(); invalid_request if no answer is
  /// due.
  std::uint64_t first_answered(std::optional<std::chrono::milliseconds> limit = {});

  /// The descriptor of the connection, for programs that also wait for other things. It is readable
  /// (poll(2)) when unread data has come, and when the server has closed the connection. With a
  /// limit of 0, first_answered() and dispatch() take what is there and do not wait. While it is
  /// writable, request() does not wait either, unless the request is long. For a whole event loop
  /// use AsyncClient.
  [[nodiscard]] int fd() const noexcept;

  // --- the methods of the protocol ---------------------------------------------------------------

  // Each call of zinit/calls.inc, which describes it: `PingAnswer ping();` and so on. A call with
  // the result Done returns when it is done.
#define ZINIT_CALL(result, name, parameters, arguments) \
  result name parameters { return call(request::name arguments); }
#include <zinit/calls.inc>

  /// list_full() that passes each status to `each` in turn, which costs less memory. Exceptions
  /// from `each` are passed on.
  void list_full(const std::vector<std::string>& members,
                 const std::function<void(ServiceStatus)>& each);

  // --- subscriptions -----------------------------------------------------------------------------

  /// From now on, dispatch() calls `callback` for each line of the logs in `names` (empty: all),
  /// beginning with the last `lines` of each. The subscription goes on when a service is restarted,
  /// or removed and added again. Returns the subscription's number.
  std::uint64_t logs_subscribe(const std::vector<std::string>& names,
                               std::function<void(const LogLine&)> callback,
                               std::uint32_t lines = 0);
  void logs_unsubscribe(std::uint64_t subscription);

  /// From now on, dispatch() calls `callback` for each change of state of the services in `names`
  /// (empty: all). Returns the subscription's number.
  std::uint64_t events_subscribe(const std::vector<std::string>& names,
                                 std::function<void(const StateEvent&)> callback);
  void events_unsubscribe(std::uint64_t subscription);

  /// The same for any method that subscribes; `callback` gets the notification's method, and its
  /// params as JSON text.
  using NotificationCallback =
      std::function<void(std::string_view method, const std::string& params)>;
  std::uint64_t subscribe(std::string_view method, std::string_view params,
                          NotificationCallback callback);
  void unsubscribe(std::string_view method, std::uint64_t subscription);

  /// Waits for the next notification, at most `limit` (nothing: for ever), and calls its callback,
  /// which may use this Client. Returns false if the time is up; throws errors of the connection.
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
