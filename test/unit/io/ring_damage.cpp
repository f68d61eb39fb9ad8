// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A ring in any state from the previous process image: it becomes empty or keeps lines, and works.
#include "io/ring.hpp"
#include "support/test.hpp"
#include "unit/support/kept_lines.hpp"

namespace zinit::test::io_ring_damage {
namespace {

using Bytes = std::vector<std::byte>;

constexpr Ring::Limits kLimits{1000, 1u << 20};

// The places of the fields of a ring's header, and of its first record.
constexpr std::size_t kCapacity = 0, kVersion = 4, kOldest = 8, kUsed = 12, kNewestSeq = 16,
                      kNewestSize = 24, kLines = 28, kTextBytes = 32, kRecords = 40;
constexpr std::size_t kHead = 16;  // of a record

/// The last slot of a file of first blocks: an access beyond its block leaves the mapping.
constexpr Slot kLastSlot = 1023;

/// The first block of a slot; a test fills it before a ring takes it over.
class Block {
 public:
  explicit Block(const Bytes& bytes) : block_(memory_.first(kLastSlot)) {
    REQUIRE(block_);
    REQUIRE(bytes.size() <= block_.size());
    std::memcpy(block_.data(), bytes.data(), bytes.size());
    const RingBlock neighbour = memory_.first(kLastSlot - 1);
    std::memset(neighbour.data(), 0x5a, neighbour.size());
  }
  [[nodiscard]] RingMemory& memory() { return memory_; }
  [[nodiscard]] bool neighbour_untouched() {
    const RingBlock neighbour = memory_.first(kLastSlot - 1);
    return std::all_of(neighbour.data(), neighbour.data() + neighbour.size(),
                       [](std::byte b) { return b == std::byte{0x5a}; });
  }

