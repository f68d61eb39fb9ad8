// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Keeps malloc's heap small, and gives unused memory back to the kernel.
//
// At rest zinit keeps what its services need. Memory that counts is what only zinit can give back
// (RssAnon): the kernel takes clean pages of the program back whenever it wants.
#pragma once

namespace zinit {

/// Makes all threads share one arena of malloc. Call before the first thread starts. (mallopt(3))
void share_arenas() noexcept;

/// Gives freed memory that malloc holds back to the kernel: after start-up, or after a rare large
/// task. Any thread. Takes about a millisecond. (malloc_trim(3))
void release_idle_memory() noexcept;

/// Does the same, and unmaps the program's code, much of which never runs again. The code stays in
/// the page cache. Page faults map it again when it runs, and need a disk only if memory was short
/// meanwhile. (madvise(2))
void release_after_boot() noexcept;

}  // namespace zinit
