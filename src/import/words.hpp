// Splits command lines as other inits do, and writes them for the shell.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace zinit {

/// Whose rules a command line follows.
enum class Quoting {
  shell,    // supervisord, YAML, compose: quotes anywhere, a backslash keeps the next character
  systemd,  // escapes as in C, inside of quotes too
  dinit,    // as the shell, but without single quotes
};

/// The words of `text`, without expansion of variables; none if a quote has no end.
[[nodiscard]] std::vector<std::string> split_words(std::string_view text, Quoting quoting);

/// `text` as one word of the shell that means nothing but itself.
[[nodiscard]] std::string shell_quoted(std::string_view text);

/// Whether it is a name of an environment variable.
[[nodiscard]] bool is_variable_name(std::string_view text);

/// `words` as a line for the shell that replaces the shell by the command. Variables are expanded
/// as systemd.service(5) says: `$NAME` as a word becomes several words, `${NAME}` is part of one,
/// `$$` is a dollar.
[[nodiscard]] std::string shell_line(const std::vector<std::string>& words);

/// Whether a word has a variable that shell_line() would expand.
[[nodiscard]] bool has_variable(const std::vector<std::string>& words);

/// `$$` in each word is one dollar: for words that have no variable.
[[nodiscard]] std::vector<std::string> without_variables(std::vector<std::string> words);

}  // namespace zinit
