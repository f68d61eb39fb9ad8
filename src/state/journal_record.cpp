// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Converts a service to a record of the journal and back.
#include "state/journal_record.hpp"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "base/text.hpp"

namespace zinit {

namespace {

enum Flag : std::uint32_t {
  kStopOwed = 1 << 0,
  kAgain = 1 << 1,
  kRespawn = 1 << 2,
  kDone = 1 << 3,
  kByItself = 1 << 4,
  kSkipped = 1 << 5,
  kNotified = 1 << 6,
  kHasEnd = 1 << 7,
  kEndBySignal = 1 << 8,
  kEndCore = 1 << 9,
  kShutdown = 1 << 10,  // for the world
  kEndAtLimit = 1 << 11,
  kEndMachineFull = 1 << 12,
  kPre = 1 << 13,   // command.before_post is pre_exec
  kPost = 1 << 14,  // command.post
  kPassed = 1 << 15,
  kReasonPre = 1 << 16,
  kHealthy = 1 << 17,
  kStartAdded = 1 << 18,  // for the world
  kSwitching = 1 << 19,   // for the world
  kNamed = 1 << 20,
  kNeeded = 1 << 21,
  kReasonReady = 1 << 22,
  kReadyRuns = 1 << 23,
  kFailureHandled = 1 << 24,
  kUnneeded = 1 << 25,
  kUnheard = 1 << 26,
  kEndPre = 1 << 27,  // end_step is pre_exec
  kUsedUp = 1 << 28,
};

// copy_record() and copy_facts() list the fields that are copied between a journal's record and the
// board's, once for both directions. Put copies into the journal. Take copies from it, into a
// record with default values.

struct Put {
  template <class Value>
  void value(Value& stored, const Value& own) noexcept {
    stored = own;
  }
  void time(std::int64_t& stored, TimePoint own) noexcept {
    stored = own.time_since_epoch().count();
  }
  template <class Enum>
  void word(std::uint8_t& stored, Enum own, Enum /*last*/) noexcept {
    stored = static_cast<std::uint8_t>(own);
  }
  template <class Value>
  void flag(std::uint32_t& flags, Flag bit, const Value& own, Value set) noexcept {
    if (own == set) flags |= bit;
  }
};

// Limits that no clock and no count reaches. Larger values would only cause overflows later.
constexpr std::int64_t kMostTime = std::int64_t{1} << 62;
constexpr std::uint64_t kMostEvents = std::uint64_t{1} << 53;

struct Take {
  bool known = true;  // false: an unknown enumerator or an impossible time was found

