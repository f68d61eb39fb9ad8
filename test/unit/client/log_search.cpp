// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// What `logs` searches for: points in time (--since), and regular expressions (--grep) with zinit's
// additions to those of libc.
#include "client/regex.hpp"
#include "client/times.hpp"
#include "support/test.hpp"
#include "unit/client/zinitctl.hpp"

namespace zinit::test::client_log_search {
namespace {

constexpr std::int64_t kNow = 1'772'366'400'000'000;  // 2026-03-01 12:00:00 UTC

TEST_CASE("a time is so long ago, the last one of the day, or a date", "[client]") {
  const TimeZone east("XYZ-2");
  CHECK_GOLDEN_ROWS("log_time", [](const std::string& text) {
    const auto time = parse_past_time(text, kNow);
    return time ? rfc3339_text(*time, 7200) : "none"s;
  });
}

TEST_CASE("a time is written as RFC 3339 has it", "[client]") {
  CHECK(rfc3339_text(kNow, 0) == "2026-03-01T12:00:00+00:00");
  CHECK(rfc3339_text(kNow, 37800) == "2026-03-01T22:30:00+10:30");
  CHECK(rfc3339_text(kNow, -12600) == "2026-03-01T08:30:00-03:30");
  CHECK(rfc3339_text(kNow + 250, 0) == "2026-03-01T12:00:00.000250+00:00");
  CHECK(rfc3339_text(0, 3600) == "1970-01-01T01:00:00+01:00");
  // As in Liberia until 1972: the text still gives the same moment.
  CHECK(rfc3339_text(0, -2670) == "1969-12-31T23:16:00-00:44");
}

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
}  // namespace zinit::test::client_log_search
