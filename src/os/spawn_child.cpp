// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Makes a child, and takes its few steps to execve. See spawn_child.hpp for the rules.
//
// A child is made in the best way that the kernel allows:
//
// 1. clone3(2) with shared memory and a shared descriptor table. This needs slots for the streams
//    (spawn_slots.hpp), and low numbers for other passed descriptors. At its beginning the child
//    copies the lowest part of the table (take_descriptors()). If the kernel refuses the copy, the
//    child ends, the slots are given up for good, and start_child() starts again with way 2.
// 2. clone3(2) with shared memory and a copy of the whole table. If a service has sent zinit a file
//    whose close hangs, the child hangs while it closes its copy.
// 3. clone(2) with a copy of the memory (clone_copied()). Used from the moment at which the kernel
//    or a filter refuses clone3(2).
//
// In ways 1 and 2 the kernel makes the child in its cgroup (CLONE_INTO_CGROUP). Without this flag
// (before Linux 5.7), and in way 3, the child enters the cgroup itself.
//
// In ways 1 and 2 this thread sleeps until the child has executed or ended (CLONE_VFORK), and then
// reads the failed step from ChildWork. In way 3 it reads a report from a pipe, which ends without
// a report at execve(2). In each way reap_unexecuted() then says which of the two happened: it can
// only reap a child that did not execute.
#include "os/spawn_child.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdint>

#include "base/fd.hpp"
#include "base/kill_point.hpp"
#include "base/low_numbers.hpp"
#include "os/close_waits.hpp"
#include "os/process.hpp"
#include "os/signals.hpp"
#include "os/spawn_slots.hpp"
#include "os/spawn_steps.hpp"

