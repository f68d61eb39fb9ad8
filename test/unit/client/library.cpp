// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// libzinit with servers that behave well, badly and not at all.
#include "client/libzinit/json.hpp"
#include "client/libzinit/socket_path.hpp"
#include "support/test.hpp"
#include "unit/client/fake_server.hpp"
#include "zinit/client.hpp"

namespace zinit::test::client_library {
namespace {

constexpr const char* kStatus =
    R"({"name":"web","description":"serves","kind":"service","state":"failed","summary":"error",)"
    R"("symbol":"[X]","reason":{"type":"port_in_use","port":80,"holder":"nginx"},"wish":"up",)"
    R"("pid":null,"class":"user","status":"start","oneshot":false,"uptime_ms":null,"since_us":17,)"
    R"("restart_count":3,"last_exit":{"signal":"SIGKILL","core":true},"memory_bytes":4096,)"
    R"("requires":["db"],"after":[],"waiting_on":[{"service":"db","kind":"requires",)"
    R"("reason":"failed"}],"file":"/etc/zinit/services/web.toml","warnings":["w"],"log_lines":9,)"
    R"("log_dropped":2,"log_dropped_by":{"file":2}})";

TEST_CASE("a call sends one JSON-RPC request on one line and reads its result", "[client]") {
  FakeServer server([](Peer& peer) {
    peer.result(R"({"version":"0.1.0","pid":42})");
    peer.result("true");
    peer.result("{\"a\" : [1, -2.5, \"x\\u0001\"]}");
  });
  Client client = Client::connect(server.path());
  const PingAnswer answer = client.ping();
  CHECK(answer.version == "0.1.0");
  CHECK(answer.pid == 42);
  CHECK(client.is_running("a\"b\n\xff"));
  CHECK(error_code([&] { client.call("any.method", "{\"x\":"); }) == ErrorCode::invalid_params);
  CHECK(client.call("any.method", "{\n\"x\":\n1}") == R"({"a":[1,-2.5,"x\u0001"]})");
  CHECK(server.requests() ==
        Texts{R"({"jsonrpc":"2.0","id":1,"method":"system.ping"})",
              R"({"jsonrpc":"2.0","id":2,"method":"service.is_running","params":{"name":"a\"b\n)"
              "\xEF\xBF\xBD"
              R"("}})",
              R"({"jsonrpc":"2.0","id":4,"method":"any.method","params":{ "x": 1}})"});
}

TEST_CASE("a request that was not sent in time does not cut the next one", "[client]") {
  const std::string long_text(4 << 20, 'y');
  std::promise<void> given_up;
  FakeServer server([&](Peer& peer) {
    given_up.get_future().wait();
    peer.read_line();
    peer.result("true");
    const std::string late = peer.read_line(), next = peer.read_line();
    peer.send(answer_to(late, "1") + answer_to(next, "2"));
    peer.wait_for_close();
  });
  Client client = Client::connect(server.path());
  client.set_timeout(10ms);
  CHECK(error_code([&] { (void)client.request("x", json_of(long_text)); }) == ErrorCode::no_answer);
  given_up.set_value();
  client.set_timeout(std::nullopt);
  CHECK(client.is_running("web"));
  CHECK(server.requests().size() == 2);
  client.set_timeout(10ms);
  CHECK(error_code([&] { client.call("late"); }) == ErrorCode::no_answer);
  client.set_timeout(std::nullopt);
  CHECK(client.call("next") == "2");
}

