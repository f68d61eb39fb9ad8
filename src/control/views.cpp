// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Services as JSON: see views.hpp.
#include "control/views.hpp"

#include <array>

#include "base/lists.hpp"
#include "base/sort.hpp"
#include "base/text.hpp"
#include "control/answers.hpp"
#include "control/file_changes.hpp"
#include "control/objects.hpp"
#include "control/triggers.hpp"
#include "model/decide.hpp"
#include "model/why.hpp"
#include "os/cgroup.hpp"

namespace zinit {

namespace {

/// The members of a reason. Its type decides which members it has.
struct ReasonSource {
  const Reason& reason;

  template <class Value>
  std::optional<Value> of(ReasonType type, Value value) const {
    return reason.type == type ? std::optional(std::move(value)) : std::nullopt;
  }
  auto number_of(ReasonType type) const { return of(type, reason.number); }
  std::optional<std::string> text_of_type(ReasonType type) const { return of(type, reason.text); }

  std::string_view type() const { return reason_type_name(reason.type); }
  auto code() const { return number_of(ReasonType::exit_code); }
  auto signal() const { return of(ReasonType::signal, signal_name(reason.number)); }
  std::string detail() const {
    return reason.type == ReasonType::signal ? reason.text : std::string();
  }
  auto attempts() const { return number_of(ReasonType::health_check_failed); }
  auto service() const { return text_of_type(ReasonType::dependency_failed); }
  auto dependency() const {
    const bool stopped = reason.type == ReasonType::stopped_with;
    return text_of_type(stopped ? ReasonType::stopped_with : ReasonType::missing_dependency);
  }
  bool conflict() const { return reason.type == ReasonType::stopped_with && reason.number != 0; }
  std::string masked_by() const {
    const bool masked = reason.type == ReasonType::missing_dependency && !reason.messages.empty();
    return masked ? reason.messages.front() : std::string();
  }
  auto message() const { return text_of_type(ReasonType::spawn_error); }
  auto port() const { return number_of(ReasonType::port_in_use); }
  auto holder() const { return text_of_type(ReasonType::port_in_use); }
  auto messages() const { return of(ReasonType::config_error, reason.messages); }
  auto which() const { return text_of_type(ReasonType::condition); }
  std::string_view step() const { return step_name(reason.step); }
};

std::optional<ReasonSource> source_of(const Reason& reason) {
  return reason ? std::optional(ReasonSource{reason}) : std::nullopt;
}

/// More about the signal that has ended the last process: that memory was short, or why zinit has
/// sent it. Empty if nothing is known.
std::string why_signalled(const ServiceView& view) {
  if (!view.ended_for.empty()) return view.ended_for;
  return view.killer.empty() ? reason_of_end(view.record.end).text : "killed " + view.killer;
}

/// Whether the record's reason belongs to its state. Otherwise it belongs to an earlier failure, or
/// to a stop that is under way.
bool tells_reason(const Record& record) {
  const ReasonType type = record.reason.type;
  if (record.state == State::failed) return type != ReasonType::stopped_with;
  if (type == ReasonType::left_behind && record.state == State::blocked) return true;
  if (!at_rest(record.state)) return false;
  return type == ReasonType::config_error || type == ReasonType::stopped_with ||
         type == ReasonType::left_behind ||
         (type == ReasonType::condition && record.state == State::inactive);
}

struct ExitSource {
  std::optional<int> code{};
  std::optional<std::string> signal{};
  std::optional<bool> core{};
  std::string detail{};
  std::string_view step{};
};

ExitSource last_exit_of(const ServiceView& view) {
  const ProcessEnd& end = view.record.end;
  const std::string_view step = step_name(view.record.end_step);
  // Most daemons exit with 0 on SIGTERM, which does not say why they got it.
  if (!end.by_signal) return {.code = end.value, .detail = view.ended_for, .step = step};
  return {{}, std::string(signal_name(end.value)), end.core, why_signalled(view), step};
}

constexpr std::array kStatusWords = {"start", "stop", "ignore"};

// The most processes in `left`, which have outlived a main process.
constexpr std::size_t kMostLeft = 16;

/// The members of a status: one function for each, with the name of its field.
struct StatusSource {
  using Names = const std::vector<std::string>&;
  struct Waits {
    std::string_view service, kind, reason, code;
  };
  struct Added {
    std::string_view service, kind;
    const std::string& file;
  };
  struct Condition {
    const std::string& condition;
    std::optional<bool> held;  // nothing while it is being checked
  };

  const ServiceView& view;
  const LogInfo& log;
  const CgroupUsage& usage;
  const Triggers* triggers;  // null: no selected member needs them
  std::optional<std::string> changed;

