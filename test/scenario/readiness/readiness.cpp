// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Reports of a process about itself: notify sockets, newlines on a descriptor, pidfiles, stored
// descriptors, the watchdog (zinit.toml(5), [readiness]).
#include "scenario/harness.hpp"
#include "scenario/harness/fault_injector.hpp"
#include "scenario/harness/notifier.hpp"

namespace zinit::test::readiness_readiness {
namespace {

std::string why(Server& zinit, const std::string& name) {
  return zinit.result("service.why", named(name)).dump();
}

bool has_service(Server& zinit, const std::string& name) {
  return zinit.result("service.list").dump().find("\"" + name + "\"") != std::string::npos;
}

std::size_t descriptors(const Server& zinit) { return count_in_proc(zinit.pid(), "fd"); }

TEST_CASE("a service that notifies is running once it has said READY=1", "[check][readiness]") {
  Server zinit;
  zinit.file("a.toml",
             says({"trace", "up", "await", zinit.path("go"), "send", "STATUS=half way\x1b[31m",
                   "await", zinit.path("ready"), "send", "READY=1\nSTATUS=serving", "sleep"},
                  kSystemd));
  zinit.add("b", {.dependencies = "requires = ['a']"});
  zinit.boot();
  zinit.await_trace("up");
  zinit.await_state("a", "starting");
  CHECK(zinit.state("b") == "blocked");
  CHECK_THAT(why(zinit, "a"), Contains("READY=1"));
  zinit.mark("go");
  zinit.await(
      "a", [](const Json& s) { return !s["status_text"].is_null(); }, "a status text");
  CHECK(zinit.status("a")["status_text"] == "half way\\x1b[31m");
  CHECK(zinit.state("a") == "starting");
  zinit.mark("ready");
  zinit.await_state("a", "running");
  zinit.await_state("b", "running");
  CHECK(zinit.status("a")["status_text"] == "serving");
  zinit.stop("a");
  CHECK(zinit.status("a")["status_text"].is_null());
}

TEST_CASE("a service that was ready in time runs, though zinit was suspended past its timeout",
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
  for (const std::string& name : names) zinit.await_state(name, "starting");
  const pid_t base = zinit.pid_of("base");
  const auto over = std::chrono::steady_clock::now() + 4200ms;
  zinit.signal(SIGSTOP);
  zinit.mark("go");
  for (const std::string& name : names) zinit.await_trace(name);
  kill(base, SIGKILL);  // makes zinit look at its dependents, in any order of reads
  let_pass(over);
  zinit.signal(SIGCONT);
  for (const std::string& name : names) zinit.await_state(name, "running");
}

TEST_CASE("who waits for a start gets what became of it while zinit was suspended", "[readiness]") {
  Server zinit;
  Texts names;
  for (int i = 0; i < 8; ++i) {
    names.push_back("s" + std::to_string(i));
    zinit.file(names.back() + ".toml",
               says({"await", zinit.path("go"), "send", "READY=1", "trace", names.back(), "sleep"},
                    kSystemd));
  }
  zinit.boot();
  std::vector<Connection> clients;
  for (const std::string& name : names) {
    zinit.await_state(name, "starting");
    clients.push_back(zinit.connect());
    clients.back().begin("service.start", R"([")" + name + R"(",true,3000])");
  }
  zinit.result("system.ping");  // after those messages
  const auto over = std::chrono::steady_clock::now() + 3200ms;
  zinit.signal(SIGSTOP);
  zinit.mark("go");
  for (const std::string& name : names) zinit.await_trace(name);
  let_pass(over);
  zinit.signal(SIGCONT);
  for (Connection& client : clients) CHECK(client.read()["result"]["state"] == "running");
}

TEST_CASE("who is not ready within its start timeout has failed, and more time is more time",
          "[readiness]") {
  Server zinit;
  zinit.file("late.toml", says({"sleep"}, kSystemd, "restart = 'never'\nstart_timeout_ms = 100"));
  zinit.file("more.toml", says({"send", "EXTEND_TIMEOUT_USEC=18446744073709551615", "send",
                                "EXTEND_TIMEOUT_USEC=60000000", "trace", "asked", "await",
                                zinit.path("go"), "send", "READY=1", "sleep"},
                               kSystemd, "restart = 'never'\nstart_timeout_ms = 2000"));
  zinit.boot();
  zinit.await_failed("late", "start_timeout");
  // A service with as much time that begins later.
  zinit.await_trace("asked");
  zinit.file("last.toml", says({"sleep"}, kSystemd, "restart = 'never'\nstart_timeout_ms = 2000"));
  zinit.reload();
  zinit.await_failed("last", "start_timeout");
  CHECK(zinit.state("more") == "starting");
  zinit.mark("go");
  zinit.await_state("more", "running");
}

TEST_CASE("messages of the main process alone count, unless notify_access lets all speak",
          "[check][readiness]") {
  Server zinit;
  zinit.file("main.toml", says({"child", "READY=1", "sleep"}, kSystemd));
  zinit.file("all.toml", says({"child", "READY=1", "sleep"}, kAll));
  zinit.file("stranger.toml", says({"trace", "socket", "env", "NOTIFY_SOCKET", "sleep"}, kAll));
  zinit.boot({"all"});
  zinit.await_message("main: ignored a message of process");
  CHECK(zinit.state("main") == "starting");
  zinit.await_trace("socket");
  std::string address;
  for (const std::string& line : zinit.trace())
    if (line.rfind("NOTIFY_SOCKET=", 0) == 0) address = line.substr(14);
  zinit.file("other.toml", "[service]\noneshot = true\nenv = { NOTIFY_SOCKET = '" + address +
                               "' }\nexec = [" +
                               notifier({"send", "READY=1\nSTATUS=mine", "exit", "0"}) + "]\n");
  zinit.reload();
  zinit.await_state("other", "exited");
  zinit.await_message("stranger: ignored a message of process");
  CHECK(zinit.state("stranger") == "starting");
  CHECK(zinit.status("stranger")["status_text"].is_null());
}

TEST_CASE("who sends sockets that linger holds up neither zinit nor the service",
          "[check][readiness]") {
  Server zinit;
  zinit.file("victim.toml", says({"env", "NOTIFY_SOCKET", "trace", "socket", "await",
                                  zinit.path("go"), "send", "READY=1", "sleep"},
                                 kSystemd));
  zinit.boot();
  zinit.await_trace("socket");
  const std::string address = zinit.trace().at(0).substr(std::string("NOTIFY_SOCKET=").size());
  const std::size_t before = descriptors(zinit);
  zinit.file("other.toml", "[service]\nenv = { NOTIFY_SOCKET = '" + address + "' }\nexec = [" +
                               notifier({"linger", "20", "READY=1", "trace", "sent", "sleep"}) +
                               "]\n");
  zinit.reload();
  zinit.await_trace("sent");
  CHECK(zinit.state("victim") == "starting");
  zinit.mark("go");
  zinit.await_state("victim", "running");
  CHECK(descriptors(zinit) < before + 10);  // descriptors of another service
  zinit.stop("victim");
}

TEST_CASE("who waits for a service sees the status text that came with READY",
          "[check][readiness]") {
  Server zinit;
  zinit.file("a.toml", says({"send", "READY=1\nSTATUS=serving", "sleep"}, kSystemd));
  zinit.boot({"a"});
  for (int i = 0; i < 30; ++i) REQUIRE(zinit.restart("a")["status_text"] == "serving");
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

TEST_CASE("the end of a process takes nothing from the socket of the next",
          "[threads][readiness]") {
  Server zinit;
  zinit.file("a.toml",
             "[service]\nexec = " +
                 toml_string("i=0; while test $((i += 1)) -lt 100; do "
                             "test -S $NOTIFY_SOCKET || { echo missing >> $T; break; }; done; "
                             "echo over >> $T") +
                 "\n[lifecycle]\nrestart_delay_ms = 0\nrestart = 'always'\n[readiness]\n" +
                 kSystemd + "\n");
  zinit.boot();
  zinit.await_trace("over", 100);
  CHECK(zinit.count("missing") == 0);
}

TEST_CASE("a newline on its descriptor makes a service ready, and an end of file does not",
          "[check][readiness]") {
  Server zinit;
  zinit.file("line.toml",
             says({"count", "await", zinit.path("go"), "line", "7", "close", "7", "sleep"},
                  "notify = 'fd:7'"));
  zinit.file("end.toml", says({"close", "3", "sleep"}, "notify = 'fd:3'", "restart = 'never'"));
  zinit.boot();
  zinit.await_trace("descriptors 5");  // the streams, 7, and the one of the count itself
  zinit.await_state("line", "starting");
  CHECK_THAT(why(zinit, "line"), Contains("newline on descriptor 7"));
  zinit.mark("go");
  zinit.await_state("line", "running");
  zinit.await_message("end: closed its readiness descriptor");
  CHECK(zinit.state("end") == "starting");
}

TEST_CASE("a watchdog that is not fed ends the service, and WATCHDOG=trigger does at once",
          "[readiness]") {
  Server zinit;
  zinit.file("a.toml", says({"env", "WATCHDOG_USEC", "env", "WATCHDOG_PID", "send", "READY=1",
                             "send", "WATCHDOG=1", "sleep"},
                            "notify = 'systemd'\nwatchdog_ms = 200", "restart = 'never'"));
  zinit.file("b.toml", says({"send", "READY=1", "await", zinit.path("go"), "send",
                             "WATCHDOG=trigger", "sleep"},
                            "notify = 'systemd'\nwatchdog_ms = 86400000", "restart = 'never'"));
  zinit.boot();
  zinit.await_failed("a", "watchdog_timeout");
  CHECK(zinit.traced("WATCHDOG_USEC=200000"));
  CHECK(zinit.traced("WATCHDOG_PID=own pid"));
  zinit.await_state("b", "running");
  zinit.mark("go");
  zinit.await_failed("b", "watchdog_timeout");
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

TEST_CASE("descriptors are kept up to fdstore_max over a restart, and handed back",
          "[check][readiness]") {
  Server zinit;
  const Texts steps = {
      "env",    "LISTEN_PID", "env",   "LISTEN_FDS", "env", "LISTEN_FDNAMES",
      "passed", "3",          "count", "fds",        "3",   "FDSTORE=1\nFDNAME=state",
      "send",   "READY=1",    "sleep"};
  zinit.file("a.toml", says(steps, "notify = 'systemd'\nfdstore_max = 2"));
  zinit.boot({"a"});
  CHECK(zinit.traced("LISTEN_FDS=unset"));
  zinit.restart("a");
  zinit.await_state("a", "running");
  CHECK(zinit.traced("LISTEN_PID=own pid"));
  CHECK(zinit.traced("LISTEN_FDS=2"));
  CHECK(zinit.traced("LISTEN_FDNAMES=state:state"));
  CHECK(zinit.traced("passed kept 0"));
  CHECK(zinit.traced("descriptors 6"));
  zinit.stop("a");
  zinit.start("a");  // at rest nothing is kept
  CHECK(zinit.count("LISTEN_FDS=unset") == 2);
}

TEST_CASE("MAINPID makes a process of the service its main one, and no other", "[readiness]") {
  Server zinit;
  zinit.file("a.toml", says({"main", "trace", "child", "sleep"}, kSystemd));
  zinit.file("b.toml", says({"send", "MAINPID=1", "send", "MAINPID=" + std::to_string(::getpid()),
                             "send", "READY=1", "sleep"},
                            kSystemd));
  zinit.boot({"b"});
  zinit.await_message("b: refused MAINPID=1");
  zinit.await_trace("child");
  zinit.await_state("a", "running");  // the child may be earlier than its parent's message
  const pid_t first = zinit.pid_of("a");
  CHECK(zinit.status("a")["main_pid"] == first);
  zinit.kill("a", R"("signal":"SIGKILL","main":true)");
  zinit.await_new_pid("a", first);
  CHECK(zinit.status("a")["restart_count"] == 1);
  zinit.stop("a");
  CHECK(zinit.state("a") == "exited");
}

TEST_CASE("a daemon that goes to the background is found by its pidfile", "[readiness]") {
  Server zinit;
  const std::string file = zinit.path("run/a.pid");  // its directory comes late, too
  zinit.file("a.toml", "[service]\npre_exec = 'mkdir -p " + zinit.path("run") + "'\nexec = [" +
                           notifier({"daemon", file, "trace", "daemon", "sleep"}) +
                           "]\n[lifecycle]\nrestart_delay_ms = 10\n[readiness]\npidfile = '" +
                           file + "'\n");
  zinit.boot({"a"});
  const pid_t first = zinit.pid_of("a");
  CHECK(read_file(file) == std::to_string(first) + "\n");
  CHECK(::kill(first, SIGKILL) == 0);
  const pid_t second = zinit.await_new_pid("a", first);
  CHECK(read_file(file) == std::to_string(second) + "\n");
  zinit.stop("a");
  CHECK(::kill(second, 0) == -1);
}

TEST_CASE("a daemon that has a session of its own only after its pid was written is stopped, whole",
          "[readiness]") {
  Server zinit;
  const std::string file = zinit.path("a.pid");
  // Its worker is only in its process group: a cgroup must not find it.
  zinit.add("a", {.exec = "sh -c 'sh -c \"while ! [ -e $D/go ]; do sleep 0.01; done; "
                          "exec setsid sh $D/daemon\" & echo $! > " +
                          file + "'",
                  .lifecycle = "stop_timeout_ms = 86400000\nrestart_delay_ms = 10",
                  .more = "[readiness]\npidfile = '" + file + "'\n"});
  write_file(zinit.path("daemon"),
             "sleep 100000 & echo $! >> $D/workers\necho up >> $T\n"
             "trap 'echo down >> $T; exit' TERM; wait\n");
  zinit.boot();
  const auto main = zinit.await_state("a", "running")["pid"].number();
  zinit.mark("go");
  zinit.await_trace("up");
  CHECK(zinit.status("a")["pid"] == main);
  CHECK(zinit.stop("a")["state"] == "exited");
  CHECK(zinit.traced("down"));
  zinit.start("a");
  zinit.await_trace("up", 2);
  zinit.kill("a", R"("signal":"SIGKILL","main":true)");
  zinit.await_trace("up", 3);
  const auto workers = lines_of(read_file(zinit.path("workers")));
  REQUIRE(workers.size() == 3);
  for (const int gone : {0, 1}) CHECK_FALSE(alive(std::stoi(workers[std::size_t(gone)])));
}

TEST_CASE("a daemon in the background whose stop_exec fails gets its stop signal", "[readiness]") {
  Server zinit;
  const std::string file = zinit.path("a.pid");
  zinit.add("a", {.exec = "sh -c 'setsid sh $D/daemon & while ! [ -s " + file +
                          " ]; do "
                          "sleep 0.01; done'",
                  .service = "stop_exec = ['false']",
                  .lifecycle = "stop_timeout_ms = 86400000",
                  .more = "[readiness]\npidfile = '" + file + "'\n"});
  write_file(zinit.path("daemon"), "trap 'echo down >> $T; exit' TERM\necho $$ > " + file +
                                       "\nwhile :; do sleep 0.01; done\n");
  zinit.boot({"a"});
  CHECK(zinit.stop("a")["state"] == "exited");
  CHECK(zinit.traced("down"));
}

TEST_CASE("a pidfile that names the process in front counts once that stays there", "[readiness]") {
  Server zinit;
  const std::string stays = zinit.path("stays.pid");
  const std::string goes = zinit.path("goes.pid");
  const auto add = [&](const std::string& name, const std::string& command) {
    zinit.file(name + ".toml", "[service]\nexec = [" + command + "]\n[readiness]\npidfile = '" +
                                   zinit.path(name + ".pid") + "'\n");
  };
  add("stays", notifier({"own", stays, "sleep"}));
  add("goes", notifier({"own", goes, "daemon", goes, "sleep"}));  // like cron
  zinit.boot();
  for (const std::string name : {"stays", "goes"}) {
    INFO(name);
    zinit.await_state(name, "running");
    CHECK(read_file(zinit.path(name + ".pid")) == std::to_string(zinit.pid_of(name)) + "\n");
    CHECK(zinit.status(name)["restart_count"].number() == 0);
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

TEST_CASE("a pidfile that is stale, empty or names a stranger is not believed", "[readiness]") {
  Server zinit;
  const std::string file = zinit.path("a.pid");
  write_file(file, std::to_string(::getpid()) + "\n");
  zinit.file("a.toml", says({"trace",
                             "up",
                             "await",
                             zinit.path("go"),
                             "file",
                             file,
                             "",
                             "file",
                             file,
                             "99999999",
                             "file",
                             file,
                             std::to_string(::getpid()),
                             "trace",
                             "wrong",
                             "await",
                             zinit.path("right"),
                             "daemon",
                             file,
                             "sleep"},
                            "pidfile = '" + file + "'"));
  zinit.boot();
  zinit.await_trace("up");
  zinit.await_state("a", "starting");
  CHECK_THAT(why(zinit, "a"), Contains("a.pid to name its process"));
  zinit.mark("go");
  zinit.await_trace("wrong");
  zinit.await_message("which does not belong to the service");
  CHECK(zinit.state("a") == "starting");
  zinit.mark("right");
  zinit.await_state("a", "running");
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
