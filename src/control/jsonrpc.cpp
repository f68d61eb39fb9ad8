// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// JSON-RPC 2.0: see jsonrpc.hpp.
#include "control/jsonrpc.hpp"

#include <charconv>
#include <cstdlib>
#include <system_error>
#include <utility>

#include "base/format.hpp"

namespace zinit {

namespace {

// The parser passes numbers on as text, so that an id is sent back exactly as it was written.
constexpr unsigned kParse = (kJsonParse & ~unsigned{rapidjson::kParseFullPrecisionFlag}) |
                            rapidjson::kParseNumbersAsStringsFlag;

/// Passes the parser's events to the document, limits depth and number of values, and turns numbers
/// into values. Ids that are numbers are kept as text in `ids`; the document has their index in
/// `ids` instead.
class Builder : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, Builder> {
 public:
  Builder(JsonDocument& document, std::vector<std::string>& ids) : document_(document), ids_(ids) {}

  using Size = rapidjson::SizeType;
  bool Default() { return false; }  // kParse causes no other event
  bool Null() { return value() && document_.Null(); }
  bool Bool(bool flag) { return value() && document_.Bool(flag); }
  bool String(const char* text, Size size, bool) {
    return value() && document_.String(text, size, true);
  }
  bool RawNumber(const char* text, Size size, bool) {
    const bool id = id_follows_;
    if (!value()) return false;
    if (!id) return number({text, size});
    ids_.emplace_back(text, size);
    return document_.Uint(static_cast<unsigned>(ids_.size() - 1));
  }
  bool StartObject() { return value() && deeper() && document_.StartObject(); }
  bool EndObject(Size members) { return --depth_, document_.EndObject(members); }
  bool StartArray() {
    if (depth_ == 0) request_depth_ = 2;
    return value() && deeper() && document_.StartArray();
  }
  bool EndArray(Size elements) { return --depth_, document_.EndArray(elements); }
  bool Key(const char* text, Size size, bool) {
    id_follows_ = depth_ == request_depth_ && std::string_view(text, size) == "id";
    return document_.Key(text, size, true);
  }

  [[nodiscard]] bool too_deep() const noexcept { return depth_ > kMaxRequestDepth; }
  [[nodiscard]] bool too_many() const noexcept { return values_ > kMaxRequestValues; }

 private:
  bool value() {
    id_follows_ = false;
    return ++values_ <= kMaxRequestValues;
  }
  bool deeper() { return ++depth_ <= kMaxRequestDepth; }

  bool number(std::string_view text) {
    const char* const end = text.data() + text.size();
    std::int64_t whole = 0;
    const auto [stopped, fault] = std::from_chars(text.data(), end, whole);
    if (stopped == end && fault == std::errc()) return document_.Int64(whole);
    // strtod() returns 0 or infinity for a number out of range; from_chars() does not say which.
    return document_.Double(std::strtod(std::string(text).c_str(), nullptr));
  }