namespace zinit {

namespace {

// For a few frames and no signal handler.
constexpr std::size_t kChildStackBytes = 8192;

/// Zeros, used as two kernel structures: a sigaction with SIG_DFL, and an empty signal set.
constexpr std::uint64_t kZeros[16] = {};

/// Resets signals: no handler of ours may run in the child, and execve(2) and CLONE_CLEAR_SIGHAND
/// do not reset ignored signals. The calls for SIGKILL and SIGSTOP fail harmlessly.
ZINIT_CHILD void reset_handlers(const ChildWork& work) {
  for (std::uint64_t rest = work.signals; rest != 0; rest &= rest - 1)
    ::syscall(SYS_rt_sigaction, __builtin_ctzll(rest) + 1, kZeros, nullptr, kSignalSetBytes);
}

/// Moves the streams to 0, 1 and 2. First moves each above 2, because it may have another's number.
ZINIT_CHILD bool place_streams(ChildWork& work) {
  if (work.report >= 0 && work.report < kStreams) {
    work.report = static_cast<int>(::syscall(SYS_fcntl, work.report, F_DUPFD_CLOEXEC, kStreams));
    if (work.report < 0) return false;
  }
  for (int& stream : work.streams) {
    if (stream >= kStreams) continue;
    stream = static_cast<int>(::syscall(SYS_fcntl, stream, F_DUPFD_CLOEXEC, kStreams));
    if (stream < 0) return false;
  }
  for (int i = 0; i < kStreams; ++i)
    if (::syscall(SYS_dup3, work.streams[i], i, 0) < 0) return false;
  return true;
}

/// Moves the passed descriptors to their numbers; first above all of these, like the streams.
ZINIT_CHILD bool place_passed(ChildWork& work) {
  if (work.passed_count == 0) return true;
  const int free = work.passed_as[work.passed_count - 1] + 1;
  if (work.report >= 0 && work.report < free) {
    work.report = static_cast<int>(::syscall(SYS_fcntl, work.report, F_DUPFD_CLOEXEC, free));
    if (work.report < 0) return false;
  }
  for (std::size_t i = 0; i < work.passed_count; ++i) {
    int& from = work.passed_from[i];
    if (from >= free) continue;
    from = static_cast<int>(::syscall(SYS_fcntl, from, F_DUPFD_CLOEXEC, free));
    if (from < 0) return false;
  }
  for (std::size_t i = 0; i < work.passed_count; ++i)
    if (::syscall(SYS_dup3, work.passed_from[i], work.passed_as[i], 0) < 0) return false;
  return true;
}

/// Writes the child's pid into its variables, which are in the waiting parent's memory.
ZINIT_CHILD void write_pid(const ChildWork& work) {
  if (work.pid_count == 0) return;
  long rest = ::syscall(SYS_getpid);
  char digits[kPidDigits];
  std::size_t count = 0;
  for (; rest > 0 && count < kPidDigits - 1; rest /= 10)
    digits[count++] = static_cast<char>('0' + rest % 10);
  for (std::size_t i = 0; i < work.pid_count; ++i) {
    char* place = work.pid_places[i];
    for (std::size_t at = count; at > 0; --at) *place++ = digits[at - 1];
    *place = 0;
  }
}

/// Gives the child its own descriptor table: see spawn_slots.hpp.
ZINIT_CHILD bool take_descriptors(ChildWork& work) {
  if (work.keep_below < 0) return true;
  work.unshare_refused = ::syscall(SYS_close_range, work.keep_below, ~0U, CLOSE_RANGE_UNSHARE) < 0;
  return !work.unshare_refused;
}

/// Closes descriptors that zinit inherited; all of zinit's own are close-on-exec. Before Linux 5.9,
/// without close_range(2), mark_inherited_descriptors() must suffice.
ZINIT_CHILD void close_others(const ChildWork& work) {
  int next = kStreams;
  for (std::size_t i = 0; i < work.passed_count; ++i) {
    const int kept = work.passed_as[i];
    if (kept > next) ::syscall(SYS_close_range, next, kept - 1, 0);
    next = kept + 1;
  }
  if (work.report < 0) {
    ::syscall(SYS_close_range, next, ~0U, 0);
    return;
  }
  // place_passed() has moved it above all passed descriptors.
  if (work.report > next) ::syscall(SYS_close_range, next, work.report - 1, 0);
  ::syscall(SYS_close_range, work.report + 1, ~0U, 0);
}

/// Makes the child lead its own session; or a process group that shares our terminal, like a
/// shell's foreground job.
ZINIT_CHILD bool take_group(const ChildWork& work) {
  return (work.foreground ? ::syscall(SYS_setpgid, 0, 0) : ::syscall(SYS_setsid)) >= 0;
}

/// As tini does. SIGTTOU, which the terminal sends to background processes, is still blocked. If
/// this fails, the program runs without job control.
ZINIT_CHILD void come_to_foreground(const ChildWork& work) {
  if (!work.foreground) return;
  const int group = static_cast<int>(::syscall(SYS_getpid));
  ::syscall(SYS_ioctl, 0, TIOCSPGRP, &group);
}

/// Everything that the child does until execve(2).
[[noreturn]] ZINIT_CHILD void run_child(ChildWork* shared) {
  ChildWork& work = *shared;
  reset_handlers(work);
  if (!take_descriptors(work)) fail(work, SpawnStep::descriptors);
  enter_cgroup(work);
  if (!take_group(work)) fail(work, SpawnStep::session);
  if (!place_streams(work) || !place_passed(work)) fail(work, SpawnStep::descriptors);
  // 1: take it from another session, if allowed. A service that just stopped may still have it.
  if (work.take_terminal && ::syscall(SYS_ioctl, 0, TIOCSCTTY, 1) < 0)
    fail(work, SpawnStep::terminal);
  come_to_foreground(work);
  close_others(work);
  apply_settings(work);
  take_identity(work);
  if (::syscall(SYS_chdir, work.dir) < 0) fail(work, SpawnStep::directory);
  ::syscall(SYS_umask, work.umask);
  give_up_privileges(work);
  if (::syscall(SYS_rt_sigprocmask, SIG_SETMASK, kZeros, nullptr, kSignalSetBytes) < 0)
    fail(work, SpawnStep::signals);
  write_pid(work);
  ::syscall(SYS_execve, work.program, work.argv, work.env);
  fail(work, SpawnStep::execute);
}

/// Calls clone3(2). The child calls run_child() on the stack in `arguments` and never returns.
/// libc's syscall() does not work here: the child would return from it, on its empty stack.
/// @return the child's pid, or the negated errno
#if defined(__x86_64__)
#define ZINIT_HAS_CLONE3 1
long clone3_child(clone_args& arguments, ChildWork& work) {
  long result = SYS_clone3;
  asm volatile(
      "syscall\n\t"
      "test %%rax, %%rax\n\t"
      "jnz 1f\n\t"
      "mov %[work], %%rdi\n\t"
      "mov %[run], %%rax\n\t"
      "xor %%ebp, %%ebp\n\t"  // not sooner: an operand may be there
      "call *%%rax\n\t"
      "ud2\n"
      "1:"
      : "+a"(result)
      : "D"(&arguments), "S"(sizeof arguments), [work] "r"(&work), [run] "r"(&run_child)
      : "rcx", "r11", "cc", "memory");
  return result;
}
#elif defined(__aarch64__)
#define ZINIT_HAS_CLONE3 1
long clone3_child(clone_args& arguments, ChildWork& work) {
  register long x8 asm("x8") = SYS_clone3;
  register void* x0 asm("x0") = &arguments;
  register long x1 asm("x1") = sizeof arguments;
  asm volatile(
      "svc #0\n\t"
      "cbnz x0, 1f\n\t"
      "mov x0, %[work]\n\t"
      "mov x8, %[run]\n\t"
      "mov x29, xzr\n\t"  // not sooner: an operand may be there
      "blr x8\n\t"
      "brk #1\n"
      "1:"
      : "+r"(x0)
      : "r"(x8), "r"(x1), [work] "r"(&work), [run] "r"(&run_child)
      : "x30", "cc", "memory");
  return reinterpret_cast<long>(x0);
}
#else
#define ZINIT_HAS_CLONE3 0
long clone3_child(clone_args&, ChildWork&) { return -ENOSYS; }
#endif

/// How children are made. Changes when the kernel refuses a way.
std::atomic<CloneWay> way_in_force{ZINIT_HAS_CLONE3 ? CloneWay::shared : CloneWay::copied};

/// Whether the error means that the kernel (before 5.7) does not know CLONE_INTO_CGROUP, for which
/// the structure became larger.
bool lacks_into_cgroup(long error) { return error == -E2BIG || error == -EINVAL; }

/// @return pid or negated errno
long clone_with_memory(ChildWork& work, clone_args& arguments) {
  work.enter_cgroup = false;
  if (work.cgroup < 0) return clone3_child(arguments, work);
  clone_args into = arguments;
  into.flags |= CLONE_INTO_CGROUP;
  into.cgroup = static_cast<__u64>(work.cgroup);
  const long pid = clone3_child(into, work);
  if (pid >= 0 || !lacks_into_cgroup(pid)) return pid;
  // Such a kernel has no CLOSE_RANGE_UNSHARE either.
  arguments.flags &= ~std::uint64_t{CLONE_FILES};
  work.keep_below = -1;
  work.enter_cgroup = true;
  return clone3_child(arguments, work);
}

/// Copies of the passed descriptors in the part of the table that a child copies. While they exist,
/// `work` passes them in place of the originals, if there is a copy of each. A file whose close
/// could hang has no copy (close_waits.hpp).
class LowPassed {
 public:
  explicit LowPassed(ChildWork& work) noexcept : work_(work) {
    if (work.passed_count > kMost) return;
    std::copy_n(work.passed_from, work.passed_count, given_.begin());
    if (!std::all_of(given_.begin(), given_.begin() + work.passed_count, closes_at_once)) return;
    const MutexLock lock(low_numbers());
    for (; count_ < work.passed_count; ++count_) {
      UniqueFd low(::fcntl(given_[count_], F_DUPFD_CLOEXEC, kStreams));
      if (!low || low.get() >= kFirstOfStrangers) return;
      end_ = std::max(end_, low.get() + 1);
      low_[count_] = std::move(low);
    }
    for (std::size_t i = 0; i < count_; ++i) work.passed_from[i] = low_[i].get();
  }
  ~LowPassed() {
    if (whole()) std::copy_n(given_.begin(), count_, work_.passed_from);
  }
  LowPassed& operator=(LowPassed&&) = delete;

