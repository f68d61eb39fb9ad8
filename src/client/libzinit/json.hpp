// JSON as the client uses it: parsing what a server sent, reading members with their types checked,
// and writing parameters. Nothing here recurses, since a server chooses the depth.
//
// "Absent" below means that the member is missing or null. A member of the wrong type throws
// ClientError bad_answer that names it: a server that speaks otherwise than control.md is told of,
// not guessed at.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace zinit {

/// Throws ClientError bad_answer where `text` is no JSON text.
[[nodiscard]] JsonDocument parse_json(const std::string& text);

/// A value as JSON text on one line, or with `indent` > 0 over several, each level so many blanks
/// deep.
[[nodiscard]] std::string json_text(const JsonValue& value, int indent = 0);

/// `text` as a JSON string, quotes included; bytes that are no UTF-8 become U+FFFD.
[[nodiscard]] std::string json_quoted(std::string_view text);

// Members of an object. Where `object` is none, bad_answer.

/// Null where it is absent.
[[nodiscard]] const JsonValue* json_member(const JsonValue& object, const char* name);
[[nodiscard]] std::string json_string(const JsonValue& object,
                                      const char* name);                  // "" where absent
[[nodiscard]] bool json_bool(const JsonValue& object, const char* name);  // false where absent
[[nodiscard]] std::optional<std::int64_t> json_integer(const JsonValue& object, const char* name);
[[nodiscard]] std::optional<int> json_int(const JsonValue& object, const char* name);
/// 0 where it is absent.
[[nodiscard]] std::uint64_t json_count(const JsonValue& object, const char* name);
[[nodiscard]] std::vector<std::string> json_strings(const JsonValue& object, const char* name);

/// The strings of an array; bad_answer where it is none, or holds something else.
[[nodiscard]] std::vector<std::string> json_strings(const JsonValue& array);

/// Throws bad_answer unless `value` is an array (an object), and says that `what` is none.
void json_expect_array(const JsonValue& value, const char* what);
void json_expect_object(const JsonValue& value, const char* what);

/// The `params` of a request: an object built member by member.
class JsonParams {
 public:
  JsonParams& add(std::string_view name, std::string_view value);
  JsonParams& add(std::string_view name, const char* value) {
    return add(name, std::string_view(value));
  }
  JsonParams& add(std::string_view name, bool value);
  JsonParams& add(std::string_view name, std::int64_t value);
  JsonParams& add(std::string_view name, const std::vector<std::string>& values);
  /// `json` is JSON text.
  JsonParams& add_json(std::string_view name, std::string_view json);
  [[nodiscard]] std::string text() const { return text_ + "}"; }

 private:
  void begin(std::string_view name);
  std::string text_ = "{";
};

}  // namespace zinit
