// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Setting, replacing, removing and loading proxies (control.md, "Proxies"; zinit.toml(5)).
#include "scenario/harness/dialog.hpp"
#include "scenario/harness/listening.hpp"
#include "scenario/harness/proxies.hpp"

namespace zinit::test::activation_xinet_set {
namespace {

/// Sets a proxy that zinit refuses, and returns the error. The old proxy still works.
Json refused(Server& zinit, const std::string& params, const std::string& front) {
  const Json error = zinit.error("xinet.set", params);
  Client client(front);
  CHECK(client.echo("still here") == "still here");
  return error;
}

/// The text of all parts of the error.
std::string words_of(const Json& error) { return error.dump(); }

/// A server with the service `s` and the proxy `p` in front of it, set at runtime.
class SetUp {
 public:
  SetUp() {
    zinit.file("s.toml", peers({"trace", "start s", "at", back, "echo"}));
    boot_open(zinit);
    zinit.result("xinet.set", proxy_params("p", front, back, "s"));
  }
  Server zinit;
  const std::string front = free_address(), back = free_address();
};

/// Leaves the file of a unix socket that no process listens on.
void leave_stale_socket(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(fd, 1) == 0);
  ::close(fd);
  REQUIRE(::access(path.c_str(), F_OK) == 0);
}

TEST_CASE("proxies at the prompt", "[check][xinet][reload][reexec][ctl]") {
  CHECK_DIALOGS("xinet");
}

TEST_CASE("a proxy that is replaced keeps its connections, and new ones follow the new settings",
          "[xinet]") {
  SetUp set;
  Client old(set.front);
  CHECK(old.echo("old") == "old");
  const std::string back = free_address(), front = free_address();
  set.zinit.file("t.toml", peers({"at", back, "pid"}));
  (void)set.zinit.reload();
  const Json replaced = set.zinit.result(
      "xinet.set", R"({"name":"p","listen":[")" + set.front + R"(",")" + front +
                       R"("],"backend":")" + back + R"(","service":"t","persist":false})");
  CHECK(replaced["replaced"] == true);
  CHECK(old.echo("goes on") == "goes on");
  for (const std::string& address : {set.front, front}) check_answers(set.zinit, address, "t");
  CHECK(old.echo("still") == "still");
  // Without its first address it no longer listens there, and the connection still goes on.
  set.zinit.result("xinet.set", proxy_params("p", front, back, "t"));
  CHECK_FALSE(Client::possible(set.front));
  CHECK(old.echo("and on") == "and on");
  set.zinit.result("xinet.delete", named("p"));
  CHECK_FALSE(Client::possible(front));
  CHECK(old.echo("to the end") == "to the end");
  old.finish();
  CHECK(old.read_all() == "");
  // A connection that is held follows the new settings, too.
  set.zinit.file("never.toml", peers({"after", set.zinit.path("never")}));
  (void)set.zinit.reload();
  set.zinit.result("xinet.set", proxy_params("q", front, free_address(), "never"));
  Client client(front);
  REQUIRE(client.send("hello"));
  await_count(set.zinit, "q", "active_connections", 1);
  set.zinit.result("xinet.set", proxy_params("q", front, set.back, "s"));
  CHECK(client.read(5) == "hello");
}

