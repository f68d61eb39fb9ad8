// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Proxies (control.md, "Proxies"): a connection starts the service, and zinit passes its bytes on.
#include "scenario/harness.hpp"
#include "scenario/harness/peer.hpp"
#include "scenario/harness/proxies.hpp"
#include "support/dns_server.hpp"

namespace zinit::test::activation_xinet {

TEST_CASE("twenty connections at once start the service once", "[threads][xinet]") {
  Server zinit;
  const Proxied proxied(zinit, {"pid"});
  boot_open(zinit);
  std::vector<std::future<std::string>> answers;
  for (int i = 0; i < 20; ++i) {
    answers.push_back(std::async(std::launch::async, [&] {
      Client client(proxied.front);
      return client.read_all();
    }));
  }
  Texts pids;
  for (auto& answer : answers) pids.push_back(answer.get());
  CHECK(pids == Texts(20, std::to_string(zinit.pid_of("s"))));
  CHECK(zinit.count("start s") == 1);
  await_count(zinit, "p", "active_connections", 0);
  CHECK(proxy_status(zinit, "p")["total_connections"] == 20);
  CHECK(proxy_status(zinit, "p")["rejected_connections"] == 0);
}

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
  boot_open(zinit);
  const auto begin = std::chrono::steady_clock::now();
  Client client(proxied.front);
  CHECK(client.is_reset());
  CHECK(std::chrono::steady_clock::now() - begin >= 900ms);
  await_count(zinit, "p", "rejected_connections", 1);
  await_count(zinit, "p", "active_connections", 0);
  CHECK(proxy_status(zinit, "p")["total_connections"] == 1);
  // The proxy still works.
  zinit.mark("listen");
  Client second(proxied.front);
  CHECK(second.echo("second") == "second");
}

TEST_CASE("a service without a connection for idle_timeout is stopped, and started again by one",
          "[xinet]") {
  Server zinit;
  const Proxied proxied(zinit, {"echo"}, "idle_timeout = 1");
  const std::string front = free_address(), back = free_address();
  zinit.file("idle.toml", peers({"at", back, "echo"}));
  zinit.file("before-idle.toml", proxy_text(front, back, "idle", "idle_timeout = 1"));
  boot_open(zinit);
  {
    Client client(proxied.front);
    CHECK(client.echo("one") == "one");
    // The service runs while a connection exists: zinit stops it after one that was left meanwhile.
    const pid_t pid = zinit.pid_of("s");
    CHECK(Client(front).echo("left") == "left");
    CHECK(eventually([&] { return zinit.status("idle")["pid"].is_null(); }));
    CHECK(zinit.pid_of("s") == pid);
    CHECK(client.echo("two") == "two");
  }
  CHECK(eventually([&] { return zinit.status("s")["pid"].is_null(); }));
  zinit.await_settled();
  CHECK(zinit.status("s")["wish"] == "down");
  Client client(proxied.front);
  CHECK(client.echo("three") == "three");
  CHECK(zinit.count("start s") == 2);
}

TEST_CASE("with single_connection the second client waits until the first has gone", "[xinet]") {
  Server zinit;
  const Proxied proxied(zinit, {"echo"}, "single_connection = true");
  boot_open(zinit);
  Client first(proxied.front);
  CHECK(first.echo("first") == "first");
  Client second(proxied.front), third(proxied.front);
  REQUIRE(second.send("second"));
  REQUIRE(third.send("third"));
  await_count(zinit, "p", "active_connections", 3);
  CHECK(first.echo("still first") == "still first");
  CHECK(second.quiet());
  first.finish();
  CHECK(first.read_all() == "");
  CHECK(second.read(6) == "second");
  CHECK(third.quiet());
  second.close();
  CHECK(third.read(5) == "third");
}

TEST_CASE("a service of status ignore is not started by a connection", "[xinet]") {
  Server zinit;
  const std::string front = free_address(), back = free_address();
  zinit.file("s.toml",
             "[service]\nexec = [" + peer({"at", back, "echo"}) + "]\nstatus = 'ignore'\n");
  zinit.file("p.toml", proxy_text(front, back, "s", "connect_timeout = 1"));
  boot_open(zinit);
  {
    Client client(front);
    CHECK(client.is_reset());
  }
  CHECK(zinit.state("s") == "inactive");
  CHECK(proxy_status(zinit, "p")["rejected_connections"] == 1);
  // zinit connects to a service that was started in another way.
  (void)zinit.start("s");
  Client client(front);
  CHECK(client.echo("hello") == "hello");
}

TEST_CASE("a client that goes while it is held leaves nothing behind", "[check][xinet]") {
  Server zinit;
  const Proxied proxied(zinit, {"echo"}, "", {"trace", "before", "after", zinit.path("listen")});
  const std::string front = "unix:" + zinit.path("front");
  zinit.file("u.toml", proxy_text(front, proxied.back, "s"));
  boot_open(zinit);
  {
    Client reset(proxied.front);
    Client gone(front);
    await_count(zinit, "p", "active_connections", 1);
    await_count(zinit, "u", "active_connections", 1);
    reset.reset();
  }
  await_count(zinit, "p", "active_connections", 0);
  await_count(zinit, "u", "active_connections", 0);
  CHECK(proxy_status(zinit, "p")["rejected_connections"] == 0);
  zinit.mark("listen");
  Client client(proxied.front);
  CHECK(client.echo("hello") == "hello");
}

TEST_CASE("a backend is told who connects by the header of proxy_protocol", "[check][xinet]") {
  Server zinit;
  const std::string back = free_address();
  zinit.file("s.toml", peers({"at", back, "echo"}));
  const Texts versions{"1", "2"};
  Texts tcp, local, six;
  for (const std::string& version : versions) {
    const std::string more = "proxy_protocol = " + version;
    tcp.push_back(free_port());
    zinit.file("tcp" + version + ".toml", proxy_text("127.0.0.1:" + tcp.back(), back, "s", more));
    local.push_back("unix:" + zinit.path("front" + version));
    zinit.file("unix" + version + ".toml", proxy_text(local.back(), back, "s", more));
    six.push_back(free_port());
    if (has_ipv6())
      zinit.file("six" + version + ".toml", proxy_text("[::1]:" + six.back(), back, "s", more));
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
