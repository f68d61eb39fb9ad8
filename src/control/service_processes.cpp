// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Processes of services: see service_processes.hpp.
#include "control/service_processes.hpp"

#include <unistd.h>

#include <algorithm>
#include <set>

#include "base/lists.hpp"
#include "base/sort.hpp"
#include "base/text.hpp"
#include "control/objects.hpp"
#include "os/process_memory.hpp"

namespace zinit {

namespace {

std::vector<ProcessStat> in_cgroup_at(const std::string& path) {
  std::vector<ProcessStat> found;
  const auto cgroup = Cgroup::open(path);
  if (!cgroup) return found;
  std::vector<pid_t> pids = cgroup->processes();
  sort_unique(pids);  // a process that moves while the cgroups below are read may be seen twice
  for (const pid_t pid : pids)
    if (auto stat = read_process_stat(pid)) found.push_back(std::move(*stat));
  return found;
}

void add(std::optional<std::int64_t>& sum, std::int64_t value) { sum = sum.value_or(0) + value; }

/// Adds the disk reads and writes of the process. The kernel shows them only to root and the
/// process's own user.
void add_io(ServiceFigures& sums, pid_t pid) {
  const auto text = read_of_process(pid, "io", 4096, IfSlow::refuse);
  if (!text) return;
  if (const auto bytes = keyed_number(*text, "read_bytes:")) add(sums.io_read_bytes, *bytes);
  if (const auto bytes = keyed_number(*text, "write_bytes:")) add(sums.io_write_bytes, *bytes);
}

ServiceFigures sums_of(const std::vector<ProcessStat>& processes, bool with_io) {
  ServiceFigures sums;
  for (const ProcessStat& process : processes) {
    add(sums.memory_bytes, process.memory_bytes);
    add(sums.cpu_us, process.cpu_us);
    add(sums.tasks, process.threads);
    if (with_io) add_io(sums, process.pid);
  }
  return sums;
}

/// Cuts the list, to limit the size of the answer.
void limit(std::vector<ProcessStat>& processes) {
  if (processes.size() > kMostListed) processes.resize(kMostListed);
}

/// The processes as a forest. Positions in the list identify them.
class ProcessForest {
 public:
  explicit ProcessForest(const std::vector<ProcessStat>& processes)
      : processes_(processes), children_(processes.size()), written_(processes.size(), false) {
    std::map<pid_t, std::size_t> positions;
    for (std::size_t i = 0; i < processes.size(); ++i) positions[processes[i].pid] = i;
    for (std::size_t i = 0; i < processes.size(); ++i) {
      const auto parent = positions.find(processes[i].ppid);
      parents_.push_back(parent == positions.end() ? kNone : parent->second);
      if (parents_[i] != kNone) children_[parents_[i]].push_back(i);
    }
  }

  /// The topmost ancestor of the process at `at`. A pid that is used again while the list is read
  /// can make a circle of parents; then no process is the topmost.
  [[nodiscard]] std::size_t topmost(std::size_t at) const {
    for (std::size_t steps = 0; parents_[at] != kNone && steps < parents_.size(); ++steps)
      at = parents_[at];
    return at;
  }

  [[nodiscard]] bool written(std::size_t at) const { return written_[at]; }

  /// Writes the tree below `root`, but does not end its object. No recursion: a process may have
  /// thousands of generations.
  void put(JsonWriter& writer, std::size_t root) {
    open(writer, root);
    while (true) {
      Open& top = open_.back();
      const std::vector<std::size_t>& below = children_[top.at];
      if (top.next < below.size()) {
        const std::size_t child = below[top.next++];
        if (!written_[child]) open(writer, child);
        continue;
      }
      writer.end_array();
      open_.pop_back();
      if (open_.empty()) return;
      writer.end_object();
    }
  }

 private:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  struct Open {
    std::size_t at;
    std::size_t next;
  };

  void open(JsonWriter& writer, std::size_t at) {
    written_[at] = true;
    put_members<protocol::ProcessNode>(writer.begin_object(), processes_[at]);
    writer.key("children").begin_array();
    open_.push_back({at, 0});
  }

  const std::vector<ProcessStat>& processes_;
  std::vector<std::size_t> parents_;
  std::vector<std::vector<std::size_t>> children_;
  std::vector<bool> written_;
  std::vector<Open> open_;
};

}  // namespace

ServicePlace place_of(const ServiceView& view) {
  return {view.cgroup, view.pid, view.cgroup.empty() ? view.held : std::vector<pid_t>()};
}

std::vector<ProcessStat> members_of(const std::vector<ProcessStat>& all,
                                    const std::vector<pid_t>& pids, pid_t own_session) {
  std::set<pid_t> sessions;
  for (const ProcessStat& process : all)
    if (process.session != own_session && contains(pids, process.pid))
      sessions.insert(process.session);
  std::multimap<pid_t, std::size_t> by_parent;
  std::vector<bool> member(all.size(), false);
  std::vector<std::size_t> found;
  const auto take = [&](std::size_t at) {
    if (member[at]) return;
    member[at] = true;
    found.push_back(at);
  };
  for (std::size_t i = 0; i < all.size(); ++i) {
    by_parent.emplace(all[i].ppid, i);
    if (sessions.contains(all[i].session) || contains(pids, all[i].pid)) take(i);
  }
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto [first, last] = by_parent.equal_range(all[found[i]].pid);
    for (auto child = first; child != last; ++child) take(child->second);
  }
  std::vector<ProcessStat> members;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (member[i]) members.push_back(all[i]);
  return members;
}

