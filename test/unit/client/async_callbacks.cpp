// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// AsyncClient with callbacks that do everything that they may do, and its subscriptions.
#include "support/test.hpp"
#include "unit/client/async.hpp"

namespace zinit::test::client_async_callbacks {

TEST_CASE("a callback may call, cancel and be cancelled, and not enter the loop again",
          "[threads][client][async]") {
  FakeServer server([](Peer& peer) {
    const std::string first = peer.read_line();
    const std::string second = peer.read_line();
    peer.send(answer_to(first, "1") + answer_to(second, "2"));
    peer.result("3");
    peer.wait_for_close();
  });
  auto client = connect(server);
  Story story;
  AsyncClient::Id second = 0;
  const auto held = std::make_shared<int>(1);
  client->call(kAnything, [&](const auto&) {
    story.add("first");
    client->cancel(second);
    client->call(kAnything, story.call("third"));
    client->on_readable();
    client->on_timeout();
    story.add("end of first");
  });
  second = client->call(kAnything, [&, held](const auto&) { story.add("second"); });
  CHECK(held.use_count() == 2);
  REQUIRE(run_until(client, [&] { return story.told.size() == 3; }));
  CHECK(story.told == Texts{"first", "end of first", "third ok"});
  CHECK(held.use_count() == 1);
  client->cancel(second);
  client->cancel(12345);
}

TEST_CASE("a callback may destroy or close the client", "[threads][client][async]") {
  const bool destroys = GENERATE(true, false);
  const std::string where = GENERATE("answer", "event", "late", "closed");
  CAPTURE(destroys, where);
  FakeServer server([&](Peer& peer) {
    peer.result(R"({"subscription":1})");
    const std::string first = peer.read_line();
    const std::string second = peer.read_line();
    if (where == "late") return peer.wait_for_close();
    if (where == "event") peer.send(change(1, "web") + change(1, "web"));
    if (where == "closed") return;
    peer.send(answer_to(first, "1") + answer_to(second, "2"));
    peer.wait_for_close();
  });
  auto client = connect(server);
  Texts told;
  const auto held = std::make_shared<int>(1);
  const auto end = [&, held](const std::string& from) {
    told.push_back(from);
    destroys ? client.reset() : client->close();
  };
  client->events_subscribe({}, [end](const StateEvent&) { end("event"); });
  if (where == "late") client->set_timeout(1ms);
  if (where == "closed") {
    client->call(kAnything, {});
    client->on_closed([end](const ClientError&) { end("closed"); });
  } else {
    client->call(kAnything, [end](const auto& answer) { end(answer ? "answer" : "late"); });
  }
  client->call(kAnything, [end, &where](const auto&) {
    if (where != "closed") end("a second one");
  });
  REQUIRE(run_until(client, [&] { return !told.empty(); }));
  CHECK(told == Texts{where});
  if (client) {
    CHECK_FALSE(client->is_open());
    CHECK(client->fd() == -1);
    for (int i = 0; i < 3; ++i) turn(client);
    CHECK(told.size() == 1);
  }
}

TEST_CASE("what a callback throws comes out of the loop, and nothing is lost by it",
          "[threads][client][async]") {
  FakeServer server([](Peer& peer) {
    const std::string first = peer.read_line();
    const std::string second = peer.read_line();
    peer.send(answer_to(first, "1") + answer_to(second, "2"));
  });
  auto client = connect(server);
  Story story;
  client->on_closed(story.closed());
  client->call(kAnything,
               [](const auto&) { throw ClientError(ErrorCode::timeout, "the program's own"); });
  client->call(kAnything, story.call("second"));
  const auto thrown = [&] {
    try {
      run_until(client, [&] { return !story.told.empty(); });
    } catch (const ClientError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK(thrown() == "the program's own");
  CHECK(story.told.empty());
  CHECK(client->next_timeout() == 0ms);
  client->on_timeout();
  CHECK(story.told == Texts{"second ok"});
  REQUIRE(run_until(client, [&] { return !client->is_open(); }));
  CHECK(story.told.back() == "closed 4");
}

TEST_CASE("calls to a client that is closed fail by their callbacks, not at once",
          "[threads][client][async]") {
  FakeServer server([](Peer&) {});
  auto client = connect(server);
  Story story;
  std::function<void(Answer<std::string>)> again = [&](const Answer<std::string>& answer) {
    story.call("again")(answer);
    client->call(kAnything, again);
  };
  client->call(kAnything, again);
  REQUIRE(run_until(client, [&] { return !client->is_open(); }));
  // A client that tries repeatedly gets one report in each turn.
  const auto told = story.told.size();
  CHECK(client->next_timeout() == 0ms);
  client->on_timeout();
  CHECK(story.told.size() == told + 1);
  CHECK(story.told.back() == "again 4");

  AsyncClient other(server.path());
  other.close();
  other.call(kAnything, story.call("closed"));
  CHECK(story.told.size() == told + 1);
  other.on_timeout();
  CHECK(story.told.back() == "closed 4");
}

TEST_CASE("subscriptions are given their events and lines until they are ended",
          "[threads][client][async]") {
  FakeServer server([](Peer& peer) {
    peer.result(R"({"subscription":5})");
    peer.result(R"({"subscription":6})");
    peer.send(event(5,
                    R"("service":"web","from":"blocked","to":"hibernating","pid":7,"time_us":17,)"
                    R"("reason":{"type":"bad_weather"})"));
    peer.send(R"({"method":"logs.line","params":{"subscription":6,"service":"web","time_us":6,)"
              R"("stream":"stdout","line":"y"}})"
              "\n");
    peer.send(event(5, R"("dropped":12)"));
    peer.send(change(5, "web") + change(5, "web"));
    peer.result(R"({"ok":true})");
    peer.wait_for_close();
  });
  auto client = connect(server);
  std::vector<StateEvent> events;
  std::vector<LogLine> lines;
  Story story;
  AsyncClient::Id subscription = 0;
  subscription = client->events_subscribe(
      {"web"},
      [&](const StateEvent& each) {
        events.push_back(each);
        if (events.size() == 3) client->unsubscribe(subscription);
      },
      story.entry<Done>("events"));
  client->logs_subscribe(
      {}, [&](const LogLine& line) { lines.push_back(line); }, 3, story.entry<Done>("logs"));
  REQUIRE(run_until(client, [&] { return server.requests().size() == 3; }));
  CHECK(story.told == Texts{"events ok", "logs ok"});
  REQUIRE(events.size() == 3);
  CHECK(events[0].to == ServiceState::unknown);
  CHECK(events[0].to.text() == "hibernating");
  CHECK(events[0].from == ServiceState::blocked);
  CHECK(events[0].reason->type.value() == ReasonKind::unknown);
  CHECK(events[0].reason->type == "bad_weather");
  CHECK(events[0].time().time_since_epoch() == 17us);
  CHECK(events[1].dropped == 12);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].line == "y");
  const Texts requests = server.requests();
  CHECK(requests[0].ends_with(R"("method":"events.subscribe","params":{"names":["web"]}})"));
  CHECK(requests[1].ends_with(R"("method":"logs.subscribe","params":{"lines":3}})"));
  CHECK(requests[2].ends_with(R"("method":"events.unsubscribe","params":{"subscription":5}})"));
}

TEST_CASE("a subscription that is refused or unreadable is told so", "[threads][client][async]") {
  FakeServer server([](Peer& peer) {
    peer.answer(R"("error":{"code":-32009,"message":"too many"})");
    peer.result("true");
    peer.result(R"({"subscription":3})");
    peer.send(event(3, R"("service":7)"));
    peer.wait_for_close();
  });
  auto client = connect(server);
  Story story;
  client->on_closed(story.closed());
  const auto each = [&](const StateEvent&) { story.add("event"); };
  client->events_subscribe({}, each, story.entry<Done>("refused"));
  client->events_subscribe({}, each, story.entry<Done>("unreadable"));
  client->events_subscribe({}, each, story.entry<Done>("good"));
  REQUIRE(run_until(client, [&] { return !client->is_open(); }));
  CHECK(story.told == Texts{"refused -32009", "unreadable 5", "good ok", "closed 5"});
}

TEST_CASE("a subscription that is ended before its answer is ended at the server afterwards",
          "[threads][client][async]") {
  std::promise<void> go;
  FakeServer server([&](Peer& peer) {
    const std::string request = peer.read_line();
    go.get_future().wait();
    peer.send(answer_to(request, R"({"subscription":8})") + change(8, "web"));
    peer.result(R"({"ok":true})");
    peer.wait_for_close();
  });
  auto client = connect(server);
  Story story;
  const auto held = std::make_shared<int>(1);
  const auto subscription = client->subscribe(
      "events.subscribe", "{}",
      [&, held](std::string_view, const std::string&) { story.add("event"); },
      story.entry<Done>("answered"));
  client->cancel(subscription);  // like unsubscribe()
  client->unsubscribe(subscription);
  CHECK(held.use_count() == 1);
  go.set_value();
  REQUIRE(run_until(client, [&] { return server.requests().size() == 2; }));
  CHECK(server.requests()[1].ends_with(
      R"("method":"events.unsubscribe","params":{"subscription":8}})"));
  CHECK(story.told.empty());
}

}  // namespace zinit::test::client_async_callbacks
