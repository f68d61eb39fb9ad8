// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A configuration document as a tree of values with places. The TOML reader and the control
// protocol make it; the code that checks and stores values looks only at this tree.
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
  out_of_range,  // an integer beyond 64 bits: no key takes one; kept for the message
  floating,      // no key takes one
  string,
  datetime,  // no key takes one
  array,
  table,
};

/// How a table or array was written. TOML allows later additions accordingly.
enum class Form : std::uint8_t {
  closed,    // { ... } or [ ... ]: nothing
  implied,   // by a header of a table inside it: its own header may follow
  headed,    // by its header: only tables with headers of their own
  dotted,    // by a dotted key: more dotted keys
  repeated,  // array by [[...]] headers: more of these headers
};

struct Member;

struct Value {
  ValueType type = ValueType::table;
  Form form = Form::closed;
  SourcePosition at{};  // of the value; for a section, of its name
  bool boolean = false;
  std::int64_t integer = 0;
  std::string string{};  // the text as written, for types that no key takes
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

/// Lays the table `top` over the table `base`: a key replaces a key, and two tables are merged
/// (zinit.toml(5), "Where files are read"). Values from `top` keep their places.
void lay_over(Value& base, Value&& top);

/// Whether a value of Type::condition_exec has a negation, and the value without it.
[[nodiscard]] std::pair<bool, Value> negated_command(const Value& value);

/// The memory of the value in bytes, roughly.
[[nodiscard]] std::size_t memory_of(const Value& value);

/// "a string", "an integer", ...: for messages.
[[nodiscard]] std::string_view type_phrase(ValueType type);

/// `text` in quotes for a message, cut if it is long. Not named quoted(): a call with a std::string
/// would also find std::quoted.
[[nodiscard]] std::string in_quotes(std::string_view text);

/// A scalar for a message: `"text"`, `5`, `true`, cut if it is long; empty for an array or table.
[[nodiscard]] std::string shown(const Value& value);

}  // namespace zinit
