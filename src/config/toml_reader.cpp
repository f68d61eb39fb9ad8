// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A recursive-descent parser for the structure of a TOML document (toml.io, v1.0.0).
#include "config/toml_reader.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/format.hpp"
#include "base/text.hpp"
#include "config/toml_scalar.hpp"

namespace zinit {

namespace {

/// The most bytes of a name in a message: a header may be half of the file, and the message for
/// every key below would repeat it.
constexpr std::size_t kMostOfName = 128;

// --- the tables to which headers and keys lead ---
//
// toml.io, v1.0.0, "Table", "Inline Table" and "Array of Tables", defines which definitions of
// tables and keys may be combined.

struct KeyPart {
  std::string name;
  SourcePosition at;
};

/// `a.b.c`; never empty.
using KeyPath = std::vector<KeyPart>;

using Placed = tl::expected<Value*, TomlFault>;

tl::unexpected<TomlFault> clash(const Member& first, const KeyPart& part) {
  return tl::unexpected(TomlFault{
      part.at, fmt::format("\"{}\" is defined already, in line {}", part.name, first.at.line)});
}

/// The member of that name, and whether it is new. A new one has the place of `part`.
std::pair<Member*, bool> member(Value& table, const KeyPart& part) {
  const auto [found, fresh] = table.table.try_emplace(part.name);
  Member& member = found->second;
  if (fresh) member.at = member.value.at = part.at;
  return {&member, fresh};
}

/// The table, or the last table of an array, that a header passes through.
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

/// The table that the header `[path]` begins, or `[[path]]` if `repeated`; made if needed. Valid
/// until the next header. The fault is a key with another earlier definition.
Placed table_of_header(Value& root, const KeyPath& path, bool repeated) {
  Value* table = &root;
  for (std::size_t i = 0; i + 1 < path.size(); ++i) {
    Placed next = enter(*table, path[i]);
    if (!next) return next;
    table = *next;
  }
  return repeated ? append(*table, path.back()) : open(*table, path.back());
}

/// The new member of `table` that `path = ...` defines. Its value is still to be read.
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

/// Closes an inline table that has been read, with all tables that dotted keys made in it.
void close_table(Value& table) {
  table.form = Form::closed;
  for (auto& [name, member] : table.table) {
    if (member.value.form == Form::dotted) close_table(member.value);
  }
}

// --- reading ---

/// After calling fault(), a function that can fail returns false. Only the first fault is kept.
class TomlReader {
 public:
  TomlReader(std::string_view text, std::uint32_t source, std::vector<TomlFault>* doubles)
      : text_(text), places_(text, source), doubles_(doubles) {}

  tl::expected<Value, TomlFault> read() {
    Value root;
    root.at = places_.at(0);
    root.form = Form::headed;
    Value* table = &root;
    depth_ = 0;
    while (skip_lines()) {
      const bool good = peek() == '[' ? header(root, table) : key_value(*table);
      if (!good || !end_of_line()) return tl::unexpected(std::move(*fault_));
    }
    return root;
  }

 private:
  // --- characters ---

  [[nodiscard]] bool done() const { return next_ >= text_.size(); }
  [[nodiscard]] char peek(std::size_t ahead = 0) const {
    return next_ + ahead < text_.size() ? text_[next_ + ahead] : '\0';
  }
  [[nodiscard]] bool next_is(std::string_view what) const {
    return text_.substr(next_, what.size()) == what;
  }
  bool take(char c) {
    if (done() || text_[next_] != c) return false;
    ++next_;
    return true;
  }
  [[nodiscard]] SourcePosition here() { return places_.at(next_); }

  void skip_blanks() {
    while (peek() == ' ' || peek() == '\t') ++next_;
  }
  void skip_comment() {
    if (peek() == '#') next_ = std::min(text_.find('\n', next_), text_.size());
  }
  /// Skips blanks, comments and line ends. Returns whether anything is left.
  bool skip_lines() {
    do {
      skip_blanks();
      skip_comment();
    } while (take('\n'));
    return !done();
  }

  bool fault(std::size_t offset, std::string what) {
    if (!fault_) fault_ = TomlFault{places_.at(offset), std::move(what)};
    return false;
  }

  bool end_of_line() {
    skip_blanks();
    skip_comment();
    if (done() || take('\n')) return true;
    return fault(next_, fmt::format("expected the end of the line, found '{}'", next_character()));
  }

