// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Splits a stream of bytes into lines, for any division into reads.
#include "io/splitter.hpp"
#include "support/test.hpp"

namespace zinit::test::io_splitter {
namespace {

struct Piece {
  std::string text;
  bool continues;
  bool operator==(const Piece&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Piece& piece) {
  return out << '"' << piece.text << '"' << (piece.continues ? "..." : "");
}

using Pieces = std::vector<Piece>;

Pieces split(const Texts& reads, std::size_t piece = 5) {
  Pieces pieces;
  const auto emit = [&](const SplitLine& line) {
    pieces.push_back({std::string(line.text), line.continues});
  };
  LineSplitter splitter;
  std::string joined;
  for (const std::string& data : reads) splitter.feed(data, piece, joined, emit);
  if (!splitter.held().empty()) splitter.feed("\n", piece, joined, emit);
  return pieces;
}

TEST_CASE("splitter: lines are split at newlines, also empty ones", "[io]") {
  CHECK(split({"a\n\nbc\n"}) == Pieces{{"a", false}, {"", false}, {"bc", false}});
  CHECK(split({""}).empty());
  CHECK(split({"\n"}) == Pieces{{"", false}});
}

TEST_CASE("splitter: a line may come in many reads", "[io]") {
  CHECK(split({"a", "b", "\nc", "\n"}) == Pieces{{"ab", false}, {"c", false}});
}

TEST_CASE("splitter: a last line without newline is emitted at the end", "[io]") {
  CHECK(split({"a\nb"}) == Pieces{{"a", false}, {"b", false}});
}

TEST_CASE("splitter: a long line comes in pieces, the last of which ends it", "[io]") {
  CHECK(split({"123456\n"}) == Pieces{{"12345", true}, {"6", false}});
  CHECK(split({"1234567890\n"}) == Pieces{{"12345", true}, {"67890", false}});
  CHECK(split({"1234", "567890", "1\n"}) == Pieces{{"12345", true}, {"67890", true}, {"1", false}});
}

TEST_CASE("splitter: a line of just one piece is one line", "[io]") {
  CHECK(split({"12345\n"}) == Pieces{{"12345", false}});
  CHECK(split({"12345", "\n"}) == Pieces{{"12345", false}});
  CHECK(split({"12345"}) == Pieces{{"12345", false}});
}

TEST_CASE("splitter: what is held is cut too when pieces become smaller", "[io]") {
  for (const std::string end : {"ab\n", "abcdef"}) {
    Pieces pieces;
    const auto emit = [&](const SplitLine& line) {
      pieces.push_back({std::string(line.text), line.continues});
    };
    LineSplitter splitter;
    std::string joined;
    splitter.feed("0123456789", 10, joined, emit);
    splitter.feed(end, 4, joined, emit);
    if (!splitter.held().empty()) splitter.feed("\n", 4, joined, emit);
    REQUIRE(pieces.size() >= 4);
    CHECK(Pieces(pieces.begin(), pieces.begin() + 3) ==
          Pieces{{"0123", true}, {"4567", true}, {"89", true}});
  }
}

TEST_CASE("splitter: bytes are kept as they are", "[io]") {
  const std::string binary("\0\r\xff", 3);
  CHECK(split({binary + "\n"}) == Pieces{{binary, false}});
}

TEST_CASE("splitter: how a stream is cut into reads makes no difference", "[io]") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 2000; ++round) {
    std::string stream;
    for (std::size_t i = random() % 200; i > 0; --i) stream += "ab\n"[random() % 3];
    Texts reads;
    for (std::size_t at = 0; at < stream.size(); at += reads.back().size())
      reads.push_back(stream.substr(at, 1 + random() % 20));
    const std::size_t piece = 1 + random() % 8;
    REQUIRE(split(reads, piece) == split({stream}, piece));

    std::string joined;
    for (const Piece& p : split(reads, piece)) joined += p.text + (p.continues ? "" : "\n");
    if (!stream.empty() && stream.back() != '\n') stream += '\n';
    REQUIRE(joined == stream);
  }
}

}  // namespace
}  // namespace zinit::test::io_splitter
