// Services as JSON: see views.hpp.
#include "control/views.hpp"

#include <algorithm>

#include "model/decide.hpp"
#include "os/cgroup.hpp"
#include "os/process.hpp"

namespace zinit {

namespace {

/// What the members of a status are made of.
struct StatusSource {
  const ServiceView& view;
  const LogInfo& log;
  const CgroupUsage& usage;

  [[nodiscard]] const ServiceSpec& spec() const { return *view.spec; }
};

using W = JsonWriter;
using S = const StatusSource&;

/// A reason belongs to `failed`, and that of a condition to `inactive`; elsewhere it is history.
void put_shown_reason(W& w, S s) {
  const Record& record = s.view.record;
  const bool shown = record.state == State::failed || (record.state == State::inactive &&
                                                       record.reason.type == ReasonType::condition);
  put_reason(w, shown ? record.reason : Reason());
}

void put_names(W& w, const std::vector<Dependency>& dependencies) {
  w.begin_array();
  for (const Dependency& dependency : dependencies) w.put(dependency.name);
  w.end_array();
}

void put_or_null(W& w, std::int64_t value, bool there) { there ? w.put(value) : w.put(nullptr); }

void put_text_or_null(W& w, const std::string& text) {
  text.empty() ? w.put(nullptr) : w.put(text);
}

void put_figure(W& w, const std::optional<std::int64_t>& figure) {
  put_or_null(w, figure.value_or(0), figure.has_value());
}

void put_last_exit(W& w, S s) {
  const ProcessEnd& end = s.view.record.end;
  if (!s.view.record.has_end) {
    w.put(nullptr);
    return;
  }
  w.begin_object();
  if (end.by_signal) {
    w.member("signal", signal_name(end.value)).member("core", end.core);
    if (const std::string detail = reason_of_end(end).text; !detail.empty())
      w.member("detail", detail);
  } else {
    w.member("code", end.value);
  }
  w.end_object();
}

/// Of the process that there is: null where nothing is probed.
void put_health(W& w, S s) {
  const Record& record = s.view.record;
  if (!s.spec().health->configured()) {
    w.put(nullptr);
    return;
  }
  w.begin_object().member("type", probe_type_name(s.spec().health->type));
  w.member("healthy", checked_now(record) && record.healthy && record.health_attempts == 0);
  w.member("attempts", record.health_attempts).key("last_error");
  put_text_or_null(w, record.health_error);
  w.end_object();
}

void put_blocked_by(W& w, S s) {
  std::vector<std::string> names;
  for (const Waiting& waiting : s.view.waiting_on)
    if (std::find(names.begin(), names.end(), waiting.name) == names.end())
      names.push_back(waiting.name);
  w.put(names);
}

void put_waiting_on(W& w, S s) {
  w.begin_array();
  for (const Waiting& waiting : s.view.waiting_on) {
    w.begin_object();
    w.member("service", waiting.name).member("kind", waiting.kind).member("reason", waiting.reason);
    w.end_object();
  }
  w.end_array();
}

void put_dropped_by(W& w, S s) {
  w.begin_object();
  for (const auto& [sink, lines] : s.log.dropped_by) w.member(sink, lines);
  w.end_object();
}

std::string_view status_word(StartStatus status) {
  switch (status) {
    case StartStatus::start: return "start";
    case StartStatus::stop: return "stop";
    case StartStatus::ignore: return "ignore";
  }
  return "";
}

bool shows_uptime(S s) {
  return s.view.pid > 0 || (s.spec().is_target() && s.view.record.state == State::running);
}

constexpr std::string_view kText = R"({"type":"string"})";
constexpr std::string_view kTextOrNull = R"({"type":["string","null"]})";
constexpr std::string_view kInteger = R"({"type":"integer"})";
constexpr std::string_view kIntegerOrNull = R"({"type":["integer","null"]})";
constexpr std::string_view kFlag = R"({"type":"boolean"})";
constexpr std::string_view kNames = R"({"type":"array","items":{"type":"string"}})";
constexpr std::string_view kObject = R"({"type":"object"})";
constexpr std::string_view kObjectOrNull = R"({"type":["object","null"]})";

struct StatusMember {
  std::string_view name;
  std::string_view schema;
  void (*put)(W&, S);
};

// Every member of a full status, in the order in which the protocol names them.
// clang-format off
constexpr StatusMember kMembers[] = {
    {"name", kText, [](W& w, S s) { w.put(s.spec().name); }},
    {"description", kText, [](W& w, S s) { w.put(s.spec().description); }},
    {"kind", R"({"enum":["service","target"]})",
     [](W& w, S s) { w.put(s.spec().is_target() ? "target" : "service"); }},
    {"state", R"({"$ref":"#/components/schemas/state"})",
     [](W& w, S s) { w.put(state_name(s.view.record.state)); }},
    {"summary",
     R"({"enum":["running","ok","error","re-spawn","waiting","stopping","stopped"]})",
     [](W& w, S s) { w.put(s.view.summary); }},
    {"symbol", kText, [](W& w, S s) { w.put(state_symbol(s.view.record.state)); }},
    {"reason", R"({"$ref":"#/components/schemas/reason"})",
     put_shown_reason},
    {"wish", R"({"enum":["up","down"]})",
     [](W& w, S s) { w.put(s.view.record.wish == Wish::up ? "up" : "down"); }},
    {"pid", kIntegerOrNull, [](W& w, S s) { put_or_null(w, s.view.pid, s.view.pid > 0); }},
    {"main_pid", kIntegerOrNull,
     [](W& w, S s) { put_or_null(w, s.view.main_pid, s.view.main_pid > 0); }},
    {"class", R"({"enum":["user","system"]})",
     [](W& w, S s) { w.put(s.spec().class_ == ServiceClass::system ? "system" : "user"); }},
    {"status", R"({"enum":["start","stop","ignore"]})",
     [](W& w, S s) { w.put(status_word(s.spec().status)); }},
    {"oneshot", kFlag, [](W& w, S s) { w.put(s.spec().oneshot); }},
    {"uptime_ms", kIntegerOrNull,
     [](W& w, S s) { put_or_null(w, s.view.uptime_ms, shows_uptime(s)); }},
    {"since_us", kIntegerOrNull,
     [](W& w, S s) { put_or_null(w, s.view.since_us, s.view.since_us > 0); }},
    {"restart_count", kInteger, [](W& w, S s) { w.put(s.view.restart_count); }},
    {"restart_in_ms", kIntegerOrNull,
     [](W& w, S s) { put_or_null(w, s.view.restart_in_ms, s.view.restart_in_ms >= 0); }},
    {"last_start_us", kIntegerOrNull,
     [](W& w, S s) { put_or_null(w, s.view.last_start_us, s.view.last_start_us > 0); }},
    {"last_ready_us", kIntegerOrNull,
     [](W& w, S s) { put_or_null(w, s.view.last_ready_us, s.view.last_ready_us > 0); }},
    {"last_stop_us", kIntegerOrNull,
     [](W& w, S s) { put_or_null(w, s.view.last_stop_us, s.view.last_stop_us > 0); }},
    {"last_exit", kObjectOrNull, put_last_exit},
    {"memory_bytes", kIntegerOrNull,
     [](W& w, S s) { put_figure(w, s.usage.memory_bytes); }},
    {"cpu_usec", kIntegerOrNull,
     [](W& w, S s) { put_figure(w, s.usage.cpu_us); }},
    {"tasks", kIntegerOrNull,
     [](W& w, S s) { put_figure(w, s.usage.tasks); }},
    {"requires", kNames, [](W& w, S s) { put_names(w, s.spec().dependencies.requires_); }},
    {"after", kNames, [](W& w, S s) { put_names(w, s.spec().dependencies.after); }},
    {"wants", kNames, [](W& w, S s) { put_names(w, s.spec().dependencies.wants); }},
    {"conflicts", kNames, [](W& w, S s) { put_names(w, s.spec().dependencies.conflicts); }},
    {"required_by", kNames, [](W& w, S s) { w.put(s.view.required_by); }},
    {"blocked_by", kNames, put_blocked_by},
    {"waiting_on", R"({"type":"array","items":{"type":"object"}})", put_waiting_on},
    {"conflicts_with", kNames, [](W& w, S s) { w.put(s.view.conflicts_with); }},
    {"health", kObjectOrNull, put_health},
    {"status_text", kTextOrNull, [](W& w, S s) { put_text_or_null(w, s.view.status_text); }},
    {"file", kTextOrNull, [](W& w, S s) { put_text_or_null(w, s.spec().file); }},
    {"warnings", kNames, [](W& w, S s) { w.put(s.view.warnings); }},
    {"log_lines", kInteger, [](W& w, S s) { w.put(s.log.lines); }},
    {"log_dropped", kInteger, [](W& w, S s) { w.put(s.log.dropped); }},
    {"log_dropped_by", kObject, put_dropped_by},
};
// clang-format on

/// Of the cgroup; what that does not count, of the main process. It may end and another get its pid
/// meanwhile: then the figures are those of the other, in an answer that was overtaken anyway.
CgroupUsage usage_of(const ServiceView& view) {
  CgroupUsage usage;
  if (!view.cgroup.empty()) {
    if (const auto cgroup = Cgroup::open(view.cgroup)) usage = cgroup->usage();
  }
  const bool complete = usage.memory_bytes && usage.cpu_us && usage.tasks;
  if (complete || view.pid <= 0) return usage;
  const auto process = read_process_stat(view.pid);
  if (!process) return usage;
  if (!usage.memory_bytes) usage.memory_bytes = process->memory_bytes;
  if (!usage.cpu_us) usage.cpu_us = process->cpu_us;
  if (!usage.tasks) usage.tasks = process->threads;
  return usage;
}

}  // namespace

StatusSelection::StatusSelection(const std::vector<std::string>& names) {
  static_assert(std::size(kMembers) <= 64);
  for (std::size_t i = 0; i < std::size(kMembers); ++i) {
    const std::string_view name = kMembers[i].name;
    if (!names.empty() && std::find(names.begin(), names.end(), name) == names.end()) continue;
    members_ |= std::uint64_t{1} << i;
    usage_ = usage_ || name == "memory_bytes" || name == "cpu_usec" || name == "tasks";
  }
}

void put_status_full(JsonWriter& writer, const ServiceView& view, LogStore& logs,
                     const StatusSelection& selection) {
  const LogInfo log = logs.info(view.slot);
  const CgroupUsage usage = selection.has_usage() ? usage_of(view) : CgroupUsage();
  const StatusSource source{view, log, usage};
  writer.begin_object();
  for (std::size_t i = 0; i < std::size(kMembers); ++i) {
    if (!selection.has(i)) continue;
    writer.key(kMembers[i].name);
    kMembers[i].put(writer, source);
  }
  writer.end_object();
}

std::string status_full_schema() {
  JsonWriter writer;
  writer.begin_object().member("type", "object").key("properties").begin_object();
  for (const StatusMember& member : kMembers) writer.key(member.name).put_raw(member.schema);
  writer.end_object().key("required").begin_array();
  for (const StatusMember& member : kMembers) writer.put(member.name);
  return writer.end_array().end_object().take();
}

void put_status(JsonWriter& writer, const ServiceView& view) {
  const Record& record = view.record;
  const bool coded = record.has_end && !record.end.by_signal;
  writer.begin_object();
  writer.member("name", view.spec->name).member("state", state_name(record.state));
  writer.member("summary", view.summary).key("pid");
  put_or_null(writer, view.pid, view.pid > 0);
  writer.key("exit_code");
  put_or_null(writer, record.end.value, coded);
  writer.key("error");
  put_text_or_null(writer,
                   record.state == State::failed ? reason_text(record.reason) : std::string());
  writer.end_object();
}

void put_reason(JsonWriter& writer, const Reason& reason) {
  if (!reason) {
    writer.put(nullptr);
    return;
  }
  writer.begin_object().member("type", reason_type_name(reason.type));
  switch (reason.type) {
    case ReasonType::exit_code: writer.member("code", reason.number); break;
    case ReasonType::signal:
      writer.member("signal", signal_name(reason.number));
      if (!reason.text.empty()) writer.member("detail", reason.text);
      break;
    case ReasonType::health_check_failed: writer.member("attempts", reason.number); break;
    case ReasonType::dependency_failed: writer.member("service", reason.text); break;
    case ReasonType::missing_dependency:
      writer.member("dependency", reason.text);
      if (!reason.messages.empty()) writer.member("masked_by", reason.messages.front());
      break;
    case ReasonType::spawn_error: writer.member("message", reason.text); break;
    case ReasonType::port_in_use:
      writer.member("port", reason.number).member("holder", reason.text);
      break;
    case ReasonType::config_error: writer.member("messages", reason.messages); break;
    case ReasonType::condition: writer.member("which", reason.text); break;
    case ReasonType::none:
    case ReasonType::start_timeout:
    case ReasonType::stop_timeout:
    case ReasonType::watchdog_timeout: break;
  }
  if (reason.step == Phase::pre) writer.member("step", kPreStepName);
  writer.end_object();
}

std::string event_members(const StateEvent& event) {
  JsonWriter writer;
  writer.begin_object().member("service", event.service);
  writer.member("from", state_name(event.from)).member("to", state_name(event.to)).key("reason");
  put_reason(writer, event.reason);
  writer.key("pid");
  put_or_null(writer, event.pid, event.pid > 0);
  writer.member("time_us", event.time_us).member("seq", event.seq).end_object();
  const std::string object = writer.take();
  return object.substr(1, object.size() - 2);
}

std::string why_json(const WhyReport& report) {
  JsonWriter writer;
  writer.begin_object().member("name", report.name).member("state", state_name(report.state));
  writer.key("reasons").begin_array();
  for (const WhyReason& reason : report.reasons) {
    writer.begin_object();
    writer.member("kind", reason.kind).member("service", reason.service);
    writer.member("state", state_name(reason.state)).member("detail", reason.detail);
    writer.member("root_cause", reason.root_cause).member("depth", reason.depth);
    writer.end_object();
  }
  return writer.end_array().end_object().take();
}

std::string reload_json(const ReloadReport& report) {
  JsonWriter writer;
  writer.begin_object();
  writer.member("added", report.added).member("changed", report.changed);
  writer.member("removed", report.removed).member("unchanged", report.unchanged);
  writer.member("failed", report.failed).member("restarted", report.restarted);
  writer.member("stopped", report.stopped).member("failed_before", report.failed_before);
  writer.key("why").begin_object();
  for (const auto& [name, reasons] : report.why) writer.member(name, reasons);
  writer.end_object();
  return writer.end_object().take();
}

}  // namespace zinit
