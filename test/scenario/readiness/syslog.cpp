// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// /dev/log of PID 1 (control.md, last paragraph of "JSON-RPC 2.0"): real senders, and the log that
// gets each message.
#include "scenario/harness.hpp"
#include "support/hanging_file.hpp"
#include "support/notification.hpp"
#include "support/refused_call.hpp"

namespace zinit::test::readiness_syslog {
namespace {

/// /dev/log as the server sees it.
std::string dev_log(const Server& zinit) {
  return "/proc/" + std::to_string(zinit.pid()) + "/root/dev/log";
}

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, path.c_str());
  return address;
}

/// Sends from a process that belongs to no service.
bool send_to(const std::string& path, const std::string& text) {
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const sockaddr_un address = address_of(path);
  const bool sent = sendto(fd, text.data(), text.size(), 0,
                           reinterpret_cast<const sockaddr*>(&address), sizeof address) >= 0;
  close(fd);
  return sent;
}

/// Sends from a process of that user and of no service, which has ended when this returns.
bool send_as(uid_t user, const std::string& path, const std::string& text) {
  const pid_t child = fork();
  if (child == 0) {
    // Connect before the change of user: the user cannot follow the path through /proc.
    const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const sockaddr_un address = address_of(path);
    if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0) _exit(1);
    if (setresuid(user, user, user) < 0) _exit(2);
    _exit(send(fd, text.data(), text.size(), 0) < 0 ? 3 : 0);
  }
  int status = -1;
  return waitpid(child, &status, 0) == child && status == 0;
}

