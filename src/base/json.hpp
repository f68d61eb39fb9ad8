// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// RapidJSON, set up once and safely. Include this, never <rapidjson/...>: the settings below change
// inline code, and with two settings in one program the linker would choose one of them.
//
// - A misuse (reading a string as a number) throws JsonMisuse; by default RapidJSON would abort the
//   process. It remains a programming error: check a value's type before reading it.
// - A lack of memory throws std::bad_alloc; RapidJSON's default allocator would return a null
//   pointer, and RapidJSON would write through it. Use the types below, whose allocator throws, not
//   RapidJSON's own.
// - Parsing uses no recursion (kJsonParse), because a peer chooses the depth of nesting.
//   Value::Accept(), operator== and CopyFrom() do recurse: do not use them for values from a peer.
// - The namespace is our own: a program that links libzinit.a may use RapidJSON with other
//   settings.
#pragma once

#include <cstdlib>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace zinit {

struct JsonMisuse : std::logic_error {
  using std::logic_error::logic_error;
};

}  // namespace zinit

#define RAPIDJSON_NAMESPACE zinit::rapidjson
#define RAPIDJSON_NAMESPACE_BEGIN \
  namespace zinit {               \
  namespace rapidjson {
#define RAPIDJSON_NAMESPACE_END \
  }                             \
  }
#define RAPIDJSON_HAS_STDSTRING 1
#define RAPIDJSON_ASSERT(condition) \
  ((condition) ? (void)0 : throw ::zinit::JsonMisuse("JSON misused: " #condition))

#include <rapidjson/document.h>
#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace zinit {

/// RapidJSON's concept of an allocator; returns null only for a size of 0.
class JsonAllocator {
 public:
  static constexpr bool kNeedFree = true;
  void* Malloc(std::size_t size) { return size == 0 ? nullptr : there(std::malloc(size)); }
  void* Realloc(void* block, std::size_t /*old_size*/, std::size_t size) {
    if (size != 0) return there(std::realloc(block, size));
    std::free(block);
    return nullptr;
  }
  static void Free(void* block) { std::free(block); }

 private:
  static void* there(void* block) {
    if (block == nullptr) throw std::bad_alloc();
    return block;
  }
};

using JsonDocument =
    rapidjson::GenericDocument<rapidjson::UTF8<>, rapidjson::MemoryPoolAllocator<JsonAllocator>,
                               JsonAllocator>;
using JsonValue = JsonDocument::ValueType;
using JsonReader = rapidjson::GenericReader<rapidjson::UTF8<>, rapidjson::UTF8<>, JsonAllocator>;
using JsonBuffer = rapidjson::GenericStringBuffer<rapidjson::UTF8<>, JsonAllocator>;
using JsonBufferWriter =
    rapidjson::Writer<JsonBuffer, rapidjson::UTF8<>, rapidjson::UTF8<>, JsonAllocator>;

/// Writes each element and member on its own line.
using JsonIndentedWriter =
    rapidjson::PrettyWriter<JsonBuffer, rapidjson::UTF8<>, rapidjson::UTF8<>, JsonAllocator>;

/// The text of a string.
[[nodiscard]] inline std::string_view text_of(const JsonValue& value) {
  return {value.GetString(), value.GetStringLength()};
}

/// Calls `each` with every member of `object`, which it may change. Uses an index, because clang
/// finds the comparison of RapidJSON's non-const iterators ambiguous.
template <class Each>
void each_member(JsonValue& object, Each each) {
  auto member = object.MemberBegin();
  for (rapidjson::SizeType i = 0; i < object.MemberCount(); ++i) each(member[i]);
}

/// Writes `root` to `writer` like JsonValue::Accept(), but without recursion.
template <class Writer>
void write_json(Writer& writer, const JsonValue& root) {
  struct Open {
    const JsonValue* value;       // an object or array
    rapidjson::SizeType written;  // number of its members or elements
  };
  std::vector<Open> open;
  const auto begin = [&](const JsonValue& value) {
    if (value.IsObject())
      writer.StartObject();
    else if (value.IsArray())
      writer.StartArray();
    else
      return void(value.Accept(writer));
    open.push_back({&value, 0});
  };
  begin(root);
  while (!open.empty()) {
    const JsonValue& value = *open.back().value;
    const rapidjson::SizeType index = open.back().written++;
    if (value.IsObject() && index < value.MemberCount()) {
      const auto member = value.MemberBegin() + static_cast<std::ptrdiff_t>(index);
      writer.Key(member->name.GetString(), member->name.GetStringLength());
      begin(member->value);
    } else if (value.IsArray() && index < value.Size()) {
      begin(value[index]);
    } else {
      value.IsObject() ? writer.EndObject() : writer.EndArray();
      open.pop_back();
    }
  }
}

/// Flags for parsing any text from outside: iteratively, valid UTF-8 only, exact numbers. Text
/// after the value is an error, because kParseStopWhenDoneFlag is not set.
inline constexpr unsigned kJsonParse = rapidjson::kParseIterativeFlag |
                                       rapidjson::kParseValidateEncodingFlag |
                                       rapidjson::kParseFullPrecisionFlag;

/// Parses a text with these flags. @return  the document, or a byte up to which the text is no JSON
[[nodiscard]] tl::expected<JsonDocument, std::size_t> json_from(const std::string& text);

}  // namespace zinit
