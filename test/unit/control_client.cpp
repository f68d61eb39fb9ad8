// Server and client library speak the same language: each typed call reads what the server answers.
#include <catch2/catch.hpp>

#include "support/deadline.hpp"
#include "unit/control_rig.hpp"
#include "zinit/client.hpp"  // last: its public types share names with internal ones

using namespace zinit::test;
using namespace std::chrono_literals;
using zinit::Client;
using zinit::ClientError;
using zinit::ErrorCode;

namespace {

/// The code of the error that `call` throws, 0 without one.
int code_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const ClientError& error) {
    return error.code();
  }
  return 0;
}

}  // namespace

TEST_CASE("the client library reads every answer of the server", "[control][client]") {
  Rig rig({sleeper("db"), sleeper("web", requiring("db")), oneshot("setup", "echo hello; exit 0"),
           failing("bad", 3), sleeper("needy", requiring("bad")), target("all", {"web"})});
  Client client = Client::connect(rig.path());

  CHECK(client.ping().pid == ::getpid());
  CHECK(client.info().mode == "standalone");
  CHECK(client.info().services == 6);
  CHECK(client.list().size() == 6);
  CHECK(client.list_full().size() == 6);

  const auto web = client.start("web", {true, 20000ms});
  CHECK(web.state == "running");
  CHECK(web.pid.value_or(0) > 0);
  CHECK(web.requires_ == std::vector<std::string>{"db"});
  CHECK(client.is_running("web"));
  CHECK(client.status("web").pid == web.pid);
  const auto bad = client.start("bad", {true, {}});
  REQUIRE(bad.reason);
  CHECK(bad.reason->type == "exit_code");
  CHECK(bad.reason->code == 3);
  CHECK(bad.last_exit->code == 3);
  (void)client.start("needy", {true, {}});
  const auto why = client.why("needy");
  REQUIRE_FALSE(why.reasons.empty());
  CHECK(why.reasons[0].root_cause == "bad");
  CHECK(client.start("setup", {true, {}}).summary == "ok");
  CHECK(becomes_true([&] { return !client.logs_get("setup").empty(); }));
  CHECK(client.logs_tail("setup").size() == client.logs_get("setup").size());

  const auto tree = client.tree("web");
  REQUIRE(tree.size() == 2);
  CHECK(tree[1].name == "db");
  CHECK(tree[1].kind == "requires");
  CHECK(tree[1].depth == 1);
  CHECK(client.tree().size() >= 4);
  CHECK(client.reload(true).failed.empty());
  CHECK(client.debug_state().starts_with("{"));
  CHECK(client.wait("web", zinit::WaitFor::running).state == "running");
  client.kill("web", "SIGKILL", true);
  CHECK(client.restart("web", {true, {}}).state == "running");
  CHECK(client.stop("web", {true, {}}).state == "exited");

  CHECK(code_of([&] { (void)client.status("wbe"); }) == ErrorCode::service_not_found);
  CHECK(code_of([&] { client.kill("web"); }) == ErrorCode::not_running);
  CHECK(code_of([&] { client.reboot(); }) == ErrorCode::not_supported);
  CHECK(code_of([&] { (void)client.wait("web", zinit::WaitFor::running, 10ms); }) ==
        ErrorCode::timeout);
}

TEST_CASE("the client library is told of changes of state", "[control][client]") {
  Rig rig({sleeper("web")});
  Client client = Client::connect(rig.path());
  std::vector<std::string> seen;
  const auto number = client.events_subscribe({"web"}, [&](const zinit::v1::StateEvent& event) {
    seen.push_back(event.from + ">" + event.to);
  });
  (void)client.start("web", {true, {}});
  while (seen.size() < 3 && client.dispatch(20000ms)) {}
  CHECK(seen ==
        std::vector<std::string>{"inactive>blocked", "blocked>starting", "starting>running"});
  client.events_unsubscribe(number);
}
