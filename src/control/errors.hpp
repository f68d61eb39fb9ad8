// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The error answers of the control protocol: codes and the error object.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json_writer.hpp"

namespace zinit {

enum class RpcCode : std::int32_t {
  // Defined by JSON-RPC.
  parse_error = -32700,      // the text is not JSON
  invalid_request = -32600,  // no request object; or too long, too deep, or too large a batch
  method_not_found = -32601,
  invalid_params = -32602,
  internal_error = -32603,  // out of memory, or a bug in zinit
  // Defined by zinit.
  service_not_found = -32000,
  already_exists = -32001,   // the name belongs to a file of another service
  already_running = -32002,  // never sent; kept for clients that know the number
  not_running = -32003,
  invalid_signal = -32004,
  config_error = -32005,  // also for dependency cycles
  shutting_down = -32006,
  not_permitted = -32007,
  file_error = -32008,
  invalid_state = -32009,
  dependency_error = -32010,
  process_error = -32011,  // the kernel refused, or a command failed
  timeout = -32012,
  not_supported = -32013,  // by this mode, or by this service
  proxy_not_found = -32014,
};

struct RpcCodeInfo {
  RpcCode code;
  std::string_view name;  // `name` in an error's data
};

/// In the order of the enumerators.
inline constexpr RpcCodeInfo kRpcCodes[] = {
    {RpcCode::parse_error, "parse_error"},
    {RpcCode::invalid_request, "invalid_request"},
    {RpcCode::method_not_found, "method_not_found"},
    {RpcCode::invalid_params, "invalid_params"},
    {RpcCode::internal_error, "internal_error"},
    {RpcCode::service_not_found, "service_not_found"},
    {RpcCode::already_exists, "already_exists"},
    {RpcCode::already_running, "already_running"},
    {RpcCode::not_running, "not_running"},
    {RpcCode::invalid_signal, "invalid_signal"},
    {RpcCode::config_error, "config_error"},
    {RpcCode::shutting_down, "shutting_down"},
    {RpcCode::not_permitted, "not_permitted"},
    {RpcCode::file_error, "file_error"},
    {RpcCode::invalid_state, "invalid_state"},
    {RpcCode::dependency_error, "dependency_error"},
    {RpcCode::process_error, "process_error"},
    {RpcCode::timeout, "timeout"},
    {RpcCode::not_supported, "not_supported"},
    {RpcCode::proxy_not_found, "proxy_not_found"},
};

[[nodiscard]] std::string_view rpc_code_name(RpcCode code) noexcept;

/// Builds an error object:
/// `return RpcError(RpcCode::not_running, "web is not running").about("web");`
class RpcError {
 public:
  RpcError(RpcCode code, std::string message) : code_(code), message_(std::move(message)) {}

  /// Sets the service that the error is about: `service` in data.
  RpcError&& about(std::string_view service) &&;
  /// Sets what the user can do about it: `hint` in data.
  RpcError&& hint(std::string hint) &&;
  /// One more member of data, as JSON text.
  RpcError&& with(std::string_view key, std::string json) &&;

  [[nodiscard]] RpcCode code() const noexcept { return code_; }
  [[nodiscard]] const std::string& message() const noexcept { return message_; }

  /// The error object. Errors that have no `data` in the examples of JSON-RPC's specification have
  /// none here either if there is nothing to add. All others have `data` with `name`, and with
  /// `service` and `hint`, which may be null.
  [[nodiscard]] std::string json() const;

 private:
  RpcCode code_;
  std::string message_;
  std::string service_;
  std::string hint_;
  std::vector<std::pair<std::string, std::string>> more_;
};

/// The error of a call whose answer has no memory.
[[nodiscard]] RpcError no_memory();

}  // namespace zinit
