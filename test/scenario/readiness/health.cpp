// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Health checks (zinit.toml(5), [health]): they make a service running, they end it, and they leave
// nothing behind.
#include "scenario/harness.hpp"
#include "scenario/harness/dialog.hpp"
#include "scenario/harness/listening.hpp"
#include "scenario/harness/notifier.hpp"
#include "scenario/harness/peer.hpp"
#include "support/hanging_file.hpp"

namespace zinit::test::readiness_health {
namespace {

std::string health(const std::string& lines) { return "[health]\n" + lines + "\n"; }

/// Probes by a command that writes "probe" to the trace and succeeds if the mark NAME exists.
std::string by_mark(const std::string& name, const std::string& more = "") {
  return health(
      "type = 'exec'\nexec = " + toml_string("echo probe-" + name + " >> $T; test -e $D/" + name) +
      "\nstart_interval_ms = 20\ninterval_ms = 20\n" + more);
}

/// Probes of a web server at the port.
std::string by_http(const std::string& port, const std::string& more) {
  return health("type = 'http'\nendpoint = 'http://127.0.0.1:" + port +
                "/up'\nstart_interval_ms = 20\ninterval_ms = 20\n" + more);
}

std::string why(Server& zinit, const std::string& name) {
  return zinit.result("service.why", named(name)).dump();
}

/// Waits until more than one probe in a row has failed.
Json await_failures(Server& zinit, const std::string& name) {
  return zinit.await(
      name,
      [](const Json& s) {
        return s["health"]["attempts"].is_number() && s["health"]["attempts"].number() > 1;
      },
      "probes that fail");
}

/// A web server that answers every request with a given status.
class Web {
 public:
  Web(const std::string& port, std::string status)
      : socket_(std::stoi(port), 16), status_(std::move(status)) {}
  ~Web() {
    shutdown(socket_.fd(), SHUT_RDWR);  // ends accept(2)
    thread_.join();
  }
  /// It answers no client while this lives.
  std::unique_lock<std::mutex> hold() { return std::unique_lock(mutex_); }
  /// Waits for the next request.
  void await_asked() const {
    const int before = asked_;
    REQUIRE(eventually([&] { return asked_ > before; }));
  }
  /// Waits for one more connection than it has accepted, while it answers no client.
  void await_another() const {
    REQUIRE(eventually([&] {
      pollfd waits{socket_.fd(), POLLIN, 0};
      return poll(&waits, 1, 0) > 0;
    }));
  }
  void answer(const std::string& status) {
    const std::lock_guard lock(mutex_);
    status_ = status;
  }

 private:
  void serve() {
    int connection = -1;
    while ((connection = socket_.accept()) >= 0) {
      char request[4096];
      if (recv(connection, request, sizeof request, 0) > 0) {
        ++asked_;
        const std::lock_guard lock(mutex_);
        const std::string text = "HTTP/1.1 " + status_ + "\r\nContent-Length: 0\r\n\r\n";
        (void)send(connection, text.data(), text.size(), MSG_NOSIGNAL);
      }
      close(connection);
    }
  }

