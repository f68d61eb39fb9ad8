// From the JSON of an answer to the structs of the public header: see read_answers.hpp.
#include "client/libzinit/read_answers.hpp"

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

/// An integer that does not exist as a negative one.
std::optional<std::uint64_t> optional_count(const JsonValue& object, const char* name) {
  if (json_member(object, name) == nullptr) return std::nullopt;
  return json_count(object, name);
}

std::optional<StatusReason> read_reason(const JsonValue& object, const char* name) {
  const JsonValue* value = json_member(object, name);
  if (value == nullptr) return std::nullopt;
  StatusReason reason;
  reason.type = json_string(*value, "type");
  reason.code = json_int(*value, "code").value_or(0);
  reason.signal = json_string(*value, "signal");
  reason.detail = json_string(*value, "detail");
  reason.attempts = json_int(*value, "attempts").value_or(0);
  reason.service = json_string(*value, "service");
  reason.dependency = json_string(*value, "dependency");
  reason.masked_by = json_string(*value, "masked_by");
  reason.message = json_string(*value, "message");
  reason.port = json_int(*value, "port").value_or(0);
  reason.holder = json_string(*value, "holder");
  reason.messages = json_strings(*value, "messages");
  reason.which = json_string(*value, "which");
  reason.step = json_string(*value, "step");
  return reason;
}

std::optional<ProcessExit> read_exit(const JsonValue& object, const char* name) {
  const JsonValue* value = json_member(object, name);
  if (value == nullptr) return std::nullopt;
  return ProcessExit{json_int(*value, "code"), json_string(*value, "signal"),
                     json_bool(*value, "core"), json_string(*value, "detail")};
}

std::optional<HealthStatus> read_health(const JsonValue& object) {
  const JsonValue* value = json_member(object, "health");
  if (value == nullptr) return std::nullopt;
  return HealthStatus{json_string(*value, "type"), json_bool(*value, "healthy"),
                      json_int(*value, "attempts").value_or(0), json_string(*value, "last_error")};
}

WaitingFor read_waiting(const JsonValue& value) {
  return {json_string(value, "service"), json_string(value, "kind"), json_string(value, "reason")};
}

/// An object of counts by sink.
std::vector<DroppedLines> read_dropped(const JsonValue& object) {
  std::vector<DroppedLines> dropped;
  const JsonValue* value = json_member(object, "log_dropped_by");
  if (value == nullptr) return dropped;
  json_expect_object(*value, "log_dropped_by");
  for (const auto& member : value->GetObject()) {
    const char* sink = member.name.GetString();
    dropped.push_back({sink, json_count(*value, sink)});
  }
  return dropped;
}

void read_status_edges(const JsonValue& value, ServiceStatus& status) {
  status.requires_ = json_strings(value, "requires");
  status.after = json_strings(value, "after");
  status.wants = json_strings(value, "wants");
  status.conflicts = json_strings(value, "conflicts");
  status.required_by = json_strings(value, "required_by");
  status.blocked_by = json_strings(value, "blocked_by");
  status.waiting_on = read_array_member(value, "waiting_on", read_waiting);
  status.conflicts_with = json_strings(value, "conflicts_with");
}

void read_status_process(const JsonValue& value, ServiceStatus& status) {
  status.pid = json_int(value, "pid");
  status.main_pid = json_int(value, "main_pid");
  status.uptime_ms = json_integer(value, "uptime_ms");
  status.since_us = json_integer(value, "since_us");
  status.restart_count = json_count(value, "restart_count");
  status.restart_in_ms = json_integer(value, "restart_in_ms");
  status.last_start_us = json_integer(value, "last_start_us");
  status.last_ready_us = json_integer(value, "last_ready_us");
  status.last_stop_us = json_integer(value, "last_stop_us");
  status.last_exit = read_exit(value, "last_exit");
  status.memory_bytes = optional_count(value, "memory_bytes");
  status.cpu_usec = optional_count(value, "cpu_usec");
  status.tasks = optional_count(value, "tasks");
}

/// Base64 (RFC 4648) to bytes; what is no base64 ends it.
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

LogLine read_log_line(const JsonValue& value) {
  LogLine line{json_integer(value, "time_us").value_or(0), json_string(value, "stream"),
               json_string(value, "line"), std::nullopt};
  if (json_member(value, "raw") != nullptr) line.raw = decode_base64(json_string(value, "raw"));
  return line;
}

WhyReason read_why_reason(const JsonValue& value) {
  return {json_string(value, "kind"),       json_string(value, "service"),
          json_string(value, "state"),      json_string(value, "detail"),
          json_string(value, "root_cause"), json_int(value, "depth").value_or(0)};
}

