// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The memory of log rings. It lies in memory files, so the next image of zinit finds the last lines
// of all services, even after a crash.
//
// Most services write little. The first block of a slot's ring has 512 bytes. The first blocks of a
// thousand slots share one file, and only pages that were written to take memory. A ring that needs
// more has its own file.
//
// Threads: any. Has its own lock, which is taken last.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/mutex.hpp"
#include "model/graph.hpp"
#include "state/memory_file.hpp"

namespace zinit {

/// The bytes of one ring: its slot's first block, or a file.
class RingBlock {
 public:
  RingBlock() noexcept = default;
  explicit RingBlock(std::byte* first) noexcept : first_(first) {}
  explicit RingBlock(MappedFile file) noexcept : file_(std::move(file)) {}

  [[nodiscard]] std::byte* data() const noexcept { return file_ ? file_.data() : first_; }
  [[nodiscard]] std::size_t size() const noexcept {
    return file_ ? file_.size() : first_ != nullptr ? kFirst : 0;
  }
  [[nodiscard]] bool in_file() const noexcept { return bool(file_); }
  [[nodiscard]] explicit operator bool() const noexcept { return data() != nullptr; }

  /// From now on the next image finds this block for the ring of `slot` (any number). Of several
  /// files the last one counts. A first block is always found.
  void keep(Slot slot) noexcept;

  static constexpr std::size_t kFirst = 512;

 private:
  std::byte* first_ = nullptr;
  MappedFile file_;
};

/// The rings of one log store.
class RingMemory {
 public:
  /// Slots from here on belong to no service and have no first block.
  static constexpr Slot kMostSlots = Slot{1} << 20;

  /// Takes what the previous image left, if there was one, for found().
  explicit RingMemory(Inheritance* inherited = nullptr);

  /// What the ring of `slot` had in the previous process image; empty: nothing.
  [[nodiscard]] RingBlock found(Slot slot) noexcept EXCLUDES(mutex_);

  /// The first block of a slot, with its old contents; empty if there is no memory.
  [[nodiscard]] RingBlock first(Slot slot) noexcept EXCLUDES(mutex_);

  /// A block of at least `size` zero bytes, in a file; empty if there is no memory.
  [[nodiscard]] static RingBlock file(std::size_t size) noexcept;

 private:
  Mutex mutex_;
  std::vector<MappedFile> first_ GUARDED_BY(mutex_);  // each for kSlots slots
  std::vector<std::pair<Slot, MappedFile>> found_ GUARDED_BY(mutex_);
};

}  // namespace zinit
