// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Sockets of services and proxies while their addresses change, or while clients misuse them.
#include "scenario/activation/socketed.hpp"
#include "scenario/harness/listening.hpp"

namespace zinit::test::activation_activation_changes {
namespace {

/// A service that is started at boot, with its sockets.
std::string booted(Texts words, const std::string& listen) {
  words.insert(words.begin(), "passed");
  return with_sockets("[" + peer(words) + "]", {listen}, "on_demand = false");
}

/// Whether the other side, and not this one, has ended a connection to the port of `address`.
bool ended_there(const std::string& address) {
  char port[16];
  std::snprintf(port, sizeof port, ":%04X 08", std::stoi(address.substr(address.rfind(':') + 1)));
  return read_file("/proc/net/tcp").find(port) != std::string::npos;
}

/// Whether a socket listens at the address, in the form of the kernel's table.
bool listens(const std::string& host, const std::string& port) {
  char local[16];
  std::snprintf(local, sizeof local, ":%04X ", std::stoi(port));
  return read_file("/proc/net/tcp").find(host + local + "00000000:0000 0A") != std::string::npos;
}

std::string request(const std::string& method, const std::string& params) {
  return R"({"jsonrpc":"2.0","id":1,"method":")" + method + R"(","params":)" + params + "}";
}

std::string set_service(const std::string& name, const std::string& listen) {
  std::string words = peer({"passed", "echo"});
  std::replace(words.begin(), words.end(), '\'', '"');
  return request("service.set",
                 R"({"persist":false,"config":{"service":{"name":")" + name + R"(","exec":[)" +
                     words + R"(]},"socket":{"on_demand":false,"listen":[")" + listen + R"("]}}})");
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

TEST_CASE("the sockets of a removed service are closed when the answer comes", "[sockets]") {
  Server zinit;
  Texts listen;
  for (int i = 0; i < 200; ++i) listen.push_back("unix:" + zinit.path(std::to_string(i)));
  const std::string last = free_address();
  listen.push_back(last);
  zinit.file("s.toml", with_sockets("'sleep 100000'", listen));
  zinit.boot();
  REQUIRE(is_there(last));
  zinit.result("service.delete", named("s"));
  CHECK_FALSE(Client::possible(last));
  zinit.reload();
  REQUIRE(Client::possible(last));
  zinit.result("service.delete_all");
  CHECK_FALSE(Client::possible(last));
}

TEST_CASE("clients that keep connecting do not bring back a service that is being deleted",
          "[sockets][xinet]") {
  Server zinit;
  const std::string own = "unix:" + zinit.path("own"), proxied = "unix:" + zinit.path("proxied");
  zinit.file("s.toml", with_sockets(toml_string("trap 'until [ -e $D/down ]; do sleep 0.01; done; "
                                                "exit' TERM; echo up >> $T; "
                                                "while :; do sleep 0.01; done"),
                                    {own}));
  zinit.file("p.toml", proxy_text(proxied, "unix:" + zinit.path("nobody"), "s"));
  zinit.boot();
  const std::string other = R"({"config":{"service":{"name":"other","check_exec":)"
                            R"("echo check >> $T; until [ -e $D/go ]; do sleep 0.01; done",)";
  zinit.result("service.set", other + R"("exec":"sleep 100000"}}})");
  zinit.await_program("other");
  const Client one(own), two(proxied);
  zinit.await_trace("up");
  zinit.await_state("s", "running");
  Connection holds_up = zinit.connect(), deletes = zinit.connect(), looks = zinit.connect();
  REQUIRE(deletes.begin("service.delete", named("s")));
  zinit.await_state("s", "stopping");
  // The check holds up the queue in which the deletion goes on once the service is down.
  REQUIRE(holds_up.begin("service.set", other + R"("exec":"sleep 100001"}}})"));
  zinit.await_trace("check");
  zinit.mark("down");
  CHECK(
      eventually([&] { return looks.result("service.status", named("s"))["state"] == "exited"; }));
  zinit.mark("go");
  const Json answer = deletes.read();
  INFO(answer);
  CHECK(answer["result"]["ok"].truth());
  CHECK(zinit.count("up") == 1);
}

TEST_CASE("two services swap their addresses in a reload", "[sockets][reload]") {
  Server zinit;
  const std::string one = free_address(), other = free_address();
  for (int i = 0; i < 3; ++i) {
    INFO(i);
    const bool swapped = i % 2 == 1;
    zinit.file("a.toml", booted({"pid"}, swapped ? other : one));
    zinit.file("b.toml", booted({"pid"}, swapped ? one : other));
    i == 0 ? boot_open(zinit, {"a", "b"}) : (void)zinit.reload();
    for (const char* name : {"a", "b"})
      REQUIRE(eventually([&] { return zinit.state(name) == "running"; }));
    check_answers(zinit, swapped ? other : one, "a");
    check_answers(zinit, swapped ? one : other, "b");
  }
}

TEST_CASE("what stubborn processes have is waited for, and nothing is told as failed",
          "[sockets][xinet][reload]") {
  Server zinit;
  const std::string one = free_address(), other = free_address(), third = free_address();
  const std::string back = free_address();
  zinit.file("s.toml", peers({"at", back, "echo"}));
  const Texts places[] = {{one, other, third}, {other, third, one}};
  const Texts names = {"a", "b"}, limits = {"100", "500"};
  for (const Texts& at : places) {
    for (std::size_t i = 0; i < 2; ++i)
      zinit.file(
          names[i] + ".toml",
          with_sockets(toml_string(stubborn(names[i])), {at[i]}, "on_demand = false", "",
                       "[lifecycle]\nrestart_delay_ms = 100\nstop_timeout_ms = " + limits[i]));
    zinit.file("p.toml", proxy_text(at[2], back, "s"));
    &at == places ? boot_open(zinit, names) : (void)zinit.reload();
    for (const std::string& name : names) zinit.await_trace("start " + name, &at == places ? 1 : 2);
  }
  CHECK(eventually([&] { return proxy_status(zinit, "p")["running"] == true; }));
  CHECK(Client(one).echo("by p") == "by p");
  for (const std::string& name : names) CHECK(zinit.state(name) == "running");
  const std::string messages = zinit.messages();
  CHECK_THAT(messages, Contains("; about to be released by processes of b; next try in "));
  CHECK_THAT(messages, !Contains("error"));
}

TEST_CASE("an address is waited for until the process that has it has ended, and no other one is",
          "[sockets][xinet][reload][reexec]") {
  const bool reexecutes = GENERATE(false, true);
  CAPTURE(reexecutes);
  Server zinit;
  Listening somebody;
  const std::string one = free_address(), other = free_address(), back = free_address();
  const std::string taken = "127.0.0.1:" + somebody.port();
  const auto holder = [&](const Texts& listen) {
    return with_sockets(toml_string("trap '' TERM; while ! [ -e $D/go ]; do sleep 0.01; done"),
                        listen, "on_demand = false", "",
                        "[lifecycle]\nrestart = 'never'\nstop_timeout_ms = 60000");
  };
  const std::string late = "[lifecycle]\nrestart_delay_ms = 3600000\n";
  zinit.file("holds.toml", holder({one, other}));
  zinit.file("wants.toml", booted({"pid"}, free_address()) + late);
  zinit.file("fails.toml", booted({"pid"}, free_address()));
  zinit.file("yields.toml",
             "[service]\nexec = 'sleep 1000'\n[dependencies]\nconflicts = ['wants']\n");
  zinit.file("s.toml", peers({"at", back, "echo"}));
  zinit.file("p.toml", proxy_text(free_address(), back, "s"));
  boot_open(zinit, {"holds", "wants", "fails"});

  zinit.file("holds.toml", holder({free_address()}));
  zinit.file("wants.toml", booted({"pid"}, one) + late);
  zinit.file("fails.toml", booted({"pid"}, taken));
  zinit.file("p.toml", proxy_text(other, back, "s"));
  const std::string why = ": Address already in use";
  const std::string waits = why + "; about to be released by processes of holds";
  const auto told = zinit.ctl({"reload"});
  CHECK(told.code == 1);
  CHECK_THAT(told.out, Contains("p: cannot listen on " + other + waits + "; tried again then"));
  zinit.await_message("wants: cannot listen on " + one + waits + "; next try in ");
  zinit.await_state("fails", "failed");
  const std::string by = " by process " + std::to_string(::getpid()) + " (";
  CHECK_THAT(zinit.messages(), Contains("fails: failed: cannot listen on " + taken + why + by) &&
                                   Contains("); started as soon as that is possible"));
  if (reexecutes) {
    zinit.reexecute();
    CHECK(eventually([&] {
      return zinit.ctl({"status", "wants"}).out.find(waits) != std::string::npos;
    }));
    CHECK_THAT(proxy_status(zinit, "p")["error"].text(), Contains(waits));
    CHECK_THAT(zinit.messages(), !Contains("error wants") && !Contains("error proxy"));
  }
  zinit.mark("go");
  zinit.await_state("wants", "running");
  check_answers(zinit, one, "wants");
  CHECK(eventually([&] { return proxy_status(zinit, "p")["running"] == true; }));
  // That was no start on request, which would stop what conflicts.
  CHECK(zinit.state("yields") == "blocked");
  somebody.end();
  zinit.await_state("fails", "running");
}

TEST_CASE("a service and a proxy swap their addresses in a reload, and none is in use",
          "[check][sockets][xinet][reload]") {
  Server zinit;
  const std::string port = free_address(), back = free_address(), other = free_address();
  const std::string path = "unix:" + zinit.path("sock");
  zinit.file("s.toml", peers({"at", back, "echo"}));
  const Texts places[] = {{port, path, other}, {path, other, port}, {other, port, path}};
  for (int i = 0; i < 6; ++i) {
    INFO(i);
    const Texts& at = places[i % 3];
    zinit.file("p.toml", proxy_text(at[0], back, "s"));
    zinit.file("a.toml", accepting({"echo"}, at[1]));
    zinit.file("b.toml", accepting({"echo"}, at[2]));
    if (i == 0)
      boot_open(zinit);
    else
      CHECK(zinit.ctl({"reload"}).code == 0);
    for (const std::string& address : at) CHECK(Client(address).echo("hello") == "hello");
  }
  CHECK_THAT(zinit.messages(), !Contains("in use"));
}

TEST_CASE("what a process or proxy has kept is waited for, and had when it has gone",
          "[sockets][xinet][reload]") {
  Server zinit;
  const std::string one = free_address(), other = free_address(), back = free_address();
  zinit.file("s.toml", peers({"at", back, "echo"}));
  const std::string late = "[lifecycle]\nrestart_delay_ms = 3600000\n";
  for (int i = 0; i < 8; ++i) {
    INFO(i);
    zinit.file("p.toml", proxy_text(i % 2 == 1 ? other : one, back, "s"));
    zinit.file("a.toml", booted({"pid"}, i % 2 == 1 ? one : other) + late);
    i == 0 ? boot_open(zinit, {"a"}) : (void)zinit.reload();
    REQUIRE(eventually([&] { return zinit.state("a") == "running"; }));
    CHECK(eventually([&] { return proxy_status(zinit, "p")["running"] == true; }));
    check_answers(zinit, i % 2 == 1 ? one : other, "a");
    CHECK(Client(i % 2 == 1 ? other : one).echo("by p") == "by p");
  }
  CHECK_THAT(zinit.messages(), !Contains("failed"));
}

TEST_CASE("a proxy gets the address of another one as soon as that is deleted", "[xinet][reload]") {
  Server zinit;
  const Proxied proxied(zinit, {"echo"});
  zinit.file("q.toml", proxy_text(free_address(), proxied.back, "s"));
  boot_open(zinit);
  zinit.file("q.toml", proxy_text(proxied.front, proxied.back, "s"));
  CHECK(zinit.ctl({"reload"}).code == 1);
  const auto began = std::chrono::steady_clock::now();
  zinit.result("xinet.delete", named("p"));
  CHECK(eventually([&] { return proxy_status(zinit, "q")["running"] == true; }));
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(4));
  CHECK(Client(proxied.front).echo("by q") == "by q");
}

TEST_CASE("an address that a proxy got beside its old one is no other proxy's", "[xinet][reload]") {
  Server zinit;
  const Proxied proxied(zinit, {"echo"});
  const std::string port = free_port(), own = free_address();
  zinit.file("p.toml", proxy_text("127.0.0.1:" + port, proxied.back, "s"));
  zinit.file("q.toml", proxy_text(own, proxied.back, "s"));
  boot_open(zinit);
  zinit.file("p.toml", proxy_text("0.0.0.0:" + port, proxied.back, "s"));
  CHECK(zinit.ctl({"reload"}).code == 0);
  zinit.file("q.toml", proxy_text("0.0.0.0:" + port, proxied.back, "s"));
  CHECK_THAT(zinit.ctl({"reload"}).out, Contains("Address already in use; proxy p listens there"));
  CHECK(Client(own).echo("hello") == "hello");
}

TEST_CASE("addresses that are in use are told, and had when they are free",
          "[sockets][xinet][ctl]") {
  Server zinit;
  Listening holders[4];
  Texts taken;
  for (const Listening& holder : holders) taken.push_back("127.0.0.1:" + holder.port());
  const std::string free = free_address(), back = free_address();
  zinit.file("boots.toml", booted({"pid"}, taken[0]));
  zinit.file("waits.toml", socketed({"pid"}, {free, taken[1]}));
  zinit.file("each.toml", accepting({"echo"}, taken[2]));
  zinit.file("s.toml", peers({"at", back, "echo"}));
  zinit.file("p.toml", proxy_text(taken[3], back, "s"));
  zinit.file("misspelt.toml", proxy_text(free_address(), back, "s", "conect_timeout = 3"));
  zinit.file("nowhere.toml", proxy_text(free_address(), "nowhere", "s"));
  zinit.boot({"each"});
  zinit.await_state("boots", "failed");
  for (std::size_t i = 0; i < 4; ++i) zinit.await_message(taken[i]);
  const std::string why = zinit.ctl({"why", "waits"}).out;
  CHECK_THAT(why, Contains("a connection to " + free + " starts it"));
  CHECK_THAT(why,
             Contains("its sockets are not all open") && Contains(taken[1]) && Contains("in use"));
  CHECK_THAT(zinit.ctl({"status", "waits"}).out,
             Contains("are not all open") && Contains(taken[1]));
  CHECK_THAT(zinit.ctl({"why", "each"}).out, Contains("its sockets are not all open"));
  CHECK(proxy_status(zinit, "p")["running"] == false);
  CHECK_THAT(zinit.ctl({"xinet", "status", "misspelt"}).out,
             Contains("listening") && Contains("warning") && Contains("conect_timeout"));
  CHECK_THAT(zinit.ctl({"xinet", "status", "nowhere"}).out,
             Contains("failed") && Contains("nowhere.toml:3") && Contains("proxy.backend"));

  for (Listening& holder : holders) holder.end();
  zinit.await_state("boots", "running");
  check_answers(zinit, taken[0], "boots");
  for (std::size_t i = 1; i < 4; ++i) CHECK(is_there(taken[i]));
  check_answers(zinit, taken[1], "waits");
  for (const std::string& address : {taken[2], taken[3]})
    CHECK(Client(address).echo("hello") == "hello");
  CHECK(proxy_status(zinit, "p")["running"] == true);
  CHECK_THAT(zinit.ctl({"why", "each"}).out, !Contains("not all open"));
}

TEST_CASE("each process finds its sockets as the first did, and open if the last one shut them",
          "[sockets]") {
  Server zinit;
  const std::string at = free_address(), shut = free_address();
  const std::string path = "unix:" + zinit.path("sock");
  zinit.file("s.toml", booted({"careless", "pid"}, at));
  zinit.file("a.toml", socketed({"shut"}, {shut, path}, "", "", "restart = 'never'"));
  boot_open(zinit, {"s"});
  for (int i = 1; i <= 2; ++i) {
    zinit.await_trace("fds 1 s", i);
    check_answers(zinit, at, "s");
    (void)zinit.restart("s");
  }
  CHECK_FALSE(zinit.traced("no blocking"));
  for (const std::string& address : {shut, path}) {
    INFO(address);
    (void)zinit.start("a");
    CHECK(eventually([&] { return zinit.state("a") == "exited" || zinit.state("a") == "failed"; }));
    CHECK(is_there(address));
  }
}

TEST_CASE("one of the sockets of a name is opened again if a process has shut it down",
          "[sockets][reexec]") {
  if (::geteuid() != 0 || !can_make_namespaces()) return skip("needs root and namespaces");
  Server zinit({.own_root = true});
  zinit.put("etc/hosts", "127.0.0.1 two.test\n127.0.0.2 two.test\n");
  const std::string port = free_port();
  zinit.file("a.toml", socketed({"shut-one"}, {"two.test:" + port}, "", "", "restart = 'never'"));
  boot_open(zinit);
  const auto shut_one = [&] {
    (void)zinit.start("a");
    CHECK(eventually([&] { return zinit.state("a") == "exited"; }));
    CHECK(eventually([&] { return listens("0100007F", port) && listens("0200007F", port); }));
  };
  shut_one();
  zinit.reexecute();
  shut_one();
}

TEST_CASE("sockets that are not open yet are not taken for those of before over a re-execution",
          "[check][sockets][reload][reexec]") {
  Server zinit;
  const std::string before = free_address(), after = free_address(), port = free_port();
  const std::string four = "0.0.0.0:" + port, six = "[::]:" + port;
  const std::string unknown = "user = 'nobody-of-that-name'\n";
  zinit.file("s.toml", socketed({"pid"}, {before}));
  if (has_ipv6()) zinit.file("both.toml", socketed({"echo"}, {six}));
  boot_open(zinit);
  // The new lists are in force while the sockets of the old ones are open.
  const auto reload_with = [&](const std::string& user) {
    zinit.file("s.toml", socketed({"pid"}, {after}, user));
    if (has_ipv6()) zinit.file("both.toml", socketed({"echo"}, {six, four}, user));
    (void)zinit.reload();
  };
  reload_with(unknown);
  zinit.reexecute();
  reload_with("");
  CHECK(is_there(after));
  check_answers(zinit, after, "s");
  CHECK(!Client::possible(before));
  if (!has_ipv6()) return skip("the rest needs IPv6");
  // A socket of the previous process image for both families gives way.
  CHECK(Client("[::1]:" + port).echo("six") == "six");
  CHECK(Client("127.0.0.1:" + port).echo("four") == "four");
  CHECK(zinit.trace().back() == "fds 2 both:both");
}

TEST_CASE("a proxy that leads to itself takes no connection, and one to another does",
          "[check][xinet]") {
  Server zinit;
  const Proxied proxied(zinit, {"echo"});
  const std::string port = free_port(), one = free_address(), other = free_address();
  const std::string first = free_address();
  zinit.file("first.toml", proxy_text(first, proxied.front, "s"));
  zinit.file("itself.toml", proxy_text("0.0.0.0:" + port, "127.0.0.1:" + port, "s"));
  zinit.file("there.toml", proxy_text(one, other, "s"));
  zinit.file("back.toml", proxy_text(other, one, "s"));
  boot_open(zinit);
  for (int i = 0; i < 3; ++i) CHECK(Client(first).echo("hello") == "hello");
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
  CHECK_THAT(told.out, Contains("failed") && Contains("p: cannot listen on " + wanted +
                                                      ": Address already in use by process "));
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

TEST_CASE("a proxy may be deleted, and set again beside another, in one breath", "[check][xinet]") {
  Server zinit;
  const Proxied proxied(zinit, {"echo"});
  const std::string path = "unix:" + zinit.path("front");
  boot_open(zinit);
  for (int i = 0; i < 6; ++i) {
    INFO(i);
    const std::string front = free_address(), again = i < 3 ? path : proxied.front;
    const auto set = [&](const std::string& name, const std::string& listen) {
      return request("xinet.set", proxy_params(name, listen, proxied.back, "s"));
    };
    const std::string gone = request("xinet.delete", named("p"));
    Connection connection = zinit.connect();
    const bool batch = i % 2 == 0;
    REQUIRE(connection.send(batch
                                ? "[" + gone + "," + set("p", again) + "," + set("q", front) + "]\n"
                                : gone + "\n" + set("q", front) + "\n" + set("p", again) + "\n"));
    for (int answer = 0; answer < (batch ? 1 : 3); ++answer)
      CHECK_THAT(connection.line().value_or(""), Contains("\"result\"") && !Contains("error"));
    CHECK(Client(again).echo("p") == "p");
    CHECK(Client(front).echo("of q") == "of q");
    for (const auto& [name, bytes] : {std::pair{"p", 1}, {"q", 4}}) {
      await_count(zinit, name, "active_connections", 0);
      CHECK(proxy_status(zinit, name)["bytes_to_backend"] == bytes);
    }
    zinit.result("xinet.delete", named("q"));
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

}  // namespace
}  // namespace zinit::test::activation_activation_changes
