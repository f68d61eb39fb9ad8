// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Parameters: the table of methods declares them, and each call's values are checked against their
// declarations. Handlers read only checked values.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "base/json.hpp"
#include "control/errors.hpp"

namespace zinit {

enum class ParamType : std::uint8_t {
  string,
  count,     // an integer from 0 to 2^53, which every JSON library can hold
  duration,  // a count, or a text with a unit: "5min"
  timeout,   // milliseconds as a count, or a text with a unit, or "infinity"
  boolean,
  strings,  // an array of strings
  signal,   // a string or a number
  object,
};

/// The name of the only parameter of type timeout.
inline constexpr std::string_view kTimeoutName = "timeout_ms";

/// One parameter. If it is not required, it may be left out or be null.
struct Param {
  std::string_view name;
  ParamType type = ParamType::string;
  bool required = false;
  std::string_view default_json;  // JSON text, for a string, number or boolean; empty: no default
  std::string_view summary;
};

/// The values of one call. They point into the RpcMessage, which must outlive them.
class Params {
 public:
  /// Checks `given` (an array, an object or null for none) against `declared`.
  /// @return  an error is invalid_params and names the faulty parameter; for an unknown name, its
  ///          hint is the nearest known name
  [[nodiscard]] static tl::expected<Params, RpcError> bind(std::span<const Param> declared,
                                                           const JsonValue* given);

  /// The value of the parameter `name`, of any type; null if the call does not give it.
  [[nodiscard]] const JsonValue* value(std::string_view name) const { return find(name); }

  // The value of the parameter `name`, which must be declared with this type; its default if the
  // call does not give it.
  [[nodiscard]] std::optional<std::string_view> string(std::string_view name) const;
  [[nodiscard]] std::optional<std::int64_t> count(std::string_view name) const;
  /// Also nothing for "infinity".
  [[nodiscard]] std::optional<std::int64_t> timeout_ms() const;
  [[nodiscard]] bool boolean(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> strings(std::string_view name) const;
  /// Null if the call does not give it.
  [[nodiscard]] const JsonValue* object(std::string_view name) const { return find(name); }
  /// A text for signal_number(): "SIGTERM", "15".
  [[nodiscard]] std::string signal(std::string_view name) const;

 private:
  // Each returns an error, or nothing if there is none.
  [[nodiscard]] std::optional<RpcError> take_positions(const JsonValue& given);
  [[nodiscard]] std::optional<RpcError> take_members(const JsonValue& given);
  [[nodiscard]] std::optional<RpcError> take(std::size_t index, const JsonValue& value);
  [[nodiscard]] std::optional<RpcError> missing() const;

  [[nodiscard]] std::size_t index_of(std::string_view name) const;
  [[nodiscard]] const JsonValue* find(std::string_view name) const;
  [[nodiscard]] std::string_view default_of(std::string_view name) const;

  std::span<const Param> declared_;
  std::vector<const JsonValue*> values_;  // null: not given
};

/// JSON Schema of a type.
[[nodiscard]] std::string_view param_type_schema(ParamType type) noexcept;

}  // namespace zinit
