// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// JSON-RPC 2.0 over the socket of the real binary. test/unit/control/server.cpp and its neighbours
// test all rules of the protocol and of control.md.
#include "scenario/harness.hpp"
namespace zinit::test::control_rpc {

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
  Server zinit;
  zinit.add("a");
  zinit.boot({"a"});
  for (int i = 0; i < 50; ++i) {
    Connection client = zinit.connect();
    client.send(i % 2 == 0 ? R"({"jsonrpc":"2.0","method":"service.list_full","id":1})"
                             "\n"
                           : R"({"jsonrpc":"2.0","meth)");
  }
  {
    Connection waiting = zinit.connect();
    waiting.begin("service.wait", R"({"name":"a","for":"exited"})");
    Connection subscribed = zinit.connect();
    subscribed.result("events.subscribe");
  }
  CHECK(zinit.stop("a")["state"] == "exited");
}

}  // namespace zinit::test::control_rpc
