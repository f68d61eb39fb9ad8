// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Proxies across re-executions and crashes (behaviour.md, "Re-execution and crash"): no connection
// ends, and no byte is lost.
#include "scenario/harness.hpp"
#include "scenario/harness/peer.hpp"
#include "scenario/harness/proxies.hpp"

namespace zinit::test::activation_xinet_reexec {
namespace {

constexpr std::uint64_t kMegabyte = 1024 * 1024;

/// Connections of all kinds, before and after.
void check_connections(bool crashes) {
  Server zinit;
  const std::string heard = zinit.path("heard"), talks = free_address(), bye = free_address();
  const std::string sums = free_address(), summed = free_address();
  const std::string one = free_address(), path = "unix:" + zinit.path("front");
  const Proxied proxied(zinit, {"echo"}, "", {"trace", "before", "after", zinit.path("listen")});
  const std::string echo = free_address(), back = "unix:" + zinit.path("back");
  zinit.file("e.toml", peers({"trace", "start e", "at", back, "echo"}));
  zinit.file("ep.toml", proxy_text(echo, back, "e"));
  zinit.file("eu.toml", proxy_text(path, back, "e"));
  zinit.file("e1.toml", proxy_text(one, back, "e", "single_connection = true"));
  zinit.file("t.toml", peers({"at", talks, "talk", heard}));
  zinit.file("tp.toml", proxy_text(bye, talks, "t"));
  zinit.file("m.toml", peers({"at", summed, "sum"}));
  zinit.file("mp.toml", proxy_text(sums, summed, "m"));
  boot_open(zinit);

  Client tcp(echo), local(path), first(one), second(one);
  CHECK(tcp.echo("tcp") == "tcp");
  CHECK(local.echo("unix") == "unix");
  CHECK(first.echo("first") == "first");
  REQUIRE(second.send("second"));
  Client talker(bye);
  CHECK(talker.read_all() == "bye");
  CHECK_FALSE(talker.was_reset());
  REQUIRE(talker.send("before, "));
  Client half(sums);
  REQUIRE(half.send(pattern(0, 1000)));
  await_count(zinit, "mp", "bytes_to_backend", 1000);
  Client held(proxied.front);
  REQUIRE(held.send("held"));
  zinit.await_trace("before");

  for (int i = 0; i < 2; ++i) {
    INFO(i);
    crashes ? crash(zinit) : zinit.reexecute();
    CHECK(proxy_status(zinit, "ep")["active_connections"] == 1);
    CHECK(proxy_status(zinit, "e1")["active_connections"] == 2);
    CHECK(proxy_status(zinit, "p")["active_connections"] == 1);
    CHECK(second.quiet());
    CHECK(held.quiet());
    CHECK(tcp.echo("tcp again") == "tcp again");
    CHECK(local.echo("unix again") == "unix again");
    CHECK(first.echo("first again") == "first again");
    Client fresh(echo);
    CHECK(fresh.echo("new") == "new");
    fresh.finish();
    CHECK(fresh.read_all() == "");
    await_count(zinit, "ep", "active_connections", 1);
  }
  REQUIRE(talker.send("after"));
  talker.finish();
  zinit.await_trace("heard the end");
  CHECK(read_file(heard) == "before, after");
  REQUIRE(half.send(pattern(1000, 1000)));
  half.finish();
  CHECK(half.read_all() == sum_of_pattern(2000));
  first.finish();
  CHECK(first.read_all() == "");
  CHECK(second.read(6) == "second");
  zinit.mark("listen");
  CHECK(held.read(4) == "held");
  for (Client* client : {&tcp, &local}) {
    client->finish();
    CHECK(client->read_all() == "");
    CHECK_FALSE(client->was_reset());
  }
  // The counts continue, too.
  await_count(zinit, "ep", "active_connections", 0);
  CHECK(proxy_status(zinit, "ep")["total_connections"] == 3);
  CHECK(proxy_status(zinit, "ep")["bytes_to_backend"] == 3 + 2 * 9 + 2 * 3);
  CHECK(proxy_status(zinit, "ep")["bytes_from_backend"] == 3 + 2 * 9 + 2 * 3);
  CHECK(zinit.count("start e") == 1);
}

/// A transfer of that many bytes each way. It lasts at least until `during` has returned; then it
/// may end. Up to `uncounted` of them may lack in the proxy's figures: a crash comes between the
/// kernel's move of some bytes and the count.
void check_transfer(const std::string& kind, std::uint64_t count, std::uint64_t uncounted,
                    const std::function<void(Server&)>& during) {
  Server zinit;
  const std::string front = kind == "tcp" ? free_address() : "unix:" + zinit.path("front");
  const std::string back = kind == "unix" ? "unix:" + zinit.path("back") : free_address();
  zinit.file("s.toml",
             peers({"at", back, "slowly", zinit.path("over"), "swap", std::to_string(count)}));
  zinit.file("p.toml", proxy_text(front, back, "s"));
  boot_open(zinit);
  Client client(front);
  auto sent = std::async(std::launch::async, [&] {
    bool all = true;
    for (std::uint64_t at = 0; at < count && all; at += kMegabyte / 16)
      all = client.send(pattern(at, std::min(count - at, kMegabyte / 16)));
    client.finish();
    return all;
  });
  auto received = std::async(std::launch::async, [&] {
    Sum sum;
    for (std::string piece; !(piece = client.read(kMegabyte / 16)).empty();) sum.add(piece);
    return sum.text();
  });
  during(zinit);
  CHECK(received.wait_for(0s) != std::future_status::ready);
  zinit.mark("over");
  CHECK(sent.get());
  const std::string sum = sum_of_pattern(count);
  CHECK(received.get() == sum);
  zinit.await_trace("sum " + sum);
  await_count(zinit, "p", "active_connections", 0);
  for (const char* way : {"bytes_to_backend", "bytes_from_backend"}) {
    const std::int64_t counted = proxy_status(zinit, "p")[way].number();
    CHECK(counted <= std::int64_t(count));
    CHECK(counted >= std::int64_t(count - uncounted));
  }
}

TEST_CASE("connections of proxies go on over a re-execution", "[check][threads][xinet][reexec]") {
  check_connections(false);
}

TEST_CASE("connections of proxies go on over a crash", "[check][xinet][reexec][crash]") {
  check_connections(true);
}

TEST_CASE("no byte is lost in many re-executions", "[xinet][reexec][soak]") {
  for (const std::string kind : {"tcp", "unix"}) {
    INFO(kind);
    check_transfer(kind, (long_form() ? 1024 : 64) * kMegabyte, 0, [](Server& zinit) {
      for (int i = 0; i < (long_form() ? 50 : 8); ++i) zinit.reexecute();
    });
  }
}

TEST_CASE("no byte is lost in four crashes", "[xinet][reexec][crash]") {
  for (const std::string kind : {"tcp", "unix"}) {
    INFO(kind);
    check_transfer(kind, 64 * kMegabyte, 4 * kMegabyte, [](Server& zinit) {
      for (int i = 0; i < 4; ++i) crash(zinit);
    });
  }
}

TEST_CASE("connect_timeout and idle_timeout go on over a re-execution", "[xinet][reexec]") {
  Server zinit;
  const Proxied proxied(zinit, {"echo"}, "connect_timeout = 3",
                        {"trace", "before", "after", zinit.path("listen")});
  const std::string front = free_address(), back = free_address();
  zinit.file("i.toml", peers({"at", back, "echo"}));
  zinit.file("ip.toml", proxy_text(front, back, "i", "idle_timeout = 2"));
  boot_open(zinit);
  CHECK(Client(front).echo("hello") == "hello");
  const auto begin = std::chrono::steady_clock::now();
  Client held(proxied.front);
  zinit.await_trace("before");
  zinit.reexecute();
  CHECK(held.is_reset());
  CHECK(std::chrono::steady_clock::now() - begin >= 2900ms);
  await_count(zinit, "p", "rejected_connections", 1);
  zinit.await(
      "i", [](const Json& now) { return now["wish"] == "down" && now["pid"].is_null(); },
      "stopped because of a lack of connections");
  CHECK(Client(front).echo("again") == "again");
}

TEST_CASE("connections of a proxy that was deleted go on over re-executions",
          "[check][xinet][reexec]") {
  Server zinit;
  const Proxied proxied(zinit, {"echo"});
  boot_open(zinit);
  Client first(proxied.front), second(proxied.front);
  CHECK(first.echo("before") == "before");
  CHECK(second.echo("before") == "before");
  zinit.result("xinet.delete", named("p"));
  for (int i = 0; i < 2; ++i) {
    zinit.reexecute();
    CHECK(first.echo("after") == "after");
    CHECK_FALSE(Client::possible(proxied.front));
    CHECK(zinit.result("xinet.list").texts().empty());
  }
  // A new proxy of the same name has its own connections.
  zinit.result("xinet.set", proxy_params("p", proxied.front, proxied.back, "s"));
  CHECK(Client(proxied.front).echo("new") == "new");
  for (Client* client : {&first, &second}) {
    CHECK(client->echo("still") == "still");
    client->finish();
    CHECK(client->read_all() == "");
    CHECK_FALSE(client->was_reset());
  }
  await_count(zinit, "p", "active_connections", 0);
}

TEST_CASE("the service of a connection ends while zinit executes itself again",
          "[check][xinet][reexec]") {
  Server zinit;
  const Proxied proxied(zinit, {"pid"}, "", {}, "restart = 'never'");
  boot_open(zinit);
  check_answers(zinit, proxied.front, "s");
  const pid_t first = zinit.pid_of("s");
  REQUIRE(::kill(first, SIGKILL) == 0);
  zinit.reexecute();
  const std::string second = Client(proxied.front).read_all();
  CHECK(second == std::to_string(zinit.await_new_pid("s", first)));
}

}  // namespace
}  // namespace zinit::test::activation_xinet_reexec
