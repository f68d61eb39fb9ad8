// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Files of environment variables, and environments laid over one another.
#include "base/environment.hpp"
#include "support/test.hpp"

namespace zinit::test::base_environment {
namespace {

std::string value(const std::string& line) {
  const EnvironmentText read = parse_environment_text(line);
  REQUIRE(read.settings.size() == 1);
  return read.settings.front().substr(2);
}

TEST_CASE("lines of settings are read with export, quotes and comments", "[environment]") {
  const EnvironmentText read = parse_environment_text(
      "# LANG=x\n\nLANG=C.UTF-8\n  export A=\"one two\"\r\nB='#3'\nC=\n"
      "no line\n=x\n1X=y\nD=a=b\nE=\"open");
  CHECK(read.settings == Environment{"LANG=C.UTF-8", "A=one two", "B=#3", "C=", "D=a=b"});
  CHECK(read.faulty == std::vector<int>{7, 8, 9, 11});
}

TEST_CASE("a value in quotes goes on over lines, and lines behind it are counted",
          "[environment]") {
  const EnvironmentText read = parse_environment_text(
      "A=\"one\ntwo=2\n\"\nno line\nexport B='\n'  # why\nC=\"x\nD=\"y\" z\nE=\"a\\\"\nb\"\nF=1\n");
  CHECK(read.settings == Environment{"A=one\ntwo=2\n", "B=\n", "D=\"y\" z", "E=a\"\nb", "F=1"});
  CHECK(read.faulty == std::vector<int>{4, 7});  // the quote of C is closed, but more text follows
}

TEST_CASE("a backslash joins lines in double quotes, as in a shell", "[environment]") {
  const EnvironmentText read =
      parse_environment_text("A=\"--a \\\n --b\\\\\n\"\nB='c\\\nd'\nC=e\nno line\n");
  CHECK(read.settings == Environment{"A=--a  --b\\\n", "B=c\\\nd", "C=e"});
  CHECK(read.faulty == std::vector<int>{7});
}

TEST_CASE("a byte-order mark is no part of the first key", "[environment]") {
  CHECK(value("\xEF\xBB\xBF"
              "A=x") == "x");
  CHECK(parse_environment_text("\xEF\xBB\xBF").settings.empty());
}

TEST_CASE("what a shell would expand is found in a value", "[environment]") {
  CHECK(expansion_in("$PATH:/x") == "$PATH");
  CHECK(expansion_in("/x:${PATH}:/y") == "${PATH}");
  CHECK(expansion_in("$_a1-b") == "$_a1");
  CHECK(expansion_in("a$5$$ $HOME") == "$HOME");
  for (const char* plain : {"", "$", "5$", "a$-b", "$1"}) CHECK(expansion_in(plain).empty());
}

TEST_CASE("variables of some keys are taken out", "[environment]") {
  Environment all{"A=1", "B=2", "AB=3", "C"};
  remove_from(all, {"A", "C", "X"});
  CHECK(all == Environment{"B=2", "AB=3"});
}

TEST_CASE("single quotes keep everything, double quotes know four escapes", "[environment]") {
  CHECK(value(R"(A='a "b" \n $c')") == R"(a "b" \n $c)");
  CHECK(value(R"(A="a \"b\" \\ \$c \` \n 'd'")") == R"(a "b" \ $c ` \n 'd')");
  CHECK(value("A=''") == "");
  CHECK(value("A=' x '  # said so") == " x ");
}

TEST_CASE("a value without quotes is taken as it is, up to a comment", "[environment]") {
  CHECK(value("A=one two   three") == "one two   three");
  CHECK(value("A=x # why") == "x");
  CHECK(value("A=x\t#why") == "x");
  CHECK(value("A=secret#1") == "secret#1");
  CHECK(value("A= # nothing") == "");
  CHECK(value("A=#ff8800") == "#ff8800");
  CHECK(value("A=$HOME/`x`\\y") == "$HOME/`x`\\y");
  CHECK(value("A=O'Brien's") == "O'Brien's");
}

TEST_CASE("quotes that are followed by more are part of the value", "[environment]") {
  CHECK(value("A='a'b") == "'a'b");
  CHECK(value("A='a'b # why") == "'a'b");
  CHECK(value("A=\"a\" \"b\"") == "\"a\" \"b\"");
}

TEST_CASE("a line with a quote that is not closed is no setting", "[environment]") {
  for (const char* line : {"A='open", "A=\"open # why", "A='", "A=\"a\\\"", "export A='x\""}) {
    const EnvironmentText read = parse_environment_text(std::string(line) + "\nB=1\n");
    CHECK(read.settings == Environment{"B=1"});
    CHECK(read.faulty == std::vector<int>{1});
  }
}

TEST_CASE("a line that holds a NUL character is no setting", "[environment]") {
  const EnvironmentText read = parse_environment_text(std::string_view("A=\0x\nB=1\n", 9));
  CHECK(read.settings == Environment{"B=1"});
  CHECK(read.faulty == std::vector<int>{1});
}

TEST_CASE("of the lines that are no setting the first are named and all counted", "[environment]") {
  std::string text = "A=1\n";
  for (int i = 0; i < 500000; ++i) text += "x\n";
  const EnvironmentText read = parse_environment_text(text + "B=2\n");
  CHECK(read.settings == Environment{"A=1", "B=2"});
  CHECK(read.faulty == std::vector<int>{2, 3, 4, 5, 6});
  CHECK(read.faulty_count == 500000);
}

TEST_CASE("any number of settings is laid over others, each key in its first place",
          "[environment]") {
  Environment base{"A=base", "B=base", "odd", "A=second", "C=base"};
  Environment later{"X=1", "C=1", "no setting", "X=2", "C=2"};
  set_environment(base, later);
  CHECK(base == Environment{"A=base", "B=base", "odd", "A=second", "C=2", "X=2"});
  set_environment(base, {"A=new"});
  CHECK(base == Environment{"A=new", "B=base", "odd", "C=2", "X=2"});
  // If each were searched in all earlier ones, these would take minutes.
  Environment many;
  for (int i = 0; i < 400000; ++i)
    many.push_back("K" + std::to_string(i % 200000) + "=" + std::to_string(i));
  const Environment both = overlay({"K7=before"}, many);
  REQUIRE(both.size() == 200000);
  CHECK(both.front() == "K7=200007");
  CHECK(both[1] == "K0=200000");
  CHECK(both.back() == "K199999=399999");
}

TEST_CASE("of two environments the later one wins, key by key", "[environment]") {
  Environment both = overlay({"A=1", "AB=2", "C=3"}, {"C=4", "A=", "D=5"});
  CHECK(both == Environment{"A=", "AB=2", "C=4", "D=5"});
  set_environment(both, "A", "x=y");
  CHECK(both.front() == "A=x=y");
  CHECK(value_of(both, "A") == "x=y");
  CHECK(value_of(both, "B") == std::nullopt);
}

}  // namespace
}  // namespace zinit::test::base_environment
