// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Every pair of states over every kind of edge. The test compares the step of one service with a
// second implementation of behaviour.md ("Dependencies").
#include "model/fake_world.hpp"
#include "model/predicates.hpp"
#include "support/test.hpp"

namespace zinit::test::model_edges {
namespace {

const TimePoint kNow{std::chrono::hours(1)};

/// The part of a service's record that its neighbours read.
struct Look {
  State state;
  Wish wish;
  bool oneshot;
  bool respawn;
  Try tried;

  [[nodiscard]] bool possible() const {
    if (respawn && (state != State::blocked && state != State::starting)) return false;
    if (wish == Wish::down && (respawn || tried != Try::none)) return false;
    return !(oneshot && state == State::running);
  }
};

template <class Visit>
void each_look(Visit visit) {
  for (const StateInfo& info : kStates)
    for (const Wish wish : {Wish::down, Wish::up})
      for (const bool oneshot : {false, true})
        for (const bool respawn : {false, true})
          for (const Try tried : {Try::none, Try::pulled, Try::asked}) {
            const Look look{info.state, wish, oneshot, respawn, tried};
            if (look.possible()) visit(look);
          }
}

void put(Record& record, const Look& look) {
  record.state = look.state;
  record.wish = look.wish;
  record.respawn = look.respawn;
  record.try_ = look.tried;
  const bool process = look.state == State::starting || look.state == State::running ||
                       look.state == State::stopping;
  record.process = process ? Process::alive : Process::none;
  if (look.state == State::exited) {
    record.done = look.oneshot;
    record.by_itself = true;
  }
  if (look.state == State::failed) record.reason = {ReasonType::exit_code, 1, {}, {}};
  // A re-spawn is pending, and no request for a start ends its delay.
  if (look.respawn && look.state == State::blocked && look.tried == Try::none)
    record.delay_until = kNow + 1s;
}

struct Pair {
  explicit Pair(const std::string& edge, const Look& self, const Look& other) {
    Specs specs("self " + edge + " other");
    for (const auto& [name, look] : {std::pair{"self", &self}, std::pair{"other", &other}}) {
      specs[name].oneshot = look->oneshot;
      if (look->oneshot) specs[name].lifecycle.restart = RestartPolicy::never;
    }
    world.graph = Graph::build({});
    apply_plan(world, plan(*world.graph, specs.list(), {}), false);
    put(world.record(world.graph->find("self")), self);
    put(world.record(world.graph->find("other")), other);
  }
  [[nodiscard]] Step step(const std::string& name = "self") const {
    return decide(Situation{world, world.graph->find(name), kNow});
  }
  World world;
};

std::string words(const Look& look) {
  return std::string(state_name(look.state)) + (look.wish == Wish::up ? " up" : " down") +
         (look.oneshot ? " oneshot" : "") + (look.respawn ? " respawn" : "") +
         (look.tried == Try::none     ? ""
          : look.tried == Try::pulled ? " pulled"
                                      : " asked");
}

bool is_satisfied(const Look& other) {
  if (other.wish == Wish::down) return false;
  return other.state == State::running ||
         (other.oneshot && other.state == State::exited && other.tried != Try::asked);
}

bool is_failed_for_good(const Look& other) {
  return other.state == State::failed && other.wish == Wish::up && other.tried == Try::none;
}

/// Whether it is blocked, or will be after its next step.
bool is_to_start(const Look& other) {
  if (other.wish == Wish::down) return false;
  if (other.state == State::blocked) return true;
  const bool done = other.oneshot && other.state == State::exited;
  return at_rest(other.state) &&
         (other.tried == Try::asked || (other.tried == Try::pulled && !done));
}

TEST_CASE("requires holds a start until the other is satisfied, and no longer", "[edges]") {
  each_look([](const Look& other) {
    for (const bool oneshot : {false, true}) {
      const Look self{State::blocked, Wish::up, oneshot, false, Try::none};
      INFO("other " << words(other));
      const Step step = Pair("requires", self, other).step();
      if (is_failed_for_good(other)) {
        REQUIRE(step.row != nullptr);
        CHECK(step.row->to == State::failed);
      } else if (is_satisfied(other)) {
        REQUIRE(step.row != nullptr);
        CHECK(step.row->act == Act::launch);
      } else {
        CHECK(step.waits());
      }
    }
  });
}

TEST_CASE("a running service stops when what it requires goes, and stays while that re-spawns",
          "[edges]") {
  each_look([](const Look& other) {
    const Look self{State::running, Wish::up, false, false, Try::none};
    INFO("other " << words(other));
    const bool done_again = other.oneshot && other.state == State::exited && other.wish == Wish::up;
    const bool stays = is_satisfied(other) || other.respawn || done_again;
    const Step step = Pair("requires", self, other).step();
    CHECK(step.waits() == stays);
    if (!stays) CHECK(step.row->to == State::stopping);
  });
}

TEST_CASE("what is required waits with its stop until its dependents are down", "[edges]") {
  each_look([](const Look& self) {
    const Look other{State::stopping, Wish::down, false, false, Try::none};
    INFO("dependent " << words(self));
    const bool in_the_way = self.state == State::starting || self.state == State::running ||
                            self.state == State::stopping ||
                            (self.wish == Wish::down && self.state != State::inactive);
    CHECK(Pair("requires", self, other).step("other").waits() == in_the_way);
  });
}

TEST_CASE("after holds a start only while the other is about to start or starting", "[edges]") {
  each_look([](const Look& other) {
    const Look self{State::blocked, Wish::up, false, false, Try::none};
    INFO("other " << words(other));
    const bool delayed = other.state == State::blocked && other.respawn && other.tried == Try::none;
    const bool stop_will_return = other.state == State::stopping && other.wish == Wish::up;
    const bool coming = (is_to_start(other) && !delayed) ||
                        (other.state == State::starting && other.wish == Wish::up) ||
                        stop_will_return;
    CHECK(Pair("after", self, other).step().waits() == coming);
  });
}

TEST_CASE("after does nothing to a service that runs, whatever the other does", "[edges]") {
  each_look([](const Look& other) {
    const Look self{State::running, Wish::up, false, false, Try::none};
    INFO("other " << words(other));
    CHECK(Pair("after", self, other).step().waits());
  });
}

TEST_CASE("wants holds nothing and stops nothing", "[edges]") {
  each_look([](const Look& other) {
    INFO("other " << words(other));
    const Step blocked =
        Pair("wants", {State::blocked, Wish::up, false, false, Try::none}, other).step();
    REQUIRE(blocked.row != nullptr);
    CHECK(blocked.row->act == Act::launch);
    CHECK(Pair("wants", {State::running, Wish::up, false, false, Try::none}, other).step().waits());
  });
}

TEST_CASE("of two in conflict never both start, and one does where neither is there", "[edges]") {
  each_look([](const Look& self) {
    each_look([&](const Look& other) {
      if (self.state != State::blocked || self.wish == Wish::down || self.tried != Try::none)
        return;
      INFO("self " << words(self) << ", other " << words(other));
      const Pair pair("conflicts", self, other);
      const Step mine = pair.step();
      const Step theirs = pair.step("other");
      const bool i_start = !mine.waits() && mine.row->act == Act::launch;
      const bool other_starts = !theirs.waits() && theirs.row->act == Act::launch;
      const bool other_active = other.state == State::starting || other.state == State::running ||
                                other.state == State::stopping;
      CHECK_FALSE((i_start && (other_starts || other_active)));
      const bool delayed = self.respawn || (other.respawn && other.state == State::blocked);
      const bool other_may_want = is_to_start(other);
      if (!other_active && !delayed && !other_may_want) CHECK(i_start);
    });
  });
}

TEST_CASE("conflicts do not stop one that runs", "[edges]") {
  each_look([](const Look& other) {
    const Look self{State::running, Wish::up, false, false, Try::none};
    INFO("other " << words(other));
    CHECK(Pair("conflicts", self, other).step().waits());
  });
}

TEST_CASE("in a shutdown a service waits for what is ordered after it, and otherwise not",
          "[edges]") {
  each_look([](const Look& self) {
    const Look other{State::stopping, Wish::down, false, false, Try::none};
    INFO("the one ordered after it " << words(self));
    Pair pair("after", self, other);
    CHECK_FALSE(pair.step("other").waits());
    request_shutdown(pair.world);
    const bool in_the_way = self.state == State::starting || self.state == State::running ||
                            self.state == State::stopping || self.state == State::blocked ||
                            self.state == State::failed || self.state == State::exited;
    CHECK(pair.step("other").waits() == in_the_way);
  });
}

}  // namespace
}  // namespace zinit::test::model_edges
