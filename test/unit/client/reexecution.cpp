// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinitctl with a server that closes the connection and then listens again, as at a re-execution.
#include "base/time.hpp"
#include "support/test.hpp"
#include "unit/client/zinitctl.hpp"

namespace zinit::test::client_reexecution {
namespace {

/// A script that runs one of `scripts` for each connection in turn, and then ends the server.
FakeServer::Script in_turn(std::vector<FakeServer::Script> scripts) {
  return [scripts = std::move(scripts), next = std::size_t{0}](Peer& peer) mutable {
    scripts.at(next++)(peer);
    next < scripts.size() ? peer.close() : peer.end_server();
  };
}

/// "method params" of each request.
Texts methods_of(FakeServer& server) {
  Texts methods;
  for (const std::string& request : server.requests()) {
    const auto begin = request.find("\"method\":\"") + 10;
    methods.push_back(request.substr(begin, request.find('"', begin) - begin));
  }
  return methods;
}

void hear(Peer& peer) { (void)peer.read_line(); }

std::string line(int seq) {
  return R"({"time_us":)" + std::to_string(seq) + R"(,"stream":"stdout","line":"line )" +
         std::to_string(seq) + R"(","seq":)" + std::to_string(seq) + "}";
}

/// Answers logs.subscribe, and sends these lines.
void follow(Peer& peer, const Texts& lines) {
  peer.result(R"({"subscription":1})");
  for (std::string told : lines) {
    told.insert(1, R"("subscription":1,"service":"a",)");
    peer.send(R"({"method":"logs.line","params":)" + told + "}\n");
  }
}

std::string event(int seq) {
  return R"({"service":"a","from":"blocked","to":"starting","time_us":0,"seq":)" +
         std::to_string(seq) + "}";
}

/// A status with the time of the last start.
std::string started(const std::string& state, std::int64_t at_us) {
  return R"({"name":"a","state":")" + state + R"(","last_start_us":)" + std::to_string(at_us) +
         R"(,"pid":7})";
}

TEST_CASE("logs -f asks a server that goes on for what it has missed", "[client]") {
  FakeServer server(in_turn({
      hear,  // cut off before the answer
      [](Peer& peer) {
        peer.result("[" + line(1) + "," + line(2) + "]");
        follow(peer, {});
      },
      [](Peer& peer) {
        follow(peer, {line(3), line(4)});
      },
      hear,
      [](Peer& peer) {
        follow(peer, {R"({"dropped":3})", line(8)});
      },
      [](Peer& peer) { follow(peer, {line(1)}); },  // removed and added again
      [](Peer& peer) { follow(peer, {}); },
  }));
  const Ran ran = run({"--socket", server.path(), "logs", "-f", "-n", "1", "a"});
  CHECK(ran.out ==
        "line 2\nline 3\nline 4\n3 lines were missing here, because they came too fast\nline 8\n"
        "line 1\n");
  CHECK(ran.err == "zinitctl: logs: the server has gone\n");
  CHECK(ran.status == 5);
  Texts after;
  for (const std::string& request : server.requests())
    if (const auto at = request.find("\"after\":"); at != std::string::npos)
      after.push_back(request.substr(at + 8));
  CHECK(after == Texts{R"({"a":2}}})", R"({"a":2}}})", R"({"a":4}}})", R"({"a":4}}})",
                       R"({"a":8}}})", R"({"a":1}}})"});
}

TEST_CASE("logs -f -n 0 shows nothing older after a re-execution either", "[client]") {
  FakeServer server(in_turn({
      [](Peer& peer) {
        peer.result("[" + line(2) + "]");
        follow(peer, {});
      },
      [](Peer& peer) { follow(peer, {line(3)}); },
  }));
  CHECK(run({"--socket", server.path(), "logs", "-f", "-n", "0", "a"}).out == "line 3\n");
  CHECK(server.requests().back().ends_with(R"("after":{"a":2}}})"));
}

TEST_CASE("logs -f --stream knows where the log ends", "[client]") {
  FakeServer server(in_turn({
      [](Peer& peer) {
        peer.result("[" + line(9) + "]");
        peer.result("[]");
        follow(peer, {});
      },
  }));
  CHECK(run({"--socket", server.path(), "logs", "-f", "--stream", "stderr", "a"}).out.empty());
  const Texts requests = server.requests();
  REQUIRE(requests.size() == 3);
  CHECK_THAT(requests[0], !Contains("stderr"));
  CHECK_THAT(requests[1], Contains("stderr"));
  CHECK(requests[2].ends_with(R"("after":{"a":9}}})"));
}

TEST_CASE("events -f asks a server that goes on for what it has missed", "[client]") {
  const bool named = GENERATE(false, true);
  FakeServer server(in_turn({
      [](Peer& peer) {
        peer.result(R"({"subscription":1})");
        peer.result("[" + event(1) + "," + event(2) + "]");
      },
      [](Peer& peer) {
        peer.result(R"({"subscription":1})");
        peer.result("[" + event(2) + "," + event(3) + "]");
      },
      [](Peer& peer) {
        peer.result(R"({"subscription":1})");
        peer.result("[]");
        std::string told = event(6);
        told.insert(told.size() - 1, ",\"subscription\":1");
        peer.send("{\"method\":\"events.state\",\"params\":" + told + "}\n");
      },
  }));
  Texts words{"--socket", server.path(), "--json", "events", "-f"};
  if (named) words.emplace_back("a");
  const Ran ran = run(words);
  const std::string gap = named ? "" : "{\"dropped\":2}\n";  // numbers count all services
  CHECK(ran.out == event(1) + "\n" + event(2) + "\n" + event(3) + "\n" + gap + event(6) + "\n");
  CHECK(ran.status == 5);
}

