// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// [socket] with `accept` (zinit.toml(5)): one instance of the service for each connection.
#include "scenario/activation/socketed.hpp"

namespace zinit::test::activation_sockets_accept {
namespace {

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
  CHECK(zinit.ctl({"stop", "s@2"}).code == 0);
  CHECK(two.read_all() == "");
  await_others(zinit, {"s@3"});
  three.close();
  await_others(zinit, {});
}

TEST_CASE("many instances at once keep their standard error", "[check][sockets][accept]") {
  Server zinit;
  const std::string at = free_address();
  zinit.file("s.toml",
             "[service]\nexec = 'while read line; do echo $line >&2; echo $line; done'\n"
             "[socket]\nlisten = ['" +
                 at + "']\naccept = true\n");
  boot_open(zinit);
  std::vector<Client> clients;
  for (int i = 0; i < 30; ++i) {
    clients.emplace_back(at);
    CHECK(clients.back().echo("one\n") == "one\n");
  }
  for (Client& client : clients) CHECK(client.echo("two\n") == "two\n");
}

TEST_CASE("instances over all kinds of sockets find who connects, their names and settings",
          "[check][sockets][accept]") {
  Server zinit;
  const std::string path = "unix:" + zinit.path("sock"), six = "[::1]:" + free_port();
  const std::string four = free_address(), own_name = free_address(), mine = free_address();
  zinit.file("s.toml", accepting({"echo"}, path));
  zinit.file("four.toml", accepting({"env", "REMOTE_ADDR"}, four));
  if (has_ipv6()) zinit.file("v6.toml", accepting({"env", "REMOTE_ADDR"}, six));
  zinit.file("name.toml", accepting({"env", "ZINIT_SERVICE"}, own_name));
  zinit.file("mine.toml",
             accepting({"env", "MINE"}, mine, "", "env = { MINE = '%%i is %i of %n' }"));
  boot_open(zinit);
  CHECK(Client(path).echo("hello") == "hello");
  for (int i = 2; i < 10; ++i) {
    // The client sends only when the instance has the connection and zinit no longer has it.
    Client late(path);
    const std::string name = "s@" + std::to_string(i);
    REQUIRE(eventually([&] { return zinit.result("service.list").mentions(name); }));
    const pid_t pid = zinit.await_program(name);
    REQUIRE(eventually([&] { return proc_link(pid, "fd/0").rfind("socket:", 0) == 0; }));
    CHECK(late.echo("late") == "late");
  }
  CHECK(Client(four).read_all() == "127.0.0.1");
  if (has_ipv6()) CHECK(Client(six).read_all() == "::1");
  CHECK(Client(own_name).read_all() == "name@1");
  CHECK(Client(own_name).read_all() == "name@2");
  CHECK(Client(mine).read_all() == "%i is 1 of mine@1");
  CHECK(Client(mine).read_all() == "%i is 2 of mine@2");
}

TEST_CASE("with accept and status ignore zinit listens only after a start, until a stop",
          "[sockets][accept]") {
  Server zinit;
  const std::string at = free_address();
  const auto write = [&](const char* status) {
    zinit.file("s.toml", accepting({"echo"}, at, "", "status = '" + std::string(status) + "'"));
  };
  const auto answers = [&](bool wanted) {
    const auto open = [&] { return zinit.status("s")["sockets"].size() > 0; };
    return eventually([&] { return open() == wanted; }) && Client::possible(at) == wanted;
  };
  write("ignore");
  boot_open(zinit);
  zinit.await_settled();
  CHECK_FALSE(Client::possible(at));
  (void)zinit.start("s");
  REQUIRE(answers(true));
  Client one(at);
  CHECK(one.echo("one") == "one");
  zinit.reexecute();
  CHECK(Client(at).echo("again") == "again");
  CHECK(zinit.ctl({"stop", "s"}).code == 0);
  CHECK(answers(false));
  write("stop");
  zinit.reload();
  CHECK(answers(true));
  // The connection has started the service, which serves until it is stopped.
  write("ignore");
  zinit.reload();
  CHECK(Client(at).echo("last") == "last");
  CHECK(zinit.ctl({"stop", "s"}).code == 0);
  CHECK(answers(false));
}

TEST_CASE("instances of many connections, and of clients that reset at once, all go",
          "[threads][sockets][accept]") {
  Server zinit;
  const std::string at = free_address(), few = free_address();
  zinit.file("s.toml", accepting({"echo"}, at));
  zinit.file("few.toml", accepting({"echo"}, few, "max_connections = 5"));
  boot_open(zinit);
  for (int i = 0; i < 50; ++i) CHECK(Client(at).echo("in a row") == "in a row");
  CHECK(Client(few).echo("hello") == "hello");
  await_others(zinit, {"few"});
  const auto before = descriptors(zinit);
  std::vector<Client> clients;
  for (int i = 0; i < 100; ++i) {
    clients.emplace_back(at);
    REQUIRE(clients.back().send("at once"));
  }
  for (int i = 0; i < 100; ++i) {
    Client client(few);
    i % 2 == 0 ? client.reset() : client.close();
  }
  CHECK(Client(few).echo("hello") == "hello");
  for (Client& client : clients) {
    CHECK(client.read(7) == "at once");
    client.close();
  }
  await_others(zinit, {"few"});
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

TEST_CASE("instances have the dependencies and settings of their service, which a reload changes",
          "[sockets][accept][reload]") {
  Server zinit;
  const std::string at = free_address(), other = free_address();
  zinit.add("db", {.exec = tracing("db"), .service = "status = 'stop'"});
  zinit.file("s.toml", accepting({"echo"}, at, "", "dir = '/tmp'\nstatus = 'stop'",
                                 "[limits]\nnofile = 77\n[process]\nnice = 5\n"
                                 "[dependencies]\nrequires = ['db']"));
  boot_open(zinit);
  CHECK(zinit.state("db") == "inactive");
  Client client(at);
  CHECK(client.echo("hello") == "hello");
  CHECK(zinit.state("db") == "running");
  const pid_t pid = zinit.pid_of("s@1");
  CHECK(proc_link(pid, "cwd") == "/tmp");
  CHECK(proc_stat(pid, 19) == "5");
  CHECK_THAT(read_file("/proc/" + std::to_string(pid) + "/limits"), Contains("77"));
  CHECK(proc_link(pid, "fd/0").rfind("socket:", 0) == 0);
  CHECK(proc_link(pid, "fd/0") == proc_link(pid, "fd/1"));
  CHECK(proc_link(pid, "fd/2") != proc_link(pid, "fd/1"));
  CHECK(entries_of("/proc/" + std::to_string(pid) + "/fd") == Texts{"0", "1", "2"});

  const Json report = zinit.reload();
  CHECK(report["removed"].size() == 0);
  CHECK(report["changed"].size() == 0);
  CHECK(client.echo("again") == "again");
  client.close();
  await_others(zinit, {"db"});
  zinit.file("s.toml", accepting({"env", "MINE"}, other, "", "env = { MINE = 'new' }"));
  (void)zinit.reload();
  CHECK(is_there(other));
  CHECK(Client(other).read_all() == "new");
  CHECK(is_gone(at));
  // The next connection starts an on-demand service again after a stop.
  (void)zinit.stop("s");
  CHECK(Client(other).read_all() == "new");
  await_others(zinit, {"db"});
  zinit.remove("s");
  (void)zinit.reload();
  CHECK(is_gone(other));
  CHECK(others(zinit) == Texts{"db"});
}

TEST_CASE("an instance that fails is not restarted, and its service serves on",
          "[check][sockets][accept]") {
  Server zinit;
  const std::string at = free_address(), nowhere = free_address();
  const std::string accept = "accept = true";
  zinit.file("t.toml", with_sockets("['/nowhere/program']", {nowhere}, accept));
  zinit.file("s.toml", with_sockets("'echo run >> $T; read line; exit 3'", {at}, accept, "",
                                    "[lifecycle]\nrestart = 'always'\nrestart_delay_ms = 10"));
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

TEST_CASE("instances and their connections, up to max_connections, go on in the next image",
          "[check][sockets][accept][reexec][crash]") {
  for (const bool crashes : {false, true}) {
    INFO(crashes);
    Server zinit;
    const std::string at = free_address();
    zinit.file("s.toml", accepting({"complain", "hello"}, at, "max_connections = 3"));
    boot_open(zinit);
    Client one(at), two(at), three(at), four(at);
    CHECK(one.echo("one") == "one");
    CHECK(two.echo("two") == "two");
    CHECK(three.echo("three") == "three");
    REQUIRE(four.send("four"));
    const Texts first{"s@1", "s@2", "s@3"};
    CHECK(others(zinit) == first);
    CHECK(four.quiet());
    const pid_t pid = zinit.pid_of("s@1");
    for (int i = 0; i < 2; ++i) {
      crashes ? crash(zinit) : zinit.reexecute();
      CHECK(others(zinit) == first);
      CHECK(zinit.pid_of("s@1") == pid);
      CHECK(one.echo("one again") == "one again");
      CHECK(four.quiet());
    }
    one.close();
    CHECK(four.read(4) == "four");
    CHECK(others(zinit) == Texts{"s@2", "s@3", "s@4"});
    // What they write to standard error goes to their service's log.
    CHECK(eventually([&] {
      return zinit.result("logs.tail", R"({"name":"s","lines":100})").texts() == Texts(4, "hello");
    }));
    for (Client* client : {&two, &three, &four}) {
      client->finish();
      CHECK(client->read_all() == "");
    }
    await_others(zinit, {});
  }
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
