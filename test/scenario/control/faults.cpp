// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The n-th system call fails, for every n, in everything that zinit does: it refuses or delays what
// it cannot do, in a defined state, and leaks nothing.
#include "scenario/harness.hpp"
#include "scenario/harness/fault_injector.hpp"

namespace zinit::test::control_faults {
namespace {

const std::string kWait = R"("wait":true)";

/// A server with all its calls watched, and the facts that must be the same after each failure.
class Faulty {
 public:
  explicit Faulty(bool triggered = false)
      : server_({.in_child = [this] { injector_.install_in_child(); }}) {
    server_.add("base", {.lifecycle = kDelays});
    server_.add("job", {.exec = "sh -c 'echo line; echo other >&2'",
                        .service = "oneshot = true\nstatus = 'stop'",
                        .lifecycle = kDelays});
    server_.add("web", {.exec = "sh -c 'echo up; exec sleep 100000'",
                        .service = "pre_exec = 'true'\nenv_file = '" + server_.path("env") +
                                   "'\nports = [1]\nruntime_dir = 'zinit-faults-" +
                                   std::to_string(getpid()) + "'",
                        .dependencies = "requires = ['base']",
                        .lifecycle = kDelays});
    server_.add("full", {.service = "status = 'stop'\ndir = '/tmp'\nstop_exec = 'kill $MAINPID'\n"
                                    "reload_exec = 'true'\npost_exec = 'true'" +
                                    std::string(geteuid() == 0 ? "\nuser = 64123" : ""),
                         .lifecycle = kDelays,
                         .more = "[limits]\nnofile = 64\n[process]\nnice = 5\n"
                                 "cpu_affinity = [0]\nno_new_privs = true"});
    server_.add("if", {.service = "status = 'stop'",
                       .lifecycle = kDelays,
                       .more = "[condition]\npath_exists = '/'\nexec = 'true'"});
    server_.file("of@.toml",
                 std::string("[service]\nexec = 'sleep 10000%i'\n[lifecycle]\n") + kDelays);
    server_.mark("env");
    if (triggered) add_triggered();
    launch_under(injector_, server_);
    server_.await_state("web", "running");
    // Let zinit make what it makes only once, at the first use: threads of the launcher, memory.
    for (int i = 0; i < 5; ++i) bring_up();
    descriptors_ = descriptors();
  }

  Server& server() { return server_; }

  /// A call that may fail or lose its connection. @return  whether it was carried out
  bool ask(const std::string& method, const std::string& params = "{}") {
    INFO(method << " " << params);
    Connection client(server_.socket());
    if (!client.begin(method, params)) return false;
    const auto answer = client.line();
    return answer && Json::parse(*answer) && Json::parse(*answer)->has("result");
  }

  /// Does `deed` with each of its calls failing in turn, until it makes no further call.
  template <class Deed>
  void with_each_call_failing(Deed deed) {
    std::set<std::string> failed;
    for (int n = 1;; ++n) {
      INFO("call " << n);
      injector_.arm(n);
      deed();
      const std::string what = injector_.disarm();
      if (what.empty()) break;
      INFO("failed: " << what);
      failed.insert(what);
      REQUIRE(alive(server_.pid()));
      server_.reconnect();
      bring_up();
      check();
    }
    std::string all;
    for (const std::string& what : failed) all += "\n" + what;
    INFO("failed were:" << all);
    CHECK(failed.size() > 3);
  }
  void with_each_call_failing(const std::vector<std::pair<std::string, std::string>>& calls) {
    with_each_call_failing([&] {
      for (const auto& [method, params] : calls) ask(method, params);
    });
  }

 private:
  static constexpr const char* kDelays =
      "restart_delay_ms = 1\nrestart_delay_max_ms = 1\nstop_timeout_ms = 2000";

