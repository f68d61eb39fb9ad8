// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// check_exec: a command that runs before a restart stops anything (zinit.toml(5), [service]).
#include "scenario/harness.hpp"
#include "scenario/harness/background.hpp"

namespace zinit::test::lifecycle_check_exec {
namespace {

/// Fails with a message while a file NAME.bad exists.
std::string config_test(const std::string& name) {
  return "check_exec = \"echo check " + name + " >> $T; if [ -e $D/" + name +
         ".bad ]; then echo line 5: typo in " + name + " >&2; exit 3; fi\"";
}

/// Writes a line and waits for a file NAME.go. Then succeeds, but fails once if a file NAME.bad
/// exists.
std::string slow_check(const std::string& name) {
  return "check_exec = \"echo check " + name + " >> $T; while ! [ -e $D/" + name +
         ".go ]; do sleep 0.01; done; ! rm $D/" + name + ".bad 2>/dev/null\"";
}

Toml service(const std::string& name, const std::string& check, const std::string& more = "") {
  return {.exec = tracing(name), .service = check + "\n" + more};
}

/// Sends a request without waiting for its answer.
Connection asked(Server& zinit, const std::string& method, const std::string& name) {
  Connection client = zinit.connect();
  client.begin(method, named(name));
  return client;
}

TEST_CASE("a service that a client sets is refused if its check_exec fails", "[check_exec]") {
  Server zinit;
  zinit.add("web", service("web", config_test("web")));
  zinit.boot({"web"});
  zinit.await_started({"web"});
  const pid_t pid = zinit.pid_of("web");
  const std::string config = R"("config":{"service":{"name":"web","exec":"exec sleep 100001",)"
                             R"("check_exec":"echo no; exit 4"}})";
  const Json error = zinit.error("service.set", "{" + config + "}");
  CHECK(error["code"] == -32005);
  CHECK_THAT(error["data"]["messages"].dump(),
             Contains("service.check_exec: exited with code 4") && Contains("it printed: no"));
  CHECK(zinit.pid_of("web") == pid);
  CHECK_THAT(read_file(zinit.config("web.toml")), !Contains("100001"));
  zinit.result("service.set", "{" + config + R"(,"check":false})");
  zinit.await_new_pid("web", pid);
}

TEST_CASE("check_exec runs as the service's user", "[root][check_exec]") {
  if (geteuid() != 0) return skip("needs root");
  Server zinit;
  zinit.add("who", service("who", "check_exec = 'echo as $(id -u); exit 1'", "user = 12345"));
  zinit.boot({"who"});
  CHECK_THAT(zinit.ctl({"restart", "who"}).err, Contains("    as 12345\n"));
}

TEST_CASE("while a check runs others go on, and who asks again gets a check of its own",
          "[check_exec]") {
  Server zinit;
  zinit.add("slow", service("slow", slow_check("slow")));
  zinit.add("other");
  zinit.boot({"slow", "other"});
  zinit.await_started({"slow"});
  const pid_t pid = zinit.pid_of("slow");
  zinit.mark("slow.bad");
  Connection first = asked(zinit, "service.restart", "slow");
  zinit.await_trace("check slow");
  const pid_t other = zinit.pid_of("other");
  CHECK(zinit.restart("other")["state"] == "running");
  CHECK(zinit.pid_of("other") != other);
  Connection second = asked(zinit, "service.restart", "slow");
  CHECK(zinit.connect().result("system.ping")["pid"] == zinit.pid());
  CHECK(zinit.count("check slow") == 1);
  CHECK(zinit.pid_of("slow") == pid);
  zinit.mark("slow.go");
  CHECK(first.read()["error"]["code"] == -32011);
  CHECK(second.read()["result"]["name"] == "slow");
  zinit.await_trace("start slow", 2);
  CHECK(zinit.trace() ==
        Texts{"start slow", "check slow", "check slow", "stop slow", "start slow"});
}

TEST_CASE("a restart is made though its client has gone, or its process has ended, in the check",
          "[check_exec]") {
  Server zinit;
  zinit.add("slow", service("slow", slow_check("slow")));
  zinit.boot({"slow"});
  zinit.await_started({"slow"});
  std::optional<Connection> client(asked(zinit, "service.restart", "slow"));
  zinit.await_trace("check slow");
  client.reset();
  zinit.settle();
  zinit.mark("slow.go");
  zinit.await_trace("start slow", 2);
  CHECK(zinit.count("stop slow") == 1);

  // Nothing is left to stop, so the service starts, without its delay.
  unlink(zinit.path("slow.go").c_str());
  zinit.await_state("slow", "running");
  Connection last = asked(zinit, "service.restart", "slow");
  zinit.await_trace("check slow", 2);
  zinit.kill("slow");
  CHECK(last.read()["result"]["name"] == "slow");
  zinit.await_trace("start slow", 3);
  CHECK(zinit.count("check slow") == 2);
  CHECK(zinit.count("stop slow") == 1);
}

TEST_CASE("a restart asked for during pre_exec is made, however often that goes on meanwhile",
          "[check_exec]") {
  Server zinit;
  const auto pre = [](const std::string& n) {
    return "['/bin/sh', '-c', 'echo pre " + n + " >> $T; until [ -e $D/pre" + n +
           " ]; do sleep 0.01; done']";
  };
  std::string commands;
  for (const char* n : {"1", "2", "3", "4", "5"}) commands += pre(n) + ", ";
  zinit.add("slow", service("slow", slow_check("slow"), "pre_exec = [" + commands + "]"));
  zinit.boot();
  zinit.await_trace("pre 1");
  Connection client = asked(zinit, "service.restart", "slow");
  for (int n = 1; n <= 5; ++n) {
    zinit.await_trace("check slow", n);
    zinit.mark("pre" + std::to_string(n));
  }
  zinit.await_trace("check slow", 6);
  zinit.await_trace("start slow");
  zinit.mark("slow.go");
  CHECK(client.read()["result"]["name"] == "slow");
  zinit.await_trace("start slow", 2);
}

TEST_CASE("a stop and a shutdown end a check, and nothing is started for its restart",
          "[check_exec][check]") {
  Server zinit;
  zinit.add("web", service("web", slow_check("web"), "env = { V = '1' }"));
  zinit.add("db", service("db", slow_check("db")));
  zinit.boot({"web", "db"});
  zinit.await_started({"web", "db"});
  Connection client = asked(zinit, "service.restart", "web");
  zinit.await_trace("check web");
  CHECK(zinit.stop("web")["state"] == "exited");
  const Json error = client.read()["error"];
  CHECK(error["code"] == -32009);
  CHECK_THAT(error["message"].text(), Contains("web was stopped during the check"));
  CHECK(zinit.state("web") == "exited");
  CHECK(zinit.start("web")["state"] == "running");

  Connection restart = asked(zinit, "service.restart", "db");
  zinit.await_trace("check db");
  zinit.add("web", service("web", slow_check("web"), "env = { V = '2' }"));
  Background reload(zinit, {"reload"});
  zinit.await_trace("check web", 2);
  CHECK(zinit.shut_down() == 0);
  CHECK(reload.exit_code() != 0);
  CHECK(zinit.count("start db") == 1);
  CHECK(zinit.count("start web") == 2);
}

TEST_CASE("a re-execution or crash during a check stops nothing, and the client asks again",
          "[check_exec][reexec]") {
  for (const bool crash : {false, true}) {
    INFO(crash);
    Server zinit;
    zinit.add("web", service("web", slow_check("web") + "\nenv = { V = '1' }"));
    zinit.boot({"web"});
    zinit.await_started({"web"});
    const pid_t pid = zinit.pid_of("web");
    Background restart(zinit, {"restart", "web"});
    zinit.await_trace("check web");
    crash ? zinit.fault() : zinit.reexecute();
    zinit.reconnect();
    zinit.await_trace("check web", 2);
    CHECK(zinit.count("stop web") == 0);
    CHECK(zinit.pid_of("web") == pid);
    zinit.mark("web.go");
    CHECK(restart.exit_code() == 0);
    CHECK(zinit.await_new_pid("web", pid) != pid);
    zinit.await_trace("start web", 2);

    // A reload of files is not repeated, and zinit logs that.
    unlink(zinit.path("web.go").c_str());
    const pid_t next = zinit.await_program("web");
    // A re-execution waits for the end of its check, whose time is that of the new file.
    Toml changed = service("web", slow_check("web") + "\nenv = { V = '2' }");
    changed.lifecycle = "start_timeout_ms = 2000";
    zinit.add("web", changed);
    Background reload(zinit, {"reload"});
    zinit.await_trace("check web", 3);
    crash ? zinit.fault() : zinit.reexecute();
    zinit.reconnect();
    CHECK(reload.exit_code() != 0);
    CHECK_THAT(reload.errors(), Contains("zinitctl: reload"));
    CHECK(zinit.pid_of("web") == next);
    CHECK(zinit.result("service.get", named("web"))["config"]["service"]["env"]["V"] == "1");
  }
}

TEST_CASE("eight checks run at a time, and instances of a template have their own",
          "[check_exec]") {
  Server zinit;
  zinit.file(
      "web@.toml",
      "[service]\nexec = 'sleep 100000'\nstatus = 'stop'\ncheck_exec = 'echo check %i >> $T; "
      "while ! [ -e $D/go ]; do sleep 0.01; done; [ %i != 3 ]'\n"
      "[dependencies]\nrequires = ['base']\n");
  zinit.add("base");
  zinit.boot({"base"});
  Texts start{"start"}, restart{"restart"};
  for (int i = 0; i < 12; ++i) start.push_back("web@" + std::to_string(i));
  CHECK(zinit.ctl(start).code == 0);
  const pid_t base = zinit.pid_of("base");
  Background client(zinit, {"restart", "base"});
  CHECK(eventually([&] { return zinit.trace().size() == 8; }));
  zinit.settle();
  CHECK(zinit.trace().size() == 8);
  zinit.mark("go");
  CHECK(client.exit_code() == 1);
  CHECK_THAT(client.errors(), Contains("check_exec of web@3: exited with code 1"));
  CHECK(zinit.trace().size() == 12);
  CHECK(zinit.pid_of("base") == base);
  CHECK(zinit.ctl({"restart", "web@2"}).code == 0);
}

}  // namespace
}  // namespace zinit::test::lifecycle_check_exec
