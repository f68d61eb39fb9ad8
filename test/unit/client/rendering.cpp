// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinitctl's output for people, and the bytes that never reach their terminal.
#include "base/text.hpp"
#include "client/libzinit/json.hpp"
#include "support/test.hpp"
#include "unit/client/zinitctl.hpp"

namespace zinit::test::client_rendering {

TEST_CASE("list is a table that fits the terminal and is whole on a pipe", "[client]") {
  const std::string long_text(300, 'd');
  CannedServer server(
      {{"service.list_full",
        result("[" +
               status_json("redis", "running",
                           R"("pid":412,"uptime_ms":200000,"description":")" + long_text + "\"") +
               "," +
               status_json("web", "failed",
                           R"("restart_count":12,"reason":{"type":"signal",)"
                           R"("signal":"SIGKILL"})") +
               "]")}});
  const Ran wide = server.run({"list"});
  CHECK_THAT(wide.out, Contains("[+]  redis  running  412   3m20s         0  " + long_text + "\n"));
  CHECK_THAT(wide.out, Contains("[X]  web    failed     -       -        12  killed by SIGKILL\n"));
  const Ran narrow = server.run({"list"}, kNarrow);
  CHECK(longest_line(narrow.out) == 80);
  CHECK_THAT(narrow.out, Contains("d…\n"));
}

TEST_CASE("list asks for what it shows, and an older server for all", "[client]") {
  CannedServer server({{"service.list_full", result("[" + status_json("db", "running") + "]")}});
  CHECK(server.run({"list"}).status == 0);
  REQUIRE(server.requests().size() == 2);  // and the list of masked services
  CHECK_THAT(server.requests()[0], Contains(R"("members":["name",)"));
  CannedServer older(
      {{"service.list_full", R"("error":{"code":-32602,"message":"no such parameter"})"}});
  const Ran refused = older.run({"list"});  // this server always refuses
  CHECK(refused.status != 0);
  REQUIRE(older.requests().size() == 2);
  CHECK_THAT(older.requests()[1], !Contains("members"));
}

TEST_CASE("colours appear on a terminal, and not with --no-color", "[client]") {
  CannedServer server({{"service.list_full", result("[" + status_json("a", "running") + "]")}});
  const Terminal colourful{true, true, 80};
  CHECK_THAT(server.run({"list"}, colourful).out, Contains("\x1b[32m[+]\x1b[0m"));
  CHECK(server.run({"list", "--no-color"}, colourful).out.find('\x1b') == std::string::npos);
  CHECK(server.run({"list"}, kNarrow).out.find('\x1b') == std::string::npos);
}

TEST_CASE("status shows everything and exits 3 unless it is running", "[client]") {
  CannedServer server(
      {{"service.status_full",
        result(status_json(
            "web", "failed",
            R"("description":"the site","reason":{"type":"signal","signal":"SIGSEGV"},)"
            R"("restart_count":4,"last_exit":{"signal":"SIGSEGV","core":true},)"
            R"("requires":["db"],"required_by":["shop"],"warnings":["web.toml:3:1: warning: x"],)"
            R"("file":"/nonexistent/web.toml","changed_on_disk":true)"))},
       {"service.status", result(R"({"name":"db","state":"running"})")},
       {"logs.get", result(R"([{"time_us":1000000,"stream":"stdout","line":"last words"}])")}});
  const Ran ran = server.run({"status", "web"});
  CHECK(ran.status == 3);
  CHECK_THAT(ran.out, StartsWith("[X] web - the site\n    state        failed\n"));
  CHECK_THAT(ran.out, Contains("why          killed by SIGSEGV\n"));
  CHECK_THAT(ran.out, Contains("restarts     4\n"));
  CHECK_THAT(ran.out, Contains("last exit    killed by SIGSEGV, core dumped\n"));
  CHECK_THAT(ran.out, Contains("requires     [+] db\n"));
  CHECK_THAT(ran.out, Contains("required by  [+] shop\n"));
  CHECK_THAT(ran.out, Contains("web.toml (changed on disk; `zinitctl reload` applies it)\n"));
  CHECK_THAT(ran.out, Contains("warning      web.toml:3:1: warning: x\n"));
  CHECK_THAT(ran.out, Contains("last words\n"));
}

