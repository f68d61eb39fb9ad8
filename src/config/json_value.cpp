// Values to JSON and from it, by recursion: documents are no deeper than kMaxDepth.
#include "config/json_value.hpp"

#include <cmath>
#include <cstdlib>

#include "base/format.hpp"
#include "base/text.hpp"
#include "config/toml_reader.hpp"

namespace zinit {

namespace {

constexpr double kMaxExact = 9007199254740992;  // 2^53

void write(JsonBufferWriter& writer, const std::string& text) {
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

/// What TOML has and JSON has not (inf, nan, 1_000.0, +1.0, what is too large) is a string.
void write_number(JsonBufferWriter& writer, const std::string& text) {
  const bool in_json =
      !text.starts_with('+') && text.find_first_not_of("0123456789.eE+-") == std::string::npos;
  // from_chars(double) would bring 40 KiB of tables into the program.
  if (!in_json || !std::isfinite(std::strtod(text.c_str(), nullptr))) return write(writer, text);
  writer.RawValue(text.data(), text.size(), rapidjson::kNumberType);
}

void write(JsonBufferWriter& writer, const Value& value) {
  switch (value.type) {
    case ValueType::boolean: writer.Bool(value.boolean); return;
    case ValueType::integer: writer.Int64(value.integer); return;
    case ValueType::vast:
    case ValueType::floating: return write_number(writer, value.string);
    case ValueType::datetime:
    case ValueType::string: return write(writer, value.string);
    case ValueType::array:
      writer.StartArray();
      for (const Value& element : value.array) write(writer, element);
      writer.EndArray();
      return;
    case ValueType::table:
      writer.StartObject();
      for (const auto& [name, member] : value.table) {
        write(writer, name);
        write(writer, member.value);
      }
      writer.EndObject();
  }
}

using Read = tl::expected<Value, std::string>;

class Reader {
 public:
  Read read(const JsonValue& json, const std::string& path, int depth) {
    if (depth > kMaxDepth) return fault(path, "nested too deep");
    if (++values_ > kMaxValues) return fault(path, "has too many values");
    Value value;
    switch (json.GetType()) {
      case rapidjson::kObjectType: return table(json, path, depth);
      case rapidjson::kArrayType: return array(json, path, depth);
      case rapidjson::kNumberType: return number(json);
      case rapidjson::kNullType: return fault(path, "null stands for nothing here");
      case rapidjson::kStringType:
        // RapidJSON makes bytes of a lone surrogate that are no UTF-8.
        if (!valid_utf8(text_of(json))) return fault(path, "is no valid Unicode");
        value.type = ValueType::string;
        value.string = text_of(json);
        return value;
      case rapidjson::kFalseType:
      case rapidjson::kTrueType: value.type = ValueType::boolean; value.boolean = json.GetBool();
    }
    return value;
  }

 private:
  static tl::unexpected<std::string> fault(const std::string& path, std::string_view what) {
    return tl::unexpected(fmt::format("{}: {}", path.empty() ? "config" : path, what));
  }

  static Value number(const JsonValue& json) {
    Value value;
    if (json.IsInt64()) {
      value.type = ValueType::integer;
      value.integer = json.GetInt64();
      return value;
    }
    if (json.IsUint64()) {
      value.type = ValueType::vast;
      value.string = std::to_string(json.GetUint64());
      return value;
    }
    // JSON knows no integers: 2.0 is one too, where a double has it exactly.
    const double number = json.GetDouble();
    const bool whole = number == std::floor(number);
    if (whole && std::abs(number) <= kMaxExact) {
      value.type = ValueType::integer;
      value.integer = static_cast<std::int64_t>(number);
      return value;
    }
    value.type = whole ? ValueType::vast : ValueType::floating;
    value.string = fmt::format("{}", number);
    return value;
  }

  Read array(const JsonValue& json, const std::string& path, int depth) {
    Value value;
    value.type = ValueType::array;
    for (const JsonValue& element : json.GetArray()) {
      Read read_element = read(element, path, depth + 1);
      if (!read_element) return read_element;
      value.array.push_back(*std::move(read_element));
    }
    return value;
  }

  Read table(const JsonValue& json, const std::string& path, int depth) {
    Value value;
    for (const auto& member : json.GetObject()) {
      if (member.value.IsNull()) continue;
      std::string name(text_of(member.name));
      if (!valid_utf8(name)) return fault(path, "has a name that is no valid Unicode");
      const std::string below = path.empty() ? name : fmt::format("{}.{}", path, name);
      Read read_member = read(member.value, below, depth + 1);
      if (!read_member) return read_member;
      const auto [at, fresh] = value.table.try_emplace(std::move(name));
      if (!fresh) return fault(below, "is there twice");
      at->second.value = *std::move(read_member);
    }
    return value;
  }

  int values_ = 0;
};

}  // namespace

std::string to_json(const Value& document) {
  JsonBuffer buffer;
  JsonBufferWriter writer(buffer);
  write(writer, document);
  return {buffer.GetString(), buffer.GetSize()};
}

tl::expected<Value, std::string> value_from_json(const JsonValue& json) {
  if (!json.IsObject()) return tl::unexpected<std::string>("config: is no object of sections");
  return Reader().read(json, {}, 0);
}

}  // namespace zinit
