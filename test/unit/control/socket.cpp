// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The control socket's file: made, replaced, kept, removed.
#include "control/control_socket.hpp"
#include "support/test.hpp"
#include "unit/control/rig.hpp"

namespace zinit::test::control_socket {
namespace {

struct stat look_at(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) status.st_mode = 0;
  return status;
}

bool exists(const std::string& path) { return look_at(path).st_mode != 0; }

TEST_CASE("the socket is its owner's alone, in a directory that is made", "[control][socket]") {
  TempDir dir;
  const std::string path = dir / "run/zinit/sock";
  const mode_t umask_before = ::umask(0);
  auto socket = ControlSocket::open({path});
  ::umask(umask_before);
  REQUIRE(socket);
  CHECK(look_at(path).st_mode == (S_IFSOCK | 0600));
  CHECK((look_at(dir / "run/zinit").st_mode & 0777) == 0755);
  const TestClient client(path);  // the socket listens
}

TEST_CASE("a live socket is never replaced, and the error says so", "[control][socket]") {
  TempDir dir;
  const std::string path = dir / "sock";
  auto first = ControlSocket::open({path});
  REQUIRE(first);
  const auto second = ControlSocket::open({path});
  REQUIRE_FALSE(second);
  CHECK(second.error().errnum == EADDRINUSE);
  CHECK(second.error().text.find("already in use") != std::string::npos);
  const TestClient client(path);  // the first socket is still in place
}

TEST_CASE("of servers that start at once exactly one gets the socket",
          "[threads][control][socket]") {
  for (int round = 0; round < 20; ++round) {
    TempDir dir;
    const std::string path = dir / "sock";
    {
      auto stale = ControlSocket::open({path});
      REQUIRE(::rename(path.c_str(), (dir / "kept").c_str()) == 0);
    }
    REQUIRE(::rename((dir / "kept").c_str(), path.c_str()) == 0);
    std::optional<Result<ControlSocket>> sockets[4];
    std::vector<std::thread> threads;
    for (auto& socket : sockets) {
      threads.emplace_back([&] { socket = ControlSocket::open({path}); });
    }
    for (std::thread& thread : threads) thread.join();
    int got = 0;
    for (auto& socket : sockets) got += socket->has_value() ? 1 : 0;
    CHECK(got == 1);
    const TestClient client(path);
  }
}

TEST_CASE("at the end the socket's file goes, but only its own", "[control][socket]") {
  TempDir dir;
  const std::string path = dir / "sock";
  { auto socket = ControlSocket::open({path}); }
  CHECK_FALSE(exists(path));
  {
    auto first = ControlSocket::open({path});
    REQUIRE(::unlink(path.c_str()) == 0);
    auto second = ControlSocket::open({path});
    REQUIRE(second);
    *first = ControlSocket();
    CHECK(exists(path));  // the second one's file
  }
  CHECK_FALSE(exists(path));
}

TEST_CASE("what somebody puts in the socket's place is not shared with its group",
          "[threads][control][socket]") {
  TempDir dir;
  const std::string path = dir / "sock", link = dir / "link";
  const std::string victim = dir.write("victim", "", 0640);
  REQUIRE(::symlink(victim.c_str(), link.c_str()) == 0);
  auto socket = ControlSocket::open({path});
  REQUIRE(socket);
  std::atomic<bool> over = false;
  std::thread swapper([&] {
    while (!over) ::renameat2(AT_FDCWD, path.c_str(), AT_FDCWD, link.c_str(), RENAME_EXCHANGE);
  });
  bool safe = true;
  for (int i = 0; i < 20000 && safe; ++i) {
    (void)socket->share_with(i % 2 == 0 ? std::optional(::getegid()) : std::nullopt);
    safe = (look_at(victim).st_mode & 07777) == 0640;
  }
  over = true;
  swapper.join();
  CHECK(safe);
}

TEST_CASE("the socket has the group's mode as long as there is a group", "[control][socket]") {
  TempDir dir;
  const std::string path = dir / "sock";
  auto socket = ControlSocket::open({path});
  REQUIRE(socket);
  const auto mode = [&] { return look_at(path).st_mode & 07777; };
  REQUIRE(socket->share_with(::getegid()));
  CHECK(mode() == 0660);
  REQUIRE(socket->share_with(std::nullopt));
  CHECK(mode() == 0600);
  const std::string said = in_child([&]() -> std::string {
    if (!refuse_call(452, ENOSYS)) return "no filter";  // fchmodat2
    const auto shared = socket->share_with(::getegid());
    return shared ? "shared" : shared.error().text;
  });
  CHECK(said == "shared");
  CHECK(mode() == 0660);
}

TEST_CASE("a private directory must be its user's own and closed to others", "[control][socket]") {
  TempDir dir;
  const std::string open = dir / "open", own = dir / "own";
  {
    auto socket = ControlSocket::open({own + "/sock", true});
    REQUIRE(socket);
    CHECK((look_at(own).st_mode & 0777) == 0700);
  }
  REQUIRE(::mkdir(open.c_str(), 0700) == 0);
  REQUIRE(::chmod(open.c_str(), 0755) == 0);
  CHECK_FALSE(ControlSocket::open({open + "/sock", true}));
  REQUIRE(::symlink(own.c_str(), (dir / "link").c_str()) == 0);
  CHECK_FALSE(ControlSocket::open({dir / "link/sock", true}));
  if (::geteuid() != 0) return skip("needs root for a directory of another user's");
  REQUIRE(::chmod(open.c_str(), 0700) == 0);
  REQUIRE(::chown(open.c_str(), 65534, 65534) == 0);
  CHECK_FALSE(ControlSocket::open({open + "/sock", true}));
}

TEST_CASE("a path that no socket can have is an error that says why", "[control][socket]") {
  TempDir dir;
  const auto error = [](const std::string& path) {
    const auto socket = ControlSocket::open({path});
    REQUIRE_FALSE(socket);
    return socket.error().text;
  };
  CHECK(error("").find("no path") != std::string::npos);
  CHECK(error(dir / std::string(200, 'x')).find("107 bytes") != std::string::npos);
  dir.write("file", "");
  CHECK(error(dir / "file/sock").find("Not a directory") != std::string::npos);
  CHECK(error("/proc/zinit/sock").find("cannot") != std::string::npos);
}

}  // namespace
}  // namespace zinit::test::control_socket
