// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinitctl run and explain: services made from the command line, and their keys.
#include "scenario/harness.hpp"
#include "scenario/harness/background.hpp"

namespace zinit::test::client_run {
namespace {

TEST_CASE("run makes a service of a command, with keys as they come", "[check][run]") {
  Server zinit;
  zinit.boot();
  const Outcome begun = zinit.ctl({"run", "--name", "job", "env.A=5", "dir=/tmp",
                                   "limits.nofile=77", "umask=0077", "stop_timeout_ms=2s", "--",
                                   "sh", "-c", "echo $A $PWD $(ulimit -n); exec sleep 9999"});
  CHECK_THAT(begun.out, StartsWith("job is running, pid "));
  CHECK(begun.code == 0);
  const auto log = [&] { return zinit.ctl({"logs", "job"}).out; };
  CHECK(eventually([&] { return log() == "5 /tmp 77\n"; }));
  const Json config = zinit.result("service.get", R"({"name":"job"})");
  CHECK(config["runtime"] == true);
  CHECK(config["config"]["lifecycle"]["restart"] == "never");
  CHECK(config["config"]["lifecycle"]["stop_timeout_ms"] == "2s");
  const Outcome again = zinit.ctl({"run", "--name", "job", "--", "true"});
  CHECK(again.code == 1);
  CHECK_THAT(again.err, Contains("there is a service of that name already"));
  CHECK(zinit.ctl({"run", "--", "sleep", "9999"}).code == 0);  // gets a name of its own
  CHECK(zinit.ctl({"remove-service", "job", "run-*"}).code == 0);
  CHECK(zinit.result("service.list").size() == 0);
}

TEST_CASE("run names what is wrong, and makes no service", "[check][run]") {
  Server zinit;
  zinit.boot();
  const auto [words, code, why] = GENERATE(table<Texts, int, std::string>({
      {{"sleep", "5"}, 2, "sleep: no KEY=VALUE; the command comes behind --"},
      {{"user=nobody"}, 2, "the command is missing"},
      {{"exec=ls", "--", "true"}, 2, "the command comes behind --"},
      {{"usr=x", "--", "true"}, 2, "usr=x: unknown key"},
      {{"ExecStop=x", "--", "true"}, 2, "ExecStop=x: unknown key; write \"stop_exec\""},
      {{"nice=5", "--", "true"},
       2,
       "nice=5: several sections have this key; write limits.nice or "},
      {{"umask=9", "--", "true"}, 2, "umask=9: "},
      {{"oneshot=1\nuser='root'", "--", "true"}, 2, "oneshot=1"},
      {{"health.type=http", "--", "true"}, 1, "health.endpoint: is missing"},
      {{"name=other", "--", "true"}, 2, "--name says what the service is called"},
      {{"--name", "a b", "--", "true"}, 1, "name"},
  }));
  Texts all = {"run"};
  all.insert(all.end(), words.begin(), words.end());
  const Outcome refused = zinit.ctl(all);
  CHECK(refused.code == code);
  CHECK_THAT(refused.err, Contains(why));
  CHECK(zinit.result("service.list").size() == 0);
}

TEST_CASE("run --wait shows the output, exits as the command does and leaves nothing",
          "[check][run]") {
  Server zinit;
  zinit.boot();
  const Outcome ended =
      zinit.ctl({"run", "--wait", "--", "sh", "-c", "echo one; echo two >&2; printf half; exit 5"});
  CHECK(ended.code == 5);
  CHECK_THAT(ended.out, Contains("one\n") && Contains("half"));
  CHECK_THAT(ended.err, Contains("two\n"));
  CHECK_THAT(ended.out, !Contains("exited with code"));
  CHECK_THAT(ended.err, Contains("exit code 5"));
  CHECK(zinit.ctl({"run", "--wait", "--", "sh", "-c", "kill -9 $$"}).code == 128 + 9);
  const Outcome missing = zinit.ctl({"run", "--wait", "--", "no-such-program"});
  CHECK(missing.code == 1);
  CHECK_THAT(missing.err, Contains("no-such-program"));
  const Outcome json = zinit.ctl({"run", "--json", "--wait", "--", "echo", "x"});
  CHECK(json.code == 0);
  CHECK(Json::parse(json.out).value()["last_exit"]["code"] == 0);
  CHECK(zinit.result("service.list").size() == 0);
}

TEST_CASE("run --wait shows each line of a flood", "[run]") {
  Server zinit;
  zinit.boot();
  const Outcome flood = zinit.ctl({"run", "--wait", "--", "seq", "1", "200000"});
  CHECK(flood.code == 0);
  CHECK(flood.err.empty());
  const auto lines = lines_of(flood.out);
  REQUIRE(lines.size() == 200000);
  CHECK(lines.front() == "1");
  CHECK(std::ranges::is_sorted(lines, {}, [](const std::string& line) { return std::stoi(line); }));
  CHECK(zinit.result("service.list").size() == 0);
}

/// Runs the shell's command line, in which zinitctl is the client of the server.
Outcome run_in_shell(const Server& zinit, const std::string& line) {
  Launch bash{.argv = {"bash", "-c", "zinitctl() { (exec -a zinitctl \"$BIN\" \"$@\"); }; " + line},
              .program = "/bin/bash"};
  bash.env = {"BIN=" + zinit_binary(), "ZINIT_SOCKET=" + zinit.socket(), "D=" + zinit.folder()};
  return run(bash);
}

TEST_CASE("run --wait fails if the log has lost lines before they were shown", "[run]") {
  Server zinit;
  zinit.boot();
  // The reader of the output begins when the command has ended.
  const Outcome flood = run_in_shell(
      zinit,
      "{ zinitctl run --name job --wait logging.buffer_lines=10 -- seq 1 200000; echo $? >$D/code;"
      " } | { until zinitctl wait --for exited job; do :; done >/dev/null 2>&1; tail -n 1; }");
  CHECK(flood.out == "200000\n");
  CHECK_THAT(flood.err, Contains("lines of its output came too fast and are not shown"));
  CHECK(read_file(zinit.path("code")) == "1\n");
  CHECK(zinit.result("service.list").dump() == R"(["job"])");
}

TEST_CASE("run --wait ends the command when nobody reads its output any more", "[run]") {
  Server zinit;
  zinit.boot();
  const Outcome closed =
      run_in_shell(zinit, "zinitctl run --wait -- yes | head -n 1; echo ${PIPESTATUS[0]}");
  CHECK(closed.out == "y\n141\n");
  CHECK(closed.err.empty());
  CHECK(zinit.result("service.list").size() == 0);
}

TEST_CASE("run --wait shows each line once over a re-execution", "[check][run][reexec]") {
  Server zinit;
  zinit.boot();
  const std::string go = zinit.path("go");
  Background waiting(zinit, {"run", "--name", "job", "--wait", "--", "sh", "-c",
                             "for i in 1 2 3; do echo line $i; done; until [ -e " + go +
                                 " ]; do sleep 0.05; done; echo last"});
  CHECK(waiting.shows("line 3"));
  CHECK(zinit.ctl({"reexec"}).code == 0);
  write_file(go, "");
  CHECK(waiting.exit_code() == 0);
  CHECK(waiting.output() == "line 1\nline 2\nline 3\nlast\n");
}

TEST_CASE("explain shows keys without a server", "[check][run]") {
  Launch what;
  what.argv = {"zinitctl", "explain", "readiness.notify"};
  const Outcome shown = run(what);
  CHECK(shown.code == 0);
  CHECK_THAT(shown.out, StartsWith("notify in [readiness]\n") &&
                            Contains("\"systemd\" or \"fd:N\"") && Contains("example"));
  what.argv = {"zinitctl", "--json", "explain", "[target]", "restart"};
  const Json json = Json::parse(run(what).out).value();
  CHECK(json.size() > 2);
  CHECK(json[json.size() - 1]["section"] == "lifecycle");
  what.argv = {"zinitctl", "--json", "explain"};
  const Json all = Json::parse(run(what).out).value();
  CHECK(all[0]["section"] == "service");
  CHECK(all[all.size() - 1]["section"] == "");
  what.argv = {"zinitctl", "explain", "ExecStart", "restrat"};
  const Outcome unknown = run(what);
  CHECK(unknown.code == 1);
  CHECK_THAT(unknown.err, Contains("write \"exec\"") && Contains("did you mean restart?"));
}

}  // namespace
}  // namespace zinit::test::client_run
