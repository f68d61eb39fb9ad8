// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// binds_to and stop_when_unneeded: a service stops with another one, or when the last service that
// needs it is gone. after_ms and no_restart_on: how an end counts.
#include "model/fake_world.hpp"
#include "model/why.hpp"
#include "support/test.hpp"

namespace zinit::test::model_bound {
namespace {

/// A world in which each service takes 10 ms to stop, and is spawned again after 100 ms.
FakeWorld booted(Specs specs) {
  for (const SpecPtr& spec : specs.list()) {
    specs[spec->name].lifecycle.restart_delay = 100ms;
    specs[spec->name].lifecycle.stability_period = 0ms;
  }
  FakeWorld w(specs);
  w.life = [](const std::string&, int) {
    Life life;
    life.dies_in = 10ms;
    return life;
  };
  w.boot();
  w.settle();
  return w;
}

TEST_CASE("a bound service stops when the other crashes, and starts when it is ready again",
          "[bound]") {
  FakeWorld w = booted(Specs("vpn, tunnel binds_to vpn, shop requires tunnel, web requires vpn"));
  w.exit("vpn", 1);
  CHECK(w.states() == "vpn=blocked tunnel=stopping shop=stopping web=running ");
  w.advance(50ms);
  CHECK(w.states() == "vpn=blocked tunnel=blocked shop=blocked web=running ");
  const WhyReport report = why(w.world, w.slot("tunnel"), w.now);
  REQUIRE_FALSE(report.reasons.empty());
  CHECK(report.reasons[0].kind == "binds_to");
  CHECK(report.reasons[0].root_cause == "vpn");
  w.settle();
  CHECK(w.states() == "vpn=running tunnel=running shop=running web=running ");
  CHECK(w.spawns("tunnel") == 2);
  CHECK(w.spawns("shop") == 2);
  CHECK(w.spawns("web") == 1);
  CHECK(w.faults().empty());
}

TEST_CASE("a re-spawn waits for what is bound to the service, and for nothing else", "[bound]") {
  FakeWorld w = booted(Specs("vpn, tunnel binds_to vpn, web requires vpn"));
  w.life = [](const std::string& name, int) {
    Life life;
    life.ignores_stop = name == "tunnel";
    return life;
  };
  w.restart("tunnel");
  w.settle();
  w.exit("vpn", 1);
  w.advance(1s);  // long after the delay of the re-spawn
  CHECK(w.states() == "vpn=blocked tunnel=stopping web=running ");
  w.settle();
  CHECK(w.states() == "vpn=running tunnel=running web=running ");
}

TEST_CASE("an unhealthy service is signalled when what is bound to it is down", "[bound]") {
  FakeWorld w = booted(Specs("vpn, tunnel binds_to vpn, web requires vpn"));
  w.unhealthy("vpn");
  CHECK(w.record("vpn").stage == StopStage::none);
  CHECK(w.state("tunnel") == State::stopping);
  w.settle();
  CHECK(w.states() == "vpn=running tunnel=running web=running ");
  CHECK(w.spawns("web") == 1);
}

TEST_CASE("bound_by is binds_to written at the other end", "[bound]") {
  FakeWorld w = booted(Specs("tunnel requires vpn, vpn bound_by tunnel"));
  const Node& tunnel = w.world.node(w.slot("tunnel"));
  CHECK(tunnel.binds(w.slot("vpn")));
  CHECK(tunnel.adds(w.slot("vpn"), "binds_to"));
  w.exit("vpn", 1);
  CHECK(w.state("tunnel") == State::stopping);
}

TEST_CASE("what is bound to a name that is missing or has failed fails for it", "[bound]") {
  FakeWorld w("a binds_to nobody?, b binds_to c, c");
  w.life = [](const std::string& name, int) {
    Life life;
    if (name == "c")
      life.launch = {LaunchOutcome::Kind::failed, {ReasonType::spawn_error, 0, {}, {}}};
    return life;
  };
  w.boot();
  w.settle();
  CHECK(w.record("a").reason.type == ReasonType::missing_dependency);
  CHECK(w.record("b").reason.type == ReasonType::dependency_failed);
}

TEST_CASE("what nothing needs any more is stopped, unless it was started by name", "[unneeded]") {
  Specs specs("db, web requires db, shop wants db");
  specs["db"].lifecycle.stop_when_unneeded = true;
  for (const bool named : {false, true}) {
    INFO(named);
    FakeWorld w = booted(specs);
    if (named) w.start("db");
    w.stop("web");
    w.settle();
    CHECK(w.state("db") == State::running);  // shop still wants it
    w.stop("shop");
    w.settle();
    CHECK(w.state("db") == (named ? State::running : State::exited));
    w.start("web");
    w.settle();
    CHECK(w.state("db") == State::running);
  }
}

TEST_CASE("what boot starts by itself runs until something has needed it", "[unneeded]") {
  Specs specs("db, web wants db");
  specs["db"].lifecycle.stop_when_unneeded = true;
  specs["web"].status = StartStatus::stop;
  FakeWorld w = booted(specs);
  CHECK(w.states() == "db=running web=inactive ");
  w.start("web");
  w.stop("web");
  w.settle();
  CHECK(w.states() == "db=exited web=exited ");
}

TEST_CASE("a service is ready no sooner than after_ms, and an end before is a failed start",
          "[after_ms]") {
  Specs specs("web, shop requires web");
  specs["web"].readiness.edit().after = 30ms;
  specs["web"].lifecycle.restart = RestartPolicy::never;
  FakeWorld w(specs);
  w.boot();
  w.advance(29ms);
  CHECK(w.states() == "web=starting shop=blocked ");
  w.advance(1ms);
  CHECK(w.states() == "web=running shop=running ");
  w.restart("web");
  w.advance(20ms);
  REQUIRE(w.state("web") == State::starting);
  w.exit("web", 0);
  CHECK(w.state("web") == State::failed);
  CHECK(w.record("web").reason == Reason{ReasonType::exit_code, 0, {}, {}});
}

TEST_CASE("an end of no_restart_on is for good, whatever the policy", "[no_restart_on]") {
  Specs specs("web");
  specs["web"].lifecycle.restart = RestartPolicy::always;
  specs["web"].lifecycle.no_restart_on.edit().codes = {0, 78};
  for (const int code : {0, 78, 1}) {
    INFO(code);
    FakeWorld w = booted(specs);
    w.exit("web", code);
    w.settle();
    CHECK(w.state("web") == (code == 1 ? State::running : State::failed));
  }
}

}  // namespace
}  // namespace zinit::test::model_bound
