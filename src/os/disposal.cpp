// Threads with a table of descriptors of their own: see disposal.hpp.
#include "os/disposal.hpp"

#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <list>
#include <memory>
#include <vector>

#include "base/memory.hpp"
#include "base/mutex.hpp"
#include "os/thread.hpp"
#include "os/unix_receive.hpp"

namespace zinit {

namespace {

/// What the thread and the one who waits for it share.
struct Hand {
  enum class State { pending, taken, failed, abandoned, closed };

  Mutex mutex;
  CondVar changed;
  State state GUARDED_BY(mutex) = State::pending;
  std::atomic<pid_t> thread{0};
  std::atomic<bool> own_table{false};

  /// By the thread. @return  false if nobody waits any more
  bool tell(State now) {
    MutexLock lock(mutex);
    if (state == State::abandoned) return false;
    state = now;
    changed.notify_one();
    return true;
  }

  /// By the thread, which has a copy of a descriptor: waits until the caller has closed its own,
  /// for the last close is to be the thread's.
  void await_close() {
    MutexLock lock(mutex);
    while (state == State::taken) changed.wait(mutex);
  }

  /// By the caller.
  void closed() {
    MutexLock lock(mutex);
    state = State::closed;
    changed.notify_one();
  }

  /// @return  whether the thread has taken over in time
  [[nodiscard]] bool await() {
    const TimePoint until = after(Clock::now(), kTakeOver);
    MutexLock lock(mutex);
    while (state == State::pending && Clock::now() < until) changed.wait_until(mutex, until);
    if (state == State::pending) state = State::abandoned;
    return state == State::taken;
  }
};

using HandPtr = std::shared_ptr<Hand>;

// System calls without their wrappers: a sanitizer would take these for changes of the common
// table.

void close_range(unsigned first, unsigned last) noexcept {
  if (first <= last) ::syscall(SYS_close_range, first, last, 0U);
}

/// Closes all descriptors of the thread's own table but `kept`: it is not to hold files of zinit
/// open while it waits for those.
void close_all_but(std::vector<int> kept) noexcept {
  std::ranges::sort(kept);
  unsigned next = 0;
  for (const int fd : kept) {
    const auto number = static_cast<unsigned>(fd);
    if (number > next) close_range(next, number - 1);
    next = number + 1;
  }
  close_range(next, ~0U);
}

enum class Task { close, discard };

void dispose(Hand& hand, Task task, int fd) {
  hand.thread = static_cast<pid_t>(::syscall(SYS_gettid));
  hand.own_table = ::unshare(CLONE_FILES) == 0;
  std::vector<int> kept{fd};
  if (task == Task::discard) {
    char byte = 0;
    Datagram unwanted;
    if (!take_datagram(fd, {&byte, 1}, unwanted))
      return static_cast<void>(hand.tell(Hand::State::failed));
    kept.clear();
    for (UniqueFd& each : unwanted.fds) kept.push_back(each.release());
  }
  const bool awaited = hand.tell(Hand::State::taken);
  if (task == Task::close && !awaited) return;  // the caller keeps it
  if (task == Task::close && hand.own_table) hand.await_close();
  if (hand.own_table) return close_all_but(std::move(kept));
  for (const int each : kept) ::syscall(SYS_close, each);
}

/// The threads that there are, and what no thread could be had for yet.
class Disposals {
 public:
  /// Never destroyed: other threads may use it until the program has ended.
  static Disposals& all() {
    static Disposals& only = *new Disposals;
    return only;
  }
  Disposals() noexcept {
    (void)std::atexit([] { all().let_go(); });
  }

  /// @return  whether a thread has taken over
  bool start(Task task, int fd, const HandPtr& hand) EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    std::erase_if(threads_, [](const Running& one) { return over(one); });
    if (threads_.size() >= kMostDisposals) return false;
    auto thread = Thread::start("zinit-close", kSmallStackBytes,
                                [hand, task, fd] { dispose(*hand, task, fd); });
    if (!thread) return false;
    threads_.push_back({hand, std::move(*thread)});
    return true;
  }

  /// Joins the thread that has taken over, if it has a table of its own. That does not wait for the
  /// close of the table, which comes after; what lingers there still counts as a thread.
  void join(const HandPtr& hand) EXCLUDES(mutex_) {
    if (!hand->own_table) return;
    Thread thread;  // joined by its destructor, after the lock is released
    MutexLock lock(mutex_);
    const auto one = std::ranges::find(threads_, hand, &Running::hand);
    if (one != threads_.end()) thread = std::move(one->thread);
  }

  void keep(UniqueFd fd) EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    left_.push_back(std::move(fd));
  }

  [[nodiscard]] std::vector<UniqueFd> take_left() EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return std::exchange(left_, {});
  }

 private:
  struct Running {
    HandPtr hand;
    Thread thread;
  };

  /// At the end of the program: what still waits for a close is not waited for.
  void let_go() noexcept EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    for (Running& one : threads_)
      if (!over(one)) one.thread.abandon();
    threads_.clear();
  }

  /// Whether the thread has gone, and with it its table. Joining it does not wait then.
  static bool over(const Running& one) {
    const pid_t thread = one.hand->thread;
    return thread != 0 && !has_thread(thread);
  }

  Mutex mutex_;
  std::list<Running> threads_ GUARDED_BY(mutex_);
  std::vector<UniqueFd> left_ GUARDED_BY(mutex_);
};

/// @return  false: try again later
bool close_now(UniqueFd& fd) {
  const auto hand = std::make_shared<Hand>();
  if (!Disposals::all().start(Task::close, fd.get(), hand) || !hand->await()) return false;
  if (hand->own_table)
    fd.reset();  // not the last close: the thread has a copy
  else
    static_cast<void>(fd.release());  // closed by the thread
  hand->closed();
  Disposals::all().join(hand);
  return true;
}

}  // namespace

void close_elsewhere(UniqueFd fd) noexcept {
  if (!fd) return;
  const EssentialAllocations essential;
  for (UniqueFd& one : Disposals::all().take_left())
    if (!close_now(one)) Disposals::all().keep(std::move(one));
  if (!close_now(fd)) Disposals::all().keep(std::move(fd));
}

bool discard_datagram(int socket) noexcept {
  const EssentialAllocations essential;
  const auto hand = std::make_shared<Hand>();
  if (!Disposals::all().start(Task::discard, socket, hand) || !hand->await()) return false;
  Disposals::all().join(hand);
  return true;
}

void close_socket(UniqueFd fd) noexcept {
  if (!fd) return;
  int domain = 0;
  socklen_t size = sizeof domain;
  if (::getsockopt(fd.get(), SOL_SOCKET, SO_DOMAIN, &domain, &size) < 0 || domain != AF_UNIX)
    return;
  ::shutdown(fd.get(), SHUT_RD);
  if (may_hold_descriptors(fd.get())) close_elsewhere(std::move(fd));
}

}  // namespace zinit
