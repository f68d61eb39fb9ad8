// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Things that a service names and this machine lacks, as zinitctl check finds them.
#include "client/absences.hpp"
#include "base/format.hpp"
#include "support/test.hpp"
#include "unit/config/text.hpp"

namespace zinit::test::client_absences {
namespace {

/// "SECTION.KEY: TEXT" for each missing thing; with the element's number if it is not 0.
Texts absent(const std::string& text, const std::optional<Controllers>& controllers = {}) {
  const ParsedSpec parsed = parse_spec(text, "f.toml");
  REQUIRE(parsed.diagnostics.empty());
  Texts lines;
  for (const Absence& one : absences_in({}, controllers)(*parsed.spec)) {
    const std::string number = one.index > 0 ? fmt::format("[{}]", one.index) : "";
    lines.push_back(fmt::format("{}.{}{}: {}", one.section, one.key, number, one.text));
  }
  return lines;
}

Texts absent_exec(const std::string& exec) { return absent("[service]\nexec = " + exec + "\n"); }

/// Makes an executable file.
std::string program(const TempDir& directory, const std::string& name, const std::string& text) {
  const std::string path = directory.write(name, text);
  REQUIRE(::chmod(path.c_str(), 0755) == 0);
  return path;
}

TEST_CASE("nothing is said of what is there", "[client][check]") {
  const TempDir directory;
  const std::string run = program(directory, "run", "#!/bin/sh\n");
  CHECK(absent_exec("['sh']").empty());
  CHECK(absent_exec("'" + run + " --all'").empty());
  CHECK(absent_exec("'exec " + run + " $A'").empty());
  CHECK(absent("[service]\nexec = './run'\ndir = '" + directory.path() +
               "'\nuser = 'root'\ngroup = 0\ngroups = ['root', 4242]\nenv_file = ['" +
               directory.write("env", "") + "', '-/nonexistent/env']\n")
            .empty());
}

TEST_CASE("a program that is not there, or cannot be executed, is told", "[client][check]") {
  const TempDir directory;
  const std::string none = directory / "none", plain = directory.write("plain", "");
  const std::string script = program(directory, "script", "#!" + none + " -x\n");
  CHECK(absent_exec("'" + none + " a'") == Texts{"service.exec: " + none + " does not exist"});
  CHECK(absent_exec("'" + plain + "'") == Texts{"service.exec: " + plain + " is not executable"});
  CHECK(absent_exec("'" + directory.path() + "'") ==
        Texts{"service.exec: " + directory.path() + " is not a regular file"});
  CHECK(absent_exec("'" + script + "'") ==
        Texts{"service.exec: " + script + " cannot be executed: its interpreter " + none +
              " does not exist"});
  CHECK(absent_exec("['zinit-no-such-program', 'x']") ==
        Texts{"service.exec: no program \"zinit-no-such-program\" in PATH"});
  // In a command for the shell, check looks for the first program, if that is certain.
  CHECK(absent_exec("'" + none + " $A'") == Texts{"service.exec: " + none + " does not exist"});
  CHECK(absent_exec("'zinit-no-such-program || true'").size() == 1);
  CHECK(absent_exec("'[ -x " + none + " ] || " + none + "'").empty());
}

TEST_CASE("each command of a service is looked for", "[client][check]") {
  const std::string head = "[service]\nexec = 'true'\n";
  CHECK(absent(head + "pre_exec = [['true'], ['/nonexistent/a']]\npost_exec = '/nonexistent/b'\n" +
               "stop_exec = '/nonexistent/c'\nreload_exec = '/nonexistent/d'\n" +
               "[health]\ntype = 'exec'\nexec = '/nonexistent/e'\n") ==
        Texts{"service.pre_exec[1]: /nonexistent/a does not exist",
              "service.post_exec: /nonexistent/b does not exist",
              "service.stop_exec: /nonexistent/c does not exist",
              "service.reload_exec: /nonexistent/d does not exist",
              "health.exec: /nonexistent/e does not exist"});
}

TEST_CASE("a PATH of the service's own is the one that counts", "[client][check]") {
  const TempDir directory;
  program(directory, "zinit-own-program", "#!/bin/sh\n");
  const std::string head = "[service]\nexec = ['zinit-own-program']\n";
  CHECK(absent(head).size() == 1);
  CHECK(absent(head + "env = { PATH = '" + directory.path() + "' }\n").empty());
  CHECK(absent("[service]\nexec = ['sh']\nenv = { PATH = '" + directory.path() + "' }\n").size() ==
        1);
  // A file of variables may set another PATH.
  CHECK(absent(head + "env_file = '" + directory.write("env", "") + "'\n").empty());
}

TEST_CASE("users, groups, directories and environment files that are not there are told",
          "[client][check]") {
  CHECK(absent("[service]\nexec = 'true'\nuser = 'no-such-user'\ngroup = 'no-such-group'\n"
               "groups = ['root', 'no-such-group']\nenv_file = ['-/nonexistent/a', "
               "'/nonexistent/b']\ndir = '/nonexistent/c'\n") ==
        Texts{"service.user: cannot find user no-such-user in /etc/passwd",
              "service.group: cannot find group no-such-group in /etc/group",
              "service.groups[1]: cannot find group no-such-group in /etc/group",
              "service.env_file[1]: /nonexistent/b does not exist",
              "service.dir: /nonexistent/c does not exist"});
  const TempDir directory;
  const std::string lines = directory.write("env", "A=1\nB='open\nC\n");
  CHECK(absent("[service]\nexec = 'true'\nenv_file = '-" + lines + "'\n") ==
        Texts{"service.env_file: " + lines +
                  ":2: line ignored: it must be KEY=value, and a quote must be closed",
              "service.env_file: " + lines +
                  ":3: line ignored: it must be KEY=value, and a quote must be closed"});
  CHECK(absent("[service]\nexec = 'true'\ndir = '/etc/passwd'\n") ==
        Texts{"service.dir: /etc/passwd is not a directory"});
  // zinit makes these before the start.
  CHECK(absent("[service]\nexec = 'true'\ndir = '/run/zinit-none/a'\nruntime_dir = "
               "'zinit-none/a'\n")
            .empty());
}

TEST_CASE("programs and the directory are looked for below the service's root", "[client][check]") {
  const TempDir root;
  std::filesystem::create_directories(root / "bin");
  std::filesystem::create_directories(root / "srv");
  program(root, "bin/run", "");
  const std::string process = "[process]\nroot = '" + root.path() + "'\n";
  CHECK(absent("[service]\nexec = '/bin/run'\ndir = '/srv'\n" + process).empty());
  CHECK(absent("[service]\nexec = ['run']\n" + process).empty());
  CHECK(absent("[service]\nexec = '/bin/sh'\ndir = '/etc'\n" + process) ==
        Texts{"service.dir: /etc below " + root.path() + " does not exist",
              "service.exec: /bin/sh below " + root.path() + " does not exist"});
  CHECK(absent("[service]\nexec = '/bin/run'\n[process]\nroot = '/nonexistent/r'\n") ==
        Texts{"process.root: /nonexistent/r does not exist"});
}

TEST_CASE("more cores than the machine has are told, with what may be meant", "[client][check]") {
  const std::string head = "[service]\nexec = 'true'\n[resources]\ncpu_max = ";
  CHECK(absent(head + "'50%'\n").empty());
  CHECK(absent(head + "'1'\n").empty());
  CHECK(absent(head + "'8000'\n") ==
        Texts{fmt::format("resources.cpu_max: allows 8000 cores, and this machine has {}; half of "
                          "one core is \"50%\"",
                          ::sysconf(_SC_NPROCESSORS_CONF))});
}

TEST_CASE("limits without their controller are told, if the controllers are known",
          "[client][check]") {
  const std::string head = "[service]\nexec = 'true'\n[resources]\n";
  const std::string all = head +
                          "memory_high = '1M'\nmemory_max = '2M'\nswap_max = 0\ncpu_max = '1'\n"
                          "cpu_weight = 10\nio_weight = 10\npids_max = 5\n";
  CHECK(absent(all).empty());
  CHECK(absent(all, Controllers{{"cpu", "io", "memory", "pids"}, "it has"}).empty());
  CHECK(absent(all, Controllers{{"cpu", "pids"}, "it has"}) ==
        Texts{"resources.memory_high: has no effect: it has no controller memory",
              "resources.memory_max: has no effect: it has no controller memory",
              "resources.swap_max: has no effect: it has no controller memory",
              "resources.io_weight: has no effect: it has no controller io"});
  CHECK(absent(head + "cpu_max = '1'\n", Controllers{{}, "it has"}) ==
        Texts{"resources.cpu_max: has no effect: it has no controller cpu"});
  CHECK(absent("[service]\nexec = 'true'\n", Controllers{{}, "it has"}).empty());
}

}  // namespace
}  // namespace zinit::test::client_absences
