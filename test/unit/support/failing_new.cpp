// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// See failing_new.hpp. Replaces all forms that are in use, because a sanitizer has its own version
// of each, and the two do not work together.
#include "unit/support/failing_new.hpp"
#include "support/test.hpp"

namespace zinit::test {

namespace {

std::atomic<bool> counting{false};
std::atomic<std::uint64_t> made{0};
std::atomic<std::uint64_t> first_failing{0};
std::atomic<std::uint64_t> failing_count{0};
thread_local int spared = 0;

bool fails() noexcept {
  if (!counting.load(std::memory_order_relaxed) || spared > 0) return false;
  const std::uint64_t number = ++made;
  return number >= first_failing && number - first_failing < failing_count;
}

void* block_of(std::size_t size) noexcept {
  return fails() ? nullptr : std::malloc(size > 0 ? size : 1);
}

}  // namespace

void fail_new(std::uint64_t first, std::uint64_t count) noexcept {
  made = 0;
  first_failing = first;
  failing_count = count;
  counting = true;
}

std::uint64_t stop_failing_new() noexcept {
  counting = false;
  return made;
}

SparedThread::SparedThread() noexcept { ++spared; }
SparedThread::~SparedThread() { --spared; }

}  // namespace zinit::test

void* operator new(std::size_t size) {
  while (true) {
    if (void* const block = zinit::test::block_of(size)) return block;
    const std::new_handler handler = std::get_new_handler();
    if (handler == nullptr) throw std::bad_alloc();
    handler();
  }
}

void* operator new[](std::size_t size) { return operator new(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return zinit::test::block_of(size);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return zinit::test::block_of(size);
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete[](void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }
void operator delete[](void* block, std::size_t) noexcept { std::free(block); }
void operator delete(void* block, const std::nothrow_t&) noexcept { std::free(block); }
void operator delete[](void* block, const std::nothrow_t&) noexcept { std::free(block); }
