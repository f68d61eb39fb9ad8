// What is shown while a verb waits: after a second, one line on the terminal that says for whom,
// what that is doing, and how long until it is killed. It is rewritten each second, and goes when
// the wait is over.
#pragma once

#include <csignal>
#include <cstdint>
#include <optional>
#include <string>

#include "client/context.hpp"

namespace zinit {

class Progress {
 public:
  /// From now on an interrupt (Ctrl-C) says that the server goes on. Nothing else is shown with
  /// --json, or if standard error is no terminal.
  explicit Progress(VerbContext& context);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Client::answer() to a request that settles the service `name`. Throws what that throws.
  [[nodiscard]] std::string answer(std::uint64_t request, std::optional<Milliseconds> limit,
                                   const std::string& name);
  /// Client::first_answered(), likewise; `name` is one of those that are waited for.
  [[nodiscard]] std::uint64_t first_answered(std::optional<Milliseconds> limit,
                                             const std::string& name);

  /// Returns when the server has closed the connection, as it does at the end of a shutdown. Throws
  /// VerbFailure when --timeout is over.
  void until_server_ends();

 private:
  /// Calls attempt(limit), which throws no_answer when that is over; shows who is waited for.
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
  struct sigaction before_ {};  // what SIGINT did
};

}  // namespace zinit
