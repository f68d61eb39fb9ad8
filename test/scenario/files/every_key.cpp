// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Every key of zinit.toml(5) is set by a test that sees its effect, here or in another file of
// test/scenario or test/vm. test/unit/config/keys_wrong.golden has the messages about wrong values.
#include "scenario/harness.hpp"
namespace zinit::test::files_every_key {
namespace {

/// The keys of the page's KEYS: .Ss begins a section, .It Cm a key within .Bl and .El.
std::set<std::string> keys_of_the_page() {
  std::set<std::string> keys;
  std::string section;
  bool in_keys = false, in_list = false;
  for (const std::string& line : lines_of(read_file("man/zinit.toml.5"))) {
    if (line.rfind(".Sh ", 0) == 0) in_keys = line == ".Sh KEYS";
    if (line == ".Ss Global settings") section.clear();
    if (line.rfind(".Ss Section [", 0) == 0) section = line.substr(13, line.size() - 14) + ".";
    if (line.rfind(".Bl ", 0) == 0 || line == ".El") in_list = line != ".El";
    if (in_keys && in_list && line.rfind(".It Cm ", 0) == 0) keys.insert(section + line.substr(7));
  }
  return keys;
}

/// The texts in quotes of C++ sources, plain and raw, each in one or more lines.
std::string texts_of(const std::string& source) {
  std::string texts;
  for (std::size_t at = 0; at < source.size(); ++at) {
    if (source.compare(at, 2, "//") == 0) {
      at = std::min(source.find('\n', at), source.size());
    } else if (source[at] == '\'') {  // a character
      at += source[at + 1] == '\\' ? 3 : 2;
    } else if (source.compare(at, 2, "R\"") == 0) {
      const auto open = source.find('(', at);
      const std::string close = ")" + source.substr(at + 2, open - at - 2) + '"';
      at = source.find(close, open) + close.size() - 1;
      texts += source.substr(open + 1, at - open - close.size()) + '\n';
    } else if (source[at] == '"') {
      for (++at; at < source.size() && source[at] != '"'; ++at) {
        if (source[at] == '\\') ++at;
        texts += source[at] == 'n' && source[at - 1] == '\\' ? '\n' : source[at];
      }
      texts += '\n';
    }
  }
  return texts;
}

/// The keys in `key = value` in all texts.
std::set<std::string> keys_in(const std::string& texts) {
  std::set<std::string> keys;
  for (auto at = texts.find(" = "); at != std::string::npos; at = texts.find(" = ", at + 1)) {
    const auto before = texts.find_last_not_of("abcdefghijklmnopqrstuvwxyz_", at - 1);
    keys.insert(texts.substr(before + 1, at - before - 1));
  }
  return keys;
}

TEST_CASE("every key of the manual is set by a test of the program", "[keys]") {
  const std::set<std::string> set = keys_in(texts_of(sources_of_tests()));
  const std::set<std::string> page = keys_of_the_page();
  REQUIRE(page.size() > 50);
  for (const std::string& key : page) {
    INFO(key);
    CHECK(set.contains(key.substr(key.rfind('.') + 1)));
  }
}

}  // namespace
}  // namespace zinit::test::files_every_key
