// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// [socket] of services (zinit.toml(5)) under difficult conditions: everything at once, across
// re-executions and crashes.
#include "scenario/activation/socketed.hpp"

namespace zinit::test::activation_sockets_hard {
namespace {

TEST_CASE("no connection is refused while services, instances and zinit itself start again",
          "[threads][sockets][accept][reexec][soak]") {
  Server zinit;
  const std::string passed = free_address(), accepted = "unix:" + zinit.path("accepted");
  const std::string demanded = free_address();
  zinit.file("a.toml", socketed({"echo"}, {passed}, "on_demand = false"));
  zinit.file("b.toml", accepting({"echo"}, accepted));
  zinit.file("c.toml", socketed({"echo"}, {demanded}));
  boot_open(zinit, {"a"});
  std::atomic<int> refused = 0, wrong = 0, right = 0;
  Clients clients;
  const auto client_for_long = [&](const std::string& address, bool may_end) {
    while (!clients.enough()) {
      if (!Client::possible(address)) {
        ++refused;
        continue;
      }
      Client client(address);
      const std::string back = client.echo("hello");
      if (back == "hello") ++right;
      if (!may_end && back != "hello") ++wrong;
    }
  };
  clients.add([&] { client_for_long(passed, true); });
  clients.add([&] { client_for_long(demanded, true); });
  clients.add([&] { client_for_long(accepted, false); });
  for (int i = 0; i < (long_form() ? 40 : 16); ++i) {
    const Json pid = zinit.status("a")["pid"];
    const bool has_process = pid.is_number();
    switch (i % 8) {
      case 0: zinit.reexecute(); break;
      case 1:
      case 4:
        if (has_process) zinit.result("service.restart", named("a"));
        break;
      case 2:
      case 6:
        // The restart may be under way: its stop may just have ended the process.
        if (has_process) ::kill(static_cast<pid_t>(pid.number()), SIGKILL);
        break;
      case 3: (void)zinit.stop("c"); break;
      case 5:
        zinit.add("other", {.exec = "sleep " + std::to_string(1000 + i)});
        (void)zinit.reload();
        break;
      default: zinit.result("service.restart", named("c")); break;
    }
    const int now = right;
    CHECK(eventually([&] { return right > now; }));
  }
  crash(zinit);
  const int now = right;
  CHECK(eventually([&] { return right > now + 10; }));
  clients.end();
  CHECK(refused == 0);
  CHECK(wrong == 0);
  // All instances disappear.
  CHECK(eventually([&] {
    for (const std::string& name : zinit.result("service.list").texts())
      if (name.find('@') != std::string::npos) return false;
    return true;
  }));
  CHECK(eventually([&] { return descriptors(zinit) < 150; }));
}

TEST_CASE("a connection that waits for its instance goes on over a crash",
          "[check][sockets][accept][reexec][crash]") {
  Server zinit;
  const std::string at = free_address();
  zinit.file("s.toml", accepting({"echo"}, at, "",
                                 "pre_exec = 'echo waits >> $T; "
                                 "while ! [ -e $D/go ]; do sleep 0.01; done'"));
  boot_open(zinit);
  Client client(at);
  REQUIRE(client.send("hello"));
  zinit.await_trace("waits");
  zinit.reexecute();
  crash(zinit);
  CHECK(client.quiet());
  zinit.mark("go");
  CHECK(client.read(5) == "hello");
  client.finish();
  CHECK(client.read_all() == "");
}

TEST_CASE("a socket whose file has gone is made again, and a file in its place stays",
          "[check][sockets][xinet][reload][reexec]") {
  Server zinit;
  const std::string path = zinit.path("s.sock"), front = zinit.path("p.sock");
  const std::string back = free_address();
  zinit.file("s.toml", socketed({"echo"}, {"unix:" + path}));
  zinit.file("t.toml", peers({"at", back, "echo"}));
  zinit.file("p.toml", proxy_text("unix:" + front, back, "t"));
  boot_open(zinit);
  REQUIRE(::unlink(path.c_str()) == 0);
  (void)zinit.restart("s");
  CHECK(is_there("unix:" + path));
  CHECK(Client("unix:" + path).echo("hello") == "hello");
  if (geteuid() != 0) return skip("only root is told which file a socket is bound to");
  REQUIRE(::unlink(front.c_str()) == 0);
  zinit.reexecute();
  (void)zinit.reload();
  CHECK(is_there("unix:" + front));
  CHECK(Client("unix:" + front).echo("hello") == "hello");

  for (const std::string& one : {path, front}) {
    REQUIRE(::unlink(one.c_str()) == 0);
    write_file(one, "somebody else's");
  }
  zinit.reexecute();
  for (const char* name : {"s", "p"}) zinit.remove(name);
  (void)zinit.reload();
  zinit.await_settled();
  for (const std::string& one : {path, front}) CHECK(read_file(one) == "somebody else's");
}

TEST_CASE("sockets whose order a reload has changed are the same after a re-execution",
          "[sockets][reload][reexec]") {
  Server zinit;
  const std::string a = free_address(), b = "unix:" + zinit.path("b.sock"), c = free_address();
  const auto file = [&](const Texts& listen, const std::string& names) {
    zinit.file("s.toml", socketed({"echo"}, listen, "names = [" + names + "]"));
  };
  file({a, b}, "'a', 'b'");
  boot_open(zinit);
  file({b, c, a}, "'b', 'c', 'a'");
  (void)zinit.reload();
  zinit.reexecute();
  CHECK(zinit.status("s")["sockets"].texts() == Texts{b, c, a});
  for (const std::string& address : {a, b, c}) CHECK(Client(address).echo("hello") == "hello");
  CHECK(zinit.count("fds 3 b:c:a") == 1);
  file({c}, "'c'");
  (void)zinit.reload();
  zinit.reexecute();
  CHECK(Client(c).echo("hello") == "hello");
  CHECK_FALSE(Client::possible(a));
  CHECK_FALSE(Client::possible(b));
  zinit.await_trace("fds 1 c");
}

TEST_CASE("a service of whose sockets one cannot be had keeps the others", "[sockets]") {
  Server zinit;
  const std::string good = "unix:" + zinit.path("of-a-name-of-many-bytes.sock");
  const std::string used = free_address(), used_for_a_while = free_address();
  zinit.file("other.toml", peers({"at", used, "echo"}));
  zinit.file("another.toml", peers({"at", used_for_a_while, "echo"}));
  zinit.boot();
  for (const char* name : {"other", "another"}) (void)zinit.start(name);
  for (const auto& at : {used, used_for_a_while}) CHECK(is_there(at));
  zinit.file("s.toml", socketed({"echo"}, {good, used}));
  zinit.file("t.toml", socketed({"echo"}, {used_for_a_while}));
  (void)zinit.reload();
  REQUIRE(is_there(good));
  Client waits(good);
  REQUIRE(waits.send("hello"));
  // zinit also tries the other service's socket again: it opens.
  (void)zinit.stop("another");
  CHECK(is_there(used_for_a_while));
  CHECK(waits.quiet());
  zinit.reexecute();
  CHECK(waits.quiet());
  (void)zinit.stop("other");
  CHECK(waits.read(5) == "hello");
  CHECK(Client(used).echo("hello") == "hello");
  zinit.await_trace("fds 2 s:s");
}

TEST_CASE("sockets that a stop has closed stay closed until the service starts",
          "[check][sockets][reload][reexec]") {
  Server zinit;
  const std::string at = free_address(), path = zinit.path("sock");
  zinit.file("s.toml", socketed({"echo"}, {at, "unix:" + path}, "on_demand = false"));
  boot_open(zinit, {"s"});
  (void)zinit.stop("s");
  REQUIRE(is_gone(at));
  CHECK(eventually([&] { return ::access(path.c_str(), F_OK) != 0; }));
  zinit.add("another", {.exec = "sleep 100000"});
  (void)zinit.reload();
  zinit.await_state("another", "running");
  CHECK_FALSE(Client::possible(at));
  zinit.reexecute();
  (void)zinit.reload();
  CHECK_FALSE(Client::possible(at));
  for (int i = 0; i < 20; ++i) {
    CHECK(zinit.start("s")["state"] == "running");
    for (const std::string& address : {at, "unix:" + path})
      CHECK(Client(address).echo("hello") == "hello");
    (void)zinit.stop("s");
  }
}

TEST_CASE("a oneshot on demand is started again, and a FIFO that was there before stays",
          "[sockets][reexec]") {
  Server zinit;
  const std::string at = free_address();
  zinit.file("s.toml", with_sockets("['sh', '-c', '\"$0\" \"$@\"; exit 0', " +
                                        peer({"trace", "started", "passed", "few", "last"}) + "]",
                                    {at}, "", "oneshot = true"));
  const std::string fifo = zinit.path("fifo");
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  zinit.file("t.toml", with_sockets("'sleep 100000'", {"fifo:" + fifo}));
  boot_open(zinit);
  for (int times = 1; times <= 3; ++times) {
    CHECK(Client(at).echo("hello") == "hello");
    zinit.await_trace("started", times);
    zinit.await_state("s", "exited");
  }

  zinit.reexecute();
  zinit.result("service.delete", named("t"));
  CHECK(zinit.ctl({"status", "t"}).code == 4);
  zinit.await_settled();
  CHECK(::access(fifo.c_str(), F_OK) == 0);
}

TEST_CASE("a connection that waits shortens no restart delay, and tries less and less often",
          "[sockets][xinet]") {
  Server zinit;
  const std::string served = free_address(), frenzy = free_address();
  zinit.file("u.toml", socketed({"echo"}, {served}));
  Texts addresses;
  // Two failing services for each policy: one with a socket, and one behind a proxy.
  for (const auto& [kind, policy] : {std::pair{"delayed", "restart_delay_ms = 86400000"},
                                     {"final", "max_restarts = 1\nrestart_delay_ms = 10"}}) {
    const std::string name = kind, exec = "'echo run >> $T; exit 1'";
    const std::string more = std::string("[lifecycle]\n") + policy;
    addresses.insert(addresses.end(), {free_address(), free_address()});
    zinit.file(name + "-s.toml", with_sockets(exec, {*(addresses.end() - 2)}, "", "", more));
    zinit.file(name + "-t.toml", "[service]\nstatus = 'stop'\nexec = " + exec + "\n" + more + "\n");
    zinit.file(name + "-p.toml", proxy_text(addresses.back(), free_address(), name + "-t"));
  }
  zinit.file("frenzy.toml",
             with_sockets("'exit 0'", {frenzy}, "", "", "[lifecycle]\nrestart = 'never'"));
  addresses.push_back(frenzy);
  boot_open(zinit);
  std::vector<Client> clients;
  for (const std::string& address : addresses) clients.emplace_back(address);
  for (const char* name : {"delayed-s", "delayed-t"}) (void)zinit.await_delayed(name);
  // One more connection for each, and a later one that is served.
  for (const std::string& address : addresses) clients.emplace_back(address);
  CHECK(Client(served).echo("hello") == "hello");
  const auto await_starts = [&](const std::string& name, std::size_t count) {
    INFO(name);
    std::vector<std::chrono::microseconds> times;
    REQUIRE(eventually([&] { return (times = start_times(zinit, name)).size() >= count; }));
    return times;
  };
  for (const char* name : {"final-s", "final-t"}) {
    const auto times = await_starts(name, 6);  // three starts, of two attempts each
    CHECK(times[2] - times[0] > 500ms);        // one second
    CHECK(times[4] - times[2] > 1500ms);       // two seconds
  }
  // It does not read what started it: between two starts there is at least a second.
  const auto times = await_starts("frenzy", 4);
  for (std::size_t i = 1; i < times.size(); ++i) CHECK(times[i] - times[i - 1] > 500ms);
  for (const char* name : {"delayed-s", "delayed-t"}) {
    INFO(name);
    CHECK(zinit.status(name)["restart_in_ms"].number() > 1000);
    CHECK(start_times(zinit, name).size() == 1);
  }
}

TEST_CASE("a shutdown says nothing of starts by connections that wait", "[sockets][xinet]") {
  Server zinit;
  const std::string at = free_address(), front = free_address();
  zinit.file("s.toml", with_sockets("'exec sleep 100000'", {at}));
  zinit.file("t.toml", "[service]\nexec = 'exec sleep 100000'\n");
  zinit.file("p.toml", proxy_text(front, free_address(), "t"));
  boot_open(zinit);
  Client direct(at), proxied(front);
  zinit.await_state("s", "running");
  zinit.signal(SIGTERM);
  CHECK(zinit.exit_code() == 0);
  const std::string messages = zinit.messages();
  CHECK(messages.find("started by", messages.find("shut down: SIGTERM")) == std::string::npos);
}

TEST_CASE("other options of a socket are set while its service has it",
          "[check][sockets][reload]") {
  Server zinit;
  const std::string at = free_address(), path = zinit.path("s.sock");
  const auto write = [&](const std::string& exec, const std::string& more) {
    zinit.file("s.toml", with_sockets("[" + exec + "]", {at, "unix:" + path}, more));
  };
  write("'sleep', '100000'", "");
  boot_open(zinit);
  std::vector<Client> waiting;
  for (const std::string& address : {at, "unix:" + path}) {
    waiting.emplace_back(address);
    REQUIRE(waiting.back().send("held"));
  }
  const pid_t before = zinit.pid_of("s");
  write("'sleep', '100000'", "mode = '0600'\nbacklog = 7\nkeepalive = true\n");
  CHECK(zinit.reload()["changed"].texts() == Texts{"s"});
  struct stat status {};
  CHECK(eventually(
      [&] { return ::stat(path.c_str(), &status) == 0 && (status.st_mode & 0777) == 0600; }));
  CHECK(eventually([&] {
    const Json pid = zinit.status("s")["pid"];
    return pid.is_number() && pid.number() != before;
  }));
  write(peer({"passed", "echo"}), "mode = '0600'\n");
  (void)zinit.reload();
  for (Client& client : waiting) CHECK(client.read(4) == "held");
}

}  // namespace
}  // namespace zinit::test::activation_sockets_hard
