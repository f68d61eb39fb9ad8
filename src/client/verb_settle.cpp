// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinitctl start, stop, restart and wait: sends the requests for all services first, then prints
// each result, in the order of the names; `wait` in the order of the answers.
//
// If the client is interrupted while it waits, the server continues with the requests.
#include <algorithm>
#include <optional>
#include <span>
#include <vector>

#include "base/format.hpp"
#include "base/lists.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "client/context.hpp"
#include "client/first_second.hpp"
#include "client/libzinit/connection.hpp"
#include "client/libzinit/json.hpp"
#include "client/libzinit/read_answers.hpp"
#include "client/others.hpp"
#include "client/progress.hpp"
#include "client/question.hpp"
#include "client/settle_reloaded.hpp"
#include "client/words.hpp"
#include "config/directory.hpp"

namespace zinit {

namespace {

// How long the words about a changed file may take.
constexpr Milliseconds kForWords{1000};

/// What differs between the verbs.
struct SettleVerb {
  const char* method;
  bool (*succeeded)(const ServiceStatus&);
  bool starts = false;      // it starts services
  std::string wait_for{};   // the state that `wait` waits for
  bool may_check = false;   // commands such as check_exec may run first, for a long time
  bool if_running = false;  // do not start services that are down
};

bool any_state(const ServiceStatus&) { return true; }

/// A service that another request has stopped meanwhile has not failed.
bool is_as_wanted(const ServiceStatus& status) {
  return is_started(status) || status.state == "inactive";
}

/// Whether it is wanted up, and was started since that time or will be.
bool is_on_its_way(const ServiceStatus& status, std::int64_t since_us) {
  if (status.wish != "up") return false;
  return status.last_start_us >= since_us || status.state == "blocked" ||
         status.state == "starting" || status.state == "stopping" || status.state == "failed";
}

/// A request to the server.
struct Asked {
  std::string name;
  std::int64_t at_us = 0;  // wall time when it was first sent; 0: not yet
  std::uint64_t request = 0;
  std::string answer{};  // the status, if it was known without a request
};

/// Why a service is not as the verb wants it. A stop is not at fault for a later start.
std::string fault_of(const SettleVerb& verb, const ServiceStatus& status) {
  const bool restarted =
      verb.succeeded == is_down && status.wish == "up" && status.state != "failed";
  return restarted ? state_phrase(status) + " again, because it was started meanwhile"
                   : fault_words(status);
}

/// "[+] web is running, pid 412". A stop that has killed the service, or the rest of its group,
/// says so, also as a part of a restart: "[.] web stopped after 10.0 s: killed because ...
/// (SIGKILL)"
/// @param stop_us  wall time when the stop or restart was asked for; 0: neither was
std::string outcome_line(const Terminal& terminal, const ServiceStatus& status,
                         std::int64_t stop_us) {
  const auto symbol = terminal.paint(state_colour(status.state), symbol_of(status.state));
  std::string text = fmt::format("{} {} {}", symbol, printable(status.name), state_phrase(status));
  if (status.pid) text += fmt::format(", pid {}", *status.pid);
  const std::int64_t took_us = status.last_stop_us.value_or(0) - stop_us;
  const bool was_stopped = stop_us != 0 && took_us > 0 && status.last_exit;
  if (was_stopped && !status.last_exit->detail.empty())
    text += fmt::format("{} after {}: {}", is_down(status) ? "" : ", its last process ended",
                        us_text(took_us), exit_words(*status.last_exit));
  if (const std::string cause = state_cause(status); !cause.empty()) text += ": " + cause;
  return text + "\n";
}

/// Sends a request.
void ask(VerbContext& context, const SettleVerb& verb, const char* method, bool waits,
         Asked& asked) {
  JsonParams params = named(asked.name).add_given("for", verb.wait_for);
  if (waits && verb.wait_for.empty()) params.add("wait", true);
  const auto left = context.time_left();
  if (waits && left) params.add("timeout_ms", left->count());
  if (verb.if_running && method == verb.method) params.add("if_running", true);
  if (context.arguments.has("no-check") && method == verb.method) params.add("check", false);
  if (asked.at_us == 0) asked.at_us = wall_us();
  asked.answer.clear();
  asked.request = context.client().request(method, params.text());
}

/// The status of a service that must be started or restarted, if the server has begun with that
/// since the request. Server and client use the same machine's clock.
std::optional<std::string> begun(VerbContext& context, const Asked& asked) try {
  std::string text = context.client().call("service.status_full", named(asked.name).text());
  const ServiceStatus status = ServiceStatus::parse(text);
  if (status.last_start_us >= asked.at_us || status.last_stop_us >= asked.at_us ||
      (status.state == "stopping" && status.since_us >= asked.at_us))
    return text;
  return std::nullopt;
} catch (const ClientError& error) {
  if (error.code() > 0) throw;
  return std::nullopt;  // no such service any more; the request will get the same error
}

/// Repeats a request whose answer was lost with the connection, so that its outcome is unknown.
/// Waiting or stopping twice has no other effect. A start or restart that was begun is not
/// repeated, because it would start the process twice: its outcome is the answer; while it is under
/// way, a request to start waits for it.
void ask_again(VerbContext& context, const SettleVerb& verb, bool waits, Asked& asked) {
  const auto status = verb.starts ? begun(context, asked) : std::nullopt;
  if (!status) return ask(context, verb, verb.method, waits, asked);
  if (is_at_rest(ServiceStatus::parse(*status)))
    asked.answer = *status;
  else
    ask(context, verb, "service.start", waits, asked);
}

/// How the file of a service, or a drop-in, differs from what the server has read. The server may
/// be busy with other files: then it does not say what a reload would do.
std::string change_words(VerbContext& context, const ServiceStatus& status) {
  const std::string& file = changed_file(status);
  JsonParams params;
  params.add("dry_run", true).add_given("only", std::vector{status.name});
  try {
    const std::uint64_t request = context.client().request("service.reload", params.text());
    const auto report = parse_as<ReloadReport>(context.client().answer(request, kForWords));
    if (contains(report.removed, status.name))
      return fmt::format("{} {}; `zinitctl reload` would stop and remove it", file,
                         is_mask(file) ? "masks it" : "is gone");
  } catch (const ClientError& error) {
    if (error.code() == ErrorCode::disconnected) throw;
  }
  return fmt::format(
      "{} has changed since it was read; `zinitctl reload --only {}` applies the change", file,
      status.name);
}

/// Reads the answer to one request. Prints it, or, with --json, adds it to `json`. Adds the status
/// to `good_ones` if the request succeeded. Returns the exit status.
int finish(VerbContext& context, Progress& progress, const SettleVerb& verb, const Asked& asked,
           bool waits, std::string& json, Others& others, std::vector<ServiceStatus>& good_ones) {
  try {
    const bool as_long_as_it_takes = waits || verb.may_check;
    const auto limit = as_long_as_it_takes ? with_grace(context.time_left()) : context.patience();
    const std::string answer =
        asked.answer.empty() ? progress.answer(asked.request, limit, asked.name) : asked.answer;
    json.append(json.empty() ? "" : ",").append(answer);
    const JsonDocument document = parse_json(answer);
    const ServiceStatus status = read_as<ServiceStatus>(document);
    others.add(document);
    // A request that did nothing reports no other services.
    const bool untouched = verb.if_running && !document.HasMember("also_started");
    const bool good = !waits || untouched || verb.succeeded(status);
    if (verb.starts && !untouched && status.changed_on_disk.value_or(false))
      context.warn(asked.name, change_words(context, status));
    else if (verb.starts && !untouched && !status.refused.empty())
      context.warn(asked.name, fmt::format("has its earlier config, because its changed file was "
                                           "refused: {}",
                                           status.refused.front()));
    const std::string_view method = verb.method;
    const bool stops = method == "service.stop" || method == "service.restart";
    if (good && !context.json())
      context.print(outcome_line(context.terminal(), status, stops ? asked.at_us : 0));
    if (verb.starts && !context.json())
      for (const std::string& warning : status.without_effect)
        context.print(fmt::format("warning: {}\n", warning_words(warning)));
    if (good) good_ones.push_back(status);
    // Written at once, because the next answer may take long.
    context.flush();
    return good ? int{ExitStatus::done}
                : context.fail(ExitStatus::failed, asked.name, fault_of(verb, status));
  } catch (const ClientError& error) {
    // Positive codes are the library's own: no more answers will come. An error of the server is
    // about this service only.
    if (error.code() > 0) throw;
    return context.fail(error, asked.name);
  }
}

/// Waits for the next answer, and moves its request to `next`, the first place without an answer.
void take_first(VerbContext& context, Progress& progress, std::vector<Asked>& all,
                std::size_t next) {
  const auto limit = with_grace(context.time_left());
  const std::uint64_t first = progress.first_answered(limit, all[next].name);
  const auto waiting = std::span(all).subspan(next);
  const auto at = std::ranges::find(waiting, first, &Asked::request);
  if (at != waiting.end()) std::swap(waiting.front(), *at);
}

/// Watches these services for a second. If `before`, the exit status so far, is a failure, that is
/// the result.
int first_second(VerbContext& context, const std::vector<ServiceStatus>& good_ones, int before) {
  context.flush();
  const int ended =
      context.over_reexecutions([&] { return watch_first_second(context, good_ones); });
  return before == ExitStatus::done ? ended : before;
}

/// Returns the exit status of the first service that failed. Such a failure ends `wait`, because it
/// cannot succeed any more.
int settle(VerbContext& context, const SettleVerb& verb) {
  const bool waits = !context.arguments.has("no-wait");
  const bool is_wait = !verb.wait_for.empty();
  if (verb.succeeded == is_down || verb.may_check)
    ask_before_all(context, verb.may_check ? "restarts" : "stops");
  int first = ExitStatus::done;
  std::string json;
  std::vector<Asked> all;
  std::size_t finished = 0;  // number of finished requests
  Others others;
  std::vector<ServiceStatus> good_ones;
  Progress progress(context, !is_wait);
  context.over_reexecutions([&] {
    if (all.empty())
      for (std::string& name : context.names()) all.push_back({std::move(name)});
    for (Asked& asked : std::span(all).subspan(finished))
      asked.at_us == 0 ? ask(context, verb, verb.method, waits, asked)
                       : ask_again(context, verb, waits, asked);
    while (finished < all.size()) {
      if (is_wait) take_first(context, progress, all, finished);
      const int status =
          finish(context, progress, verb, all[finished], waits, json, others, good_ones);
      if (first == ExitStatus::done) first = status;
      context.answered();
      // A timeout ends the time of all requests, so the others are read too.
      const bool ends = is_wait && first != ExitStatus::done && first != ExitStatus::timeout;
      finished = ends ? all.size() : finished + 1;
    }
  });
  for (const Asked& asked : all) others.leave_out(asked.name);
  if (context.json()) {
    if (!json.empty()) context.print_json("[" + json + "]");
    return first;
  }
  context.print(others.text(context.terminal()));
  if (!verb.starts || !waits || !context.terminal().is_terminal) return first;
  return first_second(context, good_ones, first);
}

/// Nothing if the service was removed meanwhile.
std::optional<ServiceStatus> status_unless_removed(VerbContext& context,
                                                   const std::string& name) try {
  return context.client().status_full(name);
} catch (const ClientError& error) {
  if (error.code() != ErrorCode::service_not_found) throw;
  return std::nullopt;
}

}  // namespace

int settle_reloaded(VerbContext& context, const ReloadReport& report, std::int64_t began_us,
                    std::string& json) {
  const SettleVerb verb{"service.wait", is_as_wanted, false, "settled"};
  Progress progress(context);
  Others others;
  std::vector<ServiceStatus> good_ones;
  std::string ends;
  std::vector<std::string> names = report.added;
  names.insert(names.end(), report.changed.begin(), report.changed.end());
  for (const std::string& name : report.restarted) add_once(names, name);
  const std::size_t reported = names.size();
  int first = ExitStatus::done;
  // Those that require a service come up with it: they are added behind it.
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string name = names[i];
    const int status = context.over_reexecutions([&] {
      const auto there = status_unless_removed(context, name);
      if (!there) return int{ExitStatus::done};
      const ServiceStatus& now = *there;
      if (!is_on_its_way(now, began_us) || (i >= reported && now.since_us < began_us))
        return int{ExitStatus::done};
      for (const std::string& dependent : now.required_by) add_once(names, dependent);
      Asked asked{name};
      ask(context, verb, verb.method, true, asked);
      return finish(context, progress, verb, asked, true, ends, others, good_ones);
    });
    if (first == ExitStatus::done) first = status;
  }
  json.replace(json.size() - 1, 1, fmt::format(R"(,"settled":[{}]}})", ends));
  return first_second(context, good_ones, first);
}

int run_start(VerbContext& context) { return settle(context, {"service.start", is_started, true}); }
int run_restart(VerbContext& context) {
  return settle(context, {"service.restart", is_started, true, {}, true});
}
int run_try_restart(VerbContext& context) {
  const auto fits = [](const ServiceStatus& status) {
    return is_started(status) || is_down(status);
  };
  return settle(context, {"service.restart", fits, true, {}, true, true});
}
int run_stop(VerbContext& context) { return settle(context, {"service.stop", is_down}); }

int run_wait(VerbContext& context) {
  const std::string state =
      context.arguments.has("for") ? context.arguments.value("for") : "running";
  if (state != "running" && state != "exited" && state != "failed" && state != "stopped")
    throw VerbFailure{ExitStatus::usage, "--for is running, exited, failed or stopped"};
  return settle(context, {"service.wait", any_state, false, state});
}

}  // namespace zinit
