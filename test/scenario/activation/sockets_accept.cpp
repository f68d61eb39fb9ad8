// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// [socket] with `accept` (zinit.toml(5)): one instance of the service for each connection.
#include "scenario/harness.hpp"
#include "scenario/harness/peer.hpp"
#include "scenario/harness/proxies.hpp"

namespace zinit::test::activation_sockets_accept {
namespace {

/// A service with an instance for each connection; `more` holds lines of [socket].
std::string accepting(const Texts& words, const std::string& listen, const std::string& more = "",
                      const std::string& service = "", const std::string& sections = "") {
  Texts all{"inetd"};
  all.insert(all.end(), words.begin(), words.end());
  return "[service]\nexec = [" + peer(all) + "]\n" + service + "\n[socket]\nlisten = ['" + listen +
         "']\naccept = true\n" + more + "\n" + sections + "\n";
}

/// The names of all services except `but`.
Texts others(Server& zinit, const std::string& but = "s") {
  Texts names = zinit.result("service.list").texts();
  names.erase(std::remove(names.begin(), names.end(), but), names.end());
  std::sort(names.begin(), names.end());
  return names;
}

void await_others(Server& zinit, const Texts& wanted) {
  Texts last;
  (void)eventually([&] { return (last = others(zinit)) == wanted; });
  CHECK(last == wanted);
}

TEST_CASE("each connection has an instance, as its standard input and output",
          "[sockets][accept]") {
  Server zinit;
  const std::string at = free_address();
  zinit.file("s.toml", accepting({"echo"}, at));
  boot_open(zinit);
  CHECK(others(zinit).empty());
  Client one(at), two(at);
  CHECK(one.echo("one") == "one");
  CHECK(two.echo("two") == "two");
  CHECK(others(zinit) == Texts{"s@1", "s@2"});
  zinit.await_state("s@1", "running");  // it may answer before the board knows of its spawn
  CHECK(zinit.pid_of("s@1") != zinit.pid_of("s@2"));
  one.finish();
  CHECK(one.read_all() == "");
  await_others(zinit, {"s@2"});
  CHECK(two.echo("still") == "still");
  // The next instance has a new number.
  Client three(at);
  CHECK(three.echo("three") == "three");
  CHECK(others(zinit) == Texts{"s@2", "s@3"});
  // An instance can be stopped; its connection then ends.
  (void)zinit.result("service.stop", named("s@2"));
  CHECK(two.read_all() == "");
  await_others(zinit, {"s@3"});
  three.close();
  await_others(zinit, {});
}

TEST_CASE("an instance over a unix socket, and one over IPv6", "[check][sockets][accept]") {
  Server zinit;
  const std::string path = "unix:" + zinit.path("sock"), six = "[::1]:" + free_port();
  zinit.file("s.toml", accepting({"echo"}, path));
  if (has_ipv6()) zinit.file("v6.toml", accepting({"env", "REMOTE_ADDR"}, six));
  boot_open(zinit);
  Client client(path);
  CHECK(client.echo("hello") == "hello");
  for (int i = 2; i < 10; ++i) {
    // The client sends only when the instance has the connection and zinit no longer has it.
    Client late(path);
    const std::string name = "s@" + std::to_string(i);
    REQUIRE(eventually([&] { return zinit.result("service.list").mentions(name); }));
    const pid_t pid = zinit.await_program(name);
    REQUIRE(eventually([&] { return proc_link(pid, "fd/0").rfind("socket:", 0) == 0; }));
    CHECK(late.echo("late") == "late");
  }
  if (has_ipv6()) CHECK(Client(six).read_all() == "::1");
  client.close();
}

TEST_CASE("an instance finds who connects, its name and its settings in its environment",
          "[check][sockets][accept]") {
  Server zinit;
  const Texts names{"REMOTE_ADDR", "ZINIT_SERVICE", "MINE"};
  Texts places;
  for (const std::string& name : names) {
    places.push_back(free_address());
    std::string file = name;
    std::transform(file.begin(), file.end(), file.begin(), ::tolower);
    zinit.file(file + ".toml",
               accepting({"env", name}, places.back(), "", "env = { MINE = 'of %n' }"));
  }
  boot_open(zinit);
  CHECK(Client(places[0]).read_all() == "127.0.0.1");
  CHECK(Client(places[1]).read_all() == "zinit_service@1");
  CHECK(Client(places[1]).read_all() == "zinit_service@2");
  CHECK_THAT(Client(places[2]).read_all(), Contains("of "));
}

TEST_CASE("what instances write to standard error goes to their service's log",
          "[sockets][accept]") {
  Server zinit;
  const std::string at = free_address();
  zinit.file("s.toml", accepting({"complain", "it hurts"}, at));
  boot_open(zinit);
  for (int i = 1; i <= 3; ++i) {
    Client client(at);
    CHECK(client.echo("hello") == "hello");
    CHECK(eventually([&] {
      return zinit.result("logs.tail", R"({"name":"s","lines":100})").texts() ==
             Texts(static_cast<std::size_t>(i), "it hurts");
    }));
  }
  await_others(zinit, {});
}

TEST_CASE("no more than max_connections have an instance, and the rest wait", "[sockets][accept]") {
  Server zinit;
  const std::string at = free_address();
  zinit.file("s.toml", accepting({"echo"}, at, "max_connections = 3"));
  boot_open(zinit);
  std::vector<Client> clients;
  for (int i = 0; i < 5; ++i) {
    clients.emplace_back(at);
    REQUIRE(clients.back().send(std::to_string(i)));
  }
  for (std::size_t i = 0; i < 3; ++i) CHECK(clients[i].read(1) == std::to_string(i));
  CHECK(others(zinit).size() == 3);
  CHECK(clients[3].quiet());
  CHECK(clients[4].quiet());
  for (std::size_t i = 0; i < 2; ++i) {
    clients[i].close();
    CHECK(clients[i + 3].read(1) == std::to_string(i + 3));
    CHECK(others(zinit).size() == 3);
  }
  clients.clear();
  await_others(zinit, {});
}

TEST_CASE("a hundred connections in a row and at once have their instances, which all go",
          "[threads][sockets][accept]") {
  Server zinit;
  const std::string at = free_address();
  zinit.file("s.toml", accepting({"echo"}, at));
  boot_open(zinit);
  for (int i = 0; i < 50; ++i) {
    Client client(at);
    CHECK(client.echo("in a row") == "in a row");
  }
  await_others(zinit, {});
  const auto before = descriptors(zinit);
  {
    std::vector<Client> clients;
    for (int i = 0; i < 100; ++i) {
      clients.emplace_back(at);
      REQUIRE(clients.back().send("at once"));
    }
    for (Client& client : clients) {
      CHECK(client.read(7) == "at once");
      client.close();
    }
  }
  await_others(zinit, {});
  CHECK(eventually([&] { return descriptors(zinit) <= before; }));
}

TEST_CASE("clients that connect and reset at once leave no instance behind",
          "[threads][sockets][accept]") {
  Server zinit;
  const std::string at = free_address();
  zinit.file("s.toml", accepting({"echo"}, at, "max_connections = 5"));
  boot_open(zinit);
  CHECK(Client(at).echo("hello") == "hello");
  await_others(zinit, {});
  const auto before = descriptors(zinit);
  for (int i = 0; i < 100; ++i) {
    Client client(at);
    i % 2 == 0 ? client.reset() : client.close();
  }
  CHECK(Client(at).echo("hello") == "hello");
  await_others(zinit, {});
  CHECK(eventually([&] { return descriptors(zinit) <= before; }));
}

TEST_CASE("without descriptors for more instances no connection hangs, and later ones are served",
          "[sockets][accept]") {
  Server zinit({.in_child = [] {
    const rlimit few{100, 100};
    if (::setrlimit(RLIMIT_NOFILE, &few) != 0) _exit(125);
  }});
  const std::string at = free_address();
  zinit.file("s.toml", accepting({"echo"}, at, "max_connections = 1000"));
  boot_open(zinit);
  std::vector<Client> clients;
  for (int i = 0; i < 60; ++i) {
    clients.emplace_back(at);
    REQUIRE(clients.back().send("hello"));
  }
  // Each client gets its answer, or an end if resources for its process were lacking.
  for (Client& client : clients) {
    const std::string answer = client.read(5);
    CHECK((answer == "hello" || answer == ""));
    client.close();
  }
  await_others(zinit, {});
  CHECK(Client(at).echo("hello") == "hello");
}

TEST_CASE("an instance starts what its service requires", "[sockets][accept]") {
  Server zinit;
  const std::string at = free_address();
  zinit.add("db", {.exec = tracing("db"), .service = "status = 'stop'"});
  zinit.file("s.toml",
             accepting({"echo"}, at, "", "status = 'stop'", "[dependencies]\nrequires = ['db']"));
  boot_open(zinit);
  CHECK(zinit.state("db") == "inactive");
  Client client(at);
  CHECK(client.echo("hello") == "hello");
  CHECK(zinit.state("db") == "running");
  client.close();
  await_others(zinit, {"db"});
}

TEST_CASE("instances are no part of what a reload changes", "[sockets][accept][reload]") {
  Server zinit;
  const std::string at = free_address(), other = free_address();
  zinit.file("s.toml", accepting({"echo"}, at));
  boot_open(zinit);
  Client client(at);
  CHECK(client.echo("hello") == "hello");
  const Json report = zinit.reload();
  CHECK(report["removed"].size() == 0);
  CHECK(report["changed"].size() == 0);
  CHECK(client.echo("again") == "again");
  zinit.file("s.toml", accepting({"env", "MINE"}, other, "", "env = { MINE = 'new' }"));
  (void)zinit.reload();
  CHECK(eventually([&] { return Client::possible(other); }));
  CHECK(Client(other).read_all() == "new");
  CHECK(eventually([&] { return !Client::possible(at); }));
}

TEST_CASE("an instance that fails is not restarted, and its service serves on",
          "[check][sockets][accept]") {
  Server zinit;
  const std::string at = free_address(), nowhere = free_address();
  zinit.file("t.toml", "[service]\nexec = ['/nowhere/program']\n[socket]\nlisten = ['" + nowhere +
                           "']\naccept = true\n");
  zinit.file("s.toml",
             "[service]\nexec = 'echo run >> $T; read line; exit 3'\n[socket]\nlisten = ['" + at +
                 "']\naccept = true\n[lifecycle]\nrestart = 'always'\nrestart_delay_ms = 10\n");
  boot_open(zinit);
  for (int i = 1; i <= 3; ++i) {
    Client client(at);
    REQUIRE(client.send("line\n"));
    CHECK(client.read_all() == "");
    CHECK(Client(nowhere).read_all() == "");
    await_others(zinit, {"t"});
    CHECK(zinit.count("run") == i);
  }
}

TEST_CASE("instances have their own settings of processes", "[sockets][accept]") {
  Server zinit;
  const std::string at = free_address();
  zinit.file("s.toml", accepting({"echo"}, at, "", "dir = '/tmp'",
                                 "[limits]\nnofile = 77\n[process]\nnice = 5"));
  boot_open(zinit);
  Client client(at);
  CHECK(client.echo("hello") == "hello");
  const pid_t pid = zinit.pid_of("s@1");
  CHECK(proc_link(pid, "cwd") == "/tmp");
  CHECK(proc_stat(pid, 19) == "5");
  CHECK_THAT(read_file("/proc/" + std::to_string(pid) + "/limits"), Contains("77"));
  CHECK(proc_link(pid, "fd/0").rfind("socket:", 0) == 0);
  CHECK(proc_link(pid, "fd/0") == proc_link(pid, "fd/1"));
  CHECK(proc_link(pid, "fd/2") != proc_link(pid, "fd/1"));
  CHECK(entries_of("/proc/" + std::to_string(pid) + "/fd") == Texts{"0", "1", "2"});
}

TEST_CASE("the end of a service with accept: stop, delete and a reload without its socket",
          "[sockets][accept][reload]") {
  Server zinit;
  const std::string at = free_address();
  zinit.file("s.toml", accepting({"echo"}, at));
  boot_open(zinit);
  {
    Client client(at);
    CHECK(client.echo("hello") == "hello");
    // The next connection starts an on-demand service again after a stop.
    (void)zinit.stop("s");
    Client second(at);
    CHECK(second.echo("second") == "second");
  }
  await_others(zinit, {});
  zinit.remove("s");
  (void)zinit.reload();
  CHECK(eventually([&] { return !Client::possible(at); }));
  CHECK(others(zinit).empty());
}

void check_instances_over(const std::function<void(Server&)>& again) {
  Server zinit;
  const std::string at = free_address();
  zinit.file("s.toml", accepting({"complain", "hello"}, at, "max_connections = 3"));
  boot_open(zinit);
  Client one(at), two(at);
  CHECK(one.echo("one") == "one");
  CHECK(two.echo("two") == "two");
  const pid_t pid = zinit.pid_of("s@1");
  again(zinit);
  CHECK(others(zinit) == Texts{"s@1", "s@2"});
  CHECK(zinit.pid_of("s@1") == pid);
  CHECK(one.echo("one again") == "one again");
  Client three(at), four(at);
  CHECK(three.echo("three") == "three");
  REQUIRE(four.send("four"));
  CHECK(others(zinit) == Texts{"s@1", "s@2", "s@3"});
  CHECK(four.quiet());
  again(zinit);
  CHECK(four.quiet());
  one.close();
  CHECK(four.read(4) == "four");
  CHECK(others(zinit) == Texts{"s@2", "s@3", "s@4"});
  CHECK(eventually([&] {
    return zinit.result("logs.tail", R"({"name":"s","lines":100})").texts() == Texts(4, "hello");
  }));
  for (Client* client : {&two, &three, &four}) {
    client->finish();
    CHECK(client->read_all() == "");
  }
  await_others(zinit, {});
}

TEST_CASE("instances and their connections go on over a re-execution",
          "[check][sockets][accept][reexec]") {
  check_instances_over([](Server& zinit) { zinit.reexecute(); });
}

TEST_CASE("instances and their connections go on over a crash",
          "[check][sockets][accept][reexec][crash]") {
  check_instances_over([](Server& zinit) { crash(zinit); });
}

TEST_CASE("an instance that ends while zinit executes itself again leaves the graph",
          "[check][threads][sockets][accept][reexec]") {
  Server zinit;
  const std::string at = free_address();
  zinit.file("s.toml", accepting({"echo"}, at));
  boot_open(zinit);
  for (int i = 0; i < 5; ++i) {
    Client client(at);
    CHECK(client.echo("hello") == "hello");
    client.close();
    zinit.reexecute();
    await_others(zinit, {});
  }
}

}  // namespace
}  // namespace zinit::test::activation_sockets_accept
