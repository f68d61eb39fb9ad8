// The man page and the completion are of the verbs and options that there are, no more and no
// fewer.
#include <catch2/catch.hpp>

#include <map>
#include <set>

#include "base/fd.hpp"
#include "base/text.hpp"
#include "client/arguments.hpp"
#include "client/verbs.hpp"

using namespace zinit;

namespace {

std::string read_document(const char* path) {
  const auto text = read_file(path, 1 << 20);
  INFO("tests run in the root of the repository");
  REQUIRE(text);
  return *text;
}

/// What mdoc calls the option: "-no-wait" for --no-wait.
std::set<std::string> mdoc_options(std::span<const OptionRow> options) {
  std::set<std::string> names;
  for (const OptionRow& option : options) {
    for (const std::string_view name : split(option.names, ',')) names.emplace(name.substr(1));
  }
  return names;
}

/// The words that follow Fl in a line of mdoc.
void add_flags(std::string_view line, std::set<std::string>& flags) {
  const auto words = split(line, ' ');
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (words[i - 1] == "Fl") flags.emplace(words[i]);
  }
}

/// The words that follow Cm, up to the next macro: the name of the verb.
std::string verb_of_item(std::span<const std::string_view> words) {
  std::string name;
  for (const std::string_view word : words.subspan(2)) {
    if (word == "Oo" || word == "Op" || word == "Ar" || word == "Fl") break;
    name.append(name.empty() ? "" : " ").append(word);
  }
  return name;
}

/// Options by verb, from the items of one subsection; those of several items in a row are one each.
std::map<std::string, std::set<std::string>> items_of(const std::string& page, const char* begin,
                                                      const char* end) {
  std::map<std::string, std::set<std::string>> items;
  const auto from = page.find(begin);
  REQUIRE(from != std::string::npos);
  const std::string part = page.substr(from, page.find(end, from + 1) - from);
  for (const std::string_view line : split(part, '\n')) {
    const auto words = split(line, ' ');
    if (words.size() < 3 || words[0] != ".It") continue;
    const std::string key = words[1] == "Cm" ? verb_of_item(words) : "";
    add_flags(line, items[key]);
  }
  return items;
}

std::string expected_completion() {
  constexpr std::size_t longest = 90;
  const auto line = [](std::string_view verb, std::string_view what,
                       std::span<const OptionRow> options) {
    const std::string begin = std::string(verb) + ":" + std::string(what) + ":";
    std::string text = begin;
    std::size_t at = 0;  // where the last line begins
    for (const OptionRow& option : options) {
      for (const std::string_view name : split(option.names, ',')) {
        const std::string word = std::string(name) + (option.value.empty() ? "" : "=");
        if (text.size() - at + word.size() > longest) {
          at = text.size() + 1;
          text += "\n" + begin;
        }
        text.append(text.ends_with(':') ? "" : " ").append(word);
      }
    }
    return text + "\n";
  };
  std::string table = line("", "verbs", global_options());
  for (const VerbRow& verb : verbs()) {
    const char* what = verb.completes == Completes::services  ? "services"
                       : verb.completes == Completes::proxies ? "proxies"
                       : verb.completes == Completes::files   ? "files"
                                                              : "nothing";
    table += line(verb.name, what, verb.options);
  }
  return table;
}

}  // namespace

TEST_CASE("zinitctl(1) lists the verbs and options that there are", "[client]") {
  const auto items = items_of(read_document("man/zinitctl.1"), ".Ss Verbs", ".Ss States");
  std::set<std::string> listed, known;
  for (const auto& [verb, flags] : items) listed.insert(verb);
  for (const VerbRow& verb : verbs()) known.emplace(verb.name);
  CHECK(listed == known);
  for (const VerbRow& verb : verbs()) {
    CAPTURE(verb.name);
    const auto found = items.find(std::string(verb.name));
    if (found == items.end()) continue;
    CHECK(found->second == mdoc_options(verb.options));
  }
}

TEST_CASE("zinitctl(1) lists the options of all verbs", "[client]") {
  const auto items = items_of(read_document("man/zinitctl.1"), ".Sh DESCRIPTION", ".Ss Verbs");
  REQUIRE(items.contains(""));
  CHECK(items.at("") == mdoc_options(global_options()));
}

TEST_CASE("the completion for bash has the verbs and options that there are", "[client]") {
  const std::string script = read_document("etc/completion/zinitctl.bash");
  const std::string begin = "# begin table\n";
  const auto from = script.find(begin);
  REQUIRE(from != std::string::npos);
  const std::string table =
      script.substr(from + begin.size(), script.find("# end table", from) - from - begin.size());
  CHECK(table == expected_completion());
}
