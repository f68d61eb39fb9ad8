// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Text tools: splitting, numbers, nearest names, escaping of foreign bytes.
#include "base/text.hpp"
#include "support/test.hpp"

namespace zinit::test::base_text {

TEST_CASE("splitting keeps empty parts", "[base][text]") {
  using Parts = std::vector<std::string_view>;
  CHECK(split("a:b", ':') == Parts{"a", "b"});
  CHECK(split(":a::", ':') == Parts{"", "a", "", ""});
  CHECK(split("", ':') == Parts{""});
}

TEST_CASE("trimming takes blanks and line ends from both sides and nothing else", "[base][text]") {
  CHECK(trim(" \t a b \r\n") == "a b");
  CHECK(trim(" \n").empty());
  CHECK(trim("x") == "x");
}

TEST_CASE("joining puts the separator between parts only", "[base][text]") {
  const Texts parts{"a", "", "c"};
  CHECK(join(parts, ", ") == "a, , c");
  CHECK(join(std::span(parts).first(1), ", ") == "a");
  CHECK(join(Texts{}, ", ").empty());
}

TEST_CASE("an integer is the whole text or none", "[base][text]") {
  CHECK(parse_integer("42") == 42);
  CHECK(parse_integer("-7") == -7);
  CHECK(parse_integer("9223372036854775807") == 9223372036854775807LL);
  for (const auto* wrong :
       {"", "+1", " 1", "1 ", "1x", "0x10", "--1", "-", "9223372036854775808", "1.0"}) {
    INFO(wrong);
    CHECK(parse_integer(wrong) == std::nullopt);
  }
}

TEST_CASE("the nearest name is suggested only where it may have been meant", "[base][text]") {
  constexpr std::array known{"restart"sv, "requires"sv, "start"sv, "env"sv};
  CHECK(nearest("restrat", std::span(known)) == "restart");  // a swap is one edit
  CHECK(nearest("requirs", std::span(known)) == "requires");
  CHECK(nearest("en", std::span(known)) == "env");
  CHECK(nearest("restart", std::span(known)) == "restart");
  const Texts shorts{"a", "db"};
  for (const char* word : {"b", "ab", "a1", "dc"})
    CHECK(nearest(word, std::span(shorts)) == std::nullopt);
  CHECK(nearest("db1", std::span(shorts)) == "db");
  CHECK(nearest("xyz", std::span(known)) == std::nullopt);
  CHECK(nearest("", std::span(known)) == std::nullopt);
  // Of two equally near names the first wins, so that messages are the same in each run.
  const Texts twins{"web-a", "web-b"};
  CHECK(nearest("web-c", std::span(std::as_const(twins))) == "web-a");
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
      if (count >= least || 2 * count >= std::max(wanted.size(), name.size())) continue;
      least = count;
      found = name;
    }
    INFO(wanted << " of " << join(known, " "));
    REQUIRE(nearest(wanted, std::span(known)) == found);
  }
}

TEST_CASE("a long text is shortened for a message between characters", "[base][text]") {
  CHECK(shortened("short", 5) == "short");
  CHECK(shortened("longer", 5) == "longe...");
  CHECK(shortened("gr\xC3\xBCn", 3) == "gr...");
}

TEST_CASE("UTF-8 is told from what only looks like it", "[base][text]") {
  CHECK(valid_utf8("plain"));
  CHECK(valid_utf8("gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x90\x9F"));
  CHECK(valid_utf8("\xF4\x8F\xBF\xBF"));  // U+10FFFF
  for (const auto bad :
       {"\x80"sv, "\xC3"sv, "\xC0\xAF"sv, "\xE0\x80\xAF"sv, "\xED\xA0\x80"sv, "\xF0\x80\x80\x80"sv,
        "\xF4\x90\x80\x80"sv, "\xF5\x80\x80\x80"sv, "\xFF"sv, "\xE2\x82"sv, "\xC3("sv}) {
    CHECK_FALSE(valid_utf8(bad));
    CHECK(valid_utf8(to_utf8(bad)));
  }
}

