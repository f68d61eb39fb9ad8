// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The stop of a container with a command (doc/containers.md): one signal ends it, with any
// settings of the command, and in time for its engine.
#include <sys/inotify.h>

#include "base/fd.hpp"
#include "scenario/harness.hpp"
#include "scenario/harness/process.hpp"
#include "scenario/harness/server.hpp"

namespace zinit::test::reexec_container_stop {
namespace {

const std::string kForEver = "echo up >> $T; while :; do sleep 1 & wait; done";

/// A container whose command is this text for bash, with this drop-in.
struct Container {
  explicit Container(const std::string& text, std::string_view drop_in = "", Texts options = {}) {
    options.insert(options.end(), {"--", "bash", "-c", text});
    zinit = std::make_unique<Server>(
        Server::Options{.arguments = std::move(options), .container = true});
    if (!drop_in.empty()) zinit->put("services/main.toml.d/mine.toml", drop_in);
    zinit->boot({"main"});
    zinit->await_trace("up");
  }
  std::unique_ptr<Server> zinit;
};

constexpr std::string_view kAgain =
    "[lifecycle]\nrestart = 'always'\nrestart_delay_ms = 0\nstop_timeout_ms = 86400000\n";

TEST_CASE("a signal that stops a container ends a command that is started again otherwise",
          "[check][container]") {
  if (!can_make_namespaces()) return skip("needs pid namespaces");
  for (const int number : {SIGTERM, SIGINT, SIGQUIT, SIGUSR1}) {
    Container container("trap 'exit 7' TERM INT QUIT USR1; " + kForEver, kAgain,
                        {"--stop-signal", "USR1"});
    Server& zinit = *container.zinit;
    zinit.kill("main");
    zinit.await_trace("up", 2);
    zinit.await_state("main", "running");  // its launch is over
    CHECK(zinit.shut_down(number) == 7);
    CHECK(zinit.count("up") == 2);
  }
}

TEST_CASE("that a container is to end with its command holds over a crash", "[container]") {
  if (!can_make_namespaces()) return skip("needs pid namespaces");
  Container container("trap 'echo TERM >> $T' TERM; trap 'exit 7' HUP; " + kForEver, kAgain);
  Server& zinit = *container.zinit;
  zinit.signal(SIGTERM);
  zinit.await_trace("TERM");
  crash(zinit);
  CHECK(zinit.shut_down(SIGHUP) == 7);
}

TEST_CASE("one signal ends a container whose command a request is stopping", "[container]") {
  if (!can_make_namespaces()) return skip("needs pid namespaces");
  for (const bool again : {false, true}) {
    Container container(
        "trap 'echo asked >> $T; if [ -e $D/go ]; then exit 5; fi' TERM; " + kForEver,
        "[lifecycle]\nstop_timeout_ms = 86400000\n");
    Server& zinit = *container.zinit;
    again ? zinit.begin_restart("main") : zinit.begin_stop("main");
    zinit.await_trace("asked");
    zinit.mark("go");
    CHECK(zinit.shut_down(SIGTERM) == 5);
    CHECK(zinit.count("up") == 1);
  }
}

TEST_CASE("a container whose command is not there any more ends with the signal's code",
          "[container]") {
  if (!can_make_namespaces()) return skip("needs pid namespaces");
  Container container(kForEver, "[lifecycle]\nrestart = 'always'\nrestart_delay_ms = '1h'\n");
  container.zinit->kill("main");
  container.zinit->await_delayed("main");
  CHECK(container.zinit->shut_down(SIGINT) == 128 + SIGINT);
}

TEST_CASE("a stop signal continues a container's command that SIGSTOP has stopped", "[container]") {
  if (!can_make_namespaces()) return skip("needs pid namespaces");
  Container container("trap 'exit 7' TERM; " + kForEver, "");
  Server& zinit = *container.zinit;
  zinit.kill("main", R"("signal":"SIGSTOP")");
  REQUIRE(eventually([&] {
    return zinit.ctl({"why", "main"}).out.find("has stopped") != std::string::npos;
  }));
  CHECK(zinit.shut_down() == 7);
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
    Server zinit({.arguments = {"--", "bash", "-c", "pwd >> $T; " + kForEver},
                  .container = true,
                  .in_child = [] {
                    if (chdir("/usr") != 0) _exit(125);
                  }});
    zinit.put("services/main.toml.d/mine.toml",
              "[lifecycle]\nrestart = 'always'\nrestart_delay_ms = 0\n[service]\n" + own);
    zinit.boot({"main"});
    const std::string wanted = own.empty() ? "/usr" : "/var";
    zinit.await_trace(wanted);
    zinit.reexecute();
    zinit.kill("main");
    zinit.await_trace(wanted, 2);
    CHECK(zinit.shut_down() == 128 + SIGTERM);
  }
}

TEST_CASE("the command of a container cannot be removed, and is not stopped for that",
          "[container]") {
  if (!can_make_namespaces()) return skip("needs pid namespaces");
  Container container(kForEver);
  Server& zinit = *container.zinit;
  const pid_t pid = zinit.pid_of("main");
  const Outcome removed = zinit.ctl({"remove-service", "main"});
  CHECK(removed.code == 1);
  CHECK_THAT(removed.err, Contains("main is the command from zinit's command line"));
  CHECK(zinit.pid_of("main") == pid);
  CHECK(zinit.shut_down() == 128 + SIGTERM);
}

TEST_CASE("the files of a container with a command are read once", "[container]") {
  if (!can_make_namespaces()) return skip("needs pid namespaces");
  Server zinit({.arguments = {"--", "true"}, .container = true, .settings = true});
  write_file(zinit.path("zinit.toml"), "");
  const zinit::UniqueFd watch(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  REQUIRE(inotify_add_watch(watch.get(), zinit.path("zinit.toml").c_str(),
                            IN_OPEN | IN_CLOSE_NOWRITE) >= 0);
  zinit.launch();
  CHECK(zinit.exit_code() == 0);
  inotify_event events[8];  // without names, because it watches a file
  CHECK(read(watch.get(), events, sizeof events) == 2 * sizeof *events);
}

}  // namespace
}  // namespace zinit::test::reexec_container_stop
