// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Runs Lua: see script.hpp.
#include "client/script/script.hpp"

#include <cstdio>
#include <cstdlib>

#include "client/script/functions.hpp"

namespace zinit {

namespace {

// Instructions of Lua between two looks at the clock. TimeLimit is for what this cannot end.
constexpr int kInstructions = 100000;

VerbContext& context_of(lua_State* lua) {
  return **static_cast<VerbContext**>(lua_getextraspace(lua));
}

bool is_late(const VerbContext& context) {
  const auto left = context.time_left();
  return left && left->count() <= 0;
}

void look_at_clock(lua_State* lua, lua_Debug* /*frame*/) {
  const VerbContext& context = context_of(lua);
  if (!is_late(context)) return;
  // From now on each instruction is an error, so a loop that catches the first one ends as well.
  stop_late_script(lua, context);
  luaL_error(lua, kTimeIsOver);
}

// The standard library without `package`, which loads shared objects: a static program cannot do
// that. prelude.cpp has `require` for modules in Lua.
constexpr luaL_Reg kLibraries[] = {
    {LUA_GNAME, luaopen_base},       {LUA_COLIBNAME, luaopen_coroutine},
    {LUA_TABLIBNAME, luaopen_table}, {LUA_IOLIBNAME, luaopen_io},
    {LUA_OSLIBNAME, luaopen_os},     {LUA_STRLIBNAME, luaopen_string},
    {LUA_MATHLIBNAME, luaopen_math}, {LUA_UTF8LIBNAME, luaopen_utf8},
    {LUA_DBLIBNAME, luaopen_debug},
};

/// Opens the standard library and zinit's own in a protected call: an error of Lua outside of a
/// protected call would end the program.
int open_all(lua_State* lua) {
  for (const luaL_Reg& library : kLibraries) {
    luaL_requiref(lua, library.name, library.func, 1);
    lua_pop(lua, 1);
  }
  open_library(lua, context_of(lua));
  lua_setglobal(lua, "zinit");
  lua_sethook(lua, look_at_clock, LUA_MASKCOUNT, kInstructions);
  return 0;
}

/// Returns the error on top of the stack as text, and pops it. If a script raises a table of its
/// own, the text is its member `message`.
std::string pop_error(lua_State* lua) {
  if (lua_istable(lua, -1)) {
    if (luaL_getmetafield(lua, -1, "__tostring") != LUA_TNIL)
      lua_pop(lua, 1);
    else if (lua_getfield(lua, -1, "message") == LUA_TSTRING)
      lua_remove(lua, -2);
    else
      lua_pop(lua, 1);
  }
  std::size_t size = 0;
  const char* text = luaL_tolstring(lua, -1, &size);
  std::string words(text, size);
  lua_pop(lua, 2);
  return words;
}

int push_as_json(lua_State* lua) {
  const std::string json = lua_isnil(lua, 1) ? "null" : json_of_lua(lua, 1);
  lua_pushlstring(lua, json.data(), json.size());
  return 1;
}

/// Replaces a table at `index` by its JSON, for a reader, unless it has none or a text of its own.
void show_table(lua_State* lua, int index) {
  if (!lua_istable(lua, index)) return;
  if (luaL_getmetafield(lua, index, "__tostring") != LUA_TNIL) return lua_pop(lua, 1);
  lua_pushcfunction(lua, push_as_json);
  lua_pushvalue(lua, index);
  lua_pcall(lua, 1, 1, 0) == LUA_OK ? lua_replace(lua, index) : lua_pop(lua, 1);
}

}  // namespace

void stop_late_script(lua_State* lua, const VerbContext& context) {
  if (is_late(context)) lua_sethook(lua, look_at_clock, LUA_MASKCOUNT, 1);
}

Script::Script(VerbContext& context) : context_(context), lua_(luaL_newstate()) {
  if (!lua_) throw VerbFailure{ExitStatus::failed, "no memory for Lua"};
  *static_cast<VerbContext**>(lua_getextraspace(lua_.get())) = &context_;
  lua_pushcfunction(lua_.get(), open_all);
  call(0, 0);
}

Script::~Script() = default;

/// Calls the function on the stack. Throws VerbFailure for its error.
void Script::call(int arguments, int results) {
  const bool good = lua_pcall(lua_.get(), arguments, results, 0) == LUA_OK;
  const bool late = is_late(context_);
  if (good && !late) return;
  std::string words = good ? kTimeIsOver : pop_error(lua_.get());
  std::fflush(stdout);
  throw VerbFailure{late ? ExitStatus::timeout : ExitStatus::failed, std::move(words)};
}

void Script::set_arguments(const std::string& name, const std::vector<std::string>& arguments) {
  lua_State* lua = lua_.get();
  lua_createtable(lua, static_cast<int>(arguments.size()), 1);
  lua_pushlstring(lua, name.data(), name.size());
  lua_rawseti(lua, -2, 0);
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    lua_pushlstring(lua, arguments[i].data(), arguments[i].size());
    lua_rawseti(lua, -2, static_cast<lua_Integer>(i) + 1);
  }
  lua_setglobal(lua, "arg");
}

