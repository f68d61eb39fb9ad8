// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The methods about processes of services. A thread of its own looks at the processes.
#include "control/answers.hpp"
#include "control/process_looks.hpp"

namespace zinit {

namespace {

using protocol::Shapes;
using Pid = std::optional<pid_t>;

/// Tenths as a number with one decimal.
std::string decimal(std::int64_t tenths) { return fmt::format("{}.{}", tenths / 10, tenths % 10); }

std::string stats_json(Pid pid, const ServiceFigures& figures,
                       const std::optional<std::int64_t>& share) {
  struct Source : ServiceFigures {
    Pid pid;
    std::optional<RawJson> cpu_percent;

    [[nodiscard]] auto cpu_usec() const { return cpu_us; }
  } source{figures, pid, {}};
  if (share) source.cpu_percent = {decimal(*share)};
  return object_json<protocol::ServiceStats>(source);
}

Outcome service_stats(Call& call) {
  RpcContext& context = call.context;
  const std::optional<ServiceView> view = context.board.view(name_of(call));
  if (!view) return service_not_found(context, name_of(call));
  const Pid pid = view->pid > 0 ? Pid(view->pid) : std::nullopt;
  if (place_of(*view).empty()) return stats_json(pid, {}, {});
  const CpuShares::Run run{view->slot, view->last_start_us, view->started};
  return context.processes.ask(
      name_of(call),
      [pid, run, place = place_of(*view),
       shares = context.processes.cpu_shares()](ProcessScan& scan) -> RpcResult {
        const ServiceFigures figures = figures_of(place, scan);
        std::optional<std::int64_t> share;
        if (figures.cpu_us) share = shares->sample(run, *figures.cpu_us, Clock::now());
        return stats_json(pid, figures, share);
      });
}

Outcome service_children(Call& call) {
  RpcContext& context = call.context;
  const std::optional<ServiceView> view = context.board.view(name_of(call));
  if (!view) return service_not_found(context, name_of(call));
  if (place_of(*view).empty()) return "[]";
  return context.processes.ask(name_of(call),
                               [place = place_of(*view)](ProcessScan& scan) -> RpcResult {
                                 return children_json(scan.of(place));
                               });
}

RpcError without_process(std::string_view name) {
  return RpcError(RpcCode::not_running, fmt::format("{} has no process", name)).about(name);
}

Outcome debug_process_tree(Call& call) {
  RpcContext& context = call.context;
  const std::optional<ServiceView> view = context.board.view(name_of(call));
  if (!view) return service_not_found(context, name_of(call));
  if (place_of(*view).empty()) return without_process(name_of(call));
  return context.processes.ask(
      name_of(call),
      [name = view->spec->name, place = place_of(*view)](ProcessScan& scan) -> RpcResult {
        std::vector<ProcessStat> processes = scan.of(place);
        if (processes.empty()) return tl::unexpected(without_process(name));
        return process_tree_json(std::move(processes), place.pid);
      });
}

// --- the rows ---

// clang-format off
constexpr Method kProcessMethods[] = {
    {"service.stats",           {}, kJustName,        Right::read, service_stats,
     "Returns how much memory, processor time and disk traffic a service uses",
     Shapes::one<protocol::ServiceStats>},
    {"service.children",        {}, kJustName,        Right::read, service_children,
     "Returns the processes of a service", Shapes::list<protocol::ProcessInfo>},
    {"debug.process_tree",      {}, kJustName,        Right::read, debug_process_tree,
     "Returns the processes of a service as a tree", Shapes::one<protocol::ProcessNode>},
};
// clang-format on

}  // namespace

std::span<const Method> process_methods() noexcept { return kProcessMethods; }

}  // namespace zinit
