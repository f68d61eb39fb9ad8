// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinitctl kill, isolate, ping, shutdown, poweroff, reboot, halt, kexec, switch-root, reexec and
// debug-state: one call each.

#include "base/format.hpp"
#include "base/lists.hpp"
#include "base/text.hpp"
#include "client/context.hpp"
#include "client/libzinit/connection.hpp"
#include "client/libzinit/json.hpp"
#include "client/libzinit/read_answers.hpp"
#include "client/progress.hpp"
#include "client/question.hpp"
#include "client/times.hpp"
#include "client/words.hpp"
#include "model/reason.hpp"

namespace zinit {

namespace {

/// Waits until the server closes the connection, when all services are down. --at does not wait.
int end_system(VerbContext& context, const char* method, std::string_view what) {
  const std::string time = context.arguments.value("at");
  const std::int64_t now_us = wall_us();
  const auto at_us = shutdown_time(time.empty() ? "now" : time, now_us);
  if (!at_us) throw VerbFailure{ExitStatus::usage, "--at " + at_us.error().text};
  if (*at_us > now_us) {
    const std::string json =
        context.client().call(method, JsonParams().add("at_us", *at_us).text());
    return context.print_result(
        json, fmt::format("{} is due at {}; cancel it with `zinitctl shutdown --cancel`\n", what,
                          date_time(*at_us)));
  }
  context.print_result(context.client().call(method), fmt::format("{} has begun\n", what));
  context.flush();
  if (!context.arguments.has("no-wait")) Progress(context).until_server_ends();
  return ExitStatus::done;
}

/// Waits until all that an isolate has started and stopped is settled. Returns the exit status.
int wait_for_isolation(VerbContext& context, const std::string& target,
                       const Isolation& isolation) {
  Progress progress(context);
  int status = ExitStatus::done;
  std::vector<std::string> names = isolation.stopped;
  names.insert(names.end(), isolation.started.begin(), isolation.started.end());
  add_once(names, target);
  for (const std::string& name : names) {
    JsonParams params = named(name).add("for", "settled");
    if (const auto left = context.time_left()) params.add("timeout_ms", left->count());
    try {
      const auto request = context.client().request("service.wait", params.text());
      const ServiceStatus end =
          ServiceStatus::parse(progress.answer(request, with_grace(context.time_left()), name));
      if (name == target && end.state != "running")
        status = context.fail(ExitStatus::failed, name, fault_words(end));
    } catch (const ClientError& error) {
      if (error.code() > 0) throw;
      if (error.code() == ErrorCode::service_not_found) continue;  // it was removed meanwhile
      status = context.fail(error, name);
    }
  }
  return status;
}

}  // namespace

int run_kill(VerbContext& context) {
  auto& words = context.arguments.rest;
  std::string signal = "SIGTERM";
  if (context.arguments.has("signal")) {
    signal = context.arguments.value("signal");
  } else if (words.size() > 1) {
    // kill(1) takes the signal before the names.
    const bool first = signal_number(words.back()) == 0 && words.front() == upper(words.front());
    const auto at = first ? words.begin() : words.end() - 1;
    signal = *at;
    words.erase(at);
  }
  if (signal_number(signal) == 0) {
    throw VerbFailure{
        ExitStatus::usage,
        fmt::format("unknown signal \"{}\"; use a name such as HUP or SIGHUP, or a number from 1 "
                    "to 64; -s SIGNAL takes several services",
                    signal)};
  }
  ask_before_all(context, "signals");
  return context.for_each_name([&](const std::string& name) {
    JsonParams params = named(name).add("signal", signal);
    params.add("main", context.arguments.has("main"));
    if (context.arguments.has("all")) params.add("all", true);
    return context.print_result(context.client().call("service.kill", params.text()), "");
  });
}

int run_isolate(VerbContext& context) {
  const std::string& target = context.arguments.rest.front();
  // What the server will refuse needs no question.
  if (asks(context) && context.client().status_full(target).kind == "target")
    ask_before(context, {}, up_beside(context, target));
  const std::string json =
      context.client().call("system.isolate", JsonParams().add("target", target).text());
  const Isolation isolation = parse_as<Isolation>(json);
  std::string text;
  const auto add = [&](std::string_view word, const std::vector<std::string>& names) {
    if (!names.empty()) text += fmt::format("{} {}\n", word, printable(join(names, ", ")));
  };
  add("stopping", isolation.stopped);
  add("starting", isolation.started);
  if (text.empty())
    text = fmt::format("nothing to do: only {} and what it needs are running\n", printable(target));
  context.print_result(json, text);
  context.flush();
  if (context.arguments.has("no-wait")) return ExitStatus::done;
  return wait_for_isolation(context, target, isolation);
}

int run_ping(VerbContext& context) {
  const std::string json = context.client().call("system.ping");
  const PingAnswer answer = parse_as<PingAnswer>(json);
  return context.print_result(
      json, fmt::format("zinit {}, pid {}\n", printable(answer.version), answer.pid));
}

int run_shutdown(VerbContext& context) {
  if (context.arguments.has("cancel")) {
    const std::string json = context.client().call("system.cancel_shutdown");
    const bool cancelled = json_bool(parse_json(json), "cancelled");
    return context.print_result(
        json, cancelled ? "the shutdown is cancelled\n" : "no shutdown is scheduled\n");
  }
  return end_system(context, "system.shutdown", "the shutdown");
}
int run_poweroff(VerbContext& context) {
  return end_system(context, "system.poweroff", "the power off");
}
int run_reboot(VerbContext& context) { return end_system(context, "system.reboot", "the restart"); }
int run_halt(VerbContext& context) { return end_system(context, "system.halt", "the halt"); }

int run_kexec(VerbContext& context) { return end_system(context, "system.kexec", "the kexec"); }

int run_switch_root(VerbContext& context) {
  const auto& words = context.arguments.rest;
  JsonParams params;
  params.add("new_root", words[0]);
  if (words.size() > 1) params.add("init", words[1]);
  return context.print_result(context.client().call("system.switch_root", params.text()),
                              "the switch to the new root has begun\n");
}

int run_reexec(VerbContext& context) {
  const bool update = context.arguments.has("update");
  const std::string json =
      context.client().call("system.reexec", JsonParams().add("update", update).text());
  // The answer comes before execve(2). At the end of this verb the next process image answers.
  int connections = 0;
  context.over_reexecutions([&] {
    ++connections;
    (void)context.client().ping();
  });
  if (connections == 1)
    throw VerbFailure{ExitStatus::failed, "zinit could not execute itself; its log says why"};
  return context.print_result(json, "");
}

int run_debug_state(VerbContext& context) {
  const std::string json = context.client().debug_state();
  return context.print_result(json, printable_json(json_text(parse_json(json), 2)) + "\n");
}

}  // namespace zinit
