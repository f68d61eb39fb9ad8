// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Builds values from the events of libyaml: see yaml.hpp.
#include "import/yaml.hpp"

#include <yaml.h>

#include <algorithm>
#include <iterator>
#include <map>

#include "base/format.hpp"
#include "base/lists.hpp"
#include "config/toml_reader.hpp"
#include "config/value_text.hpp"

namespace zinit {

namespace {

// The memory of all copies of anchored values. Aliases of aliases double it with each line.
constexpr std::size_t kMostCopied = std::size_t{16} << 20;

constexpr std::string_view kCoreTag = "tag:yaml.org,2002:";

/// Ends the reading: thrown and caught in this file.
struct YamlFault {
  std::string text;
};

[[noreturn]] void fail_at(std::size_t line, std::string_view what) {
  throw YamlFault{fmt::format("line {}: {}", line, what)};
}

std::string_view text_of(const yaml_char_t* text) {
  return text == nullptr ? "" : reinterpret_cast<const char*>(text);
}

int height_of(const Value& value) {
  int height = 0;
  for (const Value& element : value.array) height = std::max(height, height_of(element) + 1);
  for (const auto& [name, member] : value.table)
    height = std::max(height, height_of(member.value) + 1);
  return height;
}

class YamlReader {
 public:
  explicit YamlReader(std::string_view text) : text_(text) {
    if (yaml_parser_initialize(&parser_) == 0) throw YamlFault{"no memory"};
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const yaml_char_t*>(text.data()),
                                 text.size());
  }
  ~YamlReader() {
    yaml_event_delete(&event_);
    yaml_parser_delete(&parser_);
  }
  YamlReader& operator=(YamlReader&&) = delete;

  std::vector<Value> read() {
    std::vector<Value> documents;
    for (next(); event_.type != YAML_STREAM_END_EVENT; next()) {
      if (event_.type != YAML_DOCUMENT_START_EVENT) continue;
      anchors_.clear();
      next();
      Value value = node(0);
      if (!value.boolean) documents.push_back(std::move(value));
    }
    return documents;
  }

 private:
  struct Anchor {
    Value value;
    int height;
    std::size_t memory;
  };

  [[nodiscard]] std::size_t line() const { return event_.start_mark.line + 1; }
  [[noreturn]] void fail(std::string_view what) const { fail_at(line(), what); }

  void next() {
    yaml_event_delete(&event_);
    if (yaml_parser_parse(&parser_, &event_) != 0) return;
    if (parser_.error == YAML_MEMORY_ERROR) throw YamlFault{"no memory"};
    if (parser_.error == YAML_READER_ERROR) {
      const auto before = text_.substr(0, parser_.problem_offset);
      fail_at(static_cast<std::size_t>(std::ranges::count(before, '\n')) + 1, parser_.problem);
    }
    std::string what = parser_.problem;
    if (parser_.context != nullptr && parser_.context_mark.line != parser_.problem_mark.line)
      what +=
          fmt::format(" {} that begins in line {}", parser_.context, parser_.context_mark.line + 1);
    fail_at(parser_.problem_mark.line + 1, what);
  }

  /// The value whose first event is the present one. Its last event is then the present one.
  Value node(int depth) {
    if (depth > kMaxDepth) fail("nested too deep");
    if (++values_ > kMaxValues) fail("the file has too many values");
    if (event_.type == YAML_ALIAS_EVENT) return copy(depth);
    const auto begin = static_cast<int>(line());
    std::string anchor;
    Value value;
    if (event_.type == YAML_SCALAR_EVENT) {
      anchor = text_of(event_.data.scalar.anchor);
      value = scalar();
    } else if (event_.type == YAML_SEQUENCE_START_EVENT) {
      anchor = text_of(event_.data.sequence_start.anchor);
      check_tag(event_.data.sequence_start.tag, {"seq"});
      value.type = ValueType::array;
      for (next(); event_.type != YAML_SEQUENCE_END_EVENT; next())
        value.array.push_back(node(depth + 1));
    } else {
      anchor = text_of(event_.data.mapping_start.anchor);
      check_tag(event_.data.mapping_start.tag, {"map"});
      value = mapping(depth);
    }
    value.at.line = begin;
    if (!anchor.empty()) keep(anchor, value);
    return value;
  }

