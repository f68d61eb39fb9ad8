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

std::string logs_of(Server& zinit, const std::string& name) {
  return zinit.result("logs.tail", named(name)).dump();
}

/// Sends a request without waiting for its answer.
Connection asked(Server& zinit, const std::string& method, const std::string& name) {
  Connection client = zinit.connect();
  client.begin(method, named(name));
  return client;
}

TEST_CASE("a restart whose check_exec fails stops nothing, and says what that printed",
          "[check_exec][check]") {
  Server zinit;
  zinit.add("web", service("web", config_test("web")));
  zinit.boot({"web"});
  zinit.await_started({"web"});
  const pid_t pid = zinit.pid_of("web");
  zinit.mark("web.bad");
  const Outcome refused = zinit.ctl({"restart", "web"});
  CHECK(refused.code == 1);
  CHECK_THAT(refused.err, Contains("check_exec of web: exited with code 3; nothing was stopped") &&
                              Contains("\n    line 5: typo in web\n"));
  CHECK(zinit.pid_of("web") == pid);
  CHECK(zinit.state("web") == "running");
  CHECK(zinit.count("stop web") == 0);
  CHECK_THAT(logs_of(zinit, "web"), Contains("line 5: typo in web"));
  const Json error = zinit.error("service.restart", named("web"));
  CHECK(error["code"] == -32011);
  CHECK(error["data"]["messages"].texts() == Texts{"line 5: typo in web"});

  CHECK(zinit.count("check web") == 2);
  CHECK(zinit.ctl({"restart", "--no-check", "web"}).code == 0);
  const pid_t next = zinit.await_new_pid("web", pid);
  CHECK(zinit.count("check web") == 2);

  unlink(zinit.path("web.bad").c_str());
  CHECK(zinit.ctl({"restart", "web"}).code == 0);
  zinit.await_new_pid("web", next);
  CHECK(zinit.count("check web") == 3);
}

TEST_CASE("a restart checks the dependents that it takes along, and what is down it only starts",
          "[check_exec]") {
  Server zinit;
  zinit.add("db", service("db", config_test("db")));
  Toml web = service("web", config_test("web"));
  web.dependencies = "requires = ['db']";
  zinit.add("web", web);
  Toml down = service("down", config_test("down"), "status = 'stop'");
  down.dependencies = "requires = ['db']";
  zinit.add("down", down);
  zinit.boot({"db", "web"});
  zinit.await_started({"db", "web"});
  const pid_t db = zinit.pid_of("db"), web_pid = zinit.pid_of("web");
  zinit.mark("web.bad");
  zinit.mark("down.bad");
  const Outcome refused = zinit.ctl({"restart", "db"});
  CHECK(refused.code == 1);
  CHECK_THAT(refused.err, Contains("check_exec of web: exited with code 3"));
  CHECK(zinit.pid_of("db") == db);
  CHECK(zinit.pid_of("web") == web_pid);
  zinit.mark("db.bad");
  CHECK_THAT(zinit.ctl({"restart", "db"}).err,
             Contains("check_exec of db, web: failed") &&
                 Contains("    db: exited with code 3\n    db: line 5: typo in db\n") &&
                 Contains("    web: line 5: typo in web\n"));
  // A pattern is a separate request for each matching service.
  zinit.add("free", service("free", config_test("free")));
  CHECK(zinit.ctl({"reload"}).code == 0);
  zinit.await_started({"free"});
  const pid_t free = zinit.pid_of("free");
  CHECK(zinit.ctl({"restart", "web", "fre*"}).code == 1);
  zinit.await_new_pid("free", free);
  CHECK(zinit.pid_of("web") == web_pid);

  CHECK(zinit.count("check down") == 0);
  CHECK(zinit.ctl({"restart", "down"}).code == 0);
  zinit.await_started({"down"});
  CHECK(zinit.count("check down") == 0);
}

TEST_CASE("reload NAME is preceded by the check", "[check_exec]") {
  Server zinit;
  zinit.add("web", service("web", config_test("web"), "reload_exec = 'echo reloaded >> $T'"));
  zinit.boot({"web"});
  zinit.await_started({"web"});
  zinit.mark("web.bad");
  const Outcome refused = zinit.ctl({"reload", "web"});
  CHECK(refused.code == 1);
  CHECK_THAT(refused.err, Contains("check_exec of web: exited with code 3; it was not reloaded") &&
                              Contains("    line 5: typo in web\n"));
  CHECK(zinit.ctl({"reload", "--dry-run", "web"}).code == 0);
  CHECK(zinit.count("check web") == 1);
  CHECK(zinit.count("reloaded") == 0);
  CHECK(zinit.ctl({"reload", "--no-check", "web"}).code == 0);
  CHECK(zinit.count("check web") == 1);
  CHECK(zinit.count("reloaded") == 1);
  unlink(zinit.path("web.bad").c_str());
  CHECK(zinit.ctl({"reload", "web"}).code == 0);
  CHECK(zinit.trace() == Texts{"start web", "check web", "reloaded", "check web", "reloaded"});
}

