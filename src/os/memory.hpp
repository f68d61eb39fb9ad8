// Memory that was needed once and is not any more, given back to the kernel.
#pragma once

namespace zinit {

/// Has all threads share a few of malloc's arenas. Before the first thread starts. (mallopt(3))
void share_arenas() noexcept;

/// Gives back what start-up, or something large that is done rarely, took: free memory that malloc
/// keeps, and the pages of the program itself, of which only few are needed at rest. Those that are
/// needed again are mapped again when they are touched, without reading them from disk while they
/// are cached. Any thread; takes about a millisecond. (malloc_trim(3), madvise(2))
void release_idle_memory() noexcept;

}  // namespace zinit
