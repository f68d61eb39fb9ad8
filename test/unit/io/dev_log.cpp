// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// /dev/log: how messages are read, and who owns the socket.
#include "io/dev_log.hpp"
#include "base/mutex.hpp"
#include "base/unix_address.hpp"
#include "io/syslog_message.hpp"
#include "support/forked.hpp"
#include "support/refused_call.hpp"
#include "support/test.hpp"
#include "unit/support/golden_text.hpp"
#include "unit/support/loop.hpp"

namespace zinit::test::io_dev_log {
namespace {

std::string parsed(std::string_view bytes) {
  const SyslogMessage message = parse_syslog(bytes);
  return std::string(severity_name(message.severity)) + "|" + std::string(message.tag) + "|" +
         std::string(message.text);
}

/// Sends a message as syslog(3) does; false if no process takes it.
bool send_to(const std::string& path, std::string_view text) {
  const UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const sockaddr_un address = unix_address(path);
  return ::sendto(fd.get(), text.data(), text.size(), 0, generic(address), sizeof address) ==
         static_cast<ssize_t>(text.size());
}

/// A daemon that takes the socket: removes the old one and binds its own, as syslog daemons do.
UniqueFd daemon_at(const std::string& path) {
  ::unlink(path.c_str());
  UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const sockaddr_un address = unix_address(path);
  REQUIRE(::bind(fd.get(), generic(address), sizeof address) == 0);
  return fd;
}

struct World {
  ~World() { loop.stop(); }
  void start() {
    log.start();
    loop.start();
  }
  void finish() {
    loop.stop();
    log.finish();
  }

  [[nodiscard]] bool has(const std::string& text) {
    return becomes_true([&] {
      MutexLock lock(mutex);
      return std::find(taken.begin(), taken.end(), std::to_string(::getpid()) + " " + text) !=
             taken.end();
    });
  }

  TempDir folder;
  const std::string path = folder / "log";
  LoopBeside loop;
  Mutex mutex;
  Texts taken GUARDED_BY(mutex);
  // Last: its end hands waiting messages on.
  DevLog log{*loop, path, [this](const ucred& sender, std::string_view text) {
               MutexLock lock(mutex);
               taken.push_back(std::to_string(sender.pid) + " " + std::string(text));
             }};
};

TEST_CASE("syslog: messages are read as programs write them, and other bytes are a text",
          "[io][syslog]") {
  CHECK_GOLDEN_ROWS("syslog", [](const std::string& row) { return parsed(unescaped(row)); });
  // As long as a service's name may be, and no longer.
  const std::string name(128, 'n');
  CHECK(parsed("<30>Nov 20 16:07:08 " + name + "[1]: x") == "info|" + name + "|x");
  CHECK(parsed("<30>1 - - " + name + " - - - x") == "info|" + name + "|x");
  CHECK(parsed("<30>Nov 20 16:07:08 n" + name + ": x") == "info||n" + name + ": x");
  CHECK(parsed("<13>n" + name + ": y") == "notice||n" + name + ": y");
}

TEST_CASE("syslog: the socket is there for everybody, and messages come with their sender",
          "[threads][io][syslog]") {
  World w;
  w.log.start();
  REQUIRE(send_to(w.path, "<13>hello"));  // at once: a program that logs at boot does not try again
  w.loop.start();
  REQUIRE(w.has("<13>hello"));
  struct stat status {};
  REQUIRE(::lstat(w.path.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0666);
  w.loop.stop();
  REQUIRE(send_to(w.path, "the last"));
  w.log.finish();
  CHECK(w.has("the last"));
  CHECK(::access(w.path.c_str(), F_OK) != 0);
}

TEST_CASE("syslog: a socket that is in use is left alone, and so is a file",
          "[threads][io][syslog]") {
  World w;
  const UniqueFd daemon = daemon_at(w.path);
  w.start();
  REQUIRE(send_to(w.path, "hello"));
  char bytes[64];
  CHECK(::recv(daemon.get(), bytes, sizeof bytes, 0) == 5);
  w.finish();
  CHECK(send_to(w.path, "hello"));
  World other;
  other.folder.write("log", "text");
  other.start();
  other.log.look();
  other.finish();
  CHECK(read_file(other.path.c_str(), 100).value_or("") == "text");
}

TEST_CASE("syslog: a stale socket and a link to nowhere are replaced", "[threads][io][syslog]") {
  World stale, link;
  daemon_at(stale.path).reset();
  REQUIRE(::symlink("/nonexistent/dev-log", link.path.c_str()) == 0);
  for (World* const w : {&stale, &link}) {
    w->start();
    CHECK(becomes_true([&] { return send_to(w->path, "mine"); }));
    CHECK(w->has("mine"));
  }
}

TEST_CASE("syslog: if a daemon removes its stale socket while zinit replaces it, zinit waits",
          "[io][syslog]") {
  const auto took = [](bool waits) -> std::string {
    static std::string said;
    set_log_listener([](LogLevel, std::string_view line) { said.append(line).append("; "); });
    const TempDir folder;
    const std::string path = folder / "log";
    const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const sockaddr_un address = unix_address(path);
    if (::bind(fd, generic(address), sizeof address) < 0) return "no socket";
    ::close(fd);
    if (!refuse_call(SYS_renameat2, ENOENT)) return "no filter";
    auto loop = EventLoop::create();
    DevLog log(**loop, path, [](const ucred&, std::string_view) {});
    log.start();
    if (!waits) return said;
    ::unlink(path.c_str());
    run_until(**loop, [&] { return ::access(path.c_str(), F_OK) == 0; });
    return said + (send_to(path, "mine") ? "mine" : "lost");
  };
  CHECK(in_child([&] { return took(false); }) == "");
  CHECK(in_child([&] { return took(true); }) == "mine");
}

}  // namespace
}  // namespace zinit::test::io_dev_log
