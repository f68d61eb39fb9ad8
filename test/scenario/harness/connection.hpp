// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
#pragma once
// A raw JSON-RPC connection: lines of text over a unix socket, as any program could send them.

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/json.hpp"
#include "support/line_client.hpp"

namespace zinit::test {

class Connection : public LineClient {
 public:
  using LineClient::LineClient;

  /// Connects; null if the socket refuses, or has no room for one more now.
  static std::unique_ptr<Connection> attempt(const std::string& path);
  /// Whether a process listens at `path`.
  static bool possible(const std::string& path) { return bool(connected(path)); }

  /// The next line, which must be JSON.
  Json read(std::chrono::milliseconds deadline = kPatience);
  /// Whether no line had come when the answer to a later request arrives.
  bool silent();

  /// Sends a request with the id 1 and leaves its response to read(); false if the other side has
  /// closed.
  bool begin(std::string_view method, std::string_view params = "") {
    return send(request(1, method, params));
  }
  /// Sends a request and returns its response. Keeps notifications that come in between.
  Json call(std::string_view method, std::string_view params = "");
  /// The result of a call that must succeed; the error of a call that must fail.
  Json result(std::string_view method, std::string_view params = "");
  Json error(std::string_view method, std::string_view params = "");
  /// The response to a request, if it comes within `limit`. Silence, an end of the stream and a
  /// socket without room do not fail the test.
  std::optional<Json> attempt_call(std::string_view method, std::string_view params,
                                   std::chrono::milliseconds limit);
  /// The parameters of the next notification.
  Json notification(std::chrono::milliseconds deadline = kPatience);
  /// Whether a notification came with the answers read so far.
  bool has_notification() const { return !notifications_.empty(); }

 private:
  std::string request(int id, std::string_view method, std::string_view params) const;
  /// Keeps `message` if it is a notification.
  /// @return  whether it is the answer to the request `id`
  bool answers(const Json& message, int id);

  int next_id_ = 1;
  std::deque<Json> notifications_;
};

/// `{"name": NAME, MORE}`, the parameters of most methods.
std::string named(std::string_view name, std::string_view more = "");

}  // namespace zinit::test
