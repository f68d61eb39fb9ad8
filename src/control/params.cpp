// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Parameters: see params.hpp.
#include "control/params.hpp"

#include <algorithm>
#include <cmath>

#include "base/format.hpp"
#include "base/text.hpp"
#include "base/time.hpp"

namespace zinit {

namespace {

struct TypeInfo {
  ParamType type;
  std::string_view text;
  std::string_view schema;
};

constexpr TypeInfo kTypes[] = {
    {ParamType::string, "a string", R"({"type":"string"})"},
    {ParamType::count, "an integer from 0 to 9007199254740992",
     R"({"type":"integer","minimum":0})"},
    {ParamType::duration, "an integer from 0 to 9007199254740992, or a text with a unit",
     R"({"type":["integer","string"],"minimum":0})"},
    {ParamType::timeout,
     "an integer from 0 to 9007199254740992, a text with a unit, or \"infinity\"",
     R"({"type":["integer","string"],"minimum":0})"},
    {ParamType::boolean, "true or false", R"({"type":"boolean"})"},
    {ParamType::strings, "an array of strings", R"({"type":"array","items":{"type":"string"}})"},
    {ParamType::signal, "a signal's name or number", R"({"type":["string","integer"]})"},
    {ParamType::object, "an object", R"({"type":"object"})"},
};

constexpr double kMaxCount = 9007199254740992;

const TypeInfo& info_of(ParamType type) { return kTypes[static_cast<std::size_t>(type)]; }

/// JSON has no integer type, so 2.0 counts as an integer too.
bool is_integer(const JsonValue& value) {
  if (!value.IsNumber()) return false;
  const double number = value.GetDouble();
  return std::abs(number) <= kMaxCount && number == std::floor(number);
}

bool is_count(const JsonValue& value) { return is_integer(value) && value.GetDouble() >= 0; }

bool is_timeout(const JsonValue& value) {
  return value.IsString() && (text_of(value) == kInfinity || parse_duration(text_of(value)));
}

bool is_strings(const JsonValue& value) {
  const auto is_string = [](const JsonValue& element) { return element.IsString(); };
  return value.IsArray() && std::all_of(value.Begin(), value.End(), is_string);
}

bool fits(ParamType type, const JsonValue& value) {
  switch (type) {
    case ParamType::string: return value.IsString();
    case ParamType::count: return is_count(value);
    case ParamType::duration: return is_count(value) || value.IsString();
    case ParamType::timeout: return is_count(value) || is_timeout(value);
    case ParamType::boolean: return value.IsBool();
    case ParamType::strings: return is_strings(value);
    case ParamType::signal: return value.IsString() || is_integer(value);
    case ParamType::object: return value.IsObject();
  }
  return false;
}

// Names are looked up one by one, so their number bounds the time of a call.
constexpr std::size_t kMostStrings = 10000;

constexpr std::size_t kMostShown = 60;  // bytes of an unknown name in a message

RpcError invalid(const std::string& what) {
  return {RpcCode::invalid_params, "Invalid params: " + what};
}

/// "did you mean \"name\"?", or the list of all names.
std::string names_hint(std::span<const Param> declared, std::string_view wrong) {
  if (declared.empty()) return "it takes no parameters";
  std::vector<std::string_view> known;
  std::string all;
  for (const Param& param : declared) {
    known.push_back(param.name);
    all.append(all.empty() ? "" : ", ").append(param.name);
  }
  if (const auto near = nearest(wrong, known)) return fmt::format("did you mean \"{}\"?", *near);
  return "known are " + all;
}

}  // namespace

std::string_view param_type_schema(ParamType type) noexcept { return info_of(type).schema; }

tl::expected<Params, RpcError> Params::bind(std::span<const Param> declared,
                                            const JsonValue* given) {
  Params params;
  params.declared_ = declared;
  params.values_.resize(declared.size());
  std::optional<RpcError> fault;
  if (given != nullptr && given->IsArray()) fault = params.take_positions(*given);
  if (given != nullptr && given->IsObject()) fault = params.take_members(*given);
  if (!fault) fault = params.missing();
  if (fault) return tl::unexpected(*std::move(fault));
  return params;
}

std::optional<RpcError> Params::take_positions(const JsonValue& given) {
  if (given.Size() > declared_.size()) {
    return invalid(fmt::format("{} given, at most {} allowed", given.Size(), declared_.size()))
        .hint(names_hint(declared_, ""));
  }
  for (unsigned i = 0; i < given.Size(); ++i)
    if (std::optional<RpcError> fault = take(i, given[i])) return fault;
  return std::nullopt;
}

std::optional<RpcError> Params::take_members(const JsonValue& given) {
  for (const auto& member : given.GetObject()) {
    const std::string_view name = text_of(member.name);
    const std::size_t index = index_of(name);
    if (index == declared_.size()) {
      return invalid(fmt::format("there is no parameter \"{}\"",
                                 printable(shortened(name, kMostShown))))
          .hint(names_hint(declared_, name));
    }
    if (std::optional<RpcError> fault = take(index, member.value)) return fault;
  }
  return std::nullopt;
}

std::optional<RpcError> Params::take(std::size_t index, const JsonValue& value) {
  const Param& param = declared_[index];
  if (values_[index] != nullptr) return invalid(fmt::format("\"{}\" is given twice", param.name));
  if (!value.IsNull() && !fits(param.type, value)) {
    return invalid(fmt::format("\"{}\" must be {}", param.name, info_of(param.type).text));
  }
  if (value.IsArray() && value.Size() > kMostStrings)
    return invalid(fmt::format("\"{}\" may have at most {} elements, and has {}", param.name,
                               kMostStrings, value.Size()));
  values_[index] = &value;
  return std::nullopt;
}

std::optional<RpcError> Params::missing() const {
  for (const Param& param : declared_) {
    if (!param.required || find(param.name) != nullptr) continue;
    return invalid(fmt::format("\"{}\" is missing", param.name));
  }
  return std::nullopt;
}

std::size_t Params::index_of(std::string_view name) const {
  std::size_t index = 0;
  while (index < declared_.size() && declared_[index].name != name) ++index;
  return index;
}

const JsonValue* Params::find(std::string_view name) const {
  const std::size_t index = index_of(name);
  if (index == declared_.size() || values_[index] == nullptr) return nullptr;
  return values_[index]->IsNull() ? nullptr : values_[index];
}

std::string_view Params::default_of(std::string_view name) const {
  const std::size_t index = index_of(name);
  return index == declared_.size() ? std::string_view() : declared_[index].default_json;
}

std::optional<std::string_view> Params::string(std::string_view name) const {
  if (const JsonValue* value = find(name)) return text_of(*value);
  const std::string_view quoted = default_of(name);
  if (quoted.empty()) return std::nullopt;
  return quoted.substr(1, quoted.size() - 2);
}

std::optional<std::int64_t> Params::count(std::string_view name) const {
  if (const JsonValue* value = find(name)) return static_cast<std::int64_t>(value->GetDouble());
  return parse_integer(default_of(name));
}

std::optional<std::int64_t> Params::timeout_ms() const {
  const JsonValue* value = find(kTimeoutName);
  if (value == nullptr || !value->IsString()) return count(kTimeoutName);
  const auto time = parse_duration(text_of(*value));
  return time ? std::optional(time->count()) : std::nullopt;
}

bool Params::boolean(std::string_view name) const {
  if (const JsonValue* value = find(name)) return value->GetBool();
  return default_of(name) == "true";
}

std::vector<std::string> Params::strings(std::string_view name) const {
  std::vector<std::string> texts;
  if (const JsonValue* value = find(name))
    for (const JsonValue& element : value->GetArray()) texts.emplace_back(text_of(element));
  return texts;
}

std::string Params::signal(std::string_view name) const {
  const JsonValue* value = find(name);
  if (value != nullptr && value->IsNumber())
    return fmt::format("{}", static_cast<std::int64_t>(value->GetDouble()));
  return std::string(string(name).value_or(""));
}

}  // namespace zinit
