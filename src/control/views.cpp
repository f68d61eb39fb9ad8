// Services as JSON: see views.hpp.
#include "control/views.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "control/answers.hpp"
#include "control/file_changes.hpp"
#include "control/triggers.hpp"
#include "model/decide.hpp"
#include "os/cgroup.hpp"

namespace zinit {

namespace {

/// What the members of a status are made from.
struct StatusSource {
  const ServiceView& view;
  const LogInfo& log;
  const CgroupUsage& usage;
  const Triggers* triggers;  // null: no wanted member needs them
  std::optional<bool> changed_on_disk;

  [[nodiscard]] const ServiceSpec& spec() const { return *view.spec; }
};

using W = JsonWriter;
using S = const StatusSource&;

/// The dependencies of one kind: those of the service's own file, then those that others' add.
void put_names(W& w, S s, std::string_view kind, std::vector<Dependency> Dependencies::*own) {
  w.begin_array();
  for (const Dependency& dependency : (*s.spec().dependencies).*own) w.put(dependency.name);
  for (const AddedView& added : s.view.added)
    if (added.kind == kind) w.put(added.name);
  w.end_array();
}

void put_or_null(W& w, std::int64_t value, bool there) { there ? w.put(value) : w.put(nullptr); }

void put_text_or_null(W& w, const std::string& text) {
  text.empty() ? w.put(nullptr) : w.put(text);
}

/// More about the signal that has ended the last process: that memory was short, or for what zinit
/// has sent it. Empty if nothing is known.
std::string why_signalled(const ServiceView& view) {
  const Record& record = view.record;
  const ReasonType type = record.reason.type;
  const bool by_zinit =
      type == ReasonType::start_timeout || type == ReasonType::health_check_failed ||
      type == ReasonType::watchdog_timeout || record.reason.step == CommandKind::ready_exec;
  if (by_zinit) return reason_text(record.reason);
  return view.killer.empty() ? reason_of_end(record.end).text : "killed " + view.killer;
}

/// Whether the record's reason is that of its state. In others the record has that of an earlier
/// failure, or of a stop that is under way.
bool tells_reason(const Record& record) {
  const ReasonType type = record.reason.type;
  if (record.state == State::failed) return type != ReasonType::stopped_with;
  if (type == ReasonType::left_behind && record.state == State::blocked) return true;
  if (!at_rest(record.state)) return false;
  return type == ReasonType::config_error || type == ReasonType::stopped_with ||
         type == ReasonType::left_behind ||
         (type == ReasonType::condition && record.state == State::inactive);
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
    if (const std::string detail = why_signalled(s.view); !detail.empty())
      w.member("detail", detail);
  } else {
    w.member("code", end.value);
  }
  w.end_object();
}

/// The health of the current process; null if the service has no health check.
void put_health(W& w, S s) {
  const Record& record = s.view.record;
  if (!s.spec().health->configured()) {
    w.put(nullptr);
    return;
  }
  w.begin_object().member("type", probe_type_name(s.spec().health->type));
  w.member("healthy", healthy_now(record));
  w.member("attempts", record.health_attempts).key("last_error");
  put_text_or_null(w, *record.health_error);
  w.end_object();
}

constexpr std::array kStatusWords = {"start", "stop", "ignore"};

// So many of the processes that have outlived a main process are listed.
constexpr std::size_t kMostLeft = 16;

/// The functions that write the members; each has the name of its field in the list of members.
struct Put {
  static void name(W& w, S s) { w.put(s.spec().name); }
  static void description(W& w, S s) { w.put(*s.spec().description); }
  static void kind(W& w, S s) { w.put(kind_name(s.spec().kind)); }
  static void state(W& w, S s) { w.put(state_name(s.view.record.state)); }
  static void summary(W& w, S s) { w.put(s.view.summary); }
  static void symbol(W& w, S s) { w.put(state_symbol(s.view.record.state)); }
  static void reason(W& w, S s) {
    const Record& record = s.view.record;
    put_reason(w, tells_reason(record) ? record.reason : Reason());
  }
  static void wish(W& w, S s) { w.put(s.view.record.wish == Wish::up ? "up" : "down"); }
  static void pid(W& w, S s) { put_or_null(w, s.view.pid, s.view.pid > 0); }
  static void main_pid(W& w, S s) { put_or_null(w, s.view.main_pid, s.view.main_pid > 0); }
  static void class_(W& w, S s) {
    w.put(s.spec().class_ == ServiceClass::system ? "system" : "user");
  }
  static void status(W& w, S s) { w.put(kStatusWords[static_cast<std::size_t>(s.spec().status)]); }
  static void oneshot(W& w, S s) { w.put(s.spec().oneshot); }
  static void uptime_ms(W& w, S s) {
    const bool runs = !s.spec().has_process() && s.view.record.state == State::running;
    put_or_null(w, s.view.uptime_ms, s.view.pid > 0 || runs);
  }
  static void since_us(W& w, S s) { put_or_null(w, s.view.since_us, s.view.since_us > 0); }
  static void restart_count(W& w, S s) { w.put(s.view.restart_count); }
  static void restart_in_ms(W& w, S s) {
    put_or_null(w, s.view.restart_in_ms, s.view.restart_in_ms >= 0);
  }
  static void last_start_us(W& w, S s) {
    put_or_null(w, s.view.last_start_us, s.view.last_start_us > 0);
  }
  static void last_ready_us(W& w, S s) {
    put_or_null(w, s.view.last_ready_us, s.view.last_ready_us > 0);
  }
  static void last_stop_us(W& w, S s) {
    put_or_null(w, s.view.last_stop_us, s.view.last_stop_us > 0);
  }
  static void last_exit(W& w, S s) { put_last_exit(w, s); }
  static void memory_bytes(W& w, S s) { w.put(s.usage.memory_bytes); }
  static void cpu_usec(W& w, S s) { w.put(s.usage.cpu_us); }
  static void tasks(W& w, S s) { w.put(s.usage.tasks); }
  static void left(W& w, S s) {
    w.begin_array();
    for (const ProcessStat& process : left_of(s.view))
      w.begin_object().member("pid", process.pid).member("comm", process.comm).end_object();
    w.end_array();
  }
  static void requires_(W& w, S s) { put_names(w, s, "requires", &Dependencies::requires_); }
  static void binds_to(W& w, S s) { put_names(w, s, "binds_to", &Dependencies::binds_to); }
  static void after(W& w, S s) { put_names(w, s, "after", &Dependencies::after); }
  static void wants(W& w, S s) { put_names(w, s, "wants", &Dependencies::wants); }
  static void conflicts(W& w, S s) { put_names(w, s, "conflicts", &Dependencies::conflicts); }
  static void required_by(W& w, S s) { w.put(s.view.required_by); }
  static void bound_by(W& w, S s) { w.put(s.view.bound_by); }
  static void added(W& w, S s) {
    w.begin_array();
    for (const AddedView& added : s.view.added) {
      w.begin_object().member("service", added.name).member("kind", added.kind).key("file");
      put_text_or_null(w, added.file);
      w.end_object();
    }
    w.end_array();
  }
  static void blocked_by(W& w, S s) {
    std::vector<std::string> names;
    for (const Waiting& waiting : s.view.waiting_on)
      if (std::ranges::find(names, waiting.name) == names.end()) names.push_back(waiting.name);
    w.put(names);
  }
  static void waiting_on(W& w, S s) {
    w.begin_array();
    for (const Waiting& waiting : s.view.waiting_on) {
      w.begin_object().member("service", waiting.name).member("kind", waiting.kind);
      w.member("reason", waiting.reason).end_object();
    }
    w.end_array();
  }
  static void conflicts_with(W& w, S s) { w.put(s.view.conflicts_with); }
  static void conditions(W& w, S s) {
    w.begin_array();
    for (const ConditionResult& one : s.view.conditions)
      w.begin_object().member("condition", one.text).member("held", one.held).end_object();
    if (const std::string& text = s.view.condition_under_way; !text.empty())
      w.begin_object().member("condition", text).member("held", nullptr).end_object();
    w.end_array();
  }
  static void proxies(W& w, S s) { w.put(s.triggers->proxies_of(s.spec().name)); }
  static void sockets(W& w, S s) { w.put(s.triggers->sockets_of(s.spec().name)); }
  static void starts_on(W& w, S s) { w.put(s.triggers->addresses_for(s.spec())); }
  static void next_start_us(W& w, S s) { w.put(s.triggers->next_start_of(s.spec())); }
  static void health(W& w, S s) { put_health(w, s); }
  static void status_text(W& w, S s) { put_text_or_null(w, s.view.status_text); }
  static void instance_of(W& w, S s) { put_instance_of(w, s.spec()); }
  static void file(W& w, S s) { put_text_or_null(w, s.spec().file); }
  static void changed_on_disk(W& w, S s) { w.put(s.changed_on_disk); }
  static void refused(W& w, S s) {
    const SpecFindings& findings = *s.spec().findings;
    const std::size_t end = findings.warnings.size();
    w.begin_array();
    // The last warning of a refusal only says that there is one (model/plan.cpp).
    for (std::size_t i = end - findings.refused_warnings; i + 1 < end; ++i)
      w.put(findings.warnings[i]);
    w.end_array();
  }
  static void warnings(W& w, S s) {
    std::vector<std::string> all = s.view.warnings;
    if (std::string fault = s.triggers->fault_of_sockets(s.spec().name); !fault.empty())
      all.push_back(std::move(fault));
    w.put(all);
  }
  static void log_lines(W& w, S s) { w.put(s.log.lines); }
  static void log_dropped(W& w, S s) { w.put(s.log.dropped); }
  static void log_dropped_by(W& w, S s) {
    w.begin_object();
    for (const auto& [sink, lines] : s.log.dropped_by) w.member(sink, lines);
    w.end_object();
  }
};

/// The JSON Schemas that the list of members refers to.
struct Schema {
  static constexpr std::string_view text = R"({"type":"string"})";
  static constexpr std::string_view text_or_null = R"({"type":["string","null"]})";
  static constexpr std::string_view integer = R"({"type":"integer"})";
  static constexpr std::string_view integer_or_null = R"({"type":["integer","null"]})";
  static constexpr std::string_view flag = R"({"type":"boolean"})";
  static constexpr std::string_view flag_or_null = R"({"type":["boolean","null"]})";
  static constexpr std::string_view names = R"({"type":"array","items":{"type":"string"}})";
  static constexpr std::string_view object = R"({"type":"object"})";
  static constexpr std::string_view object_or_null = R"({"type":["object","null"]})";
  static constexpr std::string_view objects = R"({"type":"array","items":{"type":"object"}})";
  static_assert(kKinds.size() == 2, "the schema of `kind` names all of them");
  static constexpr std::string_view kind = R"({"enum":["service","target"]})";
  static constexpr std::string_view state = R"({"$ref":"#/components/schemas/state"})";
  static constexpr std::string_view summary =
      R"({"enum":["running","ok","error","re-spawn","waiting","stopping","stopped"]})";
  static constexpr std::string_view reason = R"({"$ref":"#/components/schemas/reason"})";
  static constexpr std::string_view wish = R"({"enum":["up","down"]})";
  static constexpr std::string_view service_class = R"({"enum":["user","system"]})";
  static constexpr std::string_view start_status = R"({"enum":["start","stop","ignore"]})";
};

struct StatusMember {
  std::string_view quoted;  // its name, with the quotes
  std::string_view schema;
  void (*put)(W&, S);

