// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// check without a server: files, directories, their graph, and strictness.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include <string>
#include <vector>

#include "base/format.hpp"
#include "config/check.hpp"
#include "support/catch.hpp"
#include "support/temp_dir.hpp"

namespace config_check_test {

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
      directory.write("a.toml", "[service]\nexec = 'a'\nexecs = 'b'\n[xyzzy]\n");
  const CheckResult result = check({file});
  CHECK(lines_of(result) ==
        Lines{file + ":3:1: error: service.execs: unknown key, did you mean \"exec\"?",
              file + ":4:2: error: xyzzy: unknown section, sections are [service], "
                     "[dependencies], [lifecycle], [health], [readiness], [logging], [limits], "
                     "[process], [resources], [socket], [timer], [path], [condition], [target], "
                     "[proxy]"});
  CHECK(result.exit_code() == 1);
}

TEST_CASE("a time that never comes is a warning where it stands", "[config][check]") {
  const TempDir directory;
  const std::string file = directory.write(
      "a.toml",
      "[service]\nexec = 'a'\n[timer]\ncalendar = ['daily', '*-02-30']\ncron = '0 0 31 4 *'\n");
  const CheckResult result = check({file});
  CHECK(lines_of(result) == Lines{file + ":4:22: warning: timer.calendar: \"*-02-30\" is never due",
                                  file + ":5:8: warning: timer.cron: \"0 0 31 4 *\" is never due"});
  CHECK(result.exit_code() == 0);
}

