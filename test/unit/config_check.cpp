// check without a server: files, directories, the graph that they make, and what is strict.
#include <catch2/catch.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include <string>
#include <vector>

#include "config/check.hpp"
#include "support/temp_dir.hpp"

using namespace zinit;
using test::TempDir;

namespace {

using Lines = std::vector<std::string>;

Lines lines_of(const CheckResult& result) {
  Lines lines;
  for (const Diagnostic& diagnostic : result.diagnostics) lines.push_back(to_text(diagnostic));
  return lines;
}

CheckResult check(const std::vector<std::string>& paths) { return check_paths(paths); }

}  // namespace

TEST_CASE("good files are checked without a word", "[config][check]") {
  const TempDir directory;
  directory.write("a.toml", "[service]\nexec = 'a'\n[dependencies]\nrequires = ['b']\n");
  directory.write("b.toml", "[target]\n");
  const CheckResult result = check({directory.path()});
  CHECK(lines_of(result).empty());
  CHECK(result.files == 2);
  CHECK(result.exit_code() == 0);
}

TEST_CASE("what is unknown is an error", "[config][check]") {
  const TempDir directory;
  const std::string file =
      directory.write("a.toml", "[service]\nexec = 'a'\nexecs = 'b'\n[helth]\n");
  const CheckResult result = check({file});
  CHECK(lines_of(result) ==
        Lines{file + ":3:1: error: service.execs: unknown key, did you mean \"exec\"?",
              file + ":4:2: error: helth: unknown section, sections are [service], "
                     "[dependencies], [lifecycle], [logging], [limits], [process], [resources], "
                     "[target]"});
  CHECK(result.exit_code() == 1);
}

TEST_CASE("a name that nothing has is a warning where it stands", "[config][check]") {
  const TempDir directory;
  const std::string file =
      directory.write("a.toml",
                      "[service]\nexec = 'a'\n[dependencies]\nrequires = ['b']\nafter = ['a-1', "
                      "'b']\nwants = ['c']\nconflicts = ['d']\n");
  const CheckResult result = check({directory.path()});
  const std::string effect = "; until it is added this has no effect";
  CHECK(lines_of(result) ==
        Lines{file + ":4:13: warning: dependencies.requires: nothing is named \"b\"; until it is "
                     "added the service cannot start",
              file + ":5:10: warning: dependencies.after: nothing is named \"a-1\"" + effect,
              file + ":5:17: warning: dependencies.after: nothing is named \"b\"" + effect,
              file + ":6:10: warning: dependencies.wants: nothing is named \"c\"" + effect,
              file + ":7:14: warning: dependencies.conflicts: nothing is named \"d\"" + effect});
  CHECK(result.exit_code() == 0);
}

TEST_CASE("a name that is mistyped is told with the one that is meant", "[config][check]") {
  const TempDir directory;
  const std::string file =
      directory.write("a.toml", "[service]\nexec = 'a'\n[dependencies]\nrequires = ['databse']\n");
  directory.write("database.toml", "[target]\n");
  CHECK(lines_of(check({directory.path()})) ==
        Lines{file + ":4:13: warning: dependencies.requires: nothing is named \"databse\", did you "
                     "mean \"database\"?; until it is added the service cannot start"});
}

TEST_CASE("faults of the graph stand among those of the file, in order", "[config][check]") {
  const TempDir directory;
  const std::string a =
      directory.write("a.toml", "[service]\nexec = 'a'\n[dependencies]\nrequires = ['b']\n[wat]\n");
  const std::string b =
      directory.write("b.toml", "[service]\nexec = 'b'\n[dependencies]\nafter = ['a']\n");
  const std::string c =
      directory.write("c.toml", "[service]\nexec = 'c'\n[dependencies]\nconflicts = ['c']\n");
  const CheckResult result = check({directory.path()});
  REQUIRE(result.diagnostics.size() == 4);
  CHECK_THAT(to_text(result.diagnostics[0]),
             Catch::StartsWith(a + ":4:13: error: dependencies.requires: a cycle: a -> b -> a"));
  CHECK(result.diagnostics[0].key == "dependencies.requires");
  CHECK_THAT(to_text(result.diagnostics[1]), Catch::StartsWith(a + ":5:2: error: wat: unknown"));
  CHECK_THAT(to_text(result.diagnostics[2]),
             Catch::StartsWith(b + ":4:10: error: dependencies.after: a cycle: b -> a -> b"));
  CHECK_THAT(to_text(result.diagnostics[3]), Catch::StartsWith(c + ":4:14: error: "));
  CHECK(result.exit_code() == 1);
}

