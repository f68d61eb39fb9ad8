// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A whole terminal as a screen of lines: see screen.hpp.
#include "client/screen.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/format.hpp"
#include "client/context.hpp"
#include "os/signals.hpp"

namespace zinit {

namespace {

// Select the alternate screen, which keeps the old content; hide the cursor; and disable wrapping,
// so that the terminal cuts lines that are too long. (xterm's ctlseqs, console_codes(4))
constexpr std::string_view kEnterScreen = "\x1b[?1049h\x1b[?25l\x1b[?7l";
constexpr std::string_view kLeaveScreen = "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l";
constexpr std::string_view kClearScreen = "\x1b[0m\x1b[2J";

constexpr std::array kScreenSignals{SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH};

// If no byte follows an Escape for this long, it is the Escape key. Slow lines send the bytes of a
// sequence every 10 ms.
constexpr int kSequenceMs = 100;

// How long the end waits for a terminal that takes no output.
constexpr int kLastWaitMs = 200;

bool is_over(int errnum) { return errnum != EAGAIN && errnum != EINTR; }

}  // namespace

Screen::Screen() {
  if (::tcgetattr(STDIN_FILENO, &before_) < 0)
    throw VerbFailure{ExitStatus::failed, sys_failure("set up", "the terminal").value().text};
  // Opened again, because O_NONBLOCK would also change the shell's open file description. A user
  // who may not open another user's terminal writes to the shared description.
  output_.reset(::open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!output_) output_.reset(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3));
  const sigset_t set = signal_set(kScreenSignals);
  ::pthread_sigmask(SIG_BLOCK, &set, &mask_before_);
  auto signals = open_signals(kScreenSignals);
  if (!signals) {
    ::pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
    throw VerbFailure{ExitStatus::failed, signals.error().text};
  }
  signals_ = std::move(*signals);
  enter();
}

Screen::~Screen() {
  leave();
  ::pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
}

void Screen::enter() {
  termios raw = before_;
  // Keep ISIG: Ctrl-C and Ctrl-Z are signals. Without IXON, Ctrl-S does not stop the display.
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  raw.c_iflag &= ~static_cast<tcflag_t>(IXON);
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;
  (void)::tcsetattr(STDIN_FILENO, TCSANOW, &raw);
  shown_.clear();
  unwritten_ = kEnterScreen;
  measure();
  changed_ = true;
  write_some();
}

void Screen::leave() {
  unwritten_ += kLeaveScreen;
  for (int tries = 0; !unwritten_.empty() && tries < 3; ++tries) {
    write_some();
    pollfd waited{output_.get(), POLLOUT, 0};
    if (!unwritten_.empty()) (void)::poll(&waited, 1, kLastWaitMs);
  }
  // TCSADRAIN would wait for a terminal that nobody reads.
  (void)::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
}

void Screen::measure() {
  winsize size{};
  const bool known = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0;
  width_ = known && size.ws_col > 0 ? size.ws_col : 80;
  height_ = known && size.ws_row > 0 ? size.ws_row : 24;
}

void Screen::write_some() {
  while (!unwritten_.empty()) {
    const ssize_t written = ::write(output_.get(), unwritten_.data(), unwritten_.size());
    if (written >= 0) {
      unwritten_.erase(0, static_cast<std::size_t>(written));
    } else if (is_over(errno)) {
      unwritten_.clear();
      end_signal_ = SIGHUP;
    } else if (errno == EAGAIN) {
      return;
    }
  }
}

void Screen::show(const std::vector<std::string>& lines) {
  if (!is_ready()) return;
  if (shown_.empty()) unwritten_ = kClearScreen;
  shown_.resize(height_);
  for (std::size_t row = 0; row < height_; ++row) {
    const std::string line = row < lines.size() ? lines[row] : std::string();
    if (line == shown_[row]) continue;
    // Cleared first, because after a line that fills the row the cursor is in the last column.
    unwritten_ += fmt::format("\x1b[{};1H\x1b[2K{}", row + 1, line);
    shown_[row] = line;
  }
  write_some();
}

short Screen::wait(int fd, short events, int timeout_ms) {
  if (keys_.is_open())
    timeout_ms = timeout_ms < 0 ? kSequenceMs : std::min(timeout_ms, kSequenceMs);
  pollfd waited[] = {{STDIN_FILENO, POLLIN, 0},
                     {signals_.get(), POLLIN, 0},
                     {is_ready() ? -1 : output_.get(), POLLOUT, 0},
                     {fd, events, 0}};
  const int ready = ::poll(waited, std::size(waited), timeout_ms);
  if (ready < 0) return 0;  // interrupted
  closes_keys_ = keys_.is_open() && waited[0].revents == 0;
  if (waited[0].revents != 0) read_keys();
  if (waited[1].revents != 0) take_signals();
  if (waited[2].revents != 0) write_some();
  return waited[3].revents;
}

void Screen::read_keys() {
  char bytes[256];
  const ssize_t got = ::read(STDIN_FILENO, bytes, sizeof bytes);
  if (got > 0) keys_.feed({bytes, static_cast<std::size_t>(got)});
  if (got == 0 || (got < 0 && is_over(errno))) end_signal_ = SIGHUP;
}

std::optional<int> Screen::next_key() {
  if (const auto key = keys_.next()) return key;
  return std::exchange(closes_keys_, false) ? keys_.close() : std::nullopt;
}

void Screen::take_signals() {
  while (const auto signal = next_signal(signals_.get())) {
    switch (signal->number) {
      case SIGWINCH: break;
      case SIGTSTP: suspend(); break;
      // SIGSTOP had stopped the program, and another program has changed the terminal meanwhile.
      case SIGCONT: enter(); break;
      default: end_signal_ = signal->number; return;
    }
    measure();
    shown_.clear();
    changed_ = true;
  }
}

void Screen::suspend() {
  leave();
  // The default action stops this program, unless no process is there to continue it.
  const sigset_t set = signal_set(std::array{SIGTSTP});
  (void)::raise(SIGTSTP);
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  (void)::tcgetattr(STDIN_FILENO, &before_);  // the shell may have changed it
  enter();
}

}  // namespace zinit
