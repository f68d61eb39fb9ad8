// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// PID 1 of a container in place of tini (doc/containers.md): its command gets signals unchanged,
// one of them ends it, in time for its engine, and its exit code becomes the container's.
#include <linux/capability.h>
#include <sys/inotify.h>

#include "base/fd.hpp"
#include "scenario/harness.hpp"
#include "scenario/harness/dialog.hpp"
#include "scenario/harness/leased.hpp"
#include "scenario/harness/terminal.hpp"

namespace zinit::test::reexec_container_signals {
namespace {

const std::string kForEver = "echo up >> $T; while :; do sleep 1 & wait; done";

/// Options of a container whose command is this text for a shell.
Server::Options command(const std::string& text, Texts options = {}) {
  options.insert(options.end(), {"--", "bash", "-c", text});
  return {.arguments = std::move(options), .container = true};
}

/// A container whose command traces "up"; it has this drop-in.
struct Up {
  explicit Up(Server::Options options, std::string_view drop_in = "") : zinit(std::move(options)) {
    if (!drop_in.empty()) zinit.put("services/main.toml.d/mine.toml", drop_in);
    zinit.boot({"main"});
    zinit.await_trace("up");
  }
  Server zinit;
};

constexpr std::string_view kAgain =
    "[lifecycle]\nrestart = 'always'\nrestart_delay_ms = 0\nstop_timeout_ms = 86400000\n";

TEST_CASE("a container's command gets signals as they come, and gives the exit code",
          "[check][container][signals]") {
  if (!can_make_namespaces()) return skip("needs pid namespaces");
  CHECK_DIALOGS("container");
}

TEST_CASE("a container's command gets a signal before its launch is over", "[check][container]") {
  if (!can_make_namespaces()) return skip("needs pid namespaces");
  for (int i = 0; i < 20; ++i) {
    Server zinit(command("trap 'exit 7' HUP; kill -HUP 1; " + kForEver));
    zinit.launch();
    CHECK(zinit.exit_code() == 7);
  }
}

TEST_CASE(
    "a container that is stopped while its command's launch hangs ends with the signal's code",
    "[container]") {
  if (!can_make_namespaces()) return skip("needs pid namespaces");
  for (const std::string policy : {"never", "always"}) {
    const TempDir dir;
    const Leased leased(dir / "program");
    Server zinit({.arguments = {"--", dir / "program", "100000"}, .container = true});
    zinit.put("services/main.toml.d/mine.toml", "[lifecycle]\nrestart = '" + policy + "'\n");
    zinit.boot();
    CHECK(eventually([&] { return leased.wanted(); }));
    CHECK(zinit.shut_down(SIGINT) == 128 + SIGINT);
  }
}

TEST_CASE("one signal ends a container with a command, whatever is done with that meanwhile",
          "[container]") {
  if (!can_make_namespaces()) return skip("needs pid namespaces");
  CHECK_DIALOGS("container_stop");
}

TEST_CASE("a lone command begins at the first argument that is no option, and zinit says nothing",
          "[check][container]") {
  if (!can_make_namespaces()) return skip("needs pid namespaces");
  const struct {
    Texts arguments;
    int code;
    int signal = 0;
    Server::Options options{.container = true};
  } rows[] = {{{"sh", "-c", "exit 0"}, 0},
              {{"bash", "-c", "exit 4"}, 4},
              {{"sh", "-c", "exit 5"}, 5, 0, {.argv = {"zinit-server"}, .namespaced = true}},
              {{"--log-level", "error", "sh", "-c", "exit $#", "-", "--container", "--x"}, 2},
              {{"sh", "-c", "kill -KILL $$"}, 128 + SIGKILL},
              {{"sh", "-c", "echo up >> $T; exec sleep 100000"}, 128 + SIGTERM, SIGTERM},
              {{"/nonexistent/program"}, 127}};
  for (const auto& row : rows) {
    INFO(Catch::StringMaker<Texts>::convert(row.arguments));
    Server::Options options = row.options;
    options.arguments = row.arguments;
    Server zinit(options);
    zinit.launch();
    if (row.signal != 0) {
      zinit.await_trace("up");
      zinit.signal(row.signal);
    }
    CHECK(zinit.exit_code() == row.code);
    if (row.code != 127)
      CHECK(zinit.messages() == "");
    else
      CHECK_THAT(zinit.messages(),
                 Contains("error main: failed:") && Contains("/nonexistent/program"));
  }
}

TEST_CASE("the log beside a lone command can be set, and the files of zinit are read once",
          "[container]") {
  if (!can_make_namespaces()) return skip("needs pid namespaces");
  Server zinit({.arguments = {"true"}, .container = true, .settings = true});
  write_file(zinit.path("zinit.toml"), "log_level = 'info'\n");
  const zinit::UniqueFd watch(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  REQUIRE(inotify_add_watch(watch.get(), zinit.path("zinit.toml").c_str(),
                            IN_OPEN | IN_CLOSE_NOWRITE) >= 0);
  zinit.launch();
  CHECK(zinit.exit_code() == 0);
  CHECK_THAT(zinit.messages(), Contains("info  main: starting"));
  inotify_event events[8];  // without names, because it watches a file
  CHECK(read(watch.get(), events, sizeof events) == 2 * sizeof *events);
}

TEST_CASE("a container without a command and without a service ends with 1", "[container]") {
  if (!can_make_namespaces()) return skip("needs pid namespaces");
  if (access("/etc/zinit", F_OK) == 0) return skip("this machine has services of its own");
  const TempDir dir;
  const Outcome outcome =
      run({.argv = {"zinit-pid1", "--container", "--socket", dir / "s"}, .pid_namespace = true});
  CHECK(outcome.code == 1);
  CHECK_THAT(outcome.err,
             Contains("no service file in /etc/zinit/services") && Contains("no command"));
}

TEST_CASE("Ctrl-Z does not freeze a container whose command is no shell, and Ctrl-C ends it",
          "[container]") {
  if (!can_make_namespaces()) return skip("needs pid namespaces");
  Server zinit;
  Terminal terminal;
  const pid_t pid =
      terminal.launch_in({.argv = {"zinit-pid1", "--container", "--config-dir", zinit.config(),
                                   "--socket", zinit.socket(), "sleep", "1000"},
                          .pid_namespace = true});
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
  const Outcome outcome =
      run({.argv = {"zinit", "server", "--config-dir", zinit.config(), "--socket", zinit.socket()},
           .in_child = [] {
             if (!refuse_call(SYS_clone3, EPERM)) _exit(125);
           }});
  CHECK(outcome.code == 1);
  CHECK_THAT(outcome.err, Contains("a seccomp profile refuses clone3 with EPERM"));
}

// --- the stop ------------------------------------------------------------------------------------

TEST_CASE("a signal that stops a container ends a command that is started again otherwise",
          "[check][container]") {
  if (!can_make_namespaces()) return skip("needs pid namespaces");
  for (const int number : {SIGTERM, SIGINT, SIGQUIT, SIGUSR1}) {
    Up up(command("trap 'exit 7' TERM INT QUIT USR1; " + kForEver, {"--stop-signal", "USR1"}),
          kAgain);
    up.zinit.kill("main");
    up.zinit.await_trace("up", 2);
    up.zinit.await_state("main", "running");  // its launch is over
    CHECK(up.zinit.shut_down(number) == 7);
    CHECK(up.zinit.count("up") == 2);
  }
}

TEST_CASE("the 8 s of a container count from the beginning of its shutdown", "[container]") {
  if (!can_make_namespaces()) return skip("needs pid namespaces");
  Server zinit({.container = true});
  zinit.add("below", {.exec = stubborn("below"), .lifecycle = "stop_timeout_ms = 86400000"});
  zinit.add("above", {.exec = "trap 'sleep 5; exit 0' TERM; while :; do sleep 1 & wait; done",
                      .dependencies = "requires = ['below']"});
  zinit.boot({"above"});
  const auto began = std::chrono::steady_clock::now();
  CHECK(zinit.shut_down() == 0);
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(11));
}

TEST_CASE("a container's command runs in the directory that zinit was started in", "[container]") {
  if (!can_make_namespaces()) return skip("needs pid namespaces");
  for (const std::string own : {"", "dir = '/var'\n"}) {
    Server::Options options = command("pwd >> $T; " + kForEver);
    options.in_child = [] {
      if (chdir("/usr") != 0) _exit(125);
    };
    Up up(std::move(options), std::string(kAgain) + "[service]\n" + own);
    Server& zinit = up.zinit;
    const std::string wanted = own.empty() ? "/usr" : "/var";
    CHECK(zinit.trace() == Texts{wanted, "up"});
    zinit.reexecute();
    zinit.kill("main");
    zinit.await_trace(wanted, 2);
    CHECK(zinit.shut_down() == 128 + SIGTERM);
  }
}

}  // namespace
}  // namespace zinit::test::reexec_container_signals
