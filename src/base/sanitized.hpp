// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Whether a sanitizer that checks memory or threads is built in, and what the one for threads has
// to hear. g++ defines a macro for each sanitizer, clang has features.
#pragma once

#if defined(__has_feature)
#define ZINIT_HAS_FEATURE(feature) __has_feature(feature)
#else
#define ZINIT_HAS_FEATURE(feature) 0
#endif
#if defined(__SANITIZE_THREAD__) || ZINIT_HAS_FEATURE(thread_sanitizer)
#define ZINIT_TSAN 1
#include <sanitizer/tsan_interface.h>
#else
#define ZINIT_TSAN 0
#endif

namespace zinit {

#if ZINIT_TSAN || defined(__SANITIZE_ADDRESS__) || ZINIT_HAS_FEATURE(address_sanitizer)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

/// TSan sees neither a close(2) by a process that shares the table of descriptors, nor openat(2).
/// It then takes the next file of that number for the closed one, and its close for a race with
/// what other threads did with the closed one. So the thread that has a descriptor closed by
/// such a process calls `will_close_unseen()`, and each thread that closes one `sees_closed()`.
/// They do nothing without TSan. Threads: any.
#if ZINIT_TSAN
inline char closed_unseen;
inline void will_close_unseen() noexcept { __tsan_release(&closed_unseen); }
inline void sees_closed() noexcept { __tsan_acquire(&closed_unseen); }
#else
inline void will_close_unseen() noexcept {}
inline void sees_closed() noexcept {}
#endif

}  // namespace zinit
