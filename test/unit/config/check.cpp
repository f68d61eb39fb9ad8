// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// check without a server: files, directories, their graph, and strictness.
#include "config/check.hpp"
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

}  // namespace
}  // namespace zinit::test::config_check
