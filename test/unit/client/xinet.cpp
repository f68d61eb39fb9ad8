// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinitctl xinet, and other verbs' reports about proxies and sockets.
#include "support/catch.hpp"
#include "unit/client/zinitctl.hpp"

namespace client_xinet_test {

using namespace zinit;
using namespace zinit::test;
using Catch::Contains;
using Catch::Matchers::StartsWith;

namespace {

std::string proxy_json(const std::string& name, const std::string& more) {
  return R"({"name":")" + name +
         R"(","listen":["tcp:localhost:5432","unix:/run/pg"],"backend":"unix:/run/b",)"
         R"("service":"postgres","total_connections":17,"active_connections":2,)"
         R"("rejected_connections":1,"bytes_to_backend":2048,"bytes_from_backend":5,)"
         R"("connect_timeout":10,)" +
         more + "}";
}

std::string good_proxy() {
  return proxy_json("pg", R"("running":true,"error":null,"idle_timeout":300,)"
                          R"("single_connection":true,"proxy_protocol":2,"file":"/etc/pg.toml")");
}

std::string bad_proxy() {
  return proxy_json("web", R"("running":false,"error":"address in use","idle_timeout":0,)"
                           R"("single_connection":false,"proxy_protocol":0,"file":null)");
}

}  // namespace

TEST_CASE("xinet set sends what was given, wherever it stands", "[client][xinet]") {
  CannedServer server({{"xinet.set", result(R"({"name":"pg","replaced":false})")}});
  const std::string line = GENERATE(
      "xinet set pg --listen tcp:localhost:5432 unix:/run/pg --backend unix:/run/b --service s",
      "xinet set --listen tcp:localhost:5432 unix:/run/pg pg --backend unix:/run/b --service s",
      "xinet set --service s --backend unix:/run/b pg --listen tcp:localhost:5432 unix:/run/pg",
      "xinet set --listen=tcp:localhost:5432 pg --listen unix:/run/pg --backend=unix:/run/b "
      "--service=s",
      "xinet set --service s --listen tcp:localhost:5432 --listen unix:/run/pg --backend "
      "unix:/run/b -- pg");
  const Ran ran = server.run(words_of_line(line));
  CHECK(ran.err.empty());
  CHECK(ran.status == 0);
  CHECK(ran.out == "pg is added, at runtime only\n");
  CHECK(server.requests() ==
        std::vector<std::string>{R"(xinet.set {"name":"pg","listen":["tcp:localhost:5432",)"
                                 R"("unix:/run/pg"],"backend":"unix:/run/b","service":"s"})"});
}

TEST_CASE("xinet set has all the settings of a proxy", "[client][xinet]") {
  CannedServer server({{"xinet.set", result(R"({"name":"postgres-proxy","replaced":true})")}});
  CHECK(server
            .run(words_of_line("xinet set postgres-proxy --listen tcp:localhost:5432 --backend "
                               "unix:/run/postgresql/.s.PGSQL.5432 --service postgres "
                               "--connect-timeout 10 --idle-timeout 300"))
            .out == "postgres-proxy is replaced, at runtime only\n");
  CHECK(server
            .run(words_of_line("--json xinet set a --listen b:1 --backend c:1 --service d "
                               "--single-connection --proxy-protocol 1"))
            .out == "{\"name\":\"postgres-proxy\",\"replaced\":true}\n");
  CHECK(server.requests() ==
        std::vector<std::string>{
            R"(xinet.set {"name":"postgres-proxy","listen":["tcp:localhost:5432"],)"
            R"("backend":"unix:/run/postgresql/.s.PGSQL.5432","service":"postgres",)"
            R"("connect_timeout":10,"idle_timeout":300})",
            R"(xinet.set {"name":"a","listen":["b:1"],"backend":"c:1","service":"d",)"
            R"("single_connection":true,"proxy_protocol":1})"});
}

