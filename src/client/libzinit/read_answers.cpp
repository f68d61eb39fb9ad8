// From the JSON of an answer to the structs of the public header: see read_answers.hpp.
#include "client/libzinit/read_answers.hpp"

#include <algorithm>
#include <utility>

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

std::optional<HealthStatus> read_health(const JsonValue& object, const char* name) {
  const JsonValue* value = json_member(object, name);
  if (value == nullptr) return std::nullopt;
  return HealthStatus{json_string(*value, "type"), json_bool(*value, "healthy"),
                      json_int(*value, "attempts").value_or(0), json_string(*value, "last_error")};
}

WaitingFor read_waiting(const JsonValue& value) {
  return {json_string(value, "service"), json_string(value, "kind"), json_string(value, "reason")};
}

/// An object of counts by sink.
std::vector<DroppedLines> read_dropped(const JsonValue& object, const char* name) {
  std::vector<DroppedLines> dropped;
  const JsonValue* value = json_member(object, name);
  if (value == nullptr) return dropped;
  json_expect_object(*value, name);
  for (const auto& member : value->GetObject()) {
    const char* sink = member.name.GetString();
    dropped.push_back({sink, json_count(*value, sink)});
  }
  return dropped;
}

// --- a status: what each of its members is read into ---

/// One that is there, into its field.
using ReadMember = void (*)(const JsonValue& object, const char* name, ServiceStatus& status);

template <auto Field, auto Read>
void read_member(const JsonValue& object, const char* name, ServiceStatus& status) {
  status.*Field = Read(object, name);
}

std::vector<std::string> read_strings(const JsonValue& object, const char* name) {
  return json_strings(object, name);
}

std::vector<WaitingFor> read_waits(const JsonValue& object, const char* name) {
  return read_array_member(object, name, read_waiting);
}

using Status = ServiceStatus;

constexpr std::pair<const char*, ReadMember> kStatusMembers[] = {  // in the order of their names
    {"after", read_member<&Status::after, read_strings>},
    {"blocked_by", read_member<&Status::blocked_by, read_strings>},
    {"class", read_member<&Status::class_, json_string>},
    {"conflicts", read_member<&Status::conflicts, read_strings>},
    {"conflicts_with", read_member<&Status::conflicts_with, read_strings>},
    {"cpu_usec", read_member<&Status::cpu_usec, optional_count>},
    {"description", read_member<&Status::description, json_string>},
    {"file", read_member<&Status::file, json_string>},
    {"health", read_member<&Status::health, read_health>},
    {"kind", read_member<&Status::kind, json_string>},
    {"last_exit", read_member<&Status::last_exit, read_exit>},
    {"last_ready_us", read_member<&Status::last_ready_us, json_integer>},
    {"last_start_us", read_member<&Status::last_start_us, json_integer>},
    {"last_stop_us", read_member<&Status::last_stop_us, json_integer>},
    {"log_dropped", read_member<&Status::log_dropped, json_count>},
    {"log_dropped_by", read_member<&Status::log_dropped_by, read_dropped>},
    {"log_lines", read_member<&Status::log_lines, json_count>},
    {"main_pid", read_member<&Status::main_pid, json_int>},
    {"memory_bytes", read_member<&Status::memory_bytes, optional_count>},
    {"name", read_member<&Status::name, json_string>},
    {"oneshot", read_member<&Status::oneshot, json_bool>},
    {"pid", read_member<&Status::pid, json_int>},
    {"reason", read_member<&Status::reason, read_reason>},
    {"required_by", read_member<&Status::required_by, read_strings>},
    {"requires", read_member<&Status::requires_, read_strings>},
    {"restart_count", read_member<&Status::restart_count, json_count>},
    {"restart_in_ms", read_member<&Status::restart_in_ms, json_integer>},
    {"since_us", read_member<&Status::since_us, json_integer>},
    {"state", read_member<&Status::state, json_string>},
    {"status", read_member<&Status::status, json_string>},
    {"status_text", read_member<&Status::status_text, json_string>},
    {"summary", read_member<&Status::summary, json_string>},
    {"symbol", read_member<&Status::symbol, json_string>},
    {"tasks", read_member<&Status::tasks, optional_count>},
    {"uptime_ms", read_member<&Status::uptime_ms, json_integer>},
    {"waiting_on", read_member<&Status::waiting_on, read_waits>},
    {"warnings", read_member<&Status::warnings, read_strings>},
    {"wish", read_member<&Status::wish, json_string>},
};

constexpr auto kNameOf = [](const auto& row) { return std::string_view(row.first); };
static_assert(std::ranges::is_sorted(kStatusMembers, {}, kNameOf));

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

// By what is there, and not by what may be: of a thousand services few members are asked for.
ServiceStatus read_status(const JsonValue& value) {
  json_expect_object(value, "status");
  ServiceStatus status;
  for (const auto& member : value.GetObject()) {
    const std::string_view name = text_of(member.name);
    const auto* const row = std::ranges::lower_bound(kStatusMembers, name, {}, kNameOf);
    if (row == std::end(kStatusMembers) || row->first != name) continue;
    row->second(value, row->first, status);
  }
  return status;
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

ServiceConfig read_config(const JsonValue& value) {
  const JsonValue* config = json_member(value, "config");
  if (config == nullptr) throw ClientError(ErrorCode::bad_answer, "the answer has no config");
  return {json_text(*config), json_string(value, "file"), json_bool(value, "runtime")};
}

SetResult read_set(const JsonValue& value) {
  return {json_string(value, "name"), json_bool(value, "created"), json_strings(value, "warnings")};
}

BulkResult read_bulk(const JsonValue& value, const char* done) {
  const auto passed_over = [&](const char* name) {
    std::vector<PassedOver> list;
    const JsonValue* array = json_member(value, name);
    if (array == nullptr) return list;
    json_expect_array(*array, name);
    for (const JsonValue& one : array->GetArray())
      list.push_back({json_string(one, "name"), json_string(one, "reason")});
    return list;
  };
  return {json_strings(value, done), passed_over("skipped"), passed_over("failed")};
}

ReloadReport read_reload(const JsonValue& value) {
  ReloadReport report{json_strings(value, "added"),   json_strings(value, "changed"),
                      json_strings(value, "removed"), json_strings(value, "unchanged"),
                      json_strings(value, "failed"),  json_strings(value, "restarted"),
                      json_strings(value, "stopped"), json_strings(value, "failed_before"),
                      {}};
  const JsonValue* why = json_member(value, "why");
  if (why == nullptr) return report;
  json_expect_object(*why, "why");
  for (const auto& one : why->GetObject())
    report.why[std::string(text_of(one.name))] = json_strings(one.value);
  return report;
}

LogLine read_log_line(const JsonValue& value) {
  LogLine line;
  line.time_us = json_integer(value, "time_us").value_or(0);
  line.stream = json_string(value, "stream");
  line.line = json_string(value, "line");
  if (json_member(value, "raw") != nullptr) line.raw = decode_base64(json_string(value, "raw"));
  line.service = json_string(value, "service");
  line.seq = json_count(value, "seq");
  line.dropped = json_count(value, "dropped");
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
