// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The journal: stored records come back, even after damage to the file.
#include <linux/magic.h>
#include <sys/statfs.h>

#include "base/format.hpp"
#include "state/journal_record.hpp"
#include "support/test.hpp"

namespace zinit::test::state_journal {
namespace {

using Bytes = std::vector<std::byte>;

Journal new_journal() {
  auto journal = Journal::create();
  REQUIRE(journal);
  return std::move(*journal);
}

/// A record in which no field has its default.
Record full_record() {
  Record r;
  r.state = State::failed;
  r.wish = Wish::up;
  r.try_ = Try::asked;
  r.stop_owed = true;
  r.process = Process::lingering;
  r.cause = StopCause::unhealthy;
  r.stage = StopStage::killed;
  r.again = r.respawn = r.done = r.by_itself = r.skipped = r.named = r.needed = r.notified =
      r.healthy = r.ready_runs = r.failure_handled = r.unneeded = r.unheard = r.used_up = true;
  r.ready_begun = 2;
  r.health = Health::watchdog;
  r.health_attempts = 3;
  r.end = {true, 11, true, OutOfMemory::limit};
  r.has_end = true;
  r.end_step = CommandKind::pre_exec;
  r.command = {CommandKind::pre_exec, true, true, 3};
  r.reason = {ReasonType::port_in_use, 8080, "nginx, pid 812", {}, CommandKind::pre_exec};
  r.since = TimePoint(123456789012345ns);
  r.delay_until = TimePoint(223456789012345ns);
  r.deadline = TimePoint(323456789012345ns);
  r.ready_from = TimePoint(113456789012340ns);
  r.ready_at = TimePoint(113456789012345ns);
  r.count = 7;
  r.rank = -42;
  r.ready_serial = 1000;
  r.failed_serial = 1001;
  return r;
}

JournalFacts full_facts() {
  JournalFacts f;
  f.pid = 812;
  f.pgid = 811;
  f.restart_count = 17;
  f.since_us = 1;
  f.last_start_us = 2;
  f.last_ready_us = 3;
  f.last_stop_us = 4;
  f.sides = {814, 815, 816, 817, 818, 819};
  f.leader = 810;
  f.main_group = 813;
  f.started = TimePoint(103456789012345ns);
  f.user = 65534;
  f.owed = kOwedStop | kOwedLimits;
  return f;
}

/// A world in which no field has its default.
JournalWorld full_world() {
  return {true, false, -123456789, 987654321, 4096, {}, true, Milliseconds{1500}};
}

bool same(const Record& a, const Record& b) {
  return a.state == b.state && a.wish == b.wish && a.try_ == b.try_ && a.command == b.command &&
         a.stop_owed == b.stop_owed && a.process == b.process && a.cause == b.cause &&
         a.stage == b.stage && a.again == b.again && a.respawn == b.respawn && a.done == b.done &&
         a.by_itself == b.by_itself && a.skipped == b.skipped && a.named == b.named &&
         a.needed == b.needed && a.ready_from == b.ready_from && a.notified == b.notified &&
         a.healthy == b.healthy && a.health == b.health && a.health_attempts == b.health_attempts &&
         a.end == b.end && a.has_end == b.has_end && a.end_step == b.end_step &&
         a.reason == b.reason && a.since == b.since && a.delay_until == b.delay_until &&
         a.deadline == b.deadline && a.ready_at == b.ready_at && a.count == b.count &&
         a.rank == b.rank && a.ready_serial == b.ready_serial &&
         a.failed_serial == b.failed_serial && a.ready_runs == b.ready_runs &&
         a.ready_begun == b.ready_begun && a.failure_handled == b.failure_handled &&
         a.unneeded == b.unneeded && a.unheard == b.unheard && a.used_up == b.used_up;
}

void put(Journal& journal, Slot slot, const std::string& name, const Record& record = {},
         const JournalFacts& facts = {}, const std::string& file = "") {
  REQUIRE(journal.store({slot, name, file, record, facts}));
}

JournalImage read(const Journal& journal) {
  auto image = read_journal(journal.fd());
  REQUIRE(image);
  return *image;
}

Bytes bytes_of(const Journal& journal) {
  const off_t size = ::lseek(journal.fd(), 0, SEEK_END);
  REQUIRE(size > 0);
  Bytes bytes(static_cast<std::size_t>(size));
  REQUIRE(::pread(journal.fd(), bytes.data(), bytes.size(), 0) == size);
  return bytes;
}

/// A file in memory that a test changes and reads as a journal.
class Patient {
 public:
  explicit Patient(const Bytes& bytes) : fd_(::memfd_create("patient", MFD_CLOEXEC)) {
    REQUIRE(fd_);
    write(0, bytes.data(), bytes.size());
  }
  void write(std::size_t at, const void* data, std::size_t size) {
    REQUIRE(::pwrite(fd_.get(), data, size, static_cast<off_t>(at)) == static_cast<ssize_t>(size));
  }
  void cut(std::size_t size) { REQUIRE(::ftruncate(fd_.get(), static_cast<off_t>(size)) == 0); }
  [[nodiscard]] Result<JournalImage> read() const { return read_journal(fd_.get()); }

