// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The words of other init systems, as their manuals list them, and the message about each.
#include "config/foreign_keys.hpp"
#include "support/test.hpp"

#include "base/text.hpp"
#include "config/keys.hpp"
#include "unit/config/text.hpp"

namespace zinit::test::config_foreign_keys {
namespace {

TEST_CASE("a key or section of another init system is told with what it is here",
          "[config][spec]") {
  CHECK_GOLDEN_ROWS("foreign_keys", [](const std::string& row) {
    if (const auto end = row.find("] "); row.starts_with('[') && end != row.npos)
      return foreign_key(row.substr(1, end - 1), row.substr(end + 2));
    const Texts lines = messages_of("[service]\nexec='run'\n" + row + "\n");
    const std::string start =
        "f.toml:3:1: warning: service." + row.substr(0, row.find(' ')) + ": unknown key";
    return lines.size() == 1 && lines[0].starts_with(start) ? lines[0].substr(start.size()) : "?";
  });
  CHECK(find_key("dependencies", "wanted_by") != nullptr);
}

TEST_CASE("each word of another init system's manual has a hint", "[config][spec]") {
  const std::string manuals = test::golden_text("manuals", __FILE__);
  std::string section;
  int count = 0;
  for (const std::string_view line : split(manuals, '\n')) {
    if (line.starts_with('[')) section = line.substr(1, line.size() - 2);
    if (line.empty() || line.starts_with('[') || line.starts_with('#')) continue;
    for (const std::string_view word : split(line, ' ')) {
      INFO("[" << section << "] " << word);
      const std::string told = foreign_key(section, word);
      CHECK(told.starts_with("; "));
      ++count;
    }
  }
  CHECK(count > 600);
  CHECK(foreign_key("service", "xyzzy").empty());
  CHECK(foreign_key("service", "-").empty());
}

TEST_CASE("each key that a hint names exists, and a word has one meaning in a section",
          "[config][spec]") {
  std::set<std::string> seen;
  for (const ForeignWord& word : foreign_words()) {
    INFO(word.theirs);
    for (const std::string_view one : split(word.theirs, ' '))
      CHECK(seen.insert(std::string(word.section) + "." + std::string(one)).second);
    if (word.ours == kAdvice || word.ours == kNoSuchKey) {
      CHECK_FALSE(word.remark.empty());
      continue;
    }
    const std::size_t dot = word.ours.find('.');
    CHECK(find_key(word.ours.substr(0, dot), word.ours.substr(dot + 1)) != nullptr);
  }
}

}  // namespace
}  // namespace zinit::test::config_foreign_keys
