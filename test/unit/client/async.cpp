// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// AsyncClient with servers that behave well, badly and not at all.
#include "unit/client/async.hpp"
#include "support/test.hpp"

namespace zinit::test::client_async {
namespace {

void call_twice_until_closed(std::unique_ptr<AsyncClient>& client, Story& story) {
  client->on_closed(story.closed());
  client->call(kAnything, story.call("a"));
  client->call(kAnything, story.call("b"));
  REQUIRE(run_until(client, [&] { return !client->is_open(); }));
  CHECK(client->server_pid() == ::getpid());  // whom to compare the next one with
  CHECK(client->server_user() == ::getuid());
}

TEST_CASE("a call is sent at once and its callback called by the event loop alone",
          "[threads][client][async]") {
  FakeServer server([](Peer& peer) {
    peer.result(R"({"name":"web","state":"running","uptime_ms":1500})");
    peer.wait_for_close();
  });
  auto client = connect(server);
  CHECK(client->wants_read());
  CHECK_FALSE(client->wants_write());
  CHECK_FALSE(client->next_timeout());
  std::optional<ServiceStatus> status;
  client->call(request::status_full("web"),
               [&](Answer<ServiceStatus> answer) { status = answer.value(); });
  CHECK(client->next_timeout() > 20s);
  CHECK(test::becomes_true([&] { return server.requests().size() == 1; }));
  CHECK_FALSE(status);
  REQUIRE(run_until(client, [&] { return status.has_value(); }));
  CHECK(status->state == ServiceState::running);
  CHECK(status->uptime() == 1500ms);
  CHECK_FALSE(client->next_timeout());
  CHECK(
      server.requests() ==
      Texts{R"({"jsonrpc":"2.0","id":1,"method":"service.status_full","params":{"name":"web"}})"});
}

TEST_CASE("answers are put together from single bytes, and taken apart from one piece",
          "[threads][client][async]") {
  const bool in_pieces = GENERATE(true, false);
  FakeServer server([&](Peer& peer) {
    std::string all;
    for (int i = 0; i < 5; ++i) all += answer_to(peer.read_line(), "[1,\"\\n\"]");
    for (std::size_t at = 0; in_pieces && at < all.size(); ++at) peer.send(all.substr(at, 1));
    if (!in_pieces) peer.send(all);
    peer.wait_for_close();
  });
  auto client = connect(server);
  Story story;
  for (int i = 0; i < 5; ++i) client->call(kAnything, story.call(std::to_string(i)));
  REQUIRE(run_until(client, [&] { return story.told.size() == 5; }));
  CHECK(story.told == Texts{"0 ok", "1 ok", "2 ok", "3 ok", "4 ok"});
}

TEST_CASE("requests that the socket does not take wait until it is writable",
          "[threads][client][async]") {
  std::promise<void> go;
  FakeServer server([&](Peer& peer) {
    go.get_future().wait();
    for (int i = 0; i < 3; ++i) peer.result("true");
    peer.wait_for_close();
  });
  auto client = connect(server);
  Story story;
  const std::string large(1 << 20, 'x');
  for (int i = 0; i < 3; ++i)
    client->call(request::is_running(large), story.entry<bool>(std::to_string(i)));
  CHECK(client->wants_write());
  for (int i = 0; i < 5; ++i) turn(client);
  CHECK(client->wants_write());
  go.set_value();
  REQUIRE(run_until(client, [&] { return story.told.size() == 3; }));
  CHECK_FALSE(client->wants_write());
  CHECK(story.told == Texts{"0 ok", "1 ok", "2 ok"});
  for (const std::string& request : server.requests()) CHECK(request.size() > large.size());
}

TEST_CASE("a server that reads nothing fails the calls beyond the bound, not the client",
          "[threads][client][async]") {
  std::promise<void> go;
  FakeServer server([&](Peer& peer) {
    go.get_future().wait();
    while (true) {
      const std::string request = peer.read_line();
      if (request.empty()) return;
      peer.send(answer_to(request, "true"));
    }
  });
  auto client = connect(server);
  Story story;
  const std::string large(1 << 20, 'x');
  for (int i = 0; i < 9; ++i) client->call(request::is_running(large), story.entry<bool>("call"));
  CHECK(client->next_timeout() == 0ms);
  REQUIRE(run_until(client, [&] { return !story.told.empty(); }));
  CHECK(story.told.front() == "call " + std::to_string(ErrorCode::queue_full));
  go.set_value();
  REQUIRE(run_until(client, [&] { return story.told.size() == 9; }));
  CHECK(std::ranges::count(story.told, "call ok") >= 3);
  client->call(kAnything, story.call("next"));
  REQUIRE(run_until(client, [&] { return story.told.size() == 10; }));
  CHECK(story.told.back() == "next ok");
}

TEST_CASE("whatever is no JSON-RPC ends the connection, and every call is told once",
          "[threads][client][async]") {
  const std::string said =
      GENERATE(as<std::string>{}, "garbage\n", "\n", "[]\n", "7\n", "{\"id\":1}\n",
               "{\"result\":1}\n", "{\"id\":3,\"result\":1}\n", "{\"id\":\"1\",\"result\":1}\n",
               "{\"id\":1,\"error\":7}\n", "{\"id\":1,\"error\":{\"code\":5}}\n",
               "{\"id\":1,\"error\":{\"message\":\"x\"}}\n", "{\"id\":null,\"result\":1}\n",
               "{\"method\":\"m\",\"params\":7}\n", "{\"id\":1,\"result\":\"\xff\"}\n",
               std::string("\0\0\0\n", 4), "{\"method\":\"m\",\"params\":{\"subscription\":-1}}\n");
  CAPTURE(said);
  FakeServer server([&](Peer& peer) {
    for (int i = 0; i < 2; ++i) peer.read_line();
    peer.send(said);
    peer.wait_for_close();
  });
  auto client = connect(server);
  Story story;
  call_twice_until_closed(client, story);
  CHECK(story.told == Texts{"a 5", "b 5", "closed 5"});
  CHECK(client->fd() == -1);
  CHECK_FALSE(client->wants_read());
  CHECK_FALSE(client->next_timeout());
  turn(client);
  CHECK(story.told.size() == 3);
}

TEST_CASE("a line without end is cut off at the limit", "[threads][client][async]") {
  std::promise<void> closed;
  FakeServer server([&](Peer& peer) {
    peer.read_line();
    const std::string piece(1 << 20, 'x');
    for (int i = 0; i < 64; ++i) peer.send(piece);  // fails once the client has closed
    peer.wait_for_close();
    closed.set_value();
  });
  auto client = connect(server);
  client->set_answer_limit(1 << 20);
  Story story;
  client->on_closed(story.closed());
  client->call(kAnything, story.call("a"));
  REQUIRE(run_until(client, [&] { return !client->is_open(); }));
  CHECK(story.told == Texts{"a 5", "closed 5"});
  CHECK(closed.get_future().wait_for(test::kPatience) == std::future_status::ready);
}

TEST_CASE("a server that closes is reported after what it has said before",
          "[threads][client][async]") {
  FakeServer server([](Peer& peer) {
    const std::string first = peer.read_line();
    peer.read_line();
    peer.send(answer_to(first, "1") + "{\"id\":2,\"res");
  });
  auto client = connect(server);
  Story story;
  call_twice_until_closed(client, story);
  CHECK(story.told == Texts{"a ok", "b 4", "closed 4"});

  const bool at_connect = GENERATE(false, true);
  FakeServer turning_away([&](Peer& peer) {
    if (!at_connect) peer.read_line();
    peer.send(R"({"jsonrpc":"2.0","id":null,"error":{"code":-32007,"message":"not permitted"}})"
              "\n");
    peer.close();
  });
  auto stranger = connect(turning_away);
  Story why;
  stranger->on_closed(why.closed());
  stranger->call(kAnything, why.call("a"));
  REQUIRE(run_until(stranger, [&] { return !stranger->is_open(); }));
  CHECK(why.told == Texts{"a -32007", "closed -32007"});
}

TEST_CASE("an error of the server concerns its call alone", "[threads][client][async]") {
  FakeServer server([](Peer& peer) {
    peer.answer(R"("error":{"code":-32000,"message":"no service wep","data":{"hint":"web?"}})");
    peer.result(R"({"name":7})");
    peer.result(R"({"name":"web"})");
    peer.wait_for_close();
  });
  auto client = connect(server);
  Story story;
  std::optional<ClientError> error;
  client->call(request::status("wep"), [&](Answer<BriefStatus> answer) {
    CHECK_FALSE(answer.has_value());
    CHECK_THROWS_AS(answer.value(), ClientError);
    error = answer.error();
  });
  client->call(request::status("web"), story.entry<BriefStatus>("unreadable"));
  client->call(request::status("web"), story.entry<BriefStatus>("good"));
  client->call(any_request("x", "{\"a\":"), story.call("no JSON"));
  REQUIRE(run_until(client, [&] { return story.told.size() == 3; }));
  CHECK(std::ranges::count(story.told, "unreadable 5") == 1);
  CHECK(std::ranges::count(story.told, "good ok") == 1);
  CHECK(std::ranges::count(story.told, "no JSON -32602") == 1);
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::service_not_found);
  CHECK(std::string(error->what()) == "no service wep");
  CHECK(error->data() == R"({"hint":"web?"})");
  CHECK(server.requests().size() == 3);
}

TEST_CASE("a call whose time passes is told so, and its late answer no one",
          "[threads][client][async]") {
  std::promise<void> go;
  FakeServer server([&](Peer& peer) {
    const std::string late = peer.read_line();
    const std::string next = peer.read_line();
    go.get_future().wait();
    peer.send(answer_to(late, "1") + answer_to(next, "2"));
    peer.wait_for_close();
  });
  auto client = connect(server);
  Story story;
  client->set_timeout(1ms);
  client->call(kAnything, story.call("late"));
  CHECK(client->next_timeout() <= 1ms);
  client->set_timeout(std::nullopt);
  client->call(kAnything, story.call("next"));
  REQUIRE(run_until(client, [&] { return !story.told.empty(); }));
  CHECK(story.told == Texts{"late 3"});
  CHECK_FALSE(client->next_timeout());
  go.set_value();
  REQUIRE(run_until(client, [&] { return story.told.size() == 2; }));
  CHECK(story.told.back() == "next ok");
}

TEST_CASE("requests that wait for a service have their own limit, and outlast it a little",
          "[threads][client][async]") {
  FakeServer server([](Peer& peer) { peer.wait_for_close(); });
  auto client = connect(server);
  client->set_timeout(5ms);
  client->call(request::stop("web", {true, 100s}), {});
  CHECK(client->next_timeout() > 100s);
  client->call(request::wait("web", WaitFor::stopped, 100s), {});
  CHECK(client->next_timeout() > 100s);
  client->call(request::start("web"), {});
  client->call(request::kill("web", "SIGHUP", true), {});
  CHECK(test::becomes_true([&] { return server.requests().size() == 4; }));
  const Texts requests = server.requests();
  CHECK(requests[0].ends_with(R"("params":{"name":"web","wait":true,"timeout_ms":100000}})"));
  CHECK(requests[1].ends_with(R"("params":{"name":"web","for":"stopped","timeout_ms":100000}})"));
  CHECK(requests[2].ends_with(R"("method":"service.start","params":{"name":"web"}})"));
  CHECK(requests[3].ends_with(R"("params":{"name":"web","signal":"SIGHUP","main":true}})"));
}

TEST_CASE("AsyncClient connects at once or not at all", "[threads][client][async]") {
  FakeServer server(nullptr, 0);
  CHECK(error_code([&] { AsyncClient(server.path() + ".no"); }) == ErrorCode::no_server);
  std::vector<AsyncClient> waiting;
  int code = 0;
  for (int i = 0; i < 4 && code == 0; ++i)
    code = error_code([&] { waiting.emplace_back(server.path()); });
  CHECK(code == ErrorCode::no_answer);
}

TEST_CASE("an AsyncClient can be moved, its calls go with it", "[threads][client][async]") {
  FakeServer server([](Peer& peer) {
    const std::string request = peer.read_line();
    if (!request.empty()) peer.send(answer_to(request, "1"));  // the other client sends no request
    peer.wait_for_close();
  });
  AsyncClient first(server.path());
  Story story;
  first.call(kAnything, story.call("a"));
  auto client = std::make_unique<AsyncClient>(server.path());
  *client = std::move(first);
  REQUIRE(run_until(client, [&] { return !story.told.empty(); }));
  CHECK(story.told == Texts{"a ok"});
}

TEST_CASE("mutilated answers end in a callback each, whatever they say",
          "[threads][client][async]") {
  const unsigned seed = GENERATE(range(1u, 40u));
  CAPTURE(seed);
  FakeServer server([&](Peer& peer) {
    std::mt19937 random(seed);
    std::string said;
    said += answer_to(peer.read_line(), R"({"subscription":1})") + change(1, "web");
    said += answer_to(peer.read_line(), R"([{"name":"web","pid":7,"requires":["db"]}])");
    said += answer_to(peer.read_line(), R"({"name":"web","state":"running","reasons":[]})");
    for (int i = 0; i < 3; ++i) {
      const std::size_t at = random() % said.size();
      if (random() % 2 == 0)
        said[at] = static_cast<char>(random());
      else
        said.erase(at, random() % 20);
    }
    for (std::size_t at = 0; at < said.size();) {
      const std::size_t size = 1 + random() % 50;
      peer.send(said.substr(at, size));
      at += size;
    }
  });
  auto client = connect(server);
  Story story;
  client->on_closed(story.closed());
  client->events_subscribe(
      {}, [](const StateEvent&) {}, story.entry<Done>("subscribe"));
  client->call(request::list_full(), story.entry<std::vector<ServiceStatus>>("list"));
  client->call(request::why("web"), story.entry<WhyReport>("why"));
  REQUIRE(run_until(client, [&] { return !client->is_open(); }));
  REQUIRE(story.told.size() == 4);
  CHECK(story.told.back().starts_with("closed "));
}

}  // namespace
}  // namespace zinit::test::client_async
