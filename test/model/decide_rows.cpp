// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A situation for each row of the decision table and each of its states, which must lead to this
// row and to no other. A row without a situation fails the suite.
#include "model/fake_world.hpp"
#include "support/test.hpp"

namespace zinit::test::model_decide_rows {
namespace {

const TimePoint kNow{std::chrono::hours(1)};

/// `s` requires r and comes after e; d requires s; c conflicts with s; job is a oneshot; all is a
/// target; net is a oneshot that requires r, and user requires net.
struct Scene {
  Scene() {
    Specs specs(
        "s requires r, s after e, s conflicts c, d requires s, job oneshot, lost requires nobody?, "
        "all target, net oneshot, net requires r, user requires net");
    world.graph = Graph::build({});
    apply_plan(world, plan(*world.graph, specs.list(), {}), false);
    for (const Slot slot : world.graph->order()) world.record(slot).since = kNow;
    up("r", State::running);
    up("s", State::inactive);
  }
  Record& operator[](const std::string& name) { return world.record(world.graph->find(name)); }
  Record& up(const std::string& name, State state) {
    Record& record = (*this)[name];
    record.state = state;
    record.wish = Wish::up;
    const bool has_process =
        state == State::starting || state == State::running || state == State::stopping;
    record.process = has_process ? Process::alive : Process::none;
    return record;
  }
  /// The service is starting, and must still report readiness and be found healthy.
  Record& unready(const std::string& name) {
    spec(name).readiness.edit().way.by = Notify::systemd;
    spec(name).health.edit().type = ProbeType::tcp;
    return up(name, State::starting);
  }
  Record& ended(const std::string& name, State state, int code) {
    Record& record = up(name, state);
    record.process = Process::ended;
    record.has_end = true;
    record.end = {false, code, false};
    return record;
  }
  /// A oneshot that is done, and has left processes.
  Record& holding(const std::string& name) {
    Record& record = up(name, State::exited);
    record.done = record.by_itself = true;
    record.process = Process::held;
    return record;
  }
  /// No service needs it any more.
  Record& unneeded(const std::string& name, State state) {
    Record& record = up(name, state);
    record.needed = true;
    spec(name).lifecycle.stop_when_unneeded = true;
    return record;
  }
  /// The first of its two commands of post_exec runs, and the time for post_exec is over.
  Record& late_post(const std::string& name, State state) {
    Record& record = up(name, state);
    record.process = Process::alive;
    record.command.post = true;
    record.deadline = kNow;
    spec(name).post_exec.edit().resize(2);
    return record;
  }
  ServiceSpec& spec(const std::string& name) {
    return const_cast<ServiceSpec&>(world.spec(world.graph->find(name)));  // a test's own graph
  }
  World world;
};

struct Case {
  State from;
  std::string row;  // the predicate's name
  std::string about;
  std::function<void(Scene&)> set;
};

Reason dependency_reason(const std::string& name) {
  return {ReasonType::dependency_failed, 0, name, {}};
}

// clang-format off
#define SET(...) [](Scene& w) { __VA_ARGS__; }

const std::vector<Case>& cases() {
  using enum State;
  static const std::vector<Case> all = {
      {inactive, "skipped_wanted", "s", SET(w["s"].skipped = true; w["s"].try_ = Try::pulled)},
      {inactive, "wanted", "s", SET(w["s"].try_ = Try::asked)},
      {inactive, "always", "s", [](Scene&) {}},

      {exited, "unneeded", "job", SET(w.unneeded("job", exited).done = true)},
      {exited, "done_oneshot_asked", "job", SET(auto& r = w.up("job", exited); r.done = true;
       r.try_ = Try::asked)},
      {exited, "wanted", "s", SET(w.up("s", exited).try_ = Try::pulled)},
      {exited, "done_oneshot_pulled", "job", SET(auto& r = w.up("job", exited); r.done = true;
       r.try_ = Try::pulled)},
      {exited, "holds_unwished", "job", SET(w.holding("job").wish = Wish::down)},
      {exited, "holds_without_dependency", "net", SET(w.holding("net"); w.up("r", stopping))},
      {exited, "holds_owed", "job", SET(w.holding("job").stop_owed = true)},
      {exited, "holds_asked", "job", SET(w.holding("job").try_ = Try::asked)},
      {exited, "owed_before_dependents", "net", SET(auto& r = w.up("net", exited);
       r.done = r.stop_owed = true; w.up("user", running))},
      {exited, "down_with_result", "s", SET(auto& r = w.up("s", exited); r.by_itself = true;
       r.wish = Wish::down)},
      {exited, "always", "s", SET(w.up("s", exited).by_itself = true)},

      {failed, "post_due", "s", SET(w.ended("s", failed, 0);
       w.spec("s").post_exec.edit().resize(1))},
      {failed, "post_expired", "s", SET(w.late_post("s", failed))},
      {failed, "still_there", "s", SET(auto& r = w.up("s", failed); r.process = Process::alive;
       r.try_ = Try::asked)},
      {failed, "exited_at_last", "s", SET(w.ended("s", failed, 0))},
      {failed, "down_after_dependents", "s", SET(w.up("s", failed).wish = Wish::down)},
      {failed, "wanted", "s", SET(w.up("s", failed).try_ = Try::asked)},
      {failed, "revivable", "s", SET(w.up("s", failed).reason = dependency_reason("r"))},
      {failed, "other_fault_now", "s", SET(w.up("s", failed).reason = dependency_reason("x");
       w.up("r", failed).reason = {ReasonType::exit_code, 1, {}, {}})},
      {failed, "dependency_returned", "s", SET(
       w.up("s", failed).reason = {ReasonType::spawn_error, 0, "no", {}}; w["s"].failed_serial = 5;
       w["r"].ready_serial = 6)},
      {failed, "always", "s", SET(w.up("s", failed).reason = {ReasonType::exit_code, 1, {}, {}})},

      {blocked, "unneeded", "s", SET(w.unneeded("s", blocked))},
      {blocked, "down_after_dependents", "s", SET(w.up("s", blocked).wish = Wish::down)},
      {blocked, "at_fault", "lost", SET(w.up("lost", blocked))},
      {blocked, "at_fault", "s", SET(w.up("s", blocked);
       w.up("r", failed).reason = {ReasonType::exit_code, 1, {}, {}})},
      {blocked, "respawn_loses_dependency", "s", SET(w.up("s", blocked).respawn = true;
       w["r"].wish = Wish::down)},
      {blocked, "tried_or_owed", "s", SET(w.up("s", blocked).try_ = Try::pulled)},
      {blocked, "may_start", "s", SET(w.up("s", blocked))},
      {blocked, "always", "s", SET(w.up("s", blocked).delay_until = kNow + 1ms)},

      {starting, "unneeded", "s", SET(w.unneeded("s", starting))},
      {starting, "down", "s", SET(w.ended("s", starting, 1).wish = Wish::down)},
      {starting, "dependency_lost", "s", SET(w.ended("s", starting, 1); w["r"].wish = Wish::down)},
      {starting, "owed", "s", SET(w.ended("s", starting, 1).stop_owed = true)},
      {starting, "oneshot_succeeded", "job", SET(w.ended("job", starting, 0))},
      {starting, "exited_to_restart", "s", SET(w.ended("s", starting, 1))},
      {starting, "exited_well", "s", SET(w.ended("s", starting, 0))},
      {starting, "process_exited", "s", SET(w.ended("s", starting, 1);
       w.spec("s").lifecycle.restart = RestartPolicy::never)},
      {starting, "ready_for_use", "s", SET(w.up("s", starting))},
      {starting, "ready_for_use", "all", SET(w.up("all", starting).process = Process::none)},
      {starting, "next_due", "s", SET(auto& r = w.ended("s", starting, 0);
       r.command.before_post = CommandKind::pre_exec; r.command.passed = true)},
      {starting, "post_due", "s", SET(w.ended("s", starting, 0);
       w.spec("s").post_exec.edit().resize(1))},
      {starting, "post_expired", "s", SET(w.late_post("s", starting))},
      {starting, "kill_expired", "s", SET(w.late_post("s", starting).stage = StopStage::killed)},
      {starting, "unspawned", "s", SET(auto& r = w.ended("s", starting, 0);
       r.reason = {ReasonType::spawn_error, 0, "no", {}})},
      {starting, "ready_for_use", "s", SET(auto& r = w.unready("s");
       r.notified = r.healthy = true)},
      {starting, "always", "s", SET(w.unready("s").notified = true)},
      {starting, "always", "s", SET(w.up("s", starting).ready_from = kNow + 1ms)},
      // it ended with success before its after_ms was over
      {starting, "process_exited", "s", SET(w.ended("s", starting, 0);
       w.spec("s").readiness.edit().after = 5ms;
       w.spec("s").lifecycle.restart = RestartPolicy::never)},
      // its end is in no_restart_on
      {starting, "process_exited", "s", SET(w.ended("s", starting, 1);
       w.spec("s").lifecycle.no_restart_on.edit().codes = {1})},
      {starting, "always", "s", SET(w.unready("s").healthy = true)},
      // failed health checks stop only a running service
      {starting, "always", "s", SET(w.unready("s").health = Health::failed)},
      {starting, "ready_exec_due", "s", SET(w.up("s", starting);
       w.spec("s").ready_exec.edit().resize(1))},
      // the second command
      {starting, "ready_exec_due", "s", SET(w.up("s", starting).ready_begun = 1;
       w.spec("s").ready_exec.edit().resize(2))},
      // the command runs
      {starting, "always", "s", SET(auto& r = w.up("s", starting); r.ready_runs = true;
       r.ready_begun = 1; w.spec("s").ready_exec.edit().resize(1))},
      // resources were lacking
      {starting, "always", "s", SET(w.up("s", starting).delay_until = kNow + 1ms;
       w.spec("s").ready_exec.edit().resize(1))},
      // it must still report readiness
      {starting, "always", "s", SET(w.unready("s"); w.spec("s").ready_exec.edit().resize(1))},
      {starting, "ready_for_use", "s", SET(w.up("s", starting).ready_begun = 1;
       w.spec("s").ready_exec.edit().resize(1))},
      {starting, "late", "s", SET(auto& r = w.up("s", starting); r.ready_runs = true;
       r.ready_begun = 1; r.deadline = kNow; w.spec("s").ready_exec.edit().resize(1))},
      {starting, "ready_exec_failed", "s", SET(auto& r = w.up("s", starting); r.ready_begun = 1;
       r.reason = {ReasonType::exit_code, 1, {}, {}, CommandKind::ready_exec};
       w.spec("s").ready_exec.edit().resize(1))},
      // its own end counts, not its ready_exec's
      {starting, "exited_to_restart", "s", SET(
       w.ended("s", starting, 1).reason =
       {ReasonType::spawn_error, 0, "no", {}, CommandKind::ready_exec})},
      {starting, "watchdog_bit", "s", SET(w.unready("s").health = Health::watchdog)},
      {starting, "late", "s", SET(w.unready("s").deadline = kNow)},
      // resources for the next command were lacking too long
      {starting, "late", "s", SET(auto& r = w.ended("s", starting, 0);
       r.command.before_post = CommandKind::pre_exec; r.command.passed = true;
       r.delay_until = kNow + 1ms; r.deadline = kNow)},
      {starting, "tried", "s", SET(w.unready("s").try_ = Try::asked)},
      {starting, "always", "job", SET(w.up("job", starting))},
      // a command of pre_exec runs
      {starting, "always", "s", SET(
       w.up("s", starting).command.before_post = CommandKind::pre_exec)},
      {starting, "always", "s", SET(auto& r = w.ended("s", starting, 0);
       r.command.before_post = CommandKind::pre_exec; r.command.passed = true;
       r.delay_until = kNow + 1ms)},
      // post_exec runs, so it can no longer become ready
      {starting, "always", "s", SET(auto& r = w.up("s", starting); r.command.post = true;
       w.spec("s").post_exec.edit().resize(1))},

      {running, "unneeded", "s", SET(w.unneeded("s", running))},
      {running, "down", "s", SET(w.ended("s", running, 1).wish = Wish::down)},
      {running, "dependency_lost", "s", SET(w.ended("s", running, 1); w["r"].stop_owed = true)},
      {running, "owed", "s", SET(w.up("s", running).stop_owed = true)},
      {running, "exited_to_restart", "s", SET(w.ended("s", running, 1))},
      {running, "exited_well", "s", SET(w.ended("s", running, 0))},
      {running, "process_exited", "s", SET(w.ended("s", running, 1).count = 3;
       w.spec("s").lifecycle.max_restarts = 3)},
      {running, "post_due", "s", SET(w.ended("s", running, 1);
       w.spec("s").post_exec.edit().resize(1))},
      {running, "post_due", "s", SET(auto& r = w.ended("s", running, 1);
       w.spec("s").post_exec.edit().resize(2); r.command.post = true; r.command.index = 1;
       r.deadline = kNow + 1ms)},
      {running, "post_expired", "s", SET(w.late_post("s", running))},
      {running, "kill_expired", "s", SET(w.late_post("s", running).stage = StopStage::killed)},
      // the time for post_exec is over; the rest is skipped
      {running, "exited_to_restart", "s", SET(w.late_post("s", running).process = Process::ended;
       w["s"].end = {false, 1, false})},
      {running, "unhealthy", "s", SET(w.up("s", running).health = Health::failed)},
      {running, "watchdog_bit", "s", SET(w.up("s", running).health = Health::watchdog)},
      {running, "tried", "s", SET(w.up("s", running).try_ = Try::pulled)},
      {running, "always", "s", SET(w.up("s", running))},
      {running, "always", "s", SET(w.up("s", running).command.post = true;
       w["s"].health = Health::failed; w.spec("s").post_exec.edit().resize(1))},

      {stopping, "again_loses_dependency", "s", SET(w.up("s", stopping).again = true;
       w["r"].wish = Wish::down)},
      {stopping, "post_due", "s", SET(w.ended("s", stopping, 0).wish = Wish::down;
       w.spec("s").post_exec.edit().resize(1))},
      // post_exec does not wait for dependents
      {stopping, "post_expired", "s", SET(w.late_post("s", stopping); w.up("d", running))},
      {stopping, "over_no_result", "all", SET(auto& r = w.up("all", stopping);
       r.process = Process::none; r.wish = Wish::down)},
      {stopping, "over_down", "s", SET(w.ended("s", stopping, 0).wish = Wish::down)},
      {stopping, "over_asked", "job", SET(auto& r = w.ended("job", stopping, 0); r.again = true;
       r.cause = StopCause::asked; r.try_ = Try::asked)},
      {stopping, "over_tried_or_owed", "s", SET(w.ended("s", stopping, 0).stop_owed = true)},
      {stopping, "over_self_caused", "s", SET(w.ended("s", stopping, 0).cause = StopCause::late)},
      {stopping, "over_at_fault", "s", SET(w.ended("s", stopping, 0).cause = StopCause::dependency;
       w.up("r", failed).reason = {ReasonType::exit_code, 1, {}, {}})},
      {stopping, "over_again", "s", SET(auto& r = w.ended("s", stopping, 0); r.again = true;
       r.cause = StopCause::unhealthy)},
      {stopping, "over", "s", SET(w.ended("s", stopping, 0).cause = StopCause::dependency)},
      {stopping, "unsignalled", "s", SET(w.up("s", stopping).wish = Wish::down)},
      {stopping, "stop_expired", "s", SET(auto& r = w.up("s", stopping);
       r.stage = StopStage::signalled; r.deadline = kNow)},
      {stopping, "kill_expired", "s", SET(auto& r = w.up("s", stopping);
       r.stage = StopStage::killed; r.deadline = kNow)},
      {stopping, "always", "s", SET(w.up("s", stopping).wish = Wish::down; w.up("d", running))},
  };
  return all;
}
#undef SET
// clang-format on

const Row* row_named(State from, const std::string& name) {
  for (const Row& row : decision_rows()) {
    if (row.from.has(from) && row.condition == name) return &row;
  }
  return nullptr;
}

TEST_CASE("each situation leads to the row that is for it", "[decide]") {
  for (const Case& each : cases()) {
    INFO(state_name(each.from) << ", " << each.row << ", of " << each.about);
    Scene scene;
    each.set(scene);
    const Slot slot = scene.world.graph->find(each.about);
    REQUIRE(scene.world.record(slot).state == each.from);
    const Row* expected = row_named(each.from, each.row);
    REQUIRE(expected != nullptr);
    const Step step = decide(Situation{scene.world, slot, kNow});
    if (expected->waits()) {
      CHECK(step.waits());
    } else {
      REQUIRE(step.row != nullptr);
      CHECK(step.row->condition == each.row);
    }
  }
}

TEST_CASE("no row of the table is without its case", "[decide]") {
  std::set<std::pair<State, std::string>> covered;
  for (const Case& each : cases()) covered.emplace(each.from, each.row);
  for (const Row& row : decision_rows()) {
    for (const StateInfo& in : kStates) {
      if (!row.from.has(in.state)) continue;
      INFO(in.name << ", " << row.condition);
      CHECK(covered.contains({in.state, std::string(row.condition)}));
    }
  }
}

TEST_CASE("a restart delay of days doubles without overflow", "[decide]") {
  Scene scene;
  const Slot slot = scene.world.graph->find("s");
  scene.spec("s").lifecycle.restart_delay = 86400000ms;
  scene.spec("s").lifecycle.restart_delay_max = 86400000ms;
  scene.ended("s", State::running, 1).count = 4000000000u;
  const Step step = decide(Situation{scene.world, slot, kNow});
  REQUIRE(step.row != nullptr);
  apply(scene.world, slot, *step.row, kNow);
  CHECK(scene["s"].delay_until == kNow + 86400000ms);
}

}  // namespace
}  // namespace zinit::test::model_decide_rows
