// Writing the journal: the memory file, and stores that may be interrupted at any point.
#include "supervisor/journal.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <new>
#include <utility>

#include "supervisor/journal_record.hpp"

// Debian 12's C library does not define the flag; Linux from 6.3 on logs a warning without it.
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

namespace zinit {

namespace {

constexpr std::uint32_t kFirstSlots = 64;
constexpr std::uint32_t kMaxSlots = 131072;  // 64 MiB: far beyond the services of one process

/// Keeps the compiler from reordering stores across this point. A hardware barrier is not needed: a
/// thread that is killed by another thread's execve(2) has completed its earlier stores.
void in_order() noexcept { std::atomic_signal_fence(std::memory_order_seq_cst); }

Result<UniqueFd> make_memory_file() {
  constexpr unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  UniqueFd fd(::memfd_create("zinit-journal", flags | MFD_NOEXEC_SEAL));
  if (!fd && errno == EINVAL) fd.reset(::memfd_create("zinit-journal", flags));
  if (!fd) return sys_failure("make", "the journal's memory file");
  // The seal keeps others from truncating the file, which would cause a SIGBUS in the mapping. If
  // the kernel refuses the seal, the journal is used without it.
  ::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK);
  return fd;
}

}  // namespace

Result<Journal> Journal::create() {
  auto fd = make_memory_file();
  if (!fd) return Failure(fd.error());
  Journal journal;
  journal.fd_ = std::move(*fd);
  if (auto grown = journal.grow(kFirstSlots); !grown) return Failure(grown.error());
  journal.write_header();
  return journal;
}

Journal::Journal(Journal&& other) noexcept { *this = std::move(other); }

Journal& Journal::operator=(Journal&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(base_, other.base_);
  std::swap(size_, other.size_);
  std::swap(slots_, other.slots_);
  std::swap(sequence_, other.sequence_);
  std::swap(world_, other.world_);
  return *this;
}

Journal::~Journal() {
  if (base_ != nullptr) ::munmap(base_, size_);
}

void Journal::write_header() noexcept {
  JournalHeader header{0, kJournalMagic, kJournalVersion, sizeof(JournalRecord), 0};
  seal(header);
  for (const std::size_t at : kHeaderCopies) std::memcpy(base_ + at, &header, sizeof header);
}

/// Makes room for `slots` services. Allocates the memory now: if a page could not be allocated
/// later, that would be a SIGBUS in the middle of a store.
Result<void> Journal::grow(std::uint32_t slots) {
  const std::size_t size = record_offset(kFirstSlot + std::size_t{slots}, sizeof(JournalRecord));
  if (::fallocate(fd_.get(), 0, 0, static_cast<off_t>(size)) < 0)
    return sys_failure("make room in", "the journal");
  void* mapped = base_ != nullptr
                     ? ::mremap(base_, size_, size, MREMAP_MAYMOVE)
                     : ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd_.get(), 0);
  if (mapped == MAP_FAILED) return sys_failure("map", "the journal");
  base_ = static_cast<std::byte*>(mapped);
  size_ = size;
  slots_ = slots;
  return {};
}

void Journal::write(std::size_t index, JournalRecord& record) noexcept {
  record.sequence = ++sequence_;
  seal(record);
  in_order();
  std::memcpy(base_ + record_offset(kRedoRecord, sizeof record), &record, sizeof record);
  in_order();
  std::memcpy(base_ + record_offset(index, sizeof record), &record, sizeof record);
  in_order();
}

Result<void> Journal::make_room(Slot slot) noexcept {
  if (slot < slots_) return {};
  try {
    if (slot >= kMaxSlots) return sys_failure("make room in", "the journal", ENOSPC);
    return grow(std::min(std::max(slot + 1, slots_ * 2), kMaxSlots));
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

void Journal::store_world(const JournalWorld& world) noexcept {
  if (world_ == world) return;
  world_ = world;
  JournalRecord record = world_record(world);
  write(kWorldRecord, record);
}

}  // namespace zinit