TEST_CASE("status tells what more is known of a signal", "[client]") {
  CannedServer server(
      {{"service.status_full",
        result(status_json(
            "web", "failed",
            R"("reason":{"type":"signal","signal":"SIGKILL","detail":"killed by hunger"},)"
            R"("last_exit":{"signal":"SIGKILL","core":false,"detail":"killed by hunger"})"))},
       {"logs.get", result("[]")}});
  const Ran ran = server.run({"status", "web"});
  CHECK_THAT(ran.out, Contains("why          killed by hunger (SIGKILL)\n"));
  CHECK_THAT(ran.out, Contains("last exit    killed by hunger (SIGKILL)\n"));
}

TEST_CASE("status asks for all that it shows before it reads the first answer", "[client]") {
  FakeServer server([](Peer& peer) {
    const std::string status = peer.read_line(), log = peer.read_line();
    const auto answer = [&](const std::string& request, const std::string& members) {
      peer.send(R"({"jsonrpc":"2.0","id":)" + id_of(request) + "," + members + "}\n");
    };
    // In any order.
    answer(log, result(R"([{"time_us":1,"stream":"stdout","line":"last words"}])"));
    answer(status, result(status_json("web", "running")));
    peer.wait_for_close();
  });
  const Ran ran = run({"--socket", server.path(), "status", "web"});
  CHECK(ran.status == 0);
  CHECK_THAT(ran.out, StartsWith("[+] web\n") && Contains("last words\n"));
  CHECK(server.requests().size() == 2);
}

TEST_CASE("status of what does not exist names what is near, with answers still to come",
          "[client]") {
  CannedServer server(
      {{"service.status_full", not_found("wed", "null")}, {"service.list", result(R"(["web"])")}});
  const Ran ran = server.run({"status", "wed"});
  CHECK(ran.status == 4);
  CHECK_THAT(ran.err, Contains("did you mean web?"));
}

TEST_CASE("why tells the chain down to the root cause and what to do", "[client]") {
  CannedServer server(
      {{"service.why",
        result(
            R"({"name":"web","state":"blocked","reasons":[)"
            R"({"kind":"requires","service":"db","state":"blocked","detail":"is blocked itself",)"
            R"("root_cause":"disk","depth":0},)"
            R"({"kind":"requires","service":"disk","state":"failed",)"
            R"("detail":"failed: exit code 2",)"
            R"("root_cause":"disk","depth":1,"code":"exit_code"},)"
            R"({"kind":"requires","service":"net","state":"inactive",)"
            R"("detail":"no service has that name",)"
            R"("root_cause":"net","depth":0,"code":"missing"}]})")}});
  CHECK(server.run({"why", "web"}).out ==
        "[?] web is blocked\n"
        "    web requires db, which is blocked itself\n"
        "      db requires disk, which failed: exit code 2\n"
        "    root cause disk: see `zinitctl logs disk`, then `zinitctl start disk`; its "
        "dependents then start automatically\n"
        "    web requires net, but no service has that name\n"
        "    root cause net: add a service of that name, or remove it from `requires`\n");
  CHECK(longest_line(server.run({"why", "web"}, kNarrow).out) <= 80);
  CannedServer well({{"service.why", result(R"({"name":"web","state":"running","reasons":[]})")}});
  CHECK(well.run({"why", "web"}).out == "[+] web is running: nothing is wrong\n");
}

