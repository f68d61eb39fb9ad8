// A service into a record of the journal, and back.
#include "supervisor/journal_record.hpp"

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
  kShutdown = 1 << 10,  // of the world
  kEndAtLimit = 1 << 11,
  kEndMachineFull = 1 << 12,
  kPre = 1 << 13,   // the process is of pre_exec
  kPost = 1 << 14,  // or of post_exec
  kPassed = 1 << 15,
  kReasonPre = 1 << 16,
  kHealthy = 1 << 17,
};

std::int64_t to_ns(TimePoint time) noexcept { return time.time_since_epoch().count(); }

TimePoint from_ns(std::int64_t ns) noexcept { return TimePoint(TimePoint::duration(ns)); }

static_assert(std::is_same_v<TimePoint::duration, std::chrono::nanoseconds>);

std::uint32_t flags_of(const Record& record) noexcept {
  const auto flag = [](bool set, Flag bit) { return set ? std::uint32_t{bit} : 0; };
  return flag(record.stop_owed, kStopOwed) | flag(record.again, kAgain) |
         flag(record.respawn, kRespawn) | flag(record.done, kDone) |
         flag(record.by_itself, kByItself) | flag(record.skipped, kSkipped) |
         flag(record.notified, kNotified) | flag(record.healthy, kHealthy) |
         flag(record.has_end, kHasEnd) | flag(record.end.by_signal, kEndBySignal) |
         flag(record.end.core, kEndCore) |
         flag(record.end.out_of_memory == OutOfMemory::limit, kEndAtLimit) |
         flag(record.end.out_of_memory == OutOfMemory::machine, kEndMachineFull) |
         flag(record.phase == Phase::pre, kPre) | flag(record.post, kPost) |
         flag(record.passed, kPassed) | flag(record.reason.step == Phase::pre, kReasonPre);
}

void put_record(JournalRecord& to, const Record& from) noexcept {
  to.state = static_cast<std::uint8_t>(from.state);
  to.wish = static_cast<std::uint8_t>(from.wish);
  to.try_ = static_cast<std::uint8_t>(from.try_);
  to.process = static_cast<std::uint8_t>(from.process);
  to.cause = static_cast<std::uint8_t>(from.cause);
  to.stage = static_cast<std::uint8_t>(from.stage);
  to.health = static_cast<std::uint8_t>(from.health);
  to.flags = flags_of(from);
  to.health_attempts = from.health_attempts;
  to.end_value = from.end.value;
  to.reason_type = static_cast<std::uint8_t>(from.reason.type);
  to.reason_number = from.reason.number;
  to.since_ns = to_ns(from.since);
  to.delay_until_ns = to_ns(from.delay_until);
  to.deadline_ns = to_ns(from.deadline);
  to.ready_at_ns = to_ns(from.ready_at);
  to.count = from.count;
  to.rank = from.rank;
  to.ready_serial = from.ready_serial;
  to.failed_serial = from.failed_serial;
  to.step = from.step;
}

void put_facts(JournalRecord& to, const JournalFacts& from) noexcept {
  to.pid = from.pid;
  to.pgid = from.pgid;
  to.process_start = from.process_start;
  to.restart_count = from.restart_count;
  to.since_us = from.since_us;
  to.last_start_us = from.last_start_us;
  to.last_ready_us = from.last_ready_us;
  to.last_stop_us = from.last_stop_us;
  to.load_order = from.load_order;
  to.config_hash = from.config_hash;
  std::copy(from.log_pipes.begin(), from.log_pipes.end(), to.log_pipes);
  std::copy(from.helpers.begin(), from.helpers.end(), to.helpers);
  to.leader = from.leader;
  to.main_group = from.main_group;
}

