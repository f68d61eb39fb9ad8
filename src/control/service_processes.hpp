// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The processes of a service and their usage: for service.stats, service.children and
// debug.process_tree.
//
// The processes of a service are those in its cgroup. Without a cgroup, they are the processes in
// the session of its main process, and the descendants of all of these.
//
// /proc and cgroupfs are read while processes come and go: a process that ends in between is left
// out, without an error. A file of /proc may block, for example if a process hangs in the kernel,
// so the control loop must not call this (process_looks.hpp).
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/mutex.hpp"
#include "base/time.hpp"
#include "model/graph.hpp"
#include "os/cgroup.hpp"
#include "os/process.hpp"
#include "supervisor/view.hpp"

namespace zinit {

/// Where to find the processes of a service.
struct ServicePlace {
  std::string cgroup;         // empty: none
  pid_t pid = 0;              // the main process, or the command that runs instead; 0: none
  std::vector<pid_t> held{};  // without a cgroup: what a main process that has ended has left

  [[nodiscard]] bool empty() const noexcept { return cgroup.empty() && pid <= 0 && held.empty(); }
};

/// The place of a service in this view.
[[nodiscard]] ServicePlace place_of(const ServiceView& view);

/// The members of `all`, which is sorted by pid, that are in the sessions of `pids`, or descend
/// from them or from one of these. zinit's own session, `own_session`, does not count.
[[nodiscard]] std::vector<ProcessStat> members_of(const std::vector<ProcessStat>& all,
                                                  const std::vector<pid_t>& pids,
                                                  pid_t own_session);

/// Looks at processes. Reads all of /proc once, and only for a service without a cgroup.
class ProcessScan {
 public:
  /// Its results are not older than `now`.
  explicit ProcessScan(TimePoint now) noexcept : begun_(now) {}
  [[nodiscard]] TimePoint begun() const noexcept { return begun_; }

  /// The processes of a service: first its `pid`, then the others sorted by pid.
  [[nodiscard]] std::vector<ProcessStat> of(const ServicePlace& place);

 private:
  TimePoint begun_;
  std::optional<std::vector<ProcessStat>> all_;
};

/// What a service uses. An unknown member is unset.
struct ServiceFigures : CgroupUsage {
  std::optional<std::int64_t> io_read_bytes;
  std::optional<std::int64_t> io_write_bytes;
};

/// The figures of the cgroup; sums over its processes for figures that the cgroup does not count.
[[nodiscard]] ServiceFigures figures_of(const ServicePlace& place, ProcessScan& scan);

/// The most processes of a service in a list, and the most bytes of all their command lines: they
/// keep an answer below the limit for one client.
inline constexpr std::size_t kMostListed = 10000;
inline constexpr std::size_t kMostCommandLines = std::size_t{1} << 20;

/// The result of service.children.
[[nodiscard]] std::string children_json(std::vector<ProcessStat> processes);

/// The result of debug.process_tree: the tree with `pid`, and in its member `others` the processes
/// that are not connected with it. `processes` is not empty.
[[nodiscard]] std::string process_tree_json(std::vector<ProcessStat> processes, pid_t pid);

/// Computes a service's share of a processor from two samples of its processor time. Any thread.
class CpuShares {
 public:
  /// The least time between samples: /proc counts processor time in steps of 10 ms.
  static constexpr Milliseconds kLeast{500};
  /// The most time between samples: a longer time says too little about the present.
  static constexpr Milliseconds kMost{60000};

  /// One run of a service's process.
  struct Run {
    Slot slot;
    std::int64_t started_us;  // differs between runs in the same slot
    TimePoint started;
  };

  /// The share since the last sample that is kLeast to kMost old, or since the start of the process
  /// if there is none; in tenths of a percent of one processor. Nothing if it has just started.
  [[nodiscard]] std::optional<std::int64_t> sample(const Run& run, std::int64_t cpu_us,
                                                   TimePoint now);

 private:
  struct Sample {
    TimePoint at;
    std::int64_t cpu_us = 0;
  };
  struct Kept {
    std::int64_t started_us = 0;
    Sample older, newer;
  };

  Mutex mutex_;
  // By slot. Slots are reused, so there is at most one entry for each service.
  std::map<Slot, Kept> kept_ GUARDED_BY(mutex_);
};

/// Makes counters of processor time, input and output. A sum over processes drops when one of them
/// ends. A reader of counters would take the drop for a restart from 0 and count all other
/// processes again. So this counter only grows, by the growth of the sum since the last look. What
/// a process uses between the last look and its end is lost. Any thread.
class GrowingSums {
 public:
  /// Replaces the sums of the process that was started at `started_us` by the counters.
  void grow(Slot slot, std::int64_t started_us, ServiceFigures& figures);

 private:
  static constexpr std::optional<std::int64_t> ServiceFigures::*kSums[] = {
      &ServiceFigures::cpu_us, &ServiceFigures::io_read_bytes, &ServiceFigures::io_write_bytes};
  struct Sum {
    std::int64_t last = 0;
    std::int64_t counted = 0;
  };
  struct Kept {
    std::int64_t started_us = 0;
    std::array<Sum, std::size(kSums)> sums{};
  };

  Mutex mutex_;
  std::map<Slot, Kept> kept_ GUARDED_BY(mutex_);  // by slot
};

}  // namespace zinit