TEST_CASE("logs of several services are merged in order of time", "[client]") {
  CannedServer server(
      {{"logs.filter", result(R"([{"time_us":1,"stream":"stdout","line":"one\ttwo"},)"
                              R"({"time_us":2,"stream":"stderr","line":"three"}])")}});
  CHECK(server.run({"logs", "a"}).out == "one\ttwo\nthree\n");
  CHECK(server.run({"logs", "a", "b"}).out == "a: one\ttwo\nb: one\ttwo\na: three\nb: three\n");
  CHECK(server.run({"logs", "a", "-n", "2", "--json"}).out ==
        R"([{"service":"a","time_us":1,"stream":"stdout","line":"one\ttwo"},)"
        R"({"service":"a","time_us":2,"stream":"stderr","line":"three"}])"
        "\n");
  CHECK_THAT(server.run({"logs", "a", "-t", "-nall"}).out, Contains(".000 one\ttwo\n"));
  CHECK(server.requests()[3] == R"(logs.filter {"name":"a","lines":2})");
  CHECK(server.requests()[4] == R"(logs.filter {"name":"a","lines":1000000})");
  (void)server.run({"logs", "a", "--since", "40000d", "--stream", "stderr"});
  CHECK(server.requests()[5] ==
        R"(logs.filter {"name":"a","lines":1000000,"since_us":0,"stream":"stderr"})");
}

TEST_CASE("logs -f shows each line once, those that came meanwhile too, and says when it ends",
          "[client]") {
  const auto line = [](int seq, const std::string& text, const std::string& service = "a") {
    return R"({"jsonrpc":"2.0","method":"logs.line","params":{"subscription":1,"service":")" +
           service + R"(","time_us":)" + std::to_string(seq) + R"(,"stream":"stdout","line":")" +
           text + R"(","seq":)" + std::to_string(seq) + "}}\n";
  };
  FakeServer server([&](Peer& peer) {
    peer.result(R"({"subscription":1})");
    peer.send(line(2, "two") + line(3, "three"));
    peer.result(R"([{"time_us":1,"stream":"stdout","line":"one","seq":1},)"
                R"({"time_us":2,"stream":"stdout","line":"two","seq":2}])");
    peer.send(R"({"jsonrpc":"2.0","method":"logs.line","params":{"subscription":1,"dropped":7}})"
              "\n");
    peer.send(line(11, "no \\u001b[2J escape"));
    peer.send(line(1, "removed, and added again"));
    peer.send(line(2, "with the clock set back"));
    peer.end_server();
  });
  const Ran ran = run({"logs", "-f", "a", "--socket", server.path()});
  CHECK(ran.out ==
        "one\ntwo\nthree\n7 lines were missing here, because they came too fast\n"
        "no \\x1b[2J escape\nremoved, and added again\nwith the clock set back\n");
  CHECK(ran.err == "zinitctl: logs: the server has gone\n");
  CHECK(ran.status == 5);
}

TEST_CASE("status says that the file was refused, and prints why only once", "[client]") {
  CannedServer server(
      {{"service.status_full",
        result(status_json("web", "running",
                           R"("file":"/nonexistent/web.toml","refused":["web.toml:2:8: error: x"],)"
                           R"("warnings":["web.toml:2:8: error: x","it stays in force"])"))},
       {"logs.get", result("[]")}});
  const Ran ran = server.run({"status", "web"});
  CHECK_THAT(ran.out,
             Contains("web.toml (refused when it was last read; an earlier version stays in") &&
                 Contains("refused      web.toml:2:8: error: x\n") &&
                 !Contains("warning      web.toml") &&
                 Contains("warning      it stays in force\n"));
}

TEST_CASE("reload says what became of what, and exits 1 where a file is refused", "[client]") {
  CannedServer server(
      {{"service.reload", result(R"({"added":["a"],"changed":["b","c"],"removed":[],)"
                                 R"("unchanged":["x","y"],"failed":["d"],"restarted":["c"],)"
                                 R"("stopped":["y"],"why":{"c":["exec","env"],)"
                                 R"("y":["requires z"]},"faults":{"d":["d.toml:1:1: error: x"]},)"
                                 R"("warnings":["a.toml:3:1: warning: y"]})")}});
  const Ran ran = server.run({"reload"});
  CHECK(ran.status == 1);
  CHECK(ran.out ==
        "reloaded:\n"
        "    added        a\n"
        "    changed      b, c\n"
        "    unchanged    2\n"
        "    restarted    c (exec, env)\n"
        "    stopped      y (requires z)\n"
        "    failed       d\n"
        "                 d.toml:1:1: error: x\n"
        "    warning      a.toml:3:1: warning: y\n");
  CHECK_THAT(ran.err, StartsWith("zinitctl: reload: 1 file is not in force"));
  CHECK(server.run({"reload", "--dry-run"}).status == 1);
  CHECK(server.requests().back() == R"(service.reload {"dry_run":true})");
}

