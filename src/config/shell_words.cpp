// Splits a command into words if a shell would do nothing else with it (POSIX.1-2017, XCU 2).
#include "config/shell_words.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

namespace zinit {

namespace {

// Words that a shell handles itself, so there may be no such program: builtins and keywords of
// dash, bash and busybox ash, and POSIX's reserved words. Sorted by bytes.
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

/// Characters that mean something to some shell anywhere outside quotes: operators, expansions,
/// patterns, brace expansion of bash, the end of a command. In double quotes only $, ` and \ do.
constexpr std::string_view kSpecial = "|&;<>()$`\\*?[{}\n";
constexpr std::string_view kSpecialInQuotes = "$`\\";

bool name_character(char c, bool first) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         (!first && c >= '0' && c <= '9');
}

/// Whether a shell would set a variable: NAME=... or NAME+=.... `raw` is the word with its quotes,
/// since a word with quotes in the name is no assignment.
bool is_assignment(std::string_view raw) {
  std::size_t end = 0;
  while (end < raw.size() && name_character(raw[end], end == 0)) ++end;
  if (end == 0) return false;
  if (raw.substr(end, 1) == "+") ++end;
  return raw.substr(end, 1) == "=";
}

/// Reads words until their end or until a shell is needed.
class Splitter {
 public:
  explicit Splitter(std::string_view text) : text_(text) {}

  /// The words; nothing where a shell is needed or would refuse the text.
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

  /// After words() has returned nothing: whether the reason is a quote that is not closed.
  [[nodiscard]] bool open_quote() const { return open_quote_; }

 private:
  bool skip_blanks() {
    while (next_ < text_.size() && (text_[next_] == ' ' || text_[next_] == '\t')) ++next_;
    return next_ < text_.size();
  }

  bool read_word(std::string& word) {
    char before = '\0';  // # begins a comment, and ~ may name a home, at the start of a word
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
  text = trim(text);
  std::size_t last = 0;  // where the last command begins
  char quote = '\0';
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\' && quote != '\'') {
      ++i;
    } else if (quote != '\0') {
      if (c == quote) quote = '\0';
    } else if (c == '\'' || c == '"') {
      quote = c;
    } else if (std::string_view(";&|\n").find(c) != std::string_view::npos) {
      // Of a redirection: 2>&1
      if (c == '&' && i > 0 && (text[i - 1] == '>' || text[i - 1] == '<')) continue;
      last = i + 1;
    }
  }
  const std::string_view command = trim(text.substr(std::min(last, text.size())));
  return last != 0 && command != "exec" && !command.starts_with("exec ");
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
