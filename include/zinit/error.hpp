// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Errors of the client library of zinit, including the errors that the server answers.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace zinit {
inline namespace v1 {

/// The faults of a call.
struct ErrorCode {
  enum : int {
    // From the server, as in JSON-RPC 2.0 ...
    parse_error = -32700,
    invalid_request = -32600,
    method_not_found = -32601,
    invalid_params = -32602,
    internal_error = -32603,
    // ... and zinit's own.
    service_not_found = -32000,
    already_exists = -32001,
    not_running = -32003,
    invalid_signal = -32004,
    config_error = -32005,
    shutting_down = -32006,
    not_permitted = -32007,
    file_error = -32008,
    invalid_state = -32009,
    dependency_error = -32010,
    process_error = -32011,
    timeout = -32012,
    not_supported = -32013,
    proxy_not_found = -32014,
    // Found by this library.
    no_server = 1,       // nothing listens on the socket
    access_denied = 2,   // the socket's mode does not admit this user
    no_answer = 3,       // no answer within the timeout
    disconnected = 4,    // the server closed the connection before it answered
    bad_answer = 5,      // invalid answer: not JSON, the wrong type, or too long
    system_failure = 6,  // a system call failed; the message has the errno's text
    queue_full = 7,      // the server does not read: too much waits to be sent (AsyncClient)
  };
};

/// The only exception type of this library; what() is the message.
class ClientError : public std::runtime_error {
 public:
  ClientError(int code, const std::string& message, std::string data = {})
      : std::runtime_error(message), code_(code), data_(std::move(data)) {}

  /// One of ErrorCode, or another negative number from a newer server.
  [[nodiscard]] int code() const noexcept { return code_; }

  /// `data` of the server's error object as JSON text, such as {"name":"service_not_found",...};
  /// empty: it has none.
  [[nodiscard]] const std::string& data() const noexcept { return data_; }

 private:
  int code_;
  std::string data_;
};

}  // namespace v1
}  // namespace zinit
