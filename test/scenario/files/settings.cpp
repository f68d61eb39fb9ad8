// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Global settings on the real binary (zinit.toml(5), "Global settings"), each with its effect.
#include "scenario/harness.hpp"
#include "scenario/harness/dialog.hpp"
namespace zinit::test::files_settings {
namespace {

constexpr uid_t kMember = 64123;  // its own group has the same number
constexpr gid_t kGroup = 64777;

void settings(const Server& zinit, const std::string& text) {
  write_file(zinit.path("zinit.toml"), text);
}

/// Stops only the main thread; the other threads go on.
bool hold_main_thread(const Server& zinit) {
  if (ptrace(PTRACE_SEIZE, zinit.pid(), nullptr, nullptr) != 0) return false;
  REQUIRE(ptrace(PTRACE_INTERRUPT, zinit.pid(), nullptr, nullptr) == 0);
  int status = 0;
  REQUIRE(waitpid(zinit.pid(), &status, __WALL) == zinit.pid());
  REQUIRE(WIFSTOPPED(status));
  return true;
}

/// Waits for one more check by the watchdog of zinit's loops: its thread then sleeps again.
void await_look(const Server& zinit) {
  const auto sleeps = [&] {
    return proc_status(thread_named(zinit.pid(), "zinit-watch"), "voluntary_ctxt_switches");
  };
  REQUIRE(eventually([&] { return !sleeps().empty(); }));
  const std::string before = sleeps();
  REQUIRE(eventually([&] { return sleeps() != before; }));
}

TEST_CASE("other users may do what socket_group says by now, and lead zinit to no file",
          "[check][root][settings]") {
  if (geteuid() != 0) return skip("needs root to become someone else");
  CHECK_DIALOGS("users");
}

TEST_CASE("the values of env are hidden from members who may only query", "[root][settings]") {
  if (geteuid() != 0) return skip("needs root to become someone else");
  Server zinit({.settings = true});
  settings(zinit, "socket_group = " + std::to_string(kGroup) + "\n");
  zinit.add("a", {.service = "[service.env]\nTOKEN = 'secret'"});
  zinit.add("list", {.service = "env = ['TOKEN=secret']"});
  zinit.add("misspelt", {.service = "envv = { TOKEN = 'secret' }"});
  zinit.file("above.toml", "TOKEN = 'secret'\n[service]\nexec = 'true'\n");
  zinit.file("array.toml", "[[service]]\nexec = 'true'\nenv = { TOKEN = 'secret' }\n");
  zinit.add("bare", {.service = "[service.env]\nTOKEN = secret"});
  zinit.add("digit", {.service = "[service.env]\nTOKEN = 1secret"});
  zinit.add("whole", {.service = "[service.env]\n'TOKEN=secret'"});
  zinit.boot();
  const gid_t own = getegid();
  REQUIRE(setegid(kGroup) == 0);
  REQUIRE(seteuid(kMember) == 0);
  Connection member(zinit.socket());
  REQUIRE(seteuid(0) == 0);
  REQUIRE(setegid(own) == 0);
  const Json hidden = member.result("service.get", named("a"));
  CHECK(hidden["config"]["service"]["env"]["TOKEN"] == "***");
  CHECK_FALSE(hidden.mentions("secret"));
  CHECK_FALSE(member.result("logs.get", named("zinit")).mentions("secret"));
  for (const char* name : {"list", "misspelt", "above", "array", "bare", "digit", "whole"}) {
    INFO(name);
    CHECK_FALSE(member.result("service.get", named(name)).mentions("secret"));
    CHECK_FALSE(member.result("service.status_full", named(name)).mentions("secret"));
  }
  CHECK(zinit.result("service.get", named("a"))["config"]["service"]["env"]["TOKEN"] == "secret");
}

TEST_CASE("the group of the control socket stays over a re-execution, whatever /etc/group says",
          "[check][root][settings][reexec]") {
  if (geteuid() != 0) return skip("needs root for its own /etc");
  Server zinit({.own_root = true});
  zinit.put("etc/group", "root:x:0:\nfriends:x:" + std::to_string(kGroup) + ":\n");
  zinit.put("etc/zinit/zinit.toml", "socket_group = 'friends'\n");
  zinit.boot();
  const auto shared = [&] {
    struct stat now {};
    return ::stat(zinit.socket().c_str(), &now) == 0 && now.st_gid == kGroup &&
           (now.st_mode & 0777) == 0660;
  };
  CHECK(shared());
  zinit.put("etc/group", "root:x:0:\n");
  zinit.reexecute();
  CHECK(shared());
  crash(zinit);
  CHECK(shared());
}

TEST_CASE("shutdown_timeout_ms counts from the last stop signal", "[settings][crash]") {
  Server zinit({.settings = true});
  settings(zinit, "shutdown_timeout_ms = 6000\n");
  const auto slow = [](const std::string& name) {
    return "trap 'echo asked " + name + " >> $T; sleep 2.2; echo clean " + name +
           " >> $T; exit' TERM; echo start " + name + " >> $T; while :; do sleep 0.01; done";
  };
  zinit.add("a", {.exec = slow("a")});
  zinit.add("b", {.exec = slow("b"), .dependencies = "requires = ['a']"});
  zinit.add("c", {.exec = slow("c"), .dependencies = "requires = ['b']"});
  zinit.boot({"c"});
  zinit.await_started({"a", "b", "c"});
  zinit.signal(SIGTERM);
  SECTION("in one image") {}
  SECTION("over a crash") {
    zinit.await_trace("asked b");
    zinit.fault();
  }
  SECTION("over two crashes, of which the second one follows the first at once") {
    zinit.await_trace("asked b");
    crash(zinit);
    crash(zinit);
  }
  CHECK(zinit.exit_code() == 0);
  for (const char* name : {"a", "b", "c"}) CHECK(zinit.traced(std::string("clean ") + name));
}

TEST_CASE("zinit's own log has the level of the settings, and times in a file",
          "[settings][logs][crash]") {
  CHECK_DIALOGS("log");
}

TEST_CASE("%n in [defaults] is the name of the service", "[settings][logs]") {
  Server zinit({.settings = true});
  settings(zinit, "[defaults]\nfile = '" + zinit.path("%n.log") + "'\n");
  zinit.add("b", {.exec = "echo of-c", .service = "name = 'c'\noneshot = true"});
  zinit.boot();
  CHECK(eventually([&] { return read_file(zinit.path("c.log")).ends_with("of-c\n"); }));
}

TEST_CASE("changed [defaults] reach a service that was set at runtime as they reach a file's",
          "[settings][runtime]") {
  Server zinit({.settings = true});
  settings(zinit, "[defaults]\nmax_restarts = 1\nrestart_delay_ms = 10\n");
  zinit.add("f", {.exec = "exit 1"});
  zinit.boot();
  const auto set = [&](const std::string& name, const std::string& exec) {
    zinit.result("service.set",
                 R"({"config":{"service":{"name":")" + name + R"(","exec":")" + exec + R"("}}})");
  };
  set("r", "exit 1");
  set("up", "exec sleep 100000");
  const pid_t up = zinit.await_program("up");
  for (const char* name : {"f", "r"}) zinit.await_failed(name, "exit_code");
  CHECK(zinit.reload()["changed"].size() == 0);
  settings(zinit, "[defaults]\nmax_restarts = 3\nrestart_delay_ms = 10\n");
  const Json report = zinit.reload();
  CHECK(report["changed"].texts() == Texts{"f", "r", "up"});
  CHECK(report["restarted"].size() == 0);
  for (const char* name : {"f", "r"}) {
    INFO(name);
    zinit.start(name);
    CHECK(zinit.await_failed(name, "exit_code")["restart_count"] == 4);
  }
  CHECK(zinit.reload()["changed"].size() == 0);
  settings(zinit, "[defaults]\nnofile = 100\n");
  CHECK(zinit.reload()["restarted"].mentions("\"up\""));
  CHECK(zinit.await_new_pid("up", up) != up);
}

TEST_CASE("a loop that is stuck counts as a crash with self_watchdog_ms", "[settings]") {
  Server zinit({.settings = true});
  settings(zinit, "self_watchdog_ms = 300\n");
  zinit.add("a");
  zinit.boot({"a"});
  const pid_t a = zinit.pid_of("a");
  if (!hold_main_thread(zinit)) return skip("needs ptrace(2)");
  zinit.await_message("the control loop or the board has been stuck for");
  zinit.await_message("re-executing zinit");
  zinit.reconnect();
  CHECK(zinit.result("system.info")["crashes"]["count"] == 1);
  CHECK(zinit.pid_of("a") == a);
  CHECK(zinit.shut_down() == 0);
}

TEST_CASE("while zinit as a whole is suspended none of its loops counts as stuck", "[settings]") {
  Server zinit({.settings = true});
  settings(zinit, "self_watchdog_ms = 6000\n");
  zinit.boot();
  // From here on the limit counts. The two looks take up to half of it.
  if (!hold_main_thread(zinit)) return skip("needs ptrace(2)");
  await_look(zinit);  // it has been asked for a sign
  suspend_for(zinit.pid(), 6200ms);
  await_look(zinit);  // the watchdog sees that the sign is still missing
  REQUIRE(ptrace(PTRACE_DETACH, zinit.pid(), nullptr, nullptr) == 0);
  CHECK(zinit.result("system.info")["crashes"]["count"] == 0);
  CHECK(zinit.shut_down() == 0);
}

}  // namespace
}  // namespace zinit::test::files_settings
