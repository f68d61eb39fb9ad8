// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Values of Lua as JSON, and back. A table is an array if its keys are 1 to n, or if it came from
// an array or as_array(). Any other empty table is an object. push_null() pushes the null of JSON.
//
// Lua is compiled as C++ (liblua5.4-c++): its errors are exceptions, so destructors run.
#pragma once

#include <string>

#include "base/json.hpp"
#include "client/script/lua.hpp"

namespace zinit {

/// Pushes the value that stands for null. It is not nil, which a table cannot hold.
void push_null(lua_State* lua);

/// Marks the table at `index` as an array.
void as_array(lua_State* lua, int index);

/// Pushes a value. Raises an error of Lua if it is nested deeper than kMaxScriptDepth.
void push_json(lua_State* lua, const JsonValue& value, int depth = 0);

/// The value at `index` as JSON text. Raises an error of Lua for a value that JSON cannot have:
/// functions, keys that are not strings, numbers that are not finite, tables nested deeper than
/// kMaxScriptDepth.
[[nodiscard]] std::string json_of_lua(lua_State* lua, int index);

inline constexpr int kMaxScriptDepth = 100;

}  // namespace zinit