  [[nodiscard]] constexpr std::string_view name() const {
    return quoted.substr(1, quoted.size() - 2);
  }
};

constexpr StatusMember kMembers[] = {
#define ZINIT_STATUS_MEMBER(type, field, name, schema) {"\"" name "\"", Schema::schema, Put::field},
#include "zinit/status_members.inc"
#undef ZINIT_STATUS_MEMBER
};

/// The figures of the cgroup; a figure that it lacks is that of the service's process alone. If the
/// pid is reused meanwhile, that is a figure of another process, but then the whole answer is out
/// of date anyway.
CgroupUsage usage_of(const ServiceView& view) {
  CgroupUsage usage;
  if (!view.cgroup.empty()) {
    if (const auto cgroup = Cgroup::open(view.cgroup)) usage = cgroup->usage();
  }
  if (!view.held.empty()) usage.tasks = static_cast<std::int64_t>(view.held.size());
  const bool complete = usage.memory_bytes && usage.cpu_us && usage.tasks;
  if (complete || view.pid <= 0) return usage;
  const auto process = read_process_stat(view.pid);
  if (!process) return usage;
  if (!usage.memory_bytes) usage.memory_bytes = process->memory_bytes;
  if (!usage.cpu_us) usage.cpu_us = process->cpu_us;
  if (!usage.tasks) usage.tasks = process->threads;
  return usage;
}

void put_status_full(JsonWriter& writer, const ServiceView& view, LogStore& logs,
                     const StatusSelection& selection, const Triggers* triggers,
                     std::optional<bool> changed_on_disk) {
  const LogInfo log = selection.logs ? logs.info(view.slot) : LogInfo();
  const CgroupUsage usage = selection.usage ? usage_of(view) : CgroupUsage();
  const StatusSource source{view, log, usage, triggers, changed_on_disk};
  writer.begin_object();
  for (std::size_t i = 0; i < std::size(kMembers); ++i) {
    if (!selection.members[i]) continue;
    const auto put = [&, i] { kMembers[i].put(writer, source); };
    if (selection.some) {
      writer.member_if_any(kMembers[i].quoted, put);
    } else {
      writer.quoted_key(kMembers[i].quoted);
      put();
    }
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

/// *status_full* of all services, one at a time.
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
  [[nodiscard]] std::string take() override { return writer_.end_array().take(); }

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
  std::ranges::sort(pids);
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
    if (!names.empty() && std::find(names.begin(), names.end(), name) == names.end()) continue;
    members.set(i);
    usage = usage || name == "memory_bytes" || name == "cpu_usec" || name == "tasks";
    changes = changes || name == "changed_on_disk";
    logs = logs || name.starts_with("log_");
    triggers = triggers || name == "proxies" || name == "sockets" || name == "starts_on" ||
               name == "next_start_us" || name == "warnings";
  }
}

std::string status_full_json(const RpcContext& context, const ServiceView& view,
                             std::optional<bool> changed_on_disk) {
  JsonWriter writer;
  const Triggers triggers(context.daemon);
  put_status_full(writer, view, context.logs, StatusSelection(), &triggers, changed_on_disk);
  return writer.take();
}

Later list_full(RpcContext& context, const StatusSelection& selection) {
  return in_turns(context, std::make_shared<FullList>(context, selection));
}

std::string status_full_schema() {
  JsonWriter writer;
  writer.begin_object().member("type", "object").key("properties").begin_object();
  for (const StatusMember& member : kMembers)
    writer.quoted_key(member.quoted).put_raw(member.schema);
  writer.end_object().key("required").begin_array();
  for (const StatusMember& member : kMembers) writer.put(member.name());
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
    case ReasonType::stopped_with:
      writer.member("dependency", reason.text);
      if (reason.number != 0) writer.member("conflict", true);
      break;
    case ReasonType::none:
    case ReasonType::start_timeout:
    case ReasonType::stop_timeout:
    case ReasonType::watchdog_timeout:
    case ReasonType::left_behind: break;
  }
  if (const auto step = step_name(reason.step); !step.empty()) writer.member("step", step);
  writer.end_object();
}

