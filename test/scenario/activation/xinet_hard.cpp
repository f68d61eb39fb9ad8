// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Proxies under difficult conditions (control.md, "Proxies"): services that do not start or go
// away, clients that do not wait, and everything at once.
#include "scenario/harness.hpp"
#include "scenario/harness/fault_injector.hpp"
#include "scenario/harness/listening.hpp"
#include "scenario/harness/peer.hpp"
#include "scenario/harness/proxies.hpp"

namespace zinit::test::activation_xinet_hard {

TEST_CASE("with single_connection clients wait for their turns, when their time begins",
          "[xinet]") {
  Server zinit;
  const Proxied proxied(zinit, {"echo"}, "single_connection = true\nconnect_timeout = 1");
  const std::string lost = free_address();
  zinit.file("t.toml", "[service]\nexec = 'sleep 100000'\nstatus = 'stop'\n");
  zinit.file("lost.toml", proxy_text(lost, free_address(), "t", "connect_timeout = 1"));
  boot_open(zinit);
  (void)zinit.start("s");
  REQUIRE(eventually([&] { return Client::possible(proxied.back); }));
  Client first(proxied.front);
  CHECK(first.echo("first") == "first");
  Client second(proxied.front), third(proxied.front);
  REQUIRE(second.send("second"));
  REQUIRE(third.send("third"));
  await_count(zinit, "p", "active_connections", 3);
  CHECK(Client(lost).is_reset());  // the same time is over for a later connection
  CHECK(second.quiet());
  CHECK(first.echo("again") == "again");
  first.finish();
  CHECK(first.read_all() == "");
  CHECK(second.read(6) == "second");
  CHECK(third.quiet());
  second.reset();
  CHECK(third.read(5) == "third");
  CHECK(proxy_status(zinit, "p")["rejected_connections"] == 0);
}

TEST_CASE("a service that is deleted while clients use its proxy", "[xinet]") {
  Server zinit;
  const Proxied proxied(zinit, {"echo"}, "connect_timeout = 2");
  boot_open(zinit);
  Client client(proxied.front);
  CHECK(client.echo("hello") == "hello");
  zinit.result("service.delete", named("s"));
  (void)client.read_all();  // ended by an end of file or a reset
  Client late(proxied.front);
  CHECK(late.is_reset());
  CHECK(proxy_status(zinit, "p")["rejected_connections"] == 1);
  // The proxy works again when a service of this name exists again.
  zinit.file("s.toml", peers({"at", proxied.back, "pid"}));
  (void)zinit.reload();
  check_answers(zinit, proxied.front, "s");
}

TEST_CASE("a lack of memory in the kernel delays what a proxy passes on", "[xinet][faults]") {
  if (!FaultInjector::possible()) return skip("needs seccomp notifications");
  FaultInjector injector;
  // Without SO_PASSRIGHTS zinit copies data of unix sockets.
  Server zinit({.in_child = [&] {
    if (forget_passrights()) injector.install_in_child();
  }});
  const Proxied proxied(zinit, {"echo"});
  const std::string front = "unix:" + zinit.path("front");
  zinit.file("u.toml", proxy_text(front, proxied.back, "s"));
  launch_under(injector, zinit);
  const auto check = [&](const std::string& address, const std::string& call, int most) {
    for (int n = 1; n <= most; ++n) {
      Client client(address);
      REQUIRE(client.echo("up") == "up");
      injector.arm(n, call);
      CAPTURE(address, call, n);
      CHECK(client.echo("text") == "text");
      client.finish();
      CHECK(client.read_all() == "");
      CHECK_FALSE(client.was_reset());
      CHECK(injector.disarm() != "");
    }
  };
  REQUIRE(eventually([&] { return Client::possible(front) && Client::possible(proxied.front); }));
  check(proxied.front, "splice", 6);
  check(front, "recvmsg", 3);
  check(front, "sendto", 1);
}

TEST_CASE("a lack of memory delays one direction no longer while the other one is busy",
          "[xinet][faults]") {
  if (!FaultInjector::possible()) return skip("needs seccomp notifications");
  FaultInjector injector;
  const Listening backend;
  Server zinit({.in_child = [&] { injector.install_in_child(); }});
  const std::string front = free_address();
  zinit.add("s", {.exec = "sleep 100000"});
  zinit.file("p.toml", proxy_text(front, "127.0.0.1:" + backend.port(), "s"));
  launch_under(injector, zinit);
  REQUIRE(eventually([&] { return Client::possible(front); }));
  close(backend.accept());  // of possible()
  zinit.await_state("s", "running");
  Client client(front);
  const int accepted = backend.accept();
  REQUIRE(accepted >= 0);
  await_count(zinit, "p", "active_connections", 1);
  injector.arm(1, "splice");
  REQUIRE(client.send("text"));
  REQUIRE(eventually([&] { return !injector.failed().empty(); }));
  bool arrived = false;
  for (int i = 0; i < 100 && !arrived; ++i) {
    REQUIRE(send(accepted, "x", 1, MSG_NOSIGNAL) == 1);
    pollfd ready{accepted, POLLIN, 0};
    arrived = poll(&ready, 1, 20) == 1;
  }
  CHECK(arrived);
  close(accepted);
}

TEST_CASE("a proxy with many connections leaves others their share", "[xinet]") {
  // 64 connections are a quarter of these: 32 for all, and a share of 16 for each proxy.
  Server zinit({.in_child = [] {
    const rlimit few{256, 256};
    if (setrlimit(RLIMIT_NOFILE, &few) != 0) _exit(125);
  }});
  const Proxied proxied(zinit, {"echo"});
  const std::string other = free_address();
  zinit.file("other.toml", proxy_text(other, proxied.back, "s"));
  boot_open(zinit);
  std::vector<Client> clients;
  for (int i = 0; i < 70; ++i) clients.emplace_back(proxied.front);
  zinit.await_message("proxy p: has 48 connections, which is its limit");
  for (int i = 0; i < 16; ++i) {
    clients.emplace_back(other);
    CHECK(clients.back().echo("x") == "x");
  }
  CHECK(proxy_status(zinit, "p")["active_connections"] == 48);
  for (std::size_t i = 0; i < 30; ++i) clients[i].close();
  CHECK(clients[69].echo("y") == "y");  // it has waited for a place
}

TEST_CASE("connections that wait and that are under way end with zinit", "[xinet]") {
  Server zinit;
  const Proxied proxied(zinit, {"echo"}, "", {"trace", "before", "after", zinit.path("listen")});
  const std::string path = zinit.path("front"), back = free_address();
  zinit.file("e.toml", peers({"at", back, "echo"}));
  zinit.file("ep.toml", proxy_text("unix:" + path, back, "e"));
  boot_open(zinit);
  Client held(proxied.front), relayed("unix:" + path);
  CHECK(relayed.echo("hello") == "hello");
  zinit.await_trace("before");
  CHECK(zinit.shut_down() == 0);
  CHECK(relayed.read_all() == "");
  CHECK(held.read_all() == "");
  CHECK(::access(path.c_str(), F_OK) != 0);
}

TEST_CASE("one address may be named twice, and parameters be given by position", "[xinet]") {
  Server zinit;
  const std::string port = free_port(), back = free_address();
  zinit.file("s.toml", peers({"at", back, "pid"}));
  zinit.boot();
  zinit.result("xinet.create", R"(["p",["127.0.0.1:)" + port + R"(","localhost:)" + port +
                                   R"("],")" + back + R"(","s",5,6,true,0,false])");
  check_answers(zinit, "127.0.0.1:" + port, "s");
  const Json status = proxy_status(zinit, "p");
  CHECK(status["connect_timeout"] == 5);
  CHECK(status["idle_timeout"] == 6);
  CHECK(status["single_connection"] == true);
  CHECK(zinit.result("xinet.unregister", named("p"))["ok"] == true);
  CHECK_FALSE(Client::possible("127.0.0.1:" + port));
}

