// An operator new of the test program that fails when it is told to: what a machine without memory
// does at any place, done at each in turn.
#pragma once

#include <cstdint>

namespace zinit::test {

/// From now on the `first`-th allocation, counted from 1, and the `count` - 1 after it throw
/// std::bad_alloc, whichever thread makes them but those that are spared.
void fail_new(std::uint64_t first, std::uint64_t count) noexcept;

/// No allocation fails any more. @return  how many were made since fail_new()
std::uint64_t stop_failing_new() noexcept;

/// While there is one, allocations of the thread that made it neither fail nor count.
class SparedThread {
 public:
  SparedThread() noexcept;
  ~SparedThread();
  SparedThread(const SparedThread&) = delete;
  SparedThread& operator=(const SparedThread&) = delete;
};

}  // namespace zinit::test
