// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Shared declarations of the C++ functions in the library of scripts.
#pragma once

#include <exception>
#include <string>

#include "client/context.hpp"
#include "client/libzinit/json.hpp"
#include "client/script/lua.hpp"
#include "client/script/lua_json.hpp"

namespace zinit {

inline constexpr const char* kTimeIsOver = "the time of --timeout is over";

/// Pushes an error: a table with code, message, data (JSON text, may be empty) and the place in the
/// script. It prints as a sentence.
void push_error(lua_State* lua, int code, const std::string& message, const std::string& data);

/// If the time of --timeout is over, each further instruction of the script is an error.
void stop_late_script(lua_State* lua, const VerbContext& context);

/// Makes a function of Lua from one that may throw: an exception becomes an error of Lua.
template <int (*function)(lua_State*, VerbContext&)>
int guarded(lua_State* lua) {
  auto& context = *static_cast<VerbContext*>(lua_touserdata(lua, lua_upvalueindex(1)));
  try {
    return function(lua, context);
  } catch (const ClientError& error) {
    push_error(lua, error.code(), error_words(error), error.data());
  } catch (const VerbFailure& failure) {
    push_error(lua, ErrorCode::invalid_params, failure.why, {});
  } catch (const std::exception& error) {
    push_error(lua, ErrorCode::system_failure, error.what(), {});
  }
  stop_late_script(lua, context);
  return lua_error(lua);
}

// following.cpp: follow(kind, names, lines), and next(following, limit), which returns the next
// line or event, or nil if none has come within the limit.
int follow(lua_State* lua, VerbContext& context);
int next_followed(lua_State* lua, VerbContext& context);

// command.cpp: spawn(argv, {input=}) runs a command to its end and returns {code=, signal=, out=}.
int spawn_command(lua_State* lua, VerbContext& context);
// execute(line) is os.execute(), for which Lua calls system(3): that ignores SIGINT while it waits.
int execute_line(lua_State* lua, VerbContext& context);

/// Stops all processes that descend from this one, and returns their pids. Any thread.
std::vector<pid_t> stop_commands();
/// Kills them. Any thread.
void kill_commands();

}  // namespace zinit
