// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The reason why a service does not run, for every possible reason, and the advice (behaviour.md,
// "States"; control.md, `why`).
#include "scenario/harness.hpp"
#include "scenario/harness/listening.hpp"

namespace zinit::test::client_why {
namespace {

struct Explained {
  const char* name;
  const char* state;  // the state that it reaches
  const char* says;   // a part of the reason
  const char* root;   // the service at fault
  const char* next;   // a part of the advice
};

TEST_CASE("why explains every reason, names the root cause and says what to do", "[check][why]") {
  const Listening listener;
  Server zinit;
  zinit.add("code", {.exec = "exit 3", .lifecycle = "restart = 'never'"});
  zinit.add("signal", {.exec = "kill -SEGV $$", .lifecycle = "restart = 'never'"});
  zinit.add("program", {.exec = "/no/such/program"});
  zinit.add("dir", {.service = "dir = '/no/such/dir'"});
  zinit.add("user", {.service = "user = 'no-such-user'"});
  zinit.add("port", {.service = "ports = [" + listener.port() + "]"});
  zinit.add("late", {.exec = "sleep 100000",
                     .service = "oneshot = true",
                     .lifecycle = "start_timeout_ms = 100\nrestart = 'never'"});
  zinit.add("pre", {.service = "pre_exec = 'exit 4'", .lifecycle = "restart = 'never'"});
  zinit.file("config.toml", "[service]\nexec = 1\n");
  zinit.add("missing", {.dependencies = "requires = ['nobody']"});
  zinit.add("needs-code", {.dependencies = "requires = ['code']"});
  zinit.add("needs-needs", {.dependencies = "requires = ['needs-code']"});
  zinit.add("needs-config", {.dependencies = "requires = ['config']"});
  zinit.add("needs-program", {.dependencies = "requires = ['program']"});
  zinit.add("ring-a", {.dependencies = "requires = ['ring-b']"});
  zinit.add("ring-b", {.dependencies = "requires = ['ring-a']"});
  zinit.add("delay", {.exec = "exit 5", .lifecycle = "restart_delay_ms = 3600000"});
  zinit.add("first");
  zinit.add("second", {.dependencies = "conflicts = ['first']"});
  zinit.add("slow", {.exec = "sleep 100000", .service = "oneshot = true"});
  zinit.add("waits", {.dependencies = "requires = ['slow']"});
  zinit.add("orders", {.dependencies = "after = ['slow']"});
  zinit.add("ignored", {.service = "status = 'ignore'"});
  zinit.add("needs-ignored", {.dependencies = "requires = ['ignored']"});
  zinit.add("asleep", {.service = "status = 'stop'"});
  zinit.boot();
  constexpr Explained table[] = {
      {"code", "failed", "exit code 3", "code", "zinitctl logs code"},
      {"signal", "failed", "SIGSEGV", "signal", "zinitctl logs signal"},
      {"program", "failed", "No such file", "program", "zinitctl reload"},
      {"dir", "failed", "/no/such/dir", "dir", "zinitctl reload"},
      {"user", "failed", "no-such-user", "user", "zinitctl reload"},
      {"port", "failed", "is in use by process", "port", "zinitctl start port"},
      {"late", "failed", "not ready", "late", "zinitctl logs late"},
      {"pre", "failed", "pre_exec: exit code 4", "pre", "zinitctl logs pre"},
      {"config", "failed", "service.exec", "config", "zinitctl reload"},
      {"missing", "failed", "nobody", "nobody", "nobody"},
      {"needs-code", "failed", "code", "code", "zinitctl logs code"},
      {"needs-needs", "failed", "needs-code", "code", "zinitctl logs code"},
      {"needs-config", "failed", "config", "config", "then `zinitctl reload`; its"},
      {"needs-program", "failed", "program", "program", "file and `zinitctl reload`"},
      {"ring-a", "failed", "ring-a -> ring-b -> ring-a", "ring-a", "zinitctl reload"},
      {"delay", "blocked", "restarts in", "delay", "zinitctl start delay"},
      {"second", "blocked", "first", "first", "zinitctl stop first"},
      {"waits", "blocked", "slow", "slow", "slow"},
      {"orders", "blocked", "slow", "slow", "slow"},
      {"needs-ignored", "blocked", "ignore", "ignored", "zinitctl start ignored"},
      {"asleep", "inactive", "not asked to run", "asleep", "zinitctl start asleep"},
  };
  for (const Explained& row : table) {
    INFO(row.name);
    zinit.await_state(row.name, row.state);
    const Json report = zinit.result("service.why", named(row.name));
    INFO(report);
    const Outcome text = zinit.ctl({"why", row.name});
    INFO(text.out << text.err);
    REQUIRE(report["reasons"].size() > 0);
    CHECK(report["state"] == row.state);
    CHECK_THAT(text.out, Contains(row.says));
    CHECK_THAT(text.out, Contains(row.next));
    CHECK(report["reasons"][0]["root_cause"] == row.root);
  }
}

TEST_CASE("why shows the last line of a process that failed, and not that of an earlier one",
          "[why]") {
  Server zinit;
  zinit.add("a", {.exec = "echo an old line; exit 1", .lifecycle = "restart = 'never'"});
  zinit.boot();
  zinit.await_failed("a", "exit_code");
  CHECK_THAT(zinit.ctl({"why", "a"}).out, Contains("an old line"));
  zinit.add("a", {.exec = "/nosuch"});
  (void)zinit.reload();
  zinit.start("a");
  zinit.await_failed("a", "spawn_error");
  CHECK_THAT(zinit.ctl({"why", "a"}).out, !Contains("an old line"));
}

TEST_CASE("why reports several causes at once, the root of each, and what is wanted and ignored",
          "[why]") {
  Server zinit;
  zinit.add("bad", {.exec = "exit 7", .lifecycle = "restart = 'never'"});
  zinit.add("slow", {.exec = "sleep 100000", .service = "oneshot = true"});
  zinit.add("rival");
  zinit.add("web", {.dependencies = "requires = ['slow']\nafter = ['bad']\nconflicts = ['rival']"});
  zinit.add("both", {.dependencies = "requires = ['bad', 'nobody']"});
  zinit.add("ignored", {.service = "status = 'ignore'"});
  zinit.add("wants", {.dependencies = "wants = ['ignored']"});
  zinit.boot({"rival", "wants"});
  zinit.await_state("bad", "failed");
  zinit.await_state("web", "blocked");
  const Json web = zinit.result("service.why", named("web"))["reasons"];
  INFO(web);
  CHECK(web.mentions("slow"));
  CHECK(web.mentions("rival"));
  CHECK_FALSE(web.mentions("bad"));  // bad has failed, which releases an `after`
  zinit.await_state("both", "failed");
  const Json both = zinit.result("service.why", named("both"))["reasons"];
  INFO(both);
  CHECK(both.mentions("bad"));
  CHECK(both.mentions("nobody"));

  CHECK_THAT(zinit.ctl({"why", "wants"}).out, Contains("zinitctl start ignored"));
  zinit.start("ignored");
  CHECK_FALSE(zinit.result("service.why", named("wants")).mentions("ignored"));
}

TEST_CASE("why names a dependent that has to stop first, and a shutdown", "[why]") {
  Server zinit;
  zinit.add("base", {.lifecycle = "restart = 'never'"});
  zinit.add("above",
            {.exec = "trap '' TERM; echo deaf >> $T; while ! [ -e $D/go ]; do sleep 0.05; done",
             .dependencies = "requires = ['base']",
             .lifecycle = "stop_timeout_ms = 600000"});
  zinit.add("slow", {.exec = stubborn("slow"), .lifecycle = "stop_timeout_ms = 5000"});
  zinit.add("web", {.service = "status = 'stop'"});
  zinit.boot();
  zinit.await_trace("deaf");
  zinit.kill("base");
  zinit.await_state("above", "stopping");
  zinit.begin_start("base");
  const Json base = zinit.await_state("base", "blocked");
  CHECK(base["waiting_on"][0]["service"] == "above");
  const Json why = zinit.result("service.why", named("base"));
  INFO(why);
  CHECK(why["reasons"][0]["service"] == "above");
  CHECK(why["reasons"][0]["root_cause"] == "above");
  zinit.mark("go");
  zinit.await_state("base", "running");

  zinit.await_trace("start slow");
  Connection client = zinit.connect();
  zinit.signal(SIGTERM);
  REQUIRE(eventually(
      [&] { return client.result("service.status", named("slow"))["state"] == "stopping"; }));
  CHECK(client.error("service.start", named("web"))["code"] == -32006);
  CHECK(client.result("service.why", named("web")).mentions("shutdown"));
  CHECK(client.result("service.why", named("slow")).mentions("shutdown"));
}

}  // namespace
}  // namespace zinit::test::client_why
