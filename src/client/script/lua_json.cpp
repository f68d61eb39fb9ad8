// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Values of Lua as JSON, and back: see lua_json.hpp.
#include "client/script/lua_json.hpp"

#include <cmath>
#include <cstdint>
#include <vector>

#include "base/format.hpp"
#include "base/json_writer.hpp"
#include "base/sort.hpp"

namespace zinit {

namespace {

constexpr const char* kArray = "zinit.array";
constexpr const char* kNull = "zinit.null";

bool is_array(lua_State* lua, int index) {
  if (luaL_getmetafield(lua, index, "__name") != LUA_TNIL) {
    const bool marked = lua_tostring(lua, -1) == std::string_view(kArray);
    lua_pop(lua, 1);
    if (marked) return true;
  }
  return lua_rawlen(lua, index) > 0;
}

void write(lua_State* lua, int index, JsonWriter& writer, int depth);

void write_array(lua_State* lua, int index, JsonWriter& writer, int depth) {
  writer.begin_array();
  const auto size = static_cast<lua_Integer>(lua_rawlen(lua, index));
  for (lua_Integer i = 1; i <= size; ++i) {
    lua_rawgeti(lua, index, i);
    write(lua, lua_gettop(lua), writer, depth + 1);
    lua_pop(lua, 1);
  }
  lua_Integer members = 0;
  for (lua_pushnil(lua); lua_next(lua, index) != 0; lua_pop(lua, 1)) ++members;
  if (members != size) luaL_error(lua, "a table has both numbers and names as keys, or a gap");
  writer.end_array();
}

void write_object(lua_State* lua, int index, JsonWriter& writer, int depth) {
  std::vector<std::string> keys;  // sorted, because Lua's own order differs from run to run
  for (lua_pushnil(lua); lua_next(lua, index) != 0; lua_pop(lua, 1)) {
    if (lua_type(lua, -2) != LUA_TSTRING)
      luaL_error(lua, "a key of a table is a %s, and not a string", luaL_typename(lua, -2));
    keys.emplace_back(lua_tostring(lua, -2));
  }
  sort_values(keys);
  writer.begin_object();
  for (const std::string& key : keys) {
    writer.key(key);
    lua_getfield(lua, index, key.c_str());
    write(lua, lua_gettop(lua), writer, depth + 1);
    lua_pop(lua, 1);
  }
  writer.end_object();
}

void write_number(lua_State* lua, int index, JsonWriter& writer) {
  if (lua_isinteger(lua, index) != 0) {
    writer.put(static_cast<std::int64_t>(lua_tointeger(lua, index)));
    return;
  }
  const double number = lua_tonumber(lua, index);
  if (!std::isfinite(number)) luaL_error(lua, "a number is not finite");
  lua_Integer whole = 0;
  // 5.0 becomes 5: a calculation such as 10 / 2 results in it.
  if (lua_numbertointeger(number, &whole) && static_cast<double>(whole) == number)
    writer.put(static_cast<std::int64_t>(whole));
  else
    writer.put_raw(fmt::format("{:.17g}", number));
}

void write(lua_State* lua, int index, JsonWriter& writer, int depth) {
  if (depth > kMaxScriptDepth) luaL_error(lua, "a table is nested too deeply, or contains itself");
  luaL_checkstack(lua, 8, nullptr);
  switch (lua_type(lua, index)) {
    case LUA_TBOOLEAN: writer.put(lua_toboolean(lua, index) != 0); return;
    case LUA_TNUMBER: write_number(lua, index, writer); return;
    case LUA_TSTRING: {
      std::size_t size = 0;
      const char* text = lua_tolstring(lua, index, &size);
      writer.put(std::string_view(text, size));
      return;
    }
    case LUA_TTABLE:
      is_array(lua, index) ? write_array(lua, index, writer, depth)
                           : write_object(lua, index, writer, depth);
      return;
    case LUA_TUSERDATA:
      if (luaL_testudata(lua, index, kNull) != nullptr) {
        writer.put(nullptr);
        return;
      }
      [[fallthrough]];
    default: luaL_error(lua, "a %s is no value of JSON", luaL_typename(lua, index));
  }
}

}  // namespace

void push_null(lua_State* lua) {
  if (lua_getfield(lua, LUA_REGISTRYINDEX, "zinit.the_null") != LUA_TNIL) return;
  lua_pop(lua, 1);
  lua_newuserdatauv(lua, 1, 0);
  luaL_newmetatable(lua, kNull);
  lua_pushcfunction(lua, [](lua_State* of) {
    lua_pushliteral(of, "null");
    return 1;
  });
  lua_setfield(lua, -2, "__tostring");
  lua_setmetatable(lua, -2);
  lua_pushvalue(lua, -1);
  lua_setfield(lua, LUA_REGISTRYINDEX, "zinit.the_null");
}

void as_array(lua_State* lua, int index) {
  const int at = lua_absindex(lua, index);
  luaL_newmetatable(lua, kArray);
  lua_setmetatable(lua, at);
}

void push_json(lua_State* lua, const JsonValue& value, int depth) {
  if (depth > kMaxScriptDepth) luaL_error(lua, "the answer is nested too deeply");
  luaL_checkstack(lua, 8, nullptr);
  if (value.IsObject()) {
    lua_createtable(lua, 0, static_cast<int>(value.MemberCount()));
    for (const auto& member : value.GetObject()) {
      push_json(lua, member.value, depth + 1);
      lua_setfield(lua, -2, member.name.GetString());
    }
  } else if (value.IsArray()) {
    lua_createtable(lua, static_cast<int>(value.Size()), 0);
    lua_Integer at = 0;
    for (const JsonValue& element : value.GetArray()) {
      push_json(lua, element, depth + 1);
      lua_rawseti(lua, -2, ++at);
    }
    as_array(lua, -1);
  } else if (value.IsString()) {
    lua_pushlstring(lua, value.GetString(), value.GetStringLength());
  } else if (value.IsInt64()) {
    lua_pushinteger(lua, value.GetInt64());
  } else if (value.IsNumber()) {
    lua_pushnumber(lua, value.GetDouble());
  } else if (value.IsBool()) {
    lua_pushboolean(lua, value.GetBool() ? 1 : 0);
  } else {
    push_null(lua);
  }
}

std::string json_of_lua(lua_State* lua, int index) {
  JsonWriter writer;
  write(lua, lua_absindex(lua, index), writer, 0);
  return writer.take();
}

}  // namespace zinit