void put_instance_of(JsonWriter& writer, const ServiceSpec& spec) {
  put_text_or_null(writer, spec.is_instance() ? spec.instance->of : spec.connection_of);
}

void put_log_line(JsonWriter& writer, const LogLine& line) {
  writer.member("time_us", line.time_us).member("stream", log_stream_name(line.stream));
  writer.member("line", line.text);
  if (!valid_utf8(line.text)) writer.member("raw", base64(line.text));
  if (line.continues) writer.member("continues", true);
  writer.member("seq", line.seq);
}

std::string event_members(const StateEvent& event) {
  JsonWriter writer;
  writer.begin_object().member("service", event.service);
  writer.member("from", state_name(event.from)).member("to", state_name(event.to)).key("reason");
  put_reason(writer, *event.reason);
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
    if (!reason.code.empty()) writer.member("code", reason.code);
    if (!reason.masked_as.empty()) writer.member("masked_as", reason.masked_as);
    writer.end_object();
  }
  return writer.end_array().end_object().take();
}

std::string reload_json(const ReloadReport& report) {
  JsonWriter writer;
  const auto put_names = [&writer](const ReloadedNames& names) {
    writer.member("added", names.added).member("changed", names.changed);
    writer.member("removed", names.removed).member("unchanged", names.unchanged);
    writer.member("failed", names.failed);
  };
  writer.begin_object();
  put_names(report);
  writer.member("restarted", report.restarted).member("stopped", report.stopped);
  writer.member("waiting", report.waiting).member("settings", report.settings);
  writer.member("failed_before", report.failed_before);
  writer.key("why").begin_object();
  for (const auto& [name, reasons] : report.why) writer.member(name, reasons);
  writer.end_object().key("faults").begin_object();
  for (const auto& [name, faults] : report.faults) writer.member(name, faults);
  writer.end_object().member("warnings", report.warnings);
  writer.key("proxies").begin_object();
  put_names(report.proxies);
  writer.member("messages", report.proxies.messages).end_object();
  return writer.end_object().take();
}

}  // namespace zinit
