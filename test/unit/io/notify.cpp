// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Messages of a process over its notify socket: their text, the sockets, and the sockets' places.
#include "base/format.hpp"
#include "io/notify_directory.hpp"
#include "io/notify_message.hpp"
#include "support/notification.hpp"
#include "support/test.hpp"
#include "unit/support/golden_text.hpp"

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

/// What zinit reads in a message.
std::string meaning(std::string_view text) {
  const NotifyMessage message = parse_notify_message(text);
  std::string meaning;
  const auto add = [&](std::string_view name, bool is, const std::string& value = {}) {
    if (is) meaning += fmt::format("{}{}{}", meaning.empty() ? "" : " ", name, value);
  };
  const auto add_number = [&](std::string_view name, const auto& number) {
    add(name, number.has_value(), number ? std::to_string(*number) : "");
  };
  add("ready", message.ready);
  add("reloading", message.reloading);
  add("stopping", message.stopping);
  add("alive", message.alive);
  add("trigger", message.trigger);
  add("store", message.store);
  add("remove", message.remove);
  add("name=", !message.fd_name.empty(), message.fd_name);
  add_number("main=", message.main_pid);
  add_number("extend=", message.extend_usec);
  add_number("watchdog=", message.watchdog_usec);
  if (message.status) add("status=", true, "'" + *message.status + "'");
  return meaning.empty() ? "nothing" : meaning;
}

TEST_CASE("notify message: each line with a known key and a valid value counts",
          "[io][readiness]") {
  CHECK_GOLDEN_ROWS("notify", [](const std::string& row) { return meaning(unescaped(row)); });
  CHECK(meaning("FDNAME=" + std::string(256, 'n')) == "nothing");
  CHECK(meaning("FDNAME=" + std::string(255, 'n')) == "name=" + std::string(255, 'n'));
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
