// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Sockets of services and proxies while their addresses change, or while clients misuse them.
#include "scenario/harness.hpp"
#include "scenario/harness/listening.hpp"
#include "scenario/harness/peer.hpp"
#include "scenario/harness/proxies.hpp"

namespace zinit::test::activation_activation_changes {
namespace {

/// A service that is started at boot, with its sockets.
std::string booted(const std::string& words, const std::string& listen) {
  return "[service]\nexec = [" + words + "]\n[socket]\nlisten = ['" + listen +
         "']\non_demand = false\n";
}

/// Whether the other side, and not this one, has ended a connection to the port of `address`.
bool ended_there(const std::string& address) {
  char port[16];
  std::snprintf(port, sizeof port, ":%04X 08", std::stoi(address.substr(address.rfind(':') + 1)));
  return read_file("/proc/net/tcp").find(port) != std::string::npos;
}

std::string set_service(const std::string& name, const std::string& listen) {
  std::string words = peer({"passed", "echo"});
  std::replace(words.begin(), words.end(), '\'', '"');
  return R"({"jsonrpc":"2.0","id":1,"method":"service.set","params":{"persist":false,"config":)"
         R"({"service":{"name":")" +
         name + R"(","exec":[)" + words + R"(]},"socket":{"on_demand":false,"listen":[")" + listen +
         R"("]}}}})";
}

TEST_CASE("services that are set in one breath keep the sockets that their processes have",
          "[sockets]") {
  Server zinit;
  zinit.boot();
  Connection connection = zinit.connect();
  std::string requests;
  Texts addresses;
  for (int i = 0; i < 6; ++i) {
    const std::string name = "s" + std::to_string(i);
    addresses.push_back("unix:" + zinit.path(name));
    requests += set_service(name, addresses.back()) + "\n";
  }
  REQUIRE(connection.send(requests));
  for (int i = 0; i < 6; ++i)
    CHECK_THAT(connection.line().value_or(""), Contains("\"result\"") && !Contains("error"));
  for (const std::string& address : addresses) {
    INFO(address);
    CHECK(Client(address).echo("hello") == "hello");
  }
}

TEST_CASE("two services swap their addresses in a reload", "[sockets][reload]") {
  Server zinit;
  const std::string one = free_address(), other = free_address();
  const std::string words = peer({"passed", "pid"});
  for (int i = 0; i < 3; ++i) {
    INFO(i);
    const bool swapped = i % 2 == 1;
    zinit.file("a.toml", booted(words, swapped ? other : one));
    zinit.file("b.toml", booted(words, swapped ? one : other));
    i == 0 ? boot_open(zinit, {"a", "b"}) : (void)zinit.reload();
    for (const char* name : {"a", "b"}) {
      INFO(name);
      REQUIRE(eventually([&] { return zinit.state(name) == "running"; }));
    }
    check_answers(zinit, swapped ? other : one, "a");
    check_answers(zinit, swapped ? one : other, "b");
  }
}

TEST_CASE("a service that has failed for its sockets is started when they can be had",
          "[sockets]") {
  Server zinit;
  Listening holder;
  const std::string at = "127.0.0.1:" + holder.port();
  zinit.file("s.toml", booted(peer({"passed", "pid"}), at));
  zinit.boot();
  zinit.await_message("in use");
  REQUIRE(eventually([&] { return zinit.state("s") == "failed"; }));
  holder.end();
  CHECK(eventually([&] { return zinit.state("s") == "running"; }));
  check_answers(zinit, at, "s");
}

TEST_CASE("each process finds its sockets as the first did, and open if the last one shut them",
          "[sockets]") {
  Server zinit;
  const std::string at = free_address();
  zinit.file("s.toml", booted(peer({"passed", "careless", "pid"}), at));
  const std::string shut = free_address(), path = "unix:" + zinit.path("sock");
  zinit.file("a.toml", "[service]\nexec = [" + peer({"passed", "shut"}) +
                           "]\n[socket]\nlisten = ['" + shut + "', '" + path +
                           "']\n[lifecycle]\nrestart = 'never'\n");
  boot_open(zinit, {"s"});
  zinit.await_trace("fds 1 s", 1);
  check_answers(zinit, at, "s");
  (void)zinit.restart("s");
  zinit.await_trace("fds 1 s", 2);
  check_answers(zinit, at, "s");
  for (const std::string& line : zinit.trace())
    CHECK(line.find("no blocking") == std::string::npos);

  for (const std::string& address : {shut, path}) {
    INFO(address);
    (void)zinit.start("a");
    CHECK(eventually([&] { return zinit.state("a") == "exited" || zinit.state("a") == "failed"; }));
    CHECK(eventually([&] { return Client::possible(address); }));
  }
}

TEST_CASE("sockets that are not open yet are not taken for those of before over a re-execution",
          "[check][sockets][reload][reexec]") {
  Server zinit;
  const std::string before = free_address(), after = free_address();
  const std::string service = "[service]\nexec = [" + peer({"passed", "pid"}) + "]\n[socket]\n";
  zinit.file("s.toml", service + "listen = ['" + before + "']\n");
  boot_open(zinit);
  zinit.file("s.toml", service + "listen = ['" + after + "']\nuser = 'nobody-of-that-name'\n");
  (void)zinit.reload();
  zinit.reexecute();
  zinit.file("s.toml", service + "listen = ['" + after + "']\n");
  (void)zinit.reload();
  CHECK(eventually([&] { return Client::possible(after); }));
  check_answers(zinit, after, "s");
  CHECK(!Client::possible(before));
}

