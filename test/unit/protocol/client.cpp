// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Server and client library understand each other: each typed call reads the server's answer.
#include "config/value_text.hpp"
#include "support/test.hpp"
#include "unit/control/proxies.hpp"
#include "unit/control/rig.hpp"

#include "zinit/client.hpp"  // last: its public types share names with internal ones

namespace zinit::test::protocol_client {
namespace {

/// The code of the error that `call` throws, 0 without an error.
int code_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const ClientError& error) {
    return error.code();
  }
  return 0;
}

TEST_CASE("the client library reads every answer of the server", "[threads][control][client]") {
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
  CHECK(web.requires_ == Texts{"db"});
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
  client.debug_settle(20000ms);
  CHECK(client.metrics().ends_with("# EOF\n"));
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

TEST_CASE("the client library hears of changes of state", "[threads][control][client]") {
  Rig rig({sleeper("web")});
  Client client = Client::connect(rig.path());
  Texts seen;
  const auto number = client.events_subscribe({"web"}, [&](const zinit::v1::StateEvent& event) {
    seen.push_back(event.from.text() + ">" + event.to.text());
  });
  (void)client.start("web", {true, {}});
  while (seen.size() < 3 && client.dispatch(20000ms)) {}
  CHECK(seen == Texts{"inactive>blocked", "blocked>starting", "starting>running"});
  client.events_unsubscribe(number);
}

TEST_CASE("the client library sets proxies and reads what they are",
          "[threads][control][client][xinet]") {
  const auto on_demand = [](zinit::ServiceSpec& spec) {
    spec.socket.edit().listen = {"unix:/run/x"};
  };
  Rig rig({sleeper("db", on_demand)});
  Client client = Client::connect(rig.path());
  zinit::ProxyConfig config;
  config.name = "front";
  config.listen = {"tcp:localhost:5432", "unix:/run/front"};
  config.backend = "unix:/run/db";
  config.service = "db";
  CHECK_FALSE(client.set_proxy(config).replaced);
  config.connect_timeout = 10s;
  config.idle_timeout = 300s;
  config.single_connection = false;
  CHECK_FALSE(bool(config.single_connection));
  config.single_connection = true;
  config.proxy_protocol = 1;
  CHECK(client.set_proxy(config, true).name == "front");
  const auto set = rig.daemons(&FakeDaemon::set_proxies);
  REQUIRE(set.size() == 2);
  CHECK_FALSE(set[0].persist);
  CHECK(set[0].config.table.size() == 4);
  CHECK(set[1].persist);
  CHECK(zinit::to_json(set[1].config) ==
        R"({"backend":"unix:/run/db","connect_timeout":10,"idle_timeout":300,)"
        R"("listen":["tcp:localhost:5432","unix:/run/front"],"name":"front","proxy_protocol":1,)"
        R"("service":"db","single_connection":true})");

  rig.on_loop([&] {
    rig.daemon.proxies_there = two_proxies();
    rig.daemon.sockets = {{"db", {{"unix:/run/x"}, {}}}};
  });
  CHECK(client.proxies() == Texts{"db-proxy", "web-proxy"});
  const auto all = client.all_proxies();
  REQUIRE(all.size() == 2);
  CHECK_FALSE(all[1].running);
  CHECK(all[1].error == "tcp:[::1]:80: address in use");
  for (const zinit::ProxyStatus& proxy : {all[0], client.proxy("db-proxy")}) {
    CHECK(proxy.name == "db-proxy");
    CHECK(proxy.listen == Texts{"tcp:localhost:5432", "unix:/run/db"});
    CHECK(proxy.backend == "unix:/run/backend");
    CHECK(proxy.service == "db");
    CHECK(proxy.running);
    CHECK(proxy.error.empty());
    CHECK(proxy.total_connections == 9);
    CHECK(proxy.active_connections == 2);
    CHECK(proxy.rejected_connections == 1);
    CHECK(proxy.bytes_to_backend == 1000);
    CHECK(proxy.bytes_from_backend == 5'000'000'000);
    CHECK(proxy.connect_timeout == 10s);
    CHECK(proxy.idle_timeout == 300s);
    CHECK(proxy.single_connection);
    CHECK(proxy.proxy_protocol == 1);
    CHECK(proxy.file == "/etc/front.toml");
  }
  const auto db = client.status_full("db");
  CHECK(db.proxies == Texts{"db-proxy"});
  CHECK(db.sockets == Texts{"unix:/run/x"});
  CHECK(db.starts_on == Texts{"unix:/run/x", "tcp:localhost:5432", "unix:/run/db"});
  client.delete_proxy("front");
  client.delete_proxy("front", true);
  CHECK(rig.daemons(&FakeDaemon::deleted_proxies) == Texts{"front", "front and its file"});
  CHECK(code_of([&] { (void)client.proxy("frnt"); }) == ErrorCode::proxy_not_found);
}

}  // namespace
}  // namespace zinit::test::protocol_client
