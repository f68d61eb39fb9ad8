// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Iterators of scripts over lines of logs and changes of state: see functions.hpp.
#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <new>
#include <utility>

#include "client/reports.hpp"
#include "client/script/functions.hpp"

namespace zinit {

namespace {

// The most lines or events that wait for a script that reads them late.
constexpr std::size_t kMostWaiting = 10000;

constexpr const char* kFollowing = "zinit.following";

/// What a script follows: lines of logs, or changes of state.
struct Following {
  bool logs = false;
  std::string names;        // JSON
  std::uint32_t lines = 0;  // how many older lines come first
  unsigned connection = 0;  // the connection with the subscription; 0: none
  std::deque<std::string> waiting{};
  std::size_t dropped = 0;
  std::map<std::string, std::uint64_t> last{};  // by log, or "" for all events: the last number

  void take(const std::string& text) {
    const JsonDocument params = parse_json(text);
    const std::string log = logs ? json_string(params, "service") : std::string();
    if (const std::uint64_t seq = json_count(params, "seq"); seq > 0) {
      std::uint64_t& number = last[log];
      if (!logs && seq <= number) return;  // an event of events.get may be a notification too
      number = seq;
    }
    if (waiting.size() < kMostWaiting)
      waiting.push_back(text);
    else
      ++dropped;
  }
};
using FollowingPtr = std::shared_ptr<Following>;

/// Subscribes; on a new connection again, and then first takes what came in between.
void subscribe(VerbContext& context, const FollowingPtr& following) {
  Client& client = context.client();
  if (following->connection == context.connections()) return;
  const bool again = following->connection != 0;
  following->connection = context.connections();
  JsonParams params;
  params.add_json("names", following->names);
  const std::uint32_t lines = again ? kAllLines : following->lines;
  if (following->logs) {
    JsonParams after;
    for (const auto& [log, seq] : following->last) after.add(log, seq);
    params.add("lines", lines).add_json("after", after.text());
  }
  client.subscribe(
      following->logs ? "logs.subscribe" : "events.subscribe", params.text(),
      [following](std::string_view, const std::string& text) { following->take(text); });
  if (following->logs || lines == 0) return;
  const JsonDocument events =
      parse_json(client.call("events.get", params.add("lines", lines).text()));
  json_expect_array(events, "events");
  for (const JsonValue& event : events.GetArray()) following->take(json_text(event));
}

}  // namespace

int follow(lua_State* lua, VerbContext& context) {
  auto following = std::make_shared<Following>();
  following->logs = luaL_checkstring(lua, 1) == std::string_view("logs");
  following->names = lua_isnoneornil(lua, 2) ? "null" : json_of_lua(lua, 2);
  following->lines =
      static_cast<std::uint32_t>(std::clamp<lua_Integer>(luaL_checkinteger(lua, 3), 0, kAllLines));
  context.over_reexecutions([&] { subscribe(context, following); });
  auto* place = static_cast<FollowingPtr*>(lua_newuserdatauv(lua, sizeof(FollowingPtr), 0));
  new (place) FollowingPtr(std::move(following));
  if (luaL_newmetatable(lua, kFollowing) != 0) {
    lua_pushcfunction(lua, [](lua_State* of) {
      static_cast<FollowingPtr*>(luaL_checkudata(of, 1, kFollowing))->~FollowingPtr();
      return 0;
    });
    lua_setfield(lua, -2, "__gc");
  }
  lua_setmetatable(lua, -2);
  return 1;
}

int next_followed(lua_State* lua, VerbContext& context) {
  const FollowingPtr following = *static_cast<FollowingPtr*>(luaL_checkudata(lua, 1, kFollowing));
  std::optional<Milliseconds> limit = context.time_left();
  if (!lua_isnoneornil(lua, 2)) {
    const Milliseconds given{luaL_checkinteger(lua, 2)};
    limit = limit ? std::min(*limit, given) : given;
  }
  const TimePoint end = limit ? after(Clock::now(), *limit) : kNever;
  bool over = false;
  context.over_reexecutions([&] {
    subscribe(context, following);
    while (following->waiting.empty() && !over) {
      std::optional<Milliseconds> left;
      if (limit)
        left = std::max(std::chrono::ceil<Milliseconds>(end - Clock::now()), Milliseconds{0});
      over = !context.client().dispatch(left);
      context.answered();
    }
  });
  if (following->waiting.empty()) {
    if (const auto left = context.time_left(); left && left->count() <= 0)
      throw ClientError(ErrorCode::no_answer, kTimeIsOver);
    lua_pushnil(lua);
    return 1;
  }
  const std::string text = std::move(following->waiting.front());
  following->waiting.pop_front();
  push_json(lua, parse_json(text));
  if (following->dropped > 0) {
    lua_pushinteger(lua, static_cast<lua_Integer>(std::exchange(following->dropped, 0)));
    lua_setfield(lua, -2, "dropped");
  }
  return 1;
}

}  // namespace zinit
