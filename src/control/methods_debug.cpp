// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// debug.state: all that zinit knows about its services and itself, to find faults with.
// debug.settle: a barrier for tests that look at the work of several threads.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>

#include "base/directory.hpp"
#include "base/fd.hpp"
#include "base/format.hpp"
#include "base/text.hpp"
#include "control/answers.hpp"
#include "control/settling.hpp"
#include "control/views.hpp"

namespace zinit {

namespace {

constexpr std::array kTries = {"none", "pulled", "asked"};
constexpr std::array kProcesses = {"none", "launching", "alive", "lingering", "ended", "held"};
static_assert(static_cast<std::size_t>(Process::held) == kProcesses.size() - 1);
constexpr std::array kCauses = {"none",      "down",     "owed",  "dependency", "late",
                                "unhealthy", "watchdog", "asked", "unneeded",   "ready_exec"};
static_assert(static_cast<std::size_t>(StopCause::ready_exec) == kCauses.size() - 1);
constexpr std::array kStages = {"none", "signalled", "killed"};

/// Limits how long a client that has gone can keep zinit looking.
constexpr std::int64_t kLongestSettleMs = 60'000;

/// Milliseconds from now, negative for the past; null for kNever and the epoch (not set).
void put_time(JsonWriter& writer, std::string_view name, TimePoint time, TimePoint now) {
  writer.key(name);
  if (time == kNever || time == TimePoint{}) {
    writer.put(nullptr);
  } else {
    writer.put(std::chrono::duration_cast<Milliseconds>(time - now).count());
  }
}

void put_record(JsonWriter& writer, const Record& record, TimePoint now) {
  writer.member("state", state_name(record.state));
  writer.member("wish", record.wish == Wish::up ? "up" : "down");
  writer.member("try", kTries[static_cast<std::size_t>(record.try_)]);
  writer.member("stop_owed", record.stop_owed);
  writer.member("process", kProcesses[static_cast<std::size_t>(record.process)]);
  const std::string_view step = step_name(record.command.kind());
  writer.member("command", step.empty() ? "main" : step);
  writer.member("command_index", record.command.index).member("passed", record.command.passed);
  writer.member("cause", kCauses[static_cast<std::size_t>(record.cause)]);
  writer.member("stage", kStages[static_cast<std::size_t>(record.stage)]);
  writer.member("again", record.again).member("respawn", record.respawn);
  writer.member("done", record.done).member("by_itself", record.by_itself);
  writer.member("named", record.named).member("needed", record.needed);
  writer.member("unneeded", record.unneeded).member("used_up", record.used_up);
  writer.member("notified", record.notified).member("healthy", record.healthy);
  writer.member("ready_runs", record.ready_runs).member("ready_begun", record.ready_begun);
  writer.member("failure_handled", record.failure_handled);
  writer.member("count", record.count).member("rank", record.rank);
  writer.key("reason");
  put_reason(writer, record.reason);
  put_time(writer, "since_ms", record.since, now);
  put_time(writer, "delay_ms", record.delay_until, now);
  put_time(writer, "deadline_ms", record.deadline, now);
}

void put_edges(JsonWriter& writer, const Graph& graph, std::string_view name,
               const SlotList& slots) {
  writer.key(name).begin_array();
  for (const Slot slot : slots) writer.put(graph.name(slot));
  writer.end_array();
}

/// Writes nothing if the slot is not in the graph: the graph may be newer than the views.
void put_node(JsonWriter& writer, const Graph& graph, Slot slot) {
  if (!graph.used(slot)) return;
  const Node& node = graph.node(slot);
  writer.member("load_order", node.load_order);
  put_edges(writer, graph, "requires", node.requires_);
  put_edges(writer, graph, "binds_to", node.binds_to);
  put_edges(writer, graph, "after", node.after);
  put_edges(writer, graph, "wants", node.wants);
  put_edges(writer, graph, "conflicts", node.conflicts);
  put_edges(writer, graph, "required_by", node.required_by);
  writer.member("missing", *node.missing).member("unknown", *node.unknown);
  writer.member("faults", *node.faults);
}

/// The [path] of a service, and why zinit cannot watch all of it.
void put_path(JsonWriter& writer, const ServiceSpec& spec, const Daemon& daemon) {
  if (!spec.path->configured()) return;
  writer.key("path").begin_object().member("exists", spec.path->exists);
  writer.member("changed", spec.path->changed);
  writer.member("directory_not_empty", spec.path->directory_not_empty);
  writer.member("fault", daemon.trigger_fault(spec.name)).end_object();
}

void put_service(JsonWriter& writer, const RpcContext& context, const ServiceView& view,
                 const Graph& graph, TimePoint now) {
  writer.begin_object().member("name", view.spec->name).member("slot", view.slot);
  writer.key("instance_of");
  put_value(writer, instance_of(*view.spec), true);
  writer.member("removed", view.removed).member("settled", view.settled).member("pid", view.pid);
  put_record(writer, view.record, now);
  put_node(writer, graph, view.slot);
  put_path(writer, *view.spec, context.daemon);
  writer.end_object();
}

/// The deadlines of all services with their kinds, and when their timers are due next.
void put_timers(JsonWriter& writer, const std::vector<ServiceView>& views, const Daemon& daemon) {
  const TimePoint now = Clock::now();
  writer.key("timers").begin_array();
  for (const ServiceView& view : views) {
    const auto put = [&](std::string_view kind, TimePoint at) {
      if (at == kNever || at <= now) return;
      writer.begin_object().member("service", view.spec->name).member("kind", kind);
      writer.member("in_ms", ms_between(now, at)).end_object();
    };
    put("delay", view.record.delay_until);
    put("deadline", view.record.deadline);
  }
  const std::int64_t now_us = wall_us();
  for (const TimerView& timer : daemon.timers()) {
    if (!timer.next_us) continue;
    writer.begin_object().member("service", timer.service).member("kind", "timer");
    writer.member("in_ms", std::max<std::int64_t>(*timer.next_us - now_us, 0) / 1000).end_object();
  }
  writer.end_array();
}

void put_descriptor(JsonWriter& writer, const std::string& number) {
  char target[PATH_MAX];
  const ssize_t length = ::readlink(("/proc/self/fd/" + number).c_str(), target, sizeof target);
  if (length < 0) return;  // it has been closed, like that of the directory itself
  writer.begin_object().member("fd", parse_integer(number));
  writer.member("target", std::string_view(target, static_cast<std::size_t>(length)));
  writer.end_object();
}

void put_threads(JsonWriter& writer) {
  writer.key("threads").begin_array();
  for (const std::string& id : names_in("/proc/self/task")) {
    const Result<std::string> name = read_file(("/proc/self/task/" + id + "/comm").c_str(), 64);
    if (!name) continue;  // the thread has just ended
    writer.begin_object().member("tid", parse_integer(id)).member("name", trim(*name)).end_object();
  }
  writer.end_array();
}

void put_proxies(JsonWriter& writer, const Daemon& daemon) {
  writer.key("proxies").begin_array();
  for (const ProxyView& proxy : daemon.proxies()) {
    writer.begin_object().member("name", proxy.spec->name).member("listen", proxy.spec->listen);
    writer.member("running", proxy.running);
    writer.member("active_connections", proxy.active_connections).end_object();
  }
  writer.end_array();
}

/// The answer to debug.state: one service per step, then the descriptors.
class WholeState final : public Turns {
 public:
  explicit WholeState(RpcContext& context) : context_(context), figures_(context.figures()) {}

