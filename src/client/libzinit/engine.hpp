// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The engine of both clients: sends requests and reads lines of JSON-RPC 2.0 over a socket that
// does not block, and calls the callbacks that wait for them. AsyncClient is the engine with the
// program's event loop, Client is the engine with a loop around poll(2).
//
// send() gives a request an Id, and puts it into `calls` and its text into `out`. The loop calls
// receive(), flush() and work(). Only work() calls callbacks: for lines that have come, for calls
// that have failed or timed out, and last of all told_all(). So a request that fails in send() is
// reported by the next work(); next_due() is the past until then.
//
// A callback may do anything with the engine. So a callback is taken out of its table before it is
// called, and the tables are searched again after it. If a callback may destroy the engine, the
// caller of work() holds the engine.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.hpp"
#include "base/time.hpp"
#include "client/libzinit/json.hpp"
#include "client/libzinit/read_answers.hpp"

namespace zinit {

struct ClientEngine {
  using Id = std::uint64_t;
  using Names = std::vector<std::string>;
  using AnswerPtr = std::shared_ptr<const JsonAnswer>;
  /// Called with the answer, or with null and the error.
  using Told = std::function<void(const AnswerPtr& answer, const ClientError* error)>;
  struct Call {
    Told told;
    TimePoint deadline = kNever;
    std::optional<ClientError> error{};  // it failed before it was sent
  };
  /// Reads a notification, or throws bad_answer. The result calls the callback; it refers to the
  /// handler.
  using Handler =
      std::function<std::function<void()>(std::string_view method, const JsonValue& params)>;
  using HandlerPtr = std::shared_ptr<const Handler>;
  /// What to subscribe to, from the arguments that both clients take.
  struct Subscribing {
    Subscribing(const Names& names, std::function<void(const StateEvent&)> each);
    Subscribing(const Names& names, std::function<void(const LogLine&)> each, std::uint32_t lines);
    Subscribing(std::string_view any, std::string_view params,
                std::function<void(std::string_view method, const std::string& params)> each);

    std::string method;
    std::string params;
    HandlerPtr handler;
  };

  explicit ClientEngine(UniqueFd connection);
  virtual ~ClientEngine() = default;
  ClientEngine& operator=(ClientEngine&&) = delete;

  /// Sends as much of a request as the socket takes. Calls no callback: work() calls `told`.
  Id send(std::string_view method, std::string_view params, TimePoint deadline, Told told);
  /// Sends as much as the socket takes. Calls no callback: work() reports a failure.
  void flush();
  /// Reads once. Calls no callback.
  void receive();
  /// Does everything that calls callbacks, unless a callback is running.
  void work();
  /// When work() is due if nothing comes.
  [[nodiscard]] TimePoint next_due() const;

  /// The subscription's number in the answer to its request. Throws bad_answer if it has none.
  [[nodiscard]] static std::uint64_t subscription_of(const JsonAnswer& answer);

  /// The connection has ended. Calls no callback: work() does.
  void fail(ClientError why);
  void drop_connection() noexcept;

  // The server's, also when the connection has ended; nothing if the kernel does not report them.
  [[nodiscard]] std::optional<unsigned> server_user() const;
  [[nodiscard]] std::optional<int> server_pid() const;

  UniqueFd fd;                          // none once the connection has ended
  std::size_t answer_limit = SIZE_MAX;  // of a line, in bytes
  std::size_t queue_limit = SIZE_MAX;   // of `out`
  Id next_id = 1;
  std::map<Id, Call> calls;
  std::map<std::uint64_t, HandlerPtr> handlers{};  // by the server's numbers of subscriptions
  std::optional<ClientError> failure{};            // why the connection has ended
  bool open = true;                                // told_all() was not called yet
  bool busy = false;                               // a callback may be running
  std::string out{};                               // bytes that wait to be sent

 private:
  /// The callback for a notification; nothing if no callback waits for it. May move from `line`.
  virtual std::function<void()> notified(const JsonValue& message, std::string& line) = 0;
  /// The connection has ended, and all calls have their errors.
  virtual void told_all() = 0;

  [[nodiscard]] std::string take_line(std::size_t end);
  void handle_lines();
  void handle(std::string line);
  std::function<void()> answered(const AnswerPtr& answer);
  void tell_late();
  [[nodiscard]] TimePoint due(const Call& call) const;
  [[nodiscard]] ClientError ending() const;
  /// Whether unread lines are left. This happens only after a callback has thrown.
  [[nodiscard]] bool unread() const { return fd && (ended_ || searched_ < in_.size()); }

  const std::optional<ucred> server_;  // asked at the start: `fd` is closed at the end
  bool deaf_ = false;         // the server takes no more, but there may be more to read from it
  std::string in_;            // received bytes
  std::size_t begin_ = 0;     // start of the first line in `in_`
  std::size_t searched_ = 0;  // from `begin_` up to here `in_` has no line end
  bool ended_ = false;        // nothing more will come
};

}  // namespace zinit
