// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Probes of real servers on the loopback interface: healthy, ill and hostile ones.
#include "io/probe.hpp"
#include "support/addresses.hpp"
#include "support/dns_server.hpp"
#include "support/test.hpp"
#include "unit/support/loop.hpp"

namespace zinit::test::io_probe {
namespace {

void send_text(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
}

/// A server that passes each connection in turn to `serve`, which closes it by returning.
class Server {
 public:
  using Serve = std::function<void(int connection)>;

  explicit Server(Serve serve, const SocketAddress& at = ip_address("127.0.0.1", 0))
      : serve_(std::move(serve)),
        socket_(::socket(at.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    REQUIRE(::bind(socket_.get(), at.get(), at.size) == 0);
    REQUIRE(::listen(socket_.get(), serve_ ? 16 : 0) == 0);
    address_ = own_address(socket_.get());
    port = ntohs(reinterpret_cast<sockaddr_in&>(address_.storage).sin_port);
    if (serve_) thread_ = std::thread([this] { run(); });
  }
  ~Server() {
    ::shutdown(socket_.get(), SHUT_RDWR);  // ends accept(2)
    if (thread_.joinable()) thread_.join();
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// For a server that serves nobody: connects until the queue is full.
  void fill_queue() {
    for (int i = 0; i < 8; ++i) {
      UniqueFd fd(
          ::socket(address_.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      (void)::connect(fd.get(), address_.get(), address_.size);
      fillers_.push_back(std::move(fd));
    }
  }
  [[nodiscard]] std::string host_port() const { return "127.0.0.1:" + std::to_string(port); }
  [[nodiscard]] std::string url() const { return "http://" + host_port() + "/health"; }

  int port = 0;

 private:
  void run() {
    while (true) {
      const UniqueFd connection(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!connection) return;
      serve_(connection.get());
    }
  }

  const Serve serve_;
  UniqueFd socket_;
  SocketAddress address_;
  std::vector<UniqueFd> fillers_;
  std::thread thread_;
};

/// Waits until the other end is gone.
void await_end(int connection) {
  char buffer[4096];
  while (::recv(connection, buffer, sizeof buffer, 0) > 0) continue;
}

/// The text of a request, up to the empty line.
std::string read_request(int connection) {
  std::string text;
  char buffer[4096];
  while (text.find("\r\n\r\n") == std::string::npos) {
    const ssize_t size = ::recv(connection, buffer, sizeof buffer, 0);
    if (size <= 0) break;
    text.append(buffer, static_cast<std::size_t>(size));
  }
  return text;
}

/// Answers each request with `text` and closes.
Server::Serve answer(std::string text) {
  return [text](int connection) {
    (void)read_request(connection);
    send_text(connection, text);
    ::shutdown(connection, SHUT_WR);
    await_end(connection);
  };
}

/// Sends `first`, and then `more` while the other end reads.
Server::Serve endless(std::string first, std::string more) {
  return [=](int connection) {
    (void)read_request(connection);
    send_text(connection, first);
    while (::send(connection, more.data(), more.size(), MSG_NOSIGNAL) > 0) {}
  };
}

class Rig {
 public:
  explicit Rig(const DnsServer& names) : Rig(names.resolv_conf(), names.port()) {}
  explicit Rig(const std::string& resolv_conf = "", std::uint16_t port = 1) {
    dir.write("hosts", "");
    dir.write("resolv.conf", resolv_conf);
    resolver_.emplace(*loop_, ResolverFiles{dir / "hosts", dir / "resolv.conf", port});
    probe_.emplace(*loop_, *resolver_);
    loop_.start();
  }
  ~Rig() { loop_.stop(); }

  /// The result of a probe; `limit` is its timeout.
  std::string probe(Endpoint endpoint, Milliseconds limit = 30s,
                    std::vector<StatusRange> status = {{200, 399}}) {
    auto target = std::make_shared<ProbeTarget>();
    target->http = !endpoint.target.empty();
    target->endpoint = std::move(endpoint);
    target->status = std::move(status);
    target->timeout = limit;
    std::promise<std::string> told;
    loop_.run([&] {
      probe_->start(target, [&](Error fault) { told.set_value(std::move(fault.text)); });
    });
    auto fault = told.get_future();
    REQUIRE(fault.wait_for(kPatience) == std::future_status::ready);
    return fault.get();
  }
  std::string tcp(const std::string& text, Milliseconds limit = 30s) {
    return probe(parse_tcp_endpoint(text).value(), limit);
  }
  std::string http(const std::string& url, Milliseconds limit = 30s,
                   std::vector<StatusRange> status = {{200, 399}}) {
    return probe(parse_http_endpoint(url).value(), limit, std::move(status));
  }

  TempDir dir;

 private:
  LoopBeside loop_;
  std::optional<Resolver> resolver_;
  std::optional<Probe> probe_;
};

constexpr Milliseconds kShort{150};

TEST_CASE("probe: tcp is healthy if the connection is accepted", "[io][health]") {
  Rig rig;
  Server v4(await_end);
  CHECK(rig.tcp(v4.host_port()).empty());
  CHECK(rig.tcp("localhost:" + std::to_string(v4.port)).empty());
  Server v6(await_end, ip_address("::1", 0));
  CHECK(rig.tcp("[::1]:" + std::to_string(v6.port)).empty());
  // 127.0.0.1 comes first and refuses.
  CHECK(rig.tcp("localhost:" + std::to_string(v6.port)).empty());
  Server local(await_end, local_address(rig.dir / "socket"));
  CHECK(rig.tcp("unix:" + rig.dir / "socket").empty());
}

TEST_CASE("probe: tcp says why a connection fails", "[io][health]") {
  Rig rig;
  std::string closed;
  {
    Server server(await_end);
    closed = server.host_port();
  }
  CHECK(rig.tcp(closed) == "cannot connect to " + closed + ": Connection refused");
  const std::string missing = rig.dir / "socket";
  CHECK(rig.tcp("unix:" + missing) ==
        "cannot connect to unix:" + missing + ": No such file or directory");
  // A full backlog of connections.
  Server tcp(nullptr);
  tcp.fill_queue();
  CHECK(rig.tcp(tcp.host_port(), kShort) ==
        "cannot connect to " + tcp.host_port() + ": no answer within 150 ms");
  Server local(nullptr, local_address(rig.dir / "socket"));
  local.fill_queue();
  CHECK(rig.tcp("unix:" + rig.dir / "socket") ==
        "cannot connect to unix:" + rig.dir / "socket" + ": its queue of connections is full");
}

TEST_CASE("probe: a connection that the kernel cannot watch says nothing of the service",
          "[io][health]") {
  const Server server(nullptr);
  const std::string said = in_child([&]() -> std::string {
    auto loop = EventLoop::create();
    if (!loop) return "no loop";
    Resolver resolver(**loop);
    Probe probe(**loop, resolver);
    auto target = std::make_shared<ProbeTarget>();
    target->endpoint = parse_tcp_endpoint(server.host_port()).value();
    target->timeout = 30s;
    if (!refuse_call(SYS_epoll_ctl, ENOMEM)) return "no filter";
    std::string told;
    probe.start(target, [&](const Error& fault) {
      told = fault.text + (fault.temporary() ? " (temporary)" : "");
      (*loop)->stop();
    });
    ::alarm(60);
    (*loop)->run();
    return told;
  });
  CHECK(said == "the kernel cannot watch a socket (temporary)");
}

TEST_CASE("probe: the addresses of a name are tried until one accepts the connection",
          "[io][health]") {
  // Three addresses that refuse, or do not answer, and a good one last.
  DnsServer names([](const DnsQuestion& question) {
    if (question.name == "none.example") return DnsServer::reply(question, 3);
    std::string packet = DnsServer::reply(question, 0);
    if (question.type != 1) return packet;
    for (const char last : {'\2', '\3', '\4', '\1'}) {
      packet += std::string("\xc0\x0c\0\1\0\1\0\0\0\x1e\0\4\x7f\0\0", 15) + last;
      ++packet[7];
    }
    return packet;
  });
  Rig rig(names);
  Server server(await_end);
  CHECK(rig.tcp("db.example:" + std::to_string(server.port)).empty());
  CHECK(rig.tcp("none.example:80") == "cannot resolve none.example: there is no such name");
}

TEST_CASE("probe: http asks as HTTP/1.1 does, and goes by the status", "[io][health]") {
  Rig rig;
  std::promise<std::string> seen;
  Server server([&](int connection) {
    seen.set_value(read_request(connection));
    send_text(connection, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  });
  CHECK(rig.http("http://localhost:" + std::to_string(server.port) + "/health?deep=1").empty());
  CHECK(seen.get_future().get() ==
        "GET /health?deep=1 HTTP/1.1\r\nHost: localhost:" + std::to_string(server.port) +
            "\r\nUser-Agent: zinit/" ZINIT_VERSION "\r\nAccept: */*\r\nConnection: close\r\n\r\n");
}

TEST_CASE(
    "probe: a redirect is healthy and not followed, a server error is not, bodies are skipped",
    "[io][health]") {
  Rig rig;
  Server moved(answer("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n"));
  CHECK(rig.http(moved.url()).empty());
  Server broken(answer("HTTP/1.1 500 Broken\r\nContent-Length: 0\r\n\r\n"));
  CHECK(rig.http(broken.url()) == broken.host_port() + " answered /health with status 500");
  CHECK(rig.http(broken.url(), 30s, {{200, 200}, {500, 501}}).empty());
  CHECK_FALSE(rig.http(moved.url(), 30s, {{200, 200}}).empty());
  // A body is not waited for.
  Server without_end(endless("HTTP/1.1 200 OK\r\n\r\n", std::string(4096, 'x')));
  CHECK(rig.http(without_end.url()).empty());
  Server local(answer("HTTP/1.1 200 OK\r\n\r\n"), local_address(rig.dir / "socket"));
  CHECK(rig.http("http+unix://" + rig.dir / "socket" + ":/health").empty());
}

TEST_CASE("probe: servers that say nothing, nonsense or too much are not healthy", "[io][health]") {
  Rig rig;
  const auto fault = [&](Server::Serve serve, Milliseconds limit) {
    Server server(std::move(serve));
    std::string text = rig.http(server.url(), limit);
    REQUIRE(text.starts_with(server.host_port() + " "));
    return text.substr(server.host_port().size() + 1);
  };
  CHECK(fault(await_end, 3s) == "has not answered within 3000 ms");
  CHECK(fault(answer(""), 30s) == "closed the connection without an answer");
  CHECK(fault(endless("HTTP/1.1 200 OK\r\n", "X-More: of them\r\n"), 30s) ==
        "sent headers of more than 65536 bytes");
  const auto stalls = [](int connection) {
    (void)read_request(connection);
    send_text(connection, "HTTP/1.1 200 OK\r\nServer: slow");
    await_end(connection);
  };
  CHECK(fault(stalls, 3s) == "did not finish its answer within 3000 ms");
  Server resets([](int connection) {
    (void)read_request(connection);
    const linger now{1, 0};
    (void)::setsockopt(connection, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  });
  CHECK(rig.http(resets.url()) ==
        "cannot read from " + resets.host_port() + ": Connection reset by peer");
}

}  // namespace
}  // namespace zinit::test::io_probe
