// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Errors of scripts: see functions.hpp.
#include "base/format.hpp"
#include "client/script/functions.hpp"

namespace zinit {

namespace {

constexpr const char* kError = "zinit.error";

/// "FILE:LINE: " of the running line of the script itself; empty if there is none.
std::string place_in_script(lua_State* lua) {
  lua_Debug frame;
  for (int level = 1; lua_getstack(lua, level, &frame) != 0; ++level) {
    lua_getinfo(lua, "Sl", &frame);
    if (frame.currentline > 0 && std::string_view(frame.source) != "=zinit")
      return fmt::format("{}:{}: ", frame.short_src, frame.currentline);
  }
  return {};
}

}  // namespace

void push_error(lua_State* lua, int code, const std::string& message, const std::string& data) {
  const std::string place = place_in_script(lua);
  lua_createtable(lua, 0, 4);
  lua_pushinteger(lua, code);
  lua_setfield(lua, -2, "code");
  lua_pushlstring(lua, message.data(), message.size());
  lua_setfield(lua, -2, "message");
  lua_pushlstring(lua, place.data(), place.size());
  lua_setfield(lua, -2, "where");
  if (!data.empty()) {
    push_json(lua, parse_json(data));
    lua_setfield(lua, -2, "data");
  }
  if (luaL_newmetatable(lua, kError) != 0) {
    lua_pushcfunction(lua, [](lua_State* of) {
      lua_getfield(of, 1, "where");
      lua_getfield(of, 1, "message");
      lua_concat(of, 2);
      return 1;
    });
    lua_setfield(lua, -2, "__tostring");
  }
  lua_setmetatable(lua, -2);
}

}  // namespace zinit
