// What a service file says of when a service is ready, [readiness], and of when it is well,
// [health]. Plain data; who watches a process by it is in src/io.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "model/command.hpp"

namespace zinit {

/// How a process says that it is ready.
enum class Notify : std::uint8_t {
  none,
  systemd,  // messages to the socket in NOTIFY_SOCKET
  newline,  // a line to a descriptor
};

/// Whose messages count.
enum class NotifyAccess : std::uint8_t {
  main,  // the main process's
  all,   // every process's of the service
};

struct NotifyWay {
  Notify by = Notify::none;
  int fd = -1;  // with Notify::newline: the descriptor that the process writes to

  bool operator==(const NotifyWay&) const = default;
};

struct Readiness {
  NotifyWay way;
  std::string pidfile;  // empty: none
  NotifyAccess notify_access = NotifyAccess::main;
  std::uint32_t fdstore_max = 0;
  Milliseconds watchdog{0};  // 0: none

  bool operator==(const Readiness&) const = default;
  /// Whether the process has to say anything at all before it is ready.
  [[nodiscard]] bool awaited() const noexcept { return way.by != Notify::none || !pidfile.empty(); }
};

enum class ProbeType : std::uint8_t { none, tcp, http, exec };

/// As the file and status call it; empty for none.
[[nodiscard]] constexpr std::string_view probe_type_name(ProbeType type) noexcept {
  switch (type) {
    case ProbeType::tcp: return "tcp";
    case ProbeType::http: return "http";
    case ProbeType::exec: return "exec";
    case ProbeType::none: break;
  }
  return "";
}

/// HTTP codes that count as healthy: `first` to `last`, both included.
struct StatusRange {
  int first = 200;
  int last = 399;

  bool operator==(const StatusRange&) const = default;
};

struct HealthCheck {
  ProbeType type = ProbeType::none;  // none: there is no [health]
  std::string endpoint;              // as it was written; empty for exec
  Command exec;                      // empty but for exec
  std::vector<StatusRange> status{StatusRange{}};
  Milliseconds interval{10000};      // between probes while it is well
  Milliseconds start_interval{200};  // until the first success
  Milliseconds timeout{5000};        // of one probe
  std::uint32_t retries = 3;         // so many failures in a row end a running service

  bool operator==(const HealthCheck&) const = default;
  [[nodiscard]] bool configured() const noexcept { return type != ProbeType::none; }
};

/// What has to pass before a process is ready.
enum class CheckKind : std::uint8_t { readiness, health };

}  // namespace zinit
