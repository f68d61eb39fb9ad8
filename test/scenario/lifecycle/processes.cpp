// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The input and surroundings of a service's process (zinit.toml(5), [service]; behaviour.md,
// "Processes").
#include "scenario/harness.hpp"
namespace zinit::test::lifecycle_processes {
namespace {

pid_t running(Server& zinit, const std::string& name) { return zinit.await_program(name); }

/// Makes a hundred processes, which have become children of zinit, end at once.
void reap_orphans(Server& zinit) {
  zinit.add("a", {.exec = "i=0; while [ $i -lt 100 ]; do (sleep 99999 &); i=$((i+1)); done; "
                          "exec sleep 100000"});
  zinit.boot();
  std::vector<pid_t> orphans;
  REQUIRE(eventually([&] {
    orphans = children_of(zinit.pid());
    std::erase_if(orphans, [](pid_t pid) { return proc_cmdline(pid) != "sleep 99999"; });
    return orphans.size() == 100;
  }));
  for (const pid_t pid : orphans) kill(pid, SIGKILL);
  CHECK(eventually([&] { return children_of(zinit.pid()).size() == 1; }));
  CHECK(zinit.state("a") == "running");
}

/// Gives the calling process that many children that only sleep. They share its memory, so that
/// thousands cost little.
void have_sleeping_children(int count) {
  constexpr std::size_t stack = 4096;
  const std::size_t size = stack * static_cast<std::size_t>(count);
  char* top = static_cast<char*>(
      mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  if (top == MAP_FAILED) _exit(125);
  const auto sleep = [](void*) -> int {
    while (true) pause();
  };
  for (int i = 0; i < count; ++i)
    if (clone(sleep, top += stack, CLONE_VM | SIGCHLD, nullptr) < 0) _exit(125);
}

/// Starts a process that endlessly makes orphans that end at once.
void begin_storm_of_orphans() {
  if (fork() != 0) return;
  while (true) {
    const pid_t parent = fork();
    if (parent == 0) {
      (void)fork();
      _exit(0);
    }
    waitpid(parent, nullptr, 0);
  }
}

/// The value of a variable in a process's environment; "(unset)" if it is missing.
std::string variable(pid_t pid, const std::string& name) {
  for (const std::string& entry : proc_environment(pid))
    if (entry.rfind(name + "=", 0) == 0) return entry.substr(name.size() + 1);
  return "(unset)";
}

std::string numbers(const std::string& blanks) {
  std::string text = blanks;
  std::replace(text.begin(), text.end(), '\t', ' ');
  return text;
}

TEST_CASE("a service finds a clean process: streams, descriptors, signals, session",
          "[check][process]") {
  // A caller of zinit may have things open, blocked and ignored; services must not get them.
  Server zinit({.in_child = [] {
    for (int i = 0; i < 5; ++i) (void)!dup(0);
    signal(SIGUSR1, SIG_IGN);
    for (const int ignored : {SIGPIPE, SIGXFSZ, SIGTTOU}) signal(ignored, SIG_IGN);
    sigset_t some;
    sigemptyset(&some);
    sigaddset(&some, SIGUSR2);
    sigaddset(&some, SIGTERM);
    sigprocmask(SIG_BLOCK, &some, nullptr);
  }});
  zinit.add("a");
  zinit.boot();
  const pid_t pid = running(zinit, "a");
  CHECK(entries_of("/proc/" + std::to_string(pid) + "/fd") == Texts{"0", "1", "2"});
  CHECK(proc_link(pid, "fd/0") == "/dev/null");
  CHECK_THAT(proc_link(pid, "fd/1"), Catch::StartsWith("pipe:"));
  CHECK_THAT(proc_link(pid, "fd/2"), Catch::StartsWith("pipe:"));
  CHECK(proc_status(pid, "SigBlk") == "0000000000000000");
  CHECK(proc_status(pid, "SigIgn") == "0000000000000000");
  CHECK(proc_stat(pid, 5) == std::to_string(pid));  // process group
  CHECK(proc_stat(pid, 6) == std::to_string(pid));  // session
  CHECK(proc_stat(pid, 7) == "0");                  // no controlling terminal
  CHECK(proc_stat(pid, 4) == std::to_string(zinit.pid()));
  CHECK(proc_cmdline(pid) == "sleep 100000");
  CHECK(proc_link(pid, "cwd") == "/");
  CHECK(proc_status(pid, "Umask") == "0022");
}

TEST_CASE("no service inherits another one's descriptors", "[check][process]") {
  Server zinit;
  for (int i = 0; i < 20; ++i) zinit.add("s" + std::to_string(i));
  zinit.boot();
  for (int i = 0; i < 20; ++i) {
    const pid_t pid = running(zinit, "s" + std::to_string(i));
    // The loader of libraries has another one open for a moment.
    CHECK(eventually([&] {
      return entries_of("/proc/" + std::to_string(pid) + "/fd") == Texts{"0", "1", "2"};
    }));
  }
}

TEST_CASE("the environment has PATH, zinit's own, env and the service's name", "[check][process]") {
  Server zinit({.env = {"FROM_ZINIT=given", "REPLACED=old"}});
  zinit.add(
      "a",
      {.service = "env = { ADDED = 'x y', REPLACED = 'new', EMPTY = '', ZINIT_SERVICE = 'no' }"});
  zinit.boot();
  const pid_t pid = running(zinit, "a");
  CHECK_THAT(variable(pid, "PATH"), Contains("/usr/bin"));
  CHECK(variable(pid, "FROM_ZINIT") == "given");
  CHECK(variable(pid, "ADDED") == "x y");
  CHECK(variable(pid, "REPLACED") == "new");
  CHECK(variable(pid, "EMPTY") == "");
  CHECK(variable(pid, "ZINIT_SERVICE") == "a");
  const Texts all = proc_environment(pid);
  CHECK(std::count_if(all.begin(), all.end(),
                      [](const std::string& e) { return e.rfind("REPLACED=", 0) == 0; }) == 1);
}

TEST_CASE("a server that is not root runs services as itself", "[root][process]") {
  if (geteuid() != 0) return skip("needs root to become someone else");
  Server zinit({.uid = 64123});
  zinit.add("a");
  zinit.add("same", {.service = "user = 64123"});
  zinit.add("other", {.service = "user = 'nobody'"});
  zinit.add("more", {.service = "user = 64123\ngroups = [64123, 64124]"});
  zinit.boot();
  CHECK(numbers(proc_status(running(zinit, "a"), "Uid")) == "64123 64123 64123 64123");
  CHECK(numbers(proc_status(running(zinit, "same"), "Uid")) == "64123 64123 64123 64123");
  CHECK(zinit.await_failed("more", "spawn_error")["reason"]["message"] ==
        "cannot set the supplementary groups: Operation not permitted; only root may start "
        "services as other users");
  const Json failed = zinit.await_failed("other", "spawn_error");
  CHECK_THAT(failed["reason"]["message"].text(), Contains("Operation not permitted"));
}

TEST_CASE("a tty is the controlling terminal and all three streams of its service",
          "[check][process]") {
  const int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  REQUIRE(master >= 0);
  REQUIRE(grantpt(master) == 0);
  REQUIRE(unlockpt(master) == 0);
  const std::string terminal = ptsname(master);
  {
    Server zinit;
    zinit.add("a", {.service = "tty = '" + terminal + "'"});
    zinit.boot();
    const pid_t pid = running(zinit, "a");
    for (const char* fd : {"fd/0", "fd/1", "fd/2"}) CHECK(proc_link(pid, fd) == terminal);
    CHECK(proc_stat(pid, 7) != "0");
    CHECK(proc_stat(pid, 8) == std::to_string(pid));  // it is the foreground group
    CHECK(proc_stat(pid, 6) == std::to_string(pid));
  }
  close(master);
}

TEST_CASE("a standalone server is a subreaper and reaps orphans in bursts",
          "[check][threads][process]") {
  Server zinit;
  reap_orphans(zinit);
}

TEST_CASE("as PID 1 every orphan is reaped", "[process][container]") {
  if (!can_make_namespaces()) return skip("needs pid namespaces");
  Server zinit({.container = true});
  reap_orphans(zinit);
}

TEST_CASE("a storm of orphans among thousands keeps nobody from zinit",
          "[alone][process][container]") {
  if (!can_make_namespaces()) return skip("needs pid namespaces");
  Server zinit({.container = true, .in_child = [] {
                  ::signal(SIGTERM, SIG_DFL);
                  have_sleeping_children(4000);
                  for (int i = 0; i < 4; ++i) begin_storm_of_orphans();
                }});
  zinit.add("a", {.lifecycle = "restart_delay_ms = 1\nrestart_delay_max_ms = 1"});
  zinit.boot({"a"});
  Connection client = zinit.connect();
  for (int ends = 1; ends <= 5; ++ends) {
    (void)client.result("service.kill", R"({"name":"a","signal":"SIGKILL"})");
    CHECK(eventually([&] {
      const Json now = client.result("service.status_full", R"({"name":"a"})");
      return now["state"] == "running" && now["restart_count"] == ends;
    }));
  }
  zinit.signal(SIGPWR);
  CHECK(zinit.exit_code() == 0);
}

}  // namespace
}  // namespace zinit::test::lifecycle_processes
