// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The text of metrics.get: OpenMetrics 1.0, for services, proxies and zinit itself.
//
// All its types are counter or gauge, so that readers of Prometheus's older text format take it
// too: node_exporter's textfile collector refuses a whole file for one `info` or `stateset`. That
// collector has a process_... of its own, so zinit's figures of itself begin with zinit_ as well.
//
// The state of a service is one sample with the state as a label. A state set would have seven
// samples: for 1,000 services a scrape of 1.0 MB in place of 0.6, and 6,000 more series to keep.
// zinit_service_up is a series that does not end with the state.
//
// An unknown number has no sample, and a family without samples is left out.
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

/// The figures that the text is made from.
struct MetricsSnapshot {
  /// Numbers of zinit itself, in the order of their families.
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
