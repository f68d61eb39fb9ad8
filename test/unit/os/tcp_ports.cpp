// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The listeners on a port: the kernel's table, and the processes behind a socket.
#include "os/tcp_ports.hpp"
#include "base/fd.hpp"
#include "support/test.hpp"

namespace zinit::test::os_tcp_ports {
namespace {

/// A socket that listens on a free port of the loopback interface.
struct Listening {
  explicit Listening(int family) : fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    REQUIRE(fd);
    sockaddr_storage address{};
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    auto& v4 = reinterpret_cast<sockaddr_in&>(address);
    auto& v6 = reinterpret_cast<sockaddr_in6&>(address);
    address.ss_family = static_cast<sa_family_t>(family);
    if (family == AF_INET) v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = family == AF_INET ? sizeof v4 : sizeof v6;
    REQUIRE(::bind(fd.get(), any, size) == 0);
    REQUIRE(::listen(fd.get(), 1) == 0);
    REQUIRE(::getsockname(fd.get(), any, &size) == 0);
    port = ntohs(family == AF_INET ? v4.sin_port : v6.sin6_port);
    struct stat status {};
    REQUIRE(::fstat(fd.get(), &status) == 0);
    inode = status.st_ino;
  }
  UniqueFd fd;
  int port = 0;
  std::uint64_t inode = 0;
};

TEST_CASE("lines of the kernel's table are read where a socket listens", "[ports]") {
  CHECK_GOLDEN_ROWS("tcp_ports", [](const std::string& line) -> std::string {
    const auto found = parse_listener(line);
    if (!found) return "none";
    return "port " + std::to_string(found->port) + ", inode " + std::to_string(found->inode);
  });
  for (const char* line : {"", "\n"}) CHECK(parse_listener(line) == std::nullopt);
}

TEST_CASE("a listener is found by its port, IPv4 or IPv6, and with it its process", "[ports]") {
  int gone = 0;
  for (const int family : {AF_INET, AF_INET6}) {
    const UniqueFd possible(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!possible) continue;  // a kernel without IPv6
    const Listening one(family);
    const int ports[] = {1, one.port};
    const auto found = find_listener(ports);
    REQUIRE(found);
    CHECK(*found == Listener{one.port, one.inode});
    const auto holders = holders_of_socket(one.inode);
    CHECK(std::ranges::find(holders, ::getpid()) != holders.end());
    gone = one.port;
  }
  CHECK(find_listener(std::array{gone}) == std::nullopt);
  CHECK(find_listener({}) == std::nullopt);
}

TEST_CASE("a lineage has pid, group and session of a process and of its parents", "[ports]") {
  const auto all = lineage_of(::getpid());
  for (const pid_t each : {::getpid(), ::getpgrp(), ::getsid(0), ::getppid()}) {
    if (each > 1) CHECK(std::ranges::find(all, each) != all.end());
  }
  CHECK(lineage_of(1).empty());
}

}  // namespace
}  // namespace zinit::test::os_tcp_ports
