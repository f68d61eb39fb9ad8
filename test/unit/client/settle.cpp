// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinitctl start, stop, restart and wait: their requests, and their ends.
#include "support/test.hpp"
#include "unit/client/zinitctl.hpp"

namespace zinit::test::client_settle {

TEST_CASE("several services are all asked to start before the first answer is read", "[client]") {
  // The server answers nothing until it has both requests.
  FakeServer server([](Peer& peer) {
    const std::string a = id_of(peer.read_line());
    const std::string b = id_of(peer.read_line());
    peer.send("{\"id\":" + b + "," + result(status_json("b", "running", "\"pid\":2")) + "}\n");
    peer.send("{\"id\":" + a + "," + result(status_json("a", "running", "\"pid\":1")) + "}\n");
    peer.wait_for_close();
  });
  const Ran ran = run({"--socket", server.path(), "start", "a", "b"});
  CHECK(ran.status == 0);
  CHECK(ran.out == "[+] a is running, pid 1\n[+] b is running, pid 2\n");
}

TEST_CASE("start waits by default, and not with --no-wait", "[client]") {
  CannedServer server({{"service.start", result(status_json("a", "blocked"))}});
  CHECK(server.run({"start", "--no-wait", "a"}).status == 0);
  CHECK(server.run({"start", "a"}).status == 1);
  CHECK(server.run({"start", "a", "--timeout", "5"}).status == 1);
  const auto requests = server.requests();
  REQUIRE(requests.size() == 3);
  CHECK(requests[0] == R"(service.start {"name":"a"})");
  CHECK(requests[1] == R"(service.start {"name":"a","wait":true})");
  CHECK_THAT(requests[2], Contains("\"timeout_ms\":"));
}

TEST_CASE("start exits 1 where it did not lead to running or a oneshot's success", "[client]") {
  const auto [json, status, err] = GENERATE(table<std::string, int, std::string>({
      {status_json("a", "running"), 0, ""},
      {R"({"name":"a","state":"exited","summary":"ok","oneshot":true})", 0, ""},
      {status_json("a", "exited", R"("last_exit":{"code":0})"), 1,
       "zinitctl: start a: exited: exit code 0; see `zinitctl why a`\n"},
      {status_json("a", "failed", R"("reason":{"type":"exit_code","code":3})"), 1,
       "zinitctl: start a: failed: exit code 3; see `zinitctl why a`\n"},
      {status_json("a", "blocked",
                   R"("waiting_on":[{"service":"db","kind":"requires","reason":"failed: x"}])"),
       1, "zinitctl: start a: is blocked: waiting for db, which failed: x; see `zinitctl why a`\n"},
      {status_json("a", "blocked",
                   R"("waiting_on":[{"service":"db","kind":"requires","reason":"x",)"
                   R"("code":"starting"},{"service":"no","kind":"requires","reason":"y",)"
                   R"("code":"missing"},{"service":"c","kind":"conflicts","reason":"z",)"
                   R"("code":"starting"}])"),
       1,
       "zinitctl: start a: is blocked: waiting for db to start; waiting for no, but y; conflicts "
       "with c, which z; see `zinitctl why a`\n"},
      {status_json("a", "inactive"), 1, "zinitctl: start a: is inactive; see `zinitctl why a`\n"},
  }));
  CannedServer server({{"service.start", result(json)}});
  const Ran ran = server.run({"start", "a"});
  CHECK(ran.status == status);
  CHECK(ran.err == err);
}

TEST_CASE("start shows the warnings about what has no effect, whatever their words", "[client]") {
  CannedServer server(
      {{"service.start",
        result(
            status_json("a", "running",
                        R"("warnings":["one has no effect","two"],"without_effect":["two"])"))}});
  const Ran ran = server.run({"start", "a"});
  CHECK(ran.status == 0);
  CHECK_THAT(ran.out, Contains("warning: two\n") && !Contains("one"));
}

TEST_CASE("stop exits 0 where it is down, and 1 where it cannot be killed", "[client]") {
  CannedServer down({{"service.stop",
                      result(status_json("a", "exited", R"("last_exit":{"signal":"SIGTERM"})"))}});
  CHECK(down.run({"stop", "a"}).status == 0);
  CannedServer stuck({{"service.stop",
                       result(status_json("a", "failed", R"("reason":{"type":"stop_timeout"})"))}});
  const Ran ran = stuck.run({"stop", "a"});
  CHECK(ran.status == 1);
  CHECK_THAT(ran.err, Contains("failed: its process cannot be killed"));
}

TEST_CASE("one of several that does not exist fails alone", "[client]") {
  CannedServer server({{"service.start", not_found("x", "null")}, {"service.list", result("[]")}});
  const Ran ran = server.run({"start", "x", "y", "--json"});
  CHECK(ran.status == 4);
  CHECK(ran.out == "[]\n");
  CHECK(std::count(ran.err.begin(), ran.err.end(), '\n') == 2);
}

TEST_CASE("a shell pattern stands for the names that it matches, each once", "[client]") {
  CannedServer server({{"service.list", result(R"(["db","web-1","web-2"])")},
                       {"service.stop", result(status_json("web", "inactive"))}});
  CHECK(server.run({"stop", "web-2", "web-*"}).status == 0);
  CHECK(server.requests() == Texts{"service.list", R"(service.stop {"name":"web-2","wait":true})",
                                   R"(service.stop {"name":"web-1","wait":true})"});
  const Ran none = server.run({"stop", "db", "nginx*"});
  CHECK(none.status == 4);
  CHECK(none.err == "zinitctl: stop nginx*: no service's name matches\n");
  CHECK(server.requests().size() == 4);  // db is not stopped
}

TEST_CASE("wait asks for running, or for what --for says", "[client]") {
  CannedServer server({{"service.wait", result(status_json("a", "running"))}});
  CHECK(server.run({"wait", "a"}).status == 0);
  CHECK(server.run({"wait", "a", "--for", "stopped"}).status == 0);
  CHECK(server.requests() == Texts{R"(service.wait {"name":"a","for":"running"})",
                                   R"(service.wait {"name":"a","for":"stopped"})"});
  CannedServer late(
      {{"service.wait", R"("error":{"code":-32012,"message":"a is not running after 1 s"})"}});
  CHECK(late.run({"wait", "a", "--timeout", "1"}).status == 6);
}

}  // namespace zinit::test::client_settle
