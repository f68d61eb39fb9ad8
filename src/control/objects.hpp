// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The objects of the protocol on the server's side: their structs, and how they are written. The
// list zinit/objects.inc generates all of it.
//
// An answer is written from the struct of its object, or from any other source that has a field, or
// a function without parameters, for each member. So data that is only written is not copied.
//
//     protocol::PingAnswer ping;          put_object<protocol::TimerStatus>(writer, timer_view);
//     ping.pid = ::getpid();
//     return object_json(ping);
//
// A source may give an optional for a member. Without a value the member is null, or is left out if
// the list allows that. An empty text or list, or 0, becomes null only if the shape may be null; a
// ZINIT_IF_ANY member is left out then.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/json_writer.hpp"
#include "model/state.hpp"

namespace zinit {

/// JSON text that is already a complete value.
struct RawJson {
  std::string json;
};

/// The shape of a value of the protocol.
struct Shape {
  std::string_view json{};    // its JSON Schema; empty: an object, or an array of objects
  std::string_view object{};  // the name of the schema of that object
  std::string_view more{};    // another object, whose members it has too
  bool list = false;
  bool null = false;  // may be null
};

/// A member of an object.
struct ObjectMember {
  std::string_view quoted;  // its name, with the quotes
  Shape shape;
  bool always = true;  // false: may be left out

