// AsyncClient: the client of zinit for programs with an event loop. It has no thread and never
// blocks: the program polls its descriptor and tells it what poll(2) or its like has said.
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
// A whole program is in doc/library.md.
//
// Callbacks. They are called by on_readable() and on_timeout() and from nowhere else: never by the
// call that they are given to, nor by a destructor. In a callback everything may be done with the
// client: other calls, cancel(), unsubscribe(), close(), and its destruction; on_readable() and
// on_timeout() then do nothing. What a callback holds is destroyed once it has been called for the
// last time, is cancelled, or goes with the client.
//
// Exceptions. What a callback throws comes out of on_readable() or on_timeout(). The client stays
// as it is: what had come besides is told by the next on_timeout(), which is due at once. The
// library's own errors are given to callbacks as ClientError, except by the constructor, which
// throws them. std::bad_alloc may come out of any function; the client can still be closed and
// destroyed then.
//
// What is bounded: an answer or notification by set_answer_limit(), and what waits to be sent to
// 4 MiB, beyond which calls fail with ErrorCode::queue_full. A server that sends something else
// than JSON-RPC, or a line without end, is an error that closes the connection.
//
// Threads: one AsyncClient is used by one thread at a time. It raises no SIGPIPE. After fork(2) the
// child must not use it, and execve(2) closes its descriptor.
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
  /// The number of a call or of a subscription; no two of a client are the same.
  using Id = std::uint64_t;
  template <class T>
  using Callback = std::function<void(Answer<T> answer)>;

  /// Connects to the server on the unix socket at `socket_path`. This does not block: a server that
  /// is too busy to accept is ErrorCode::no_answer, and may be tried again later. Throws
  /// ClientError as Client::connect() does.
  explicit AsyncClient(const std::string& socket_path = Client::default_socket());

  /// Closes the connection. Callbacks that are still due are never called.
  ~AsyncClient();
  AsyncClient(AsyncClient&&) noexcept;
  AsyncClient& operator=(AsyncClient&&) noexcept;
  AsyncClient(const AsyncClient&) = delete;
  AsyncClient& operator=(const AsyncClient&) = delete;

  // --- for the event loop ------------------------------------------------------------------------

  /// The descriptor to poll; -1 once the connection has ended. It belongs to the client. It is the
  /// same all the time, so it need be registered only once.
  [[nodiscard]] int fd() const noexcept;
  /// Whether to wait until it is readable: always while it is open.
  [[nodiscard]] bool wants_read() const noexcept;
  /// Whether to wait until it is writable: while requests wait to be sent. Every call may change
  /// that.
  [[nodiscard]] bool wants_write() const noexcept;

  /// To be called when the descriptor is readable, has an error or was hung up (POLLIN, POLLERR,
  /// POLLHUP). Reads once, 64 KiB at most, and calls the callbacks of what is complete. What is
  /// left keeps the descriptor readable, so it must be polled level-triggered.
  void on_readable();
  /// To be called when the descriptor is writable. Calls no callback.
  void on_writable();
  /// To be called when next_timeout() has passed; any other time does no harm. Tells the calls
  /// whose time is up.
  void on_timeout();

  /// How long until on_timeout() is due: 0 for at once, nothing for never. Every other function of
  /// the client may change it.
  [[nodiscard]] std::optional<std::chrono::milliseconds> next_timeout() const;
  /// The same as poll(2) and epoll_wait(2) take it: -1 for never.
  [[nodiscard]] int timeout_ms() const;

  // --- the connection ----------------------------------------------------------------------------

  /// Whether there is a connection, or something left to be told: until on_closed's callback has
  /// been called, or close() was.
  [[nodiscard]] bool is_open() const noexcept;
  /// `callback` is called once when the connection has ended, after the callbacks of all calls,
  /// with the reason: disconnected, bad_answer, system_failure, or what the server said, such as
  /// not_permitted. Not after close(). A server that executes itself anew closes all connections;
  /// who wants to go on makes another AsyncClient and subscribes again.
  void on_closed(std::function<void(const ClientError& reason)> callback);
  /// Closes the connection. Callbacks that are still due are never called; calls that are made
  /// afterwards are told that they are `disconnected`.
  void close() noexcept;

  /// The longest that a call waits for its answer, then ErrorCode::no_answer; nothing: for ever. It
  /// counts from the call and holds for those that follow. Requests that wait for a service
  /// (RequestText::waits) have their own limit. Default: 30 s.
  void set_timeout(std::optional<std::chrono::milliseconds> timeout);
  /// The longest answer or notification that is taken, in bytes; a longer one closes the connection
  /// with ErrorCode::bad_answer. Default: 64 MiB.
  void set_answer_limit(std::size_t bytes);
  /// As Client's.
  [[nodiscard]] std::optional<unsigned> server_user() const;
  [[nodiscard]] std::optional<int> server_pid() const;

  // --- calls -------------------------------------------------------------------------------------

  /// Sends a request, and later calls `callback` once with its answer or error; it may be empty.
  /// Requests are made by zinit/request.hpp. They are answered in any order.
  template <class T>
  Id call(const Request<T>& request, std::type_identity_t<Callback<T>> callback) {
    return send(request, [read = request.read, callback = std::move(callback)](
                             const JsonAnswer* answer, const ClientError* error) {
      if (callback) callback(error != nullptr ? Answer<T>(*error) : read_answer(read, *answer));
    });
  }

  /// Nobody waits for the answer any more: the callback of that call is not called. The server does
  /// what it was asked all the same. No effect on a call that has been answered.
  void cancel(Id call);

  // --- subscriptions -----------------------------------------------------------------------------

  /// Calls `each` for every change of state of the services in `names` (empty: of all), from the
  /// answer on until unsubscribe() or the end of the connection. `answered` is told whether the
  /// server has accepted; it may be empty. Where an event cannot be read the connection is closed
  /// with ErrorCode::bad_answer.
  Id events_subscribe(const std::vector<std::string>& names,
                      std::function<void(const StateEvent& event)> each,
                      Callback<Done> answered = {});
  /// The same for each line of the logs in `names` (empty: of all), beginning with the last `lines`
  /// of each.
  Id logs_subscribe(const std::vector<std::string>& names,
                    std::function<void(const LogLine& line)> each, std::uint32_t lines = 0,
                    Callback<Done> answered = {});
  /// The same for any method that subscribes, such as "events.subscribe"; `each` is given the
  /// notification's method and its params as JSON text.
  Id subscribe(std::string_view method, std::string_view params,
               std::function<void(std::string_view method, const std::string& params)> each,
               Callback<Done> answered = {});
  /// Ends a subscription: neither `each` nor `answered` is called any more, from this moment on. No
  /// effect on one that has ended.
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
