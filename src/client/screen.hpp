// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A whole terminal as a screen of lines: raw mode, the alternate screen, its size, the keys and its
// signals. However the program ends, except by SIGKILL, the terminal is restored. Nothing here
// waits for the terminal to take output for long.
//
// Uses plain ECMA-48 and sequences that all terminals since the VT220 and the Linux console know,
// because a static binary has no terminfo.
#pragma once

#include <termios.h>

#include <csignal>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "client/keys.hpp"

namespace zinit {

class Screen {
 public:
  /// Takes standard input and output, which must be terminals, and blocks the signals that wait()
  /// handles. Throws VerbFailure if that fails.
  Screen();
  /// Restores the terminal and the signals.
  ~Screen();
  Screen& operator=(Screen&&) = delete;

  [[nodiscard]] std::size_t width() const noexcept { return width_; }
  [[nodiscard]] std::size_t height() const noexcept { return height_; }

  /// Shows these lines from the top on, cut at the edges. They may contain colours, but no other
  /// control characters. Writes only changed lines. Does nothing unless is_ready(): the terminal
  /// must take the earlier output first.
  void show(const std::vector<std::string>& lines);
  [[nodiscard]] bool is_ready() const noexcept { return unwritten_.empty(); }
  /// The next show() draws all lines again.
  void forget() { shown_.clear(); }

  /// Waits until there are keys, the size has changed, the terminal has come back to this program,
  /// `fd` is ready for `events` (poll(2)) or `timeout_ms` has passed (-1: never).
  /// @return  the events of `fd` that are ready
  short wait(int fd, short events, int timeout_ms);

  [[nodiscard]] std::optional<int> next_key();

  /// Whether the lines must be drawn again since the last call: the size or the terminal's content
  /// has changed.
  [[nodiscard]] bool has_changed() noexcept { return std::exchange(changed_, false); }
  /// The signal that must end the program, or SIGHUP if the terminal has gone; 0: none.
  [[nodiscard]] int end_signal() const noexcept { return end_signal_; }

 private:
  void enter();
  void leave();
  void measure();
  void write_some();
  void take_signals();
  void read_keys();
  void suspend();

  termios before_{};
  sigset_t mask_before_{};
  UniqueFd output_, signals_;
  std::size_t width_ = 80, height_ = 24;
  std::vector<std::string> shown_;
  std::string unwritten_;
  KeyReader keys_;
  bool closes_keys_ = false;  // a key has begun, and no further bytes have come
  bool changed_ = false;
  int end_signal_ = 0;
};

}  // namespace zinit
