// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Processes that share zinit's table of descriptors. See disposal.hpp.
#include "state/disposal.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <new>
#include <optional>
#include <utility>
#include <vector>

#include "base/low_numbers.hpp"
#include "base/memory.hpp"
#include "base/mutex.hpp"
#include "base/sanitized.hpp"
#include "os/unix_receive.hpp"
#include "state/kept_descriptors.hpp"

namespace zinit {

namespace {

enum class Task { close, discard };
enum class Stand : int { pending, begun, done, failed };
using SharedStand = std::atomic<Stand>;
static_assert(SharedStand::is_always_lock_free);

/// Of the process and its waiter, the first one to call this decides whether the task is done.
bool leave_pending(SharedStand& stand, Stand to) noexcept {
  Stand from = Stand::pending;
  return stand.compare_exchange_strong(from, to);
}

// How long close(2) of a socket may linger. The timer repeats until the socket is closed, because a
// tick before the close(2) has no effect.
constexpr itimerval kTick = {{0, 1000}, {0, 1000}};

// Of kMostDisposals, the places that no close may take.
constexpr std::size_t kForDiscards = 16;

/// The work of the process. It is a copy of zinit, but shares the table of descriptors. Makes
/// system calls without their wrappers: a sanitizer would take them for changes of its own table.
[[noreturn]] void dispose(Task task, int fd, SharedStand& stand) noexcept {
  ::syscall(SYS_prctl, PR_SET_NAME, kDisposalName);
  const std::uint64_t alarm = std::uint64_t{1} << (SIGALRM - 1);
  ::syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, &alarm, nullptr, sizeof alarm);
  ::setitimer(ITIMER_REAL, &kTick, nullptr);
  long result = 0;
  if (task == Task::close) {
    ::syscall(SYS_close, fd);  // closes it even if it returns an error
  } else if (leave_pending(stand, Stand::begun)) {
    char byte = 0;
    iovec part{&byte, 1};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    do result = ::syscall(SYS_recvmsg, fd, &header, MSG_DONTWAIT);
    while (result < 0 && errno == EINTR);
  } else {
    result = -1;
  }
  stand = result < 0 ? Stand::failed : Stand::done;
  while (true) ::syscall(SYS_exit_group, 0);
}

/// A descriptor for which no process could be made yet.
struct Unclosed {
  SenderPtr sender;  // released after fd is closed
  KeptFd fd;
};

class Disposals;
std::atomic<Disposals*> the_disposals{nullptr};  // null: none was needed so far

/// The running processes, and descriptors for which no process could be made yet.
class Disposals {
 public:
  /// Never destroyed: other threads may use it until the program has ended.
  static Disposals& all() {
    static Disposals& only = *new Disposals;
    return only;
  }
  Disposals() noexcept {
    void* const memory = ::mmap(nullptr, sizeof(SharedStand) * kMostDisposals,
                                PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory != MAP_FAILED) stands_ = ::new (memory) SharedStand[kMostDisposals];
    the_disposals = this;
  }

  /// Takes no lock. A process that begins or ends meanwhile may be seen or not.
  [[nodiscard]] bool under_way() const noexcept {
    return std::ranges::any_of(processes_, [](const Process& each) {
      return each.pidfd && !ends(each.pidfd.get(), Milliseconds{0});
    });
  }

  /// Starts a process for the task, and waits for it at most kTakeOver.
  /// @return  nothing if no process could be made, else how far it has got; it continues
  std::optional<Stand> run(Task task, int fd) EXCLUDES(mutex_) {
    const std::optional<std::size_t> place = start(task, fd);
    if (!place) return std::nullopt;
    // Nobody else uses the place while it is awaited.
    Process& process = processes_[*place];
    ends(process.pidfd.get(), kTakeOver);
    // On a busy machine it may not have run yet. The caller then receives the datagram itself, and
    // the process would take the next one. One that has begun takes no time.
    if (task == Task::discard && !leave_pending(stands_[*place], Stand::failed))
      ends(process.pidfd.get(), kTakeOver);
    MutexLock lock(mutex_);
    const Stand stand = stands_[*place];
    process.awaited = false;
    over(process);
    return stand;
  }

  void take_over(Inheritance& inherited) EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    auto place = processes_.begin();
    for (Inheritance::One& one : inherited.take_all(KeptKind::disposal)) {
      place = std::find_if(place, processes_.end(), over);
      if (place == processes_.end()) break;
      place->pidfd = std::move(one.fd);
    }
  }

