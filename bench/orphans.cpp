// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Makes 1,000 orphans that all end at once: each reads from the FIFO "go" in the working directory
// until measure.cpp closes it. When all have started, it reports like pause.cpp, and sleeps.
//
//   orphans [N]    N of them, which stay in its process group, like most children of a service
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>

#include "report.hpp"

namespace {

[[noreturn]] void be_orphan(int go, bool leaves) {
  ::prctl(PR_SET_NAME, "orphan", 0, 0, 0);
  if (leaves) ::setsid();
  char byte;
  while (::read(go, &byte, 1) > 0) continue;
  ::_exit(0);
}

}  // namespace

int main(int argc, char** argv) {
  const int count = argc > 1 ? std::atoi(argv[1]) : 1000;
  const int go = ::open("go", O_RDONLY);
  const pid_t between = ::fork();
  if (between == 0) {
    for (int i = 0; i < count; ++i)
      if (::fork() == 0) be_orphan(go, argc == 1);
    ::_exit(0);
  }
  ::waitpid(between, nullptr, 0);
  const int reports = ::open("reports", O_WRONLY);
  const Report report{::getpid(), 0};
  if (::write(reports, &report, sizeof report) != sizeof report) return 1;
  while (true) ::pause();
}