TEST_CASE("a re-execution is asked for, or its refusal thrown, and crashes are told", "[client]") {
  FakeServer server([](Peer& peer) {
    peer.result(R"({"ok":true})");
    peer.answer(R"("error":{"code":-32011,"message":"it is broken"})");
    peer.result(R"({"pid":42,"crashes":{"count":2,"last":"SIGSEGV in thread web, at 0x1"}})");
    peer.result(R"({"pid":42,"crashes":{"count":0,"last":null}})");
    peer.result(R"({"pid":42})");
  });
  Client client = Client::connect(server.path());
  client.reexec();
  CHECK(error_code([&] { client.reexec(true); }) == ErrorCode::process_error);
  const SystemInfo crashed = client.info();
  CHECK(crashed.crashes.count == 2);
  CHECK(crashed.crashes.last == "SIGSEGV in thread web, at 0x1");
  for (int i = 0; i < 2; ++i) {
    const SystemInfo info = client.info();
    CHECK(info.crashes.count == 0);
    CHECK(info.crashes.last == std::nullopt);
  }
  for (int i = 0; i < 2; ++i) CHECK(error_code([&] { client.ping(); }) == ErrorCode::disconnected);
  CHECK(client.server_pid() == ::getpid());  // whom to compare the next one with
  CHECK(client.server_user() == ::getuid());
  const Texts requests = server.requests();
  REQUIRE(requests.size() == 5);
  CHECK(requests[0] == R"({"jsonrpc":"2.0","id":1,"method":"system.reexec"})");
  CHECK(requests[1].ends_with(R"("method":"system.reexec","params":{"update":true}})"));
}

TEST_CASE("a full status is read member by member, null and missing ones as absent", "[client]") {
  FakeServer server([](Peer& peer) { peer.result(kStatus); });
  const ServiceStatus status = Client::connect(server.path()).status_full("web");
  CHECK(status.name == "web");
  REQUIRE(status.reason);
  CHECK(status.reason->type == "port_in_use");
  CHECK(status.reason->port == 80);
  CHECK(status.reason->holder == "nginx");
  CHECK_FALSE(status.pid);
  CHECK_FALSE(status.uptime_ms);
  CHECK(status.since_us == 17);
  CHECK(status.restart_count == 3);
  REQUIRE(status.last_exit);
  CHECK_FALSE(status.last_exit->code);
  CHECK(status.last_exit->signal == "SIGKILL");
  CHECK(status.last_exit->core);
  CHECK(status.memory_bytes == 4096u);
  CHECK_FALSE(status.tasks);
  CHECK(status.requires_ == Texts{"db"});
  REQUIRE(status.waiting_on.size() == 1);
  CHECK(status.waiting_on[0].reason == "failed");
  CHECK_FALSE(status.health);
  REQUIRE(status.log_dropped_by.size() == 1);
  CHECK(status.log_dropped_by[0].sink == "file");
  CHECK(status.log_dropped_by[0].lines == 2);
}

TEST_CASE("an answer that is no JSON, or has members of wrong types, is an error, never a guess",
          "[client]") {
  const std::string wrong = GENERATE(R"({"name":7})"s, R"({"pid":"x"})"s, R"({"requires":{}})"s,
                                     R"({"requires":[1]})"s, R"({"restart_count":-1})"s, "[]"s,
                                     "7"s, R"({"reason":"text"})"s, R"({"pid":99999999999})"s,
                                     "{\"name\":\"a\"}\0more"s, "{\"name\":\"a\"}\0"s, "{}\0{}"s);
  CAPTURE(wrong);
  CHECK(error_code([&] { (void)ServiceStatus::parse(wrong); }) == ErrorCode::bad_answer);
}

TEST_CASE("counts of dropped lines are those of their own sinks", "[client]") {
  const auto status = ServiceStatus::parse(
      "{\"log_dropped_by\":{\"file\":2,\"file\\u0000x\":3,\"file\":4,\"none\":null}}");
  REQUIRE(status.log_dropped_by.size() == 4);
  CHECK(status.log_dropped_by[1].sink == std::string("file\0x", 6));
  CHECK(status.log_dropped_by[1].lines == 3);
  CHECK(status.log_dropped_by[2].lines == 4);
  CHECK(status.log_dropped_by[3].lines == 0);
}

