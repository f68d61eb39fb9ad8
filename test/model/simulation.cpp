// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Random graphs with random histories on a simulated clock. Every promise holds at every step, the
// services settle, and they settle in the same states for any order of steps. A failure prints its
// seed; ZINIT_TEST_SEED=N makes a run begin there.
#include "model/fake_world.hpp"
#include "model/predicates.hpp"
#include "model/rehearsal.hpp"
#include "support/test.hpp"

namespace zinit::test::model_simulation {
namespace {

// Sanitizers make this ten times slower, and need fewer histories to find their faults.
std::uint64_t histories() { return sanitized() ? 1000 : 10000; }
std::uint64_t pairs() { return sanitized() ? 200 : 2000; }

std::uint64_t first_seed() {
  const char* given = std::getenv("ZINIT_TEST_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : 1;
}

std::string name_of(std::size_t i) { return std::string(1, static_cast<char>('a' + i)); }

/// A random number below `limit` that depends only on the arguments. A process therefore behaves
/// the same for any order of the other steps.
std::uint64_t dice(std::uint64_t seed, const std::string& name, int n, int question,
                   std::uint64_t limit) {
  std::seed_seq sequence{seed, static_cast<std::uint64_t>(name[0]), static_cast<std::uint64_t>(n),
                         static_cast<std::uint64_t>(question)};
  std::mt19937 random(sequence);
  return random() % limit;
}

Specs random_specs(std::uint64_t seed, bool apart = false) {
  std::mt19937_64 random(seed);
  const auto chance = [&](unsigned percent) { return random() % 100 < percent; };
  Specs specs;
  const std::size_t count = 2 + random() % 7;
  for (std::size_t i = 0; i < count; ++i) {
    ServiceSpec& spec = specs[name_of(i)];
    if (chance(10))
      spec.kind = Kind::target;
    else if (chance(25))
      spec.oneshot = true;
    spec.lifecycle.restart = spec.oneshot
                                 ? (chance(50) ? RestartPolicy::never : RestartPolicy::on_failure)
                                 : static_cast<RestartPolicy>(random() % 3);
    const bool forever = spec.oneshot && chance(70);
    spec.lifecycle.restart_delay = Milliseconds(random() % 3 * 100);
    spec.lifecycle.restart_delay_max = 800ms;
    spec.lifecycle.max_restarts = static_cast<std::uint32_t>(random() % 4);
    spec.lifecycle.start_timeout = 50ms;
    spec.lifecycle.stop_timeout = 100ms;
    if (apart) {
      spec.lifecycle.restart_delay = Milliseconds(1 + random() % 10000);
      spec.lifecycle.restart_delay_max = Milliseconds(10000 + random() % 10000);
      spec.lifecycle.start_timeout = Milliseconds(10000 + random() % 10000);
      spec.lifecycle.stop_timeout = Milliseconds(30000 + random() % 10000);
    }
    if (forever) spec.lifecycle.start_timeout = kForever;
    spec.status = chance(70)   ? StartStatus::start
                  : chance(70) ? StartStatus::stop
                               : StartStatus::ignore;
    if (spec.has_process()) {
      spec.pre_exec.edit().resize(chance(25) ? 1 + random() % 2 : 0);
      spec.post_exec.edit().resize(chance(25) ? 1 + random() % 2 : 0);
    }
    if (spec.has_process() && !spec.oneshot) {
      // Separate random numbers, so that known seeds still make the same graphs.
      if (dice(seed, spec.name, 0, 14, 4) == 0) spec.readiness.edit().way.by = Notify::systemd;
      if (dice(seed, spec.name, 0, 19, 6) == 0) spec.readiness.edit().after = 15ms;
      if (dice(seed, spec.name, 0, 21, 5) == 0)
        spec.ready_exec.edit().resize(1 + dice(seed, spec.name, 0, 22, 2));
      if (dice(seed, spec.name, 0, 15, 4) == 0) spec.health.edit().type = ProbeType::tcp;
    }
    // Separate, as above.
    if (spec.oneshot && dice(seed, spec.name, 0, 17, 4) == 0)
      spec.stop_exec.edit().argv = {"/bin/stop"};
    const auto way_to_listen = dice(seed, spec.name, 0, 16, 12);
    if (spec.kind == Kind::service && way_to_listen < 2) {
      SocketSpec& socket = spec.socket.edit();
      socket.listen = {"unix:/run/s"};
      socket.accept = way_to_listen == 0;
      if (socket.accept) {
        spec.readiness.reset();
        spec.health.reset();
      }
    }
    if (dice(seed, spec.name, 0, 20, 8) == 0) spec.lifecycle.no_restart_on.edit().codes = {1};
    spec.lifecycle.stop_when_unneeded = dice(seed, spec.name, 0, 18, 8) == 0;
    for (std::size_t other = 0; other < count; ++other) {
      if (other == i) continue;
      const Dependency to{name_of(other), {}};
      // Mostly from later to earlier services, so that most graphs are valid. In the other graphs
      // zinit refuses the faulty services.
      const bool down = other < i || chance(2);
      if (down && chance(20)) spec.dependencies.edit().requires_.push_back(to);
      if (down && chance(12)) spec.dependencies.edit().after.push_back(to);
      // Separate, as above.
      if (down && dice(seed, spec.name, static_cast<int>(other), 17, 100) < 8)
        spec.dependencies.edit().binds_to.push_back(to);
      if (chance(6)) spec.dependencies.edit().wants.push_back(to);
      if (chance(5)) spec.dependencies.edit().conflicts.push_back(to);
    }
    if (chance(3)) spec.dependencies.edit().requires_.push_back({"nobody", {}});
  }
  return specs;
}

/// With `apart`, no two processes do something at the same instant, and spawns take no time, so
/// that the order of events is fixed.
Life random_life(std::uint64_t seed, const std::string& name, int n, bool oneshot, bool apart) {
  const auto roll = [&](int question, std::uint64_t limit) {
    return dice(seed, name, n, question, limit);
  };
  Life life;
  life.ends = oneshot || roll(0, 100) < 30;
  life.lasts = Milliseconds(apart ? 1 + roll(1, 100000) : roll(1, 4) * 20);
  life.end = roll(2, 100) < 50 ? ProcessEnd{false, 0, false} : ProcessEnd{false, 1, false};
  life.dies_in = Milliseconds(apart ? 1 + roll(3, 100000) : roll(3, 3) * 10);
  life.ignores_stop = roll(4, 100) < 10;
  life.unkillable = roll(5, 100) < 1;
  life.spawn_takes = Milliseconds(apart ? 0 : roll(6, 2));
  life.ready_in = Milliseconds(apart ? 1 + roll(11, 9000) : roll(11, 40));
  life.healthy_in = Milliseconds(apart ? 1 + roll(12, 9000) : roll(12, 40));
  life.never_ready = roll(13, 100) < 8;
  life.leaves = roll(18, 3) == 0;
  if (roll(19, 2) == 0)
    life.left_lasts = Milliseconds(apart ? 1 + roll(20, 100000) : roll(20, 4) * 30);
  const auto launch = roll(7, 100);
  if (launch < 4)
    life.launch = {LaunchOutcome::Kind::failed, {ReasonType::spawn_error, 0, "cannot execute", {}}};
  else if (launch < 7)
    life.launch = {LaunchOutcome::Kind::exhausted, {ReasonType::spawn_error, 0, "no room", {}}};
  else if (launch < 9)
    life.launch = {LaunchOutcome::Kind::unmet, {ReasonType::condition, 0, "path", {}}};
  return life;
}

/// The life of a command of pre_exec, ready_exec or post_exec. Some commands take longer than
/// allowed.
Life random_step(std::uint64_t seed, const std::string& name, int n, bool apart) {
  Life life = random_life(seed ^ 0x57e9, name, n, true, apart);
  if (dice(seed, name, n, 9, 100) < 70) life.end = {};
  life.lasts =
      Milliseconds(apart ? 1 + dice(seed, name, n, 10, 3000) : dice(seed, name, n, 10, 150));
  return life;
}

struct History {
  std::uint64_t seed;
  std::string final_states;
  std::string trace;
  Texts faults;
};

/// Whether zinit must stop the service: it stops when unneeded, was needed, and no service that is
/// wanted or up needs it.
bool left_over(const World& world, Slot slot) {
  const Record& record = world.record(slot);
  const auto is_over = [&](Slot above) {
    return world.record(above).wish == Wish::down && !active(world, above);
  };
  const Node& node = world.node(slot);
  return world.spec(slot).lifecycle.stop_when_unneeded && record.needed && !record.named &&
         std::ranges::all_of(node.required_by, is_over) &&
         std::ranges::all_of(node.wanted_by, is_over);
}

/// Checks what must hold when nothing is left to do.
void check_settled(const FakeWorld& w, Texts& faults) {
  for (const Slot slot : w.world.graph->order()) {
    const Record& record = w.world.record(slot);
    const std::string& name = w.world.graph->name(slot);
    const bool unkillable = record.process != Process::none && record.state == State::failed;
    if (!settled(w.world, slot, w.now)) faults.push_back(name + " has not settled");
    if (record.state == State::starting || (record.state == State::stopping && !unkillable)) {
      faults.push_back(name + " is still " + std::string(state_name(record.state)));
    }
    if (record.wish == Wish::down && record.state == State::running)
      faults.push_back(name + " runs unwished");
    if (record.state == State::running && left_over(w.world, slot))
      faults.push_back(name + " runs on, and nothing needs it any more");
    if (record.wish == Wish::down && record.state == State::blocked)
      faults.push_back(name + " is blocked unwished");
  }
}

/// Runs one history: a boot, some requests with time between them, a last wait. With `quiet`,
/// requests come only when nothing is left to do, so that the order of steps must not matter.
History run(std::uint64_t seed, std::uint64_t schedule, bool quiet, bool reloads) {
  const Specs specs = random_specs(seed, quiet);
  FakeWorld w(specs, schedule);
  w.life = [&](const std::string& name, int n) {
    return random_life(seed, name, n, w.world.spec(w.slot(name)).oneshot, quiet);
  };
  w.step_life = [&](const std::string& name, int n) { return random_step(seed, name, n, quiet); };
  std::mt19937_64 random(seed ^ 0x5eed);
  const std::size_t count = w.world.graph->order().size();
  w.boot();
  History history{seed, {}, {}, {}};
  for (int action = 0; action < 6 && w.faults().empty(); ++action) {
    if (quiet)
      w.settle(1h);
    else
      w.advance(Milliseconds(random() % 150));
    const std::string name = name_of(random() % count);
    const auto kind = random() % 100;
    if (w.slot(name) == kNoSlot || w.world.shutdown) continue;  // refused by the board
    if (kind < 30)
      w.start(name);
    else if (kind < 55)
      w.stop(name);
    else if (kind < 75)
      w.restart(name);
    else if (kind < 85)
      w.exit(name, static_cast<int>(random() % 2));
    else if (kind < 90 && w.state(name) == State::running &&
             w.world.spec(w.slot(name)).has_process())
      w.unhealthy(name);
    else if (kind < 97 && reloads)
      w.reload(random_specs(seed + random() % 3, quiet));
    else if (kind >= 99)
      w.shutdown();
  }
  // If services end and restart for ever, something is always left to do.
  const bool rests = w.settle(quiet ? 1h : 60s);
  history.faults = w.faults();
  if (rests && history.faults.empty()) check_settled(w, history.faults);
  history.final_states = w.states();
  history.trace = w.trace_text();
  return history;
}

TEST_CASE("random histories keep every promise at every step", "[simulation]") {
  const std::uint64_t seed = first_seed();
  for (std::uint64_t i = 0; i < histories(); ++i) {
    const History history = run(seed + i, seed + i, i % 2 == 0, i % 3 == 0);
    INFO("seed " << history.seed << "\n"
                 << random_specs(history.seed, i % 2 == 0).text() << history.trace
                 << history.final_states);
    for (const std::string& fault : history.faults) UNSCOPED_INFO(fault);
    REQUIRE(history.faults.empty());
  }
}

TEST_CASE("the same history settles in the same states under every schedule", "[simulation]") {
  const std::uint64_t seed = first_seed();
  for (std::uint64_t i = 0; i < pairs(); ++i) {
    const History first = run(seed + i, 1, true, false);
    for (std::uint64_t schedule = 2; schedule <= 4; ++schedule) {
      const History other = run(seed + i, schedule, true, false);
      INFO("seed " << seed + i << "\n"
                   << random_specs(seed + i, true).text() << first.trace
                   << "\n--- and under schedule " << schedule << "\n"
                   << other.trace);
      REQUIRE(first.final_states == other.final_states);
    }
  }
}

/// A life as a rehearsal assumes it, but not in the same instant.
Life usual_life(std::uint64_t seed, const std::string& name, int n, bool ends) {
  Life life;
  life.ends = ends;
  life.lasts = Milliseconds(1 + dice(seed, name, n, 23, 1000));
  life.dies_in = Milliseconds(1 + dice(seed, name, n, 24, 1000));
  life.ready_in = life.healthy_in = Milliseconds(1 + dice(seed, name, n, 25, 1000));
  return life;
}

TEST_CASE("a rehearsal of a request comes to the states that the request comes to",
          "[simulation]") {
  using Request = Requested (*)(World&, Slot);
  using Ask = Requested (FakeWorld::*)(const std::string&);
  const std::pair<Request, Ask> requests[] = {{request_start, &FakeWorld::start},
                                              {request_stop, &FakeWorld::stop},
                                              {request_restart, &FakeWorld::restart}};
  const std::uint64_t first = first_seed();
  for (std::uint64_t seed = first; seed < first + pairs(); ++seed) {
    const Specs specs = random_specs(seed, true);
    FakeWorld w(specs, seed);
    w.life = [&](const std::string& name, int n) {
      return usual_life(seed, name, n, w.world.spec(w.slot(name)).oneshot);
    };
    w.step_life = [&](const std::string& name, int n) { return usual_life(seed, name, n, true); };
    w.boot();
    std::mt19937_64 random(seed);
    for (int action = 0; action < 5; ++action) {
      w.settle(1h);  // what oneshots hold lives on
      const Slots& order = w.world.graph->order();
      const Slot slot = order[random() % order.size()];
      const std::string name = w.world.graph->name(slot);
      const auto& [request, ask] = requests[random() % std::size(requests)];
      INFO("seed " << seed << "\n" << specs.text() << w.trace_text() << w.states());
      const std::string before = w.states();
      Rehearsal rehearsal(w.world, w.now);
      rehearsal.touched(request(rehearsal.world, slot).changed);
      while (rehearsal.proceed()) {}
      REQUIRE(w.states() == before);
      (w.*ask)(name);
      w.settle(1h);
      INFO("and then\n" << w.trace_text());
      std::string rehearsed;
      for (const Slot each : order)
        rehearsed += w.world.graph->name(each) + "=" +
                     std::string(state_name(rehearsal.world.record(each).state)) + " ";
      REQUIRE(rehearsed == w.states());
    }
  }
}

}  // namespace
}  // namespace zinit::test::model_simulation
