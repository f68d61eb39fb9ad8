// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The janitor's rounds. See janitor.hpp.
//
// Lines that wait are bounded: lines beyond the bound are counted, and the count is logged.
#include "supervisor/janitor.hpp"

#include <algorithm>
#include <exception>

#include "base/jitter.hpp"
#include "os/process.hpp"
#include "supervisor/core.hpp"

namespace zinit {

namespace {

// Log lines queued within this time of the first are written together. Otherwise a boot of 1,000
// services would wake the janitor for each line and take processor time from the services.
constexpr Milliseconds kGather{1};

}  // namespace

Result<void> Janitor::start() {
  if (thread_.joinable()) return {};
  auto thread = Thread::start("zinit-janitor", kLoopStackBytes, [this] { run(); });
  if (!thread) return Failure(thread.error());
  thread_ = std::move(*thread);
  return {};
}

void Janitor::end() {
  wake_.notify_one();
  pause_.notify_one();
  thread_.join();
}

void Janitor::wake() {
  until_ = {};
  wakes_ = true;
}

void Janitor::wake_by(TimePoint at) {
  if (at < until_) wake();
}

bool Janitor::take_wake() { return std::exchange(wakes_, false); }

// --- orders ---

void Janitor::say(LogLevel level, std::string line) {
  if (log_.say(level, std::move(line))) wake();
}

void Janitor::note(Slot slot, std::string line) {
  if (log_.note(slot, std::move(line))) wake();
}

void Janitor::sweep() {
  sweeps_ = true;
  wake();
  pause_.notify_one();
}

void Janitor::see_groups() {
  sees_groups_ = true;
  wake();
}

void Janitor::remove_cgroup(std::string name) {
  unused_cgroups_.push_back(std::move(name));
  wake();
}

void Janitor::go_on_with(CgroupSignal signal) {
  to_signal_.push_back(std::move(signal));
  wake();
}

// --- rounds ---

void Janitor::run() noexcept {
  core_.mutex().lock();
  bool more = true;
  while (more) {
    try {
      more = round();
    } catch (const std::exception& fault) {  // not expected, but this thread must not end
      log_error("janitor: {}", fault.what());
    }
  }
  core_.mutex().unlock();
}

/// Does all work that is due, then waits for more.
/// @return  false if zinit ends and this was the last round
bool Janitor::round() {
  core_.scheduler.look_at_clocks();
  if (std::exchange(gathers_, false) && !core_.ending)
    pause_.wait_until(core_.mutex(), after(Clock::now(), kGather));
  if (kHasJitter) core_.without_lock([] { jitter("work of the janitor"); });
  if (sweeps_) drop_removed();
  if (std::exchange(sees_groups_, false)) forget_zombies();
  remove_cgroups();
  go_on_signalling();
  core_.scheduler.watch_jobs();
  core_.scheduler.work_without_threads();
  std::list<Thread> ended = core_.scheduler.take_ended();
  log_.tell_left_out();
  const LogWriter::Lines lines = log_.take();
  const bool end = core_.ending;
  writes_ = true;
  core_.let_go_for([&] {
    ended.clear();
    if (!lines.lines.empty()) jitter("write of zinit's log");
    LogWriter::write(lines, core_.output);
  });
  writes_ = false;
  if (!end && rests()) rest();
  return !end || !log_.empty();
}

bool Janitor::rests() const {
  return !core_.ending && log_.empty() && !sweeps_ && !sees_groups_ && unused_cgroups_.empty() &&
         to_signal_.empty() && !core_.scheduler.has_work_without_thread();
}

void Janitor::rest() {
  const TimePoint due = std::min(core_.scheduler.next_look(), log_.tell_at());
  if (Clock::now() >= due) return;
  until_ = due;
  if (due == kNever)
    wake_.wait(core_.mutex());
  else
    wake_.wait_until(core_.mutex(), due);
  until_ = {};
  gathers_ = true;
}

/// Drops removed services that have nothing left from the graph.
void Janitor::drop_removed() {
  const World& world = core_.world;
  std::vector<GraphEntry> entries;
  for (const Slot slot : world.graph->order()) {
    const Node& node = world.graph->node(slot);
    if (node.removed && !core_.is_live(slot)) continue;
    entries.push_back({node.spec, slot, node.load_order, node.removed});
  }
  core_.adopt(Plan{{}, Graph::build(entries, world.graph->masked())}, false);
  sweeps_ = false;
}

/// Forgets the groups of lingering services that hold only zombies. Reads all processes once for
/// all of these groups.
void Janitor::forget_zombies() {
  Result<std::vector<pid_t>> alive;
  core_.without_lock([&] { alive = groups_in_use(); });
  if (!alive) return;
  for (const auto& job : core_.jobs) {
    if (!job || !(std::exchange(job->sees_group, false) || job->group_poll.longest())) continue;
    if (core_.world.record(job->slot).process != Process::lingering) continue;
    job->process.forget_all_but(*alive);
    for (SideCommand& side : job->side.all()) side.group().forget_all_but(*alive);
    core_.ends.look_at(*job);
  }
}

void Janitor::remove_cgroups() {
  const std::vector<std::string> unused = std::exchange(unused_cgroups_, {});
  if (unused.empty()) return;
  CgroupTree* const tree = core_.cgroups.tree();
  core_.without_lock([&] {
    for (const std::string& name : unused) tree->remove(name);
  });
}

/// Others may add signals meanwhile, but only the janitor removes them.
void Janitor::go_on_signalling() {
  if (to_signal_.empty()) return;
  CgroupSignal& oldest = to_signal_.front();
  bool done = false;
  core_.without_lock([&] { done = oldest.send_some(); });
  if (done) to_signal_.pop_front();
}

}  // namespace zinit
