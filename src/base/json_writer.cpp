// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Writing JSON. See json_writer.hpp.
#include "base/json_writer.hpp"

#include "base/text.hpp"

namespace zinit {

namespace {

rapidjson::SizeType size_of(std::string_view text) {
  return static_cast<rapidjson::SizeType>(text.size());
}

}  // namespace

JsonWriter& JsonWriter::begin_object() {
  writer_.StartObject();
  return *this;
}

JsonWriter& JsonWriter::end_object() {
  writer_.EndObject();
  return *this;
}

JsonWriter& JsonWriter::begin_array() {
  writer_.StartArray();
  return *this;
}

JsonWriter& JsonWriter::end_array() {
  writer_.EndArray();
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  writer_.Key(name.data(), size_of(name));
  return *this;
}

JsonWriter& JsonWriter::quoted_key(std::string_view name) {
  writer_.RawValue(name.data(), name.size(), rapidjson::kStringType);
  return *this;
}

JsonWriter& JsonWriter::put(std::string_view text) {
  if (valid_utf8(text)) {
    writer_.String(text.data(), size_of(text));
  } else {
    const std::string shown = to_utf8(text);
    writer_.String(shown.data(), size_of(shown));
  }
  return *this;
}

JsonWriter& JsonWriter::put(bool value) {
  writer_.Bool(value);
  return *this;
}

JsonWriter& JsonWriter::put(std::nullptr_t) {
  writer_.Null();
  return *this;
}

JsonWriter& JsonWriter::put(std::span<const std::string> texts) {
  begin_array();
  for (const std::string& text : texts) put(text);
  return end_array();
}

JsonWriter& JsonWriter::put(const JsonValue& value) {
  write_json(writer_, value);
  return *this;
}

JsonWriter& JsonWriter::put_raw(std::string_view json) {
  // The type only matters for the separator before the value, which is the same for all types.
  writer_.RawValue(json.data(), json.size(), rapidjson::kNullType);
  return *this;
}

JsonWriter& JsonWriter::put_signed(std::int64_t value) {
  writer_.Int64(value);
  return *this;
}

JsonWriter& JsonWriter::put_unsigned(std::uint64_t value) {
  writer_.Uint64(value);
  return *this;
}

void JsonWriter::drop_empty(std::size_t before, std::size_t name_size) {
  std::string_view text(buffer_.GetString() + before, buffer_.GetSize() - before);
  if (text.starts_with(',')) text.remove_prefix(1);
  text.remove_prefix(name_size);
  if (text != ":null" && text != ":[]" && text != ":\"\"" && text != ":{}") return;
  buffer_.Pop(buffer_.GetSize() - before);
  writer_.forget_member();
}

std::string JsonWriter::take() {
  std::string text(buffer_.GetString(), buffer_.GetSize());
  buffer_.Clear();
  writer_.Reset(buffer_);
  return text;
}

}  // namespace zinit