void put_texts(JournalRecord& to, std::string_view name, std::string_view file,
               std::string_view reason) noexcept {
  // Half a path is worth nothing, half a reason a lot.
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

/// False where the value is one that this image does not know.
template <class Enum>
bool take(std::uint8_t value, Enum last, Enum& to) noexcept {
  if (value > static_cast<std::uint8_t>(last)) return false;
  to = static_cast<Enum>(value);
  return true;
}

/// All words of `from` into `to`, or false with one of them unknown.
bool take_words(const JournalRecord& from, Record& to) noexcept {
  return take(from.state, State::failed, to.state) && take(from.wish, Wish::up, to.wish) &&
         take(from.try_, Try::asked, to.try_) && take(from.cause, StopCause::watchdog, to.cause) &&
         take(from.stage, StopStage::killed, to.stage) &&
         take(from.health, Health::watchdog, to.health) &&
         take(from.reason_type, ReasonType::condition, to.reason.type);
}

void take_record(const JournalRecord& from, Record& to) noexcept {
  to.stop_owed = (from.flags & kStopOwed) != 0;
  to.again = (from.flags & kAgain) != 0;
  to.respawn = (from.flags & kRespawn) != 0;
  to.done = (from.flags & kDone) != 0;
  to.by_itself = (from.flags & kByItself) != 0;
  to.skipped = (from.flags & kSkipped) != 0;
  to.notified = (from.flags & kNotified) != 0;
  to.healthy = (from.flags & kHealthy) != 0;
  to.has_end = (from.flags & kHasEnd) != 0;
  to.end = {(from.flags & kEndBySignal) != 0, from.end_value, (from.flags & kEndCore) != 0};
  if ((from.flags & kEndAtLimit) != 0) to.end.out_of_memory = OutOfMemory::limit;
  if ((from.flags & kEndMachineFull) != 0) to.end.out_of_memory = OutOfMemory::machine;
  to.phase = (from.flags & kPre) != 0 ? Phase::pre : Phase::main;
  to.post = (from.flags & kPost) != 0;
  to.passed = (from.flags & kPassed) != 0;
  to.step = from.step;
  to.reason.step = (from.flags & kReasonPre) != 0 ? Phase::pre : Phase::main;
  to.health_attempts = from.health_attempts;
  to.reason.number = from.reason_number;
  to.since = from_ns(from.since_ns);
  to.delay_until = from_ns(from.delay_until_ns);
  to.deadline = from_ns(from.deadline_ns);
  to.ready_at = from_ns(from.ready_at_ns);
  to.count = from.count;
  to.rank = from.rank;
  to.ready_serial = from.ready_serial;
  to.failed_serial = from.failed_serial;
}

JournalFacts take_facts(const JournalRecord& from) noexcept {
  JournalFacts to;
  to.pid = from.pid;
  to.pgid = from.pgid;
  to.process_start = from.process_start;
  to.restart_count = from.restart_count;
  to.since_us = from.since_us;
  to.last_start_us = from.last_start_us;
  to.last_ready_us = from.last_ready_us;
  to.last_stop_us = from.last_stop_us;
  to.load_order = from.load_order;
  to.config_hash = from.config_hash;
  std::copy(std::begin(from.log_pipes), std::end(from.log_pipes), to.log_pipes.begin());
  std::copy(std::begin(from.helpers), std::end(from.helpers), to.helpers.begin());
  to.leader = from.leader;
  to.main_group = from.main_group;
  return to;
}

}  // namespace

// Each step maps different states to different states, so that a change within one word is always
// seen. Four sums, for each step of one has to wait for the one before: a store is mostly this.
std::uint64_t checksum_of(const std::byte* block, std::size_t size) noexcept {
  constexpr std::size_t step = sizeof(std::uint64_t);
  const auto with = [](std::uint64_t sum, std::uint64_t word) {
    sum = (sum ^ word) * 0x9e3779b97f4a7c15;
    return sum ^ sum >> 29;
  };
  const auto with_word = [&](std::uint64_t sum, std::size_t at) {
    std::uint64_t word;
    std::memcpy(&word, block + at, step);
    return with(sum, word);
  };
  std::uint64_t a = 0x2545f4914f6cdd1d ^ size, b = a, c = a, d = a;
  std::size_t at = step;
  for (; at + 4 * step <= size; at += 4 * step) {
    a = with_word(a, at);
    b = with_word(b, at + step);
    c = with_word(c, at + 2 * step);
    d = with_word(d, at + 3 * step);
  }
  for (; at + step <= size; at += step) a = with_word(a, at);
  return with(with(with(a, b), c), d);
}

JournalRecord free_record(Slot slot) noexcept { return empty_record(RecordKind::free, slot); }

JournalRecord service_record(const JournalView& view) noexcept {
  JournalRecord record = empty_record(RecordKind::service, view.slot);
  put_record(record, view.record);
  put_facts(record, view.facts);
  put_texts(record, view.name, view.file, view.record.reason.text);
  return record;
}

JournalRecord world_record(const JournalWorld& world) noexcept {
  JournalRecord record = empty_record(RecordKind::world, kNoSlot);
  record.flags = world.shutdown ? std::uint32_t{kShutdown} : 0;
  record.rank = world.next_rank;
  record.ready_serial = world.serial;
  return record;
}

JournalRecord default_record() noexcept {
  JournalRecord fields{};
  put_record(fields, Record{});
  put_facts(fields, JournalFacts{});
  return fields;
}

JournalEntry entry_of(const RawRecord& raw) {
  const JournalRecord& from = raw.fields;
  JournalEntry entry;
  entry.slot = from.slot;
  entry.name = raw.text.substr(0, from.name_size);
  entry.file = raw.text.substr(from.name_size, from.file_size);
  entry.facts = take_facts(from);
  Record record;
  entry.known = take(from.process, Process::ended, record.process) && take_words(from, record);
  if (entry.known) {
    take_record(from, record);
    record.reason.text = raw.text.substr(from.name_size + from.file_size, from.reason_size);
    entry.record = std::move(record);
  } else {
    entry.record.process = record.process;
  }
  return entry;
}

JournalWorld world_of(const RawRecord& raw) noexcept {
  return {(raw.fields.flags & kShutdown) != 0, raw.fields.rank, raw.fields.ready_serial};
}

}  // namespace zinit
