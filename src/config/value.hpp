// A configuration document as a tree of values that know their places. The reader of TOML makes it, and
// whatever else a service may come from (the control protocol) can: all that checks and stores values
// looks at this tree alone.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "model/spec.hpp"

namespace zinit {

enum class ValueType : std::uint8_t {
  boolean,
  integer,
  floating,  // no key takes one; kept to say so
  string,
  datetime,  // likewise
  array,
  table,
};

struct Member;

struct Value {
  ValueType type = ValueType::table;
  SourcePosition at;  // of the value; of the key where a section has no value of its own
  bool boolean = false;
  std::int64_t integer = 0;
  std::string string;  // of a floating or datetime: as it was written
  std::vector<Value> array;
  std::map<std::string, Member, std::less<>> table;

  /// The member of that name, or null.
  [[nodiscard]] const Member* find(std::string_view key) const;
};

struct Member {
  SourcePosition at;  // of the key
  Value value;
};

/// "a string", "an integer", ...: for messages.
[[nodiscard]] std::string_view type_phrase(ValueType type);

/// A value as a message shows it: `"text"` (cut short where it is long), `5`, `an array`.
[[nodiscard]] std::string shown(const Value& value);

}  // namespace zinit
