// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A reader for the part of YAML that service files use: see yaml.hpp. libyaml would double the size
// of the whole of `zinitctl import`.
#include "import/yaml.hpp"

#include <vector>

#include "base/format.hpp"
#include "base/text.hpp"
#include "config/toml_reader.hpp"
#include "config/value_text.hpp"

namespace zinit {

namespace {

/// Ends the reading: thrown and caught in this file.
struct YamlFault {
  std::string text;
};

/// At a character inside quotes: skips an escaped one, and clears `quote` at the closing one.
void pass_quoted(std::string_view text, std::size_t& i, char& quote) {
  if (text[i] == '\\' && quote == '"')
    ++i;
  else if (text[i] == quote)
    quote = 0;
}

/// `text` without a comment at its end, and without blanks before the comment.
std::string_view without_comment(std::string_view text) {
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (quote != 0) {
      pass_quoted(text, i, quote);
    } else if ((text[i] == '"' || text[i] == '\'') &&
               (i == 0 || std::string_view(" [{,:-").find(text[i - 1]) < 6)) {
      quote = text[i];
    } else if (text[i] == '#' && (i == 0 || text[i - 1] == ' ' || text[i - 1] == '\t')) {
      return trim(text.substr(0, i));
    }
  }
  return trim(text);
}

/// The place of the colon in `KEY: `, outside of quotes and brackets; npos if there is none.
std::size_t colon_of(std::string_view text) {
  char quote = 0;
  if (text.starts_with('[') || text.starts_with('{')) return text.npos;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (quote != 0) {
      pass_quoted(text, i, quote);
    } else if (i == 0 && (text[i] == '"' || text[i] == '\'')) {
      quote = text[i];
    } else if (text[i] == ':' && (i + 1 == text.size() || text[i + 1] == ' ')) {
      return i;
    }
  }
  return text.npos;
}

bool is_element(std::string_view text) { return text == "-" || text.starts_with("- "); }

class YamlReader {
 public:
  explicit YamlReader(std::string_view text) {
    int number = 0;
    for (const std::string_view raw : split(text, '\n')) {
      const std::size_t indent = raw.find_first_not_of(' ');
      lines_.push_back({indent == raw.npos ? 0 : indent,
                        indent == raw.npos ? "" : raw.substr(indent), raw, ++number});
    }
  }

  Value read() {
    skip();
    if (at_ < lines_.size() && lines_[at_].text.starts_with("---")) ++at_;
    skip();
    Value value = node(0, 0);
    skip();
    if (at_ < lines_.size() && lines_[at_].text != "...") fail("does not belong to what is before");
    return value;
  }

 private:
  struct Line {
    std::size_t indent;
    std::string_view text;
    std::string_view raw;
    int number;
  };

  [[noreturn]] void fail(std::string_view what) const {
    const int number = at_ < lines_.size() ? lines_[at_].number : static_cast<int>(lines_.size());
    throw YamlFault{fmt::format("line {}: {}", number, what)};
  }

  /// Skips empty lines and comments.
  void skip() {
    while (at_ < lines_.size() &&
           (trim(lines_[at_].text).empty() || lines_[at_].text.starts_with('#')))
      ++at_;
  }

  Value text_at(std::string text) const {
    Value value = text_value(std::move(text));
    if (at_ < lines_.size()) value.at.line = lines_[at_].number;
    return value;
  }

  void count(int depth) {
    if (depth > kMaxDepth) fail("nested too deep");
    if (++values_ > kMaxValues) fail("the file has too many values");
  }

  /// The value that begins at the current line, which is indented by at least `indent`.
  Value node(std::size_t indent, int depth) {
    count(depth);
    skip();
    if (at_ == lines_.size() || lines_[at_].indent < indent) return scalar_value({});
    const Line line = lines_[at_];
    if (line.text.starts_with('\t')) fail("a tab indents it");
    if (is_element(line.text)) return sequence(line.indent, depth);
    if (colon_of(without_comment(line.text)) != line.text.npos) return mapping(line.indent, depth);
    ++at_;
    return scalar_or_flow(without_comment(line.text), line.indent, depth, line.number);
  }