 private:
  UniqueFd fd_;
};

Texts names(const JournalImage& image) {
  Texts result;
  for (const JournalEntry& entry : image.entries) result.push_back(entry.name);
  return result;
}

/// Three services, one of them stored twice, and a slot that was given up.
Journal small_journal() {
  Journal journal = new_journal();
  journal.store_world(full_world());
  put(journal, 0, "web", full_record(), full_facts(), "/etc/zinit/services/web.toml");
  put(journal, 1, "gone");
  put(journal, 2, "db", {}, {});
  journal.erase(1);
  put(journal, 2, "db", full_record(), full_facts());
  return journal;
}

/// Whether `entry` is one that small_journal() stored.
bool was_stored(const JournalEntry& entry) {
  if (!entry.known) return false;
  const bool full = same(entry.record, full_record()) && entry.facts == full_facts();
  const bool bare = same(entry.record, Record{}) && entry.facts == JournalFacts{};
  if (entry.slot == 0) return entry.name == "web" && full;
  if (entry.slot == 1) return entry.name == "gone" && bare;
  return entry.slot == 2 && entry.name == "db" && (full || bare) && entry.file.empty();
}

/// The bytes of a record as a version with `more` bytes of further fields would write it.
Bytes newer_record(JournalRecord record, std::size_t more) {
  Bytes bytes(sizeof record + more, std::byte{0xee});
  record.sequence = 1;
  record.size = static_cast<std::uint16_t>(bytes.size());
  record.fixed_size = static_cast<std::uint16_t>(kJournalFixed + more);
  std::memcpy(bytes.data(), &record, kJournalFixed);
  std::memcpy(bytes.data() + record.fixed_size, record.text, sizeof record.text);
  const std::uint64_t sum = checksum_of(bytes.data(), bytes.size());
  std::memcpy(bytes.data(), &sum, sizeof sum);
  return bytes;
}

Bytes header(std::uint32_t version, std::size_t record_size) {
  JournalHeader h{0, kJournalMagic, version, static_cast<std::uint32_t>(record_size), 0};
  seal(h);
  Bytes bytes(kRecordsAt);
  for (const std::size_t at : kHeaderCopies) std::memcpy(bytes.data() + at, &h, sizeof h);
  return bytes;
}

void append(Bytes& to, const Bytes& what) { to.insert(to.end(), what.begin(), what.end()); }

/// The records of a journal that consists of these alone: the world's and a service's, each with
/// `more` bytes of further fields.
JournalImage read_records(const JournalRecord& world, const JournalRecord& service,
                          std::size_t more = 0) {
  Bytes bytes = header(kJournalVersion, sizeof(JournalRecord) + more);
  append(bytes, newer_record(world, more));
  append(bytes, Bytes(sizeof(JournalRecord) + more));
  append(bytes, newer_record(service, more));
  const auto image = Patient(bytes).read();
  REQUIRE(image);
  REQUIRE(image->entries.size() == 1);
  return *image;
}

/// The entry of a service whose record has other bytes at `field`.
template <class Value>
JournalEntry read_with(std::size_t field, Value value) {
  const Record known = full_record();
  const JournalFacts facts = full_facts();
  JournalRecord record = service_record({0, "web", "", known, facts});
  std::memcpy(reinterpret_cast<std::byte*>(&record) + field, &value, sizeof value);
  return read_records(world_record(full_world()), record).entries[0];
}

TEST_CASE("journal: every field of a service comes back, and defaults where none is set",
          "[journal]") {
  Journal first = new_journal();
  const std::string file = "/etc/zinit/services/web.toml";
  put(first, 0, "bare");
  Journal journal = std::move(first);
  put(journal, 3, "web", full_record(), full_facts(), file);
  const JournalImage image = read(journal);
  REQUIRE(image.entries.size() == 2);
  const JournalEntry &bare = image.entries[0], &full = image.entries[1];
  CHECK(bare.known);
  CHECK(same(bare.record, Record{}));
  CHECK(bare.record.deadline == kNever);
  CHECK(bare.facts == JournalFacts{});
  CHECK(full.slot == 3);
  CHECK(full.known);
  CHECK(full.name == "web");
  CHECK(full.file == file);
  CHECK(same(full.record, full_record()));
  CHECK(full.facts == full_facts());
  CHECK(image.damaged == 0);
  CHECK((::fcntl(journal.fd(), F_GETFD) & FD_CLOEXEC) != 0);
  CHECK(::ftruncate(journal.fd(), 0) < 0);  // nobody can remove the memory of the mapping
}

TEST_CASE("journal: the last store of a slot stands, and an erased one is gone", "[journal]") {
  Journal journal = new_journal();
  Record record;
  for (const State state : {State::blocked, State::starting, State::running}) {
    record.state = state;
    put(journal, 5, "web", record);
  }
  put(journal, 6, "db");
  CHECK(read(journal).entries.at(0).record.state == State::running);
  journal.erase(5);
  CHECK(names(read(journal)) == Texts{"db"});
  put(journal, 5, "other");
  CHECK(names(read(journal)) == Texts{"other", "db"});
  journal.erase(1000);  // never stored
  CHECK(names(read(journal)) == Texts{"other", "db"});
}

TEST_CASE("journal: it grows with the slots, and its first services stay", "[journal]") {
  Journal journal = new_journal();
  for (Slot slot = 0; slot < 3000; ++slot) put(journal, slot, "s" + std::to_string(slot));
  put(journal, 20000, "far");
  const JournalImage image = read(journal);
  REQUIRE(image.entries.size() == 3001);
  for (Slot slot = 0; slot < 3000; ++slot)
    REQUIRE(image.entries[slot].name == "s" + std::to_string(slot));
  CHECK(image.entries.back().slot == 20000);
}

TEST_CASE("journal: the file of a server that may be killed has its name once it is complete",
          "[journal]") {
  struct statfs where {};
  if (statfs("/dev/shm", &where) < 0 || where.f_type != TMPFS_MAGIC)
    return skip("needs a tmpfs at /dev/shm");
  const std::string path = fmt::format("/dev/shm/zinit-test-{}", getpid());
  for (const char* name : {"first", "next"}) {
    auto journal = Journal::create(path);
    REQUIRE(journal);
    REQUIRE(journal->store({0, name, "", full_record(), full_facts()}));
    const auto before = read_journal(path);
    CHECK(bool(before) == (name == std::string("next")));
    if (before) CHECK(before->entries.at(0).name == "first");
    CHECK(journal->keep());
    CHECK(read_journal(path)->entries.at(0).name == name);
  }
  CHECK(unlink(path.c_str()) == 0);
  // If the file cannot have the name, as on a disk, an older journal does not keep it.
  const TempDir directory;
  const std::string elsewhere = directory.write("journal", "an older one");
  auto journal = Journal::create(elsewhere);
  REQUIRE(journal);
  const bool named = bool(journal->keep());
  CHECK(std::filesystem::exists(elsewhere) == named);
  CHECK(bool(read_journal(elsewhere)) == named);
}

TEST_CASE("journal: what cannot be stored is refused and harms nothing", "[journal]") {
  Journal journal = new_journal();
  put(journal, 0, "web");
  const Record record;
  const JournalFacts facts;
  const auto refusal = [&](Slot slot, const std::string& name) {
    const auto stored = journal.store({slot, name, "", record, facts});
    return stored ? 0 : stored.error().errnum;
  };
  CHECK(refusal(kNoSlot - 1, "far") == ENOSPC);
  CHECK(refusal(1, "") == EINVAL);
  CHECK(refusal(1, std::string(129, 'n')) == EINVAL);
  CHECK(names(read(journal)) == Texts{"web"});
}

TEST_CASE("journal: texts that are too long together are cut, the name never", "[journal]") {
  Journal journal = new_journal();
  Record record;
  record.reason = {ReasonType::spawn_error, 0, std::string(1000, 'r'), {"left out"}};
  constexpr std::size_t beside = kJournalText - kJournalName, most = kJournalText - 16;
  const std::string name(kJournalName, 'n'), fits(beside, 'f'), too_long(beside + 1, 'f');
  put(journal, 0, name, record, {}, fits);
  put(journal, 1, name, record, {}, too_long);
  put(journal, 2, "web", record, {}, "/etc/web.toml");
  record.reason.text = std::string(most - 1, 'r') + "\u00e9";
  put(journal, 3, "web", record, {}, "/etc/web.toml");
  const auto entries = read(journal).entries;
  REQUIRE(entries.size() == 4);
  CHECK(entries[0].name == name);
  CHECK(entries[0].file == fits);
  CHECK(entries[0].record.reason.text.empty());
  CHECK(entries[0].record.reason.type == ReasonType::spawn_error);
  CHECK(entries[1].file.empty());
  CHECK(entries[1].record.reason.text == std::string(beside, 'r'));
  CHECK(entries[2].file == "/etc/web.toml");
  CHECK(entries[2].record.reason.text == std::string(most, 'r'));
  CHECK(entries[2].record.reason.messages.empty());
  CHECK(entries[3].record.reason.text == std::string(most - 1, 'r'));  // not half a character
}

TEST_CASE("journal: damage to any byte, or a cut at any place, brings no entry that was not stored",
          "[journal]") {
  const Bytes bytes = bytes_of(small_journal());
  Patient patient(bytes);
  const auto entries_of = [&](const JournalImage& image, std::size_t at) {
    for (const JournalEntry& entry : image.entries)
      if (!was_stored(entry)) FAIL("at " << at << ": slot " << entry.slot << " is invented");
    return image.entries.size();
  };
  std::size_t lost = 0, checked = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    const std::byte flipped = bytes[at] ^ std::byte(1u << (at % 8));
    patient.write(at, &flipped, 1);
    const auto image = patient.read();
    REQUIRE(image);  // the header has a second copy
    const std::size_t entries = entries_of(*image, at);
    checked += entries;
    lost += entries < 2 ? 1 : 0;
    patient.write(at, &bytes[at], 1);
  }
  CHECK(checked > 2 * bytes.size() - 2 * sizeof(JournalRecord));
  CHECK(lost == sizeof(JournalRecord));  // web's own; db, stored last, is also in the redo record
  std::size_t before = 2;
  for (std::size_t size = bytes.size(); size-- > 0;) {
    patient.cut(size);
    const auto image = patient.read();
    if (!image) {
      CHECK(size < kRecordsAt);
      continue;
    }
    const std::size_t entries = entries_of(*image, size);
    if (entries > before) FAIL(size << " bytes give more than one more");
    before = entries;
  }
  CHECK(before == 0);
}

TEST_CASE("journal: a store that is broken off anywhere leaves the old entry or the new",
          "[journal]") {
  Journal journal = small_journal();
  const Bytes before = bytes_of(journal);
  Record record = full_record();
  record.state = State::running;
  put(journal, 0, "web", record, full_facts());
  const Bytes after = bytes_of(journal);
  // A store copies a record twice, each time from its first byte on.
  const std::size_t redo = record_offset(kRedoRecord, sizeof(JournalRecord));
  const std::size_t own = record_offset(kFirstSlot, sizeof(JournalRecord));
  Patient patient(before);
  bool was_new = false;
  for (std::size_t copied = 0; copied < 2 * sizeof(JournalRecord); ++copied) {
    const bool first = copied < sizeof(JournalRecord);
    const std::size_t at = first ? redo + copied : own + copied - sizeof(JournalRecord);
    patient.write(at, &after[at], 1);
    const auto image = patient.read();
    REQUIRE(image);
    REQUIRE(image->damaged == 0);
    REQUIRE(names(*image) == Texts{"web", "db"});
    const bool is_new = image->entries[0].record.state == State::running;
    if (is_new ? !same(image->entries[0].record, record) : !was_stored(image->entries[0]))
      FAIL("neither old nor new after " << copied << " bytes");
    if (was_new && !is_new) FAIL("back to the old after " << copied << " bytes");
    was_new = is_new;
  }
  CHECK(was_new);
}

TEST_CASE("journal: a wild write over records costs those records alone", "[journal]") {
  Journal journal = new_journal();
  for (Slot slot = 0; slot < 10; ++slot) put(journal, slot, "s" + std::to_string(slot));
  const Bytes bytes = bytes_of(journal);
  Patient patient(bytes);
  const Bytes wild(2 * sizeof(JournalRecord), std::byte{0x41});
  patient.write(record_offset(kFirstSlot + 4, sizeof(JournalRecord)) + 100, wild.data(),
                wild.size());
  const auto image = patient.read();
  REQUIRE(image);
  CHECK(names(*image) == Texts{"s0", "s1", "s2", "s3", "s7", "s8", "s9"});
  CHECK(image->damaged == 3);
}

TEST_CASE("journal: a newer version's records are read as far as they are known", "[journal]") {
  const Record record = full_record();
  const JournalFacts facts = full_facts();
  const JournalImage image = read_records(
      world_record(full_world()), service_record({0, "web", "/etc/web.toml", record, facts}), 128);
  CHECK(image.world == full_world());
  CHECK(image.entries[0].name == "web");
  CHECK(image.entries[0].file == "/etc/web.toml");
  CHECK(same(image.entries[0].record, record));
  CHECK(image.entries[0].facts == facts);
}

TEST_CASE("journal: what an older version did not write has its default", "[journal]") {
  const Record record = full_record();
  const JournalFacts facts = full_facts();
  // A version whose fixed part ended before the start of the process and its user.
  constexpr std::uint16_t fixed = offsetof(JournalRecord, started_ns);
  const JournalRecord now = service_record({0, "web", "", record, facts});
  JournalRecord old = now;
  old.sequence = 1;
  old.fixed_size = fixed;
  auto* raw = reinterpret_cast<std::byte*>(&old);
  std::memcpy(raw + fixed, now.text, sizeof now.text);
  seal(old);
  Bytes bytes = header(kJournalVersion, sizeof old);
  append(bytes, Bytes(2 * sizeof old));
  bytes.insert(bytes.end(), raw, raw + sizeof old);
  const auto image = Patient(bytes).read();
  REQUIRE(image);
  REQUIRE(image->entries.size() == 1);
  CHECK(image->entries[0].name == "web");
  CHECK(image->entries[0].facts.last_stop_us == facts.last_stop_us);
  Record known = record;
  known.command.index = 0;
  known.ready_from = {};
  known.ready_begun = 0;
  CHECK(same(image->entries[0].record, known));
  CHECK(image->entries[0].facts.pid == 812);
  CHECK(image->entries[0].facts.sides == std::array{0, 0, 0, 0, 0, 0});
  CHECK(image->entries[0].facts.main_group == 0);
  CHECK(image->entries[0].facts.started == TimePoint{});
  CHECK(image->entries[0].facts.user == -1);
}

TEST_CASE(
    "journal: a value of a newer version, or a time that cannot be, leaves the process to be "
    "adopted",
    "[journal]") {
  for (const std::size_t field :
       {offsetof(JournalRecord, state), offsetof(JournalRecord, wish),
        offsetof(JournalRecord, try_), offsetof(JournalRecord, process),
        offsetof(JournalRecord, cause), offsetof(JournalRecord, stage),
        offsetof(JournalRecord, health), offsetof(JournalRecord, reason_type)}) {
    INFO("field at " << field);
    const JournalEntry entry = read_with(field, std::uint8_t{200});
    CHECK_FALSE(entry.known);
    CHECK(entry.name == "web");
    CHECK(entry.facts == full_facts());
    const bool process_known = field != offsetof(JournalRecord, process);
    CHECK(entry.record.process == (process_known ? Process::lingering : Process::none));
    CHECK(entry.record.state == State::inactive);
    CHECK(entry.record.wish == Wish::up);  // otherwise it would be stopped
    CHECK(entry.record.stop_owed);         // full_record() is that of a command of post_exec
  }
  constexpr std::int64_t most = INT64_MAX;
  for (const std::size_t field :
       {offsetof(JournalRecord, since_ns), offsetof(JournalRecord, delay_until_ns),
        offsetof(JournalRecord, deadline_ns), offsetof(JournalRecord, ready_at_ns),
        offsetof(JournalRecord, ready_from_ns), offsetof(JournalRecord, started_ns)}) {
    for (const std::int64_t wrong : {INT64_MIN, std::int64_t{-1}}) {
      INFO(wrong << " at " << field);
      const JournalEntry entry = read_with(field, wrong);
      CHECK_FALSE(entry.known);
      CHECK(entry.facts.pid == 812);
      CHECK(entry.record.state == State::inactive);
    }
    for (const std::int64_t right : {std::int64_t{0}, most / 4, most})
      CHECK(read_with(field, right).known);
  }
  // A hundred years count as for ever.
  for (const std::int64_t late : {most, most - 1, most / 2 + 2})
    CHECK(read_with(offsetof(JournalRecord, deadline_ns), late).record.deadline == kNever);
}

TEST_CASE(
    "journal: the world comes back, its defaults where it was not stored, and no count that "
    "none has reached",
    "[journal]") {
  Journal journal = new_journal();
  CHECK(read(journal).world == JournalWorld{});
  const auto read_back = [&](const JournalWorld& world) {
    journal.store_world(world);
    put(journal, 0, "web");
    return read(journal).world;
  };
  const JournalWorld most{true, false, -(INT64_MAX / 4), UINT64_MAX, std::uint64_t{1} << 53};
  for (const JournalWorld& world : {full_world(), full_world(), JournalWorld{}, most})
    CHECK(read_back(world) == world);
  for (const std::int64_t rank : {INT64_MIN, INT64_MIN + 1, std::int64_t{0}, INT64_MAX})
    CHECK(read_back({true, false, rank, 5, 6}) == JournalWorld{true, false, -1, 5, 6});
  CHECK(read_back({true, false, -2, 5, UINT64_MAX}) == JournalWorld{true, false, -2, 5, 0});
}

TEST_CASE("journal: what is no journal is refused, another version with errno ENOTSUP",
          "[journal]") {
  const auto of_header = [](std::uint32_t version, std::size_t record_size) {
    Bytes bytes = header(version, record_size);
    append(bytes, Bytes(10 * sizeof(JournalRecord)));
    return Patient(bytes).read();
  };
  CHECK(of_header(kJournalVersion, sizeof(JournalRecord)));
  CHECK(of_header(kJournalVersion + 1, sizeof(JournalRecord)).error().errnum == ENOTSUP);
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{8}, std::size_t{513}, std::size_t{1} << 20})
    CHECK_FALSE(of_header(kJournalVersion, size));
  CHECK_FALSE(Patient(Bytes()).read());
  CHECK_FALSE(Patient(Bytes(100000)).read());
  CHECK_FALSE(read_journal(-1));
  auto pipe = make_pipe();
  REQUIRE(pipe);
  CHECK_FALSE(read_journal(pipe->read.get()));
}

