// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
#pragma once
// A JSON value with checks for tests. It shares its document, so that a part may outlive the whole.
// (RapidJSON's own comparisons recurse for ever in C++20.)

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json_writer.hpp"
#include "support/catch.hpp"

namespace zinit::test {

class Json {
 public:
  Json() = default;

  /// Fails the test if `text` is not JSON. What is missing in the value fails the test, too.
  explicit Json(const std::string& text) {
    auto parsed = parse(text);
    if (!parsed) FAIL("not a JSON text: " << text.substr(0, 2000));
    *this = std::move(*parsed);
    strict_ = true;
  }

  /// Nothing if `text` is not JSON, or if anything follows the value. What is missing in the value
  /// reads as null.
  static std::optional<Json> parse(std::string_view text) {
    const auto document = std::make_shared<JsonDocument>();
    document->Parse<kJsonParse>(text.data(), text.size());
    if (document->HasParseError()) return std::nullopt;
    return Json(document, document.get(), false);
  }

  bool is_null() const { return value_ == nullptr || value_->IsNull(); }
  bool is_object() const { return value_ != nullptr && value_->IsObject(); }
  bool is_array() const { return value_ != nullptr && value_->IsArray(); }
  bool is_string() const { return value_ != nullptr && value_->IsString(); }
  bool is_number() const { return value_ != nullptr && value_->IsNumber(); }
  bool is_bool() const { return value_ != nullptr && value_->IsBool(); }

  /// A member, or an element.
  Json operator[](std::string_view member) const {
    return there(has(member)) ? Json(document_, &(*value_)[std::string(member)], strict_) : Json();
  }
  Json operator[](std::size_t index) const {
    return there(is_array() && index < value_->Size())
               ? Json(document_, &(*value_)[static_cast<rapidjson::SizeType>(index)], strict_)
               : Json();
  }
  bool has(std::string_view member) const {
    return is_object() && value_->HasMember(std::string(member));
  }

  /// The value itself. Throws JsonMisuse if the type differs.
  std::string text() const {
    if (!is_string()) throw JsonMisuse("not a string: " + dump());
    return std::string(text_of(*value_));
  }
  std::int64_t number() const {
    if (!is_number() || (strict_ && !value_->IsInt64()))
      throw JsonMisuse("not a number: " + dump());
    return value_->IsInt64() ? value_->GetInt64() : static_cast<std::int64_t>(value_->GetDouble());
  }
  bool truth() const {
    if (!is_bool()) throw JsonMisuse("not a bool: " + dump());
    return value_->GetBool();
  }

  /// Number of elements, or of members if the value need not have elements; other types have none.
  std::size_t size() const {
    if (is_object() && !strict_) return value_->MemberCount();
    return there(is_array()) ? value_->Size() : 0;
  }
  /// Names of an object's members, as they stand in the text, and sorted.
  std::vector<std::string> members_in_order() const {
    std::vector<std::string> names;
    if (!there(is_object())) return names;
    for (const auto& member : value_->GetObject()) names.emplace_back(member.name.GetString());
    return names;
  }
  std::vector<std::string> members() const {
    std::vector<std::string> names = members_in_order();
    std::sort(names.begin(), names.end());
    return names;
  }
  /// The elements of an array.
  std::vector<Json> elements() const {
    std::vector<Json> all;
    for (std::size_t i = 0; there(is_array()) && i < size(); ++i) all.push_back((*this)[i]);
    return all;
  }
  /// An array's strings, in their order.
  std::vector<std::string> texts() const {
    std::vector<std::string> all;
    for (const Json& element : elements()) all.push_back(element.text());
    return all;
  }

  /// The JSON text without blanks, and whether it contains `part`.
  std::string dump() const { return value_ == nullptr ? "null" : json_of(*value_); }
  bool mentions(std::string_view part) const { return dump().find(part) != std::string::npos; }

  friend bool operator==(const Json& a, std::string_view b) {
    return a.is_string() && a.text() == b;
  }
  friend bool operator==(const Json& a, const char* b) { return a == std::string_view(b); }
  template <std::integral T>
  friend bool operator==(const Json& a, T b) {
    if constexpr (std::same_as<T, bool>)
      return a.is_bool() && a.truth() == b;
    else
      return a.is_number() && (!a.strict_ || a.value_->IsInt64()) && std::cmp_equal(a.number(), b);
  }
  friend bool operator==(const Json& a, const Json& b) { return a.dump() == b.dump(); }
  friend std::ostream& operator<<(std::ostream& out, const Json& json) {
    return out << json.dump();
  }

 private:
  Json(std::shared_ptr<const JsonDocument> document, const JsonValue* value, bool strict)
      : document_(std::move(document)), value_(value), strict_(strict) {}

  bool there(bool is) const {
    if (!is && strict_) FAIL("a member or an element is not there in " << dump());
    return is;
  }

  std::shared_ptr<const JsonDocument> document_;
  const JsonValue* value_ = nullptr;
  bool strict_ = false;  // what is missing fails the test
};

}  // namespace zinit::test
