// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Golden files, with which other tests compare long texts: test/support/golden.hpp.
#include "support/test.hpp"
namespace zinit::test::golden_files {
namespace {

TEST_CASE("a golden file beside the test is found from any directory", "[support]") {
  CHECK_GOLDEN("one line,\nand a line without an end", "golden");
  CHECK_THAT(golden_difference("one line,\n", "golden", __FILE__, false),
             Contains("/test/unit/support/golden.golden differs") &&
                 EndsWith("line 2:\n-and a line without an end"));
  CHECK_THAT(golden_difference("", "golden", "test/unit/no_such.cpp", false),
             Contains("cannot find test/unit/no_such.cpp"));
}

TEST_CASE("a difference from a golden file is shown by its first lines", "[support]") {
  CHECK(first_difference("a\nb\n", "a\nb\n").empty());
  CHECK(first_difference("a\nb\nc\n", "a\nB\nc\n") == "line 2:\n-b\n-c\n+B\n+c");
  CHECK(first_difference("a\n", "a\nb\n") == "line 2:\n+b");
  CHECK(first_difference("a\n", "") == "line 1:\n-a");
  CHECK(first_difference("a\n\n", "a\n") == "line 2:\n-");
  CHECK(first_difference("a\n", "a") == "the newline at the end");
  CHECK(first_difference("1\n2\n3\n4\n5\n6\n", "") == "line 1:\n-1\n-2\n-3\n-4\n-5");
}

TEST_CASE("a golden file is written on request", "[support]") {
  const TempDir folder;
  const std::string source = folder.write("some_test.cpp", "");
  CHECK_THAT(golden_difference("new\n", "some", source, false),
             Contains("some.golden is not there (ZINIT_TEST_REWRITE=1 writes it), line 1:\n+new"));
  // An empty text is no golden file either.
  CHECK_THAT(golden_difference("", "some", source, false), Contains("is not there"));
  CHECK(golden_difference("new\n", "some", source, true).empty());
  CHECK(golden_difference("new\n", "some", source, false).empty());
  CHECK_THAT(golden_difference("new\n", "no/such/folder", source, true), Contains("cannot write"));
}

TEST_CASE("rows and cases of a golden file are answered, and the rest of it is kept", "[support]") {
  const auto twice = [](const std::string& text) { return text + text; };
  CHECK(answered_rows("# re => mark\na => aa\n\nb c => wrong\n", twice) ==
        "# re => mark\na => aa\n\nb c => b cb c\n");
  CHECK(answered_rows("# remark\n", twice).empty());
  CHECK(answered_cases("== one\na\nb\n--\nwrong\n-- x\n== two\n--\n", twice) ==
        "== one\na\nb\n--\na\nb\na\nb\n== two\n--\n");
  CHECK(answered_cases("== one\n", twice).empty());
}

}  // namespace
}  // namespace zinit::test::golden_files