  const Listening socket_;
  std::mutex mutex_;
  std::string status_;
  std::atomic<int> asked_{0};
  std::thread thread_{[this] { serve(); }};
};

TEST_CASE("a service runs when its health check has succeeded, by each type", "[check][health]") {
  Server zinit;
  const std::string port = free_port();
  zinit.add("web", {.more = health("type = 'http'\nendpoint = 'http://localhost:" + port +
                                   "/x'\nstart_interval_ms = 20")});
  zinit.add("tcp", {.more = health("type = 'tcp'\nendpoint = '127.0.0.1:" + port +
                                   "'\nstart_interval_ms = 20")});
  zinit.add("cmd", {.more = by_mark("open")});
  zinit.add("after", {.dependencies = "requires = ['web', 'tcp', 'cmd']"});
  zinit.boot();
  for (const char* name : {"web", "tcp", "cmd"}) {
    const Json ill = await_failures(zinit, name);
    CHECK(ill["state"] == "starting");
    CHECK_FALSE(ill["health"]["healthy"].truth());
    CHECK_FALSE(ill["health"]["last_error"].text().empty());
    CHECK_THAT(why(zinit, name), Contains("its health check to succeed"));
  }
  CHECK(zinit.state("after") == "blocked");
  zinit.mark("open");
  const Web web(port, "200 OK");
  zinit.await_state("after", "running");
  for (const char* name : {"web", "tcp", "cmd"}) {
    const Json well = zinit.status(name);
    CHECK(well["health"]["healthy"].truth());
    CHECK(well["health"]["attempts"] == 0);
  }
  CHECK(zinit.status("web")["health"]["type"] == "http");
  CHECK(zinit.status("after")["health"].is_null());
}

TEST_CASE("health checks end services, and reloads change them", "[check][health][reload]") {
  CHECK_DIALOGS("health");
}

TEST_CASE("a probe that was under way while zinit was suspended says nothing", "[health]") {
  Server zinit;
  const std::string port = free_port();
  Web web(port, "200 Fine");
  zinit.add("web", {.lifecycle = "restart = 'never'",
                    .more = by_http(port, "retries = 1\ntimeout_ms = 4000")});
  zinit.add(
      "command",
      {.lifecycle = "restart = 'never'",
       .more = health("type = 'exec'\nexec = " +
                      toml_string("while [ -e $D/hold ]; do touch $D/held; sleep 0.02; done") +
                      "\nstart_interval_ms = 20\ninterval_ms = 20\nretries = 1\n"
                      "timeout_ms = 4000")});
  zinit.boot({"web", "command"});
  zinit.mark("hold");
  REQUIRE(eventually([&] { return access(zinit.path("held").c_str(), F_OK) == 0; }));
  {
    const auto held = web.hold();
    web.await_asked();
    suspend_for(zinit.pid(), 4200ms);
    web.await_another();  // the current request was given up
    CHECK(unlink(zinit.path("hold").c_str()) == 0);
  }
  web.await_asked();
  web.await_asked();
  for (const char* name : {"web", "command"}) {
    INFO(name);
    CHECK(zinit.state(name) == "running");
    CHECK(zinit.status(name)["health"]["last_error"].is_null());
  }
}

TEST_CASE("an http answer outside of status is no health", "[check][health]") {
  Server zinit;
  const std::string port = free_port();
  Web web(port, "204 None");
  zinit.add("web", {.lifecycle = "restart = 'never'",
                    .more = by_http(port, "retries = 2\nstatus = [204, '300..302']")});
  zinit.boot({"web"});
  web.answer("500 Broken");
  zinit.await_failed("web", "health_check_failed");
  zinit.await_message("answered /up with status 500");
}

TEST_CASE("a server that answers with sockets that linger fails its check, and holds up nobody",
          "[check][health]") {
  Server zinit({.in_child = [] {
    if (!forget_passrights()) _exit(125);
  }});
  const std::string at = zinit.path("web");
  zinit.file(
      "web.toml",
      "[service]\nexec = [" + notifier({"serve", at, "3", "HTTP/1.1 200 OK\n\n"}) + "]\n" +
          health("type = 'http'\nendpoint = 'http+unix://" + at + ":/x'\nstart_interval_ms = 100"));
  zinit.add("talks", {.exec = "while sleep 0.01; do echo line; done"});
  zinit.boot();
  const auto told = [&](const std::string& text) {
    return eventually([&] { return why(zinit, "web").find(text) != std::string::npos; });
  };
  CHECK(told("cannot read from"));
  CHECK(zinit.state("web") == "starting");
  // The probe runs on the loop of the logs.
  const auto lines = [&] { return zinit.status("talks")["log_lines"].number(); };
  const auto before = lines();
  CHECK(eventually([&] { return lines() > before + 10; }));
  CHECK(zinit.shut_down() == 0);
}

TEST_CASE("a probe that runs when its service is stopped is gone before it counts as down",
          "[threads][health]") {
  Server zinit;
  zinit.add("a", {.more = health("type = 'exec'\nexec = " +
                                 toml_string("trap '' TERM; echo $$ >> $T; sleep 4711 & wait; "
                                             "wait") +
                                 "\ntimeout_ms = 86400000")});
  zinit.boot();
  REQUIRE(becomes_true([&] { return !zinit.trace().empty(); }));
  const pid_t probe = std::stoi(zinit.trace()[0]);
  CHECK(kill(probe, 0) == 0);
  zinit.stop("a");
  CHECK(kill(probe, 0) < 0);
  // The same holds if the process ends by itself.
  zinit.begin_start("a");
  REQUIRE(becomes_true([&] { return zinit.trace().size() == 2; }));
  zinit.add("a", {.lifecycle = "restart = 'never'"});
  zinit.kill("a", R"("signal":"SIGKILL","main":true)");
  CHECK(becomes_true([&] { return kill(std::stoi(zinit.trace()[1]), 0) < 0; }));
}

TEST_CASE("name servers that do not answer keep a service starting and nobody else waiting",
          "[root][health]") {
  const TempDir dir;
  const std::string file =
      dir.write("resolv.conf", "nameserver 127.0.0.77\nnameserver 127.0.0.78\n");
  Server zinit({.in_child = [&] {
    // On port 53 of these loopback addresses no server listens, or a silent one.
    have_own_mounts();
    mount(file.c_str(), "/etc/resolv.conf", nullptr, MS_BIND, nullptr);
  }});
  const Listening server;
  zinit.add("lost", {.more = health("type = 'tcp'\nendpoint = 'db.example:80'\n"
                                    "start_interval_ms = 20\ntimeout_ms = 200")});
  zinit.add("found", {.more = health("type = 'tcp'\nendpoint = 'localhost:" + server.port() +
                                     "'\nstart_interval_ms = 20")});
  zinit.boot({"found"});
  const Json lost = await_failures(zinit, "lost");
  CHECK_THAT(lost["health"]["last_error"].text(), Contains("cannot resolve db.example"));
  CHECK(lost["state"] == "starting");
}

TEST_CASE("a file system that hangs holds up only who connects to sockets on it",
          "[check][root][health][logs][xinet]") {
  HangingFile hanging;
  if (!hanging.works()) return skip("needs /dev/fuse, and the right to mount");
  Server zinit;
  const Listening server;
  const std::string front = zinit.path("front");
  zinit.add("lost", {.more = health("type = 'tcp'\nendpoint = 'unix:" + hanging.never("probed") +
                                    "'\nstart_interval_ms = 20\ntimeout_ms = 200")});
  zinit.add("sends", {.exec = "echo line; exec sleep 100000",
                      .more = "[logging]\nforward = 'unix:" + hanging.never("sent") + "'\n"});
  zinit.file("p.toml", "[proxy]\nlisten = ['unix:" + front + "']\nbackend = 'unix:" +
                           hanging.never("behind") + "'\nservice = 'sends'\n");
  zinit.add("found", {.service = "status = 'stop'",
                      .more = health("type = 'tcp'\nendpoint = 'localhost:" + server.port() +
                                     "'\nstart_interval_ms = 20")});
  zinit.boot({"sends"});
  REQUIRE(eventually([&] { return access(front.c_str(), F_OK) == 0; }));
  const Connection client(front);
  REQUIRE(eventually([&] { return hanging.asked() == 3; }));
  zinit.begin_start("found");
  zinit.await_state("found", "running");
  const Json lost = await_failures(zinit, "lost");
  CHECK_THAT(lost["health"]["last_error"].text(), Contains("cannot resolve unix:"));
  // execve(2) would wait for the threads that look.
  const Outcome refused = zinit.ctl({"reexec"});
  CHECK(refused.code == 1);
  CHECK_THAT(refused.err, Contains("its thread zinit-path waits for a file system"));
  hanging.end();
  zinit.reexecute();
  CHECK(zinit.shut_down() == 0);
}

}  // namespace
}  // namespace zinit::test::readiness_health