TEST_CASE("clients that connect and reset at once leave nothing behind",
          "[check][threads][xinet]") {
  Server zinit;
  const Proxied proxied(zinit, {"echo"});
  boot_open(zinit);
  CHECK(Client(proxied.front).echo("hello") == "hello");
  await_count(zinit, "p", "active_connections", 0);
  const auto before = descriptors(zinit);
  for (int i = 0; i < 300; ++i) {
    Client client(proxied.front);
    if (i % 3 == 1) (void)client.send_some("x");
    i % 3 == 2 ? client.close() : client.reset();
  }
  CHECK(Client(proxied.front).echo("hello") == "hello");
  await_count(zinit, "p", "active_connections", 0);
  CHECK(eventually([&] { return descriptors(zinit) < before + 140; }));
  CHECK(proxy_status(zinit, "p")["rejected_connections"] == 0);
}

TEST_CASE("clients of all kinds at once, while services, settings and zinit itself change",
          "[threads][xinet][reexec]") {
  Server zinit;
  const std::string path = "unix:" + zinit.path("front");
  const Proxied proxied(zinit, {"echo"});
  zinit.file("u.toml", proxy_text(path, proxied.back, "s", "connect_timeout = 5"));
  boot_open(zinit);
  std::atomic<int> wrong = 0, right = 0;
  Clients clients;
  const auto client_for_long = [&](unsigned seed) {
    std::mt19937 random(seed);
    while (!clients.enough()) {
      Client client(random() % 2 == 0 ? proxied.front : path);
      const std::string bytes = pattern(seed, 1 + random() % 200000);
      std::thread sender([&] {
        if (client.send(bytes)) client.finish();
      });
      // The answer equals the data that was sent, as far as it comes: the service may be killed.
      const std::string back = client.read(random() % 4 == 0 ? bytes.size() / 2 : bytes.size());
      if (bytes.compare(0, back.size(), back) != 0) ++wrong;
      if (back.size() == bytes.size()) ++right;
      if (back.size() < bytes.size()) ::shutdown(client.fd(), SHUT_RDWR);
      sender.join();
      if (random() % 5 == 0) client.reset();
    }
  };
  for (unsigned i = 0; i < 6; ++i) clients.add([&, i] { client_for_long(i); });
  std::mt19937 random(1);
  for (int i = 0; i < 30; ++i) {
    switch (random() % 5) {
      case 0: zinit.reexecute(); break;
      case 1:
        if (zinit.status("s")["pid"].is_number()) zinit.kill("s");
        break;
      case 2: (void)zinit.restart("s"); break;
      case 3: zinit.result("xinet.set", proxy_params("p", proxied.front, proxied.back, "s")); break;
      default: (void)zinit.reload(); break;
    }
    const int now = right;
    CHECK(eventually([&] { return right > now; }));
  }
  crash(zinit);
  clients.end();
  CHECK(wrong == 0);
  CHECK(right > 30);
  for (const char* name : {"p", "u"}) {
    await_count(zinit, name, "active_connections", 0);
    CHECK(proxy_status(zinit, name)["rejected_connections"] == 0);
  }
  CHECK(Client(proxied.front).echo("hello") == "hello");
  CHECK(Client(path).echo("hello") == "hello");
  CHECK(eventually([&] { return descriptors(zinit) < 250; }));
}

