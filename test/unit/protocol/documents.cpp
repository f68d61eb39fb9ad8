// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The man pages list exactly the existing verbs and options, and libzinit has a typed method for
// each method of the server, and no others.
#include "base/fd.hpp"
#include "base/text.hpp"
#include "client/arguments.hpp"
#include "client/verbs.hpp"
#include "control/methods.hpp"
#include "support/test.hpp"

namespace zinit::test::protocol_documents {
namespace {

std::string read_document(const std::string& path) {
  const auto text = read_file(path.c_str(), 1 << 20);
  INFO("tests run in the root of the repository");
  REQUIRE(text);
  return *text;
}

/// mdoc's form of the options: "-no-wait" for --no-wait.
std::set<std::string> mdoc_options(std::span<const OptionRow> options) {
  std::set<std::string> names;
  for (const OptionRow& option : options) {
    for (const std::string_view name : split(option.names, ',')) names.emplace(name.substr(1));
  }
  return names;
}

/// Adds the words that follow Fl in a line of mdoc.
void add_flags(std::string_view line, std::set<std::string>& flags) {
  const auto words = split(line, ' ');
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (words[i - 1] == "Fl") flags.emplace(words[i]);
  }
}

/// The words after Cm, up to the next macro: the name of the verb.
std::string verb_of_item(std::span<const std::string_view> words) {
  std::string name;
  for (const std::string_view word : words.subspan(2)) {
    if (word == "Oo" || word == "Op" || word == "Ar" || word == "Fl") break;
    name.append(name.empty() ? "" : " ").append(word);
  }
  return name;
}

/// Options by verb, from the items of one subsection; each of several items in a row counts.
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

TEST_CASE("zinitctl(1) has an example of each verb", "[client]") {
  const std::string page = read_document("man/zinitctl.1");
  const std::string examples = page.substr(page.find("\n.Sh EXAMPLES\n"));
  for (const VerbRow& verb : verbs()) {
    CAPTURE(verb.name);
    CHECK(examples.find("zinitctl " + std::string(verb.name)) != std::string::npos);
  }
}

/// Whether `text` is a method's name: "service.status_full".
bool is_method_name(std::string_view text) {
  const auto dot = text.find('.');
  return dot != std::string_view::npos && dot > 0 && dot + 1 < text.size() &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz_.") == std::string_view::npos;
}

/// The names of methods among the string literals of a source.
std::set<std::string> methods_in(const std::string& source) {
  std::set<std::string> names;
  for (std::size_t at = 0; (at = source.find('"', at)) != std::string::npos;) {
    const auto end = source.find('"', at + 1);
    if (end == std::string::npos) break;
    const std::string literal = source.substr(at + 1, end - at - 1);
    if (is_method_name(literal)) names.insert(literal);
    at = end + 1;
  }
  return names;
}

TEST_CASE("libzinit calls the methods that the server has, by their names", "[client]") {
  std::set<std::string> called;
  for (const char* name : {"requests.cpp", "client.cpp", "engine.cpp"})
    called.merge(methods_in(read_document(std::string("src/client/libzinit/") + name)));
  std::set<std::string> known;
  for (const Method& method : all_methods()) known.emplace(method.name);
  known.erase("rpc.discover");  // for programs that generate clients
  CHECK(called == known);
}

}  // namespace
}  // namespace zinit::test::protocol_documents