TEST_CASE("drop-ins of an instance that only a start makes are checked, each once",
          "[config][check]") {
  const TempDir directory;
  directory.write("e@.toml", "[service]\nexec = 'a'\n");
  directory.write("b.toml", "[service]\nexec = 'a'\n[dependencies]\nwants = ['e@named']\n");
  for (const std::string name : {"named", "other"}) {
    const std::string folder = "e@" + name + ".toml.d";
    std::filesystem::create_directory(directory.path() + "/" + folder);
    directory.write(folder + "/x.toml", "[service]\numask = 5\n");
  }
  const CheckResult result = check({directory.path()});
  CHECK(result.files == 4);
  REQUIRE(result.diagnostics.size() == 2);
  for (const Diagnostic& fault : result.diagnostics) CHECK(fault.key == "service.umask");
  CHECK(result.diagnostics[0].file != result.diagnostics[1].file);
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

TEST_CASE("a name with the suffix of a file is told without it", "[config][check]") {
  const TempDir directory;
  const std::string file = directory.write(
      "a.toml",
      "[service]\nexec = 'a'\n[dependencies]\nrequires = ['b.service']\nwants = ['c.toml']\n");
  directory.write("b.toml", "[target]\n");
  const std::string start = ": names have no suffix here, write ";
  CHECK(lines_of(check({directory.path()})) ==
        Lines{file + ":4:13: warning: dependencies.requires: nothing is named \"b.service\"" +
                  start + "\"b\"",
              file + ":5:10: warning: dependencies.wants: nothing is named \"c.toml\"" + start +
                  "\"c\""});
  directory.write("b.service.toml", "[target]\n");
  CHECK(lines_of(check({directory.path()})).size() == 1);  // it may have that name
}

TEST_CASE("what is absent is a warning where it is named, in drop-ins too", "[config][check]") {
  const TempDir directory;
  const std::string file = directory.write(
      "a.toml", "[service]\nexec = ['a', 'b']\npre_exec = [\n['c'],\n['d']]\nuser = 'me'\n");
  std::filesystem::create_directories(file + ".d");
  const std::string drop_in = directory.write("a.toml.d/1.toml", "service.user = 'you'\n");
  const std::vector<std::string> paths{directory.path()};
  const CheckResult result = check_paths(paths, {}, [](const ServiceSpec& spec) {
    return std::vector<Absence>{{"service", "user", 0, "no " + *spec.user},
                                {"service", "exec", 0, "no a"},
                                {"service", "pre_exec", 1, "no d"},
                                {"service", "dir", 0, "no dir"}};
  });
  CHECK(lines_of(result) == Lines{file + ":1:1: warning: service.dir: no dir",
                                  file + ":2:9: warning: service.exec: no a",
                                  file + ":5:1: warning: service.pre_exec: no d",
                                  drop_in + ":1:16: warning: service.user: no you"});
  CHECK(result.exit_code() == 0);
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

TEST_CASE("a file with faults of its own is reported with those of its place as well",
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

TEST_CASE("all files are reported, the broken beside the good", "[config][check]") {
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
        Lines{b + ":2:8: error: target.name: \"x\" is already the name in " + a,
              a + ":2:8: warning: target.name: \"x\" is also the name in " + b +
                  ", which is ignored"});
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
      drop_in + ":2:1: error: service.exce: unknown key, did you mean \"exec\"?",
      drop_in + ":2:1: error: service.exec: is missing, must be a string or an array of strings"};
  CHECK(lines_of(check({root / "etc/zinit"})) == expected);
  CHECK(lines_of(check({root / "etc/zinit/"})) == expected);
  CHECK(lines_of(check({b})) == expected);
  CHECK(lines_of(check({drop_in})) == expected);  // together with the file below it
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

TEST_CASE("[defaults] of the server's zinit.toml count for files that are checked without one",
          "[config][check]") {
  const TempDir directory;
  const std::string settings =
      directory.write("zinit.toml", "log_level = 5\n[defaults]\nrestart_delay_ms = 500\n");
  const std::vector<std::string> file{directory.write(
      "a.toml", "[service]\nexec = 'a'\n[lifecycle]\nrestart_delay_max_ms = 400\n")};
  const CheckResult result = check_paths(file, settings);
  CHECK(result.files == 1);  // it does not count as checked
  CHECK(lines_of(result) ==
        Lines{file[0] + ":4:24: error: lifecycle.restart_delay_max_ms: 400 is less than "
                        "restart_delay_ms, must be at least 500"});
  const std::vector<std::string> both{file[0], settings};
  CHECK(lines_of(check_paths(both, directory / "other.toml")).size() == 2);
  CHECK(lines_of(check_paths(file, directory / "none.toml")).size() == 1);
}

TEST_CASE("what is not read is a warning: wrong names, and directories of PID 1",
          "[config][check]") {
  const TempDir directory;
  const std::string services = directory / "services", targets = directory / "targets";
  for (const std::string& path : {services, targets, directory / "services/folder.conf"})
    REQUIRE(::mkdir(path.c_str(), 0700) == 0);
  for (const char* name : {"README.md", "a.toml~", "a.toml.dpkg-old", ".a.toml.swp", "a.toml.bak"})
    directory.write(std::string("services/") + name, "");
  const std::string wrong = directory.write("services/redis.conf", "");
  Places places;
  places.directories = {{services}};
  CHECK(lines_of(check_places(places)) ==
        Lines{targets +
                  ":1:1: warning: is not read, because this server is not PID 1; put its "
                  "services into " +
                  services,
              wrong + ":1:1: warning: is not read: the name of a service file ends in .toml"});
  CHECK(check_places(places).exit_code() == 0);
  CHECK(check_places(places).exit_code(true) == 1);
  places.directories.push_back({targets});
  CHECK(lines_of(check_places(places)).size() == 1);
}

TEST_CASE("an operator of shells among the words of a command is a warning", "[config][check]") {
  const TempDir directory;
  const std::string file =
      directory.write("a.toml", "[service]\nexec = ['echo', '$HOME', '|', 'wc']\n");
  CHECK_THAT(
      lines_of(check({file})).at(0),
      Catch::StartsWith(file + ":2:17: warning: service.exec: \"$HOME\" is an argument here"));
  directory.write("a.toml", "[service]\nexec = ['find', '/', '-exec', 'ls', '{}', ';']\n");
  CHECK(lines_of(check({file})).empty());
}

TEST_CASE("what no shell reads in an array is a warning in each key of commands",
          "[config][check]") {
  const TempDir directory;
  const auto lines = [&](const std::string& more) {
    const std::string file = directory.write("a.toml", "[service]\nexec = 'a'\n" + more);
    return lines_of(check({file}));
  };
  for (const char* key : {"pre_exec", "post_exec", "ready_exec"}) {
    INFO(key);
    for (const char* word : {"$HOME", "x=${HOME}", "|", "/run/web/*"}) {
      INFO(word);
      const auto found = lines(fmt::format("{} = [['true'], ['rm', '{}', '|']]\n", key, word));
      REQUIRE(found.size() == 1);  // the first word of a command
      CHECK_THAT(found[0], Catch::Contains(fmt::format("service.{}: \"{}\" is an arg", key, word)));
    }
  }
  for (const char* key : {"stop_exec", "reload_exec", "check_exec"})
    CHECK(lines(fmt::format("{} = ['kill', '$MAINPID']\n", key)).size() == 1);
  CHECK(lines("[health]\ntype = 'exec'\nexec = ['a', '&&']\n").size() == 1);
  CHECK(lines("[condition]\nexec = ['test', '-e', '$HOME']\n").size() == 1);
  // For a shell, for other languages, and for the program itself.
  CHECK(lines("pre_exec = [['/bin/sh', '-c', 'echo $HOME | wc'], ['awk', '{ print $x }'], "
              "['find', '-name', '*.log'], ['test', '5', '=', '$']]\n")
            .empty());
}

TEST_CASE("a % sequence of templates in the file of one service is a warning", "[config][check]") {
  const TempDir directory;
  const auto lines = [&](const std::string& name, const std::string& text) {
    return lines_of(check({directory.write(name, "[service]\nexec = 'a'\n" + text)}));
  };
  for (const char* text :
       {"env_file = '/etc/%n'\n", "[logging]\nfile = '/var/log/%n.log'\n",
        "[socket]\nlisten = ['unix:/run/%i.sock']\n", "[condition]\npath_exists = '/etc/%n'\n",
        "pre_exec = [['a', '/run/%n']]\n"}) {
    INFO(text);
    REQUIRE(lines("a.toml", text).size() == 1);
    CHECK_THAT(lines("a.toml", text)[0], Catch::Contains(" stays as it is, because this file is "));
  }
  CHECK(lines("a.toml",
              "description = '5 %n'\nenv = { FORMAT = '%n' }\nenv_file = '-/etc/%%n'\n"
              "pre_exec = [['date', '+%n'], ['printf', '%i']]\n")
            .empty());
  CHECK(lines("a@.toml", "env_file = '/etc/%n'\n").empty());
}

TEST_CASE("a default_target that does not exist is a warning", "[config][check]") {
  const TempDir directory;
  std::filesystem::create_directories(directory / "services");
  directory.write("services/a.toml", "[service]\nexec = 'a'\n");
  const std::string file = directory.write("zinit.toml", "\ndefault_target = 'some'\n");
  const std::string line = file + ":2:18: warning: default_target: nothing is named \"some\"";
  CHECK_THAT(lines_of(check({directory.path()})).at(0), Catch::StartsWith(line));
  Places places;
  places.settings_file = file;
  places.directories = {{directory / "services"}};
  CHECK_THAT(lines_of(check_places(places)).at(0), Catch::StartsWith(line));
  CHECK(lines_of(check({file})).empty());  // its services are not known
  directory.write("services/some.toml", "[target]\n");
  CHECK(lines_of(check({directory.path()})).empty());
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

TEST_CASE("a conflict inside of what is required is told at the value that makes it",
          "[config][check]") {
  const TempDir directory;
  const std::string head = "[service]\nexec = 'x'\n[dependencies]\n";
  const auto lines = [&] { return lines_of(check({directory.path()})); };
  SECTION("its own conflict") {
    const std::string file =
        directory.write("a.toml", head + "requires = ['b']\nconflicts = ['c', 'b']\n");
    directory.write("b.toml", "[service]\nexec = 'x'\n");
    directory.write("c.toml", "[service]\nexec = 'x'\n");
    CHECK(lines() == Lines{file + ":5:19: error: dependencies.conflicts: a both requires b and "
                                  "conflicts with it; remove one of the two"});
  }
  SECTION("that of what it requires") {
    const std::string file = directory.write("a.toml", head + "requires = ['c', 'b']\n");
    directory.write("b.toml", head + "requires = ['d']\n");
    directory.write("c.toml", "[service]\nexec = 'x'\n");
    directory.write("d.toml", head + "conflicts = ['a']\n");
    CHECK(lines() == Lines{file + ":4:18: error: dependencies.requires: a both requires d and "
                                  "conflicts with it; remove one of the two"});
  }
  SECTION("that of two") {
    const std::string file = directory.write("a.toml", head + "requires = [\n  'b',\n  'c']\n");
    directory.write("b.toml", head + "conflicts = ['c']\n");
    directory.write("c.toml", "[service]\nexec = 'x'\n");
    CHECK(lines() == Lines{file + ":6:3: error: dependencies.requires: a requires both b and c, "
                                  "which conflict; remove one of the two"});
  }
}

TEST_CASE("a folder of drop-ins is checked as what it is", "[config][check]") {
  const TempDir directory;
  const std::string file = directory.write("a.toml", "[service]\nexec = 'a'\n");
  std::filesystem::create_directories(file + ".d");
  const std::string drop_in = directory.write("a.toml.d/10.toml", "service.umask = '0077'\n");
  for (const std::string& path : {file + ".d", file + ".d/"}) {
    CHECK(lines_of(check({path})).empty());
    CHECK(check({path}).files == 2);
  }
  directory.write("a.toml.d/10.toml", "service.umask = 9\n");
  CHECK(lines_of(check({file + ".d"})).size() == 1);
  CHECK_THAT(lines_of(check({file + ".d"})).at(0), Catch::StartsWith(drop_in + ":1:17: error: "));
}

TEST_CASE("what is named twice is checked once", "[config][check]") {
  const TempDir root;
  const std::string own = root / "etc/zinit/services";
  const std::string vendors = root / "usr/lib/zinit/services";
  for (const std::string& folder : {own, vendors, vendors + "/web.toml.d"})
    std::filesystem::create_directories(folder);
  const std::string text = "[service]\nexec = 'x'\n";
  const std::string a = root.write("etc/zinit/services/a.toml", text);
  root.write("usr/lib/zinit/services/a.toml", text + "name = 'of-the-vendor'\nwrong = 1\n");
  root.write("usr/lib/zinit/services/web.toml", text);
  root.write("usr/lib/zinit/services/web.toml.d/1.toml", "service.umask = '0077'\n");
  std::filesystem::create_symlink(a, own + "/b.toml");  // another service, by its name
  struct {
    std::vector<std::string> paths;
    std::size_t files;
  } const rows[] = {
      {{a, a}, 1},
      {{own, a}, 2},
      {{a, own}, 2},
      {{own, own + "/"}, 2},
      {{own, vendors}, 4},
      {{vendors, own + "/"}, 4},
      {{root / "etc/zinit", root / "usr/lib/zinit"}, 4},
      {{root / "etc/zinit", own, vendors + "/web.toml"}, 4},
  };
  for (const auto& row : rows) {
    INFO(row.paths[0] << " " << row.paths[1]);
    const CheckResult result = check(row.paths);
    CHECK(lines_of(result).empty());
    CHECK(result.files == row.files);
  }
  // Different places: two files.
  CHECK(check({a, root.write("a.toml", text)}).exit_code() == 1);
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
        Lines{top + ":4:18: error: dependencies.requires: top requires both x and y, which "
                    "conflict; remove one of the two"});
  const Lines taken = change("name = 'y'\n");
  REQUIRE(taken.size() == 3);
  CHECK_THAT(taken[0],
             Catch::Contains("y.toml:1:2: error: service.name: \"y\" is already the name in " + x));
  CHECK_THAT(taken[1], Catch::Contains(top + ":4:13: warning: ") && Catch::Contains("\"x\""));
  CHECK_THAT(taken[2], Catch::Contains(x + ":3:8: warning: "));
  CHECK(change("umask = 9\n").size() == 1);
}

}  // namespace config_check_test
