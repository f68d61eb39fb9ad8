// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Fuzzes a log ring in memory from the previous process image, which may have ended during a change
// or have written out of bounds. The number of lines agrees with the ring's count from both ends,
// new lines can be added, and nothing beyond the ring's block is touched.
#include "fuzz/fuzz.hpp"

#include "io/ring.hpp"

namespace zinit::fuzz {
namespace {

constexpr Ring::Limits kLimits{100, 4096};
constexpr std::size_t kHeader = 40;

// The last first block of a file: no memory is mapped beyond it.
constexpr Slot kLast = 1023;
constexpr std::byte kUntouched{0x5a};

std::vector<LogLine> lines_of(const Ring& ring) {
  std::vector<LogLine> lines;
  Ring::Place place;
  bool more = true;
  // Read in portions, as a client does.
  while (more) {
    more = ring.look_back(place, 3, kMaxPiece, [&](const Ring::View& line) {
      lines.push_back(
          {line.seq, line.time_us, line.stream, line.continues, std::string(line.text)});
      return true;
    });
  }
  std::ranges::reverse(lines);
  return lines;
}

void check(const Ring& ring) {
  const std::vector<LogLine> lines = lines_of(ring);
  require(lines.size() == ring.lines());
  std::size_t text = 0;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    require(lines[i].seq == ring.last_seq() - lines.size() + 1 + i);
    require(!log_stream_name(lines[i].stream).empty());
    text += lines[i].text.size();
    Ring::Place place = Ring::before(lines[i].seq + 1);
    ring.look_back(place, 1, kMaxPiece, [&](const Ring::View& line) {
      require(line.seq == lines[i].seq && line.text == lines[i].text);
      return false;
    });
  }
  require(text == ring.text_bytes());
}

void check_use(Ring& ring, std::string_view input) {
  const std::uint64_t before = ring.last_seq();
  std::uint64_t added = 0;
  for (const std::string_view line : parts_of(input, 16)) {
    ring.append(1, LogStream::out, false, line);
    require(ring.last_seq() == before + ++added);
    check(ring);
    require(lines_of(ring).back().text == line.substr(0, kLimits.bytes));
  }
  ring.set_limits({5, 100});
  check(ring);
  require(ring.lines() <= 5 && ring.text_bytes() <= 100);
  ring.clear();
  require(ring.lines() == 0 && ring.last_seq() == before + added);
}

}  // namespace

std::set<std::string> words() {
  // Possible headers, of whole and of small buffers, and a record of a line.
  const std::string version("\x01\0\0\0", 4), zeros(28, '\0');
  std::set<std::string> all{std::string(1, kNext), version};
  for (const char capacity : {'\x10', '\x40', '\xd8'})
    all.insert(std::string{capacity, '\x01', '\0', '\0'} + version + zeros);
  all.insert(std::string("\0\0\0\0\0\0\0\0\x03\0\0\0\x01\0\0\0abc", 19));
  return all;
}

void look_at(std::string_view input) {
  RingMemory memory;
  const RingBlock before = memory.first(kLast - 1);
  const RingBlock block = memory.first(kLast);
  require(bool(before) && bool(block));
  std::memset(before.data(), static_cast<int>(kUntouched), before.size());
  const std::size_t size = std::min(input.size(), block.size());
  std::memcpy(block.data(), input.data(), size);
  // Often use a possible header, because any other is refused at once.
  if (size > kHeader && input.back() % 4 != 0) {
    const std::uint32_t version = 1;
    std::memcpy(block.data() + 4, &version, sizeof version);
    std::uint32_t number = 0;
    const auto bound = [&](std::size_t at, std::uint32_t least, std::uint32_t most) {
      std::memcpy(&number, block.data() + at, sizeof number);
      number = least + number % (most - least + 1);
      std::memcpy(block.data() + at, &number, sizeof number);
    };
    bound(0, 1, static_cast<std::uint32_t>(block.size() - kHeader));
    const std::uint32_t capacity = number;
    bound(8, 0, capacity - 1);
    bound(12, 0, capacity);
  }
  {
    Ring ring(kLimits, memory, kLast);
    check(ring);
    check_use(ring, input.substr(size));
  }
  require(std::all_of(before.data(), before.data() + before.size(),
                      [](std::byte b) { return b == kUntouched; }));
}

}  // namespace zinit::fuzz
