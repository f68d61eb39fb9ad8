// Questions to a user at a terminal, before something is stopped or restarted.
#pragma once

#include <string>
#include <vector>

#include "client/context.hpp"

namespace zinit {

/// Whether the user is asked: standard input and output are terminals, and there is no --yes.
[[nodiscard]] bool asks(const VerbContext& context);

/// Prints "QUESTION [Y/n] " and waits for a line. False for one that begins with n, and for none.
[[nodiscard]] bool says_yes(const std::string& question);

/// Asks whether to go on, if anything is to be restarted or stopped and asks(). Throws VerbFailure
/// if not.
void ask_before(VerbContext& context, const std::vector<std::string>& restarts,
                const std::vector<std::string>& stops);

/// The services that are up among `names`, sorted.
[[nodiscard]] std::vector<std::string> up_among(VerbContext& context,
                                                std::vector<std::string> names);

/// The services of class user that are up, without those that a service of class system requires;
/// and without `target` and what it pulls in, if that is not empty.
[[nodiscard]] std::vector<std::string> up_beside(VerbContext& context, const std::string& target);

}  // namespace zinit
