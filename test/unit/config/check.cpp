// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// check without a server: files, directories, their graph, and strictness.
#include "config/check.hpp"
#include "base/format.hpp"
#include "base/text.hpp"
#include "support/test.hpp"

namespace zinit::test::config_check {
namespace {

Texts lines_of(const CheckResult& result) {
  Texts lines;
  for (const Diagnostic& diagnostic : result.diagnostics) lines.push_back(to_text(diagnostic));
  return lines;
}

CheckResult check(const Texts& paths) { return check_paths(paths); }

/// A case of check.golden: `@ NAME` begins a file, `@ NAME -> TARGET` makes a link, and `? PATHS`
/// checks.
std::string checked(const std::string& input) {
  const TempDir directory;
  std::string file, all;
  for (const std::string_view line : split(trim(input), '\n')) {
    if (line.starts_with("@ ")) {
      const auto arrow = line.find(" -> ");
      file = directory / line.substr(2, arrow - 2);
      std::filesystem::create_directories(std::filesystem::path(file).parent_path());
      if (arrow == line.npos) continue;
      const std::string target(line.substr(arrow + 4));
      std::filesystem::create_symlink(target[0] == '/' ? target : directory / target, file);
    } else if (line.starts_with("? ")) {
      Texts paths;
      for (const std::string_view path : split(line.substr(2), ' '))
        paths.push_back(path == "." ? directory.path() : directory / path);
      const CheckResult result = check(paths);
      all += std::string(line) + "\n";
      for (const std::string& text : lines_of(result)) all += text + "\n";
      all += fmt::format("{} files, exit {}\n", result.files, result.exit_code());
    } else {
      std::ofstream(file, std::ios::app) << line << '\n';
    }
  }
  for (std::size_t at = 0; (at = all.find(directory.path() + "/")) != all.npos;)
    all.erase(at, directory.path().size() + 1);
  return all;
}

TEST_CASE("check says of files and directories what the golden file has", "[config][check]") {
  CHECK_GOLDEN_CASES("check", checked);
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

TEST_CASE("what was named and cannot be read is an error", "[config][check]") {
  const TempDir directory;
  const std::string none = directory / "none.toml", fifo = directory / "fifo.toml";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  CHECK(lines_of(check({none, fifo})) ==
        Texts{none + ":1:1: error: cannot open " + none + ": No such file or directory",
              fifo + ":1:1: error: cannot read " + fifo + ": it is not a regular file"});
  const CheckResult missing = check({directory / "none"});
  CHECK(missing.exit_code() == 1);
  REQUIRE(missing.diagnostics.size() == 1);
  CHECK(missing.diagnostics[0].at.line == 1);
  CHECK(missing.diagnostics[0].at.column == 1);
}

TEST_CASE("[defaults] of the server's zinit.toml count for files that are checked without one",
          "[config][check]") {
  const TempDir directory;
  const std::string settings =
      directory.write("zinit.toml", "log_level = 5\n[defaults]\nrestart_delay_ms = 500\n");
  const Texts file{directory.write(
      "a.toml", "[service]\nexec = 'a'\n[lifecycle]\nrestart_delay_max_ms = 400\n")};
  const CheckResult result = check_paths(file, settings);
  CHECK(result.files == 1);  // it does not count as checked
  CHECK(lines_of(result) ==
        Texts{file[0] + ":4:24: error: lifecycle.restart_delay_max_ms: 400 is less than "
                        "restart_delay_ms, must be at least 500"});
  const Texts both{file[0], settings};
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
        Texts{targets +
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
        Texts{file + ":2:8: error: service.name: 5 is an integer, must be a name"});
  places.settings_named = true;
  places.directories.push_back({directory / "named", false, true});
  const CheckResult result = check_places(places);
  CHECK(result.diagnostics.size() == 3);
  CHECK(result.exit_code() == 1);
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
