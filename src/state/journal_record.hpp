// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The format of the journal's memory file (journal.hpp gives the reasons): headers, records, and
// the conversion between services and records. For the journal's own sources and tests.
//
// A header is written once and never changed; the number of slots follows from the file's size.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/checksum.hpp"
#include "state/journal.hpp"

namespace zinit {

inline constexpr std::uint64_t kJournalMagic = 0x6c6e726a74696e7a;  // "znitjrnl"

struct JournalHeader {
  std::uint64_t checksum;
  std::uint64_t magic;
  std::uint32_t version;
  std::uint32_t record_size;
  std::uint64_t reserved;
};

inline constexpr std::size_t kHeaderCopies[] = {0, 64};
inline constexpr std::size_t kRecordsAt = 512;

/// One launch. It has no checksum, because the kernel writes to it; a reader checks whether the pid
/// is that of a child. `slot` holds the slot's number plus 1, 0 in a free cell. It is written last
/// and cleared first.
struct LaunchCell {
  std::atomic<pid_t> pid;
  std::atomic<std::uint32_t> slot;
  std::uint32_t what;
  std::atomic<std::uint32_t> end;  // kEnded, kEndedBySignal, and the exit code or signal; 0: none
};
inline constexpr std::uint32_t kEnded = 1 << 16;
inline constexpr std::uint32_t kEndedBySignal = 1 << 17;
inline constexpr std::uint32_t kEndedValue = 0xff;
inline constexpr std::size_t kLaunchesAt = 128;
inline constexpr std::size_t kLaunches = 24;
static_assert(sizeof(LaunchCell) == 16 &&
              kLaunchesAt + kLaunches * sizeof(LaunchCell) <= kRecordsAt);

// Indexes of records. Record 0 is at kRecordsAt; the record of slot 0 has the index kFirstSlot.
inline constexpr std::size_t kWorldRecord = 0;
inline constexpr std::size_t kRedoRecord = 1;
inline constexpr std::size_t kFirstSlot = 2;

enum class RecordKind : std::uint8_t { free, service, world };

/// A record as in the file. New fields go before `text`, which becomes shorter; fixed_size stores
/// the offset of `text`.
struct JournalRecord {
  std::uint64_t checksum;  // over the rest
  std::uint64_t sequence;  // number of the store that wrote it, from 1 on
  std::uint32_t slot;
  std::uint16_t size;        // of the whole record
  std::uint16_t fixed_size;  // offset of the texts
  RecordKind kind;
  std::uint8_t state;
  std::uint8_t wish;
  std::uint8_t try_;
  std::uint8_t process;
  std::uint8_t cause;
  std::uint8_t stage;
  std::uint8_t health;
  std::uint32_t flags;
  std::int32_t health_attempts;
  std::int32_t end_value;
  std::int32_t reason_number;
  std::uint8_t reason_type;
  std::uint8_t owed;        // Owed; 0 in versions without this field
  std::uint16_t name_size;  // texts follow each other without a gap: name, file, reason
  std::uint16_t file_size;
  std::uint16_t reason_size;
  std::int64_t since_ns;  // monotonic clock, which continues across execve(2); in the world's
                          // record: `settled`
  std::int64_t delay_until_ns;
  std::int64_t deadline_ns;  // the world's: stop_limit; 0: none
  std::int64_t ready_at_ns;
  std::uint32_t count;
  std::int32_t leader;
  std::int64_t rank;           // the world's: next_rank
  std::uint64_t ready_serial;  // the world's: serial
  std::uint64_t failed_serial;
  std::int32_t pid;
  std::int32_t pgid;
  std::uint64_t restart_count;
  std::int64_t since_us;
  std::int64_t last_start_us;
  std::int64_t last_ready_us;
  std::int64_t last_stop_us;
  std::int64_t started_ns;
  std::int64_t user;
  std::uint64_t events;  // the world's
  std::uint32_t step;
  std::array<std::int32_t, 3> helpers;  // of the first SideKinds
  std::int32_t main_group;
  std::int32_t condition;
  std::int64_t ready_from_ns;  // monotonic, like the other `_ns` times
  std::uint32_t ready_begun;
  std::int32_t ready;
  std::int32_t check;
  char text[kJournalText];
};

inline constexpr std::size_t kJournalFixed = offsetof(JournalRecord, text);
static_assert(sizeof(JournalRecord) == 512 && kJournalFixed + kJournalText == 512,
              "records have no padding, and a page holds eight");

constexpr std::size_t record_offset(std::size_t index, std::size_t record_size) {
  return kRecordsAt + index * record_size;
}

/// Sets the checksum of `block`.
template <class Block>
void seal(Block& block) noexcept {
  block.checksum = checksum_of(reinterpret_cast<const std::byte*>(&block), sizeof block);
}

/// A record for a free slot. Its sequence and checksum are set when it is written.
[[nodiscard]] JournalRecord free_record(Slot slot) noexcept;
[[nodiscard]] JournalRecord service_record(const JournalView& view) noexcept;
[[nodiscard]] JournalRecord world_record(const JournalWorld& world) noexcept;

/// An undamaged record of any version: the fields that both versions know, and its texts.
struct RawRecord {
  JournalRecord fields;   // all but `text`
  std::string_view text;  // at least as long as the sizes in `fields`
};

/// The values for fields that an older version did not write.
[[nodiscard]] JournalRecord default_record() noexcept;

[[nodiscard]] JournalEntry entry_of(const RawRecord& raw);
[[nodiscard]] JournalWorld world_of(const RawRecord& raw) noexcept;

}  // namespace zinit