TEST_CASE("the request that is answered first is named, whatever the answer", "[client]") {
  FakeServer server([](Peer& peer) {
    const std::string first = peer.read_line(), second = peer.read_line();
    peer.send(R"({"jsonrpc":"2.0","id":)" + id_of(second) +
              R"(,"error":{"code":-32000,"message":"no service"}})" + "\n");
    const std::string third = peer.read_line();  // comes after the first answer was taken
    peer.send(answer_to(third, "3") + answer_to(first, "1"));
    peer.wait_for_close();
  });
  Client client = Client::connect(server.path());
  CHECK(error_code([&] { client.first_answered(); }) == ErrorCode::invalid_request);
  const auto first = client.request("a"), second = client.request("b");
  CHECK(client.first_answered() == second);
  CHECK(client.first_answered() == second);  // nobody has taken it yet
  CHECK(error_code([&] { client.answer(second); }) == ErrorCode::service_not_found);
  CHECK(error_code([&] { client.answer(second); }) == ErrorCode::invalid_request);
  CHECK(error_code([&] { client.first_answered(10ms); }) == ErrorCode::no_answer);
  const auto third = client.request("c");
  CHECK(client.answer(first) == "1");
  CHECK(client.first_answered() == third);
}

TEST_CASE("answers of any depth and many megabytes are read, up to the limit", "[client]") {
  const std::size_t depth = 1000000;
  FakeServer server([&](Peer& peer) {
    peer.result(std::string(depth, '[') + std::string(depth, ']'));
    for (int i = 0; i < 2; ++i) peer.result("\"" + std::string(8 << 20, 'x') + "\"");
    peer.wait_for_close();
  });
  Client client = Client::connect(server.path());
  CHECK(client.call("x").size() == 2 * depth);
  CHECK(client.call("x").size() == (8 << 20) + 2);
  client.set_answer_limit(1 << 20);
  CHECK(error_code([&] { client.call("x"); }) == ErrorCode::bad_answer);
}

TEST_CASE("a request larger than the socket's buffers gets through while the server writes",
          "[client]") {
  const std::string long_text(4 << 20, 'y');
  FakeServer server([](Peer& peer) {
    // The server first writes and only then reads: a client that did not read meanwhile would hang.
    peer.send(R"({"jsonrpc":"2.0","method":"m","params":{"subscription":9,"x":")" +
              std::string(4 << 20, 'z') + "\"}}\n");
    peer.result("true");
  });
  Client client = Client::connect(server.path());
  CHECK(client.is_running(long_text));
  REQUIRE(server.requests().size() == 1);
  CHECK(server.requests()[0].size() > long_text.size());
}

TEST_CASE("a server whose backlog is full ends connect at its limit", "[client]") {
  FakeServer server(nullptr, 0);
  std::vector<Client> waiting;
  int code = 0;
  for (int i = 0; i < 4 && code == 0; ++i) {
    code = error_code([&] { waiting.push_back(Client::connect(server.path(), 10ms)); });
  }
  CHECK(code == ErrorCode::no_answer);
}

TEST_CASE("no socket, a plain file and a path that is too long are no server", "[client]") {
  char name[] = "/tmp/zinit-client-test-XXXXXX";
  UniqueFd file(::mkostemp(name, O_CLOEXEC));
  REQUIRE(file);
  CHECK(error_code([&] { (void)Client::connect(name); }) == ErrorCode::no_server);
  CHECK(error_code([&] { (void)Client::connect(std::string(name) + ".no"); }) ==
        ErrorCode::no_server);
  CHECK(error_code([&] { (void)Client::connect(std::string(200, 'x')); }) == ErrorCode::no_server);
  CHECK(error_code([&] { (void)Client::connect(""); }) == ErrorCode::no_server);
  ::unlink(name);
}

TEST_CASE("events are given to the callback of their subscription, those before the answer too",
          "[client]") {
  FakeServer server([](Peer& peer) {
    const std::string request = peer.read_line();
    peer.send(event(
        5, R"("service":"web","from":"blocked","to":"starting","pid":7,"time_us":1,"seq":1)"));
    peer.send(event(6, R"("service":"other","from":"blocked","to":"starting","seq":2)"));
    peer.send(answer_to(request, R"({"subscription":5})"));
    peer.send(event(5, R"("dropped":12)"));
    peer.send(event(5, R"("service":"web","from":"starting","to":"failed","seq":15,)"
                       R"("reason":{"type":"exit_code","code":3})"));
    peer.wait_for_close();
  });
  Client client = Client::connect(server.path());
  std::vector<StateEvent> events;
  client.events_subscribe({"web"}, [&](const StateEvent& event) { events.push_back(event); });
  for (int i = 0; i < 3; ++i) REQUIRE(client.dispatch(test::kPatience));
  REQUIRE(events.size() == 3);
  CHECK(events[0].service == "web");
  CHECK(events[0].pid == 7);
  CHECK(events[1].dropped == 12);
  REQUIRE(events[2].reason);
  CHECK(events[2].reason->code == 3);
  CHECK(events[2].seq == 15);
  CHECK_FALSE(client.dispatch(1ms));
}