TEST_CASE("a proxy that cannot be had is refused, and the old one serves on", "[xinet]") {
  SetUp set;
  Server& zinit = set.zinit;
  const std::string& front = set.front;
  const std::string free = free_address(), plain = zinit.path("plain");
  zinit.put("plain", "text");
  Listening other;
  const std::string taken = "127.0.0.1:" + other.port();
  const auto of_p = [&](const std::string& listen, const std::string& more = "") {
    return proxy_params("p", listen, set.back, "s", more);
  };
  const auto before = [&](const std::string& backend) {
    return proxy_params("p", front, backend, "s");
  };
  struct Row {
    std::string params;
    int code;
    Texts says;
  };
  const Row rows[] = {
      {of_p(taken), -32005, {taken, "in use"}},
      // A free address beside one that is taken.
      {R"({"name":"p","listen":[")" + free + R"(",")" + taken + R"("],"backend":")" + set.back +
           R"(","service":"s","persist":false})",
       -32005,
       {taken}},
      {proxy_params("q", front, set.back, "s"), -32005, {front, "proxy p"}},
      {of_p("nowhere"), -32005, {"nowhere"}},
      {of_p("192.0.2.1:80"), -32005, {"192.0.2.1"}},
      {of_p("no-such-host.invalid:80"), -32005, {"no-such-host.invalid"}},
      {of_p("unix:" + plain), -32005, {plain}},
      {before("no-such-host.invalid:80"), -32005, {"no-such-host.invalid"}},
      {before("unix:" + plain), -32005, {plain, "no socket"}},
      {proxy_params("p", front, set.back, "nobody"), -32000, {"nobody"}},
      {of_p(front, R"("proxy_protocol":3)"), -32005, {}},
      {of_p(front, R"("idle_timeout":"x")"), -32005, {}},
      {proxy_params("-p", free, set.back, "s"), -32005, {}},
  };
  for (const Row& row : rows) {
    INFO(row.params);
    const Json error = refused(zinit, row.params, front);
    CHECK(error["code"] == row.code);
    for (const std::string& part : row.says) CHECK_THAT(words_of(error), Contains(part));
    CHECK_FALSE(Client::possible(free));
    CHECK(zinit.result("xinet.list").texts() == Texts{"p"});
    CHECK(proxy_status(zinit, "p")["backend"] == set.back);
    CHECK(proxy_status(zinit, "p")["listen"].texts() == Texts{front});
    CHECK(entries_of(zinit.config()) == Texts{"s.toml"});
  }
  CHECK(read_file(plain) == "text");
  for (const char* method : {"xinet.status", "xinet.delete"}) {
    const Json unknown = zinit.error(method, named("nowhere"));
    CHECK(unknown["code"] == -32014);
    CHECK_THAT(words_of(unknown), Contains("nowhere"));
  }
}

TEST_CASE("a stale unix socket is replaced, and a live one never", "[check][xinet]") {
  SetUp set;
  const std::string stale = set.zinit.path("stale"), live = set.zinit.path("live");
  leave_stale_socket(stale);
  set.zinit.result("xinet.set", proxy_params("q", "unix:" + stale, set.back, "s"));
  CHECK(Client("unix:" + stale).echo("hello") == "hello");

  set.zinit.file("other.toml", "[service]\nexec = [" +
                                   peer({"at", "unix:" + live, "trace", "listens", "pid"}) + "]\n");
  (void)set.zinit.reload();
  set.zinit.await_trace("listens");
  const Json error = set.zinit.error("xinet.set", proxy_params("r", "unix:" + live, set.back, "s"));
  const std::string holder = std::to_string(set.zinit.pid_of("other"));
  CHECK_THAT(words_of(error), Contains(live + ": it is already in use by process " + holder));
  check_answers(set.zinit, "unix:" + live, "other");
  set.zinit.result("xinet.delete", named("q"));
  CHECK(::access(stale.c_str(), F_OK) != 0);
}

