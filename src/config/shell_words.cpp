// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Splits a command into words if a shell would do only that with it (POSIX.1-2017, XCU 2).
#include "config/shell_words.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/lists.hpp"
#include "base/text.hpp"

namespace zinit {

namespace {

// Words that a shell handles itself, so a program of that name may not exist: builtins and keywords
// of dash, bash and busybox ash, and POSIX's reserved words. Sorted by bytes.
constexpr std::string_view kShellOwn[] = {
    "!",        ".",        ":",         "[",        "[[",      "]]",      "alias",  "bg",
    "bind",     "break",    "builtin",   "caller",   "case",    "cd",      "chdir",  "command",
    "compgen",  "complete", "compopt",   "continue", "coproc",  "declare", "dirs",   "disown",
    "do",       "done",     "echo",      "elif",     "else",    "enable",  "esac",   "eval",
    "exec",     "exit",     "export",    "false",    "fc",      "fg",      "fi",     "for",
    "function", "getopts",  "hash",      "help",     "history", "if",      "in",     "jobs",
    "kill",     "let",      "local",     "logout",   "mapfile", "popd",    "printf", "pushd",
    "pwd",      "read",     "readarray", "readonly", "return",  "select",  "set",    "shift",
    "shopt",    "source",   "suspend",   "test",     "then",    "time",    "times",  "trap",
    "true",     "type",     "typeset",   "ulimit",   "umask",   "unalias", "unset",  "until",
    "wait",     "while",    "{",         "}",
};
static_assert(std::is_sorted(std::begin(kShellOwn), std::end(kShellOwn)));

/// Characters that some shell interprets anywhere outside quotes: operators, expansions, patterns,
/// brace expansion of bash, the end of a command. In double quotes only $, ` and \ count.
constexpr std::string_view kSpecial = "|&;<>()$`\\*?[{}\n";
constexpr std::string_view kSpecialInQuotes = "$`\\";

bool name_character(char c, bool first) {
  return is_letter(c) || c == '_' || (!first && is_digit(c));
}

/// Whether a shell would set a variable: NAME=... or NAME+=.... `raw` is the word with its quotes,
/// because quotes in the name prevent an assignment.
bool is_assignment(std::string_view raw) {
  std::size_t end = 0;
  while (end < raw.size() && name_character(raw[end], end == 0)) ++end;
  if (end == 0) return false;
  if (raw.substr(end, 1) == "+") ++end;
  return raw.substr(end, 1) == "=";
}

/// Reads words until their end, or until a shell is needed.
class Splitter {
 public:
  explicit Splitter(std::string_view text) : text_(text) {}

  /// The words; nothing if a shell is needed or would refuse the text.
  std::optional<std::vector<std::string>> words() {
    std::vector<std::string> words;
    while (skip_blanks()) {
      const std::size_t start = next_;
      std::string word;
      if (!read_word(word)) return std::nullopt;
      if (words.empty() && is_assignment(text_.substr(start, next_ - start))) return std::nullopt;
      words.push_back(std::move(word));
    }
    return words;
  }

  /// After words() has returned nothing: whether the cause is an unclosed quote.
  [[nodiscard]] bool open_quote() const { return open_quote_; }

 private:
  bool skip_blanks() {
    while (next_ < text_.size() && (text_[next_] == ' ' || text_[next_] == '\t')) ++next_;
    return next_ < text_.size();
  }

  bool read_word(std::string& word) {
    char before = '\0';  // at the start of a word # begins a comment, and ~ may name a home
    for (; next_ < text_.size(); before = text_[next_++]) {
      const char c = text_[next_];
      if (c == ' ' || c == '\t') return true;
      if (kSpecial.find(c) != std::string_view::npos) return false;
      if (c == '#' && before == '\0') return false;
      if (c == '~' && (before == '\0' || before == '=' || before == ':')) return false;
      if (c != '\'' && c != '"') {
        word += c;
      } else if (!read_quoted(c, word)) {
        return false;
      }
    }
    return true;
  }

  /// Reads from the opening quote, and stops at the closing one.
  bool read_quoted(char quote, std::string& word) {
    for (++next_; next_ < text_.size(); ++next_) {
      const char c = text_[next_];
      if (c == quote) return true;
      if (quote == '"' && kSpecialInQuotes.find(c) != std::string_view::npos) return false;
      word += c;
    }
    open_quote_ = true;
    return false;
  }

  const std::string_view text_;
  std::size_t next_ = 0;
  bool open_quote_ = false;
};

/// Whether a shell would not look for a program of that name. In bash, %1 is a job.
bool shell_takes(std::string_view program) {
  return program.starts_with('%') ||
         std::binary_search(std::begin(kShellOwn), std::end(kShellOwn), program);
}

/// Tracks quotes and parentheses in a text for a shell.
class Nesting {
 public:
  /// Takes the next character. @return  whether it is outside of both
  bool outside(char c) {
    if (std::exchange(escaped_, false)) return false;
    escaped_ = c == '\\' && quote_ != '\'';
    if (escaped_) return false;
    if (quote_ != '\0') {
      if (c == quote_) quote_ = '\0';
      return false;
    }
    if (std::string_view("'\"`").find(c) != std::string_view::npos) {
      quote_ = c;
      return false;
    }
    if (c == '(') return depth_++ == 0;
    if (depth_ == 0) return true;
    if (c == ')') --depth_;
    return false;
  }

