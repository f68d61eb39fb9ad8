// JSON-RPC 2.0 over one connection: sends requests, matches answers by id, and keeps notifications
// until dispatch() passes them on.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "client/libzinit/connection.hpp"
#include "client/libzinit/json.hpp"

namespace zinit {

class ClientSession {
 public:
  /// Called with a notification's method and its params, an object.
  using Handler = std::function<void(std::string_view method, const JsonValue& params)>;

  explicit ClientSession(ClientConnection connection) : connection_(std::move(connection)) {}

  /// Sends a request; `params` is JSON text or empty. Returns its id.
  std::uint64_t request(std::string_view method, std::string_view params, TimePoint deadline);

  /// Waits for the answer to request `id`. Returns the whole message, which has a member `result`.
  /// Throws the server's error or an error of the connection. After no_answer, call it again.
  [[nodiscard]] JsonDocument answer(std::uint64_t id, TimePoint deadline);

  /// The id of a request with an answer that nobody has taken yet. Waits for one like answer().
  [[nodiscard]] std::uint64_t first_answered(TimePoint deadline);

  /// Drops the answer to `id` when it comes, because no caller waits for it any more.
  void forget(std::uint64_t id);

  void handle(std::uint64_t subscription, Handler handler);
  void unhandle(std::uint64_t subscription);

  /// Waits for the next notification of a subscription with a handler, and calls the handler.
  /// Returns false at the deadline.
  bool dispatch(TimePoint deadline);

  /// See ClientConnection.
  [[nodiscard]] int fd() const noexcept { return connection_.fd(); }
  [[nodiscard]] std::optional<ucred> server() const noexcept { return connection_.server(); }

  void set_answer_limit(std::size_t bytes) noexcept { connection_.set_line_limit(bytes); }

 private:
  /// Kept as text, because even a small parsed document takes 64 KiB.
  struct Notification {
    std::uint64_t subscription;
    std::string text;
  };

  /// Reads one message and keeps it as an answer or a notification.
  void read_message(TimePoint deadline);
  void keep_answer(JsonDocument message);
  void keep_notification(const JsonValue& message, std::string text);
  [[nodiscard]] bool call_next_handler();
  [[nodiscard]] bool tell_of_lost();

  ClientConnection connection_;
  std::uint64_t next_id_ = 1;
  std::set<std::uint64_t> pending_;    // requests without an answer
  std::set<std::uint64_t> forgotten_;  // pending requests whose answers will be dropped
  std::map<std::uint64_t, JsonDocument> answers_;
  std::map<std::uint64_t, Handler> handlers_;
  std::deque<Notification> notifications_;
  std::size_t notification_bytes_ = 0;
  std::map<std::uint64_t, std::uint64_t> lost_;  // number of dropped notifications, by subscription
};

}  // namespace zinit
