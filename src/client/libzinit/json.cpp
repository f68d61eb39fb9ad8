// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The client's JSON: see json.hpp.
#include "client/libzinit/json.hpp"

#include <algorithm>
#include <utility>

#include "base/format.hpp"

namespace zinit {

namespace {

[[noreturn]] void wrong(const char* name, const char* wanted) {
  throw ClientError(ErrorCode::bad_answer,
                    fmt::format("the server's answer is wrong: \"{}\" is no {}", name, wanted));
}

/// The value of a member; nothing if it is absent. `wanted` names its type in an error.
template <class T>
std::optional<T> value_of(const JsonValue& object, const char* name, const char* wanted) {
  const JsonValue* value = json_member(object, name);
  if (value == nullptr) return std::nullopt;
  if (!value->Is<T>()) wrong(name, wanted);
  return value->Get<T>();
}

}  // namespace

JsonDocument parse_json(const std::string& text) {
  auto document = json_from(text);
  if (!document)
    throw ClientError(ErrorCode::bad_answer,
                      fmt::format("the server's answer is no JSON (at byte {})", document.error()));
  return *std::move(document);
}

std::string json_text(const JsonValue& value, unsigned indent) {
  if (indent == 0) return json_of(value);
  JsonBuffer buffer;
  JsonIndentedWriter writer(buffer);
  writer.SetIndent(' ', indent);
  write_json(writer, value);
  return {buffer.GetString(), buffer.GetSize()};
}

void json_expect_array(const JsonValue& value, const char* what) {
  if (!value.IsArray()) wrong(what, "array");
}

void json_expect_object(const JsonValue& value, const char* what) {
  if (!value.IsObject()) wrong(what, "object");
}

const JsonValue* json_member(const JsonValue& object, const char* name) {
  if (!object.IsObject()) wrong(name, "member: its holder is no object");
  // FindMember() is slower: a status has fifty members, and a list has a thousand statuses.
  const std::string_view wanted = name;
  for (auto member = object.MemberBegin(); member != object.MemberEnd(); ++member) {
    // Most names differ in length.
    if (member->name.GetStringLength() != wanted.size()) continue;
    if (*member->name.GetString() != *name || text_of(member->name) != wanted) continue;
    return member->value.IsNull() ? nullptr : &member->value;
  }
  return nullptr;
}

std::string json_string(const JsonValue& object, const char* name) {
  return value_of<std::string>(object, name, "string").value_or("");
}

bool json_bool(const JsonValue& object, const char* name) {
  return value_of<bool>(object, name, "boolean").value_or(false);
}

std::optional<std::int64_t> json_integer(const JsonValue& object, const char* name) {
  return value_of<std::int64_t>(object, name, "integer");
}

std::optional<int> json_int(const JsonValue& object, const char* name) {
  return value_of<int>(object, name, "small integer");
}

std::uint64_t json_count(const JsonValue& object, const char* name) {
  return value_of<std::uint64_t>(object, name, "count").value_or(0);
}

std::uint64_t json_count(const JsonValue& value) {
  if (value.IsNull()) return 0;
  if (!value.IsUint64()) wrong("element", "count");
  return value.GetUint64();
}

std::vector<std::string> json_strings(const JsonValue& array) {
  json_expect_array(array, "result");
  std::vector<std::string> strings;
  strings.reserve(array.Size());
  for (const JsonValue& value : array.GetArray()) {
    if (!value.IsString()) wrong("element", "string");
    strings.push_back(value.Get<std::string>());
  }
  return strings;
}

std::vector<std::string> json_strings(const JsonValue& object, const char* name) {
  const JsonValue* value = json_member(object, name);
  if (value == nullptr) return {};
  json_expect_array(*value, name);
  return json_strings(*value);
}

std::string request_line(std::uint64_t id, std::string_view method, std::string_view params) {
  std::string line = fmt::format(R"({{"jsonrpc":"2.0","id":{},"method":{})", id, json_of(method));
  if (!params.empty()) line.append(",\"params\":").append(params);
  line += '}';
  // In JSON a line end between tokens is white space, but for the server it would end the request.
  std::replace(line.begin(), line.end(), '\n', ' ');
  return line;
}

ClientError read_error(const JsonValue& error) {
  json_expect_object(error, "error");
  const auto code = json_int(error, "code");
  if (!code || *code >= 0)
    throw ClientError(ErrorCode::bad_answer, "the server answered an error without a code");
  const JsonValue* data = json_member(error, "data");
  return {*code, json_string(error, "message"), data != nullptr ? json_text(*data) : ""};
}

JsonParams& JsonParams::add_json(std::string_view name, std::string_view json) {
  if (text_.size() > 1) text_ += ',';
  text_.append(json_of(name)).append(":").append(json);
  return *this;
}

JsonParams named(std::string_view name) { return std::move(JsonParams().add("name", name)); }

}  // namespace zinit
