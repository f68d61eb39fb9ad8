// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Files of environment variables, and environments laid over one another. A case of
// environment.golden is a file; the answer has its settings, one to a line, and the numbers of the
// lines that are none.
#include "base/environment.hpp"
#include "support/test.hpp"

namespace zinit::test::base_environment {
namespace {

std::string read(const std::string& text) {
  const EnvironmentText read = parse_environment_text(text);
  std::string said;
  for (const std::string& setting : read.settings) said += "[" + setting + "]\n";
  for (const int line : read.faulty) said += "no setting: line " + std::to_string(line) + "\n";
  return said;
}

TEST_CASE("a file of variables is read as a shell would, without expanding", "[environment]") {
  CHECK_GOLDEN_CASES("environment", read);
  CHECK(read("A=x\r\nB='y'\r\n") == "[A=x]\n[B=y]\n");
  CHECK(read("A=x\t#why") == "[A=x]\n");
  CHECK(read("A=\0x\nB=1\n"s) == "[B=1]\nno setting: line 1\n");
  CHECK(read("\xEF\xBB\xBFLANG=x") == "[LANG=x]\n");  // a byte-order mark
  CHECK(read("\xEF\xBB\xBF").empty());
}

TEST_CASE("what a shell would expand is found in a value", "[environment]") {
  CHECK(expansion_in("$PATH:/x") == "$PATH");
  CHECK(expansion_in("/x:${PATH}:/y") == "${PATH}");
  CHECK(expansion_in("$_a1-b") == "$_a1");
  CHECK(expansion_in("a$5$$ $HOME") == "$HOME");
  for (const char* plain : {"", "$", "5$", "a$-b", "$1"}) CHECK(expansion_in(plain).empty());
}

TEST_CASE("of the lines that are no setting the first are named and all counted", "[environment]") {
  std::string text = "A=1\n";
  for (int i = 0; i < 500000; ++i) text += "x\n";
  const EnvironmentText read = parse_environment_text(text + "B=2\n");
  CHECK(read.settings == Environment{"A=1", "B=2"});
  CHECK(read.faulty == std::vector<int>{2, 3, 4, 5, 6});
  CHECK(read.faulty_count == 500000);
}

TEST_CASE("of two environments the later one wins, each key in its first place", "[environment]") {
  Environment base{"A=base", "B=base", "odd", "A=second", "AB=2", "C=base"};
  set_environment(base, {"X=1", "C=1", "no setting", "X=2", "C="});
  CHECK(base == Environment{"A=base", "B=base", "odd", "A=second", "AB=2", "C=", "X=2"});
  set_environment(base, {"A=new"});
  CHECK(base == Environment{"A=new", "B=base", "odd", "AB=2", "C=", "X=2"});
  set_environment(base, "A", "x=y");
  CHECK(base.front() == "A=x=y");
  CHECK(value_of(base, "A") == "x=y");
  CHECK(value_of(base, "D") == std::nullopt);
  remove_from(base, {"A", "odd", "Y"});
  CHECK(base == Environment{"B=base", "AB=2", "C=", "X=2"});
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

}  // namespace
}  // namespace zinit::test::base_environment