  /// Makes a timer and a path start services, too, which write a line.
  void add_triggered() {
    server_.add("timed", {.exec = "echo >>$D/timed",
                          .service = "oneshot = true",
                          .lifecycle = kDelays,
                          .more = "[timer]\nevery_ms = 50\ncalendar = 'yearly'"});
    server_.add("by-path", {.exec = "rm $D/spool/*; echo >>$D/by-path",
                            .service = "oneshot = true",
                            .lifecycle = kDelays,
                            .more = "[path]\ndirectory_not_empty = '" + server_.path("spool") +
                                    "'\nchanged = '" + server_.path("env") + "'"});
    std::filesystem::create_directory(server_.path("spool"));
  }

  inline static const std::set<std::string> kTriggered{"timed", "by-path"};

  /// Restores the initial state, however the deed ended.
  void bring_up() {
    for (const char* name : {"job", "full", "if"}) (void)server_.stop(name);
    // An instance that is down disappears by itself, perhaps before this call.
    if (server_.result("service.list").mentions("of@1"))
      (void)ask("service.stop", named("of@1", kWait));
    // A deletion whose client was lost may still be under way, and be done first.
    if (server_.result("service.list").mentions("new"))
      ask("service.delete", named("new", R"("persist":true)"));
    REQUIRE_FALSE(server_.result("service.list").mentions("new"));
    for (const char* name : {"base", "web"}) {
      (void)server_.start(name);
      server_.await_state(name, "running");
    }
  }

  /// Without descriptors of logs: a log that has grown has its own memory file from then on.
  [[nodiscard]] std::size_t descriptors() const {
    const std::string folder = "/proc/" + std::to_string(server_.pid()) + "/fd/";
    const auto all = entries_of(folder);
    return static_cast<std::size_t>(std::ranges::count_if(all, [&](const std::string& fd) {
      std::error_code gone;
      return !std::filesystem::read_symlink(folder + fd, gone)
                  .string()
                  .starts_with("/memfd:zinit-log");
    }));
  }

  void check() {
    std::set<pid_t> known;
    for (const Json& status : server_.result("service.list_full").elements()) {
      INFO(status);
      if (status["pid"].is_number()) known.insert(static_cast<pid_t>(status["pid"].number()));
      // A oneshot that runs repeatedly is also wanted while it rests.
      if (status["oneshot"] == true && status["wish"] == "up") {
        CHECK(kTriggered.contains(status["name"].text()));
        continue;
      }
      CHECK(status["wish"] == (status["state"] == "running" ? "up" : "down"));
    }
    CHECK(eventually([&] {
      const auto children = children_of(server_.pid());
      return std::ranges::all_of(children, [&](pid_t pid) { return known.contains(pid); });
    }));
    INFO("descriptors: " << descriptors_ << " before, now " << descriptors());
    CHECK(eventually([&] { return descriptors() <= descriptors_; }, std::chrono::seconds(5)));
    CHECK(server_.result("debug.state").is_object());
  }