  const ServiceSpec& spec() const { return *view.spec; }
  const Record& record() const { return view.record; }

  const std::string& name() const { return spec().name; }
  const std::string& description() const { return *spec().description; }
  std::string_view kind() const { return kind_name(spec().kind); }
  State state() const { return record().state; }
  std::string_view summary() const { return view.summary; }
  std::string_view symbol() const { return state_symbol(record().state); }
  std::optional<ReasonSource> reason() const {
    return tells_reason(record()) ? source_of(record().reason) : std::nullopt;
  }
  std::string_view wish() const { return record().wish == Wish::up ? "up" : "down"; }
  int pid() const { return view.pid; }
  int main_pid() const { return view.main_pid; }
  std::string_view class_() const {
    return spec().class_ == ServiceClass::system ? "system" : "user";
  }
  std::string_view status() const { return kStatusWords[static_cast<std::size_t>(spec().status)]; }
  bool oneshot() const { return spec().oneshot; }
  std::optional<std::int64_t> uptime_ms() const {
    const bool runs = !spec().has_process() && record().state == State::running;
    return view.pid > 0 || runs ? std::optional(view.uptime_ms) : std::nullopt;
  }
  std::int64_t since_us() const { return view.since_us; }
  std::uint64_t restart_count() const { return view.restart_count; }
  std::optional<std::int64_t> restart_in_ms() const {
    return view.restart_in_ms >= 0 ? std::optional(view.restart_in_ms) : std::nullopt;
  }
  std::int64_t last_start_us() const { return view.last_start_us; }
  std::int64_t last_ready_us() const { return view.last_ready_us; }
  std::int64_t last_stop_us() const { return view.last_stop_us; }
  std::optional<ExitSource> last_exit() const {
    return record().has_end ? std::optional(last_exit_of(view)) : std::nullopt;
  }
  auto memory_bytes() const { return usage.memory_bytes; }
  auto cpu_usec() const { return usage.cpu_us; }
  auto tasks() const { return usage.tasks; }
  std::vector<ProcessStat> left() const { return left_of(view); }
  auto requires_() const { return named("requires", &Dependencies::requires_); }
  auto binds_to() const { return named("binds_to", &Dependencies::binds_to); }
  auto after() const { return named("after", &Dependencies::after); }
  auto wants() const { return named("wants", &Dependencies::wants); }
  auto conflicts() const { return named("conflicts", &Dependencies::conflicts); }
  Names required_by() const { return view.required_by; }
  Names bound_by() const { return view.bound_by; }
  std::vector<Added> added() const {
    std::vector<Added> all;
    for (const AddedView& one : view.added) all.push_back({one.name, one.kind, one.file});
    return all;
  }
  std::vector<std::string> blocked_by() const {
    std::vector<std::string> names;
    for (const Waiting& waiting : view.waiting_on) add_once(names, waiting.name);
    return names;
  }
  std::vector<Waits> waiting_on() const {
    std::vector<Waits> all;
    for (const Waiting& one : view.waiting_on)
      all.push_back(
          {one.name, one.kind, one.reason, one.on_its_way.empty() ? one.code : one.on_its_way});
    return all;
  }
  Names conflicts_with() const { return view.conflicts_with; }
  std::vector<Condition> conditions() const {
    std::vector<Condition> all;
    for (const ConditionResult& one : view.conditions) all.push_back({one.text, one.held});
    if (!view.condition_under_way.empty()) all.push_back({view.condition_under_way, std::nullopt});
    return all;
  }
  auto proxies() const { return triggers->proxies_of(spec().name); }
  auto sockets() const { return triggers->sockets_of(spec().name); }
  auto starts_on() const { return triggers->addresses_for(spec()); }
  auto next_start_us() const { return triggers->next_start_of(spec()); }
  /// Health of the current process; nothing if the service has no health check.
  std::optional<protocol::HealthStatus> health() const {
    if (!spec().health->configured()) return std::nullopt;
    return protocol::HealthStatus{std::string(probe_type_name(spec().health->type)),
                                  healthy_now(record()), record().health_attempts,
                                  *record().health_error};
  }
  const std::string& status_text() const { return view.status_text; }
  const std::string& instance_of() const { return zinit::instance_of(spec()); }
  const std::string& file() const { return spec().file; }
  std::optional<bool> changed_on_disk() const {
    return changed ? std::optional(!changed->empty()) : std::nullopt;
  }
  std::string changed_file() const { return changed.value_or(""); }
  std::vector<std::string> refused() const {
    const SpecFindings& findings = *spec().findings;
    if (findings.refused_warnings == 0) return {};
    // The last warning of a refusal only announces the refusal (model/plan.cpp).
    return {findings.warnings.end() - static_cast<std::ptrdiff_t>(findings.refused_warnings),
            findings.warnings.end() - 1};
  }
  std::vector<std::string> warnings() const {
    std::vector<std::string> all = view.warnings;
    if (std::string fault = triggers->fault_of_sockets(spec().name); !fault.empty())
      all.push_back(std::move(fault));
    all.insert(all.end(), log.faults.begin(), log.faults.end());
    return all;
  }
  Names without_effect() const { return view.without_effect; }
  auto log_lines() const { return log.lines; }
  auto log_dropped() const { return log.dropped; }
  const auto& log_dropped_by() const { return log.dropped_by; }

