// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Text tools: splitting, numbers, nearest names, escaping of foreign bytes. A row of text.golden
// has a function and its arguments in brackets.
#include "base/text.hpp"
#include "support/test.hpp"
#include "unit/support/golden_text.hpp"

namespace zinit::test::base_text {
namespace {

std::string bracketed(std::string_view text) { return "[" + std::string(text) + "]"; }

std::string listed(const std::vector<std::string_view>& parts) {
  std::string text;
  for (const std::string_view part : parts) text += bracketed(part);
  return text;
}

std::string answer(const std::string& row) {
  const std::string function = row.substr(0, row.find(' '));
  Texts all;  // the arguments
  for (const std::string_view part : split(std::string_view(row).substr(function.size()), ']'))
    if (const auto at = part.find('['); at != part.npos)
      all.push_back(unescaped(part.substr(at + 1)));
  const std::string& text = all.at(0);
  const auto rest = std::span<const std::string>(all).subspan(1);
  const auto number = [&] { return std::stoul(all.at(1)); };
  if (function == "split") return listed(split(text, all.at(1).at(0)));
  if (function == "trim") return bracketed(trim(text));
  if (function == "join") return bracketed(join(rest, text));
  if (function == "nearest") return std::string(nearest(text, rest).value_or("none"));
  if (function == "shortened") return bracketed(shortened(text, number()));
  if (function == "cut_utf8") return bracketed(cut_utf8(text, number()));
  if (function == "whole_length") return std::to_string(whole_length(text));
  if (function == "to_utf8") {
    CHECK(valid_utf8(text) == (to_utf8(text) == text));
    CHECK(valid_utf8(to_utf8(text)));
    return bracketed(to_utf8(text));
  }
  if (function == "printable") return bracketed(printable(text));
  if (function == "printable_json") return bracketed(printable_json(text));
  if (function == "display_width") return std::to_string(display_width(text));
  REQUIRE(function == "parse_integer");
  const auto integer = parse_integer(text);
  return integer ? std::to_string(*integer) : "none";
}

TEST_CASE("text tools give what the table says", "[base][text]") {
  CHECK_GOLDEN_ROWS("text", answer);
  constexpr std::array known{"restart"sv, "start"sv};
  CHECK(nearest("restrat", std::span(known)) == "restart");
  CHECK(to_utf8("a\0b"sv) == "a\0b"s);
  CHECK(printable_json("{\"a\": \"\\u001b\x7F\xC2\x9B\xE2\x80\xAEgr\xC3\xBC\",\n\t\"b\": 1}\r\n") ==
        "{\"a\": \"\\u001b\\u007f\\u009b\\u202egr\xC3\xBC\",\n\t\"b\": 1}\r\n");
}

TEST_CASE("what no name can be is near to none, however long it is", "[base][text]") {
  // A comparison letter by letter would take minutes.
  const Texts known(1000, std::string(128, 'a'));
  CHECK(nearest(std::string(1 << 20, 'a'), std::span(known)) == std::nullopt);
  CHECK(nearest(std::string(129, 'a'), std::span(known)) == std::nullopt);
  CHECK(nearest(std::string(125, 'a'), std::span(known)) == known[0]);
  CHECK(nearest(std::string(124, 'a'), std::span(known)) == std::nullopt);
  const Texts endless{std::string(1 << 20, 'a')};
  CHECK(nearest("aaaaaaaaaa", std::span(endless)) == std::nullopt);
}

TEST_CASE("the nearest name is the one that counting every edit finds", "[base][text]") {
  // The full method: the edits of every pair, without a limit for giving up.
  const auto edits = [](const std::string& a, const std::string& b) {
    std::vector<std::vector<std::size_t>> table(a.size() + 1,
                                                std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i) {
      for (std::size_t j = 0; j <= b.size(); ++j) {
        std::size_t& least = table[i][j];
        if (i == 0 || j == 0) {
          least = i + j;
          continue;
        }
        least = std::min({table[i - 1][j] + 1, table[i][j - 1] + 1,
                          table[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
        if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
          least = std::min(least, table[i - 2][j - 2] + 1);
      }
    }
    return table[a.size()][b.size()];
  };
  std::minstd_rand random(7);
  const auto word = [&] {
    std::string text(random() % 12, 'a');
    for (char& c : text) c = static_cast<char>('a' + random() % 3);
    return text;
  };
  for (int round = 0; round < 2000; ++round) {
    const Texts known{word(), word(), word(), word()};
    const std::string wanted = word();
    std::size_t least = std::clamp<std::size_t>(wanted.size() / 3, 1, 3) + 1;
    std::optional<std::string_view> found;
    for (const std::string& name : known) {
      const std::size_t count = edits(wanted, name);
      const bool tied =
          found && count == least && name.rfind(wanted, 0) == 0 && found->rfind(wanted, 0) != 0;
      if ((count >= least && !tied) || 2 * count >= std::max(wanted.size(), name.size())) continue;
      least = count;
      found = name;
    }
    INFO(wanted << " of " << join(known, " "));
    REQUIRE(nearest(wanted, std::span(known)) == found);
  }
}

}  // namespace
}  // namespace zinit::test::base_text
