// The service of every measurement: tells the FIFO "reports" in its working directory who it is and
// since when, and then does nothing. It is linked without libc's start-up, so that an execve(2) of
// it costs as little as one can and what is measured is who supervises it; and once more, with
// WITH_LIBC, as most programs are, with a dynamic loader and libc.
#include <fcntl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "report.hpp"

#if defined(WITH_LIBC)
extern "C" void run();
int main() { run(); }
#elif defined(__x86_64__)
// Calls it as any function is called, which leaves the stack aligned as a function expects it.
asm(".globl _start\n_start: call run");
#elif defined(__aarch64__)
asm(".globl _start\n_start: bl run");
#endif

// Where no libc has been started there is no thread-local errno: calls that may fail are not made.
extern "C" void run() {
  timespec now{};
  ::syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
  const Report report{::syscall(SYS_getpid), now.tv_sec * 1'000'000'000 + now.tv_nsec};
  const long fd = ::syscall(SYS_openat, AT_FDCWD, "reports", O_WRONLY);
  ::syscall(SYS_write, fd, &report, sizeof report);
  while (true) ::syscall(SYS_ppoll, nullptr, 0, nullptr, nullptr, 0);
}
