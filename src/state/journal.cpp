// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Writing the journal: the memory file, and stores that may be interrupted at any point.
#include "state/journal.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <new>
#include <utility>

#include "base/kill_point.hpp"
#include "base/text.hpp"
#include "state/journal_record.hpp"

namespace zinit {

namespace {

constexpr std::uint32_t kFirstSlots = 64;

constexpr std::size_t size_for(std::uint32_t slots) noexcept {
  return record_offset(kFirstSlot + std::size_t{slots}, sizeof(JournalRecord));
}

}  // namespace

Result<Journal> Journal::create(const std::string& path) {
  constexpr std::size_t size = size_for(kFirstSlots);
  constexpr std::size_t most = size_for(kJournalSlots);
  Journal journal;
  journal.path_ = path;
  Result<MappedFile> file = Failure(Error{});
  if (!path.empty()) {
    auto nameless = make_nameless_file(folder_of(path));
    file = nameless ? MappedFile::fill(std::move(*nameless), size, most)
                    : Failure(std::move(nameless.error()));
    if (!file) journal.unnamed_ = std::move(file.error());
  }
  if (!file) file = MappedFile::create("zinit-journal", size, most);
  if (!file) return Failure(std::move(file.error()));
  journal.file_ = std::move(*file);
  journal.slots_ = kFirstSlots;
  journal.write_header();
  return journal;
}

Result<void> Journal::keep() {
  file_.keep({KeptKind::journal});
  if (path_.empty()) return {};
  // Until now the name belonged to the journal of the previous server or process image, which must
  // not count as this one.
  Result<void> named = unnamed_ ? Failure(*unnamed_) : name_file(file_.fd(), path_);
  if (!named) ::unlink(path_.c_str());
  return named;
}

void Journal::write_header() noexcept {
  JournalHeader header{0, kJournalMagic, kJournalVersion, sizeof(JournalRecord), 0};
  seal(header);
  for (const std::size_t at : kHeaderCopies) std::memcpy(file_.data() + at, &header, sizeof header);
}

void Journal::write(std::size_t index, JournalRecord& record) noexcept {
  record.sequence = ++sequence_;
  seal(record);
  in_order();
  std::memcpy(file_.data() + record_offset(kRedoRecord, sizeof record), &record, sizeof record / 2);
  kill_point("journal.redo_torn");
  std::memcpy(file_.data() + record_offset(kRedoRecord, sizeof record), &record, sizeof record);
  in_order();
  kill_point("journal.redo");
  std::memcpy(file_.data() + record_offset(index, sizeof record), &record, sizeof record / 2);
  kill_point("journal.torn");
  std::memcpy(file_.data() + record_offset(index, sizeof record), &record, sizeof record);
  in_order();
}

Result<void> Journal::make_room(Slot slot) noexcept {
  if (slot < slots_) return {};
  try {
    if (slot >= kJournalSlots) return sys_failure("make room in", "the journal", ENOSPC);
    const std::uint32_t slots = std::min(std::max(slot + 1, slots_ * 2), kJournalSlots);
    if (auto grown = file_.grow(size_for(slots)); !grown) return grown;
    slots_ = slots;
    return {};
  } catch (const std::bad_alloc&) {
    return Failure(Error{"no memory", ENOMEM});
  }
}

Result<void> Journal::store(const JournalView& view) noexcept {
  if (view.name.empty() || view.name.size() > kJournalName)
    return Failure(Error{"no name", EINVAL});
  if (auto room = make_room(view.slot); !room) return room;
  JournalRecord record = service_record(view);
  write(kFirstSlot + view.slot, record);
  return {};
}

void Journal::erase(Slot slot) noexcept {
  if (slot >= slots_) return;
  JournalRecord record = free_record(slot);
  write(kFirstSlot + slot, record);
}

LaunchCell* Journal::cells() noexcept {
  return std::launder(reinterpret_cast<LaunchCell*>(file_.data() + kLaunchesAt));
}

std::atomic<pid_t>* Journal::begin_launch(Slot slot, std::uint8_t what) noexcept {
  for (LaunchCell* cell = cells(); cell < cells() + kLaunches; ++cell) {
    if (cell->slot != 0) continue;
    cell->pid = 0;
    cell->end = 0;
    cell->what = what;
    in_order();
    cell->slot = slot + 1;
    return &cell->pid;
  }
  return nullptr;
}

void Journal::launch_ended(std::atomic<pid_t>* place, const ProcessEnd& end) noexcept {
  for (LaunchCell* cell = cells(); cell < cells() + kLaunches; ++cell)
    if (&cell->pid == place)
      cell->end = kEnded | (end.by_signal ? kEndedBySignal : 0) |
                  (static_cast<std::uint32_t>(end.value) & kEndedValue);
}

void Journal::end_launch(std::atomic<pid_t>* place) noexcept {
  for (LaunchCell* cell = cells(); cell < cells() + kLaunches; ++cell)
    if (&cell->pid == place) cell->slot = 0;
}

void Journal::store_world(const JournalWorld& world) noexcept {
  if (world_ == world) return;
  world_ = world;
  JournalRecord record = world_record(world);
  write(kWorldRecord, record);
}

}  // namespace zinit
