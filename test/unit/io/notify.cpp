// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Messages of a process over its notify socket: their text, the sockets, and the sockets' places.
#include "base/format.hpp"
#include "io/notify_directory.hpp"
#include "io/notify_message.hpp"
#include "support/notification.hpp"
#include "support/test.hpp"

namespace zinit::test::io_notify {
namespace {

bool send_to(const NotifySocket& socket, std::string_view text, const std::vector<int>& fds = {}) {
  return test::send_notification(socket.address(), text, fds, MSG_DONTWAIT);
}

bool is_there(const std::string& path) {
  struct stat there {};
  return ::lstat(path.c_str(), &there) == 0;
}

/// Leaves the socket of a killed zinit.
void leave_socket(const std::string& path) {
  auto socket = NotifySocket::at_path(path + ".now", {});
  REQUIRE(socket);
  REQUIRE(::rename((path + ".now").c_str(), path.c_str()) == 0);
}

void takes(NotifySocket& socket) {
  REQUIRE(send_to(socket, "READY=1"));
  REQUIRE(send_to(socket, std::string(kNotifyMessageMax + 1, 'x')));
  REQUIRE(send_to(socket, "FDSTORE=1", {0, 1, 2}));
  std::string buffer;
  Datagram datagram;
  REQUIRE(socket.receive(buffer, datagram) == Received::datagram);
  CHECK(datagram.text == "READY=1");
  CHECK(datagram.sender.pid == ::getpid());
  CHECK(datagram.whole);
  CHECK(datagram.fds.empty());
  REQUIRE(socket.receive(buffer, datagram) == Received::datagram);
  CHECK_FALSE(datagram.whole);
  REQUIRE(socket.receive(buffer, datagram) == Received::with_descriptors);
  CHECK(datagram.text == "FDSTORE=1");
  CHECK(datagram.fds.empty());
  REQUIRE(socket.take(buffer, datagram));
  CHECK(datagram.whole);
  CHECK(datagram.fds.size() == 3);
  CHECK(socket.receive(buffer, datagram) == Received::nothing);
  CHECK(datagram.fds.empty());
}

TEST_CASE("notify message: each line with a known key and a valid value counts",
          "[io][readiness]") {
  const NotifyMessage all = parse_notify_message(
      "READY=1\nRELOADING=1\nSTOPPING=1\nWATCHDOG=1\nFDSTORE=1\nFDSTOREREMOVE=1\nFDNAME=a-b.c\n"
      "STATUS=a=b\nMAINPID=4321\nEXTEND_TIMEOUT_USEC=5\nWATCHDOG_USEC=7\nMONOTONIC_USEC=1\n");
  CHECK((all.ready && all.reloading && all.stopping && all.alive && all.store && all.remove));
  CHECK_FALSE(all.trigger);
  CHECK(all.fd_name == "a-b.c");
  CHECK(all.status == "a=b");
  CHECK(all.main_pid == 4321);
  CHECK(all.extend_usec == std::uint64_t{5});
  CHECK(all.watchdog_usec == std::uint64_t{7});
  CHECK(parse_notify_message("WATCHDOG=trigger").trigger);
  CHECK(parse_notify_message("\n\nSTATUS=\nREADY=1").status == "");
}

TEST_CASE("notify message: unknown keys and invalid values are ignored", "[io][readiness]") {
  for (const std::string_view text : {"", "READY", "READY=", "READY=0", "READY=1 ", " READY=1",
                                      "ready=1", "=1", "READY==1", "XREADY=1", "READY=1\r"}) {
    INFO(text);
    CHECK_FALSE(parse_notify_message(text).ready);
  }
  for (const std::string_view value : {"", "0", "-1", "x", "12x", " 12", "2147483648", "1e3"}) {
    INFO(value);
    CHECK_FALSE(parse_notify_message(fmt::format("MAINPID={}", value)).main_pid);
  }
  for (const std::string_view value : {"", "-1", "x", "18446744073709551616"}) {
    INFO(value);
    CHECK_FALSE(parse_notify_message(fmt::format("EXTEND_TIMEOUT_USEC={}", value)).extend_usec);
    CHECK_FALSE(parse_notify_message(fmt::format("WATCHDOG_USEC={}", value)).watchdog_usec);
  }
  CHECK_FALSE(parse_notify_message("WATCHDOG_USEC=0").watchdog_usec);
  for (const std::string& name : {std::string("a:b"), std::string("a b"), std::string("\x7f"),
                                  std::string("\xc3\xa9"), std::string(256, 'n'), std::string()}) {
    INFO(name);
    CHECK(parse_notify_message("FDNAME=" + name).fd_name.empty());
  }
  CHECK(parse_notify_message("FDNAME=" + std::string(255, 'n')).fd_name.size() == 255);
}

TEST_CASE("notify message: a status is cut, and has no control characters", "[io][readiness]") {
  CHECK(parse_notify_message("STATUS=\x1b[31m").status == "\\x1b[31m");
  CHECK(parse_notify_message("STATUS=one\nSTATUS=two").status == "two");
  const auto cut = parse_notify_message("STATUS=" + std::string(4000, '\x01')).status;
  REQUIRE(cut);
  CHECK(cut->size() <= kStatusTextMax);
  CHECK(cut->starts_with("\\x01\\x01"));
}

TEST_CASE("notify socket: datagrams come with their sender and their descriptors",
          "[io][readiness]") {
  const auto before = test::open_descriptors();
  {
    test::TempDir dir;
    auto by_path = NotifySocket::at_path(dir / "socket", {});
    REQUIRE(by_path);
    CHECK(by_path->address() == dir / "socket");
    takes(*by_path);
    CHECK_FALSE(NotifySocket::at_path(dir / "socket", {}));  // it is not taken from its owner
    auto abstract = NotifySocket::abstract();
    REQUIRE(abstract);
    CHECK(abstract->address().starts_with("@zinit/"));
    takes(*abstract);
    auto moved = std::move(*by_path);
    takes(moved);
  }
  CHECK(test::open_descriptors() == before);
}

TEST_CASE("notify directory: each socket has a path that no other gets, and the end removes all",
          "[io][readiness]") {
  test::TempDir dir;
  const std::string own = fmt::format("{}/notify/{}", dir.path(), ::getpid());
  {
    NotifyDirectory directory(dir / "notify");
    CHECK_FALSE(is_there(own));
    auto first = directory.add_socket({});
    REQUIRE(first);
    CHECK(first->address().starts_with(own + "/"));
    const std::string address = first->address();
    auto second = directory.add_socket({});
    REQUIRE(second);
    { const NotifySocket gone = std::move(*first); }
    CHECK_FALSE(is_there(address));
    auto third = directory.add_socket({});
    REQUIRE(third);
    CHECK(third->address() != address);
    takes(*second);
    // A removal of the directory loses only what was in it.
    static_cast<void>(std::filesystem::remove_all(own));
    auto fourth = directory.add_socket({});
    REQUIRE(fourth);
    takes(*fourth);
  }
  CHECK_FALSE(is_there(own));
  CHECK_FALSE(NotifyDirectory("").add_socket({}));
  CHECK_FALSE(NotifyDirectory("/proc/notify").add_socket({}));
}

TEST_CASE("notify directory: what dead zinits have left is removed, and nothing else",
          "[io][readiness]") {
  test::TempDir dir;
  const std::string own = fmt::format("{}/{}", dir.path(), ::getpid());
  for (const char* name : {"900001", "900002", "900003", "other"})
    REQUIRE(::mkdir((dir / name).c_str(), 0755) == 0);
  REQUIRE(::mkdir(own.c_str(), 0755) == 0);
  leave_socket(dir / "900001/1");
  leave_socket(dir / "900001/2");
  leave_socket(own + "/7");
  leave_socket(dir / "other/1");
  const auto alive = NotifySocket::at_path(dir / "900002/1", {});
  leave_socket(dir / "900002/2");
  dir.write("900003/1", "somebody's");
  const auto taken = NotifySocket::at_path(own + "/1", {});
  NotifyDirectory directory(dir.path());
  const auto socket = directory.add_socket({});
  REQUIRE(socket);
  CHECK_FALSE(is_there(dir / "900001"));
  CHECK_FALSE(is_there(own + "/7"));
  CHECK_FALSE(is_there(dir / "900002/2"));
  CHECK(is_there(dir / "900002/1"));
  CHECK(is_there(dir / "900003/1"));
  CHECK(is_there(dir / "other/1"));
  CHECK(socket->address() == own + "/2");
}

}  // namespace
}  // namespace zinit::test::io_notify
