// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// AsyncClient: the client of zinit for programs with an event loop. It has no thread and never
// blocks: the program polls its descriptor and passes on the result of poll(2) or a similar call.
//
//     zinit::AsyncClient client;
//     client.call(zinit::request::start("web", {.settled = true}),
//                 [](zinit::Answer<zinit::ServiceStatus> answer) {
//                   std::puts(answer ? answer->state.text().c_str() : answer.error().what());
//                 });
//     while (client.is_open()) {
//       pollfd waited{client.fd(), short(client.wants_write() ? POLLIN | POLLOUT : POLLIN), 0};
//       poll(&waited, 1, client.timeout_ms());
//       if (waited.revents & POLLOUT) client.on_writable();
//       if (waited.revents & ~POLLOUT) client.on_readable();
//       client.on_timeout();
//     }
//
// doc/library.md has a whole program.
//
// Callbacks. Only on_readable() and on_timeout() call them; neither the call that gets a callback
// nor a destructor ever does. A callback may do anything with the client: other calls, cancel(),
// unsubscribe(), close(), even destroy it; on_readable() and on_timeout() then do nothing more. The
// objects that a callback holds are destroyed after its last call, when it is cancelled, or with
// the client.
//
// Exceptions. An exception from a callback leaves on_readable() or on_timeout(). The client stays
// as it is: the next on_timeout(), which is due at once, delivers everything else that had arrived.
// Callbacks get the library's own errors as ClientError; only the constructor throws them. Any
// function may throw std::bad_alloc; the client can still be closed and destroyed afterwards.
//
// Limits: set_answer_limit() limits an answer or notification. Requests that wait to be sent are
// limited to 4 MiB, after which calls fail with ErrorCode::queue_full. A server that sends anything
// other than JSON-RPC, or a line without end, is an error that closes the connection.
//
// Threads: only one thread at a time uses an AsyncClient. It raises no SIGPIPE. After fork(2) the
// child must not use it; execve(2) closes its descriptor.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <zinit/answer.hpp>
#include <zinit/client.hpp>
#include <zinit/request.hpp>

