// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Files for rings. See ring_memory.hpp.
#include "io/ring_memory.hpp"

#include <unistd.h>

#include <algorithm>
#include <new>

#include "base/log.hpp"

namespace zinit {

namespace {

constexpr Slot kSlots = 1024;  // first blocks in a file

// KeptNote::part of the files
constexpr std::uint8_t kRing = 0;
constexpr std::uint8_t kFirsts = 1;

std::size_t whole_pages(std::size_t size) noexcept {
  static const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return (size + page - 1) / page * page;
}

}  // namespace

void RingBlock::keep(Slot slot) noexcept {
  if (file_) file_.keep({KeptKind::log_ring, kRing, slot});
}

RingMemory::RingMemory(Inheritance* inherited) {
  if (inherited == nullptr) return;
  MutexLock lock(mutex_);
  for (Inheritance::One& one : inherited->take_all(KeptKind::log_ring)) {
    const KeptNote note = one.note;
    auto file = MappedFile::map(std::move(one.fd));
    if (!file) {
      log_error("cannot take over a log of the previous process image: {}; its lines are lost",
                file.error().text);
      continue;
    }
    if (note.part == kRing) {
      found_.emplace_back(note.slot, std::move(*file));
    } else if (note.slot < RingMemory::kMostSlots / kSlots &&
               file->size() >= kSlots * RingBlock::kFirst) {
      first_.resize(std::max<std::size_t>(first_.size(), note.slot + 1));
      first_[note.slot] = std::move(*file);
    }
  }
}

RingBlock RingMemory::found(Slot slot) noexcept {
  {
    MutexLock lock(mutex_);
    // The last one is the newest.
    const auto last = std::find_if(found_.rbegin(), found_.rend(),
                                   [slot](const auto& one) { return one.first == slot; });
    if (last != found_.rend()) {
      RingBlock block(std::move(last->second));
      std::erase_if(found_, [slot](const auto& one) { return one.first == slot; });
      return block;
    }
    if (slot >= kMostSlots || slot / kSlots >= first_.size() || !first_[slot / kSlots]) return {};
  }
  return first(slot);
}

RingBlock RingMemory::first(Slot slot) noexcept {
  try {
    MutexLock lock(mutex_);
    const std::size_t index = slot / kSlots;
    if (index >= first_.size()) first_.resize(index + 1);
    MappedFile& file = first_[index];
    if (!file) {
      auto made = MappedFile::create_sparse("zinit-log", kSlots * RingBlock::kFirst, 0);
      if (!made) return {};
      file = std::move(*made);
      file.keep({KeptKind::log_ring, kFirsts, static_cast<std::uint32_t>(index)});
    }
    const std::size_t at = slot % kSlots * RingBlock::kFirst;
    return file.reserve(at + RingBlock::kFirst) ? RingBlock(file.data() + at) : RingBlock();
  } catch (const std::bad_alloc&) {
    return {};
  }
}

RingBlock RingMemory::file(std::size_t size) noexcept {
  auto made = MappedFile::create("zinit-log", whole_pages(size));
  return made ? RingBlock(std::move(*made)) : RingBlock();
}

}  // namespace zinit
