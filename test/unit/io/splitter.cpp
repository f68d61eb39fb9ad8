// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Splits a stream of bytes into lines, for any division into reads.
#include "io/splitter.hpp"
#include "base/text.hpp"
#include "support/test.hpp"
#include "unit/support/golden_text.hpp"

namespace zinit::test::io_splitter {
namespace {

struct Read {
  std::string data;
  std::size_t piece;
};

/// The lines of a stream that comes in such reads, in pieces of at most `piece` bytes. Each is
/// followed by a newline, or by three dots if it continues.
std::string split(const std::vector<Read>& reads) {
  LineSplitter splitter;
  std::string joined, text;
  const auto feed = [&](const std::string& data, std::size_t piece) {
    splitter.feed(data, piece, joined, [&](const SplitLine& line) {
      text += std::string(line.text) + (line.continues ? "..." : "\n");
    });
  };
  for (const Read& read : reads) feed(read.data, read.piece);
  if (!splitter.held().empty()) feed("\n", reads.back().piece);
  return text;
}

TEST_CASE("splitter: streams are split as in the golden file", "[io]") {
  CHECK_GOLDEN_ROWS("splitter", [](const std::string& row) {
    std::vector<Read> reads;
    std::istringstream parts(row);
    for (std::string part; std::getline(parts, part, '|');) {
      const std::size_t colon = part.find(':');
      reads.push_back({unescaped(part.substr(colon + 1)), std::stoul(part)});
    }
    return printable(std::regex_replace(split(reads), std::regex("\n"), "$"));
  });
}

TEST_CASE("splitter: how a stream is cut into reads makes no difference", "[io]") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 2000; ++round) {
    std::string stream;
    for (std::size_t i = random() % 200; i > 0; --i) stream += "ab\n\xc3\xa4\xf0\x9f"[random() % 7];
    const std::size_t piece = 1 + random() % 8;
    std::vector<Read> reads;
    for (std::size_t at = 0; at < stream.size(); at += reads.back().data.size())
      reads.push_back({stream.substr(at, 1 + random() % 20), piece});
    std::string lines = split(reads);
    REQUIRE(lines == split({{stream, piece}}));
    for (std::size_t at; (at = lines.find("...")) != lines.npos;) lines.erase(at, 3);
    if (!stream.empty() && stream.back() != '\n') stream += '\n';
    REQUIRE(lines == stream);
  }
}

}  // namespace
}  // namespace zinit::test::io_splitter
