// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
#pragma once
// A JSON value with checks for tests: a missing value reads as null, and a wrong type throws.

#include <cstdint>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace zinit::test {

/// Shares its document, so that a part may outlive the whole.
class Json {
 public:
  Json() = default;

  /// Nothing if `text` is not JSON, or if anything follows the value.
  static std::optional<Json> parse(std::string_view text);

  bool is_null() const { return value_ == nullptr || value_->IsNull(); }
  bool is_object() const { return value_ != nullptr && value_->IsObject(); }
  bool is_array() const { return value_ != nullptr && value_->IsArray(); }
  bool is_string() const { return value_ != nullptr && value_->IsString(); }
  bool is_number() const { return value_ != nullptr && value_->IsNumber(); }
  bool is_bool() const { return value_ != nullptr && value_->IsBool(); }

  /// A member, or an element; null if it is missing.
  Json operator[](std::string_view member) const;
  Json operator[](std::size_t index) const;
  bool has(std::string_view member) const;

  /// The value itself. Throws JsonMisuse if the type differs.
  std::string text() const;
  std::int64_t number() const;
  bool truth() const;

  /// Number of elements or members; 0 for other types.
  std::size_t size() const;
  /// Names of an object's members, sorted.
  std::vector<std::string> members() const;
  /// The elements of an array.
  std::vector<Json> elements() const;
  /// An array's strings, in their order.
  std::vector<std::string> texts() const;

  /// Whether the text of the value contains `part`.
  bool mentions(std::string_view part) const { return dump().find(part) != std::string::npos; }
  std::string dump() const;

  friend bool operator==(const Json& a, std::string_view b) {
    return a.is_string() && a.text() == b;
  }
  friend bool operator==(const Json& a, const char* b) { return a == std::string_view(b); }
  friend bool operator==(const Json& a, std::int64_t b) { return a.is_number() && a.number() == b; }
  friend bool operator==(const Json& a, int b) { return a == std::int64_t{b}; }
  friend bool operator==(const Json& a, bool b) { return a.is_bool() && a.truth() == b; }
  friend bool operator==(const Json& a, const Json& b) { return a.dump() == b.dump(); }
  friend std::ostream& operator<<(std::ostream& out, const Json& json);

 private:
  Json(std::shared_ptr<const JsonDocument> document, const JsonValue* value)
      : document_(std::move(document)), value_(value) {}

  std::shared_ptr<const JsonDocument> document_;
  const JsonValue* value_ = nullptr;
};

/// `text` as a JSON string with its quotes.
std::string json_string(std::string_view text);

}  // namespace zinit::test
