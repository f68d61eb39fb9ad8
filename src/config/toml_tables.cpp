// Headers and keys into the tree.
#include "config/toml_tables.hpp"

#include "base/format.hpp"

namespace zinit {

namespace {

using Placed = tl::expected<Value*, TomlFault>;

tl::unexpected<TomlFault> clash(const Member& first, const KeyPart& part) {
  return tl::unexpected(TomlFault{
      part.at, fmt::format("\"{}\" is defined already, in line {}", part.name, first.at.line)});
}

/// The member of that name, and whether it is new; a new one stands where `part` does.
std::pair<Member*, bool> member(Value& table, const KeyPart& part) {
  const auto [found, fresh] = table.table.try_emplace(part.name);
  Member& member = found->second;
  if (fresh) member.at = member.value.at = part.at;
  return {&member, fresh};
}

/// The table, or the last one of the array of tables, that a header passes through.
Placed enter(Value& table, const KeyPart& part) {
  const auto [found, fresh] = member(table, part);
  Value& value = found->value;
  if (fresh) value.form = Form::implied;
  if (value.form == Form::repeated) return &value.array.back();
  if (value.type != ValueType::table || value.form == Form::closed) return clash(*found, part);
  return &value;
}

/// The table that `[...]` begins.
Placed open(Value& table, const KeyPart& part) {
  const auto [found, fresh] = member(table, part);
  Value& value = found->value;
  if (!fresh && value.form != Form::implied) return clash(*found, part);
  found->at = value.at = part.at;
  value.form = Form::headed;
  return &value;
}

/// A new table at the end of the array that `[[...]]` names.
Placed append(Value& table, const KeyPart& part) {
  const auto [found, fresh] = member(table, part);
  Value& value = found->value;
  if (fresh) {
    value.type = ValueType::array;
    value.form = Form::repeated;
  }
  if (value.form != Form::repeated) return clash(*found, part);
  Value& added = value.array.emplace_back();
  added.form = Form::headed;
  added.at = part.at;
  return &added;
}

}  // namespace

Placed table_of_header(Value& root, const KeyPath& path, bool repeated) {
  Value* table = &root;
  for (std::size_t i = 0; i + 1 < path.size(); ++i) {
    Placed next = enter(*table, path[i]);
    if (!next) return next;
    table = *next;
  }
  return repeated ? append(*table, path.back()) : open(*table, path.back());
}

tl::expected<Member*, TomlFault> member_of_key(Value& table, const KeyPath& path) {
  Value* target = &table;
  for (std::size_t i = 0; i + 1 < path.size(); ++i) {
    const auto [found, fresh] = member(*target, path[i]);
    if (fresh) found->value.form = Form::dotted;
    if (found->value.form != Form::dotted) return clash(*found, path[i]);
    target = &found->value;
  }
  const auto [found, fresh] = member(*target, path.back());
  if (!fresh) return clash(*found, path.back());
  return found;
}

void close_table(Value& table) {
  table.form = Form::closed;
  for (auto& [name, member] : table.table) {
    if (member.value.form == Form::dotted) close_table(member.value);
  }
}

}  // namespace zinit