std::vector<ProcessStat> ProcessScan::of(const ServicePlace& place) {
  std::vector<ProcessStat> found;
  if (!place.cgroup.empty()) {
    found = in_cgroup_at(place.cgroup);
  } else if (!place.empty()) {
    if (!all_) all_ = all_processes().value_or(std::vector<ProcessStat>());
    std::vector<pid_t> pids = place.held;
    if (place.pid > 0) pids.push_back(place.pid);
    found = members_of(*all_, pids, ::getsid(0));
  }
  const auto main = std::ranges::find(found, place.pid, &ProcessStat::pid);
  if (main != found.end()) std::rotate(found.begin(), main, main + 1);
  return found;
}

ServiceFigures figures_of(const ServicePlace& place, ProcessScan& scan) {
  ServiceFigures figures;
  if (!place.cgroup.empty()) {
    if (const auto cgroup = Cgroup::open(place.cgroup)) {
      const std::optional<CgroupIo> io = cgroup->io();
      figures = {cgroup->usage(), {}, {}};
      if (io) figures.io_read_bytes = io->read_bytes, figures.io_write_bytes = io->write_bytes;
    }
  }
  const bool with_io = !figures.io_read_bytes;
  if (figures.complete() && !with_io) return figures;
  const ServiceFigures sums = sums_of(scan.of(place), with_io);
  figures.fill_in(sums);
  if (with_io) figures.io_read_bytes = sums.io_read_bytes;
  if (with_io) figures.io_write_bytes = sums.io_write_bytes;
  return figures;
}

std::string children_json(std::vector<ProcessStat> processes) {
  limit(processes);
  const std::size_t longest =
      std::min<std::size_t>(kMostCommandLines / std::max<std::size_t>(processes.size(), 1), 4096);
  std::vector<protocol::ProcessInfo> all;
  for (const ProcessStat& process : processes)
    all.push_back({process.pid, process.ppid, process.comm,
                   shortened(command_line(process.pid), longest), std::string(1, process.state)});
  return list_json<protocol::ProcessInfo>(all);
}

std::string process_tree_json(std::vector<ProcessStat> processes, pid_t pid) {
  const auto main = std::ranges::find(processes, pid, &ProcessStat::pid);
  const auto at = main == processes.end() ? 0 : main - processes.begin();
  limit(processes);
  ProcessForest forest(processes);
  JsonWriter writer;
  forest.put(writer, forest.topmost(static_cast<std::size_t>(at)));
  writer.key("others").begin_array();
  for (std::size_t i = 0; i < processes.size(); ++i) {
    if (forest.written(i)) continue;
    forest.put(writer, forest.topmost(i));
    writer.end_object();
  }
  return writer.end_array().end_object().take();
}

std::optional<std::int64_t> CpuShares::sample(const Run& run, std::int64_t cpu_us, TimePoint now) {
  const Sample start{run.started, 0};
  MutexLock lock(mutex_);
  Kept& kept = kept_[run.slot];
  if (kept.started_us != run.started_us) kept = {run.started_us, start, start};
  const bool next = now - kept.newer.at >= kLeast;
  Sample base = next ? kept.newer : kept.older;
  if (now - base.at > kMost) base = start;
  if (next) kept = {run.started_us, kept.newer, {now, cpu_us}};
  const auto elapsed = std::chrono::duration_cast<std::chrono::microseconds>(now - base.at).count();
  if (elapsed <= 0) return std::nullopt;
  // A sum over processes lacks the times of ended ones, so it may be below the earlier sample.
  return std::max<std::int64_t>(cpu_us - base.cpu_us, 0) * 1000 / elapsed;
}

void GrowingSums::grow(Slot slot, std::int64_t started_us, ServiceFigures& figures) {
  MutexLock lock(mutex_);
  Kept& kept = kept_[slot];
  if (kept.started_us != started_us) kept = {started_us, {}};
  for (std::size_t i = 0; i < std::size(kSums); ++i) {
    std::optional<std::int64_t>& figure = figures.*kSums[i];
    if (!figure) continue;
    Sum& sum = kept.sums[i];
    sum.counted += std::max<std::int64_t>(*figure - sum.last, 0);
    sum.last = *figure;
    figure = sum.counted;
  }
}

}  // namespace zinit
