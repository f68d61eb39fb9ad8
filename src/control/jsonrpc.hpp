// JSON-RPC 2.0 without transport or methods: one text in, its calls out; and how answers are
// written. (www.jsonrpc.org/specification)
//
// Nothing here recurses over what a client sent: the parser is iterative, and texts nested deeper
// than kMaxRequestDepth are refused while they are parsed.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "control/errors.hpp"

namespace zinit {

/// The deepest nesting of values that a request may have. Configurations need a handful.
inline constexpr int kMaxRequestDepth = 64;

/// The most calls that one batch may have: about as many real calls as fit into 1 MiB.
inline constexpr std::size_t kMaxBatch = 10000;

/// One call of a text.
struct RpcCall {
  std::string method;
  /// An array or object inside RpcMessage::document; null: none was given.
  const JsonValue* params = nullptr;
  /// As JSON text, numbers as the client wrote them. Empty: a notification, which gets no answer.
  std::string id;
  /// Set if this is no valid request: the call is answered with this error and not carried out.
  std::optional<RpcError> fault;
};

/// What one text holds.
struct RpcMessage {
  JsonDocument document;
  std::vector<RpcCall> calls;  // at least one
  bool batch = false;          // the answers go into one array
};

/// Parses one text. A text that is no JSON, or no request at all, becomes one call with a fault.
/// @param text  any bytes. May throw std::bad_alloc.
[[nodiscard]] RpcMessage parse_rpc(std::string_view text);

/// The response that carries `result`, JSON text.
[[nodiscard]] std::string rpc_result(std::string_view id, std::string_view result);

/// The response that carries an error.
[[nodiscard]] std::string rpc_failure(std::string_view id, const RpcError& error);

/// A notification to a client. `params` is JSON text.
[[nodiscard]] std::string rpc_notification(std::string_view method, std::string_view params);

}  // namespace zinit
