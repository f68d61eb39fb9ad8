// Every key that zinit.toml(5) names is set by a test that sees it at work, here or in another file
// of test/scenario or test/vm. What is said of wrong values is in test/unit/config/keys_wrong.cpp.
#include <regex>
#include <set>

#include "scenario/harness.hpp"

namespace files_every_key_test {

using namespace zinit::test;

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

}  // namespace

TEST_CASE("every key of the manual is set by a test of the program", "[keys]") {
  const std::string tests = sources_of_tests();
  // `key = value` in a service file's text, or "key" in a table of keys and values.
  std::set<std::string> set;
  const std::regex assignment(R"(([a-z_]+)( = |", ))");
  for (std::sregex_iterator each(tests.begin(), tests.end(), assignment), none; each != none;
       ++each)
    set.insert((*each)[1]);
  const std::set<std::string> page = keys_of_the_page();
  REQUIRE(page.size() > 50);
  for (const std::string& key : page) {
    const std::string name = key.substr(key.rfind('.') + 1);
    INFO(key);
    CHECK((set.contains(name) || set.contains("n" + name)));  // behind a line's end, \n
  }
}

TEST_CASE("what a file says of a service for people is shown", "[keys]") {
  Server zinit;
  zinit.add("a", {.service = "description = 'the a of all'\nclass = 'system'\nsurvive = true"});
  zinit.file("t.toml", "[target]\ndescription = 'the t'\nclass = 'system'\n");
  zinit.add("b");
  zinit.boot({"a"});
  CHECK(zinit.status("a")["description"] == "the a of all");
  CHECK(zinit.status("a")["class"] == "system");
  CHECK(zinit.status("a")["warnings"].size() == 0);
  CHECK(zinit.status("b")["class"] == "user");
  CHECK(zinit.status("t")["description"] == "the t");
  CHECK(zinit.status("t")["class"] == "system");
  CHECK_THAT(zinit.ctl({"list", "--class", "system"}).out,
             Catch::Contains("the a of all") && !Catch::Contains("b "));
}

}  // namespace files_every_key_test