TEST_CASE("bytes that are no UTF-8 are replaced one by one", "[base][text]") {
  CHECK(to_utf8("a\xFF\xFEz") == "a\xEF\xBF\xBD\xEF\xBF\xBDz");
  CHECK(to_utf8("\xE2\x82x") == "\xEF\xBF\xBD\xEF\xBF\xBDx");
  CHECK(to_utf8("a\0b"sv) == "a\0b"s);
}

TEST_CASE("printable text cannot move a terminal's cursor", "[base][text]") {
  CHECK(printable("a\x1B[2Jb") == "a\\x1b[2Jb");
  CHECK(printable("a\tb\n") == "a\tb\\x0a");
  CHECK(printable("\x7F") == "\\x7f");
  CHECK(printable("\xC2\x9B") == "\\x9b");  // C1's CSI
  CHECK(printable("\x9B") == "\xEF\xBF\xBD");
  CHECK(printable("\0"sv) == "\\x00");
  CHECK(printable("gr\xC3\xBC\xC3\x9F") == "gr\xC3\xBC\xC3\x9F");
}

TEST_CASE("printable text runs in one direction and on one line", "[base][text]") {
  CHECK(printable("a\xE2\x80\xAE"
                  "b") == "a\\u202eb");  // right-to-left override
  // Invisible: soft hyphen, zero-width space, Hangul filler, variation selector, tag.
  CHECK(printable("a\xC2\xAD\xE2\x80\x8B\xE3\x85\xA4\xEF\xB8\x8F\xF3\xA0\x81\x81z") ==
        "a\\xad\\u200b\\u3164\\ufe0f\\udb40\\udc41z");
  CHECK(printable("\xE2\x82\xAC \xF0\x9F\x98\x80") == "\xE2\x82\xAC \xF0\x9F\x98\x80");
  for (const char* turns :
       {"\xD8\x9C", "\xE2\x80\x8E", "\xE2\x80\x8F", "\xE2\x80\xA8", "\xE2\x80\xA9", "\xE2\x80\xAA",
        "\xE2\x81\xA6", "\xE2\x81\xA9", "\xEF\xBB\xBF"}) {
    CHECK(printable(turns).starts_with("\\u"));
    CHECK(printable_json(turns) == printable(turns));
  }
  CHECK(printable("\xE2\x80\x93 \xD7\xA9") == "\xE2\x80\x93 \xD7\xA9");  // a dash, a Hebrew letter
}

TEST_CASE("JSON for a terminal means the same, and a terminal acts on none of it", "[base][text]") {
  CHECK(printable_json("{\"a\": \"\\u001b\x7F\xC2\x9B\xE2\x80\xAEgr\xC3\xBC\",\n\t\"b\": 1}\r\n") ==
        "{\"a\": \"\\u001b\\u007f\\u009b\\u202egr\xC3\xBC\",\n\t\"b\": 1}\r\n");
  CHECK(printable_json("\x1B\x9B") == "\\u001b\xEF\xBF\xBD");
}

TEST_CASE("width counts characters, not bytes", "[base][text]") {
  CHECK(display_width("abc") == 3);
  CHECK(display_width("gr\xC3\xBC\xC3\x9F") == 4);
  CHECK(display_width("") == 0);
}

TEST_CASE("a text is cut between characters", "[base]") {
  CHECK(cut_utf8("abc", 3) == "abc");
  CHECK(cut_utf8("abc", 2) == "ab");
  CHECK(cut_utf8("a\xC3\xA4", 2) == "a");
  CHECK(cut_utf8("a\xC3\xA4", 3) == "a\xC3\xA4");
  CHECK(cut_utf8("\xF0\x9F\x98\x80", 3).empty());
  CHECK(cut_utf8("\x80\x80", 1).empty());
  CHECK(cut_utf8("abc", 0).empty());
}

}  // namespace zinit::test::base_text
