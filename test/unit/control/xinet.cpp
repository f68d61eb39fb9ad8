// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The methods xinet.*, and proxies and sockets in a status and an explanation.
#include "config/keys.hpp"
#include "config/value_text.hpp"
#include "control/methods.hpp"
#include "support/test.hpp"
#include "unit/control/rig.hpp"

namespace zinit::test::control_xinet {
namespace {

ProxyView proxy(const std::string& name, Texts listen, const std::string& service) {
  ProxySpec spec;
  spec.name = name;
  spec.listen = std::move(listen);
  spec.backend = "unix:/run/backend";
  spec.service = service;
  ProxyView view;
  view.spec = std::make_shared<const ProxySpec>(std::move(spec));
  view.running = view.listening = true;
  return view;
}

/// A proxy in front of db, and one in front of web that does not listen.
std::vector<ProxyView> two_proxies() {
  ProxyView good = proxy("db-proxy", {"tcp:localhost:5432", "unix:/run/db"}, "db");
  good.total_connections = 9;
  good.active_connections = 2;
  good.rejected_connections = 1;
  good.bytes_to_backend = 1000;
  good.bytes_from_backend = 5'000'000'000;
  ProxyView bad = proxy("web-proxy", {"tcp:[::1]:80"}, "web");
  bad.running = bad.listening = false;
  bad.error = "tcp:[::1]:80: address in use";
  return {good, bad};
}

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
    CHECK(reason["state"] == why["state"].string());
    CHECK(reason["depth"] == 0);
    details.push_back(reason["detail"].string());
  }
  return details;
}

TEST_CASE("xinet.set passes on what was given, and nothing else", "[threads][control][xinet]") {
  Rig rig;
  rig.daemon.proxies_there = two_proxies();
  TestClient client = rig.client();
  CHECK(client.call("xinet.set",
                    R"({"name":"pg","listen":["tcp:localhost:5432"],"backend":"unix:/run/pg",)"
                    R"("service":"postgres"})") == R"({"name":"pg","replaced":false})");
  const auto set = rig.daemons(&FakeDaemon::set_proxies);
  REQUIRE(set.size() == 1);
  CHECK_FALSE(set[0].persist);
  CHECK(to_json(set[0].config) ==
        R"({"backend":"unix:/run/pg","listen":["tcp:localhost:5432"],"name":"pg",)"
        R"("service":"postgres"})");
}

TEST_CASE("xinet.set takes its parameters by position, by the names of its aliases too",
          "[threads][control][xinet]") {
  Rig rig;
  rig.daemon.proxies_there = two_proxies();
  TestClient client = rig.client();
  const std::string method = GENERATE("xinet.set", "xinet.create", "xinet.register");
  CHECK(client.call(method, R"(["db-proxy",["a:1","unix:/b"],"c:2","db",10,300.0,true,2,true])") ==
        R"({"name":"db-proxy","replaced":true})");
  const auto set = rig.daemons(&FakeDaemon::set_proxies);
  REQUIRE(set.size() == 1);
  CHECK(set[0].persist);
  CHECK(to_json(set[0].config) ==
        R"({"backend":"c:2","connect_timeout":10,"idle_timeout":300,"listen":["a:1","unix:/b"],)"
        R"("name":"db-proxy","proxy_protocol":2,"service":"db","single_connection":true})");
}