  FaultInjector injector_;
  Server server_;
  std::size_t descriptors_ = 0;
};

TEST_CASE("a client is answered or hung up on, whatever system call fails", "[slow][faults]") {
  if (!FaultInjector::possible()) return skip("needs seccomp notifications");
  FaultInjector injector;
  Server zinit({.in_child = [&] { injector.install_in_child(); }});
  launch_under(injector, zinit);
  zinit.result("system.ping");  // its boot is over: another test makes its calls fail
  // All stay connected: no other event would wake zinit for a client that it has forgotten.
  std::vector<std::unique_ptr<Connection>> clients;
  std::string failed;
  do {
    const int n = static_cast<int>(clients.size()) + 1;
    INFO("call " << n);
    injector.arm(n);
    clients.push_back(std::make_unique<Connection>(zinit.socket()));
    if (clients.back()->begin("system.ping")) (void)clients.back()->line();
    failed = injector.disarm();
  } while (!failed.empty());
  CHECK(clients.size() > 3);
}

TEST_CASE("a boot in which any one call fails serves its clients or says why it ends",
          "[slow][faults]") {
  if (!FaultInjector::possible()) return skip("needs seccomp notifications");
  std::string failed;
  int n = 0, served = 0;
  do {
    FaultInjector injector;
    injector.arm(++n);
    Server zinit({.in_child = [&] { injector.install_in_child(); }});
    zinit.add("a");
    zinit.launch();
    injector.attach();
    const bool serves =
        eventually([&] { return Connection::possible(zinit.socket()) || zinit.ended(); });
    failed = injector.disarm();
    INFO("call " << n << ", " << failed << ", said:\n" << zinit.messages());
    CHECK(serves);
    if (zinit.ended()) {
      const std::string said = zinit.messages();
      const bool by_libc = said.find("error while loading") != std::string::npos;  // before main()
      CHECK(zinit.exit_code() == (by_libc ? 127 : 1));
      CHECK_FALSE(said.empty());
    } else {
      ++served;
      zinit.await_state("a", "running");
      CHECK(zinit.shut_down() == 0);
    }
  } while (!failed.empty());
  CHECK(served > 3);
  CHECK(n > 10);
}

TEST_CASE("a start and a stop survive the failure of any system call", "[slow][faults]") {
  if (!FaultInjector::possible()) return skip("needs seccomp notifications");
  Faulty().with_each_call_failing(
      {{"service.stop", named("base", kWait)}, {"service.start", named("web", kWait)}});
}

TEST_CASE("credentials, limits and commands beside a service survive the failure of any call",
          "[slow][faults]") {
  if (!FaultInjector::possible()) return skip("needs seccomp notifications");
  Faulty().with_each_call_failing({{"service.start", named("full", kWait)},
                                   {"service.reload", named("full")},
                                   {"service.stop", named("full", kWait)}});
}

TEST_CASE("what a service writes survives the failure of any system call", "[slow][faults]") {
  if (!FaultInjector::possible()) return skip("needs seccomp notifications");
  Faulty zinit;
  zinit.with_each_call_failing({{"service.start", named("job", kWait)},
                                {"logs.get", named("job", R"("lines":5)")},
                                {"service.stop", named("job", kWait)}});
  zinit.server().start("job");
  REQUIRE(eventually([&] {
    const auto lines = zinit.server().result("logs.tail", named("job")).texts();
    return std::ranges::find(lines, "line") != lines.end();
  }));
}

TEST_CASE("reloads and changes of services survive the failure of any system call",
          "[slow][faults]") {
  if (!FaultInjector::possible()) return skip("needs seccomp notifications");
  Faulty zinit;
  int changes = 0;
  zinit.with_each_call_failing([&] {
    zinit.server().file("base.toml", "[service]\nexec = 'sleep 100000'\ndescription = '" +
                                         std::to_string(++changes) + "'\n");
    zinit.ask("service.reload");
    zinit.ask("service.set", R"({"config":{"service":{"name":"new","exec":"sleep 100000"}},)"
                             R"("persist":true})");
    zinit.ask("service.delete", named("new", R"("persist":true)"));
  });
  CHECK(zinit.server().ctl({"check", zinit.server().config()}).code == 0);
  for (const std::string& name : entries_of(zinit.server().config()))
    CHECK(std::filesystem::path(name).extension() == ".toml");
}

TEST_CASE("timers and paths survive the failure of any system call", "[slow][faults]") {
  if (!FaultInjector::possible()) return skip("needs seccomp notifications");
  Faulty zinit(true);
  const auto runs = [&](const char* name) { return read_file(zinit.server().path(name)).size(); };
  zinit.with_each_call_failing([&] {
    const std::size_t timed = runs("timed"), by_path = runs("by-path");
    zinit.server().mark("spool/one");
    (void)eventually([&] { return runs("timed") > timed && runs("by-path") > by_path; },
                     std::chrono::milliseconds(200));
  });
  // Both still work, although something was lost.
  for (const char* name : {"timed", "by-path"}) {
    const std::size_t before = runs(name);
    INFO(zinit.server().status(name));
    REQUIRE(eventually([&] {
      zinit.server().mark("spool/one");
      return runs(name) > before;
    }));
  }
}

TEST_CASE("conditions and instances survive the failure of any system call", "[slow][faults]") {
  if (!FaultInjector::possible()) return skip("needs seccomp notifications");
  Faulty zinit;
  zinit.with_each_call_failing({{"service.start", named("if", kWait)},
                                {"service.start", named("of@1", kWait)},
                                {"service.stop", named("of@1", kWait)},
                                {"service.stop", named("if", kWait)}});
  CHECK(zinit.server().start("if")["state"] == "running");
  CHECK(zinit.server().start("of@1")["state"] == "running");
}

/// The process that zinit has made and that was stopped before it executed a program.
pid_t await_stopped(FaultInjector& injector) {
  REQUIRE(eventually([&] {
    return injector.stopped_child() != 0 && proc_stat(injector.stopped_child(), 3) == "T";
  }));
  return injector.stopped_child();
}

TEST_CASE("a process that is stopped before it executes goes on, or is killed where it is unwanted",
          "[check][faults]") {
  if (!FaultInjector::possible()) return skip("needs seccomp notifications");
  FaultInjector injector;
  Server zinit({.in_child = [&] { injector.install_in_child(); }});
  for (const char* name : {"web", "other"}) zinit.add(name, {.service = "status = 'stop'"});
  zinit.add("beside", {.service = "reload_exec = 'echo reloaded >> $T'\n"
                                  "post_exec = 'echo post >> $T'",
                       .lifecycle = "stop_timeout_ms = 500\nrestart_delay_ms = 10"});
  launch_under(injector, zinit);
  const pid_t first = zinit.pid_of("beside");
  injector.stop_next_child();
  zinit.begin_start("web");
  const pid_t pid = await_stopped(injector);
  CHECK(zinit.start("other")["state"] == "running");
  CHECK(zinit.await_state("web", "running")["pid"].number() == pid);
  zinit.stop("web");
  injector.stop_next_child();
  zinit.begin_start("web");
  const pid_t unwanted = await_stopped(injector);
  zinit.stop("web");
  CHECK(zinit.state("web") == "inactive");
  CHECK_FALSE(alive(unwanted));

  // Commands beside a process are killed once they are useless.
  Connection client = zinit.connect();
  injector.stop_next_child();
  REQUIRE(client.begin("service.reload", R"(["beside"])"));
  const pid_t reload = await_stopped(injector);
  kill(first, SIGKILL);
  CHECK(zinit.await_new_pid("beside", first) != first);
  CHECK_FALSE(alive(reload));
  injector.stop_next_child();
  CHECK(zinit.stop("beside")["state"] == "exited");
  CHECK_FALSE(alive(injector.stopped_child()));
  CHECK(zinit.trace() == Texts{"post"});  // of the killed process
  CHECK(zinit.shut_down() == 0);
}

TEST_CASE("a service file on a file system that hangs delays the answer about it and no other",
          "[faults]") {
  if (!FaultInjector::possible()) return skip("needs seccomp notifications");
  FaultInjector injector;
  Server zinit({.in_child = [&] { injector.install_in_child(); }});
  zinit.add("web");
  launch_under(injector, zinit);
  zinit.await_state("web", "running");
  injector.hold("/web.toml");
  const std::string ping = R"({"jsonrpc":"2.0","id":"ping","method":"system.ping"})"
                           "\n";
  for (const char* method : {"service.status_full", "service.list_full", "service.start"}) {
    CAPTURE(method);
    const std::string params = method == std::string("service.list_full") ? "" : named("web");
    Connection client = zinit.connect();
    REQUIRE(client.send(R"({"jsonrpc":"2.0","id":"held","method":")" + std::string(method) + '"' +
                        (params.empty() ? "" : ",\"params\":" + params) + "}\n" + ping));
    CHECK(client.read()["id"] == "ping");
    const Json held = client.read()["result"];  // half a second later, or when the file answers
    CHECK((params.empty() ? held[0] : held)["changed_on_disk"].is_null());
    injector.release();
    REQUIRE(eventually([&] { return zinit.status("web")["changed_on_disk"] == false; }));
    injector.hold("/web.toml");
  }
  injector.release();
}

TEST_CASE("a reload finds the files of a directory that is renamed while it reads them",
          "[faults][reload]") {
  if (!FaultInjector::possible()) return skip("needs seccomp notifications");
  FaultInjector injector;
  Server zinit({.in_child = [&] { injector.install_in_child(); }});
  zinit.add("web");
  zinit.put("services/web.toml.d/more.toml", "[service]\nenv = { A = '1' }\n");
  zinit.file("of@.toml", "[service]\nexec = 'sleep 10000%i'\n");
  std::filesystem::create_symlink("of@.toml", zinit.config("of@1.toml"));
  std::filesystem::create_symlink("/dev/null", zinit.config("zero.toml"));
  zinit.add("odd", {.service = "unheard_of = 1"});  // for which there is a warning
  launch_under(injector, zinit);
  for (const char* name : {"web", "of@1", "odd"}) zinit.await_state(name, "running");
  const std::vector<pid_t> pids = zinit.pids_of({"web", "of@1", "odd"});
  Connection client = zinit.connect();
  injector.hold("of@.toml");
  REQUIRE(client.begin("service.reload", "{}"));
  REQUIRE(eventually([&] { return injector.held() > 0; }));
  std::filesystem::rename(zinit.config(), zinit.path("moved"));
  injector.release();
  const Json answer = client.read()["result"];
  std::filesystem::rename(zinit.path("moved"), zinit.config());
  for (const char* what : {"added", "changed", "removed"}) {
    CAPTURE(what, answer.dump());
    CHECK(answer[what].size() == 0);
  }
  CHECK(zinit.pids_of({"web", "of@1", "odd"}) == pids);
}

TEST_CASE("an answer about everything delays no other client", "[control]") {
  Server zinit;
  zinit.boot();
  for (const char* method : {"service.list_full", "debug.state"}) {
    Connection client = zinit.connect(), gone = zinit.connect();
    const std::string call =
        R"({"jsonrpc":"2.0","id":"all","method":")" + std::string(method) + "\"}\n";
    REQUIRE(gone.send(call + call));
    REQUIRE(client.send(call + R"({"jsonrpc":"2.0","id":"ping","method":"system.ping"})" + "\n"));
    CHECK(client.read()["id"] == "ping");
    CHECK(client.read()["id"] == "all");
  }
}

