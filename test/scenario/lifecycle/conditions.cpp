// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// [condition] (zinit.toml(5)): conditions for the start of a service.
#include "scenario/harness.hpp"
namespace zinit::test::lifecycle_conditions {
namespace {

/// A service with these lines of [condition] that traces its starts.
Toml under(const std::string& name, const std::string& conditions, Toml toml = {}) {
  toml.exec = tracing(name);
  toml.more += "[condition]\n" + conditions + "\n";
  return toml;
}

/// The exec of a condition that writes a line and waits for the test's mark.
std::string gated(const std::string& name) {
  return "exec = " + toml_string("echo check " + name + " >> $T; while ! [ -e $D/go-" + name +
                                 " ]; do sleep 0.01; done");
}

/// Waits until a condition has kept the service from starting. @return  the condition
std::string await_skipped(Server& zinit, const std::string& name) {
  const Json status = zinit.await(
      name,
      [](const Json& now) {
        return now["state"] == "inactive" && now["reason"]["type"] == "condition";
      },
      "inactive by a condition");
  return status["reason"]["which"].text();
}

/// The conditions in a status, as "+ path_exists = /x".
Texts stood(const Json& status) {
  Texts texts;
  const Json conditions = status["conditions"];
  for (std::size_t i = 0; i < conditions.size(); ++i)
    texts.push_back((conditions[i]["held"] == true ? "+ " : "- ") +
                    conditions[i]["condition"].text());
  return texts;
}

Texts why(Server& zinit, const std::string& name) {
  Texts details;
  const Json reasons = zinit.result("service.why", named(name))["reasons"];
  for (std::size_t i = 0; i < reasons.size(); ++i) details.push_back(reasons[i]["detail"].text());
  return details;
}

struct Case {
  std::string name, condition;
  bool holds;
};

void check_all(Server& zinit, const std::vector<Case>& cases) {
  for (const Case& one : cases) zinit.add(one.name, under(one.name, one.condition));
  zinit.boot();
  for (const Case& one : cases) {
    INFO(one.condition);
    if (one.holds)
      zinit.await_state(one.name, "running");
    else
      (void)await_skipped(zinit, one.name);
  }
}

TEST_CASE("a service starts if its conditions hold, and stays inactive if one does not",
          "[conditions]") {
  Server zinit;
  const std::string here = toml_string(zinit.folder()),
                    not_here = toml_string("!" + zinit.folder());
  check_all(zinit, {{"exists", "path_exists = " + here, true},
                    {"exists-not", "path_exists = " + not_here, false},
                    {"lacks", "path_exists = '/no/such'", false},
                    {"lacks-not", "path_exists = '!/no/such'", true},
                    {"directory", "path_is_directory = " + here, true},
                    {"directory-not", "path_is_directory = ['/', " + not_here + "]", false},
                    {"mount", "path_is_mount = '/proc'", true},
                    {"mount-not", "path_is_mount = ['/proc', " + not_here + "]", true},
                    {"no-mount", "path_is_mount = '/proc/sys/kernel'", false},
                    {"word", "kernel_command_line = 'surely-not-there'", false},
                    {"word-not", "kernel_command_line = '!surely-not-there'", true},
                    {"exec", "exec = 'true'", true},
                    {"exec-not", "exec = '!false'", true},
                    {"exec-fails", "exec = ['sh', '-c', 'exit 3']", false},
                    {"exec-array", "exec = ['!sh', '-c', 'exit 3']", true},
                    {"exec-not-fails", "exec = '! true'", false},
                    {"exec-killed", "exec = '!kill -9 $$'", false},
                    {"exec-absent", "exec = '/no/such'", false},
                    {"exec-absent-not", "exec = '!/no/such'", false},
                    {"array", "path_exists = ['/', '!/no/such', '/no/such']", false}});
  CHECK(zinit.status("exec-fails")["reason"]["which"] ==
        "exec = sh -c exit 3 (exited with code 3)");
  CHECK_THAT(zinit.status("exec-absent-not")["reason"]["which"].text(),
             Contains("exec = !/no/such (") && Contains("No such file or directory"));
  CHECK(zinit.status("array")["reason"]["which"] == "path_exists = /no/such");
  CHECK(stood(zinit.status("array")) ==
        Texts{"+ path_exists = /", "+ path_exists = !/no/such", "- path_exists = /no/such"});
  CHECK(zinit.status("lacks")["wish"] == "up");
  CHECK(zinit.status("lacks")["summary"] == "stopped");
  CHECK_FALSE(zinit.traced("start lacks"));
  zinit.await_message("lacks: not started: condition path_exists = /no/such does not hold");
}

TEST_CASE("either first_boot or its opposite holds, and of each kind of machine", "[conditions]") {
  Server zinit;
  for (const auto& [name, condition] :
       {std::pair{"first", "first_boot = true"}, std::pair{"later", "first_boot = false"},
        std::pair{"virtual", "virtualization = 'yes'"},
        std::pair{"real", "virtualization = ['no', '!vm', '!container']"}})
    zinit.add(name, under(name, condition));
  zinit.boot();
  zinit.await_settled();
  const auto ran = [&](const std::string& name) { return zinit.state(name) == "running"; };
  CHECK(ran("first") != ran("later"));
  CHECK(ran("virtual") != ran("real"));
}

TEST_CASE("status, why and start tell what did and did not hold", "[check][conditions]") {
  Server zinit;
  zinit.add("a", under("a", "path_exists = ['/', '/no/such']\nexec = 'echo no >> $T'",
                       {.service = "status = 'stop'"}));
  zinit.add("b", under("b", "path_exists = '/'\nexec = 'true'"));
  zinit.boot({"b"});
  CHECK(stood(zinit.status("a")).empty());
  const Outcome started = zinit.ctl({"start", "a"});
  CHECK(started.code == 0);
  CHECK_THAT(started.out,
             Contains("a is inactive: condition path_exists = /no/such does not hold"));
  CHECK(zinit.ctl({"is-running", "a"}).code == 3);
  const Outcome waited = zinit.ctl({"wait", "a", "--for", "running", "--timeout", "60"});
  CHECK(waited.code == 1);
  CHECK_THAT(waited.err, Contains("was not started: condition path_exists = /no/such"));
  CHECK(why(zinit, "a") ==
        Texts{"condition path_exists = /no/such does not hold; `zinitctl start a` checks it again",
              "condition path_exists = / holds"});
  const std::string shown = zinit.ctl({"status", "a"}).out;
  CHECK_THAT(shown, Contains("path_exists = / holds"));
  CHECK_THAT(shown, Contains("path_exists = /no/such does not hold"));
  CHECK_FALSE(zinit.traced("no"));  // a command is checked last
  CHECK(stood(zinit.status("b")) == Texts{"+ path_exists = /", "+ exec = true"});
  CHECK(why(zinit, "b").empty());
}

TEST_CASE("conditions are checked again by each start and each restart", "[conditions]") {
  Server zinit;
  const std::string wanted = zinit.path("wanted");
  zinit.add("a", under("a", "path_exists = " + toml_string(wanted),
                       {.lifecycle = "restart_delay_ms = 10"}));
  zinit.boot();
  (void)await_skipped(zinit, "a");
  zinit.mark("wanted");
  CHECK(zinit.start("a")["state"] == "running");
  std::filesystem::remove(wanted);
  zinit.kill("a");
  (void)await_skipped(zinit, "a");
  zinit.mark("wanted");
  CHECK(zinit.restart("a")["state"] == "running");
  std::filesystem::remove(wanted);
  CHECK(zinit.restart("a")["state"] == "inactive");
  CHECK(zinit.status("a")["reason"]["which"] == "path_exists = " + wanted);
  CHECK(zinit.stop("a")["state"] == "inactive");
}

TEST_CASE("exec of a condition runs as the service does, and counts as its start",
          "[check][conditions]") {
  Server zinit;
  zinit.add("a",
            under("a",
                  "exec = " + toml_string("echo $WHO $PWD >> $T; echo said; " +
                                          std::string("while ! [ -e $D/go ]; do sleep 0.01; "
                                                      "done")),
                  {.service = "env = { WHO = 'me' }\ndir = '/usr'\npre_exec = 'echo pre >> $T'"}));
  zinit.add("b", {.exec = tracing("b"), .dependencies = "requires = ['a']"});
  zinit.boot();
  zinit.await_trace("me /usr");
  CHECK(zinit.state("a") == "blocked");
  CHECK(zinit.state("b") == "blocked");
  CHECK(why(zinit, "a") == Texts{"the command of its condition runs"});
  CHECK_THAT(zinit.ctl({"list"}).out, Contains("the command of its condition runs"));
  CHECK(zinit.status("a")["conditions"][0]["held"].is_null());
  CHECK_FALSE(zinit.traced("pre"));
  zinit.mark("go");
  zinit.await_state("b", "running");
  zinit.await_started({"a", "b"});
  // Each writes its start when it gets the processor, so their order is not fixed.
  CHECK(zinit.trace()[1] == "pre");
  CHECK(zinit.trace().size() == 4);
  CHECK(zinit.status("b")["last_start_us"].number() >= zinit.status("a")["last_start_us"].number());
  CHECK_THAT(zinit.result("logs.tail", named("a")).dump(), Contains("said"));
  CHECK(zinit.status("a")["last_exit"].is_null());
  CHECK(zinit.status("a")["restart_count"] == 0);
}

TEST_CASE("a stop ends exec of a condition at once, and so does a shutdown",
          "[threads][conditions]") {
  Server zinit;
  for (const char* name : {"a", "b", "c"})
    zinit.add(name, under(name, gated(name), {.service = "status = 'stop'"}));
  zinit.boot();
  zinit.begin_start("a");
  zinit.await_trace("check a");
  CHECK(zinit.stop("a")["state"] == "inactive");
  CHECK(zinit.status("a")["reason"].is_null());
  CHECK(stood(zinit.status("a")).empty());
  zinit.mark("go-a");
  CHECK(zinit.start("a")["state"] == "running");
  // Another start while it runs does not repeat anything; a restart begins again.
  zinit.begin_start("b");
  zinit.await_trace("check b");
  zinit.begin_start("b");
  zinit.mark("go-b");
  zinit.await_state("b", "running");
  CHECK(zinit.count("check b") == 1);
  zinit.begin_start("c");
  zinit.await_trace("check c");
  zinit.begin_restart("c");
  zinit.await_trace("check c", 2);
  CHECK(zinit.shut_down() == 0);
  CHECK_FALSE(zinit.traced("start c"));
  CHECK_THAT(zinit.messages(), !Contains("cannot execute"));
}

TEST_CASE("a dependency that is lost while conditions are looked at holds up the start",
          "[conditions]") {
  Server zinit;
  zinit.add("db");
  zinit.add("a", under("a", gated("a"),
                       {.service = "status = 'stop'", .dependencies = "requires = ['db']"}));
  zinit.boot({"db"});
  zinit.begin_start("a");
  zinit.await_trace("check a");
  CHECK(zinit.restart("db")["state"] == "running");
  zinit.await_trace("check a", 2);
  zinit.mark("go-a");
  zinit.await_state("a", "running");
  zinit.await_trace("start a");
  CHECK(zinit.count("start a") == 1);
}

TEST_CASE("exec of a condition has ten seconds, and what it leaves is killed with its group",
          "[conditions]") {
  Server zinit;
  zinit.add("late", under("late", "exec = '!sleep 100000 & echo $! > $D/late; wait'"));
  zinit.add("a", under("a", "exec = 'sleep 100000 & echo $! > $D/child'"));
  zinit.boot({"a"});
  CHECK_THAT(await_skipped(zinit, "late"), Contains("(took longer than 10"));
  const pid_t late = std::stoi(read_file(zinit.path("late")));
  CHECK(eventually([&] { return proc_cmdline(late).empty(); }));

  const pid_t child = std::stoi(read_file(zinit.path("child")));
  CHECK(eventually([&] { return proc_cmdline(child).empty(); }));
  CHECK(zinit.stop("a")["state"] == "exited");
}

TEST_CASE("a reload changes conditions without a restart, and those that are looked at",
          "[check][conditions]") {
  Server zinit;
  zinit.add("a", under("a", "path_exists = '/'"));
  zinit.add("b", under("b", gated("b"), {.service = "status = 'stop'"}));
  zinit.boot({"a"});
  const pid_t pid = zinit.pid_of("a");
  zinit.begin_start("b");
  zinit.await_trace("check b");
  zinit.add("a", under("a", "path_exists = '/no/such'"));
  zinit.add("b", under("b", "path_exists = '/nowhere'", {.service = "status = 'stop'"}));
  const Json report = zinit.reload();
  CHECK(report["restarted"].size() == 0);
  CHECK(report["changed"].texts() == Texts{"a", "b"});
  CHECK(await_skipped(zinit, "b") == "path_exists = /nowhere");
  CHECK(zinit.pid_of("a") == pid);
  CHECK(zinit.restart("a")["state"] == "inactive");
}

TEST_CASE("a re-execution keeps how conditions stood, and looks at those again that it cut off",
          "[check][reexec][conditions]") {
  Server zinit;
  zinit.add("a", under("a", "path_exists = ['/', '/no/such']"));
  zinit.add("b", {.exec = tracing("b"), .dependencies = "requires = ['a']"});
  // There is no delay in between, because delays are for failures.
  zinit.add("c", under("c", gated("c"), {.lifecycle = "restart_delay_ms = 600000"}));
  zinit.boot({"b"});
  zinit.await_trace("check c");
  const Texts before = stood(zinit.status("a"));
  zinit.reexecute();
  CHECK(zinit.status("a")["reason"]["which"] == "path_exists = /no/such");
  CHECK(stood(zinit.status("a")) == before);
  CHECK(zinit.state("b") == "running");
  zinit.await_trace("check c", 2);
  zinit.fault();
  zinit.await_trace("check c", 3);
  zinit.reconnect();
  CHECK(zinit.state("b") == "running");
  zinit.mark("go-c");
  zinit.await_state("c", "running");
  zinit.await_started({"c"});
  CHECK(zinit.count("start c") == 1);
  CHECK(zinit.count("start b") == 1);
}

TEST_CASE("what the service would fail of is no condition that does not hold", "[conditions]") {
  Server zinit;
  zinit.add("a", under("a", "exec = 'true'", {.service = "dir = '/no/such'"}));
  zinit.add("b", {.exec = tracing("b"), .dependencies = "requires = ['a']"});
  zinit.boot({});
  zinit.await_failed("a", "spawn_error");
  zinit.await_failed("b", "dependency_failed");
  CHECK_FALSE(zinit.traced("start b"));
}

TEST_CASE("one that was skipped is tried again when its config is another", "[conditions]") {
  Server zinit;
  zinit.add("a", under("a", "path_exists = '/no/such'"));
  zinit.boot({});
  (void)await_skipped(zinit, "a");
  SECTION("by a reload") {
    zinit.add("a", under("a", "path_exists = '/'"));
    (void)zinit.reload();
  }
  SECTION("by a client") {
    (void)zinit.result(
        "service.set",
        R"({"config":{"service":{"name":"a","exec":"sleep 1000"}},"persist":false})");
  }
  zinit.await_state("a", "running");
}

}  // namespace
}  // namespace zinit::test::lifecycle_conditions
