// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
#pragma once
// A name server of the test on a port of the loopback interface; the test decides its answers.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

namespace zinit::test {

/// A question as it arrived.
struct DnsQuestion {
  std::string packet;
  std::string name;  // with dots, without a final dot
  int type = 0;      // 1: A, 28: AAAA
};

class DnsServer {
 public:
  /// The answer to send; empty: send nothing.
  using Answer = std::function<std::string(const DnsQuestion&)>;

  /// Listens on 127.0.0.`host` and `port`; 0: any free port.
  explicit DnsServer(Answer answer, int host = 1, std::uint16_t port = 0)
      : answer_(std::move(answer)), host_(host) {
    socket_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    end_ = ::eventfd(0, EFD_CLOEXEC);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(0x7f000000u + static_cast<std::uint32_t>(host));
    address.sin_port = htons(port);
    socklen_t size = sizeof address;
    if (::bind(socket_, reinterpret_cast<sockaddr*>(&address), size) < 0 ||
        ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) < 0)
      throw std::runtime_error("no port for a name server");
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~DnsServer() {
    const std::uint64_t one = 1;
    (void)!::write(end_, &one, sizeof one);
    thread_.join();
    ::close(end_);
    ::close(socket_);
  }
  DnsServer(const DnsServer&) = delete;
  DnsServer& operator=(const DnsServer&) = delete;

  /// A resolv.conf that names this server.
  [[nodiscard]] std::string resolv_conf() const {
    return "nameserver 127.0.0." + std::to_string(host_) + "\n";
  }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] int questions() const { return questions_; }

  // --- answers ---

  /// `code`: 0 success, 2 the server failed, 3 no such name. `data`: an address's bytes.
  static std::string reply(const DnsQuestion& question, int code, std::string_view data = {}) {
    std::string packet = question.packet;
    packet[2] = static_cast<char>(0x85);
    packet[3] = static_cast<char>(0x80 | code);
    packet[7] = data.empty() ? 0 : 1;
    packet.resize(question_end(packet));
    packet[9] = packet[11] = 0;
    if (data.empty()) return packet;
    packet += std::string("\xc0\x0c\0", 3) + static_cast<char>(question.type);
    packet += std::string("\0\1\0\0\0\x1e\0", 7) + static_cast<char>(data.size());
    return packet + std::string(data);
  }
  /// 127.0.0.1 for every A record, nothing for other types.
  static std::string loopback(const DnsQuestion& question) {
    return question.type == 1 ? reply(question, 0, std::string_view("\x7f\0\0\1", 4))
                              : reply(question, 0);
  }

 private:
  static std::size_t question_end(std::string_view packet) {
    std::size_t at = 12;
    while (at < packet.size() && packet[at] != 0) at += static_cast<unsigned char>(packet[at]) + 1u;
    return at + 5;
  }

  void serve() {
    while (true) {
      pollfd ready[] = {{socket_, POLLIN, 0}, {end_, POLLIN, 0}};
      if (::poll(ready, 2, -1) < 0 || ready[1].revents != 0) return;
      char buffer[2048];
      sockaddr_in from{};
      socklen_t size = sizeof from;
      const ssize_t got =
          ::recvfrom(socket_, buffer, sizeof buffer, 0, reinterpret_cast<sockaddr*>(&from), &size);
      if (got < 17) continue;
      const DnsQuestion question = parse({buffer, static_cast<std::size_t>(got)});
      ++questions_;
      const std::string packet = answer_(question);
      if (packet.empty()) continue;
      (void)::sendto(socket_, packet.data(), packet.size(), 0, reinterpret_cast<sockaddr*>(&from),
                     size);
    }
  }

  static DnsQuestion parse(std::string_view packet) {
    DnsQuestion question{std::string(packet), {}, 0};
    std::size_t at = 12;
    while (at < packet.size() && packet[at] != 0) {
      const std::size_t length = static_cast<unsigned char>(packet[at]);
      if (!question.name.empty()) question.name += '.';
      question.name += packet.substr(at + 1, length);
      at += length + 1;
    }
    if (at + 2 < packet.size()) question.type = static_cast<unsigned char>(packet[at + 2]);
    return question;
  }

  const Answer answer_;
  const int host_;
  int socket_ = -1;
  int end_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> questions_{0};
  std::thread thread_;
};

}  // namespace zinit::test
