// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A short list of services. A node has eight of them, and most are empty: each takes one pointer,
// where a vector takes three. The pointer is to one block with the number and the slots.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace zinit {

/// The number of a service: see graph.hpp.
using Slot = std::uint32_t;
inline constexpr Slot kNoSlot = 0xffffffff;

/// The calls are those of std::vector. Any thread may read it while none changes it.
class SlotList {
 public:
  using value_type = Slot;

  SlotList() = default;
  SlotList(const SlotList& other) {
    for (const Slot slot : other) push_back(slot);
  }
  SlotList(SlotList&& other) noexcept = default;
  SlotList& operator=(SlotList other) noexcept {
    block_ = std::move(other.block_);
    return *this;
  }
  ~SlotList() = default;

  [[nodiscard]] std::size_t size() const noexcept { return block_ ? block_[0] : 0; }
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }
  [[nodiscard]] const Slot* begin() const noexcept { return block_.get() + (block_ ? 1 : 0); }
  [[nodiscard]] const Slot* end() const noexcept { return begin() + size(); }
  [[nodiscard]] Slot operator[](std::size_t index) const noexcept { return begin()[index]; }

  bool operator==(const SlotList& other) const noexcept { return std::ranges::equal(*this, other); }

  void push_back(Slot slot) {
    const std::size_t count = size();
    if (!block_ || places(count) == count) {
      auto wider = std::make_unique<Slot[]>(places(count + 1) + 1);
      std::copy(begin(), end(), wider.get() + 1);
      block_ = std::move(wider);
    }
    block_[count + 1] = slot;
    block_[0] = static_cast<Slot>(count + 1);
  }
  /// Removes each `slot`.
  void erase(Slot slot) noexcept {
    if (empty()) return;
    Slot* const rest = std::remove(block_.get() + 1, block_.get() + 1 + size(), slot);
    block_[0] = static_cast<Slot>(rest - block_.get() - 1);
  }
  void clear() noexcept { block_.reset(); }

 private:
  /// How many slots fit into the block of `count`. The smallest block is malloc's smallest.
  static std::size_t places(std::size_t count) noexcept {
    return count <= 5 ? 5 : std::bit_ceil(count + 1) - 1;
  }

  std::unique_ptr<Slot[]> block_;  // the number of slots, then these; null: none
};

}  // namespace zinit
