// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// [socket] of services (zinit.toml(5)): zinit listens, and passes its sockets to the service.
#include "scenario/harness.hpp"
#include "scenario/harness/peer.hpp"
#include "scenario/harness/proxies.hpp"
#include "support/notification.hpp"

namespace zinit::test::activation_sockets {
namespace {

/// A service that gets sockets passed. `listen` holds elements of the array, `more` lines of the
/// section.
std::string socketed(const Texts& words, const Texts& listen, const std::string& more = "",
                     const std::string& sections = "") {
  Texts all{"trace", "started", "passed"};
  all.insert(all.end(), words.begin(), words.end());
  std::string text = "[service]\nexec = [" + peer(all) + "]\n[socket]\nlisten = [";
  for (const std::string& address : listen) text += toml_string(address) + ", ";
  return text + "]\n" + more + "\n[lifecycle]\nrestart_delay_ms = 10\n" + sections + "\n";
}

/// Waits until the service is down, and stays down by itself.
void await_down(Server& zinit, const std::string& name) {
  zinit.await(
      name, [](const Json& now) { return now["pid"].is_null(); }, "down");
  zinit.await_settled();
}

struct stat status_of(const std::string& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status;
}

TEST_CASE("the first connection to a service's socket starts it", "[sockets]") {
  Server zinit;
  const std::string at = free_address();
  zinit.file("s.toml", socketed({"echo"}, {at}));
  boot_open(zinit);
  zinit.await_settled();
  CHECK(zinit.state("s") == "inactive");
  Client client(at);
  CHECK(client.echo("hello") == "hello");
  zinit.await_state("s", "running");
  CHECK(zinit.trace() == Texts{"started", "fds 1 s"});
  // The service accepts the next connections itself.
  CHECK(Client(at).echo("again") == "again");
  CHECK(zinit.count("started") == 1);
}

TEST_CASE("a service listens on all addresses of IPv4 and of IPv6 by a socket each", "[sockets]") {
  if (!has_ipv6()) return skip("needs IPv6");
  Server zinit;
  const std::string port = free_port();
  const auto at = [&](const std::string& host) { return host + ":" + port; };
  zinit.file("s.toml", socketed({"echo"}, {at("[::]")}));
  boot_open(zinit);
  CHECK(Client(at("127.0.0.1")).echo("alone") == "alone");
  // The socket that takes both gives way, and the other one comes before it in the list.
  zinit.file("s.toml", socketed({"echo"}, {at("0.0.0.0"), at("[::]")}));
  zinit.reload();
  zinit.await(
      "s", [](const Json& now) { return now["state"] == "running"; }, "running");
  CHECK(Client(at("127.0.0.1")).echo("four") == "four");
  CHECK(Client(at("[::1]")).echo("six") == "six");
  CHECK(zinit.trace().back() == "fds 2 s:s");
}

TEST_CASE("a socket that the previous process image opened for both families gives way",
          "[sockets][reexec]") {
  if (!has_ipv6()) return skip("needs IPv6");
  Server zinit;
  const std::string port = free_port(), four = "0.0.0.0:" + port, six = "[::]:" + port;
  zinit.file("s.toml", socketed({"echo"}, {six}));
  boot_open(zinit);
  // An unknown user: the new list is in force while the socket of the old one is open.
  zinit.file("s.toml", socketed({"echo"}, {six, four}, "user = 'nosuch'"));
  zinit.reload();
  zinit.reexecute();
  zinit.file("s.toml", socketed({"echo"}, {six, four}));
  zinit.reload();
  CHECK(Client("[::1]:" + port).echo("six") == "six");
  CHECK(Client("127.0.0.1:" + port).echo("four") == "four");
  CHECK(zinit.trace().back() == "fds 2 s:s");
}

TEST_CASE("sockets of all kinds start their services and are passed to them", "[check][sockets]") {
  Server zinit;
  const std::string tcp = free_address(), udp = "udp:" + free_address();
  const std::string local = "unix:" + zinit.path("sock"), fifo = zinit.path("fifo");
  const std::string dgram = "unix-dgram:" + zinit.path("dgram");
  zinit.file("tcp.toml", socketed({"echo"}, {tcp}));
  zinit.file("local.toml", socketed({"echo"}, {local}));
  zinit.file("udp.toml", socketed({}, {udp}));
  zinit.file("dgram.toml", socketed({}, {dgram}));
  zinit.file("fifo.toml", socketed({}, {"fifo:" + fifo}));
  zinit.file("named.toml", socketed({"echo"}, {"localhost:" + free_port()}));
  std::string six;
  if (has_ipv6()) {
    six = "[::1]:" + free_port();
    zinit.file("six.toml", socketed({"echo"}, {six}));
  }
  boot_open(zinit);
  zinit.await_settled();
  for (const char* name : {"tcp", "local", "udp", "dgram", "fifo", "named"})
    CHECK(zinit.state(name) == "inactive");
  CHECK(Client(tcp).echo("by tcp") == "by tcp");
  zinit.await_trace("fds 1 tcp");
  Client unix_client(local);
  CHECK(unix_client.echo("by unix") == "by unix");
  CHECK(send_with(unix_client.fd(), "hello", {STDIN_FILENO}));  // a descriptor with it
  CHECK(unix_client.read(5) == "hello");
  zinit.await_trace("fds 1 local");
  if (!six.empty()) CHECK(Client(six).echo("by v6") == "by v6");
  // Data that was sent before its start is not lost.
  for (int i = 0; i < 3; ++i) {
    REQUIRE(send_datagram(udp, "udp " + std::to_string(i)));
    REQUIRE(send_datagram(dgram, "dgram " + std::to_string(i)));
  }
  for (int i = 0; i < 3; ++i) {
    zinit.await_trace("got udp " + std::to_string(i));
    zinit.await_trace("got dgram " + std::to_string(i));
  }
  std::ofstream(fifo) << "by fifo" << std::flush;
  zinit.await_trace("got by fifo");
  std::ofstream(fifo) << "again" << std::flush;
  zinit.await_trace("got again");
  for (const char* name : {"tcp", "local", "udp", "dgram", "fifo"}) {
    INFO(name);
    CHECK(zinit.state(name) == "running");
    CHECK(zinit.count("fds 1 " + std::string(name)) == 1);
  }
  CHECK_FALSE(zinit.traced("not its own"));
  CHECK_FALSE(zinit.traced("no blocking"));
}

TEST_CASE("several sockets are passed in order, by their names or that of the service",
          "[sockets]") {
  Server zinit;
  const std::string one = free_address(), two = "unix:" + zinit.path("two");
  const std::string three = free_address(), four = free_address();
  zinit.file("a.toml", socketed({"echo"}, {one, two}, "names = ['web', 'admin']"));
  zinit.file("b.toml", socketed({"echo"}, {three, four}));
  boot_open(zinit);
  CHECK(Client(two).echo("two") == "two");
  CHECK(Client(one).echo("one") == "one");
  CHECK(Client(four).echo("four") == "four");
  CHECK(Client(three).echo("three") == "three");
  CHECK(zinit.traced("fds 2 web:admin"));
  CHECK(zinit.traced("fds 2 b:b"));
  CHECK(zinit.count("started") == 2);
  CHECK_FALSE(zinit.traced("not its own"));
  // The service has no other descriptor of zinit.
  const std::string fds = "/proc/" + std::to_string(zinit.pid_of("a")) + "/fd";
  CHECK(entries_of(fds) == Texts{"0", "1", "2", "3", "4"});
}

TEST_CASE("unix sockets and FIFOs have the mode and the owner that the file says", "[sockets]") {
  Server zinit;
  const std::string plain = zinit.path("plain"), strict = zinit.path("strict");
  const std::string fifo = zinit.path("below/fifo");
  const bool root = ::geteuid() == 0;
  zinit.file("a.toml", socketed({"echo"}, {"unix:" + plain}));
  zinit.file("b.toml", socketed({"echo"}, {"unix:" + strict, "fifo:" + fifo},
                                std::string("mode = '0640'\n") +
                                    (root ? "user = 'daemon'\ngroup = 'mail'\n" : "")));
  boot_open(zinit);
  CHECK((status_of(plain).st_mode & 07777) == 0666);
  CHECK(status_of(plain).st_uid == ::geteuid());
  CHECK((status_of(strict).st_mode & 07777) == 0640);
  CHECK((status_of(fifo).st_mode & 07777) == 0640);
  CHECK(S_ISFIFO(status_of(fifo).st_mode));
  if (!root) return;
  CHECK(status_of(strict).st_uid == 1);
  CHECK(status_of(fifo).st_uid == 1);
  CHECK(status_of(strict).st_gid == 8);
  CHECK(status_of(fifo).st_gid == 8);
}

TEST_CASE("without on_demand a service starts at boot, and others may connect before it is up",
          "[sockets]") {
  Server zinit;
  const std::string at = free_address();
  zinit.file("s.toml", socketed({"after", zinit.path("go"), "echo"}, {at}, "on_demand = false"));
  zinit.file("user.toml", "[service]\noneshot = true\nexec = [" +
                              peer({"trace", "asks", "ask", at, "early", "silent"}) +
                              "]\n[dependencies]\nrequires = ['s']\n");
  boot_open(zinit, {"s"});
  Client client(at);
  REQUIRE(client.send("hello"));
  zinit.await_trace("started");
  zinit.await_trace("asks");
  CHECK(client.quiet());
  CHECK_FALSE(zinit.traced("answer early"));
  zinit.mark("go");
  CHECK(client.read(5) == "hello");
  zinit.await_trace("answer early");
  CHECK(zinit.count("started") == 1);
  CHECK_FALSE(zinit.traced("refused"));
}

TEST_CASE("services that start at boot find all sockets there", "[sockets]") {
  Server zinit;
  const std::string tcp = free_address(), path = "unix:" + zinit.path("sock");
  const std::string front = free_address(), back = free_address();
  const Texts places{tcp, path, front};
  for (int i = 0; i < 15; ++i) {
    zinit.file("a" + std::to_string(i) + ".toml",
               "[service]\nexec = [" +
                   peer({"ask", places[static_cast<std::size_t>(i) % 3], "hello", "silent"}) +
                   "]\n");
  }
  zinit.file("s.toml", socketed({"echo"}, {tcp}));
  zinit.file("t.toml", socketed({"echo"}, {path}));
  zinit.file("z.toml", peers({"at", back, "echo"}));
  zinit.file("z.proxy.toml", proxy_text(front, back, "z"));
  zinit.boot();
  zinit.await_trace("answer hello", 15);
  CHECK_FALSE(zinit.traced("refused"));
}

TEST_CASE("no connection is refused over fifty restarts", "[sockets]") {
  Server zinit;
  const std::string at = free_address();
  zinit.file("s.toml", socketed({"few", "echo"}, {at}, "on_demand = false"));
  boot_open(zinit, {"s"});
  std::atomic<bool> enough = false;
  std::atomic<int> refused = 0, connected = 0;
  std::thread clients([&] {
    repeat([&] { Client::possible(at) ? ++connected : ++refused; }, [&] { return enough.load(); });
  });
  for (int i = 0; i < 50; ++i) {
    if (i % 2 == 0) {
      CHECK(zinit.restart("s")["state"] == "running");
    } else {
      const pid_t pid = zinit.pid_of("s");
      zinit.kill("s");
      zinit.await_new_pid("s", pid);
    }
  }
  enough = true;
  clients.join();
  CHECK(refused == 0);
  CHECK(connected > 100);
  CHECK(Client(at).echo("hello") == "hello");
}

TEST_CASE("a stop on request closes the sockets of a service that is not on demand", "[sockets]") {
  Server zinit;
  const std::string at = free_address(), path = zinit.path("sock");
  zinit.file("s.toml", socketed({"echo"}, {at, "unix:" + path}, "on_demand = false"));
  boot_open(zinit, {"s"});
  CHECK(Client(at).echo("hello") == "hello");
  (void)zinit.stop("s");
  CHECK(eventually([&] { return !Client::possible(at); }));
  CHECK(eventually([&] { return ::access(path.c_str(), F_OK) != 0; }));
  CHECK(zinit.start("s")["state"] == "running");
  CHECK(Client(at).echo("again") == "again");
  CHECK(Client("unix:" + path).echo("again") == "again");
}

TEST_CASE("an on-demand service that is down is started by the next connection", "[sockets]") {
  Server zinit;
  const std::string at = free_address();
  zinit.file("s.toml", socketed({"echo"}, {at}));
  const std::string there = free_address();
  zinit.file("t.toml", socketed({"few", "pid"}, {there}, "", "restart = 'never'"));
  boot_open(zinit);
  for (int i = 1; i <= 3; ++i) {
    INFO(i);
    CHECK(Client(at).echo("hello") == "hello");
    zinit.await_trace("started", i);
    (void)zinit.stop("s");
    await_down(zinit, "s");
    CHECK(zinit.status("s")["wish"] == "down");
  }
  CHECK(zinit.count("started") == 3);

  const std::string first = Client(there).read_all();
  CHECK(first == std::to_string(zinit.pid_of("t")));
  zinit.kill("t");
  await_down(zinit, "t");
  const std::string second = Client(there).read_all();
  CHECK(second == std::to_string(zinit.pid_of("t")));
  CHECK(second != first);
}

TEST_CASE("a service that does not read what started it is not started in a frenzy", "[sockets]") {
  Server zinit;
  const std::string at = free_address();
  zinit.file("s.toml", "[service]\nexec = 'echo started >> $T; exit 0'\n[socket]\nlisten = ['" +
                           at + "']\n[lifecycle]\nrestart = 'never'\n");
  boot_open(zinit);
  Client client(at);
  zinit.await_trace("started", 4);
  const auto times = start_times(zinit, "s");
  REQUIRE(times.size() >= 4);
  // Between two starts there is at least a second.
  for (std::size_t i = 1; i < times.size(); ++i) CHECK(times[i] - times[i - 1] > 500ms);
}

TEST_CASE("sockets close when their service is deleted, and when zinit ends", "[sockets]") {
  Server zinit;
  const std::string one = free_address(), two = "unix:" + zinit.path("two");
  const std::string three = free_address(), fifo = zinit.path("fifo");
  zinit.file("a.toml", socketed({"echo"}, {one}));
  zinit.file("b.toml", socketed({"echo"}, {two}));
  zinit.file("c.toml", socketed({"echo"}, {three, "fifo:" + fifo}));
  boot_open(zinit);
  CHECK(Client(one).echo("a") == "a");
  CHECK(Client::possible(three));
  zinit.result("service.delete", named("a", R"("persist":true)"));
  zinit.remove("b");
  (void)zinit.reload();
  CHECK(eventually([&] { return !Client::possible(one); }));
  CHECK(eventually([&] { return !Client::possible(two); }));
  CHECK(eventually([&] { return ::access(zinit.path("two").c_str(), F_OK) != 0; }));
  CHECK(Client(three).echo("c") == "c");
  CHECK(zinit.shut_down() == 0);
  CHECK_FALSE(Client::possible(three));
  CHECK(::access(fifo.c_str(), F_OK) != 0);
}

TEST_CASE("a reload adds, changes and removes the sockets of a service",
          "[check][sockets][reload]") {
  Server zinit;
  const std::string one = free_address(), two = free_address(), back = free_address();
  zinit.file("s.toml", "[service]\nexec = [" + peer({"at", back, "echo"}) + "]\n");
  boot_open(zinit, {"s"});
  CHECK_FALSE(Client::possible(one));
  zinit.file("s.toml", socketed({"echo"}, {one}));
  (void)zinit.reload();
  CHECK(eventually([&] { return Client::possible(one); }));
  CHECK(Client(one).echo("one") == "one");

  zinit.file("s.toml", socketed({"echo"}, {one, two}));
  (void)zinit.reload();
  CHECK(eventually([&] { return Client::possible(two); }));
  CHECK(Client(two).echo("two") == "two");
  CHECK(Client(one).echo("one") == "one");

  zinit.file("s.toml", socketed({"echo"}, {two}));
  (void)zinit.reload();
  CHECK(eventually([&] { return !Client::possible(one); }));
  CHECK(Client(two).echo("two") == "two");

  zinit.file("s.toml", "[service]\nexec = [" + peer({"at", back, "echo"}) + "]\n");
  (void)zinit.reload();
  CHECK(eventually([&] { return !Client::possible(two); }));
  CHECK(eventually([&] { return Client::possible(back); }));
}

TEST_CASE("a service of status ignore is not started by its socket", "[sockets]") {
  Server zinit;
  const std::string at = free_address();
  const std::string text = socketed({"echo"}, {at});
  zinit.file("s.toml", "[service]\nstatus = 'ignore'\n" + text.substr(10));
  zinit.file("other.toml", socketed({"echo"}, {"unix:" + zinit.path("other")}));
  boot_open(zinit);
  Client client(at);
  REQUIRE(client.send("hello"));
  // When this service has answered, zinit would have started `s`.
  CHECK(Client("unix:" + zinit.path("other")).echo("other") == "other");
  CHECK(zinit.state("s") == "inactive");
  CHECK(client.quiet());
  (void)zinit.start("s");
  CHECK(client.read(5) == "hello");
}

TEST_CASE("the list, the status and why name the sockets of a service", "[sockets][ctl]") {
  Server zinit;
  const std::string at = free_address(), path = "unix:" + zinit.path("sock");
  zinit.file("s.toml", socketed({"echo"}, {at, path}));
  boot_open(zinit);
  CHECK(zinit.status("s")["sockets"].texts() == Texts{at, path});
  CHECK(zinit.status("s")["starts_on"].texts() == Texts{at, path});
  CHECK_THAT(zinit.ctl({"list"}).out, Contains("starts on a connection to " + at));
  CHECK_THAT(zinit.ctl({"status", "s"}).out, Contains(at) && Contains(path));
  CHECK_THAT(zinit.ctl({"why", "s"}).out, Contains("a connection to " + at));
  CHECK(Client(at).echo("hello") == "hello");
  zinit.await_state("s", "running");
  CHECK_THAT(zinit.ctl({"list"}).out, !Contains("starts on a connection"));
}

void check_sockets_over(const std::function<void(Server&)>& again) {
  Server zinit;
  const std::string up = free_address(), down = free_address(), path = zinit.path("sock");
  const std::string fifo = zinit.path("fifo"), udp = "udp:" + free_address();
  zinit.file("up.toml", socketed({"echo"}, {up}, "on_demand = false"));
  zinit.file("down.toml", socketed({"echo"}, {down, "unix:" + path}));
  zinit.file("data.toml", socketed({}, {udp, "fifo:" + fifo}));
  boot_open(zinit, {"up"});
  Client client(up);
  CHECK(client.echo("hello") == "hello");
  const pid_t pid = zinit.pid_of("up");
  again(zinit);
  CHECK(zinit.pid_of("up") == pid);
  CHECK(zinit.state("down") == "inactive");
  CHECK(client.echo("again") == "again");
  CHECK(Client(down).echo("down") == "down");
  CHECK(Client("unix:" + path).echo("unix") == "unix");
  REQUIRE(send_datagram(udp, "udp"));
  std::ofstream(fifo) << "fifo" << std::flush;
  zinit.await_trace("got udp");
  zinit.await_trace("got fifo");
  (void)zinit.stop("down");
  again(zinit);
  CHECK(Client(down).echo("down") == "down");
  zinit.await_trace("fds 2 down:down", 2);
  CHECK(zinit.count("fds 1 up") == 1);
  CHECK_FALSE(zinit.traced("not its own"));
  zinit.result("service.delete", named("down"));
  CHECK(eventually([&] { return !Client::possible(down); }));
  CHECK(eventually([&] { return ::access(path.c_str(), F_OK) != 0; }));
}

TEST_CASE("sockets stay open over a re-execution", "[check][sockets][reexec]") {
  check_sockets_over([](Server& zinit) { zinit.reexecute(); });
}

TEST_CASE("sockets stay open over a crash", "[check][sockets][reexec][crash]") {
  check_sockets_over([](Server& zinit) { crash(zinit); });
}

TEST_CASE("no connection to a socket is refused while zinit executes itself again",
          "[threads][sockets][reexec]") {
  Server zinit;
  const std::string at = free_address();
  zinit.file("s.toml", socketed({"echo"}, {at}));
  boot_open(zinit);
  for (int i = 0; i < 5; ++i) {
    Client client(at);
    CHECK(client.echo("hello") == "hello");
    (void)zinit.stop("s");
    Client waiting(at);
    zinit.reexecute();
    CHECK(waiting.echo("waited") == "waited");
  }
}

}  // namespace
}  // namespace zinit::test::activation_sockets
