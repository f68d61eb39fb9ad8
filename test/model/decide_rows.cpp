// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A situation for each row of the decision table and each of its states, which must lead to this
// row and to no other, in decide.golden. A row without a situation fails the suite.
#include "base/text.hpp"
#include "model/fake_world.hpp"
#include "support/test.hpp"

namespace zinit::test::model_decide_rows {
namespace {

const TimePoint kNow{std::chrono::hours(1)};

const std::map<std::string_view, bool Record::*> kMarks = {
    {"stop_owed", &Record::stop_owed}, {"again", &Record::again},
    {"respawn", &Record::respawn},     {"done", &Record::done},
    {"by_itself", &Record::by_itself}, {"needed", &Record::needed},
    {"skipped", &Record::skipped},     {"notified", &Record::notified},
    {"healthy", &Record::healthy},     {"ready_runs", &Record::ready_runs}};

const std::map<std::string_view, std::uint32_t* (*)(Record&)> kNumbers = {
    {"count", [](Record& record) { return &record.count; }},
    {"ready_begun", [](Record& record) { return &record.ready_begun; }},
    {"index", [](Record& record) { return &record.command.index; }}};

const std::map<std::string_view, TimePoint Record::*> kTimes = {
    {"delay", &Record::delay_until},
    {"deadline", &Record::deadline},
    {"ready_from", &Record::ready_from}};

/// The value with that name; the names are in the order of the enumeration.
template <class Enum>
Enum value_of(std::string_view name, std::initializer_list<std::string_view> names) {
  const auto* const found = std::ranges::find(names, name);
  REQUIRE(found != names.end());
  return static_cast<Enum>(found - names.begin());
}

State state_of(std::string_view name) {
  return std::ranges::find(kStates, name, &StateInfo::name)->state;
}

struct Scene {
  explicit Scene(const std::string& keys = "") {
    const Specs specs(
        "s requires r, s after e, s conflicts c, d requires s, job oneshot, lost requires nobody?, "
        "all target, net oneshot, net requires r, user requires net" +
        keys);
    world.graph = Graph::build({});
    apply_plan(world, plan(*world.graph, specs.list(), {}), false);
    for (const Slot slot : world.graph->order()) world.record(slot).since = kNow;
    up("r", State::running);
    up("s", State::inactive);
  }
  [[nodiscard]] Slot slot(const std::string& name) const { return world.graph->find(name); }
  [[nodiscard]] Step step(const std::string& name) const {
    return decide(Situation{world, slot(name), kNow});
  }

  void up(const std::string& name, State state) {
    Record& record = world.record(slot(name));
    record.state = state;
    record.wish = Wish::up;
    const bool has_process =
        state == State::starting || state == State::running || state == State::stopping;
    record.process = has_process ? Process::alive : Process::none;
  }

  /// A part of a row: a service, what is set, and values.
  void set(std::string_view part) {
    const auto words = split(part, ' ');
    const std::string name(words.at(0));
    Record& record = world.record(slot(name));
    const std::string_view what = words.at(1);
    const std::string_view value = words.size() > 2 ? words[2] : "";
    const auto number = static_cast<std::uint32_t>(parse_integer(value).value_or(0));
    if (kMarks.contains(what)) {
      record.*kMarks.at(what) = true;
    } else if (kTimes.contains(what)) {
      record.*kTimes.at(what) = kNow + Milliseconds(number);
    } else if (what == "up" || what == "ended") {
      up(name, state_of(value));
      if (what == "up") return;
      record.process = Process::ended;
      record.has_end = true;
      record.end = {false, static_cast<int>(parse_integer(words.at(3)).value()), false};
    } else if (what == "wish") {
      record.wish = Wish::down;
    } else if (what == "try") {
      record.try_ = value == "asked" ? Try::asked : Try::pulled;
    } else if (what == "process") {
      record.process =
          value_of<Process>(value, {"none", "launching", "alive", "lingering", "ended", "held"});
    } else if (what == "fault") {
      auto type = ReasonType::none;
      while (reason_type_name(type) != value) type = static_cast<ReasonType>(int(type) + 1);
      record.reason = {type, 1, words.size() > 3 ? std::string(words[3]) : "", {}};
    } else if (what == "by_ready_exec") {
      record.reason.step = CommandKind::ready_exec;
    } else if (what == "cause") {
      record.cause = value_of<StopCause>(
          value, {"none", "down", "owed", "dependency", "late", "unhealthy", "watchdog", "asked"});
    } else if (what == "stage") {
      record.stage = value == "killed" ? StopStage::killed : StopStage::signalled;
    } else if (what == "health") {
      record.health = value == "failed" ? Health::failed : Health::watchdog;
    } else if (what == "pre") {
      record.command.before_post = CommandKind::pre_exec;
    } else if (what == "passed" || what == "post") {
      (what == "post" ? record.command.post : record.command.passed) = true;
    } else if (what == "ready_serial" || what == "failed_serial") {
      (what == "ready_serial" ? record.ready_serial : record.failed_serial) = number;
    } else {
      REQUIRE(kNumbers.contains(what));
      *kNumbers.at(what)(record) = number;
    }
  }
  World world;
};

TEST_CASE("each situation leads to the row that is for it, and no row is without one", "[decide]") {
  std::set<std::pair<State, std::string>> covered;
  CHECK_GOLDEN_ROWS("decide", [&](const std::string& row) -> std::string {
    INFO(row);
    const auto parts = split(row, ';');
    std::string keys;
    for (const std::string_view part : parts)
      if (part.find(" = ") != part.npos) keys += "," + std::string(part);
    Scene scene(keys);
    for (std::size_t i = 1; i < parts.size(); ++i)
      if (parts[i].find(" = ") == parts[i].npos) scene.set(trim(parts[i]));
    const auto about = split(parts[0], ' ');
    const std::string name(about.at(1));
    const State from = state_of(about[0]);
    REQUIRE(scene.world.record(scene.slot(name)).state == from);
    const Step step = scene.step(name);
    if (!step.waits()) return covered.emplace(from, step.row->condition).first->second;
    // Of the rows that wait it is the last one, unless the situation names another.
    covered.emplace(from, about.size() > 2 ? about[2] : "always");
    return "waits";
  });
  for (const Row& row : decision_rows()) {
    for (const StateInfo& in : kStates) {
      if (!row.from.has(in.state)) continue;
      INFO(in.name << ", " << row.condition);
      CHECK(covered.contains({in.state, std::string(row.condition)}));
    }
  }
}

TEST_CASE("a restart delay of days doubles without overflow", "[decide]") {
  Scene scene(
      ", s lifecycle.restart_delay_ms = 86400000, s lifecycle.restart_delay_max_ms = 86400000");
  scene.set("s ended running 1");
  scene.set("s count 4000000000");
  const Step step = scene.step("s");
  REQUIRE(step.row != nullptr);
  apply(scene.world, scene.slot("s"), *step.row, kNow);
  CHECK(scene.world.record(scene.slot("s")).delay_until == kNow + 24h);
}

}  // namespace
}  // namespace zinit::test::model_decide_rows
