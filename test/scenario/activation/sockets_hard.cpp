// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// [socket] of services (zinit.toml(5)) under difficult conditions: everything at once, across
// re-executions and crashes.
#include "scenario/harness.hpp"
#include "scenario/harness/listening.hpp"
#include "scenario/harness/peer.hpp"
#include "scenario/harness/proxies.hpp"
#include "support/soak.hpp"

namespace zinit::test::activation_sockets_hard {
namespace {

TEST_CASE("no connection is refused while services, instances and zinit itself start again",
          "[threads][sockets][accept][reexec][soak]") {
  Server zinit;
  const std::string passed = free_address(), accepted = "unix:" + zinit.path("accepted");
  const std::string demanded = free_address();
  const auto text = [](const Texts& words, const std::string& listen, const std::string& more) {
    return "[service]\nexec = [" + peer(words) + "]\n[socket]\nlisten = ['" + listen + "']\n" +
           more + "\n[lifecycle]\nrestart_delay_ms = 10\n";
  };
  zinit.file("a.toml", text({"passed", "echo"}, passed, "on_demand = false"));
  zinit.file("b.toml", text({"inetd", "echo"}, accepted, "accept = true"));
  zinit.file("c.toml", text({"passed", "echo"}, demanded, ""));
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
  std::mt19937 random(2);
  for (int i = 0; i < (long_form() ? 30 : 10); ++i) {
    switch (random() % 6) {
      case 0: zinit.reexecute(); break;
      case 1:
        if (zinit.status("a")["pid"].is_number()) zinit.result("service.restart", named("a"));
        break;
      case 2: (void)zinit.stop("c"); break;
      case 3: (void)zinit.reload(); break;
      case 4: zinit.add("other", {.exec = "sleep " + std::to_string(1000 + i)}); break;
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
  zinit.file("s.toml", "[service]\nexec = [" + peer({"inetd", "echo"}) +
                           "]\npre_exec = 'echo waits >> $T; while ! [ -e $D/go ]; do sleep "
                           "0.01; done'\n[socket]\nlisten = ['" +
                           at + "']\naccept = true\n");
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

TEST_CASE("a socket whose file someone has removed is there again at the next reload",
          "[sockets][reload]") {
  Server zinit;
  const std::string path = zinit.path("sock");
  zinit.file("s.toml", "[service]\nexec = [" + peer({"passed", "echo"}) +
                           "]\n[socket]\nlisten = ['unix:" + path + "']\n");
  boot_open(zinit);
  REQUIRE(::unlink(path.c_str()) == 0);
  (void)zinit.restart("s");
  CHECK(eventually([&] { return Client::possible("unix:" + path); }));
  CHECK(Client("unix:" + path).echo("hello") == "hello");
}

TEST_CASE("sockets whose order a reload has changed are the same after a re-execution",
          "[sockets][reload][reexec]") {
  Server zinit;
  const std::string a = free_address(), b = "unix:" + zinit.path("b.sock"), c = free_address();
  const auto file = [&](const std::string& listen, const std::string& names) {
    zinit.file("s.toml", "[service]\nexec = [" + peer({"trace", "started", "passed", "echo"}) +
                             "]\n[socket]\nlisten = [" + listen + "]\nnames = [" + names + "]\n");
  };
  file("'" + a + "', '" + b + "'", "'a', 'b'");
  boot_open(zinit);
  file("'" + b + "', '" + c + "', '" + a + "'", "'b', 'c', 'a'");
  (void)zinit.reload();
  zinit.reexecute();
  CHECK(zinit.status("s")["sockets"].texts() == Texts{b, c, a});
  for (const std::string& address : {a, b, c}) CHECK(Client(address).echo("hello") == "hello");
  CHECK(zinit.count("fds 3 b:c:a") == 1);
  file("'" + c + "'", "'c'");
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
  for (const auto& at : {used, used_for_a_while})
    CHECK(eventually([&] { return Client::possible(at); }));
  zinit.file("s.toml", "[service]\nexec = [" + peer({"trace", "started", "passed", "echo"}) +
                           "]\n[socket]\nlisten = ['" + good + "', '" + used + "']\n");
  zinit.file("t.toml", "[service]\nexec = [" + peer({"passed", "echo"}) +
                           "]\n[socket]\nlisten = ['" + used_for_a_while + "']\n");
  (void)zinit.reload();
  REQUIRE(eventually([&] { return Client::possible(good); }));
  Client waits(good);
  REQUIRE(waits.send("hello"));
  // zinit also tries the other service's socket again: it opens.
  (void)zinit.stop("another");
  CHECK(eventually([&] { return Client::possible(used_for_a_while); }));
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
  const std::string at = free_address();
  zinit.file("s.toml", "[service]\nexec = [" + peer({"passed", "echo"}) +
                           "]\n[socket]\nlisten = ['" + at + "']\non_demand = false\n");
  boot_open(zinit, {"s"});
  (void)zinit.stop("s");
  REQUIRE(eventually([&] { return !Client::possible(at); }));
  zinit.add("another", {.exec = "sleep 100000"});
  (void)zinit.reload();
  zinit.await_state("another", "running");
  CHECK_FALSE(Client::possible(at));
  zinit.reexecute();
  (void)zinit.reload();
  CHECK_FALSE(Client::possible(at));
  for (int i = 0; i < 20; ++i) {
    (void)zinit.start("s");
    CHECK(Client(at).echo("hello") == "hello");
    (void)zinit.stop("s");
  }
  (void)zinit.start("s");
  CHECK(zinit.state("s") == "running");
}

TEST_CASE("a oneshot on demand is started again, and a FIFO that was there before stays",
          "[sockets][reexec]") {
  Server zinit;
  const std::string at = free_address();
  zinit.file("s.toml", "[service]\noneshot = true\nexec = ['sh', '-c', '\"$0\" \"$@\"; exit 0', " +
                           peer({"trace", "started", "passed", "few", "last"}) +
                           "]\n[socket]\nlisten = ['" + at + "']\n");
  const std::string fifo = zinit.path("fifo");
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  zinit.file("t.toml",
             "[service]\nexec = 'sleep 100000'\n[socket]\nlisten = ['fifo:" + fifo + "']\n");
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

/// Two failing services with a waiting connection each: `s` by its socket, `t` behind a proxy.
struct Failing {
  /// `policy`: lines of [lifecycle].
  explicit Failing(const std::string& policy) {
    const std::string at = free_address(), front = free_address();
    const std::string more = "[lifecycle]\n" + policy;
    zinit.file("s.toml", "[service]\nexec = 'echo s >> $T; exit 1'\n[socket]\nlisten = ['" + at +
                             "']\n" + more);
    zinit.file("t.toml", "[service]\nstatus = 'stop'\nexec = 'echo t >> $T; exit 1'\n" + more);
    zinit.file("p.toml", proxy_text(front, free_address(), "t"));
    zinit.file("u.toml", "[service]\nexec = [" + peer({"passed", "echo"}) +
                             "]\n[socket]\nlisten = ['" + served + "']\n");
    boot_open(zinit);
    addresses = {at, front};
    for (const std::string& address : addresses) clients.emplace_back(address);
  }
  Server zinit;
  Texts addresses;  // of `s` and `t`
  const std::string served = free_address();
  std::vector<Client> clients;
};

TEST_CASE("a connection that waits does not shorten a restart delay", "[sockets][xinet]") {
  Failing failing("restart_delay_ms = 86400000\n");
  Server& zinit = failing.zinit;
  for (const char* name : {"s", "t"}) (void)zinit.await_delayed(name);
  // One more connection for each, and a later one that is served.
  for (const std::string& address : failing.addresses) failing.clients.emplace_back(address);
  CHECK(Client(failing.served).echo("hello") == "hello");
  for (const char* name : {"s", "t"}) {
    INFO(name);
    CHECK(zinit.status(name)["restart_in_ms"].number() > 1000);
    CHECK(start_times(zinit, name).size() == 1);
  }
}

TEST_CASE("a service that has failed for good is tried less and less often", "[sockets][xinet]") {
  Failing failing("max_restarts = 1\nrestart_delay_ms = 10\n");
  Server& zinit = failing.zinit;
  for (const char* name : {"s", "t"}) {
    INFO(name);
    zinit.await_trace(name, 6);  // three starts, of two attempts each
    const auto times = start_times(zinit, name);
    REQUIRE(times.size() >= 6);
    CHECK(times[2] - times[0] > 500ms);   // one second
    CHECK(times[4] - times[2] > 1500ms);  // two seconds
  }
}

TEST_CASE("a shutdown says nothing of starts by connections that wait", "[sockets][xinet]") {
  Server zinit;
  const std::string at = free_address(), front = free_address();
  zinit.file("s.toml",
             "[service]\nexec = 'exec sleep 100000'\n[socket]\nlisten = ['" + at + "']\n");
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
    zinit.file("s.toml", "[service]\nexec = [" + exec + "]\n[socket]\nlisten = ['" + at +
                             "', 'unix:" + path + "']\n" + more);
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

TEST_CASE("the end of an instance that a client stops is told", "[sockets][accept][ctl]") {
  Server zinit;
  const std::string at = free_address();
  zinit.file("s.toml", "[service]\nexec = [" + peer({"inetd", "echo"}) +
                           "]\n[socket]\naccept = true\nlisten = ['" + at + "']\n");
  boot_open(zinit);
  for (int i = 1; i <= 5; ++i) {
    Client client(at);
    CHECK(client.echo("hello") == "hello");
    const Outcome stop = zinit.ctl({"stop", "s@" + std::to_string(i)});
    INFO(stop.err);
    CHECK(stop.code == 0);
  }
}

TEST_CASE("why names the socket that cannot be had", "[sockets][ctl]") {
  Server zinit;
  Listening other;
  const std::string taken = "127.0.0.1:" + other.port(), at = free_address();
  zinit.file("s.toml", "[service]\nexec = [" + peer({"passed", "echo"}) +
                           "]\n[socket]\nlisten = ['" + at + "', '" + taken + "']\n");
  boot_open(zinit);
  const std::string why = zinit.ctl({"why", "s"}).out;
  CHECK_THAT(why, Contains("a connection to " + at + " starts it"));
  CHECK_THAT(why,
             Contains("its sockets are not all open") && Contains(taken) && Contains("in use"));
}

TEST_CASE("a file that somebody else has put in a socket's place stays over a re-execution",
          "[sockets][xinet][reexec]") {
  if (geteuid() != 0) return skip("only root is told which file a socket is bound to");
  Server zinit;
  const std::string path = zinit.path("s.sock"), front = zinit.path("p.sock");
  zinit.file("s.toml", "[service]\nexec = [" + peer({"passed", "echo"}) +
                           "]\n[socket]\nlisten = ['unix:" + path + "']\n");
  zinit.file("p.toml", proxy_text("unix:" + front, free_address(), "s"));
  boot_open(zinit);
  for (const std::string& one : {path, front}) {
    REQUIRE(::unlink(one.c_str()) == 0);
    write_file(one, "somebody else's");
  }
  zinit.reexecute();
  zinit.remove("s");
  zinit.remove("p");
  (void)zinit.reload();
  zinit.await_settled();
  for (const std::string& one : {path, front}) CHECK(read_file(one) == "somebody else's");
}

TEST_CASE("a proxy's socket whose file has gone is there again at the next reload, of any image",
          "[check][xinet][reexec]") {
  if (geteuid() != 0) return skip("only root is told which file a socket is bound to");
  Server zinit;
  const std::string front = "unix:" + zinit.path("p.sock"), back = free_address();
  zinit.file("s.toml", peers({"at", back, "echo"}));
  zinit.file("p.toml", proxy_text(front, back, "s"));
  boot_open(zinit);
  REQUIRE(::unlink(zinit.path("p.sock").c_str()) == 0);
  zinit.reexecute();
  (void)zinit.reload();
  CHECK(eventually([&] { return Client::possible(front); }));
  CHECK(Client(front).echo("hello") == "hello");
}

TEST_CASE("why reports a service with accept that it cannot be connected to",
          "[sockets][accept][ctl]") {
  Server zinit;
  Listening other;
  zinit.file("s.toml", "[service]\nexec = 'cat'\n[socket]\naccept = true\nlisten = ['127.0.0.1:" +
                           other.port() + "']\n");
  zinit.boot({"s"});
  CHECK_THAT(zinit.ctl({"why", "s"}).out, Contains("its sockets are not all open"));
  other.end();
  CHECK(eventually([&] {
    return zinit.ctl({"why", "s"}).out.find("not all open") == std::string::npos;
  }));
}

}  // namespace
}  // namespace zinit::test::activation_sockets_hard
