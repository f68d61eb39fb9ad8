// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Lines sent over sockets (zinit.toml(5), [logging] syslog and forward): their content, and
// collectors that are slow, gone or hostile.
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/udp.h>

#include "scenario/harness.hpp"
#include "scenario/harness/crashing.hpp"
#include "scenario/harness/notifier.hpp"

namespace zinit::test::readiness_log_sockets {
namespace {

/// A bound socket of the test.
class Collector {
 public:
  /// On a free port of the loopback interface, or on the given one.
  static Collector inet(int type, int port = 0) {
    Collector made(AF_INET, type);
    const int on = 1;
    setsockopt(made.fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    made.bind_to(reinterpret_cast<sockaddr*>(&address), sizeof address);
    socklen_t size = sizeof address;
    REQUIRE(getsockname(made.fd_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    made.port_ = ntohs(address.sin_port);
    return made;
  }
  static Collector local(int type, const std::string& path) {
    Collector made(AF_UNIX, type);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    made.bind_to(reinterpret_cast<sockaddr*>(&address), sizeof address);
    return made;
  }
  Collector(Collector&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)),
        peer_(std::exchange(other.peer_, -1)),
        type_(other.type_),
        port_(other.port_) {}
  ~Collector() {
    hang_up();
    if (fd_ >= 0) close(fd_);
  }

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  int port() const { return port_; }

  /// Waits for a connection.
  void accept_one() {
    hang_up();
    pollfd ready{fd_, POLLIN, 0};
    REQUIRE(poll(&ready, 1, static_cast<int>(kPatience.count())) == 1);
    peer_ = accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
    REQUIRE(peer_ >= 0);
  }
  /// Ends the connection, with a reset if data was not read or `hard` is set.
  void hang_up(bool hard = false) {
    if (peer_ < 0) return;
    const linger now{1, 0};
    if (hard) setsockopt(peer_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(peer_);
    peer_ = -1;
  }

  /// Receives data until `done` accepts all of it.
  std::string receive(const std::function<bool(const std::string&)>& done) {
    std::string text;
    const int from = type_ == SOCK_DGRAM ? fd_ : peer_;
    pollfd ready{from, POLLIN, 0};
    while (!done(text)) {
      if (poll(&ready, 1, static_cast<int>(kPatience.count())) != 1) return text;
      char buffer[65536];
      const ssize_t got = recv(from, buffer, sizeof buffer, 0);
      if (got <= 0) return text;
      text.append(buffer, static_cast<std::size_t>(got));
      if (type_ == SOCK_DGRAM) text += '|';
    }
    return text;
  }
  /// Takes one datagram; returns the port that sent it.
  in_port_t sender_port() {
    pollfd ready{fd_, POLLIN, 0};
    REQUIRE(poll(&ready, 1, static_cast<int>(kPatience.count())) == 1);
    char byte = 0;
    sockaddr_in from{};
    socklen_t size = sizeof from;
    REQUIRE(recvfrom(fd_, &byte, 1, 0, reinterpret_cast<sockaddr*>(&from), &size) == 1);
    return ntohs(from.sin_port);
  }
  std::string receive_until(const std::string& end) {
    return receive([&](const std::string& text) { return text.find(end) != std::string::npos; });
  }

 private:
  Collector(int family, int type) : fd_(socket(family, type | SOCK_CLOEXEC, 0)), type_(type) {
    REQUIRE(fd_ >= 0);
  }
  void bind_to(const sockaddr* address, socklen_t size) {
    REQUIRE(bind(fd_, address, size) == 0);
    if (type_ == SOCK_STREAM) REQUIRE(listen(fd_, 8) == 0);
  }

  int fd_;
  int peer_ = -1;
  int type_;
  int port_ = 0;
};

/// While it lives, sockets that choose their port get this one.
class OnlyPort {
 public:
  explicit OnlyPort(int port) {
    std::ofstream(kRange) << port << ' ' << port << std::flush;
    set_ = read_file(kRange) != before_;
  }
  ~OnlyPort() { std::ofstream(kRange) << before_; }
  OnlyPort(const OnlyPort&) = delete;
  OnlyPort& operator=(const OnlyPort&) = delete;

  bool set() const { return set_; }

 private:
  static constexpr const char* kRange = "/proc/sys/net/ipv4/ip_local_port_range";
  const std::string before_ = read_file(kRange);
  bool set_ = false;
};

/// The Internet checksum of an even number of bytes.
template <class Header>
std::uint16_t checksum(const Header& header) {
  std::array<std::uint16_t, sizeof header / 2> words;
  std::memcpy(words.data(), &header, sizeof header);
  std::uint32_t sum = 0;
  for (const std::uint16_t word : words) sum += word;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

/// Reports, like a router on the loopback interface, that a datagram between these ports was too
/// large; false if this process may not.
bool say_too_large(int from, int to) {
  struct {
    icmphdr icmp{};
    iphdr ip{};
    udphdr udp{};
  } message;
  message.udp.source = htons(static_cast<std::uint16_t>(from));
  message.udp.dest = htons(static_cast<std::uint16_t>(to));
  message.udp.len = htons(1480);
  message.ip.version = 4;
  message.ip.ihl = 5;
  message.ip.tot_len = htons(1500);
  message.ip.frag_off = htons(IP_DF);
  message.ip.ttl = 64;
  message.ip.protocol = IPPROTO_UDP;
  message.ip.saddr = message.ip.daddr = htonl(INADDR_LOOPBACK);
  message.ip.check = checksum(message.ip);
  message.icmp.type = ICMP_DEST_UNREACH;
  message.icmp.code = ICMP_FRAG_NEEDED;
  message.icmp.un.frag.mtu = htons(0xffff);  // not less than the loopback's: it has no effect
  message.icmp.checksum = checksum(message);
  const int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
  if (fd < 0) return false;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto sent = sendto(fd, &message, sizeof message, 0,
                           reinterpret_cast<const sockaddr*>(&address), sizeof address);
  close(fd);
  return sent == sizeof message;
}

std::string logging(const std::string& key, const std::string& target) {
  return "[logging]\n" + key + " = " + toml_string(target) + "\n";
}

/// 2,000 lines, of 200 bytes: more than a socket takes while nobody reads.
const char* const kLongLines =
    "seq -f no%.0f-$(printf %0190d 0) 2000; echo said >> $T; exec sleep 100000";

bool has_all(const std::string& text) {
  return text.find("no2000-") != text.npos && text.ends_with("}\n");
}

/// The numbers of the lines of kLongLines.
std::vector<int> numbers_in(const std::string& text) {
  std::vector<int> numbers;
  for (std::size_t at = 0; (at = text.find("\"no", at)) != text.npos; ++at)
    numbers.push_back(std::atoi(text.c_str() + at + 3));
  return numbers;
}

std::vector<int> counted(int count) {
  std::vector<int> numbers(static_cast<std::size_t>(count));
  std::iota(numbers.begin(), numbers.end(), 1);
  return numbers;
}

std::int64_t dropped(Server& zinit, const std::string& name, const std::string& sink) {
  return zinit.status(name)["log_dropped_by"][sink].number();
}

TEST_CASE("syslog sends RFC 5424 over every kind of socket", "[check][logs]") {
  Server zinit;
  Collector udp = Collector::inet(SOCK_DGRAM);
  Collector tcp = Collector::inet(SOCK_STREAM);
  Collector datagrams = Collector::local(SOCK_DGRAM, zinit.path("datagrams"));
  Collector stream = Collector::local(SOCK_STREAM, zinit.path("stream"));
  const std::string said = "echo 'to be seen'; echo and this >&2; exec sleep 100000";
  zinit.add("udp", {.exec = said, .more = logging("syslog", "udp:" + udp.address())});
  zinit.add("tcp", {.exec = said, .more = logging("syslog", "tcp:" + tcp.address())});
  zinit.add("datagrams",
            {.exec = said, .more = logging("syslog", "unix:" + zinit.path("datagrams"))});
  zinit.add("stream", {.exec = said, .more = logging("syslog", "unix:" + zinit.path("stream"))});
  zinit.boot();
  tcp.accept_one();
  stream.accept_one();

  char host[256] = "";
  gethostname(host, sizeof host - 1);
  const auto message = [&](const std::string& name, const std::string& stream_name,
                           const std::string& text) {
    const auto pid = zinit.await_state(name, "running")["pid"].number();
    return R"(<30>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z )" + std::string(host) + " " + name +
           " " + std::to_string(pid) + " " + stream_name + " - " + text;
  };
  const auto check = [&](Collector& collector, const std::string& name, const std::string& before,
                         const std::string& after) {
    const std::string text = collector.receive([](const std::string& all) {
      return all.find("to be seen") != std::string::npos &&
             all.find("and this") != std::string::npos && !isalnum(all.back());
    });
    INFO(name << ": " << text);
    CHECK(std::regex_search(text,
                            std::regex(before + message(name, "stdout", "to be seen") + after)));
    const std::string err = message(name, "stderr", "and this");
    CHECK(std::regex_search(text, std::regex(before + err + after)));
  };
  check(udp, "udp", "(^|\\|)", "\\|");
  check(datagrams, "datagrams", "(^|\\|)", "\\|");
  check(stream, "stream", "", "\n");

  // Octet counting: a length, a blank, that many bytes.
  std::string frames = tcp.receive([](const std::string& all) {
    return all.find("to be seen") != std::string::npos && all.find("and this") != std::string::npos;
  });
  for (int i = 0; i < 2; ++i) {
    std::size_t digits = 0;
    const std::size_t size = std::stoul(frames, &digits);
    REQUIRE(frames[digits] == ' ');
    const std::string one = frames.substr(digits + 1, size);
    const bool out = one.find("stdout") != std::string::npos;
    CHECK(std::regex_match(one, std::regex(message("tcp", out ? "stdout" : "stderr",
                                                   out ? "to be seen" : "and this"))));
    frames.erase(0, digits + 1 + size);
  }
  CHECK(frames.empty());
}

TEST_CASE("forward sends a JSON object a line", "[check][logs]") {
  Server zinit;
  Collector tcp = Collector::inet(SOCK_STREAM);
  Collector local = Collector::local(SOCK_STREAM, zinit.path("socket"));
  const std::string said = R"(printf 'quote " tab \t bad \377\nlast\n'; exec sleep 100000)";
  // A name that is in /etc/hosts, or is resolved without it.
  const std::string by_name = "tcp:localhost:" + std::to_string(tcp.port());
  zinit.add("tcp", {.exec = said, .more = logging("forward", by_name)});
  zinit.add("local", {.exec = said, .more = logging("forward", "unix:" + zinit.path("socket"))});
  zinit.boot();
  for (auto [name, collector] : {std::pair{"tcp", &tcp}, std::pair{"local", &local}}) {
    INFO(name);
    collector->accept_one();
    const auto lines = lines_of(collector->receive_until("last\"}\n"));
    REQUIRE(lines.size() == 2);
    const auto first = Json::parse(lines[0]);
    REQUIRE(first);
    CHECK(first->members() == Texts{"host", "message", "pid", "service", "stream", "time"});
    CHECK((*first)["message"] == "quote \" tab \t bad \xef\xbf\xbd");
    CHECK((*first)["service"] == name);
    CHECK((*first)["stream"] == "stdout");
    CHECK((*first)["pid"] == zinit.await_state(name, "running")["pid"].number());
    CHECK(std::regex_match((*first)["time"].text(),
                           std::regex(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)")));
  }
}

TEST_CASE("a collector that comes late or goes away for a while gets the lines",
          "[threads][logs]") {
  Server zinit;
  const int port = Collector::inet(SOCK_STREAM).port();  // free again
  zinit.add("a", {.exec = "for i in 1 2 3 4; do echo line $i; while ! [ -e $D/go$i ]; do "
                          "sleep 0.01; done; done; exec sleep 100000",
                  .more = logging("forward", "tcp:127.0.0.1:" + std::to_string(port))});
  zinit.boot();
  zinit.await_message("forward to tcp:127.0.0.1:");
  Collector collector = Collector::inet(SOCK_STREAM, port);
  collector.accept_one();
  CHECK_THAT(collector.receive_until("}\n"), Contains("line 1"));
  collector.hang_up();
  zinit.mark("go1");
  collector.accept_one();
  CHECK_THAT(collector.receive_until("}\n"), Contains("line 2"));
  collector.hang_up(true);
  zinit.mark("go2");
  collector.accept_one();
  CHECK_THAT(collector.receive_until("}\n"), Contains("line 3"));
  CHECK(dropped(zinit, "a", "forward") == 0);
}

TEST_CASE("a sink does not take itself for its collector", "[logs][root]") {
  const bool stream = GENERATE(true, false);
  const int type = stream ? SOCK_STREAM : SOCK_DGRAM;
  Server zinit;
  const int port = Collector::inet(type).port();  // free again
  const std::string address = "127.0.0.1:" + std::to_string(port);
  zinit.add("a", {.exec = "echo hello; exec sleep 100000",
                  .more = logging("syslog", (stream ? "tcp:" : "udp:") + address)});
  {
    const OnlyPort only(port);
    if (!only.set()) return skip("needs root for the range of ports");
    zinit.boot();
    zinit.await_message("cannot connect to " + address + ": Connection refused");
  }
  Collector collector = Collector::inet(type, port);
  if (stream) collector.accept_one();
  CHECK_THAT(collector.receive_until("hello"), Contains("hello"));
}

TEST_CASE("a line too large for a router on its way is counted, and the next ones are sent",
          "[logs][root]") {
  Server zinit;
  Collector udp = Collector::inet(SOCK_DGRAM);
  zinit.add("a", {.exec = "echo large; while ! [ -e $D/go ]; do sleep 0.01; done; echo small; "
                          "exec sleep 100000",
                  .more = logging("syslog", "udp:" + udp.address())});
  zinit.boot();
  if (!say_too_large(udp.sender_port(), udp.port())) return skip("needs root for a raw socket");
  CHECK(eventually([&] { return dropped(zinit, "a", "syslog") == 1; }));
  zinit.mark("go");
  CHECK_THAT(udp.receive_until("small"), Contains("small"));
  CHECK(dropped(zinit, "a", "syslog") == 1);
}

TEST_CASE("collectors that do not take lines cost those lines and nothing else", "[check][logs]") {
  Server zinit;
  Collector silent = Collector::inet(SOCK_STREAM);  // accepts connections and reads nothing
  Collector full = Collector::local(SOCK_DGRAM, zinit.path("full"));
  const std::string nobody = "udp:127.0.0.1:" + std::to_string(Collector::inet(SOCK_DGRAM).port());
  const std::vector<std::pair<std::string, std::string>> bad = {
      {"silent", logging("forward", "tcp:" + silent.address())},
      {"full", logging("syslog", "unix:" + zinit.path("full"))},
      {"gone", logging("syslog", "unix:" + zinit.path("nothing"))},
      {"unknown", logging("forward", "tcp:no-such-host.invalid:9000")},
      {"nobody", logging("syslog", nobody)}};
  for (const auto& [name, more] : bad)
    zinit.add(name, {.exec = "seq 300000", .service = "oneshot = true", .more = more});
  zinit.add("good", {.exec = "seq 100000",
                     .service = "oneshot = true",
                     .more = "[logging]\nfile = " + toml_string(zinit.path("good.log")) + "\n"});
  zinit.boot();
  CHECK(eventually([&] { return lines_of(read_file(zinit.path("good.log"))).size() == 100000; }));
  for (const auto& [name, more] : bad) {
    INFO(name);
    zinit.await_state(name, "exited");
    const std::string sink = more.find("syslog") != std::string::npos ? "syslog" : "forward";
    CHECK(eventually([&, &name = name] { return dropped(zinit, name, sink) > 100000; }));
  }
  CHECK(zinit.status("good")["log_dropped"] == 0);
  zinit.await_message("forward to tcp:no-such-host.invalid:9000: ");
  CHECK(zinit.shut_down() == 0);
}

TEST_CASE("a collector that sends sockets that linger holds up nobody", "[check][logs]") {
  Server zinit({.in_child = [] {
    if (!forget_passrights()) _exit(125);
  }});
  const std::string at = zinit.path("collector");
  zinit.file("collector.toml", "[service]\nexec = [" + notifier({"serve", at, "3", "x"}) + "]\n");
  const std::string talk = "while sleep 0.01; do echo line; done";
  zinit.add("sends", {.exec = talk, .more = logging("forward", "unix:" + at)});
  zinit.add("talks", {.exec = talk});
  zinit.boot();
  zinit.await_trace("answered", 3);  // zinit connects to it again each time
  for (const char* name : {"sends", "talks"}) {
    INFO(name);
    const auto lines = [&] { return zinit.status(name)["log_lines"].number(); };
    const auto before = lines();
    CHECK(eventually([&] { return lines() > before + 10; }));
  }
  CHECK(zinit.shut_down() == 0);
}

TEST_CASE("what waits for a collector is sent when the service goes and when zinit ends",
          "[threads][logs]") {
  Server zinit;
  Collector first = Collector::inet(SOCK_STREAM);
  Collector second = Collector::local(SOCK_DGRAM, zinit.path("second"));
  zinit.add("gone", {.exec = "seq -f gone%.0f 5000",
                     .service = "oneshot = true",
                     .more = logging("forward", "tcp:" + first.address())});
  zinit.boot();
  zinit.await_state("gone", "exited");
  zinit.remove("gone");
  zinit.reload();
  first.accept_one();
  const std::string all = first.receive_until("gone5000\"");
  CHECK(lines_of(all).size() == 5000);

  zinit.add("last", {.exec = "echo last words; echo said >> $T; exec sleep 100000",
                     .more = logging("syslog", "unix:" + zinit.path("second"))});
  zinit.reload();
  zinit.await_trace("said");
  CHECK(zinit.shut_down() == 0);
  CHECK_THAT(second.receive_until("|"), Contains("last words"));
}

TEST_CASE("lines that wait for a collector are sent by the next image, after a crash too",
          "[check][logs][reexec]") {
  for (const bool crashes : {false, true}) {
    INFO(crashes);
    Server zinit;
    Collector collector = Collector::local(SOCK_STREAM, zinit.path("collector"));
    zinit.add("a",
              {.exec = kLongLines, .more = logging("forward", "unix:" + zinit.path("collector"))});
    zinit.boot();
    zinit.await_trace("said");
    CHECK(dropped(zinit, "a", "forward") == 0);
    crashes ? crash(zinit) : zinit.reexecute();
    CHECK(dropped(zinit, "a", "forward") == 0);
    collector.accept_one();
    // The last line is cut off, and sent again.
    std::string text = collector.receive([](const std::string&) { return false; });
    CHECK(text.find("no2000") == text.npos);
    text.resize(text.rfind('\n') + 1);
    collector.accept_one();
    text += collector.receive(has_all);
    CHECK((numbers_in(text) == counted(2000)));
  }
}

TEST_CASE("a crash while lines are sent to a collector loses none", "[check][killpoints][logs]") {
  for (const std::string point : {"read.sunk", "sink.sent"}) {
    INFO(point);
    CrashingLog one(point);
    const std::string path = one.zinit().path("collector");
    Collector collector = Collector::local(SOCK_STREAM, path);
    one.launch(kLongLines, logging("forward", "unix:" + path), "no2000-");
    std::string text;
    while (text.find("no2000") == text.npos) {
      collector.accept_one();
      text += collector.receive(has_all);
      text.resize(text.rfind('\n') + 1);
    }
    one.check_crashed();
    auto numbers = numbers_in(text);
    if (point == "sink.sent") {  // these lines come twice
      const auto second = std::find(numbers.begin() + 1, numbers.end(), 1);
      REQUIRE(second != numbers.end());
      numbers.erase(numbers.begin(), second);
      CHECK((numbers == counted(2000)));
    }
    CHECK(came_whole(numbers, 2000));
  }
}

}  // namespace
}  // namespace zinit::test::readiness_log_sockets
