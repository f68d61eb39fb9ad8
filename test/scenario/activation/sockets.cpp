// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// [socket] of services (zinit.toml(5)): zinit listens, and passes its sockets to the service.
#include "scenario/activation/socketed.hpp"
#include "support/notification.hpp"

namespace zinit::test::activation_sockets {
namespace {

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

TEST_CASE(
    "the first connection starts a service, and the list, the status and why name its sockets",
    "[sockets][ctl]") {
  Server zinit;
  const std::string at = free_address(), path = "unix:" + zinit.path("sock");
  const std::string ignored = free_address(), ignores_each = free_address();
  zinit.file("s.toml", socketed({"echo"}, {at, path}));
  zinit.file("ignored.toml", socketed({"echo"}, {ignored}, "", "status = 'ignore'"));
  zinit.file("each.toml", accepting({"echo"}, ignores_each, "", "status = 'ignore'"));
  boot_open(zinit);
  zinit.await_settled();
  Client waits(ignored);
  REQUIRE(waits.send("hello"));
  CHECK_FALSE(Client::possible(ignores_each));
  CHECK(zinit.state("s") == "inactive");
  CHECK(zinit.status("s")["sockets"].texts() == Texts{at, path});
  CHECK(zinit.status("s")["starts_on"].texts() == Texts{at, path});
  CHECK_THAT(zinit.ctl({"list"}).out, Contains("starts on a connection to " + at));
  CHECK_THAT(zinit.ctl({"status", "s"}).out, Contains(at) && Contains(path));
  CHECK_THAT(zinit.ctl({"why", "s"}).out, Contains("a connection to " + at));
  CHECK(Client(at).echo("hello") == "hello");
  zinit.await_state("s", "running");
  CHECK_THAT(zinit.ctl({"list", "s"}).out, !Contains("starts on a connection"));
  // The service accepts the next connections itself.
  CHECK(Client(at).echo("again") == "again");
  // When it has answered, zinit would have started those of status ignore.
  CHECK(zinit.trace() == Texts{"started", "fds 2 s:s"});
  CHECK(zinit.state("ignored") == "inactive");
  CHECK(waits.quiet());
  (void)zinit.start("ignored");
  CHECK(waits.read(5) == "hello");
}

TEST_CASE("a service listens on all addresses of IPv4 and of IPv6 by a socket each", "[sockets]") {
  if (!has_ipv6()) return skip("needs IPv6");
  Server zinit;
  const std::string port = free_port(), four = "0.0.0.0:" + port, six = "[::]:" + port;
  zinit.file("s.toml", socketed({"echo"}, {six}));
  boot_open(zinit);
  CHECK(Client("127.0.0.1:" + port).echo("alone") == "alone");
  // The socket that takes both gives way, and the other one comes before it in the list.
  zinit.file("s.toml", socketed({"echo"}, {four, six}));
  zinit.reload();
  zinit.await_state("s", "running");
  CHECK(Client("127.0.0.1:" + port).echo("four") == "four");
  CHECK(Client("[::1]:" + port).echo("six") == "six");
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

TEST_CASE("sockets have the order, the names, the mode and the owner that the file says",
          "[sockets]") {
  Server zinit;
  const std::string one = free_address(), two = "unix:" + zinit.path("two");
  const std::string three = free_address(), four = free_address();
  const std::string strict = zinit.path("strict"), fifo = zinit.path("below/fifo");
  const bool root = ::geteuid() == 0;
  zinit.file("a.toml", socketed({"echo"}, {one, two}, "names = ['web', 'admin']"));
  zinit.file("b.toml", socketed({"echo"}, {three, four}));
  zinit.file("c.toml", socketed({"echo"}, {"unix:" + strict, "fifo:" + fifo},
                                std::string("mode = '0640'\n") +
                                    (root ? "user = 'daemon'\ngroup = 'mail'\n" : "")));
  boot_open(zinit);
  for (const std::string& address : {two, one, four, three})
    CHECK(Client(address).echo(address) == address);
  CHECK(zinit.traced("fds 2 web:admin"));
  CHECK(zinit.traced("fds 2 b:b"));
  CHECK(zinit.count("started") == 2);
  CHECK_FALSE(zinit.traced("not its own"));
  // The service has no other descriptor of zinit.
  const std::string fds = "/proc/" + std::to_string(zinit.pid_of("a")) + "/fd";
  CHECK(entries_of(fds) == Texts{"0", "1", "2", "3", "4"});
  CHECK((status_of(zinit.path("two")).st_mode & 07777) == 0666);
  CHECK(status_of(zinit.path("two")).st_uid == ::geteuid());
  CHECK(S_ISFIFO(status_of(fifo).st_mode));
  for (const struct stat& status : {status_of(strict), status_of(fifo)}) {
    CHECK((status.st_mode & 07777) == 0640);
    CHECK(status.st_uid == (root ? 1 : ::geteuid()));
    CHECK(status.st_gid == (root ? 8 : ::getegid()));
  }
}

TEST_CASE("services that start at boot find all sockets there, before their services are up",
          "[sockets]") {
  Server zinit;
  const std::string slow = free_address(), tcp = free_address(), front = free_address();
  const std::string path = "unix:" + zinit.path("sock"), back = free_address();
  const Texts places{tcp, path, front};
  const auto asker = [](const std::string& address, const std::string& text) {
    return "[service]\noneshot = true\nexec = [" +
           peer({"trace", "asks " + text, "ask", address, text, "silent"}) + "]\n";
  };
  for (std::size_t i = 0; i < 15; ++i)
    zinit.file("a" + std::to_string(i) + ".toml", asker(places[i % 3], "hello"));
  zinit.file("early.toml", asker(slow, "early") + "[dependencies]\nrequires = ['slow']\n");
  zinit.file("slow.toml", socketed({"trace", "slow", "after", zinit.path("go"), "echo"}, {slow},
                                   "on_demand = false"));
  zinit.file("s.toml", socketed({"echo"}, {tcp}));
  zinit.file("t.toml", socketed({"echo"}, {path}));
  zinit.file("z.toml", peers({"at", back, "echo"}));
  zinit.file("z.proxy.toml", proxy_text(front, back, "z"));
  zinit.boot({"slow"});
  zinit.await_trace("answer hello", 15);
  Client client(slow);
  REQUIRE(client.send("hello"));
  zinit.await_trace("slow");
  zinit.await_trace("asks early");
  CHECK(client.quiet());
  CHECK_FALSE(zinit.traced("answer early"));
  zinit.mark("go");
  CHECK(client.read(5) == "hello");
  zinit.await_trace("answer early");
  CHECK(zinit.count("started") == 3);
  CHECK_FALSE(zinit.traced("refused"));
}

TEST_CASE("a boot waits for sockets no longer than until they are open", "[sockets]") {
  CHECK(eventually([] {  // a loaded machine may be slow once
    Server zinit;
    zinit.file("a.toml", socketed({"echo"}, {free_address()}, "on_demand = false"));
    zinit.boot({"a"});
    return zinit.result("system.info")["boot"]["started_ms"].number() < 500;
  }));
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

TEST_CASE("a reload adds, changes and removes sockets, as a deletion and the end of zinit do",
          "[check][sockets][reload]") {
  Server zinit;
  const std::string one = free_address(), two = free_address(), back = free_address();
  const std::string deleted = free_address(), removed = "unix:" + zinit.path("removed");
  const std::string last = free_address(), fifo = zinit.path("fifo");
  const std::string bare = "[service]\nexec = [" + peer({"at", back, "echo"}) + "]\n";
  zinit.file("s.toml", bare);
  zinit.file("a.toml", socketed({"echo"}, {deleted}));
  zinit.file("b.toml", socketed({"echo"}, {removed}));
  zinit.file("c.toml", socketed({"echo"}, {last, "fifo:" + fifo}));
  boot_open(zinit, {"s"});
  CHECK(Client(deleted).echo("a") == "a");
  CHECK(Client::possible(last));
  for (const Texts& listen : {Texts{one}, Texts{one, two}, Texts{two}}) {
    INFO(listen.size() << " " << listen[0]);
    zinit.file("s.toml", socketed({"echo"}, listen));
    (void)zinit.reload();
    for (const std::string& address : listen) {
      CHECK(is_there(address));
      CHECK(Client(address).echo("hello") == "hello");
    }
  }
  CHECK(is_gone(one));

  zinit.file("s.toml", bare);
  zinit.result("service.delete", named("a", R"("persist":true)"));
  zinit.remove("b");
  (void)zinit.reload();
  CHECK(is_there(back));
  for (const std::string& address : {two, deleted, removed}) CHECK(is_gone(address));
  CHECK(eventually([&] { return ::access(zinit.path("removed").c_str(), F_OK) != 0; }));
  CHECK(Client(last).echo("c") == "c");
  CHECK(zinit.shut_down() == 0);
  CHECK_FALSE(Client::possible(last));
  CHECK(::access(fifo.c_str(), F_OK) != 0);
}

TEST_CASE("sockets stay open over a re-execution and a crash", "[check][sockets][reexec][crash]") {
  for (const bool crashes : {false, true}) {
    INFO(crashes);
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
    const auto again = [&] { crashes ? crash(zinit) : zinit.reexecute(); };
    again();
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
    again();
    CHECK(Client(down).echo("down") == "down");
    zinit.await_trace("fds 2 down:down", 2);
    CHECK(zinit.count("fds 1 up") == 1);
    CHECK_FALSE(zinit.traced("not its own"));
    zinit.result("service.delete", named("down"));
    CHECK(is_gone(down));
    CHECK(eventually([&] { return ::access(path.c_str(), F_OK) != 0; }));
  }
}

TEST_CASE("a connection that waits for its service goes on over a re-execution",
          "[threads][sockets][reexec]") {
  Server zinit;
  const std::string at = free_address();
  zinit.file("s.toml", socketed({"echo"}, {at}));
  boot_open(zinit);
  for (int i = 0; i < 5; ++i) {
    CHECK(Client(at).echo("hello") == "hello");
    (void)zinit.stop("s");
    Client waiting(at);
    zinit.reexecute();
    CHECK(waiting.echo("waited") == "waited");
  }
}

}  // namespace
}  // namespace zinit::test::activation_sockets
