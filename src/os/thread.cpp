// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Makes threads: stack, signals, name, and handling of exceptions. See thread.hpp.
#include "os/thread.hpp"

#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <exception>
#include <memory>
#include <new>
#include <utility>

#include "base/log.hpp"
#include "base/mutex.hpp"
#include "base/sanitized.hpp"
#include "os/signals.hpp"

#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif

namespace zinit {

namespace {

/// Whether this process has a thread with this id (gettid(2)). An ended thread exists until the
/// kernel has released everything that the thread owned: longer than a join(). (tgkill(2))
bool has_thread(pid_t tid) noexcept {
  return ::syscall(SYS_tgkill, ::getpid(), tid, 0) == 0 || errno != ESRCH;
}

// Sanitizers keep their own data on each stack, and make frames several times as large.
constexpr std::size_t kLeastStackBytes = kSanitized ? std::size_t{1024} * 1024 : 0;

constexpr std::size_t kPage = 4096;

constexpr std::size_t round_up(std::size_t bytes) { return (bytes + kPage - 1) / kPage * kPage; }

/// For the handler of faults (reexec/last_resort.cpp). A signal's frame holds all registers, and
/// the kernel reports its size (11 KiB with AMX).
std::size_t signal_stack_bytes() {
  return std::max<std::size_t>(16384, ::getauxval(AT_MINSIGSTKSZ) + 8192);
}

/// The memory of a thread, in one mapping: a guard page for stack overflows, the stack, and the
/// alternate stack for signals, of which no page is resident until a signal uses it. It is unmapped
/// when the thread is joined. glibc would keep 40 MB of stacks of ended threads, with the pages
/// that they used.
class ThreadMemory {
 public:
  /// Empty, with errno, if it cannot be mapped.
  static ThreadMemory make(std::size_t stack_bytes) noexcept {
    ThreadMemory made(round_up(std::max(stack_bytes, kLeastStackBytes)),
                      round_up(signal_stack_bytes()));
    void* const memory = ::mmap(nullptr, made.size(), PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (memory == MAP_FAILED) return {};
    made.memory_ = static_cast<char*>(memory);
    if (::mprotect(memory, kGuard, PROT_NONE) != 0) return {};
    return made;
  }
  ThreadMemory() noexcept = default;
  ThreadMemory(ThreadMemory&& other) noexcept { *this = std::move(other); }
  ThreadMemory& operator=(ThreadMemory&& other) noexcept {
    std::swap(memory_, other.memory_);
    std::swap(stack_, other.stack_);
    std::swap(signal_stack_, other.signal_stack_);
    return *this;
  }
  ~ThreadMemory() {
    if (memory_ != nullptr) ::munmap(memory_, size());
  }

  explicit operator bool() const noexcept { return memory_ != nullptr; }
  [[nodiscard]] char* stack() const noexcept { return memory_ + kGuard; }
  [[nodiscard]] std::size_t stack_bytes() const noexcept { return stack_; }

  /// Makes this the alternate stack of the calling thread. @return the previous one, which
  /// sanitizers need restored
  [[nodiscard]] stack_t install_signal_stack() const noexcept {
    stack_t mine{}, before{};
    mine.ss_sp = stack() + stack_;
    mine.ss_size = signal_stack_;
    ::sigaltstack(&mine, &before);
    return before;
  }

 private:
  static constexpr std::size_t kGuard = kPage;

  ThreadMemory(std::size_t stack, std::size_t signal_stack) noexcept
      : stack_(stack), signal_stack_(signal_stack) {}
  [[nodiscard]] std::size_t size() const noexcept { return kGuard + stack_ + signal_stack_; }

  char* memory_ = nullptr;
  std::size_t stack_ = 0;
  std::size_t signal_stack_ = 0;
};

/// Passed to a new thread, which owns it.
struct Start {
  std::string name;
  std::function<void()> entry;
  // These outlive the thread.
  const ThreadMemory* memory;
  std::atomic<pid_t>* tid;
  Flag* ended;
};

void run_guarded(const Start& start) noexcept {
  try {
    start.entry();
  } catch (const std::exception& fault) {
    log_error("thread {}: ended by an exception: {}", start.name, fault.what());
  } catch (...) {
    log_error("thread {}: ended by an exception of an unknown kind", start.name);
  }
}

void* run_thread(void* argument) {
  const std::unique_ptr<Start> start(static_cast<Start*>(argument));
  *start->tid = static_cast<pid_t>(::syscall(SYS_gettid));
  set_thread_name(start->name);
  const stack_t before = start->memory->install_signal_stack();
  run_guarded(*start);
  ::sigaltstack(&before, nullptr);
  start->ended->set();
  return nullptr;
}

/// pthread_attr_t with its clean-up.
class Attributes {
 public:
  explicit Attributes(const ThreadMemory& memory) noexcept {
    pthread_attr_init(&attributes_);
    pthread_attr_setstack(&attributes_, memory.stack(), memory.stack_bytes());
  }
  ~Attributes() { pthread_attr_destroy(&attributes_); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  [[nodiscard]] const pthread_attr_t* get() const noexcept { return &attributes_; }

 private:
  pthread_attr_t attributes_;
};

/// What a thread starts with: it inherits the mask of the thread that makes it.
class BlockedSignals {
 public:
  BlockedSignals() noexcept {
    const sigset_t blocked = all_but_faults();
    pthread_sigmask(SIG_SETMASK, &blocked, &before_);
  }
  ~BlockedSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

