// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The service in all measurements: writes its pid and the time to the FIFO "reports" in its working
// directory, and then sleeps. It is linked without libc, so that execve(2) takes as little time as
// possible and the supervisor's time is measured. With WITH_LIBC it is linked like most programs,
// with the dynamic loader and libc.
#include <fcntl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "report.hpp"

#if defined(WITH_LIBC)
extern "C" void run();
int main() { run(); }
#elif defined(__x86_64__)
// Calls it like any function, which leaves the stack aligned as a function expects it.
asm(".globl _start\n_start: call run");
#elif defined(__aarch64__)
asm(".globl _start\n_start: bl run");
#endif

// Without libc's start-up there is no thread-local errno: a failing call would crash.
extern "C" void run() {
  timespec now{};
  ::syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
  const Report report{::syscall(SYS_getpid), now.tv_sec * 1'000'000'000 + now.tv_nsec};
  const long fd = ::syscall(SYS_openat, AT_FDCWD, "reports", O_WRONLY);
  ::syscall(SYS_write, fd, &report, sizeof report);
  while (true) ::syscall(SYS_ppoll, nullptr, 0, nullptr, nullptr, 0);
}
