// zinit.toml(5) compared with the table of keys: the same keys in the same order, and for each the
// help, the allowed values, the default and the example.
#include <algorithm>
#include <cctype>
#include <span>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "base/text.hpp"
#include "config/check.hpp"
#include "config/keys.hpp"
#include "config/settings.hpp"
#include "support/catch.hpp"
#include "support/skip.hpp"

namespace config_man_test {

using namespace zinit;

namespace {

struct Entry {
  std::string section, name;
  std::vector<std::string> lines;  // up to the next entry, with \(dq as "
};

std::string with_quotes(std::string line) {
  const std::string escape = "\\(dq";
  for (auto at = line.find(escape); at != std::string::npos; at = line.find(escape)) {
    line.replace(at, escape.size(), "\"");
  }
  return line;
}

/// The entries of the page's KEYS, by their macros: .Ss begins a section, .It Cm a key, .El ends
/// both.
std::vector<Entry> entries_of(const std::string& page) {
  std::vector<Entry> entries;
  std::string section;
  bool in_keys = false, in_list = false;
  for (const std::string_view raw : split(page, '\n')) {
    const std::string line = with_quotes(std::string(raw));
    const std::string_view word = line;
    if (word.starts_with(".Sh ")) in_keys = word == ".Sh KEYS";
    if (!in_keys) continue;
    if (word == ".Ss Global settings") section.clear();
    if (word.starts_with(".Ss Section [")) section = line.substr(13, line.size() - 14);
    const bool begins = word.starts_with(".Bl ");
    if (begins || word == ".El") in_list = begins;
    if (begins || !in_list) continue;
    if (word.starts_with(".It Cm ")) {
      entries.push_back({section, line.substr(7), {}});
    } else if (!entries.empty()) {
      entries.back().lines.push_back(line);
    }
  }
  return entries;
}

/// The text as a sentence of the page.
std::string sentence(std::string text) {
  text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text + ".";
}

}  // namespace

TEST_CASE("zinit.toml(5) says of each key what the table of keys says", "[config][man]") {
  const auto page = read_file("man/zinit.toml.5", std::size_t{1} << 20);
  if (!page) return test::skip("the tests do not run in the root of the repository");
  const std::vector<Entry> entries = entries_of(*page);
  const auto keys = all_keys();
  for (std::size_t i = 0; i < std::max(entries.size(), keys.size()); ++i) {
    REQUIRE(i < entries.size());
    REQUIRE(i < keys.size());
    const Key& key = keys[i];
    const Entry& entry = entries[i];
    INFO("the table has " << full_name(key) << ", the page " << entry.section << " " << entry.name);
    REQUIRE(entry.section == key.section);
    REQUIRE(entry.name == key.name);
    REQUIRE(entry.lines.size() >= 4);
    CHECK(entry.lines[0] == sentence(std::string(key.help)));
    CHECK(entry.lines[1] == sentence(allowed_text(key)));
    CHECK(entry.lines[2] == (key.default_text == "required"
                                 ? "Required."
                                 : "Default: " + std::string(key.default_text) + "."));
    CHECK(entry.lines.back() == ".Dl " + std::string(key.name) + " = " + std::string(key.example));
  }
}

TEST_CASE("the zinit.toml that is installed has every setting with its default", "[config][man]") {
  const auto file = read_file("etc/zinit.toml", std::size_t{1} << 16);
  if (!file) return test::skip("the tests do not run in the root of the repository");
  std::string text;  // without the mark of a commented setting; other comments have a blank
  for (const std::string_view line : split(*file, '\n')) {
    const bool is_setting = line.size() > 1 && line[0] == '#' && line[1] != ' ';
    text.append(is_setting ? line.substr(1) : line).push_back('\n');
  }
  std::vector<Diagnostic> faults;
  CHECK(parse_settings(text, "etc/zinit.toml", faults).defaults.size() == 2);
  for (const Diagnostic& fault : faults) CHECK(to_text(fault) == "");
  for (const Key& key : all_keys()) {
    if (!key.section.empty()) continue;
    const std::string line = std::string(key.name) + " = " + std::string(key.default_text);
    INFO(line);
    CHECK(text.find("\n" + line) != std::string::npos);
  }
}

TEST_CASE("the sample system of etc is without a fault", "[config][check]") {
  const std::string samples = "etc/sample";
  const CheckResult result = check_paths(std::span(&samples, 1));
  if (result.files == 0) return test::skip("the tests do not run in the root of the repository");
  for (const Diagnostic& diagnostic : result.diagnostics) {
    CHECK(to_text(diagnostic) == "");
  }
  CHECK(result.exit_code() == 0);
}

}  // namespace config_man_test
