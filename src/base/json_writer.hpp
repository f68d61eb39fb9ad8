// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// JSON text built member by member, for every request, result, error and notification.
//
// The result is always valid JSON in UTF-8 on one line, as the protocol requires: bytes that are
// not UTF-8 become U+FFFD, and control characters are escaped. Nothing here recurses, because a
// peer may have chosen the depth of a value.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/json.hpp"

namespace zinit {

class JsonWriter {
 public:
  JsonWriter& begin_object();
  JsonWriter& end_object();
  JsonWriter& begin_array();
  JsonWriter& end_array();
  JsonWriter& key(std::string_view name);
  /// Faster: `name` comes with its quotes and needs no escapes.
  JsonWriter& quoted_key(std::string_view name);

  // Values: an element of an array, or the value of the preceding key.
  JsonWriter& put(std::string_view text);
  JsonWriter& put(const char* text) { return put(std::string_view(text)); }
  JsonWriter& put(const std::string& text) { return put(std::string_view(text)); }
  JsonWriter& put(bool value);
  JsonWriter& put(std::signed_integral auto value) { return put_signed(value); }
  JsonWriter& put(std::unsigned_integral auto value) { return put_unsigned(value); }
  JsonWriter& put(std::nullptr_t);
  JsonWriter& put(const JsonValue& value);
  JsonWriter& put(std::span<const std::string> texts);

  /// Writes null if there is no value.
  template <class T>
  JsonWriter& put(const std::optional<T>& value) {
    return value ? put(*value) : put(nullptr);
  }

  /// A value that is already JSON text.
  JsonWriter& put_raw(std::string_view json);

  template <class T>
  JsonWriter& member(std::string_view name, const T& value) {
    return key(name).put(value);
  }

  /// Calls put() to write the member with this quoted name, and removes the member again if its
  /// value is null, or an empty string, array or object.
  template <class Put>
  void member_if_any(std::string_view quoted, Put put) {
    const std::size_t before = buffer_.GetSize();
    put();
    drop_empty(before, quoted.size());
  }

  /// Returns what has been written, and empties the writer.
  [[nodiscard]] std::string take();

 private:
  JsonWriter& put_signed(std::int64_t value);
  JsonWriter& put_unsigned(std::uint64_t value);
  void drop_empty(std::size_t before, std::size_t name_size);

  /// A writer whose last member can be removed again.
  class Writer : public JsonBufferWriter {
   public:
    using JsonBufferWriter::JsonBufferWriter;
    void forget_member() { level_stack_.template Top<Level>()->valueCount -= 2; }
  };

  JsonBuffer buffer_;
  Writer writer_{buffer_};
};

/// `value` alone as JSON text.
template <class T>
[[nodiscard]] std::string json_of(const T& value) {
  JsonWriter writer;
  writer.put(value);
  return writer.take();
}

}  // namespace zinit