TEST_CASE("a proxy that leads to itself takes no connection", "[check][xinet]") {
  Server zinit;
  const std::string port = free_port(), one = free_address(), other = free_address();
  zinit.file("s.toml", peers({"silent"}));
  zinit.file("itself.toml", proxy_text("0.0.0.0:" + port, "127.0.0.1:" + port, "s"));
  zinit.file("there.toml", proxy_text(one, other, "s"));
  zinit.file("back.toml", proxy_text(other, one, "s"));
  boot_open(zinit);
  for (const std::string& address : {"127.0.0.1:" + port, one}) {
    INFO(address);
    CHECK(Client(address).is_reset());
  }
  for (const char* name : {"itself", "there", "back"}) {
    INFO(name);
    await_count(zinit, name, "active_connections", 0);
    CHECK(proxy_status(zinit, name)["total_connections"].number() < 5);
  }
  zinit.await_message("its backend leads back to the proxy itself");
}

TEST_CASE("proxies one before the other lead to the last one's service", "[xinet]") {
  Server zinit;
  const Proxied proxied(zinit, {"echo"});
  const std::string first = free_address();
  zinit.file("q.toml", proxy_text(first, proxied.front, "s"));
  boot_open(zinit);
  for (int i = 0; i < 3; ++i) CHECK(Client(first).echo("hello") == "hello");
}

TEST_CASE("a proxy whose new address is in use gets it when it is free, in whichever image",
          "[xinet][reload][reexec]") {
  Server zinit;
  const Proxied proxied(zinit, {"echo"});
  boot_open(zinit);
  Listening holder;
  const std::string wanted = "127.0.0.1:" + holder.port();
  zinit.file("p.toml", proxy_text(wanted, proxied.back, "s"));
  const auto told = zinit.ctl({"reload"});
  CHECK(told.code == 1);
  CHECK_THAT(told.out, Contains("failed") && Contains("p: cannot listen on " + wanted));
  CHECK_THAT(told.err, Contains("1 file is not in force"));
  CHECK(Client(proxied.front).echo("hello") == "hello");
  zinit.reexecute();
  const Json kept = proxy_status(zinit, "p");
  CHECK(kept["running"] == false);
  CHECK_THAT(kept["error"].text(), Contains("in use"));
  CHECK(Client(proxied.front).echo("hello") == "hello");
  (void)zinit.stop("s");
  CHECK_THAT(zinit.ctl({"why", "s"}).out, Contains("its file is not in force"));
  holder.end();
  CHECK(eventually([&] { return proxy_status(zinit, "p")["running"] == true; }));
  CHECK(Client(wanted).echo("hello") == "hello");
  CHECK(!Client::possible(proxied.front));
}

TEST_CASE("a proxy may be deleted, and set again after another, in one breath", "[check][xinet]") {
  Server zinit;
  const Proxied proxied(zinit, {"echo"});
  const std::string path = "unix:" + zinit.path("front");
  zinit.file("p.toml", proxy_text(path, proxied.back, "s"));
  boot_open(zinit);
  const auto set = [&](const std::string& name, const std::string& listen) {
    return R"({"jsonrpc":"2.0","id":1,"method":"xinet.set","params":)" +
           proxy_params(name, listen, proxied.back, "s") + "}\n";
  };
  for (int i = 0; i < 5; ++i) {
    Connection connection = zinit.connect();
    REQUIRE(
        connection.send(R"({"jsonrpc":"2.0","id":1,"method":"xinet.delete","params":{"name":"p"}})"
                        "\n" +
                        set("q", free_address()) + set("p", path)));
    for (int answer = 0; answer < 3; ++answer)
      CHECK_THAT(connection.line().value_or(""), Contains("\"result\"") && !Contains("error"));
    CHECK(Client(path).echo("hello") == "hello");
  }
}

TEST_CASE("what a backend has sent before its end is delivered, though its service ends then",
          "[xinet]") {
  Server zinit;
  constexpr std::size_t bytes = 4'000'000;
  const Proxied proxied(zinit, {"give", std::to_string(bytes)});
  boot_open(zinit);
  Client client(proxied.front);
  const std::string start = client.read(10);
  REQUIRE(eventually([&] { return ended_there(proxied.back); }));
  zinit.kill("s");
  const std::string rest = client.read_all();
  CHECK(start.size() + rest.size() == bytes);
}

TEST_CASE("the status of a proxy and of a service tell what is wrong with their addresses",
          "[xinet][sockets][ctl]") {
  Server zinit;
  Listening holder;
  const std::string taken = "127.0.0.1:" + holder.port(), free = free_address();
  zinit.file("p.toml", proxy_text(free, free_address(), "s", "conect_timeout = 3"));
  zinit.file("q.toml", proxy_text(free_address(), "nowhere", "s"));
  zinit.file("s.toml", "[service]\nexec = [" + peer({"passed", "echo"}) +
                           "]\n[socket]\nlisten = ['" + free_address() + "', '" + taken + "']\n");
  zinit.boot();
  CHECK_THAT(zinit.ctl({"xinet", "status", "p"}).out,
             Contains("listening") && Contains("warning") && Contains("conect_timeout"));
  CHECK_THAT(zinit.ctl({"xinet", "status", "q"}).out,
             Contains("failed") && Contains("q.toml:3") && Contains("proxy.backend"));
  CHECK(eventually([&] {
    const std::string said = zinit.ctl({"status", "s"}).out;
    return said.find("are not all open") != std::string::npos &&
           said.find(taken) != std::string::npos;
  }));
}

}  // namespace
}  // namespace zinit::test::activation_activation_changes
