// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The effect of a main process's readiness, health, signs of life and requests for more time on its
// service.
#include "model/fake_world.hpp"
#include "model/why.hpp"
#include "support/test.hpp"

namespace zinit::test::model_checks {
namespace {

/// app requires web, which has [readiness] and [health]. Each test decides what web reports and
/// what probes find.
struct Checked {
  explicit Checked(RestartPolicy restart = RestartPolicy::never) : world(specs(restart)) {
    world.life = [](const std::string& name, int) {
      Life life;
      life.never_ready = name == "web";
      return life;
    };
    world.start("app");
    world.advance(1ms);
  }
  static Specs specs(RestartPolicy restart) {
    Specs specs("app requires web");
    ServiceSpec& web = specs["web"];
    web.readiness.edit().way.by = Notify::systemd;
    web.health.edit().type = ProbeType::tcp;
    web.lifecycle.restart = restart;
    web.lifecycle.start_timeout = 1000ms;
    web.lifecycle.stop_timeout = 500ms;
    return specs;
  }
  void pass(CheckKind which) { world.check(world.slot("web"), which); }
  void pass_all() {
    pass(CheckKind::readiness);
    pass(CheckKind::health);
  }
  std::string why_web() {
    std::string text;
    for (const WhyReason& reason : why(world.world, world.slot("web"), world.now).reasons)
      text += reason.detail + "\n";
    return text;
  }
  FakeWorld world;
};

TEST_CASE("a service with both is ready when it has said so and a probe has succeeded",
          "[checks]") {
  const bool health_first = GENERATE(false, true);
  Checked c;
  REQUIRE(c.world.state("web") == State::starting);
  c.pass(health_first ? CheckKind::health : CheckKind::readiness);
  CHECK(c.world.state("web") == State::starting);
  CHECK(c.world.state("app") == State::blocked);
  c.pass(health_first ? CheckKind::readiness : CheckKind::health);
  CHECK(c.world.state("web") == State::running);
  c.world.advance(1ms);
  CHECK(c.world.state("app") == State::running);
  CHECK(c.world.faults().empty());
}

TEST_CASE("why says what a starting service has not passed yet", "[checks][why]") {
  Checked c;
  CHECK_THAT(c.why_web(),
             Catch::Contains("READY=1") && Catch::Contains("its health check to succeed"));
  c.pass(CheckKind::readiness);
  CHECK_THAT(c.why_web(), !Catch::Contains("READY=1"));
  REQUIRE(probe_failed(c.world.world, c.world.slot("web"), 2, "connection refused"));
  CHECK_THAT(c.why_web(), Catch::Contains("2 health checks failed in a row, the last: connection"));
  c.pass(CheckKind::health);
  CHECK(c.why_web().empty());
}

TEST_CASE("health that fails stops what runs, and not what is starting", "[checks]") {
  Checked c;
  const Slot web = c.world.slot("web");
  CHECK_FALSE(health_failed(c.world.world, web));
  c.pass_all();
  c.world.advance(1ms);
  REQUIRE(probe_failed(c.world.world, web, 3, "timeout"));
  c.world.unhealthy("web");
  c.world.settle();
  CHECK(c.world.state("web") == State::failed);
  CHECK(c.world.record("web").reason.type == ReasonType::health_check_failed);
  CHECK(c.world.record("web").reason.number == 3);
  CHECK(c.world.faults().empty());
}

TEST_CASE("a watchdog that bites ends a service that runs or starts", "[checks]") {
  const bool runs = GENERATE(false, true);
  Checked c;
  if (runs) c.pass_all();
  c.world.bite("web");
  c.world.settle();
  CHECK(c.world.state("web") == State::failed);
  CHECK(c.world.record("web").reason.type == ReasonType::watchdog_timeout);
}

TEST_CASE("what one process has passed says nothing of the next", "[checks]") {
  Checked c(RestartPolicy::always);
  c.pass_all();
  c.world.exit("web", 1);
  c.world.advance(1001ms);
  REQUIRE(c.world.spawns("web") == 2);
  CHECK(c.world.state("web") == State::starting);
  CHECK_FALSE(c.world.record("web").notified);
  CHECK_FALSE(c.world.record("web").healthy);
}

TEST_CASE("a check of a process that is not there changes nothing", "[checks]") {
  Checked c;
  const Slot web = c.world.slot("web");
  c.world.exit("web", 1);
  REQUIRE(c.world.state("web") == State::failed);
  CHECK_FALSE(check_passed(c.world.world, web, CheckKind::readiness));
  CHECK_FALSE(probe_failed(c.world.world, web, 1, "late"));
  CHECK_FALSE(watchdog_expired(c.world.world, web));
  CHECK_FALSE(extend_deadline(c.world.world, web, 1h, c.world.now));
  CHECK(c.world.record("web").health == Health::good);
}

TEST_CASE("a process that asks for it has more time to start in, and never less", "[checks]") {
  Checked c;
  const Slot web = c.world.slot("web");
  const TimePoint first = c.world.record("web").deadline;
  REQUIRE(extend_deadline(c.world.world, web, 1ms, c.world.now));
  CHECK(c.world.record("web").deadline == first);
  REQUIRE(extend_deadline(c.world.world, web, 5000ms, c.world.now));
  c.world.advance(4990ms);
  CHECK(c.world.state("web") == State::starting);
  c.world.settle();
  CHECK(c.world.record("web").reason.type == ReasonType::start_timeout);
}

TEST_CASE("more time is bounded: by a day, and in a stop by a shutdown in a hurry", "[checks]") {
  Checked c;
  const Slot web = c.world.slot("web");
  REQUIRE(extend_deadline(c.world.world, web, Milliseconds::max(), c.world.now));
  CHECK(c.world.record("web").deadline == c.world.now + 24h);
  c.world.life = {};
  c.world.stop("web");
  REQUIRE(c.world.state("web") == State::stopping);
  limit_stops(c.world.world, 100ms, c.world.now);
  REQUIRE(extend_deadline(c.world.world, web, 1h, c.world.now));
  CHECK(c.world.record("web").deadline == c.world.now + 100ms);
}

}  // namespace
}  // namespace zinit::test::model_checks