/// A syslog daemon's socket in the place of zinit's.
int take_over(const std::string& path) {
  REQUIRE(unlink(path.c_str()) == 0);
  const int daemon = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const sockaddr_un address = address_of(path);
  REQUIRE(bind(daemon, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  return daemon;
}

/// Waits until the log has this line, and returns its stream.
std::string stream_of(Server& zinit, const std::string& log, const std::string& line) {
  std::string stream;
  CAPTURE(log, line);
  CHECK(eventually([&] {
    for (const Json& each : zinit.result("logs.get", named(log)).elements())
      if (each["line"] == line) stream = each["stream"].text();
    return !stream.empty();
  }));
  return stream;
}

/// A service that logs a line by this command and does not end, so that zinit can identify it.
Toml saying(const std::string& command) {
  return {.exec = "{ echo hello; exec sleep 100000; } | " + command};
}

TEST_CASE("what a service says to /dev/log comes to its own log, whatever it calls itself",
          "[check][syslog]") {
  if (access("/usr/bin/busybox", X_OK) != 0 && access("/bin/busybox", X_OK) != 0)
    return skip("needs busybox");
  if (!can_make_namespaces()) return skip("needs pid namespaces");
  if (access("/usr/bin/logger", X_OK) != 0) return skip("needs util-linux's logger");
  Server zinit({.container = true});
  zinit.add("db");
  zinit.add("web", saying("logger -p daemon.err -t web"));
  zinit.add("new", saying("logger --rfc5424 -t new"));
  zinit.add("forger", saying("logger -t db"));
  zinit.add("leaver", saying("setsid logger -t db"));
  zinit.add("busybox", saying("busybox logger -p daemon.warning -t other"));
  zinit.add("lost", {.exec = "(setsid sh -c 'p=0; while [ $p != 1 ]; do "
                             "read x x x p x </proc/$$/stat; done; "
                             "{ echo hello; exec sleep 100000; } | logger -t db' &); "
                             "exec sleep 100000"});
  zinit.boot();
  CHECK(stream_of(zinit, "web", "err hello") == "syslog");
  CHECK(stream_of(zinit, "new", "notice hello") == "syslog");
  CHECK(stream_of(zinit, "forger", "notice db: hello") == "syslog");
  CHECK(stream_of(zinit, "leaver", "notice db: hello") == "syslog");
  CHECK_FALSE(zinit.result("logs.get", named("db")).mentions("hello"));
  CHECK(zinit.ctl({"logs", "web", "--stream", "syslog"}).out == "err hello\n");

  CHECK(stream_of(zinit, "busybox", "warning other: hello") == "syslog");

  const std::string cgroup = read_file("/proc/" + std::to_string(zinit.pid()) + "/cgroup");
  if (cgroup.find("/supervisor\n") == std::string::npos) return skip("needs a writable cgroup v2");
  CHECK(stream_of(zinit, "lost", "notice db: hello") == "syslog");
  CHECK_FALSE(zinit.result("logs.get", named("db")).mentions("hello"));
}

TEST_CASE("a message of no service goes by its tag if root sent it, else to the log syslog",
          "[check][syslog]") {
  if (geteuid() != 0) return skip("needs root");
  if (!can_make_namespaces()) return skip("needs pid namespaces");
  Server zinit({.container = true});
  zinit.add("web");
  zinit.add("many");
  zinit.add("circle", {.exec = "echo once; exec sleep 100000",
                       .more = "[logging]\nsyslog = 'unix:/dev/log'\n"});
  zinit.file("own.toml", "[service]\nexec = 'exec sleep 100000'\nuser = '54321'\n");
  zinit.boot();
  const std::string path = dev_log(zinit);
  REQUIRE(eventually([&] { return send_to(path, "<11>Jan  5 06:07:08 web[1]: one"); }));
  CHECK(stream_of(zinit, "web", "err one") == "syslog");
  REQUIRE(send_to(path, "<14>Jan  5 06:07:08 cron[1]: two\nthree"));
  CHECK(stream_of(zinit, "syslog", "info cron: two") == "syslog");
  CHECK(stream_of(zinit, "syslog", "info cron: three") == "syslog");
  REQUIRE(send_to(path, std::string("\xff\x1b[2J\0x", 6)));
  CHECK_THAT(zinit.ctl({"logs", "syslog"}).out, Contains("info cron: three"));
  REQUIRE(eventually([&] {
    return zinit.ctl({"logs", "syslog"}).out.find("notice \xef\xbf\xbd\\x1b[2J") !=
           std::string::npos;
  }));

  REQUIRE(eventually([&] { return send_to(path, "<14>many: before"); }));
  REQUIRE(send_to(path, "<14>many: first" + std::string(5000, '\n') + "last"));
  REQUIRE(send_to(path, "<14>many: after"));
  CHECK(stream_of(zinit, "many", "info after") == "syslog");
  CHECK(stream_of(zinit, "many", "info before") == "syslog");
  CHECK(stream_of(zinit, "many", "info first") == "syslog");
  const auto lines = zinit.result("logs.tail", named("many", R"("lines":1000)")).texts();
  CHECK(std::count_if(lines.begin(), lines.end(),
                      [](const std::string& line) { return line.rfind("info ", 0) == 0; }) <= 68);
  CHECK_THAT(lines[lines.size() - 2], Contains("\\x0a"));

  CHECK(stream_of(zinit, "circle", "once") == "stdout");
  REQUIRE(eventually([&] { return send_to(path, "<13>circle: from outside"); }));
  CHECK(stream_of(zinit, "circle", "notice from outside") == "syslog");
  REQUIRE(send_to(path, "<13>circle: last"));
  CHECK(stream_of(zinit, "circle", "notice last") == "syslog");
  CHECK(zinit.result("logs.get", named("circle")).size() == 3);
  CHECK(zinit.status("circle")["log_dropped"] == 0);
  CHECK_FALSE(zinit.result("logs.get", named("syslog")).mentions("once"));

  zinit.await_state("own", "running");
  REQUIRE(eventually([&] { return send_to(path, "<14>Jan  5 06:07:08 web[1]: root"); }));
  REQUIRE(send_as(54321, path, "<14>Jan  5 06:07:08 web[1]: forged"));
  REQUIRE(send_as(54321, path, "<14>Jan  5 06:07:08 own[1]: mine"));
  CHECK(stream_of(zinit, "web", "info root") == "syslog");
  CHECK(stream_of(zinit, "own", "info mine") == "syslog");
  CHECK(stream_of(zinit, "syslog", "info web: forged") == "syslog");
}

TEST_CASE("a stranger's file whose server never answers holds up neither /dev/log nor zinit",
          "[root][syslog][reexec]") {
  if (!can_make_namespaces()) return skip("needs pid namespaces");
  HangingFile hanging;
  if (!hanging.works()) return skip("needs /dev/fuse, and the right to mount");
  Server zinit({.container = true, .in_child = [] {
                  if (!forget_passrights()) _exit(125);
                }});
  zinit.add("db");
  zinit.boot({"db"});
  const std::string path = dev_log(zinit);
  const pid_t stranger = fork();
  if (stranger == 0) {  // stays, because its own close of the file would hang
    const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const sockaddr_un address = address_of(path);
    const int file = open(hanging.path().c_str(), O_RDONLY | O_CLOEXEC);
    if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0 || file < 0 ||
        setresuid(54321, 54321, 54321) < 0 || !send_with(fd, "<13>stranger: sent", {file}))
      _exit(1);
    while (true) pause();
  }
  CHECK(stream_of(zinit, "syslog", "notice stranger: sent") == "syslog");
  REQUIRE(send_to(path, "<13>root: heard"));
  CHECK(stream_of(zinit, "syslog", "notice root: heard") == "syslog");
  zinit.reexecute();
  crash(zinit);
  REQUIRE(send_to(path, "<13>root: still heard"));
  CHECK(stream_of(zinit, "syslog", "notice root: still heard") == "syslog");
  CHECK(zinit.restart("db")["state"] == "running");
  hanging.end();
  kill(stranger, SIGKILL);
  waitpid(stranger, nullptr, 0);
}

TEST_CASE("a syslog daemon that comes has /dev/log until it goes, or PID 1 reaps and misses it",
          "[syslog]") {
  if (!can_make_namespaces()) return skip("needs pid namespaces");
  Server zinit({.container = true});
  // At SIGHUP it leaves a process to PID 1, like a daemon that goes to the background.
  zinit.add("other", {.exec = "trap '(true &)' HUP; echo ready; while :; do sleep 0.1; done"});
  zinit.boot();
  CHECK(stream_of(zinit, "other", "ready") == "stdout");
  const std::string path = dev_log(zinit);
  REQUIRE(eventually([&] { return send_to(path, "<13>a: first"); }));
  CHECK(stream_of(zinit, "syslog", "notice a: first") == "syslog");
  const auto logged = [&](const std::string& text) {
    return zinit.ctl({"logs", "zinit"}).out.find(text) != std::string::npos;
  };
  for (const std::string end : {"reaped", "unlinked", "killed"}) {
    INFO(end);
    const int daemon = take_over(path);
    if (end == "reaped") {
      REQUIRE(eventually([&] { return logged("zinit no longer serves /dev/log"); }));
    } else {
      zinit.restart("other");
      REQUIRE(send_to(path, "<13>a: not for zinit"));
      char bytes[64];
      CHECK(recv(daemon, bytes, sizeof bytes, 0) == 20);
    }
    if (end == "unlinked") unlink(path.c_str());
    close(daemon);
    // zinit gets no report that the daemon was killed; it looks when another event happens.
    if (end == "killed") zinit.restart("other");
    if (end == "reaped") zinit.kill("other", R"("signal":"HUP")");
    REQUIRE(eventually([&] { return send_to(path, "<13>a: " + end); }));
    CHECK(stream_of(zinit, "syslog", "notice a: " + end) == "syslog");
    CHECK(logged("zinit serves /dev/log again"));
  }
  CHECK_FALSE(zinit.result("logs.get", named("syslog")).mentions("not for zinit"));
}

TEST_CASE("a flood to /dev/log disturbs nobody", "[check][threads][syslog]") {
  if (!can_make_namespaces()) return skip("needs pid namespaces");
  if (access("/usr/bin/logger", X_OK) != 0) return skip("needs util-linux's logger");
  Server zinit({.container = true});
  zinit.add("flood", {.exec = "yes 'a line that goes on for a while' | exec logger -t flood"});
  zinit.add("other");
  zinit.boot();
  REQUIRE(eventually([&] { return zinit.status("flood")["log_lines"] == 1000; }));
  for (int i = 0; i < 20; ++i) zinit.restart("other");
  CHECK(zinit.stop("flood")["state"] == "exited");
}

}  // namespace
}  // namespace zinit::test::readiness_syslog
