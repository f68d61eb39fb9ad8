// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The data of a proxy (control.md, "Proxies"): every byte, both ways, and the end of each side.
#include "scenario/harness.hpp"
#include "scenario/harness/peer.hpp"
#include "scenario/harness/proxies.hpp"

namespace zinit::test::activation_xinet_bytes {
namespace {

constexpr std::uint64_t kMegabyte = 1024 * 1024;

/// The checksum of all further data.
std::string sum_of_rest(Client& client) {
  Sum sum;
  for (std::string piece; !(piece = client.read(kMegabyte / 4)).empty();) sum.add(piece);
  return sum.text();
}

TEST_CASE("ends of sides are kept between a unix client and a unix backend, too",
          "[check][xinet]") {
  Server zinit;
  const std::string front = "unix:" + zinit.path("front"), other = "unix:" + zinit.path("other");
  const std::string back = "unix:" + zinit.path("back"), heard = zinit.path("heard");
  const std::string talks = "unix:" + zinit.path("talks");
  zinit.file("s.toml", peers({"at", back, "sum"}));
  zinit.file("p.toml", proxy_text(front, back, "s"));
  zinit.file("t.toml", peers({"at", talks, "talk", heard}));
  zinit.file("q.toml", proxy_text(other, talks, "t"));
  boot_open(zinit);
  {
    Client client(front);
    REQUIRE(client.send(pattern(0, 300000)));
    client.finish();
    CHECK(client.read_all() == sum_of_pattern(300000));
  }
  {
    // All data of a side that closes for good arrives before the end.
    Client client(other);
    CHECK(client.read_all() == "bye");
    REQUIRE(client.send(pattern(0, 50000)));
  }
  zinit.await_trace("heard the end");
  CHECK(read_file(heard) == pattern(0, 50000));
  await_count(zinit, "p", "active_connections", 0);
  await_count(zinit, "q", "active_connections", 0);
}

TEST_CASE("an urgent byte is left out, and all bytes after it pass on", "[check][xinet]") {
  Server zinit;
  const Proxied proxied(zinit, {"echo"});
  const std::string front = free_address(), back = free_address();
  zinit.file("t.toml", peers({"at", back, "sum"}));
  zinit.file("q.toml", proxy_text(front, back, "t"));
  boot_open(zinit);
  const auto send = [](Client& client) {
    REQUIRE(client.send(pattern(0, 5)));
    REQUIRE(::send(client.fd(), "!", 1, MSG_OOB) == 1);
    REQUIRE(client.send(pattern(5, 5)));
  };
  Client client(proxied.front), ended(front);
  for (int i = 0; i < 2; ++i) {
    send(client);
    CHECK(client.read(10) == pattern(0, 10));
    CHECK(comes_to_rest(zinit.pid()));
  }
  send(ended);
  ended.finish();
  CHECK(ended.read_all() == sum_of_pattern(10));
}

TEST_CASE("a reset or the end of either side is one for the other", "[check][xinet]") {
  Server zinit;
  const Proxied proxied(zinit, {"die"});
  const auto add = [&](const std::string& word) {
    const std::string front = free_address(), back = free_address();
    zinit.file(word + ".toml", peers({"at", back, word}));
    zinit.file("p" + word + ".toml", proxy_text(front, back, word));
    return front;
  };
  const std::string resets = add("reset"), waits = add("wait"), answers = add("pid");
  boot_open(zinit);
  {
    Client client(resets);
    REQUIRE(client.send("x"));
    CHECK(client.is_reset());
  }
  for (const std::string end : {"reset", "ended"}) {
    Client client(waits);
    CHECK(client.read(5) == "hello");
    end == "reset" ? client.reset() : client.close();
    zinit.await_trace(end);
  }
  // A client may speak to a backend that has gone.
  Client client(answers);
  CHECK(client.read_all() == std::to_string(zinit.pid_of("pid")));
  CHECK_FALSE(client.was_reset());
  CHECK(eventually([&] { return !client.send("is there anybody"); }));
  // A backend that is killed in mid-transfer resets its client, and the next starts it again.
  for (int i = 1; i <= 3; ++i) {
    INFO(i);
    Client next(proxied.front);
    REQUIRE(next.send("x"));
    CHECK(next.is_reset());
    zinit.await_trace("start s", i);
  }
  for (const char* name : {"p", "preset", "pwait", "ppid"})
    await_count(zinit, name, "active_connections", 0);
}

TEST_CASE("the counts of a proxy are right to the byte", "[check][xinet]") {
  Server zinit;
  const Proxied proxied(zinit, {"sum"});
  boot_open(zinit);
  const Json none = proxy_status(zinit, "p");
  for (const char* member : {"total_connections", "active_connections", "rejected_connections",
                             "bytes_to_backend", "bytes_from_backend"})
    CHECK(none[member] == 0);
  std::int64_t to = 0, from = 0;
  for (const std::size_t size : {0U, 1U, 65535U, 65536U, 65537U, 1000000U}) {
    Client client(proxied.front);
    REQUIRE(client.send(pattern(0, size)));
    client.finish();
    const std::string answer = client.read_all();
    CHECK(answer == sum_of_pattern(size));
    to += static_cast<std::int64_t>(size);
    from += static_cast<std::int64_t>(answer.size());
  }
  await_count(zinit, "p", "active_connections", 0);
  const Json all = proxy_status(zinit, "p");
  CHECK(all["bytes_to_backend"] == to);
  CHECK(all["bytes_from_backend"] == from);
  CHECK(all["total_connections"] == 6);
  CHECK(all["backend"] == proxied.back);
  CHECK(all["service"] == "s");
  CHECK(all["listen"].texts() == Texts{proxied.front});
  CHECK(all["connect_timeout"] == 30);
  CHECK(all["idle_timeout"] == 0);
  CHECK(all["single_connection"] == false);
}

TEST_CASE("a client or a backend that reads slowly makes the other wait, not zinit grow",
          "[xinet]") {
  constexpr std::uint64_t kSize = 32 * kMegabyte;
  Server zinit;
  const Proxied proxied(zinit, {"give", std::to_string(kSize)});
  const std::string front = free_address(), back = free_address();
  zinit.file("silent.toml", peers({"at", back, "silent"}));
  zinit.file("q.toml", proxy_text(front, back, "silent"));
  boot_open(zinit);
  CHECK(Client(proxied.front).read(10) == pattern(0, 10));
  const long before = resident_kb(zinit.pid());
  std::vector<Client> clients;
  for (int i = 0; i < 5; ++i) clients.emplace_back(proxied.front);
  // Wait until the proxy takes no more data from the backend.
  const auto taken =
      at_rest_for(200ms, [&] { return proxy_status(zinit, "p")["bytes_from_backend"].number(); });
  REQUIRE(taken);
  CHECK(*taken < static_cast<std::int64_t>(5 * kSize));
  CHECK(resident_kb(zinit.pid()) - before < 4096);
  CHECK(comes_to_rest(zinit.pid()));
  const std::string sum = sum_of_pattern(kSize);
  for (Client& client : clients) {
    CHECK(sum_of_rest(client) == sum);
    client.close();
  }

  Client client(front);
  const std::string block = pattern(0, kMegabyte);
  std::size_t sent = 0, stuck = 0;
  // The kernel's buffers are full at some time.
  REQUIRE(eventually([&] {
    const std::size_t now = client.send_some(block);
    sent += now;
    stuck = now == 0 ? stuck + 1 : 0;
    return stuck == 50 || sent > 256 * kMegabyte;
  }));
  CHECK(sent < 256 * kMegabyte);
  CHECK(resident_kb(zinit.pid()) - before < 16384);
}

TEST_CASE("a service that ends after each connection is started at once for the next", "[xinet]") {
  Server zinit;
  const Proxied proxied(zinit, {"last"}, "", {}, "restart = 'never'");
  boot_open(zinit);
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 20; ++i) {
    Client client(proxied.front);
    CHECK(client.echo("hello") == "hello");
    CHECK(client.read_all() == "");
    // The next connection is for a service that is down, not for one that is about to be down.
    REQUIRE(eventually([&] { return zinit.status("s")["pid"].is_null(); }));
  }
  CHECK(zinit.count("start s") == 20);
  CHECK(std::chrono::steady_clock::now() - begin < 10s);
}

TEST_CASE("three hundred connections at once", "[check][threads][xinet]") {
  Server zinit;
  const Proxied proxied(zinit, {"echo"});
  boot_open(zinit);
  const auto before = descriptors(zinit);
  {
    std::vector<Client> clients;
    for (int i = 0; i < 300; ++i) clients.emplace_back(proxied.front);
    for (std::size_t i = 0; i < clients.size(); ++i)
      REQUIRE(clients[i].send("client " + std::to_string(1000 + i)));
    for (std::size_t i = 0; i < clients.size(); ++i)
      CHECK(clients[i].read(11) == "client " + std::to_string(1000 + i));
    CHECK(proxy_status(zinit, "p")["active_connections"] == 300);
    for (Client& client : clients) client.finish();
    for (Client& client : clients) CHECK(client.read_all() == "");
  }
  await_count(zinit, "p", "active_connections", 0);
  CHECK(zinit.count("start s") == 1);
  CHECK(proxy_status(zinit, "p")["total_connections"] == 300);
  CHECK(proxy_status(zinit, "p")["bytes_to_backend"] == 3300);
  CHECK(proxy_status(zinit, "p")["bytes_from_backend"] == 3300);
  // zinit may keep a few pipes for later connections.
  CHECK(eventually([&] { return descriptors(zinit) < before + 150; }));
}

TEST_CASE("without descriptors connections wait, and zinit does not spin", "[xinet]") {
  Server zinit({.in_child = [] {
    const rlimit few{120, 120};
    if (::setrlimit(RLIMIT_NOFILE, &few) != 0) _exit(125);
  }});
  const Proxied proxied(zinit, {"echo"});
  boot_open(zinit);
  std::vector<Client> clients;
  for (int i = 0; i < 150; ++i) clients.emplace_back(proxied.front);
  for (Client& client : clients) REQUIRE(client.send("hello"));
  CHECK(clients.front().read(5) == "hello");
  // As many connections as possible are active. zinit checks now and then for room for more.
  const auto active =
      at_rest_for(200ms, [&] { return proxy_status(zinit, "p")["active_connections"].number(); });
  REQUIRE(active);
  CHECK(*active < 150);
  CHECK(comes_to_rest(zinit.pid()));
  // Each has its turn when others have gone.
  for (Client& client : clients) {
    const std::string rest = &client == &clients.front() ? "" : client.read(5);
    CHECK(rest == (&client == &clients.front() ? "" : "hello"));
    client.close();
  }
  await_count(zinit, "p", "active_connections", 0);
  CHECK(proxy_status(zinit, "p")["total_connections"] == 150);
  CHECK(proxy_status(zinit, "p")["rejected_connections"] == 0);
}

}  // namespace
}  // namespace zinit::test::activation_xinet_bytes
