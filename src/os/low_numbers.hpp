// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The lowest numbers of descriptors, which each child copies and closes (spawn_slots.hpp).
//
// A close of a stranger's file could hang the child, so no stranger's descriptor has such a number.
// While zinit receives descriptors, it takes all free low numbers for a moment. A spawn that asked
// for a low number then would get none, and its child would copy the whole table. So low_numbers()
// is held for both.
#pragma once

#include "base/mutex.hpp"

namespace zinit {

/// No stranger's descriptor is below this number.
inline constexpr int kFirstOfStrangers = 256;

/// Whether zinit's limit of open files leaves enough numbers for that.
[[nodiscard]] bool leaves_lowest() noexcept;

/// Held while a thread takes all free low numbers, or needs one. A leaf of the lock order: its
/// holder only makes system calls that do not block. (recvmsg(2), fcntl(2))
[[nodiscard]] Mutex& low_numbers() noexcept;

}  // namespace zinit
