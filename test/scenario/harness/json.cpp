// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Reading JSON in tests: see json.hpp.
#include "scenario/harness/json.hpp"
#include "scenario/harness.hpp"

#include <ostream>

namespace zinit::test {

std::optional<Json> Json::parse(std::string_view text) {
  auto document = std::make_shared<JsonDocument>();
  document->Parse<kJsonParse>(text.data(), text.size());
  if (document->HasParseError()) return std::nullopt;
  const JsonValue* root = document.get();
  return Json(std::move(document), root);
}

Json Json::operator[](std::string_view member) const {
  if (!is_object()) return {};
  const auto found = value_->FindMember(std::string(member));
  return found == value_->MemberEnd() ? Json() : Json(document_, &found->value);
}

Json Json::operator[](std::size_t index) const {
  if (!is_array() || index >= value_->Size()) return {};
  return Json(document_, &(*value_)[static_cast<rapidjson::SizeType>(index)]);
}

bool Json::has(std::string_view member) const {
  return is_object() && value_->FindMember(std::string(member)) != value_->MemberEnd();
}

std::string Json::text() const {
  if (!is_string()) throw JsonMisuse("not a string: " + dump());
  return {value_->GetString(), value_->GetStringLength()};
}

std::int64_t Json::number() const {
  if (!is_number()) throw JsonMisuse("not a number: " + dump());
  return value_->IsInt64() ? value_->GetInt64() : static_cast<std::int64_t>(value_->GetDouble());
}

bool Json::truth() const {
  if (!is_bool()) throw JsonMisuse("not a bool: " + dump());
  return value_->GetBool();
}

std::size_t Json::size() const {
  if (is_array()) return value_->Size();
  return is_object() ? value_->MemberCount() : 0;
}

Texts Json::members() const {
  Texts names;
  if (!is_object()) return names;
  for (const auto& member : value_->GetObject()) names.emplace_back(member.name.GetString());
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<Json> Json::elements() const {
  std::vector<Json> all;
  for (std::size_t i = 0; is_array() && i < size(); ++i) all.push_back((*this)[i]);
  return all;
}

Texts Json::texts() const {
  Texts all;
  for (const Json& element : elements()) all.push_back(element.text());
  return all;
}

std::string Json::dump() const {
  if (value_ == nullptr) return "null";
  JsonBuffer buffer;
  JsonBufferWriter writer(buffer);
  value_->Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

std::ostream& operator<<(std::ostream& out, const Json& json) { return out << json.dump(); }

std::string json_string(std::string_view text) {
  JsonBuffer buffer;
  JsonBufferWriter writer(buffer);
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace zinit::test