 private:
  /// The dependencies of one kind: from the service's own file, then from other files.
  std::vector<std::string> named(std::string_view kind,
                                 std::vector<Dependency> Dependencies::*own) const {
    std::vector<std::string> names;
    for (const Dependency& dependency : (*spec().dependencies).*own)
      names.push_back(dependency.name);
    for (const AddedView& other : view.added)
      if (other.kind == kind) names.push_back(other.name);
    return names;
  }
};

constexpr auto& kMembers = protocol::Members<protocol::ServiceStatus>::kList;

/// The figures of the cgroup, or of the service's process alone if the cgroup lacks a figure. If
/// the pid has been reused, the figure belongs to another process, but then the whole answer is out
/// of date anyway.
CgroupUsage usage_of(const ServiceView& view) {
  CgroupUsage usage;
  if (!view.cgroup.empty()) {
    if (const auto cgroup = Cgroup::open(view.cgroup)) usage = cgroup->usage();
  }
  if (!view.held.empty()) usage.tasks = static_cast<std::int64_t>(view.held.size());
  if (usage.complete() || view.pid <= 0) return usage;
  if (const auto process = read_process_stat(view.pid))
    usage.fill_in({process->memory_bytes, process->cpu_us, process->threads});
  return usage;
}

void put_status_full(JsonWriter& writer, const ServiceView& view, LogStore& logs,
                     const StatusSelection& selection, const Triggers* triggers,
                     const std::optional<std::string>& changed) {
  const LogInfo log = selection.logs ? logs.info(view.slot) : LogInfo();
  const CgroupUsage usage = selection.usage ? usage_of(view) : CgroupUsage();
  const StatusSource source{view, log, usage, triggers, changed};
  writer.begin_object();
  constexpr auto& writers = protocol::Writers<protocol::ServiceStatus, StatusSource>::kList;
  for (std::size_t i = 0; i < std::size(writers); ++i) {
    if (!selection.members[i]) continue;
    const auto& one = writers[i];
    if (selection.some)
      writer.member_if_any(one.member.quoted, [&] { one.put(writer, one.member, source); });
    else
      one.put(writer, one.member, source);
  }
  writer.end_object();
}

/// RFC 4648, with padding.
std::string base64(std::string_view bytes) {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto byte = [&](std::size_t at) {
      return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0U;
    };
    const unsigned bits = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    text += alphabet[bits >> 18];
    text += alphabet[bits >> 12 & 63];
    text += i + 1 < bytes.size() ? alphabet[bits >> 6 & 63] : '=';
    text += i + 2 < bytes.size() ? alphabet[bits & 63] : '=';
  }
  return text;
}

/// *status_full* of all services, one per step.
class FullList final : public Turns {
 public:
  FullList(RpcContext& context, const StatusSelection& selection)
      : context_(context), selection_(selection) {}

  void begin() override {
    views_ = context_.board.views();
    std::vector<SpecPtr> specs;
    if (selection_.changes)
      for (const ServiceView& view : views_) specs.push_back(view.spec);
    changes_ = context_.file_changes.ask(std::move(specs));
    if (selection_.triggers) triggers_.emplace(context_.daemon);
    writer_.begin_array();
  }
  [[nodiscard]] bool waits() override {
    if (!changed_) changed_ = context_.file_changes.answer(changes_);
    return !changed_;
  }
  [[nodiscard]] bool step() override {
    if (next_ == views_.size()) return false;
    put_status_full(writer_, views_[next_], context_.logs, selection_,
                    triggers_ ? &*triggers_ : nullptr,
                    selection_.changes ? (*changed_)[next_] : std::nullopt);
    ++next_;
    return true;
  }
  [[nodiscard]] RpcResult take() override { return writer_.end_array().take(); }

 private:
  RpcContext& context_;
  const StatusSelection selection_;
  std::vector<ServiceView> views_;
  std::size_t next_ = 0;
  FileChanges::Ticket changes_;
  std::optional<FileChanges::Answers> changed_;
  std::optional<Triggers> triggers_;
  JsonWriter writer_;
};

}  // namespace