void Script::run_file(const std::string& path) {
  run(luaL_loadfilex(lua_.get(), path.empty() ? nullptr : path.c_str(), "t"));
}

void Script::run_text(const std::string& text, const std::string& name) {
  run(luaL_loadbufferx(lua_.get(), text.data(), text.size(), name.c_str(), "t"));
}

/// Calls the chunk on the stack with the arguments, if it was compiled.
void Script::run(int compiled) {
  lua_State* lua = lua_.get();
  if (compiled != LUA_OK) throw VerbFailure{ExitStatus::failed, pop_error(lua)};
  lua_getglobal(lua, "arg");
  const auto count = static_cast<int>(lua_rawlen(lua, -1));
  luaL_checkstack(lua, count, nullptr);
  for (int i = 1; i <= count; ++i) lua_rawgeti(lua, -i, i);
  lua_remove(lua, -count - 1);
  call(count, 1);
  if (context_.json()) {
    lua_pushcfunction(lua, push_as_json);
    lua_insert(lua, -2);
    call(1, 1);
    context_.print_json(lua_tostring(lua, -1));
  }
  lua_pop(lua, 1);
  std::fflush(stdout);
}

/// Compiles `line`, as an expression if possible, and pushes the function. False if more lines are
/// needed.
bool Script::load_line(std::string& line) {
  lua_State* lua = lua_.get();
  const std::string expression = "return " + line;
  if (luaL_loadbufferx(lua, expression.data(), expression.size(), "=stdin", "t") == LUA_OK)
    return true;
  lua_pop(lua, 1);
  if (luaL_loadbufferx(lua, line.data(), line.size(), "=stdin", "t") == LUA_OK) return true;
  const std::string fault = pop_error(lua);
  if (fault.ends_with("<eof>")) return false;
  throw VerbFailure{ExitStatus::failed, fault};
}

void Script::prompt() {
  lua_State* lua = lua_.get();
  std::string line;
  char* read = nullptr;
  std::size_t room = 0;
  while (true) {
    std::fputs(line.empty() ? "> " : ">> ", stdout);
    std::fflush(stdout);
    const ssize_t size = ::getline(&read, &room, stdin);
    if (size < 0) break;
    line.append(read, static_cast<std::size_t>(size));
    try {
      if (!load_line(line)) continue;
      line.clear();
      call(0, LUA_MULTRET);
      const int values = lua_gettop(lua);
      if (values == 0) continue;
      for (int i = 1; i <= values; ++i) show_table(lua, i);
      lua_getglobal(lua, "print");
      lua_insert(lua, 1);
      call(values, 0);
    } catch (const VerbFailure& failure) {
      line.clear();
      lua_settop(lua, 0);
      context_.warn({}, failure.why);
    }
  }
  std::free(read);
  std::fputs("\n", stdout);
}

}  // namespace zinit
