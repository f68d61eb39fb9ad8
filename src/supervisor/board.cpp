// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The board's public functions: requests, reloads, shutdown and queries, each under the lock.
#include "supervisor/board.hpp"

#include <poll.h>

#include <algorithm>
#include <csignal>

#include "base/kill_point.hpp"
#include "base/lists.hpp"
#include "base/sort.hpp"
#include "model/predicates.hpp"
#include "model/request.hpp"
#include "supervisor/plan_aside.hpp"
#include "supervisor/refusals.hpp"
#include "supervisor/reload_report.hpp"
#include "supervisor/request_report.hpp"
#include "supervisor/restorer.hpp"

namespace zinit {

namespace {

// No start has ever been given a rank below this one.
constexpr std::int64_t kLeastRank = -(std::int64_t{1} << 61);

/// Whether the service is at rest and its runtime directories have been removed.
bool at_full_rest(const World& world, Slot slot) {
  const Record& record = world.record(slot);
  return at_rest(record.state) && record.process != Process::launching;
}

ReloadReport take_plan(BoardCore& core, const Plan& planned, bool dry_run) REQUIRES(board_lock) {
  ReloadReport report = report_of(planned, core.world, true);
  if (!dry_run) core.adopt(planned, core.start_added);
  return report;
}

/// Adds the launches under way for this entry's service. A command that has ended is no longer
/// owed. A stop_exec that failed is still owed, because the stop signal that replaces it may not
/// have been sent.
void add_launches(JournalEntry& entry, const std::vector<JournalLaunch>& launches) {
  for (const JournalLaunch& launch : launches) {
    const LaunchKind* const kind = known_kind(launch.what);
    if (launch.slot != entry.slot || kind == nullptr || kind->command == nullptr) continue;
    entry.makes_directories |= !kind->side;  // before it has a process
    if (launch.pid <= 0) continue;
    if (!kind->side) {
      entry.launched = launch.pid;
      entry.launched_end = launch.end;
      continue;
    }
    entry.facts.side(*kind->side) = launch.pid;
    if (kind->what == LaunchOrder::What::ready) entry.ready_end = launch.end;
    const bool stop_failed = kind->what == LaunchOrder::What::stop && launch.end != ProcessEnd{};
    if (launch.end && !stop_failed)
      entry.facts.owed = static_cast<std::uint8_t>(entry.facts.owed & ~kind->owed);
  }
}

}  // namespace

bool Board::busy() const {
  MutexLock lock(mutex());
  return launches.under_way() || !scheduler.queue_empty();
}

void Board::load(const std::vector<SpecPtr>& specs, const MaskedNames& masked) {
  const Change change(*this);
  // boot() decides what is started.
  start_added = false;
  adopt(plan(*world.graph, specs, live(), masked), false);
  keep_journal();
}

void Board::restore(const std::vector<GraphEntry>& services, const JournalImage& image,
                    MaskedNames masked, const FactMap& facts) {
  const Change change(*this);
  Plan plan;
  plan.graph = Graph::build(services, std::move(masked));
  for (const GraphEntry& entry : services) {
    PlannedService planned;
    planned.name = entry.spec->name;
    planned.fate = PlannedService::Fate::added;
    planned.spec = entry.spec;
    planned.slot = entry.slot;
    plan.services.push_back(std::move(planned));
  }
  adopt(plan, false);
  world.shutdown = image.world.shutdown;
  world.switching = image.world.switching;
  world.stop_limit = image.world.stop_limit;
  world.next_rank = image.world.next_rank;
  world.serial = image.world.serial;
  start_added = image.world.start_added;
  events.go_on_after(image.world.events);
  Restorer restorer(*this, facts);
  std::vector<std::pair<Slot, std::uint8_t>> restored;
  for (JournalEntry entry : image.entries) {
    const Slot slot = entry.slot;
    if (!world.graph->used(slot) || world.graph->name(slot) != entry.name) continue;
    add_launches(entry, image.launches);
    // A new version may refuse the file of a running service, whose process still belongs to it.
    const bool there = has_process(entry.record) || entry.facts.pid > 0;
    const bool stopped =
        entry.known && entry.record.wish == Wish::down && entry.record.since != TimePoint{};
    if (!there && !stopped && world.node(slot).broken()) continue;
    restorer.restore(slot, entry);
    restored.push_back({slot, entry.facts.owed});
    // The previous process image may have crashed before it stored that this one is given away.
    world.next_rank = std::min(world.next_rank, std::max(entry.record.rank, kLeastRank) - 1);
  }
  for (const auto& [slot, owed] : restored) restorer.order_again(slot, owed);
  Slots wanted;
  for (const Slot slot : world.graph->order())
    if (world.record(slot).wish == Wish::up) wanted.push_back(slot);
  boot_progress.go_on(image.world.settled, std::move(wanted));
  tell_neighbours(world.graph->order());
  kill_point("reexec.journal");
  keep_journal();
}

void Board::hold_launches(bool hold) {
  const Change change(*this);
  scheduler.hold(hold);
  rounds.hold(hold);
}

bool Board::while_still(FunctionRef<void()> act) {
  MutexLock lock(mutex());
  const bool busy = launches.under_way() || !scheduler.no_place_taken() || janitor.signals();
  if (busy || !janitor.log_empty()) return false;
  act();
  return true;
}

std::optional<std::uint64_t> Board::quiet() const {
  MutexLock lock(mutex());
  if (launches.under_way() || !scheduler.queue_empty() || !janitor.log_empty()) return std::nullopt;
  // A thread counts as awake from its wake-up call on. A passed deadline is about to wake a thread.
  const TimePoint now = Clock::now();
  if (!janitor.sleeps_after(now)) return std::nullopt;
  for (const auto& job : jobs) {
    if (!job) continue;
    const bool awake = job->has_thread && job->asleep_until <= now;
    if (awake || job->until <= now || job->has_work()) return std::nullopt;
  }
  return changes_made_;
}

RequestResult<void> Board::boot(const std::string& target, const Graph* older) {
  const Change change(*this);
  if (world.shutdown) return in_shutdown();
  // Without any service, a boot is still to come.
  start_added = target.empty() && !world.graph->order().empty();
  const Slot slot = target.empty() ? kNoSlot : world.graph->find(target);
  if (!target.empty() && slot == kNoSlot) return not_found(target);
  for (const Slot other : boot_progress.wanted())  // of the boot of another root
    keep(SlotFact::boot_times, other, {});
  boot_progress.begin(request_boot(world, slot, older), world.graph->slots(), Clock::now());
  tell_neighbours(Slots(boot_progress.pending()));
  note_boot();  // without anything to start, the boot is over already
  return {};
}

void Board::boot_lost(Slots lost, const std::string& target) {
  sort_values(lost);
  const Change change(*this);
  if (world.shutdown) return;
  Slots slots = slots_of_boot(world, world.graph->find(target));
  std::erase_if(slots, [&](Slot slot) { return !std::ranges::binary_search(lost, slot); });
  tell_neighbours(request_pull(world, slots));
}

RequestResult<Board::Others> Board::start(std::string_view name) {
  const Change change(*this);
  return bring_up(name, request_start);
}

void Board::start_by_trigger(std::string_view name) {
  const Change change(*this);
  const Slot slot = world.graph->find_loaded(name);
  if (slot != kNoSlot && !is_ignored(slot)) (void)bring_up(name, request_start);
}

RequestResult<Board::Others> Board::restart(std::string_view name) {
  const Change change(*this);
  return bring_up(name, request_restart);
}

RequestResult<Board::Others> Board::bring_up(std::string_view name,
                                             Requested (*request)(World&, Slot)) {
  const Slot slot = world.graph->find_loaded(name);
  if (slot == kNoSlot) return not_found(name);
  if (world.shutdown) return in_shutdown();
  const Requested requested = request(world, slot);
  tell_neighbours(requested.changed);
  return others_of(*world.graph, requested);
}

RequestResult<Board::Others> Board::stop(std::string_view name) {
  const Change change(*this);
  const Slot slot = world.graph->find(name);
  if (slot == kNoSlot) return not_found(name);
  if (world.shutdown) return Others();  // all are stopped already
  const Requested requested = request_stop(world, slot);
  tell_neighbours(requested.changed);
  return others_of(*world.graph, requested);
}

bool Board::retry(std::string_view name, std::string_view why) {
  const Change change(*this);
  const Slot slot = world.graph->find_loaded(name);
  if (slot == kNoSlot || world.shutdown) return false;
  Record& record = world.record(slot);
  const bool retried = record.reason.type == ReasonType::spawn_error && record.reason.number == 1;
  const bool waits = record.state == State::failed ||
                     (record.state == State::blocked && record.delay_until != TimePoint{});
  if (record.wish == Wish::down || has_process(record) || !retried || !waits) return false;
  say(LogLevel::info, fmt::format("{}: {}", name, why));
  if (record.try_ == Try::none) record.try_ = Try::pulled;
  tell_neighbours({&slot, 1});
  return true;
}

RequestResult<Board::Isolated> Board::isolate(std::string_view target) {
  const Change change(*this);
  const Slot slot = world.graph->find_loaded(target);
  if (slot == kNoSlot) return not_found(target);
  if (std::string why = isolate_refusal(world.spec(slot)); !why.empty())
    return refused(Refusal::invalid_state, std::move(why));
  if (world.shutdown) return in_shutdown();
  const Isolation isolation = request_isolate(world, slot);
  Isolated names{sorted_names(*world.graph, isolation.started),
                 sorted_names(*world.graph, isolation.stopped)};
  tell_neighbours(isolation.changed);
  return names;
}

RequestResult<void> Board::kill(std::string_view name, int signal, KillWhat what,
                                std::string_view asker) {
  const bool main_only = what == KillWhat::main;
  const Change change(*this);
  const Slot slot = world.graph->find(name);
  if (slot == kNoSlot) return not_found(name);
  Job& job = *jobs[slot];
  const Record& record = world.record(slot);
  const bool main_there = main_pid(job) != 0;
  if (const pid_t main = launches.main_of(job);
      main != 0 && !job.launch->early_end && ::kill(main, signal) == 0)
    return {};
  const auto gone = [&] {
    return refused(Refusal::not_running,
                   fmt::format("{} has no {}process", name, main_only ? "main " : ""));
  };
  const auto asked = [&] {
    if (job.asked->signal != SIGKILL)
      job.asked = AskedSignal{signal, std::string(asker), Clock::now()};
  };
  follow_main(job);
  job.process.forget_gone();
  // Processes that a oneshot holds have no main process with a group of its own.
  const bool whole = what == KillWhat::all || (!main_only && record.process == Process::held);
  if (whole && job.cgroup.in_use()) {
    if (!job.cgroup.populated()) return gone();
    const auto sent = signal == SIGKILL ? job.cgroup.kill() : stops.signal_cgroup(job, signal);
    if (!sent) return refused(Refusal::process_error, sent.error().text);
    asked();
    return {};
  }
  if (!main_only && !job.held.empty()) {
    job.held.signal(signal);
    return {};
  }
  if (!main_there && (!job.process.group_left() || main_only)) return gone();
  const auto sent =
      main_only ? job.process.signal_main(signal) : job.process.signal_main_group(signal);
  if (sent) {
    asked();
    return {};
  }
  if (sent.error().errnum == ESRCH) return gone();
  return refused(Refusal::process_error, sent.error().text);
}

pid_t Board::main_process(std::string_view name) const {
  MutexLock lock(mutex());
  const Slot slot = world.graph->find(name);
  if (slot == kNoSlot) return 0;
  const Job& job = *jobs[slot];
  const pid_t main = main_pid(job);
  return main != 0 ? main : launches.main_of(job);
}

bool Board::limits_applied() const {
  MutexLock lock(mutex());
  return std::ranges::none_of(jobs, [](const auto& job) { return job && job->awaits_limits(); });
}

std::vector<std::string> Board::resource_warnings(std::span<const std::string> names) const {
  MutexLock lock(mutex());
  std::vector<std::string> warnings;
  for (const std::string& name : names)
    if (const Slot slot = world.graph->find_loaded(name); slot != kNoSlot)
      add_resource_warnings(world.spec(slot), *jobs[slot]->resource_faults, warnings);
  return warnings;
}

std::vector<std::string> Board::expected_resource_warnings(std::span<const SpecPtr> specs) const {
  MutexLock lock(mutex());
  std::vector<std::string> warnings;
  for (const SpecPtr& spec : specs) add_resource_warnings(*spec, {}, warnings);
  return warnings;
}

RequestResult<ReloadReport> Board::reload(const std::vector<SpecPtr>& specs, bool dry_run,
                                          const MaskedNames& masked, bool no_restart) {
  for (PutOff put_off{.restarts = no_restart, .names = {}};;) {
    PlanAside aside(*this, [&](const Graph&) { return Wanted{specs, masked, put_off}; });
    const Change change(*this);
    if (world.shutdown) return in_shutdown();
    const Plan& planned = aside.plan(*this);
    const std::size_t before = put_off.names.size();
    if (no_restart) put_off.names.merge(newly_held_back(planned, world));
    // Each round puts off more services.
    if (put_off.names.size() == before) return take_plan(*this, planned, dry_run);
  }
}

void Board::begin_shutdown(bool switching) {
  const Change change(*this);
  if (world.shutdown) return;
  rounds.give_up_all(in_shutdown().value());
  tell_neighbours(request_shutdown(world, switching));
  store_world();
}

void Board::end_switch() {
  const Change change(*this);
  std::vector<SpecPtr> specs;
  for (const Slot slot : world.graph->order()) {
    if (world.node(slot).removed || !stays_up(world, slot)) continue;
    auto spec = std::make_shared<ServiceSpec>(*as_read(world.node(slot).spec));
    spec->runtime = true;  // its file is gone with the old root
    spec->file.clear();
    spec->instance.reset();
    spec->drop_ins.clear();
    spec->identities.clear();
    specs.push_back(std::move(spec));
  }
  tell_neighbours(zinit::end_switch(world));
  start_added = false;  // boot() decides what is started
  boot_progress.forget_settled();
  adopt(plan(*world.graph, specs, live(), {}), false);
  store_world();
}

void Board::settle_switch() {
  const Change change(*this);
  tell_neighbours(zinit::settle_switch(world));
  store_world();
}

void Board::log(LogLevel level, std::string line) {
  const Change change(*this);
  say(level, std::move(line));
}

void Board::hurry_shutdown(Milliseconds limit) {
  const Change change(*this);
  tell_neighbours(limit_stops(world, limit, Clock::now()));
  store_world();
}

TimePoint Board::last_stop_signal() const {
  MutexLock lock(mutex());
  return stops.last_signal_at();
}

bool Board::shutting_down() const {
  MutexLock lock(mutex());
  return world.shutdown;
}

bool Board::all_down() const {
  MutexLock lock(mutex());
  for (const Slot slot : world.graph->order()) {
    if (!stays_up(world, slot) && !at_full_rest(world, slot)) return false;
  }
  return true;
}

std::vector<std::string> Board::still_up() const {
  MutexLock lock(mutex());
  std::vector<std::string> names;
  for (const Slot slot : world.graph->order()) {
    if (!stays_up(world, slot) && !at_full_rest(world, slot))
      names.push_back(world.graph->name(slot));
  }
  return names;
}

int Board::cgroup_watch_fd() const {
  MutexLock lock(mutex());
  return cgroups.fd();
}

std::vector<std::string> Board::controllers() const {
  MutexLock lock(mutex());
  const CgroupTree* const tree = cgroups.tree();
  return tree == nullptr ? std::vector<std::string>() : tree->controllers();
}

std::vector<std::string> Board::names() const { return graph()->names(); }

std::optional<ServiceView> Board::view(std::string_view name) const {
  MutexLock lock(mutex());
  const Slot slot = world.graph->find(name);
  if (slot == kNoSlot) return std::nullopt;
  const TimePoint now = Clock::now();
  SettledQuestions settled(world, now);
  return view_of(slot, now, settled);
}

std::vector<ServiceView> Board::views() const {
  MutexLock lock(mutex());
  const Graph& graph = *world.graph;
  std::vector<ServiceView> views;
  views.reserve(graph.by_name().size());
  const TimePoint now = Clock::now();
  SettledQuestions settled(world, now);
  for (const Slot slot : graph.by_name()) views.push_back(view_of(slot, now, settled));
  return views;
}

std::optional<WhyReport> Board::why(std::string_view name) const {
  MutexLock lock(mutex());
  const Slot slot = world.graph->find(name);
  if (slot == kNoSlot) return std::nullopt;
  WhyReport report = zinit::why(world, slot, Clock::now());
  conditions.tell(slot, report);
  stops.tell(slot, report);
  launches.tell_hangs(slot, report);
  for (const std::string& absent : absent_on_failure(slot))
    report.add("warning",
               fmt::format("on_failure names {}, which does not exist: it is not started", absent));
  mains.tell(slot, report);
  rounds.tell(slot, report);
  return report;
}

Slot Board::find(std::string_view name) const { return graph()->find(name); }

std::optional<uid_t> Board::user_of(Slot slot) const {
  MutexLock lock(mutex());
  if (slot >= jobs.size() || !jobs[slot]) return std::nullopt;
  return jobs[slot]->user;
}

GraphPtr Board::graph() const {
  MutexLock lock(mutex());
  return world.graph;
}

std::optional<Board::Brief> Board::brief(std::string_view name) const {
  MutexLock lock(mutex());
  const Slot slot = world.graph->find(name);
  if (slot == kNoSlot) return std::nullopt;
  const Record& record = world.record(slot);
  const pid_t pid = main_pid(*jobs[slot]);
  bool needed = false;
  for (const Slot dependent : world.node(slot).required_by)
    needed = needed || world.record(dependent).wish == Wish::up;
  return Brief{record.state,
               record.wish,
               settled(world, slot, Clock::now()),
               zinit::runs(record, world.spec(slot)),
               record.state == State::exited && record.done,
               zinit::holds(world, slot),
               record.state == State::inactive && record.skipped,
               active(world, slot),
               world.node(slot).removed && !is_live(slot),
               is_ignored(slot),
               needed,
               pid == 0 && record.has_end && record.end.by_signal,
               pid,
               record.ready_at,
               record.rank};
}

Board::Shown Board::shown() const {
  MutexLock lock(mutex());
  Shown shown{world.graph, std::vector<Shown::Service>(world.graph->slots())};
  for (const Slot slot : world.graph->order())
    shown.services[slot] = {world.record(slot).state, zinit::holds(world, slot)};
  return shown;
}

bool Board::end_unseen(std::string_view name) const {
  MutexLock lock(mutex());
  const Slot slot = world.graph->find(name);
  pollfd pidfd{slot == kNoSlot ? -1 : jobs[slot]->process.pidfd(), POLLIN, 0};
  return pidfd.fd >= 0 && ::poll(&pidfd, 1, 0) > 0;
}

KeptEvents::After Board::events_after(std::uint64_t after, std::size_t most) const {
  MutexLock lock(mutex());
  return events.after(after, most);
}

std::uint64_t Board::last_seq() const {
  MutexLock lock(mutex());
  return events.last_seq();
}

Board::Present Board::present() const {
  MutexLock lock(mutex());
  Present present{world, Clock::now(), std::vector<Milliseconds>(world.graph->slots())};
  for (const Slot slot : world.graph->order()) {
    const Record& record = world.record(slot);
    const TimePoint ready = record.done ? record.since : record.ready_at;
    present.start_takes[slot] = Milliseconds(ms_between(jobs[slot]->started, ready));
  }
  return present;
}

std::optional<TimePoint> Board::boot_settled() const {
  MutexLock lock(mutex());
  return boot_progress.settled_at();
}

std::vector<Board::BootStep> Board::boot_steps() const {
  MutexLock lock(mutex());
  std::vector<BootStep> steps;
  for (const Slot slot : boot_progress.wanted()) {
    const BootProgress::Times& times = boot_progress.of(slot);
    if (!world.graph->used(slot)) continue;
    steps.push_back({world.graph->name(slot), world.record(slot).state, times.wanted, times.spawned,
                     times.ready, times.waited_for});
  }
  return steps;
}

// --- templates, for messages about missing instances ---

void Board::name_templates(std::vector<std::string> names) {
  MutexLock lock(mutex());
  template_names = std::move(names);
}

bool Board::has_template(std::string_view name) const {
  MutexLock lock(mutex());
  return is_template(name);
}

bool BoardCore::is_template(std::string_view name) const { return contains(template_names, name); }

std::vector<std::string> Board::templates() const {
  MutexLock lock(mutex());
  return template_names;
}

}  // namespace zinit
