// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The log ring: bounds, numbers, wrapping, growth, reading from both ends.
#include "io/ring.hpp"
#include "support/descriptors.hpp"
#include "support/test.hpp"
#include "unit/support/kept_lines.hpp"

namespace zinit::test::io_ring {
namespace {

constexpr std::uint32_t kMuch = 1u << 20;

void add(Ring& ring, const std::string& text) { ring.append(0, LogStream::out, false, text); }

/// The memory of all rings.
std::size_t block_bytes() {
  std::size_t all = 0;
  for (const auto& [fd, target] : open_descriptors())
    if (struct stat status{}; target.find("zinit-log") != target.npos && ::fstat(fd, &status) == 0)
      all += static_cast<std::size_t>(status.st_size);
  return all;
}

/// The last `count` lines, the newest first.
Texts newest(const Ring& ring, std::size_t count) {
  Texts result;
  Ring::Place place;
  static_cast<void>(ring.look_back(place, count, kMaxPiece, [&](const Ring::View& line) {
    result.emplace_back(line.text);
    return true;
  }));
  return result;
}

TEST_CASE("ring: a line longer than the ring or than a piece is cut", "[io]") {
  Ring small({1000, 4096});
  add(small, std::string(5000, 'x'));
  CHECK(last(small, 1).front().text.size() == 4096);
  Ring large({1000, kMuch});
  add(large, std::string(kMaxPiece + 1, 'x'));
  CHECK(last(large, 1).front().text.size() == kMaxPiece);
}

TEST_CASE("ring: a line that there is no memory for has a number of its own", "[io]") {
  const auto numbers = [](bool begun) {
    return in_child([begun]() -> std::string {
      Ring ring({1000, kMuch});
      if (begun) add(ring, "first");
      if (!refuse_call(SYS_memfd_create, ENOMEM)) return "cannot begin";
      add(ring, std::string(kMaxPiece, 'x'));
      std::string all = std::to_string(ring.last_seq());
      add(ring, "last");
      for (const LogLine& line : last(ring, 10))
        all += " " + std::to_string(line.seq) + ":" + line.text;
      return all;
    });
  };
  CHECK(numbers(false) == "1");
  CHECK(numbers(true) == "2 3:last");
}

TEST_CASE("ring: looking back shows the newest first, in portions", "[io]") {
  Ring ring({5, kMuch});
  for (const char* text : {"a", "b", "c", "d", "e", "f", "g"}) add(ring, text);
  CHECK(newest(ring, 100) == Texts{"g", "f", "e", "d", "c"});
  CHECK(newest(ring, 2) == Texts{"g", "f"});
  CHECK(newest(ring, 0).empty());
  Ring::Place place;
  Texts seen;
  const auto visit = [&](const Ring::View& line) {
    seen.emplace_back(line.text);
    return line.text != "d";
  };
  CHECK(ring.look_back(place, 2, kMaxPiece, visit));
  add(ring, "h");  // removes c
  CHECK_FALSE(ring.look_back(place, 100, kMaxPiece, visit));
  CHECK(seen == Texts{"g", "f", "e", "d"});
  CHECK(place.seq == 4);
  ring.clear();
  for (const char* text : {"i", "j"}) add(ring, text);
  CHECK_FALSE(ring.look_back(place, 100, kMaxPiece, visit));
  CHECK(seen.size() == 4);
}

TEST_CASE("ring: a place stays valid while the ring grows and lines are dropped", "[io]") {
  Ring ring({100, kMuch});
  for (int i = 1; i <= 10; ++i) add(ring, std::to_string(i));
  Ring::Place place;
  Texts seen;
  const auto visit = [&](const Ring::View& line) {
    seen.emplace_back(line.text);
    return true;
  };
  CHECK(ring.look_back(place, 3, kMaxPiece, visit));
  for (int i = 11; i <= 90; ++i) add(ring, std::to_string(i));  // into larger blocks
  CHECK(ring.look_back(place, 3, kMaxPiece, visit));
  CHECK(seen == Texts{"10", "9", "8", "7", "6", "5"});
  for (int i = 91; i <= 104; ++i) add(ring, std::to_string(i));  // 1 to 4 disappear
  CHECK_FALSE(ring.look_back(place, 3, kMaxPiece, visit));
  CHECK(seen.size() == 6);
}

TEST_CASE("ring: it takes memory for its lines alone, within its limits", "[io]") {
  Ring ring({1000, kMuch});
  CHECK(block_bytes() == 0);
  CHECK(last(ring, 10).empty());
  CHECK(newest(ring, 10).empty());
  add(ring, "hello");
  CHECK(block_bytes() > 0);
  CHECK(block_bytes() <= 320);
  for (int i = 2; i <= 1000; ++i) add(ring, std::string(500, 'x'));
  const std::size_t before = block_bytes();
  ring.set_limits({10, kMuch});
  CHECK(ring.lines() == 10);
  CHECK(last(ring, 1).front().seq == 1000);
  CHECK(block_bytes() < before / 10);
  ring.set_limits({10, 4096});
  CHECK(ring.lines() == 8);
  ring.set_limits({1000, kMuch});
  add(ring, "new");
  CHECK(last(ring, 1).front().text == "new");
  CHECK(ring.lines() == 9);
  ring.clear();
  CHECK(block_bytes() == 0);
  CHECK(last(ring, 5).empty());
  add(ring, "counting goes on");
  CHECK(last(ring, 5).front().seq == 1002);
  // Without room for any line nothing is kept, and numbers go on.
  ring.set_limits({0, kMuch});
  add(ring, "a");
  CHECK(block_bytes() == 0);
  CHECK(ring.lines() == 0);
  CHECK(ring.last_seq() == 1003);
  ring.set_limits({100, 65536});
  add(ring, "b");
  REQUIRE(last(ring, 5).size() == 1);
  CHECK(last(ring, 5).front().seq == 1004);
  for (int i = 0; i < 100000; ++i) add(ring, std::string(static_cast<std::size_t>(i % 3000), 'x'));
  CHECK(block_bytes() <= 65536 + 100 * 16 + 64);
}

TEST_CASE("ring: it behaves as a plain list with the same bounds would", "[io]") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  const auto up_to = [&](std::size_t most) { return random() % (most + 1); };
  Ring::Limits limits{50, 4096};
  Ring ring(limits);
  std::deque<LogLine> model;
  std::uint64_t seq = 0;
  for (int round = 0; round < (test::sanitized() ? 4000 : 20000); ++round) {
    if (up_to(999) == 0) {
      limits = {static_cast<std::uint32_t>(1 + up_to(200)),
                static_cast<std::uint32_t>(4096 + up_to(20000))};
      ring.set_limits(limits);
    }
    std::string text(up_to(9) == 0 ? up_to(4000) : up_to(60), static_cast<char>(up_to(255)));
    const auto stream = static_cast<LogStream>(up_to(3));
    const bool continues = up_to(1) == 0;
    ring.append(round, stream, continues, text);
    model.push_back({++seq, round, stream, continues, text});
    std::size_t bytes = 0;
    for (const LogLine& line : model) bytes += line.text.size();
    while (model.size() > limits.lines || bytes > limits.bytes) {
      bytes -= model.front().text.size();
      model.pop_front();
    }
    REQUIRE(ring.lines() == model.size());
    REQUIRE(ring.text_bytes() == bytes);
    const std::uint64_t from = seq - up_to(model.size() + 3);
    const std::size_t count = up_to(60);
    std::vector<LogLine> expected;
    for (const LogLine& line : model)
      if (line.seq > from) expected.push_back(line);
    if (expected.size() > count)
      expected.erase(expected.begin(), expected.end() - static_cast<std::ptrdiff_t>(count));
    std::vector<LogLine> got;
    Ring::Place place;
    for (bool more = true; more && got.size() < count;) {
      more = ring.look_back(place, 1 + up_to(10), kMaxPiece, [&](const Ring::View& line) {
        if (line.seq <= from || got.size() == count) return false;
        got.insert(got.begin(),
                   {line.seq, line.time_us, line.stream, line.continues, std::string(line.text)});
        return true;
      });
    }
    REQUIRE(std::ranges::equal(got, expected, [](const LogLine& a, const LogLine& b) {
      return std::tie(a.seq, a.time_us, a.stream, a.continues, a.text) ==
             std::tie(b.seq, b.time_us, b.stream, b.continues, b.text);
    }));
  }
}

}  // namespace
}  // namespace zinit::test::io_ring