TEST_CASE("a callback may call and unsubscribe", "[client]") {
  FakeServer server([](Peer& peer) {
    peer.result(R"({"subscription":1})");
    peer.send(change(1, "web") + change(1, "web"));
    peer.result(R"({"ok":true})");
    peer.wait_for_close();
  });
  Client client = Client::connect(server.path());
  int calls = 0;
  std::uint64_t subscription = 0;
  subscription = client.events_subscribe({}, [&](const StateEvent&) {
    ++calls;
    client.events_unsubscribe(subscription);
  });
  REQUIRE(client.dispatch(test::kPatience));
  CHECK_FALSE(client.dispatch(1ms));
  CHECK(calls == 1);
  const Texts requests = server.requests();
  REQUIRE(requests.size() == 2);
  CHECK(requests[0].ends_with(R"("method":"events.subscribe","params":{}})"));
  CHECK(requests[1].ends_with(R"("params":{"subscription":1}})"));
}

TEST_CASE("notifications that pile up during a call are counted once they are too many",
          "[client]") {
  const int sent = 200;
  FakeServer server([&](Peer& peer) {
    peer.result(R"({"subscription":1})");
    const std::string request = peer.read_line();
    const std::string filler(200000, 'x');
    for (int i = 0; i < sent; ++i) peer.send(event(1, R"("x":")" + filler + "\""));
    peer.send(answer_to(request, "true"));
    peer.wait_for_close();
  });
  Client client = Client::connect(server.path());
  std::uint64_t seen = 0, dropped = 0;
  client.events_subscribe({}, [&](const StateEvent& event) {
    if (event.dropped == 0) ++seen;
    dropped += event.dropped;
  });
  CHECK(client.is_running("web"));
  while (client.dispatch(1ms)) {}
  CHECK(seen > 0);
  CHECK(dropped > 0);
  CHECK(seen + dropped == sent);
}

TEST_CASE("a tree is given flat, node before children, however deep it is", "[client]") {
  const int depth = 20000;
  std::string json;
  for (int i = 0; i < depth; ++i) {
    json += R"({"name":"s)" + std::to_string(i) +
            R"(","state":"running","kind":"service","children":[)";
  }
  for (int i = 0; i < depth; ++i) json += "]}";
  FakeServer server([&](Peer& peer) {
    peer.result(json);
    peer.result(R"([{"name":"a","state":"running","children":[{"name":"b","state":"failed"}]},)"
                R"({"name":"c"}])");
    peer.wait_for_close();
  });
  Client client = Client::connect(server.path());
  const auto chain = client.tree("s0");
  REQUIRE(chain.size() == depth);
  CHECK(chain[0].depth == 0);
  CHECK(chain.back().depth == depth - 1);
  const auto forest = client.tree();
  REQUIRE(forest.size() == 3);
  CHECK(forest[1].name == "b");
  CHECK(forest[1].depth == 1);
  CHECK(forest[2].depth == 0);
}