  Value scalar() const {
    const auto& data = event_.data.scalar;
    check_tag(data.tag, {"str", "int", "float", "bool", "null"});
    Value value = text_value(std::string(reinterpret_cast<const char*>(data.value), data.length));
    // By YAML's core schema. A tag or quotes make a text of the same letters.
    constexpr std::string_view nulls[] = {"", "~", "null", "Null", "NULL"};
    const bool plain = data.style == YAML_PLAIN_SCALAR_STYLE && data.tag == nullptr;
    value.integer = plain ? 1 : 0;
    value.boolean =
        (plain && contains(nulls, value.string)) || text_of(data.tag) == "tag:yaml.org,2002:null";
    if (value.boolean) value.string.clear();
    return value;
  }

  Value mapping(int depth) {
    Value table;
    std::vector<Value> merged;
    for (next(); event_.type != YAML_MAPPING_END_EVENT; next()) {
      const auto number = static_cast<int>(line());
      const bool merges = event_.type == YAML_SCALAR_EVENT &&
                          event_.data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
                          text_of(event_.data.scalar.value) == "<<";
      const Value key = node(depth + 1);
      if (key.type != ValueType::string || key.boolean) fail("a key is no text");
      next();
      Value value = node(depth + 1);
      if (merges) {
        merge_later(std::move(value), number, merged);
        continue;
      }
      const auto [member, fresh] = table.table.try_emplace(key.string);
      if (!fresh) fail_at(static_cast<std::size_t>(number), key.string + " is there twice");
      member->second.at.line = number;
      member->second.value = std::move(value);
    }
    // merge() leaves a key that the table has: its own, or that of an earlier table.
    for (Value& other : merged) table.table.merge(other.table);
    return table;
  }

  /// Adds the tables of a `<<` to `merged`.
  static void merge_later(Value value, int number, std::vector<Value>& merged) {
    const auto is_table = [](const Value& one) { return one.type == ValueType::table; };
    if (is_table(value)) return merged.push_back(std::move(value));
    if (value.array.empty() || !std::ranges::all_of(value.array, is_table))
      fail_at(static_cast<std::size_t>(number), "<< needs a table, or a list of tables");
    std::ranges::move(value.array, std::back_inserter(merged));
  }

  void keep(const std::string& anchor, const Value& value) {
    Anchor kept{value, height_of(value), memory_of(value)};
    count(kept.memory);
    anchors_.insert_or_assign(anchor, std::move(kept));
  }

  Value copy(int depth) {
    const auto found = anchors_.find(text_of(event_.data.alias.anchor));
    if (found == anchors_.end())
      fail(fmt::format("*{} has no anchor before it", text_of(event_.data.alias.anchor)));
    if (depth + found->second.height > kMaxDepth) fail("nested too deep");
    count(found->second.memory);
    return found->second.value;
  }

  void count(std::size_t memory) {
    copied_ += memory;
    if (copied_ > kMostCopied) fail("anchors and aliases make the file too large");
  }

  void check_tag(const yaml_char_t* tag, std::initializer_list<std::string_view> known) const {
    std::string_view rest = text_of(tag);
    if (rest.empty() || rest == "!") return;
    if (rest.starts_with(kCoreTag)) rest.remove_prefix(kCoreTag.size());
    if (!contains(known, rest))
      fail(fmt::format("the tag {} is not read; write the value without it", rest));
  }

  const std::string_view text_;
  yaml_parser_t parser_{};
  yaml_event_t event_{};
  std::map<std::string, Anchor, std::less<>> anchors_;
  int values_ = 0;
  std::size_t copied_ = 0;
};

}  // namespace

Result<std::vector<Value>> read_yaml(std::string_view text) {
  try {
    return YamlReader(text).read();
  } catch (const YamlFault& fault) {
    return failure(fault.text);
  }
}

}  // namespace zinit
