// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A ring that the previous process image has left damaged becomes empty or keeps lines, and works.
// test/fuzz/ring.cpp damages rings in any way, and sees that nothing beyond the block is touched.
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
  const std::uint64_t before = ring.last_seq();
  for (int i = 0; i < 3; ++i) ring.append(7, LogStream::out, false, "new " + std::to_string(i));
  const auto newest = last(ring, 3);
  if (newest.size() != 3 || newest[2].text != "new 2" || newest[0].text != "new 0" ||
      newest[2].seq != before + 3 || newest[2].time_us != 7)
    return "new lines are not there";
  return "";
}

/// The lines that a ring finds in a block of these bytes.
Texts taken_over(const Bytes& bytes) {
  RingMemory memory;
  std::memcpy(memory.first(kLastSlot).data(), bytes.data(), bytes.size());
  Ring ring(kLimits, memory, kLastSlot);
  Texts texts;
  for (const LogLine& line : last(ring, 1000)) texts.push_back(line.text);
  CHECK(fault_of(ring) == "");
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

TEST_CASE("ring: counts are made again, and a header that cannot be leaves an empty ring",
          "[io][kept]") {
  const Bytes good = block_with(5);
  const auto check = [&](std::size_t field, const std::vector<std::uint32_t>& values,
                         const Texts& lines) {
    for (const std::uint32_t wrong : values) {
      INFO(wrong << " at " << field);
      Bytes bytes = good;
      put(bytes, field, wrong);
      CHECK(taken_over(bytes) == lines);
    }
  };
  for (const std::size_t field : {kNewestSize, kLines, kTextBytes})  // there for speed alone
    check(field, {0, 1, 4, 1000, 0x7fffffff, 0xffffffff}, lines_of(1, 5));
  const auto beyond = get<std::uint32_t>(good, kCapacity) + 1;
  check(kCapacity, {0, beyond, 0x7fffffff, 0xffffffff}, {});
  check(kVersion, {0, 2, 0xffffffff}, {});
  check(kOldest, {beyond - 1, beyond, 0x7fffffff, 0xffffffff}, {});
  check(kUsed, {beyond, 0x7fffffff, 0xffffffff}, {});
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
    RingMemory memory;
    std::memcpy(memory.first(kLastSlot).data(), bytes.data(), bytes.size());
    return Ring(kLimits, memory, kLastSlot).last_seq();
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

TEST_CASE("ring: files and notes of rings that cannot be are left out", "[io][kept]") {
  CHECK(in_child([]() -> std::string {
          if (!make_kept_list()) return "no list";
          const auto keep = [](const char* name, std::size_t size, const KeptNote& note) {
            auto& file = *new MappedFile(*MappedFile::create(name, size));
            std::memset(file.data(), 1, std::min<std::size_t>(size, 4096));
            file.keep(note);
          };
          // Files of odd sizes, one that is not a file, and first blocks of slots that no service
          // has.
          for (const std::uint32_t size : {1u, 39u, 40u, 41u, 55u, 56u, 4096u})
            keep("ring", size, {KeptKind::log_ring, 0, size});
          new KeptFd(*make_memory_file("empty"), {KeptKind::log_ring, 0, 7});
          for (const Slot slot : {Slot{0}, Slot{1024}, Slot{1} << 20, kNoSlot - 1, kNoSlot})
            keep("firsts", slot == 0 ? 4096 : 1024 * RingBlock::kFirst,
                 {KeptKind::log_ring, 1, slot});
          auto inherited = Inheritance::take_over(::dup(kept_list_fd()));
          if (!inherited) return "nothing inherited";
          RingMemory memory(&*inherited);
          for (const Slot slot : {0u, 1u, 7u, 39u, 40u, 41u, 55u, 56u, 4096u, kNoSlot - 1}) {
            Ring ring(kLimits, memory, slot);
            if (ring.lines() != 0) return "lines";
            if (const std::string fault = fault_of(ring); !fault.empty()) return fault;
          }
          return "good";
        }) == "good");
}

}  // namespace
}  // namespace zinit::test::io_ring_damage
