// Regular expressions of `logs --grep`, held against libc's.
#include <regex.h>

#include <catch2/catch.hpp>
#include <optional>
#include <random>

#include "client/regex.hpp"
#include "support/sanitized.hpp"

using namespace zinit;
using Catch::Contains;
using Catch::Equals;

namespace {

bool matches(const std::string& expression, const std::string& text) {
  const auto regex = Regex::compile(expression);
  if (!regex) FAIL(expression << ": " << regex.error().text);
  return regex->matches(text);
}

std::string fault(const std::string& expression) {
  const auto regex = Regex::compile(expression);
  return regex ? "" : regex.error().text;
}

/// What libc says; nothing where it refuses the expression.
std::optional<bool> libc_matches(const std::string& expression, const std::string& text) {
  regex_t regex;
  if (::regcomp(&regex, expression.c_str(), REG_EXTENDED | REG_NOSUB) != 0) return std::nullopt;
  const bool found = ::regexec(&regex, text.c_str(), 0, nullptr, 0) == 0;
  ::regfree(&regex);
  return found;
}

}  // namespace

TEST_CASE("regex: parts of POSIX extended expressions mean what they should", "[client]") {
  CHECK(matches("", "anything"));
  CHECK(matches("b", "abc"));
  CHECK_FALSE(matches("^b", "abc"));
  CHECK(matches("^abc$", "abc"));
  CHECK_FALSE(matches("^ab$", "abc"));
  CHECK(matches("a|^$", ""));
  CHECK(matches("(err|warn)(or|ing)?:", "warning: x"));
  CHECK(matches("a.c",
                "a\xc3\xa4"
                "c"));
  CHECK(matches("^[\xc3\xa4-\xc3\xbc]$", "\xc3\xb6"));
  CHECK(matches("[^a-y]", "z"));
  CHECK_FALSE(matches("[^a-z]", "z"));
  CHECK(matches("^[]a-]+$", "a-]"));
  CHECK(matches("^[[:digit:][:space:]]*$", "1 2\t3"));
  CHECK(matches("^[[.-.][=x=]]+$", "x-x"));
  CHECK(matches("a{2}$", "caa"));
  CHECK_FALSE(matches("^a{3,}$", "aa"));
  CHECK(matches("^(ab){1,2}$", "abab"));
  CHECK_FALSE(matches("^(ab){1,2}$", "ababab"));
  CHECK(matches("^a{0}$", ""));
  CHECK(matches("^(a*)*$", "aaa"));
  CHECK(matches("^()$", ""));
  CHECK(matches(R"(^\.\*\[\]\\\{\}\(\)\|\^\$\+\?$)", R"(.*[]\{}()|^$+?)"));
}

TEST_CASE("regex: what POSIX leaves undefined is an error that says so", "[client]") {
  CHECK_THAT(fault("a("), Contains("a ( without its )"));
  CHECK_THAT(fault("a)"), Contains("a ) without its ("));
  CHECK_THAT(fault("[a"), Contains("a [ without its ]"));
  CHECK_THAT(fault("[b-a]"), Contains("ends before it begins"));
  CHECK_THAT(fault("[[:word:]]"), Contains("no class [:word:]; there are alnum, alpha"));
  CHECK_THAT(fault("*a"), Contains("nothing before *"));
  CHECK_THAT(fault("(+)"), Contains("nothing before +"));
  CHECK_THAT(fault(R"(\d)"), Contains("\\d is not part of POSIX"));
  CHECK_THAT(fault("a\\"), Contains("nothing behind the last"));
  CHECK_THAT(fault("a{2,1}"), Contains("is not followed by"));
  CHECK_THAT(fault("a{"), Contains("is not followed by"));
  CHECK_THAT(fault("a{1,2"), Contains("is not followed by"));
  CHECK_THAT(fault("a{256}"), Contains("up to 255"));
  CHECK_THAT(fault("[[.ab.]]"), Contains("hold one character"));
  CHECK_THAT(fault("a\xff"), Contains("UTF-8"));
}

TEST_CASE("regex: no expression takes more than its share of memory, stack or time", "[client]") {
  CHECK_THAT(fault("((((a{255}){255}){255}){255}){255}"), Contains("too large"));
  CHECK_THAT(fault(std::string(100000, '(')), Contains("nested too deeply"));
  CHECK_THAT(fault("a" + std::string(100000, '{')), Contains("is not followed by"));
  // What leaves no steps is repeated for nothing, and copies of copies are still copies.
  const std::string longest = "{255}{255}{255}{255}{255}{255}{255}{255}";
  CHECK(matches("^(){9}{9}{9}$", ""));
  for (const std::string part : {"()", "a{0}", "(b{0}|c{0})"})
    CHECK((fault(part + longest + longest).empty() ||
           fault(part + longest + longest) == "it is too large"));
  std::string ones = "abc";
  for (int i = 0; i < 300000; ++i) ones += "{1}";
  CHECK_THAT(fault(ones), Contains("too large"));
  CHECK_THAT(fault("[" + std::string(100000, 'x') + "]{255}{70}"), Contains("too large") ||
             Equals(""));
  CHECK(matches("^a" + std::string(1000000, '*') + "$", "aaa"));
  std::string mixed = "^a";
  for (int i = 0; i < 300000; ++i) mixed += "+?*";
  CHECK(matches(mixed + "$", "aaa"));
  // What a matcher that goes back takes for ever for.
  CHECK_FALSE(matches("^(a|a)*(a*)*(a+)+b$", std::string(5000, 'a')));
}

TEST_CASE("regex: random expressions match what libc's do", "[client]") {
  // Known seeds: libc has faults of its own, such as "(^a){2}" matching "aa".
  const auto seed = GENERATE(1U, 2U, 3U);
  INFO("seed " << seed);
  std::mt19937 random(seed);
  constexpr std::string_view kParts[] = {"a",   "b",    "c",     ".",     "*",          "+", "?",
                                         "(",   ")",    "|",     "[ab]",  "[^a]",
                                         "{2}", "{1,}", "{0,2}", "[a-c]", "[[:alpha:]]"};
  int compared = 0;
  for (int round = 0; round < (test::sanitized() ? 1000 : 7000); ++round) {
    std::string expression = random() % 4 == 0 ? "^" : "", text;
    for (auto n = random() % 8; n > 0; --n) expression += kParts[random() % std::size(kParts)];
    if (random() % 4 == 0) expression += '$';
    for (auto n = random() % 8; n > 0; --n) text += static_cast<char>('a' + random() % 4);
    const auto regex = Regex::compile(expression);
    if (!regex) continue;
    const auto expected = libc_matches(expression, text);
    if (!expected) continue;
    CAPTURE(expression, text);
    REQUIRE(regex->matches(text) == *expected);
    ++compared;
  }
  CHECK(compared > 300);
}