  Value sequence(std::size_t indent, int depth) {
    Value list{.type = ValueType::array};
    for (skip();
         at_ < lines_.size() && lines_[at_].indent == indent && is_element(lines_[at_].text);
         skip()) {
      Line& line = lines_[at_];
      const std::size_t content = line.text.find_first_not_of(' ', 1);
      if (content == line.text.npos || line.text[content] == '#') {
        ++at_;
        list.array.push_back(node(indent + 1, depth + 1));
        continue;
      }
      line.indent += content;
      line.text.remove_prefix(content);
      list.array.push_back(node(line.indent, depth + 1));
    }
    return list;
  }

  Value mapping(std::size_t indent, int depth) {
    Value table;
    table.at.line = lines_[at_].number;
    for (skip(); at_ < lines_.size() && lines_[at_].indent == indent; skip()) {
      const Line line = lines_[at_];
      const std::string_view text = without_comment(line.text);
      const std::size_t colon = colon_of(text);
      if (colon == text.npos || is_element(text)) fail("is no KEY: VALUE");
      const std::string key = scalar(trim(text.substr(0, colon)));
      if (key == "<<" || key.starts_with('?')) fail("such a key is not read");
      const std::string_view rest = trim(text.substr(colon + 1));
      ++at_;
      Value value = rest.empty() ? below(indent, depth)
                                 : scalar_or_flow(rest, indent, depth + 1, line.number);
      const auto [member, fresh] = table.table.try_emplace(key);
      if (!fresh) fail(fmt::format("{} is there twice", key));
      member->second.at.line = line.number;
      member->second.value = std::move(value);
    }
    if (at_ < lines_.size() && lines_[at_].indent > indent) fail("is indented too far");
    return table;
  }

  /// The value of a key without a value on its line. A sequence need not be indented.
  Value below(std::size_t indent, int depth) {
    skip();
    if (at_ < lines_.size() && lines_[at_].indent == indent && is_element(lines_[at_].text))
      return sequence(indent, depth + 1);
    return node(indent + 1, depth + 1);
  }

  Value scalar_or_flow(std::string_view text, std::size_t indent, int depth, int number) {
    count(depth);
    Value value;
    if (text.starts_with('|') || text.starts_with('>')) {
      value = text_value(block(text, indent));
    } else {
      std::string whole(text);
      Brackets brackets;
      brackets.take(whole);
      const bool flow = text.starts_with('[') || text.starts_with('{');
      const bool quoted = text.starts_with('"') || text.starts_with('\'');
      while (at_ < lines_.size() && (flow ? brackets.open > 0 : quoted ? !closed(whole) : true)) {
        if (!flow && !quoted) skip();
        if (at_ == lines_.size() || (!flow && lines_[at_].indent <= indent)) break;
        const std::string_view more = without_comment(lines_[at_++].text);
        whole.append(" ").append(more);
        brackets.take(more);
      }
      if (flow) {
        std::string_view rest = whole;
        value = this->flow(rest, depth);
        if (!trim(rest).empty()) fail("has more behind a bracket");
      } else {
        value = scalar_value(whole);
      }
    }
    value.at.line = number;
    return value;
  }

  static bool closed(const std::string& text) {
    if (text.size() < 2 || text.back() != text.front()) return false;
    return text.front() == '\'' || text[text.size() - 2] != '\\';
  }

  /// Counts brackets outside of quotes, through all lines of a value.
  struct Brackets {
    int open = 0;
    char quote = 0;

    void take(std::string_view text) {
      for (const char c : text) {
        if (quote != 0)
          quote = c == quote ? '\0' : quote;
        else if (c == '"' || c == '\'')
          quote = c;
        else
          open += c == '[' || c == '{' ? 1 : c == ']' || c == '}' ? -1 : 0;
      }
    }
  };

