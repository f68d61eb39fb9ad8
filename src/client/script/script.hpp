// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Lua scripts with zinit's methods: `zinitctl script`. They run in the client.
//
// The functions that a script sees are written in Lua (prelude.cpp). They use a few functions in
// C++ (library.cpp): for calls, for notifications, and for additions to Lua.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "client/context.hpp"
#include "client/script/lua.hpp"

namespace zinit {

/// A state of Lua with its standard library and the table `zinit`. For one thread.
class Script {
 public:
  explicit Script(VerbContext& context);
  ~Script();
  Script& operator=(Script&&) = delete;

  /// Sets `arg`: `name` at 0, and the arguments from 1 on.
  void set_arguments(const std::string& name, const std::vector<std::string>& arguments);

  /// Runs a file, or standard input if `path` is empty; or `text`, which errors call `name`. An
  /// error that the script does not catch is thrown as VerbFailure with its place in the script;
  /// its status is timeout if --timeout was over.
  void run_file(const std::string& path);
  void run_text(const std::string& text, const std::string& name);

  /// Reads lines from standard input, runs each, and prints the values of expressions. An error
  /// ends only its line. Returns at the end of the input.
  void prompt();

 private:
  [[nodiscard]] bool load_line(std::string& line);
  void run(int compiled);
  void call(int arguments, int results);

  VerbContext& context_;
  struct Close {
    void operator()(lua_State* lua) const noexcept { lua_close(lua); }
  };
  std::unique_ptr<lua_State, Close> lua_;
};

/// Pushes the table `zinit`. `context` must outlive the state.
void open_library(lua_State* lua, VerbContext& context);

/// The part of the library that is written in Lua.
[[nodiscard]] const char* prelude() noexcept;

}  // namespace zinit