 private:
  RingMemory memory_;
  RingBlock block_;
};

/// The block of a ring with the lines "1" to `count`, each followed by some letters, after `before`
/// earlier lines that have made it wrap around.
Bytes block_with(int count, int before = 0) {
  RingMemory memory;
  Bytes bytes(RingBlock::kFirst);
  Ring ring({static_cast<std::uint32_t>(count), 1u << 20}, memory, kLastSlot);
  for (int i = 1 - before; i <= count; ++i)
    ring.append(i, LogStream::err, i % 2 == 0, std::to_string(i) + std::string(10, 'x'));
  const RingBlock block = memory.first(kLastSlot);
  std::memcpy(bytes.data(), block.data(), bytes.size());
  return bytes;
}

template <class Number>
void put(Bytes& bytes, std::size_t at, Number value) {
  std::memcpy(bytes.data() + at, &value, sizeof value);
}

template <class Number>
Number get(const Bytes& bytes, std::size_t at) {
  Number value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

/// Reads all lines and adds some; returns the fault, or an empty text.
std::string fault_of(Ring& ring) {
  const auto lines = last(ring, std::numeric_limits<std::size_t>::max());
  if (lines.size() != ring.lines()) return "other lines than it counts";
  std::size_t text = 0;
  for (const LogLine& line : lines) text += line.text.size();
  if (text != ring.text_bytes()) return "other bytes than it counts";
  for (std::size_t i = 0; i < lines.size(); ++i)
    if (lines[i].seq != ring.last_seq() - lines.size() + 1 + i) return "numbers with gaps";
  // From the other end the n-th line is the same.
  Ring::Place place = Ring::before(lines.size() < 2 ? 0 : lines[1].seq);
  if (lines.size() > 1) {
    ring.look_back(place, 1, kMaxPiece, [&](const Ring::View& line) {
      text = line.text == lines[0].text ? 0 : 1;
      return true;
    });
    if (text != 0) return "another line from the other end";
  }
  const std::uint64_t before = ring.last_seq();
  for (int i = 0; i < 3; ++i) ring.append(7, LogStream::out, false, "new " + std::to_string(i));
  const auto newest = last(ring, 3);
  if (newest.size() != 3 || newest[2].text != "new 2" || newest[0].text != "new 0" ||
      newest[2].seq != before + 3 || newest[2].time_us != 7)
    return "new lines are not there";
  ring.set_limits({2, 8});
  if (ring.lines() > 2 || ring.text_bytes() > 8) return "limits are not kept";
  return "";
}

/// The lines that a ring finds in a block of these bytes.
Texts taken_over(const Bytes& bytes) {
  Block block(bytes);
  Texts texts;
  std::string fault;
  {
    Ring ring(kLimits, block.memory(), kLastSlot);
    for (const LogLine& line : last(ring, 1000)) texts.push_back(line.text);
    fault = fault_of(ring);
  }
  if (!block.neighbour_untouched()) fault = "it has written beyond its block";
  if (!fault.empty()) FAIL(fault);
  return texts;
}

Texts lines_of(int from, int to) {
  Texts texts;
  for (int i = from; i <= to; ++i) texts.push_back(std::to_string(i) + std::string(10, 'x'));
  return texts;
}

TEST_CASE("ring: what was left whole is taken over whole, wrapped around or not", "[io][kept]") {
  CHECK(taken_over(block_with(5)) == lines_of(1, 5));
  for (const int before : {10, 12, 14, 20, 33}) {
    INFO(before);
    const Bytes bytes = block_with(9, before);
    REQUIRE(get<std::uint32_t>(bytes, kOldest) > 0);
    CHECK(taken_over(bytes) == lines_of(1, 9));
  }
}

TEST_CASE("ring: what is counted for speed alone is counted again", "[io][kept]") {
  for (const std::uint32_t wrong : {0u, 1u, 4u, 1000u, 0x7fffffffu, 0xffffffffu}) {
    for (const std::size_t field : {kNewestSize, kLines, kTextBytes}) {
      INFO(wrong << " at " << field);
      Bytes bytes = block_with(5);
      put(bytes, field, wrong);
      CHECK(taken_over(bytes) == lines_of(1, 5));
    }
  }
}

TEST_CASE("ring: a header that cannot be leaves an empty ring", "[io][kept]") {
  const Bytes good = block_with(5);
  const auto capacity = get<std::uint32_t>(good, kCapacity);
  const auto damaged = [&](std::size_t field, std::uint32_t value) {
    Bytes bytes = good;
    put(bytes, field, value);
    INFO(value << " at " << field);
    CHECK(taken_over(bytes).empty());
  };
  for (const std::uint32_t wrong : {0u, capacity + 1, 0x7fffffffu, 0xffffffffu})
    damaged(kCapacity, wrong);
  for (const std::uint32_t wrong : {0u, 2u, 0xffffffffu}) damaged(kVersion, wrong);
  for (const std::uint32_t wrong : {capacity, capacity + 1, 0x7fffffffu, 0xffffffffu})
    damaged(kOldest, wrong);
  for (const std::uint32_t wrong : {capacity + 1, 0x7fffffffu, 0xffffffffu}) damaged(kUsed, wrong);
  CHECK(taken_over(Bytes(RingBlock::kFirst)).empty());
  CHECK(taken_over(Bytes(RingBlock::kFirst, std::byte{0xff})).empty());
}

TEST_CASE("ring: where a record is damaged, those before it stay", "[io][kept]") {
  const Bytes good = block_with(5);
  const std::size_t record = kHead + 11;  // of each line
  for (std::size_t damaged = 0; damaged < 5; ++damaged) {
    const std::size_t at = kRecords + damaged * record;
    for (const std::uint16_t length :
         {std::uint16_t{0}, std::uint16_t{17}, std::uint16_t{0xffff}}) {
      INFO("length " << length << " of record " << damaged);
      Bytes bytes = good;
      put(bytes, at + 8, length);
      const Texts texts = taken_over(bytes);
      const Texts before = lines_of(1, static_cast<int>(damaged));
      REQUIRE(texts.size() >= before.size());
      REQUIRE(texts.size() < 5 + 1);
      CHECK(Texts(texts.begin(), texts.begin() + static_cast<std::ptrdiff_t>(damaged)) == before);
      if (length > kMaxPiece) CHECK(texts == before);
    }
    // The size of the previous record; a reader uses it to walk back.
    Bytes bytes = good;
    put(bytes, at + 10, std::uint16_t{1});
    CHECK(taken_over(bytes) == lines_of(1, damaged == 0 ? 5 : static_cast<int>(damaged)));
  }
  // All bytes end in the middle of a record.
  Bytes bytes = good;
  put(bytes, kUsed, static_cast<std::uint32_t>(5 * record - 1));
  CHECK(taken_over(bytes) == lines_of(1, 4));
}

TEST_CASE("ring: numbers go on, and one that no ring has reached is none", "[io][kept]") {
  const auto last_seq = [](std::uint64_t stored, int before = 0) {
    Bytes bytes = block_with(5, before);
    put(bytes, kNewestSeq, stored);
    Block block(bytes);
    return Ring(kLimits, block.memory(), kLastSlot).last_seq();
  };
  CHECK(last_seq(5) == 5);
  CHECK(last_seq(123456789012) == 123456789012);
  CHECK(last_seq(4) == 5);  // the line was stored, but not counted yet
  CHECK(last_seq(0) == 5);
  // The same if older lines have been dropped, however few are left.
  CHECK(last_seq(104, 100) == 105);
  CHECK(last_seq(105, 100) == 105);
  CHECK(last_seq(65539, 65535) == 65540);
  for (const std::uint64_t wrong : {~std::uint64_t{0}, ~std::uint64_t{0} - 3,
                                    std::uint64_t{1} << 63, (std::uint64_t{1} << 53) + 1}) {
    INFO(wrong);
    CHECK(last_seq(wrong) == 5);
    Bytes bytes = block_with(5);
    put(bytes, kNewestSeq, wrong);
    CHECK(taken_over(bytes) == lines_of(1, 5));
  }
}

TEST_CASE("ring: any damage leaves a ring that works within its block", "[io][kept]") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  const Bytes good = block_with(9, 14);
  for (int round = 0; round < (sanitized() ? 300 : 3000); ++round) {
    Bytes bytes = good;
    const std::size_t from = random() % bytes.size();
    const std::size_t size = round % 3 == 0 ? 1 : random() % 100;
    for (std::size_t at = from; at < std::min(bytes.size(), from + size); ++at)
      bytes[at] = std::byte(random());
    // Often use a possible header, so that the ring reads the records.
    if (round % 2 == 0) {
      put(bytes, kVersion, std::uint32_t{1});
      put(bytes, kCapacity, static_cast<std::uint32_t>(1 + random() % 472));
      put(bytes, kOldest, random() % get<std::uint32_t>(bytes, kCapacity));
      put(bytes, kUsed, random() % (get<std::uint32_t>(bytes, kCapacity) + 1));
    }
    CHECK(taken_over(bytes).size() <= 472 / kHead);
  }
}

TEST_CASE("ring: files and notes of rings that cannot be are left out", "[io][kept]") {
  const pid_t child = ::fork();
  if (child == 0) {
    if (!make_kept_list()) ::_exit(1);
    // Files of odd sizes, one that is not a file, and first blocks of slots that no service has.
    for (const std::size_t size : {1u, 39u, 40u, 41u, 55u, 56u, 4096u}) {
      auto file = MappedFile::create("ring", size);
      if (!file) ::_exit(2);
      std::memset(file->data(), 1, size);
      file->keep({KeptKind::log_ring, 0, static_cast<Slot>(size)});
      new MappedFile(std::move(*file));
    }
    auto empty = make_memory_file("empty");
    new KeptFd(std::move(*empty), {KeptKind::log_ring, 0, 7});
    for (const Slot slot : {Slot{0}, Slot{1024}, Slot{1} << 20, kNoSlot - 1, kNoSlot}) {
      auto file = MappedFile::create("firsts", slot == 0 ? 4096 : 1024 * RingBlock::kFirst);
      if (!file) ::_exit(3);
      file->keep({KeptKind::log_ring, 1, slot});
      new MappedFile(std::move(*file));
    }
    auto inherited = Inheritance::take_over(::dup(kept_list_fd()));
    if (!inherited) ::_exit(4);
    RingMemory memory(&*inherited);
    for (const Slot slot : {0u, 1u, 7u, 39u, 40u, 41u, 55u, 56u, 4096u, kNoSlot - 1}) {
      Ring ring(kLimits, memory, slot);
      if (ring.lines() != 0 || !fault_of(ring).empty()) ::_exit(5);
    }
    ::_exit(0);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}

}  // namespace
}  // namespace zinit::test::io_ring_damage
