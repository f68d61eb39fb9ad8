// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Re-execution (behaviour.md, "Re-execution and crash"): zinit re-executes itself, and no service
// notices.
#include "scenario/harness.hpp"
#include "scenario/harness/dialog.hpp"
#include "scenario/harness/fault_injector.hpp"
#include "scenario/harness/leased.hpp"
#include "scenario/harness/lone_user.hpp"
#include "scenario/harness/notifier.hpp"

namespace zinit::test::reexec_reexec {
namespace {

Texts lines_of(Server& zinit, const std::string& name) {
  return zinit.result("logs.tail", R"({"name":")" + name + R"(","lines":100000})").texts();
}

/// Writes "1", "#", "2", "#", ... in pieces that end within lines, until the test makes the file
/// `enough`.
const char* const kCounting =
    "i=0; while [ ! -e $D/enough ]; do i=$((i+1)); printf '%s\\n%s' $i ''; printf '#'; "
    "printf '\\n'; [ $((i % 20)) -gt 0 ] || sleep 0.001; done; echo end; exec sleep 100000";

/// Waits until the service of check_lines() has written one more line.
void await_more_lines(Server& zinit) {
  // Two lines, because every other line is "#".
  const auto last = [&] { return zinit.result("logs.tail", R"({"name":"a","lines":2})").dump(); };
  const std::string before = last();
  REQUIRE(eventually([&] { return last() != before; }));
}

/// Makes a service write lines until `during` is over. Its log holds all of them once and in order.
void check_lines(const std::function<void(Server&)>& during) {
  Server zinit;
  zinit.add("a", {.exec = kCounting,
                  .more = "[logging]\nbuffer_lines = 1000000\nbuffer_bytes = 100000000\n"});
  zinit.boot({"a"});
  during(zinit);
  zinit.mark("enough");
  REQUIRE(eventually([&] {
    const auto lines = lines_of(zinit, "a");
    return !lines.empty() && lines.back() == "end";
  }));
  const auto lines = lines_of(zinit, "a");
  REQUIRE(lines.size() > 100);
  std::size_t wrong = 0;
  for (std::size_t i = 0; i + 1 < lines.size(); ++i)
    wrong += lines[i] != (i % 2 == 0 ? std::to_string(i / 2 + 1) : "#") ? 1 : 0;
  CHECK(wrong == 0);
}

TEST_CASE("the next image tells how many lines of zinit's own log were dropped",
          "[check][reexec][crash]") {
  int ends[2];
  REQUIRE(pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
  const std::string block(4096, '\n');
  while (write(ends[1], block.data(), block.size()) > 0) continue;
  const auto shown = [&] {
    std::string all, piece(4096, ' ');
    for (ssize_t got; (got = read(ends[0], piece.data(), piece.size())) > 0;)
      all.append(piece, 0, static_cast<std::size_t>(got));
    return all;
  };
  {
    Server zinit({.in_child = [&] { dup2(ends[1], STDERR_FILENO); }});
    zinit.add("a");
    zinit.boot({"a"});
    for (int i = 0; i < 10; ++i) zinit.restart("a");
    (void)zinit.state("a");  // settles: all lines so far were dropped, and are in the log
    SECTION("after a re-execution") { zinit.reexecute(); }
    SECTION("after a crash") { crash(zinit); }
    const auto dropped = lines_of(zinit, "zinit").size();
    CHECK(dropped > 30);
    shown();
    zinit.restart("a");
    (void)zinit.state("a");
    CHECK_THAT(shown(), Catch::StartsWith("warn  log: " + std::to_string(dropped) +
                                          " lines dropped\ninfo  a: stopping"));
  }
  close(ends[0]);
  close(ends[1]);
}

TEST_CASE("a crash is recovered from although nobody reads the socket that zinit logs to",
          "[check][reexec][crash]") {
  int ends[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  for (const std::size_t size : {4096U, 1U})
    while (send(ends[1], std::string(size, ' ').data(), size, MSG_DONTWAIT) > 0) continue;
  {
    Server zinit({.in_child = [&] { dup2(ends[1], STDERR_FILENO); }});
    zinit.add("a");
    zinit.boot({"a"});
    const pid_t a = zinit.pid_of("a");
    crash(zinit);
    CHECK(zinit.pid_of("a") == a);
  }
  close(ends[0]);
  close(ends[1]);
}

/// Checks that services of each kind are the same after the re-executions or crashes in `during`.
void check_kept(const std::function<void(Server&)>& during) {
  Server zinit;
  zinit.add("db");
  zinit.add("web", {.dependencies = "requires = ['db']"});
  zinit.add("done", {.exec = "true", .service = "oneshot = true"});
  zinit.add("broken", {.exec = "/nowhere"});
  zinit.add("stopped");
  zinit.add("again", {.exec = "false",
                      .lifecycle = "restart = 'always'\nrestart_delay_ms = 100000\n"
                                   "restart_delay_max_ms = 100000"});
  zinit.add("late", {.exec = "sleep 100000", .dependencies = "requires = ['again']"});
  zinit.file("wrong.toml", "[service]\nexec = 3\n");
  zinit.boot({"db", "web"});
  zinit.await_state("done", "exited");
  zinit.await_delayed("again");
  (void)zinit.stop("stopped");
  (void)zinit.restart("db");
  zinit.await_state("web", "running");
  zinit.await_settled();
  const Texts names{"db", "web", "done", "broken", "stopped", "again", "late", "wrong"};
  std::vector<Json> before;
  for (const std::string& name : names) before.push_back(zinit.status(name));
  const std::int64_t uptime = zinit.result("system.info")["uptime_ms"].number();

  during(zinit);

  for (std::size_t i = 0; i < names.size(); ++i) {
    INFO(names[i]);
    const Json now = zinit.status(names[i]);
    for (const char* member :
         {"state", "wish", "pid", "restart_count", "since_us", "last_start_us", "last_ready_us",
          "last_stop_us", "last_exit", "reason", "file", "warnings", "changed_on_disk"}) {
      INFO(member);
      CHECK(now[member].dump() == before[i][member].dump());
    }
  }
  CHECK(zinit.result("system.info")["uptime_ms"].number() >= uptime);
  // It is supervised as before.
  const pid_t web = zinit.pid_of("web");
  zinit.kill("web");
  zinit.await_new_pid("web", web);
  CHECK(zinit.status("web")["restart_count"] == 1);
  CHECK(zinit.start("stopped")["state"] == "running");
}

TEST_CASE("a re-execution keeps processes, states, counts, times and wishes",
          "[check][threads][reexec]") {
  check_kept([](Server& zinit) {
    for (int i = 0; i < 3; ++i) zinit.reexecute();
  });
}

TEST_CASE("zinit recovers from a crash with every service running on", "[check][reexec][crash]") {
  check_kept([](Server& zinit) {
    for (const int fault : {SIGSEGV, SIGTRAP, SIGABRT}) crash(zinit, fault);
    const Json info = zinit.result("system.info");
    CHECK(info["crashes"]["count"] == 3);
    CHECK_THAT(info["crashes"]["last"].text(), Contains("SIGABRT in thread") && Contains(" at 0x"));
  });
}

TEST_CASE("a re-execution loses no line, doubles none, and takes no more descriptors",
          "[check][threads][reexec]") {
  check_lines([](Server& zinit) {
    std::size_t before = 0;
    for (int i = 0; i < 10; ++i) {
      zinit.reexecute();
      await_more_lines(zinit);
      if (i == 0) before = count_in_proc(zinit.pid(), "fd");
    }
    CHECK(eventually([&] { return count_in_proc(zinit.pid(), "fd") <= before; }));
  });
}

TEST_CASE("a crash loses no line and doubles none", "[check][reexec][crash]") {
  check_lines([](Server& zinit) {
    for (int i = 0; i < 4; ++i) {
      crash(zinit);
      await_more_lines(zinit);
    }
  });
}

TEST_CASE("what a service has said of its readiness holds over a re-execution", "[check][reexec]") {
  Server zinit;
  zinit.file("a.toml", says({"fds", "2", "FDSTORE=1\nFDNAME=kept", "send", "READY=1\nSTATUS=fine",
                             "await", zinit.path("more"), "send", "STATUS=better", "barrier",
                             "trace", "heard", "beat"},
                            "notify = 'systemd'\nfdstore_max = 4\nwatchdog_ms = 3000"));
  zinit.file("late.toml", says({"await", zinit.path("ready"), "send", "READY=1", "sleep"},
                               "notify = 'systemd'", "start_timeout_ms = 100000"));
  zinit.boot({"a"});
  zinit.await_state("late", "starting");
  const pid_t pid = zinit.pid_of("a");
  zinit.reexecute();
  CHECK(zinit.state("a") == "running");
  // The new process image's data loop reports it to the board a moment after the first answers.
  CHECK(eventually([&] { return zinit.status("a")["status_text"] == "fine"; }));
  CHECK(zinit.state("late") == "starting");
  zinit.mark("more");
  zinit.await_trace("heard");
  CHECK(eventually([&] { return zinit.status("a")["status_text"] == "better"; }));
  zinit.mark("ready");
  zinit.await_state("late", "running");
  // A service that begins later and stays silent fails by its watchdog.
  zinit.file("mute.toml", says({"send", "READY=1", "sleep"},
                               "notify = 'systemd'\nwatchdog_ms = 3000", "restart = 'never'"));
  (void)zinit.reload();
  zinit.await_failed("mute", "watchdog_timeout");
  CHECK(zinit.pid_of("a") == pid);
  zinit.kill("a");
  zinit.await_new_pid("a", pid);
  CHECK(eventually([&] { return zinit.state("a") == "running"; }));
}

TEST_CASE("the watchdog of an earlier process holds for no other after a re-execution",
          "[reexec][readiness]") {
  Server zinit;
  zinit.file("a.toml", says({"send", "READY=1", "beat"}, "notify = 'systemd'\nwatchdog_ms = 1000"));
  zinit.boot({"a"});
  const std::string file = zinit.path("a.pid");
  zinit.file("a.toml", says({"own", file, "sleep"}, "pidfile = '" + file + "'"));
  (void)zinit.reload();
  zinit.await_state("a", "running");
  const pid_t pid = zinit.pid_of("a");
  zinit.reexecute();
  zinit.file("mute.toml", says({"send", "READY=1", "sleep"},
                               "notify = 'systemd'\nwatchdog_ms = 1500", "restart = 'never'"));
  (void)zinit.reload();
  zinit.await_failed("mute", "watchdog_timeout");
  CHECK(zinit.pid_of("a") == pid);
}

TEST_CASE("failed health checks in a row are counted on over a re-execution", "[reexec]") {
  Server zinit;
  zinit.add("a", {.service = "[lifecycle]\nstart_timeout_ms = 'infinity'\n",
                  .more = "[health]\ntype = 'exec'\nexec = 'false'\nstart_interval_ms = 20\n"});
  zinit.add("b", {.more = "[health]\ntype = 'exec'\nexec = 'sh -c \"! test -e $D/ill\"'\n"
                          "start_interval_ms = 20\ninterval_ms = 100000\nretries = 5\n"});
  zinit.boot();
  const auto attempts = [&](const char* of = "a") {
    return zinit.status(of)["health"]["attempts"].number();
  };
  REQUIRE(eventually([&] { return attempts() > 50; }));
  zinit.await_state("b", "running");
  zinit.mark("ill");
  const auto before = attempts();
  zinit.reexecute();
  REQUIRE(eventually([&] { return attempts() != before; }));
  CHECK(attempts() > before);
  // A process that was healthy before is probed every interval_ms.
  REQUIRE(eventually([&] { return attempts() > before + 20; }));
  CHECK(attempts("b") == 1);
}

TEST_CASE("the config in force, time limits and delays hold over a re-execution",
          "[check][reexec]") {
  CHECK_DIALOGS("reexec");
}

TEST_CASE("a main process that zinit is not the parent of is watched over re-executions",
          "[check][reexec][readiness]") {
  Server zinit;
  // The launcher waits for its daemon, or has ended, so that the daemon is zinit's child.
  const std::string daemon = "sh -c 'trap \"\" HUP; exec sleep 100000' & echo $! > $D/";
  zinit.add("below", {.exec = daemon + "below.pid; wait",
                      .lifecycle = "restart = 'always'",
                      .more = "[readiness]\npidfile = '" + zinit.path("below.pid") + "'\n"});
  zinit.add("apart", {.exec = daemon + "apart.pid",
                      .lifecycle = "restart = 'always'",
                      .more = "[readiness]\npidfile = '" + zinit.path("apart.pid") + "'\n"});
  zinit.boot({"below", "apart"});
  const Texts names{"below", "apart"};
  const auto pids = zinit.pids_of(names);
  for (int i = 0; i < 3; ++i) {
    INFO(i);
    i == 1 ? crash(zinit) : zinit.reexecute();
    for (const std::string& name : names) CHECK(zinit.state(name) == "running");
    CHECK(zinit.pids_of(names) == pids);
    CHECK(std::ranges::all_of(pids, alive));
  }
  for (std::size_t at = 0; at < names.size(); ++at) {
    INFO(names[at]);
    REQUIRE(::kill(pids[at], SIGKILL) == 0);
    zinit.await_new_pid(names[at], pids[at]);
    zinit.reexecute();
    CHECK(zinit.stop(names[at])["state"] == "exited");
  }
}

TEST_CASE("an update executes what its path leads to by now, unless that cannot take over",
          "[check][reexec]") {
  const TempDir dir;
  const std::string init = dir / "init", next = dir / "next";
  const Texts versions{dir / "zinit-1", dir / "zinit-2"};
  for (const std::string& version : versions) std::filesystem::copy_file(zinit_binary(), version);
  std::filesystem::create_symlink(versions[0], init);
  dir.write("zinit.toml", "log_level = 'debug'\n");
  Server zinit({.argv = {"zinit", "server", "--config", "zinit.toml"},
                .in_child =
                    [&] {
                      if (::chdir(dir.path().c_str()) < 0) ::_exit(126);
                    },
                .program = init});
  zinit.add("a");
  zinit.boot({"a"});
  const pid_t a = zinit.pid_of("a");
  // From now on it is executed by its descriptor, which has another name.
  std::filesystem::rename(versions[0], dir / "zinit-old");
  zinit.reexecute();
  const auto refused = [&](const std::string& why) {
    std::filesystem::rename(next, init);
    const Outcome update = zinit.ctl({"reexec", "--update"});
    CHECK(update.code == 1);
    CHECK_THAT(update.err, Contains(why));
    CHECK(zinit.pid_of("a") == a);
  };
  dir.write("next", "#!/bin/sh\necho it is broken\n", 0755);
  refused("it is broken");
  dir.write("next", "#!/bin/sh\nkill -SEGV $$\n", 0755);
  refused("--self-check said nothing, killed by SIGSEGV");
  std::filesystem::copy_file(zinit_binary(), next);
  std::filesystem::resize_file(next, 1'000'000);
  refused(init + " is incomplete: its file ends before the last part to load");
  const auto updated = [&](const std::string& to) {
    std::filesystem::rename(next, init);
    zinit.reexecute({"reexec", "--update"});
    CHECK(zinit.pid_of("a") == a);
    CHECK(proc_link(zinit.pid(), "exe") == to);
  };
  std::filesystem::copy_file(zinit_binary(), next);
  updated(init);
  std::filesystem::create_symlink(versions[1], next);
  updated(versions[1]);
}

TEST_CASE("services with wrong files stop nothing after a re-execution, and stay stopped",
          "[check][reexec][crash]") {
  const std::string by = GENERATE(as<std::string>{}, "reexecution", "crash", "SIGKILL");
  Server zinit;
  zinit.add("web");
  zinit.add("x", {.more = "[dependencies]\nrequires = ['y']\nrequired_by = ['web']"});
  zinit.add("y", {.more = "[dependencies]\nrequires = ['x']"});
  zinit.add("wrong", {.service = "dir = 1"});
  zinit.boot({"web"});
  zinit.stop("wrong");
  const pid_t web = zinit.pid_of("web");
  if (by == "SIGKILL") {
    CHECK(zinit.shut_down(SIGKILL) == 128 + SIGKILL);
    zinit.boot();
  } else {
    by == "crash" ? crash(zinit) : zinit.reexecute();
  }
  CHECK(zinit.state("web") == "running");
  CHECK(zinit.pid_of("web") == web);
  CHECK(zinit.status("web")["requires"].size() == 0);
  for (const char* name : {"x", "y"}) {
    INFO(name);
    CHECK(zinit.state(name) == "failed");
    CHECK_THAT(zinit.status(name)["reason"]["messages"][0].text(), Contains("a cycle: "));
  }
  if (by == "SIGKILL") return;
  zinit.add("wrong");
  zinit.add("y");
  zinit.reload();
  zinit.await_state("x", "running");
  CHECK(zinit.state("wrong") == "inactive");
}

TEST_CASE("a crash names the sender of its signal, and the fifth within a minute ends zinit",
          "[check][reexec][crash]") {
  Server zinit;
  zinit.add("a");
  zinit.boot({"a"});
  const pid_t a = zinit.pid_of("a");
  crash(zinit);
  const std::string sender = ", sent by pid " + std::to_string(getpid()) + " (";
  const std::string user = "), uid " + std::to_string(getuid());
  const auto tells = [&](const std::string& told, const std::string& text) {
    CHECK_THAT(told, Contains(text + "SIGSEGV in thread ") && Contains(sender) && Contains(user));
  };
  tells(zinit.ctl({"status"}).out, "1 fault of its own, the last: ");
  std::size_t told = 0;
  for (const std::string& line : zinit::test::lines_of(zinit.messages())) {
    if (line.find("fault in zinit itself") == std::string::npos) continue;
    ++told;
    tells(line, "fault in zinit itself: ");
  }
  CHECK(told == 2);  // by the handler, and by the next process image
  for (int i = 0; i < 3; ++i) crash(zinit);
  CHECK(zinit.pid_of("a") == a);
  zinit.fault();
  CHECK(zinit.exit_code() == 70);
  ::kill(a, SIGKILL);
}

/// A path at which one of zinit's memory files can be opened.
std::string memory_file(Server& zinit, const std::string& name) {
  const std::string descriptors = "/proc/" + std::to_string(zinit.pid()) + "/fd/";
  Texts found;
  for (const std::string& fd : entries_of(descriptors))
    if (proc_link(zinit.pid(), "fd/" + fd).find(name) != std::string::npos)
      found.push_back(descriptors + fd);
  REQUIRE(found.size() == 1);
  return found[0];
}

/// Overwrites `count` bytes of one of zinit's memory files, like a wild write before a crash.
void damage(Server& zinit, const std::string& file, std::size_t at, std::size_t count,
            char with = 'x') {
  std::fstream memory(memory_file(zinit, file), std::ios::in | std::ios::out | std::ios::binary);
  memory.seekp(static_cast<std::streamoff>(at));
  memory << std::string(count, with);
  REQUIRE(memory.flush());
}

/// Adds services of all kinds, and a oneshot that must not run twice.
void add_some(Server& zinit) {
  zinit.add("a");
  zinit.add("b", {.dependencies = "requires = ['a', 'once']"});
  zinit.add("once", {.exec = "echo once >> $T", .service = "oneshot = true"});
  zinit.add("background", {.exec = "sleep 100000 & exec sleep 100000"});
  zinit.boot({"a", "b", "background"});
}

TEST_CASE("without the journal, the facts or the list of descriptors all that runs is adopted",
          "[check][reexec][crash]") {
  Server zinit;
  add_some(zinit);
  const Texts names{"a", "b", "background"};
  const auto before = zinit.pids_of(names);
  const auto check_run_on = [&] {
    for (const std::string& name : names)
      CHECK(eventually([&] { return zinit.state(name) == "running"; }));
    CHECK(zinit.pids_of(names) == before);
  };
  damage(zinit, "zinit-kept", 32, 8192, '\0');
  zinit.fault();
  zinit.await_message("continues, standalone mode");
  zinit.reconnect();
  check_run_on();
  const struct {
    const char* file;
    std::size_t at;
    std::size_t count;
  } damages[] = {{"zinit-journal", 0, 128}, {"zinit-journal", 512, 4096}, {"zinit-facts", 0, 300}};
  for (const auto& each : damages) {
    INFO(each.file << " at " << each.at);
    damage(zinit, each.file, each.at, each.count);
    crash(zinit);
    check_run_on();
    CHECK(zinit.state("once") == "exited");
  }
  CHECK(zinit.trace() == Texts{"once"});
  zinit.kill("a");
  zinit.await_new_pid("a", before[0]);
}

TEST_CASE("no process is overlooked because its environment cannot be read at first",
          "[reexec][root]") {
  if (geteuid() != 0 || !FaultInjector::possible()) return skip("needs root, and notifications");
  constexpr uid_t kUser = 64130;  // without cgroups
  const TempDir place;
  REQUIRE(::chown(place.path().c_str(), kUser, kUser) == 0);
  FaultInjector injector;
  Server zinit({.arguments = {"--new-instance"},
                .env = {"XDG_RUNTIME_DIR=" + place.path()},
                .uid = kUser,
                .in_child = [&] { injector.install_in_child(); }});
  zinit.add("a");
  launch_under(injector, zinit);
  const pid_t a = zinit.pid_of("a");
  for (int n = 1; n < 12; ++n) {
    damage(zinit, "zinit-journal", 0, 4096);
    injector.arm(n, "clone3");    // one of them is for the thread that reads environments
    (void)zinit.ctl({"reexec"});  // refused if it is a call of this image that fails
    zinit.reconnect();
    CHECK(zinit.pid_of("a") == a);
  }
}

TEST_CASE("the next process image waits for threads while there are none, and loses no service",
          "[reexec][crash][root]") {
  if (geteuid() != 0) return skip(kNeedsLoneUser);
  const LoneUser user(64129);
  Server zinit(user.options());
  zinit.add("a");
  zinit.add("b",
            {.exec = "(sleep 100000 &); exec sleep 100000", .lifecycle = "restart_delay_ms = 1"});
  zinit.boot({"a", "b"});
  const pid_t a = zinit.pid_of("a"), b = zinit.pid_of("b");
  REQUIRE(eventually([&] { return children_of(zinit.pid()).size() == 3; }));
  auto orphan = children_of(zinit.pid());
  std::erase_if(orphan, [&](pid_t pid) { return pid == a || pid == b; });
  user.limit(zinit, 1);
  SECTION("on request") { zinit.signal(SIGUSR1); }
  SECTION("after a crash") { zinit.fault(); }
  zinit.await_message("zinit tries again until it can go on with its services");
  // A stranger that has ended makes room. The board hears later what has become of a service.
  for (const pid_t pid : {orphan.at(0), b}) ::kill(pid, SIGKILL);
  CHECK(eventually([&] { return children_of(zinit.pid()).size() == 2; }));
  CHECK(proc_stat(b, 3) == "Z");
  user.limit(zinit, 1000);
  zinit.await_message("continues, ");
  zinit.reconnect();
  CHECK(zinit.pid_of("a") == a);
  zinit.await_new_pid("b", b);
  CHECK(zinit.status("b")["last_exit"]["signal"] == "SIGKILL");
}

TEST_CASE("a zinit that could make no journal refuses to execute itself again", "[reexec]") {
  if (!FaultInjector::possible()) return skip("needs seccomp_unotify(2)");
  bool met = false;
  for (int n = 1; !met; ++n) {  // one of its memory files is the journal
    REQUIRE(n < 20);
    FaultInjector injector;
    Server zinit(
        {.arguments = {"--new-instance"}, .in_child = [&] { injector.install_in_child(); }});
    zinit.add("a");
    injector.arm(n, "memfd_create");
    launch_under(injector, zinit);
    const pid_t a = zinit.pid_of("a");
    met = zinit.messages().find("will not survive a re-execution") != std::string::npos;
    if (!met) continue;
    const auto refused = zinit.ctl({"reexec"});
    CHECK(refused.code == 1);
    CHECK_THAT(refused.err, Contains("zinit could not prepare re-executions at its start"));
    CHECK(zinit.pid_of("a") == a);
  }
}

TEST_CASE("the end of a launch that hung over a crash is seen", "[check][reexec][crash][spawn]") {
  Server zinit;
  const std::string program = zinit.path("program");
  zinit.add("hangs", {.exec = program + " 100000", .lifecycle = "restart = 'never'"});
  {
    const Leased leased(program);
    zinit.boot();
    REQUIRE(eventually([&] { return leased.wanted(); }));
    for (int i = 0; i < 2; ++i) crash(zinit);
    const pid_t hanging = zinit.pid_of("hangs");
    REQUIRE(::kill(hanging, SIGKILL) == 0);
    zinit.await_failed("hangs", "signal");
    CHECK_FALSE(alive(hanging));
  }
  CHECK(zinit.start("hangs")["state"] == "running");
}

// Not in check, where the allocator of ASan ends the process if mmap(2) fails.
TEST_CASE("whatever the next image cannot map at first, it loses nothing", "[reexec]") {
  if (!FaultInjector::possible()) return skip("needs seccomp_unotify(2)");
  FaultInjector injector;
  Server zinit({.in_child = [&] { injector.install_in_child(); }});
  zinit.add("a", {.exec = "i=0; while :; do i=$((i+1)); echo $i; sleep 0.01; done",
                  .more = "[logging]\nbuffer_lines = 1000000\n"});
  launch_under(injector, zinit);
  const pid_t a = zinit.pid_of("a");
  for (int n = 1; n < 20; ++n) {
    injector.arm(n, "mmap");
    // A crash makes no such call in this image. A request is refused if one of its calls fails.
    n == 1 ? crash(zinit) : (void)zinit.ctl({"reexec"});
    zinit.reconnect();
    CHECK(zinit.pid_of("a") == a);
    await_more_lines(zinit);
    injector.disarm();
  }
  const Texts lines = lines_of(zinit, "a");
  for (std::size_t i = 0; i < lines.size(); ++i) REQUIRE(lines[i] == std::to_string(i + 1));
}

TEST_CASE("a service whose configuration is lost goes on with that of its file",
          "[check][reexec][crash]") {
  Server zinit;
  add_some(zinit);
  const pid_t b = zinit.pid_of("b");
  const std::string facts = read_file(memory_file(zinit, "zinit-facts"));
  const auto at = facts.find(R"("name":"b")");
  REQUIRE(at != std::string::npos);
  damage(zinit, "zinit-facts", at, 1);
  crash(zinit);
  CHECK(zinit.state("b") == "running");
  CHECK(zinit.pid_of("b") == b);
  CHECK(zinit.reload()["added"].size() == 0);
  CHECK(zinit.pid_of("b") == b);
}

}  // namespace
}  // namespace zinit::test::reexec_reexec
