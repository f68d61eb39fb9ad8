// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Splits a stream of bytes into lines, for any division into reads.
#include "io/splitter.hpp"
#include "base/text.hpp"
#include "support/test.hpp"
#include "unit/support/golden_text.hpp"

namespace zinit::test::io_splitter {
namespace {

/// The lines of a stream that comes in such reads, in pieces of at most `piece` bytes. Each is
/// followed by a newline, or by three dots if it continues.
class Split {
 public:
  std::string text;

  void feed(const std::string& data, std::size_t piece) {
    splitter_.feed(data, piece, joined_, [&](const SplitLine& line) {
      text += std::string(line.text) + (line.continues ? "..." : "\n");
    });
  }
  [[nodiscard]] bool holds() const { return !splitter_.held().empty(); }

 private:
  LineSplitter splitter_;
  std::string joined_;
};

std::string split(const Texts& reads, std::size_t piece) {
  Split lines;
  for (const std::string& data : reads) lines.feed(data, piece);
  if (lines.holds()) lines.feed("\n", piece);
  return lines.text;
}

TEST_CASE("splitter: streams are split as in the golden file", "[io]") {
  // A bar ends a read.
  CHECK_GOLDEN_ROWS("splitter", [](const std::string& row) {
    Texts reads;
    std::istringstream parts(row);
    for (std::string part; std::getline(parts, part, '|');) reads.push_back(bytes_of(part));
    return printable(std::regex_replace(split(reads, 5), std::regex("\n"), "$"));
  });
}

TEST_CASE("splitter: what is held is cut too when pieces become smaller", "[io]") {
  for (const std::string end : {"ab\n", "abcdef"}) {
    Split lines;
    lines.feed("0123456789", 10);
    lines.feed(end, 4);
    if (lines.holds()) lines.feed("\n", 4);
    CHECK_THAT(lines.text, StartsWith("0123...4567...89..."));
    CHECK(lines.text.size() > 19);
  }
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
    std::string lines = split(reads, piece);
    REQUIRE(lines == split({stream}, piece));
    for (std::size_t at; (at = lines.find("...")) != lines.npos;) lines.erase(at, 3);
    if (!stream.empty() && stream.back() != '\n') stream += '\n';
    REQUIRE(lines == stream);
  }
}

}  // namespace
}  // namespace zinit::test::io_splitter
