// A configuration document as a tree of values that know their places. The TOML reader makes it,
// and so does the control protocol: the code that checks and stores values looks only at this tree.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/spec.hpp"

namespace zinit {

enum class ValueType : std::uint8_t {
  boolean,
  integer,
  out_of_range,  // an integer that 64 bits do not hold: no key takes one; kept for the message
  floating,      // no key takes one
  string,
  datetime,  // no key takes one
  array,
  table,
};

/// How a table or array was written. In TOML this decides what may be added to it later.
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
  SourcePosition at{};  // of the value; for a section, of its name
  bool boolean = false;
  std::int64_t integer = 0;
  std::string string{};  // for types that no key takes: the text as written
  std::vector<Value> array{};
  std::map<std::string, Member, std::less<>> table{};

  /// The member of that name, or null.
  [[nodiscard]] const Member* find(std::string_view key) const;
};

struct Member {
  SourcePosition at;  // of the key
  Value value;
};

/// The section of a document, if it is a table; or a key in it. Null if there is none.
[[nodiscard]] const Member* section_of(const Value& document, std::string_view name);
[[nodiscard]] const Member* key_of(const Value& document, std::string_view section,
                                   std::string_view name);

/// Lays the table `top` over the table `base`: a key replaces a key, and where both are tables they
/// are merged (zinit.toml(5), "Where files are read"). What comes from `top` keeps its places.
void lay_over(Value& base, Value&& top);

/// A value of Type::condition_exec without its negation, and whether it has one.
[[nodiscard]] std::pair<bool, Value> negated_command(const Value& value);

/// Bytes of memory that the value takes, roughly.
[[nodiscard]] std::size_t memory_of(const Value& value);

/// "a string", "an integer", ...: for messages.
[[nodiscard]] std::string_view type_phrase(ValueType type);

/// `text` in quotes as a message shows it, cut short if it is long. Its name is not that of
/// std::quoted, which a call with a std::string would find as well.
[[nodiscard]] std::string in_quotes(std::string_view text);

/// A scalar as a message shows it: `"text"`, `5`, `true`, cut short if long; empty for an array or
/// table.
[[nodiscard]] std::string shown(const Value& value);

}  // namespace zinit
