// Reads answers into the structs of the public header: see read_answers.hpp.
#include "client/libzinit/read_answers.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/format.hpp"
#include "client/libzinit/json.hpp"

namespace zinit {

namespace {

/// read(element) for each element of the array `value`.
template <class Read>
auto read_array(const JsonValue& value, const char* what, Read read) {
  json_expect_array(value, what);
  std::vector<decltype(read(value))> result;
  result.reserve(value.Size());
  for (const JsonValue& element : value.GetArray()) result.push_back(read(element));
  return result;
}

template <class Read>
auto read_array_member(const JsonValue& object, const char* name, Read read) {
  const JsonValue* value = json_member(object, name);
  if (value == nullptr) return std::vector<decltype(read(object))>{};
  return read_array(*value, name, read);
}

// read_value() reads a member into a field, by the type of the field. If the member is absent, the
// field becomes empty.

using Name = const char*;
using Object = const JsonValue&;

void read_value(Object object, Name name, std::string& field) { field = json_string(object, name); }
template <class Enum>
void read_value(Object object, Name name, Word<Enum>& field) {
  field = Word<Enum>(json_string(object, name));
}
void read_value(Object object, Name name, bool& field) { field = json_bool(object, name); }
void read_value(Object object, Name name, int& field) {
  field = json_int(object, name).value_or(0);
}
void read_value(Object object, Name name, std::int64_t& field) {
  field = json_integer(object, name).value_or(0);
}
void read_value(Object object, Name name, std::uint64_t& field) {
  field = json_count(object, name);
}
void read_value(Object object, Name name, double& field) {
  const JsonValue* value = json_member(object, name);
  if (value != nullptr && !value->IsNumber())
    throw ClientError(ErrorCode::bad_answer, fmt::format("{} is no number", name));
  field = value != nullptr ? value->GetDouble() : 0;
}
template <class Period>
void read_value(Object object, Name name, std::chrono::duration<std::int64_t, Period>& field) {
  field = std::chrono::duration<std::int64_t, Period>(json_integer(object, name).value_or(0));
}
void read_value(Object object, Name name, std::vector<std::string>& field) {
  field = json_strings(object, name);
}
void read_value(Object object, Name name, std::vector<WaitingFor>& field) {
  field = read_array_member(object, name, [](Object value) -> WaitingFor {
    return {json_string(value, "service"), json_string(value, "kind"),
            json_string(value, "reason")};
  });
}
void read_value(Object object, Name name, std::vector<AddedDependency>& field) {
  field = read_array_member(object, name, [](Object value) -> AddedDependency {
    return {json_string(value, "service"), json_string(value, "kind"), json_string(value, "file")};
  });
}
void read_value(Object object, Name name, std::vector<LeftProcess>& field) {
  field = read_array_member(object, name, [](Object value) -> LeftProcess {
    return {static_cast<int>(json_integer(value, "pid").value_or(0)), json_string(value, "comm")};
  });
}
void read_value(Object object, Name name, std::vector<ConditionStatus>& field) {
  field = read_array_member(object, name, [](Object value) -> ConditionStatus {
    ConditionStatus one;
    read_value(value, "condition", one.condition);
    read_value(value, "held", one.held);
    one.under_way = json_member(value, "held") == nullptr;
    return one;
  });
}
/// An object with a count for each log sink.
void read_value(Object object, Name name, std::vector<DroppedLines>& field) {
  const JsonValue* value = json_member(object, name);
  if (value == nullptr) return;
  json_expect_object(*value, name);
  for (const auto& member : value->GetObject())
    field.push_back({std::string(text_of(member.name)), json_count(member.value)});
}
template <class T>
void read_value(Object object, Name name, std::optional<T>& field);

/// Reads several members: `more` goes on with the name of the next member and its field.
template <class Field, class... More>
void read_members(Object object, Name name, Field& field, More&&... more) {
  read_value(object, name, field);
  if constexpr (sizeof...(more) > 0) read_members(object, more...);
}

void read_fields(Object value, StatusReason& reason) {
  read_members(value, "type", reason.type, "code", reason.code, "signal", reason.signal, "detail",
               reason.detail, "attempts", reason.attempts, "service", reason.service, "dependency",
               reason.dependency, "conflict", reason.conflict, "masked_by", reason.masked_by,
               "message", reason.message, "port", reason.port, "holder", reason.holder, "messages",
               reason.messages, "which", reason.which, "step", reason.step);
}

void read_fields(Object value, ProcessExit& exit) {
  read_members(value, "code", exit.code, "signal", exit.signal, "core", exit.core, "detail",
               exit.detail);
}

void read_fields(Object value, HealthStatus& health) {
  read_members(value, "type", health.type, "healthy", health.healthy, "attempts", health.attempts,
               "last_error", health.last_error);
}

template <class T>
void read_value(Object object, Name name, std::optional<T>& field) {
  const JsonValue* value = json_member(object, name);
  if (value == nullptr) return;
  if constexpr (requires { read_fields(*value, *field); })
    read_fields(*value, field.emplace());
  else
    read_value(object, name, field.emplace());
}

struct StatusMember {
  std::string_view name;  // with a NUL behind it
  void (*read)(Object object, Name name, ServiceStatus& status);
};

template <auto Field>
void read_field(Object object, Name name, ServiceStatus& status) {
  read_value(object, name, status.*Field);
}

/// In the order in which a server writes them.
constexpr std::array kStatusMembers = {
#define ZINIT_STATUS_MEMBER(type, field, name, schema) \
  StatusMember{name, read_field<&ServiceStatus::field>},
#include "zinit/status_members.inc"
#undef ZINIT_STATUS_MEMBER
};

/// Decodes base64 (RFC 4648), up to the first character that is none of it.
std::string decode_base64(const std::string& text) {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  unsigned bits = 0;
  int count = 0;
  for (const char c : text) {
    const auto value = alphabet.find(c);
    if (value == std::string_view::npos) break;
    bits = bits << 6 | static_cast<unsigned>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> count & 0xFFu);
  }
  return bytes;
}

StateWord json_state(const JsonValue& object) { return StateWord(json_string(object, "state")); }

WhyReason read_why_reason(const JsonValue& value) {
  return {json_string(value, "kind"),
          json_string(value, "service"),
          json_state(value),
          json_string(value, "detail"),
          json_string(value, "root_cause"),
          json_int(value, "depth").value_or(0),
          json_string(value, "code"),
          json_string(value, "masked_as")};
}

/// Calls visit(NODE, DEPTH) for each node of nested trees, each before its `children`. `value` is a
/// tree or an array of trees, whose roots have depth 0. No recursion: the server chooses the depth.
template <class Visit>
void walk_trees(const JsonValue& value, Visit visit) {
  struct Open {
    const JsonValue* siblings;  // an array
    rapidjson::SizeType next;
  };
  std::vector<Open> open;
  const auto enter = [&](const JsonValue& node) {
    visit(node, static_cast<int>(open.size()) - 1);
    const JsonValue* children = json_member(node, "children");
    if (children == nullptr) return;
    json_expect_array(*children, "children");
    open.push_back({children, 0});
  };
  static const JsonValue none(rapidjson::kArrayType);
  if (!value.IsObject()) json_expect_array(value, "tree");
  open.push_back({value.IsObject() ? &none : &value, 0});
  if (value.IsObject()) enter(value);
  while (!open.empty()) {
    Open& level = open.back();
    if (level.next == level.siblings->Size()) {
      open.pop_back();
    } else {
      enter((*level.siblings)[level.next++]);
    }
  }
}

/// Looks up only the members that are present, since a list of many services has few members of
/// each; each from the one before on, as they come in order.
void fill_status(const JsonValue& value, ServiceStatus& status) {
  json_expect_object(value, "status");
  std::size_t at = 0;
  for (const auto& member : value.GetObject()) {
    if (member.value.IsNull()) continue;
    const std::string_view name = text_of(member.name);
    std::size_t tried = 0;
    while (tried < kStatusMembers.size() && kStatusMembers[at].name != name) {
      at = (at + 1) % kStatusMembers.size();
      ++tried;
    }
    if (tried == kStatusMembers.size()) continue;
    kStatusMembers[at].read(value, kStatusMembers[at].name.data(), status);
  }
}

}  // namespace

