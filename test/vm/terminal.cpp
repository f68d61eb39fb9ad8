// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The line between tests and machines, without a machine: its other end is a shell of this system.
#include "base/format.hpp"
#include "vm/machine.hpp"

namespace zinit::vm::terminal {
namespace {

/// A line with an echo. Its kernel shows the first bytes of what is typed before it ends the line
/// that the shell has written last, as a serial line does if a command is typed at that moment.
class Echo {
 public:
  Echo() { REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_) == 0); }
  ~Echo() { ::close(ends_[1]); }
  Echo(const Echo&) = delete;
  Echo& operator=(const Echo&) = delete;

  UniqueFd end() { return UniqueFd(ends_[0]); }

  /// Shows the words that were typed, `early` bytes of them twice, and runs them.
  void answer(std::size_t early) {
    std::array<char, 4096> typed;
    const ssize_t n = ::recv(ends_[1], typed.data(), typed.size(), MSG_DONTWAIT);
    if (n <= 0) return;
    const std::string words(typed.data(), static_cast<std::size_t>(n));
    const std::string shown = words.substr(0, early) + "\n/ # " + words;
    REQUIRE(::send(ends_[1], shown.data(), shown.size(), 0) == static_cast<ssize_t>(shown.size()));
    const pid_t shell = ::fork();
    REQUIRE(shell >= 0);
    if (shell == 0) {
      ::dup2(ends_[1], STDOUT_FILENO);
      ::execl("/bin/sh", "sh", "-c", words.c_str(), nullptr);
      ::_exit(127);
    }
    REQUIRE(::waitpid(shell, nullptr, 0) == shell);
  }

 private:
  int ends_[2];
};

SCENARIO("typed words that the line shows are not taken for a command's output") {
  Echo echo;
  std::size_t early = 0;
  Terminal* self = nullptr;
  Terminal terminal("line", echo.end(), [&](TimePoint) {
    echo.answer(early);
    return self->read_some();
  });
  self = &terminal;
  for (; early < 80; ++early) {
    INFO(early << " bytes early");
    const Answer answer = terminal.run("echo said; exit 3");
    CHECK(answer.code == 3);
    CHECK(answer.output == "said\n");
  }
}

}  // namespace
}  // namespace zinit::vm::terminal
