// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Fuzzes the reader of the journal from the previous process image: any bytes, and records with
// right checksums and any values in all fields. The result can be stored and is read as the same,
// and a board continues with it. Processes are left out, because a pid may name a process that is
// not the fuzzer's.
#include "fuzz/board.hpp"

#include "state/journal_record.hpp"
#include "state/memory_file.hpp"

namespace zinit::fuzz {
namespace {

class NoChanges final : public ChangePort {
 public:
  void changed() noexcept override {}
};

/// A service for each of the first slots: of each kind, with commands before and after, checks, and
/// each kind of edge.
const std::vector<GraphEntry>& services() {
  static const std::vector<GraphEntry> all = [] {
    const std::string program = "exec = ['/nonexistent']\n";
    std::vector<GraphEntry> entries;
    for (const std::string& text :
         {"[service]\nname = 'a'\n" + program,
          "[service]\nname = 'b'\noneshot = true\n" + program +
              "[dependencies]\nrequires = ['a']\nafter = ['c']\n",
          "[target]\nname = 'c'\n[dependencies]\nwants = ['b', 'd']\n" + std::string(),
          "[service]\nname = 'd'\npre_exec = ['/nonexistent']\npost_exec = ['/nonexistent']\n"
          "stop_exec = '/nonexistent'\n" +
              program + "[lifecycle]\nrestart = 'always'\n",
          "[service]\nname = 'e'\n" + program +
              "[readiness]\nnotify = 'systemd'\nwatchdog_ms = 1000\n[health]\ntype = 'tcp'\n"
              "endpoint = '127.0.0.1:1'\n",
          "[service]\nname = 'f'\n" + program +
              "[dependencies]\nconflicts = ['a']\n[readiness]\npidfile = '/nonexistent/pid'\n"}) {
      const auto slot = static_cast<Slot>(entries.size());
      entries.push_back({spec_of(text), slot, slot, slot == 5});
      require(!entries.back().spec->broken());
    }
    return entries;
  }();
  return all;
}

/// A file that read_journal() can read.
class File {
 public:
  File() : fd_(make_memory_file("journal").value()) {}
  [[nodiscard]] Result<JournalImage> read(std::string_view bytes) const {
    const auto size = static_cast<ssize_t>(bytes.size());
    require(::write(fd_.get(), bytes.data(), bytes.size()) == size);
    return read_journal(fd_.get());
  }