TEST_CASE("a template that is refused is one file, told once", "[client]") {
  CannedServer server(
      {{"service.reload", result(R"({"added":[],"changed":[],"removed":[],"unchanged":[],)"
                                 R"("failed":["e@1","e@2"],"restarted":[],"stopped":[],)"
                                 R"("faults":{"e@1":["e@.toml:1:1: error: x"],)"
                                 R"("e@2":["e@.toml:1:1: error: x"]}})")}});
  const Ran ran = server.run({"reload"});
  CHECK(ran.out ==
        "reloaded:\n"
        "    failed       e@1, e@2\n"
        "                 e@.toml:1:1: error: x\n");
  CHECK_THAT(ran.err, StartsWith("zinitctl: reload: 1 file is not in force"));
  CHECK_THAT(server.run({"reload", "--json"}).err, Contains("1 file is not in force"));
}

TEST_CASE("status has a line for each time of the service's timer", "[client]") {
  CannedServer server(
      {{"service.status_full", result(status_json("job", "inactive", R"("next_start_us":5)"))},
       {"logs.get", result("[]")},
       {"system.timers",
        result(R"([{"service":"other","expression":"daily","next_us":5,"last_us":null},)"
               R"({"service":"job","expression":"3:00","next_us":5,"last_us":4},)"
               R"({"service":"job","expression":"on_boot_ms = 1","next_us":null,)"
               R"("last_us":null}])")}});
  const std::string out = server.run({"status", "job"}).out;
  CHECK_THAT(out, Contains("timer        3:00: next 1970-01-01 ") &&
                      Contains(", in 0 ms; last 1970-01-01 ") &&
                      Contains("timer        on_boot_ms = 1: not due any more\n") &&
                      !Contains("daily"));
}

TEST_CASE("events are one line each, as text and as JSON", "[client]") {
  CannedServer server(
      {{"events.get",
        result(R"([{"service":"web","from":"starting","to":"failed","seq":4,)"
               R"("reason":{"type":"exit_code","code":1},"pid":9,"time_us":0},)"
               R"({"service":"db","from":"blocked","to":"starting","seq":5,"time_us":0}])")}});
  const Ran text = server.run({"events"});
  CHECK(text.status == 0);
  CHECK_THAT(text.out, Contains("[X] web: starting -> failed, pid 9: exit code 1\n"));
  CHECK_THAT(text.out, Contains("[>] db: blocked -> starting\n"));
  const Ran json = server.run({"events", "--json", "web"});
  CHECK(json.out == R"({"service":"web","from":"starting","to":"failed","seq":4,"reason":{"type":)"
                    R"("exit_code","code":1},"pid":9,"time_us":0})"
                    "\n"
                    R"({"service":"db","from":"blocked","to":"starting","seq":5,"time_us":0})"
                    "\n");
  CHECK(server.requests()[1] == R"(events.get {"names":["web"]})");
}

TEST_CASE("events -f goes on with what happens, each change once", "[client]") {
  FakeServer server([](Peer& peer) {
    const auto event = [](int seq) {
      return R"({"service":"web","from":"blocked","to":"starting","time_us":0,"seq":)" +
             std::to_string(seq);
    };
    peer.result(R"({"subscription":3})");
    const std::string get = id_of(peer.read_line());
    const auto notify = [&](int seq) {
      peer.send(R"({"method":"events.state","params":)" + event(seq) + R"(,"subscription":3}})" +
                "\n");
    };
    notify(2);
    peer.send("{\"id\":" + get + ",\"result\":[" + event(1) + "}," + event(2) + "}]}\n");
    notify(3);
    peer.end_server();
  });
  const Ran ran = run({"--socket", server.path(), "--json", "events", "-f"});
  CHECK(ran.status == 5);  // the server went away
  const auto lines = split(trim(ran.out), '\n');
  REQUIRE(lines.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(json_count(parse_json(std::string(lines[i])), "seq") == i + 1);
    CHECK(lines[i].find("subscription") == std::string::npos);
  }
}

}  // namespace zinit::test::client_rendering
