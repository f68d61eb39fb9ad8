// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The one form of messages, written and read.
#include "config/diagnostic.hpp"
#include "support/test.hpp"

namespace zinit::test::config_diagnostic {

TEST_CASE("a diagnostic is one line in the shape that editors know", "[config][diagnostic]") {
  const Diagnostic full = {"/etc/a.toml", {3, 7}, Severity::error, "service.exec", "is wrong"};
  CHECK(to_text(full) == "/etc/a.toml:3:7: error: service.exec: is wrong");
  Diagnostic other = full;
  other.severity = Severity::warning;
  CHECK(to_text(other) == "/etc/a.toml:3:7: warning: service.exec: is wrong");
  other.severity = Severity::unknown;
  other.key.clear();
  CHECK(to_text(other) == "/etc/a.toml:3:7: warning: is wrong");
  other.at = {};
  CHECK(to_text(other) == "/etc/a.toml:1:1: warning: is wrong");
  other.file.clear();
  CHECK(to_text(other) == "warning: is wrong");
}

TEST_CASE("foreign bytes in a message cannot steer a terminal or break a line",
          "[config][diagnostic]") {
  const Diagnostic evil = {"a\n.toml", {1, 1}, Severity::error, "k\x1b[2J", "x\ry\xFF"};
  CHECK(to_text(evil) == "a\\x0a.toml:1:1: error: k\\x1b[2J: x\\x0dy\xEF\xBF\xBD");
}

TEST_CASE("a message is read back into its parts", "[config][diagnostic]") {
  for (const Diagnostic& one : {
           Diagnostic{"/etc/a.toml", {3, 7}, Severity::error, "service.exec", "is wrong: so"},
           Diagnostic{"/etc/a.toml", {30, 71}, Severity::warning, "dependencies", "a -> b"},
           Diagnostic{"a: b:5.toml", {1, 1}, Severity::error, "", "Something else: x"},
           Diagnostic{"x", {1, 1}, Severity::error, "", "1: y: warning: z"},
       }) {
    CHECK(parse_diagnostic(to_text(one)) == one);
  }
}

TEST_CASE("what has another shape becomes an error without place", "[config][diagnostic]") {
  for (const std::string text : {"", "x", "x: error: y", "x:1: error: y", "x:0:1: error: y",
                                 "x:1:a: error: y", "x:1:2: note: y"}) {
    INFO(text);
    CHECK(parse_diagnostic(text) == Diagnostic{"", {}, Severity::error, "", text});
  }
}

TEST_CASE("diagnostics are put in the order of the file, faults of one place as found",
          "[config][diagnostic]") {
  const auto at = [](int line, int column, const char* text) {
    return Diagnostic{"f", {line, column}, Severity::error, "", text};
  };
  std::vector<Diagnostic> all = {at(2, 1, "c"), at(1, 9, "b"), at(2, 1, "d"), at(1, 1, "a")};
  sort_by_place(all);
  std::string order;
  for (const Diagnostic& one : all) order += one.text;
  CHECK(order == "abcd");
}

TEST_CASE("what is unknown counts as an error only where that is asked for",
          "[config][diagnostic]") {
  std::vector<Diagnostic> all = {{"f", {}, Severity::warning, "", ""}};
  CHECK_FALSE(has_error(all, true));
  all.push_back({"f", {}, Severity::unknown, "", ""});
  CHECK_FALSE(has_error(all, false));
  CHECK(has_error(all, true));
  all.push_back({"f", {}, Severity::error, "", ""});
  CHECK(has_error(all, false));
}

}  // namespace zinit::test::config_diagnostic
