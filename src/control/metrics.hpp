// The text of metrics.get: OpenMetrics 1.0, of services, proxies and zinit itself.
//
// Its types are counter and gauge alone, so that what reads Prometheus's older text format takes it
// too: node_exporter's textfile collector refuses a whole file for one `info` or `stateset` in it.
// As it has a process_... of its own, zinit's figures of itself begin with zinit_ like all others.
//
// The state of a service is one sample with the state as a label, where a state set would be seven:
// for a thousand services 0.6 MB in each scrape and not 1.0, and 6,000 series less to keep. Who
// needs a series that does not end with the state has zinit_service_up.
//
// A number that is not known has no sample, and a family without samples is left out.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "control/daemon.hpp"
#include "model/state.hpp"

namespace zinit {

/// Numbers of one service. Times are in microseconds.
struct ServiceSample {
  /// In the order of their families in metrics.cpp.
  enum Number : std::uint8_t {
    up,
    wanted,
    restarts,
    started,
    exit_code,
    exit_signal,
    healthy,
    memory,
    tasks,
    cpu,
    io_read,
    io_written,
    lines,
    kNumbers
  };

  std::string name;
  State state = State::inactive;
  std::array<std::optional<std::int64_t>, kNumbers> numbers{};
  std::vector<std::pair<std::string, std::uint64_t>> dropped{};  // lines, by sink
};

/// What the text is made from.
struct MetricsSnapshot {
  /// Of zinit itself, likewise.
  enum Number : std::uint8_t {
    uptime,
    state_changes,
    crashes,
    clients,
    memory,
    cpu,
    threads,
    descriptors,
    kNumbers
  };

  std::array<std::optional<std::int64_t>, kNumbers> numbers{};
  std::vector<ServiceSample> services{};
  std::vector<ProxyView> proxies{};
};

[[nodiscard]] std::string metrics_text(const MetricsSnapshot& snapshot);

}  // namespace zinit