BriefStatus read_brief_status(const JsonValue& value) {
  return {json_string(value, "name"),    json_state(value),
          json_string(value, "summary"), json_int(value, "pid"),
          json_int(value, "exit_code"),  json_string(value, "error")};
}

ServiceStatus read_status(const JsonValue& value) {
  ServiceStatus status;
  fill_status(value, status);
  return status;
}

std::vector<ServiceStatus> read_statuses(const JsonValue& value) {
  json_expect_array(value, "list");
  // Filled where they are: to move one takes more code than to read it.
  std::vector<ServiceStatus> all(value.Size());
  for (rapidjson::SizeType i = 0; i < value.Size(); ++i) fill_status(value[i], all[i]);
  return all;
}

WhyReport read_why(const JsonValue& value) {
  return {json_string(value, "name"), json_state(value),
          read_array_member(value, "reasons", read_why_reason)};
}

std::vector<TreeNode> read_tree(const JsonValue& value) {
  std::vector<TreeNode> nodes;
  walk_trees(value, [&](const JsonValue& node, int depth) {
    nodes.push_back({json_string(node, "name"), json_state(node), json_string(node, "kind"),
                     json_string(node, "file"), depth, json_bool(node, "repeated"),
                     json_bool(node, "holds")});
  });
  return nodes;
}