  JsonDocument& document_;
  std::vector<std::string>& ids_;
  std::size_t values_ = 0;
  int depth_ = 0;
  int request_depth_ = 1;  // the depth of the members of a request
  bool id_follows_ = false;
};

RpcCall faulty(RpcError error, std::string id = "null") {
  RpcCall call;
  call.id = std::move(id);
  call.fault = std::move(error);
  return call;
}

RpcError invalid_request() { return {RpcCode::invalid_request, "Invalid Request"}; }

/// The members of a request that have a meaning; null if missing.
struct Members {
  const JsonValue* version = nullptr;
  const JsonValue* method = nullptr;
  const JsonValue* params = nullptr;
  const JsonValue* id = nullptr;
  bool twice = false;
};

Members members_of(const JsonValue& request) {
  Members members;
  for (const auto& member : request.GetObject()) {
    const std::string_view name(member.name.GetString(), member.name.GetStringLength());
    const JsonValue** place = name == "jsonrpc"  ? &members.version
                              : name == "method" ? &members.method
                              : name == "params" ? &members.params
                              : name == "id"     ? &members.id
                                                 : nullptr;
    if (place == nullptr) continue;
    members.twice |= *place != nullptr;
    *place = &member.value;
  }
  return members;
}

/// The id as JSON text, "null" if it is missing or invalid.
std::string id_text(const JsonValue* id, const std::vector<std::string>& ids) {
  if (id != nullptr && id->IsUint()) return ids[id->GetUint()];
  if (id != nullptr && id->IsString()) return json_of(text_of(*id));
  return "null";
}

RpcCall read_call(const JsonValue& request, const std::vector<std::string>& ids) {
  if (!request.IsObject()) return faulty(invalid_request());
  const Members members = members_of(request);
  std::string id = id_text(members.id, ids);
  if (members.twice) {
    return faulty(invalid_request().hint("a member of the request is there twice"), std::move(id));
  }
  const bool id_ok = members.id == nullptr || members.id->IsNull() || members.id->IsUint() ||
                     members.id->IsString();
  const bool version_ok = members.version != nullptr && members.version->IsString() &&
                          text_of(*members.version) == "2.0";
  const bool method_ok = members.method != nullptr && members.method->IsString();
  const bool params_ok =
      members.params == nullptr || members.params->IsArray() || members.params->IsObject();
  if (!id_ok || !version_ok || !method_ok || !params_ok) {
    return faulty(invalid_request(), std::move(id));
  }
  RpcCall call;
  call.method = text_of(*members.method);
  call.params = members.params;
  if (members.id != nullptr) call.id = std::move(id);
  return call;
}

/// Fills the document. @return  an error if the text is refused
std::optional<RpcError> parse(std::string_view text, JsonDocument& document,
                              std::vector<std::string>& ids) {
  // RapidJSON's reader would treat a NUL character as the end of the text.
  if (text.find('\0') != std::string_view::npos)
    return RpcError(RpcCode::parse_error, "Parse error");
  Builder builder(document, ids);
  rapidjson::MemoryStream stream(text.data(), text.size());
  JsonReader reader;
  const auto generate = [&](JsonDocument&) {
    return static_cast<bool>(reader.Parse<kParse>(stream, builder));
  };
  document.Populate(generate);
  if (!reader.HasParseError()) return std::nullopt;
  if (builder.too_many())
    return invalid_request().hint(
        fmt::format("a request may have at most {} values", kMaxRequestValues));
  if (!builder.too_deep()) return RpcError(RpcCode::parse_error, "Parse error");
  return invalid_request().hint(fmt::format("values may be nested {} deep", kMaxRequestDepth));
}

std::string response(std::string_view id, std::string_view member, std::string_view json) {
  return fmt::format(R"({{"jsonrpc":"2.0","{}":{},"id":{}}})", member, json, id);
}

}  // namespace

RpcMessage parse_rpc(std::string_view text) {
  RpcMessage message;
  std::vector<std::string> ids;
  if (std::optional<RpcError> error = parse(text, message.document, ids)) {
    message.calls.push_back(faulty(*std::move(error)));
    return message;
  }
  const JsonValue& root = message.document;
  if (!root.IsArray()) {
    message.calls.push_back(read_call(root, ids));
  } else if (root.Empty()) {
    message.calls.push_back(faulty(invalid_request()));
  } else if (root.Size() > kMaxBatch) {
    message.calls.push_back(
        faulty(invalid_request().hint(fmt::format("a batch has at most {} calls", kMaxBatch))));
  } else {
    message.batch = true;
    message.calls.reserve(root.Size());
    for (const JsonValue& request : root.GetArray())
      message.calls.push_back(read_call(request, ids));
  }
  return message;
}

std::string rpc_result(std::string_view id, std::string_view result) {
  return response(id, "result", result);
}

std::string rpc_failure(std::string_view id, const RpcError& error) {
  return response(id, "error", error.json());
}

std::string rpc_notification(std::string_view method, std::string_view params) {
  return fmt::format(R"({{"jsonrpc":"2.0","method":"{}","params":{}}})", method, params);
}

}  // namespace zinit
