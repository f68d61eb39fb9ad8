#pragma once
// A JSON value as a test wants to read it: what is not there is null, what has the wrong type
// throws.

#include <cstdint>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace zinit::test {

/// Shares its document, so a part of a document may be kept when the whole is gone.
class Json {
 public:
  Json() = default;

  /// Nothing where `text` is no JSON text, or where anything follows it.
  static std::optional<Json> parse(std::string_view text);

  bool is_null() const { return value_ == nullptr || value_->IsNull(); }
  bool is_object() const { return value_ != nullptr && value_->IsObject(); }
  bool is_array() const { return value_ != nullptr && value_->IsArray(); }
  bool is_string() const { return value_ != nullptr && value_->IsString(); }
  bool is_number() const { return value_ != nullptr && value_->IsNumber(); }
  bool is_bool() const { return value_ != nullptr && value_->IsBool(); }

  /// A member, or an element; null where there is none.
  Json operator[](std::string_view member) const;
  Json operator[](std::size_t index) const;
  bool has(std::string_view member) const;

  /// The value itself. JsonMisuse where it is of another type.
  std::string text() const;
  std::int64_t number() const;
  bool truth() const;

  /// Number of elements or members; 0 of anything else.
  std::size_t size() const;
  /// Names of an object's members, sorted.
  std::vector<std::string> members() const;
  /// The elements of an array.
  std::vector<Json> elements() const;
  /// An array's strings, in their order.
  std::vector<std::string> texts() const;

  /// Whether `part` stands anywhere in the value as it is written.
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
