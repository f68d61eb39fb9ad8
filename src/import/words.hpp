// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Splits command lines by the rules of other inits, and writes them for the shell.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/environment.hpp"

namespace zinit {

/// The rules of a command line.
enum class Quoting {
  shell,    // supervisord, YAML, compose: quotes anywhere, a backslash keeps the next character
  systemd,  // escapes as in C, also inside quotes
  dinit,    // like the shell, but without single quotes
};

/// The words of `text`, without expansion of variables; empty if a quote has no end.
[[nodiscard]] std::vector<std::string> split_words(std::string_view text, Quoting quoting);

/// `text` as one word of the shell, without any special meaning.
[[nodiscard]] std::string shell_quoted(std::string_view text);

/// `words` as a line with which the shell replaces itself by the command. Variables are expanded by
/// the rules of systemd.service(5): `$NAME` as a word becomes several words, `${NAME}` is part of
/// one, `$$` is a dollar.
[[nodiscard]] std::string shell_line(const std::vector<std::string>& words);

/// Whether a word has a variable that shell_line() would expand.
[[nodiscard]] bool has_variable(const std::vector<std::string>& words);

/// Replaces `$$` by a dollar, in words without variables.
[[nodiscard]] std::vector<std::string> without_variables(std::vector<std::string> words);

}  // namespace zinit