TEST_CASE("a reload follows the files of proxies", "[xinet][reload]") {
  Server zinit;
  const Proxied proxied(zinit, {"echo"});
  const std::string front = free_address(), back = free_address();
  zinit.file("t.toml", peers({"at", back, "pid"}));
  boot_open(zinit);
  Client old(proxied.front);
  CHECK(old.echo("old") == "old");

  // A new backend at the same address.
  zinit.file("p.toml", proxy_text(proxied.front, back, "t"));
  (void)zinit.reload();
  check_answers(zinit, proxied.front, "t");
  CHECK(old.echo("goes on") == "goes on");

  // A file that is now wrong.
  for (const std::string& wrong :
       {"[proxy]\nlisten = 3\n"s, "[proxy]\nlisten = [\n"s, "[proxy\n"s, "[proxy]\nlisten =\n"s,
        ""s, "\xff"s, proxy_text(proxied.front, back, "t", "idle_timeout = 'x'")}) {
    INFO(wrong);
    zinit.file("p.toml", wrong);
    (void)zinit.reload();
    CHECK(zinit.result("xinet.list").texts() == Texts{"p"});
    check_answers(zinit, proxied.front, "t");
    CHECK(old.echo("still") == "still");
  }

  // Another proxy takes its address, and it gets a new one.
  zinit.file("p.toml", proxy_text(front, back, "t"));
  zinit.file("q.toml", proxy_text(proxied.front, proxied.back, "s"));
  (void)zinit.reload();
  check_answers(zinit, front, "t");
  CHECK(Client(proxied.front).echo("by q") == "by q");
  CHECK(old.echo("still") == "still");

  // The two proxies exchange their addresses.
  zinit.file("p.toml", proxy_text(proxied.front, back, "t"));
  zinit.file("q.toml", proxy_text(front, proxied.back, "s"));
  (void)zinit.reload();
  check_answers(zinit, proxied.front, "t");
  CHECK(Client(front).echo("by q") == "by q");

  zinit.remove("p");
  (void)zinit.reload();
  CHECK_FALSE(Client::possible(proxied.front));
  CHECK(zinit.result("xinet.list").texts() == Texts{"q"});
  CHECK(old.echo("to the end") == "to the end");
}

TEST_CASE("no client is refused while a reload moves an address from one proxy to another",
          "[threads][xinet][reload]") {
  Server zinit;
  const Proxied proxied(zinit, {"echo"});
  boot_open(zinit);
  CHECK(Client(proxied.front).echo("warm") == "warm");
  std::atomic<bool> enough = false;
  std::atomic<int> refused = 0, served = 0;
  std::thread clients([&] {
    while (!enough) Client::possible(proxied.front) ? ++served : ++refused;
  });
  for (int i = 0; i < 10; ++i) {
    zinit.remove(i % 2 == 0 ? "p" : "q");
    zinit.file(i % 2 == 0 ? "q.toml" : "p.toml", proxy_text(proxied.front, proxied.back, "s"));
    (void)zinit.reload();
    // Clients come between all moves, also if their thread gets no processor for a while.
    CHECK(eventually([&, before = served.load()] { return served > before || refused > 0; }));
  }
  enough = true;
  clients.join();
  CHECK(refused == 0);
}

TEST_CASE("a proxy may be set to listen where its own old address is in the way", "[xinet]") {
  SetUp set;
  const std::string port = set.front.substr(set.front.rfind(':'));
  Client held(set.front);
  CHECK(held.echo("before") == "before");
  for (const std::string& listen : {"0.0.0.0" + port, "127.0.0.1" + port, "0.0.0.0" + port}) {
    set.zinit.result("xinet.set", proxy_params("p", listen, set.back, "s"));
    CHECK(Client(set.front).echo("hello") == "hello");
  }
  CHECK(held.echo("after") == "after");
}

TEST_CASE("clients that connected to an address that is given up are served", "[check][xinet]") {
  Server zinit;
  const std::string front = free_address(), back = free_address();
  zinit.file("s.toml", peers({"at", back, "echo"}));
  zinit.file("p.toml", proxy_text(front, back, "s"));
  boot_open(zinit);
  for (int i = 0; i < 10; ++i) {
    const std::string now = zinit.result("xinet.status", named("p"))["listen"].texts().front();
    std::vector<Client> clients;
    zinit.hold();
    Connection connection = zinit.connect();
    REQUIRE(connection.begin("xinet.set", proxy_params("p", free_address(), back, "s")));
    for (int client = 0; client < 20; ++client) {
      clients.emplace_back(now);
      REQUIRE(clients.back().send("hello"));
    }
    zinit.go_on();
    for (Client& client : clients) CHECK(client.read(5) == "hello");
    REQUIRE(connection.line());
  }
}

}  // namespace
}  // namespace zinit::test::activation_xinet_set
