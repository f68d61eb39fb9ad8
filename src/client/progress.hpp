// What is shown while a verb waits: after a second, one line on the terminal that says for whom,
// what that is doing, and how long until it is killed. It is rewritten each second, and goes when
// the wait is over.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

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

  /// Client::first_answered() of requests that settle services, one of them `name`. Throws what
  /// that throws.
  [[nodiscard]] std::uint64_t first_answered(const std::vector<std::uint64_t>& requests,
                                             std::optional<Milliseconds> limit,
                                             const std::string& name);
  /// Client::answer() to such a request.
  [[nodiscard]] std::string answer(std::uint64_t request, std::optional<Milliseconds> limit,
                                   const std::string& name);

  /// Returns when the server has closed the connection, as it does at the end of a shutdown. Throws
  /// VerbFailure when --timeout is over.
  void until_server_ends();

 private:
  void show(const std::string& text);
  void clear();
  void show_who_is_left();
  /// What the service waits for, or does: "web: waiting for its processes to end; SIGKILL in 7 s".
  [[nodiscard]] std::string waiting_for(std::string name);

  VerbContext& context_;
  const bool shows_;
  bool shown_ = false;
};

}  // namespace zinit