  /// The next character with all of its bytes, for messages.
  [[nodiscard]] std::string_view next_character() const {
    std::size_t end = next_ + 1;
    while (end < text_.size() && (static_cast<unsigned char>(text_[end]) & 0xC0) == 0x80) ++end;
    return text_.substr(next_, end - next_);
  }

  // --- keys and headers ---

  bool key_part(KeyPath& path) {
    KeyPart part;
    part.at = here();
    const std::size_t start = next_;
    if (peek() == '"' || peek() == '\'') {
      if (next_is("\"\"\"") || next_is("'''")) {
        return fault(start, "a key must be on one line, in single or double quotes");
      }
      Value name;
      if (!string_token() || !scalar_value(start, name)) return false;
      part.name = std::move(name.string);
    } else {
      while (bare_key_character(peek())) ++next_;
      part.name = text_.substr(start, next_ - start);
      if (part.name.empty()) return missing_key();
    }
    path.push_back(std::move(part));
    return true;
  }

  bool missing_key() {
    if (done() || peek() == '\n') return fault(next_, "a key is missing at the end of the line");
    return fault(next_, fmt::format("expected a key (A-Z a-z 0-9 _ -, or any text in quotes), "
                                    "found '{}'",
                                    next_character()));
  }

  /// Reads `a.b.c`, and skips blanks after it.
  bool key_path(KeyPath& path) {
    do {
      skip_blanks();
      const std::size_t start = next_;
      if (!path.empty() && !one_more(start)) return false;  // a table for each part but the last
      if (!key_part(path)) return false;
      if (depth_ + static_cast<int>(path.size()) > kMaxDepth) return too_deep(start);
      skip_blanks();
    } while (take('.'));
    return true;
  }

  bool too_deep(std::size_t offset) {
    return fault(offset, fmt::format("nested too deep, must be at most {} levels", kMaxDepth));
  }

  /// Reads `[a.b]` or `[[a.b]]`. `table` becomes the table of the following lines.
  bool header(Value& root, Value*& table) {
    ++next_;
    const bool repeated = take('[');
    KeyPath path;
    depth_ = 0;
    if (!one_more(next_) || !key_path(path)) return false;
    depth_ = static_cast<int>(path.size());
    if (!take(']') || (repeated && !take(']'))) {
      return fault(next_, fmt::format("the header is not closed by {}", repeated ? "]]" : "]"));
    }
    name_.clear();
    add_to_name(path);
    auto headed = table_of_header(root, path, repeated);
    if (headed) {
      table = *headed;
      return true;
    }
    // Read the following lines into the first section of that name, so that their faults are
    // reported too.
    Value& first = root.table[path.front().name].value;
    table = path.size() == 1 && first.form == Form::headed ? &first : &(passed_over_ = Value());
    return clash(std::move(headed.error()));
  }

  void add_to_name(const KeyPath& path) {
    for (const KeyPart& part : path) name_ += (name_.empty() ? "" : ".") + part.name;
  }

  /// Reports a double definition. Returns whether reading continues.
  bool clash(TomlFault&& found) {
    found.key = shortened(name_, kMostOfName);
    if (doubles_ != nullptr)
      doubles_->push_back(std::move(found));
    else if (!fault_)
      fault_ = std::move(found);
    return doubles_ != nullptr;
  }

  /// Reads `a.b = value` into `table`.
  bool key_value(Value& table) {
    const int outer = depth_;
    const std::size_t outer_name = name_.size();
    KeyPath path;
    if (!key_path(path)) return false;
    depth_ += static_cast<int>(path.size());
    add_to_name(path);
    if (!take('=')) {
      return fault(next_, "this key is not followed by = and a value");  // it may be "NAME=SECRET"
    }
    skip_blanks();
    auto member = member_of_key(table, path);
    if (!member && !clash(std::move(member.error()))) return false;
    Value second;
    const bool good = value(member ? (*member)->value : second);
    depth_ = outer;
    name_.resize(outer_name);
    return good;
  }

  // --- values ---

  bool one_more(std::size_t offset) {
    return ++values_ <= kMaxValues ||
           fault(offset, fmt::format("too many values, must be at most {}", kMaxValues));
  }

  bool value(Value& result) {
    const std::size_t start = next_;
    const SourcePosition at = here();
    if (!one_more(start)) return false;
    const char first = peek();
    bool good = false;
    if (first == '[' || first == '{') {
      if (++depth_ > kMaxDepth) return too_deep(start);
      good = first == '[' ? array(result) : inline_table(result);
      --depth_;
    } else {
      good = token() && scalar_value(start, result);
    }
    result.at = at;
    return good;
  }

