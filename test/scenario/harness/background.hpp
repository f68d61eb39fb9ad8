// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
#pragma once
// zinitctl in the background, while the test goes on.

#include "scenario/harness.hpp"

namespace zinit::test {

/// The destructor ends it if it still runs.
class Background {
 public:
  /// Its output goes to files in the server's folder.
  Background(const Server& zinit, Texts arguments) {
    static int count = 0;
    output_ = zinit.path("background" + std::to_string(++count));
    errors_ = output_ + ".err";
    arguments.insert(arguments.begin(), {"zinitctl", "--socket", zinit.socket()});
    const int out = open(output_.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    const int err = open(errors_.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    pid_ = launch({.argv = std::move(arguments), .out = out, .err = err});
    close(out);
    close(err);
  }
  ~Background() {
    if (ended_) return;
    kill(pid_, SIGCONT);
    kill(pid_, SIGTERM);
    (void)wait_for_exit(pid_);
  }
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  /// Whether it prints this line, now or later.
  [[nodiscard]] bool shows(const std::string& line) const {
    return eventually([&] {
      const auto printed = lines();
      return std::find(printed.begin(), printed.end(), line) != printed.end();
    });
  }
  [[nodiscard]] Texts lines() const { return lines_of(output()); }
  [[nodiscard]] std::string output() const { return read_file(output_); }
  [[nodiscard]] std::string errors() const { return read_file(errors_); }
  [[nodiscard]] pid_t pid() const { return pid_; }
  /// Waits for its end.
  std::optional<int> exit_code(std::chrono::milliseconds deadline = kPatience) {
    ended_ = true;
    return wait_for_exit(pid_, deadline);
  }
  /// Stops it, so that it gets no events until it goes on.
  void hold() const { test::hold(pid_); }
  void go_on() const { kill(pid_, SIGCONT); }

 private:
  std::string output_, errors_;
  pid_t pid_ = -1;
  bool ended_ = false;
};

}  // namespace zinit::test
