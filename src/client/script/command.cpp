// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Commands that scripts run without a shell: see functions.hpp.
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "base/fd.hpp"
#include "client/script/functions.hpp"
#include "model/reason.hpp"
#include "os/process.hpp"

namespace zinit {

namespace {

// The most bytes that a command may write.
constexpr std::size_t kMostOutput = std::size_t{64} << 20;

[[noreturn]] void fail_call(const Error& error) {
  throw ClientError(ErrorCode::system_failure, error.text);
}

Pipe pipe_for_command() {
  auto made = make_pipe();
  if (!made) fail_call(made.error());
  return *std::move(made);
}

/// The rest of --timeout. If there is none, kills all commands of the script and throws.
std::optional<Milliseconds> time_left(const VerbContext& context) {
  const auto left = context.time_left();
  if (!left || left->count() > 0) return left;
  kill_commands();
  throw ClientError(ErrorCode::no_answer, kTimeIsOver);
}

/// Waits until a descriptor is ready, or until --timeout.
void await(const VerbContext& context, std::span<pollfd> descriptors) {
  const auto left = time_left(context);
  constexpr Milliseconds most{INT_MAX};
  if (::poll(descriptors.data(), descriptors.size(),
             left ? static_cast<int>(std::min(*left, most).count()) : -1) < 0 &&
      errno != EINTR)
    fail_call(sys_failure("wait for", "the command").value());
}

/// A running command. The destructor kills it unless wait() has seen its end.
class ScriptCommand {
 public:
  /// Starts the command with `in` and `out` as standard streams, if they are open.
  ScriptCommand(const VerbContext& context, std::vector<std::string> words, const UniqueFd& in,
                const UniqueFd& out)
      : context_(context) {
    (void)time_left(context);
    std::fflush(stdout);  // before the command prints
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    if (in) ::posix_spawn_file_actions_adddup2(&actions, in.get(), STDIN_FILENO);
    if (out) ::posix_spawn_file_actions_adddup2(&actions, out.get(), STDOUT_FILENO);
    const int fault = ::posix_spawnp(&pid_, argv[0], &actions, nullptr, argv.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    if (fault != 0) fail_call(sys_failure("execute", words.front(), fault).value());
  }
  ~ScriptCommand() {
    if (pid_ < 0) return;
    ::kill(pid_, SIGKILL);
    (void)reap();
  }
  ScriptCommand& operator=(ScriptCommand&&) = delete;

  /// Waits for the end of the command. Returns its status in the form of waitpid(2).
  int wait() {
    const UniqueFd ended = open_pidfd(pid_);
    pollfd end{ended ? ended.get() : -1, POLLIN, 0};
    while (ended && end.revents == 0) await(context_, {&end, 1});
    return reap();
  }

 private:
  int reap() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) continue;
    pid_ = -1;
    return status;
  }

  const VerbContext& context_;
  pid_t pid_ = -1;
};

/// Writes `input` to one pipe and reads all of the other at the same time.
std::string exchange_bytes(const VerbContext& context, UniqueFd to, const std::string& input,
                           const UniqueFd& from) {
  std::string output;
  std::size_t written = 0;
  if (to) ::fcntl(to.get(), F_SETFL, O_NONBLOCK);
  while (true) {
    if (to && written == input.size()) to.reset();
    pollfd ready[2] = {{from.get(), POLLIN, 0}, {to ? to.get() : -1, POLLOUT, 0}};
    await(context, ready);
    if (ready[1].revents != 0) {
      const ssize_t sent = ::write(to.get(), input.data() + written, input.size() - written);
      if (sent > 0) written += static_cast<std::size_t>(sent);
      if (sent < 0 && errno != EAGAIN && errno != EINTR) to.reset();  // it reads no more
    }
    if (ready[0].revents == 0) continue;
    char buffer[65536];
    const ssize_t got = ::read(from.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return output;
    output.append(buffer, static_cast<std::size_t>(got));
    if (output.size() > kMostOutput)
      throw ClientError(ErrorCode::system_failure, "the command has written more than 64 MiB");
  }
}

/// Ignores SIGPIPE while it exists, so that a command that does not read its input ends no script.
class NoBrokenPipe {
 public:
  NoBrokenPipe() { before_ = ::signal(SIGPIPE, SIG_IGN); }
  ~NoBrokenPipe() { ::signal(SIGPIPE, before_); }
  NoBrokenPipe& operator=(NoBrokenPipe&&) = delete;

 private:
  void (*before_)(int);
};

}  // namespace

int spawn_command(lua_State* lua, VerbContext& context) {
  std::vector<std::string> words;
  const lua_Unsigned count = lua_istable(lua, 1) ? lua_rawlen(lua, 1) : 0;
  for (lua_Unsigned i = 1; i <= count; ++i) {
    lua_rawgeti(lua, 1, static_cast<lua_Integer>(i));
    std::size_t size = 0;
    const char* const word = lua_tolstring(lua, -1, &size);
    if (word == nullptr) break;
    words.emplace_back(word, size);
    lua_pop(lua, 1);
  }
  if (words.empty() || words.size() < count)
    throw ClientError(ErrorCode::invalid_params,
                      R"(spawn needs the words of a command, such as {"ls", "-l"})");
  std::string input;
  const bool has_input = lua_istable(lua, 2) && lua_getfield(lua, 2, "input") == LUA_TSTRING;
  if (has_input) {
    std::size_t size = 0;
    const char* text = lua_tolstring(lua, -1, &size);
    input.assign(text, size);
  }
  Pipe out = pipe_for_command();
  Pipe in = has_input ? pipe_for_command() : Pipe();
  ScriptCommand command(context, std::move(words), in.read, out.write);
  in.read.reset();
  out.write.reset();
  std::string output;
  {
    const NoBrokenPipe here;  // only here, not in the command
    output = exchange_bytes(context, std::move(in.write), input, out.read);
  }
  const int status = command.wait();
  lua_createtable(lua, 0, 2);
  lua_pushlstring(lua, output.data(), output.size());
  lua_setfield(lua, -2, "out");
  if (WIFEXITED(status)) {
    lua_pushinteger(lua, WEXITSTATUS(status));
    lua_setfield(lua, -2, "code");
  } else {
    lua_pushstring(lua, std::string(signal_name(WTERMSIG(status))).c_str());
    lua_setfield(lua, -2, "signal");
  }
  return 1;
}

int execute_line(lua_State* lua, VerbContext& context) {
  if (lua_isnoneornil(lua, 1)) {
    lua_pushboolean(lua, 1);  // there is a shell
    return 1;
  }
  ScriptCommand command(context, {"/bin/sh", "-c", luaL_checkstring(lua, 1)}, {}, {});
  const int status = command.wait();
  errno = 0;  // else luaL_execresult() takes it for the command's fault
  return luaL_execresult(lua, status);
}

std::vector<pid_t> stop_commands() {
  // A killed process no longer leads to its children, so all are stopped first. A child that was
  // made meanwhile is found by the next look. What has ended is left out: as soon as the script has
  // waited for it, its pid may be another process's.
  std::set<pid_t> family;
  for (std::size_t before = 1; before != family.size();) {
    before = family.size();
    const auto all = all_processes();
    if (!all) break;
    for (const ProcessStat& process : *all)
      if (process.state != 'Z' &&
          (process.ppid == ::getpid() || family.contains(process.ppid)) &&
          family.insert(process.pid).second)
        ::kill(process.pid, SIGSTOP);
  }
  return {family.begin(), family.end()};
}

void kill_commands() {
  for (const pid_t pid : stop_commands()) ::kill(pid, SIGKILL);
}

}  // namespace zinit
