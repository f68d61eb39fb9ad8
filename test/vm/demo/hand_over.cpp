// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The terminal is raw, so that Ctrl-C and other keys reach the machine. Ctrl-] is the way out.
#include "vm/demo/hand_over.hpp"

#include <termios.h>

#include "base/format.hpp"
#include "support/system.hpp"

namespace zinit::vm {

namespace {

constexpr char kWayOut = ']' & 0x1f;

volatile std::sig_atomic_t told_to_end = 0;

/// Makes the terminal raw; the destructor restores it.
class RawTerminal {
 public:
  RawTerminal() {
    if (::tcgetattr(STDIN_FILENO, &before_) < 0)
      throw std::runtime_error(sys_failure("read settings of", "the terminal").value().text);
    termios raw = before_;
    ::cfmakeraw(&raw);
    ::tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
  }
  ~RawTerminal() { ::tcsetattr(STDIN_FILENO, TCSADRAIN, &before_); }
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;

 private:
  termios before_{};
};

void end_on_signals() {
  struct sigaction action {};
  action.sa_handler = [](int) { told_to_end = 1; };  // no SA_RESTART: poll must return
  for (const int signal : {SIGTERM, SIGHUP, SIGINT}) ::sigaction(signal, &action, nullptr);
}

/// Sets the size of the window, because a serial line does not know it.
void tell_size(Vm& vm) {
  winsize size{};
  if (::ioctl(STDIN_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_row == 0) return;
  vm.console().output_of(fmt::format("stty rows {} cols {} </dev/ttyS0", size.ws_row, size.ws_col));
}

/// Passes typed text on to the machine.
/// @return  false if the text contained Ctrl-], or the terminal has ended
bool pass_on_typed(Vm& vm) {
  pollfd typed{STDIN_FILENO, POLLIN, 0};
  if (::poll(&typed, 1, 0) <= 0) return true;
  char buffer[256];
  const ssize_t n = ::read(STDIN_FILENO, buffer, sizeof buffer);
  if (n <= 0) return n < 0 && errno == EINTR;
  const std::string_view text(buffer, static_cast<size_t>(n));
  vm.console().send(text.substr(0, text.find(kWayOut)));
  return text.find(kWayOut) == std::string_view::npos;
}

}  // namespace

bool hand_over(Vm& vm) {
  tell_size(vm);
  end_on_signals();
  const RawTerminal raw;
  vm.console().watch([](std::string_view text) {
    [[maybe_unused]] const ssize_t n = ::write(STDOUT_FILENO, text.data(), text.size());
  });
  vm.console().send("\n");  // for a prompt
  while (told_to_end == 0 && pass_on_typed(vm))
    if (!vm.pump(kNever, STDIN_FILENO)) return true;
  return false;
}

}  // namespace zinit::vm
