// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Daemons in the background: those that replace their main process (an upgrade in place), those
// that leave a stale pidfile, and those whose file does not declare that they go to the background.
#include "scenario/harness.hpp"
#include "scenario/harness/left_processes.hpp"
#include "scenario/harness/peer.hpp"

namespace zinit::test::readiness_background {
namespace {

/// A service like nginx: USR2 starts the next master, which writes its pid, HUP ends this one (a
/// shell's commands in the background ignore QUIT). If $D/late exists, the next master writes its
/// pid only when $D/named exists, like gunicorn's next master when its parent is gone.
void add_upgradable(Server& zinit, const std::string& lifecycle = "") {
  const std::string file = zinit.path("a.pid");
  write_file(zinit.path("master"),
             "trap 'sh $D/master next & echo next >> $T' USR2\n"
             "trap 'echo over >> $T; exit 0' HUP\n"
             "trap 'echo down >> $T; exit 0' TERM\n"
             "if [ -e $D/late ] && [ \"$1\" = next ]; then\n"
             "  while ! [ -e $D/named ]; do sleep 0.01; done\nfi\n"
             "echo $$ > " +
                 file + ".new; mv " + file + ".new " + file +
                 "\necho up >> $T\nwhile :; do sleep 0.01; done\n");
  zinit.add("a", {.exec = "sh $D/master",
                  .lifecycle = "restart_delay_ms = 10\n" + lifecycle,
                  .more = "[readiness]\npidfile = '" + file + "'\n"});
}

/// Starts the next master; returns its pid, once the file names it.
pid_t next_master(const Server& zinit, pid_t main) {
  const auto named = [&] { return std::atoi(read_file(zinit.path("a.pid")).c_str()); };
  REQUIRE(::kill(main, SIGUSR2) == 0);
  REQUIRE(eventually([&] { return named() != main && named() != 0; }));
  return named();
}

/// Waits until the service has `main` as its main process, and is otherwise unchanged.
void goes_on_as(Server& zinit, pid_t main) {
  const Json status = zinit.await(
      "a", [&](const Json& s) { return s["pid"] == main; }, "the next main process");
  CHECK(status["state"] == "running");
  CHECK(status["restart_count"] == 0);
}

void upgrade(Server& zinit) {
  const pid_t first = zinit.pid_of("a");
  const pid_t second = next_master(zinit, first);
  CHECK(zinit.status("a")["pid"] == first);
  REQUIRE(::kill(first, SIGHUP) == 0);
  goes_on_as(zinit, second);
}

std::string why(Server& zinit, const std::string& name) {
  return zinit.result("service.why", named(name)).dump();
}

/// Whether one HTTP request is answered with 200.
bool answered(const std::string& address) {
  if (!Client::possible(address)) return false;
  Client client(address);
  return client.send("GET / HTTP/1.0\r\n\r\n") &&
         client.read_all().find(" 200 OK") != std::string::npos;
}

TEST_CASE("an upgrade in place makes the process that the pidfile names the main one",
          "[check][readiness][reexec][crash]") {
  Server zinit;
  add_upgradable(zinit);
  zinit.boot({"a"});
  Watch watch(zinit);
  SECTION("again and again") {
    upgrade(zinit);
    upgrade(zinit);
    CHECK(watch.changes().empty());
  }
  SECTION("over a re-execution") {
    const pid_t first = zinit.pid_of("a"), second = next_master(zinit, first);
    zinit.reexecute();
    REQUIRE(::kill(first, SIGHUP) == 0);
    goes_on_as(zinit, second);
    zinit.reexecute();
    upgrade(zinit);
  }
  SECTION("and over a crash") {
    upgrade(zinit);
    crash(zinit);
    upgrade(zinit);
  }
  const pid_t last = zinit.pid_of("a");
  CHECK(zinit.stop("a")["state"] == "exited");
  CHECK_FALSE(alive(last));
}

TEST_CASE("a successor may take over the pidfile when the main process has gone",
          "[readiness][crash]") {
  Server zinit;
  add_upgradable(zinit, "restart = 'never'");
  zinit.boot({"a"});
  zinit.await_trace("up");
  const pid_t first = zinit.pid_of("a");
  zinit.mark("late");
  REQUIRE(::kill(first, SIGUSR2) == 0);
  zinit.await_trace("next");
  REQUIRE(::kill(first, SIGHUP) == 0);
  zinit.await_trace("over");
  zinit.await(
      "a", [](const Json& s) { return s["pid"].is_null(); }, "no main process");
  CHECK(zinit.state("a") == "running");
  SECTION("which is waited for") { zinit.mark("named"); }
  SECTION("which the next image waits for after a crash") {
    crash(zinit);
    zinit.mark("named");
  }
  SECTION("which is not waited for in a stop") {
    CHECK(zinit.stop("a")["state"] == "exited");
    return;
  }
  SECTION("and if it does not, the service has ended, and what it left is killed") {
    zinit.await_state("a", "exited");
    CHECK(zinit.status("a")["reason"]["type"] == "left_behind");
    CHECK_THAT(why(zinit, "a"), Contains("if this daemon forks into the background"));
    return;
  }
  zinit.await_trace("up", 2);
  goes_on_as(zinit, std::atoi(read_file(zinit.path("a.pid")).c_str()));
}

TEST_CASE("a pidfile that names a process which has just ended is removed",
          "[check][readiness][crash]") {
  Server zinit;
  const std::string file = zinit.path("a.pid");
  zinit.add("a", {.exec = "[ -e " + file + " ] && exit 7; echo $$ > " + file +
                          "; trap '' TERM; while :; do sleep 0.01; done",
                  .lifecycle = "restart_delay_ms = 10\nmax_restarts = 1\nstop_timeout_ms = 100",
                  .more = "[readiness]\npidfile = '" + file + "'\n"});
  zinit.boot({"a"});
  const pid_t first = zinit.pid_of("a");
  SECTION("before the next one is started, which refuses to start while it is there") {
    REQUIRE(::kill(first, SIGKILL) == 0);
    zinit.await_new_pid("a", first);
    CHECK(zinit.status("a")["restart_count"] == 1);
  }
  SECTION("at the end of a stop") {
    CHECK(zinit.stop("a")["state"] == "exited");
    CHECK(entries_of(zinit.folder()).size() > 0);
    CHECK(access(file.c_str(), F_OK) != 0);
    CHECK(zinit.start("a")["state"] == "running");
  }
  SECTION("by the next image, too") {
    crash(zinit);
    zinit.stop("a");
    CHECK(access(file.c_str(), F_OK) != 0);
  }
  SECTION("but not one that names another") {
    write_file(file, "1234567\n");
    zinit.stop("a");
    CHECK(read_file(file) == "1234567\n");
  }
}

TEST_CASE("a pidfile in a stranger's directory counts once it has one name and is no link",
          "[check][root][readiness]") {
  if (geteuid() != 0) return skip("needs root");
  Server zinit;
  const std::string theirs = zinit.path("theirs");
  std::filesystem::create_directory(theirs);
  REQUIRE(chown(theirs.c_str(), 64123, 64123) == 0);
  for (const auto& [name, make] : {std::pair("hard", "ln"), std::pair("soft", "ln -s")}) {
    const std::string file = theirs + "/" + name;
    zinit.add(name, {.exec = "echo $$ > " + file + ".new; " + make + " " + file + ".new " + file +
                             ".pid; exec sleep 100000",
                     .more = "[readiness]\npidfile = '" + file + ".pid'\n"});
  }
  zinit.boot();
  const auto refused = [&](const std::string& name, const std::string& why) {
    zinit.await_message(name + ": ignored its pidfile: cannot open " + theirs + "/" + name +
                        ".pid: " + why);
    CHECK(zinit.state(name) == "starting");
  };
  refused("hard", "it has several names (hard links), and its folder " + theirs);
  refused("soft", theirs + "/soft.pid is a symbolic link, and its folder " + theirs);
  // No event reports this.
  REQUIRE(unlink((theirs + "/hard.new").c_str()) == 0);
  zinit.await_state("hard", "running");
  CHECK(zinit.state("soft") == "starting");
  CHECK(zinit.stop("hard")["state"] == "exited");
  CHECK(access((theirs + "/hard.pid").c_str(), F_OK) != 0);
  REQUIRE(rename((theirs + "/soft.new").c_str(), (theirs + "/soft.pid").c_str()) == 0);
  zinit.await_state("soft", "running");
}

TEST_CASE("without cgroups an upgrade in place is followed, and what is left behind is killed",
          "[check][root][readiness][crash]") {
  if (geteuid() != 0) return skip("needs root");
  Server zinit({.in_child = have_no_cgroups});
  const auto exec_of = [](const std::string& name) {
    return "setsid sh -c 'echo $$ > $D/" + name + "; exec sleep 100000' & while ! [ -s $D/" + name +
           " ]; do :; done; ";
  };
  zinit.add("ends", {.exec = exec_of("ends") + "exit 0"});
  zinit.add("stays", {.exec = exec_of("stays") + "exec sleep 100000"});
  add_upgradable(zinit);
  zinit.boot({"stays", "a"});
  upgrade(zinit);
  zinit.await_state("ends", "exited");
  CHECK(zinit.status("ends")["reason"]["type"] == "left_behind");
  CHECK_FALSE(alive(escaped_pid(zinit, "ends")));
  SECTION("at a stop") {}
  SECTION("at a stop after a crash") { crash(zinit); }
  upgrade(zinit);
  CHECK(zinit.stop("a")["state"] == "exited");
  CHECK(alive(escaped_pid(zinit, "stays")));
  CHECK(zinit.stop("stays")["state"] == "exited");
  CHECK_FALSE(alive(escaped_pid(zinit, "stays")));
}

TEST_CASE("a daemon in the background does not end by the words of an earlier end",
          "[readiness][reexec]") {
  Server zinit;
  const std::string file = zinit.path("a.pid");
  zinit.add("a", {.exec = "if [ -e $D/bg ]; then sleep 100000 & exit 0; fi; trap '' TERM; echo $$ "
                          "> " +
                          file + "; while :; do sleep 0.01; done",
                  .lifecycle = "restart = 'never'\nstop_timeout_ms = 100",
                  .more = "[readiness]\npidfile = '" + file + "'\n"});
  zinit.boot({"a"});
  if (!has_cgroups(zinit)) return skip(kNeedsCgroups);
  CHECK(zinit.stop("a")["state"] == "exited");
  CHECK_THAT(why(zinit, "a"), Contains("its process was killed because"));
  zinit.mark("bg");
  zinit.begin_start("a");
  zinit.await(
      "a", [](const Json& s) { return s["state"] == "starting" && s["pid"].is_null(); },
      "a daemon in the background");
  CHECK(zinit.stop("a")["state"] == "exited");
  CHECK_THAT(why(zinit, "a"), !Contains("killed"));
  zinit.reexecute();
  CHECK_THAT(why(zinit, "a"), !Contains("killed"));
}

TEST_CASE("nginx is upgraded in place while it serves", "[root][readiness]") {
  if (geteuid() != 0) return skip("needs root");
  // The program of the Debian machine: it is unpacked there, and no package is installed for tests.
  // The script waits for another run of it that makes parts of that machine.
  static_cast<void>(
      run({.argv = {"debian-image", "--prepare"}, .program = "test/vm/debian-image"}, "", 4min));
  const std::string debian = std::filesystem::absolute("build/vm/debian").string();
  const std::string program = debian + "/packages/root/usr/sbin/nginx";
  if (access(program.c_str(), X_OK) != 0) return skip("needs nginx: make images");
  Server zinit;
  const std::string port = free_port(), file = zinit.path("nginx.pid");
  zinit.put("www/index.html", "served\n");
  std::string temporary;
  for (const std::string kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"})
    temporary += kind + "_temp_path " + zinit.path(kind) + ";\n";
  zinit.put("nginx.conf", "user root;\nworker_processes 2;\npid " + file + ";\nerror_log " +
                              zinit.path("error.log") + ";\nevents {}\nhttp {\naccess_log off;\n" +
                              temporary + "server { listen 127.0.0.1:" + port + "; root " +
                              zinit.path("www") + "; }\n}\n");
  zinit.add("a", {.exec = program + " -e stderr -c " + zinit.path("nginx.conf"),
                  .service = "stop_exec = '/bin/kill -QUIT $MAINPID'\nenv = { LD_LIBRARY_PATH = '" +
                             debian + "/libraries' }",
                  .more = "[readiness]\npidfile = '" + file + "'\n"});
  zinit.boot();
  // It writes its title over its environment, so only the cgroup shows its service.
  if (!has_cgroups(zinit)) return skip(kNeedsCgroups);
  zinit.await_state("a", "running");
  const std::string address = "127.0.0.1:" + port;
  std::atomic<int> served = 0, failed = 0;
  std::jthread load([&](const std::stop_token& over) {
    while (!over.stop_requested()) ++(answered(address) ? served : failed);
  });
  for (int i = 0; i < 2; ++i) {
    const pid_t first = zinit.pid_of("a");
    // It ignores SIGUSR2 while the process that started it is its parent. A signal between its
    // pidfile and its workers sets a flag that it checks only after the next signal.
    REQUIRE(eventually([&] { return proc_stat(first, 4) == std::to_string(zinit.pid()); }));
    REQUIRE(eventually([&] { return children_of(first).size() == 2; }));
    CHECK(::kill(first, SIGUSR2) == 0);
    const auto named = [&] { return std::atoi(read_file(file).c_str()); };
    REQUIRE(eventually([&] { return named() != first && named() != 0; }));
    const int before = served;
    CHECK(eventually([&] { return served > before + 20; }));
    if (i == 1) zinit.reexecute();
    CHECK(::kill(first, SIGQUIT) == 0);
    goes_on_as(zinit, named());
  }
  const int before = served;
  CHECK(eventually([&] { return served > before + 20; }));
  load.request_stop();
  load.join();
  CHECK(failed == 0);
  CHECK(zinit.stop("a")["state"] == "exited");
}

}  // namespace
}  // namespace zinit::test::readiness_background
