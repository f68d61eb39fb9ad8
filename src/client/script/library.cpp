// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Calls, service files, additions to Lua, and the table of all functions: see functions.hpp.
#include "client/script/functions.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/format.hpp"
#include "base/lists.hpp"
#include "base/text.hpp"
#include "client/named_key.hpp"
#include "client/script/script.hpp"
#include "client/times.hpp"
#include "client/words.hpp"
#include "config/spec_reader.hpp"
#include "config/value_text.hpp"

namespace zinit {

namespace {

[[noreturn]] void wrong(const std::string& why) {
  throw ClientError(ErrorCode::invalid_params, why);
}

// --- calls ---------------------------------------------------------------------------------------

/// Whether to repeat a call after its answer was lost: it changes nothing, or asks for a state.
bool may_repeat(std::string_view method) {
  constexpr std::array<std::string_view, 3> changes = {"system.", "service.", "xinet."};
  constexpr std::array<std::string_view, 15> good = {
      "system.ping",  "system.info",    "system.bootchart",  "system.timers",
      "service.list", "service.status", "service.list_full", "service.status_full",
      "service.why",  "service.tree",   "service.get",       "service.stats",
      "service.wait", "service.start",  "service.stop"};
  const auto in = [&](const auto& list) { return contains(list, method); };
  return in(good) || std::ranges::none_of(
                         changes, [&](std::string_view room) { return method.starts_with(room); });
}

std::string make_call(VerbContext& context, const char* method, const std::string& params) {
  const auto attempt = [&] { return context.call_patiently(method, params); };
  return may_repeat(method) ? context.over_reexecutions(attempt) : attempt();
}

/// The table at `index` as parameters; "{}" if it is nil.
std::string params_at(lua_State* lua, int index) {
  return lua_isnoneornil(lua, index) ? std::string("{}") : json_of_lua(lua, index);
}

int call(lua_State* lua, VerbContext& context) {
  const std::string method = luaL_checkstring(lua, 1);
  push_json(lua, parse_json(make_call(context, method.c_str(), params_at(lua, 2))));
  return 1;
}

/// settle(method, params, waits): a start, stop or restart. Its failure is an error.
int settle(lua_State* lua, VerbContext& context) {
  const std::string method = luaL_checkstring(lua, 1);
  const std::string answer = make_call(context, method.c_str(), params_at(lua, 2));
  const ServiceStatus status = ServiceStatus::parse(answer);
  const bool good = method == "service.stop" ? is_down(status) : is_started(status);
  const bool kept = method == "service.restart" && is_down(status);  // with if_running
  if (lua_toboolean(lua, 3) != 0 && !good && !kept) {
    throw ClientError(ErrorCode::process_error,
                      fmt::format("{} {}", status.name, fault_words(status)),
                      JsonParams().add_json("status", answer).text());
  }
  push_json(lua, parse_json(answer));
  return 1;
}

// --- service files -------------------------------------------------------------------------------

/// document(keys): makes the sections of a service file from a table of keys, of sections, or both.
int document(lua_State* lua, VerbContext&) {
  luaL_checktype(lua, 1, LUA_TTABLE);
  const JsonDocument given = parse_json(json_of_lua(lua, 1));
  json_expect_object(given, "service");
  JsonDocument made;
  made.SetObject();
  auto& allocator = made.GetAllocator();
  const auto put = [&](std::string_view section, const std::string& key, const JsonValue& value) {
    const std::string name(section);
    if (!made.HasMember(name.c_str()))
      made.AddMember(JsonValue(name.c_str(), allocator), JsonValue(rapidjson::kObjectType),
                     allocator);
    made[name.c_str()].AddMember(JsonValue(key.c_str(), allocator), JsonValue(value, allocator),
                                 allocator);
  };
  const auto sections = known_sections();
  for (const auto& member : given.GetObject()) {
    const std::string name = member.name.GetString();
    const bool is_section = contains(sections, name);
    if (is_section && member.value.IsObject()) {
      for (const auto& key : member.value.GetObject()) put(name, key.name.GetString(), key.value);
      continue;
    }
    const auto key = named_key(name);
    if (!key) wrong(name + ": " + key.error().text);
    put((*key)->section, std::string((*key)->name), member.value);
  }
  push_json(lua, made);
  return 1;
}

/// check(sections): raises an error with all faults.
int check(lua_State* lua, VerbContext&) {
  const auto value = value_from_json(parse_json(json_of_lua(lua, 1)));
  if (!value) throw ClientError(ErrorCode::config_error, value.error());
  const ParsedSpec parsed = spec_from_document(*value);
  std::vector<std::string> messages;
  for (const Diagnostic& one : parsed.diagnostics)
    if (one.severity != Severity::warning) messages.push_back(one.key + ": " + one.text);
  if (!messages.empty())
    throw ClientError(ErrorCode::config_error, join(messages, "; "),
                      JsonParams().add("messages", messages).text());
  return 0;
}

// --- additions to Lua ----------------------------------------------------------------------------

Milliseconds time_at(lua_State* lua, int index) {
  std::size_t size = 0;
  const char* text = luaL_tolstring(lua, index, &size);
  const auto time = given_time(std::string(text, size));
  if (!time || time->count() < 0) wrong(fmt::format("{} is no time", text));
  return *time;
}

/// ms(time): milliseconds from seconds, or from a text such as "2m"; nil from nil.
int ms(lua_State* lua, VerbContext&) {
  if (lua_isnoneornil(lua, 1)) return 0;
  lua_pushinteger(lua, time_at(lua, 1).count());
  return 1;
}

/// since(time): microseconds since 1970, from a text as for --since, or from seconds since 1970.
int since(lua_State* lua, VerbContext&) {
  if (lua_isnoneornil(lua, 1)) return 0;
  if (lua_isnumber(lua, 1) != 0) {
    lua_pushinteger(lua, static_cast<lua_Integer>(lua_tonumber(lua, 1) * 1e6));
    return 1;
  }
  const std::string text = luaL_checkstring(lua, 1);
  const auto time = parse_past_time(text, wall_us());
  if (!time) wrong(fmt::format("{}: no such time; it may be {}", text, kPastTimes));
  lua_pushinteger(lua, *time);
  return 1;
}

int matches_pattern(lua_State* lua, VerbContext&) {
  lua_pushboolean(lua, matches(luaL_checkstring(lua, 1), luaL_checkstring(lua, 2)) ? 1 : 0);
  return 1;
}

int sleep_for(lua_State* lua, VerbContext& context) {
  const auto given = [&] {
    const double seconds = std::clamp(luaL_checknumber(lua, 1), 0.0, 1e9);
    return std::chrono::duration_cast<Milliseconds>(std::chrono::duration<double>(seconds));
  };
  const Milliseconds wanted = lua_type(lua, 1) == LUA_TSTRING ? time_at(lua, 1) : given();
  const auto left = context.time_left();
  const Milliseconds time = left ? std::min(*left, wanted) : wanted;
  const timespec until{time.count() / 1000, time.count() % 1000 * 1000000};
  timespec rest = until;
  while (::clock_nanosleep(CLOCK_MONOTONIC, 0, &rest, &rest) == EINTR) continue;
  if (time < wanted) throw ClientError(ErrorCode::no_answer, kTimeIsOver);
  return 0;
}

int array(lua_State* lua, VerbContext&) {
  luaL_checktype(lua, 1, LUA_TTABLE);
  lua_settop(lua, 1);
  as_array(lua, 1);
  return 1;
}

struct Row {
  const char* name;
  lua_CFunction function;
};
constexpr Row kFunctions[] = {
    {"call", guarded<call>},
    {"settle", guarded<settle>},
    {"follow", guarded<follow>},
    {"next", guarded<next_followed>},
    {"document", guarded<document>},
    {"check", guarded<check>},
    {"ms", guarded<ms>},
    {"since", guarded<since>},
    {"matches", guarded<matches_pattern>},
    {"sleep", guarded<sleep_for>},
    {"array", guarded<array>},
    {"spawn", guarded<spawn_command>},
    {"execute", guarded<execute_line>},
};

}  // namespace

void open_library(lua_State* lua, VerbContext& context) {
  const std::string_view text = prelude();
  if (luaL_loadbufferx(lua, text.data(), text.size(), "=zinit", "t") != LUA_OK) lua_error(lua);
  lua_createtable(lua, 0, static_cast<int>(std::size(kFunctions)) + 2);
  for (const Row& row : kFunctions) {
    lua_pushlightuserdata(lua, &context);
    lua_pushcclosure(lua, row.function, 1);
    lua_setfield(lua, -2, row.name);
  }
  push_null(lua);
  lua_setfield(lua, -2, "null");
  lua_pushliteral(lua, ZINIT_VERSION);
  lua_setfield(lua, -2, "version");
  lua_call(lua, 1, 1);
}

}  // namespace zinit
