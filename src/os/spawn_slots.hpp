// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Reserved low descriptors for the streams of a child.
//
// Copying the descriptor table, and closing the copies in the child, takes time for each
// descriptor: with the pipes of a thousand services, twice as long as the rest of a spawn. So the
// child is made with the parent's table (CLONE_FILES), and copies only its lowest part
// (CLOSE_RANGE_UNSHARE). Its streams must be in this part, but new descriptors have high numbers if
// many are open. So a few low ones are reserved early, open on /dev/null while unused.
#pragma once

#include <array>
#include <cstddef>

#include "os/spawn_child.hpp"

namespace zinit {

/// Three reserved descriptors for the duration of a spawn.
class StreamSlots {
 public:
  /// Duplicates `streams` into free slots. If no slots are free, or after give_up(), takes none,
  /// and the child must copy the whole table.
  explicit StreamSlots(const int (&streams)[kStreams]) noexcept;
  /// Makes the slots /dev/null again, so that no end of a pipe stays open here.
  ~StreamSlots();
  StreamSlots& operator=(StreamSlots&&) = delete;

  [[nodiscard]] bool taken() const noexcept { return set_ >= 0; }
  /// The number of stream `i`.
  [[nodiscard]] int fd(int i) const noexcept;
  /// All slots are below this number.
  [[nodiscard]] static int end() noexcept;

  /// Reserves the descriptors now, and not at the first spawn: strangers may send descriptors soon,
  /// and zinit may open many. Any thread.
  static void reserve() noexcept;

  /// Call if the kernel cannot copy a part of a table (before Linux 5.9, or with a filter), or if
  /// descriptors run out. From then on no slots are taken, and the reserved ones are closed. Any
  /// thread.
  /// @return  whether there were any
  static bool give_up() noexcept;

 private:
  void let_go() noexcept;

  int set_ = -1;
  int placed_ = 0;  // streams that are in their slots
};

}  // namespace zinit
