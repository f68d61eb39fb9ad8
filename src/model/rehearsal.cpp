// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Rehearsals: the assumptions about processes, and the changes of state that follow.
#include "model/rehearsal.hpp"

#include <algorithm>
#include <utility>

#include "base/lists.hpp"
#include "model/predicates.hpp"
#include "model/why.hpp"

namespace zinit {

namespace {

// Longer than any delay between two re-spawns.
constexpr Milliseconds kLongest{std::chrono::hours(24 * 7)};
constexpr int kStepsAtOnce = 20;
// A service that is spawned again without delay, beside a slow one, could take millions of parts.
constexpr std::size_t kMostParts = 20000;
constexpr std::size_t kMostPartsOfOne = 100;
// A max_restarts above this counts as without limit.
constexpr std::uint32_t kFewRestarts = 100;
constexpr ProcessEnd kFailure{false, 1};

World fresh_world(GraphPtr graph) {
  World world;
  world.records.resize(graph->slots());
  world.graph = std::move(graph);
  return world;
}

}  // namespace

Rehearsal::Rehearsal(GraphPtr graph)
    : Rehearsal(fresh_world(std::move(graph)), TimePoint{std::chrono::hours(1)}, {}, true) {}

Rehearsal::Rehearsal(World present, TimePoint at, std::vector<Milliseconds> start_takes,
                     bool booted)
    : begun_(at),
      start_takes_(std::move(start_takes)),
      launches_(present.graph->slots()),
      failing_(present.graph->slots()),
      respawns_(present.graph->slots()),
      parts_left_(kMostParts + kMostPartsOfOne * present.graph->slots()) {
  world = std::move(present);
  now = at;
  for (const Slot slot : world.graph->order()) {
    const Record& record = world.record(slot);
    if (record.skipped && record.reason)  // a stop has cleared the reason
      launches_[slot] = {LaunchOutcome::Kind::unmet, record.reason};
    else if (record.state == State::failed && (record.reason.type == ReasonType::spawn_error ||
                                               record.reason.type == ReasonType::port_in_use))
      launches_[slot] = {LaunchOutcome::Kind::failed, record.reason};
    if (booted) world.record(slot) = initial_record(world.node(slot));
    go_on(slot);
  }
  if (booted) {
    world.shutdown = world.switching = false;
    world.stop_limit = Milliseconds::max();
    world.next_rank = World{}.next_rank;
  }
  for (const Record& record : world.records) states_.push_back(record.state);
  touched(world.graph->order());
}

/// What runs now goes on as it is assumed of such a process.
void Rehearsal::go_on(Slot slot) {
  Record& record = world.record(slot);
  if (record.process == Process::launching) {
    if (record.state == State::starting || record.state == State::stopping)
      record.process = Process::alive;
    else
      abandon_launch(world, slot);
  }
  Life now_there = life(slot, record.command);
  const auto passed = std::chrono::duration_cast<Milliseconds>(now - record.since);
  for (Milliseconds* const time : {&now_there.lasts, &now_there.ready_in, &now_there.healthy_in})
    *time = std::max(*time - passed, Milliseconds{0});
  if (record.stage != StopStage::none || record.process == Process::lingering) {
    now_there.ends = true;
    now_there.lasts = now_there.dies_in;
  }
  if (record.process == Process::alive || record.process == Process::lingering)
    expect(slot, now_there);
  if (record.process == Process::held) assume(slot, now_there);
  if (record.ready_runs) expect_ready_command(slot, ready_life_of(slot));
}

void Rehearsal::fail(Slot slot) {
  failing_[slot] = true;
  const Record& record = world.record(slot);
  if (record.process == Process::alive && record.command.is_main()) end_process(slot, kFailure);
}

Life Rehearsal::life(Slot slot, const CurrentCommand& command) const {
  Life life;
  life.dies_in = Milliseconds{0};
  life.ignores_stop = stops_ignored_;
  life.ready_in = slot < start_takes_.size() ? start_takes_[slot] : Milliseconds{0};
  life.healthy_in = life.ready_in;
  life.ends = !command.is_main() || world.spec(slot).oneshot;
  if (command.is_main()) life.lasts = life.ready_in;
  return life;
}

Life Rehearsal::life_of(Slot slot) {
  const CurrentCommand& command = world.record(slot).command;
  Life next = life(slot, command);
  const LaunchOutcome& before = launches_[slot];
  if (before.kind != LaunchOutcome::Kind::failed || before.reason.step == command.kind())
    next.launch = before;
  if (command.is_main() && failing_[slot]) {
    next.ends = true;
    next.lasts = Milliseconds{0};
    next.end = kFailure;
  }
  return next;
}

Life Rehearsal::ready_life_of(Slot /*slot*/) {
  Life command;
  command.ends = true;
  return command;
}

void Rehearsal::entered(Slot slot, const Row& /*row*/, State from) {
  const Record& record = world.record(slot);
  if (record.state == from) return;
  const bool repeats = contains(repeating_, slot);
  if (!repeats && changes_.size() < kMostChanges)
    changes_.push_back({passed(), slot, from, record.state, reason_of_state(record)});
  if (record.state == State::failed) {
    for (const std::string& name : on_failure_names(world.spec(slot)))
      if (const Slot other = world.graph->find_loaded(name); other != kNoSlot)
        to_start_.push_back(other);
  }
  if (record.state != State::blocked || !record.respawn) return;
  const std::uint32_t most = world.spec(slot).lifecycle.max_restarts;
  const bool ends = most != 0 && most <= kFewRestarts;
  if (++respawns_[slot] > kMostRespawns && !ends && !repeats) repeating_.push_back(slot);
  look_ = look_ || !repeating_.empty();
}

bool Rehearsal::others_settled() const {
  SettledQuestions settled(world, now);
  return std::ranges::all_of(world.graph->order(), [&](Slot slot) { return settled.ask(slot); });
}

bool Rehearsal::proceed() {
  if (cut_off() || --parts_left_ == 0) return false;
  if (!work(kStepsAtOnce)) return true;
  if (!to_start_.empty()) {
    const Slot other = to_start_.back();
    to_start_.pop_back();
    if (!world.shutdown) touched(request_start(world, other).changed);
    return true;
  }
  if (std::exchange(look_, false) && others_settled()) return false;
  return pass_time(begun_ + kLongest);
}

Slots Rehearsal::changed() const {
  Slots slots;
  for (const Slot slot : world.graph->order())
    if (states_[slot] != world.record(slot).state) slots.push_back(slot);
  return slots;
}

Milliseconds Rehearsal::passed() const {
  return std::chrono::duration_cast<Milliseconds>(now - begun_);
}

}  // namespace zinit
