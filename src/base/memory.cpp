// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The handler that operator new calls when memory is short. See memory.hpp.
#include "base/memory.hpp"

#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <ctime>
#include <new>

#include "base/heap.hpp"

namespace zinit {

namespace {

// Enough for all threads to finish their present work; a launch takes 20 KiB.
constexpr std::size_t kReserveBytes = std::size_t{128} * 1024;

// Long enough for a process to end, and for the attempts to cost little.
constexpr timespec kBetweenAttempts{0, 20'000'000};

std::atomic<void*> reserve{nullptr};

thread_local bool refusable = false;

}  // namespace

void trim_heap() noexcept {
#ifdef __GLIBC__
  ::malloc_trim(0);
#endif
}

void await_memory() {
  if (refusable) throw std::bad_alloc();
  if (void* const spare = reserve.exchange(nullptr)) {
    std::free(spare);
    return;
  }
  trim_heap();  // wait anyway, because nothing says whether there is enough now
  ::nanosleep(&kBetweenAttempts, nullptr);
}

void install_memory_policy() {
  // The first call of any function of glibc's malloc sets malloc up, which two threads must not do
  // at once. A sanitizer has its own malloc, so the first such call could be the one in
  // await_memory().
  trim_heap();
  if (reserve == nullptr) reserve = std::malloc(kReserveBytes);
  std::set_new_handler(await_memory);
}

AllocationScope::AllocationScope(bool is_refusable) noexcept : before_(refusable) {
  refusable = is_refusable;
}

AllocationScope::~AllocationScope() { refusable = before_; }

}  // namespace zinit
