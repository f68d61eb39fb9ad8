// Making threads: stack, signals, name, and what becomes of an exception. See thread.hpp.
#include "os/thread.hpp"

#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <exception>
#include <memory>
#include <utility>

#include "base/log.hpp"
#include "os/signals.hpp"

#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif

namespace zinit {

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ZINIT_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define ZINIT_SANITIZED 1
#endif
#endif

#ifdef ZINIT_SANITIZED
// Their own data lies on each stack, and frames are several times as large.
constexpr std::size_t kLeastStackBytes = std::size_t{1024} * 1024;
#else
constexpr std::size_t kLeastStackBytes = 0;
#endif

/// For a handler that logs and executes zinit anew. A signal's frame holds all registers, which the
/// kernel knows the size of (11 KiB with AMX).
std::size_t signal_stack_bytes() {
  return std::max<std::size_t>(16384, ::getauxval(AT_MINSIGSTKSZ) + 8192);
}

/// Memory for an alternate signal stack. No page of it is resident before a signal uses it.
class SignalStack {
 public:
  static Result<SignalStack> make() {
    const std::size_t size = signal_stack_bytes();
    void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return sys_failure("make", "a signal stack");
    return SignalStack(memory, size);
  }
  SignalStack(SignalStack&& other) noexcept
      : memory_(std::exchange(other.memory_, nullptr)), size_(other.size_) {}
  SignalStack& operator=(SignalStack&&) = delete;
  ~SignalStack() {
    if (memory_ != nullptr) ::munmap(memory_, size_);
  }

  /// Makes it the calling thread's. @return the one before, which a sanitizer wants back
  stack_t install() const noexcept {
    stack_t mine{}, before{};
    mine.ss_sp = memory_;
    mine.ss_size = size_;
    ::sigaltstack(&mine, &before);
    return before;
  }

 private:
  SignalStack(void* memory, std::size_t size) : memory_(memory), size_(size) {}
  void* memory_;
  std::size_t size_;
};

/// What a new thread is given; it owns it.
struct Start {
  std::string name;
  std::function<void()> entry;
  SignalStack signal_stack;
  std::size_t stack_bytes;
};

/// An address at or a little above the end of the calling thread's stack; null where it is not
/// known.
thread_local char* stack_end = nullptr;

/// At the thread's start, whose frame is less than two pages from the top of the stack.
/// pthread_getattr_np(3) would tell exactly, and allocate for it: malloc keeps a cache for each
/// thread that ever allocates.
[[gnu::noinline]] void note_stack(std::size_t stack_bytes) noexcept {
  constexpr std::uintptr_t kPage = 4096;
  const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  stack_end = reinterpret_cast<char*>(here / kPage * kPage - stack_bytes + 2 * kPage);
}

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
  ::prctl(PR_SET_NAME, start->name.c_str(), 0, 0, 0);  // cuts it to 15 bytes
  const stack_t before = start->signal_stack.install();
  note_stack(start->stack_bytes);
  run_guarded(*start);
  ::sigaltstack(&before, nullptr);
  return nullptr;
}

/// pthread_attr_t with its clean-up.
class Attributes {
 public:
  explicit Attributes(std::size_t stack_bytes) noexcept {
    pthread_attr_init(&attributes_);
    pthread_attr_setstacksize(&attributes_, std::max(stack_bytes, kLeastStackBytes));
    const sigset_t blocked = all_but_faults();
    pthread_attr_setsigmask_np(&attributes_, &blocked);
  }
  ~Attributes() { pthread_attr_destroy(&attributes_); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  [[nodiscard]] const pthread_attr_t* get() const noexcept { return &attributes_; }

 private:
  pthread_attr_t attributes_;
};

}  // namespace

// Never inlined, not by the linker either: its frame is what is measured from, and that of a caller
// that it had become part of would be given away.
[[gnu::noinline]] void release_unused_stack() noexcept {
#ifndef ZINIT_SANITIZED
  constexpr std::uintptr_t kPage = 4096;
  // Below a frame the ABI lets a function that calls no other use 128 bytes.
  constexpr std::uintptr_t kInUse = 128;
  const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  const auto bottom = reinterpret_cast<std::uintptr_t>(stack_end);
  const std::uintptr_t top = (here - kInUse) / kPage * kPage;
  if (bottom != 0 && top > bottom) ::madvise(stack_end, top - bottom, MADV_DONTNEED);
#endif
}

Thread::Thread(Thread&& other) noexcept
    : id_(other.id_), running_(std::exchange(other.running_, false)) {}

Thread& Thread::operator=(Thread&& other) noexcept {
  if (this == &other) return *this;
  join();
  id_ = other.id_;
  running_ = std::exchange(other.running_, false);
  return *this;
}

Result<Thread> Thread::start(const std::string& name, std::size_t stack_bytes,
                             std::function<void()> entry) {
  try {
    auto signal_stack = SignalStack::make();
    if (!signal_stack) return Failure(signal_stack.error());
    auto start = std::make_unique<Start>(
        Start{name, std::move(entry), std::move(*signal_stack), stack_bytes});
    const Attributes attributes(stack_bytes);
    pthread_t id;
    if (const int errnum = pthread_create(&id, attributes.get(), run_thread, start.get());
        errnum != 0)
      return sys_failure("start", "thread " + name, errnum);
    static_cast<void>(start.release());  // the thread's now
    return Thread(id);
  } catch (const std::bad_alloc&) {
    return Failure(Error{"out of memory", ENOMEM});  // short enough to need none
  }
}

void Thread::join() noexcept {
  if (!std::exchange(running_, false)) return;
  pthread_join(id_, nullptr);
}

void Thread::detach() noexcept {
  if (std::exchange(running_, false)) pthread_detach(id_);
}

}  // namespace zinit
