// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Regular expressions of `logs --grep`: zinit's additions to libc's.
#include "client/regex.hpp"
#include "support/test.hpp"

namespace zinit::test::client_regex {
namespace {

bool matches(const std::string& expression, std::string_view text) {
  const auto regex = Regex::compile(expression);
  if (!regex) FAIL(expression << ": " << regex.error().text);
  return regex->matches(text);
}

std::string fault(const std::string& expression) {
  const auto regex = Regex::compile(expression);
  return regex ? "" : regex.error().text;
}

TEST_CASE("regex: an extended expression matches anywhere in a line", "[client]") {
  CHECK(matches("", "anything"));
  CHECK(matches("b", "abc"));
  CHECK_FALSE(matches("^b", "abc"));
  CHECK(matches("(err|warn)(or|ing)?:", "warning: x"));
  CHECK(matches("^[[:digit:][:space:]]{3}$", "1 2"));
  CHECK(matches("c$", std::string_view("a\0c", 3)));
  CHECK_FALSE(matches("b", std::string_view("abc", 1)));
}

TEST_CASE("regex: what is no expression is told in libc's words", "[client]") {
  CHECK_THAT(fault("a("), Contains("Unmatched ("));
  CHECK_THAT(fault("*a"), Contains("Invalid preceding regular expression"));
  CHECK_THAT(fault("a\xff"), Contains("UTF-8"));
}

TEST_CASE("regex: no expression takes more than its share of memory or stack", "[client]") {
  CHECK_THAT(fault(std::string(100000, '(')), Contains("longer than 4096 bytes"));
  if (test::sanitized()) return;  // a sanitizer's own memory counts, too
  CHECK_THAT(fault(std::string(4096, '(')), Contains("Unmatched ("));
  CHECK_THAT(fault("((((a{255}){255}){255}){255}){255}"), Contains("Memory exhausted"));
}

}  // namespace
}  // namespace zinit::test::client_regex
