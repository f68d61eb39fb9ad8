// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The display while a verb waits: after a second, one line on the terminal says which service the
// verb waits for, what this service does, and when it will be killed. The line is rewritten each
// second, and removed when the wait is over.
#pragma once

#include <csignal>
#include <cstdint>
#include <optional>
#include <string>

#include "client/context.hpp"

namespace zinit {

class Progress {
 public:
  /// From now on an interrupt (Ctrl-C) prints `goes_on`, if the server has a request with which it
  /// can go on. Nothing else is shown with --json, or if standard error is not a terminal. At most
  /// one object at a time.
  explicit Progress(VerbContext& context, bool has_request = true,
                    std::string_view goes_on = "the server continues with the request");
  ~Progress();
  Progress& operator=(Progress&&) = delete;

  /// Client::answer() to a request that settles the service `name`. Throws the same errors.
  [[nodiscard]] std::string answer(std::uint64_t request, std::optional<Milliseconds> limit,
                                   const std::string& name);
  /// The same for Client::first_answered(). `name` is one of the awaited services.
  [[nodiscard]] std::uint64_t first_answered(std::optional<Milliseconds> limit,
                                             const std::string& name);

  /// Returns when the server has closed the connection, as at the end of a shutdown. Throws
  /// VerbFailure when --timeout is over.
  void until_server_ends();

 private:
  /// Calls attempt(limit), which throws no_answer after the limit, and shows why it waits.
  template <class Attempt>
  auto showing(std::optional<Milliseconds> limit, const std::string& name, Attempt attempt);
  void show(const std::string& text);
  void clear();
  void show_who_is_left();
  /// What the service waits for, or does: "web: waiting for its processes to end; SIGKILL in 7 s".
  [[nodiscard]] std::string waiting_for(std::string name);

  VerbContext& context_;
  const bool shows_;
  bool shown_ = false;
  struct sigaction before_ {};  // the earlier action of SIGINT
};

}  // namespace zinit