ServiceStats read_stats(const JsonValue& value) {
  ServiceStats stats;
  read_members(value, "pid", stats.pid, "memory_bytes", stats.memory_bytes, "cpu_usec",
               stats.cpu_usec, "cpu_percent", stats.cpu_percent, "tasks", stats.tasks,
               "io_read_bytes", stats.io_read_bytes, "io_write_bytes", stats.io_write_bytes);
  return stats;
}

std::vector<ProcessInfo> read_processes(const JsonValue& value) {
  return read_array(value, "processes", [](Object one) {
    ProcessInfo process;
    read_members(one, "pid", process.pid, "ppid", process.ppid, "comm", process.comm, "cmdline",
                 process.cmdline, "state", process.state);
    return process;
  });
}

std::vector<ProcessNode> read_process_tree(const JsonValue& value) {
  std::vector<ProcessNode> nodes;
  const auto add = [&](const JsonValue& node, int depth) {
    nodes.push_back({json_int(node, "pid").value_or(0), json_string(node, "comm"), depth});
  };
  walk_trees(value, add);
  if (const JsonValue* others = json_member(value, "others")) walk_trees(*others, add);
  return nodes;
}

Isolation read_isolation(const JsonValue& value) {
  return {json_strings(value, "started"), json_strings(value, "stopped")};
}

ServiceConfig read_config(const JsonValue& value) {
  const JsonValue* config = json_member(value, "config");
  if (config == nullptr) throw ClientError(ErrorCode::bad_answer, "the answer has no config");
  return {json_text(*config), json_string(value, "file"), json_bool(value, "runtime")};
}

SetResult read_set(const JsonValue& value) {
  SetResult result;
  read_members(value, "name", result.name, "created", result.created, "warnings", result.warnings,
               "restarted", result.restarted);
  return result;
}

BulkResult read_bulk(const JsonValue& value, const char* done) {
  const auto read_one = [](const JsonValue& one) -> PassedOver {
    return {json_string(one, "name"), json_string(one, "reason")};
  };
  return {json_strings(value, done), read_array_member(value, "skipped", read_one),
          read_array_member(value, "failed", read_one)};
}

ReloadReport read_reload(const JsonValue& value) {
  ReloadReport report;
  const auto read_names = [](const JsonValue& from, ReloadedNames& names) {
    read_members(from, "added", names.added, "changed", names.changed, "removed", names.removed,
                 "unchanged", names.unchanged, "failed", names.failed);
  };
  read_names(value, report);
  read_members(value, "restarted", report.restarted, "stopped", report.stopped, "waiting",
               report.waiting, "settings", report.settings, "failed_before", report.failed_before,
               "warnings", report.warnings);
  const auto read_lists = [&value](const char* name, auto& lists) {
    const JsonValue* member = json_member(value, name);
    if (member == nullptr) return;
    json_expect_object(*member, name);
    for (const auto& one : member->GetObject())
      lists[std::string(text_of(one.name))] = json_strings(one.value);
  };
  read_lists("why", report.why);
  read_lists("faults", report.faults);
  if (const JsonValue* proxies = json_member(value, "proxies")) {
    read_names(*proxies, report.proxies);
    read_members(*proxies, "messages", report.proxies.messages);
  }
  return report;
}

