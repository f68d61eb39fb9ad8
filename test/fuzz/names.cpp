// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Fuzzes the lookup of names: the files hosts and resolv.conf, and the answers of a name server.
// Parts of the input: a file hosts, a file resolv.conf, a name, and the server's answer to each
// question. An answer that begins with a blank is appended to the question, so that it fits it. Any
// other answer replaces all but the question's number.
#include "fuzz/fuzz.hpp"

#include <arpa/inet.h>
#include <ev.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <cerrno>

#include "io/resolver.hpp"

namespace {

/// The only name server, on the loopback interface.
in_port_t server_port = 0;

}  // namespace

/// Replaces libc's function: a resolv.conf may name any server, but only our own is asked.
extern "C" int connect(int fd, const sockaddr* to, socklen_t size) {
  const auto& address = *reinterpret_cast<const sockaddr_in*>(to);
  if (to->sa_family == AF_INET && address.sin_addr.s_addr == htonl(INADDR_LOOPBACK) &&
      address.sin_port == server_port)
    return static_cast<int>(::syscall(SYS_connect, fd, to, size));
  errno = ENETUNREACH;
  return -1;
}

namespace zinit::fuzz {
namespace {

/// A file in memory, at a path that the resolver can read.
class MemoryFile {
 public:
  MemoryFile() : fd_(::memfd_create("fuzz", MFD_CLOEXEC)) { require(static_cast<bool>(fd_)); }
  void write(std::string_view text) const {
    require(::ftruncate(fd_.get(), 0) == 0);
    require(::pwrite(fd_.get(), text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
  }
  [[nodiscard]] std::string path() const { return fmt::format("/proc/self/fd/{}", fd_.get()); }

 private:
  UniqueFd fd_;
};

class NameServer {
 public:
  NameServer() : fd_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    require(::bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
    require(::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    server_port = address.sin_port;
  }
  [[nodiscard]] std::uint16_t port() const { return ntohs(server_port); }

  /// Answers the waiting questions. @return  whether there were any
  bool serve(std::string_view answer) const {
    bool any = false;
    while (true) {
      char question[2048];
      sockaddr_in from{};
      socklen_t size = sizeof from;
      const ssize_t got = ::recvfrom(fd_.get(), question, sizeof question, 0,
                                     reinterpret_cast<sockaddr*>(&from), &size);
      if (got < 2) return any;
      any = true;
      const std::string packet = packet_of({question, static_cast<std::size_t>(got)}, answer);
      (void)::sendto(fd_.get(), packet.data(), packet.size(), 0, reinterpret_cast<sockaddr*>(&from),
                     size);
    }
  }

 private:
  static std::string packet_of(std::string_view question, std::string_view answer) {
    if (!answer.starts_with(' ')) return std::string(question.substr(0, 2)).append(answer);
    std::string packet(question);
    packet[2] = static_cast<char>(packet[2] | '\x80');  // it is an answer
    packet[7] = answer.size() > 1 ? answer[1] : '\0';   // the number of its records
    packet[10] = packet[11] = 0;                        // without records of EDNS
    return packet.append(answer.substr(std::min<std::size_t>(answer.size(), 2)));
  }

  UniqueFd fd_;
};

std::string texts_of(const Addresses& addresses) {
  std::string all;
  for (const SocketAddress& address : addresses) all += address_text(address) + "\n";
  return all;
}

/// The found addresses, written as a hosts file, are found again.
void check_hosts(std::string_view hosts, const std::string& name) {
  if (name.empty() || name.ends_with('.')) return;  // the resolver has removed the dot
  const Addresses found = in_hosts(hosts, name);
  require(found.size() <= Resolver::kMaxAddresses);
  std::string again;
  for (const SocketAddress& address : found) {
    const bool six = address.storage.ss_family == AF_INET6;
    const std::string text = address_text(address);  // 1.2.3.4:0 or [::1]:0
    require(text.ends_with(":0"));
    again += text.substr(six ? 1 : 0, text.size() - (six ? 4 : 2)) + "\tother " + name + " # x\n";
  }
  require(texts_of(in_hosts(again, name)) == texts_of(found));
}

constexpr std::uint16_t kPort = 80;

void check_answer(const Result<Addresses>& answer) {
  if (!answer) return require(!answer.error().text.empty());
  require(!answer->empty() && answer->size() <= Resolver::kMaxAddresses);
  for (const SocketAddress& address : *answer) {
    const bool six = address.storage.ss_family == AF_INET6;
    require(six || address.storage.ss_family == AF_INET);
    require(address.size == (six ? sizeof(sockaddr_in6) : sizeof(sockaddr_in)));
    require(address_text(address).ends_with(":80"));
  }
}

void check_resolver(EventLoop& loop, const ResolverFiles& files, const NameServer& server,
                    const std::string& name, std::string_view answer) {
  while (server.serve({})) {}  // questions left by an earlier input
  int answers = 0;
  {
    Resolver resolver(loop, files);
    const auto query = resolver.resolve(name, kPort, [&](const Result<Addresses>& found) {
      check_answer(found);
      ++answers;
    });
    require((query == nullptr) == (answers == 1));
    // One question for each kind of address and each domain to search: only a few rounds.
    constexpr int most = 64;
    for (int i = 0; i < most && answers == 0; ++i) {
      if (!server.serve(answer)) break;
      ev_run(loop.ev(), EVRUN_NOWAIT);
    }
  }
  require(answers <= 1);
}

}  // namespace

std::set<std::string> words() {
  std::set<std::string> all = words_in(
      "127.0.0.1|::1|localhost|db|db.|#|\t|\n|\x1E|nameserver |nameserver 127.0.0.1\n|search |"
      "domain |options |ndots:15|rotate|attempts:1|timeout:1|sortlist 10.0.0.0/8|lan|\x1E \x01",
      '|');
  all.insert({std::string("\xc0\x0c\0\1\0\1\0\0\0\x1e\0\4\x7f\0\0\1", 16),
              std::string("\xc0\x0c\0\5\0\1\0\0\0\x1e\0\2\xc0\x0c", 14),
              std::string("\xc0\x0c\0\x1c\0\1\0\0\0\x1e\0\x10", 12)});
  return all;
}

void look_at(std::string_view input) {
  static const MemoryFile hosts, resolv_conf;
  static const NameServer server;
  static const auto loop = EventLoop::create();
  require(loop.has_value());
  auto parts = parts_of(input, 4);
  parts.resize(4);
  const std::string name(parts[2].substr(0, parts[2].find('\0')));
  check_hosts(parts[0], name);
  hosts.write(parts[0]);
  resolv_conf.write(parts[1]);
  check_resolver(**loop, {hosts.path(), resolv_conf.path(), server.port()}, server, name, parts[3]);
}

}  // namespace zinit::fuzz