TEST_CASE("xinet.set takes whatever the section [proxy] of a file takes",
          "[threads][control][xinet]") {
  Rig rig;
  TestClient client = rig.client();
  (void)client.call("xinet.set", R"({"name":"p","listen":["a:1"],"backend":"c:2","service":"s",)"
                                 R"("connect_timeout":"5min","idle_timeout":null})");
  const auto set = rig.daemons(&FakeDaemon::set_proxies);
  REQUIRE(set.size() == 1);
  CHECK(to_json(set[0].config) ==
        R"({"backend":"c:2","connect_timeout":"5min","listen":["a:1"],"name":"p","service":"s"})");
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

TEST_CASE("wrong parameters of xinet.set never reach the daemon", "[threads][control][xinet]") {
  Rig rig;
  TestClient client = rig.client();
  const auto [params, message] = GENERATE(table<std::string, std::string>({
      {R"({"name":"a","backend":"b:1","service":"s"})", R"("listen" is missing)"},
      {R"({"name":"a","listen":["b:1"],"service":"s"})", R"("backend" is missing)"},
      {R"({"name":"a","listen":["b:1"],"backend":"b:1"})", R"("service" is missing)"},
      {R"(["a","b:1","c:1","s"])", R"("listen" must be an array of strings)"},
      {R"(["a",["b:1"],"c:1","s",-1])",
       R"("connect_timeout" must be an integer from 0 to 9007199254740992, or a text with a unit)"},
      {R"(["a",["b:1"],"c:1","s",true])",
       R"("connect_timeout" must be an integer from 0 to 9007199254740992, or a text with a unit)"},
      {R"(["a",["b:1"],"c:1","s",1,2,"yes"])", R"("single_connection" must be true or false)"},
  }));
  const Json error(client.call("xinet.set", params));
  CHECK(error["code"] == -32602);
  CHECK(error["message"] == "Invalid params: " + message);
  CHECK(rig.daemons(&FakeDaemon::set_proxies).empty());
}

TEST_CASE("text that no file can have is an error in the settings of a proxy",
          "[threads][control][xinet]") {
  Rig rig;
  TestClient client = rig.client();
  const Json error(client.call("xinet.set", R"(["a",["b:1","\udc00:2"],"c:1","s"])"));
  CHECK(error["code"] == -32005);
  CHECK(error["message"] == "the settings are wrong: listen: is not valid Unicode");
  CHECK(error["data"]["name"] == "config_error");
  CHECK(error["data"]["proxy"] == "a");
  CHECK(error["data"]["messages"].text() == R"(["error: listen: is not valid Unicode"])");
  CHECK(rig.daemons(&FakeDaemon::set_proxies).empty());
}

TEST_CASE("a refusal of the daemon is an error about the proxy", "[threads][control][xinet]") {
  Rig rig;
  const auto [refusal, code] = GENERATE(table<Refusal, int>({{Refusal::config_error, -32005},
                                                             {Refusal::file_error, -32008},
                                                             {Refusal::already_exists, -32001},
                                                             {Refusal::shutting_down, -32006}}));
  rig.daemon.proxy_refusal = RequestFailure{refusal, "it is so", {"error: one", "error: two"}};
  TestClient client = rig.client();
  for (const char* call : {"xinet.set", "xinet.delete"}) {
    const bool sets = call == std::string("xinet.set");
    const Json error(client.call(call, sets ? R"(["pg",["b:1"],"c:1","s"])" : R"(["pg"])"));
    CHECK(error["code"] == code);
    CHECK(error["message"] == "it is so");
    CHECK(error["data"]["proxy"] == "pg");
    CHECK(error["data"]["service"].is_null());
    if (refusal == Refusal::config_error)
      CHECK(error["data"]["messages"].text() == R"(["error: one","error: two"])");
  }
}

TEST_CASE("xinet.delete removes a proxy, and so does its alias", "[threads][control][xinet]") {
  Rig rig;
  TestClient client = rig.client();
  CHECK(client.call("xinet.delete", R"({"name":"pg"})") == R"({"ok":true})");
  CHECK(client.call("xinet.unregister", R"(["web"])") == R"({"ok":true})");
  CHECK(rig.daemons(&FakeDaemon::deleted_proxies) == Texts{"pg", "web"});
}

TEST_CASE("a proxy that does not exist is told with the nearest name",
          "[threads][control][xinet]") {
  Rig rig;
  rig.daemon.proxies_there = two_proxies();
  rig.daemon.proxy_refusal = RequestFailure{Refusal::proxy_not_found, "it is not there", {}};
  TestClient client = rig.client();
  for (const char* method : {"xinet.status", "xinet.delete", "xinet.unregister"}) {
    INFO(method);
    const Json error(client.call(method, R"(["db-prxy"])"));
    CHECK(error["code"] == -32014);
    CHECK(error["message"] == "no proxy \"db-prxy\"");
    CHECK(error["data"]["name"] == "proxy_not_found");
    CHECK(error["data"]["proxy"] == "db-prxy");
    CHECK(error["data"]["service"].is_null());
    CHECK(error["data"]["hint"] == "did you mean db-proxy?");
  }
  const Json far(client.call("xinet.status", "[\"" + std::string(100'000, 'x') + "\"]"));
  CHECK(far["data"]["hint"].is_null());
  CHECK(far.text().size() < 1000);
}

TEST_CASE("xinet.list, status and status_all report the proxies", "[threads][control][xinet]") {
  Rig rig;
  TestClient client = rig.client();
  CHECK(client.call("xinet.list") == "[]");
  CHECK(client.call("xinet.status_all") == "[]");
  rig.on_loop([&] { rig.daemon.proxies_there = two_proxies(); });
  CHECK(client.call("xinet.list") == R"(["db-proxy","web-proxy"])");
  const std::string db =
      R"({"name":"db-proxy","listen":["tcp:localhost:5432","unix:/run/db"],)"
      R"("backend":"unix:/run/backend","service":"db","running":true,"error":null,)"
      R"("total_connections":9,"active_connections":2,"rejected_connections":1,)"
      R"("bytes_to_backend":1000,"bytes_from_backend":5000000000,"connect_timeout":30,)"
      R"("idle_timeout":0,"single_connection":false,"proxy_protocol":0,"file":null,"warnings":[]})";
  CHECK(client.call("xinet.status", R"(["db-proxy"])") == db);
  const Json all(client.call("xinet.status_all"));
  REQUIRE(all.size() == 2);
  CHECK(all[0].text() == db);
  CHECK(all[1]["running"] == false);
  CHECK(all[1]["error"] == "tcp:[::1]:80: address in use");
}

TEST_CASE("a status has the proxies of a service, its sockets and where it starts",
          "[threads][control][xinet]") {
  Rig rig({sleeper("db", on_demand), sleeper("web"), sleeper("lone"), sleeper("never", ignored)});
  rig.daemon.proxies_there = two_proxies();
  rig.daemon.proxies_there.push_back(proxy("other", {"tcp:localhost:9"}, "never"));
  rig.daemon.sockets = {{"db", {{"udp:0.0.0.0:53"}, {}}}, {"never", {{"unix:/run/never"}, {}}}};
  TestClient client = rig.client();
  const Json db(client.call("service.status_full", R"(["db"])"));
  CHECK(db["proxies"].text() == R"(["db-proxy"])");
  CHECK(db["sockets"].text() == R"(["udp:0.0.0.0:53"])");
  CHECK(db["starts_on"].text() == R"(["udp:0.0.0.0:53","tcp:localhost:5432","unix:/run/db"])");
  rig.on_loop([&] { rig.daemon.asked_for_proxies = 0; });
  const Json all(client.call("service.list_full", R"([["name","proxies","sockets","starts_on"]])"));
  CHECK(rig.daemons(&FakeDaemon::asked_for_proxies) == 1);
  REQUIRE(all.size() == 4);
  CHECK(all[1].text() == R"({"name":"lone"})");
  CHECK(all[2].text() == R"({"name":"never","proxies":["other"],"sockets":["unix:/run/never"]})");
  CHECK(all[3].text() == R"({"name":"web","proxies":["web-proxy"]})");
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

TEST_CASE("debug.state shows the proxies", "[threads][control][xinet]") {
  Rig rig;
  rig.daemon.proxies_there = two_proxies();
  TestClient client = rig.client();
  CHECK(Json(client.call("debug.state"))["proxies"].text() ==
        R"([{"name":"db-proxy","listen":["tcp:localhost:5432","unix:/run/db"],"running":true,)"
        R"("active_connections":2},)"
        R"({"name":"web-proxy","listen":["tcp:[::1]:80"],"running":false,)"
        R"("active_connections":0}])");
}

TEST_CASE("rpc.discover describes a proxy with the members that it has",
          "[threads][control][xinet]") {
  Rig rig;
  rig.daemon.proxies_there = two_proxies();
  TestClient client = rig.client();
  const Json document(client.call("rpc.discover"));
  const Json proxy(client.call("xinet.status", R"(["db-proxy"])"));
  CHECK(document["components"]["schemas"]["proxy"]["properties"].member_names() ==
        proxy.member_names());
}

}  // namespace
}  // namespace zinit::test::control_xinet
