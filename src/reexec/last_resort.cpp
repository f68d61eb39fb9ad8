// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The handler for faults, and the last loop of PID 1. All of it is async-signal-safe.
#include "reexec/last_resort.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <ctime>

#include "base/log.hpp"
#include "base/result.hpp"
#include "os/call_sites.hpp"
#include "os/signals.hpp"
#include "reexec/reexecution.hpp"
#include "state/crash_log.hpp"

namespace zinit {

namespace {

// The pause before the shell starts again: on a console that is gone it ends at once.
constexpr timespec kBetweenShells{2, 0};

// Memory may become free meanwhile, for example because the kernel kills a process: 10 s in all.
constexpr timespec kBetweenExecutions{0, 100'000'000};
constexpr int kExecutions = 100;

// For the copy that leaves a core file to close its descriptors, in milliseconds.
constexpr int kCopyCloses = 1000;

char last_console[256] = "/dev/console";
bool is_machine = true;
pid_t survivor = 0;              // this process, not one that it has forked
std::atomic<pid_t> at_fault{0};  // the first thread with a fault
std::atomic<bool> ends_in_shell{false};
std::atomic<pid_t> shell{-1};  // the last shell started
static_assert(std::atomic<pid_t>::is_always_lock_free);

/// A line of the log: "<2>zinit: TEXT\n" for /dev/kmsg, which reads <2> as priority critical; else
/// as base/log.hpp would write it.
class Line {
 public:
  Line() noexcept { add(log_time().data()).add(is_machine ? "<2>zinit: " : "error "); }
  Line& add(const char* text) noexcept {
    const std::size_t room = std::min(std::strlen(text), sizeof text_ - 1 - length_);
    std::memcpy(text_ + length_, text, room);
    length_ += room;
    return *this;
  }
  Line& add_number(std::uint32_t number) noexcept {
    char digits[11];
    char* begin = digits + sizeof digits - 1;
    *begin = '\0';
    do *--begin = static_cast<char>('0' + number % 10);
    while ((number /= 10) != 0);
    return add(begin);
  }
  Line& add_hex(std::uint64_t number) noexcept {
    char digits[19] = "0x";
    char* end = digits + 2;
    for (int shift = 60; shift >= 0; shift -= 4) {
      const auto digit = static_cast<std::size_t>(number >> shift & 15);
      if (digit != 0 || end > digits + 2 || shift == 0) *end++ = "0123456789abcdef"[digit];
    }
    *end = '\0';
    return add(digits);
  }
  /// A failed write is ignored, because nothing can be done about it.
  void write() noexcept {
    text_[length_++] = '\n';
    write_to_log({text_, length_});
  }

