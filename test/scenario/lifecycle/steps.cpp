// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The commands before, after and beside a service's process: pre_exec, post_exec, stop_exec,
// reload_exec (zinit.toml(5), [service]).
#include "scenario/harness.hpp"
namespace zinit::test::lifecycle_steps {
namespace {

/// A line for the shell as one command of an array.
std::string shell(const std::string& line) { return "['sh', '-c', " + toml_string(line) + "]"; }

std::string trace_line(const std::string& text) { return "echo " + text + " >> $T"; }

/// A command that writes a line and waits for the test's mark.
std::string gated(const std::string& name) {
  return trace_line(name) + "; while ! [ -e $D/go-" + name + " ]; do sleep 0.01; done";
}

std::string logs_of(Server& zinit, const std::string& name) {
  return zinit.result("logs.tail", named(name)).dump();
}

std::string why(Server& zinit, const std::string& name) {
  return zinit.result("service.why", named(name)).dump();
}

/// A main process that writes "usr1" at SIGUSR1 and ends, and "term" at SIGTERM.
const std::string kAsked =
    "trap 'echo usr1 >> $T; exit 0' USR1; trap 'echo term >> $T; exit 0' TERM; echo up >> $T; "
    "while :; do sleep 1 & wait; done";

// --- pre_exec ------------------------------------------------------------------------------------

TEST_CASE("pre_exec runs one by one before each spawn, with environment and log",
          "[check][steps]") {
  Server zinit;
  zinit.add("a", {.exec = tracing("a"),
                  .service = "env = { WHO = 'me' }\npre_exec = [" +
                             shell("sleep 0.1; echo pre1 $ZINIT_SERVICE $WHO >> $T; echo said") +
                             ", " + shell(trace_line("pre2")) + "]",
                  .lifecycle = "restart_delay_ms = 10"});
  zinit.boot();
  zinit.await_trace("start a");
  CHECK(zinit.trace() == Texts{"pre1 a me", "pre2", "start a"});
  CHECK_THAT(logs_of(zinit, "a"), Contains("said"));
  const Json running = zinit.await_state("a", "running");
  CHECK(running["last_exit"].is_null());  // a successful pre_exec is not an end of the service
  zinit.kill("a");
  zinit.await_trace("start a", 2);
  CHECK(zinit.trace() == Texts{"pre1 a me", "pre2", "start a", "pre1 a me", "pre2", "start a"});
  CHECK(zinit.status("a")["last_exit"]["signal"] == "SIGKILL");
  CHECK(zinit.status("a")["restart_count"] == 1);
}

TEST_CASE("a service is starting while its pre_exec runs, with the pid of that", "[steps]") {
  Server zinit;
  zinit.add("a", {.exec = tracing("a"), .service = "pre_exec = " + shell(gated("pre"))});
  zinit.add("b", {.exec = tracing("b"), .dependencies = "requires = ['a']"});
  zinit.boot();
  zinit.await_trace("pre");
  const Json status = zinit.await_state("a", "starting");
  CHECK_THAT(proc_cmdline(static_cast<pid_t>(status["pid"].number())), Contains("go-pre"));
  CHECK(status["main_pid"].is_null());
  CHECK(zinit.state("b") == "blocked");
  CHECK_THAT(why(zinit, "a"), Contains("pre_exec"));
  CHECK(zinit.error("service.kill", named("a", R"("main":true)"))["code"] == -32003);
  zinit.mark("go-pre");
  zinit.await_state("b", "running");
  const Json running = zinit.status("a");
  CHECK(running["pid"] == running["main_pid"]);
}

TEST_CASE("a pre_exec that fails or is late is a failed start, and leaves no process", "[steps]") {
  Server zinit;
  zinit.add("never",
            {.exec = tracing("never"),
             .service = "pre_exec = [" + shell("exit 3") + ", " + shell(trace_line("second")) + "]",
             .lifecycle = "restart = 'never'\nsuccess = [3]"});
  zinit.add("leaves", {.service = "pre_exec = " + shell("sleep 100000 & echo $! > $D/left")});
  zinit.add("twice", {.exec = tracing("twice"),
                      .service = "pre_exec = " + shell(trace_line("try") + "; kill -KILL $$"),
                      .lifecycle = "max_restarts = 2\nrestart_delay_ms = 10"});
  zinit.add("late", {.exec = tracing("late"),
                     .service = "pre_exec = 'sleep 100000'",
                     .lifecycle = "restart = 'never'\nstart_timeout_ms = 1000"});
  zinit.boot();
  CHECK(zinit.await_failed("late", "start_timeout")["reason"]["step"] == "pre_exec");
  const Json never = zinit.await_failed("never", "exit_code")["reason"];
  CHECK(never["code"] == 3);
  CHECK(never["step"] == "pre_exec");
  const Json twice = zinit.await_failed("twice", "signal")["reason"];
  CHECK(twice["signal"] == "SIGKILL");
  CHECK(twice["step"] == "pre_exec");
  CHECK(zinit.trace() == Texts{"try", "try", "try"});
  zinit.await_state("leaves", "running");
  CHECK_FALSE(alive(static_cast<pid_t>(std::stoi(read_file(zinit.path("left"))))));
  CHECK_THAT(zinit.ctl({"status", "never"}).out, Contains("pre_exec: exit code 3"));
}

TEST_CASE("a pre_exec or what follows it that cannot be executed is a spawn error", "[steps]") {
  Server zinit;
  zinit.add("first", {.exec = tracing("first"),
                      .service = "pre_exec = ['/no/such/program']\npost_exec = " +
                                 shell(trace_line("post of first"))});
  zinit.add("second", {.exec = tracing("second"),
                       .service = "pre_exec = [" + shell("true") + ", ['/no/such/program']]\n" +
                                  "post_exec = " + shell("echo post2 $EXIT_CODE >> $T")});
  zinit.file("main.toml", "[service]\nexec = ['/no/such/program']\npre_exec = " + shell("true") +
                              "\npost_exec = " + shell("echo post3 $EXIT_CODE >> $T") + "\n");
  zinit.boot();
  CHECK(zinit.await_failed("first", "spawn_error")["reason"]["step"] == "pre_exec");
  const Json second = zinit.await_failed("second", "spawn_error")["reason"];
  CHECK(second["step"] == "pre_exec");
  CHECK_THAT(second["message"].text(), Contains("No such file or directory"));
  CHECK(zinit.await_failed("main", "spawn_error")["reason"]["step"].is_null());
  CHECK(zinit.traced("post2 127"));
  CHECK(zinit.traced("post3 127"));
  CHECK_FALSE(zinit.traced("post of first"));  // nothing had run
}

TEST_CASE("a stop during pre_exec ends it, and nothing is started", "[threads][steps]") {
  Server zinit;
  zinit.add("a", {.exec = tracing("a"),
                  .service = "pre_exec = " + shell(gated("pre")) +
                             "\npost_exec = " + shell("echo post $EXIT_SIGNAL >> $T")});
  zinit.boot();
  zinit.await_trace("pre");
  CHECK(zinit.stop("a")["state"] == "exited");
  CHECK(zinit.trace() == Texts{"pre", "post SIGTERM"});
}

// --- post_exec -----------------------------------------------------------------------------------

TEST_CASE("post_exec is told how the process ended, and comes before a re-spawn too",
          "[check][steps]") {
  Server zinit;
  zinit.add(
      "a",
      {.exec = "echo up >> $T; [ -e $D/stay ] && exec sleep 100000; touch $D/stay; exit 3",
       .service = "post_exec = [" + shell("sleep 0.1; echo post1 $EXIT_CODE$EXIT_SIGNAL >> $T") +
                  ", " + shell("echo post2 >> $T; echo told") + "]",
       .lifecycle = "restart_delay_ms = 10"});
  zinit.boot();
  zinit.await_trace("up", 2);
  CHECK(zinit.trace() == Texts{"up", "post1 3", "post2", "up"});
  CHECK_THAT(logs_of(zinit, "a"), Contains("told"));
  const Json status = zinit.stop("a");
  CHECK(status["state"] == "exited");
  CHECK(status["last_exit"]["signal"] == "SIGTERM");
  CHECK(zinit.trace() == Texts{"up", "post1 3", "post2", "up", "post1 SIGTERM", "post2"});
}

TEST_CASE("a service is gone only when its post_exec is done", "[steps]") {
  Server zinit;
  zinit.add("db", {.exec = tracing("db")});
  zinit.add("web", {.exec = tracing("web"),
                    .service = "post_exec = " + shell(gated("post")),
                    .dependencies = "requires = ['db']"});
  zinit.boot();
  zinit.await_trace("start web");
  zinit.begin_stop("db");
  zinit.await_trace("post");
  const Json status = zinit.status("web");
  CHECK(status["state"] == "stopping");
  CHECK(status["main_pid"].is_null());
  CHECK_THAT(proc_cmdline(zinit.pid_of("web")), Contains("go-post"));
  CHECK_THAT(why(zinit, "web"), Contains("post_exec"));
  CHECK_FALSE(zinit.traced("stop db"));
  zinit.mark("go-post");
  zinit.await_trace("stop db");
  zinit.traced_in_order("stop web", "post");
  zinit.await_state("web", "exited");
}

TEST_CASE("a stop while post_exec runs after a crash lets it finish", "[threads][steps]") {
  Server zinit;
  zinit.add("a", {.exec = tracing("a"),
                  .service = "post_exec = [" + shell(gated("post")) + ", " +
                             shell(trace_line("second")) + "]",
                  .lifecycle = "restart_delay_ms = 10"});
  zinit.boot();
  zinit.await_trace("start a");
  zinit.kill("a");
  zinit.await_trace("post");
  CHECK(zinit.state("a") == "running");
  CHECK_THAT(why(zinit, "a"), Contains("its process has ended"));
  zinit.begin_stop("a");
  zinit.await_state("a", "stopping");
  zinit.mark("go-post");
  zinit.await_state("a", "exited");
  CHECK(zinit.trace() == Texts{"start a", "post", "second"});
}

TEST_CASE("post_exec that takes too long is killed, and one that fails is told and changes nothing",
          "[steps]") {
  Server zinit;
  zinit.add("a",
            {.exec = "exit 4",
             .service = "post_exec = [" + shell("trap '' TERM; echo post >> $T; sleep 100000") +
                        ", " + shell(trace_line("second")) + "]",
             .lifecycle = "restart = 'never'\nstop_timeout_ms = 300"});
  zinit.add("b", {.exec = "exit 0",
                  .service = "oneshot = true\npost_exec = [" + shell("exit 9") +
                             ", ['/no/such/program'], " + shell(trace_line("last")) + "]"});
  zinit.boot();
  CHECK(zinit.await_failed("a", "exit_code")["reason"]["code"] == 4);
  CHECK(zinit.count("post") == 1);
  CHECK_FALSE(zinit.traced("second"));

  CHECK(zinit.await_state("b", "exited")["summary"] == "ok");
  CHECK(zinit.traced("last"));
  zinit.await_message("b: post_exec exited with code 9");
  zinit.await_message("b: post_exec: cannot execute /no/such/program");
}

TEST_CASE("a shutdown waits for post_exec", "[steps]") {
  Server zinit;
  zinit.add("a", {.exec = tracing("a"),
                  .service = "post_exec = " + shell("sleep 0.3; " + trace_line("post"))});
  zinit.boot();
  zinit.await_trace("start a");
  CHECK(zinit.shut_down() == 0);
  CHECK(zinit.trace() == Texts{"start a", "stop a", "post"});
}

// --- stop_exec -----------------------------------------------------------------------------------

TEST_CASE("what a reload restarts is stopped as the file said that it was started with",
          "[steps]") {
  Server zinit;
  const auto write = [&](const std::string& n, const std::string& how) {
    zinit.add("a", {.exec = "trap 'echo int >> $T; exit' INT; trap 'echo term >> $T; exit' TERM; "
                            "echo start " +
                            n + " >> $T; while :; do sleep 0.01; done",
                    .service = how});
  };
  write("1", "stop_exec = 'echo stop 1 >> $T; kill -INT $MAINPID'");
  zinit.boot();
  zinit.await_trace("start 1");
  write("2", "stop_exec = 'echo stop 2 >> $T; kill -INT $MAINPID'");
  zinit.reload();
  zinit.await_trace("start 2");
  write("3", "");
  zinit.reload();
  zinit.await_trace("start 3");
  CHECK(zinit.trace() == Texts{"start 1", "stop 1", "int", "start 2", "stop 2", "int", "start 3"});
  CHECK(zinit.stop("a")["state"] == "exited");
  CHECK(zinit.trace().back() == "term");
}

TEST_CASE("a oneshot that a reload has run again is stopped as its file says now", "[steps]") {
  Server zinit;
  const auto write = [&](const std::string& n, const std::string& how) {
    zinit.add("db", {.service = "env = { N = '" + n + "' }"});
    zinit.add("net", {.exec = "echo net >> $T",
                      .service = "oneshot = true\ndescription = '" + n + "'\n" + how,
                      .dependencies = "requires = ['db']"});
  };
  write("1", "");
  zinit.boot();
  zinit.await_trace("net");
  write("2", "");
  zinit.reload();
  zinit.await_trace("net", 2);
  zinit.await_state("net", "exited");
  write("2", "stop_exec = 'echo taken back >> $T'");
  zinit.reload();
  zinit.await_state("net", "exited");
  zinit.stop("net");
  CHECK(zinit.count("taken back") == 1);
}

TEST_CASE("a stop without a time limit waits until a shutdown's own limit", "[steps]") {
  Server zinit({.settings = true});
  zinit.put("zinit.toml", "shutdown_timeout_ms = 300\n");
  zinit.add("hangs", {.exec = stubborn("hangs"), .lifecycle = "stop_timeout_ms = 'infinity'"});
  zinit.boot();
  zinit.await_trace("start hangs");
  zinit.begin_stop("hangs");
  zinit.settle();
  CHECK(zinit.state("hangs") == "stopping");
  const Json debug = zinit.result("debug.state");
  CHECK(debug["services"][0]["stage"] == "signalled");
  CHECK(debug["services"][0]["deadline_ms"].is_null());
  CHECK(zinit.shut_down() == 0);
}

TEST_CASE("stop_timeout_ms covers stop_exec, then all is killed", "[steps]") {
  Server zinit;
  zinit.add("idle", {.exec = stubborn("idle"),
                     .service = "stop_exec = 'true'",
                     .lifecycle = "stop_timeout_ms = 200"});
  zinit.add("hangs", {.exec = stubborn("hangs"),
                      .service = "stop_exec = 'echo $$ > $D/stopper; sleep 100000 & wait'",
                      .lifecycle = "stop_timeout_ms = 200"});
  zinit.boot();
  zinit.await_trace("start idle");
  zinit.await_trace("start hangs");
  for (const char* name : {"idle", "hangs"}) {
    const Json status = zinit.stop(name);
    CHECK(status["state"] == "exited");
    CHECK(status["last_exit"]["signal"] == "SIGKILL");
  }
  CHECK_FALSE(alive(static_cast<pid_t>(std::stoi(read_file(zinit.path("stopper"))))));
}

TEST_CASE("stop_exec stops the service in place of the signal, which comes if that fails",
          "[check][steps]") {
  struct Row {
    std::string name;
    std::string commands;
    Texts seen;
  };
  const Row rows[] = {
      {"asks",
       "stop_exec = 'echo asks $ZINIT_SERVICE >> $T; kill -USR1 $MAINPID'",
       {"up", "asks asks", "usr1"}},
      {"late",
       "stop_exec = 'kill -USR1 $MAINPID; until [ $(tail -n 1 $T) = usr1 ]; do sleep 0.01; done; "
       "sleep 0.1; echo late >> $T'\n"
       "post_exec = 'echo post >> $T'",
       {"up", "usr1", "late", "post"}},
      {"fails", "stop_exec = 'exit 1'", {"up", "term"}},
      {"missing", "stop_exec = '/no/such/program'", {"up", "term"}},
  };
  Server zinit;
  for (const Row& row : rows)
    zinit.add(row.name,
              {.exec = kAsked,
               .service = "env = { T = '" + zinit.path(row.name) + "' }\n" + row.commands});
  zinit.boot();
  for (const Row& row : rows) {
    INFO(row.name);
    const auto seen = [&] { return lines_of(read_file(zinit.path(row.name))); };
    REQUIRE(eventually([&] { return seen() == Texts{"up"}; }));
    zinit.restart(row.name);
    Texts twice = row.seen;
    twice.push_back("up");
    REQUIRE(eventually([&] { return seen().size() == twice.size(); }));
    CHECK(zinit.stop(row.name)["state"] == "exited");
    twice.insert(twice.end(), row.seen.begin() + 1, row.seen.end());
    CHECK(seen() == twice);
  }
}

// --- reload_exec, reload_signal ------------------------------------------------------------------

TEST_CASE("reload NAME sends reload_signal to the main process", "[steps]") {
  Server zinit;
  zinit.add("a",
            {.exec = "trap 'echo hup >> $T' HUP; echo up >> $T; while :; do sleep 1 & wait; done",
             .service = "reload_signal = 'HUP'"});
  zinit.boot();
  zinit.await_trace("up");
  zinit.await_state("a", "running");
  const pid_t pid = zinit.pid_of("a");
  CHECK(zinit.ctl({"reload", "--dry-run", "a"}).code == 0);
  CHECK_FALSE(zinit.traced("hup"));
  const Outcome reloaded = zinit.ctl({"reload", "a"});
  CHECK(reloaded.code == 0);
  CHECK(reloaded.out == "a reloaded\n");
  zinit.await_trace("hup");
  CHECK(zinit.result("service.reload", named("a"))["unchanged"][0] == "a");
  zinit.await_trace("hup", 2);
  CHECK(zinit.pid_of("a") == pid);
}

TEST_CASE("reload NAME runs reload_exec, and answers when it is done", "[check][steps]") {
  Server zinit;
  zinit.add("a", {.exec = tracing("a"),
                  .service = "reload_exec = 'sleep 0.1; echo reload $MAINPID >> $T; echo said'"});
  zinit.boot();
  zinit.await_trace("start a");
  zinit.await_state("a", "running");
  zinit.result("service.reload", named("a"));
  CHECK(zinit.traced("reload " + std::to_string(zinit.pid_of("a"))));
  CHECK_THAT(logs_of(zinit, "a"), Contains("said"));
  CHECK(zinit.state("a") == "running");
}

TEST_CASE("a reload that fails, or takes too long, is an error and leaves the service alone",
          "[steps]") {
  Server zinit;
  zinit.add("bad", {.exec = tracing("bad"), .service = "reload_exec = 'exit 7'"});
  zinit.add("missing", {.exec = tracing("missing"), .service = "reload_exec = '/no/such/program'"});
  zinit.add("hangs", {.exec = tracing("hangs"),
                      .service = "reload_exec = 'echo $$ > $D/reloader; sleep 100000'",
                      .lifecycle = "start_timeout_ms = 300"});
  zinit.boot();
  struct Row {
    const char* name;
    const char* says;
  };
  for (const Row& row : {Row{"bad", "code 7"}, Row{"missing", "No such file or directory"},
                         Row{"hangs", "took too long"}}) {
    INFO(row.name);
    zinit.await_trace(std::string("start ") + row.name);
    zinit.await_state(row.name, "running");
    const Json error = zinit.error("service.reload", named(row.name));
    CHECK(error["code"] == -32011);
    CHECK_THAT(error["message"].text(), Contains(row.says));
    CHECK(zinit.state(row.name) == "running");
  }
  const pid_t reloader = static_cast<pid_t>(std::stoi(read_file(zinit.path("reloader"))));
  CHECK(eventually([&] { return !alive(reloader); }));
}

TEST_CASE("what has no way to reload, does not run or reloads already says so", "[steps]") {
  Server zinit;
  zinit.add("plain");
  zinit.add("down", {.service = "reload_signal = 'HUP'\nstatus = 'stop'"});
  zinit.add("slow",
            {.exec = tracing("slow"), .service = "reload_exec = " + shell(gated("reload"))});
  zinit.boot({"plain"});
  zinit.await_trace("start slow");
  zinit.await_state("slow", "running");
  CHECK(zinit.error("service.reload", named("plain"))["code"] == -32013);
  CHECK(zinit.error("service.reload", named("down"))["code"] == -32003);
  CHECK(zinit.error("service.reload", named("nobody"))["code"] == -32000);
  const Outcome plain = zinit.ctl({"reload", "plain"});
  CHECK(plain.code == 1);
  CHECK_THAT(plain.err, Contains("plain has neither reload_exec nor reload_signal"));
  const Outcome down = zinit.ctl({"reload", "down"});
  CHECK(down.code == 1);
  CHECK_THAT(down.err, Contains("down is inactive"));
  CHECK(zinit.ctl({"reload", "nobody"}).code == 4);
  Connection other = zinit.connect();
  other.begin("service.reload", R"({"name":"slow"})");
  zinit.await_trace("reload");
  CHECK(zinit.error("service.reload", named("slow"))["code"] == -32009);
  // A stop does not wait for a reload.
  CHECK(zinit.stop("slow")["state"] == "exited");
}

TEST_CASE("a change of what is run beside or after a process restarts nothing", "[steps]") {
  Server zinit;
  zinit.add("a", {.exec = kAsked, .service = "stop_exec = 'true'"});
  zinit.boot();
  zinit.await_trace("up");
  zinit.await_state("a", "running");
  const pid_t pid = zinit.pid_of("a");
  zinit.add("a",
            {.exec = kAsked,
             .service = "ports = [1]\nstop_exec = 'kill -USR1 $MAINPID'\nreload_signal = 'HUP'\n"
                        "post_exec = 'echo post >> $T'"});
  CHECK(zinit.reload()["changed"][0] == "a");
  CHECK(zinit.pid_of("a") == pid);
  zinit.stop("a");
  CHECK(zinit.trace() == Texts{"up", "usr1", "post"});
  zinit.add("a", {.exec = kAsked, .service = "pre_exec = 'echo pre >> $T'"});
  zinit.reload();
  zinit.start("a");
  const pid_t second = zinit.pid_of("a");
  zinit.add("a", {.exec = kAsked, .service = "pre_exec = 'echo other >> $T'"});
  zinit.reload();
  zinit.await_new_pid("a", second);
  CHECK(zinit.traced("other"));
}

}  // namespace
}  // namespace zinit::test::lifecycle_steps
