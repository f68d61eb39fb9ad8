// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The log ring: bounds, numbers, wrapping, growth, reading from both ends.
#include "io/ring.hpp"
#include "support/test.hpp"
#include "unit/support/kept_lines.hpp"

namespace zinit::test::io_ring {
namespace {

constexpr std::uint32_t kMuch = 1u << 20;

void add(Ring& ring, const std::string& text, std::int64_t time_us = 0) {
  ring.append(time_us, LogStream::out, false, text);
}

Texts texts(const std::vector<LogLine>& lines) {
  Texts result;
  for (const LogLine& line : lines) result.push_back(line.text);
  return result;
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

TEST_CASE("ring: it takes no memory before the first line, and little for that", "[io]") {
  Ring ring({1000, kMuch});
  CHECK(ring.block_bytes() == 0);
  CHECK(last(ring, 10).empty());
  CHECK(newest(ring, 10).empty());
  add(ring, "hello");
  CHECK(ring.block_bytes() > 0);
  CHECK(ring.block_bytes() <= 320);
}

TEST_CASE("ring: a line comes back with its time, stream, number and bytes", "[io]") {
  Ring ring({10, kMuch});
  const std::string binary("\0\xff\x1b[31m\r", 8);
  ring.append(11, LogStream::out, false, "one");
  ring.append(12, LogStream::err, true, binary);
  ring.append(13, LogStream::zinit, false, "");

  const auto lines = last(ring, 10);
  REQUIRE(lines.size() == 3);
  CHECK(texts(lines) == Texts{"one", binary, ""});
  CHECK(lines[0].time_us == 11);
  CHECK(lines[1].time_us == 12);
  CHECK(lines[0].seq == 1);
  CHECK(lines[2].seq == 3);
  CHECK(lines[0].stream == LogStream::out);
  CHECK(lines[1].stream == LogStream::err);
  CHECK(lines[2].stream == LogStream::zinit);
  CHECK(lines[1].continues);
  CHECK_FALSE(lines[0].continues);
}

TEST_CASE("ring: the oldest lines are dropped when there are too many", "[io]") {
  Ring ring({3, kMuch});
  for (const char* text : {"a", "b", "c", "d", "e"}) add(ring, text);
  CHECK(texts(last(ring, 10)) == Texts{"c", "d", "e"});
  CHECK(last(ring, 10).front().seq == 3);
  CHECK(ring.last_seq() == 5);
  CHECK(ring.lines() == 3);
}

TEST_CASE("ring: the oldest lines are dropped when there are too many bytes of text", "[io]") {
  Ring ring({1000, 4096});
  for (int i = 0; i < 100; ++i) add(ring, std::string(100, static_cast<char>('0' + i % 10)));
  CHECK(ring.lines() == 40);
  CHECK(ring.text_bytes() == 4000);
  add(ring, std::string(4096, 'x'));
  CHECK(ring.lines() == 1);
  CHECK(last(ring, 1).front().text == std::string(4096, 'x'));
}

TEST_CASE("ring: a line longer than the ring or than a piece is cut", "[io]") {
  Ring small({1000, 4096});
  add(small, std::string(5000, 'x'));
  CHECK(last(small, 1).front().text.size() == 4096);
  Ring large({1000, kMuch});
  add(large, std::string(kMaxPiece + 1, 'x'));
  CHECK(last(large, 1).front().text.size() == kMaxPiece);
}

TEST_CASE("ring: without room for any line nothing is kept, and numbers go on", "[io]") {
  Ring ring({0, kMuch});
  add(ring, "a");
  add(ring, "b");
  CHECK(ring.block_bytes() == 0);
  CHECK(ring.lines() == 0);
  CHECK(ring.last_seq() == 2);
  ring.set_limits({5, kMuch});
  add(ring, "c");
  REQUIRE(last(ring, 5).size() == 1);
  CHECK(last(ring, 5).front().seq == 3);
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

TEST_CASE("ring: clearing gives memory back and keeps counting", "[io]") {
  Ring ring({5, kMuch});
  add(ring, "a");
  ring.clear();
  CHECK(ring.block_bytes() == 0);
  CHECK(last(ring, 5).empty());
  add(ring, "b");
  CHECK(last(ring, 5).front().seq == 2);
}

TEST_CASE("ring: lower limits take lines and memory away, higher ones keep all", "[io]") {
  Ring ring({1000, kMuch});
  for (int i = 0; i < 1000; ++i) add(ring, std::string(500, 'x'));
  const std::size_t before = ring.block_bytes();
  ring.set_limits({10, kMuch});
  CHECK(ring.lines() == 10);
  CHECK(last(ring, 1).front().seq == 1000);
  CHECK(ring.block_bytes() < before / 10);
  ring.set_limits({10, 4096});
  CHECK(ring.lines() == 8);
  ring.set_limits({1000, kMuch});
  CHECK(ring.lines() == 8);
  add(ring, "new");
  CHECK(last(ring, 1).front().text == "new");
  CHECK(ring.lines() == 9);
}

TEST_CASE("ring: memory stays within the limits under a flood", "[io]") {
  Ring ring({100, 65536});
  for (int i = 0; i < 100000; ++i) add(ring, std::string(static_cast<std::size_t>(i % 3000), 'x'));
  CHECK(ring.block_bytes() <= 65536 + 100 * 16 + 64);
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
    ring.append(round, LogStream::err, false, text);
    model.push_back({++seq, round, LogStream::err, false, text});

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
    REQUIRE(got.size() == expected.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
      REQUIRE(got[i].seq == expected[i].seq);
      REQUIRE(got[i].time_us == expected[i].time_us);
      REQUIRE(got[i].text == expected[i].text);
    }
  }
}

}  // namespace
}  // namespace zinit::test::io_ring
