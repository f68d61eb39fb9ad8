#pragma once
// Makes the n-th system call of the program under test fail, by a seccomp filter whose
// notifications the test answers (seccomp_unotify(2)). So it works on the very binary that is
// installed.

#include <linux/seccomp.h>

#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "scenario/harness/process.hpp"
#include "scenario/harness/server.hpp"

namespace zinit::test {

/// The system calls that may fail, and how: those whose failure zinit can meet on a machine that
/// lacks something. Not among them: what only sleeps, what gives back, and what cannot fail.
class FaultInjector {
 public:
  FaultInjector();
  ~FaultInjector();
  FaultInjector(const FaultInjector&) = delete;
  FaultInjector& operator=(const FaultInjector&) = delete;

  /// Whether this kernel and its rights allow it.
  static bool possible();

  /// For Launch::in_child: from there on every call is under the filter.
  void install_in_child() const;
  /// After the launch: answers from now on.
  void attach();

  /// The `n`-th call from now on that zinit or a child of its making makes fails, n > 0; with
  /// `only`, the n-th of that name.
  void arm(int n, std::string only = "");
  /// The next child that zinit makes is stopped by SIGSTOP as it begins, before it executes.
  void stop_next_child();
  /// That child; 0: there was none yet.
  pid_t stopped_child();
  /// From now on zinit's calls that open, look at or watch a path with `part` in it take until
  /// release(): as they do on a file system that hangs, whose files are named by their paths alone.
  void hold(std::string part);
  /// How many calls are held.
  std::size_t held();
  void release();
  /// No call fails any more. @return  what failed, as "openat: Too many open files"; empty: nothing
  std::string disarm();

 private:
  void serve();
  [[nodiscard]] bool holds(const seccomp_notif& notice);
  void go_on(std::uint64_t id) const;
  [[nodiscard]] int verdict(int number, int pid, int first, int second);

  int channel_[2] = {-1, -1};  // over which the child sends the notifications' descriptor
  int listener_ = -1;
  int stop_[2] = {-1, -1};
  std::thread thread_;
  std::mutex mutex_;
  int left_ = 0;  // calls until the one that fails; 0: none
  std::string only_;
  std::string failed_;
  bool stops_next_ = false;
  pid_t stopped_ = 0;
  std::string held_part_;  // empty: nothing is held
  std::vector<std::uint64_t> held_;
};

/// Launches a server whose child installs the filter, and waits until it can be connected to.
void launch_under(FaultInjector& injector, Server& zinit);

}  // namespace zinit::test
