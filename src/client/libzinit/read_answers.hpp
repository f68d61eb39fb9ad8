// Reads answers into the structs of the public header. Their members are described in control.md,
// "JSON-RPC 2.0". Each function throws ClientError bad_answer if the answer does not look like
// that.
#pragma once

#include <utility>

#include "base/json.hpp"
#include "zinit/client.hpp"

namespace zinit {

inline namespace v1 {

struct JsonAnswer {
  explicit JsonAnswer(JsonDocument document) : message(std::move(document)) {}

  JsonDocument message;  // the whole answer, which has a member `result`

  [[nodiscard]] const JsonValue& result() const { return message["result"]; }
};

}  // namespace v1

[[nodiscard]] BriefStatus read_brief_status(const JsonValue& value);
[[nodiscard]] ServiceStatus read_status(const JsonValue& value);
[[nodiscard]] std::vector<ServiceStatus> read_statuses(const JsonValue& value);
[[nodiscard]] WhyReport read_why(const JsonValue& value);
[[nodiscard]] std::vector<TreeNode> read_tree(const JsonValue& value);
[[nodiscard]] ServiceStats read_stats(const JsonValue& value);
[[nodiscard]] std::vector<ProcessInfo> read_processes(const JsonValue& value);
[[nodiscard]] std::vector<ProcessNode> read_process_tree(const JsonValue& value);
[[nodiscard]] Isolation read_isolation(const JsonValue& value);
[[nodiscard]] ServiceConfig read_config(const JsonValue& value);
[[nodiscard]] SetResult read_set(const JsonValue& value);
/// `done` is the member with the names of the services that were started, stopped or removed.
[[nodiscard]] BulkResult read_bulk(const JsonValue& value, const char* done);
[[nodiscard]] ReloadReport read_reload(const JsonValue& value);
[[nodiscard]] ProxySetResult read_proxy_set(const JsonValue& value);
[[nodiscard]] ProxyStatus read_proxy(const JsonValue& value);
[[nodiscard]] std::vector<ProxyStatus> read_proxies(const JsonValue& value);
[[nodiscard]] LogLine read_log_line(const JsonValue& value);
[[nodiscard]] std::vector<LogLine> read_log_lines(const JsonValue& value);
[[nodiscard]] StateEvent read_event(const JsonValue& value);
[[nodiscard]] std::vector<StateEvent> read_events(const JsonValue& value);
[[nodiscard]] PingAnswer read_ping(const JsonValue& value);
[[nodiscard]] SystemInfo read_info(const JsonValue& value);
[[nodiscard]] std::vector<BootStep> read_bootchart(const JsonValue& value);
[[nodiscard]] std::vector<TimerStatus> read_timers(const JsonValue& value);

}  // namespace zinit
