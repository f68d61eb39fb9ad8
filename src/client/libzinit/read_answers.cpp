// Reads answers into the structs of the public header: see read_answers.hpp.
#include "client/libzinit/read_answers.hpp"

#include <algorithm>
#include <array>
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

// read_value() reads a member into a field, by the type of the field. If the member is absent, the
// field becomes empty.

using Name = const char*;
using Object = const JsonValue&;

void read_value(Object object, Name name, std::string& field) { field = json_string(object, name); }
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
void read_value(Object object, Name name, std::chrono::seconds& field) {
  field = std::chrono::seconds(json_integer(object, name).value_or(0));
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
               reason.dependency, "masked_by", reason.masked_by, "message", reason.message, "port",
               reason.port, "holder", reason.holder, "messages", reason.messages, "which",
               reason.which, "step", reason.step);
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

/// Sorted by name, to be searched.
constexpr auto kStatusMembers = [] {
  std::array members = {
#define ZINIT_STATUS_MEMBER(type, field, name, schema) \
  StatusMember{name, read_field<&ServiceStatus::field>},
#include "zinit/status_members.inc"
#undef ZINIT_STATUS_MEMBER
  };
  std::ranges::sort(members, {}, &StatusMember::name);
  return members;
}();

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

// Looks up only the members that are present: a list of many services has few members of each.
ServiceStatus read_status(const JsonValue& value) {
  json_expect_object(value, "status");
  ServiceStatus status;
  for (const auto& member : value.GetObject()) {
    const std::string_view name = text_of(member.name);
    const auto* const known =
        std::ranges::lower_bound(kStatusMembers, name, {}, &StatusMember::name);
    if (known == kStatusMembers.end() || known->name != name) continue;
    known->read(value, known->name.data(), status);
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
    // A single tree. Its root has depth 0, like the roots of a forest.
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
  read_members(value, "restarted", report.restarted, "stopped", report.stopped, "failed_before",
               report.failed_before);
  if (const JsonValue* why = json_member(value, "why")) {
    json_expect_object(*why, "why");
    for (const auto& one : why->GetObject())
      report.why[std::string(text_of(one.name))] = json_strings(one.value);
  }
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
               line.raw, "service", line.service, "seq", line.seq, "dropped", line.dropped);
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
               info.uptime_ms, "services", info.services, "hostname", info.hostname, "kernel",
               info.kernel);
  if (const JsonValue* boot = json_member(value, "boot")) {
    read_members(*boot, "kernel_ms", info.boot_kernel_ms, "started_ms", info.boot_started_ms,
                 "settled_ms", info.boot_settled_ms);
  }
  if (const JsonValue* crashes = json_member(value, "crashes"))
    read_members(*crashes, "count", info.crashes, "last", info.last_crash);
  return info;
}

}  // namespace zinit
