// Which commands given as one string need a shell, and what the others say (zinit.toml(5),
// `exec`).
#pragma once

#include <string_view>

#include "base/result.hpp"
#include "model/spec.hpp"

namespace zinit {

/// The command that `text` means to `/bin/sh -c`. Where it holds nothing but plain words and
/// quotes, and the first word is no builtin, keyword or assignment of any usual shell, that is the
/// words themselves; else {"/bin/sh", "-c", text}. In doubt the shell is taken: it is never wrong,
/// only one process more.
///
/// @return  the command; or what is wrong, in words that follow on the text in quotes: no word at
///          all, no program, a quote that is not closed where a shell would refuse it too.
[[nodiscard]] Result<Command> command_from_string(std::string_view text);

}  // namespace zinit
