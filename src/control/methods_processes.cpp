// The methods about processes of services: they are looked at on a thread of its own.
#include "control/answers.hpp"
#include "control/process_looks.hpp"

namespace zinit {

namespace {

using Pid = std::optional<pid_t>;

ServicePlace place_of(const ServiceView& view) { return {view.cgroup, view.pid}; }

bool has_processes(const ServiceView& view) { return view.pid > 0 || !view.cgroup.empty(); }

/// A number of tenths with one decimal.
std::string decimal(std::int64_t tenths) { return fmt::format("{}.{}", tenths / 10, tenths % 10); }

std::string stats_json(Pid pid, const ServiceFigures& figures,
                       const std::optional<std::int64_t>& share) {
  JsonWriter writer;
  writer.begin_object().member("pid", pid).member("memory_bytes", figures.memory_bytes);
  writer.member("cpu_usec", figures.cpu_us).key("cpu_percent");
  share ? writer.put_raw(decimal(*share)) : writer.put(nullptr);
  writer.member("tasks", figures.tasks).member("io_read_bytes", figures.io_read_bytes);
  writer.member("io_write_bytes", figures.io_write_bytes);
  return writer.end_object().take();
}

Outcome service_stats(Call& call) {
  RpcContext& context = call.context;
  const std::optional<ServiceView> view = context.board.view(name_of(call));
  if (!view) return service_not_found(context.board, name_of(call));
  const Pid pid = view->pid > 0 ? Pid(view->pid) : std::nullopt;
  if (!has_processes(*view)) return stats_json(pid, {}, {});
  const CpuShares::Run run{view->slot, view->last_start_us,
                           Clock::now() - Milliseconds(view->uptime_ms)};
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
  if (!view) return service_not_found(context.board, name_of(call));
  if (!has_processes(*view)) return "[]";
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
  if (!view) return service_not_found(context.board, name_of(call));
  if (!has_processes(*view)) return without_process(name_of(call));
  return context.processes.ask(
      name_of(call),
      [name = view->spec->name, place = place_of(*view)](ProcessScan& scan) -> RpcResult {
        std::vector<ProcessStat> processes = scan.of(place);
        if (processes.empty()) return tl::unexpected(without_process(name));
        return process_tree_json(std::move(processes), place.pid);
      });
}

// --- the rows ---

constexpr std::string_view kStats =
    R"({"type":"object","properties":{"pid":{"type":["integer","null"]},)"
    R"("memory_bytes":{"type":["integer","null"]},"cpu_usec":{"type":["integer","null"]},)"
    R"("cpu_percent":{"type":["number","null"]},"tasks":{"type":["integer","null"]},)"
    R"("io_read_bytes":{"type":["integer","null"]},)"
    R"("io_write_bytes":{"type":["integer","null"]}}})";
constexpr std::string_view kChildren =
    R"({"type":"array","items":{"type":"object","properties":{"pid":{"type":"integer"},)"
    R"("ppid":{"type":"integer"},"comm":{"type":"string"},"cmdline":{"type":"string"},)"
    R"("state":{"type":"string"}}}})";
constexpr std::string_view kProcessTreeResult = R"({"$ref":"#/components/schemas/process_tree"})";

// clang-format off
constexpr Method kProcessMethods[] = {
    {"service.stats",           {}, kJustName,        Right::read, service_stats,
     "Returns how much memory, processor time and disk traffic a service uses", kStats},
    {"service.children",        {}, kJustName,        Right::read, service_children,
     "Returns the processes of a service", kChildren},
    {"debug.process_tree",      {}, kJustName,        Right::read, debug_process_tree,
     "Returns the processes of a service as a tree", kProcessTreeResult},
};
// clang-format on

}  // namespace

std::span<const Method> process_methods() noexcept { return kProcessMethods; }

}  // namespace zinit
