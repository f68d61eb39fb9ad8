// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The methods service.* that change nothing, and need no look at processes.
#include <algorithm>
#include <cctype>
#include <chrono>
#include <limits>

#include "base/format.hpp"
#include "base/text.hpp"
#include "control/answers.hpp"
#include "control/process_looks.hpp"
#include "control/triggers.hpp"
#include "control/views.hpp"
#include "io/log_store.hpp"
#include "model/why.hpp"
#include "os/process.hpp"
#include "os/tcp_ports.hpp"

namespace zinit {

namespace {

using protocol::Shapes;

// How far back explain_output() looks for a line on standard error, and how much it shows.
constexpr std::size_t kLookedThrough = 256;
constexpr std::size_t kLookedThroughBytes = std::size_t{64} << 10;
constexpr std::size_t kLongestOutput = 200;
// A process may write before its start is noted.
constexpr std::chrono::microseconds kUnnoted{100'000};

Outcome service_list(Call& call) { return json_of(call.context.board.names()); }

Outcome service_list_full(Call& call) {
  const std::vector<std::string> names = call.params.strings("members");
  const StatusSelection selection(names);
  if (selection.members.none()) {
    const std::vector<std::string> known = StatusSelection::known();
    const auto near = nearest(names.front(), known);
    return RpcError(RpcCode::invalid_params, fmt::format("no member of a status is named \"{}\"",
                                                         printable(shortened(names.front(), 60))))
        .hint(near ? fmt::format("did you mean \"{}\"?", *near) : "");
  }
  return list_full(call.context, selection);
}

Outcome service_status(Call& call) {
  const std::optional<ServiceView> view = call.context.board.view(name_of(call));
  if (!view) return service_not_found(call.context, name_of(call));
  return status_json(*view);
}

Outcome service_status_full(Call& call) {
  return outcome_of(status_full_of(call.context, name_of(call)));
}

/// Adds what only the processes show: that a signal has stopped the main process, and which
/// processes a stop has left running.
void explain_processes(WhyReport& report, const ServiceView& view) {
  const auto stands = [](pid_t pid) {
    const auto process = read_process_stat(pid);
    return process && process->state == 'T';
  };
  if (view.pid != 0 && stands(view.pid))
    report.add("stopped",
               fmt::format("a signal, such as SIGSTOP, has stopped its process {}; `zinitctl "
                           "kill {} CONT` lets it go on",
                           view.pid, report.name));
  if (!view.spec->spares_rest() || !at_rest(view.record.state)) return;
  std::vector<std::string> left;
  for (const ProcessStat& one : left_of(view)) left.push_back(std::to_string(one.pid));
  if (!left.empty())
    report.add("left",
               fmt::format("its kill_mode has left {} running; `zinitctl kill --all {} TERM` ends "
                           "them",
                           join(left, ", "), report.name));
}

/// Whether a process was there and has failed. Otherwise the last line is that of an earlier one.
bool is_of_process(ReasonType type) {
  return type != ReasonType::spawn_error && type != ReasonType::port_in_use &&
         type != ReasonType::config_error && type != ReasonType::missing_dependency &&
         type != ReasonType::dependency_failed;
}

/// Whether a line says something: psql's last line may be a lone `^`.
bool has_letter(std::string_view line) {
  return std::ranges::any_of(line, [](unsigned char c) { return std::isalpha(c) || c >= 0x80; });
}

/// Of the lines from `since_us` to before `until_us`, the last one of each stream that has a
/// letter, or else that is not empty.
struct LastLines {
  std::string error, output;
};

LastLines last_written(const RpcContext& context, Slot slot, std::int64_t since_us,
                       std::int64_t until_us) {
  LastLines last;
  Ring::Place place;
  context.logs.look_back(
      slot, place, kLookedThrough, kLookedThroughBytes, [&](const Ring::View& line) {
        if (line.time_us < since_us) return false;
        if (line.time_us >= until_us) return true;
        if (line.stream != LogStream::err && line.stream != LogStream::out) return true;
        std::string& one = line.stream == LogStream::err ? last.error : last.output;
        if (one.empty() || (!has_letter(one) && has_letter(line.text))) one = trim(line.text);
        return !has_letter(last.error);
      });
  return last;
}

/// Adds the last line on standard error of the service that is the root cause in `report`, if it
/// has failed with a process, and this process has written it. In a crash loop that is the process
/// before the one that runs. A program that writes nothing there has its last line on standard
/// output shown: many programs, such as redis, log there.
void explain_output(WhyReport& report, const RpcContext& context) {
  if (report.reasons.empty()) return;
  const std::string root = report.reasons.front().root_cause;
  const auto view = context.board.view(root);
  if (!view || !view->record.has_end || !is_of_process(view->record.reason.type)) return;
  const bool again = runs_again(view->record, view->spec->lifecycle, Clock::now());
  if (view->record.state != State::failed && view->restart_in_ms < 0 && !again) return;
  const std::int64_t start_us = view->last_start_us - kUnnoted.count();
  const LastLines lines =
      again ? last_written(context, view->slot, view->earlier_start_us - kUnnoted.count(),
                           std::max(view->last_stop_us, start_us))
            : last_written(context, view->slot, start_us, std::numeric_limits<std::int64_t>::max());
  const bool on_error = !lines.error.empty();
  const std::string& last = on_error ? lines.error : lines.output;
  if (last.empty()) return;
  auto at = std::next(report.reasons.begin());
  // The warning of the crash loop is the first one.
  if (again && root == report.name)
    while (at != report.reasons.end() && std::prev(at)->kind != "warning") ++at;
  while (at != report.reasons.end() && at->depth > 0) ++at;
  const int depth = root == report.name ? 0 : std::prev(at)->depth + 1;
  report.reasons.insert(
      at, {"output", root, view->record.state,
           fmt::format("{} on standard {}: {}{}",
                       again ? "the last line of its last process" : "its last line",
                       on_error ? "error" : "output", printable(shortened(last, kLongestOutput)),
                       again || view->record.state == State::failed
                           ? ""
                           : fmt::format("; `zinitctl logs {}` shows more", root)),
           root, depth});
}

/// Looks again at ports that were in use: the reason is as old as the last start. Slow: see
/// holders_of_socket().
std::string ports_now(const std::vector<int>& ports) {
  const auto listener = find_listener(ports);
  if (!listener) return "its ports are free now";
  const auto holders = holders_of_socket(listener->inode);
  return fmt::format("port {} is still in use{}", listener->port,
                     holders.empty() ? "" : " by " + process_text(holders.front()));
}

Outcome service_why(Call& call) {
  const Board& board = call.context.board;
  std::optional<WhyReport> report = board.why(name_of(call));
  const std::optional<ServiceView> view = board.view(name_of(call));
  if (!report || !view) return service_not_found(call.context, name_of(call));
  Triggers(call.context.daemon).explain(*report, *view->spec);
  explain_processes(*report, *view);
  explain_output(*report, call.context);
  std::vector<std::string> warnings = view->without_effect;
  std::ranges::move(call.context.logs.info(view->slot).faults, std::back_inserter(warnings));
  for (std::string& warning : warnings) report->add("warning", std::move(warning));
  std::string plain = object_json<protocol::WhyReport>(*report);
  const auto& ports = *view->spec->ports;
  if (report->reasons.empty() || ports.empty() || view->record.state != State::failed ||
      view->record.reason.type != ReasonType::port_in_use)
    return plain;
  Outcome outcome = call.context.processes.ask(
      report->name, [report = *report, ports](ProcessScan&) mutable -> RpcResult {
        report.reasons.insert(
            std::next(report.reasons.begin()),
            {"port", report.name, report.state, ports_now(ports), report.name, 0});
        return object_json<protocol::WhyReport>(report);
      });
  auto* const later = std::get_if<Later>(&outcome);
  if (later == nullptr) return plain;
  // If a look at processes fails or hangs, everything else is reported.
  later->look = [look = std::move(later->look), plain]() -> std::optional<RpcResult> {
    auto answer = look();
    if (answer && !*answer) answer = plain;
    return answer;
  };
  return outcome;
}

Outcome service_tree(Call& call) {
  const Board& board = call.context.board;
  const bool reverse = call.params.boolean("reverse");
  const auto name = call.params.string("name");
  if (!name) return tree_json(board, kNoSlot, reverse);
  const Slot root = board.find(*name);
  if (root == kNoSlot) return service_not_found(call.context, *name);
  return tree_json(board, root, reverse);
}

Outcome service_is_running(Call& call) {
  const auto brief = call.context.board.brief(name_of(call));
  if (!brief) return service_not_found(call.context, name_of(call));
  return json_of(brief->up());
}

// --- the rows ---

constexpr Param kListFull[] = {
    {"members", ParamType::strings, false, {}, "only these members of each; none: all"}};
constexpr Param kTreeParams[] = {
    kNameOptional,
    {"reverse", ParamType::boolean, false, "false", "show its dependents, not its dependencies"},
};
constexpr Shape kTree{R"({"oneOf":[{"$ref":"#/components/schemas/tree"},)"
                      R"({"type":"array","items":{"$ref":"#/components/schemas/tree"}}]})"};

// clang-format off
constexpr Method kServiceMethods[] = {
    {"service.list",            {}, {},               Right::read, service_list,
     "Returns the names of all services and targets, sorted", Shapes::names},
    {"service.list_full",       {}, kListFull,        Right::read, service_list_full,
     "Returns everything about all services and targets", Shapes::list<protocol::ServiceStatus>},
    {"service.status",          {}, kJustName,        Right::read, service_status,
     "Returns the state of a service or target", Shapes::one<protocol::BriefStatus>},
    {"service.status_full",     {}, kJustName,        Right::read, service_status_full,
     "Returns everything about a service or target", Shapes::one<protocol::ServiceStatus>},
    {"service.why",             {}, kJustName,        Right::read, service_why,
     "Explains why a service is not running, down to the root cause",
     Shapes::one<protocol::WhyReport>},
    {"service.tree",            {}, kTreeParams,      Right::read, service_tree,
     "Returns the dependencies of a service as a tree; without a name, all trees", kTree},
    {"service.is_running",      {}, kJustName,        Right::read, service_is_running,
     "Returns whether a service is running, or is a oneshot that is done", Shapes::flag},
};
// clang-format on

}  // namespace

std::span<const Method> service_methods() noexcept { return kServiceMethods; }

}  // namespace zinit
