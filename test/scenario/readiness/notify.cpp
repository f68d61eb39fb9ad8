// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Messages of a service over its notify socket after READY=1, and their senders (zinit.toml(5),
// [readiness]; sd_notify(3)).
#include <linux/kcmp.h>
#include <linux/sched.h>
#include <sys/syscall.h>

#include "os/process.hpp"
#include "scenario/harness.hpp"
#include "scenario/harness/left_processes.hpp"
#include "scenario/harness/notifier.hpp"
#include "support/hanging_file.hpp"

namespace zinit::test::readiness_notify {
namespace {

constexpr const char* kStores = "notify = 'systemd'\nfdstore_max = 8";

/// A service that stores a descriptor of the file, and then takes these steps.
std::string stores(const HangingFile& file, const Texts& more = {}) {
  Texts steps{"open", file.path(), "FDSTORE=1\nFDNAME=a", "send", "READY=1"};
  steps.insert(steps.end(), more.begin(), more.end());
  steps.emplace_back("sleep");
  return says(steps, kStores);
}

TEST_CASE("a file whose server never answers holds up no re-execution and no recovery",
          "[check][root][readiness][reexec]") {
  HangingFile hanging;
  if (!hanging.works()) return skip("needs /dev/fuse, and the right to mount");
  Server zinit;
  zinit.file("a.toml", stores(hanging, {"await", zinit.path("remove"), "send",
                                        "FDSTOREREMOVE=1\nFDNAME=a", "open", hanging.path(),
                                        "STATUS=unwanted", "barrier", "trace", "unwanted"}));
  zinit.add("b");
  zinit.boot({"a", "b"});
  zinit.mark("remove");
  zinit.await_trace("unwanted");
  REQUIRE(eventually([&] { return hanging.asked() > 0; }));
  const std::string cgroup = cgroup_of(zinit.pid());
  zinit.reexecute();
  CHECK(cgroup_of(zinit.pid()) == cgroup);  // a process that closes files has its lock too
  crash(zinit);
  CHECK(cgroup_of(zinit.pid()) == cgroup);
  zinit.restart("b");
  CHECK(zinit.state("a") == "running");
  hanging.end();  // the service's own process hangs in its end until then
}

TEST_CASE("a stored file whose server never answers holds up no other service's start",
          "[check][root][readiness][reexec]") {
  HangingFile hanging;
  if (!hanging.works()) return skip("needs /dev/fuse, and the right to mount");
  Server zinit;
  zinit.file("a.toml", stores(hanging));
  zinit.add("plain");
  zinit.add("socket", {.more = "[socket]\nlisten = ['unix:" + zinit.path("socket.sock") +
                               "']\non_demand = false\n"});
  zinit.add("line",
            {.exec = "echo >&3; exec sleep 100000", .more = "[readiness]\nnotify = 'fd:3'\n"});
  zinit.file("keeper.toml", says({"fds", "1", "FDSTORE=1", "send", "READY=1", "sleep"}, kStores));
  // All the time zinit receives descriptors, while it makes children.
  zinit.file("sender.toml", says({"send", "READY=1", "churn", "1"}, kStores));
  zinit.boot({"a", "sender", "keeper"});
  for (const bool again : {false, true}) {
    if (again) zinit.reexecute();
    for (int i = 0; i < 30; ++i)
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
  zinit.file("a.toml", stores(hanging));
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
  zinit.file(
      "a.toml",
      says({"send", "READY=1", "many", "200", hanging.path(), "FDSTORE=1", "sleep"}, kStores));
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
  const long before = ticks(::getpid());
  for (int i = 0; i < 1000000; ++i) ::syscall(SYS_kcmp, ::getpid(), ::getpid(), KCMP_FILE, 0, 0);
  const long million = ticks(::getpid()) - before;
  // A comparison of each with all others would take 60 million system calls.
  CHECK(ticks(zinit.pid()) < 15 * million);
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

TEST_CASE("without cgroups whose a process is is known by descent, in another root too",
          "[root][readiness]") {
  Server zinit({.in_child = have_no_cgroups});
  const std::string file = zinit.path("daemon.pid");
  zinit.file("daemon.toml",
             says({"daemon", file, "trace", "daemon", "sleep"}, "pidfile = '" + file + "'"));
  zinit.file("main.toml", says({"main", "sleep"}, kSystemd));
  zinit.file("all.toml", says({"child", "READY=1", "sleep"}, kAll));
  zinit.file("only.toml", says({"child", "READY=1", "send", "MAINPID=" + std::to_string(::getpid()),
                                "barrier", "trace", "sent", "sleep"},
                               kSystemd));
  zinit.file("rooted.toml",
             says({"env", "NOTIFY_SOCKET", "send", "READY=1\nSTATUS=here", "sleep"}, kSystemd) +
                 "[process]\nroot = '/'\n");
  zinit.boot({"daemon", "main", "all", "rooted"});
  CHECK(zinit.status("rooted")["status_text"] == "here");
  CHECK_THAT(read_file(zinit.path("trace")), Contains("NOTIFY_SOCKET=@zinit/"));
  const pid_t first = zinit.pid_of("daemon");
  CHECK(read_file(file) == std::to_string(first) + "\n");
  zinit.await_trace("sent");
  CHECK(zinit.state("only") == "starting");
  REQUIRE(::kill(first, SIGKILL) == 0);
  zinit.await_new_pid("daemon", first);
  zinit.stop("daemon");
  CHECK(zinit.state("daemon") == "exited");
}

/// A child of the test with that pid, which sleeps in a session of its own; -1: the pid cannot be
/// had.
pid_t sleeper_with(pid_t pid) {
  clone_args how{};
  how.exit_signal = SIGCHLD;
  how.set_tid = reinterpret_cast<std::uintptr_t>(&pid);
  how.set_tid_size = 1;
  const auto made = static_cast<pid_t>(syscall(SYS_clone3, &how, sizeof how));
  if (made == 0) setsid();
  while (made == 0) pause();
  return made;
}

TEST_CASE("without cgroups a stranger with the number of a service's first process is not its own",
          "[root][readiness]") {
  Server zinit({.in_child = have_no_cgroups});
  const std::string file = zinit.path("first.pid");
  Texts steps{"own", file, "main", "session"};
  for (const char* when : {"reused", "again"})
    steps.insert(steps.end(), {"await", zinit.path(when), "first", "barrier", "trace", when});
  steps.emplace_back("sleep");
  zinit.file("a.toml", says(steps, kSystemd));
  zinit.boot({"a"});
  const pid_t first = std::stoi(read_file(file)), main = zinit.pid_of("a");
  REQUIRE(main != first);
  const auto tick_of = [](pid_t pid) { return read_process_stat(pid).value().start_ticks; };
  const auto tick = tick_of(main);
  pid_t stranger = -1;
  // The tick of its start, 10 ms, distinguishes a process from an earlier one of its pid (proc(5)).
  const auto in_later_tick = [&] {
    stranger = sleeper_with(first);
    if (stranger < 0) return errno != EEXIST;
    if (tick_of(stranger) > tick) return true;
    kill(stranger, SIGKILL);
    waitpid(stranger, nullptr, 0);
    return false;
  };
  if (!eventually(in_later_tick) || stranger < 0) return skip("needs the right to choose a pid");
  zinit.mark("reused");
  zinit.await_trace("reused");
  CHECK(zinit.pid_of("a") == main);
  zinit.reexecute();
  zinit.mark("again");
  zinit.await_trace("again");
  CHECK(zinit.pid_of("a") == main);
  zinit.stop("a");
  CHECK(waitpid(stranger, nullptr, WNOHANG) == 0);
  kill(stranger, SIGKILL);
  waitpid(stranger, nullptr, 0);
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