ProxySetResult read_proxy_set(const JsonValue& value) {
  return {json_string(value, "name"), json_bool(value, "replaced")};
}

ProxyStatus read_proxy(const JsonValue& value) {
  ProxyStatus proxy;
  read_members(value, "name", proxy.name, "listen", proxy.listen, "backend", proxy.backend,
               "service", proxy.service, "running", proxy.running, "error", proxy.error,
               "total_connections", proxy.total_connections, "active_connections",
               proxy.active_connections, "rejected_connections", proxy.rejected_connections,
               "bytes_to_backend", proxy.bytes_to_backend, "bytes_from_backend",
               proxy.bytes_from_backend, "connect_timeout", proxy.connect_timeout, "idle_timeout",
               proxy.idle_timeout, "single_connection", proxy.single_connection, "proxy_protocol",
               proxy.proxy_protocol, "file", proxy.file, "warnings", proxy.warnings);
  return proxy;
}

std::vector<ProxyStatus> read_proxies(const JsonValue& value) {
  return read_array(value, "proxies", read_proxy);
}

LogLine read_log_line(const JsonValue& value) {
  LogLine line;
  read_members(value, "time_us", line.time_us, "stream", line.stream, "line", line.line, "raw",
               line.raw, "service", line.service, "seq", line.seq, "dropped", line.dropped,
               "continues", line.continues);
  if (line.raw) line.raw = decode_base64(*line.raw);
  return line;
}

std::vector<LogLine> read_log_lines(const JsonValue& value) {
  return read_array(value, "log", read_log_line);
}

std::vector<StateEvent> read_events(const JsonValue& value) {
  return read_array(value, "events", read_event);
}

StateEvent read_event(const JsonValue& value) {
  StateEvent event;
  read_members(value, "service", event.service, "from", event.from, "to", event.to, "reason",
               event.reason, "pid", event.pid, "time_us", event.time_us, "seq", event.seq,
               "dropped", event.dropped);
  return event;
}

PingAnswer read_ping(const JsonValue& value) {
  return {json_string(value, "version"), json_int(value, "pid").value_or(0)};
}

SystemInfo read_info(const JsonValue& value) {
  SystemInfo info;
  read_members(value, "version", info.version, "pid", info.pid, "mode", info.mode, "uptime_ms",
               info.uptime, "services", info.services, "hostname", info.hostname, "kernel",
               info.kernel);
  if (const JsonValue* boot = json_member(value, "boot")) {
    read_members(*boot, "kernel_ms", info.boot_kernel, "started_ms", info.boot_started,
                 "settled_ms", info.boot_settled);
  }
  if (const JsonValue* crashes = json_member(value, "crashes"))
    read_members(*crashes, "count", info.crashes, "last", info.last_crash);
  const JsonValue* scheduled = json_member(value, "scheduled");
  if (scheduled != nullptr && !scheduled->IsNull()) {
    ScheduledAction& action = info.scheduled.emplace();
    read_members(*scheduled, "action", action.action, "at_us", action.at_us, "message",
                 action.message);
  }
  return info;
}

std::vector<BootStep> read_bootchart(const JsonValue& value) {
  return read_array(value, "bootchart", [](Object one) {
    BootStep step;
    read_members(one, "name", step.name, "wanted_us", step.wanted_us, "spawned_us", step.spawned_us,
                 "ready_us", step.ready_us, "state", step.state, "waited_for", step.waited_for);
    return step;
  });
}

std::vector<TimerStatus> read_timers(const JsonValue& value) {
  return read_array(value, "timers", [](Object one) {
    TimerStatus timer;
    read_members(one, "service", timer.service, "last_us", timer.last_us, "next_us", timer.next_us,
                 "expression", timer.expression);
    return timer;
  });
}

}  // namespace zinit
