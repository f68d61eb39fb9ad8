// The handler for faults, and the loop in which PID 1 ends up. Async-signal-safe throughout.
#include "init/last_resort.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>

namespace zinit {

namespace {

constexpr std::array kFaults = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

// Between two starts of the shell: on a console that is gone it ends at once.
constexpr timespec kBetweenShells{2, 0};

int log_fd = STDERR_FILENO;
char console[256] = "/dev/console";
std::atomic_flag at_fault;
std::atomic<pid_t> shell{-1};  // the one started last
static_assert(std::atomic<pid_t>::is_always_lock_free);

/// Writes "<2>zinit: WHAT WHY\n", which is priority critical for /dev/kmsg.
void say(const char* what, const char* why) noexcept {
  char line[512] = "<2>zinit: ";
  std::size_t length = std::strlen(line);
  for (const char* part : {what, why, "\n"}) {
    const std::size_t room = std::min(std::strlen(part), sizeof line - 1 - length);
    std::memcpy(line + length, part, room);
    length += room;
  }
  // There is nothing to be done if the message cannot be written.
  if (::write(log_fd, line, length) < 0) return;
}

[[noreturn]] void become_shell() noexcept {
  for (int each = 1; each < _NSIG; ++each) ::signal(each, SIG_DFL);  // execve(2) keeps ignored ones
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  ::setsid();
  const int terminal = ::open(console, O_RDWR);
  if (terminal >= 0) ::ioctl(terminal, TIOCSCTTY, 1);
  for (int fd = 0; fd <= 2 && terminal >= 0; ++fd) ::dup2(terminal, fd);
  ::syscall(SYS_close_range, 3, ~0U, 0);
  char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  char home[] = "HOME=/root";
  char term[] = "TERM=linux";
  char* environment[] = {path, home, term, nullptr};
  for (const char* program : {"/sbin/sulogin", "/bin/sh"}) {
    char* arguments[] = {const_cast<char*>(program), nullptr};
    ::execve(program, arguments, environment);
  }
  _exit(127);
}

/// _Fork(3) is async-signal-safe, unlike fork(3).
void start_shell() noexcept {
  const pid_t pid = ::_Fork();
  if (pid == 0) become_shell();
  shell = pid;
}

/// Reaps for ever, and starts the shell again whenever it has ended.
[[noreturn]] void reap_for_ever() noexcept {
  while (true) {
    const pid_t ended = ::waitpid(-1, nullptr, 0);
    if (ended < 0 && errno == EINTR) continue;
    if (ended > 0 && ended != shell) continue;
    ::nanosleep(&kBetweenShells, nullptr);
    start_shell();
  }
}

[[noreturn]] void wait_for_ever() noexcept {
  while (true) ::pause();
}

bool on_main_thread() noexcept { return ::syscall(SYS_gettid) == ::getpid(); }

void on_fault(int signal, siginfo_t* info, void* /*context*/) noexcept {
  const bool sent = info->si_code <= 0;  // by kill(2) and the like, which includes abort(3)
  if (sent && info->si_pid != ::getpid()) return;
  const bool first = !at_fault.test_and_set();
  if (first) {
    const char* name = ::sigabbrev_np(signal);
    say("fault in zinit itself, which goes on with a shell on the console: SIG",
        name != nullptr ? name : "?");
    start_shell();
  }
  if (on_main_thread()) reap_for_ever();
  // Brings the main thread here too. Otherwise it would sooner or later wait for a lock that this
  // thread holds, and nobody would reap.
  if (first) ::syscall(SYS_tgkill, ::getpid(), ::getpid(), signal);
  wait_for_ever();
}

}  // namespace

void survive_faults(int new_log_fd, std::string_view new_console) noexcept {
  log_fd = new_log_fd;
  const std::size_t length = std::min(new_console.size(), sizeof console - 1);
  std::memcpy(console, new_console.data(), length);
  console[length] = '\0';

  // For a stack overflow of the main thread; other threads have their own (os/thread.hpp).
  static char stack[65536];
  stack_t alternate{};
  alternate.ss_sp = stack;
  alternate.ss_size = sizeof stack;
  ::sigaltstack(&alternate, nullptr);

  struct sigaction action {};
  action.sa_sigaction = on_fault;
  // Without SA_NODEFER a fault inside of the handler would end the process.
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  for (const int signal : kFaults) ::sigaction(signal, &action, nullptr);
}

void stay_alive(const char* why) noexcept {
  say("cannot go on, a shell is on the console: ", why);
  start_shell();
  reap_for_ever();
}

}  // namespace zinit