  [[nodiscard]] constexpr std::string_view name() const {
    return quoted.substr(1, quoted.size() - 2);
  }
};

/// Whether a value is an optional without a value, an empty text or list, false, or 0.
template <class V>
[[nodiscard]] bool is_empty(const V& value) {
  if constexpr (requires { value.has_value(); })
    return !value;
  else if constexpr (requires { value.empty(); })
    return value.empty();
  else if constexpr (requires { value == V{}; })
    return value == V{};
  else
    return false;
}

/// Writes a member whose field is a T, unless the member is left out.
template <class T, class V>
void put_member(JsonWriter& writer, const ObjectMember& member, const V& value);

namespace protocol {

/// The name of an object of the list.
template <class T>
struct Object;

/// The members of an object of the list.
template <class T>
struct Members;

/// The members that have a field, and how each is written from a Source.
template <class T, class Source>
struct Writers;
template <class Source>
struct MemberWriter {
  ObjectMember member;
  void (*put)(JsonWriter& writer, const ObjectMember& member, const Source& source);
};

template <class T>
concept Listed = requires {
  Object<T>::kName;
};

/// The shapes that the list uses.
struct Shapes {
  static constexpr Shape text{R"({"type":"string"})"};
  static constexpr Shape text_or_null{R"({"type":["string","null"]})", {}, {}, false, true};
  static constexpr Shape integer{R"({"type":"integer"})"};
  static constexpr Shape integer_or_null{R"({"type":["integer","null"]})", {}, {}, false, true};
  static constexpr Shape number_or_null{R"({"type":["number","null"]})", {}, {}, false, true};
  static constexpr Shape flag{R"({"type":"boolean"})"};
  static constexpr Shape flag_or_null{R"({"type":["boolean","null"]})"};
  static constexpr Shape yes{R"({"const":true})"};
  static constexpr Shape names{R"({"type":"array","items":{"type":"string"}})"};
  static constexpr Shape counts{R"({"type":"object","additionalProperties":{"type":"integer"}})"};
  static constexpr Shape text_by_name{
      R"({"type":"object","additionalProperties":{"type":"string"}})"};
  static constexpr Shape names_by_name{
      R"({"type":"object","additionalProperties":{"type":"array","items":{"type":"string"}}})"};
  static constexpr Shape object{R"({"type":"object"})"};
  static constexpr Shape state{R"({"$ref":"#/components/schemas/state"})"};
  static constexpr Shape state_or_null{
      R"({"oneOf":[{"$ref":"#/components/schemas/state"},{"type":"null"}]})", {}, {}, false, true};
  static constexpr Shape kind{R"({"enum":["service","target"]})"};
  static constexpr Shape summary{
      R"({"enum":["running","ok","error","re-spawn","waiting","stopping","stopped"]})"};
  static constexpr Shape wish{R"({"enum":["up","down"]})"};
  static constexpr Shape service_class{R"({"enum":["user","system"]})"};
  static constexpr Shape start_status{R"({"enum":["start","stop","ignore"]})"};
  static constexpr Shape stream{R"({"enum":["stdout","stderr","zinit","syslog"]})"};
  static constexpr Shape base64{R"({"type":"string","contentEncoding":"base64"})"};
  static constexpr Shape proxy_version{R"({"enum":[0,1,2]})"};
  static constexpr Shape mode{R"({"enum":["system","container","standalone"]})"};
  static constexpr Shape action{R"({"enum":["shutdown","poweroff","reboot","halt","kexec"]})"};
  template <class T>
  static constexpr Shape one{{}, Object<T>::kName};
  template <class T>
  static constexpr Shape or_null{{}, Object<T>::kName, {}, false, true};
  template <class T>
  static constexpr Shape list{{}, Object<T>::kName, {}, true};
  template <class T, class More>
  static constexpr Shape both{{}, Object<T>::kName, Object<More>::kName};

  // Results of methods that are not objects of the list.
  static constexpr Shape ok{
      R"({"type":"object","properties":{"ok":{"const":true}},"required":["ok"]})"};
  static constexpr Shape cancelled{
      R"({"type":"object","properties":{"ok":{"const":true},"cancelled":{"type":"boolean"}}})"};
  static constexpr Shape subscription{
      R"({"type":"object","properties":{"subscription":{"type":"integer"}}})"};
};

// Types of some fields in the list. Words are only written here, never read.
using StateWord = std::string_view;
using ReasonWord = std::string_view;
using NamesByName = std::map<std::string, std::vector<std::string>>;
using TextByName = std::map<std::string, std::string>;
struct DroppedLines {};

#define ZINIT_OBJECT(type, name) struct type {
#define ZINIT_MEMBER(type, field, name, shape) type field{};
#define ZINIT_FIELD(type, field) type field{};
#define ZINIT_END \
  }               \
  ;
#include "zinit/objects.inc"

#define ZINIT_OBJECT(type, name)                    \
  template <>                                       \
  struct Object<type> {                             \
    static constexpr std::string_view kName = name; \
  };
#include "zinit/objects.inc"

#define ZINIT_OBJECT(type, name) \
  template <>                    \
  struct Members<type> {         \
    static constexpr ObjectMember kList[] = {
#define ZINIT_MEMBER(type, field, name, shape) {"\"" name "\"", Shapes::shape},
#define ZINIT_IF_ANY(type, field, name, shape) {"\"" name "\"", Shapes::shape, false},
#define ZINIT_PART(name, shape) {"\"" name "\"", Shapes::shape, false},
#define ZINIT_END \
  }               \
  ;               \
  }               \
  ;
#include "zinit/objects.inc"

#define ZINIT_OBJECT(type, name) \
  template <class Source>        \
  struct Writers<type, Source> { \
    static constexpr MemberWriter<Source> kList[] = {
#define ZINIT_VALUE(field)                        \
  [&]() -> decltype(auto) {                       \
    if constexpr (requires { source.field(); }) { \
      return source.field();                      \
    } else {                                      \
      return (source.field);                      \
    }                                             \
  }()
#define ZINIT_MEMBER(type, field, name, shape)                                \
  {{"\"" name "\"", Shapes::shape},                                           \
   [](JsonWriter& writer, const ObjectMember& member, const Source& source) { \
     put_member<type>(writer, member, ZINIT_VALUE(field));                    \
   }},
#define ZINIT_IF_ANY(type, field, name, shape)                                          \
  {{"\"" name "\"", Shapes::shape, false},                                              \
   []([[maybe_unused]] JsonWriter& writer, [[maybe_unused]] const ObjectMember& member, \
      [[maybe_unused]] const Source& source) {                                          \
     if constexpr (                                                                     \
         requires { source.field; } || requires { source.field(); })                    \
       put_member<type>(writer, member, ZINIT_VALUE(field));                            \
   }},
#define ZINIT_END \
  }               \
  ;               \
  }               \
  ;
#include "zinit/objects.inc"
#undef ZINIT_VALUE

}  // namespace protocol

/// Writes a value that is not an object of the list. An empty value becomes null if `null`.
template <class V>
void put_value(JsonWriter& writer, const V& value, bool null) {
  if constexpr (requires { value.has_value(); }) {
    value ? put_value(writer, *value, false) : void(writer.put(nullptr));
  } else if constexpr (std::is_same_v<V, State>) {
    writer.put(state_name(value));
  } else if constexpr (std::is_same_v<V, RawJson>) {
    writer.put_raw(value.json);
  } else if constexpr (requires { value.count(); }) {  // a time
    writer.put(value.count());
  } else if constexpr (requires { value.begin()->second; }) {  // by name
    writer.begin_object();
    for (const auto& [name, of_it] : value) put_value(writer.key(name), of_it, false);
    writer.end_object();
  } else if (null && is_empty(value)) {
    writer.put(nullptr);
  } else {
    writer.put(value);
  }
}

/// Writes `value` for a member whose field is a T.
template <class T, class V>
void put_as(JsonWriter& writer, const V& value, bool null);

/// Writes the members of a T from `source` into the object that is being written.
template <protocol::Listed T, class Source>
void put_members(JsonWriter& writer, const Source& source) {
  for (const auto& [member, put] : protocol::Writers<T, Source>::kList) put(writer, member, source);
}

template <protocol::Listed T, class Source>
void put_object(JsonWriter& writer, const Source& source) {
  writer.begin_object();
  put_members<T>(writer, source);
  writer.end_object();
}

/// Writes an array of objects T.
template <protocol::Listed T, class Sources>
void put_list(JsonWriter& writer, const Sources& sources) {
  writer.begin_array();
  for (const auto& source : sources) put_object<T>(writer, source);
  writer.end_array();
}

template <class T, class V>
void put_as(JsonWriter& writer, const V& value, bool null) {
  if constexpr (protocol::Listed<T>) {
    put_object<T>(writer, value);
  } else if constexpr (requires { requires protocol::Listed<typename T::value_type>; }) {
    if constexpr (std::is_same_v<T, std::optional<typename T::value_type>>) {
      value ? put_object<typename T::value_type>(writer, *value) : void(writer.put(nullptr));
    } else {
      put_list<typename T::value_type>(writer, value);
    }
  } else {
    put_value(writer, value, null);
  }
}

template <class T, class V>
void put_member(JsonWriter& writer, const ObjectMember& member, const V& value) {
  if (!member.always && is_empty(value)) return;
  writer.quoted_key(member.quoted);
  put_as<T>(writer, value, member.shape.null);
}

/// The same, as JSON text.
template <protocol::Listed T, class Source>
[[nodiscard]] std::string object_json(const Source& source) {
  JsonWriter writer;
  put_object<T>(writer, source);
  return writer.take();
}
template <protocol::Listed T, class Sources>
[[nodiscard]] std::string list_json(const Sources& sources) {
  JsonWriter writer;
  put_list<T>(writer, sources);
  return writer.take();
}

/// Writes the JSON Schema of a shape.
void put_schema(JsonWriter& writer, const Shape& shape);

/// Writes the schemas of all objects, as members of the object that is being written.
void put_schemas(JsonWriter& writer);

}  // namespace zinit
