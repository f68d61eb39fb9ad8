// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// What zinit does when memory is short.
//
// Nearly all allocations of zinit are small, of a size that zinit itself chose, and needed to go
// on: a log line, a node of a map, a thread's start. A refused allocation would leave a step half
// done, and memory becomes free when any process ends, without help from zinit. So a failed
// allocation is tried again until it succeeds: the std::new_handler frees a reserve kept for this,
// makes malloc return unused memory to the kernel, and then waits between attempts. It may be
// called with locks held, and takes none.
//
// An allocation may be refused if others choose its size (a client's request, the answer, a service
// file). While the thread has a RefusableAllocations in scope, a failed allocation throws
// std::bad_alloc, and the code that made the scope handles it. Code inside such a scope that must
// not stop half-way, above all changes of services' records, makes an EssentialAllocations, which
// restores the usual policy.
#pragma once

#include <cstddef>

namespace zinit {

/// Makes operator new follow the policy above, in all threads. Call it before the first thread
/// starts. (C++ standard, set_new_handler)
void install_memory_policy();

/// Called by operator new when an allocation has failed, before the next attempt: frees memory or
/// waits; throws std::bad_alloc if this thread's allocations are refusable. Any locks may be held.
void await_memory();

/// Sets whether the calling thread's allocations are refusable, until the end of the scope.
class AllocationScope {
 public:
  AllocationScope& operator=(AllocationScope&&) = delete;

 protected:
  explicit AllocationScope(bool refusable) noexcept;
  ~AllocationScope();

 private:
  const bool before_;
};

struct RefusableAllocations : AllocationScope {
  RefusableAllocations() noexcept : AllocationScope(true) {}
};

struct EssentialAllocations : AllocationScope {
  EssentialAllocations() noexcept : AllocationScope(false) {}
};

}  // namespace zinit
