// The functions in C++ that the library of scripts is made of: see script.hpp.
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <deque>
#include <map>

#include "base/fd.hpp"
#include "base/format.hpp"
#include "base/text.hpp"
#include "client/libzinit/json.hpp"
#include "client/named_key.hpp"
#include "client/reports.hpp"
#include "client/script/lua_json.hpp"
#include "client/script/script.hpp"
#include "client/times.hpp"
#include "client/words.hpp"
#include "config/spec_reader.hpp"
#include "config/value_text.hpp"
#include "model/reason.hpp"

namespace zinit {

namespace {

// How much a command that spawn() runs may write.
constexpr std::size_t kMostOutput = std::size_t{64} << 20;
// How many lines or events wait for a script that follows and does not look.
constexpr std::size_t kMostWaiting = 10000;

constexpr const char* kOver = "the time of --timeout is over";

constexpr const char* kError = "zinit.error";
constexpr const char* kFollowing = "zinit.following";

// --- errors --------------------------------------------------------------------------------------

/// "FILE:LINE: " of the script's own line that runs; empty if there is none.
std::string place_in_script(lua_State* lua) {
  lua_Debug frame;
  for (int level = 1; lua_getstack(lua, level, &frame) != 0; ++level) {
    lua_getinfo(lua, "Sl", &frame);
    if (frame.currentline > 0 && std::string_view(frame.source) != "=zinit")
      return fmt::format("{}:{}: ", frame.short_src, frame.currentline);
  }
  return {};
}

/// Pushes an error: a table with code, message, data and the place, which prints as a sentence.
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

/// A function of Lua of one that may throw: what it throws becomes an error of Lua.
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
  return lua_error(lua);
}

[[noreturn]] void wrong(const std::string& why) {
  throw ClientError(ErrorCode::invalid_params, why);
}

// --- calls ---------------------------------------------------------------------------------------

/// Whether a call may be made again whose answer was lost: it changes nothing, or asks for a state.
bool may_repeat(std::string_view method) {
  constexpr std::array<std::string_view, 3> changes = {"system.", "service.", "xinet."};
  constexpr std::array<std::string_view, 15> good = {
      "system.ping",  "system.info",    "system.bootchart",  "system.timers",
      "service.list", "service.status", "service.list_full", "service.status_full",
      "service.why",  "service.tree",   "service.get",       "service.stats",
      "service.wait", "service.start",  "service.stop"};
  const auto in = [&](const auto& list) { return std::ranges::find(list, method) != list.end(); };
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

/// settle(method, params, waits): a start, stop or restart, whose failure is an error.
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

// --- following -----------------------------------------------------------------------------------

/// What a script follows: lines of logs, or changes of state.
struct Following {
  bool logs = false;
  std::string names;        // JSON
  std::uint32_t lines = 0;  // how many of those before come first
  unsigned connection = 0;  // that it is subscribed on; 0: none
  std::deque<std::string> waiting{};
  std::size_t dropped = 0;
  // Of each log, or under "" of all events: the last number, and whether what has that number or a
  // lower one is known already.
  std::map<std::string, std::pair<std::uint64_t, bool>> last{};

  void take(const std::string& text) {
    const JsonDocument params = parse_json(text);
    const std::string log = logs ? json_string(params, "service") : std::string();
    if (const std::uint64_t seq = json_count(params, "seq"); seq > 0) {
      auto& [number, known] = last[log];
      if (known && seq <= number) return;
      known = false;
      number = seq;
    }
    if (waiting.size() < kMostWaiting)
      waiting.push_back(text);
    else
      ++dropped;
  }
};
using FollowingPtr = std::shared_ptr<Following>;

/// Subscribes, on a new connection once more: what came between the two comes first.
void subscribe(VerbContext& context, const FollowingPtr& following) {
  Client& client = context.client();
  if (following->connection == context.connections()) return;
  const bool again = following->connection != 0;
  for (auto& [log, last] : following->last) last.second = again;
  following->connection = context.connections();
  JsonParams params;
  params.add_json("names", following->names);
  const std::uint32_t lines = again ? kAllLines : following->lines;
  if (following->logs) params.add("lines", lines);
  client.subscribe(
      following->logs ? "logs.subscribe" : "events.subscribe", params.text(),
      [following](std::string_view, const std::string& text) { following->take(text); });
  if (following->logs || lines == 0) return;
  const JsonDocument events =
      parse_json(client.call("events.get", params.add("lines", lines).text()));
  json_expect_array(events, "events");
  following->last[""].second = true;
  for (const JsonValue& event : events.GetArray()) following->take(json_text(event));
}

/// follow(kind, names, lines)
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

/// next(following, limit): what comes next; nil if nothing has come within the limit.
int next(lua_State* lua, VerbContext& context) {
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
      throw ClientError(ErrorCode::no_answer, std::string(kOver));
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

// --- service files -------------------------------------------------------------------------------

/// document(keys): the sections of a service file, of a table of keys, of sections, or of both.
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
    const bool is_section = std::ranges::find(sections, name) != sections.end();
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

/// check(sections): an error with all that is wrong.
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

// --- what Lua lacks ------------------------------------------------------------------------------

/// ms(time): milliseconds of seconds, or of a text such as "2m"; nil of nil.
int ms(lua_State* lua, VerbContext&) {
  if (lua_isnoneornil(lua, 1)) return 0;
  std::size_t size = 0;
  const char* text = luaL_tolstring(lua, 1, &size);
  const auto time = given_time(std::string(text, size));
  if (!time || time->count() < 0) wrong(fmt::format("{} is no time", text));
  lua_pushinteger(lua, time->count());
  return 1;
}

/// since(time): microseconds since 1970 of a text as --since has it, or of seconds since 1970.
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
  const double seconds = std::clamp(luaL_checknumber(lua, 1), 0.0, 1e9);
  const auto wanted =
      std::chrono::duration_cast<Milliseconds>(std::chrono::duration<double>(seconds));
  const auto left = context.time_left();
  const Milliseconds time = left ? std::min(*left, wanted) : wanted;
  const timespec until{time.count() / 1000, time.count() % 1000 * 1000000};
  timespec rest = until;
  while (::clock_nanosleep(CLOCK_MONOTONIC, 0, &rest, &rest) == EINTR) continue;
  if (time < wanted) throw ClientError(ErrorCode::no_answer, std::string(kOver));
  return 0;
}

int array(lua_State* lua, VerbContext&) {
  luaL_checktype(lua, 1, LUA_TTABLE);
  lua_settop(lua, 1);
  as_array(lua, 1);
  return 1;
}

[[noreturn]] void fail_errno(int number, const std::string& what) {
  throw ClientError(ErrorCode::system_failure, fmt::format("{}: {}", what, errno_text(number)));
}

/// Both ends of a pipe, which no command inherits.
std::array<UniqueFd, 2> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) fail_errno(errno, "cannot make a pipe");
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

/// Starts the command with `in` as standard input, unless that is none, and `out` as output.
pid_t start(std::vector<std::string>& words, const UniqueFd& in, const UniqueFd& out) {
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  if (in) ::posix_spawn_file_actions_adddup2(&actions, in.get(), STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, out.get(), STDOUT_FILENO);
  pid_t pid = -1;
  const int fault = ::posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (fault != 0) fail_errno(fault, "cannot execute " + words.front());
  return pid;
}

/// Writes `input` to one pipe and reads all of the other, as both go on.
std::string exchange_bytes(UniqueFd to, const std::string& input, const UniqueFd& from) {
  std::string output;
  std::size_t written = 0;
  if (to) ::fcntl(to.get(), F_SETFL, O_NONBLOCK);
  while (true) {
    if (to && written == input.size()) to.reset();
    pollfd ready[2] = {{from.get(), POLLIN, 0}, {to ? to.get() : -1, POLLOUT, 0}};
    if (::poll(ready, 2, -1) < 0 && errno != EINTR) fail_errno(errno, "cannot wait");
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

/// spawn(argv, {input=}): runs a command to its end; {code=, signal=, out=}.
int spawn_command(lua_State* lua, VerbContext&) {
  luaL_checktype(lua, 1, LUA_TTABLE);
  std::vector<std::string> words = json_strings(parse_json(json_of_lua(lua, 1)));
  if (words.empty()) wrong("spawn needs the words of a command");
  std::string input;
  const bool has_input = lua_istable(lua, 2) && lua_getfield(lua, 2, "input") == LUA_TSTRING;
  if (has_input) {
    std::size_t size = 0;
    const char* text = lua_tolstring(lua, -1, &size);
    input.assign(text, size);
  }
  std::fflush(stdout);  // before what the command prints
  ::signal(SIGPIPE, SIG_IGN);
  auto out = make_pipe();
  auto in = has_input ? make_pipe() : std::array<UniqueFd, 2>();
  const pid_t pid = start(words, in[0], out[1]);
  in[0].reset();
  out[1].reset();
  int status = 0;
  std::string output;
  try {
    output = exchange_bytes(std::move(in[1]), input, out[0]);
  } catch (const ClientError&) {
    ::kill(pid, SIGKILL);
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    throw;
  }
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
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

struct Row {
  const char* name;
  lua_CFunction function;
};
constexpr Row kFunctions[] = {
    {"call", guarded<call>},
    {"settle", guarded<settle>},
    {"follow", guarded<follow>},
    {"next", guarded<next>},
    {"document", guarded<document>},
    {"check", guarded<check>},
    {"ms", guarded<ms>},
    {"since", guarded<since>},
    {"matches", guarded<matches_pattern>},
    {"sleep", guarded<sleep_for>},
    {"array", guarded<array>},
    {"spawn", guarded<spawn_command>},
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
