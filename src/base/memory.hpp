// What zinit does when there is no memory.
//
// Nearly all that zinit allocates is small, of a size that zinit itself has chosen, and needed to
// go on: a log line, a node of a map, a thread's start. Refusing such an allocation would leave a
// step half done; and memory becomes free when any process ends, without any help from zinit. So
// an allocation that fails is tried again for as long as it takes: the std::new_handler frees a
// reserve that was kept for this, has malloc return unused memory to the kernel, and then waits
// between attempts. It may be called with locks held, and takes none.
//
// Where somebody else chooses the size (a client's request, the answer to it, a service file), an
// allocation may be refused: while the thread has a RefusableAllocations in scope, a failed
// allocation throws std::bad_alloc, which the code that made the scope handles. Code inside such a
// scope that must not stop half-way, above all changes of services' records, makes an
// EssentialAllocations, which restores the usual policy.
#pragma once

#include <cstddef>

namespace zinit {

/// Has operator new follow the policy above, in all threads. Call it before the first thread
/// starts. (C++ standard, set_new_handler)
void install_memory_policy();

/// Called by operator new when an allocation has failed, before it tries again: frees memory or
/// waits; throws std::bad_alloc if this thread's allocations are refusable. Any locks may be held.
void await_memory();

/// Sets whether the calling thread's allocations are refusable, until the end of the scope.
class AllocationScope {
 public:
  AllocationScope(const AllocationScope&) = delete;
  AllocationScope& operator=(const AllocationScope&) = delete;

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
