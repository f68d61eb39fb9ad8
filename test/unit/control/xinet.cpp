// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The methods xinet.*, and proxies and sockets in a status and an explanation.
#include "config/keys.hpp"
#include "control/methods.hpp"
#include "support/test.hpp"
#include "unit/control/proxies.hpp"
#include "unit/control/rig.hpp"

namespace zinit::test::control_xinet {
namespace {

void ignored(ServiceSpec& spec) { spec.status = StartStatus::ignore; }
void on_demand(ServiceSpec& spec) { spec.socket.edit().listen = {"udp:localhost:53"}; }

/// The reasons of kind "trigger" that service.why gives.
Texts triggers(TestClient& client, const std::string& name) {
  Texts details;
  const Json why(client.call("service.why", "[\"" + name + "\"]"));
  for (const Json& reason : why["reasons"].elements()) {
    if (reason["kind"] != "trigger") continue;
    CHECK(reason["service"] == name);
    CHECK(reason["root_cause"] == name);
    CHECK(reason["state"] == why["state"].text());
    CHECK(reason["depth"] == 0);
    details.push_back(reason["detail"].text());
  }
  return details;
}

TEST_CASE("each key of [proxy] is a parameter of xinet.set and a setting of the client library",
          "[control][xinet]") {
  const Method* set = nullptr;
  for (const Method& method : xinet_methods())
    if (method.name == "xinet.set") set = &method;
  REQUIRE(set != nullptr);
  std::set<std::string_view> expected{"persist"}, names;
  for (const Key& key : section_keys("proxy")) expected.insert(key.name);
  for (const Param& param : set->params) names.insert(param.name);
  CHECK(names == expected);
  CHECK(set->params[8].name == "persist");  // callers by position know it there
  std::set<std::string_view> settings{"name", "listen", "backend", "service"};
#define ZINIT_OPTION(type, field, name, shape) settings.insert(name);
#include "zinit/objects.inc"
  settings.insert("persist");
  CHECK(settings == expected);
}

TEST_CASE("a status has the proxies of a service, its sockets and where it starts",
          "[threads][control][xinet]") {
  Rig rig({sleeper("db", on_demand), sleeper("web"), sleeper("lone"), sleeper("never", ignored)});
  rig.daemon.proxies_there = two_proxies();
  rig.daemon.proxies_there.push_back(proxy("other", {"tcp:localhost:9"}, "never"));
  rig.daemon.sockets = {{"db", {{"udp:0.0.0.0:53"}, {}}}, {"never", {{"unix:/run/never"}, {}}}};
  TestClient client = rig.client();
  const Json db(client.call("service.status_full", R"(["db"])"));
  CHECK(db["proxies"].dump() == R"(["db-proxy"])");
  CHECK(db["sockets"].dump() == R"(["udp:0.0.0.0:53"])");
  CHECK(db["starts_on"].dump() == R"(["udp:0.0.0.0:53","tcp:localhost:5432","unix:/run/db"])");
  rig.on_loop([&] { rig.daemon.asked_for_proxies = 0; });
  const Json all(client.call("service.list_full", R"([["name","proxies","sockets","starts_on"]])"));
  CHECK(rig.daemons(&FakeDaemon::asked_for_proxies) == 1);
  REQUIRE(all.size() == 4);
  CHECK(all[1].dump() == R"({"name":"lone"})");
  CHECK(all[2].dump() == R"({"name":"never","proxies":["other"],"sockets":["unix:/run/never"]})");
  CHECK(all[3].dump() == R"({"name":"web","proxies":["web-proxy"]})");
  (void)client.call("service.list_full", R"([["name","state"]])");
  CHECK(rig.daemons(&FakeDaemon::asked_for_proxies) == 1);
}

TEST_CASE("why names the connections that start a service which nobody wants",
          "[threads][control][xinet]") {
  Rig rig({sleeper("db", on_demand), sleeper("web"), sleeper("lone"), sleeper("never", ignored),
           failing("bad", 3), oneshot("setup", "exit 0")});
  rig.daemon.proxies_there = two_proxies();
  for (const char* name : {"never", "bad", "setup"})
    rig.daemon.proxies_there.push_back(proxy(name, {"tcp:localhost:9"}, name));
  rig.daemon.sockets = {{"db", {{"unix:/run/x.sock", "udp:localhost:53"}, "no more"}}};
  TestClient client = rig.client();
  const Texts of_db = {
      "a connection to proxy db-proxy at tcp:localhost:5432, unix:/run/db starts it",
      "its proxies stop it after 300 s without a connection",
      "a connection to unix:/run/x.sock, udp:localhost:53 starts it"};
  CHECK(triggers(client, "db") == of_db);
  CHECK(triggers(client, "web") ==
        Texts{"proxy web-proxy at tcp:[::1]:80 would start it, but does not "
              "listen: tcp:[::1]:80: address in use"});
  for (const char* name : {"lone", "never"}) CHECK(triggers(client, name).empty());

  (void)client.call("service.start", R"(["db",true])");
  for (const char* name : {"bad", "setup"})
    (void)client.call("service.start", "[\"" + std::string(name) + "\",true]");
  for (const char* name : {"db", "bad", "setup"}) {
    INFO(name);
    CHECK(triggers(client, name).empty());  // it runs, has failed, or is done
  }
  (void)client.call("service.stop", R"(["db",true])");
  CHECK(triggers(client, "db") == of_db);
}

TEST_CASE("debug.state shows the proxies, and rpc.discover describes the members that one has",
          "[threads][control][xinet]") {
  Rig rig;
  rig.daemon.proxies_there = two_proxies();
  TestClient client = rig.client();
  CHECK(Json(client.call("debug.state"))["proxies"].dump() ==
        R"([{"name":"db-proxy","listen":["tcp:localhost:5432","unix:/run/db"],"running":true,)"
        R"("active_connections":2},)"
        R"({"name":"web-proxy","listen":["tcp:[::1]:80"],"running":false,)"
        R"("active_connections":0}])");
  const Json document(client.call("rpc.discover"));
  const Json proxy(client.call("xinet.status", R"(["db-proxy"])"));
  CHECK(document["components"]["schemas"]["proxy"]["properties"].members_in_order() ==
        proxy.members_in_order());
}

}  // namespace
}  // namespace zinit::test::control_xinet