  [[nodiscard]] bool whole() const noexcept { return count_ == work_.passed_count; }
  /// All copies are below this number.
  [[nodiscard]] int end() const noexcept { return end_; }

 private:
  static constexpr std::size_t kMost = 128;

  /// A copy is never the last.
  static bool closes_at_once(int fd) noexcept { return close_waits(fd) != CloseWaits::always; }

  ChildWork& work_;
  std::array<int, kMost> given_{};
  std::array<UniqueFd, kMost> low_{};
  std::size_t count_ = 0;
  int end_ = 0;
};

/// Makes a child that shares our memory. Its stack can be in this frame, because CLONE_VFORK
/// suspends this thread until the child has executed or ended.
/// @return pid or negated errno
long clone_shared(ChildWork& work, int& pidfd) {
  alignas(16) std::byte stack[kChildStackBytes];
  clone_args arguments{};
  arguments.flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD;
  arguments.pidfd = reinterpret_cast<std::uintptr_t>(&pidfd);
  arguments.stack = reinterpret_cast<std::uintptr_t>(stack);
  arguments.stack_size = sizeof stack;
  static_assert(sizeof *work.pid == sizeof(pid_t) && std::atomic<pid_t>::is_always_lock_free);
  if (work.noted != nullptr) {
    arguments.flags |= CLONE_PARENT_SETTID;
    arguments.parent_tid = reinterpret_cast<std::uintptr_t>(work.noted);
  }
  if (work.pid != nullptr) {  // the child's memory is ours
    arguments.flags |= CLONE_CHILD_SETTID;
    arguments.child_tid = reinterpret_cast<std::uintptr_t>(work.pid);
  }
  arguments.exit_signal = 0;  // hidden from the reaper until it executes, see spawn.hpp
  const StreamSlots slots(work.streams);
  if (!slots.taken()) return clone_with_memory(work, arguments);
  const LowPassed passed(work);
  if (!passed.whole()) return clone_with_memory(work, arguments);
  arguments.flags |= CLONE_FILES;
  work.keep_below = std::max(StreamSlots::end(), passed.end());
  const std::array given = std::to_array(work.streams);
  for (int i = 0; i < kStreams; ++i) work.streams[i] = slots.fd(i);
  const long pid = clone_with_memory(work, arguments);
  work.keep_below = -1;
  std::ranges::copy(given, work.streams);
  return pid;
}

/// Waits for the child's report, and copies it to `work`. A child that has executed sends none.
void read_report(int fd, ChildWork& work) noexcept {
  int words[3] = {};
  ssize_t got;
  do got = ::read(fd, words, sizeof words);
  while (got < 0 && errno == EINTR);
  if (got != sizeof words) return;
  work.failed_step = static_cast<SpawnStep>(words[0]);
  work.failed_errno = words[1];
  work.failed_detail = words[2];
}

/// Like fork(2), but with exit signal 0, and without libc's extra work. The place for the pid is
/// the third argument on all architectures. The order of the last two differs: both are 0.
/// @return pid or negated errno
long clone_copied(ChildWork& work, int& pidfd) {
  auto pipe = make_pipe();
  if (!pipe) return -pipe.error().errnum;
  work.report = pipe->write.get();
  work.enter_cgroup = work.cgroup >= 0;
  const unsigned long flags = work.pid != nullptr ? CLONE_PARENT_SETTID : 0;
  const long pid = ::syscall(SYS_clone, flags, 0, work.pid, 0, 0);
  if (pid == 0) run_child(&work);
  if (pid < 0) return -errno;
  if (work.noted != nullptr) *work.noted = static_cast<pid_t>(pid);
  pipe->write.reset();
  read_report(pipe->read.get(), work);
  pidfd = open_pidfd(static_cast<pid_t>(pid)).release();  // -1 before 5.3
  return pid;
}

/// Whether `error` means that the kernel or a filter refuses clone3 with these arguments.
bool refused(long error) { return error == -ENOSYS || error == -EINVAL || error == -EPERM; }

long clone_any(ChildWork& work, int& pidfd) {
  if (way_in_force == CloneWay::shared) {
    const long pid = clone_shared(work, pidfd);
    if (!refused(pid)) return pid;
    way_in_force = CloneWay::copied;
  }
  return clone_copied(work, pidfd);
}

/// Reaps a child that did not execute. __WCLONE takes only children whose exit signal is not
/// SIGCHLD.
/// @return false if the child has executed, because this made its exit signal SIGCHLD
bool reap_unexecuted(pid_t pid, int& status) noexcept {
  pid_t got;
  do got = ::waitpid(pid, &status, static_cast<int>(__WCLONE));
  while (got < 0 && errno == EINTR);
  return got == pid;
}

}  // namespace

void use_clone_way(CloneWay way) noexcept { way_in_force = way; }

CloneWay clone_way() noexcept { return way_in_force; }

Result<StartedChild> start_child(ChildWork& work) {
  int pidfd = -1;
  kill_point("clone.before");
  const long pid = clone_any(work, pidfd);
  kill_point("clone.after");
  if (pid < 0) return sys_failure("make", "a process", static_cast<int>(-pid));
  StartedChild child;
  child.pid = static_cast<pid_t>(pid);
  child.pidfd = UniqueFd(pidfd);
  int status = 0;
  child.executed = !reap_unexecuted(child.pid, status);
  if (child.executed) return child;
  if (WIFSIGNALED(status)) child.killed = WTERMSIG(status);
  if (!work.unshare_refused) return child;
  StreamSlots::give_up();
  work.unshare_refused = false;
  return start_child(work);
}

}  // namespace zinit
