// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The effects of requests, and the reasons that `why` gives, according to behaviour.md.
#include "model/fake_world.hpp"
#include "model/predicates.hpp"
#include "model/why.hpp"
#include "support/test.hpp"

namespace zinit::test::model_requests_and_why {
namespace {

Life ends(Milliseconds after, int code) {
  Life life;
  life.ends = true;
  life.lasts = after;
  life.end = {false, code, false};
  return life;
}

std::string root_of(const FakeWorld& w, const std::string& name) {
  const WhyReport report = why(w.world, w.slot(name), w.now);
  return report.reasons.empty() ? "" : report.reasons.front().root_cause;
}

std::size_t position(const FakeWorld& w, const std::string& line) {
  const auto& trace = w.trace();
  return static_cast<std::size_t>(std::find(trace.begin(), trace.end(), line) - trace.begin());
}

TEST_CASE("a service that crashes does not take its dependents down", "[deps][restart]") {
  FakeWorld w("web requires db");
  w.boot();
  w.settle();
  w.exit("db", 1);
  CHECK(w.state("web") == State::running);
  CHECK(w.state("db") == State::blocked);
  w.advance(999ms);
  CHECK(w.state("db") == State::blocked);
  w.advance(1ms);
  w.settle();
  CHECK(w.states() == "web=running db=running ");
  CHECK(w.spawns("web") == 1);
}

TEST_CASE("stop takes dependents down first and leaves what the service itself requires",
          "[deps]") {
  FakeWorld w("web requires app, app requires db");
  w.boot();
  w.settle();
  w.stop("app");
  w.settle();
  CHECK(w.states() == "web=exited app=exited db=running ");
  CHECK(position(w, "web exited") < position(w, "app killed by 15"));
  w.start("app");
  w.settle();
  CHECK(w.states() == "web=exited app=running db=running ");
}

TEST_CASE("what a stop took down with it says so, until it is started again", "[deps][why]") {
  FakeWorld w("web requires app, app requires db");
  w.boot();
  w.settle();
  w.stop("db");
  CHECK(w.record("web").reason == Reason{ReasonType::stopped_with, 0, "db", {}});
  w.settle();
  CHECK(w.record("web").reason == Reason{ReasonType::stopped_with, 0, "db", {}});
  CHECK_FALSE(w.record("db").reason);
  const WhyReport report = why(w.world, w.slot("web"), w.now);
  REQUIRE(report.reasons.size() == 1);
  CHECK(report.reasons.front().kind == "stopped_with");
  CHECK(report.reasons.front().root_cause == "db");
  CHECK(request_start(w.world, w.slot("db")).left == Slots{w.slot("app"), w.slot("web")});
  w.start("web");
  CHECK_FALSE(w.record("web").reason);
  CHECK_FALSE(w.record("app").reason);
  w.settle();
  w.stop("app");
  w.stop("web");  // now by its own name
  w.settle();
  CHECK_FALSE(w.record("web").reason);
}

TEST_CASE("a dependent that never ran is stopped with what it requires all the same",
          "[deps][why]") {
  FakeWorld w("web requires db");
  w.life = [](const std::string& name, int) {
    Life life;
    life.spawn_takes = std::chrono::seconds(name == "db" ? 5 : 0);
    return life;
  };
  w.boot();
  CHECK(w.state("web") == State::blocked);
  w.stop("db");
  w.settle();
  CHECK(w.state("web") == State::inactive);
  CHECK(w.record("web").reason.type == ReasonType::stopped_with);
}

TEST_CASE("a request tells what it does to others", "[deps]") {
  FakeWorld w("web requires app, app requires db, left conflicts right, on requires left");
  w.boot();
  w.settle();
  Requested done = request_stop(w.world, w.slot("app"));
  CHECK(done.stopped == Slots{w.slot("web")});
  w.stop("app");
  w.settle();
  CHECK(request_stop(w.world, w.slot("app")).stopped.empty());
  done = request_start(w.world, w.slot("web"));
  CHECK(done.started == Slots{w.slot("app")});
  w.start("web");
  w.settle();
  CHECK(request_restart(w.world, w.slot("db")).restarted == Slots{w.slot("app"), w.slot("web")});
  w.settle();
  done = request_start(w.world, w.slot("right"));
  CHECK(done.stopped == Slots{w.slot("left"), w.slot("on")});
  CHECK(w.record("left").reason == Reason{ReasonType::stopped_with, 1, "right", {}});
  CHECK(w.record("on").reason == Reason{ReasonType::stopped_with, 0, "left", {}});
}

TEST_CASE("a delay before a restart has the cause of the stop, not the signal of it",
          "[restart][why]") {
  Specs specs("web");
  specs["web"].readiness.edit().way.by = Notify::systemd;
  FakeWorld w(specs);
  w.life = [](const std::string&, int) {
    Life life;
    life.never_ready = true;
    return life;
  };
  w.boot();
  w.advance(31s);
  REQUIRE(w.state("web") == State::blocked);
  CHECK(w.record("web").reason.type == ReasonType::start_timeout);
  CHECK_THAT(why(w.world, w.slot("web"), w.now).reasons.front().detail,
             Catch::StartsWith("last not ready within its start timeout; restarting in 0."));
}

TEST_CASE("restart brings dependents back", "[deps]") {
  FakeWorld w("web requires app, app requires db");
  w.boot();
  w.settle();
  w.restart("app");
  w.settle();
  CHECK(w.states() == "web=running app=running db=running ");
  CHECK(w.spawns("web") == 2);
  CHECK(w.spawns("app") == 2);
  CHECK(w.spawns("db") == 1);
}

TEST_CASE("stop and start at once still stop once", "[deps]") {
  FakeWorld w("web");
  w.boot();
  w.settle();
  // Two requests before the service takes a step: neither is lost.
  request_stop(w.world, w.slot("web"));
  w.start("web");
  w.settle();
  CHECK(w.state("web") == State::running);
  CHECK(w.spawns("web") == 2);
}

TEST_CASE("mending the root cause alone brings all dependents back", "[deps][why]") {
  FakeWorld w("web requires app, app requires db");
  bool mended = false;
  w.life = [&](const std::string& name, int) {
    return name == "db" && !mended ? ends(10ms, 3) : Life{};
  };
  Specs specs("web requires app, app requires db");
  specs["db"].lifecycle.restart = RestartPolicy::never;
  w.reload(specs);
  w.boot();
  w.settle();
  CHECK(w.states() == "web=failed app=failed db=failed ");
  CHECK(root_of(w, "web") == "db");
  const WhyReport report = why(w.world, w.slot("web"), w.now);
  CHECK(report.reasons.back().detail.find("code 3") != std::string::npos);
  mended = true;
  w.start("db");
  w.settle();
  CHECK(w.states() == "web=running app=running db=running ");
}

TEST_CASE("what a reload adds has a rank of its own, so that nobody waits in a circle",
          "[conflicts]") {
  const std::string before =
      "s01 requires s03, s03 requires zhold, s03 conflicts s10, "
      "s10 requires zhold, zhold";
  Specs first(before);
  first["zhold"].status = StartStatus::ignore;
  FakeWorld w(first);
  w.boot();
  w.settle();
  Specs second("s00, " + before + ", s00 requires s10, s03 conflicts s00");
  second["zhold"].status = StartStatus::ignore;
  w.reload(second);
  w.settle();
  w.start("zhold");
  w.settle();
  CHECK(w.state("s00") == State::running);
  CHECK(w.state("s10") == State::running);
  CHECK(w.state("s03") == State::blocked);
}

TEST_CASE("a explicit start stops what conflicts; at boot the one loaded first wins",
          "[conflicts]") {
  FakeWorld w("a conflicts b");
  w.boot();
  w.settle();
  CHECK(w.states() == "a=running b=blocked ");
  CHECK(settled(w.world, w.slot("b"), w.now));
  w.start("b");
  w.settle();
  CHECK(w.states() == "a=exited b=running ");
  w.stop("b");
  w.settle();
  CHECK(w.states() == "a=exited b=exited ");
}

TEST_CASE("what waits for a conflict to be stopped has not settled", "[conflicts]") {
  FakeWorld w("a conflicts b, web requires b, user requires a");
  w.boot();
  w.settle();
  w.start("web");  // stops user first, then a
  CHECK(w.state("a") == State::stopping);
  CHECK(w.state("b") == State::blocked);
  CHECK_FALSE(settled(w.world, w.slot("b"), w.now));
  CHECK_FALSE(settled(w.world, w.slot("web"), w.now));
  w.settle();
  CHECK(w.states() == "a=exited b=running web=running user=exited ");
}

TEST_CASE("one that cannot be killed gives no way: what conflicts with it has settled",
          "[conflicts]") {
  FakeWorld w("a conflicts b");
  w.life = [](const std::string& name, int) {
    Life life;
    life.unkillable = name == "a";
    return life;
  };
  w.boot();
  w.settle();
  w.start("b");
  w.settle();
  CHECK(w.states() == "a=failed b=blocked ");
  CHECK(settled(w.world, w.slot("b"), w.now));
}

TEST_CASE("the loser of a conflict at boot starts when the winner goes", "[conflicts]") {
  FakeWorld w("a conflicts b");
  w.boot();
  w.settle();
  w.stop("a");
  w.settle();
  CHECK(w.states() == "a=exited b=running ");
}

TEST_CASE("status ignore is started by nothing but its own start", "[status]") {
  Specs specs("web requires db");
  specs["db"].status = StartStatus::ignore;
  FakeWorld w(specs);
  w.boot();
  w.settle();
  CHECK(w.states() == "web=blocked db=inactive ");
  CHECK(settled(w.world, w.slot("web"), w.now));
  CHECK(why(w.world, w.slot("web"), w.now).reasons.front().detail.find("ignore") !=
        std::string::npos);
  w.start("db");
  w.settle();
  CHECK(w.states() == "web=running db=running ");
}

TEST_CASE("max_restarts are used up, then it is failed with the last end, whatever that was",
          "[restart]") {
  Specs specs("web");
  specs["web"].lifecycle.restart = RestartPolicy::always;
  specs["web"].lifecycle.max_restarts = 2;
  FakeWorld w(specs);
  w.life = [](const std::string&, int) { return ends(5ms, 0); };
  w.boot();
  w.settle();
  CHECK(w.state("web") == State::failed);
  CHECK(w.record("web").reason == Reason{ReasonType::exit_code, 0, {}, {}});
  CHECK(w.spawns("web") == 3);
}

TEST_CASE("start of a service in its re-spawn delay ends the delay", "[restart]") {
  FakeWorld w("web");
  w.boot();
  w.settle();
  w.exit("web", 1);
  CHECK(w.state("web") == State::blocked);
  w.start("web");
  w.advance(0ms);
  CHECK(w.state("web") == State::running);
}

TEST_CASE("a oneshot that succeeded satisfies; started once more its dependents stay",
          "[oneshot]") {
  FakeWorld w("job oneshot, web requires job");
  w.life = [](const std::string& name, int) { return name == "job" ? ends(10ms, 0) : Life{}; };
  w.boot();
  w.settle();
  CHECK(w.states() == "job=exited web=running ");
  w.start("job");
  w.settle();
  CHECK(w.states() == "job=exited web=running ");
  CHECK(w.spawns("job") == 2);
  CHECK(w.spawns("web") == 1);
}

TEST_CASE("a service that ends well by itself takes its dependents down, and back with it",
          "[deps]") {
  FakeWorld w("web requires db");
  w.boot();
  w.settle();
  w.exit("db", 0);
  w.settle();
  CHECK(w.states() == "web=blocked db=exited ");
  CHECK(root_of(w, "web") == "db");
  w.start("db");
  w.settle();
  CHECK(w.states() == "web=running db=running ");
}

TEST_CASE("a shutdown stops in order, everything, and nothing starts again", "[shutdown]") {
  FakeWorld w("web requires db, log after web, job oneshot");
  w.life = [](const std::string& name, int) { return name == "job" ? ends(0ms, 0) : Life{}; };
  w.boot();
  w.settle();
  w.shutdown();
  const WhyReport of_web = why(w.world, w.slot("web"), w.now);
  REQUIRE_FALSE(of_web.reasons.empty());
  CHECK(of_web.reasons.front().detail == "stops first, because it comes after web");
  w.settle();
  CHECK(w.faults().empty());
  CHECK(position(w, "web exited") < position(w, "db killed by 15"));
  CHECK(position(w, "log exited") < position(w, "web killed by 15"));
  CHECK(w.states() == "web=exited db=exited log=exited job=inactive ");
}

TEST_CASE(
    "what cannot be killed holds up nobody's stop, and is not started again before it is gone",
    "[stop]") {
  FakeWorld w("web requires db");
  w.life = [](const std::string& name, int) {
    Life life;
    life.unkillable = name == "web";
    return life;
  };
  w.boot();
  w.settle();
  w.stop("db");
  w.settle();
  CHECK(w.states() == "web=failed db=exited ");
  CHECK(w.record("web").reason.type == ReasonType::stop_timeout);
  w.start("web");
  w.settle();
  CHECK(w.spawns("web") == 1);
  w.exit("web", 0);
  w.settle();
  CHECK(w.spawns("web") == 2);
}

TEST_CASE("a missing dependency fails the service and its coming revives it", "[deps]") {
  FakeWorld w("web requires db?");
  w.boot();
  w.settle();
  CHECK(w.record("web").reason == Reason{ReasonType::missing_dependency, 0, "db", {}});
  CHECK(root_of(w, "web") == "db");
  Specs specs("web requires db");
  specs["db"].status = StartStatus::stop;
  w.reload(specs);
  w.settle();
  CHECK(w.states() == "web=running db=running ");
}

TEST_CASE("a late oneshot is stopped and counts as a failure", "[timeouts]") {
  Specs specs("job oneshot");
  specs["job"].lifecycle.start_timeout = 100ms;
  FakeWorld w(specs);
  w.boot();
  w.settle();
  CHECK(w.state("job") == State::failed);
  CHECK(w.record("job").reason.type == ReasonType::start_timeout);
}

TEST_CASE("a condition that does not hold leaves it inactive, and satisfied for its dependents",
          "[condition]") {
  FakeWorld w("web requires maybe");
  w.life = [](const std::string& name, int) {
    Life life;
    if (name == "maybe")
      life.launch = {LaunchOutcome::Kind::unmet, {ReasonType::condition, 0, "path_exists", {}}};
    return life;
  };
  w.boot();
  w.settle();
  CHECK(w.states() == "web=running maybe=inactive ");
  CHECK(w.record("maybe").reason.type == ReasonType::condition);
}

TEST_CASE("another try of what was skipped for a condition leaves its dependents running",
          "[condition]") {
  FakeWorld w("web requires maybe");
  int unmet = 2;
  w.life = [&](const std::string& name, int) {
    Life life;
    if (name == "maybe" && unmet-- > 0)
      life.launch = {LaunchOutcome::Kind::unmet, {ReasonType::condition, 0, "path_exists", {}}};
    return life;
  };
  w.boot();
  w.settle();
  w.start("web");  // it starts the other one again
  w.settle();
  CHECK(unmet == 0);
  CHECK(w.states() == "web=running maybe=inactive ");
  w.start("maybe");
  w.settle();
  CHECK(w.states() == "web=running maybe=running ");
  CHECK(w.spawns("web") == 1);
}

TEST_CASE("why follows a chain of ten to its root", "[why]") {
  std::string text = "s0";
  for (int i = 1; i <= 10; ++i)
    text += ", s" + std::to_string(i) + " requires s" + std::to_string(i - 1);
  Specs specs(text);
  specs["s0"].lifecycle.restart = RestartPolicy::never;
  FakeWorld w(specs);
  w.life = [](const std::string& name, int) { return name == "s0" ? ends(1ms, 7) : Life{}; };
  w.boot();
  w.settle();
  const WhyReport report = why(w.world, w.slot("s10"), w.now);
  REQUIRE(report.reasons.size() == 10);
  CHECK(report.reasons.back().service == "s0");
  for (const WhyReason& reason : report.reasons) CHECK(reason.root_cause == "s0");
  CHECK(why(w.world, w.slot("s0"), w.now).reasons.front().kind == "failed");
}

TEST_CASE("why of what runs as it should gives no reason", "[why]") {
  FakeWorld w("web, job oneshot");
  w.life = [](const std::string& name, int) { return name == "job" ? ends(1ms, 0) : Life{}; };
  w.boot();
  w.settle();
  CHECK(why(w.world, w.slot("web"), w.now).reasons.empty());
  CHECK(why(w.world, w.slot("job"), w.now).reasons.empty());
}

TEST_CASE("isolate starts a target and stops all else of class user", "[request][isolate]") {
  Specs specs("rescue wants shell, shell, web requires db, db, log, agent requires log");
  specs["rescue"].kind = Kind::target;
  for (const char* name : {"rescue", "shell"}) specs[name].status = StartStatus::stop;
  specs["agent"].class_ = ServiceClass::system;
  FakeWorld w(specs);
  w.boot();
  w.settle();
  REQUIRE(w.state("shell") == State::inactive);
  CHECK(w.isolate("rescue") == std::pair<std::string, std::string>("rescue shell ", "web db "));
  w.settle();
  CHECK(w.state("rescue") == State::running);
  CHECK(w.state("shell") == State::running);
  CHECK(w.state("web") == State::exited);
  CHECK(w.state("db") == State::exited);
  CHECK(w.state("agent") == State::running);
  CHECK(w.state("log") == State::running);  // agent requires it
  CHECK(w.spawns("log") == 1);
  CHECK(w.isolate("rescue") == std::pair<std::string, std::string>("", ""));
  w.settle();
  CHECK(w.spawns("shell") == 1);
  CHECK(w.faults().empty());
}

TEST_CASE("what connections start is left to them, unless another service needs it",
          "[request][socket]") {
  Specs specs("web, api, front requires api, ftpd, logd");
  for (const char* name : {"web", "api", "ftpd", "logd"})
    specs[name].socket.edit().listen = {"unix:/run/x"};
  specs["ftpd"].socket.edit().accept = true;
  specs["logd"].socket.edit().on_demand = false;
  FakeWorld w(specs);
  w.boot();
  w.settle();
  CHECK(w.states() == "web=inactive api=running front=running ftpd=running logd=running ");
  CHECK(why(w.world, w.slot("web"), w.now)
            .reasons.at(0)
            .detail.starts_with("waits for a connection to its sockets"));

  const Bulk bulk = request_start_all(w.world);
  CHECK(bulk.done.empty());
  REQUIRE(bulk.skipped.size() == 1);
  CHECK(bulk.skipped[0].slot == w.slot("web"));

  Specs more = specs;
  more["late"].socket.edit().listen = {"unix:/run/y"};
  w.reload(more);
  w.settle();
  CHECK(w.state("late") == State::inactive);
  w.start("web");
  w.settle();
  CHECK(w.state("web") == State::running);
  CHECK(w.faults().empty());
}

TEST_CASE("a service with accept is running without a process, until it is stopped",
          "[request][socket]") {
  Specs specs("ftpd");
  ServiceSpec& spec = specs["ftpd"];
  spec.socket.edit().listen = {"a:21"};
  spec.socket.edit().accept = true;
  spec.oneshot = true;
  spec.pre_exec.edit().resize(1);
  spec.post_exec.edit().resize(1);
  FakeWorld w(specs);
  w.boot();
  w.settle();
  CHECK(w.state("ftpd") == State::running);
  CHECK(w.spawns("ftpd") == 0);
  w.stop("ftpd");
  w.settle();
  CHECK(w.state("ftpd") == State::inactive);
  w.start("ftpd");
  w.settle();
  CHECK(w.state("ftpd") == State::running);
  CHECK(w.spawns("ftpd") == 0);
  CHECK(w.faults().empty());
}

TEST_CASE("a reload that brings accept ends the process, and one that takes it starts one",
          "[request][socket]") {
  Specs plain("ftpd"), accepting("ftpd");
  for (Specs* specs : {&plain, &accepting}) (*specs)["ftpd"].post_exec.edit().resize(1);
  accepting["ftpd"].socket.edit().listen = {"a:21"};
  accepting["ftpd"].socket.edit().accept = true;
  FakeWorld w(plain);
  w.boot();
  w.settle();
  REQUIRE(w.spawns("ftpd") == 1);
  w.reload(accepting);
  w.settle();
  CHECK(w.state("ftpd") == State::running);
  CHECK(w.record("ftpd").process == Process::none);
  CHECK(w.spawns("ftpd") == 1);
  w.reload(plain);
  w.settle();
  CHECK(w.state("ftpd") == State::running);
  CHECK(w.record("ftpd").process == Process::alive);
  CHECK(w.spawns("ftpd") == 2);
  CHECK(w.faults().empty());
}

}  // namespace
}  // namespace zinit::test::model_requests_and_why
