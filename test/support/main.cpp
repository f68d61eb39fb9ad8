// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The main of every test binary, and a listener that writes a record for test/run.
// Catch2's reporters write for people, or end with a document that a crash leaves unfinished.
// test/run needs one line for each test case, on disk before the next one begins, so that a test
// that kills its process counts under its own name. The file named by ZINIT_TEST_BOOK gets:
//
//   begin NAME
//   passed NAME | failed NAME | skipped NAME: REASON
//   reached MILLISECONDS NUMBER...      only in a build of test/mutants, before the line above
//
// The program runs in its own network namespace if it may make one, with the loopback interface up,
// so that no other test takes a port that this one has found free.
//
// A test case that leaves a child process, living or a zombie, has failed, because the next test
// case may wait for any child, or count children.

#define CATCH_CONFIG_RUNNER
#include "support/catch.hpp"

#include <linux/capability.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>

#include "support/skip.hpp"
#include "support/user_namespace.hpp"

namespace zinit::test {

namespace {

std::string skip_reason;
bool left_behind = false;

/// Writes one line to the record and flushes it; does nothing without ZINIT_TEST_BOOK.
void note(const std::string& line) {
  static std::FILE* book = [] {
    const char* path = std::getenv("ZINIT_TEST_BOOK");
    return path != nullptr ? std::fopen(path, "ae") : nullptr;
  }();
  if (book == nullptr) return;
  std::fputs((line + "\n").c_str(), book);
  std::fflush(book);
}

/// Whether the child has not executed a program: it is a copy of this one. (proc(5), PF_FORKNOEXEC)
bool is_copy(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string stat;
  std::getline(file, stat);
  std::istringstream fields(stat.substr(std::min(stat.rfind(')') + 1, stat.size())));
  std::string field;
  for (int i = 3; i < 9; ++i) fields >> field;
  unsigned long flags = 0;
  return (fields >> flags) && (flags & 0x40) != 0;
}

/// Whether the child is a copy that ends within a second, like a process that closes a descriptor
/// (state/disposal.hpp): only a reaper still waits for it. Reaps the child in this case.
bool ends_soon(pid_t pid) {
  if (!is_copy(pid)) return false;
  pollfd end{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)), POLLIN, 0};
  if (end.fd < 0) return false;
  const bool ended = ::poll(&end, 1, 1000) == 1;
  ::close(end.fd);
  return ended && ::waitpid(pid, nullptr, 0) == pid;
}

/// Reaps each child, and first kills children that do not end soon.
/// @return  whether it killed a child
bool clear_children() {
  const std::string path = "/proc/self/task/" + std::to_string(::getpid()) + "/children";
  bool found = false;
  // Repeat until no child is left: the children of a child that ends may come to this process.
  for (bool more = true; more;) {
    std::ifstream children(path);
    more = false;
    for (pid_t pid = 0; children >> pid; more = true) {
      if (ends_soon(pid)) continue;
      found = true;
      std::cerr << "left behind: child process " << pid << '\n';
      ::kill(pid, SIGKILL);
      ::waitpid(pid, nullptr, 0);
    }
  }
  left_behind |= found;
  return found;
}

/// A user other than root gets the network within a user namespace that contains only this user.
/// (unshare(2), user_namespaces(7))
bool unshare_network() {
  if (::unshare(CLONE_NEWNET) == 0) return true;
  const uid_t user = ::geteuid();
  const gid_t group = ::getegid();
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) return false;
  if (!map_ids(user, user, group, group)) std::perror("cannot map the user");
  return true;
}

/// Gives up the namespace's capabilities, so that tests see a user's rights. (capset(2))
void drop_capabilities() {
  __user_cap_header_struct version{_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
  if (::syscall(SYS_capset, &version, none) != 0) std::perror("cannot drop capabilities");
}

/// If namespaces are refused, the network stays the machine's. (netdevice(7))
void enter_network_namespace() {
  if (!unshare_network()) return;
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  if (::ioctl(fd, SIOCGIFFLAGS, &request) == 0) {
    request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
    if (::ioctl(fd, SIOCSIFFLAGS, &request) != 0)
      std::perror("cannot set the loopback interface up");
  }
  ::close(fd);
  if (::geteuid() != 0) drop_capabilities();
}

class Book : public Catch::TestEventListenerBase {
 public:
  using Catch::TestEventListenerBase::TestEventListenerBase;

  void testRunStarting(const Catch::TestRunInfo&) override { enter_network_namespace(); }

  void testCaseStarting(const Catch::TestCaseInfo& info) override {
    name_ = info.name;
    skip_reason.clear();
    // A subreaper of an earlier test case would get the orphans of later ones.
    ::prctl(PR_SET_CHILD_SUBREAPER, 0);
    note("begin " + name_);
  }

  void testCaseEnded(const Catch::TestCaseStats& stats) override {
    const bool clean = !clear_children();
#ifdef ZINIT_MUTANTS
    note("reached " + reached_places());
#endif
    if (stats.totals.assertions.failed > 0 || !clean) return note("failed " + name_);
    if (!skip_reason.empty()) return note("skipped " + name_ + ": " + skip_reason);
    note("passed " + name_);
  }

 private:
  std::string name_;  // of the test case; versions 2 and 3 have different `stats`
};

CATCH_REGISTER_LISTENER(Book)

}  // namespace

void skip(const std::string& reason) {
  const char* ci = std::getenv("CI");
  if (ci != nullptr && std::string(ci) == "true") FAIL("could not run: " << reason);
  skip_reason = reason;
}

}  // namespace zinit::test

int main(int argc, char* argv[]) {
  const int failed = Catch::Session().run(argc, argv);
  return failed != 0 || !zinit::test::left_behind ? failed : 1;
}
