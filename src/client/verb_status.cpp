// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinitctl status, is-running and is-failed: services, in full or in a word.
#include <algorithm>
#include <map>
#include <utility>

#include "base/file.hpp"
#include "base/format.hpp"
#include "base/lists.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "client/context.hpp"
#include "client/libzinit/json.hpp"
#include "client/libzinit/read_answers.hpp"
#include "client/reports.hpp"
#include "client/text_block.hpp"
#include "client/words.hpp"
#include "config/directory.hpp"

namespace zinit {

namespace {

/// Waits for the answer to a request. All requests are sent before the first answer is read, so
/// that the client waits for the server only once.
JsonDocument answer_to(VerbContext& context, std::uint64_t request) {
  return parse_json(context.client().answer(request, context.patience()));
}

/// The states of the services that a status names, by name; "" if there is no such service.
using NeighbourStates = std::map<std::string, std::string>;

NeighbourStates states_of_neighbours(VerbContext& context, const ServiceStatus& status) {
  NeighbourStates states;
  for (const auto* names : {&status.requires_, &status.binds_to, &status.wants, &status.after,
                            &status.conflicts, &status.required_by, &status.bound_by}) {
    for (const std::string& name : *names) states[name];
  }
  std::vector<std::pair<std::string, std::uint64_t>> asked;
  for (const auto& [name, state] : states) {
    asked.emplace_back(name, context.client().request("service.status", named(name).text()));
  }
  for (const auto& [name, request] : asked) {
    try {
      states[name] = json_string(answer_to(context, request), "state");
    } catch (const ClientError& error) {
      if (error.code() != ErrorCode::service_not_found) throw;
    }
  }
  return states;
}

/// The names with the symbols of their states: "[+] network,".
std::vector<BlockWord> neighbour_words(const std::vector<std::string>& names,
                                       const NeighbourStates& states) {
  std::vector<BlockWord> words;
  for (const std::string& name : names) {
    const auto found = states.find(name);
    const std::string state = found == states.end() ? "" : found->second;
    std::string text =
        fmt::format("{} {}", state.empty() ? "[ ]" : symbol_of(state), printable(name));
    if (state.empty()) text += " (does not exist)";
    if (&name != &names.back()) text += ",";
    words.push_back({text, state.empty() ? Colour::red : state_colour(state)});
  }
  return words;
}

std::string state_line(const ServiceStatus& status) {
  std::string text = printable(shown_state(status));
  // The other words of the summary repeat the state.
  if (status.summary == "re-spawn") text += " (re-spawn)";
  if (status.since_us) {
    text += fmt::format(" since {}, for {}", date_time(*status.since_us),
                        us_text(wall_us() - *status.since_us));
  }
  return text;
}

/// "left: dhclient 812, sh 813": the processes that have outlived the main process.
std::string left_words(const std::vector<LeftProcess>& left, std::optional<std::uint64_t> tasks) {
  std::string text = "left:";
  for (const LeftProcess& process : left)
    text += fmt::format("{} {} {}", text.ends_with(':') ? "" : ",", printable(process.comm),
                        process.pid);
  return text + (tasks.value_or(0) > left.size() ? ", ..." : "");
}

std::string process_line(const ServiceStatus& status) {
  if (!status.pid && status.left.empty()) return {};
  std::string text =
      status.pid ? fmt::format("pid {}", *status.pid) : left_words(status.left, status.tasks);
  if (status.main_pid && status.main_pid != status.pid)
    text += fmt::format(", main {}", *status.main_pid);
  if (status.uptime_ms) text += fmt::format(", up {}", duration_text(*status.uptime_ms));
  if (status.memory_bytes) text += fmt::format(", {} memory", bytes_text(*status.memory_bytes));
  if (status.cpu_usec) {
    text += fmt::format(", {} cpu", us_text(static_cast<std::int64_t>(*status.cpu_usec)));
  }
  if (status.tasks) text += ", " + counted(*status.tasks, "task");
  return text;
}

std::string last_exit_line(const ServiceStatus& status) {
  if (!status.last_exit) return {};
  std::string text = exit_words(*status.last_exit);
  if (status.last_stop_us) text += fmt::format(", {}", date_time(*status.last_stop_us));
  return text;
}

std::string type_line(const ServiceStatus& status) {
  return printable(fmt::format("{}{}, class {}, status \"{}\"", status.oneshot ? "oneshot " : "",
                               status.kind, status.class_, status.status));
}

std::string health_line(const ServiceStatus& status) {
  if (!status.health) return {};
  const HealthStatus& health = *status.health;
  std::string text = health.type + ", ";
  const bool failed = health.attempts > 0 || !health.last_error.empty();
  text += health.healthy ? "good" : failed ? "bad" : "not probed yet";
  if (!health.last_error.empty()) text += ": " + health.last_error;
  return printable(text);
}

std::string dropped_line(const ServiceStatus& status) {
  if (status.log_dropped == 0) return {};
  std::string text = counted(status.log_dropped, "line") + " could not be delivered";
  for (const DroppedLines& sink : status.log_dropped_by)
    if (sink.lines > 0) text += fmt::format(", {} to {}", sink.lines, printable(sink.sink));
  return text;
}

/// The drop-ins of the service's file, in the order in which they apply.
std::vector<std::string> drop_ins_of(const ServiceStatus& status) {
  Listing listing;
  if (!status.file.empty()) list_file(status.file, false, listing);
  if (!status.file.empty() && !status.instance_of.empty())
    list_instance(beside(status.file, status.name), std::move(listing.files.front()), listing);
  return listing.files.empty() ? std::vector<std::string>() : listing.files.back().drop_ins;
}

std::string file_line(const ServiceStatus& status) {
  if (status.file.empty()) return "none: added at runtime";
  std::string remark;
  if (status.changed_on_disk.value_or(false)) {
    const std::string& changed = changed_file(status);
    if (changed == status.file && type_at(changed) == 0 && errno == ENOENT)
      remark = " (gone: `zinitctl reload --dry-run` shows what a reload does about it)";
    else
      remark = fmt::format(" ({}changed on disk; `zinitctl reload --only {}` applies it)",
                           changed == status.file ? "" : changed + " has ", status.name);
  } else if (!status.refused.empty())
    remark = " (refused when it was last read; an earlier version stays in force)";
  return printable(status.file + remark);
}

void add_dependencies(TextBlock& block, const ServiceStatus& status,
                      const NeighbourStates& states) {
  block.add("requires", neighbour_words(status.requires_, states));
  block.add("binds to", neighbour_words(status.binds_to, states));
  block.add("wants", neighbour_words(status.wants, states));
  block.add("after", neighbour_words(status.after, states));
  block.add("conflicts", neighbour_words(status.conflicts, states));
  block.add("required by", neighbour_words(status.required_by, states));
  block.add("bound by", neighbour_words(status.bound_by, states));
  for (const AddedDependency& added : status.added)
    block.add("added", printable(fmt::format("{} {}, by {}", added.kind, added.service,
                                             added.file.empty() ? "that service" : added.file)));
}

/// "[+] web - what it is". A long description continues below the name.
std::string title_lines(const Terminal& terminal, const ServiceStatus& status) {
  const std::string name = printable(status.name);
  std::vector<BlockWord> words{{std::string(symbol_of(status.state)), state_colour(status.state)},
                               {name, Colour::bold}};
  if (!status.description.empty()) {
    words.push_back({"-"});
    for (BlockWord& word : words_of(printable(status.description)))
      words.push_back(std::move(word));
  }
  return wrapped(terminal, 0, 4, words);
}

/// The last lines of output. The first one has a label.
void add_log(TextBlock& block, const std::vector<LogLine>& lines) {
  std::string_view label = "log";
  for (const LogLine& line : lines) {
    block.add_cut(label, time_of_day(line.time_us) + " " + printable(line.line));
    label = "";
  }
}

/// A line for each expression of the service's timer.
void add_timers(TextBlock& block, const StatusAnswers& answers) {
  for (const TimerStatus& timer : answers.timers) {
    if (timer.service != answers.status.name) continue;
    std::string text = timer.expression + ": ";
    if (timer.next_us)
      text += fmt::format("next {}, in {}", date_time(*timer.next_us),
                          us_text(*timer.next_us - wall_us()));
    else
      text += "not due any more";
    if (timer.last_us) text += fmt::format("; last {}", date_time(*timer.last_us));
    block.add("timer", printable(text));
  }
}

StatusAnswers ask_status(VerbContext& context, const std::string& name) {
  Client& client = context.client();
  const auto status = client.request("service.status_full", named(name).text());
  const auto log = client.request("logs.get", named(name).add("lines", kStatusLogLines).text());
  StatusAnswers answers{read_as<ServiceStatus>(answer_to(context, status)),
                        read_as<std::vector<LogLine>>(answer_to(context, log)),
                        {},
                        {}};
  answers.states = states_of_neighbours(context, answers.status);
  if (answers.status.next_start_us) answers.timers = client.timers();
  // A launch that hangs and the cause of a stop are not in the status.
  const std::string& state = answers.status.state;
  if (state == "stopping" || (state == "blocked" && state_cause(answers.status) == kAboutToStart))
    for (const WhyReason& reason : client.why(name).reasons)
      if (reason.kind == "pending" || reason.kind == "launch" || reason.kind == "cause")
        answers.cause = printable(reason.detail);
  return answers;
}

int exit_status_of(const ServiceStatus& status) {
  return counts_as_running(status) ? ExitStatus::done : ExitStatus::not_running;
}

/// The places in the overview.
enum class Look { failed, waits, warned, none };

Look look_of(const ServiceStatus& status) {
  if (status.state == "failed") return Look::failed;
  if (status.state == "blocked" || status.restart_in_ms) return Look::waits;
  return status.warnings.empty() ? Look::none : Look::warned;
}

/// "reboot at 2026-01-31 23:30:00: new disks; `shutdown -c` cancels it"
std::string scheduled_line(const SystemInfo& info) {
  const ScheduledAction& scheduled = *info.scheduled;
  // `shutdown` is for the system's server.
  const bool systems = info.mode != "standalone";
  return printable(fmt::format("{} at {}{}{}; `{}` cancels it", scheduled.action,
                               date_time(scheduled.at_us), scheduled.message.empty() ? "" : ": ",
                               scheduled.message,
                               systems ? "shutdown -c" : "zinitctl shutdown --cancel"));
}

/// Why a service needs attention, and what has killed it if this is known.
std::string attention_words(const ServiceStatus& status) {
  if (look_of(status) == Look::warned) {
    const auto& told = status.refused.empty() ? status.warnings : status.refused;
    return "warning: " + without_name(warning_words(told.front()), printable(status.name));
  }
  const std::string cause = cause_or_description(status);
  const std::string killer = status.last_exit ? status.last_exit->detail : "";
  // What ended it may say the cause and more: "not ready within its start_timeout_ms, 1.5 s".
  if (!killer.empty() && killer.starts_with(cause)) return printable(killer);
  const bool known = killer.empty() || cause.find(killer) != std::string::npos;
  return known ? cause : fmt::format("{}; {}", cause, printable(killer));
}

std::string attention_lines(const Terminal& terminal, const ServiceStatus& status) {
  std::vector<BlockWord> words{{std::string(symbol_of(status.state)), state_colour(status.state)}};
  for (BlockWord& word :
       words_of(fmt::format("{}: {}", printable(status.name), attention_words(status))))
    words.push_back(std::move(word));
  return wrapped(terminal, 0, 4, words);
}

/// The number of services in each state, and the services that need attention.
int print_overview(VerbContext& context) {
  std::map<std::string, std::int64_t, std::less<>> count;
  std::vector<ServiceStatus> to_see;
  std::size_t all = 0;
  for (ServiceStatus& status : context.client().list_full()) {
    ++all;
    ++count[std::string(shown_state(status))];
    if (look_of(status) != Look::none) to_see.push_back(std::move(status));
  }
  std::vector<std::string> parts, names;
  JsonParams json, states;
  json.add("services", static_cast<std::int64_t>(all));
  for (const auto& [state, number] : count) {
    parts.push_back(fmt::format("{} {}", number, printable(state)));
    states.add(state, number);
  }
  std::string text = fmt::format("{}{}{}\n", counted(all, "service"), parts.empty() ? "" : ": ",
                                 join(parts, ", "));
  for (const Look look : {Look::failed, Look::waits, Look::warned})
    for (const ServiceStatus& status : to_see) {
      if (look_of(status) != look) continue;
      names.push_back(status.name);
      text += attention_lines(context.terminal(), status);
    }
  if (!names.empty())
    text += fmt::format("`zinitctl why {}` explains the first\n", printable(names.front()));
  const JsonDocument answer = parse_json(context.client().call("system.info"));
  const SystemInfo info = read_as<SystemInfo>(answer);
  if (info.scheduled) text += scheduled_line(info) + "\n";
  for (const std::string& fault : info.files.settings_faults)
    text += fmt::format("not in force: {}\n", with_advice(printable(fault)));
  if (info.crashes.count > 0)
    text += fmt::format("zinit has recovered from {} of its own, the last: {}\n",
                        counted(info.crashes.count, "fault"),
                        printable(info.crashes.last.value_or("")));
  json.add_json("crashes", json_text(answer["crashes"]));
  json.add("settings_faults", info.files.settings_faults);
  json.add_json("scheduled", info.scheduled ? json_text(answer["scheduled"]) : "null");
  json.add_json("states", states.text()).add("attention", names);
  return context.print_result(json.text(), text);
}

}  // namespace

std::string status_text(const Terminal& terminal, const StatusAnswers& answers) {
  const ServiceStatus& status = answers.status;
  TextBlock block(terminal);
  block.add("state", state_line(status));
  block.add("why", answers.cause.empty() ? cause_or_start(status) : answers.cause);
  block.add("says", printable(status.status_text));
  block.add("process", process_line(status));
  if (status.restart_count > 0) block.add("restarts", std::to_string(status.restart_count));
  block.add("last exit", last_exit_line(status));
  for (const ConditionStatus& one : status.conditions)
    block.add("condition", printable(one.condition + (one.under_way ? " runs"
                                                      : one.held    ? " holds"
                                                                    : " does not hold")));
  block.add("health", health_line(status));
  block.add("type", type_line(status));
  add_dependencies(block, status, answers.states);
  block.add("proxies", printable(join(status.proxies, ", ")));
  block.add("sockets", printable(join(status.sockets, ", ")));
  add_timers(block, answers);
  block.add("instance of", printable(status.instance_of));
  block.add("file", file_line(status));
  for (const std::string& path : drop_ins_of(status)) block.add("drop-in", printable(path));
  for (const std::string& fault : status.refused) block.add("refused", printable(fault));
  for (const std::string& warning : status.warnings) {
    if (!contains(status.refused, warning)) block.add("warning", warning_words(warning));
  }
  block.add("lost output", dropped_line(status));
  add_log(block, answers.log);
  return title_lines(terminal, status) + block.text();
}

int run_status(VerbContext& context) {
  if (context.arguments.rest.empty()) return print_overview(context);
  bool any = false;  // a status was printed
  return context.for_each_name([&](const std::string& name) {
    if (context.json()) {
      const std::string one = context.client().call("service.status_full", named(name).text());
      context.print_result(one, {});
      return exit_status_of(ServiceStatus::parse(one));
    }
    const StatusAnswers answers = ask_status(context, name);
    context.print((std::exchange(any, true) ? "\n" : "") +
                  status_text(context.terminal(), answers));
    return exit_status_of(answers.status);
  });
}

int run_is_running(VerbContext& context) {
  return context.for_each_name([&](const std::string& name) {
    const bool running = context.client().is_running(name);
    context.print_result(running ? "true" : "false", "");
    return running ? ExitStatus::done : ExitStatus::not_running;
  });
}

int run_is_failed(VerbContext& context) {
  bool any = false;
  const int status = context.for_each_name([&](const std::string& name) {
    const std::string state = context.client().status(name).state;
    any |= state == "failed";
    return context.print_result(json_of(state), printable(state) + "\n");
  });
  return status == ExitStatus::done && !any ? int{ExitStatus::failed} : status;
}

}  // namespace zinit
