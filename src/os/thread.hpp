// Threads with small stacks.
//
// - Every signal is blocked in them but the faults (SIGSEGV and its like), which kill at once when
//   they are blocked; each thread has an alternate stack, so that a stack overflow can be handled
//   at all.
// - An exception that reaches a thread's entry is logged and ends that thread alone.
#pragma once

#include <pthread.h>

#include <cstddef>
#include <functional>
#include <string>

#include "base/result.hpp"

namespace zinit {

/// For a thread that launches services: enough for what it calls (measured). Sanitizers need more
/// and get it from Thread::start().
inline constexpr std::size_t kSmallStackBytes = std::size_t{64} * 1024;

/// For a thread that runs an event loop and parses what others send.
inline constexpr std::size_t kLoopStackBytes = std::size_t{1024} * 1024;

/// Gives the pages of the calling thread's stack that lie below the caller's frame back to the
/// kernel: what a deep call once used would stay resident as long as the thread lives, for a
/// thousand threads twenty megabytes. Nothing in a thread that Thread::start() did not make.
/// (madvise(2))
void release_unused_stack() noexcept;

/// A running thread; joined by the destructor at the latest.
class Thread {
 public:
  Thread() noexcept = default;
  Thread(Thread&& other) noexcept;
  Thread& operator=(Thread&& other) noexcept;
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;
  ~Thread() { join(); }

  /// Starts a thread that runs `entry`.
  ///
  /// @param name         cut to the kernel's 15 bytes; shown by ps and in the log.
  /// @param stack_bytes  without its guard page.
  /// @return  EAGAIN or ENOMEM where there is no room for one more: temporary. (pthread_create(3))
  [[nodiscard]] static Result<Thread> start(const std::string& name, std::size_t stack_bytes,
                                            std::function<void()> entry);

  [[nodiscard]] bool joinable() const noexcept { return running_; }

  /// Waits for its end; nothing where there is no thread. Not from the thread itself.
  void join() noexcept;

  /// Leaves it to itself: it may outlive whoever started it, and what it uses has to.
  void detach() noexcept;

 private:
  explicit Thread(pthread_t id) noexcept : id_(id), running_(true) {}
  pthread_t id_{};
  bool running_ = false;
};

}  // namespace zinit
