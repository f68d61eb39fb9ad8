// [socket] of services (zinit.toml(5)) where it gets difficult: everything at once, over
// re-executions and crashes.
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <random>
#include <thread>

#include "scenario/harness.hpp"
#include "scenario/peer.hpp"
#include "scenario/proxies.hpp"

using namespace zinit::test;
using namespace std::chrono_literals;
using Catch::Contains;

TEST_CASE("no connection is refused while services, instances and zinit itself start anew",
          "[sockets][accept][reexec]") {
  Server zinit;
  const std::string passed = free_address(), accepted = "unix:" + zinit.path("accepted");
  const std::string demanded = free_address();
  const auto text = [](const std::vector<std::string>& words, const std::string& listen,
                       const std::string& more) {
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
  for (int i = 0; i < 30; ++i) {
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
  // All instances go.
  CHECK(eventually([&] {
    for (const std::string& name : zinit.result("service.list").texts())
      if (name.find('@') != std::string::npos) return false;
    return true;
  }));
  CHECK(eventually([&] { return descriptors(zinit) < 150; }));
}

TEST_CASE("a connection that waits for its instance goes on over a crash",
          "[quick][sockets][accept][reexec][crash]") {
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
          "[quick][sockets][reload]") {
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

TEST_CASE("a wrong [socket] is a fault of its file, and harms no other", "[quick][sockets]") {
  Server zinit;
  const std::string at = free_address();
  const std::string service = "[service]\nexec = [" + peer({"passed", "echo"}) + "]\n";
  zinit.file("good.toml", service + "[socket]\nlisten = ['" + at + "']\n");
  zinit.file("a.toml", service + "[socket]\n");
  zinit.file("b.toml", service + "[socket]\nlisten = ['nowhere']\n");
  zinit.file("c.toml",
             service + "[socket]\nlisten = ['" + free_address() + "']\nnames = ['one', 'two']\n");
  zinit.file("d.toml",
             service + "[socket]\nlisten = ['udp:" + free_address() + "']\naccept = true\n");
  zinit.file("e.toml", service + "[socket]\nlisten = ['unix:relative']\n");
  zinit.file("f.toml", service + "[socket]\nlisten = ['" + free_address() + "']\nmode = '99'\n");
  zinit.boot();
  for (const char* name : {"a", "b", "c", "d", "e", "f"}) {
    INFO(name);
    CHECK(zinit.state(name) == "failed");
    CHECK(zinit.status(name)["reason"]["type"] == "config_error");
  }
  CHECK(eventually([&] { return zinit.status("good")["sockets"].size() == 1; }));
  CHECK(Client(at).echo("hello") == "hello");
  CHECK(zinit.ctl({"check", zinit.config()}).code == 1);
}
