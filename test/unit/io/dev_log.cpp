// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// /dev/log: how messages are read, and who owns the socket.
#include "io/dev_log.hpp"
#include "base/mutex.hpp"
#include "base/unix_address.hpp"
#include "io/syslog_message.hpp"
#include "support/test.hpp"

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
  World() {
    auto made = DataLoop::create();
    REQUIRE(made);
    data = std::move(*made);
    log = std::make_unique<DevLog>(
        data->loop(), path, [this](const ucred& sender, std::string_view text) {
          MutexLock lock(mutex);
          taken.push_back(std::to_string(sender.pid) + " " + std::string(text));
        });
  }
  void start() {
    log->start();
    REQUIRE(data->start());
  }
  ~World() { CHECK(data->stop(test::kPatience)); }

  [[nodiscard]] bool has(const std::string& text) {
    return test::becomes_true([&] {
      MutexLock lock(mutex);
      return std::find(taken.begin(), taken.end(), std::to_string(::getpid()) + " " + text) !=
             taken.end();
    });
  }
  /// Whether zinit gets the message, sooner or later.
  [[nodiscard]] bool comes(const std::string& text) {
    return test::becomes_true([&] { return send_to(path, text); }) && has(text);
  }

  test::TempDir folder;
  const std::string path = folder / "log";
  std::unique_ptr<DataLoop> data;
  Mutex mutex;
  Texts taken GUARDED_BY(mutex);
  std::unique_ptr<DevLog> log;  // last: its end hands waiting messages on
};

TEST_CASE("syslog: messages are read as programs write them", "[io][syslog]") {
  CHECK(parsed("<13>Jan  5 06:07:08 web: hello") == "notice|web|hello");  // glibc
  CHECK(parsed("<11>Nov 20 16:07:08 web[12]: a: b") == "err|web|a: b");
  CHECK(parsed("<13>Nov 20 16:07:08 root: x\n") == "notice|root|x");  // busybox
  // As long as a service's name may be, and no longer.
  const std::string name(128, 'n');
  CHECK(parsed("<30>Nov 20 16:07:08 " + name + "[1]: x") == "info|" + name + "|x");
  CHECK(parsed("<30>1 - - " + name + " - - - x") == "info|" + name + "|x");
  CHECK(parsed("<30>Nov 20 16:07:08 n" + name + ": x") == "info||n" + name + ": x");
  CHECK(parsed("<30>Nov 20 16:07:08 host cron[1]: x") == "info|cron|x");  // --rfc3164
  CHECK(parsed("<165>1 2003-10-11T22:14:15.003Z host app 12 ID47 - text here") ==
        "notice|app|text here");
  CHECK(parsed("<0>1 - - - - - [a b=\"c \\] \\\" d\"][e f=\"\"] \xef\xbb\xbftext") ==
        "emerg||text");
  CHECK(parsed("<14>1 - - app - - -") == "info|app|");
  CHECK(parsed("<191>x: y") == "debug|x|y");
}

TEST_CASE("syslog: bytes that are no syslog message are a text as they are", "[io][syslog]") {
  CHECK(parsed("") == "notice||");
  CHECK(parsed("plain words") == "notice||plain words");
  CHECK(parsed("<>x") == "notice||<>x");
  CHECK(parsed("<1234>x") == "notice||<1234>x");
  CHECK(parsed("<13") == "notice||<13");
  CHECK(parsed("<12>") == "warning||");
  CHECK(parsed("1 2 3") == "notice||1 2 3");
  CHECK(parsed("<13>Jan  5 06:07:08 no tag here") == "notice||no tag here");
  CHECK(parsed("<13>Jan  5 06:07:08 a[1 b: c") == "notice||a[1 b: c");
  CHECK(parsed("<13>" + std::string(129, 'x') + ": y") ==
        "notice||" + std::string(129, 'x') + ": y");
  CHECK(parsed("<13>1 - - app - - [a b=\"") == "notice|app|");
}

TEST_CASE("syslog: the socket is there for everybody, and messages come with their sender",
          "[threads][io][syslog]") {
  World w;
  w.log->start();
  REQUIRE(send_to(w.path, "<13>hello"));  // at once: a program that logs at boot does not try again
  REQUIRE(w.data->start());
  REQUIRE(w.has("<13>hello"));
  struct stat status {};
  REQUIRE(::lstat(w.path.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0666);
  CHECK(w.data->stop(test::kPatience));
  REQUIRE(send_to(w.path, "the last"));
  w.log->finish();
  CHECK(w.has("the last"));
  CHECK(::access(w.path.c_str(), F_OK) != 0);
}

TEST_CASE("syslog: a daemon that starts gets the socket, and zinit binds it again when it ends",
          "[threads][io][syslog]") {
  World w;
  w.start();
  REQUIRE(w.comes("one"));
  for (const bool killed : {false, true}) {
    CAPTURE(killed);
    UniqueFd daemon = daemon_at(w.path);
    REQUIRE(send_to(w.path, "for the daemon"));
    char bytes[64];
    CHECK(::recv(daemon.get(), bytes, sizeof bytes, 0) == 14);
    w.log->look();
    CHECK(send_to(w.path, "for it still"));
    daemon.reset();
    // A daemon that ends normally removes its socket; look() notices one that was killed.
    if (killed)
      REQUIRE(test::becomes_true([&] {
        w.log->look();
        return send_to(w.path, "back");
      }));
    else
      ::unlink(w.path.c_str());
    CHECK(w.comes(killed ? "back by look" : "back by itself"));
  }
  CHECK(w.data->stop(test::kPatience));
  w.log->finish();
}

TEST_CASE("syslog: a socket that is in use is left alone, and a stale one is replaced",
          "[threads][io][syslog]") {
  World w;
  SECTION("a live socket") {
    const UniqueFd daemon = daemon_at(w.path);
    w.start();
    REQUIRE(send_to(w.path, "hello"));
    char bytes[64];
    CHECK(::recv(daemon.get(), bytes, sizeof bytes, 0) == 5);
    CHECK(w.data->stop(test::kPatience));
    w.log->finish();
    CHECK(send_to(w.path, "hello"));
  }
  SECTION("a stale one") {
    daemon_at(w.path).reset();
    w.start();
    CHECK(w.comes("mine"));
  }
  SECTION("a link to nowhere") {
    REQUIRE(::symlink("/nonexistent/dev-log", w.path.c_str()) == 0);
    w.start();
    CHECK(w.comes("mine"));
  }
  SECTION("a file") {
    w.folder.write("log", "text");
    w.start();
    w.log->look();
    CHECK(w.data->stop(test::kPatience));
    w.log->finish();
    const auto text = read_file(w.path.c_str(), 100);
    CHECK((text && *text == "text"));
  }
}

}  // namespace
}  // namespace zinit::test::io_dev_log
