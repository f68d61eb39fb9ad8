// A configuration document as a tree of values that know their places. The reader of TOML makes it,
// and whatever else a service may come from (the control protocol) can: all that checks and stores
// values looks at this tree alone.
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
  vast,      // an integer that 64 bits do not hold: no key takes one; kept to say so
  floating,  // likewise
  string,
  datetime,  // likewise
  array,
  table,
};

/// How a table or array was written. TOML makes it depend on that what may be added to it later.
enum class Form : std::uint8_t {
  closed,    // { ... } or [ ... ]: nothing
  implied,   // by the header of a table inside it: its own header may follow
  headed,    // by its header: nothing but tables with headers of their own
  dotted,    // by a dotted key: more dotted keys
  repeated,  // an array by [[...]] headers: more of those
};

struct Member;

struct Value {
  ValueType type = ValueType::table;
  Form form = Form::closed;
  SourcePosition at;  // of the value; a section stands where its name does
  bool boolean = false;
  std::int64_t integer = 0;
  std::string string;  // of what no key takes: as it was written
  std::vector<Value> array;
  std::map<std::string, Member, std::less<>> table;

  /// The member of that name, or null.
  [[nodiscard]] const Member* find(std::string_view key) const;
};

struct Member {
  SourcePosition at;  // of the key
  Value value;
};

/// The section of a document, where it is a table; or a key in it. Null where there is none.
[[nodiscard]] const Member* section_of(const Value& document, std::string_view name);
[[nodiscard]] const Member* key_of(const Value& document, std::string_view section,
                                   std::string_view name);

/// Lays the table `top` over the table `base`: a key replaces a key, and where both are tables they
/// are merged (zinit.toml(5), "Where files are read"). What comes from `top` keeps its places.
void lay_over(Value& base, Value&& top);

/// "a string", "an integer", ...: for messages.
[[nodiscard]] std::string_view type_phrase(ValueType type);

/// `text` in quotes as a message shows it, cut short where it is long.
[[nodiscard]] std::string quoted(std::string_view text);

/// A scalar as a message shows it: `"text"`, `5`, `true`, cut short likewise; empty for an array or
/// table.
[[nodiscard]] std::string shown(const Value& value);

}  // namespace zinit