TEST_CASE("a restart that was begun is not asked for again", "[client]") {
  const auto later = wall_us() + 60'000'000;
  struct Case {
    std::string verb;
    std::string status;  // after the connection was closed
    Texts methods;       // expected then
    int exit;
  };
  const auto [verb, status, methods, exit] = GENERATE_COPY(values<Case>({
      {"restart", started("running", 1), {"service.status_full", "service.restart"}, 0},
      {"restart", started("running", later), {"service.status_full", "service.start"}, 0},
      {"restart", started("failed", later), {"service.status_full"}, 1},
      {"restart", started("failed", 1), {"service.status_full", "service.restart"}, 0},
      {"start", started("exited", 1), {"service.status_full", "service.start"}, 0},
      {"start", started("exited", later), {"service.status_full"}, 1},
      {"start", started("starting", later), {"service.status_full", "service.start"}, 0},
      {"stop", "", {"service.stop"}, 0},
      {"wait", "", {"service.wait"}, 0},
  }));
  INFO(verb << ' ' << status);
  const auto again = [&, &status = status, &methods = methods, &verb = verb](Peer& peer) {
    if (!status.empty()) peer.result(status);
    const bool asks = status.empty() || methods.size() > 1;
    if (asks) peer.result(status_json("a", verb == "stop" ? "exited" : "running"));
  };
  FakeServer server(in_turn({hear, again}));
  CHECK(run({"--socket", server.path(), verb, "a"}).status == exit);
  auto asked = methods_of(server);
  REQUIRE(!asked.empty());
  CHECK(asked.front() == "service." + verb);
  asked.erase(asked.begin());
  CHECK(asked == methods);
}

TEST_CASE("of several only those are asked for again that have no answer yet", "[client]") {
  FakeServer server(in_turn({
      [](Peer& peer) {
        peer.result(status_json("a", "running"));
        hear(peer);
      },
      [](Peer& peer) { peer.result(status_json("b", "running")); },
  }));
  const Ran ran = run({"--socket", server.path(), "--timeout", "60", "wait", "a", "b"});
  CHECK(ran.status == 0);
  CHECK(ran.out == "[+] a is running\n[+] b is running\n");
  REQUIRE(server.requests().size() == 3);
  CHECK_THAT(server.requests()[2], Contains(R"("name":"b")"));
  CHECK_THAT(server.requests()[2], Contains(R"("timeout_ms":5)") || Contains(R"(:60000)"));
}

TEST_CASE("what a re-execution takes is not of the user's time", "[client]") {
  const TimePoint begin = Clock::now();
  FakeServer server(in_turn({
      hear,
      [begin](Peer& peer) {
        let_pass(after(begin, Milliseconds{1200}));  // the user's limit is one second
        peer.answer(R"("error":{"code":-32012,"message":"a is not running after 1 s"})");
      },
  }));
  const Ran ran = run({"--socket", server.path(), "--timeout", "1", "wait", "a"});
  CHECK(ran.status == 6);
  CHECK(ran.err == "zinitctl: wait a: a is not running after 1 s\n");
  REQUIRE(server.requests().size() == 2);
  CHECK_THAT(server.requests()[1], Contains(R"("timeout_ms":0)"));
}

TEST_CASE("reexec is over when the next image answers", "[client]") {
  const auto agree = [](Peer& peer) {
    peer.result(R"({"ok":true})");
    hear(peer);
  };
  const std::string pong = R"({"version":"1","pid":1})";
  FakeServer good(in_turn({agree, [&](Peer& peer) { peer.result(pong); }}));
  const Ran done = run({"--socket", good.path(), "--json", "reexec"});
  CHECK(done.status == 0);
  CHECK(done.out == "{\"ok\":true}\n");
  CHECK(methods_of(good) == Texts{"system.reexec", "system.ping", "system.ping"});

  FakeServer stays([&](Peer& peer) {
    peer.result(R"({"ok":true})");
    peer.result(pong);
    peer.wait_for_close();
  });
  const Ran failed = run({"--socket", stays.path(), "reexec"});
  CHECK(failed.status == 1);
  CHECK(failed.err == "zinitctl: reexec: zinit could not execute itself; its log says why\n");

  FakeServer ends([&](Peer& peer) {
    agree(peer);
    peer.end_server();
  });
  CHECK(run({"--socket", ends.path(), "reexec"}).status == 5);
}

TEST_CASE("what only reads is asked for again, and what changes something is not", "[client]") {
  FakeServer reading(in_turn({hear, [](Peer& peer) { peer.result("true"); }}));
  CHECK(run({"--socket", reading.path(), "is-running", "a"}).status == 0);
  FakeServer changing(
      in_turn({hear, [](Peer& peer) { peer.result(R"({"version":"1","pid":1})"); }}));
  const Ran ran = run({"--socket", changing.path(), "kill", "a"});
  CHECK(ran.status == 5);
  CHECK(ran.err ==
        "zinitctl: kill a: the server closed the connection before it answered; the server runs "
        "again; "
        "check whether this was done before you repeat it\n");
  CHECK(methods_of(changing) == Texts{"service.kill", "system.ping"});
}

TEST_CASE("a server that closes each connection is asked four times", "[client]") {
  FakeServer server([](Peer& peer) {
    hear(peer);
    peer.close();
  });
  const Ran ran = run({"--socket", server.path(), "wait", "a"});
  CHECK(ran.status == 5);
  CHECK(ran.err == "zinitctl: wait: the server closed the connection before it answered\n");
  CHECK(methods_of(server) ==
        Texts{"service.wait", "service.wait", "service.wait", "service.wait", "system.ping"});
}

}  // namespace
}  // namespace zinit::test::client_reexecution
