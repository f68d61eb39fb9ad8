// JSON of the client: see json.hpp.
#include "client/libzinit/json.hpp"

#include "base/format.hpp"
#include "base/text.hpp"
#include "zinit/client.hpp"

namespace zinit {

namespace {

[[noreturn]] void wrong(const char* name, const char* wanted) {
  throw ClientError(ErrorCode::bad_answer,
                    fmt::format("the server's answer is wrong: \"{}\" is no {}", name, wanted));
}

std::string string_of(const JsonValue& value) {
  return {value.GetString(), value.GetStringLength()};
}

/// Writes a value without recursion: what is open lies on a stack of its own.
class TextWriter {
 public:
  explicit TextWriter(int indent) : indent_(static_cast<std::size_t>(indent)) {}

  std::string write(const JsonValue& value) {
    put(value);
    while (!open_.empty()) next();
    return std::move(text_);
  }

 private:
  struct Open {
    const JsonValue* value;
    rapidjson::SizeType done;  // elements or members written
  };

  void put(const JsonValue& value) {
    if (value.IsObject() || value.IsArray()) {
      text_ += value.IsObject() ? '{' : '[';
      open_.push_back({&value, 0});
    } else {
      put_scalar(value);
    }
  }

  /// The next element of what was opened last, or its end.
  void next() {
    Open& top = open_.back();
    const JsonValue& value = *top.value;
    const auto count = value.IsObject() ? value.MemberCount() : value.Size();
    if (top.done == count) {
      const bool object = value.IsObject();
      open_.pop_back();
      if (count > 0) break_line();
      text_ += object ? '}' : ']';
      return;
    }
    if (top.done > 0) text_ += ',';
    break_line();
    const auto index = top.done++;
    if (value.IsArray()) return put(value[index]);
    const auto member = value.MemberBegin() + static_cast<std::ptrdiff_t>(index);
    put_scalar(member->name);
    text_ += indent_ > 0 ? ": " : ":";
    put(member->value);
  }

  void break_line() {
    if (indent_ > 0) text_.append("\n").append(indent_ * open_.size(), ' ');
  }

  void put_scalar(const JsonValue& value) {
    JsonBuffer buffer;
    JsonBufferWriter writer(buffer);
    value.Accept(writer);  // no container: no recursion
    text_.append(buffer.GetString(), buffer.GetSize());
  }

  std::size_t indent_;
  std::vector<Open> open_;
  std::string text_;
};

}  // namespace

// A list of 1,000 services is 180 KB: from a text with a NUL at its end, and with the check of its
// UTF-8 made before, it is read in half the time.
JsonDocument parse_json(const std::string& text) {
  JsonDocument document;
  document.Parse<rapidjson::kParseIterativeFlag>(text.c_str());
  if (document.HasParseError() || !valid_utf8(text)) {
    throw ClientError(
        ErrorCode::bad_answer,
        fmt::format("the server's answer is no JSON (at byte {})", document.GetErrorOffset()));
  }
  return document;
}

std::string json_text(const JsonValue& value, int indent) {
  return TextWriter(indent).write(value);
}

std::string json_quoted(std::string_view text) {
  const std::string safe = to_utf8(text);
  JsonBuffer buffer;
  JsonBufferWriter writer(buffer);
  writer.String(safe.data(), static_cast<rapidjson::SizeType>(safe.size()));
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
  // A status has fifty members, a list a thousand statuses: FindMember() makes a value of the name
  // and compares by several calls.
  const std::string_view wanted = name;
  for (auto member = object.MemberBegin(); member != object.MemberEnd(); ++member) {
    // The length first: it rules out most.
    if (member->name.GetStringLength() != wanted.size()) continue;
    if (text_of(member->name) != wanted) continue;
    return member->value.IsNull() ? nullptr : &member->value;
  }
  return nullptr;
}

std::string json_string(const JsonValue& object, const char* name) {
  const JsonValue* value = json_member(object, name);
  if (value == nullptr) return {};
  if (!value->IsString()) wrong(name, "string");
  return string_of(*value);
}

bool json_bool(const JsonValue& object, const char* name) {
  const JsonValue* value = json_member(object, name);
  if (value == nullptr) return false;
  if (!value->IsBool()) wrong(name, "boolean");
  return value->GetBool();
}

std::optional<std::int64_t> json_integer(const JsonValue& object, const char* name) {
  const JsonValue* value = json_member(object, name);
  if (value == nullptr) return std::nullopt;
  if (!value->IsInt64()) wrong(name, "integer");
  return value->GetInt64();
}

std::optional<int> json_int(const JsonValue& object, const char* name) {
  const JsonValue* value = json_member(object, name);
  if (value == nullptr) return std::nullopt;
  if (!value->IsInt()) wrong(name, "small integer");
  return value->GetInt();
}

std::uint64_t json_count(const JsonValue& object, const char* name) {
  const JsonValue* value = json_member(object, name);
  if (value == nullptr) return 0;
  if (!value->IsUint64()) wrong(name, "count");
  return value->GetUint64();
}

std::vector<std::string> json_strings(const JsonValue& array) {
  json_expect_array(array, "result");
  std::vector<std::string> strings;
  strings.reserve(array.Size());
  for (const JsonValue& value : array.GetArray()) {
    if (!value.IsString()) wrong("element", "string");
    strings.push_back(string_of(value));
  }
  return strings;
}

std::vector<std::string> json_strings(const JsonValue& object, const char* name) {
  const JsonValue* value = json_member(object, name);
  if (value == nullptr) return {};
  if (!value->IsArray()) wrong(name, "array");
  return json_strings(*value);
}

void JsonParams::begin(std::string_view name) {
  if (text_.size() > 1) text_ += ',';
  text_.append(json_quoted(name)).append(":");
}

JsonParams& JsonParams::add(std::string_view name, std::string_view value) {
  begin(name);
  text_ += json_quoted(value);
  return *this;
}

JsonParams& JsonParams::add_json(std::string_view name, std::string_view json) {
  begin(name);
  text_ += json;
  return *this;
}

JsonParams& JsonParams::add(std::string_view name, bool value) {
  begin(name);
  text_ += value ? "true" : "false";
  return *this;
}

JsonParams& JsonParams::add(std::string_view name, std::int64_t value) {
  begin(name);
  text_ += std::to_string(value);
  return *this;
}

JsonParams& JsonParams::add(std::string_view name, const std::vector<std::string>& values) {
  begin(name);
  text_ += '[';
  for (const std::string& value : values) {
    if (text_.back() != '[') text_ += ',';
    text_ += json_quoted(value);
  }
  text_ += ']';
  return *this;
}

}  // namespace zinit
