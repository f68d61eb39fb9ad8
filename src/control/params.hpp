// Parameters of a method: what it declares in the table of methods, and what a call gave, checked
// against that. Handlers read checked values only.
#pragma once

#include <array>
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
  count,  // an integer from 0 to 2^53, which every JSON library can hold
  boolean,
  strings,  // an array of strings
  signal,   // a string or a number
  object,
};

/// One parameter. Every one that is not required may be left out or be null.
struct Param {
  std::string_view name;
  ParamType type = ParamType::string;
  bool required = false;
  std::string_view default_json;  // of a string, count or boolean, as JSON text; empty: none
  std::string_view summary;
};

inline constexpr std::size_t kMaxParams = 6;

/// The values of one call. They point into the RpcMessage, which must outlive them.
class Params {
 public:
  /// Checks `given` (an array, an object or null for none) against `declared`, at most kMaxParams.
  /// @return  or invalid_params that names the parameter at fault, for an unknown one the nearest
  ///         known.
  [[nodiscard]] static tl::expected<Params, RpcError> bind(std::span<const Param> declared,
                                                           const JsonValue* given);

  // By the name in the table, with the type declared there; what was not given has its default.
  [[nodiscard]] std::optional<std::string_view> string(std::string_view name) const;
  [[nodiscard]] std::optional<std::int64_t> count(std::string_view name) const;
  [[nodiscard]] bool boolean(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> strings(std::string_view name) const;
  /// Null where it was not given.
  [[nodiscard]] const JsonValue* object(std::string_view name) const { return find(name); }
  /// What signal_number() reads: "SIGTERM", "15".
  [[nodiscard]] std::string signal(std::string_view name) const;

 private:
  // Each says what is wrong, if anything is.
  [[nodiscard]] std::optional<RpcError> take_positions(const JsonValue& given);
  [[nodiscard]] std::optional<RpcError> take_members(const JsonValue& given);
  [[nodiscard]] std::optional<RpcError> take(std::size_t index, const JsonValue& value);
  [[nodiscard]] std::optional<RpcError> missing() const;

  [[nodiscard]] std::size_t index_of(std::string_view name) const;
  [[nodiscard]] const JsonValue* find(std::string_view name) const;
  [[nodiscard]] std::string_view default_of(std::string_view name) const;

  std::span<const Param> declared_;
  std::array<const JsonValue*, kMaxParams> values_{};
};

/// JSON Schema of a type.
[[nodiscard]] std::string_view param_type_schema(ParamType type) noexcept;

}  // namespace zinit
