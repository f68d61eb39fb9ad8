// Keeps malloc's heap small, and gives unused memory back to the kernel.
#pragma once

namespace zinit {

/// Has all threads share one arena of malloc. Before the first thread starts. (mallopt(3))
void share_arenas() noexcept;

/// Gives freed memory that malloc keeps back to the kernel: after start-up, or after a large task
/// that is rare. Any thread; takes about a millisecond. (malloc_trim(3))
void release_idle_memory() noexcept;

/// The same, and unmaps the program's own code, much of which never runs again. It stays in the
/// page cache: what runs next is mapped again by faults that need a disk only where memory was
/// short since. (madvise(2))
void release_after_boot() noexcept;

}  // namespace zinit
