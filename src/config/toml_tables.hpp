// Which definitions of tables and keys TOML lets stand beside one another (toml.io, v1.0.0,
// "Table", "Inline Table", "Array of Tables"): where the header or key of a document leads in the
// tree.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "config/source_text.hpp"
#include "config/value.hpp"

namespace zinit {

struct KeyPart {
  std::string name;
  SourcePosition at;
};

/// `a.b.c`; never empty.
using KeyPath = std::vector<KeyPart>;

/// The table that the header `[path]`, or with `repeated` `[[path]]`, begins; made as needed. Valid
/// until the next header. The fault is that of a key that is defined already, in another way.
[[nodiscard]] tl::expected<Value*, TomlFault> table_of_header(Value& root, const KeyPath& path,
                                                              bool repeated);

/// The new member of `table` that `path = ...` defines, its value still to be read.
[[nodiscard]] tl::expected<Member*, TomlFault> member_of_key(Value& table, const KeyPath& path);

/// Closes an inline table that has been read, with all that dotted keys made in it.
void close_table(Value& table);

}  // namespace zinit
