// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Reads answers into the structs of the public header: see read_answers.hpp.
#include "client/libzinit/read_answers.hpp"

#include <array>
#include <type_traits>

#include "base/format.hpp"
#include "client/libzinit/json.hpp"

namespace zinit {

namespace {

/// Decodes base64 (RFC 4648), up to the first character outside its alphabet.
std::string decode_base64(const std::string& text) {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  unsigned bits = 0;
  int count = 0;
  for (const char c : text) {
    const auto value = alphabet.find(c);
    if (value == std::string_view::npos) break;
    bits = bits << 6 | static_cast<unsigned>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> count & 0xFFu);
  }
  return bytes;
}

// read_value() reads a member into a field. The field's type selects the overload. If the member is
// absent, the field does not change.

using Name = const char*;
using Object = const JsonValue&;

/// How to read a member into a T.
template <class T>
struct MemberReader {
  std::string_view name;  // with a NUL behind it
  void (*read)(Object object, Name name, T& to);
};

/// The members of an object of the protocol: those of its list in zinit/objects.inc.
template <class T>
struct Readers;

template <class T>
concept ProtocolObject = requires {
  Readers<T>::list;
};

/// Reads what no member of the list covers. An object may have an overload.
template <class T>
void read_rest(Object /*value*/, T& /*to*/) {}
void read_rest(Object value, ConditionStatus& to) {
  to.under_way = json_member(value, "held") == nullptr;
}
void read_rest(Object value, ServiceConfig& to) {
  const JsonValue* config = json_member(value, "config");
  if (config == nullptr) throw ClientError(ErrorCode::bad_answer, "the answer has no config");
  to.config = json_text(*config);
}
void read_rest(Object /*value*/, LogLine& to) {
  if (to.raw) to.raw = decode_base64(*to.raw);
}

/// Looks up only the members that are present, because a list of many services has few members of
/// each. Members come in order, so each search begins at the previous one.
template <ProtocolObject T>
void fill(Object value, T& to) {
  constexpr auto& list = Readers<T>::list;
  json_expect_object(value, Readers<T>::name);
  std::size_t at = 0;
  for (const auto& member : value.GetObject()) {
    if (member.value.IsNull()) continue;
    const std::string_view name = text_of(member.name);
    std::size_t tried = 0;
    while (tried < list.size() && list[at].name != name) {
      at = (at + 1) % list.size();
      ++tried;
    }
    if (tried == list.size()) continue;
    list[at].read(value, list[at].name.data(), to);
  }
  read_rest(value, to);
}

template <ProtocolObject T>
std::vector<T> read_list(Object value, Name name) {
  json_expect_array(value, name);
  // Filled in place: moving an object takes more code than reading it.
  std::vector<T> all(value.Size());
  for (rapidjson::SizeType i = 0; i < value.Size(); ++i) fill(value[i], all[i]);
  return all;
}

void read_value(Object object, Name name, std::string& field) { field = json_string(object, name); }
template <class Enum>
void read_value(Object object, Name name, Word<Enum>& field) {
  field = Word<Enum>(json_string(object, name));
}
void read_value(Object object, Name name, bool& field) { field = json_bool(object, name); }
void read_value(Object object, Name name, int& field) {
  field = json_int(object, name).value_or(0);
}
void read_value(Object object, Name name, std::int64_t& field) {
  field = json_integer(object, name).value_or(0);
}
void read_value(Object object, Name name, std::uint64_t& field) {
  field = json_count(object, name);
}
void read_value(Object object, Name name, double& field) {
  const JsonValue* value = json_member(object, name);
  if (value != nullptr && !value->IsNumber())
    throw ClientError(ErrorCode::bad_answer, fmt::format("{} is no number", name));
  field = value != nullptr ? value->GetDouble() : 0;
}
template <class Rep, class Period>
void read_value(Object object, Name name, std::chrono::duration<Rep, Period>& field) {
  field = std::chrono::duration<Rep, Period>(json_integer(object, name).value_or(0));
}
void read_value(Object object, Name name, std::vector<std::string>& field) {
  field = json_strings(object, name);
}
/// An object with a count for each log sink.
void read_value(Object object, Name name, std::vector<DroppedLines>& field) {
  const JsonValue* value = json_member(object, name);
  if (value == nullptr) return;
  json_expect_object(*value, name);
  for (const auto& member : value->GetObject())
    field.push_back({std::string(text_of(member.name)), json_count(member.value)});
}
void read_value(Object object, Name name, NamesByName& field) {
  const JsonValue* value = json_member(object, name);
  if (value == nullptr) return;
  json_expect_object(*value, name);
  for (const auto& member : value->GetObject())
    field[std::string(text_of(member.name))] = json_strings(member.value);
}
void read_value(Object object, Name name, TextByName& field) {
  const JsonValue* value = json_member(object, name);
  if (value == nullptr) return;
  json_expect_object(*value, name);
  for (const auto& member : value->GetObject()) {
    const std::string key(text_of(member.name));
    field[key] = json_string(*value, key.c_str());
  }
}
template <ProtocolObject T>
void read_value(Object object, Name name, T& field) {
  if (const JsonValue* value = json_member(object, name)) fill(*value, field);
}
template <ProtocolObject T>
void read_value(Object object, Name name, std::vector<T>& field) {
  const JsonValue* value = json_member(object, name);
  if (value != nullptr) field = read_list<T>(*value, name);
}
template <class T>
void read_value(Object object, Name name, std::optional<T>& field) {
  if (json_member(object, name) != nullptr) read_value(object, name, field.emplace());
}

template <class T, auto Field>
void read_field(Object object, Name name, T& to) {
  read_value(object, name, to.*Field);
}

#define ZINIT_OBJECT(type, called)              \
  template <>                                   \
  struct Readers<type> {                        \
    using Type = type;                          \
    static constexpr const char* name = called; \
    static constexpr auto list = std::to_array<MemberReader<type>>({
#define ZINIT_MEMBER(type, field, name, shape) {name, read_field<Type, &Type::field>},
#define ZINIT_END \
  });             \
  }               \
  ;
#include "zinit/objects.inc"

/// Calls visit(NODE, DEPTH) for each node of nested trees, a node before its `children`. `value` is
/// a tree or an array of trees. Roots have depth 0. No recursion: the server chooses the depth.
template <class Visit>
void walk_trees(const JsonValue& value, Visit visit) {
  struct Open {
    const JsonValue* siblings;  // an array
    rapidjson::SizeType next;
  };
  std::vector<Open> open;
  const auto enter = [&](const JsonValue& node) {
    visit(node, static_cast<int>(open.size()) - 1);
    const JsonValue* children = json_member(node, "children");
    if (children == nullptr) return;
    json_expect_array(*children, "children");
    open.push_back({children, 0});
  };
  static const JsonValue none(rapidjson::kArrayType);
  if (!value.IsObject()) json_expect_array(value, "tree");
  open.push_back({value.IsObject() ? &none : &value, 0});
  if (value.IsObject()) enter(value);
  while (!open.empty()) {
    Open& level = open.back();
    if (level.next == level.siblings->Size()) {
      open.pop_back();
    } else {
      enter((*level.siblings)[level.next++]);
    }
  }
}

std::vector<TreeNode> read_tree(const JsonValue& value) {
  std::vector<TreeNode> nodes;
  walk_trees(value, [&](const JsonValue& node, int depth) {
    fill(node, nodes.emplace_back());
    nodes.back().depth = depth;
  });
  return nodes;
}

std::vector<ProcessNode> read_process_tree(const JsonValue& value) {
  std::vector<ProcessNode> nodes;
  const auto add = [&](const JsonValue& node, int depth) {
    fill(node, nodes.emplace_back());
    nodes.back().depth = depth;
  };
  walk_trees(value, add);
  if (const JsonValue* others = json_member(value, "others")) walk_trees(*others, add);
  return nodes;
}

}  // namespace

template <class T>
T read_as(const JsonValue& value) {
  if constexpr (ProtocolObject<T>) {
    T object;
    fill(value, object);
    return object;
  } else if constexpr (std::is_same_v<T, std::vector<TreeNode>>) {
    return read_tree(value);
  } else if constexpr (std::is_same_v<T, std::vector<ProcessNode>>) {
    return read_process_tree(value);
  } else {
    return read_list<typename T::value_type>(value, "result");
  }
}

template <class T>
T parse_as(const std::string& json) {
  return read_as<T>(parse_json(json));
}

BulkResult read_bulk(const JsonValue& value, const char* done) {
  auto result = read_as<BulkResult>(value);
  result.done = json_strings(value, done);
  return result;
}

#define ZINIT_OBJECT(type, name)                                                 \
  template type read_as<type>(const JsonValue& value);                           \
  template type parse_as<type>(const std::string& json);                         \
  template std::vector<type> read_as<std::vector<type>>(const JsonValue& value); \
  template std::vector<type> parse_as<std::vector<type>>(const std::string& json);
#include "zinit/objects.inc"

}  // namespace zinit