  /// The last opened parenthesis begins a group of commands, so it does not count as nesting.
  void forget_open() { --depth_; }

 private:
  bool escaped_ = false;
  char quote_ = '\0';
  int depth_ = 0;
};

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n'; }

/// Whether the character at `i` belongs to a redirection, as in 2>&1, &>log and >|log.
bool redirects(std::string_view text, std::size_t i) {
  const char before = i > 0 ? text[i - 1] : '\0';
  return before == '>' || before == '<' || text.substr(i, 2) == "&>";
}

/// The commands in a text for a shell, separated by operators, line ends and comments. Words of
/// compound commands stay with them: "then exec a".
std::vector<std::string_view> commands_in(std::string_view text) {
  std::vector<std::string_view> commands;
  Nesting nesting;
  std::size_t begin = 0;
  const auto end_at = [&](std::size_t end, std::size_t next) {
    const std::string_view command = trim(text.substr(begin, end - begin));
    if (!command.empty()) commands.push_back(command);
    begin = next;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (!nesting.outside(c)) continue;
    if (c == '(') {
      if (!trim(text.substr(begin, i - begin)).empty()) continue;
      nesting.forget_open();
      begin = i + 1;
    } else if (c == '#' && (i == begin || is_blank(text[i - 1]))) {
      const std::size_t line_end = std::min(text.find('\n', i), text.size());
      end_at(i, line_end);
      i = line_end - 1;
    } else if (std::string_view(";&|\n)").find(c) != std::string_view::npos &&
               !redirects(text, i)) {
      end_at(i, i + 1);
    }
  }
  end_at(text.size(), text.size());
  return commands;
}

/// The first word with its quotes.
std::string_view first_word(std::string_view text) {
  Nesting nesting;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (nesting.outside(text[i]) && is_blank(text[i])) return text.substr(0, i);
  return text;
}

/// A command without the reserved words and assignments in front of it.
std::string_view without_prefix(std::string_view command) {
  constexpr std::string_view reserved[] = {"then",  "else",  "elif", "if", "do",
                                           "while", "until", "{",    "!",  "time"};
  while (true) {
    const std::string_view word = first_word(command);
    if (word.empty() || (!is_assignment(word) && !contains(reserved, word))) return command;
    command = trim(command.substr(word.size()));
  }
}

/// Whether a command with this first word only ends earlier commands.
bool is_closing(std::string_view word) {
  constexpr std::string_view closing[] = {"fi", "done", "esac", "}", "exit"};
  return contains(closing, word);
}

constexpr std::string_view kShells[] = {"sh", "dash", "bash", "ash", "ksh", "mksh", "zsh"};

}  // namespace

Result<Command> command_from_string(std::string_view text) {
  // Line ends around the command, as in a multi-line string, mean nothing to a shell.
  constexpr std::string_view blanks = " \t\n";
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return failure("is empty, must name a program");
  Splitter splitter(text.substr(first, text.find_last_not_of(blanks) + 1 - first));
  auto words = splitter.words();
  if (splitter.open_quote()) return failure("has an unclosed quote");
  if (words && words->front().empty()) return failure("must begin with a program");
  if (words && !shell_takes(words->front())) return Command{std::move(*words), true};
  return Command{{"/bin/sh", "-c", std::string(text)}};
}

bool shell_stays(std::string_view text) {
  if (text.find("<<") != std::string_view::npos) return false;  // its lines would count as commands
  auto commands = commands_in(text);
  const bool several = commands.size() > 1;
  while (!commands.empty() && is_closing(first_word(commands.back()))) commands.pop_back();
  return several && !commands.empty() && first_word(without_prefix(commands.back())) != "exec";
}

bool shell_traps(std::string_view text) {
  return std::ranges::any_of(commands_in(text), [](std::string_view command) {
    return first_word(without_prefix(command)) == "trap";
  });
}

std::string_view shell_text(const std::vector<std::string>& argv) {
  auto word = argv.begin();
  const auto skip = [&](const auto& matches) {
    while (word != argv.end() && matches(*word)) ++word;
  };
  const auto is_option = [](const std::string& text) { return text.starts_with('-'); };
  if (word != argv.end() && last_part(*word) == "env") {
    ++word;
    skip([&](const std::string& text) { return is_option(text) || is_assignment(text); });
  }
  if (word != argv.end() && last_part(*word) == "busybox") ++word;
  if (word == argv.end() || !contains(kShells, last_part(*word))) return {};
  bool has_text = false;
  for (++word; word != argv.end() && is_option(*word); ++word) {
    if (word->starts_with("--")) continue;
    has_text |= word->find('c') != std::string::npos;
    if (word->ends_with('o') && ++word == argv.end()) return {};  // -o NAME
  }
  return has_text && word != argv.end() ? std::string_view(*word) : std::string_view{};
}

std::string_view first_program(std::string_view text) {
  const auto plain = [](char c) {
    return name_character(c, false) || std::string_view("./+-").find(c) != std::string_view::npos;
  };
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t\n"), text.size()));
    const auto end = std::ranges::find_if_not(text, plain);
    const std::string_view word(text.begin(), end);
    const bool ends =
        end == text.end() || std::string_view(" \t\n;&|").find(*end) != std::string_view::npos;
    if (!ends || word.starts_with('-') || (word != "exec" && shell_takes(word))) return {};
    if (word != "exec") return word;
    text.remove_prefix(word.size());
  }
}

}  // namespace zinit