 private:
  UniqueFd fd_;
};

/// Turns the input into the fields of records of one size, all with right checksums.
std::string sealed(std::string_view input) {
  constexpr std::size_t head = offsetof(JournalRecord, kind);
  const unsigned char choice = input.empty() ? 0 : static_cast<unsigned char>(input.front());
  const std::size_t size = choice % 4 == 0 ? 32 + choice / 4 * 8 : sizeof(JournalRecord);
  JournalHeader header{0, kJournalMagic, kJournalVersion, static_cast<std::uint32_t>(size), 0};
  seal(header);
  std::string bytes(kRecordsAt, '\0');
  for (const std::size_t at : kHeaderCopies) std::memcpy(&bytes[at], &header, sizeof header);
  input = input.substr(input.empty() ? 0 : 1);
  for (std::size_t index = 0; index < 10; ++index) {
    JournalRecord record{};
    const std::string_view fields = input.substr(0, std::min(input.size(), size - head));
    input.remove_prefix(fields.size());
    std::string raw(size, '\0');
    std::copy(fields.begin(), fields.end(), raw.begin() + head);
    // The members that identify the record are right, and the size of its fixed part may be right.
    record.sequence = index + 1;
    record.slot = index < kFirstSlot ? kNoSlot : static_cast<Slot>(index - kFirstSlot);
    record.size = static_cast<std::uint16_t>(size);
    record.fixed_size = static_cast<std::uint16_t>(choice % 3 == 0 ? choice * size / 256
                                                                   : std::min(size, kJournalFixed));
    std::memcpy(raw.data(), &record, std::min(size, head));
    const std::uint64_t sum = checksum_of(reinterpret_cast<const std::byte*>(raw.data()), size);
    std::memcpy(raw.data(), &sum, sizeof sum);
    bytes += raw;
  }
  return bytes;
}

void check_image(const JournalImage& image) {
  for (std::size_t i = 0; i < image.entries.size(); ++i) {
    const JournalEntry& entry = image.entries[i];
    require(i == 0 || image.entries[i - 1].slot < entry.slot);
    require(!entry.name.empty());
    require(entry.record.state <= State::failed && entry.record.process <= Process::ended);
    require(entry.record.reason.type <= ReasonType::left_behind);
  }
}

/// Stores the image again and reads it: it is the same, except for texts that had to be cut.
void check_again(const JournalImage& image) {
  auto journal = Journal::create();
  require(journal.has_value());
  std::size_t stored = 0;
  for (const JournalEntry& entry : image.entries) {
    const bool done =
        journal->store({entry.slot, entry.name, entry.file, entry.record, entry.facts}).has_value();
    require(done == (entry.name.size() <= kJournalName));
    if (done) ++stored;
  }
  journal->store_world(image.world);
  const auto again = read_journal(journal->fd());
  require(again && again->damaged == 0 && again->world == image.world);
  require(again->entries.size() == stored);
  for (const JournalEntry& one : again->entries) {
    const auto other = std::ranges::find(image.entries, one.slot, &JournalEntry::slot);
    require(other != image.entries.end() && one.known && one.name == other->name);
    require(one.facts == other->facts);
    require(one.file == other->file || one.file.empty());
    require(one.record.state == other->record.state && one.record.end == other->record.end &&
            one.record.since == other->record.since && one.record.rank == other->record.rank &&
            one.record.command == other->record.command &&
            one.record.deadline == other->record.deadline);
    require(other->record.reason.text.starts_with(one.record.reason.text));
  }
}

/// A board continues with the image, and comes to its end.
void check_board(JournalImage image) {
  for (JournalEntry& entry : image.entries) {
    if (entry.slot < services().size()) entry.name = services()[entry.slot].spec->name;
    JournalFacts without;
    static_cast<ServiceTimes&>(without) = entry.facts;
    without.started = entry.facts.started;
    without.user = entry.facts.user;
    entry.facts = without;
  }
  NoOutput output(true);
  NoChanges changes;
  NoChecks checks(true);
  Board board({output, changes, checks}, {{"PATH=/nonexistent"}, {}});
  require(board.works().has_value());
  board.restore(services(), image);
  require(board.names().size() <= services().size());
  require(board.last_seq() >= image.world.events);
  // The removed service may leave between two calls.
  for (const std::string& name : board.names())
    require(board.why(name).has_value() || name == services().back().spec->name);
  board.begin_shutdown();
  require(board.shutting_down());
}

}  // namespace

std::set<std::string> words() {
  JournalHeader header{0, kJournalMagic, kJournalVersion, sizeof(JournalRecord), 0};
  seal(header);
  JournalRecord record = free_record(0);
  record.sequence = 1;
  const auto bytes_of = [](const auto& block, std::size_t from, std::size_t size) {
    return std::string(reinterpret_cast<const char*>(&block) + from, size);
  };
  const std::string most(8, '\x7f'), least = std::string(7, '\0') + '\x80';
  return {bytes_of(header, 0, sizeof header), bytes_of(record, 8, 24), most, least,
          std::string(8, '\xff')};
}

void look_at(std::string_view input) {
  if (const auto image = File().read(input)) {
    check_image(*image);
    check_again(*image);
  }
  const auto image = File().read(sealed(input));
  require(image.has_value());
  check_image(*image);
  check_again(*image);
  check_board(*image);
}

}  // namespace zinit::fuzz
