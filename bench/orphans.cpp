// Makes 1,000 orphans that all end at once: each reads from the FIFO "go" in the working directory
// until measure.cpp closes that. When all are there, it reports like pause.cpp, and sleeps.
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ctime>

#include "report.hpp"

namespace {

[[noreturn]] void be_orphan(int go) {
  ::prctl(PR_SET_NAME, "orphan", 0, 0, 0);
  ::setsid();
  char byte;
  while (::read(go, &byte, 1) > 0) continue;
  ::_exit(0);
}

}  // namespace

int main() {
  const int go = ::open("go", O_RDONLY);
  const pid_t between = ::fork();
  if (between == 0) {
    for (int i = 0; i < 1000; ++i)
      if (::fork() == 0) be_orphan(go);
    ::_exit(0);
  }
  ::waitpid(between, nullptr, 0);
  const int reports = ::open("reports", O_WRONLY);
  const Report report{::getpid(), 0};
  if (::write(reports, &report, sizeof report) != sizeof report) return 1;
  while (true) ::pause();
}