TreeNode read_tree_node(const JsonValue& value, int depth) {
  return {json_string(value, "name"), json_string(value, "state"), json_string(value, "kind"),
          depth, json_bool(value, "repeated")};
}

}  // namespace

BriefStatus read_brief_status(const JsonValue& value) {
  return {json_string(value, "name"), json_string(value, "state"),  json_string(value, "summary"),
          json_int(value, "pid"),     json_int(value, "exit_code"), json_string(value, "error")};
}

ServiceStatus read_status(const JsonValue& value) {
  json_expect_object(value, "status");
  ServiceStatus status;
  status.name = json_string(value, "name");
  status.description = json_string(value, "description");
  status.kind = json_string(value, "kind");
  status.state = json_string(value, "state");
  status.summary = json_string(value, "summary");
  status.symbol = json_string(value, "symbol");
  status.reason = read_reason(value, "reason");
  status.wish = json_string(value, "wish");
  status.class_ = json_string(value, "class");
  status.status = json_string(value, "status");
  status.oneshot = json_bool(value, "oneshot");
  read_status_process(value, status);
  read_status_edges(value, status);
  status.health = read_health(value);
  status.status_text = json_string(value, "status_text");
  status.file = json_string(value, "file");
  status.warnings = json_strings(value, "warnings");
  status.log_lines = json_count(value, "log_lines");
  status.log_dropped = json_count(value, "log_dropped");
  status.log_dropped_by = read_dropped(value);
  return status;
}

std::vector<ServiceStatus> read_statuses(const JsonValue& value) {
  return read_array(value, "list", read_status);
}

WhyReport read_why(const JsonValue& value) {
  return {json_string(value, "name"), json_string(value, "state"),
          read_array_member(value, "reasons", read_why_reason)};
}

std::vector<TreeNode> read_tree(const JsonValue& value) {
  struct Open {
    const JsonValue* siblings;  // an array
    rapidjson::SizeType next;
  };
  std::vector<TreeNode> nodes;
  std::vector<Open> open;
  const auto visit = [&](const JsonValue& node) {
    nodes.push_back(read_tree_node(node, static_cast<int>(open.size()) - 1));
    const JsonValue* children = json_member(node, "children");
    if (children == nullptr) return;
    json_expect_array(*children, "children");
    open.push_back({children, 0});
  };
  if (value.IsObject()) {
    // One tree; else a forest. Depth 0 is that of its root in both.
    static const JsonValue none(rapidjson::kArrayType);
    open.push_back({&none, 0});
    visit(value);
  } else {
    json_expect_array(value, "tree");
    open.push_back({&value, 0});
  }
  while (!open.empty()) {
    Open& level = open.back();
    if (level.next == level.siblings->Size()) {
      open.pop_back();
    } else {
      visit((*level.siblings)[level.next++]);
    }
  }
  return nodes;
}

Isolation read_isolation(const JsonValue& value) {
  return {json_strings(value, "started"), json_strings(value, "stopped")};
}

ReloadReport read_reload(const JsonValue& value) {
  return {json_strings(value, "added"),   json_strings(value, "changed"),
          json_strings(value, "removed"), json_strings(value, "unchanged"),
          json_strings(value, "failed"),  json_strings(value, "restarted")};
}

std::vector<LogLine> read_log_lines(const JsonValue& value) {
  return read_array(value, "log", read_log_line);
}

std::vector<StateEvent> read_events(const JsonValue& value) {
  return read_array(value, "events", read_event);
}

StateEvent read_event(const JsonValue& value) {
  StateEvent event;
  event.service = json_string(value, "service");
  event.from = json_string(value, "from");
  event.to = json_string(value, "to");
  event.reason = read_reason(value, "reason");
  event.pid = json_int(value, "pid");
  event.time_us = json_integer(value, "time_us").value_or(0);
  event.seq = json_count(value, "seq");
  event.dropped = json_count(value, "dropped");
  return event;
}

PingAnswer read_ping(const JsonValue& value) {
  return {json_string(value, "version"), json_int(value, "pid").value_or(0)};
}

SystemInfo read_info(const JsonValue& value) {
  SystemInfo info;
  info.version = json_string(value, "version");
  info.pid = json_int(value, "pid").value_or(0);
  info.mode = json_string(value, "mode");
  info.uptime_ms = json_integer(value, "uptime_ms").value_or(0);
  info.services = json_count(value, "services");
  info.hostname = json_string(value, "hostname");
  info.kernel = json_string(value, "kernel");
  if (const JsonValue* boot = json_member(value, "boot")) {
    info.boot_kernel_ms = json_integer(*boot, "kernel_ms");
    info.boot_started_ms = json_integer(*boot, "started_ms");
    info.boot_settled_ms = json_integer(*boot, "settled_ms");
  }
  return info;
}

}  // namespace zinit