TEST_CASE("a proxy that cannot be set again leaves the counts of the one before alone", "[xinet]") {
  Server zinit;
  const Proxied proxied(zinit, {"echo"});
  boot_open(zinit);
  Client client(proxied.front);
  CHECK(client.echo("hello") == "hello");
  zinit.result("xinet.delete", named("p"));
  CHECK(zinit
            .ctl({"xinet", "set", "p", "--listen", "nowhere.invalid:1", "--backend", proxied.back,
                  "--service", "s"})
            .code != 0);
  const std::string front = free_address();
  zinit.result("xinet.set", proxy_params("q", front, proxied.back, "s"));
  client.finish();
  CHECK(client.read_all() == "");
  CHECK(Client(front).echo("q") == "q");
  await_count(zinit, "q", "active_connections", 0);
  CHECK(proxy_status(zinit, "q")["total_connections"] == 1);
}

TEST_CASE("three thousand clients that close while they are held are served", "[xinet]") {
  Server zinit;
  const std::string front = "unix:" + zinit.path("front"), back = "unix:" + zinit.path("back");
  const std::string go = zinit.path("go");
  zinit.file("s.toml", peers({"after", go, "at", back, "echo"}));
  zinit.file("p.toml", proxy_text(front, back, "s", "connect_timeout = 600"));
  boot_open(zinit);
  constexpr int kClients = 3000;
  for (int i = 0; i < kClients; ++i) {
    Client client(front);
    REQUIRE(client.send("x"));
  }
  await_count(zinit, "p", "active_connections", kClients);
  zinit.mark("go");
  await_count(zinit, "p", "active_connections", 0);
  CHECK(proxy_status(zinit, "p")["bytes_to_backend"] == kClients);
  CHECK_THAT(zinit.messages(), !Contains("fault in zinit itself"));
}

}  // namespace zinit::test::activation_xinet_hard
