// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Finds commands, given as one string, that need a shell, and splits the others into words
// (zinit.toml(5), `exec`).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "model/spec.hpp"

namespace zinit {

/// A command with the effect of `/bin/sh -c` on `text`. If `text` has only plain words and quotes,
/// and the first word is no builtin, keyword or assignment in any common shell, the command is
/// these words; otherwise it is {"/bin/sh", "-c", text}. In doubt the shell is used: that is never
/// wrong, and costs only one more process.
///
/// @return  the command; or what is wrong, as words after the quoted text: no word, no program, or
///          an unclosed quote, which a shell would refuse too.
[[nodiscard]] Result<Command> command_from_string(std::string_view text);

/// The text that `argv` gives to a shell by -c, directly or through env or busybox; empty if there
/// is none.
[[nodiscard]] std::string_view shell_text(const std::vector<std::string>& argv);

/// Whether a shell that gets `text` by -c stays in front of the last program that it starts. It
/// does if there are several commands and no `exec` before the last one, not counting words that
/// only end others. A signal to the process then reaches the shell. Some shells execute the last
/// command themselves, but none promises this.
[[nodiscard]] bool shell_stays(std::string_view text);

/// Whether `text` has a `trap`, so that it handles signals itself.
[[nodiscard]] bool shell_traps(std::string_view text);

/// The program that `/bin/sh -c` would execute first for `text`; empty if this is uncertain, as for
/// builtins, assignments and expansions.
[[nodiscard]] std::string_view first_program(std::string_view text);

}  // namespace zinit