std::vector<ProcessStat> left_of(const ServiceView& view) {
  std::vector<ProcessStat> found;
  if (view.pid != 0) return found;
  std::vector<pid_t> pids = view.held;
  if (!view.cgroup.empty()) {
    if (const auto cgroup = Cgroup::open(view.cgroup)) pids = cgroup->processes();
  }
  sort_values(pids);
  for (const pid_t pid : pids) {
    if (found.size() == kMostLeft) break;
    if (auto stat = read_process_stat(pid)) found.push_back(std::move(*stat));
  }
  return found;
}

StatusSelection::StatusSelection(const std::vector<std::string>& names) {
  static_assert(std::size(kMembers) <= 64);
  some = !names.empty();
  for (std::size_t i = 0; i < std::size(kMembers); ++i) {
    const std::string_view name = kMembers[i].name();
    if (!names.empty() && !contains(names, name)) continue;
    members.set(i);
    usage = usage || name == "memory_bytes" || name == "cpu_usec" || name == "tasks";
    changes = changes || name.starts_with("changed_");
    logs = logs || name.starts_with("log_");
    triggers = triggers || name == "proxies" || name == "sockets" || name == "starts_on" ||
               name == "next_start_us" || name == "warnings";
  }
}

std::vector<std::string> StatusSelection::known() {
  std::vector<std::string> names;
  for (const auto& member : kMembers) names.emplace_back(member.name());
  return names;
}

std::string status_full_json(const RpcContext& context, const ServiceView& view,
                             const std::optional<std::string>& changed) {
  JsonWriter writer;
  const Triggers triggers(context.daemon);
  put_status_full(writer, view, context.logs, StatusSelection(), &triggers, changed);
  return writer.take();
}

Later list_full(RpcContext& context, const StatusSelection& selection) {
  return in_turns(context, std::make_shared<FullList>(context, selection));
}

std::string status_json(const ServiceView& view) {
  const Record& record = view.record;
  protocol::BriefStatus status;
  status.name = view.spec->name;
  status.state = state_name(record.state);
  status.summary = view.summary;
  if (view.pid > 0) status.pid = view.pid;
  if (record.has_end && !record.end.by_signal) status.exit_code = record.end.value;
  if (record.state == State::failed) status.error = reason_text(record.reason, *view.spec);
  return object_json<protocol::BriefStatus>(status);
}

void put_reason(JsonWriter& writer, const Reason& reason) {
  put_as<std::optional<protocol::StatusReason>>(writer, source_of(reason), true);
}

const std::string& instance_of(const ServiceSpec& spec) {
  return spec.is_instance() ? spec.instance->of : *spec.connection_of;
}

void put_log_line(JsonWriter& writer, const LogLine& line, std::string_view service) {
  struct Source {
    const LogLine& of;
    std::string_view service;

    std::int64_t time_us() const { return of.time_us; }
    std::string_view stream() const { return log_stream_name(of.stream); }
    const std::string& line() const { return of.text; }
    std::optional<std::string> raw() const {
      return valid_utf8(of.text) ? std::nullopt : std::optional(base64(of.text));
    }
    bool continues() const { return of.continues; }
    std::uint64_t seq() const { return of.seq; }
  };
  put_members<protocol::LogLine>(writer, Source{line, service});
}

void put_event(JsonWriter& writer, const StateEvent& event) {
  struct Source {
    const StateEvent& of;

    const std::string& service() const { return of.service; }
    State from() const { return of.from; }
    State to() const { return of.to; }
    auto reason() const { return source_of(*of.reason); }
    int pid() const { return of.pid; }
    std::int64_t time_us() const { return of.time_us; }
    std::uint64_t seq() const { return of.seq; }
  };
  put_members<protocol::StateEvent>(writer, Source{event});
}

void put_rehearsed_change(JsonWriter& writer, const Rehearsal::Change& change, const Graph& graph) {
  struct Source {
    const Rehearsal::Change& of;
    const Graph& graph;

    std::int64_t after_ms() const { return of.after.count(); }
    const std::string& service() const { return graph.name(of.slot); }
    State from() const { return of.from; }
    State to() const { return of.to; }
    auto reason() const { return source_of(of.reason); }
  };
  put_object<protocol::RehearsedChange>(writer, Source{change, graph});
}

std::string event_members(const StateEvent& event) {
  JsonWriter writer;
  put_event(writer.begin_object(), event);
  const std::string object = writer.end_object().take();
  return object.substr(1, object.size() - 2);
}

}  // namespace zinit