 private:
  char text_[800];
  std::size_t length_ = 0;
};

[[noreturn]] void become_shell() noexcept {
  for (int each = 1; each < _NSIG; ++each) ::signal(each, SIG_DFL);  // execve(2) keeps ignored ones
  const sigset_t none = signal_set({});
  sigprocmask(SIG_SETMASK, &none, nullptr);
  ::setsid();
  // Without O_NONBLOCK the open of a serial line waits until there is a carrier.
  const int terminal = ::open(last_console, O_RDWR | O_NONBLOCK);
  if (terminal >= 0) ::fcntl(terminal, F_SETFL, 0);
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
    // Tried again later: a lack of memory is no reason to give a shell without a password.
    if (is_shortage(errno) || errno == EAGAIN) break;
  }
  _exit(127);
}

/// _Fork(3) is async-signal-safe, unlike fork(3).
void start_shell() noexcept {
  const pid_t pid = ::_Fork();
  if (pid == 0) become_shell();
  shell = pid;
}

/// Reaps for ever, and starts the shell again each time it has ended, or could not be started.
[[noreturn]] void reap_for_ever() noexcept {
  while (true) {
    const pid_t known = shell;
    const pid_t ended = ::waitpid(-1, nullptr, known < 0 ? WNOHANG : 0);
    if (ended < 0 && errno == EINTR) continue;
    if (ended > 0 && ended != known) continue;
    ::nanosleep(&kBetweenShells, nullptr);
    if (shell == known) start_shell();  // otherwise another thread has started it
  }
}

[[noreturn]] void wait_for_ever() noexcept {
  while (true) ::pause();
}

bool on_main_thread() noexcept { return ::syscall(SYS_gettid) == ::getpid(); }

/// By kill(2) or similar calls, abort(3) among them.
bool is_sent(const siginfo_t& info) noexcept { return info.si_code <= 0; }

pid_t this_thread() noexcept { return static_cast<pid_t>(::syscall(SYS_gettid)); }

/// Notes who has sent the signal, if it was another process. The name comes from now: the sender
/// may be gone when somebody asks.
void add_sender(Crash& crash, const siginfo_t& info) noexcept {
  if (!is_sent(info) || info.si_pid == ::getpid()) return;
  crash.sent = crash.sent_mark();
  crash.sender = info.si_pid;
  crash.sender_uid = info.si_uid;
  char path[32] = "/proc/";
  char* end = path + std::strlen(path);
  end = std::to_chars(end, path + 20, info.si_pid).ptr;
  std::memcpy(end, "/comm", sizeof "/comm");
  const int fd = info.si_pid > 0 ? ::open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (fd < 0) return;
  const ssize_t got = ::read(fd, crash.sender_name.data(), crash.sender_name.size());
  ::close(fd);
  crash.sender_name[got > 0 ? static_cast<std::size_t>(got) - 1 : 0] = '\0';  // without the newline
}

Crash describe(int signal, const siginfo_t& info, const void* context) noexcept {
  Crash crash;
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  crash.at_us = now.tv_sec * std::int64_t{1'000'000} + now.tv_nsec / 1000;
  crash.signal = signal;
  crash.thread = this_thread();
  ::prctl(PR_GET_NAME, crash.thread_name.data(), 0, 0, 0);
  crash.site_count = static_cast<std::uint32_t>(call_sites(context, crash.sites));
  add_sender(crash, info);
  return crash;
}

/// The name of one of kFaults, without SIG. musl has no sigabbrev_np(3).
const char* name_of(int fault) noexcept {
  switch (fault) {
    case SIGSEGV: return "SEGV";
    case SIGBUS: return "BUS";
    case SIGFPE: return "FPE";
    case SIGILL: return "ILL";
    case SIGABRT: return "ABRT";
    case SIGTRAP: return "TRAP";
    case SIGSYS: return "SYS";
    default: return "?";
  }
}

/// glibc's strerror(3) may take memory; that of musl does not.
const char* words_of(int errnum) noexcept {
#ifdef __GLIBC__
  const char* const words = ::strerrordesc_np(errnum);
#else
  const char* const words = std::strerror(errnum);
#endif
  return words != nullptr ? words : "?";
}

/// The words of crash_text(). No name of a program can break the line: a byte that is no printable
/// ASCII becomes "?".
void add_sender_words(Line& line, const Crash& crash) noexcept {
  if (crash.sender == 0) return void(line.add(", sent from outside of the container"));
  line.add(", sent by pid ").add_number(static_cast<std::uint32_t>(crash.sender));
  auto name = crash.sender_name;
  for (char& c : name)
    if (c != '\0' && (c < ' ' || c > '~')) c = '?';
  if (name[0] != '\0') line.add(" (").add(name.data()).add(")");
  line.add(", uid ").add_number(crash.sender_uid);
}

void tell(const Crash& crash) noexcept {
  Line line;
  line.add("fault in zinit itself: SIG").add(name_of(crash.signal));
  line.add(" in thread ").add(crash.thread_name.data());
  if (crash.is_sent()) add_sender_words(line, crash);
  for (std::uint32_t i = 0; i < crash.site_count; ++i)
    line.add(i == 0 ? ", at " : " ").add_hex(crash.sites[i]);
  line.write();
}

/// Makes a copy of this process die of the signal, so that the kernel writes a core file if
/// configured. Returns when the copy has closed all descriptors: the next process image must not
/// find them in use, nor zinit's locks. The close of a file that a service has stored may hang, so
/// the wait ends after kCopyCloses.
void dump_core(int signal) noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_CORE, &limit) < 0 || limit.rlim_cur == 0) return;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) return;
  const pid_t pid = ::_Fork();
  if (pid == 0) {
    ::syscall(SYS_close_range, 0, ~0U, 0);
    ::signal(signal, SIG_DFL);
    const sigset_t only = signal_set({&signal, 1});
    sigprocmask(SIG_UNBLOCK, &only, nullptr);
    ::syscall(SYS_tgkill, ::getpid(), this_thread(), signal);
    _exit(kTooManyFaults);
  }
  ::close(ends[1]);
  pollfd closed{ends[0], 0, 0};  // a hang-up is reported always
  while (pid > 0 && ::poll(&closed, 1, kCopyCloses) < 0 && errno == EINTR) {}
  ::close(ends[0]);
}