TEST_CASE("lines of logs are read, found and followed", "[client]") {
  FakeServer server([](Peer& peer) {
    peer.result(R"([{"time_us":5,"stream":"stdout","line":"x","raw":"/wCA"},)"
                R"({"time_us":6,"stream":"stderr","line":"y"}])");
    peer.result(R"([{"service":"web","time_us":5,"stream":"stderr","line":"x","seq":9}])");
    peer.result("[]");
    peer.result(R"({"subscription":1})");
    peer.send(R"({"method":"logs.line","params":{"subscription":1,"service":"web","time_us":6,)"
              R"("stream":"stdout","line":"y","raw":"/w==","seq":10}})"
              "\n"
              R"({"method":"logs.line","params":{"subscription":1,"dropped":3}})"
              "\n");
    peer.result(R"({"ok":true})");
  });
  Client client = Client::connect(server.path());
  const auto got = client.logs_get("web", 2);
  REQUIRE(got.size() == 2);
  CHECK(got[0].raw == "\xff\x00\x80"s);  // the bytes of what is no UTF-8, as they were
  CHECK_FALSE(got[1].raw);
  const auto found = client.logs_filter({.name = "web",
                                         .pattern = "x",
                                         .stream = "stderr",
                                         .since = std::chrono::system_clock::time_point(4us),
                                         .lines = 2});
  REQUIRE(found.size() == 1);
  CHECK(found[0].service == "web");
  CHECK(found[0].seq == 9);
  CHECK(client.logs_filter({}).empty());
  std::vector<LogLine> lines;
  const auto subscription = client.logs_subscribe(
      {"web"}, [&](const LogLine& line) { lines.push_back(line); }, 1);
  for (int i = 0; i < 2; ++i) REQUIRE(client.dispatch(test::kPatience));
  client.logs_unsubscribe(subscription);
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].service == "web");
  CHECK(lines[0].raw == "\xff");
  CHECK(lines[1].dropped == 3);
  const Texts requests = server.requests();
  CHECK(requests[1].ends_with(R"("params":{"name":"web","pattern":"x","stream":"stderr",)"
                              R"("since_us":4,"lines":2}})"));
  CHECK(requests[2].ends_with(R"("params":{"lines":100}})"));
  CHECK(requests[3].ends_with(R"("params":{"names":["web"],"lines":1}})"));
}

TEST_CASE("JSON is written over several lines when asked to", "[client]") {
  const JsonDocument value = parse_json(R"({"a":[1,{"b":null}],"c":[],"d":{}})");
  CHECK(json_text(value) == R"({"a":[1,{"b":null}],"c":[],"d":{}})");
  CHECK(
      json_text(value, 2) ==
      "{\n  \"a\": [\n    1,\n    {\n      \"b\": null\n    }\n  ],\n  \"c\": [],\n  \"d\": {}\n}");
}

TEST_CASE("the default socket is the one that control.md names", "[client]") {
  std::map<std::string, std::string> variables;
  const auto environment = [&](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  };
  const unsigned nobody = 4000000001;  // has no /tmp/zinit-UID
  CHECK(default_socket_path(0, environment) == "/run/zinit.sock");
  CHECK(default_socket_path(nobody, environment) == "/tmp/zinit-4000000001/zinit.sock");
  variables["XDG_RUNTIME_DIR"] = "relative";
  CHECK(default_socket_path(nobody, environment) == "/tmp/zinit-4000000001/zinit.sock");
  variables["XDG_RUNTIME_DIR"] = "/run/user/1";
  CHECK(default_socket_path(nobody, environment) == "/run/user/1/zinit.sock");
  CHECK(default_socket_path(0, environment) == "/run/zinit.sock");
  variables["ZINIT_SOCKET"] = "";
  CHECK(default_socket_path(0, environment) == "/run/zinit.sock");
  variables["ZINIT_SOCKET"] = "/x/y";
  CHECK(default_socket_path(0, environment) == "/x/y");

  // A directory in /tmp that others may write to is not trusted. A uid without a user, so that no
  // real directory is in the way; the directory belongs to this user, not to that uid.
  const unsigned uid = 4000000000u + static_cast<unsigned>(::getpid());
  const std::string directory = "/tmp/zinit-" + std::to_string(uid);
  REQUIRE(::mkdir(directory.c_str(), 0700) == 0);
  const auto foreign = default_socket_path(uid, [](const char*) -> const char* { return nullptr; });
  ::rmdir(directory.c_str());
  REQUIRE_FALSE(foreign);
  CHECK(foreign.error().errnum == EPERM);
}

}  // namespace
}  // namespace zinit::test::client_library
