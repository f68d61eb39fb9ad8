// The processes of a service, and what they use: for service.stats, service.children and
// debug.process_tree.
//
// A service's processes are those in its cgroup. Where it has none, they are those in the session
// of its process, and what descends from any of them.
//
// Everything is read from /proc and cgroupfs while processes come and go: what ends in between is
// left out, and is no error. A file of /proc may take its time, as when a process hangs in the
// kernel, so this is not for the control loop (process_looks.hpp).
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
#include "os/process.hpp"

namespace zinit {

/// Where the processes of a service are found.
struct ServicePlace {
  std::string cgroup;  // empty: it has none
  pid_t pid = 0;       // of its main process, or of the command that runs instead; 0: none
};

/// The members of `all`, which is sorted by pid, that are in the session of `pid` or descend from
/// it or from one of these. A session counts only if it is not zinit's own, `own_session`.
[[nodiscard]] std::vector<ProcessStat> members_of(const std::vector<ProcessStat>& all, pid_t pid,
                                                  pid_t own_session);

/// Looks at processes; reads all of /proc once, and only if a service without a cgroup is asked
/// for.
class ProcessScan {
 public:
  /// What it shows is not older than `now`.
  explicit ProcessScan(TimePoint now) noexcept : begun_(now) {}
  [[nodiscard]] TimePoint begun() const noexcept { return begun_; }

  /// The processes of a service, its `pid` first and the others sorted by pid.
  [[nodiscard]] std::vector<ProcessStat> of(const ServicePlace& place);

 private:
  TimePoint begun_;
  std::optional<std::vector<ProcessStat>> all_;
};

/// What a service uses. A member is unset if it is not known.
struct ServiceFigures {
  std::optional<std::int64_t> memory_bytes;
  std::optional<std::int64_t> cpu_us;
  std::optional<std::int64_t> tasks;
  std::optional<std::int64_t> io_read_bytes;
  std::optional<std::int64_t> io_write_bytes;
};

/// The figures of its cgroup; those that are not counted there are the sums over its processes.
[[nodiscard]] ServiceFigures figures_of(const ServicePlace& place, ProcessScan& scan);

/// At most so many processes of a service are listed, and so many bytes of all their command lines:
/// an answer stays below what a client may be sent.
inline constexpr std::size_t kMostListed = 10000;
inline constexpr std::size_t kMostCommandLines = std::size_t{1} << 20;

/// The result of service.children.
[[nodiscard]] std::string children_json(std::vector<ProcessStat> processes);

/// The result of debug.process_tree: the tree that `pid` is in, and as its member `others` those
/// that are not connected with it. `processes` is not empty.
[[nodiscard]] std::string process_tree_json(std::vector<ProcessStat> processes, pid_t pid);

/// Computes the share of a processor that services use, from two samples of their processor time.
/// Any thread.
class CpuShares {
 public:
  /// Samples at a shorter distance say too little: processes' times are counted in 10 ms.
  static constexpr Milliseconds kLeast{500};
  /// A longer time says too little about now.
  static constexpr Milliseconds kMost{60000};

  /// A process of a service.
  struct Run {
    Slot slot;
    std::int64_t started_us;  // tells it from others of that slot
    TimePoint started;
  };

  /// In tenths of a percent of one processor: the share since the last sample that is kLeast to
  /// kMost old; without one, since the process was started. Nothing if that was just now.
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
  // By slot. Slots are used again, so there is one for each service at most.
  std::map<Slot, Kept> kept_ GUARDED_BY(mutex_);
};

/// Makes counters of processor time and input and output. A sum over processes becomes less when
/// one of them ends, which a reader of counters takes for a start from 0: it would count what all
/// others have used a second time. So the counter only grows, by what the sum has grown since it
/// was looked at last. What a process uses between that and its end is not counted. Any thread.
class GrowingSums {
 public:
  /// Puts the counters in place of the sums of the process that was started at `started_us`.
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
  std::map<Slot, Kept> kept_ GUARDED_BY(mutex_);  // as above
};

}  // namespace zinit
