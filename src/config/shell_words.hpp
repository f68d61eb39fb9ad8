// Finds which commands given as one string need a shell, and splits the others into words
// (zinit.toml(5), `exec`).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "model/spec.hpp"

namespace zinit {

/// A command that does what `/bin/sh -c` would do with `text`. If `text` has only plain words and
/// quotes, and the first word is no builtin, keyword or assignment of any usual shell, that is the
/// words themselves; otherwise {"/bin/sh", "-c", text}. In doubt the shell is used: it is never
/// wrong, and costs only one more process.
///
/// @return  the command; or what is wrong, in words that follow the quoted text: it has no word, no
///          program, or a quote that is not closed, which a shell would refuse too.
[[nodiscard]] Result<Command> command_from_string(std::string_view text);

/// The text that `argv` gives to a shell by -c, directly or by env or busybox; empty if it gives
/// none.
[[nodiscard]] std::string_view shell_text(const std::vector<std::string>& argv);

/// Whether a shell that gets `text` by -c stays in front of the last program that it starts: there
/// are several commands, and no `exec` before the last but those that only end the others. A signal
/// to the process reaches the shell then. Some shells execute the last one by themselves, which
/// none promises.
[[nodiscard]] bool shell_stays(std::string_view text);

/// Whether `text` has a `trap`: it takes signals itself.
[[nodiscard]] bool shell_traps(std::string_view text);

/// The program that `/bin/sh -c` would execute first for `text`; empty if that is not certain, as
/// for builtins, assignments and expansions.
[[nodiscard]] std::string_view first_program(std::string_view text);

}  // namespace zinit
