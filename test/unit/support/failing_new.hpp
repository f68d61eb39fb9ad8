// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// An operator new of the test program that fails on demand: it makes each allocation fail in turn,
// as any may fail without memory.
#pragma once

#include "support/test.hpp"
namespace zinit::test {

/// From now on the `first`-th allocation, counted from 1, and the `count` - 1 after it throw
/// std::bad_alloc in every thread that is not spared.
void fail_new(std::uint64_t first, std::uint64_t count) noexcept;

/// No allocation fails any more. @return  the number of allocations since fail_new()
std::uint64_t stop_failing_new() noexcept;

/// While it lives, allocations of the thread that made it neither fail nor count.
class SparedThread {
 public:
  SparedThread() noexcept;
  ~SparedThread();
  SparedThread(const SparedThread&) = delete;
  SparedThread& operator=(const SparedThread&) = delete;
};

}  // namespace zinit::test
