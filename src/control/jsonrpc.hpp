// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// JSON-RPC 2.0 without transport or methods: parses a text into its calls, and writes answers.
// (www.jsonrpc.org/specification)
//
// Nothing here recurses over a client's input: the parser is iterative, and it refuses texts that
// are nested deeper than kMaxRequestDepth.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "control/errors.hpp"

namespace zinit {

/// The deepest nesting of values in a request. Configurations need a handful.
inline constexpr int kMaxRequestDepth = 64;

/// The most calls in one batch: about as many real calls as fit into 1 MiB.
inline constexpr std::size_t kMaxBatch = 10000;

/// The most values in a text, which bound the time to read it: some eight for each call of a batch.
inline constexpr std::size_t kMaxRequestValues = 8 * kMaxBatch;

/// One call in a text.
struct RpcCall {
  std::string method;
  /// An array or object inside RpcMessage::document; null: none was given.
  const JsonValue* params = nullptr;
  /// As JSON text, numbers as the client wrote them. Empty: a notification, which gets no answer.
  std::string id;
  /// Set if this is not a valid request: the call gets this error and is not carried out.
  std::optional<RpcError> fault;
};

/// The contents of one text.
struct RpcMessage {
  JsonDocument document;
  std::vector<RpcCall> calls;  // at least one
  bool batch = false;          // all answers go into one array
};

/// Parses one text. A text that is not JSON, or not a request, becomes one call with a fault.
/// @param text  any bytes. May throw std::bad_alloc.
[[nodiscard]] RpcMessage parse_rpc(std::string_view text);

/// The response with `result`, which is JSON text.
[[nodiscard]] std::string rpc_result(std::string_view id, std::string_view result);

/// The response with an error.
[[nodiscard]] std::string rpc_failure(std::string_view id, const RpcError& error);

/// A notification to a client. `params` is JSON text.
[[nodiscard]] std::string rpc_notification(std::string_view method, std::string_view params);

}  // namespace zinit
