// libzinit against the real server: what it makes of the answers (control.md, "Library").
#include <zinit/client.hpp>

#include "scenario/harness.hpp"

using namespace zinit::test;
using zinit::Client;
using zinit::ClientError;
using zinit::ErrorCode;
using zinit::WaitFor;

TEST_CASE("libzinit starts, looks, explains and stops", "[quick][library]") {
  Server zinit;
  zinit.add("db", {.exec = "[ -e $D/mended ] && exec sleep 100000; echo sad; exit 4",
                   .lifecycle = "restart = 'never'"});
  zinit.add("web", {.dependencies = "requires = ['db']"});
  zinit.boot();
  Client client = Client::connect(zinit.socket());
  CHECK(client.ping().pid == zinit.pid());
  CHECK(client.info().mode == "standalone");
  CHECK(client.list() == std::vector<std::string>{"db", "web"});
  CHECK(client.wait("web", WaitFor::failed).reason->type == "dependency_failed");
  const auto why = client.why("web");
  REQUIRE_FALSE(why.reasons.empty());
  CHECK(why.reasons.front().root_cause == "db");
  CHECK(client.status_full("db").last_exit->code == 4);
  CHECK(client.tree("web").size() == 2);
  REQUIRE(eventually([&] { return client.logs_tail("db") == std::vector<std::string>{"sad"}; }));

  zinit.mark("mended");
  CHECK(client.start("web", {.settled = true, .limit = {}}).state == "running");
  CHECK(client.is_running("db"));
  CHECK(client.stop("db", {.settled = true, .limit = {}}).state == "exited");
  CHECK_FALSE(client.is_running("web"));
}

TEST_CASE("libzinit throws the server's error with its code and data", "[quick][library]") {
  Server zinit;
  zinit.add("database");
  zinit.boot();
  Client client = Client::connect(zinit.socket());
  try {
    client.status_full("databse");
    FAIL("no error");
  } catch (const ClientError& error) {
    CHECK(error.code() == ErrorCode::service_not_found);
    CHECK_THAT(error.data(), Catch::Contains("database"));
  }
  CHECK_THROWS_AS(client.kill("database", "SIGNONE"), ClientError);
  CHECK(client.ping().pid == zinit.pid());
}

TEST_CASE("libzinit hears of changes", "[quick][library]") {
  Server zinit;
  zinit.add("a", {.service = "status = 'stop'"});
  zinit.boot();
  Client client = Client::connect(zinit.socket());
  std::vector<std::string> states;
  client.events_subscribe({"a"},
                          [&](const zinit::StateEvent& event) { states.push_back(event.to); });
  client.start("a", {.settled = true, .limit = {}});
  while (states.size() < 3 && client.dispatch(kPatience)) {}
  CHECK(states == std::vector<std::string>{"blocked", "starting", "running"});
}

TEST_CASE("libzinit tells that the server has gone", "[quick][library]") {
  Server zinit;
  zinit.boot();
  Client client = Client::connect(zinit.socket());
  CHECK(zinit.shut_down() == 0);
  CHECK_THROWS_AS(client.ping(), ClientError);
  try {
    (void)Client::connect(zinit.socket());
    FAIL("no error");
  } catch (const ClientError& error) {
    CHECK(error.code() == ErrorCode::no_server);
  }
}