namespace zinit {
inline namespace v1 {

class AsyncClient {
 public:
  /// The number of a call or subscription, unique within a client.
  using Id = std::uint64_t;
  template <class T>
  using Callback = std::function<void(Answer<T> answer)>;

  /// Connects to the server on the unix socket at `socket_path`, without blocking. If the server is
  /// too busy to accept, the error is ErrorCode::no_answer, and a later attempt may succeed. Throws
  /// ClientError like Client::connect().
  explicit AsyncClient(const std::string& socket_path = Client::default_socket());

  /// Closes the connection. Callbacks that are still due are never called.
  ~AsyncClient();
  AsyncClient(AsyncClient&&) noexcept;
  AsyncClient& operator=(AsyncClient&&) noexcept;
  AsyncClient(const AsyncClient&) = delete;
  AsyncClient& operator=(const AsyncClient&) = delete;

  // --- for the event loop ------------------------------------------------------------------------

  /// The descriptor to poll; -1 after the end of the connection. It belongs to the client. It never
  /// changes before that, so it need be registered only once.
  [[nodiscard]] int fd() const noexcept;
  /// Whether to wait until it is readable: always while it is open.
  [[nodiscard]] bool wants_read() const noexcept;
  /// Whether to wait until it is writable: while requests wait to be sent. Every call may change
  /// the answer.
  [[nodiscard]] bool wants_write() const noexcept;

  /// Call this when the descriptor is readable, has an error or was hung up (POLLIN, POLLERR,
  /// POLLHUP). Reads once, 64 KiB at most, and calls the callbacks for everything that is complete.
  /// Unread data keeps the descriptor readable, so poll it level-triggered.
  void on_readable();
  /// Call this when the descriptor is writable. Calls no callback.
  void on_writable();
  /// Call this when next_timeout() has passed; a call at any other time does no harm. Reports to
  /// the calls whose time is up.
  void on_timeout();

  /// How long until on_timeout() is due: 0: at once; nothing: never. Every other function of the
  /// client may change it.
  [[nodiscard]] std::optional<std::chrono::milliseconds> next_timeout() const;
  /// The same for poll(2) and epoll_wait(2): -1 for never.
  [[nodiscard]] int timeout_ms() const;

  // --- the connection ----------------------------------------------------------------------------

  /// Whether there is a connection or something left to report: true until on_closed's callback was
  /// called, or close().
  [[nodiscard]] bool is_open() const noexcept;
  /// Calls `callback` once when the connection has ended, after the callbacks of all calls, with
  /// the reason: disconnected, bad_answer, system_failure, or the server's own words, such as
  /// not_permitted. Not after close(). A server that executes itself again closes all connections;
  /// to go on, make another AsyncClient and subscribe again.
  void on_closed(std::function<void(const ClientError& reason)> callback);
  /// Closes the connection. Callbacks that are still due are never called; later calls get the
  /// error `disconnected`.
  void close() noexcept;

  /// The longest time that a call waits for its answer, after which it gets ErrorCode::no_answer;
  /// nothing: for ever. Counts from the call, and holds for all later calls. Requests that wait for
  /// a service (RequestText::waits) have their own limit. Default: 30 s.
  void set_timeout(std::optional<std::chrono::milliseconds> timeout);
  /// The longest accepted answer or notification, in bytes; a longer one closes the connection with
  /// ErrorCode::bad_answer. Default: 64 MiB.
  void set_answer_limit(std::size_t bytes);
  /// Like those of Client.
  [[nodiscard]] std::optional<unsigned> server_user() const;
  [[nodiscard]] std::optional<int> server_pid() const;

  // --- calls -------------------------------------------------------------------------------------

  /// Sends a request, and later calls `callback` once with its answer or error; `callback` may be
  /// empty. zinit/request.hpp makes requests. Answers may come in any order.
  template <class T>
  Id call(const Request<T>& request, std::type_identity_t<Callback<T>> callback) {
    return send(request, [read = request.read, callback = std::move(callback)](
                             const JsonAnswer* answer, const ClientError* error) {
      if (callback) callback(error != nullptr ? Answer<T>(*error) : read_answer(read, *answer));
    });
  }

  /// Drops the callback of a call, which is not called any more. The server still carries out the
  /// request. No effect on a call that has been answered.
  void cancel(Id call);

  // --- subscriptions -----------------------------------------------------------------------------

  /// Calls `each` for every change of state of the services in `names` (empty: all), from the
  /// answer until unsubscribe() or the end of the connection. `answered` gets the server's
  /// acceptance or refusal; it may be empty. An unreadable event closes the connection with
  /// ErrorCode::bad_answer.
  Id events_subscribe(const std::vector<std::string>& names,
                      std::function<void(const StateEvent& event)> each,
                      Callback<Done> answered = {});
  /// The same for each line of the logs in `names` (empty: all), beginning with the last `lines` of
  /// each.
  Id logs_subscribe(const std::vector<std::string>& names,
                    std::function<void(const LogLine& line)> each, std::uint32_t lines = 0,
                    Callback<Done> answered = {});
  /// The same for any method that subscribes, such as "events.subscribe"; `each` gets the
  /// notification's method, and its params as JSON text.
  Id subscribe(std::string_view method, std::string_view params,
               std::function<void(std::string_view method, const std::string& params)> each,
               Callback<Done> answered = {});
  /// Ends a subscription: from now on neither `each` nor `answered` is called. No effect on a
  /// subscription that has ended.
  void unsubscribe(Id subscription);

 private:
  struct Impl;
  using Told = std::function<void(const JsonAnswer* answer, const ClientError* error)>;

  template <class T>
  static Answer<T> read_answer(T (*read)(const JsonAnswer&), const JsonAnswer& answer) {
    try {
      return read(answer);
    } catch (const ClientError& error) {
      return error;
    }
  }
  Id send(const RequestText& request, Told told);

  std::shared_ptr<Impl> impl_;
};

}  // namespace v1
}  // namespace zinit
