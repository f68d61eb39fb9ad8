// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The output of services and their events: logs.* and events.*.
#include "base/format.hpp"
#include "support/test.hpp"
#include "unit/control/rig.hpp"

namespace zinit::test::control_events {

TEST_CASE("logs are the last lines, with the bytes where they are no UTF-8",
          "[threads][control][methods]") {
  Rig rig({oneshot("web", R"(echo one; printf 'two\377\n'; echo three >&2)")});
  TestClient client = rig.client();
  (void)client.call("service.start", R"(["web",true])");
  std::vector<Json> lines;
  REQUIRE(becomes_true([&] {
    lines = Json(client.call("logs.get", R"(["web"])")).elements();
    int written = 0;
    for (const Json& line : lines) written += line["stream"] != "zinit" ? 1 : 0;
    return written == 3;
  }));
  Texts out;
  for (const Json& line : lines) {
    CHECK(line["time_us"].number() > 1600000000000000);
    if (line["stream"] != "stdout") continue;
    out.emplace_back(line["line"].text());
    CHECK(line.has("raw") == (out.size() == 2));
    if (line.has("raw")) CHECK(line["raw"] == "dHdv/w==");
  }
  CHECK(out == Texts{"one", "two\xef\xbf\xbd"});
  CHECK(Json(client.call("logs.tail", R"(["web",1])")).size() == 1);
  CHECK(client.call("logs.tail", R"(["web",0])") == "[]");
  const Json tail(client.call("logs.tail", R"(["web",1000000])"));
  CHECK(tail.size() >= 3);
  CHECK(Json(client.call("service.status_full", R"(["web"])"))["log_lines"] == tail.size());
}

TEST_CASE("changes of state are told to those who asked for them, in order",
          "[threads][control][methods]") {
  Rig rig({sleeper("web"), sleeper("db")});
  TestClient all = rig.client(), some = rig.client(), actor = rig.client();
  CHECK(all.call("events.subscribe") == R"({"subscription":1})");
  CHECK(some.call("events.subscribe", R"([["db"]])") == R"({"subscription":1})");
  CHECK(some.call("events.subscribe", R"([["db","web"]])") == R"({"subscription":2})");
  CHECK(some.call("events.unsubscribe", "[2]") == R"({"ok":true})");
  CHECK(some.error_of("events.unsubscribe", "[2]") == -32009);
  for (const std::string name : {"web", "db"}) {
    (void)actor.call("service.start", R"([")" + name + R"(",true])");
  }
  std::int64_t seq = 0;
  Texts seen;
  while (seen.size() < 6) {
    const Json note(all.line().value());
    CHECK(note["method"] == "events.state");
    CHECK_FALSE(note.has("id"));
    const Json& event = note["params"];
    CHECK(event.members_in_order() ==
          Texts{"subscription", "service", "from", "to", "reason", "pid", "time_us", "seq"});
    CHECK(event["subscription"] == 1);
    CHECK(event["seq"].number() > seq);
    CHECK(event["time_us"].number() > 0);
    seq = event["seq"].number();
    seen.push_back(event["service"].text() + " " + event["to"].text());
  }
  CHECK(seen == Texts{"web blocked", "web starting", "web running", "db blocked", "db starting",
                      "db running"});
  for (const std::string to : {"blocked", "starting", "running"}) {
    const Json note(some.line().value());
    CHECK(note["params"]["service"] == "db");
    CHECK(note["params"]["to"] == to);
  }
  CHECK(actor.error_of("events.get", R"([["none"]])") == -32000);
  const Json kept(actor.call("events.get", R"([["db"],2])"));
  REQUIRE(kept.size() == 2);
  CHECK(kept[1]["service"] == "db");
  CHECK(kept[1]["to"] == "running");
  CHECK(kept[1]["pid"].number() > 0);
}

TEST_CASE("a subscriber that does not read misses events and is told how many",
          "[threads][control][methods]") {
  Rig rig({target("t", {})});
  TestClient slow = rig.client(), actor = rig.client();
  (void)slow.call("events.subscribe");
  // Each start and stop causes some events; together far more than the socket and 1 MiB hold.
  const std::string pair = R"({"jsonrpc":"2.0","method":"service.start","params":["t",true]})"
                           "\n"
                           R"({"jsonrpc":"2.0","method":"service.stop","params":["t",true]})"
                           "\n";
  const TimePoint until = Clock::now() + 60s;
  const auto last_seq = [&] { return rig.board().last_seq(); };
  while (last_seq() < 10000 && Clock::now() < until) {
    actor.send(pair);
    (void)actor.call("service.wait", R"(["t","stopped"])");
  }
  const auto last = static_cast<std::int64_t>(last_seq());
  REQUIRE(last >= 10000);
  std::int64_t told = 0, dropped = 0;
  while (told + dropped < last) {
    const Json note(slow.line().value());
    const Json& event = note["params"];
    event.has("dropped") ? dropped += event["dropped"].number() : ++told;
  }
  CHECK(told + dropped == last);
  CHECK(dropped > 0);
  CHECK(told > 1000);
  CHECK(slow.call("service.is_running", R"(["t"])") == "false");  // it has not been dropped
}

TEST_CASE("events for very many subscriptions of one client hold up no other client",
          "[control][methods]") {
  constexpr int kSubscriptions = 1000;
  constexpr std::uint64_t kEvents = 100;
  Rig rig({target("t", {})});
  // Processor time of the loop's thread, because the machine may be busy with other things.
  const auto used_us = [] {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::int64_t{time.tv_sec} * 1'000'000 + time.tv_nsec / 1000;
  };
  std::int64_t begin = 0, end = 0;
  std::atomic<std::int64_t> asked{0};
  rig.on_loop(
      [&] { rig.daemon.on_power = [&](PowerAction, const std::string&) { asked = used_us(); }; });
  TestClient many = rig.client(), other = rig.client();
  for (int i = 0; i < kSubscriptions; ++i) (void)many.call("events.subscribe");
  std::uint64_t events = 0;
  rig.on_loop([&] {
    const TimePoint until = Clock::now() + 60s;
    while (rig.board().last_seq() < kEvents && Clock::now() < until) {
      (void)rig.board().start("t");
      (void)rig.board().stop("t");
    }
    other.send(R"({"jsonrpc":"2.0","method":"system.shutdown","id":1})"
               "\n");
    begin = used_us();
  });
  REQUIRE(becomes_true([&] { return asked != 0; }));
  events = rig.board().last_seq();
  REQUIRE(events >= kEvents);
  for (std::uint64_t told = 0; told < events * kSubscriptions;) {
    const std::string note = many.line().value();
    const bool dropped = note.find("dropped") != std::string::npos;
    told += dropped ? static_cast<std::uint64_t>(Json(note)["params"]["dropped"].number()) : 1;
  }
  rig.on_loop([&] { end = used_us(); });
  CHECK(asked - begin < (end - begin) / 4);
}

}  // namespace zinit::test::control_events