  /// A literal (|) or folded (>) block.
  std::string block(std::string_view head, std::size_t indent) {
    std::string text;
    std::size_t own = 0;
    for (; at_ < lines_.size(); ++at_) {
      const Line& line = lines_[at_];
      if (trim(line.raw).empty()) {
        text += '\n';
        continue;
      }
      if (line.indent <= indent) break;
      if (own == 0) own = line.indent;
      text.append(line.raw.substr(std::min(own, line.indent)))
          .append(head.starts_with('>') ? " " : "\n");
    }
    return std::string(trim(text));
  }

  /// A collection in brackets, or a scalar within one. Removes it from `text`.
  Value flow(std::string_view& text, int depth) {
    count(depth);
    text = trim(text);
    const char open = text.empty() ? '\0' : text.front();
    if (open != '[' && open != '{') {
      std::size_t end = 0;
      char quote = 0;
      for (; end < text.size(); ++end) {
        if (quote != 0)
          quote = text[end] == quote ? '\0' : quote;
        else if (text[end] == '"' || text[end] == '\'')
          quote = text[end];
        else if (std::string_view(",]}").find(text[end]) < 3 ||
                 (text[end] == ':' && (end + 1 == text.size() || text[end + 1] == ' ')))
          break;
      }
      const std::string_view word = trim(text.substr(0, end));
      text.remove_prefix(end);
      return scalar_value(word);
    }
    Value value{.type = open == '[' ? ValueType::array : ValueType::table};
    text.remove_prefix(1);
    while (true) {
      text = trim(text);
      if (text.empty()) fail("a bracket has no end");
      if (text.front() == (open == '[' ? ']' : '}')) break;
      Value one = flow(text, depth + 1);
      text = trim(text);
      if (open == '{') {
        if (!text.starts_with(':')) fail("has no KEY: VALUE in braces");
        text.remove_prefix(1);
        const auto [member, fresh] = value.table.try_emplace(one.string);
        if (!fresh) fail(fmt::format("{} is there twice", one.string));
        member->second.value = flow(text, depth + 1);
      } else {
        value.array.push_back(std::move(one));
      }
      text = trim(text);
      if (text.starts_with(','))
        text.remove_prefix(1);
      else if (!text.starts_with(open == '[' ? ']' : '}'))
        fail("a comma is missing in brackets");
    }
    text.remove_prefix(1);
    return value;
  }

  /// By YAML's core schema.
  static bool is_null(std::string_view text) {
    return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
  }

  Value scalar_value(std::string_view text) const {
    Value value = text_value(scalar(text));
    value.boolean = is_null(text);
    return value;
  }

  std::string scalar(std::string_view text) const {
    if (is_null(text)) return {};
    if (text.starts_with('&') || text.starts_with('*') || text.starts_with('!'))
      fail("anchors, aliases and tags are not read; write the value in their place");
    const char quote = text.empty() ? '\0' : text.front();
    if (quote != '"' && quote != '\'') return std::string(text);
    if (text.size() < 2 || text.back() != quote) fail("a quote has no end");
    std::string result;
    text = text.substr(1, text.size() - 2);
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (quote == '\'' && text.substr(i).starts_with("''")) ++i;
      if (quote == '"' && text[i] == '\\' && i + 1 < text.size()) {
        const char c = text[++i];
        result += c == 'n' ? '\n' : c == 't' ? '\t' : c;
      } else {
        result += text[i];
      }
    }
    return result;
  }

  std::vector<Line> lines_;
  std::size_t at_ = 0;
  int values_ = 0;
};

}  // namespace

Result<Value> read_yaml(std::string_view text) {
  try {
    return YamlReader(text).read();
  } catch (const YamlFault& fault) {
    return failure(fault.text);
  }
}

}  // namespace zinit
