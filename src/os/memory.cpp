// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Sets up the heap, and gives its free pages back. See memory.hpp.
#include "os/memory.hpp"

#include <malloc.h>
#include <sys/mman.h>

#include <cstddef>

#include "base/heap.hpp"

// Set by the linker: where the program begins (at a page's beginning), and where its code ends.
extern "C" const char __executable_start;
extern "C" const char etext;

namespace zinit {

namespace {

// A second arena would serve threads that find the first one locked. Measured, it made no
// difference to the start of a thousand services on two processors. And each arena keeps pages for
// a few scattered blocks: 0.2 to 0.5 MB after a thousand services crashed for some seconds.
[[maybe_unused]] constexpr int kArenas = 1;

}  // namespace

void share_arenas() noexcept {
#ifdef M_ARENA_MAX  // glibc's alone
  ::mallopt(M_ARENA_MAX, kArenas);
#endif
}

void release_idle_memory() noexcept { trim_heap(); }

void release_after_boot() noexcept {
  release_idle_memory();
  // These pages are never written, so nothing is lost. If it fails, nothing changes.
  ::madvise(const_cast<char*>(&__executable_start),
            static_cast<std::size_t>(&etext - &__executable_start), MADV_DONTNEED);
}

}  // namespace zinit
