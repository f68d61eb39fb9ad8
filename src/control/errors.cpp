// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The error objects of answers: see errors.hpp.
#include "control/errors.hpp"

namespace zinit {

std::string_view rpc_code_name(RpcCode code) noexcept {
  for (const RpcCodeInfo& info : kRpcCodes)
    if (info.code == code) return info.name;
  return "internal_error";
}

RpcError&& RpcError::about(std::string_view service) && {
  service_ = service;
  return std::move(*this);
}

RpcError&& RpcError::hint(std::string hint) && {
  hint_ = std::move(hint);
  return std::move(*this);
}

RpcError&& RpcError::with(std::string_view key, std::string json) && {
  more_.emplace_back(key, std::move(json));
  return std::move(*this);
}

std::string RpcError::json() const {
  JsonWriter writer;
  writer.begin_object();
  writer.member("code", static_cast<std::int32_t>(code_)).member("message", message_);
  // These have no `data` in the examples of JSON-RPC's specification.
  const bool bare = code_ == RpcCode::parse_error || code_ == RpcCode::invalid_request ||
                    code_ == RpcCode::method_not_found;
  const bool more = !service_.empty() || !hint_.empty() || !more_.empty();
  if (!bare || more) {
    const auto text_or_null = [&](std::string_view key, const std::string& text) {
      writer.key(key);
      text.empty() ? writer.put(nullptr) : writer.put(text);
    };
    writer.key("data").begin_object().member("name", rpc_code_name(code_));
    text_or_null("service", service_);
    text_or_null("hint", hint_);
    for (const auto& [key, json] : more_) writer.key(key).put_raw(json);
    writer.end_object();
  }
  return writer.end_object().take();
}

RpcError no_memory() {
  return {RpcCode::internal_error, "Internal error: not enough memory to answer"};
}

}  // namespace zinit
