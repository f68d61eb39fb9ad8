// JSON-RPC 2.0 over one connection: requests out, answers matched by id, notifications kept until
// somebody wants them.
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
  /// Given the notification's method and its params (an object).
  using Handler = std::function<void(std::string_view method, const JsonValue& params)>;

  explicit ClientSession(ClientConnection connection) : connection_(std::move(connection)) {}

  /// Sends a request; `params` is JSON text or empty. Returns its id.
  std::uint64_t request(std::string_view method, std::string_view params, TimePoint deadline);

  /// The whole message that answers request `id`; its member `result` exists. Throws what the
  /// server answered, or an error of the connection; after no_answer the same id may be asked for
  /// again.
  [[nodiscard]] JsonDocument answer(std::uint64_t id, TimePoint deadline);

  /// The answer to `id` is of no interest any more: it is dropped when it comes.
  void forget(std::uint64_t id);

  void handle(std::uint64_t subscription, Handler handler);
  void unhandle(std::uint64_t subscription);

  /// Waits for the next notification of a subscription that has a handler, and calls it. False at
  /// the deadline.
  bool dispatch(TimePoint deadline);

  void set_answer_limit(std::size_t bytes) noexcept { connection_.set_line_limit(bytes); }

 private:
  /// Kept as text: a parsed document takes 64 KiB, however small it is.
  struct Notification {
    std::uint64_t subscription;
    std::string text;
  };

  /// Reads one message and puts it where it belongs.
  void read_message(TimePoint deadline);
  void keep_answer(JsonDocument message);
  void keep_notification(const JsonValue& message, std::string text);
  [[nodiscard]] bool call_next_handler();
  [[nodiscard]] bool tell_of_lost();

  ClientConnection connection_;
  std::uint64_t next_id_ = 1;
  std::set<std::uint64_t> pending_;    // asked, not answered
  std::set<std::uint64_t> forgotten_;  // of pending_: nobody waits any more
  std::map<std::uint64_t, JsonDocument> answers_;
  std::map<std::uint64_t, Handler> handlers_;
  std::deque<Notification> notifications_;
  std::size_t notification_bytes_ = 0;
  std::map<std::uint64_t, std::uint64_t> lost_;  // by subscription: what there was no room for
};

}  // namespace zinit