  void begin() override {
    const Board& board = context_.board;
    now_ = Clock::now();
    writer_.begin_object().member("shutting_down", board.shutting_down());
    writer_.member("last_seq", board.last_seq());
    writer_.key("control").begin_object().member("clients", figures_.clients);
    writer_.member("waiting", figures_.waiting).member("subscriptions", figures_.subscriptions);
    writer_.member("log_subscriptions", figures_.log_subscriptions);
    writer_.member("bytes_of_others", figures_.bytes_of_others);
    writer_.end_object();
    writer_.member("templates", board.templates());
    views_ = board.views();
    graph_ = board.graph();
    descriptors_ = names_in("/proc/self/fd");
    put_timers(writer_, views_, context_.daemon);
    put_proxies(writer_, context_.daemon);
    put_threads(writer_);
    writer_.key("services").begin_array();
  }
  [[nodiscard]] bool step() override {
    if (next_ < views_.size()) {
      put_service(writer_, context_, views_[next_], *graph_, now_);
    } else if (next_ - views_.size() < descriptors_.size()) {
      if (next_ == views_.size()) begin_descriptors();
      put_descriptor(writer_, descriptors_[next_ - views_.size()]);
    } else {
      return false;
    }
    ++next_;
    return true;
  }
  [[nodiscard]] RpcResult take() override {
    if (next_ == views_.size()) begin_descriptors();  // no descriptor has begun the array
    return writer_.end_array().end_object().take();
  }

 private:
  void begin_descriptors() { writer_.end_array().key("descriptors").begin_array(); }

  RpcContext& context_;
  const ControlFigures figures_;  // taken before this call waits itself
  JsonWriter writer_;
  std::vector<ServiceView> views_;
  GraphPtr graph_;
  std::vector<std::string> descriptors_;  // their numbers
  std::size_t next_ = 0;
  TimePoint now_;
};

Outcome debug_state(Call& call) {
  return in_turns(call.context, std::make_shared<WholeState>(call.context));
}

Outcome debug_settle(Call& call) {
  const std::int64_t limit_ms =
      std::min(call.params.timeout_ms().value_or(kLongestSettleMs), kLongestSettleMs);
  Settling& settling = call.context.settling;
  Later later;
  later.deadline = after(Clock::now(), Milliseconds(limit_ms));
  later.look = [&settling, ticket = settling.ask(later.deadline)]() -> std::optional<RpcResult> {
    if (!settling.settled(ticket)) return std::nullopt;
    return ok_json();
  };
  later.at_deadline = [limit_ms] {
    return RpcError(RpcCode::timeout,
                    fmt::format("zinit did not become idle within {}", duration_text(limit_ms)));
  };
  return later;
}

// --- the rows ---

constexpr Param kSettleParams[] = {
    {kTimeoutName, ParamType::timeout, false, "1000",
     "the answer is the error timeout after this long; at most 60000"}};

// clang-format off
constexpr Method kDebugMethods[] = {
    {"debug.state",             {}, {},               Right::read, debug_state,
     "Returns the whole graph, and zinit's own threads and descriptors", protocol::Shapes::object},
    {"debug.settle",            {}, kSettleParams,    Right::read, debug_settle,
     "Waits until zinit has done all work that is due", protocol::Shapes::ok},
};
// clang-format on

}  // namespace

std::span<const Method> debug_methods() noexcept { return kDebugMethods; }

}  // namespace zinit
