// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The client's JSON: parses answers, reads members and checks their types, writes parameters.
// Nothing here is recursive, because the server chooses the depth.
//
// "Absent" below means that the member is missing or null. For a member of the wrong type,
// ClientError bad_answer is thrown with the member's name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/json_writer.hpp"
#include "zinit/error.hpp"

namespace zinit {

/// Throws ClientError bad_answer if `text` is not JSON.
[[nodiscard]] JsonDocument parse_json(const std::string& text);

/// A value as JSON text: on one line, or, with `indent` > 0, on several lines, with `indent` more
/// blanks for each level.
[[nodiscard]] std::string json_text(const JsonValue& value, unsigned indent = 0);

// Members of an object. If `object` is not an object, bad_answer is thrown.

/// Null if it is absent.
[[nodiscard]] const JsonValue* json_member(const JsonValue& object, const char* name);
[[nodiscard]] std::string json_string(const JsonValue& object,
                                      const char* name);                  // "" if absent
[[nodiscard]] bool json_bool(const JsonValue& object, const char* name);  // false if absent
[[nodiscard]] std::optional<std::int64_t> json_integer(const JsonValue& object, const char* name);
[[nodiscard]] std::optional<int> json_int(const JsonValue& object, const char* name);
/// 0 if it is absent.
[[nodiscard]] std::uint64_t json_count(const JsonValue& object, const char* name);
/// The same for a value itself; absent means null.
[[nodiscard]] std::uint64_t json_count(const JsonValue& value);
[[nodiscard]] std::vector<std::string> json_strings(const JsonValue& object, const char* name);

/// The strings of an array. Throws bad_answer if it is not an array of strings.
[[nodiscard]] std::vector<std::string> json_strings(const JsonValue& array);

/// Throws bad_answer, about `what`, unless `value` is an array (or an object).
void json_expect_array(const JsonValue& value, const char* what);
void json_expect_object(const JsonValue& value, const char* what);

/// A request as JSON text on one line, without its end. `params` is JSON text, or empty.
[[nodiscard]] std::string request_line(std::uint64_t id, std::string_view method,
                                       std::string_view params);

/// The error object of an answer. Throws bad_answer if it is not valid.
[[nodiscard]] ClientError read_error(const JsonValue& error);

/// The `params` of a request: an object built member by member.
class JsonParams {
 public:
  template <class T>
  JsonParams& add(std::string_view name, const T& value) {
    if constexpr (requires { value.count(); })  // a time
      return add(name, std::int64_t{value.count()});
    else
      return add_json(name, json_of(value));
  }
  /// Adds the member if there is a value: nothing for an empty string or list, for false, or for an
  /// optional without a value.
  template <class T>
  JsonParams& add_given(std::string_view name, const T& value) {
    if constexpr (std::is_same_v<T, bool>)
      return value ? add(name, value) : *this;
    else if constexpr (requires { value.has_value(); })
      return value ? add(name, *value) : *this;
    else
      return value.empty() ? *this : add(name, value);
  }
  /// `json` is JSON text.
  JsonParams& add_json(std::string_view name, std::string_view json);
  [[nodiscard]] std::string text() const { return text_ + "}"; }

 private:
  std::string text_ = "{";
};

/// The parameters of a method about one service or proxy.
[[nodiscard]] JsonParams named(std::string_view name);

}  // namespace zinit