/// Re-executes zinit if possible, and if it may help.
void recover(int signal, const siginfo_t& info, const void* context) noexcept {
  const Crash crash = describe(signal, info, context);
  const char* const refusal = log_crash(crash);
  tell(crash);
  dump_core(signal);
  if (refusal != nullptr) return Line().add("no recovery: ").add(refusal).write();
  Line().add("recovering: re-executing zinit; all services keep running").write();
  int errnum = execute_after_fault();
  for (int i = 0; i < kExecutions && (is_shortage(errnum) || errnum == EAGAIN); ++i) {
    ::nanosleep(&kBetweenExecutions, nullptr);
    errnum = execute_after_fault();
  }
  Line().add("no recovery: ").add(words_of(errnum)).write();
}

/// In a forked copy, which has our handlers: it would execute a second zinit, or become the last
/// shell. The signal ends it instead.
void end_copy(int signal) noexcept {
  ::signal(signal, SIG_DFL);
  ::syscall(SYS_tgkill, ::getpid(), this_thread(), signal);
}

void on_fault(int signal, siginfo_t* info, void* context) noexcept {
  if (::getpid() != survivor) return end_copy(signal);
  if (is_sent(*info) && info->si_pid != ::getpid() && (at_fault != 0 || !can_execute())) return;
  pid_t nobody = 0;
  const bool first = at_fault.compare_exchange_strong(nobody, this_thread());
  if (first && can_execute()) recover(signal, *info, context);
  // The first thread may come here again through a fault in the code above.
  const bool own = first || at_fault == this_thread();
  if (!is_machine && own) _exit(kTooManyFaults);
  if (!is_machine) wait_for_ever();
  const bool begins = own && !ends_in_shell.exchange(true);
  if (begins) {
    Line()
        .add("fault in zinit itself; starting a shell on the console: SIG")
        .add(name_of(signal))
        .write();
    start_shell();
  }
  if (on_main_thread()) reap_for_ever();
  // Brings the main thread here too. Otherwise the main thread would at some time wait for a lock
  // that this thread holds, and nobody would reap.
  if (begins) ::syscall(SYS_tgkill, ::getpid(), ::getpid(), signal);
  wait_for_ever();
}

}  // namespace

void survive_faults(std::string_view new_console) noexcept {
  survivor = ::getpid();
  is_machine = !new_console.empty();
  last_console[new_console.copy(last_console, sizeof last_console - 1)] = '\0';

  // For a stack overflow of the main thread; each other thread has its own (os/thread.hpp).
  static char stack[65536];
  stack_t alternate{};
  alternate.ss_sp = stack;
  alternate.ss_size = sizeof stack;
  ::sigaltstack(&alternate, nullptr);

  struct sigaction action {};
  action.sa_sigaction = on_fault;
  // Without SA_NODEFER a fault inside the handler would end the process.
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  for (const int signal : kFaults) {
    ::signal(signal, SIG_IGN);  // forgets signals that were sent during execve(2)
    ::sigaction(signal, &action, nullptr);
  }
  block_faults(false);  // they were blocked during execve(2)
}

void stay_alive(const char* why) noexcept {
  Line().add("cannot continue; a shell is on the console: ").add(why).write();
  start_shell();
  reap_for_ever();
}

}  // namespace zinit
