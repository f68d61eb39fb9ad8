// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The header that gives a backend the addresses of a connection, and relays between two sockets,
// with both ends under the test's control. What passes and resets are scenarios:
// test/scenario/activation/xinet.cpp.
#include "activation/relay.hpp"
#include "activation/proxy_header.hpp"
#include "support/addresses.hpp"
#include "support/notification.hpp"
#include "support/test.hpp"
#include "unit/support/loop.hpp"

namespace zinit::test::activation_relay {
namespace {

/// The two ends of a connection, both non-blocking.
struct Ends {
  UniqueFd near, far;
};

/// Sockets over which descriptors can be sent, as over all before Linux 6.16.
Ends unix_ends() {
  int fds[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
  return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

Ends tcp_ends() {
  const SocketAddress any = ip_address("127.0.0.1", 0);
  const UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(::bind(listener.get(), any.get(), any.size) == 0);
  REQUIRE(::listen(listener.get(), 1) == 0);
  const SocketAddress at = own_address(listener.get());
  Ends ends;
  ends.far.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(::connect(ends.far.get(), at.get(), at.size) == 0);
  ends.near.reset(::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  REQUIRE(ends.near);
  REQUIRE(::fcntl(ends.far.get(), F_SETFL, O_NONBLOCK) == 0);
  return ends;
}

/// A relay on a loop, and the sockets at its ends.
class Rig {
 public:
  explicit Rig(Ends client = tcp_ends(), Ends backend = tcp_ends(), std::string_view header = {},
               std::size_t pipes = 64)
      : loop_(new_loop()),
        pipes_(pipes),
        set_(*loop_,
             [this](EpollSet::Key key, std::uint32_t events) {
               if (!relay_ || relay_->ready(static_cast<Relay::Side>(key), events)) return;
               relay_.reset();
             }),
        client_(std::move(client.far)),
        backend_(std::move(backend.far)) {
    ::signal(SIGPIPE, SIG_IGN);  // zinit ignores it from the start, too
    REQUIRE(set_.open());
    REQUIRE(set_.add(client.near.get(), 0, Relay::client));
    relay_.emplace(Relay::Shared{set_, pipes_},
                   Relay::Identity{0, 1, Relay::client, Relay::backend},
                   KeptFd(std::move(client.near), {}), counts_, [] { return false; });
    REQUIRE(relay_->begin(backend.near, header));
  }

  int client() const { return client_.get(); }
  int backend() const { return backend_.get(); }
  void close_client() { client_.reset(); }
  [[nodiscard]] bool over() const { return !relay_; }

  bool until(const std::function<bool()>& done) { return run_until(*loop_, done); }

  /// Reads from one end until that many bytes have come, or the end.
  std::string read(int fd, std::size_t most) {
    std::string text;
    const bool all = until([&] {
      char buffer[65536];
      ssize_t got = 1;
      while (text.size() < most && (got = ::recv(fd, buffer, sizeof buffer, 0)) > 0)
        text.append(buffer, static_cast<std::size_t>(got));
      return got == 0 || text.size() >= most;
    });
    CHECK(all);
    return text;
  }
  /// The errno with which reading from an end finally fails; 0 for an orderly end.
  int end_of(int fd) {
    int errnum = -1;
    until([&] {
      char buffer[65536];
      const ssize_t got = ::recv(fd, buffer, sizeof buffer, 0);
      if (got == 0) errnum = 0;
      if (got < 0 && errno != EAGAIN) errnum = errno;
      return errnum >= 0;
    });
    return errnum;
  }

 private:
  std::unique_ptr<EventLoop> loop_;
  PipePool pipes_;
  ProxyCounts counts_{};
  EpollSet set_;
  std::optional<Relay> relay_;
  UniqueFd client_, backend_;
};

void send_text(int fd, std::string_view text) {
  REQUIRE(::send(fd, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size()));
}

/// While it lives no descriptor is free.
class NoDescriptors {
 public:
  NoDescriptors() {
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before_) == 0);
    const UniqueFd lowest(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0));
    rlimit none = before_;
    none.rlim_cur = static_cast<rlim_t>(lowest.get());
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  }
  ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;

 private:
  rlimit before_{};
};

/// A text without repetition.
std::string pattern(std::size_t bytes) {
  std::string text(bytes, '\0');
  std::uint32_t state = 1;
  for (char& c : text) c = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  return text;
}

TEST_CASE("a side that takes nothing holds up its own way alone, and loses nothing", "[proxy]") {
  const bool unix_ones = GENERATE(false, true);
  Rig rig(unix_ones ? unix_ends() : tcp_ends(), unix_ones ? unix_ends() : tcp_ends());
  const std::string text = pattern(8 << 20);
  std::size_t sent = 0;
  const auto send_some = [&] {
    ssize_t got = 1;
    while (sent < text.size() &&
           (got = ::send(rig.client(), text.data() + sent, text.size() - sent, MSG_NOSIGNAL)) > 0)
      sent += static_cast<std::size_t>(got);
  };
  // Until neither the kernel nor the relay takes more.
  std::size_t before = 1;
  while (before != sent) {
    before = sent;
    send_some();
    int turns = 0;
    rig.until([&] { return ++turns > 20; });
  }
  send_text(rig.backend(), "the other way");
  CHECK(rig.read(rig.client(), 13) == "the other way");
  std::string got;
  while (got.size() < text.size()) {
    send_some();
    const std::string more =
        rig.read(rig.backend(), std::min<std::size_t>(65536, sent - got.size()));
    REQUIRE_FALSE(more.empty());
    got += more;
  }
  CHECK((got == text));
}

TEST_CASE("without a descriptor for a pipe a relay copies", "[proxy]") {
  Rig rig;
  const NoDescriptors none;
  const std::string text = pattern(300000);
  std::size_t sent = 0;
  std::string got;
  while (got.size() < text.size()) {
    const ssize_t some = ::send(rig.client(), text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
    if (some > 0) sent += static_cast<std::size_t>(some);
    got += rig.read(rig.backend(), std::min<std::size_t>(1, sent - got.size()));
  }
  CHECK((got == text));
  REQUIRE(::shutdown(rig.client(), SHUT_WR) == 0);
  CHECK(rig.end_of(rig.backend()) == 0);
}

TEST_CASE("a header is passed on even if other relays have all pipes", "[proxy]") {
  Rig rig(tcp_ends(), tcp_ends(), "HEADER ", 0);
  CHECK(rig.read(rig.backend(), 7) == "HEADER ");
  send_text(rig.client(), "hello");
  CHECK(rig.read(rig.backend(), 5) == "hello");
}

TEST_CASE("what a unix client has sent before it closed for good is delivered", "[proxy]") {
  Rig rig(unix_ends(), unix_ends());
  const std::string text = pattern(100000);
  send_text(rig.client(), text);
  rig.close_client();
  CHECK((rig.read(rig.backend(), text.size() + 1) == text));
  CHECK(rig.until([&] { return rig.over(); }));
}

TEST_CASE("a unix client that passes a descriptor loses its connection", "[proxy]") {
  Rig rig(unix_ends(), unix_ends());
  REQUIRE(send_with(rig.client(), "x", {STDERR_FILENO}));
  CHECK(rig.until([&] { return rig.over(); }));
}

TEST_CASE("version 1 of the PROXY header is a line of text", "[proxy]") {
  CHECK(proxy_header(1, ip_address("192.0.2.7", 56324), ip_address("198.51.100.1", 443)) ==
        "PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n");
  CHECK(proxy_header(1, ip_address("2001:db8::7", 1), ip_address("::1", 65535)) ==
        "PROXY TCP6 2001:db8::7 ::1 1 65535\r\n");
  CHECK(proxy_header(1, local_address("/run/x"), local_address("/run/y")) == "PROXY UNKNOWN\r\n");
  CHECK(proxy_header(1, ip_address("192.0.2.7", 1), ip_address("::1", 2)) == "PROXY UNKNOWN\r\n");
}

TEST_CASE("version 2 of the PROXY header is binary", "[proxy]") {
  const std::string signature = "\r\n\r\n\0\r\nQUIT\n"s;
  CHECK(proxy_header(2, ip_address("192.0.2.7", 0x1234), ip_address("198.51.100.1", 443)) ==
        signature + "\x21\x11\0\x0c"s + "\xc0\0\x02\x07"s + "\xc6\x33\x64\x01" +
            "\x12\x34\x01\xbb");
  const std::string six = proxy_header(2, ip_address("2001:db8::7", 1), ip_address("::1", 2));
  CHECK(six.size() == 16 + 36);
  CHECK(six.substr(12, 4) == "\x21\x21\0\x24"s);
  CHECK(six.substr(48) == "\0\x01\0\x02"s);
  CHECK(proxy_header(2, local_address("/run/x"), local_address("/run/y")) ==
        signature + "\x20\0\0\0"s);
}

}  // namespace
}  // namespace zinit::test::activation_relay