TEST_CASE("xinet set tells every fault that the server has found", "[client][xinet]") {
  CannedServer server({{"xinet.set", R"("error":{"code":-32005,"message":"wrong","data":)"
                                     R"({"messages":["error: one","error: two"]}})"}});
  const std::vector<std::string> words =
      words_of_line("xinet set pg --listen a:1 --backend b:1 --service s");
  const Ran ran = server.run(words);
  CHECK(ran.status == 1);
  CHECK(ran.err == "zinitctl: xinet set pg: error: one\nzinitctl: xinet set pg: error: two\n");
  CannedServer terse({{"xinet.set", R"("error":{"code":-32005,"message":"wrong"})"}});
  CHECK(terse.run(words).err == "zinitctl: xinet set pg: wrong\n");
  CannedServer closed({{"xinet.set", R"("error":{"code":-32007,"message":"not for you"})"}});
  CHECK(closed.run(words).status == 7);
}

TEST_CASE("xinet delete removes a proxy, and exits 4 where there is none", "[client][xinet]") {
  CannedServer server({{"xinet.delete", result(R"({"ok":true})")}});
  CHECK(server.run({"xinet", "delete", "pg"}).out == "pg is removed\n");
  CHECK(server.requests() == std::vector<std::string>{R"(xinet.delete {"name":"pg"})"});
  const std::string unknown = R"("error":{"code":-32014,"message":"no proxy \"gp\"",)"
                              R"("data":{"name":"proxy_not_found","hint":"did you mean pg?"}})";
  CannedServer without({{"xinet.delete", unknown}, {"xinet.status", unknown}});
  for (const char* verb : {"delete", "status"}) {
    const Ran ran = without.run({"xinet", verb, "gp"});
    CHECK(ran.status == 4);
    CHECK(ran.err ==
          "zinitctl: xinet " + std::string(verb) + " gp: no proxy \"gp\"; did you mean pg?\n");
  }
  CHECK(run({"--socket", "/nonexistent/socket", "xinet", "delete", "pg"}).status == 5);
}

TEST_CASE("xinet list is a table of proxies", "[client][xinet]") {
  CannedServer server({{"xinet.status_all", result("[" + good_proxy() + "," + bad_proxy() + "]")}});
  CHECK(server.run({"xinet", "list"}).out ==
        "NAME  LISTEN                            BACKEND      SERVICE   STATE      CONNECTIONS\n"
        "pg    tcp:localhost:5432, unix:/run/pg  unix:/run/b  postgres  listening            2\n"
        "web   tcp:localhost:5432, unix:/run/pg  unix:/run/b  postgres  failed               2\n");
  CHECK(server.run({"xinet", "list", "--json"}).out ==
        "[" + good_proxy() + "," + bad_proxy() + "]\n");
  CannedServer none({{"xinet.status_all", result("[]")}});
  CHECK(none.run({"xinet", "list"}).out.empty());
}

TEST_CASE("xinet status shows one proxy or all", "[client][xinet]") {
  CannedServer server({{"xinet.status", result(good_proxy())},
                       {"xinet.status_all", result("[" + good_proxy() + "," + bad_proxy() + "]")}});
  const std::string good =
      "pg\n"
      "    state        listening\n"
      "    listen       tcp:localhost:5432, unix:/run/pg\n"
      "    backend      unix:/run/b\n"
      "    service      postgres\n"
      "    connections  2 now, 17 in all, 1 rejected\n"
      "    bytes        2.0 KiB to the backend, 5 B from it\n"
      "    times        connect timeout 10 s, 300 s idle until the service is stopped\n"
      "    options      one connection at a time; PROXY protocol, version 2\n"
      "    file         /etc/pg.toml\n";
  CHECK(server.run({"xinet", "status", "pg"}).out == good);
  CHECK(server.run({"xinet", "status", "pg", "--json"}).out == good_proxy() + "\n");
  CHECK(server.run({"xinet", "status"}).out ==
        good +
            "\n"
            "web\n"
            "    state        failed\n"
            "    why          address in use\n"
            "    listen       tcp:localhost:5432, unix:/run/pg\n"
            "    backend      unix:/run/b\n"
            "    service      postgres\n"
            "    connections  2 now, 17 in all, 1 rejected\n"
            "    bytes        2.0 KiB to the backend, 5 B from it\n"
            "    times        connect timeout 10 s\n"
            "    file         none: set at runtime\n");
}

