// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Reports of a process about itself: notify sockets, newlines on a descriptor, pidfiles, stored
// descriptors, the watchdog (zinit.toml(5), [readiness]).
#include "scenario/harness.hpp"
#include "scenario/harness/dialog.hpp"
#include "scenario/harness/fault_injector.hpp"
#include "scenario/harness/notifier.hpp"

namespace zinit::test::readiness_readiness {
namespace {

bool has_service(Server& zinit, const std::string& name) {
  return zinit.result("service.list").dump().find("\"" + name + "\"") != std::string::npos;
}

std::size_t descriptors(const Server& zinit) { return count_in_proc(zinit.pid(), "fd"); }

TEST_CASE("what processes say about themselves makes services running, and ends them",
          "[check][readiness][reexec]") {
  CHECK_DIALOGS("readiness");
}

TEST_CASE("daemons in the background are found by their pidfiles", "[check][readiness]") {
  CHECK_DIALOGS("pidfile");
}

TEST_CASE("what became ready in time while zinit was suspended runs, and who waits is told",
          "[readiness]") {
  Server zinit;
  zinit.add("base");
  Texts names;
  for (int i = 0; i < 8; ++i) {
    names.push_back("s" + std::to_string(i));
    zinit.file(names.back() + ".toml",
               says({"await", zinit.path("go"), "send", "READY=1", "trace", names.back(), "sleep"},
                    kSystemd,
                    "restart = 'never'\nstart_timeout_ms = 4000\n"
                    "[dependencies]\nrequires = ['base']"));
  }
  zinit.boot();
  std::vector<Connection> clients;
  for (const std::string& name : names) {
    zinit.await_state(name, "starting");
    clients.push_back(zinit.connect());
    clients.back().begin("service.start", R"([")" + name + R"(",true,3000])");
  }
  const pid_t base = zinit.pid_of("base");  // after those messages
  const auto over = std::chrono::steady_clock::now() + 4200ms;
  zinit.hold();
  zinit.mark("go");
  for (const std::string& name : names) zinit.await_trace(name);
  kill(base, SIGKILL);  // makes zinit look at its dependents, in any order of reads
  let_pass(over);
  zinit.go_on();
  for (Connection& client : clients) CHECK(client.read()["result"]["state"] == "running");
  for (const std::string& name : names) zinit.await_state(name, "running");
}

TEST_CASE("who sends sockets that linger holds up neither zinit nor the service",
          "[check][readiness][reexec]") {
  Server zinit;
  // Each message that could not be thrown away would take a second.
  zinit.file("victim.toml", says({"env", "NOTIFY_SOCKET", "trace", "socket", "await",
                                  zinit.path("go"), "send", "READY=1", "sleep"},
                                 kSystemd, "restart = 'never'\nstart_timeout_ms = 15000\n"));
  zinit.boot();
  for (const int image : {1, 2}) {
    INFO(image);
    zinit.await_trace("socket", image);
    const std::string address =
        zinit.trace().end()[-2].substr(std::string("NOTIFY_SOCKET=").size());
    const std::size_t before = descriptors(zinit);
    zinit.file("other.toml", "[service]\nenv = { NOTIFY_SOCKET = '" + address + "' }\nexec = [" +
                                 notifier({"linger", "20", "READY=1", "trace", "sent", "sleep"}) +
                                 "]\n");
    zinit.reload();
    zinit.await_trace("sent", image);
    CHECK(zinit.state("victim") == "starting");
    zinit.mark("go");
    zinit.await_state("victim", "running");
    CHECK(descriptors(zinit) < before + 10);  // descriptors of another service
    zinit.stop("victim");
    if (image == 2) break;
    zinit.stop("other");
    zinit.remove("other");
    zinit.reload();
    REQUIRE(unlink(zinit.path("go").c_str()) == 0);
    zinit.reexecute();  // a next image is prepared in another order
    zinit.begin_start("victim");
  }
}

TEST_CASE("who waits for a service sees the status text that came with READY",
          "[check][readiness]") {
  Server zinit;
  zinit.file("a.toml", says({"send", "READY=1\nSTATUS=serving", "sleep"}, kSystemd));
  zinit.boot({"a"});
  for (int i = 0; i < 30; ++i) REQUIRE(zinit.restart("a")["status_text"] == "serving");
}

TEST_CASE("a process that ends before its newline, and leaves the descriptor open, holds up nobody",
          "[threads][readiness]") {
  Server zinit;
  zinit.add("a", {.exec = "sleep 100000 & exit 3",
                  .lifecycle = "restart = 'never'",
                  .more = "[readiness]\nnotify = 'fd:3'\n"});
  zinit.boot();
  zinit.await_failed("a", "exit_code");
}

TEST_CASE("a notify socket belongs to the user of its service", "[readiness]") {
  if (geteuid() != 0) return skip("needs root");
  Server zinit;
  const std::string show = "exec = \"stat -c '%a %u' $NOTIFY_SOCKET; exec sleep 1000\"\n";
  const std::string rest = show + "[readiness]\n" + std::string(kSystemd) + "\n";
  zinit.file("own.toml", "[service]\nuser = '54321'\n" + rest);
  zinit.file("any.toml", "[service]\n" + rest);
  zinit.boot();
  const auto says = [&](const std::string& name, const std::string& line) {
    return eventually([&] {
      return zinit.ctl({"logs", name}).out.find(line) != std::string::npos;
    });
  };
  CHECK(says("own", "600 54321"));
  CHECK(says("any", "666 0"));
}

TEST_CASE("a watchdog counts again after zinit and the service were suspended", "[readiness]") {
  Server zinit;
  zinit.file("a.toml", says({"send", "READY=1", "beat"}, "notify = 'systemd'\nwatchdog_ms = 1500",
                            "restart = 'never'"));
  // Beside a service that stays silent when everything goes on.
  zinit.file("mute.toml", says({"send", "READY=1", "sleep"},
                               "notify = 'systemd'\nwatchdog_ms = 1500", "restart = 'never'"));
  zinit.boot({"a", "mute"});
  const pid_t pid = zinit.pid_of("a");
  kill(pid, SIGSTOP);
  suspend_for(zinit.pid(), 1700ms);
  zinit.result("system.ping");
  kill(pid, SIGCONT);
  zinit.await_failed("mute", "watchdog_timeout");
  CHECK(zinit.state("a") == "running");
  CHECK(zinit.pid_of("a") == pid);
}

TEST_CASE("a daemon that ends at once has ended, whatever its pidfile says", "[readiness]") {
  Server zinit;
  for (const std::string code : {"0", "3"}) {
    const std::string file = zinit.path(code + ".pid");
    zinit.file("ends-" + code + ".toml",
               says({"daemon", file, "exit", code}, "pidfile = '" + file + "'",
                    "restart = 'never'\nstart_timeout_ms = 'infinity'"));
  }
  zinit.boot();
  // Whether zinit sees its status depends on the order; that it is gone does not.
  for (const char* name : {"ends-0", "ends-3"}) {
    const Json ended = zinit.await(
        name, [](const Json& s) { return s["state"] == "exited" || s["state"] == "failed"; },
        "its end");
    CHECK(ended["pid"].is_null());
  }
}

TEST_CASE("a pidfile on a file system that hangs holds up its own service alone",
          "[readiness][crash]") {
  if (!FaultInjector::possible()) return skip("needs seccomp notifications");
  FaultInjector injector;
  Server zinit({.in_child = [&] { injector.install_in_child(); }});
  const std::string file = zinit.path("a.pid");
  zinit.file("a.toml", says({"trace", "up", "await", zinit.path("go"), "daemon", file, "trace",
                             "daemon", "sleep"},
                            "pidfile = '" + file + "'"));
  zinit.file("b.toml", says({"await", zinit.path("ready"), "send", "READY=1", "sleep"}, kSystemd));
  zinit.launch();
  injector.attach();
  zinit.await_trace("up");
  injector.hold("a.pid");
  zinit.mark("go");
  zinit.await_trace("daemon");
  REQUIRE(eventually([&] { return injector.held() == 1; }));
  zinit.mark("ready");
  zinit.await_state("b", "running");
  CHECK(zinit.state("a") == "starting");
  SECTION("and when it goes on, the service is ready") {
    injector.release();
    zinit.await_state("a", "running");
  }
  SECTION("and after a crash meanwhile, the next image takes what was written before") {
    crash(zinit);  // the file system still hangs, but clients get answers
    CHECK(zinit.state("a") == "starting");
    injector.release();
    zinit.await_state("a", "running");
  }
  SECTION("and not the end of zinit") { CHECK(zinit.shut_down() == 0); }
}

TEST_CASE("hostile notifiers harm nobody, and nothing of theirs stays open", "[check][readiness]") {
  Server zinit;
  zinit.add("plain");
  zinit.boot({"plain"});
  const std::size_t before = descriptors(zinit);
  zinit.file("flood.toml", says({"large", "100000", "flood", "100000", "STATUS=again", "fds", "250",
                                 "STATUS=many", "fds", "3", "FDSTORE=1\nFDNAME=\x01:", "send",
                                 "\n\n=\nREADY\nREADY=2\nMAINPID=-1\nMAINPID=\nFOO=1\nREADY=1",
                                 "trace", "flooded", "sleep"},
                                kSystemd));
  zinit.reload();
  zinit.await_trace("flooded");
  zinit.await_state("flood", "running");
  CHECK(zinit.state("plain") == "running");
  CHECK(zinit.status("flood")["status_text"] == "many");
  zinit.remove("flood");
  zinit.reload();
  REQUIRE(eventually([&] { return !has_service(zinit, "flood"); }));
  CHECK(eventually([&] { return descriptors(zinit) == before; }));
}

}  // namespace
}  // namespace zinit::test::readiness_readiness