TEST_CASE("a reload of files keeps the config whose check_exec fails, and goes on with the rest",
          "[check_exec][check]") {
  Server zinit;
  zinit.add("web", service("web", config_test("web"), "env = { V = '1' }"));
  zinit.add("db", service("db", config_test("db"), "env = { V = '1' }"));
  Toml app = service("app", config_test("app"));
  app.dependencies = "requires = ['db']";
  zinit.add("app", app);
  zinit.boot({"web", "db", "app"});
  zinit.await_started({"web", "db", "app"});
  const pid_t web = zinit.pid_of("web"), db = zinit.pid_of("db");
  // The command comes from the new file, with its environment.
  const std::string newer = "check_exec = \"echo check $V >> $T; echo no $V; [ -e $D/web.good ]\"";
  zinit.add("web", service("web", newer, "env = { V = '2' }"));
  zinit.add("db", service("db", config_test("db"), "env = { V = '2' }"));
  CHECK(zinit.ctl({"reload", "--dry-run"}).code == 0);
  CHECK(zinit.count("check 2") == 0);
  const Outcome reloaded = zinit.ctl({"reload"});
  CHECK(reloaded.code == 1);
  CHECK_THAT(reloaded.out, Contains("web.toml:3:1: error:") &&
                               Contains("service.check_exec: exited with code 1") &&
                               Contains("service.check_exec: it printed: no 2"));
  CHECK(zinit.count("check 2") == 1);
  CHECK(zinit.pid_of("web") == web);
  zinit.await_new_pid("db", db);
  CHECK_THAT(zinit.status("web")["warnings"].dump(),
             Contains("exited with code 1") && Contains("the old config stays in force"));
  CHECK(zinit.result("service.get", named("web"))["config"]["service"]["env"]["V"] == "1");
  CHECK(zinit.count("stop web") == 0);
  // A service that restarts together with a changed one also holds up the changed one.
  const pid_t next = zinit.await_program("db");
  zinit.mark("app.bad");
  zinit.add("db", service("db", config_test("db"), "env = { V = '3' }"));
  const Json report = zinit.reload();
  CHECK(report["failed"].texts() == Texts{"db", "web"});
  CHECK_THAT(report["faults"]["db"].dump(), Contains("app") && Contains("exited with code 3"));
  CHECK(zinit.pid_of("db") == next);

  CHECK(zinit.ctl({"reload", "--no-check"}).code == 0);
  const pid_t changed = zinit.await_new_pid("web", web);
  CHECK(zinit.result("service.get", named("web"))["config"]["service"]["env"]["V"] == "2");
  CHECK(zinit.status("web")["warnings"].size() == 0);
  zinit.await_new_pid("db", next);
  zinit.mark("web.good");
  zinit.add("web", service("web", newer, "env = { V = '4' }"));
  unlink(zinit.path("app.bad").c_str());
  CHECK(zinit.ctl({"reload"}).code == 0);
  zinit.await_new_pid("web", changed);
  CHECK(zinit.count("check 4") == 1);
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

TEST_CASE("check_exec has the service's user, directory, environment and time", "[check_exec]") {
  Server zinit;
  const bool root = geteuid() == 0;
  const std::string check =
      "check_exec = \"echo as $(id -u) in $(pwd) $WHO $ZINIT_SERVICE; exit 1\"\n"
      "dir = '/tmp'\nenv = { WHO = 'me' }";
  zinit.add("who", service("who", check, root ? "user = 12345" : ""));
  zinit.add("late", {.exec = tracing("late"),
                     .service = "check_exec = 'echo $$ > $D/checker; sleep 100000'",
                     .lifecycle = "start_timeout_ms = 300"});
  zinit.add("none", service("none", "check_exec = ['/no/such/program']"));
  zinit.add("much", service("much", "check_exec = 'seq 1 100000; exit 1'"));
  zinit.boot({"who", "late", "none", "much"});
  CHECK_THAT(zinit.ctl({"restart", "who"}).err,
             Contains("    as " + std::to_string(root ? 12345 : geteuid()) + " in /tmp me who\n"));
  const Outcome late = zinit.ctl({"restart", "late"});
  CHECK(late.code == 1);
  CHECK_THAT(late.err, Contains("check_exec of late: took longer than 300 ms"));
  const pid_t checker = static_cast<pid_t>(std::stoi(read_file(zinit.path("checker"))));
  CHECK(eventually([&] { return !alive(checker); }));
  CHECK(zinit.state("late") == "running");
  CHECK_THAT(zinit.ctl({"restart", "none"}).err,
             Contains("check_exec of none:") && Contains("No such file or directory"));
  const Json much = zinit.error("service.restart", named("much"))["data"]["messages"];
  CHECK(much.size() == 20);
  CHECK(much[19] == "100000");
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
