// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
#pragma once
// Makes the n-th system call of the tested program fail, by a seccomp filter whose notifications
// the test answers (seccomp_unotify(2)). It therefore works on the same binary that is installed.

#include <linux/seccomp.h>

#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "scenario/harness/process.hpp"
#include "scenario/harness/server.hpp"

namespace zinit::test {

/// The system calls that may fail, and how: the failures that zinit can meet on a machine that
/// lacks something. Excludes calls that only sleep, that give back, or that cannot fail.
class FaultInjector {
 public:
  FaultInjector();
  ~FaultInjector();
  FaultInjector(const FaultInjector&) = delete;
  FaultInjector& operator=(const FaultInjector&) = delete;

  /// Whether the kernel and this process's rights allow it.
  static bool possible();

  /// For Launch::in_child: every later call is under the filter.
  void install_in_child() const;
  /// After the launch: answers from now on.
  void attach();

  /// Fails the `n`-th call from now on of zinit or of a child that it makes, n > 0; with `only`,
  /// the n-th call of that name.
  void arm(int n, std::string only = "");
  /// Stops the next child that zinit makes by SIGSTOP as it begins, before it executes a program.
  void stop_next_child();
  /// The stopped child; 0: not yet.
  pid_t stopped_child();
  /// From now on zinit's calls that open, examine or watch a path with `part` in it hang until
  /// release(), as on a file system that hangs. Recognizes its files only by their paths.
  void hold(std::string part);
  /// The number of held calls.
  std::size_t held();
  void release();
  /// The call that has failed since arm(); empty: none yet.
  [[nodiscard]] std::string failed();
  /// Stops failing calls. @return  the failed call, as "openat: Too many open files"; empty: none
  std::string disarm();

 private:
  void serve();
  [[nodiscard]] bool holds(const seccomp_notif& notice);
  void go_on(std::uint64_t id) const;
  [[nodiscard]] int verdict(int number, int pid, int first, int second);

  int channel_[2] = {-1, -1};  // the child sends the notifications' descriptor over it
  int listener_ = -1;
  int stop_[2] = {-1, -1};
  std::thread thread_;
  std::mutex mutex_;
  int left_ = 0;  // calls until the one that fails; 0: off
  std::string only_;
  std::string failed_;
  bool stops_next_ = false;
  pid_t stopped_ = 0;
  std::string held_part_;  // empty: no call is held
  std::vector<std::uint64_t> held_;
};

/// Launches a server whose child installs the filter, and waits until it can be connected to.
void launch_under(FaultInjector& injector, Server& zinit);

}  // namespace zinit::test
