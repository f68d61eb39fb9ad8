// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Proxies (control.md, "Proxies"): a connection starts the service, and zinit passes its bytes on.
#include "scenario/harness.hpp"
#include "scenario/harness/peer.hpp"
#include "scenario/harness/proxies.hpp"
#include "support/dns_server.hpp"

namespace zinit::test::activation_xinet {

TEST_CASE("addresses of all kinds are proxied to backends of all kinds", "[check][xinet]") {
  Server zinit;
  // The client's address, and the settings of the proxy and its service.
  struct Form {
    std::string name, listen, client;
  };
  const auto forms = [&](const std::string& side) {
    std::vector<Form> all;
    const std::string tcp = free_address(), prefixed = free_address(), named = free_port();
    all.push_back({"tcp", tcp, tcp});
    all.push_back({"prefixed", "tcp:" + prefixed, prefixed});
    const std::string path = "unix:" + zinit.path(side);
    all.push_back({"unix", path, path});
    all.push_back({"name", "localhost:" + named, "127.0.0.1:" + named});
    if (has_ipv6()) {
      const std::string six = "[::1]:" + free_port();
      all.push_back({"v6", six, six});
    }
    return all;
  };
  std::vector<std::pair<std::string, std::string>> all;
  for (std::size_t at = 0; at < forms("").size(); ++at) {
    for (std::size_t to = 0; to < forms("").size(); ++to) {
      const std::string number = std::to_string(at) + std::to_string(to);
      const Form front = forms("front" + number)[at];
      const Form back = forms("back" + number)[to];
      const std::string name = front.name + "-" + back.name;
      zinit.file(name + ".toml", peers({"at", back.client, "echo"}));
      zinit.file(name + ".proxy.toml", "[proxy]\nname = '" + name + "'\nlisten = ['" +
                                           front.listen + "']\nbackend = '" + back.listen +
                                           "'\nservice = '" + name + "'\n");
      all.emplace_back(name, front.client);
    }
  }
  boot_open(zinit);
  for (const auto& [name, address] : all) {
    INFO(name);
    Client client(address);
    CHECK(client.echo(name) == name);
    client.finish();
    CHECK(client.read_all() == "");
    CHECK(zinit.state(name) == "running");
  }
}

TEST_CASE("a connection whose backend does not come is reset after connect_timeout, and counted",
          "[xinet]") {
  Server zinit;
  const Proxied proxied(zinit, {"echo"}, "connect_timeout = 1",
                        {"trace", "before", "after", zinit.path("listen")});
  const std::string front = free_address(), back = free_address();
  zinit.file("i.toml",
             "[service]\nexec = [" + peer({"at", back, "echo"}) + "]\nstatus = 'ignore'\n");
  zinit.file("q.toml", proxy_text(front, back, "i", "connect_timeout = 1"));
  boot_open(zinit);
  const auto begin = std::chrono::steady_clock::now();
  Client client(proxied.front), ignored(front);
  CHECK(client.is_reset());
  CHECK(std::chrono::steady_clock::now() - begin >= 900ms);
  CHECK(ignored.is_reset());
  for (const char* name : {"p", "q"}) {
    await_count(zinit, name, "rejected_connections", 1);
    await_count(zinit, name, "active_connections", 0);
    CHECK(proxy_status(zinit, name)["total_connections"] == 1);
  }
  // The proxy still works. zinit also connects to a service that was started in another way.
  zinit.mark("listen");
  CHECK(Client(proxied.front).echo("second") == "second");
  CHECK(zinit.state("i") == "inactive");
  (void)zinit.start("i");
  CHECK(Client(front).echo("hello") == "hello");
}

TEST_CASE("a service without a connection for idle_timeout is stopped, and started again by one",
          "[xinet]") {
  Server zinit;
  const Proxied proxied(zinit, {"echo"}, "idle_timeout = 1");
  const auto add = [&](const std::string& name, const std::string& more) {
    const std::string front = free_address(), back = free_address();
    zinit.file(name + ".toml", peers({"at", back, "echo"}));
    zinit.file("before-" + name + ".toml", proxy_text(front, back, name, more));
    return front;
  };
  const std::string idle = add("idle", "idle_timeout = 1"),
                    late = add("late", "idle_timeout = 600");
  const std::string needed = add("needed", "idle_timeout = 1"), never = add("never", "");
  zinit.add("user", {.dependencies = "requires = ['needed']"});
  boot_open(zinit, {"user"});
  const auto await_stop = [&](const char* name) {
    zinit.await(
        name, [](const Json& now) { return now["pid"].is_null(); }, "stopped");
  };
  {
    Client client(proxied.front);
    CHECK(client.echo("one") == "one");
    for (const std::string& front : {needed, late, never}) CHECK(Client(front).echo("a") == "a");
    // Removing a proxy without a short idle_timeout stops no service.
    for (const char* name : {"before-late", "before-never"})
      zinit.result("xinet.delete", named(name));
    // A service runs while a connection exists or another one needs it: zinit stops it after one
    // that was left meanwhile.
    const pid_t pid = zinit.pid_of("s"), other = zinit.pid_of("needed");
    CHECK(Client(idle).echo("left") == "left");
    await_stop("idle");
    CHECK(zinit.pid_of("s") == pid);
    CHECK(zinit.pid_of("needed") == other);
    for (const char* name : {"user", "late", "never"}) CHECK(zinit.state(name) == "running");
    CHECK(client.echo("two") == "two");
  }
  await_stop("s");
  (void)zinit.stop("user");
  await_stop("needed");
  zinit.await_settled();
  CHECK(zinit.status("s")["wish"] == "down");
  CHECK(Client(proxied.front).echo("three") == "three");
  CHECK(zinit.count("start s") == 2);
}

TEST_CASE("a client that goes while it is held leaves nothing behind, and its data is delivered",
          "[check][xinet]") {
  Server zinit;
  const std::string heard = zinit.path("heard"), front = "unix:" + zinit.path("front");
  const Proxied proxied(zinit, {"talk", heard}, "",
                        {"trace", "before", "after", zinit.path("listen")});
  zinit.file("u.toml", proxy_text(front, proxied.back, "s"));
  boot_open(zinit);
  const auto await_both = [&](const std::string& member, int count) {
    for (const char* name : {"p", "u"}) await_count(zinit, name, member, count);
  };
  {
    Client reset(proxied.front), gone(front);
    await_both("active_connections", 1);
    reset.reset();
  }
  await_both("active_connections", 0);
  for (const std::string& address : {proxied.front, front}) {
    Client client(address);
    REQUIRE(client.send(address));
    client.finish();
  }
  zinit.await_trace("before");
  await_both("total_connections", 2);
  zinit.mark("listen");
  zinit.await_trace("heard the end", 2);
  CHECK_THAT(read_file(heard), Contains(proxied.front) && Contains(front));
  await_both("active_connections", 0);
  await_both("rejected_connections", 0);
}

TEST_CASE("a backend is told who connects by the header of proxy_protocol", "[check][xinet]") {
  Server zinit;
  const std::string back = free_address();
  zinit.file("s.toml", peers({"at", back, "echo"}));
  Texts tcp, local, six;
  for (const std::string version : {"1", "2"}) {
    const auto add = [&](Texts& all, const std::string& kind, const std::string& at,
                         const std::string& place) {
      all.push_back(place);
      zinit.file(kind + version + ".toml",
                 proxy_text(at + place, back, "s", "proxy_protocol = " + version));
    };
    add(tcp, "tcp", "127.0.0.1:", free_port());
    add(local, "unix", "", "unix:" + zinit.path("front" + version));
    if (has_ipv6()) add(six, "six", "[::1]:", free_port());
  }
  boot_open(zinit);
  const auto answer = [](const std::string& address) {
    Client client(address);
    REQUIRE(client.send("data"));
    const std::string own = address[0] == 'u' ? "" : client.own_port();
    client.finish();
    return std::pair{client.read_all(), own};
  };
  const auto number = [](const std::string& port) {
    const int value = std::stoi(port);
    return std::string{static_cast<char>(value >> 8), static_cast<char>(value)};
  };
  const std::string magic("\r\n\r\n\0\r\nQUIT\n", 12);
  const std::string loopback("\x7f\0\0\1", 4), loopback6 = std::string(15, '\0') + "\1";
  {
    const auto [text, own] = answer("127.0.0.1:" + tcp[0]);
    CHECK(text == "PROXY TCP4 127.0.0.1 127.0.0.1 " + own + " " + tcp[0] + "\r\ndata");
  }
  CHECK(answer(local[0]).first == "PROXY UNKNOWN\r\ndata");
  {
    const auto [text, own] = answer("127.0.0.1:" + tcp[1]);
    CHECK(text == magic + std::string("\x21\x11\0\x0c", 4) + loopback + loopback + number(own) +
                      number(tcp[1]) + "data");
  }
  // For a unix client: its addresses, or none.
  const std::string unix2 = answer(local[1]).first;
  REQUIRE(unix2.size() >= 20);
  CHECK(unix2.substr(0, 12) == magic);
  CHECK((unix2[12] == '\x21' || unix2[12] == '\x20'));
  CHECK((unix2[13] == '\x31' || unix2[13] == '\0'));
  CHECK(unix2.substr(unix2.size() - 4) == "data");
  CHECK(unix2.size() == 16U + static_cast<unsigned char>(unix2[14]) * 256U +
                            static_cast<unsigned char>(unix2[15]) + 4U);
  if (!has_ipv6()) return skip("the rest needs IPv6");
  {
    const auto [text, own] = answer("[::1]:" + six[0]);
    CHECK(text == "PROXY TCP6 ::1 ::1 " + own + " " + six[0] + "\r\ndata");
  }
  const auto [text, own] = answer("[::1]:" + six[1]);
  CHECK(text == magic + std::string("\x21\x21\0\x24", 4) + loopback6 + loopback6 + number(own) +
                    number(six[1]) + "data");
}

TEST_CASE("a proxy listens on all addresses of IPv4 and of IPv6 by a socket each", "[xinet]") {
  if (!has_ipv6()) return skip("needs IPv6");
  Server zinit;
  const Proxied proxied(zinit, {"echo"});
  const std::string port = free_port(), four = "0.0.0.0:" + port, six = "[::]:" + port;
  const auto check_both = [&] {
    CHECK(proxy_status(zinit, "p")["error"].is_null());
    CHECK(Client("127.0.0.1:" + port).echo("four") == "four");
    CHECK(Client("[::1]:" + port).echo("six") == "six");
  };
  const auto listen = [&](const std::string& addresses) {
    zinit.file("p.toml", proxy_text(addresses, proxied.back, "s"));
    zinit.reload();
  };
  boot_open(zinit);
  // A socket that takes both families and one that leaves IPv4 to another replace each other.
  for (const std::string& addresses : {four + "', '" + six, six, six + "', '" + four}) {
    INFO(addresses);
    listen(addresses);
    check_both();
  }
  zinit.reexecute();
  check_both();
  listen(six);
  check_both();
}

TEST_CASE("a backend whose name a slow name server knows is found for each connection",
          "[check][xinet]") {
  if (::geteuid() != 0 || !can_make_namespaces()) return skip("needs root and namespaces");
  std::atomic<bool> slow = false;
  const DnsServer names(
      [&](const DnsQuestion& question) {
        (void)becomes_true([&] { return !slow; });
        if (question.name != "backend.test" || question.type != 1)
          return DnsServer::reply(question, question.name == "backend.test" ? 0 : 3);
        return DnsServer::reply(question, 0, std::string("\x7f\0\0\1", 4));
      },
      77, 53);
  Server zinit({.own_root = true});
  const std::string front = free_address(), port = free_port();
  zinit.put("etc/resolv.conf", names.resolv_conf());
  zinit.put("etc/hosts", "127.0.0.1 localhost\n");
  zinit.file("s.toml", peers({"trace", "start s", "at", "127.0.0.1:" + port, "echo"}));
  boot_open(zinit);
  CHECK(zinit.error("xinet.set", proxy_params("q", front, "unknown.test:80", "s"))["code"] ==
        -32005);
  zinit.result("xinet.set", proxy_params("p", front, "backend.test:" + port, "s"));
  CHECK(Client(front).echo("the first") == "the first");
  slow = true;
  std::vector<Client> clients;
  for (int i = 0; i < 20; ++i) clients.emplace_back(front);
  await_count(zinit, "p", "active_connections", 20);
  for (Client& client : clients) CHECK(client.quiet());
  slow = false;
  for (Client& client : clients) CHECK(client.echo("hello") == "hello");
  CHECK(zinit.count("start s") == 1);
  CHECK(proxy_status(zinit, "p")["rejected_connections"] == 0);
}

}  // namespace zinit::test::activation_xinet