  bool array(Value& result) {
    const std::size_t start = next_++;
    result.type = ValueType::array;
    while (true) {
      if (!skip_lines()) return fault(start, "this array is not closed by ]");
      if (take(']')) return true;
      if (!value(result.array.emplace_back())) return false;
      if (!skip_lines()) return fault(start, "this array is not closed by ]");
      if (!take(',') && peek() != ']') {
        return fault(next_, fmt::format("expected , or ], found '{}'", next_character()));
      }
    }
  }

  bool inline_table(Value& result) {
    ++next_;
    result.type = ValueType::table;
    skip_blanks();
    if (take('}')) return true;
    const auto line_ends = [&] { return done() || peek() == '\n' || peek() == '#'; };
    const auto cut_off = [&] {
      return fault(next_,
                   "an inline table must be closed by } on the same line; to write its keys on "
                   "several lines, put them below a header, such as [service.env]");
    };
    while (true) {
      skip_blanks();
      if (line_ends()) return cut_off();
      if (!key_value(result)) return false;
      skip_blanks();
      if (take('}')) break;
      if (take(',')) continue;
      if (line_ends()) return cut_off();
      return fault(next_, fmt::format("expected , or }}, found '{}'", next_character()));
    }
    close_table(result);
    return true;
  }

  /// Skips the characters of a scalar.
  bool token() {
    if (peek() == '"' || peek() == '\'') return string_token();
    const std::size_t start = next_;
    const auto passes = [](char c) {
      return std::string_view(" \t\n,]}#").find(c) == std::string_view::npos;
    };
    const auto pass = [&] {
      while (!done() && passes(peek())) ++next_;
    };
    pass();
    if (next_ == start) return fault(start, "a value is missing");
    // 1979-05-27 07:32:00: the only blank that a scalar may have.
    const std::string_view word = text_.substr(start, next_ - start);
    if (word.size() == 10 && word[4] == '-' && word[7] == '-' && peek() == ' ' &&
        is_digit(peek(1))) {
      ++next_;
      pass();
    }
    return true;
  }

  bool string_token() {
    const std::size_t start = next_;
    const char quote = peek();
    const bool long_form = peek(1) == quote && peek(2) == quote;
    const std::string_view close = text_.substr(start, long_form ? 3 : 1);
    next_ += close.size();
    while (!next_is(close)) {
      if (done() || (!long_form && peek() == '\n')) {
        return fault(start, fmt::format("this string is not closed by {}", close));
      }
      if (quote == '"' && peek() == '\\' && !escape(long_form)) return false;
      ++next_;
    }
    next_ += close.size();
    // Up to two quotes may precede the closing three.
    for (int i = 0; long_form && i < 2; ++i) take(quote);
    return true;
  }

  /// Skips the backslash and checks the next character, but does not skip it.
  bool escape(bool long_form) {
    const std::size_t start = next_++;
    const char c = peek();
    if (std::string_view("btnfr\"\\uU").find(c) != std::string_view::npos && !done()) return true;
    if (long_form && (c == '\n' || c == ' ' || c == '\t')) return true;
    return fault(start,
                 fmt::format("\\{} is not an escape of TOML; a backslash is \\\\, and a string in "
                             "single quotes has no escapes",
                             done() || c == '\n' ? "" : next_character()));
  }

  bool scalar_value(std::size_t start, Value& result) {
    auto scalar = toml_scalar(text_.substr(start, next_ - start));
    if (!scalar) return fault(start, std::move(scalar.error()));
    const SourcePosition at = result.at;
    result = std::move(*scalar);
    result.at = at;
    return true;
  }

  const std::string_view text_;
  PlaceFinder places_;
  std::size_t next_ = 0;  // offset of the next character
  int values_ = 0;        // number of values read so far
  int depth_ = 0;         // depth of the present value
  std::string name_;      // the present section or key, with dots
  Value passed_over_;     // holds the keys after a refused header
  std::vector<TomlFault>* const doubles_;
  std::optional<TomlFault> fault_;
};

}  // namespace

bool bare_key_character(char c) noexcept {
  return is_letter(c) || is_digit(c) || c == '_' || c == '-';
}

tl::expected<Value, TomlFault> read_toml(std::string_view raw, std::uint32_t source,
                                         std::vector<TomlFault>* doubles) {
  auto text = clean_source(raw, source);
  if (!text) return tl::unexpected(std::move(text.error()));
  return TomlReader(*text, source, doubles).read();
}

}  // namespace zinit
