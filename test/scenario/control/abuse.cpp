// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Services that fork without end, crash without end, or lack processes.
#include "scenario/harness.hpp"
#include "scenario/harness/lone_user.hpp"

namespace zinit::test::control_abuse {
namespace {

std::string numbered(int i) { return "s" + std::to_string(i); }

/// Processes left by a shell that has ended: the test is their subreaper.
class Hogs {
 public:
  [[nodiscard]] std::size_t count() const { return all().size(); }
  void kill_all() const {
    for (const pid_t pid : all()) {
      kill(pid, SIGKILL);
      waitpid(pid, nullptr, 0);
    }
  }
  ~Hogs() { kill_all(); }

 private:
  static std::vector<pid_t> all() {
    std::vector<pid_t> pids = children_of(getpid());
    std::erase_if(pids, [](pid_t pid) { return proc_cmdline(pid) != "sleep 100000"; });
    return pids;
  }
};

TEST_CASE("a stop ends all processes that a service has forked, though some ignore SIGTERM",
          "[threads][abuse][soak]") {
  const std::size_t orphans = long_form() ? 1000 : 200;
  const std::string fifty = "i=0; while [ $i -lt 50 ]; do sleep 100000 & i=$((i+1)); done; ";
  Server zinit;
  zinit.add("storm", {.exec = "i=0; while [ $i -lt " + std::to_string(orphans) +
                              " ]; do (sleep 100000 &); i=$((i+1)); done;"
                              "echo forked >> $T; exec sleep 100000"});
  zinit.add("deaf", {.exec = "trap '' TERM; " + fifty + "echo deaf >> $T; wait",
                     .lifecycle = "stop_timeout_ms = 2000"});
  zinit.add("leader", {.exec = "(trap '' TERM; " + fifty +
                               "wait) & trap 'exit 0' TERM; echo leader >> $T; wait",
                       .lifecycle = "stop_timeout_ms = 2000"});
  zinit.add("calm");
  zinit.boot({"calm"});
  const pid_t calm = zinit.pid_of("calm");
  for (const char* line : {"forked", "deaf", "leader"}) zinit.await_trace(line);
  REQUIRE(children_of(zinit.pid()).size() > orphans);
  CHECK(zinit.stop("storm")["state"] == "exited");
  CHECK(zinit.stop("deaf")["last_exit"]["signal"] == "SIGKILL");
  const Json stopped = zinit.stop("leader");
  CHECK(stopped["state"] == "exited");
  CHECK(stopped["last_exit"]["code"] == 0);  // how the main process ended
  CHECK(children_of(zinit.pid()) == std::vector<pid_t>{calm});
}

TEST_CASE("to name a service ten thousand times costs no more than to read that",
          "[alone][abuse]") {
  Server zinit;
  zinit.add("a");
  zinit.add("loop", {.exec = "printf x >> $T; exit 1",
                     .lifecycle = "restart = 'always'\nrestart_delay_ms = 0\n"
                                  "restart_delay_max_ms = 0"});
  zinit.boot({"a"});
  REQUIRE(eventually([&] { return read_file(zinit.path("trace")).size() >= 500; }));
  CHECK(zinit.stop("loop")["wish"] == "down");
  std::string names = R"("a")";
  for (int i = 1; i < 10'000; ++i) names += R"(,"a")";  // the most that a request may name
  Connection client = zinit.connect();
  const long before = ticks(zinit.pid());
  for (int i = 0; i < 250; ++i) (void)client.result("events.get", R"({"names":[)" + names + "]}");
  CHECK(ticks(zinit.pid()) - before < 300);
}

TEST_CASE("many services that crash without delay leave control and memory as they are",
          "[alone][abuse][soak]") {
  const int services = long_form() ? 1000 : 100;
  Server zinit;
  for (int i = 0; i < services; ++i) {
    zinit.add(numbered(i), {.exec = "printf x >> $T; exit 1",
                            .lifecycle = "restart = 'always'\nrestart_delay_ms = 0\n"
                                         "restart_delay_max_ms = 0"});
  }
  zinit.boot();
  Connection client = zinit.connect();
  REQUIRE(eventually([&] {
    CHECK(client.result("system.ping").is_object());
    return read_file(zinit.path("trace")).size() >= std::size_t(10 * services);
  }));
  (void)client.result("service.stop_all");
  // Measured at rest: during the run the size varies with the number of threads.
  CHECK(eventually([&] { return job_threads(zinit.pid()).empty(); }));
  if (!binary_is_sanitized())
    CHECK(eventually([&] { return resident_kb(zinit.pid()) <= 9 * 1024; }));
  INFO(resident_kb(zinit.pid()) << " KB");
  std::size_t respawns = 0;
  for (const Json& status : zinit.result("service.list_full").elements())
    respawns += static_cast<std::size_t>(status["restart_count"].number());
  // The stop may have reached some services between their spawn and their line.
  const std::size_t runs = read_file(zinit.path("trace")).size();
  INFO(runs << " runs, " << respawns << " re-spawns");
  CHECK(runs <= respawns + std::size_t(services));
  CHECK(runs >= respawns);
  CHECK(children_of(zinit.pid()).empty());
}

TEST_CASE("with no process left spawns wait, at no cost, and succeed when there is one",
          "[root][abuse]") {
  if (geteuid() != 0) return skip(kNeedsLoneUser);
  if (binary_is_sanitized()) return skip("sanitizers need threads of their own");
  constexpr uid_t kUser = 64125;
  const auto limited = limited_to(150);
  Server zinit({.uid = kUser, .in_child = limited});
  for (int i = 0; i < 20; ++i) zinit.add(numbered(i), {.service = "status = 'stop'"});
  zinit.boot();
  Connection client = zinit.connect();
  // Threads count as processes, too, and an idle thread ends after a second.
  REQUIRE(at_rest_for(1500ms, [&] { return proc_status(zinit.pid(), "Threads"); }));
  // A shell that takes all processes until none is left, and ends; then a process in its place.
  const auto hog = [&](const Texts& argv) {
    return launch({.argv = argv, .program = "/bin/" + argv[0], .uid = kUser, .in_child = limited});
  };
  REQUIRE(wait_for_exit(hog({"sh", "-c", "while :; do sleep 100000 & done"})));
  static_cast<void>(hog({"sleep", "100000"}));
  const Hogs hogs;
  REQUIRE(hogs.count() > 10);
  for (int i = 0; i < 20; ++i) (void)client.result("service.start", named(numbered(i)));
  const auto waits = [&] {
    return client.result("service.status_full", named("s19"))["restart_in_ms"].is_number();
  };
  REQUIRE(eventually(waits));
  CHECK_THAT(client.result("service.why", named("s19")).dump(),
             Contains("Resource temporarily unavailable"));
  const long before = ticks(zinit.pid());
  CHECK_FALSE(
      eventually([&] { return client.result("service.is_running", named("s0")) == true; }, 3s));
  CHECK(ticks(zinit.pid()) - before < 60);  // of 300
  hogs.kill_all();
  for (int i = 0; i < 20; ++i) zinit.await_state(numbered(i), "running");
}

TEST_CASE("a service that is traced can be stopped, and is told when the tracer holds it",
          "[check][abuse]") {
  Server zinit;
  zinit.add("traced", {.lifecycle = "stop_timeout_ms = 200"});
  zinit.boot({"traced"});
  const pid_t pid = zinit.pid_of("traced");
  if (ptrace(PTRACE_SEIZE, pid, nullptr, nullptr) != 0) return skip("needs ptrace");
  // A tracer that does nothing holds the signal back, and then the dead process itself.
  zinit.begin_stop("traced");
  const Json held = zinit.await_failed("traced", "stop_timeout");
  CHECK(held["wish"] == "down");
  int status = 0;
  while (waitpid(pid, &status, __WALL) == pid && !WIFSIGNALED(status))
    (void)ptrace(PTRACE_CONT, pid, nullptr, WSTOPSIG(status));
  zinit.await(
      "traced", [](const Json& s) { return s["pid"].is_null() && s["state"] != "failed"; }, "gone");
  CHECK(zinit.start("traced")["state"] == "running");
}

TEST_CASE("the end does not wait for a data loop that hangs", "[threads][abuse]") {
  for (const std::string_view loop : {"zinit-data", "zinit-read"}) {
    Server zinit;
    zinit.add("a");
    zinit.boot({"a"});
    const pid_t thread = hold_thread(zinit.pid(), loop);
    if (thread == 0) return skip("needs ptrace");
    zinit.signal(SIGTERM);
    CHECK(await_end_of_held(thread));
    CHECK(zinit.exit_code() == 0);
    CHECK(zinit.messages().find(" not answer; the last lines are lost") != std::string::npos);
  }
}

}  // namespace
}  // namespace zinit::test::control_abuse