TEST_CASE("the next process image waits for what it cannot do without, and loses no service",
          "[slow][faults][reexec][crash]") {
  if (!FaultInjector::possible()) return skip("needs seccomp notifications");
  for (const std::string call :
       {"eventfd2", "epoll_create1", "clone3", "memfd_create", "execveat"}) {
    FaultInjector injector;
    Server zinit(
        {.arguments = {"--new-instance"}, .in_child = [&] { injector.install_in_child(); }});
    zinit.add("a");
    launch_under(injector, zinit);
    const pid_t a = zinit.pid_of("a");
    // Only a crash depends on its execveat(2): a request that fails changes nothing. One of the
    // memory files is the journal, without which the next request would be refused.
    for (int n = 1; n < (call == "execveat" ? 2 : call == "memfd_create" ? 8 : 4); ++n) {
      zinit.settle();
      injector.arm(n, call);
      call == "execveat" ? crash(zinit) : zinit.reexecute();
      const std::string failed = injector.disarm();
      INFO(n << ", " << failed << ", said:\n" << zinit.messages());
      CHECK((failed.starts_with(call) || n > 1));
      CHECK(zinit.pid_of("a") == a);
      CHECK(zinit.state("a") == "running");
    }
  }
}

}  // namespace
}  // namespace zinit::test::control_faults
