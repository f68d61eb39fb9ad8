// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The methods that change something or wait, with real processes.
#include "base/format.hpp"
#include "support/test.hpp"
#include "unit/control/rig.hpp"

namespace zinit::test::control_requests {

TEST_CASE("a restart that waits is not answered by the state before it",
          "[threads][control][methods]") {
  Rig rig({sleeper("web")});
  TestClient client = rig.client();
  std::int64_t pid = Json(client.call("service.start", R"(["web",true])"))["pid"].number();
  for (int i = 0; i < 20; ++i) {
    const Json again(client.call("service.restart", R"(["web",true])"));
    CHECK(again["state"] == "running");
    REQUIRE(again["pid"].number() > 0);
    CHECK(again["pid"].number() != pid);
    pid = again["pid"].number();
  }
}

TEST_CASE("a wait that takes too long is answered with the error timeout",
          "[threads][control][methods]") {
  Rig rig({oneshot("slow", "sleep 1000")});
  TestClient client = rig.client();
  const TimePoint before = Clock::now();
  const Json error(client.call("service.start", R"(["slow",true,150])"));
  CHECK(ms_between(before, Clock::now()) >= 150);
  CHECK(error["code"] == -32012);
  CHECK(error["data"]["name"] == "timeout");
  CHECK(error["data"]["service"] == "slow");
  CHECK(error["data"]["state"] == "starting");
  CHECK(client.error_of("service.wait", R"({"name":"slow","for":"stopped","timeout_ms":0})") ==
        -32012);
  CHECK(rig.figures().waiting == 0);
}

TEST_CASE("answers may come in another order than their requests", "[threads][control][methods]") {
  Rig rig({sleeper("web")});
  TestClient client = rig.client();
  client.send(R"({"jsonrpc":"2.0","method":"service.wait","params":["web"],"id":"w"})"
              "\n"
              R"({"jsonrpc":"2.0","method":"service.list","id":"l"})"
              "\n"
              R"({"jsonrpc":"2.0","method":"service.start","params":["web"],"id":"s"})"
              "\n");
  CHECK(client.line().value().ends_with(R"("id":"l"})"));
  // Both look at the service's file on another thread, so either answer may come first.
  std::string started = client.line().value(), waited = client.line().value();
  if (started.ends_with(R"("id":"w"})")) std::swap(started, waited);
  CHECK(started.ends_with(R"("id":"s"})"));
  CHECK(waited.ends_with(R"("id":"w"})"));
  CHECK(waited.find(R"("state":"running")") != std::string::npos);
}

TEST_CASE("a batch that waits is answered as one, when its last answer is there",
          "[threads][control][methods]") {
  Rig rig({sleeper("web")});
  TestClient client = rig.client();
  client.send(R"([{"jsonrpc":"2.0","method":"service.start","params":["web",true],"id":1},)"
              R"({"jsonrpc":"2.0","method":"system.ping"},)"
              R"({"jsonrpc":"2.0","method":"service.wait","params":["web"],"id":2},)"
              R"({"jsonrpc":"2.0","method":"service.is_running","params":["nowhere"],"id":3}])"
              "\n");
  const Json answers(client.line().value());
  REQUIRE(answers.is_array());
  REQUIRE(answers.size() == 3);
  for (const Json& answer : answers.elements()) {
    if (answer["id"] == 3) {
      CHECK(answer["error"]["code"] == -32000);
    } else {
      CHECK(answer["result"]["state"] == "running");
    }
  }
}

TEST_CASE("wait answers once it is so", "[threads][control][methods]") {
  Rig rig({sleeper("web"), failing("bad", 1), oneshot("done", "exit 0")});
  TestClient waiter = rig.client(), actor = rig.client();
  const auto waited = [&](const std::string& name, const std::string& what,
                          const std::string& act) {
    waiter.send(
        fmt::format(R"({{"jsonrpc":"2.0","method":"service.wait","params":["{}","{}"],"id":1}})"
                    "\n",
                    name, what));
    REQUIRE(becomes_true([&] { return rig.figures().waiting == 1; }));
    (void)actor.call(act, fmt::format(R"(["{}"])", name));
    const Json answer(waiter.line().value());
    REQUIRE(answer.has("result"));
    return answer["result"]["state"].text();
  };
  CHECK(waited("web", "running", "service.start") == "running");
  CHECK(waited("web", "stopped", "service.stop") == "exited");
  CHECK(waited("bad", "failed", "service.start") == "failed");
  CHECK(waited("done", "exited", "service.start") == "exited");
  // A oneshot that is done counts as running.
  CHECK(Json(actor.call("service.status", R"(["done"])"))["state"] == "exited");
  CHECK(Json(actor.call("service.wait", R"(["done","running",0])"))["state"] == "exited");
  // It failed, and does not restart: a wait cannot succeed.
  CHECK(actor.error_of("service.wait", R"(["bad","running",0])") == -32009);
}

TEST_CASE("what is set and deleted tells its effects on others, where there are any",
          "[threads][control][methods]") {
  Rig rig({sleeper("web")});
  TestClient client = rig.client();
  const std::string config = R"({"config":{"service":{"name":"set"}}})";
  CHECK(client.call("service.set", config) ==
        R"({"name":"set","created":true,"warnings":["a warning"]})");
  CHECK(client.call("service.delete", R"(["web"])") == R"({"ok":true})");
  rig.daemon.effects.stopped = {"a", "b"};
  const std::string effects = R"("also_started":[],"also_stopped":["a","b"],"also_restarted":[],)"
                              R"("left_stopped":[],"also_blocked":[],"also_failed":[]})";
  CHECK(client.call("service.set", config) ==
        R"({"name":"set","created":true,"warnings":["a warning"],)" + effects);
  CHECK(client.call("service.delete", R"(["web"])") == R"({"ok":true,)" + effects);
}

TEST_CASE("reload is the daemon's, and may take its time", "[threads][control][methods]") {
  Rig rig({sleeper("web")});
  TestClient client = rig.client();
  rig.daemon.on_reload = [](bool dry_run, Daemon::ReloadDone done) {
    ReloadReport report;
    (dry_run ? report.unchanged : report.added) = {"web"};
    done(report);
  };
  CHECK(client.call("service.reload", R"({"dry_run":true})") ==
        R"({"added":[],"changed":[],"removed":[],"unchanged":["web"],"failed":[],)"
        R"("restarted":[],"stopped":[],"waiting":[],"settings":[],"failed_before":[],"why":{},)"
        R"("faults":{},"warnings":[],)"
        R"("proxies":{"added":[],"changed":[],"removed":[],"unchanged":[],"failed":[],)"
        R"("messages":[]}})");

  std::vector<Daemon::ReloadDone> asked;
  rig.daemon.on_reload = [&](bool, Daemon::ReloadDone done) { asked.push_back(std::move(done)); };
  client.send(R"({"jsonrpc":"2.0","method":"service.reload","id":1})"
              "\n");
  REQUIRE(becomes_true([&] { return rig.figures().waiting == 1; }));
  {
    TestClient gone = rig.client();  // a client that does not wait for its answer
    gone.send(R"({"jsonrpc":"2.0","method":"service.reload","id":1})"
              "\n");
    REQUIRE(becomes_true([&] { return rig.figures().waiting == 2; }));
  }
  for (const Daemon::ReloadDone& done : asked) {
    rig.on_loop([&] { done(tl::unexpected(RequestFailure{Refusal::shutting_down, "too late"})); });
  }
  CHECK_THAT(*client.line(), Catch::Contains("too late"));
  CHECK(client.error_of("service.reload", R"({"name":"web"})") == -32013);
}

TEST_CASE("a re-execution is the daemon's, who answers before it or says why there is none",
          "[threads][control][methods]") {
  Rig rig({sleeper("web")});
  TestClient client = rig.client();
  std::vector<bool> asked;
  rig.daemon.on_reexecute = [&](bool update, const Daemon::ReexecuteDone& done) {
    asked.push_back(update);
    done({});
  };
  const std::string ok = R"({"ok":true})";
  CHECK(client.call("system.reexec") == ok);
  CHECK(client.call("system.reexec", R"({"update":true})") == ok);
  CHECK(client.call("system.prepare_restart") == ok);
  rig.on_loop([&] { CHECK(asked == std::vector{false, true, false}); });

  rig.on_loop([&] {
    rig.daemon.on_reexecute = [](bool, const Daemon::ReexecuteDone& done) {
      done(tl::unexpected(RequestFailure{Refusal::process_error, "the self-check has failed"}));
    };
  });
  CHECK_THAT(client.call("system.reexec"), Catch::Contains("the self-check has failed"));
}

TEST_CASE("a wait for a service that a reload takes away ends", "[threads][control][methods]") {
  Rig rig({sleeper("web"), sleeper("db")});
  TestClient waiter = rig.client();
  waiter.send(R"({"jsonrpc":"2.0","method":"service.wait","params":["web"],"id":1})"
              "\n");
  REQUIRE(becomes_true([&] { return rig.figures().waiting == 1; }));
  REQUIRE(rig.board().reload({sleeper("db")}, false));
  const Json answer(waiter.line().value());
  CHECK(answer["error"]["code"] == -32000);
  CHECK(answer["error"]["data"]["service"] == "web");
}

}  // namespace zinit::test::control_requests