 private:
  sigset_t before_;
};

int make_thread(pthread_t& id, const Attributes& attributes, Start& start) noexcept {
  const BlockedSignals blocked;
  return pthread_create(&id, attributes.get(), run_thread, &start);
}

}  // namespace

void Flag::set() noexcept {
  MutexLock lock(mutex_);
  set_ = true;
  is_set_.notify_all();
}

bool Flag::await(Milliseconds limit) noexcept {
  const TimePoint until = after(Clock::now(), limit);
  MutexLock lock(mutex_);
  while (!set_ && Clock::now() < until) is_set_.wait_until(mutex_, until);
  return set_;
}

void set_thread_name(const std::string& name) noexcept {
  ::prctl(PR_SET_NAME, name.c_str(), 0, 0, 0);
}

struct Thread::Running {
  pthread_t id{};
  ThreadMemory memory;
  std::atomic<pid_t> tid = 0;  // the thread sets it
  Flag ended;
  Running* next = nullptr;  // in the list of abandoned threads

  /// Whether nothing uses its memory any more.
  [[nodiscard]] bool gone() noexcept { return ended.is_set() && !has_thread(tid); }
};

/// Threads that nobody waits for. A thread cannot unmap the stack that it runs on. So the memory of
/// ended threads is freed when the next thread is added. The list is at most as long as the number
/// of threads that ran at the same time.
///
/// They are detached, so that none counts as never joined (TSan) at the end of the program, when no
/// further thread is added. Nothing is left to libc by this: the memory is ours, and stays in the
/// list.
class Thread::Abandoned {
 public:
  /// Never destroyed, because objects abandon their threads until the program has ended. Needs no
  /// memory, because there may be none.
  static Abandoned& all() noexcept {
    alignas(Abandoned) static std::byte place[sizeof(Abandoned)];
    static Abandoned& only = *::new (place) Abandoned;
    return only;
  }

  void add(std::unique_ptr<Running> thread) noexcept EXCLUDES(mutex_) {
    pthread_detach(thread->id);
    MutexLock lock(mutex_);
    for (Running** at = &first_; *at != nullptr;) {
      if ((*at)->gone())
        delete std::exchange(*at, (*at)->next);
      else
        at = &(*at)->next;
    }
    thread->next = first_;
    first_ = thread.release();
  }

 private:
  Mutex mutex_;
  Running* first_ GUARDED_BY(mutex_) = nullptr;
};

Thread::Thread() noexcept = default;
Thread::Thread(std::unique_ptr<Running> running) noexcept : running_(std::move(running)) {}
Thread::Thread(Thread&& other) noexcept = default;
Thread::~Thread() { join(); }

Thread& Thread::operator=(Thread&& other) noexcept {
  if (this == &other) return *this;
  join();
  running_ = std::move(other.running_);
  return *this;
}

Result<Thread> Thread::start(const std::string& name, std::size_t stack_bytes,
                             std::function<void()> entry) {
  auto memory = ThreadMemory::make(stack_bytes);
  if (!memory) return sys_failure("start", "thread " + name);
  auto running = std::make_unique<Running>();
  running->memory = std::move(memory);
  auto start = std::make_unique<Start>(
      Start{name, std::move(entry), &running->memory, &running->tid, &running->ended});
  const Attributes attributes(running->memory);
  if (const int errnum = make_thread(running->id, attributes, *start); errnum != 0) {
    Error fault = sys_failure("start", "thread " + name, errnum).value();
    // libc uses clone(2) instead only on ENOSYS.
    if (errnum == EPERM)
      fault.text +=
          "; a seccomp profile refuses clone3 with EPERM, as the profiles of engines before 2021 "
          "do (Docker before 20.10.10): update the engine, or run the container with "
          "--security-opt seccomp=unconfined";
    return Failure(std::move(fault));
  }
  static_cast<void>(start.release());  // the thread owns it now
  return Thread(std::move(running));
}

bool Thread::joinable() const noexcept { return running_ != nullptr; }

void Thread::join() noexcept {
  if (!running_) return;
  pthread_join(running_->id, nullptr);
  running_.reset();
}

bool Thread::join(Milliseconds limit) noexcept {
  if (running_ && !running_->ended.await(limit)) return false;
  join();
  return true;
}

void Thread::abandon() noexcept {
  if (running_) Abandoned::all().add(std::move(running_));
}

}  // namespace zinit
