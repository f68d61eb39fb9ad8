// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The surroundings of a container's command (doc/containers.md): a terminal, a read-only root, any
// user; and the output of its services on standard output.
#include "scenario/harness.hpp"
#include "scenario/harness/terminal.hpp"

namespace zinit::test::reexec_container_command {
namespace {

/// PID 1 of a container, with the config directory of a server that is not launched.
Launch container_of(const Server& zinit, Texts arguments) {
  Launch what;
  what.argv = {"zinit-pid1", "--container", "--log-level", "info", "--config-dir", zinit.config()};
  what.argv.insert(what.argv.end(), arguments.begin(), arguments.end());
  what.env = {"ZINIT_TEST_BIN=" + zinit_binary()};
  what.pid_namespace = true;
  return what;
}

/// A command that asks the server beside it; the client finds the server by itself.
const Texts kPing = {"bash", "-c", "exec -a zinitctl $ZINIT_TEST_BIN ping"};

void make_read_only() {
  for (const char* place : {"/tmp", "/run"})
    if (mount(place, place, nullptr, MS_BIND, nullptr) != 0) _exit(125);
  for (const char* place : {"/tmp", "/run", "/"})
    if (mount(nullptr, place, nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr) != 0) _exit(125);
}

TEST_CASE("a shell that is the command of a container has job control", "[container]") {
  if (!can_make_namespaces()) return skip("needs pid namespaces");
  Server zinit;
  Terminal terminal;
  const pid_t pid = terminal.launch_in(container_of(
      zinit, {"--socket", zinit.socket(), "--", "bash", "--norc", "--noediting", "-i"}));
  terminal.type("echo ready$((1+1))\n");
  terminal.await("ready2");

  terminal.type("sleep 1001\n");
  const pid_t interrupted = terminal.await_foreground("sleep 1001");
  terminal.type("\x03");
  CHECK(eventually([&] { return !alive(interrupted); }));
  terminal.type("echo $?=after\n");
  terminal.await("130=after");

  terminal.type("sleep 1002\n");
  const pid_t stopped = terminal.await_foreground("sleep 1002");
  terminal.type("\x1a");
  CHECK(eventually([&] { return proc_stat(stopped, 3) == "T"; }));
  terminal.type("jobs -r; jobs -s\n");
  terminal.await("Stopped");
  terminal.type("fg\n");
  CHECK(terminal.await_foreground("sleep 1002") == stopped);
  terminal.type("\x03");
  CHECK(eventually([&] { return !alive(stopped); }));

  const Json main = zinit.status("main");  // zinit is still there: no signal was for it
  CHECK(main["state"] == "running");
  CHECK(terminal.await_foreground("bash --norc --noediting -i") > 0);
  CHECK(zinit.ctl({"reexec"}).code == 0);
  terminal.type("sleep 1003\n");
  terminal.await_foreground("sleep 1003");
  terminal.type("\x03");
  terminal.type("exit 7\n");
  CHECK(wait_for_exit(pid) == 7);
  CHECK_THAT(terminal.shown(), !Contains("no job control"));
}

TEST_CASE("where nothing can be written to a container goes on without a control socket",
          "[root][container]") {
  if (geteuid() != 0 || !can_make_namespaces()) return skip("needs root and namespaces");
  Server zinit;
  Launch what = container_of(zinit, {"sh", "-c", "echo here; exit 5"});
  what.in_child = make_read_only;
  for (const uid_t uid : {0u, 64126u}) {
    what.uid = uid;
    const Outcome outcome = run(what);
    INFO(outcome.err);
    CHECK(outcome.code == 5);
    CHECK(outcome.out == "here\n");
    const auto lines = lines_of(outcome.err);
    CHECK(std::ranges::count_if(lines, [](const std::string& line) {
            return line.starts_with("warn  zinitctl cannot connect, because there is no control") &&
                   line.ends_with("/run/zinit.sock: Read-only file system");
          }) == 1);
  }
}

TEST_CASE("a container of any user has its socket where that user's client looks for it",
          "[root][container]") {
  if (geteuid() != 0 || !can_make_namespaces()) return skip("needs root and namespaces");
  constexpr uid_t user = 64127;
  const std::string folder = "/tmp/zinit-" + std::to_string(user);
  if (access(folder.c_str(), F_OK) == 0) return skip("somebody has " + folder);
  Server zinit({.uid = user});
  Launch what = container_of(zinit, kPing);
  what.uid = user;
  Outcome outcome = run(what);
  CHECK(outcome.code == 0);
  CHECK_THAT(outcome.out, Contains("pid 1"));
  CHECK_THAT(outcome.err, Contains("the control socket is " + folder + "/zinit.sock"));
  CHECK(rmdir(folder.c_str()) == 0);  // the socket itself is gone

  REQUIRE(mkdir(zinit.path("runtime").c_str(), 0700) == 0);
  REQUIRE(chown(zinit.path("runtime").c_str(), user, user) == 0);
  what.env.push_back("XDG_RUNTIME_DIR=" + zinit.path("runtime"));
  outcome = run(what);
  CHECK(outcome.code == 0);
  CHECK_THAT(outcome.err, Contains("the control socket is " + zinit.path("runtime/zinit.sock")));
}

TEST_CASE("root's container that cannot write to /run has its socket in /tmp",
          "[root][container]") {
  if (geteuid() != 0 || !can_make_namespaces()) return skip("needs root and namespaces");
  if (access("/tmp/zinit-0", F_OK) == 0) return skip("somebody has /tmp/zinit-0");
  Server zinit;
  Launch what = container_of(zinit, kPing);
  what.in_child = [] {
    if (mount("tmpfs", "/run", "tmpfs", MS_RDONLY, nullptr) != 0) _exit(125);
  };
  const Outcome outcome = run(what);
  CHECK(outcome.code == 0);
  CHECK_THAT(outcome.out, Contains("pid 1"));
  CHECK_THAT(outcome.err, Contains("the control socket is /tmp/zinit-0/zinit.sock"));
  CHECK(rmdir("/tmp/zinit-0") == 0);
}

TEST_CASE("a socket that a container was told and cannot make keeps its command from nothing",
          "[container]") {
  if (!can_make_namespaces()) return skip("needs pid namespaces");
  Server zinit;
  write_file(zinit.path("file"), "");
  const std::string place = zinit.path("file/zinit.sock");
  const Outcome outcome = run(container_of(zinit, {"--socket", place, "sh", "-c", "exit 6"}));
  CHECK(outcome.code == 6);
  CHECK_THAT(outcome.err, Contains("there is no control socket") && Contains(zinit.path("file")));
}

TEST_CASE("with --console the output of every service is on standard output, if its file agrees",
          "[container]") {
  const bool namespaces = can_make_namespaces();
  if (!namespaces) skip("needs pid namespaces, in part");
  for (const bool container : {false, true}) {
    if (container && !namespaces) continue;
    Server zinit({.arguments = {"--console"}, .container = container, .settings = true});
    write_file(zinit.path("zinit.toml"), "[defaults]\nconsole = false\n");
    zinit.add("talker", {.exec = "echo hello; exec sleep 100000"});
    zinit.add("quiet", {.exec = "echo secret; echo said >> $T; exec sleep 100000",
                        .more = "[logging]\nconsole = false\n"});
    zinit.boot({"talker", "quiet"});
    zinit.await_trace("said");
    CHECK(eventually([&] { return zinit.output() == "talker: hello\n"; }));
    REQUIRE(zinit.ctl({"reexec"}).code == 0);
    zinit.reconnect();
    zinit.restart("talker");
    CHECK(eventually([&] { return zinit.output() == "talker: hello\ntalker: hello\n"; }));
    zinit.result("service.set",
                 R"({"persist":false,"config":{"service":{"name":"new","exec":"echo new"}}})");
    zinit.start("new");
    CHECK(eventually([&] { return zinit.output().ends_with("new: new\n"); }));
  }
}

TEST_CASE("the service files of the sample image are without a fault", "[container]") {
  const std::string sample = "etc/container/zinit";
  if (access(sample.c_str(), F_OK) != 0)
    return skip("the tests do not run in the root of the clone");
  const Outcome outcome = run({.argv = {"zinitctl", "--json", "check", sample}});
  INFO(outcome.out);
  CHECK(outcome.code == 0);  // a program missing on this machine is only a warning
  const auto report = Json::parse(outcome.out);
  REQUIRE(report);
  CHECK((*report)["files"] == 4);
}

}  // namespace
}  // namespace zinit::test::reexec_container_command