TEST_CASE("nothing that a proxy has reaches a terminal as it is", "[client][xinet]") {
  const std::string evil = R"(\u001b[2J\u009b\u202e)";
  const std::string proxy = R"({"name":")" + evil + R"(","listen":[")" + evil +
                            R"("],"backend":")" + evil + R"(","service":")" + evil +
                            R"(","error":")" + evil + R"(","file":")" + evil + R"("})";
  CannedServer server({{"xinet.status", result(proxy)},
                       {"xinet.status_all", result("[" + proxy + "]")},
                       {"xinet.set", result(R"({"name":")" + evil + R"("})")}});
  for (const char* line : {"xinet list", "xinet status", "xinet status a",
                           "xinet set a --listen b:1 --backend c:1 --service d"}) {
    INFO(line);
    const Ran ran = server.run(words_of_line(line), kNarrow);
    CHECK_THAT(ran.out, Contains("\\x1b"));
    for (const char* raw : {"\x1b", "\xc2\x9b", "\xe2\x80\xae"})
      CHECK(ran.out.find(raw) == std::string::npos);
  }
}

TEST_CASE("list tells where a connection starts a service that is down", "[client][xinet]") {
  const std::string on = R"("starts_on":["tcp:localhost:5432","unix:/run/x"])";
  const std::string more = on + R"(,"description":"keeps the data")";
  CannedServer server(
      {{"service.list_full",
        result("[" + status_json("a", "inactive", on) + "," + status_json("b", "exited", more) +
               "," + status_json("c", "running", more) + "," +
               status_json("d", "failed", R"("reason":{"type":"exit_code","code":3},)" + more) +
               "," + status_json("e", "inactive", R"("starts_on":[],"description":"odd")") +
               "]")}});
  const std::string out = server.run({"list"}).out;
  const std::string starts = "starts on a connection to tcp:localhost:5432, unix:/run/x\n";
  CHECK_THAT(out, Contains("a     inactive    -       -         0  " + starts));
  CHECK_THAT(out, Contains("b     exited      -       -         0  " + starts));
  CHECK_THAT(out, Contains("c     running     -       -         0  keeps the data\n"));
  CHECK_THAT(out, Contains("d     failed      -       -         0  exit code 3\n"));
  CHECK_THAT(out, Contains("e     inactive    -       -         0  odd\n"));
  REQUIRE(server.requests().size() == 2);  // and the list of masked services
  CHECK_THAT(server.requests()[0], Contains("\"starts_on\""));
}

TEST_CASE("status shows the proxies and the open sockets of a service", "[client][xinet]") {
  CannedServer server(
      {{"service.status_full", result(status_json("pg", "inactive",
                                                  R"("proxies":["front","back"],)"
                                                  R"("sockets":["unix:/run/x","udp:localhost:53"],)"
                                                  R"("starts_on":["unix:/run/x"])"))},
       {"logs.get", result("[]")}});
  const Ran ran = server.run({"status", "pg"});
  CHECK(ran.status == 3);
  CHECK_THAT(ran.out, Contains("    why          starts on a connection to unix:/run/x\n"));
  CHECK_THAT(ran.out, Contains("    proxies      front, back\n"));
  CHECK_THAT(ran.out, Contains("    sockets      unix:/run/x, udp:localhost:53\n"));
}

TEST_CASE("why reports connections beside the reason why a service is down", "[client][xinet]") {
  CannedServer server(
      {{"service.why",
        result(R"({"name":"pg","state":"inactive","reasons":[)"
               R"({"kind":"wish","service":"pg","state":"inactive","detail":"not asked to run",)"
               R"("root_cause":"pg","depth":0},)"
               R"({"kind":"trigger","service":"pg","state":"inactive",)"
               R"("detail":"a connection to unix:/run/x starts it","root_cause":"pg",)"
               R"("depth":0}]})")}});
  const Ran ran = server.run({"why", "pg"});
  CHECK(ran.status == 0);
  CHECK(ran.out ==
        "[-] pg is inactive\n"
        "    not asked to run\n"
        "    a connection to unix:/run/x starts it\n");
}

}  // namespace client_xinet_test
