// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Searching and following log lines: logs.filter, logs.subscribe.
#include "base/format.hpp"
#include "support/test.hpp"
#include "unit/control/rig.hpp"
#include "unit/support/kept_lines.hpp"

namespace zinit::test::control_logs {
namespace {

/// "SERVICE: TEXT" of each line of an answer.
Texts texts(const Json& lines) {
  Texts result;
  for (const Json& line : lines.elements())
    result.push_back(line["service"].text() + ": " + line["line"].text());
  return result;
}

/// The next notification, which must be a line.
std::string next_line(TestClient& client) {
  const Json note(client.line().value());
  REQUIRE(note["method"] == "logs.line");
  const Json& params = note["params"];
  if (params.has("dropped")) return "dropped";
  return fmt::format("{} {}: {}", params["subscription"].number(), params["service"].text(),
                     params["line"].text());
}

TEST_CASE("a search finds lines by what is in them, by stream, time and log",
          "[threads][control][methods][logs]") {
  Rig rig({sleeper("web"), sleeper("db")});
  LogStore& logs = rig.logs();
  const Slot web = rig.board().find("web");
  const Slot db = rig.board().find("db");
  for (int i = 1; i <= 1000; ++i) logs.take_message(web, 1, i, fmt::format("line {}", i));
  logs.take_message(db, 1, 500, "line of db");
  logs.take_message(kSyslog, 1, 600, "line of nobody");
  TestClient client = rig.client();
  const auto found = [&](const std::string& params) {
    return texts(Json(client.call("logs.filter", params)));
  };
  CHECK(found(R"({"name":"web","pattern":"line 99","lines":3})") ==
        Texts{"web: line 997", "web: line 998", "web: line 999"});
  CHECK(found(R"({"name":"web","pattern":"line 99"})").size() == 11);
  CHECK(found(R"({"name":"web","since_us":999})") == Texts{"web: line 999", "web: line 1000"});
  CHECK(found(R"({"pattern":"line of"})") == Texts{"db: line of db", "syslog: line of nobody"});
  CHECK(found(R"({"pattern":"line","lines":2,"name":"db"})") == Texts{"db: line of db"});
  CHECK(found(R"({"pattern":"line","stream":"syslog","lines":1})") == Texts{"web: line 1000"});
  CHECK(found(R"({"pattern":"line","stream":"stderr"})").empty());
  CHECK(found(R"({"lines":0})").empty());
  CHECK(found(R"({"pattern":"l.ne"})").empty());
  CHECK(client.error_of("logs.filter", R"({"stream":"out"})") == -32602);
  CHECK(client.error_of("logs.filter", R"({"name":"none"})") == -32000);
}

TEST_CASE(
    "a search through much goes on in portions; others are served meanwhile, and a client that "
    "asks for many gets them a few at a time",
    "[threads][control][methods][logs]") {
  Rig rig({sleeper("web", [](ServiceSpec& spec) { spec.logging.edit().buffer_lines = 1000000; })});
  const Slot web = rig.board().find("web");
  for (int i = 1; i <= 200000; ++i) rig.logs().take_message(web, 1, i, "a line");
  TestClient client = rig.client();
  const auto search = [](int id) {
    return fmt::format(R"({{"jsonrpc":"2.0","id":{},"method":"logs.filter",)"
                       R"("params":{{"pattern":"no such"}}}})"
                       "\n",
                       id);
  };
  client.send(search(1) + R"({"jsonrpc":"2.0","id":2,"method":"system.ping"})" + "\n");
  CHECK(Json(client.line().value())["id"] == 2);
  CHECK(client.line() == R"({"jsonrpc":"2.0","result":[],"id":1})");

  constexpr int kSearches = 25;
  std::string requests;
  for (int i = 0; i < kSearches; ++i) requests += search(i);
  client.send(requests);
  for (int i = 0; i < kSearches; ++i) {
    CHECK(rig.figures().waiting <= Session::kMaxWorking);
    CHECK(Json(client.line().value())["id"] == i);
  }
}

TEST_CASE("an answer has the newest 4 MiB of lines, and those before can be asked for",
          "[control][methods][logs]") {
  Rig rig({sleeper("web", [](ServiceSpec& spec) {
    spec.logging.edit().buffer_lines = 1000000;
    spec.logging.edit().buffer_bytes = 64U << 20;
  })});
  const Slot web = rig.board().find("web");
  constexpr int kLines = 1000;
  for (int i = 1; i <= kLines; ++i) rig.logs().take_message(web, 1, i, std::string(10000, 'x'));
  TestClient client = rig.client();
  for (const char* method : {"logs.get", "logs.tail"}) {
    const Json last(client.call(method, R"(["web",1000000])"));
    CHECK(last.size() * 10000 <= std::size_t{4} << 20);
    CHECK(last.size() > 400);
  }
  std::int64_t first = kLines + 1;
  int pages = 0;
  for (; first > 1; ++pages) {
    const Json page(client.call("logs.filter", fmt::format(R"({{"name":"web","lines":1000000,)"
                                                           R"("before_seq":{}}})",
                                                           first)));
    const auto lines = page.elements();
    REQUIRE(!lines.empty());
    REQUIRE(lines.back()["seq"] == first - 1);
    REQUIRE(static_cast<std::int64_t>(lines.size()) == first - lines.front()["seq"].number());
    first = lines.front()["seq"].number();
  }
  CHECK(pages == 3);
  CHECK(client.call("logs.filter", R"({"name":"web","before_seq":1})") == "[]");
  CHECK(client.error_of("logs.filter", R"({"before_seq":1})") == -32602);
  CHECK(client.error_of("logs.filter", R"({"pattern":")" + std::string(1025, 'x') + R"("})") ==
        -32602);
}

TEST_CASE("lines are told to those who follow their log, beginning with the last ones",
          "[threads][control][methods][logs]") {
  Rig rig({sleeper("web"), sleeper("db")});
  LogStore& logs = rig.logs();
  const Slot web = rig.board().find("web");
  const Slot db = rig.board().find("db");
  logs.take_message(web, 1, 1, "one");
  logs.take_message(db, 1, 2, "two");
  logs.take_message(web, 1, 3, "three\xff");
  TestClient client = rig.client();
  CHECK(client.call("logs.subscribe", R"([["web"],1])") == R"({"subscription":1})");
  CHECK(next_line(client) == "1 web: three\xef\xbf\xbd");
  CHECK(client.call("logs.subscribe", R"({"lines":9})") == R"({"subscription":2})");
  for (const char* expected : {"2 web: one", "2 db: two", "2 web: three\xef\xbf\xbd"})
    CHECK(next_line(client) == expected);
  logs.take_message(db, 1, 4, "four");
  CHECK(next_line(client) == "2 db: four");
  CHECK(client.call("logs.unsubscribe", "[2]") == R"({"ok":true})");
  CHECK(client.error_of("logs.unsubscribe", "[2]") == -32009);
  CHECK(client.error_of("events.unsubscribe", "[1]") == -32009);
  logs.take_message(db, 1, 5, "not told");
  add_line(logs, web, "six");
  const Json note(client.line().value());
  CHECK(note["params"]["line"] == "six");
  CHECK(note["params"]["stream"] == "syslog");
  CHECK(note["params"]["seq"] == 3);
  CHECK(note["params"]["time_us"].number() > 1600000000000000);
  CHECK(client.error_of("logs.subscribe", R"([["none"]])") == -32000);
  CHECK(rig.figures().log_subscriptions == 1);
}

TEST_CASE("a subscription begins after the lines that its client knows",
          "[control][methods][logs]") {
  Rig rig({sleeper("web"), sleeper("db")});
  LogStore& logs = rig.logs();
  const Slot web = rig.board().find("web");
  for (int i = 1; i <= 1010; ++i) logs.take_message(web, 1, i, std::to_string(i));
  logs.take_message(rig.board().find("db"), 1, 2000, "other");
  TestClient client = rig.client();
  const auto subscribed = [&](const std::string& params) {
    CHECK(Json(client.call("logs.subscribe", params)).has("subscription"));
  };
  subscribed(R"({"names":["web","db"],"lines":1,"after":{"web":1008,"none":7}})");
  for (const char* expected : {"1 web: 1009", "1 web: 1010", "1 db: other"})
    CHECK(next_line(client) == expected);
  subscribed(R"({"names":["web"],"lines":9,"after":{"web":1010}})");
  subscribed(R"({"names":["web"],"after":{"web":4}})");  // the log has 1,000 lines
  CHECK(Json(client.line().value())["params"]["dropped"] == 6);
  CHECK(next_line(client) == "3 web: 11");
  for (int i = 12; i <= 1010; ++i) CHECK(next_line(client) == fmt::format("3 web: {}", i));
  subscribed(R"({"names":["db"],"after":{"db":7}})");  // removed and added again
  CHECK(next_line(client) == "4 db: other");
  CHECK(client.error_of("logs.subscribe", R"({"after":{"web":"x"}})") == -32602);
}

TEST_CASE("the answer to a subscription in a batch comes before its lines",
          "[threads][control][methods][logs]") {
  Rig rig({sleeper("web")});
  rig.logs().take_message(rig.board().find("web"), 1, 1, "one");
  TestClient client = rig.client();
  client.send(R"([{"jsonrpc":"2.0","id":1,"method":"logs.subscribe","params":{"lines":1}},)"
              R"({"jsonrpc":"2.0","id":2,"method":"system.ping"}])"
              "\n");
  CHECK(Json(client.line().value()).size() == 2);
  CHECK(next_line(client) == "1 web: one");
}

TEST_CASE("who follows a flood and does not read misses lines and is told how many",
          "[control][methods][logs]") {
  Rig rig({sleeper("web")});
  const Slot web = rig.board().find("web");
  TestClient slow = rig.client(), other = rig.client();
  (void)slow.call("logs.subscribe");
  constexpr int kLines = 100000;  // far more than the socket and 1 MiB hold
  for (int i = 1; i <= kLines; ++i)
    rig.logs().take_message(web, 1, i, "a line of some length, no more");
  CHECK(other.call("service.is_running", R"(["web"])") == "false");
  std::int64_t told = 0, dropped = 0, last = 0;
  while (told + dropped < kLines) {
    const Json note(slow.line().value());
    const Json& params = note["params"];
    if (params.has("dropped")) {
      dropped += params["dropped"].number();
      continue;
    }
    ++told;
    // In its place: a client that counts both knows which lines are missing.
    REQUIRE(params["time_us"] == told + dropped);
    REQUIRE(params["time_us"].number() > last);
    last = params["time_us"].number();
  }
  CHECK(told + dropped == kLines);
  CHECK(dropped > 0);
  CHECK(told > 1000);
  rig.logs().take_message(web, 1, kLines + 1, "the next");
  CHECK(next_line(slow) == "1 web: the next");
}

TEST_CASE("last lines of many subscriptions have the room of one client, and the rest is counted",
          "[threads][control][methods][logs]") {
  constexpr int kSubscriptions = 20, kLines = 500;
  Rig rig({sleeper("web")});
  const Slot web = rig.board().find("web");
  for (int i = 1; i <= kLines; ++i) rig.logs().take_message(web, 1, i, std::string(1000, 'x'));
  TestClient client = rig.client();
  std::string requests;
  for (int i = 1; i <= kSubscriptions; ++i)
    requests += fmt::format(R"({{"jsonrpc":"2.0","id":{},"method":"logs.subscribe",)"
                            R"("params":{{"lines":{}}}}})"
                            "\n",
                            i, kLines);
  client.send(requests);
  REQUIRE(becomes_true([&] { return rig.figures().log_subscriptions == kSubscriptions; }));
  std::int64_t told = 0, dropped = 0;
  while (told + dropped < kSubscriptions * kLines) {
    const Json note(client.line().value());
    if (note.has("id")) continue;
    const Json& params = note["params"];
    if (params.has("dropped"))
      dropped += params["dropped"].number();
    else
      ++told;
  }
  CHECK(told + dropped == kSubscriptions * kLines);
  // Twice the room, because data sent in the meantime makes some.
  CHECK(told * 1000 < std::int64_t{4} << 20);
}

TEST_CASE("who goes while it follows leaves nothing behind", "[threads][control][methods][logs]") {
  Rig rig({sleeper("web")});
  const Slot web = rig.board().find("web");
  for (int i = 0; i < 20; ++i) {
    TestClient client = rig.client();
    (void)client.call("logs.subscribe");
    for (int line = 0; line < 100; ++line) rig.logs().take_message(web, 1, 1, "line");
  }
  CHECK(becomes_true([&] { return rig.figures().clients == 0; }));
  CHECK(rig.figures().log_subscriptions == 0);
  rig.logs().take_message(web, 1, 1, "line");
}

}  // namespace
}  // namespace zinit::test::control_logs
