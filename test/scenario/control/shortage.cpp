// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinit's behaviour while memory or descriptors are short, or a file system does not answer: it
// refuses what it cannot do, reports it, and goes on.
#include "scenario/harness.hpp"
#include "scenario/harness/leased.hpp"
#include "scenario/harness/lone_user.hpp"
#include "support/hanging_file.hpp"

namespace zinit::test::control_shortage {
namespace {

constexpr rlim_t kKilobyte = 1024;

/// Lowers a soft limit of a process while it lives.
class Limited {
 public:
  Limited(pid_t pid, __rlimit_resource resource, rlim_t limit) : pid_(pid), resource_(resource) {
    REQUIRE(prlimit(pid, resource, nullptr, &before_) == 0);
    const rlimit now{limit, before_.rlim_max};
    REQUIRE(prlimit(pid, resource, &now, nullptr) == 0);
  }
  ~Limited() { CHECK(prlimit(pid_, resource_, &before_, nullptr) == 0); }
  Limited(const Limited&) = delete;
  Limited& operator=(const Limited&) = delete;

 private:
  const pid_t pid_;
  const __rlimit_resource resource_;
  rlimit before_{};
};

rlim_t data_of(pid_t pid) { return std::stoul(proc_status(pid, "VmData")) * kKilobyte; }

/// The lowest number that a new descriptor of the process would get.
rlim_t lowest_free_descriptor(pid_t pid) {
  const auto open = entries_of("/proc/" + std::to_string(pid) + "/fd");
  rlim_t number = 0;
  while (std::find(open.begin(), open.end(), std::to_string(number)) != open.end()) ++number;
  return number;
}

std::string numbered(int i) { return "s" + std::to_string(i); }

std::string ping_with(const std::string& params) {
  return R"({"jsonrpc":"2.0","id":1,"method":"system.ping","params":[)" + params + "]}\n";
}

TEST_CASE("a request that there is no memory to read is refused, and zinit goes on",
          "[shortage][rpc]") {
  if (binary_is_sanitized()) return skip("needs a build without sanitizers");
  Server zinit;
  zinit.add("a");
  zinit.boot();
  const auto pid = zinit.await_state("a", "running")["pid"];
  Connection client = zinit.connect();
  // As long as the next message, so that there is room for the text at least.
  client.send(ping_with('"' + std::string(60'000, 'x') + '"'));
  CHECK(client.read()["error"]["code"] == -32602);
  {
    const Limited limited(zinit.pid(), RLIMIT_DATA, data_of(zinit.pid()));
    std::string numbers = "0";
    while (numbers.size() < 60'000) numbers += ",0";
    client.send(ping_with(numbers));
    const Json refused = client.read();
    INFO(refused);
    CHECK(refused["error"]["code"] == -32603);
    CHECK(refused["id"].is_null());
  }
  CHECK(client.result("system.ping")["pid"] == zinit.pid());
  CHECK(zinit.status("a")["pid"] == pid);
}

TEST_CASE("without a descriptor left a reload is refused, spawns wait, and all is done later",
          "[check][shortage][reload]") {
  Server zinit;
  for (const char* name : {"a", "b"}) zinit.add(name, {.lifecycle = "restart_delay_ms = 100"});
  zinit.boot({"a", "b"});
  const pid_t a = zinit.pid_of("a"), b = zinit.pid_of("b");
  for (int i = 0; i < 20; ++i) zinit.add(numbered(i), {.service = "status = 'stop'"});
  zinit.reload();
  Connection client = zinit.connect();
  client.result("system.ping");
  {
    const Limited limited(zinit.pid(), RLIMIT_NOFILE, lowest_free_descriptor(zinit.pid()));
    const Json refused = client.error("service.reload");
    CHECK(refused["code"] == -32008);
    CHECK_THAT(refused["message"].text(), Contains("Too many open files"));
    REQUIRE(::kill(a, SIGKILL) == 0);
    CHECK(eventually([&] { return !alive(a); }));
  }
  CHECK(zinit.reload()["unchanged"].size() == 22);
  zinit.await_new_pid("a", a);
  {
    const Limited limited(zinit.pid(), RLIMIT_NOFILE, count_in_proc(zinit.pid(), "fd") + 6);
    for (int i = 0; i < 20; ++i) (void)client.result("service.start", named(numbered(i)));
    // The few descriptors are whose launch comes first.
    CHECK(eventually([&] {
      int waiting = 0;
      for (int i = 0; i < 20; ++i)
        waiting +=
            client.result("service.status_full", named(numbered(i)))["restart_in_ms"].is_number();
      return waiting >= 10;
    }));
  }
  for (int i = 0; i < 20; ++i) zinit.await_state(numbered(i), "running");
  CHECK(zinit.pid_of("b") == b);
}

TEST_CASE("a oneshot that ends while no descriptor is left holds nothing afterwards",
          "[check][shortage][paths]") {
  Server zinit;
  const auto appears = [&] {
    unlink(zinit.path("file").c_str());
    zinit.mark("file");
  };
  zinit.add("a", {.exec = "until test -e $D/go; do sleep 0.01; done; echo run >> $T",
                  .service = "oneshot = true",
                  .more = "[path]\nexists = " + toml_string(zinit.path("file")) + "\n"});
  zinit.boot();
  appears();
  zinit.await_state("a", "starting");
  Connection client = zinit.connect();
  client.result("system.ping");
  {
    const Limited limited(zinit.pid(), RLIMIT_NOFILE, 0);  // its end frees descriptors
    zinit.mark("go");
    CHECK(eventually(
        [&] { return client.result("service.status", named("a"))["state"] == "exited"; }));
  }
  appears();
  CHECK(eventually([&] { return zinit.trace() == Texts{"run", "run"}; }));
}

TEST_CASE("services that a client adds while no descriptor is left outlive a crash",
          "[check][shortage][crash]") {
  constexpr int kServices = 10;
  Server zinit;
  zinit.add("a");
  zinit.boot({"a"});
  Connection client = zinit.connect();
  client.result("system.ping");
  {
    const Limited limited(zinit.pid(), RLIMIT_NOFILE, lowest_free_descriptor(zinit.pid()));
    // Enough for zinit to want a new file for what it keeps.
    const std::string big(30'000, 'x');
    for (int i = 0; i < kServices; ++i)
      client.result("service.set", R"({"start":false,"config":{"service":{"name":")" + numbered(i) +
                                       R"(","exec":"sleep 1000","env":{"BIG":")" + big + "\"}}}}");
  }
  const std::size_t all = zinit.result("service.list").size();
  CHECK(all == kServices + 1);
  crash(zinit);
  CHECK(zinit.result("service.list").size() == all);
}

TEST_CASE("a server that has no memory to read its files at boot stays, and a reload boots it",
          "[shortage][boot]") {
  if (binary_is_sanitized()) return skip("needs a build without sanitizers");
  constexpr rlim_t kTooLittle = 24 * 1024 * kKilobyte;
  Server zinit({.in_child = [] {
    const rlimit limit{kTooLittle, RLIM_INFINITY};
    if (setrlimit(RLIMIT_DATA, &limit) != 0) _exit(125);
  }});
  std::string env = "[service.env]\n";
  for (int i = 0; i < 5000; ++i) env += "K" + std::to_string(i) + " = '0123456789abcdef'\n";
  env += "# " + std::string(512 * kKilobyte, 'x');
  for (int i = 0; i < 40; ++i) zinit.add(numbered(i), {.service = "status = 'stop'", .more = env});
  zinit.add("a");
  zinit.boot();
  CHECK(zinit.result("service.list").size() == 0);
  zinit.await_message("boot: ");
  const rlimit none{RLIM_INFINITY, RLIM_INFINITY};
  REQUIRE(prlimit(zinit.pid(), RLIMIT_DATA, &none, nullptr) == 0);
  CHECK(zinit.reload()["added"].size() == 41);
  zinit.await_state("a", "running");
}

TEST_CASE("a supervisor without memory loses nothing and goes on when there is some",
          "[shortage][alone]") {
  if (binary_is_sanitized()) return skip("needs a build without sanitizers");
  Server server;
  constexpr int kServices = 15;
  for (int i = 0; i < kServices; ++i)
    server.add(numbered(i), {.exec = "/bin/false",
                             .lifecycle = "restart_delay_ms = 20\nrestart_delay_max_ms = 20"});
  server.add("steady");
  server.boot();
  server.await_state("steady", "running");
  const pid_t steady = server.pid_of("steady");
  server.await(
      "s1", [](const Json& s) { return s["restart_count"].number() > 3; }, "re-spawn");

  {
    const Limited limited(server.pid(), RLIMIT_DATA, data_of(server.pid()) - 4 * 1024 * kKilobyte);
    // Hundreds of ends, launches and messages.
    CHECK_FALSE(eventually([&] { return !alive(server.pid()); }, 2s));
  }

  for (int i = 0; i < kServices; ++i) {
    const std::string name = numbered(i);
    const auto before = server.status(name)["restart_count"].number();
    server.await(
        name, [&](const Json& s) { return s["restart_count"].number() > before; }, "re-spawn");
  }
  CHECK(server.pid_of("steady") == steady);
  CHECK(server.shut_down() == 0);
}

TEST_CASE("launches that hang hold up nobody else", "[threads][root][spawn]") {
  if (geteuid() != 0 || !can_make_namespaces()) return skip("needs root and namespaces");
  Server server({.argv = {"zinit-pid1", "--container"}, .namespaced = true, .own_root = true});
  // A process that opens it to read a user's entry waits until another one opens it to write.
  const std::string passwd = server.path("etc/passwd");
  REQUIRE(::mkfifo(passwd.c_str(), 0644) == 0);
  constexpr int kHanging = 12;
  for (int i = 0; i < kHanging; ++i) server.add(numbered(i), {.service = "user = 'daemon'"});
  server.add("z", {.dependencies = "after = ['s0']"});
  server.add("works");
  server.boot();
  server.await_state("works", "running");
  CHECK(server.state("s3") == "blocked");
  const Json why = server.result("service.why", R"(["s3"])");
  CHECK(why["reasons"][0]["detail"].text().find("is about to start: its program") == 0);
  CHECK_THAT(server.ctl({"status", "s3"}).out, Contains("about to start: its program"));
  CHECK_THAT(server.ctl({"why", "z"}).out, Contains("starts after s0, which is about to start"));
  CHECK(server.state("z") == "blocked");  // s0's attempt is not over

  const int writer = ::open(passwd.c_str(), O_RDWR | O_CLOEXEC);
  REQUIRE(writer >= 0);
  REQUIRE(::unlink(passwd.c_str()) == 0);
  ::close(writer);
  for (int i = 0; i < kHanging; ++i) server.await_failed(numbered(i), "spawn_error");
  server.await_state("z", "running");
}

TEST_CASE("a directory is removed although there is no thread to be had for it",
          "[shortage][root]") {
  if (geteuid() != 0) return skip(kNeedsLoneUser);
  const LoneUser user(64128);
  Server server(user.options());
  server.add("a", {.service = "runtime_dir = ['a']", .lifecycle = "restart = 'never'"});
  server.boot({"a"});
  REQUIRE(std::filesystem::exists(user.runtime("a")));
  user.limit(server, 1);
  REQUIRE(::kill(server.pid_of("a"), SIGKILL) == 0);
  server.await_failed("a", "signal");
  CHECK(eventually([&] { return !std::filesystem::exists(user.runtime("a")); }));
}

TEST_CASE("a launch that was killed because its service was stopped is no lack of processes",
          "[shortage][spawn]") {
  Server server;
  const std::string program = server.path("program");
  server.add("hangs", {.exec = program + " 100000"});
  server.add("other", {.service = "status = 'stop'"});
  {
    const Leased leased(program);
    server.boot();
    server.await_state("hangs", "blocked");
    CHECK(server.stop("hangs")["state"] == "inactive");
  }
  CHECK(server.start("other")["state"] == "running");
  CHECK_THAT(server.messages(), !Contains("next try in"));
  CHECK(server.start("hangs")["state"] == "running");
}

TEST_CASE("a launch that hangs ends with the start timeout", "[shortage][spawn]") {
  const bool later = GENERATE(false, true);
  Server server;
  const std::string program = server.path("program");
  server.add("hangs", {.exec = program + " 100000",
                       .service = later ? "pre_exec = 'true'" : "",
                       .lifecycle = "restart = 'never'\nstart_timeout_ms = 200"});
  server.add("again", {.exec = program + " 100000",
                       .service = later ? "pre_exec = 'true'" : "",
                       .lifecycle = "restart_delay_ms = 100\nstart_timeout_ms = 200\n"
                                    "max_restarts = 2"});
  server.add("reads", {.exec = program + " 100000",
                       .service = later ? "pre_exec = 'true'" : "",
                       .lifecycle = "start_timeout_ms = 100000"});
  {
    const Leased leased(program);
    server.boot();
    for (const char* name : {"hangs", "again"}) server.await_failed(name, "start_timeout");
    CHECK_THAT(
        server.ctl({"why", "reads"}).out,
        Contains(
            "its program, directory or files are being read; its start_timeout_ms is over in "));
    server.stop("reads");
  }
  CHECK_THAT(server.ctl({"why", "again"}).out, Contains("max_restarts"));
  CHECK(server.start("hangs")["state"] == "running");
  // The launch is no suspension of zinit, which would extend the timeout.
  CHECK_THAT(server.messages(), !Contains("extended to 1") && !Contains("extended to 2"));
  CHECK_THAT(server.messages(), !Contains("next try in"));
}

TEST_CASE("a launch that SIGKILL does not end is named by why, status and the log",
          "[root][shortage][spawn]") {
  HangingFile hanging;
  if (!hanging.works()) return skip("needs /dev/fuse, and the right to mount");
  Server server;
  server.add("hangs", {.exec = hanging.never("program"),
                       .lifecycle = "restart = 'never'\nstart_timeout_ms = 200"});
  server.boot();
  const std::string hangs = "its launch hangs: SIGKILL does not end process ";
  server.await_message("hangs: " + hangs);
  CHECK_THAT(server.ctl({"why", "hangs"}).out, Contains(hangs));
  CHECK_THAT(server.ctl({"status", "hangs"}).out, Contains(hangs));
  hanging.end();
  server.await_failed("hangs", "start_timeout");
}

TEST_CASE("a pidfile that does not answer keeps no other service from its start",
          "[root][shortage][spawn]") {
  HangingFile hanging;
  if (!hanging.works()) return skip("needs /dev/fuse, and the right to mount");
  Server server;
  const std::string pidfile = server.path("daemon.pid");  // one from before its start is not read
  server.add("daemon",
             {.exec = "sh -c 'ln -s " + hanging.mapped() + " " + pidfile + "; exec sleep 100000'",
              .more = "[readiness]\npidfile = '" + pidfile + "'\n"});
  server.add("other");
  server.boot({"other"});
  REQUIRE(eventually([&] { return hanging.asked() > 0; }));
  CHECK(server.ctl({"restart", "other"}).code == 0);
  CHECK(server.state("daemon") == "starting");
  hanging.end();
}

TEST_CASE("a reload whose command hangs in its launch is answered at the start timeout",
          "[root][shortage][spawn]") {
  HangingFile hanging;
  if (!hanging.works()) return skip("needs /dev/fuse, and the right to mount");
  Server server;
  server.add("web", {.service = "reload_exec = '" + hanging.never("program") + "'",
                     .lifecycle = "start_timeout_ms = 300"});
  server.boot({"web"});
  const Outcome reload = server.ctl({"reload", "web"});
  CHECK(reload.code == 1);
  CHECK_THAT(reload.err, Contains("its reload_exec failed: took too long"));
  CHECK_THAT(server.ctl({"reload", "web"}).err, Contains("its previous reload_exec has not ended"));
  hanging.end();
  CHECK(eventually([&] {
    return server.ctl({"reload", "web"}).err.find("previous") == std::string::npos;
  }));
}

TEST_CASE("descriptors that zinit has reserved are given to services where there are few",
          "[shortage][spawn]") {
  if (binary_is_sanitized()) return skip("sanitizers have descriptors of their own");
  constexpr rlim_t kFew = 55;
  Server server({.in_child = [] {
    const rlimit limit{kFew, kFew};
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) _exit(125);
  }});
  for (const char* name : {"a", "b", "c"}) server.add(name);
  server.boot({"a", "b", "c"});
}

}  // namespace
}  // namespace zinit::test::control_shortage
