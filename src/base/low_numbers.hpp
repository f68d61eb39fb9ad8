// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The lowest numbers of descriptors, which each child copies and closes (os/spawn_slots.hpp).
//
// A close waits for the file system: for FUSE always, for NFS after a write. If the file system
// does not answer, the child hangs, and its service never starts. So a file of an arbitrary file
// system keeps no such number, and no stranger's descriptor has one.
//
// While zinit receives descriptors, it takes all free low numbers for a moment. A spawn that asked
// for a low number then would get none, and its child would copy the whole table. So low_numbers()
// is held for both.
#pragma once

#include "base/fd.hpp"
#include "base/mutex.hpp"

namespace zinit {

/// No stranger's descriptor is below this number.
inline constexpr int kFirstOfStrangers = 256;

/// Whether zinit's limit of open files leaves enough numbers for that.
[[nodiscard]] bool leaves_lowest() noexcept;

/// A copy of the descriptor with a number from kFirstOfStrangers on. None if `fd` has such a
/// number, or unless leaves_lowest(). Any thread. (fcntl(2), F_DUPFD_CLOEXEC)
[[nodiscard]] UniqueFd copy_above_lowest(int fd) noexcept;

/// Such a copy in place of `fd`, or `fd` if there is none. Closes the lower number, which may
/// block.
[[nodiscard]] UniqueFd raised(UniqueFd fd) noexcept;

/// Held while a thread takes all free low numbers, or needs one. A leaf of the lock order: its
/// holder only makes system calls that do not block. (recvmsg(2), fcntl(2))
[[nodiscard]] Mutex& low_numbers() noexcept;

}  // namespace zinit
