// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Messages of a service over its notify socket after READY=1, and their senders (zinit.toml(5),
// [readiness]; sd_notify(3)).
#include "scenario/harness.hpp"
#include "scenario/harness/notifier.hpp"
#include "support/hanging_file.hpp"

namespace zinit::test::readiness_notify {
namespace {

void await_text(Server& zinit, const std::string& name, const std::string& text) {
  zinit.await(
      name, [&](const Json& s) { return s["status_text"] == text; }, "status text " + text);
}

TEST_CASE("a service that says it reloads or stops is running still, and is shown so",
          "[readiness]") {
  Server zinit;
  zinit.file("a.toml",
             says({"send", "READY=1\nSTATUS=serving", "await", zinit.path("reload"), "send",
                   "RELOADING=1\nMONOTONIC_USEC=1\nSTATUS=reading", "await", zinit.path("ready"),
                   "send", "READY=1\nSTATUS=serving more", "await", zinit.path("stop"), "send",
                   "STOPPING=1\nSTATUS=", "await", zinit.path("end"), "exit", "0"},
                  kSystemd));
  zinit.boot();
  await_text(zinit, "a", "serving");
  const pid_t pid = zinit.pid_of("a");
  CHECK(zinit.state("a") == "running");
  zinit.mark("reload");
  await_text(zinit, "a", "reloading: reading");
  CHECK(zinit.state("a") == "running");
  zinit.mark("ready");
  await_text(zinit, "a", "serving more");
  zinit.mark("stop");
  await_text(zinit, "a", "stopping");
  CHECK(zinit.state("a") == "running");
  CHECK(zinit.pid_of("a") == pid);
  zinit.mark("end");
  CHECK(zinit.await_state("a", "exited")["restart_count"] == 0);
}

TEST_CASE("a file whose server never answers holds up no re-execution and no recovery",
          "[check][root][readiness][reexec]") {
  HangingFile hanging;
  if (!hanging.works()) return skip("needs /dev/fuse, and the right to mount");
  Server zinit;
  zinit.file("a.toml", says({"open", hanging.path(), "FDSTORE=1\nFDNAME=a", "send", "READY=1",
                             "await", zinit.path("remove"), "send", "FDSTOREREMOVE=1\nFDNAME=a",
                             "open", hanging.path(), "STATUS=unwanted", "sleep"},
                            "notify = 'systemd'\nfdstore_max = 8"));
  zinit.add("b");
  zinit.boot({"a", "b"});
  zinit.mark("remove");
  await_text(zinit, "a", "unwanted");
  REQUIRE(eventually([&] { return hanging.asked() > 0; }));
  zinit.reexecute();
  crash(zinit);
  zinit.restart("b");
  CHECK(zinit.state("a") == "running");
  hanging.end();  // the service's own process hangs in its end until then
}

TEST_CASE("a stored file whose server never answers holds up no other service's start",
          "[check][root][readiness][reexec]") {
  HangingFile hanging;
  if (!hanging.works()) return skip("needs /dev/fuse, and the right to mount");
  Server zinit;
  zinit.file("a.toml",
             says({"open", hanging.path(), "FDSTORE=1\nFDNAME=a", "send", "READY=1", "sleep"},
                  "notify = 'systemd'\nfdstore_max = 8"));
  zinit.add("plain");
  zinit.add("socket", {.more = "[socket]\nlisten = ['unix:" + zinit.path("socket.sock") +
                               "']\non_demand = false\n"});
  zinit.add("line",
            {.exec = "echo >&3; exec sleep 100000", .more = "[readiness]\nnotify = 'fd:3'\n"});
  zinit.file("keeper.toml", says({"fds", "1", "FDSTORE=1", "send", "READY=1", "sleep"},
                                 "notify = 'systemd'\nfdstore_max = 8"));
  // All the time zinit receives descriptors, while it makes children.
  zinit.file("sender.toml",
             says({"send", "READY=1", "churn", "1"}, "notify = 'systemd'\nfdstore_max = 8"));
  zinit.boot({"a", "sender", "keeper"});
  for (const bool again : {false, true}) {
    if (again) zinit.reexecute();
    for (int i = 0; i < 100; ++i)
      for (const char* name : {"plain", "socket", "line", "keeper"})
        REQUIRE(zinit.restart(name)["state"] == "running");
  }
  hanging.end();
}

TEST_CASE("a stored file whose server never answers holds up no recovery that leaves a core file",
          "[check][root][readiness][crash]") {
  HangingFile hanging;
  if (!hanging.works()) return skip("needs /dev/fuse, and the right to mount");
  Server zinit({.in_child = [] {
    const rlimit least{1, 1};  // a copy of zinit dies, and the kernel finds no room for its file
    if (::setrlimit(RLIMIT_CORE, &least) < 0) _exit(126);
  }});
  zinit.file("a.toml",
             says({"open", hanging.path(), "FDSTORE=1\nFDNAME=a", "send", "READY=1", "sleep"},
                  "notify = 'systemd'\nfdstore_max = 8"));
  zinit.add("b");
  zinit.boot({"a", "b"});
  crash(zinit);
  CHECK(zinit.restart("b")["state"] == "running");
  hanging.end();
}

TEST_CASE("descriptors whose close hangs have a bound, until they are closed",
          "[root][readiness]") {
  HangingFile hanging;
  if (!hanging.works()) return skip("needs /dev/fuse, and the right to mount");
  Server zinit;
  zinit.add("b");
  zinit.file("a.toml",
             says({"send", "READY=1", "many", "200", hanging.path(), "FDSTORE=1", "sleep"},
                  "notify = 'systemd'\nfdstore_max = 8"));
  zinit.boot({"a", "b"});
  REQUIRE(eventually([&] { return hanging.asked() >= 48; }));  // no more of them at once
  const std::string descriptors = "/proc/" + std::to_string(zinit.pid()) + "/fd";
  std::size_t most = 0;
  for (int i = 0; i < 50; ++i) {
    CHECK(zinit.restart("b")["state"] == "running");
    most = std::max(most, entries_of(descriptors).size());
  }
  CHECK(most > 500);
  CHECK(most < 2000);
  // The next image counts what the previous one could not close. The service goes on sending.
  zinit.reexecute();
  for (int i = 0; i < 50; ++i) {
    CHECK(zinit.restart("b")["state"] == "running");
    CHECK(entries_of(descriptors).size() < 2000);
  }
  CHECK(hanging.asked() <= 64);
  hanging.end();
  CHECK(eventually([&] { return entries_of(descriptors).size() < 200; }));
}

TEST_CASE("a descriptor that a service takes back is not handed to the next process",
          "[check][readiness]") {
  Server zinit;
  zinit.file("a.toml",
             says({"env", "LISTEN_FDS", "env", "LISTEN_FDNAMES", "fds", "1", "FDSTORE=1\nFDNAME=a",
                   "fds", "1", "FDSTORE=1\nFDNAME=b", "send", "FDSTOREREMOVE=1\nFDNAME=a", "send",
                   "FDSTOREREMOVE=1\nFDNAME=unknown", "send", "READY=1", "sleep"},
                  "notify = 'systemd'\nfdstore_max = 8"));
  zinit.boot({"a"});
  zinit.restart("a");
  CHECK(zinit.traced("LISTEN_FDS=1"));
  CHECK(zinit.traced("LISTEN_FDNAMES=b"));
}

TEST_CASE("a service that stores descriptors and takes them back all the time has a bound",
          "[check][threads][readiness]") {
  Server zinit;
  zinit.add("b");
  zinit.file("a.toml",
             says({"send", "READY=1", "churn", "100"}, "notify = 'systemd'\nfdstore_max = 100"));
  zinit.boot();
  zinit.await_state("a", "running");
  const std::string descriptors = "/proc/" + std::to_string(zinit.pid()) + "/fd";
  std::size_t most = 0;
  for (int i = 0; i < 50; ++i) {
    CHECK(zinit.restart("b")["state"] == "running");
    most = std::max(most, entries_of(descriptors).size());
  }
  CHECK(most < 2000);
}

TEST_CASE("a service may change the time of its watchdog, and wait at a barrier",
          "[readiness][check]") {
  Server zinit;
  zinit.file("less.toml", says({"send", "READY=1\nWATCHDOG_USEC=100000", "sleep"},
                               "notify = 'systemd'\nwatchdog_ms = 86400000", "restart = 'never'"));
  zinit.file("none.toml",
             says({"send", "READY=1\nWATCHDOG_USEC=1", "barrier", "trace", "set", "sleep"},
                  kSystemd, "restart = 'never'"));
  zinit.file("a.toml",
             says({"send", "READY=1\nSTATUS=told", "barrier", "trace", "over", "sleep"}, kSystemd));
  zinit.file("b.toml",
             says({"keep", "send", "MAINPID=1", "barrier", "trace", "other", "sleep"}, kSystemd));
  zinit.boot();
  zinit.await_failed("less", "watchdog_timeout");
  zinit.await_trace("set");
  CHECK(zinit.state("none") == "running");

  zinit.await_trace("over");
  CHECK(zinit.status("a")["status_text"] == "told");
  zinit.await_trace("other");
}

TEST_CASE("a message costs by what it carries, and not by what is stored", "[alone][readiness]") {
  Server zinit;
  const auto floods = [](const std::string& stored) {
    return says({"copies", stored, "300", "barrier", "trace", "over", "sleep"},
                "notify = 'systemd'\nfdstore_max = 400");
  };
  zinit.file("full.toml", floods("400"));
  zinit.file("roomy.toml", floods("399"));
  zinit.boot();
  zinit.await_trace("over", 2);
  // A comparison of each with all others would take 60 million system calls.
  CHECK(ticks(zinit.pid()) < 500);
}

TEST_CASE("each process has a socket to notify by, however fast one follows another",
          "[threads][readiness]") {
  Server zinit;
  zinit.add("a", {.exec = "i=0; while [ $i -lt 200 ]; do [ -S $NOTIFY_SOCKET ] || break;"
                          " i=$((i + 1)); done; echo $i >> $T; exit 1",
                  .lifecycle = "restart_delay_ms = 0\nrestart_delay_max_ms = 0",
                  .more = "[readiness]\nnotify = 'systemd'"});
  zinit.boot();
  REQUIRE(eventually([&] { return zinit.trace().size() > 30; }));
  zinit.stop("a");
  for (const std::string& line : zinit.trace()) CHECK(line == "200");
}

TEST_CASE("a main process that is another's child is seen to end, and how", "[readiness]") {
  Server zinit;
  zinit.file("a.toml", says({"keep", "trace", "child", "sleep"}, kSystemd));
  zinit.boot({"a"});
  zinit.await(
      "a", [&](const Json&) { return zinit.traced("child"); }, "its child");
  const pid_t main = zinit.pid_of("a");
  REQUIRE(::kill(main, SIGKILL) == 0);
  zinit.await_new_pid("a", main);
  zinit.await_trace("child", 2);
  CHECK(zinit.status("a")["restart_count"] == 1);
  CHECK(zinit.status("a")["last_exit"]["signal"] == "SIGKILL");
  zinit.stop("a");
  CHECK(zinit.state("a") == "exited");
}

TEST_CASE("a daemon that ends at once has ended, whatever its pidfile says", "[readiness]") {
  Server zinit;
  for (const std::string name : {"a", "b"}) {
    const std::string file = zinit.path(name + ".pid");
    zinit.file(name + ".toml",
               says({"daemon", file, "exit", name == "a" ? "3" : "0"}, "pidfile = '" + file + "'",
                    "restart = 'never'\nstart_timeout_ms = 'infinity'"));
  }
  zinit.boot();
  // Whether zinit sees its status depends on the order; that it is gone does not.
  for (const std::string name : {"a", "b"}) {
    zinit.await(
        name, [](const Json& s) { return s["state"] == "exited" || s["state"] == "failed"; },
        "its end");
    CHECK(zinit.status(name)["pid"].is_null());
  }
}

TEST_CASE("a service with another root directory notifies by an abstract socket",
          "[root][readiness]") {
  Server zinit;
  zinit.file("a.toml",
             says({"env", "NOTIFY_SOCKET", "send", "READY=1\nSTATUS=here", "sleep"}, kSystemd) +
                 "[process]\nroot = '/'\n");
  zinit.boot({"a"});
  CHECK(zinit.status("a")["status_text"] == "here");
  CHECK_THAT(zinit.trace().at(0), Contains("NOTIFY_SOCKET=@zinit/"));
}

TEST_CASE("without cgroups whose a process is is known by descent", "[root][readiness]") {
  Server zinit({.in_child = [] {
    have_own_mounts();
    umount2("/sys/fs/cgroup", MNT_DETACH);
  }});
  const std::string file = zinit.path("daemon.pid");
  zinit.file("daemon.toml",
             says({"daemon", file, "trace", "daemon", "sleep"}, "pidfile = '" + file + "'"));
  zinit.file("main.toml", says({"main", "sleep"}, kSystemd));
  zinit.file("all.toml", says({"child", "READY=1", "sleep"}, kAll));
  zinit.file("only.toml", says({"child", "READY=1", "send", "MAINPID=" + std::to_string(::getpid()),
                                "barrier", "trace", "sent", "sleep"},
                               kSystemd));
  zinit.boot();
  for (const char* name : {"daemon", "main", "all"}) zinit.await_state(name, "running");
  const pid_t first = zinit.pid_of("daemon");
  CHECK(read_file(file) == std::to_string(first) + "\n");
  zinit.await_trace("sent");
  CHECK(zinit.state("only") == "starting");
  REQUIRE(::kill(first, SIGKILL) == 0);
  zinit.await_new_pid("daemon", first);
  zinit.stop("daemon");
  CHECK(zinit.state("daemon") == "exited");
}

TEST_CASE("a server tells its own manager when it has begun and when it ends", "[readiness]") {
  const int manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  socklen_t size = sizeof(sa_family_t);  // the kernel chooses an abstract name
  REQUIRE(bind(manager, reinterpret_cast<sockaddr*>(&address), size) == 0);
  size = sizeof address;
  REQUIRE(getsockname(manager, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  const std::string name(address.sun_path + 1, size - sizeof(sa_family_t) - 1);
  const auto told = [&] {
    char text[100];
    pollfd ready{manager, POLLIN, 0};
    const bool came = poll(&ready, 1, static_cast<int>(kPatience.count())) == 1;
    const ssize_t got = came ? recv(manager, text, sizeof text, 0) : 0;
    return std::string(text, static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  };
  Server zinit({.env = {"NOTIFY_SOCKET=@" + name}});
  zinit.add("web", {.exec = "echo \"socket $NOTIFY_SOCKET.\" >> $T; sleep 100000"});
  zinit.boot();
  CHECK(told() == "READY=1");
  zinit.await_trace("socket .");
  CHECK(zinit.ctl({"shutdown"}).code == 0);
  CHECK(told() == "STOPPING=1");
  CHECK(zinit.exit_code() == 0);
  CHECK_THAT(read_file(zinit.path("stderr")), Contains("shut down: requested by pid "));
  close(manager);
}

}  // namespace
}  // namespace zinit::test::readiness_notify