TEST_CASE("a file with faults of its own is told of those of its place as well",
          "[config][check]") {
  const TempDir directory;
  const std::string a = directory.write(
      "a.toml", "[service]\noneshot = 5\nexec = 'a'\n[dependencies]\nrequires = ['a']\n");
  const std::string b = directory.write(
      "b.toml", "[service]\numask = 5\nexec = 'b'\n[dependencies]\nafter = ['c', 'none']\n");
  const std::string c =
      directory.write("c.toml", "[service]\nexec = 'c'\n[dependencies]\nafter = ['b']\n");
  const Lines lines = lines_of(check({directory.path()}));
  REQUIRE(lines.size() == 6);
  CHECK_THAT(lines[0], Catch::StartsWith(a + ":2:11: error: service.oneshot"));
  CHECK_THAT(lines[1], Catch::StartsWith(a + ":5:13: error: dependencies.requires: a service"));
  CHECK_THAT(lines[2], Catch::StartsWith(b + ":2:9: error: service.umask"));
  CHECK_THAT(lines[3], Catch::StartsWith(b + ":5:10: error: dependencies.after: a cycle"));
  CHECK_THAT(lines[4], Catch::StartsWith(b + ":5:15: warning: dependencies.after: nothing"));
  CHECK_THAT(lines[5], Catch::StartsWith(c + ":4:10: error: dependencies.after: a cycle"));
}

TEST_CASE("all files are told of, the broken beside the good", "[config][check]") {
  const TempDir directory;
  const std::string a = directory.write("a.toml", "exec = \n");
  const std::string b = directory.write("b.toml", "[service]\n");
  directory.write("c.toml", "[target]\n");
  const CheckResult result = check({directory.path()});
  CHECK(
      lines_of(result) ==
      Lines{a + ":1:8: error: a value is missing",
            b + ":1:2: error: service.exec: is missing, must be a string or an array of strings"});
  CHECK(result.files == 3);
  CHECK(result.exit_code() == 1);
}

TEST_CASE("two files of one name are an error of the second", "[config][check]") {
  const TempDir directory;
  const std::string a = directory.write("a.toml", "[target]\nname = 'x'\n");
  const std::string b = directory.write("b.toml", "[target]\nname = 'x'\n");
  CHECK(lines_of(check({directory.path()})) ==
        Lines{b + ":2:8: error: target.name: \"x\" is taken by " + a + ", must be another name",
              a + ":2:8: warning: target.name: \"x\" is the name in " + b +
                  " too, which is left out"});
}

TEST_CASE("what was named and cannot be read is an error", "[config][check]") {
  const TempDir directory;
  const std::string none = directory / "none.toml", fifo = directory / "fifo.toml";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  CHECK(lines_of(check({none, fifo})) ==
        Lines{none + ":1:1: error: cannot open " + none + ": No such file or directory",
              fifo + ":1:1: error: cannot read " + fifo + ": it is not a regular file"});
  const CheckResult missing = check({directory / "none"});
  CHECK(missing.exit_code() == 1);
  REQUIRE(missing.diagnostics.size() == 1);
  CHECK(missing.diagnostics[0].at.line == 1);
  CHECK(missing.diagnostics[0].at.column == 1);
}

TEST_CASE("a file is checked whatever its name ends in", "[config][check]") {
  const TempDir directory;
  const std::string file = directory.write("a.toml.new", "[service]\n");
  CHECK(check({file}).diagnostics.size() == 1);
  CHECK(check({directory.write("b", "[target]\n")}).exit_code() == 0);
}

