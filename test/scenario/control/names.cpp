// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The behaviour of each name of the binary (control.md, "One binary, many names").
#include "scenario/harness.hpp"
namespace zinit::test::control_names {
namespace {

Outcome called(Texts argv, Texts env = {}) {
  Launch what;
  what.argv = std::move(argv);
  what.env = std::move(env);
  return run(what);
}

TEST_CASE("an unknown name prints the list of names and exits with 2", "[names]") {
  const Outcome outcome = called({"zinitd"});
  CHECK(outcome.code == 2);
  CHECK(outcome.out == "");
  for (const char* name : {"zinitctl", "zinit", "zinit-server", "zinit-pid1", "init", "poweroff",
                           "reboot", "halt", "shutdown"}) {
    CHECK_THAT(outcome.err, Contains(name));
  }
}

TEST_CASE("zinit is the server by its first word and the client by any other", "[names]") {
  Server zinit;
  zinit.boot();
  const Outcome ping = called({"zinit", "--socket", zinit.socket(), "ping"});
  CHECK(ping.code == 0);
  CHECK_THAT(ping.out, Contains(std::to_string(zinit.pid())));
  CHECK(called({"zinit", "ping"}, {"ZINIT_SOCKET=" + zinit.socket()}).code == 0);
  CHECK(called({"zinit", "ping"}, {"ZINIT_SOCKET=/nonexistent"}).code == 5);
}

TEST_CASE("zinit tells its version and its usage", "[names]") {
  for (const char* name : {"zinit", "zinitctl", "zinit-server"}) {
    INFO(name);
    const Outcome version = called({name, "--version"});
    CHECK(version.code == 0);
    CHECK_THAT(version.out, Contains("0."));
    const Outcome help = called({name, "--help"});
    CHECK(help.code == 0);
    CHECK_FALSE(help.out.empty());
  }
}

TEST_CASE("a program that a version or a new file's name follows is still zinit", "[names]") {
  for (const char* name :
       {"zinit-0.2.0", "zinit.new", "/opt/zinit-server-2", "/usr/local/bin/zinitctl"}) {
    INFO(name);
    CHECK(called({name, "--version"}).code == 0);
  }
  for (const char* name : {"zinit-new", "zinitd", "poweroff.old"}) {
    INFO(name);
    CHECK(called({name, "--version"}).code == 2);
  }
}

TEST_CASE("zinit as PID 1 is the client by its first word alone", "[names][container]") {
  if (!can_make_namespaces()) return skip("needs pid namespaces");
  const auto as_pid1 = [](Texts argv) {
    Launch what;
    what.argv = std::move(argv);
    what.env = {"ZINIT_SOCKET=/nonexistent"};
    what.pid_namespace = true;
    return run(what).code;
  };
  const TempDir dir;
  CHECK(as_pid1({"zinitctl", "list"}) == 5);
  CHECK(as_pid1({"zinit", "ping"}) == 5);
  CHECK(as_pid1({"zinit", "--version"}) == 0);
  CHECK(as_pid1({"zinit", "--container", "--config-dir", dir.path(), "--socket", dir / "s", "--",
                 "sh", "-c", "exit 3", "start"}) == 3);
  CHECK(as_pid1({"zinit", "--container", "--config-dir", dir.path(), "--socket", dir / "s", "sh",
                 "-c", "exit 4", "--version"}) == 4);
}

TEST_CASE("zinit-server is the standalone supervisor, and its environment names its places",
          "[check][names]") {
  CHECK(called({"zinit-server", "--log-level", "loud"}).code == 2);
  Server zinit({.argv = {"zinit-server"}, .by_environment = true});
  zinit.add("a");
  zinit.boot({"a"});
  CHECK(zinit.result("system.info")["mode"] == "standalone");
}

TEST_CASE("zinit-pid1 that is not PID 1 runs its command as a child subreaper", "[names]") {
  const TempDir dir;
  const Texts options = {"zinit-pid1", "--container", "--config-dir",
                         dir.path(),   "--socket",    dir / "s"};
  const auto with = [&](Texts command) {
    command.insert(command.begin(), options.begin(), options.end());
    return called(command);
  };
  const Outcome outcome = with({"sh", "-c", "exit 5"});
  CHECK(outcome.code == 5);
  CHECK_THAT(outcome.err, Contains("zinit runs as a child subreaper"));
  CHECK(lines_of(outcome.err).size() == 1);
  // An orphan becomes a child of zinit, not of process 1.
  CHECK(with({"sh", "-c",
              "up=$PPID; (sh -c 'sleep 0.1; ps -o ppid= -p $$ > " + (dir / "parent") +
                  "' &); while ! [ -s " + (dir / "parent") + " ]; do sleep 0.01; done; [ $(cat " +
                  (dir / "parent") + ") = $up ]"})
            .code == 0);
}

TEST_CASE("the log level is set by option or by environment", "[check][names]") {
  const auto messages_at = [](Texts arguments, Texts env) {
    Server zinit({.arguments = std::move(arguments), .env = std::move(env)});
    zinit.add("a");
    zinit.boot({"a"});
    zinit.shut_down();
    return zinit.messages();
  };
  CHECK(messages_at({"--log-level", "error"}, {}) == "");
  CHECK(messages_at({"--log-level", "error"}, {"ZINIT_LOG_LEVEL=debug"}) == "");
  CHECK_THAT(messages_at({}, {"ZINIT_LOG_LEVEL=debug"}), Contains("debug"));
}

}  // namespace
}  // namespace zinit::test::control_names
