// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The board's lock; making and dropping jobs with the graph.
#include "supervisor/core.hpp"

#include <algorithm>

#include "base/kill_point.hpp"
#include "model/predicates.hpp"

namespace zinit {

BoardCore::BoardCore(const Ports& ports, SpawnDefaults defaults, const std::string& path)
    : output(ports.output),
      changes(ports.changes),
      watchers(ports.watchers),
      cgroups(defaults.cgroups),
      launches(*this, std::move(defaults)),
      state_(ports.state) {
  MutexLock lock(mutex());
  world.graph = Graph::build({});
  if (const auto made = make_journal(path); !made)
    log_error("services will not survive a re-execution of zinit: {}", made.error().text);
  static_cast<void>(works());
}

BoardCore::~BoardCore() = default;

Result<void> BoardCore::make_journal(const std::string& path) {
  if (journal) return {};
  auto made = Journal::create(path);
  if (!made) return Failure(made.error());
  journal.emplace(std::move(*made));
  return {};
}

void BoardCore::end() {
  launches.stop();
  std::list<Thread> ended;
  {
    MutexLock lock(mutex());
    ending = true;
    rounds.give_up_all({Refusal::shutting_down, "zinit ends"});
    ended = scheduler.end();
  }
  janitor.end();
  ended.clear();  // joins: the last thing a job's thread does is to wake the janitor, unlocked
}

BoardCore::Change::Change(BoardCore& core) : core_(core) { core_.mutex().lock(); }

BoardCore::Change::~Change() { core_.let_go(); }

/// Wakes threads only after the lock is released. A thread woken earlier may preempt the holder of
/// the lock, only to wait for that lock.
void BoardCore::let_go() {
  take_due_steps();
  scheduler.hand_out_places();
  const std::vector<std::shared_ptr<Job>> to_wake = scheduler.take_woken();
  const bool wakes_janitor = janitor.take_wake();
  ++changes_made_;
  mutex().unlock();
  for (const auto& job : to_wake) job->wake.notify_one();
  if (wakes_janitor) janitor.notify();
}

std::vector<bool> BoardCore::live() const {
  std::vector<bool> live(world.graph->slots(), false);
  for (const Slot slot : world.graph->order()) {
    live[slot] = is_live(slot);
  }
  return live;
}

std::vector<bool> BoardCore::up() const {
  std::vector<bool> up(world.graph->slots(), false);
  for (const Slot slot : world.graph->order())
    up[slot] = active(world, slot) && world.record(slot).wish == Wish::up;
  return up;
}

bool BoardCore::is_live(Slot slot) const {
  // A launch that changes no state may be under way as well: for [resources], or of a probe.
  return !nothing_left(world, slot) || (jobs[slot] && jobs[slot]->launch);
}

void BoardCore::adopt(const Plan& plan, bool start_new) {
  const GraphPtr before = world.graph;
  const auto stays = [&](Slot slot) {
    return before->used(slot) && plan.graph->used(slot) &&
           before->name(slot) == plan.graph->name(slot);
  };
  apply_plan(world, plan, start_new);
  jobs.resize(std::max(jobs.size(), world.graph->slots()));
  for (Slot slot = 0; slot < jobs.size(); ++slot) {
    const bool used = world.graph->used(slot);
    if (before->used(slot) && !stays(slot)) {
      if (before->spec(slot).spares_rest() && jobs[slot]->cgroup.populated())
        say(LogLevel::info,
            fmt::format("{}: removed; processes spared by its kill_mode keep running",
                        before->name(slot)));
      forget(slot);
    }
    if (!used) continue;
    if (!jobs[slot]) {
      jobs[slot] = std::make_shared<Job>(processes, cgroups, slot, world.graph->name(slot));
      // A deleted service of this name may have left processes.
      if (world.spec(slot).spares_rest() && jobs[slot]->cgroup.restore())
        ends.look_at_spared(*jobs[slot]);
    }
    if (!stays(slot) || before->node(slot).spec != world.graph->node(slot).spec) {
      output.configure(slot, world.graph->node(slot).spec);
      const Record& record = world.record(slot);
      // A stop of another cause may still wait for dependents.
      const bool to_stop = record.stop_owed || record.state == State::stopping;
      if (stays(slot) && to_stop && !jobs[slot]->replaced)
        jobs[slot]->replaced = before->node(slot).spec;
      if (stays(slot) && before->spec(slot).resources != world.spec(slot).resources)
        launches.order_limits(*jobs[slot]);
      if (stays(slot) && before->spec(slot).condition != world.spec(slot).condition)
        conditions.changed(*jobs[slot]);
      if (stays(slot)) mains.change(*jobs[slot]);
    }
    if (!stays(slot)) store(slot);
  }
  // The journal gets the new services first and loses the old ones last. The next process image
  // reads the file of a service that has a record and no config, and takes a service without a
  // record as running or done.
  kill_point("reload.swapped");
  if (state_ != nullptr) state_->graph_changed(*before, *world.graph);
  kill_point("reload.kept");
  if (journal)
    for (Slot slot = 0; slot < jobs.size(); ++slot)
      if (before->used(slot) && !world.graph->used(slot)) journal->erase(slot);
  for (const Slot slot : world.graph->order()) note_failure(slot);
  tell_refused(plan);
  tell_neighbours(world.graph->order());
  for (const auto& job : jobs)  // its dependencies may have been added or removed
    if (job && world.record(job->slot).state == State::blocked) make_due(*job);
  note_boot();
}

/// Logs what is wrong with refused services.
void BoardCore::tell_refused(const Plan& plan) {
  for (const PlannedService& planned : plan.services) {
    if (planned.fate == PlannedService::Fate::unchanged) continue;
    for (const std::string& message : planned.refused) say(LogLevel::error, message);
  }
}

/// Drops the job of a service that has left the graph. The service was at rest. A thread that still
/// exists keeps the job alive until the thread ends.
void BoardCore::forget(Slot slot) {
  Job& job = *jobs[slot];
  mains.end(job);
  rounds.cut_off(job);
  scheduler.forget(job);
  jobs[slot].reset();
  output.forget(slot);
  watchers.rested(slot);
  boot_progress.forget(slot);
}

std::string BoardCore::owner_of(const std::vector<pid_t>& numbers) const {
  MutexLock lock(mutex());
  const Slot slot = processes.owner_of(numbers);
  return slot != kNoSlot && world.graph->used(slot) ? world.graph->name(slot) : std::string();
}

void BoardCore::note_boot() {
  if (!boot_progress.under_way()) return;
  const auto settled = [&](Slot slot) REQUIRES(board_lock) {
    const Job& job = *jobs[slot];
    const Record& record = world.record(slot);
    if (job.due || record.process == Process::launching) return false;
    return record.state == State::blocked ? job.rests
                                          : at_rest(record.state) || runs(record, world.spec(slot));
  };
  Slots& pending = boot_progress.pending();
  while (!pending.empty() && settled(pending.back())) pending.pop_back();
  if (!pending.empty()) return;
  boot_progress.end(Clock::now());
  for (const Slot slot : boot_progress.wanted())
    keep(SlotFact::boot_times, slot, text_of(boot_progress.of(slot)));
  store_world();
}

void BoardCore::store(Slot slot) {
  if (!journal || !world.graph->used(slot)) return;
  JournalFacts facts;
  if (Job* const job = jobs[slot].get(); job != nullptr) {
    static_cast<ServiceTimes&>(facts) = job->times;
    facts.pid = job->process.pid();
    facts.pgid = job->process.spawned().number();
    facts.leader = job->process.spawned().leader();
    facts.main_group = job->process.main_group();
    std::ranges::transform(job->side.all(), facts.sides.begin(), &SideCommand::pid);
    facts.owed = job->owed();
    facts.started = job->started;
    if (job->user) facts.user = *job->user;
  }
  const ServiceSpec& spec = world.spec(slot);
  if (auto stored = journal->store({slot, spec.name, spec.file, world.record(slot), facts});
      !stored) {
    say(LogLevel::error, fmt::format("{}: cannot store its state for a re-execution: {}", spec.name,
                                     stored.error().text));
  }
  store_world();
}

void BoardCore::keep_journal() {
  if (!journal) return;
  if (const auto kept = journal->keep(); !kept)
    say(LogLevel::info, fmt::format("if zinit is killed, the next server will not know its "
                                    "records: {}",
                                    kept.error().text));
}

void BoardCore::store_world() {
  if (!journal) return;
  journal->store_world({world.shutdown, start_added, world.next_rank, world.serial,
                        events.last_seq(), boot_progress.settled_at().value_or(TimePoint{}),
                        world.switching, world.stop_limit});
}

void BoardCore::follow_main(Job& job) {
  if (job.process.follow_main()) store(job.slot);
}

void BoardCore::keep_words(const Job& job) {
  const std::string& error = *world.record(job.slot).health_error;
  const bool any = !job.killer->empty() || !job.ended_for->empty() || !error.empty();
  keep(SlotFact::words, job.slot, any ? *job.killer + '\t' + *job.ended_for + '\n' + error : "");
}

}  // namespace zinit
