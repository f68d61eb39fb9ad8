// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Questions to a user at a terminal, before a verb affects services.
#pragma once

#include <csignal>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "client/context.hpp"

namespace zinit {

/// Whether to ask the user: standard input is a terminal, standard error or output too, and --yes
/// is not given.
[[nodiscard]] bool asks(const VerbContext& context);

/// Prints "QUESTION [Y/n] " to standard error, or to standard output if only that is a terminal,
/// and waits for a line. True for an empty line and one that begins with y; false if the input
/// ends, or if a signal of HeldSignals comes.
[[nodiscard]] bool says_yes(const std::string& question);

/// While this exists, SIGINT, SIGHUP and SIGTERM do not act: the destructor lets them act, and so
/// may end the program. Of the thread that makes it.
class HeldSignals {
 public:
  HeldSignals();
  ~HeldSignals();
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;

  /// Whether one of them has come.
  [[nodiscard]] bool came() const;

 private:
  sigset_t before_{};
};

/// Waits until `fd` is readable or the limit is over. False if a signal of HeldSignals comes, which
/// stays pending. A signal that is not held acts at once, and never shows here.
[[nodiscard]] bool await_input(int fd, Milliseconds limit = kForever);

/// Asks for confirmation if asks() and if services would be restarted or stopped. Throws
/// VerbFailure if the user refuses.
void ask_before(VerbContext& context, const std::vector<std::string>& restarts,
                const std::vector<std::string>& stops);

/// The same before a service that is up is replaced: "replaces NAME; go on?".
void ask_before_replacing(VerbContext& context, const std::string& name);

/// Which of the named services a verb affects.
enum class Affects : std::uint8_t { up, all };

/// If the patterns and names on the command line, one pattern at least, match every service, asks
/// for confirmation if asks(): "VERB a, b; go on?". Throws VerbFailure if the user refuses.
void ask_before_all(VerbContext& context, std::string_view verb, Affects affects = Affects::up);

/// The services in `names` that are up, sorted.
[[nodiscard]] std::vector<std::string> up_among(VerbContext& context,
                                                std::vector<std::string> names);

/// The services of class system whose requirements stay: those that are wanted up, or all.
enum class Protects : std::uint8_t { wanted, all };

/// The services of class user that are up or wait to start, except those that services of class
/// system require; also except `target` (if not empty) and the services that it pulls in.
[[nodiscard]] std::vector<std::string> up_beside(VerbContext& context, const std::string& target,
                                                 Protects protects = Protects::wanted);

}  // namespace zinit
