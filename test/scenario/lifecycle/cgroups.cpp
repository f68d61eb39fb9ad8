// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Each service has its own cgroup (behaviour.md, "Processes"; zinit.toml(5), [resources]). test/vm
// tests the effect of limits on processes, on a kernel with all controllers.
#include "scenario/harness.hpp"
#include "scenario/harness/crashing.hpp"
#include "scenario/harness/fault_injector.hpp"
#include "scenario/harness/left_processes.hpp"

namespace zinit::test::lifecycle_cgroups {
namespace {

/// zinit's own cgroup, which contains all its others.
std::string base_of(const Server& zinit) {
  const std::string own = cgroup_of(zinit.pid());
  return hierarchy() + own.substr(0, own.rfind('/'));
}

/// The inode number of a directory, which no other directory gets later; 0: it does not exist.
ino_t number_of(const std::string& directory) {
  struct stat status {};
  return stat(directory.c_str(), &status) == 0 ? status.st_ino : 0;
}

pid_t running(Server& zinit, const std::string& name) { return zinit.await_program(name); }

/// Whether the pids_max of `a` is in force, or reported to have no effect here.
bool has_pids_max(Server& zinit, const std::string& most) {
  return read_file(hierarchy() + cgroup_of(zinit.pid_of("a")) + "/pids.max") == most + "\n" ||
         zinit.status("a")["warnings"].dump().find("resources.pids_max") != std::string::npos;
}

TEST_CASE("each service has a cgroup of its own, and zinit a leaf", "[check][cgroups]") {
  std::string base;
  ino_t number = 0;
  {
    Server zinit;
    zinit.add("a");
    zinit.add("cgroup.procs", {.exec = "sleep 100000 & sleep 100000"});
    zinit.boot();
    if (!has_cgroups(zinit)) return skip(kNeedsCgroups);
    base = base_of(zinit);
    number = number_of(base);
    CHECK(hierarchy() + cgroup_of(running(zinit, "a")) == base + "/a.service");
    const pid_t shell = running(zinit, "cgroup.procs");
    CHECK(hierarchy() + cgroup_of(shell) == base + "/cgroup.procs.service");
    REQUIRE(eventually([&] { return children_of(shell).size() == 2; }));
    CHECK(zinit.status("cgroup.procs")["tasks"].number() == 3);
    // A service may have made cgroups in its own.
    if (geteuid() == 0)
      REQUIRE(std::filesystem::create_directories(base + "/a.service/inner/most"));
    zinit.stop("a");
    CHECK(eventually([&] { return !std::filesystem::exists(base + "/a.service"); }));
    CHECK(std::filesystem::exists(base + "/cgroup.procs.service"));
  }
  // Another zinit, running beside this test, may have made a directory of this name again.
  CHECK(number_of(base) != number);
}

TEST_CASE(
    "what has left the group hears of a stop, or is killed: if it ignores that, or is left over",
    "[check][cgroups]") {
  Server zinit;
  zinit.add("a", {.exec = escaping("one") + "sleep 100000"});
  zinit.add("deaf",
            {.exec = escaping("two", true) + "sleep 100000", .lifecycle = "stop_timeout_ms = 300"});
  zinit.add("ends", {.exec = "if [ -e $D/again ]; then exec sleep 100000; fi; touch $D/again; " +
                             escaping("three", true) +
                             "while ! [ -s $D/three ]; do sleep 0.02; done; exit 3",
                     .lifecycle = "restart_delay_ms = 1"});
  zinit.boot();
  if (!has_cgroups(zinit)) return skip(kNeedsCgroups);
  const pid_t escaped = escaped_pid(zinit, "one"), stays = escaped_pid(zinit, "two"),
              left = escaped_pid(zinit, "three");
  CHECK(zinit.stop("a")["state"] == "exited");
  CHECK(zinit.traced("escaped one"));
  CHECK_FALSE(alive(escaped));
  const Json status = zinit.stop("deaf");
  CHECK(status["state"] == "exited");
  CHECK(status["last_exit"]["signal"] == "SIGTERM");  // how the main process ended
  CHECK_FALSE(alive(stays));
  const Json again = zinit.await(
      "ends",
      [](const Json& s) { return s["restart_count"].number() == 1 && s["state"] == "running"; },
      "spawned again");
  CHECK_FALSE(alive(left));
  CHECK(again["last_exit"]["code"] == 3);
}

TEST_CASE("a signal to hundreds of processes of a service holds up nobody else",
          "[root][cgroups]") {
  if (!FaultInjector::possible()) return skip("needs seccomp_unotify(2)");
  FaultInjector injector;
  Server zinit({.in_child = [&] { injector.install_in_child(); }});
  zinit.add("many", {.exec = "for i in $(seq 150); do setsid sleep 100000 & done; "
                             "exec sleep 100000",
                     .lifecycle = "restart = 'never'"});
  launch_under(injector, zinit);
  zinit.await_state("many", "running");
  if (!has_cgroups(zinit)) return skip(kNeedsCgroups);
  zinit.await(
      "many", [](const Json& s) { return s["tasks"].number() == 151; }, "all there");
  // zinit reads this before it signals the oldest of them, which is the last to get the signal.
  injector.hold("/proc/" + std::to_string(zinit.pid_of("many")) + "/cgroup");
  CHECK(zinit.ctl({"kill", "--all", "many", "USR1"}).code == 0);
  REQUIRE(eventually([&] { return injector.held() == 1; }));
  Connection other = zinit.connect();
  CHECK(other.result("service.status", named("many"))["state"] == "running");
  injector.release();
  zinit.await(
      "many", [](const Json& s) { return s["state"] == "failed"; }, "ended");
  CHECK(zinit.status("many")["last_exit"]["signal"] == "SIGUSR1");
}

TEST_CASE("a service that was frozen while it was to stop ends by itself", "[root][cgroups]") {
  if (geteuid() != 0) return skip("needs root to freeze it");
  Server zinit;
  zinit.add("a", {.exec = tracing("a"), .lifecycle = "stop_timeout_ms = 1000"});
  zinit.boot();
  if (!has_cgroups(zinit)) return skip(kNeedsCgroups);
  zinit.await_started({"a"});
  const std::string freeze = hierarchy() + cgroup_of(running(zinit, "a")) + "/cgroup.freeze";
  write_file(freeze, "1");
  CHECK(zinit.stop("a")["state"] == "exited");
  CHECK(zinit.traced("stop a"));
  zinit.await_message("a: was frozen during its stop");
  // zinit does not wait for it at its own end.
  (void)zinit.start("a");
  zinit.await_trace("start a", 2);
  write_file(hierarchy() + cgroup_of(running(zinit, "a")) + "/cgroup.freeze", "1");
  CHECK(zinit.shut_down() == 0);
  CHECK(zinit.count("stop a") == 1);
}

TEST_CASE("reload, start and check warn of a limit without its controller", "[root][cgroups]") {
  Server zinit;
  zinit.add("plain");
  zinit.boot();
  if (!has_cgroups(zinit)) return skip(kNeedsCgroups);
  if (std::filesystem::exists(hierarchy() + cgroup_of(running(zinit, "plain")) + "/memory.max"))
    return skip("needs a cgroup without controllers");
  const std::string warning = "limited: resources.memory_max is not enforced";
  zinit.add("limited", {.service = "status = 'stop'", .more = "[resources]\nmemory_max = '1G'\n"});
  CHECK_THAT(zinit.ctl({"reload", "--dry-run"}).out, Contains(warning));
  CHECK_THAT(zinit.ctl({"reload"}).out, Contains(warning));
  CHECK_THAT(zinit.ctl({"start", "limited"}).out, Contains("warning: " + warning));
  CHECK(zinit.result("system.info")["controllers"].size() == 0);
  const Outcome check = zinit.ctl({"check"});
  CHECK(check.code == 0);
  CHECK_THAT(check.out,
             Contains("limited.toml:5:14: warning: resources.memory_max: is not enforced: "
                      "the server's cgroups have no controller memory"));
  CHECK(zinit.ctl({"check", "--strict"}).code == 1);
}

TEST_CASE("without cgroups there is one warning, and services run", "[root][cgroups]") {
  if (geteuid() != 0) return skip("needs root");
  Server zinit({.in_child = [] {
    const std::string mounted = hierarchy();
    if (unshare(CLONE_NEWNS) != 0) return;
    mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
    if (!mounted.empty()) umount2(mounted.c_str(), MNT_DETACH);
  }});
  zinit.add("plain");
  zinit.add("limited", {.more = "[resources]\nmemory_max = '1G'\n"});
  zinit.boot();
  running(zinit, "plain");
  running(zinit, "limited");
  CHECK(zinit.status("plain")["warnings"].size() == 0);
  CHECK_THAT(zinit.ctl({"check"}).out,
             Contains("limited.toml") && Contains("the server's cgroups have no controller"));
  CHECK_THAT(zinit.status("limited")["warnings"].dump(), Contains("[resources] has no effect"));
  CHECK_THAT(zinit.ctl({"why", "limited"}).out, Contains("[resources] has no effect"));
  zinit.add("plain", {.more = "[resources]\nmemory_max = '1G'\n"});
  CHECK_THAT(zinit.ctl({"reload"}).out,
             Contains("plain: [resources] has no effect") && !Contains("limited"));
  zinit.shut_down();
  const std::string messages = zinit.messages();
  const std::string warning =
      "no cgroups: services are tracked by process group only: cgroup v2 is not mounted";
  CHECK_THAT(messages, Contains(warning));
  CHECK(messages.find(warning) == messages.rfind(warning));
}

TEST_CASE(
    "who changes resources is answered when that has been done, though the service is deleted",
    "[threads][cgroups][reload]") {
  if (!FaultInjector::possible()) return skip("needs seccomp notifications");
  FaultInjector injector;
  Server zinit({.in_child = [&] { injector.install_in_child(); }});
  zinit.add("a");
  zinit.add("orphans",
            {.exec = "sleep 0.01 & echo done >> $T", .service = "oneshot = true\nstatus = 'stop'"});
  launch_under(injector, zinit);
  const pid_t pid = running(zinit, "a");
  if (!has_cgroups(zinit)) return skip(kNeedsCgroups);
  Connection client = zinit.connect();
  const auto begin = [&](const std::string& method, const std::string& params) {
    injector.hold("pids.max");
    client.send(R"({"jsonrpc":"2.0","id":"change","method":")" + method + R"(","params":)" +
                params + "}\n");
  };
  const auto change = [&](const std::string& method, const std::string& params) {
    begin(method, params);
    client.send(R"({"jsonrpc":"2.0","id":"dry","method":"service.reload","params":[null,true]})"
                "\n");
    // The dry run comes after the change, and does not wait.
    CHECK(client.read()["id"] == "dry");
    injector.release();
    CHECK(client.read()["id"] == "change");
  };
  const auto with_most = [](const char* most) {
    return R"([{"service":{"name":"a","exec":"sleep 100000"},"resources":{"pids_max":)" +
           std::string(most) + "}},false]";
  };
  zinit.add("a", {.more = "[resources]\npids_max = 77\n"});
  change("service.reload", "[]");
  CHECK(has_pids_max(zinit, "77"));
  change("service.set", with_most("78"));
  CHECK(has_pids_max(zinit, "78"));

  begin("service.set", with_most("79"));
  REQUIRE(eventually([&] { return injector.held() > 0; }));
  client.send(R"({"jsonrpc":"2.0","id":"delete","method":"service.delete","params":["a",false]})"
              "\n");
  CHECK(eventually([&] { return !alive(pid); }));
  // zinit looks for the parents of these processes among the current launches.
  for (int i = 0; i < 3; ++i) CHECK(zinit.ctl({"restart", "orphans"}).code == 0);
  injector.release();
  std::set<std::string> answered;
  for (int i = 0; i < 2; ++i) answered.insert(client.read()["id"].text());
  CHECK(answered == std::set<std::string>{"change", "delete"});
  CHECK(eventually([&] { return !zinit.result("service.list").mentions("\"a\""); }));
  CHECK_THAT(zinit.messages(), !Contains("fault in zinit"));
}

TEST_CASE("a change of resources that had not been applied is applied after a crash",
          "[cgroups][reload][crash]") {
  if (!FaultInjector::possible()) return skip("needs seccomp notifications");
  FaultInjector injector;
  Server zinit({.in_child = [&] { injector.install_in_child(); }});
  zinit.add("a");
  launch_under(injector, zinit);
  const pid_t pid = running(zinit, "a");
  if (!has_cgroups(zinit)) return skip(kNeedsCgroups);
  zinit.add("a", {.more = "[resources]\npids_max = 77\n"});
  injector.hold("pids.max");
  Connection client = zinit.connect();
  client.begin("service.reload");
  REQUIRE(eventually([&] { return injector.held() == 1; }));
  crash(zinit);
  injector.release();
  CHECK(eventually([&] { return has_pids_max(zinit, "77"); }));
  CHECK(zinit.pid_of("a") == pid);
}

TEST_CASE("a change of resources during a launch is applied after the launch",
          "[cgroups][reload]") {
  if (!FaultInjector::possible()) return skip("needs seccomp notifications");
  FaultInjector injector;
  Server zinit({.in_child = [&] { injector.install_in_child(); }});
  const std::string stays = "status = 'stop'";
  zinit.add("a", {.service = stays, .more = "[resources]\npids_max = 55\n"});
  launch_under(injector, zinit);
  injector.hold("pids.max");
  zinit.begin_start("a");
  if (!eventually([&] { return injector.held() == 1 || zinit.state("a") == "running"; }) ||
      injector.held() == 0)
    return skip(kNeedsCgroups);
  zinit.add("a", {.service = stays, .more = "[resources]\npids_max = 77\n"});
  zinit.reload();
  injector.release();
  (void)running(zinit, "a");
  CHECK(eventually([&] { return has_pids_max(zinit, "77"); }));
}

TEST_CASE("a change of resources that had not begun when zinit crashed is applied",
          "[check][killpoints][cgroups]") {
  Crashing crashing("order.limit");
  Server& zinit = crashing.zinit;
  zinit.add("a");
  zinit.boot();
  const pid_t pid = running(zinit, "a");
  if (!has_cgroups(zinit)) return skip(kNeedsCgroups);
  zinit.add("a", {.more = "[resources]\npids_max = 77\n"});
  (void)zinit.ctl({"reload"});  // the crash cuts it off
  zinit.reconnect();
  CHECK(eventually([&] { return has_pids_max(zinit, "77"); }));
  CHECK(zinit.pid_of("a") == pid);
  CHECK(crashing.crashed());
}

TEST_CASE("changed resources take effect, or are told, without a restart", "[check][cgroups]") {
  Server zinit;
  zinit.add("a");
  zinit.boot();
  if (!has_cgroups(zinit)) return skip(kNeedsCgroups);
  const pid_t pid = running(zinit, "a");
  const std::string path = hierarchy() + cgroup_of(pid);
  zinit.add("a", {.more = "[resources]\npids_max = 77\n"});
  CHECK(zinit.reload()["changed"].dump() == R"(["a"])");
  CHECK(eventually([&] { return has_pids_max(zinit, "77"); }));
  zinit.add("a");
  zinit.reload();
  CHECK(eventually([&] {
    const std::string most = read_file(path + "/pids.max");
    return (most.empty() || most == "max\n") && zinit.status("a")["warnings"].size() == 0;
  }));
  CHECK(zinit.pid_of("a") == pid);
}

TEST_CASE("a delegated cgroup belongs to the service's user, and ends with the service",
          "[check][root][cgroups]") {
  if (geteuid() != 0) return skip("needs root");
  constexpr uid_t nobody = 65534;
  const Toml own{.exec = "c=" + hierarchy() +
                         "$(sed -n s/^0:://p /proc/self/cgroup); mkdir -p $c/sub/deeper && "
                         "echo $$ >$c/sub/cgroup.procs && exec sleep 100000",
                 .service = "user = 65534",
                 .more = "[resources]\ndelegate = true\n"};
  Server zinit;
  zinit.add("a", own);
  zinit.boot();
  if (!has_cgroups(zinit)) return skip(kNeedsCgroups);
  const std::string path = base_of(zinit) + "/a.service";
  const pid_t pid = running(zinit, "a");
  REQUIRE(eventually([&] { return hierarchy() + cgroup_of(pid) == path + "/sub"; }));
  const auto is_of = [&](uid_t owner) {
    struct stat status {};
    return stat(path.c_str(), &status) == 0 && status.st_uid == owner;
  };
  for (const char* file :
       {"", "/cgroup.procs", "/cgroup.subtree_control", "/cgroup.threads", "/sub/cgroup.procs"}) {
    INFO(file);
    struct stat status {};
    REQUIRE(stat((path + file).c_str(), &status) == 0);
    CHECK(status.st_uid == nobody);
  }
  CHECK(read_file(path + "/cgroup.max.descendants") == "1000\n");
  CHECK(read_file(path + "/cgroup.max.depth") == "12\n");
  CHECK(zinit.status("a")["tasks"].number() == 1);
  CHECK(zinit.status("a")["warnings"].size() == 0);
  Toml without = own;
  without.more.clear();
  zinit.add("a", without);
  zinit.reload();
  CHECK(eventually([&] { return is_of(0); }));
  CHECK(read_file(path + "/cgroup.max.depth") == "12\n");  // of cgroups that stay the user's
  zinit.add("a", own);
  zinit.reload();
  CHECK(eventually([&] { return is_of(nobody); }));
  CHECK(zinit.pid_of("a") == pid);
  zinit.stop("a");
  CHECK_FALSE(alive(pid));
  CHECK(eventually([&] { return !std::filesystem::exists(path); }));
}

}  // namespace
}  // namespace zinit::test::lifecycle_cgroups