TEST_CASE("a directory like /etc/zinit is checked with its parts and settings", "[config][check]") {
  const TempDir directory;
  for (const char* part : {"system", "services", "targets"}) {
    REQUIRE(::mkdir((directory / part).c_str(), 0700) == 0);
  }
  directory.write("system/a.toml", "[service]\nexec = 'a'\n[dependencies]\nrequires = ['t']\n");
  const std::string b = directory.write("services/b.toml", "[service]\n");
  directory.write("targets/t.toml", "[target]\n");
  const std::string settings = directory.write("zinit.toml", "log_levle = 'info'\n");
  const CheckResult result = check({directory.path()});
  CHECK(
      lines_of(result) ==
      Lines{settings + ":1:1: error: log_levle: unknown key, did you mean \"log_level\"?",
            b + ":1:2: error: service.exec: is missing, must be a string or an array of strings"});
  CHECK(result.files == 4);
  CHECK(check({settings}).diagnostics.size() == 1);
}

TEST_CASE("a directory like /etc/zinit is checked with the vendor's files", "[config][check]") {
  const TempDir root;
  for (const char* part : {"etc/zinit/services", "usr/lib/zinit/services/b.toml.d"}) {
    std::filesystem::create_directories(root / part);
  }
  root.write("etc/zinit/services/a.toml",
             "[service]\nexec = 'a'\n[dependencies]\nrequires = ['b']\n");
  const std::string b = root.write("usr/lib/zinit/services/b.toml", "[service]\n");
  const std::string drop_in =
      root.write("usr/lib/zinit/services/b.toml.d/x.toml", "[service]\nexce = 'b'\n");
  const Lines expected = {
      b + ":1:2: error: service.exec: is missing, must be a string or an array of strings",
      drop_in + ":2:1: error: service.exce: unknown key, did you mean \"exec\"?"};
  CHECK(lines_of(check({root / "etc/zinit"})) == expected);
  CHECK(lines_of(check({root / "etc/zinit/"})) == expected);
  CHECK(lines_of(check({b})) == expected);
  CHECK(lines_of(check({drop_in})) == expected);  // with what it is laid over
}

TEST_CASE("a drop-in of one's own is checked with the vendor's file", "[config][check]") {
  const TempDir root;
  for (const char* part : {"etc/zinit/services/b.toml.d", "usr/lib/zinit/services"}) {
    std::filesystem::create_directories(root / part);
  }
  root.write("usr/lib/zinit/services/b.toml", "[service]\nexec = 'b'\n");
  const std::string drop_in =
      root.write("etc/zinit/services/b.toml.d/x.toml", "service.umask = 'x'\n");
  CHECK(lines_of(check({drop_in})).size() == 1);
  CHECK(check({drop_in}).files == 2);
  CHECK(check({drop_in}).diagnostics[0].file == drop_in);
}

TEST_CASE("a name that is masked is told so", "[config][check]") {
  const TempDir directory;
  const std::string file =
      directory.write("a.toml", "[service]\nexec = 'a'\n[dependencies]\nrequires = ['b']\n");
  REQUIRE(::symlink("/dev/null", (directory / "b.toml").c_str()) == 0);
  CHECK(lines_of(check({directory.path()})) ==
        Lines{file + ":4:13: warning: dependencies.requires: \"b\" is masked by " +
              directory / "b.toml" + "; until it is unmasked the service cannot start"});
}

TEST_CASE("[defaults] of zinit.toml count in a check of the whole", "[config][check]") {
  const TempDir directory;
  REQUIRE(::mkdir((directory / "services").c_str(), 0700) == 0);
  directory.write("zinit.toml", "[defaults]\nrestart_delay_ms = 500\n");
  const std::string file = directory.write(
      "services/a.toml", "[service]\nexec = 'a'\n[lifecycle]\nrestart_delay_max_ms = 400\n");
  CHECK(lines_of(check({directory.path()})) ==
        Lines{file + ":4:24: error: lifecycle.restart_delay_max_ms: 400 is less than "
                     "restart_delay_ms, must be at least 500"});
}

TEST_CASE("the places of a mode are checked as a server would read them", "[config][check]") {
  const TempDir directory;
  const std::string file = directory.write("a.toml", "[service]\nname = 5\nexec = 'a'\n");
  Places places;
  places.directories = {{directory.path(), false, true}, {directory / "none", false, false}};
  places.settings_file = directory / "zinit.toml";
  CHECK(lines_of(check_places(places)) ==
        Lines{file + ":2:8: error: service.name: 5 is an integer, must be a name"});
  places.settings_named = true;
  places.directories.push_back({directory / "named", false, true});
  const CheckResult result = check_places(places);
  CHECK(result.diagnostics.size() == 3);
  CHECK(result.exit_code() == 1);
}