  template <class Value>
  void value(const Value& stored, Value& own) noexcept {
    own = stored;
  }
  void time(std::int64_t stored, TimePoint& own) noexcept {
    if (stored < 0)
      known = false;
    else
      own = stored > kMostTime ? kNever : TimePoint(TimePoint::duration(stored));
  }
  template <class Enum>
  void word(std::uint8_t stored, Enum& own, Enum last) noexcept {
    if (stored > static_cast<std::uint8_t>(last))
      known = false;
    else
      own = static_cast<Enum>(stored);
  }
  template <class Value>
  void flag(std::uint32_t flags, Flag bit, Value& own, Value set) noexcept {
    if ((flags & bit) != 0) own = set;
  }
};

static_assert(std::is_same_v<TimePoint::duration, std::chrono::nanoseconds>);

template <class Way, class Stored, class Own>
void copy_record(Way& way, Stored& stored, Own& own) noexcept {
  way.word(stored.process, own.process, Process::held);
  way.word(stored.state, own.state, State::failed);
  way.word(stored.wish, own.wish, Wish::up);
  way.word(stored.try_, own.try_, Try::asked);
  way.word(stored.cause, own.cause, StopCause::ready_exec);
  way.word(stored.stage, own.stage, StopStage::killed);
  way.word(stored.health, own.health, Health::watchdog);
  way.word(stored.reason_type, own.reason.type, ReasonType::left_behind);
  way.flag(stored.flags, kStopOwed, own.stop_owed, true);
  way.flag(stored.flags, kAgain, own.again, true);
  way.flag(stored.flags, kRespawn, own.respawn, true);
  way.flag(stored.flags, kDone, own.done, true);
  way.flag(stored.flags, kByItself, own.by_itself, true);
  way.flag(stored.flags, kNamed, own.named, true);
  way.flag(stored.flags, kNeeded, own.needed, true);
  way.flag(stored.flags, kSkipped, own.skipped, true);
  way.flag(stored.flags, kNotified, own.notified, true);
  way.flag(stored.flags, kHealthy, own.healthy, true);
  way.flag(stored.flags, kUnheard, own.unheard, true);
  way.flag(stored.flags, kHasEnd, own.has_end, true);
  way.flag(stored.flags, kEndBySignal, own.end.by_signal, true);
  way.flag(stored.flags, kEndCore, own.end.core, true);
  way.flag(stored.flags, kEndAtLimit, own.end.out_of_memory, OutOfMemory::limit);
  way.flag(stored.flags, kEndMachineFull, own.end.out_of_memory, OutOfMemory::machine);
  way.flag(stored.flags, kEndPre, own.end_step, CommandKind::pre_exec);
  way.flag(stored.flags, kPre, own.command.before_post, CommandKind::pre_exec);
  way.flag(stored.flags, kPost, own.command.post, true);
  way.flag(stored.flags, kPassed, own.command.passed, true);
  way.flag(stored.flags, kReasonPre, own.reason.step, CommandKind::pre_exec);
  way.flag(stored.flags, kReasonReady, own.reason.step, CommandKind::ready_exec);
  way.flag(stored.flags, kReadyRuns, own.ready_runs, true);
  way.flag(stored.flags, kFailureHandled, own.failure_handled, true);
  way.flag(stored.flags, kUnneeded, own.unneeded, true);
  way.flag(stored.flags, kUsedUp, own.used_up, true);
  way.value(stored.ready_begun, own.ready_begun);
  way.value(stored.health_attempts, own.health_attempts);
  way.value(stored.end_value, own.end.value);
  way.value(stored.reason_number, own.reason.number);
  way.time(stored.since_ns, own.since);
  way.time(stored.delay_until_ns, own.delay_until);
  way.time(stored.deadline_ns, own.deadline);
  way.time(stored.ready_at_ns, own.ready_at);
  way.time(stored.ready_from_ns, own.ready_from);
  way.value(stored.count, own.count);
  way.value(stored.rank, own.rank);
  way.value(stored.ready_serial, own.ready_serial);
  way.value(stored.failed_serial, own.failed_serial);
  way.value(stored.step, own.command.index);
}

template <class Way, class Stored, class Own>
void copy_facts(Way& way, Stored& stored, Own& own) noexcept {
  way.value(stored.pid, own.pid);
  way.value(stored.pgid, own.pgid);
  way.value(stored.restart_count, own.restart_count);
  way.value(stored.since_us, own.since_us);
  way.value(stored.last_start_us, own.last_start_us);
  way.value(stored.last_ready_us, own.last_ready_us);
  way.value(stored.last_stop_us, own.last_stop_us);
  for (std::size_t i = 0; i < stored.helpers.size(); ++i)
    way.value(stored.helpers[i], own.sides[i]);
  way.value(stored.condition, own.side(SideKind::condition));
  way.value(stored.ready, own.side(SideKind::ready));
  way.value(stored.check, own.side(SideKind::check));
  way.value(stored.leader, own.leader);
  way.value(stored.main_group, own.main_group);
  way.time(stored.started_ns, own.started);
  way.value(stored.user, own.user);
  way.value(stored.owed, own.owed);
}

void put(JournalRecord& to, const Record& record, const JournalFacts& facts) noexcept {
  Put way;
  copy_record(way, to, record);
  copy_facts(way, to, facts);
}

void put_texts(JournalRecord& to, std::string_view name, std::string_view file,
               std::string_view reason) noexcept {
  // A reason may be cut. A path that does not fit is left out, because a part of it is useless.
  if (name.size() + file.size() > sizeof to.text) file = {};
  reason = cut_utf8(reason, sizeof to.text - name.size() - file.size());
  char* end = std::copy(name.begin(), name.end(), to.text);
  end = std::copy(file.begin(), file.end(), end);
  std::copy(reason.begin(), reason.end(), end);
  to.name_size = static_cast<std::uint16_t>(name.size());
  to.file_size = static_cast<std::uint16_t>(file.size());
  to.reason_size = static_cast<std::uint16_t>(reason.size());
}

JournalRecord empty_record(RecordKind kind, Slot slot) noexcept {
  JournalRecord record{};
  record.slot = slot;
  record.size = sizeof record;
  record.fixed_size = kJournalFixed;
  record.kind = kind;
  return record;
}

}  // namespace

JournalRecord free_record(Slot slot) noexcept { return empty_record(RecordKind::free, slot); }

JournalRecord service_record(const JournalView& view) noexcept {
  JournalRecord record = empty_record(RecordKind::service, view.slot);
  put(record, view.record, view.facts);
  put_texts(record, view.name, view.file, view.record.reason.text);
  return record;
}

JournalRecord world_record(const JournalWorld& world) noexcept {
  JournalRecord record = empty_record(RecordKind::world, kNoSlot);
  record.flags = (world.shutdown ? std::uint32_t{kShutdown} : 0) |
                 (world.start_added ? std::uint32_t{kStartAdded} : 0) |
                 (world.switching ? std::uint32_t{kSwitching} : 0);
  record.rank = world.next_rank;
  record.ready_serial = world.serial;
  record.events = world.events;
  record.since_ns = world.settled.time_since_epoch().count();
  if (world.stop_limit < Milliseconds::max())
    record.deadline_ns = std::chrono::nanoseconds(world.stop_limit).count();
  return record;
}

JournalRecord default_record() noexcept {
  JournalRecord fields{};
  put(fields, Record{}, JournalFacts{});
  return fields;
}

JournalEntry entry_of(const RawRecord& raw) {
  const JournalRecord& from = raw.fields;
  JournalEntry entry;
  entry.slot = from.slot;
  entry.name = raw.text.substr(0, from.name_size);
  entry.file = raw.text.substr(from.name_size, from.file_size);
  Take way;
  copy_facts(way, from, entry.facts);
  Record record;
  copy_record(way, from, record);
  entry.known = way.known;
  if (entry.known) {
    record.reason.text = raw.text.substr(from.name_size + from.file_size, from.reason_size);
    entry.record = std::move(record);
  } else {
    entry.record.process = record.process;
    // A running service keeps running. A command such as pre_exec must not be taken for the main
    // process.
    entry.record.wish = from.wish == static_cast<std::uint8_t>(Wish::down) ? Wish::down : Wish::up;
    entry.record.stop_owed = record.stop_owed || !record.command.is_main();
  }
  return entry;
}

JournalWorld world_of(const RawRecord& raw) noexcept {
  const JournalRecord& from = raw.fields;
  JournalWorld world;
  world.shutdown = (from.flags & kShutdown) != 0;
  world.start_added = (from.flags & kStartAdded) != 0;
  world.switching = (from.flags & kSwitching) != 0;
  if (from.rank < 0 && from.rank > -kMostTime) world.next_rank = from.rank;
  world.serial = from.ready_serial;
  if (from.events <= kMostEvents) world.events = from.events;
  if (from.since_ns >= 0 && from.since_ns < kMostTime)
    world.settled = TimePoint(TimePoint::duration(from.since_ns));
  if (from.deadline_ns > 0)
    world.stop_limit =
        std::chrono::duration_cast<Milliseconds>(std::chrono::nanoseconds(from.deadline_ns));
  return world;
}

}  // namespace zinit
