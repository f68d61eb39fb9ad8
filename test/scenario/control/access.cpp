// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Who may call, and the fate of the socket file (control.md, "JSON-RPC 2.0").
#include <linux/capability.h>

#include "scenario/harness.hpp"
namespace zinit::test::control_access {
namespace {

constexpr uid_t kMember = 64123, kNobody = 65534;
constexpr gid_t kGroup = 64777;
constexpr int kInvalidState = -32009;

/// Acts as another user, with the group of socket_group, as far as peers see, while it lives.
class As {
 public:
  explicit As(uid_t uid) : own_(getegid()) {
    REQUIRE(setegid(kGroup) == 0);
    REQUIRE(seteuid(uid) == 0);
  }
  ~As() {
    CHECK(seteuid(0) == 0);
    CHECK(setegid(own_) == 0);
  }

 private:
  gid_t own_;
};

void boot_shared(Server& zinit) {
  write_file(zinit.path("zinit.toml"), "socket_group = " + std::to_string(kGroup) + "\n");
  zinit.add("a");
  zinit.boot();
}

/// Connections of a member; the server has answered the last one.
std::vector<Connection> connections(const Server& zinit, uid_t uid, std::size_t count) {
  const As member(uid);
  std::vector<Connection> all;
  while (all.size() < count) all.emplace_back(zinit.socket());
  (void)all.back().result("system.ping");
  return all;
}

/// The number of connections that the server has refused because they hold too much, or has closed:
/// it closes a connection that does not read for two seconds.
std::size_t refused(std::vector<Connection>& all) {
  std::size_t count = 0;
  for (Connection& one : all) {
    pollfd waited{one.fd(), POLLIN, 0};
    if (poll(&waited, 1, 0) <= 0) continue;
    const auto text = one.line();
    if (!text || Json::parse(*text).value()["error"]["code"] == kInvalidState) ++count;
  }
  return count;
}

long bytes_of_others(Server& zinit) {
  return static_cast<long>(zinit.result("debug.state")["control"]["bytes_of_others"].number());
}

/// Waits for the end of one more server, which fails.
/// @return  what it has said
std::string refused_server(const Server& first, const std::string& socket, Launch what = {}) {
  if (what.argv.empty()) what.argv = {"zinit", "server"};
  what.argv.insert(what.argv.end(), {"--config-dir", first.config(), "--socket", socket});
  const Outcome outcome = run(std::move(what));
  CHECK(outcome.code == 1);
  return outcome.err;
}

TEST_CASE("root and the server's own user may do everything, a stranger nothing, whatever the mode",
          "[check][root][access]") {
  if (geteuid() != 0) return skip("needs root to become someone else");
  Server zinit({.uid = kMember});
  zinit.add("a");
  zinit.boot();
  CHECK(zinit.stop("a")["wish"] == "down");  // by root
  {
    const As owner(kMember);
    Connection own(zinit.socket());
    CHECK(own.result("service.start", named("a", R"("wait":true)"))["state"] == "running");
  }
  chmod(zinit.socket().c_str(), 0666);
  {
    const As nobody(kNobody);
    Connection stranger(zinit.socket());
    stranger.begin("service.stop", R"(["a"])");
    CHECK(stranger.read()["error"]["code"] == -32007);
    CHECK(stranger.closed());
    Connection silent(zinit.socket());
    CHECK(silent.closed());
  }
  Launch list{.argv = {"zinitctl", "--socket", zinit.socket(), "list"}, .uid = kNobody};
  CHECK(run(list).code == 7);
  chmod(zinit.socket().c_str(), 0600);
  const Outcome by_mode = run(list);
  CHECK(by_mode.code == 7);
  CHECK_THAT(by_mode.err, Catch::StartsWith("zinitctl: "));
  CHECK(zinit.state("a") == "running");
}

TEST_CASE("members that take all connections they can get do not keep root out", "[root][access]") {
  if (geteuid() != 0) return skip("needs root to become someone else");
  rlimit limit{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  if (limit.rlim_cur < 5000) return skip("needs 5,000 descriptors");
  Server zinit({.settings = true});
  boot_shared(zinit);
  REQUIRE(prlimit(zinit.pid(), RLIMIT_NOFILE, nullptr, &limit) == 0);
  const std::size_t of_all = std::min<std::size_t>(4096 - 64, limit.rlim_cur / 8);
  const std::size_t of_user = std::min<std::size_t>(1024, of_all / 4);
  {
    const As member(kMember);
    Connection own(zinit.socket());
    CHECK_THAT(own.result("metrics.get").text(), Contains("zinit_service_up{service=\"a\"}"));
    CHECK(own.error("service.stop", named("a"))["code"] == -32007);
  }
  std::vector<std::vector<Connection>> held;
  for (uid_t user = 0; user < 3; ++user)
    held.push_back(connections(zinit, kMember + user, of_user));
  {
    const As member(kMember);
    Connection one_more(zinit.socket());
    CHECK(one_more.read()["error"]["code"] == kInvalidState);
    CHECK(one_more.closed());
  }
  held.push_back(connections(zinit, kMember + 3, of_all - 3 * of_user));
  {
    const As member(kMember + 4);
    Connection first(zinit.socket());
    CHECK(first.read()["error"]["code"] == kInvalidState);
    Launch what;
    what.argv = {"zinitctl", "--socket", zinit.socket(), "ping"};
    const Outcome ping = run(what);
    CHECK(ping.code == 1);
    CHECK_THAT(ping.err,
               Contains("too many connections; one user has at most " + std::to_string(of_user)));
  }
  CHECK(zinit.ctl({"ping"}).code == 0);
  held.erase(held.begin());
  CHECK(eventually([&] {
    return zinit.result("debug.state")["control"]["clients"].number() <
           static_cast<std::int64_t>(of_all - of_user / 2);
  }));
  CHECK(connections(zinit, kMember, 1).size() == 1);
}

TEST_CASE("where descriptors are few, members leave most of them to services", "[root][access]") {
  if (geteuid() != 0) return skip("needs root to become someone else");
  Server zinit({.settings = true, .in_child = [] {
                  const rlimit few{1024, 1024};  // even root must not raise it
                  if (::prctl(PR_CAPBSET_DROP, CAP_SYS_RESOURCE) != 0 ||
                      ::setrlimit(RLIMIT_NOFILE, &few) != 0)
                    _exit(125);
                }});
  boot_shared(zinit);
  zinit.reconnect();
  std::vector<Connection> held;
  {
    const As member(kMember);
    while (held.size() < 1100) held.emplace_back(zinit.socket());
  }
  CHECK(zinit.ctl({"restart", "a"}).code == 0);
  CHECK(refused(held) == 1100 - 32);
}

TEST_CASE("root does not wait until all calls of members are answered", "[check][root][access]") {
  if (geteuid() != 0) return skip("needs root to become someone else");
  Server zinit({.settings = true});
  boot_shared(zinit);
  std::vector<Connection> members = connections(zinit, kMember, 300);
  Connection root(zinit.socket());
  (void)root.result("system.ping");
  // All clients have asked, root last, before the server looks.
  zinit.hold();
  std::string calls;
  for (int i = 0; i < 20; ++i)
    calls += R"({"jsonrpc":"2.0","method":"debug.state","id":1})"
             "\n";
  for (Connection& one : members) one.send(calls);
  root.begin("system.ping");
  zinit.go_on();
  (void)root.read();
  const auto answered = std::ranges::count_if(members, [](const Connection& one) {
    pollfd waited{one.fd(), POLLIN, 0};
    return poll(&waited, 1, 0) > 0;
  });
  CHECK(answered < 100);
}

TEST_CASE("what members send in part and do not read has one bound", "[root][access]") {
  if (geteuid() != 0) return skip("needs root to become someone else");
  constexpr long mib = 1 << 20;
  Server zinit({.settings = true});
  boot_shared(zinit);
  std::vector<Connection> all = connections(zinit, kMember, 60);
  std::string bytes(mib, ' ');
  SECTION("half a request") { bytes.back() = '['; }
  SECTION("answers") {
    const std::string call = R"({"jsonrpc":"2.0","method":"rpc.discover","id":1})"
                             "\n";
    bytes.clear();
    for (int i = 0; i < 24; ++i) bytes += call;
  }
  SECTION("answers of a batch of which one never comes") {
    bytes = R"([{"jsonrpc":"2.0","method":"service.wait","params":["a","exited"],"id":0})";
    for (int i = 0; i < 24; ++i) bytes += R"(,{"jsonrpc":"2.0","method":"rpc.discover","id":1})";
    bytes += "]\n";
  }
  SECTION("calls that wait, with long ids") {
    bytes = R"({"jsonrpc":"2.0","method":"service.wait","params":["a","exited"],"id":")" +
            std::string(900000, 'x') + "\"}\n";
  }
  SECTION("subscriptions without names") {
    bytes.clear();
    for (int i = 0; i < 1000; ++i)
      bytes += R"({"jsonrpc":"2.0","method":"logs.subscribe"})"
               "\n";
  }
  SECTION("names of subscriptions") {
    std::string call = R"({"jsonrpc":"2.0","method":"logs.subscribe","params":[["a")";
    for (int i = 1; i < 10000; ++i) call += R"(,"a")";
    call += "]]}\n";
    bytes.clear();
    for (int i = 0; i < 10; ++i) bytes += call;
  }
  for (Connection& one : all) (void)one.send(bytes);
  CHECK(eventually([&] { return bytes_of_others(zinit) > 4 * mib; }));
  // Reading makes room, so first zinit does everything that it can.
  CHECK(comes_to_rest(zinit.pid()));
  CHECK(bytes_of_others(zinit) < 18 * mib);
  CHECK(eventually([&] { return refused(all) > 0; }));  // reads, so it holds less afterwards
  CHECK(zinit.ctl({"ping"}).code == 0);
  Connection root = zinit.connect();  // root's data does not count
  CHECK(root.send(R"({"jsonrpc":"2.0","method":"system.ping","id":1)" + std::string(mib / 2, ' ') +
                  "}\n"));
  CHECK(root.read()["id"] == 1);
  all.clear();
  CHECK(eventually([&] { return bytes_of_others(zinit) == 0; }));
}

TEST_CASE("what searches of logs find counts for their user", "[root][access]") {
  if (geteuid() != 0) return skip("needs root to become someone else");
  constexpr long mib = 1024;
  Server zinit({.settings = true});
  zinit.add("talker", {.exec = "yes $(seq 20) | head -c 4000000; exec sleep 100000",
                       .more = "[logging]\nbuffer_lines = 1000000\nbuffer_bytes = 8388608\n"});
  boot_shared(zinit);
  REQUIRE(eventually([&] { return zinit.status("talker")["log_lines"].number() > 75000; }));
  const long before = resident_kb(zinit.pid());
  std::vector<Connection> all = connections(zinit, kMember, 40);
  for (Connection& one : all) one.begin("logs.filter", R"({"lines":1000000})");
  CHECK(eventually([&] { return refused(all) > 0; }));
  CHECK(comes_to_rest(zinit.pid()));
  // The most at one time, in KiB, of what would be above 400 MiB.
  const long most = std::atol(proc_status(zinit.pid(), "VmHWM").c_str());
  CHECK(most - before < 150 * mib);
  CHECK(zinit.ctl({"logs", "talker", "-n", "1"}).code == 0);  // root's data does not count
}

TEST_CASE("a subscription counts for its user by the logs that it follows", "[root][access]") {
  if (geteuid() != 0) return skip("needs root to become someone else");
  Server zinit({.settings = true});
  for (int i = 0; i < 100; ++i)
    zinit.add("idle-" + std::to_string(i), {.service = "status = 'stop'"});
  boot_shared(zinit);
  std::vector<Connection> one = connections(zinit, kMember, 1);
  (void)one[0].result("logs.subscribe", R"({"names":["a"]})");
  const long of_one = bytes_of_others(zinit);
  (void)one[0].result("logs.subscribe");
  CHECK(bytes_of_others(zinit) - of_one > of_one + 100 * 56);  // a node of std::set
}

TEST_CASE("a socket whose file is gone is made again by SIGHUP and by a reload",
          "[check][access]") {
  Server zinit;
  zinit.add("a");
  zinit.boot();
  const auto pid = zinit.await_state("a", "running")["pid"];
  Connection before = zinit.connect();
  std::filesystem::remove(zinit.socket());
  zinit.signal(SIGHUP);
  REQUIRE(eventually([&] { return Connection::possible(zinit.socket()); }));
  CHECK(zinit.connect().result("system.ping")["pid"] == zinit.pid());

  // Another file in its place does not count as this server's, either.
  std::filesystem::remove(zinit.socket());
  write_file(zinit.socket(), "");
  CHECK(before.result("service.reload")["unchanged"].size() == 1);
  CHECK(read_file(zinit.socket()).empty());
  std::filesystem::remove(zinit.socket());
  CHECK(before.result("service.reload")["unchanged"].size() == 1);
  CHECK(zinit.connect().result("service.status", named("a"))["pid"] == pid);
  struct stat status {};
  REQUIRE(stat(zinit.socket().c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  CHECK(zinit.shut_down() == 0);
  CHECK_FALSE(std::filesystem::exists(zinit.socket()));
}

TEST_CASE("a server whose socket is in use or cannot be made says so, and leaves all as it is",
          "[access][container]") {
  Server zinit;
  zinit.boot();
  write_file(zinit.path("file"), "precious");
  CHECK_THAT(refused_server(zinit, zinit.path("file")), Contains(zinit.path("file")));
  CHECK(read_file(zinit.path("file")) == "precious");
  CHECK_THAT(refused_server(zinit, zinit.path("file/zinit.sock")),
             Contains(zinit.path("file")) && Contains("Not a directory"));
  const std::string long_path = zinit.path(std::string(150, 'x'));
  CHECK_THAT(refused_server(zinit, long_path), Contains(long_path));
  CHECK_THAT(refused_server(zinit, zinit.socket()), Contains(zinit.socket()));
  CHECK(zinit.connect().result("system.ping")["pid"] == zinit.pid());
  if (!can_make_namespaces()) return skip("needs pid namespaces");
  CHECK_THAT(refused_server(zinit, zinit.socket(),
                            {.argv = {"zinit-pid1", "--container"}, .pid_namespace = true}),
             Contains("already in use"));
  CHECK(zinit.connect().result("system.ping")["pid"] == zinit.pid());
}

/// A server of a user without options, with its files below `home`; zinitctl finds it alike.
class OfUser {
 public:
  OfUser(uid_t uid, Texts env) : what_{.argv = {"zinit", "server"}, .env = env, .uid = uid} {
    pid_ = launch(what_);
  }
  [[nodiscard]] Outcome ctl(Texts words) const {
    words.insert(words.begin(), "zinitctl");
    return with_runtime({}, std::move(words));
  }
  /// A command of the same user who has this XDG_RUNTIME_DIR, as within a login session.
  [[nodiscard]] Outcome with_runtime(const std::string& runtime, Texts words) const {
    Launch command = what_;
    command.argv = std::move(words);
    if (!runtime.empty()) command.env.push_back("XDG_RUNTIME_DIR=" + runtime);
    return run(command);
  }
  void end() const {
    kill(pid_, SIGTERM);
    CHECK(wait_for_exit(pid_) == 0);
  }

 private:
  Launch what_;
  pid_t pid_;
};

TEST_CASE("a user's server has its socket in XDG_RUNTIME_DIR, its files in XDG_CONFIG_HOME",
          "[root][access]") {
  if (geteuid() != 0) return skip("needs root to become someone else");
  Server zinit({.uid = kMember});
  for (const char* made : {"runtime", "home", "home/zinit", "home/zinit/services"}) {
    REQUIRE(mkdir(zinit.path(made).c_str(), 0700) == 0);
    REQUIRE(chown(zinit.path(made).c_str(), kMember, kMember) == 0);
  }
  const std::string file = zinit.path("home/zinit/services/mine.toml");
  write_file(file, "[service]\nexec = 'sleep 100000'\n");
  chmod(file.c_str(), 0644);
  const OfUser user(kMember, {"XDG_RUNTIME_DIR=" + zinit.path("runtime"),
                              "XDG_CONFIG_HOME=" + zinit.path("home")});
  const std::string socket = zinit.path("runtime/zinit.sock");
  REQUIRE(eventually([&] { return Connection::possible(socket); }));
  CHECK(Connection(socket).result("service.list").texts() == Texts{"mine"});
  CHECK(user.ctl({"ping"}).code == 0);
  user.end();
}

TEST_CASE("without these variables they are in ~/.config and in a folder of its own in /tmp",
          "[root][access]") {
  if (geteuid() != 0) return skip("needs root to become someone else");
  constexpr uid_t uid = 64124;
  const std::string folder = "/tmp/zinit-" + std::to_string(uid);
  if (access(folder.c_str(), F_OK) == 0) return skip("somebody has " + folder);
  Server zinit({.uid = uid});
  const std::string config = zinit.path("home/.config/zinit");
  std::filesystem::create_directories(config + "/services");
  write_file(config + "/services/mine.toml",
             "[service]\nexec = 'sleep 100000'\n[dependencies]\nrequires = ['all']\n");
  write_file(config + "/zinit.toml", "default_target = 'all'\n");
  write_file(config + "/services/all.toml", "[target]\n");
  const OfUser user(uid, {"HOME=" + zinit.path("home")});
  REQUIRE(eventually([&] { return Connection::possible(folder + "/zinit.sock"); }));
  struct stat it {};
  REQUIRE(stat(folder.c_str(), &it) == 0);
  CHECK((it.st_mode & 07777) == 0700);
  CHECK(it.st_uid == uid);
  CHECK(user.ctl({"wait", "all"}).code == 0);
  // Nothing has started it: the target of the user's zinit.toml was started.
  CHECK_THAT(user.ctl({"status", "mine"}).out, Contains("inactive"));
  CHECK(user.ctl({"check"}).out == "3 files checked, no faults\n");
  // A login session finds it too, and does not run the files a second time.
  const std::string runtime = zinit.path("home/runtime");
  REQUIRE(mkdir(runtime.c_str(), 0700) == 0);
  REQUIRE(chown(runtime.c_str(), uid, uid) == 0);
  CHECK(user.with_runtime(runtime, {"zinitctl", "ping"}).code == 0);
  const Outcome second = user.with_runtime(runtime, {"zinit", "server"});
  CHECK(second.code == 1);
  CHECK_THAT(second.err, Contains("answers at " + folder + "/zinit.sock: each service would run"));
  chmod(folder.c_str(), 0755);  // others could enter, so the client does not trust it
  const Outcome open = user.ctl({"list"});
  CHECK(open.code != 0);
  CHECK_THAT(open.err, Contains(folder));
  chmod(folder.c_str(), 0700);
  user.end();
  CHECK(rmdir(folder.c_str()) == 0);
}

TEST_CASE("a server of a login session is found by cron and su, which have no XDG_RUNTIME_DIR",
          "[root][access]") {
  if (geteuid() != 0) return skip("needs root to become someone else");
  constexpr uid_t uid = 64125;
  const std::string runtime = "/run/user/" + std::to_string(uid);
  const bool made = mkdir("/run/user", 0755) == 0;
  if (mkdir(runtime.c_str(), 0700) != 0) return skip("somebody has " + runtime);
  REQUIRE(chown(runtime.c_str(), uid, uid) == 0);
  Server zinit({.uid = uid});
  const std::string home = "HOME=" + zinit.path("home");
  std::filesystem::create_directories(zinit.path("home/.config/zinit/services"));
  const OfUser session(uid, {home, "XDG_RUNTIME_DIR=" + runtime});
  REQUIRE(eventually([&] { return Connection::possible(runtime + "/zinit.sock"); }));
  const Launch cron{.argv = {"zinitctl", "ping"}, .env = {home}, .uid = uid};
  CHECK(run(cron).code == 0);
  const Outcome second = run({.argv = {"zinit", "server"}, .env = {home}, .uid = uid});
  CHECK(second.code == 1);
  CHECK_THAT(second.err, Contains("answers at " + runtime + "/zinit.sock: each service would run"));
  session.end();
  std::filesystem::remove_all(runtime);
  if (made) CHECK(rmdir("/run/user") == 0);
}

TEST_CASE("a user's folder for the socket that belongs to someone else is refused",
          "[root][access]") {
  if (geteuid() != 0) return skip("needs root to become someone else");
  const std::string folder = "/tmp/zinit-64321";
  Server zinit;
  if (mkdir(folder.c_str(), 0777) != 0) return skip("somebody has " + folder);
  const Outcome outcome =
      run({.argv = {"zinit", "server", "--config-dir", zinit.config()}, .uid = 64321});
  CHECK(outcome.code == 1);
  CHECK_THAT(outcome.err, Contains(folder));
  CHECK(rmdir(folder.c_str()) == 0);
}

}  // namespace
}  // namespace zinit::test::control_access
