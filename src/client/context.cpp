// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The context of a verb: see context.hpp.
#include "client/context.hpp"

#include <fnmatch.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "base/format.hpp"
#include "base/lists.hpp"
#include "base/text.hpp"
#include "client/libzinit/connection.hpp"
#include "client/libzinit/json.hpp"
#include "client/libzinit/socket_path.hpp"
#include "client/verbs.hpp"

namespace zinit {

namespace {

constexpr Milliseconds kPatience{30000};

// How many connections in a row the server may soon close before the client gives up. A crash of
// the server looks like a re-execution. If the request causes the crash, this limit stays below the
// number of crashes after which the server gives up (behaviour.md).
constexpr int kMostFruitless = 3;
constexpr Milliseconds kSoon{10000};

// These verbs are about the machine, so they need the system's server.
constexpr int (*kOfTheMachine[])(VerbContext&) = {run_poweroff, run_reboot, run_halt, run_kexec,
                                                  run_switch_root};

/// A text in an error's data; empty if there is none.
std::string text_of(const ClientError& error, const char* member) {
  if (error.data().empty()) return {};
  const JsonDocument data = parse_json(error.data());
  if (!data.IsObject()) return {};
  const JsonValue* text = json_member(data, member);
  return text != nullptr && text->IsString() ? json_string(data, member) : std::string();
}

/// The server's hints name methods, but users know verbs: for the service web
/// "service.why" becomes "`zinitctl why web`".
std::string with_verbs(std::string text, const std::string& name) {
  for (const VerbRow& verb : verbs()) {
    for (const std::string_view room : {"service.", "system."}) {
      const std::string method = std::string(room).append(verb.name);
      const auto at = text.find(method);
      if (at == std::string::npos) continue;
      const auto end = at + method.size();
      if (end < text.size() && (text[end] == '_' || std::isalnum(text[end]) != 0)) continue;
      const bool about_one = room == "service." && verb.name != "reload" && !name.empty();
      text.replace(at, method.size(),
                   fmt::format("`zinitctl {}{}{}`", verb.name, about_one ? " " : "",
                               about_one ? name : std::string()));
    }
  }
  return text;
}

/// Hints for errors that the client itself has found.
std::string own_hint(int code) {
  switch (code) {
    case ErrorCode::no_server: return "is zinit running? --socket PATH names another socket";
    case ErrorCode::access_denied:
      return "only root, the server's own user and members of socket_group may";
    case ErrorCode::no_answer: return "--timeout TIME waits longer";
    default: return {};
  }
}

}  // namespace

Client connect_server(const std::string& path, bool systems, std::optional<Milliseconds> limit) {
  const auto connect = [&](const std::string& to) {
    return limit ? Client::connect(to, *limit) : Client::connect(to);
  };
  const char* const named = std::getenv("ZINIT_SOCKET");
  if (!path.empty()) return connect(path);
  if (::geteuid() == 0 || (named != nullptr && *named != '\0'))
    return connect(Client::default_socket());
  if (systems) return connect(kSystemSocket);
  try {
    return connect(Client::default_socket());
  } catch (const ClientError& own) {
    // Another user may have put something in the place of this user's server.
    if (own.code() != ErrorCode::no_server && own.code() != ErrorCode::access_denied) throw;
    std::string tried = own.what();
    for (const std::string& other : other_socket_paths(::geteuid())) {
      try {
        return connect(other);
      } catch (const ClientError& error) {
        if (error.code() != ErrorCode::no_server) throw;
        tried.append("; ").append(error.what());
      }
    }
    throw ClientError(own.code(), tried);
  }
}

int exit_status_of(const ClientError& error) noexcept {
  switch (error.code()) {
    case ErrorCode::service_not_found:
    case ErrorCode::proxy_not_found: return ExitStatus::no_service;
    case ErrorCode::invalid_signal:
    case ErrorCode::invalid_params: return ExitStatus::usage;
    case ErrorCode::no_server:
    case ErrorCode::disconnected: return ExitStatus::no_server;
    case ErrorCode::timeout:
    case ErrorCode::no_answer: return ExitStatus::timeout;
    case ErrorCode::not_permitted:
    case ErrorCode::access_denied: return ExitStatus::not_permitted;
    default: return ExitStatus::failed;
  }
}

std::string error_words(const ClientError& error) {
  std::string words = error.what();
  std::string hint = with_verbs(text_of(error, "hint"), text_of(error, "service"));
  if (hint.empty()) hint = own_hint(error.code());
  if (!hint.empty()) words.append("; ").append(hint);
  return printable(words);
}

VerbContext::VerbContext(const VerbRow& row, Arguments given, Printer& printer,
                         std::optional<Milliseconds> timeout)
    : verb(row),
      arguments(std::move(given)),
      printer_(printer),
      timeout_(timeout),
      deadline_(timeout ? after(Clock::now(), *timeout) : kNever) {}

Client& VerbContext::client() {
  if (!client_) {
    auto left = time_left();
    // The time of a re-execution does not count as the user's time.
    if (left && connected_ != TimePoint{}) left = std::max(*left, kGrace);
    const bool systems = contains(kOfTheMachine, verb.run);
    client_ = connect_server(arguments.value("socket"), systems, left);
    connected_ = Clock::now();
    ++connections_;
    if (left) client_->set_timeout(left);
  }
  return *client_;
}

void VerbContext::reconnect() {
  client_.reset();
  connected_ = {};
  if (timeout_) deadline_ = after(Clock::now(), *timeout_);
}

bool VerbContext::server_goes_on() {
  if (!client_) return false;
  const std::optional<int> server = client_->server_pid();
  client_.reset();
  try {
    // During a re-execution the socket stays open: the connection waits in its backlog. A server
    // that ends may still listen for a moment, but it closes this connection then.
    if (client().server_pid() == server) return true;
  } catch (const ClientError& error) {
    if (error.code() != ErrorCode::no_server) throw;
  }
  client_.reset();
  return false;
}

void VerbContext::connect_again(const ClientError& error) {
  if (error.code() != ErrorCode::disconnected) throw error;
  if (Clock::now() - connected_ >= kSoon) fruitless_ = 0;
  if (++fruitless_ > kMostFruitless || !server_goes_on()) throw error;
  try {
    const std::uint64_t crashes = client().info().crashes.count;
    if (crashes_ == crashes) fruitless_ = 0;  // a re-execution on request, not a crash
    crashes_ = crashes;
  } catch (const ClientError& again) {
    connect_again(again);
  }
}

void VerbContext::tell_gone(const ClientError& error) {
  if (error.code() != ErrorCode::disconnected) throw error;
  throw VerbFailure{ExitStatus::no_server, "the server has gone"};
}

std::optional<Milliseconds> VerbContext::time_left() const {
  if (deadline_ == kNever) return std::nullopt;
  return std::max(std::chrono::ceil<Milliseconds>(deadline_ - Clock::now()), Milliseconds(0));
}

std::string VerbContext::call_patiently(const char* method, const std::string& params) {
  const std::uint64_t request = client().request(method, params);
  return client().answer(request, time_left());
}

Milliseconds VerbContext::patience() const { return time_left().value_or(kPatience); }

void VerbContext::print_json(std::string_view document) {
  print(printable_json(document));
  print("\n");
}

int VerbContext::print_result(std::string_view json_result, std::string_view text) {
  if (results_ && json())
    results_->append(results_->empty() ? "" : ",").append(json_result);
  else
    json() ? print_json(json_result) : print(text);
  return ExitStatus::done;
}

void VerbContext::flush() {
  if (auto written = printer_.flush(); !written) {
    // The reader, such as head(1), has read all that it wants.
    if (written.error().errnum == EPIPE) throw VerbFailure{ExitStatus::done, {}};
    throw VerbFailure{ExitStatus::failed, written.error().text};
  }
}

void VerbContext::follow() {
  answered();
  flush();
  while (client().dispatch(time_left())) flush();
  throw VerbFailure{ExitStatus::timeout, "timed out"};
}

void VerbContext::complain(std::string_view what, std::string_view why) {
  printer_.err(printable(fmt::format("zinitctl: {}: {}", what, why)) + "\n");
}

void VerbContext::warn(std::string_view name, std::string_view why) {
  complain(fmt::format("{}{}{}", verb.name, name.empty() ? "" : " ", name), why);
}

int VerbContext::fail(int status, std::string_view name, std::string_view why) {
  if (status != ExitStatus::done) warn(name, why);
  return status;
}

int VerbContext::fail(const ClientError& error, std::string_view name) {
  std::string why = error_words(error);
  if (error.code() == ErrorCode::service_not_found && text_of(error, "hint").empty()) {
    try {
      const std::vector<std::string> known = client().list();
      if (const auto near = nearest(name, known)) why += fmt::format("; did you mean {}?", *near);
    } catch (const ClientError&) {
      // This is only a suggestion: the error itself is printed anyway.
    }
  }
  const int status = fail(exit_status_of(error), name, why);
  if (error.code() != ErrorCode::process_error || error.data().empty()) return status;
  for (const std::string& line : json_strings(parse_json(error.data()), "messages"))
    printer_.err("    " + printable(line) + "\n");  // output of the command
  return status;
}

int VerbContext::fail_faults(const ClientError& error, std::string_view name) {
  std::vector<std::string> faults;
  if (error.code() == ErrorCode::config_error && !error.data().empty())
    faults = json_strings(parse_json(error.data()), "messages");
  if (faults.empty()) return fail(error, name);
  for (const std::string& fault : faults) warn(name, fault);
  return ExitStatus::failed;
}

std::vector<std::string> VerbContext::names(KnownNames known) {
  std::vector<std::string> found;
  for (const std::string& given : arguments.rest) {
    std::vector<std::string> meant{given};
    if (is_pattern(given)) {
      meant = known ? known() : client().list();
      std::erase_if(meant, [&](const std::string& name) { return !matches(given, name); });
      if (meant.empty())
        throw VerbFailure{ExitStatus::no_service, "no service's name matches", given};
    }
    for (std::string& name : meant) add_once(found, std::move(name));
  }
  return found;
}

int VerbContext::for_each_name(FunctionRef<int(const std::string&)> act, KnownNames known) {
  if (each_.empty()) {
    each_ = names(known);
    const bool several = arguments.rest.size() != 1 || is_pattern(arguments.rest.front());
    if (several) results_.emplace();
  }
  for (; finished_ < each_.size(); ++finished_) {
    const std::string& name = each_[finished_];
    int status = ExitStatus::done;
    try {
      status = act(name);
    } catch (const VerbFailure& failed) {
      status = fail(failed.status, failed.name.empty() ? name : failed.name, failed.why);
    } catch (const ClientError& error) {
      if (error.code() > 0) throw;
      status = fail(error, name);
    }
    if (first_status_ == ExitStatus::done) first_status_ = status;
    answered();
  }
  const auto results = std::exchange(results_, std::nullopt);
  if (results && !results->empty()) print_json("[" + *results + "]");
  return first_status_;
}

std::optional<std::uint32_t> given_lines(const Arguments& arguments, std::uint32_t most) {
  if (!arguments.has("lines")) return std::nullopt;
  const std::string text = arguments.value("lines");
  if (text == "all") return most;
  const auto lines = parse_integer(text);
  if (!lines || *lines < 0)
    throw VerbFailure{ExitStatus::usage,
                      fmt::format("invalid number of lines \"{}\"; use a number or \"all\"", text)};
  return static_cast<std::uint32_t>(std::min<long long>(*lines, most));
}

bool is_pattern(std::string_view name) {
  return name.find_first_of("*?[") != std::string_view::npos;
}

bool matches(const std::string& pattern, const std::string& name) {
  return ::fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
}

}  // namespace zinit
