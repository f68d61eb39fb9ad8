// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The contents of [limits] and [process] of a service file. The child applies them before it
// executes the service's program. Anything unset is inherited from zinit.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zinit {

/// Resources that setrlimit(2) limits, by the names of their keys.
enum class Limit : std::uint8_t {
  nofile,
  nproc,
  core,
  memlock,
  stack,
  data,
  fsize,
  cpu,
  as,
  rss,
  msgqueue,
  nice,
  rtprio,
  sigpending,
  locks,
};

inline constexpr std::array<std::string_view, 15> kLimitNames = {
    "nofile", "nproc", "core",     "memlock", "stack",  "data",       "fsize", "cpu",
    "as",     "rss",   "msgqueue", "nice",    "rtprio", "sigpending", "locks"};
static_assert(static_cast<std::size_t>(Limit::locks) == kLimitNames.size() - 1);

/// No limit, as the kernel represents it (RLIM_INFINITY).
inline constexpr std::uint64_t kUnlimited = ~std::uint64_t{0};

struct LimitSetting {
  Limit which = Limit::nofile;
  std::uint64_t soft = kUnlimited;  // in the kernel's units: bytes, seconds, processes, ...
  std::uint64_t hard = kUnlimited;

  bool operator==(const LimitSetting&) const = default;
};

/// In the order of ioprio_set(2), whose first class is 1.
enum class IoClass : std::uint8_t { realtime, best_effort, idle };

enum class Scheduler : std::uint8_t { other, batch, idle, fifo, rr };

/// Whether the scheduler has priorities, from 1 to 99.
[[nodiscard]] constexpr bool is_realtime(Scheduler scheduler) {
  return scheduler == Scheduler::fifo || scheduler == Scheduler::rr;
}

/// The highest processor number: a kernel can be built for at most 8192 processors.
inline constexpr int kMaxProcessor = 8191;

struct ProcessSettings {
  std::optional<int> nice;
  std::optional<IoClass> io_class;  // unset, but io_priority is set: best_effort
  std::optional<int> io_priority;
  std::optional<int> oom_score_adj;
  std::vector<int> cpu_affinity;  // sorted; empty: unset
  std::optional<Scheduler> scheduler;
  std::optional<int> priority;  // of a real-time scheduler; unset: the lowest
  std::string root;             // empty: zinit's own
  bool no_new_privs = false;
  std::optional<std::uint64_t> capabilities;  // a bit mask, by capability number

  bool operator==(const ProcessSettings&) const = default;
};

}  // namespace zinit