  void forget_ended() EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    std::ranges::for_each(processes_, over);
  }

  void keep(Unclosed one) EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    left_.push_back(std::move(one));
  }

  [[nodiscard]] std::vector<Unclosed> take_left() EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return std::exchange(left_, {});
  }

 private:
  struct Process {
    KeptFd pidfd;  // the next image counts the process too
    bool awaited = false;
  };

  std::optional<std::size_t> start(Task task, int fd) EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    auto free = processes_.end();
    std::size_t places = 0;
    for (auto each = processes_.begin(); each != processes_.end(); ++each) {
      if (!over(*each)) continue;
      free = each;
      ++places;
    }
    // Hanging closes must not keep messages from being received.
    if (stands_ == nullptr || places <= (task == Task::close ? kForDiscards : 0))
      return std::nullopt;
    const auto place = static_cast<std::size_t>(free - processes_.begin());
    SharedStand& stand = stands_[place];
    stand = Stand::pending;
    will_close_unseen();
    // For the copy: a signal with a handler ends its wait. zinit itself blocks the signal. Set each
    // time, because a start of zinit resets the handlers, in a next image after the first disposal.
    struct sigaction nothing {};
    nothing.sa_handler = [](int) {};
    ::sigaction(SIGALRM, &nothing, nullptr);
    int pidfd = -1;
    const long pid = ::syscall(SYS_clone, CLONE_FILES | CLONE_PIDFD | SIGCHLD, nullptr, &pidfd,
                               nullptr, nullptr);
    if (pid == 0) dispose(task, fd, stand);
    if (pid < 0) return std::nullopt;
    free->pidfd = KeptFd(UniqueFd(pidfd), {KeptKind::disposal});
    free->awaited = true;
    return place;
  }

  static bool ends(int pidfd, Milliseconds limit) noexcept {
    pollfd process{pidfd, POLLIN, 0};
    const TimePoint until = after(Clock::now(), limit);
    int ready = 0;
    do ready = ::poll(&process, 1, poll_ms(until));
    while (ready < 0 && errno == EINTR);
    return ready > 0;
  }

  /// The reaper may have done it before.
  static void reap(KeptFd& pidfd) noexcept {
    siginfo_t end;
    (void)::waitid(P_PIDFD, static_cast<id_t>(pidfd.get()), &end, WEXITED | WNOHANG);
    pidfd.reset();
  }

  /// Whether the place is free. Frees it if its process has ended.
  static bool over(Process& process) noexcept {
    if (process.awaited || (process.pidfd && !ends(process.pidfd.get(), Milliseconds{0})))
      return false;
    if (process.pidfd) reap(process.pidfd);
    return true;
  }

  Mutex mutex_;
  SharedStand* stands_ = nullptr;
  std::array<Process, kMostDisposals> processes_;  // guarded by `mutex_`, or owned by its waiter
  std::vector<Unclosed> left_ GUARDED_BY(mutex_);
};

/// @return  false: try again later
bool close_now(Unclosed& one) {
  // Take it from the list before its number can belong to another file.
  UniqueFd plain = one.fd.release();
  if (Disposals::all().run(Task::close, plain.get())) {
    static_cast<void>(plain.release());
    return true;
  }
  one.fd = KeptFd(std::move(plain), unwanted_of(one.sender));
  return false;
}

}  // namespace

KeptNote unwanted_of(const SenderPtr& sender) noexcept {
  if (!sender) return {KeptKind::unwanted};
  return {KeptKind::unwanted, 1, *sender};
}

void close_elsewhere(UniqueFd fd, SenderPtr sender) noexcept {
  if (!fd) return;
  const EssentialAllocations essential;
  const KeptNote note = unwanted_of(sender);
  Disposals::all().keep({std::move(sender), KeptFd(std::move(fd), note)});
  close_left();
}

void leave_lowest(UniqueFd& fd) noexcept {
  if (UniqueFd higher = copy_above_lowest(fd.get()))
    close_elsewhere(std::exchange(fd, std::move(higher)));
}

void close_left() noexcept {
  const EssentialAllocations essential;
  std::vector<Unclosed> all = Disposals::all().take_left();
  bool room = true;
  for (Unclosed& one : all) {
    room = room && close_now(one);
    if (!room) Disposals::all().keep(std::move(one));
  }
}

bool discard_datagram(int socket) noexcept {
  return Disposals::all().run(Task::discard, socket) == Stand::done;
}

void take_over_disposals(Inheritance& inherited) { Disposals::all().take_over(inherited); }

void forget_ended_disposals() noexcept {
  if (Disposals* const all = the_disposals) all->forget_ended();
}

bool disposal_under_way() noexcept {
  const Disposals* const all = the_disposals;
  return all != nullptr && all->under_way();
}

void close_shared(UniqueFd fd) noexcept {
  if (fd && may_hold_descriptors(fd.get())) close_elsewhere(std::move(fd));
}

void close_socket(UniqueFd fd) noexcept {
  if (!fd || socket_option(fd.get(), SOL_SOCKET, SO_DOMAIN) != AF_UNIX) return;
  ::shutdown(fd.get(), SHUT_RD);
  close_shared(std::move(fd));
}

}  // namespace zinit
