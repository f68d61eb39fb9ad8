// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// PID 1 of a container in place of tini: its command gets signals unchanged, and the command's exit
// code becomes the container's (doc/containers.md).
#include <linux/capability.h>

#include "scenario/harness.hpp"
#include "scenario/harness/terminal.hpp"

namespace zinit::test::reexec_container_signals {
namespace {

/// Options of a container whose command is this text for a shell.
Server::Options command(const std::string& text, Texts options = {}) {
  options.insert(options.end(), {"--", "bash", "-c", text});
  return {.arguments = std::move(options), .container = true};
}

const std::string kForEver = "echo up >> $T; while :; do sleep 1 & wait; done";

TEST_CASE("a container's command gets every signal as it came, and gives the exit code",
          "[check][container]") {
  if (!can_make_namespaces()) return skip("needs pid namespaces");
  const std::vector<std::pair<int, std::string>> passed = {
      {SIGINT, "INT"},   {SIGQUIT, "QUIT"}, {SIGWINCH, "WINCH"},      {SIGHUP, "HUP"},
      {SIGUSR1, "USR1"}, {SIGUSR2, "USR2"}, {SIGRTMIN + 3, "RTMIN+3"}};
  std::string traps;
  for (const auto& [number, name] : passed)
    traps += "trap 'echo " + name + " >> $T' " + name + "; ";
  Server zinit(command(traps + "trap 'exit 7' TERM; " + kForEver));
  zinit.boot({"main"});
  zinit.await_trace("up");
  for (const bool again : {false, true}) {
    for (const auto& [number, name] : passed) {
      zinit.signal(number);
      zinit.await_trace(name, again ? 2 : 1);
    }
    if (!again) zinit.reexecute();
  }
  CHECK(zinit.shut_down(SIGTERM) == 7);
}

TEST_CASE("a container whose command ends by a signal ends with 128 and that signal",
          "[container]") {
  if (!can_make_namespaces()) return skip("needs pid namespaces");
  for (const int number : {SIGTERM, SIGINT, SIGQUIT}) {
    Server zinit({.arguments = {"--", "sleep", "100000"}, .container = true});
    zinit.add("other", {.exec = tracing("other")});
    zinit.boot({"main", "other"});
    zinit.await_trace("start other");
    CHECK(zinit.shut_down(number) == 128 + number);
    CHECK(zinit.traced("stop other"));
  }
}

TEST_CASE("a command that a client's shutdown stops gives the exit code as well", "[container]") {
  if (!can_make_namespaces()) return skip("needs pid namespaces");
  Server zinit(command("trap 'exit 9' INT; " + kForEver, {"--stop-signal", "SIGINT"}));
  zinit.boot({"main"});
  zinit.await_trace("up");
  zinit.result("system.shutdown");
  CHECK(zinit.exit_code() == 9);
}

TEST_CASE("a container that is stopped before its command was there ends with the signal's code",
          "[container]") {
  if (!can_make_namespaces()) return skip("needs pid namespaces");
  const bool own = GENERATE(false, true);  // whether the signal is that of the command
  Texts words{"--", "sleep", "100000"};
  if (own) words.insert(words.begin(), {"--stop-signal", "USR1"});
  Server zinit({.arguments = words, .container = true});
  zinit.add(
      "first",
      {.exec = tracing("first"), .service = "oneshot = true", .dependencies = "before = ['main']"});
  zinit.boot();
  zinit.await_trace("start first");
  CHECK(zinit.status("main")["state"] == "blocked");
  if (!own) {
    zinit.signal(SIGUSR1);  // means nothing to zinit if a command gets it
    zinit.await_message("SIGUSR1 from outside of the container: not passed on");
  }
  const int number = own ? SIGUSR1 : SIGTERM;
  CHECK(zinit.shut_down(number) == 128 + number);
  CHECK(zinit.traced("stop first"));
}

TEST_CASE("a service that is to come before main does, and check finds nothing wrong with it",
          "[container]") {
  if (!can_make_namespaces()) return skip("needs pid namespaces");
  Server zinit({.arguments = {"--", "sh", "-c", "cat $D/made; exit 3"}, .container = true});
  zinit.add("first", {.exec = "sleep 0.2; echo made > $D/made",
                      .service = "oneshot = true",
                      .dependencies = "before = ['main']"});
  const Outcome checked = zinit.ctl({"check", zinit.config()});
  CHECK(checked.code == 0);
  CHECK_THAT(checked.out, !Contains("warning"));
  zinit.launch();
  CHECK(zinit.exit_code() == 3);
  CHECK(zinit.output() == "made\n");
}

TEST_CASE("with --forward=none a container with a command follows signals itself", "[container]") {
  if (!can_make_namespaces()) return skip("needs pid namespaces");
  Server zinit(command("trap 'echo INT >> $T; exit 4' INT; " + kForEver,
                       {"--forward=none", "--stop-signal", "INT"}));
  zinit.boot({"main"});
  zinit.await_trace("up");
  CHECK(zinit.shut_down(SIGTERM) == 0);
  CHECK(zinit.traced("INT"));
}

TEST_CASE("[defaults] and drop-ins hold for the command", "[container]") {
  if (!can_make_namespaces()) return skip("needs pid namespaces");
  Server::Options options =
      command("trap 'echo HUP $WHOSE >> $T; exit 4' HUP; " + kForEver, {"--forward=none"});
  options.settings = true;
  Server zinit(std::move(options));
  write_file(zinit.path("zinit.toml"), "[defaults]\nstop_signal = 'HUP'\nbuffer_lines = 7\n");
  zinit.put("services/main.toml.d/mine.toml", "[service]\nenv = { WHOSE = 'mine' }\n");
  zinit.boot({"main"});
  zinit.await_trace("up");
  CHECK(zinit.result("service.get", named("main"))["config"]["service"]["critical"] == true);
  CHECK(zinit.status("main")["warnings"].size() == 0);
  zinit.reexecute();
  CHECK(zinit.shut_down(SIGTERM) == 0);
  CHECK(zinit.traced("HUP mine"));
}

TEST_CASE("a file that is called main as the command is refused", "[container]") {
  if (!can_make_namespaces()) return skip("needs pid namespaces");
  Server zinit({.arguments = {"--", "sh", "-c", "exit 6"}, .container = true});
  zinit.add("main", {.exec = "touch $D/wrong; exit 1"});
  zinit.launch();
  CHECK(zinit.exit_code() == 6);
  CHECK_THAT(zinit.messages(), Contains("the name of the command that zinit was given"));
  CHECK(access(zinit.path("wrong").c_str(), F_OK) != 0);
}

TEST_CASE("beside a lone command zinit says nothing, unless somebody must do something",
          "[check][container]") {
  if (!can_make_namespaces()) return skip("needs pid namespaces");
  const auto said = [](const std::string& text, int code, int number = 0) {
    Server zinit({.arguments = {"sh", "-c", text}, .container = true});
    zinit.launch();
    if (number != 0) {
      zinit.await_trace("up");
      zinit.signal(number);
    }
    CHECK(zinit.exit_code() == code);
    return zinit.messages();
  };
  CHECK(said("exit 0", 0) == "");
  CHECK(said("exit 4", 4) == "");
  CHECK(said("kill -KILL $$", 137) == "");
  CHECK(said("echo up >> $T; exec sleep 100000", 143, SIGTERM) == "");
  Server wrong({.arguments = {"/nonexistent/program"}, .container = true});
  wrong.launch();
  CHECK(wrong.exit_code() == 127);
  CHECK_THAT(wrong.messages(), Contains("error main: failed:") && Contains("/nonexistent/program"));
}

TEST_CASE("the log of zinit is as it is set beside a lone command, too", "[container]") {
  if (!can_make_namespaces()) return skip("needs pid namespaces");
  Server zinit({.arguments = {"true"}, .container = true, .settings = true});
  write_file(zinit.path("zinit.toml"), "log_level = 'info'\n");
  zinit.launch();
  CHECK(zinit.exit_code() == 0);
  CHECK_THAT(zinit.messages(), Contains("info  main: starting"));
}

TEST_CASE("a container without a command and without a service ends with 1", "[container]") {
  if (!can_make_namespaces()) return skip("needs pid namespaces");
  if (access("/etc/zinit", F_OK) == 0) return skip("this machine has services of its own");
  const TempDir dir;
  Launch what;
  what.argv = {"zinit-pid1", "--container", "--socket", dir / "s"};
  what.pid_namespace = true;
  const Outcome outcome = run(what);
  CHECK(outcome.code == 1);
  CHECK_THAT(outcome.err,
             Contains("no service file in /etc/zinit/services") && Contains("no command"));
}

TEST_CASE("what engines and people send to stop a container is logged with its sender",
          "[container]") {
  if (!can_make_namespaces()) return skip("needs pid namespaces");
  Server zinit({.container = true});
  zinit.add("a");
  zinit.boot({"a"});
  for (int i = 0; i < 2; ++i) {
    zinit.signal(SIGWINCH);
    zinit.await_message("SIGWINCH from outside of the container: ignored; SIGTERM shuts down");
    if (i == 0) zinit.reexecute();
  }
  CHECK(zinit.shut_down(SIGRTMIN + 3) == 0);
  const std::string messages = zinit.messages();
  CHECK(messages.find("SIGWINCH") == messages.rfind("SIGWINCH"));
  CHECK_THAT(messages, Contains("SIGRTMIN+3 from outside of the container; stopping all services, "
                                "8.0 s at most"));
}

TEST_CASE("a standalone server says who has sent a signal, and ignores those of machines",
          "[signals]") {
  Server zinit;
  zinit.add("a");
  zinit.boot({"a"});
  zinit.signal(SIGRTMIN + 4);
  zinit.await_message("SIGRTMIN+4 from pid " + std::to_string(getpid()));
  zinit.await_message("ignored; SIGTERM shuts down");
  CHECK(zinit.shut_down(SIGTERM) == 0);
  CHECK_THAT(zinit.messages(), Contains("shut down: SIGTERM from pid " + std::to_string(getpid())));
}

TEST_CASE("poweroff of busybox in a container stops it", "[container]") {
  if (!can_make_namespaces()) return skip("needs pid namespaces");
  Server zinit(command("trap 'exit 8' TERM; $D/poweroff; " + kForEver));
  // Acts like the applet: it has the name, and sends the signal.
  write_file(zinit.path("poweroff"), "#!/bin/sh\nkill -USR2 1\nsleep 1\n");
  REQUIRE(chmod(zinit.path("poweroff").c_str(), 0755) == 0);
  zinit.launch();
  CHECK(zinit.exit_code() == 8);
}

TEST_CASE("Ctrl-Z does not freeze the terminal of a container whose command is no shell",
          "[container]") {
  if (!can_make_namespaces()) return skip("needs pid namespaces");
  Server zinit;
  Terminal terminal;
  Launch what;
  what.argv = {"zinit-pid1", "--container",  "--config-dir", zinit.config(),
               "--socket",   zinit.socket(), "sleep",        "1000"};
  what.pid_namespace = true;
  const pid_t pid = terminal.launch_in(what);
  const pid_t main = terminal.await_foreground("sleep 1000");
  for (int i = 0; i < 2; ++i) {
    terminal.type("\x1a");
    terminal.await("^Z");
    CHECK(eventually([&] { return proc_stat(main, 3) == "S"; }));
  }
  terminal.type("\x03");
  CHECK(wait_for_exit(pid) == 128 + SIGINT);
}

TEST_CASE("without CAP_KILL services of other users are stopped all the same",
          "[root][container]") {
  if (geteuid() != 0) return skip("needs root");
  Server zinit({.in_child = [] {
    if (prctl(PR_CAPBSET_DROP, CAP_KILL, 0, 0, 0) != 0) _exit(125);
  }});
  for (const std::string name : {"one", "two"})
    zinit.add(name, {.exec = "trap 'exit 0' TERM; while :; do sleep 1 & wait; done",
                     .service = "user = 64123\ngroup = 64123",
                     .lifecycle = "stop_timeout_ms = 86400000"});
  zinit.add("stubborn", {.exec = "trap '' TERM; while :; do sleep 1; done",
                         .service = "user = 64124\ngroup = 64124",
                         .lifecycle = "stop_timeout_ms = 1000"});
  zinit.boot({"one", "two", "stubborn"});
  CHECK(zinit.stop("one")["state"] == "exited");
  CHECK(zinit.stop("stubborn")["last_exit"]["signal"] == "SIGKILL");
  CHECK(zinit.shut_down() == 0);
  CHECK_THAT(zinit.messages(), !Contains("Operation not permitted"));
}

TEST_CASE("without CAP_KILL what a container's command leaves ends by SIGTERM all the same",
          "[root][container]") {
  if (geteuid() != 0) return skip("needs root");
  Server::Options options = command(
      "(env -i setsid setpriv --reuid 64123 --clear-groups bash -c "
      "'echo up; exec sleep 100000' > $T 2>&1 &); "
      "until [ -s $T ]; do sleep 0.01; done; exit 3",
      {"--log-level", "info"});
  options.in_child = [] {
    const bool hidden = mount("none", "/sys/fs/cgroup", "tmpfs", 0, nullptr) == 0;
    if (!hidden || prctl(PR_CAPBSET_DROP, CAP_KILL, 0, 0, 0) != 0) _exit(125);
  };
  Server zinit(std::move(options));
  zinit.launch();
  CHECK(zinit.exit_code() == 3);
  CHECK_THAT(zinit.messages(),
             Contains("SIGTERM to all processes") && !Contains("SIGKILL to all processes"));
}

TEST_CASE("a seccomp profile that refuses clone3 with EPERM is named", "[container]") {
  Server zinit;
  Launch what;
  what.argv = {"zinit", "server", "--config-dir", zinit.config(), "--socket", zinit.socket()};
  what.in_child = [] {
    if (!refuse_call(SYS_clone3, EPERM)) _exit(125);
  };
  const Outcome outcome = run(what);
  CHECK(outcome.code == 1);
  CHECK_THAT(outcome.err, Contains("a seccomp profile refuses clone3 with EPERM"));
}

}  // namespace
}  // namespace zinit::test::reexec_container_signals
