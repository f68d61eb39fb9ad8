// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The simulated board: whose step comes next, what a step does, and what becomes due when.
#include "model/simulation.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include "model/predicates.hpp"
#include "model/wake.hpp"

namespace zinit {

namespace {

constexpr int kSigKill = 9;

}  // namespace

void Simulation::touched(const Slots& changed) {
  Slots seen;
  begin_affected(world);
  for (const Slot each : changed) affected(world, each, seen);
  for (const Slot each : seen) {
    // Like the board: wake only services with something to do, or with a nearer deadline.
    const Step step = decide(Situation{world, each, now});
    if (!step.waits() || step.deadline < run(each).deadline) wake(each);
  }
}

void Simulation::wake(Slot slot) {
  if (!std::exchange(run(slot).woken, true)) woken_.push_back(slot);
}

void Simulation::forget(Slot slot) {
  run(slot).deadline = kNever;
  if (std::exchange(run(slot).woken, false)) std::erase(woken_, slot);
}

bool Simulation::work(int most) {
  for (; !woken_.empty(); --most) {
    if (most == 0) return false;
    const auto pick = woken_.begin() + static_cast<std::ptrdiff_t>(choose(woken_.size()));
    const Slot slot = *pick;
    woken_.erase(pick);
    run(slot).woken = false;
    if (step(slot)) wake(slot);
  }
  return true;
}

bool Simulation::step(Slot slot) {
  if (!world.graph->used(slot) || world.record(slot).process == Process::launching) return false;
  const Step step = decide(Situation{world, slot, now});
  if (step.waits()) {
    run(slot).deadline = step.deadline;
    return false;
  }
  perform(slot, *step.row);
  return world.record(slot).process != Process::launching;
}

void Simulation::perform(Slot slot, const Row& row) {
  will_perform(slot, row);
  if (row.act == Act::launch || row.act == Act::launch_next || row.act == Act::launch_post)
    return launch(slot, row);
  const Life& life = run(slot).life;
  const auto die = [&](Milliseconds in, int signal) {
    later(in, slot, {.what = Event::What::ends, .end = {true, signal}});
  };
  if (row.act == Act::signal_stop && !life.ignores_stop && !life.unkillable)
    die(life.dies_in, world.spec(slot).lifecycle.stop_signal);
  if (row.act == Act::kill && !life.unkillable) die(Milliseconds{0}, kSigKill);
  enter(slot, row, {});
  if (row.act == Act::run_ready) expect_ready_command(slot, ready_life_of(slot));
}

void Simulation::enter(Slot slot, const Row& row, const LaunchOutcome& outcome) {
  const State from = world.record(slot).state;
  apply(world, slot, row, now, outcome);
  entered(slot, row, from);
  touched({slot});
}

void Simulation::launch(Slot slot, const Row& row) {
  const bool has_process = world.spec(slot).has_process();
  ++run(slot).generation;
  if (has_process) {
    begin_launch(world, slot, row, now);
    run(slot).life = life_of(slot);
  }
  if (row.act == Act::launch && !world.node(slot).conflicts.empty()) touched({slot});
  if (!has_process) return end_launch(slot, row);
  later(run(slot).life.spawn_takes, slot, {.what = Event::What::launched, .row = &row});
}

void Simulation::end_launch(Slot slot, const Row& row) {
  const Life life = run(slot).life;
  LaunchOutcome outcome = world.spec(slot).has_process() ? life.launch : LaunchOutcome{};
  // Conditions are checked only before the first command.
  if (outcome.kind == LaunchOutcome::Kind::unmet && row.act != Act::launch) outcome = {};
  launched(slot, row, outcome);
  enter(slot, row, outcome);
  if (outcome.kind == LaunchOutcome::Kind::started && world.spec(slot).has_process())
    expect(slot, life);
  wake(slot);
}

void Simulation::expect(Slot slot, const Life& life) {
  run(slot).life = life;
  if (life.ends) later(life.lasts, slot, {.what = Event::What::ends, .end = life.end});
  if (!world.spec(slot).watched() || life.never_ready || !checked_now(world.record(slot))) return;
  later(life.ready_in, slot, {.what = Event::What::ready});
  later(life.healthy_in, slot, {.what = Event::What::healthy});
}

/// The commands of ready_exec run beside the main process, and end with it.
void Simulation::expect_ready_command(Slot slot, const Life& life) {
  run(slot).ready_command = life;
  later(life.lasts, slot, {.what = Event::What::ready_command});
}

void Simulation::end_ready_command(Slot slot) {
  const Life& life = run(slot).ready_command;
  const bool ran = life.launch.kind == LaunchOutcome::Kind::started;
  if (ran)
    ready_command_ended(world, slot, life.end);
  else
    ready_command_unspawned(world, slot, life.launch, now);
  ready_ended(slot, ran && life.end == ProcessEnd{});
  touched({slot});
}

bool Simulation::check(Slot slot, CheckKind which) {
  const bool changed = check_passed(world, slot, which);
  if (changed) touched({slot});
  return changed;
}

void Simulation::end_process(Slot slot, const ProcessEnd& end) {
  const Process process = world.record(slot).process;
  if (process == Process::lingering) return end_left(slot);
  if (process != Process::alive) return;
  ++run(slot).generation;  // drops later events of this process
  ends(slot, end);
  const Life& was = run(slot).life;
  process_ended(world, slot, end, was.leaves);
  if (world.record(slot).process == Process::held)
    later(was.left_lasts, slot, {.what = Event::What::left_gone});
  else
    group_gone(world, slot);  // zinit kills it
  touched({slot});
}

/// The processes that remained after the main process's end are gone.
void Simulation::end_left(Slot slot) {
  group_gone(world, slot);
  left_gone(slot);
  touched({slot});
}

void Simulation::later(Milliseconds in, Slot slot, Event event) {
  event.at = now + in;
  event.slot = slot;
  event.generation = run(slot).generation;
  // Of events at the same time, the one that was added first comes first, so it is nearer to the
  // end.
  const auto place = std::ranges::lower_bound(events_, event.at, std::greater{}, &Event::at);
  events_.insert(place, event);
}

void Simulation::happen(const Event& event) {
  if (event.generation != run(event.slot).generation || !world.graph->used(event.slot)) return;
  switch (event.what) {
    case Event::What::launched: return end_launch(event.slot, *event.row);
    case Event::What::ends: return end_process(event.slot, event.end);
    case Event::What::left_gone: return end_left(event.slot);
    case Event::What::ready: return void(check(event.slot, CheckKind::readiness));
    case Event::What::healthy: return void(check(event.slot, CheckKind::health));
    case Event::What::ready_command: return end_ready_command(event.slot);
  }
}

Simulation::Run& Simulation::run(Slot slot) {
  if (slot >= runs_.size()) runs_.resize(world.graph->slots());
  return runs_[slot];
}

TimePoint Simulation::next_time() const {
  TimePoint when = events_.empty() ? kNever : events_.back().at;
  for (const Run& one : runs_) when = std::min(when, one.deadline);
  return when;
}

bool Simulation::pass_time(TimePoint until) {
  const TimePoint next = next_time();
  if (next == kNever || next > until) return false;
  now = std::max(now, next);
  for (Slot slot = 0; slot < runs_.size(); ++slot) {
    if (runs_[slot].deadline > now) continue;
    runs_[slot].deadline = kNever;
    wake(slot);
  }
  const auto due =
      events_.end() - std::ranges::lower_bound(events_, now, std::greater{}, &Event::at);
  if (due == 0) return true;
  const auto chosen =
      events_.end() - 1 - static_cast<std::ptrdiff_t>(choose(static_cast<std::size_t>(due)));
  const Event event = *chosen;
  events_.erase(chosen);
  happen(event);
  return true;
}

}  // namespace zinit
