// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// requires, after and wants: what they pull in, how they delay a start, and what a failure causes
// (behaviour.md, "Dependencies").
#include "scenario/harness.hpp"
namespace zinit::test::lifecycle_dependencies {
namespace {

/// A oneshot that ends when the test sets the mark go-NAME.
Toml gate(const std::string& name) {
  return {.exec = "echo start " + name + " >> $T; while ! [ -e $D/go-" + name +
                  " ]; do sleep 0.01; done; echo end " + name + " >> $T",
          .service = "oneshot = true"};
}

/// A oneshot that fails and then waits for its next run, until the mark `mended` exists and it is
/// started.
Toml delayed() {
  return {.exec = "[ -e $D/mended ]",
          .service = "oneshot = true",
          .lifecycle = "restart = 'on-failure'\nrestart_delay_ms = 86400000"};
}

TEST_CASE("a start is not answered while what it requires is being spawned", "[deps]") {
  Server zinit;
  const char* stopped = "status = 'stop'";
  zinit.add(
      "crashes",
      {.exec = "sh -c 'exit 1'", .service = stopped, .lifecycle = "restart_delay_ms = 86400000"});
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

TEST_CASE("what a start pulls in, takes out of its delay, or waits for once more", "[deps]") {
  Server zinit;
  for (const char* name : {"required", "wanted", "earlier", "other", "deep"}) {
    zinit.add(name, {.service = "status = 'stop'"});
  }
  zinit.add("required", {.service = "status = 'stop'", .dependencies = "requires = ['deep']"});
  zinit.add("a", {.service = "status = 'stop'",
                  .dependencies = "requires = ['required']\nwants = ['wanted']\n"
                                  "after = ['earlier']\nconflicts = ['other']"});
  zinit.add("db", delayed());
  zinit.add("web", {.service = "status = 'stop'", .dependencies = "requires = ['db']"});
  zinit.add("once", {.exec = tracing("once"), .service = "oneshot = true"});
  zinit.add("b", {.dependencies = "requires = ['once']"});
  zinit.boot();
  CHECK(zinit.start("a")["state"] == "running");
  CHECK(zinit.state("required") == "running");
  CHECK(zinit.state("deep") == "running");
  zinit.await_state("wanted", "running");
  CHECK(zinit.state("earlier") == "inactive");
  CHECK(zinit.state("other") == "inactive");

  zinit.await_delayed("db");
  zinit.mark("mended");
  CHECK(zinit.start("web")["state"] == "running");
  CHECK(zinit.state("db") == "exited");

  zinit.await_trace("start once");
  const Json stopped = zinit.stop("once");
  CHECK(stopped["state"] == "exited");
  CHECK(stopped["last_exit"]["code"] == 0);
  CHECK(zinit.state("b") == "inactive");
  zinit.begin_start("b");
  zinit.await_trace("start once", 2);
  CHECK(zinit.state("b") == "blocked");
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

TEST_CASE("status names both sides of a dependency, and why nothing if nothing is wrong",
          "[deps]") {
  Server zinit;
  zinit.add("a");
  zinit.add("db");
  zinit.add("web", {.dependencies =
                        "requires = ['db']\nafter = ['log']\nwants = ['x']\nconflicts = ['y']"});
  zinit.boot({"a", "web"});
  CHECK(zinit.result("service.why", named("a"))["reasons"].size() == 0);
  const Outcome told = zinit.ctl({"why", "a"});
  CHECK(told.code == 0);
  CHECK_FALSE(told.out.empty());

  CHECK(zinit.status("db")["required_by"].texts() == Texts{"web"});
  const Json web = zinit.status("web");
  CHECK(web["requires"].texts() == Texts{"db"});
  CHECK(web["after"].texts() == Texts{"log"});
  CHECK(web["wants"].texts() == Texts{"x"});
  CHECK(web["conflicts"].texts() == Texts{"y"});
}

}  // namespace
}  // namespace zinit::test::lifecycle_dependencies
