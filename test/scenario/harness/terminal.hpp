// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
#pragma once
// A pseudo terminal for programs that need a terminal.

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <string_view>

#include "scenario/harness.hpp"

namespace zinit::test {

/// A pseudo terminal and its user.
class Terminal {
 public:
  Terminal() : master_(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    REQUIRE(master_ >= 0);
    REQUIRE(grantpt(master_) == 0);
    REQUIRE(unlockpt(master_) == 0);
    char name[64];
    REQUIRE(ptsname_r(master_, name, sizeof name) == 0);
    slave_ = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    REQUIRE(slave_ >= 0);
  }
  ~Terminal() {
    close(master_);
    close(slave_);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  /// Starts a process in the way of engines with a container's PID 1, or of logins with a shell: it
  /// leads a session with this controlling terminal.
  pid_t launch_in(Launch what) const {
    what.in = what.out = what.err = slave_;
    what.in_child = [] {
      if (ioctl(0, TIOCSCTTY, 0) != 0) _exit(125);
    };
    return zinit::test::launch(what);
  }

  void type(std::string_view keys) const {
    REQUIRE(write(master_, keys.data(), keys.size()) == static_cast<ssize_t>(keys.size()));
  }

  /// Waits for this text in the output after the text that was waited for last.
  void await(const std::string& text) {
    const bool shown = eventually([&] {
      take();
      return shown_.find(text, seen_) != std::string::npos;
    });
    if (!shown) FAIL("not shown: " << text << ", but:\n" << shown_);
    seen_ = shown_.find(text, seen_) + text.size();
  }

  const std::string& shown() const { return shown_; }
  /// Forgets the output so far.
  void forget() {
    take();
    shown_.clear();
    seen_ = 0;
  }

  void resize(unsigned short columns, unsigned short rows) const {
    winsize size{};
    size.ws_col = columns;
    size.ws_row = rows;
    REQUIRE(ioctl(master_, TIOCSWINSZ, &size) == 0);
  }
  /// The modes of the line.
  termios modes() const {
    termios modes{};
    REQUIRE(tcgetattr(slave_, &modes) == 0);
    return modes;
  }

  /// Waits until a process with this command line leads the foreground group; returns its pid.
  pid_t await_foreground(const std::string& command) const {
    pid_t group = -1;
    const bool there = eventually([&] {
      group = tcgetpgrp(master_);
      return group > 0 && proc_cmdline(group) == command;
    });
    if (!there) FAIL("not in the foreground: " << command << ", but " << proc_cmdline(group));
    return group;
  }

 private:
  void take() {
    char block[4096];
    pollfd ready{master_, POLLIN, 0};
    while (poll(&ready, 1, 0) > 0) {
      const ssize_t count = read(master_, block, sizeof block);
      if (count <= 0) return;
      shown_.append(block, static_cast<std::size_t>(count));
    }
  }

  int master_;
  int slave_ = -1;
  std::string shown_;
  std::size_t seen_ = 0;
};

}  // namespace zinit::test
