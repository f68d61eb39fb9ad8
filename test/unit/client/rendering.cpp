// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// What zinitctl prints while a server goes on, and when it asks; and colours. dialogs.golden has
// the rest of its output.
#include "base/text.hpp"
#include "client/libzinit/json.hpp"
#include "support/test.hpp"
#include "unit/client/zinitctl.hpp"

namespace zinit::test::client_rendering {

TEST_CASE("colours appear on a terminal, and not with --no-color", "[client]") {
  CannedServer server({{"service.list_full", result("[" + status_json("a", "running") + "]")}});
  const Terminal colourful{true, true, 80};
  CHECK_THAT(server.run({"list"}, colourful).out, Contains("\x1b[32m[+]\x1b[0m"));
  CHECK(server.run({"list", "--no-color"}, colourful).out.find('\x1b') == std::string::npos);
  CHECK(server.run({"list"}, kNarrow).out.find('\x1b') == std::string::npos);
}

TEST_CASE("status asks for all that it shows before it reads the first answer", "[client]") {
  FakeServer server([](Peer& peer) {
    const std::string status = peer.read_line(), log = peer.read_line();
    // In any order.
    peer.send(answer_to(log, R"([{"time_us":1,"stream":"stdout","line":"last words"}])") +
              answer_to(status, status_json("web", "running")));
    peer.wait_for_close();
  });
  const Ran ran = run({"--socket", server.path(), "status", "web"});
  CHECK(ran.status == 0);
  CHECK_THAT(ran.out, StartsWith("[+] web\n") && Contains("last words\n"));
  CHECK(server.requests().size() == 2);
}

TEST_CASE("logs -f shows each line once, those that came meanwhile too, and says when it ends",
          "[client]") {
  const auto line = [](int seq, const std::string& text) {
    return R"({"method":"logs.line","params":{"subscription":1,"service":"a","time_us":)" +
           std::to_string(seq) + R"(,"stream":"stdout","line":")" + text + R"(","seq":)" +
           std::to_string(seq) + "}}\n";
  };
  FakeServer server([&](Peer& peer) {
    peer.result(R"([{"time_us":1,"stream":"stdout","line":"one","seq":1},)"
                R"({"time_us":2,"stream":"stdout","line":"two","seq":2}])");
    const std::string request = peer.read_line();
    peer.send(answer_to(request, R"({"subscription":1})") + line(3, "three"));
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

TEST_CASE("events -f goes on with what happens, each change once", "[client]") {
  FakeServer server([](Peer& peer) {
    const auto members = [](int seq) {
      return R"("service":"web","from":"blocked","to":"starting","time_us":0,"seq":)" +
             std::to_string(seq);
    };
    peer.result(R"({"subscription":3})");
    const std::string request = peer.read_line();
    peer.send(event(3, members(2)));
    peer.send(answer_to(request, "[{" + members(1) + "},{" + members(2) + "}]"));
    peer.send(event(3, members(3)));
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

TEST_CASE("several services are all asked to start before the first answer is read", "[client]") {
  // The server answers nothing until it has both requests.
  FakeServer server([](Peer& peer) {
    const std::string a = peer.read_line(), b = peer.read_line();
    peer.send(answer_to(b, status_json("b", "running", "\"pid\":2,\"main_pid\":2")) +
              answer_to(a, status_json("a", "running", "\"pid\":1,\"main_pid\":1")));
    peer.wait_for_close();
  });
  const Ran ran = run({"--socket", server.path(), "start", "a", "b"});
  CHECK(ran.status == 0);
  CHECK(ran.out == "[+] a is running, pid 1\n[+] b is running, pid 2\n");
}

}  // namespace zinit::test::client_rendering
