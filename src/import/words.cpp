// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Splits and writes command lines: see words.hpp.
#include "import/words.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace zinit {

namespace {

constexpr bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

constexpr bool is_name_character(char c) { return is_letter(c) || is_digit(c) || c == '_'; }

/// Reads the number whose digits begin at `at`; leaves `at` on its last digit.
unsigned numbered(std::string_view text, std::size_t& at, int base, std::size_t digits) {
  unsigned number = 0;
  std::size_t end = at;
  for (; end < text.size() && end < at + digits; ++end) {
    const char c = text[end];
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : base;
    if (digit >= base) break;
    number = number * static_cast<unsigned>(base) + static_cast<unsigned>(digit);
  }
  at = end - 1;
  return number;
}

/// A character as UTF-8.
std::string encoded(unsigned code) {
  if (code < 0x80) return {static_cast<char>(code)};
  std::string bytes;
  for (; code >= (bytes.empty() ? 0x40U : 0x40U >> bytes.size()); code >>= 6)
    bytes.insert(bytes.begin(), static_cast<char>(0x80 | (code & 0x3f)));
  const unsigned mark = 0xff00U >> (bytes.size() + 1);
  bytes.insert(bytes.begin(), static_cast<char>(mark | code));
  return bytes;
}

/// The character for the escape at `at`, as in C. Leaves `at` on its last character.
std::string escaped(std::string_view text, std::size_t& at) {
  constexpr std::string_view letters = "abfnrtvs", meanings = "\a\b\f\n\r\t\v ";
  const char c = text[at];
  const std::size_t letter = letters.find(c);
  if (letter != std::string_view::npos) return {meanings[letter]};
  if (c == 'x') return {static_cast<char>(numbered(text, ++at, 16, 2))};
  if (c == 'u' || c == 'U') return encoded(numbered(text, ++at, 16, c == 'u' ? 4 : 8));
  if (c >= '0' && c <= '7') return {static_cast<char>(numbered(text, at, 8, 3))};
  return {c};
}

/// The length of `${NAME}` at the start of `text`; 0 if there is none.
std::size_t braced_variable(std::string_view text) {
  if (!text.starts_with("${")) return 0;
  const std::size_t end = text.find('}');
  return end != std::string_view::npos && is_variable_name(text.substr(2, end - 2)) ? end + 1 : 0;
}

bool is_variable_word(std::string_view word) {
  return word.starts_with('$') && is_variable_name(word.substr(1));
}

}  // namespace

std::vector<std::string> split_words(std::string_view text, Quoting quoting) {
  std::vector<std::string> words;
  std::string word;
  bool in_word = false;
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\' && i + 1 < text.size() && (quote != '\'' || quoting == Quoting::systemd)) {
      ++i;
      if (quoting == Quoting::systemd)
        word += escaped(text, i);
      else if (quote == '"' && text[i] != '"' && text[i] != '\\')
        word.append({'\\', text[i]});
      else
        word += text[i];
      in_word = true;
    } else if (quote != 0) {
      c == quote ? void(quote = 0) : void(word += c);
    } else if (c == '"' || (c == '\'' && quoting != Quoting::dinit)) {
      quote = c;
      in_word = true;
    } else if (!is_blank(c)) {
      word += c;
      in_word = true;
    } else if (in_word) {
      words.push_back(std::move(word));
      word.clear();
      in_word = false;
    }
  }
  if (quote != 0) return {};
  if (in_word) words.push_back(std::move(word));
  return words;
}

std::string shell_quoted(std::string_view text) {
  constexpr std::string_view plain = "_-+=./:,@%";
  const auto is_plain = [&](char c) {
    return is_name_character(c) || plain.find(c) < plain.size();
  };
  if (!text.empty() && std::ranges::all_of(text, is_plain)) return std::string(text);
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'')
      quoted += "'\\''";
    else
      quoted += c;
  }
  return quoted + "'";
}

std::string shell_line(const std::vector<std::string>& words) {
  std::string line = "exec";
  for (const std::string& word : words) {
    line += ' ';
    if (is_variable_word(word)) {
      line += word;
      continue;
    }
    if (!has_variable({word})) {
      line += shell_quoted(without_variables({word}).front());
      continue;
    }
    line += '"';
    for (std::size_t i = 0; i < word.size(); ++i) {
      const std::string_view rest = std::string_view(word).substr(i);
      if (const std::size_t length = braced_variable(rest)) {
        line += rest.substr(0, length);
        i += length - 1;
        continue;
      }
      if (rest.starts_with("$$")) ++i;
      if (std::string_view("$`\"\\").find(word[i]) != std::string_view::npos) line += '\\';
      line += word[i];
    }
    line += '"';
  }
  return line;
}

bool has_variable(const std::vector<std::string>& words) {
  return std::ranges::any_of(words, [](const std::string& word) {
    if (is_variable_word(word)) return true;
    for (std::size_t i = word.find('$'); i < word.size(); i = word.find('$', i + 1)) {
      if (word.compare(i, 2, "$$") == 0)
        ++i;
      else if (braced_variable(std::string_view(word).substr(i)) > 0)
        return true;
    }
    return false;
  });
}

std::vector<std::string> without_variables(std::vector<std::string> words) {
  for (std::string& word : words)
    for (std::size_t i = word.find("$$"); i != std::string::npos; i = word.find("$$", i + 1))
      word.erase(i, 1);
  return words;
}

}  // namespace zinit
