// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// check without a server: files, directories, their graph, and strictness; the form of messages;
// and the files of etc. `test/lint/docs` compares zinit.toml(5) with the table of keys.
#include <span>

#include "base/fd.hpp"
#include "base/text.hpp"
#include "config/check.hpp"
#include "config/diagnostic.hpp"
#include "config/keys.hpp"
#include "config/settings.hpp"
#include "support/test.hpp"
#include "unit/config/tree.hpp"

namespace zinit::test::config_check {
namespace {

Texts lines_of(const CheckResult& result) {
  Texts lines;
  for (const Diagnostic& diagnostic : result.diagnostics) lines.push_back(to_text(diagnostic));
  return lines;
}

TEST_CASE("check says of files and directories what the golden file has", "[config][check]") {
  CHECK_GOLDEN_CASES("check", answered_tree);
}

TEST_CASE("what is absent is a warning where it is named, in drop-ins too", "[config][check]") {
  const TempDir directory;
  const std::string file = directory.write(
      "a.toml", "[service]\nexec = ['a', 'b']\npre_exec = [\n['c'],\n['d']]\nuser = 'me'\n");
  std::filesystem::create_directories(file + ".d");
  const std::string drop_in = directory.write("a.toml.d/1.toml", "service.user = 'you'\n");
  const Texts paths{directory.path()};
  const CheckResult result = check_paths(paths, {}, [](const ServiceSpec& spec) {
    return std::vector<Absence>{{"service", "user", 0, "no " + *spec.user},
                                {"service", "exec", 0, "no a"},
                                {"service", "pre_exec", 1, "no d"},
                                {"service", "dir", 0, "no dir"}};
  });
  CHECK(lines_of(result) == Texts{file + ":1:1: warning: service.dir: no dir",
                                  file + ":2:9: warning: service.exec: no a",
                                  file + ":5:1: warning: service.pre_exec: no d",
                                  drop_in + ":1:16: warning: service.user: no you"});
  CHECK(result.exit_code() == 0);
}

TEST_CASE("a change is told with what it breaks elsewhere, and without what was wrong before",
          "[config][check]") {
  const TempDir directory;
  const std::string text = "[service]\nexec = 'x'\n";
  const std::string x = directory.write("x.toml", text);
  directory.write("y.toml", text);
  const std::string top =
      directory.write("top.toml", text + "[dependencies]\nrequires = ['x', 'y']\n");
  directory.write("wrong.toml", "[service]\nexec = 1\n");
  Places places;
  places.directories = {{directory.path()}};
  const auto change = [&](const std::string& more) {
    const SourceFile changed{x};
    return lines_of(check_change(places, changed, x, [&](const std::string& path) {
      return path == x ? Result<std::string>(text + more) : read_from_disk(path);
    }));
  };
  CHECK(change("umask = '0077'\n").empty());
  CHECK(change("[dependencies]\nconflicts = ['y']\n") ==
        Texts{top + ":4:18: error: dependencies.requires: top requires both x and y, which "
                    "conflict; remove one of the two"});
  const Texts taken = change("name = 'y'\n");
  REQUIRE(taken.size() == 3);
  CHECK_THAT(taken[0],
             Catch::Contains("y.toml:1:2: error: service.name: \"y\" is already the name in " + x));
  CHECK_THAT(taken[1], Catch::Contains(top + ":4:13: warning: ") && Catch::Contains("\"x\""));
  CHECK_THAT(taken[2], Catch::Contains(x + ":3:8: warning: "));
  CHECK(change("umask = 9\n").size() == 1);
}

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

TEST_CASE("the zinit.toml that is installed has every setting with its default", "[config][man]") {
  const auto file = read_file("etc/zinit.toml", std::size_t{1} << 16);
  if (!file) return test::skip("the tests do not run in the root of the repository");
  std::string text;  // without the mark of a commented setting; other comments have a blank
  for (const std::string_view line : split(*file, '\n')) {
    const bool is_setting = line.size() > 1 && line[0] == '#' && line[1] != ' ';
    text.append(is_setting ? line.substr(1) : line).push_back('\n');
  }
  std::vector<Diagnostic> faults;
  CHECK(parse_settings(text, "etc/zinit.toml", faults).defaults.size() == 2);
  for (const Diagnostic& fault : faults) CHECK(to_text(fault) == "");
  for (const Key& key : all_keys()) {
    if (!key.section.empty()) continue;
    const std::string line = std::string(key.name) + " = " + std::string(key.default_text);
    INFO(line);
    CHECK(text.find("\n" + line) != std::string::npos);
  }
}

TEST_CASE("the sample system of etc is without a fault", "[config][check]") {
  const std::string samples = "etc/sample";
  const CheckResult result = check_paths(std::span(&samples, 1));
  if (result.files == 0) return test::skip("the tests do not run in the root of the repository");
  for (const Diagnostic& diagnostic : result.diagnostics) {
    CHECK(to_text(diagnostic) == "");
  }
  CHECK(result.exit_code() == 0);
}

}  // namespace
}  // namespace zinit::test::config_check
