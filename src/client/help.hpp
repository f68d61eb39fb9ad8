// What --help prints, made of the table of verbs.
#pragma once

#include <string>

#include "client/verbs.hpp"

namespace zinit {

/// All verbs and the global options.
[[nodiscard]] std::string general_help();

/// One verb: usage, what it does, its options.
[[nodiscard]] std::string verb_help(const VerbRow& verb);

/// "usage: zinitctl start [OPTIONS] NAME..."
[[nodiscard]] std::string usage_line(const VerbRow& verb);

}  // namespace zinit
