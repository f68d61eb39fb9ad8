// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// JSON-RPC 2.0 over the socket of the real binary. test/unit/control/server.cpp and its neighbours
// test all rules of the protocol and of control.md.
#include <sys/resource.h>

#include "scenario/harness.hpp"

namespace control_rpc_test {

using namespace zinit::test;
using Texts = std::vector<std::string>;

namespace {

/// A server with a service `a` and a raw connection to it.
struct Talk {
  Talk() {
    zinit.add("a");
    zinit.boot();
    zinit.await_state("a", "running");
    client = std::make_unique<Connection>(zinit.connect());
  }
  /// Sends one line and reads one line.
  Json ask(const std::string& request) {
    client->send(request + "\n");
    return client->read();
  }
  Server zinit;
  std::unique_ptr<Connection> client;
};

/// Checks that `answer` is an error response that conforms to the specification, and nothing more.
void check_error(const Json& answer, int code, const std::string& id = "null") {
  INFO(answer);
  CHECK(answer.members() == Texts{"error", "id", "jsonrpc"});
  CHECK(answer["jsonrpc"] == "2.0");
  CHECK(answer["id"].dump() == id);
  CHECK(answer["error"]["code"] == code);
  CHECK(answer["error"]["message"].is_string());
}

}  // namespace

TEST_CASE("a request by position or by name is answered with its id and the result",
          "[check][rpc]") {
  Talk talk;
  for (const char* params : {R"(["a"])", R"({"name":"a"})"}) {
    const Json answer =
        talk.ask(std::string(R"({"jsonrpc": "2.0", "method": "service.is_running", "params": )") +
                 params + R"(, "id": 3})");
    CHECK(answer.members() == Texts{"id", "jsonrpc", "result"});
    CHECK(answer["jsonrpc"] == "2.0");
    CHECK(answer["result"] == true);
    CHECK(answer["id"] == 3);
  }
}

TEST_CASE("a notification is carried out and not answered", "[check][rpc]") {
  Talk talk;
  talk.client->send(R"({"jsonrpc": "2.0", "method": "service.stop", "params": ["a"]})"
                    "\n");
  talk.client->send(R"({"jsonrpc": "2.0", "method": "foobar"})"
                    "\n");
  CHECK(talk.client->silent());
  talk.zinit.await_state("a", "exited");
}

TEST_CASE("a mixed batch is answered for all but its notifications", "[check][rpc]") {
  Talk talk;
  const Json answers = talk.ask(
      R"([{"jsonrpc": "2.0", "method": "service.is_running", "params": ["a"], "id": "1"},)"
      R"( {"jsonrpc": "2.0", "method": "service.is_running", "params": ["a"]},)"
      R"( {"jsonrpc": "2.0", "method": "service.status", "params": {"name": "a"}, "id": "2"},)"
      R"( {"foo": "boo"},)"
      R"( {"jsonrpc": "2.0", "method": "foo.get", "params": {"name": "myself"}, "id": "5"},)"
      R"( {"jsonrpc": "2.0", "method": "service.list", "id": "9"}])");
  REQUIRE(answers.size() == 5);
  const auto with_id = [&](const std::string& id) {
    for (const Json& answer : answers.elements()) {
      if (answer["id"].dump() == id) return answer;
    }
    return Json();
  };
  CHECK(with_id("\"1\"")["result"] == true);
  CHECK(with_id("\"2\"")["result"]["state"] == "running");
  check_error(with_id("null"), -32600);
  check_error(with_id("\"5\""), -32601, "\"5\"");
  CHECK(with_id("\"9\"")["result"].texts() == Texts{"a"});
}

TEST_CASE("a thousand clients are served at a time, and services keep their own limits",
          "[check][threads][rpc]") {
  // The soft limit of a login; zinit raises its own limit as needed.
  Server zinit({.in_child = [] {
    const rlimit usual{1024, 4096};
    setrlimit(RLIMIT_NOFILE, &usual);
  }});
  zinit.add("a");
  zinit.boot();
  const Json a = zinit.await_state("a", "running");
  CHECK_THAT(read_file("/proc/" + a["pid"].dump() + "/limits"),
             Catch::Matches("[^]*Max open files +1024 +4096 [^]*"));
  std::vector<Connection> clients;
  for (int i = 0; i < 1000; ++i) clients.push_back(zinit.connect());
  for (Connection& client : clients) {
    client.send(R"({"jsonrpc":"2.0","method":"system.ping","id":"x"})"
                "\n");
  }
  for (Connection& client : clients) CHECK(client.read()["id"] == "x");
  kill(static_cast<pid_t>(a["pid"].number()), SIGKILL);
  zinit.await_new_pid("a", static_cast<pid_t>(a["pid"].number()));
}

TEST_CASE("a client that goes away in the middle harms nobody", "[check][rpc]") {
  Talk talk;
  for (int i = 0; i < 50; ++i) {
    Connection client = talk.zinit.connect();
    client.send(i % 2 == 0 ? R"({"jsonrpc":"2.0","method":"service.list_full","id":1})"
                             "\n"
                           : R"({"jsonrpc":"2.0","meth)");
  }
  {
    Connection waiting = talk.zinit.connect();
    waiting.send(
        R"({"jsonrpc":"2.0","id":1,"method":"service.wait","params":{"name":"a","for":"exited"}})"
        "\n");
    Connection subscribed = talk.zinit.connect();
    subscribed.result("events.subscribe");
  }
  CHECK(talk.zinit.stop("a")["state"] == "exited");
}

}  // namespace control_rpc_test
