// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Commands that are given as one string: their words, and those that a shell must execute.
#include "config/shell_words.hpp"
#include "base/json_writer.hpp"
#include "support/test.hpp"
#include "unit/config/text.hpp"

namespace zinit::test::config_shell_words {
namespace {

/// A row of shell_words.golden.
std::string described(const std::string& row) {
  const std::string text = text_of_row(row);
  const auto command = command_from_string(text);
  if (!command) return "! " + command.error().text;
  if (command->argv != Texts{"/bin/sh", "-c", text})
    return json_of(command->argv) + (shell_stays(text) ? " stays" : "");
  const std::string first(first_program(text));
  return "sh" + (first.empty() ? "" : " begins with " + first) +
         (shell_stays(text) ? ", stays" : "") + (shell_traps(text) ? ", has a trap" : "");
}

TEST_CASE("a command is executed as words, or by a shell that does more with it",
          "[config][exec]") {
  CHECK_GOLDEN_ROWS("shell_words", described);
  CHECK(first_program("").empty());
  CHECK_FALSE(shell_stays(""));
}

TEST_CASE("a shell and its text are found in a command of several words", "[config][exec]") {
  for (const Texts& words : {Texts{"/bin/sh", "-c", "text"},
                             {"bash", "-ec", "text", "bash", "a"},
                             {"/usr/bin/env", "-i", "A=1", "sh", "-c", "text"},
                             {"busybox", "sh", "-c", "text"},
                             {"bash", "-o", "pipefail", "-c", "text"},
                             {"bash", "--norc", "-euo", "pipefail", "-c", "text"},
                             {"env", "busybox", "ash", "-c", "-e", "text"}}) {
    INFO(words.back());
    CHECK(shell_text(words) == "text");
  }
  for (const Texts& words : {Texts{"webd", "-c", "text"},
                             {"sh", "text"},
                             {"sh", "-c"},
                             {"env"},
                             {"busybox", "httpd", "-c", "text"},
                             {"sh", "-e", "text", "-c"}}) {
    INFO(words.front());
    CHECK(shell_text(words).empty());
  }
}

}  // namespace
}  // namespace zinit::test::config_shell_words
