// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The settings of [readiness]: how a process shows that it is ready; and of [health]: how it is
// probed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "model/command.hpp"

namespace zinit {

/// How a process reports that it is ready.
enum class Notify : std::uint8_t {
  none,
  systemd,  // by messages to the socket in NOTIFY_SOCKET, as in sd_notify(3)
  newline,  // by writing a newline to a file descriptor, as in s6
};

/// The processes of the service that may send messages.
enum class NotifyAccess : std::uint8_t {
  main,  // only the main process
  all,   // every process of the service
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
  Milliseconds after{0};     // shortest time from its execution until it is ready

  bool operator==(const Readiness&) const = default;
  /// Whether the process must show that it is ready; otherwise it is ready once it is executed.
  [[nodiscard]] bool awaited() const noexcept { return way.by != Notify::none || !pidfile.empty(); }
};

enum class ProbeType : std::uint8_t { none, tcp, http, exec };

/// The word in service files and in a status; empty: none.
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
  std::string endpoint;              // as written in the file; empty for exec
  Command exec;                      // empty unless the type is exec
  std::vector<StatusRange> status{StatusRange{}};
  Milliseconds interval{10000};      // between probes after the first success
  Milliseconds start_interval{200};  // until the first success
  Milliseconds timeout{5000};        // of one probe
  std::uint32_t retries = 3;         // failures in a row after which a running service is stopped

  bool operator==(const HealthCheck&) const = default;
  [[nodiscard]] bool configured() const noexcept { return type != ProbeType::none; }
};

/// A check that must pass before a process is ready.
enum class CheckKind : std::uint8_t { readiness, health };

}  // namespace zinit
