// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// requires, after and wants: what they pull in, how they delay a start, and what a failure causes
// (behaviour.md, "Dependencies").
#include <unistd.h>

#include "scenario/harness.hpp"

namespace lifecycle_dependencies_test {

using namespace zinit::test;

namespace {

/// A oneshot that ends when the test sets the mark go-NAME.
Toml gate(const std::string& name) {
  return {.exec = "echo start " + name + " >> $T; while ! [ -e $D/go-" + name +
                  " ]; do sleep 0.01; done; echo end " + name + " >> $T",
          .service = "oneshot = true"};
}

/// A service that always fails until the mark `mended` exists, then runs.
Toml broken() {
  return {.exec = "[ -e $D/mended ] && exec sleep 100000; exit 5",
          .lifecycle = "restart = 'never'"};
}

/// A oneshot that fails and then waits for its next run, until the mark `mended` exists and it is
/// started.
Toml delayed() {
  return {.exec = "[ -e $D/mended ]",
          .service = "oneshot = true",
          .lifecycle = "restart = 'on-failure'\nrestart_delay_ms = 86400000"};
}

}  // namespace

TEST_CASE("a start is not answered while what it requires is being spawned", "[deps]") {
  Server zinit;
  const char* stopped = "status = 'stop'";
  zinit.add("crashes", {.exec = "sh -c 'exit 1'",
                        .service = stopped,
                        .lifecycle = "restart_delay_ms = 86400000"});
  zinit.add("middle", {.service = stopped, .dependencies = "requires = ['crashes']"});
  zinit.add("top", {.service = stopped, .dependencies = "requires = ['middle']"});
  zinit.boot();
  int blocked = 0;
  for (int i = 0; i < 30; ++i) {
    zinit.start("crashes");
    const Json status = zinit.start("top");
    // Either its requirement had already ended, and no start is under way...
    if (status["state"] == "blocked") {
      ++blocked;
      CHECK(zinit.await_delayed("crashes")["restart_in_ms"].number() > 0);
      CHECK(zinit.state("middle") == "blocked");
    } else {  // ... or it runs.
      CHECK(status["state"] == "running");
    }
    zinit.stop("crashes");
  }
  CHECK(blocked < 30);
}

TEST_CASE("a start waits until what is required runs or is done", "[deps]") {
  Server zinit;
  zinit.add("gate", gate("gate"));
  zinit.add("db", {.exec = tracing("db"), .dependencies = "requires = ['gate']"});
  zinit.add("web", {.exec = tracing("web"), .dependencies = "requires = ['db']"});
  zinit.boot();
  zinit.await_trace("start gate");
  const Json web = zinit.await_state("web", "blocked");
  CHECK(web["waiting_on"].mentions("db"));
  CHECK(web["wish"] == "up");
  zinit.mark("go-gate");
  zinit.await_trace("start web");
  zinit.traced_in_order("end gate", "start db");
}

TEST_CASE("requires and wants pull in what is not started, after and conflicts do not", "[deps]") {
  Server zinit;
  for (const char* name : {"required", "wanted", "earlier", "other", "deep"}) {
    zinit.add(name, {.service = "status = 'stop'"});
  }
  zinit.add("required", {.service = "status = 'stop'", .dependencies = "requires = ['deep']"});
  zinit.add("a", {.service = "status = 'stop'",
                  .dependencies = "requires = ['required']\nwants = ['wanted']\n"
                                  "after = ['earlier']\nconflicts = ['other']"});
  zinit.boot();
  CHECK(zinit.start("a")["state"] == "running");
  CHECK(zinit.state("required") == "running");
  CHECK(zinit.state("deep") == "running");
  zinit.await_state("wanted", "running");
  CHECK(zinit.state("earlier") == "inactive");
  CHECK(zinit.state("other") == "inactive");
}

TEST_CASE("what has status ignore is never pulled in, and why says so", "[deps]") {
  Server zinit;
  zinit.add("ignored", {.service = "status = 'ignore'"});
  zinit.add("a", {.dependencies = "requires = ['ignored']"});
  zinit.add("b", {.dependencies = "wants = ['ignored']"});
  zinit.boot({"b"});
  CHECK(zinit.await_state("a", "blocked")["waiting_on"].mentions("ignored"));
  CHECK(zinit.start("a")["state"] == "blocked");
  CHECK(zinit.state("ignored") == "inactive");
  CHECK(zinit.result("service.why", named("a"))["reasons"][0]["root_cause"] == "ignored");
  zinit.start("ignored");
  zinit.await_state("a", "running");
}

TEST_CASE("wants neither holds a start nor minds a failure", "[deps]") {
  Server zinit;
  zinit.add("gate", gate("gate"));
  zinit.add("broken", broken());
  zinit.add("a", {.dependencies = "wants = ['gate', 'broken', 'absent']"});
  zinit.boot({"a"});
  zinit.await_state("gate", "starting");
  zinit.await_failed("broken", "exit_code");
  zinit.stop("gate");
  CHECK(zinit.state("a") == "running");
}

TEST_CASE("independent services start at the same time", "[threads][deps]") {
  Server zinit;
  // Each ends only after it has seen all others start.
  for (int i = 0; i < 8; ++i) {
    zinit.add("s" + std::to_string(i),
              {.exec = "echo start >> $T; while [ $(wc -l < $T) -lt 8 ]; do sleep 0.01; done",
               .service = "oneshot = true"});
  }
  zinit.boot();
  for (int i = 0; i < 8; ++i) zinit.await_state("s" + std::to_string(i), "exited");
}

// --- after ---------------------------------------------------------------------------------------

TEST_CASE("after holds a start while the other is starting, or about to start", "[after]") {
  Server zinit;
  zinit.add("gate", gate("gate"));
  zinit.add("middle", {.exec = tracing("middle"), .dependencies = "requires = ['gate']"});
  zinit.add("a", {.exec = tracing("a"), .dependencies = "after = ['gate']"});
  zinit.add("b", {.exec = tracing("b"), .dependencies = "after = ['middle']"});
  zinit.boot();
  zinit.await_trace("start gate");
  CHECK(zinit.await_state("a", "blocked")["waiting_on"].mentions("gate"));
  CHECK(zinit.await_state("b", "blocked")["waiting_on"].mentions("middle"));
  zinit.mark("go-gate");
  zinit.await_trace("start a");
  zinit.traced_in_order("end gate", "start a");
  zinit.await_trace("start middle");
  zinit.await_state("b", "running");
}

TEST_CASE("after is released by all that is not about to start", "[after]") {
  Server zinit;
  zinit.add("runs");
  zinit.add("done", {.exec = "true", .service = "oneshot = true"});
  zinit.add("ended", {.exec = "true", .lifecycle = "restart = 'never'"});
  zinit.add("failed", {.exec = "exit 1", .lifecycle = "restart = 'never'"});
  zinit.add("unspawnable", {.exec = "/no/such/program"});
  zinit.add("stop", {.service = "status = 'stop'"});
  zinit.add("ignored", {.service = "status = 'ignore'"});
  // Blocked services that do not start now: by a re-spawn's delay, a conflict, or a requirement.
  zinit.add("delayed", delayed());
  zinit.add("1-first");
  zinit.add("2-second", {.dependencies = "conflicts = ['1-first']"});
  zinit.add("on-ignored", {.dependencies = "requires = ['ignored']"});
  zinit.add("on-delayed", {.dependencies = "requires = ['delayed']"});
  zinit.add("deeper", {.dependencies = "requires = ['on-delayed']"});
  zinit.add("on-second", {.dependencies = "requires = ['2-second']"});
  const std::vector<std::string> blocked{"delayed",    "2-second", "on-ignored",
                                         "on-delayed", "deeper",   "on-second"};
  std::vector<std::string> all{"runs",        "done", "ended",   "failed",
                               "unspawnable", "stop", "ignored", "absent"};
  all.insert(all.end(), blocked.begin(), blocked.end());
  for (const std::string& other : all)
    zinit.add("after-" + other, {.dependencies = "after = ['" + other + "']"});
  zinit.boot();
  for (const std::string& other : all) zinit.await_state("after-" + other, "running");
  for (const std::string& other : blocked) zinit.await_state(other, "blocked");
}

TEST_CASE("after is released when the other is stopped while it starts", "[threads][after]") {
  Server zinit;
  zinit.add("gate", gate("gate"));
  zinit.add("a", {.dependencies = "after = ['gate']"});
  zinit.boot();
  zinit.await_trace("start gate");
  CHECK(zinit.await_state("a", "blocked")["wish"] == "up");
  zinit.stop("gate");
  zinit.await_state("a", "running");
}

TEST_CASE("what goes away later does not matter to what only comes after it", "[after]") {
  Server zinit;
  zinit.add("first", broken());
  zinit.add("a", {.dependencies = "after = ['first']"});
  zinit.mark("mended");
  zinit.boot();
  const pid_t pid = zinit.await_program("a");
  zinit.stop("first");
  CHECK(zinit.pid_of("a") == pid);
}

// --- failures and revival ------------------------------------------------------------------------

TEST_CASE("a failure goes up the chain by name, and mending its root alone brings all back",
          "[check][deps]") {
  Server zinit;
  zinit.add("s0", {.exec = "[ -e $D/mended ] && exec sleep 100000; exit 42",
                   .lifecycle = "restart = 'never'"});
  const auto name = [](int i) { return "s" + std::to_string(i); };
  for (int i = 1; i < 10; ++i)
    zinit.add(name(i), {.dependencies = "requires = ['" + name(i - 1) + "']"});
  zinit.boot();
  const Json top = zinit.await_failed("s9", "dependency_failed");
  CHECK(top["reason"]["service"] == "s8");
  CHECK(top["wish"] == "up");
  const Json why = zinit.result("service.why", named("s9"));
  CHECK(why["name"] == "s9");
  CHECK(why["state"] == "failed");
  REQUIRE(why["reasons"].size() > 0);
  for (const Json& reason : why["reasons"].elements()) CHECK(reason["root_cause"] == "s0");
  CHECK_THAT(zinit.ctl({"why", "s9"}).out, Catch::Contains("s0") && Catch::Contains("42"));

  zinit.mark("mended");
  CHECK(zinit.start("s0")["state"] == "running");
  for (int i = 1; i < 10; ++i) zinit.await_state(name(i), "running");
}

TEST_CASE("a running service is stopped and fails when what it requires fails for good", "[deps]") {
  Server zinit;
  zinit.add("db", broken());
  zinit.add("web", {.exec = tracing("web"), .dependencies = "requires = ['db']"});
  zinit.mark("mended");
  zinit.boot();
  zinit.await_trace("start web");
  zinit.await_state("web", "running");
  kill(zinit.pid_of("db"), SIGKILL);
  CHECK(zinit.await_failed("web", "dependency_failed")["reason"]["service"] == "db");
  CHECK(zinit.traced("stop web"));
  zinit.start("db");
  zinit.await_state("web", "running");
}

TEST_CASE("dependents stay while what they require is spawned again", "[deps]") {
  Server zinit;
  zinit.add("db", {.lifecycle = "restart_delay_ms = 200"});
  zinit.add("web", {.dependencies = "requires = ['db']"});
  zinit.add("top", {.dependencies = "requires = ['web']"});
  zinit.boot({"top"});
  const pid_t web = zinit.pid_of("web"), top = zinit.pid_of("top"), db = zinit.pid_of("db");
  kill(db, SIGKILL);
  zinit.await_state("db", "blocked");
  CHECK(zinit.state("web") == "running");
  zinit.await_new_pid("db", db);
  CHECK(zinit.pid_of("web") == web);
  CHECK(zinit.pid_of("top") == top);
}

TEST_CASE("a start takes what it requires out of its re-spawn delay", "[deps]") {
  Server zinit;
  zinit.add("db", delayed());
  zinit.add("web", {.service = "status = 'stop'", .dependencies = "requires = ['db']"});
  zinit.boot();
  zinit.await_delayed("db");
  zinit.mark("mended");
  CHECK(zinit.start("web")["state"] == "running");
  CHECK(zinit.state("db") == "exited");
}

TEST_CASE("a missing dependency fails the service until that name is added", "[deps]") {
  Server zinit;
  zinit.add("web", {.dependencies = "requires = ['db']"});
  zinit.add("top", {.dependencies = "requires = ['web']"});
  zinit.boot();
  CHECK(zinit.await_failed("web", "missing_dependency")["reason"]["dependency"] == "db");
  zinit.await_failed("top", "dependency_failed");
  CHECK(zinit.result("service.why", named("top"))["reasons"].mentions("db"));
  zinit.add("db");
  zinit.reload();
  zinit.await_state("top", "running");
  CHECK(zinit.state("db") == "running");
}

TEST_CASE("the reason of a dependency's failure is kept current", "[deps]") {
  Server zinit;
  zinit.add("a", {.exec = "[ -e $D/mended ] && exec sleep 100000; exit 1",
                  .lifecycle = "restart = 'never'"});
  zinit.add("b", {.exec = "exit 1", .lifecycle = "restart = 'never'"});
  zinit.add("web", {.dependencies = "requires = ['a', 'b']"});
  zinit.boot();
  zinit.await_failed("a", "exit_code");
  zinit.await_failed("b", "exit_code");
  zinit.await_failed("web", "dependency_failed");
  zinit.mark("mended");
  zinit.start("a");
  zinit.await(
      "web", [](const Json& s) { return s["state"] == "failed" && s["reason"]["service"] == "b"; },
      "failed for b");
}

TEST_CASE("a service that ends by itself with success takes its dependents down until it is back",
          "[deps]") {
  Server zinit;
  zinit.add("db", {.exec = "while ! [ -e $D/end ]; do sleep 0.01; done",
                   .lifecycle = "restart = 'never'"});
  zinit.add("web", {.exec = tracing("web"), .dependencies = "requires = ['db']"});
  zinit.boot();
  zinit.await_trace("start web");
  zinit.await_state("web", "running");
  zinit.mark("end");
  const Json web = zinit.await_state("web", "blocked");
  CHECK(web["wish"] == "up");
  CHECK(zinit.traced("stop web"));
  CHECK(zinit.status("db")["wish"] == "up");
  unlink(zinit.path("end").c_str());
  zinit.start("db");
  zinit.await_state("web", "running");
}

TEST_CASE("a oneshot that was stopped on request does not satisfy, even where it exits with 0",
          "[deps]") {
  Server zinit;
  zinit.add("once", {.exec = tracing("once"), .service = "oneshot = true"});
  zinit.add("a", {.dependencies = "requires = ['once']"});
  zinit.boot();
  zinit.await_trace("start once");
  const Json stopped = zinit.stop("once");
  CHECK(stopped["state"] == "exited");
  CHECK(stopped["last_exit"]["code"] == 0);
  CHECK(zinit.state("a") == "inactive");
  zinit.begin_start("a");
  zinit.await_trace("start once", 2);
  CHECK(zinit.state("a") == "blocked");
}

TEST_CASE("why says that nothing is wrong where nothing is", "[deps]") {
  Server zinit;
  zinit.add("a");
  zinit.boot({"a"});
  CHECK(zinit.result("service.why", named("a"))["reasons"].size() == 0);
  const Outcome told = zinit.ctl({"why", "a"});
  CHECK(told.code == 0);
  CHECK_FALSE(told.out.empty());
}

TEST_CASE("status names both sides of a dependency", "[deps]") {
  Server zinit;
  zinit.add("db");
  zinit.add("web", {.dependencies =
                        "requires = ['db']\nafter = ['log']\nwants = ['x']\nconflicts = ['y']"});
  zinit.boot({"web"});
  CHECK(zinit.status("db")["required_by"].texts() == std::vector<std::string>{"web"});
  const Json web = zinit.status("web");
  CHECK(web["requires"].texts() == std::vector<std::string>{"db"});
  CHECK(web["after"].texts() == std::vector<std::string>{"log"});
  CHECK(web["wants"].texts() == std::vector<std::string>{"x"});
  CHECK(web["conflicts"].texts() == std::vector<std::string>{"y"});
}

}  // namespace lifecycle_dependencies_test