TEST_CASE("journal: random bytes and random damage never crash the reader", "[journal]") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  const Bytes good = bytes_of(small_journal());
  for (int round = 0; round < 2000; ++round) {
    Bytes bytes = good;
    const std::size_t from = random() % bytes.size();
    const std::size_t to = std::min(bytes.size(), from + random() % 5000);
    // Behind the headers, whose checksums are repaired, so that the reader gets past them.
    for (std::size_t at = std::max(from, kRecordsAt); at < to; ++at)
      bytes[at] = std::byte(random() % 256);
    if (round % 2 == 0 && bytes.size() > kRecordsAt + 3 * sizeof(JournalRecord)) {
      JournalRecord record;
      std::byte* at = bytes.data() + record_offset(kFirstSlot, sizeof record);
      std::memcpy(&record, at, sizeof record);
      record.size = sizeof record;
      record.slot = 0;
      record.kind = RecordKind::service;
      record.name_size = static_cast<std::uint16_t>(random());
      record.fixed_size = static_cast<std::uint16_t>(random());
      seal(record);
      std::memcpy(at, &record, sizeof record);
    }
    const auto image = Patient(bytes).read();
    if (!image) continue;
    REQUIRE(image->entries.size() <= 4);
  }
}

}  // namespace
}  // namespace zinit::test::state_journal
