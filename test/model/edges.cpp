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

bool has_process(const Look& look) {
  return look.state == State::starting || look.state == State::running ||
         look.state == State::stopping;
}

void put(Record& record, const Look& look) {
  record.state = look.state;
  record.wish = look.wish;
  record.respawn = look.respawn;
  record.try_ = look.tried;
  record.process = has_process(look) ? Process::alive : Process::none;
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
  /// The row that decides for a service now; null if it waits.
  [[nodiscard]] const Row* row(const std::string& name = "self") const {
    return decide(Situation{world, world.graph->find(name), kNow}).row;
  }
  [[nodiscard]] bool waits(const std::string& name = "self") const { return row(name) == nullptr; }
  [[nodiscard]] bool launches(const std::string& name = "self") const {
    return !waits(name) && row(name)->act == Act::launch;
  }
  [[nodiscard]] bool becomes(State state) const { return !waits() && row()->to == state; }
  World world;
};

constexpr Look kBlocked{State::blocked, Wish::up, false, false, Try::none};
constexpr Look kRunning{State::running, Wish::up, false, false, Try::none};
constexpr Look kStopping{State::stopping, Wish::down, false, false, Try::none};

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
      INFO("other " << words(other));
      const Look self{State::blocked, Wish::up, oneshot, false, Try::none};
      const Pair pair("requires", self, other);
      const bool fails = is_failed_for_good(other);
      CHECK(pair.becomes(State::failed) == fails);
      CHECK(pair.launches() == (!fails && is_satisfied(other)));
      CHECK(pair.waits() == (!fails && !is_satisfied(other)));
    }
  });
}

TEST_CASE("a running service stops when what it requires goes, and stays while that re-spawns",
          "[edges]") {
  each_look([](const Look& other) {
    INFO("other " << words(other));
    const bool done_again = other.oneshot && other.state == State::exited && other.wish == Wish::up;
    const bool stays = is_satisfied(other) || other.respawn || done_again;
    const Pair pair("requires", kRunning, other);
    CHECK(pair.waits() == stays);
    CHECK(pair.becomes(State::stopping) != stays);
  });
}

TEST_CASE("what is required waits with its stop until its dependents are down", "[edges]") {
  each_look([](const Look& self) {
    INFO("dependent " << words(self));
    const bool in_the_way =
        has_process(self) || (self.wish == Wish::down && self.state != State::inactive);
    CHECK(Pair("requires", self, kStopping).waits("other") == in_the_way);
  });
}

TEST_CASE("after holds a start only while the other is about to start or starting, and stops none",
          "[edges]") {
  each_look([](const Look& other) {
    INFO("other " << words(other));
    const bool delayed = other.state == State::blocked && other.respawn && other.tried == Try::none;
    const bool stop_will_return = other.state == State::stopping && other.wish == Wish::up;
    const bool coming = (is_to_start(other) && !delayed) ||
                        (other.state == State::starting && other.wish == Wish::up) ||
                        stop_will_return;
    CHECK(Pair("after", kBlocked, other).waits() == coming);
    CHECK(Pair("after", kRunning, other).waits());
  });
}

TEST_CASE("wants holds nothing and stops nothing", "[edges]") {
  each_look([](const Look& other) {
    INFO("other " << words(other));
    CHECK(Pair("wants", kBlocked, other).launches());
    CHECK(Pair("wants", kRunning, other).waits());
  });
}

TEST_CASE("of two in conflict never both start, one does where neither is there, and none stops",
          "[edges]") {
  each_look([](const Look& other) {
    CHECK(Pair("conflicts", kRunning, other).waits());
    for (const bool oneshot : {false, true}) {
      for (const bool respawn : {false, true}) {
        const Look self{State::blocked, Wish::up, oneshot, respawn, Try::none};
        INFO("self " << words(self) << ", other " << words(other));
        const Pair pair("conflicts", self, other);
        const bool i_start = pair.launches();
        CHECK_FALSE((i_start && (pair.launches("other") || has_process(other))));
        const bool delayed = self.respawn || (other.respawn && other.state == State::blocked);
        if (!has_process(other) && !delayed && !is_to_start(other)) CHECK(i_start);
      }
    }
  });
}

TEST_CASE("in a shutdown a service waits for what is ordered after it, and otherwise not",
          "[edges]") {
  each_look([](const Look& self) {
    INFO("the one ordered after it " << words(self));
    Pair pair("after", self, kStopping);
    CHECK_FALSE(pair.waits("other"));
    request_shutdown(pair.world);
    CHECK(pair.waits("other") == (self.state != State::inactive));
  });
}

}  // namespace
}  // namespace zinit::test::model_edges
