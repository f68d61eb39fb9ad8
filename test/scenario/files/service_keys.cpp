// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Environment files, ports and directories of services, as seen from the services (zinit.toml(5),
// [service]).
#include "scenario/harness.hpp"
#include "scenario/harness/dialog.hpp"
#include "scenario/harness/listening.hpp"
#include "scenario/harness/peer.hpp"
#include "support/filler.hpp"

namespace zinit::test::files_service_keys {
namespace {

namespace fs = std::filesystem;

constexpr uid_t kStranger = 64123;

/// A service that listens on a port and then traces "listening".
Toml listener(const std::string& port, const std::string& more = "") {
  return {.exec = "",
          .service = "exec = [" + peer({"at", "127.0.0.1:" + port, "trace", "listening", "echo"}) +
                     "]\nports = [" + port + "]\n" + more};
}

struct stat status_of(const std::string& path) {
  struct stat status {};
  INFO(path);
  CHECK(lstat(path.c_str(), &status) == 0);
  return status;
}

std::string message(const Json& status) { return status["reason"]["message"].text(); }

/// The directories of an ordinary user's server, all below the test's folder.
Server::Options users_own(const std::string& folder) {
  return {.env = {"XDG_RUNTIME_DIR=" + folder + "/run", "XDG_STATE_HOME=" + folder + "/state",
                  "XDG_CACHE_HOME=" + folder + "/cache"},
          .uid = kStranger};
}

/// A folder for users_own(), made before the server's own folder.
struct Folder : TempDir {
  Folder() { REQUIRE(chown(path().c_str(), kStranger, kStranger) == 0); }
};

TEST_CASE("a service gets the variables of its env_file and env", "[check][keys]") {
  CHECK_DIALOGS("env_file");
}

// --- ports ---------------------------------------------------------------------------------------

TEST_CASE("a port that a process has is told with the process, and retried by a start or reload",
          "[check][keys]") {
  Server zinit;
  Listening taken;
  zinit.add("a", {.exec = "echo up >> $T; exec sleep 100000",
                  .service = "ports = [1, " + taken.port() + "]\npre_exec = 'echo pre >> $T'"});
  zinit.add("b", {.service = "ports = [" + taken.port() + "]"});
  zinit.boot();
  const Json reason = zinit.await_failed("a", "port_in_use")["reason"];
  CHECK(reason["port"].dump() == taken.port());
  CHECK_THAT(reason["holder"].text(),
             Catch::StartsWith("process " + std::to_string(getpid()) + " ("));
  CHECK_THAT(zinit.ctl({"why", "a"}).out,
             Contains("port " + taken.port() + " is in use by process"));
  CHECK_THAT(zinit.ctl({"why", "a"}).out, Contains(" is still in use by process"));
  CHECK(zinit.start("a")["state"] == "failed");
  CHECK(zinit.trace().empty());
  zinit.await_failed("b", "port_in_use");
  zinit.add("b");
  zinit.reload();
  zinit.await_state("b", "running");
  taken.end();
  CHECK_THAT(zinit.ctl({"why", "a"}).out, Contains("its ports are free now"));
  CHECK(zinit.start("a")["state"] == "running");
}

TEST_CASE("a port that a service has is told with its name, and free for its re-spawn",
          "[check][keys]") {
  Server zinit;
  const std::string port = free_port();
  zinit.add("first", listener(port));
  zinit.add("second", listener(port, "status = 'stop'"));
  zinit.boot({"first"});
  zinit.await_trace("listening");
  const Json reason = zinit.start("second")["reason"];
  CHECK(reason["type"] == "port_in_use");
  CHECK(reason["holder"] == "first");
  zinit.stop("first");
  CHECK(zinit.start("second")["state"] == "running");
  zinit.await_trace("listening", 2);
  const pid_t pid = zinit.pid_of("second");
  zinit.kill("second");
  zinit.await_new_pid("second", pid);
  zinit.await_trace("listening", 3);
}

// --- directories ---------------------------------------------------------------------------------

TEST_CASE("directories are made for the service, and runtime_dir goes when it rests",
          "[check][root][keys]") {
  if (geteuid() != 0) return skip("needs root");
  const Folder folder;
  Server zinit(users_own(folder.path()));
  zinit.add("a", {.exec = "touch " + folder.path() +
                          "/run/a/sub/mark; echo up >> $T; exec sleep "
                          "100000",
                  .service = "runtime_dir = ['a', 'a/sub']\nstate_dir = 's'\ncache_dir = 'c/d'\n"
                             "log_dir = 'l'",
                  .lifecycle = "restart_delay_ms = 10"});
  zinit.boot();
  zinit.await_trace("up");
  for (const char* made : {"run/a", "run/a/sub", "state/s", "cache/c/d", "state/log/l"}) {
    const auto status = status_of(folder.path() + "/" + made);
    CHECK(status.st_mode == (S_IFDIR | 0755u));
    CHECK(status.st_uid == kStranger);
  }
  CHECK(status_of(folder.path() + "/state").st_mode == (S_IFDIR | 0700u));
  zinit.kill("a");
  zinit.await_trace("up", 2);
  CHECK(fs::exists(folder.path() + "/run/a/sub/mark"));
  zinit.stop("a");
  CHECK_FALSE(fs::exists(folder.path() + "/run/a"));
  CHECK(fs::exists(folder.path() + "/state/s"));
  CHECK(fs::exists(folder.path() + "/run"));
  // A start at once after a stop finds the directory, made again.
  for (int i = 0; i < 5; ++i) {
    zinit.begin_stop("a");
    zinit.start("a");
    zinit.await_trace("up", 3 + i);
    CHECK(fs::exists(folder.path() + "/run/a/sub/mark"));
  }
  CHECK(zinit.shut_down() == 0);
  CHECK_FALSE(fs::exists(folder.path() + "/run/a"));
}

TEST_CASE(
    "a runtime_dir goes with a failure, an end and a removal; one that cannot be made is told",
    "[root][keys]") {
  if (geteuid() != 0) return skip("needs root");
  const Folder folder;
  folder.write("state", "in the way");
  Server zinit(users_own(folder.path()));
  zinit.file("cannot.toml", "[service]\nexec = ['/no/such/program']\nruntime_dir = 'cannot'\n");
  zinit.add("once", {.exec = "test -d " + folder.path() + "/run/once",
                     .service = "oneshot = true\nruntime_dir = 'once'"});
  zinit.add("gone", {.service = "runtime_dir = 'gone'"});
  zinit.add("kept", {.service = "state_dir = 'kept'"});
  zinit.boot();
  zinit.await_failed("cannot", "spawn_error");
  CHECK(message(zinit.await_failed("kept", "spawn_error")) ==
        "cannot make the directory " + folder.path() + "/state/kept: Not a directory");
  CHECK(zinit.await_state("once", "exited")["summary"] == "ok");
  zinit.await_state("gone", "running");
  CHECK(fs::exists(folder.path() + "/run/gone"));
  zinit.remove("gone");
  zinit.reload();
  for (const char* name : {"cannot", "once", "gone"}) {
    INFO(name);
    CHECK(eventually([&] { return !fs::exists(folder.path() + "/run/" + name); }));
  }
  const auto names = [&] { return zinit.result("service.list").dump(); };
  CHECK(eventually([&] { return names().find("gone") == std::string::npos; }));
}

TEST_CASE("a runtime_dir that services share goes with the last of them", "[root][keys]") {
  if (geteuid() != 0) return skip("needs root");
  const Folder folder;
  const std::string shared = folder.path() + "/run/shared";
  Server zinit(users_own(folder.path()));
  const auto in = [&](const std::string& names) {
    return Toml{.exec = "echo $ZINIT_SERVICE up >> $T; exec sleep 100000",
                .service = "runtime_dir = " + names};
  };
  zinit.add("a", in("'shared'"));
  zinit.add("b", in("['own', 'shared']"));
  zinit.add("below", in("'shared/below'"));
  zinit.add("beside", in("'shared-not'"));
  zinit.boot();
  for (const char* name : {"a", "b", "below", "beside"}) zinit.await_state(name, "running");
  write_file(shared + "/mark", "");
  zinit.stop("a");
  CHECK(fs::exists(shared + "/mark"));
  zinit.start("a");
  zinit.stop("b");
  CHECK(fs::exists(shared + "/mark"));
  CHECK_FALSE(fs::exists(folder.path() + "/run/own"));
  zinit.stop("a");
  CHECK(fs::exists(shared + "/mark"));
  CHECK(fs::exists(shared + "/below"));
  zinit.stop("beside");
  CHECK(fs::exists(shared + "/mark"));
  CHECK_FALSE(fs::exists(folder.path() + "/run/shared-not"));
  zinit.stop("below");
  CHECK_FALSE(fs::exists(shared));
  // With crossing starts and stops, the service that is up in the end has the directory.
  for (int i = 0; i < 10; ++i) {
    zinit.start("a");
    zinit.begin_stop("a");
    zinit.start("b");
    zinit.await_settled();
    CHECK(fs::exists(shared));
    zinit.stop("b");
    CHECK_FALSE(fs::exists(shared));
  }
}

TEST_CASE("directories in /run get the service's user, whose links there lead nowhere",
          "[check][root][keys]") {
  if (geteuid() != 0) return skip("needs root");
  // The real /run, with a unique name.
  const std::string name = "zinit-test-" + std::to_string(getpid());
  const std::string run = "/run/" + name;
  Server zinit;
  const std::string precious = zinit.path("precious");
  fs::create_directories(precious + "/sub");
  write_file(precious + "/file", "x");
  zinit.add("a", {.exec = "ln -s " + precious + " " + run + "/link; ln -s " + precious + " " + run +
                          "/sub; echo planted >> $D/done; exec sleep 100000",
                  .service = "user = 64123\ngroup = 64124\nruntime_dir = '" + name + "'"});
  chmod(zinit.folder().c_str(), 0777);
  zinit.boot();
  REQUIRE(eventually([&] { return fs::exists(zinit.path("done")); }));
  const auto status = status_of(run);
  CHECK(status.st_uid == 64123);
  CHECK(status.st_gid == 64124);
  CHECK(status.st_mode == (S_IFDIR | 0755u));
  // Another service's directory lies in the first service's, where a link is in the way.
  zinit.add("b", {.service = "user = 64123\nruntime_dir = '" + name + "/sub'"});
  zinit.reload();
  CHECK_THAT(message(zinit.await_failed("b", "spawn_error")), Contains(run + "/sub"));
  CHECK(status_of(precious).st_uid == 0);
  zinit.stop("a");
  CHECK_FALSE(fs::exists(run));
  CHECK(read_file(precious + "/file") == "x");
  CHECK(fs::exists(precious + "/sub"));
}

TEST_CASE("who goes on filling a runtime_dir holds up neither its service nor others",
          "[root][keys]") {
  if (geteuid() != 0) return skip("needs root");
  const std::string name = "zinit-test-" + std::to_string(getpid());
  const Tmpfs place("/run/" + name);
  if (!place.mounted()) return skip("needs a file system of its own");
  const std::string run = place.path() + "/a";
  Server zinit;
  zinit.add("a", {.exec = "mkdir -p " + run + "/sub/inner; exec sleep 100000",
                  .service = "user = 64123\nruntime_dir = '" + name + "/a'"});
  zinit.add("other");
  zinit.boot({"a", "other"});
  const auto made = [&] { return fs::exists(run + "/sub/inner"); };
  const auto stop_and_start = [&] {
    zinit.begin_stop("a");
    zinit.restart("other");
    zinit.start("a");
    zinit.await_state("a", "running");
    const auto status = status_of(run);
    CHECK(status.st_uid == kStranger);
    CHECK(status.st_mode == (S_IFDIR | 0755u));
  };
  REQUIRE(eventually(made));
  {
    const Filler fillers[] = {{run, Filler::Way::by_path, kStranger},
                              {run, Filler::Way::by_path, kStranger},
                              {run + "/sub", Filler::Way::by_path, kStranger},
                              {run, Filler::Way::inside, kStranger},
                              {run, Filler::Way::inside, kStranger},
                              {run + "/sub/inner", Filler::Way::inside, kStranger}};
    for (const Filler& each : fillers)
      REQUIRE(eventually([&] { return fs::exists(each.first()); }));
    stop_and_start();
    CHECK(eventually(made));
  }
  {
    const Filler filler(run + "/sub", Filler::Way::deeper, kStranger);
    REQUIRE(eventually([&] { return fs::exists(filler.first()); }));
    stop_and_start();
  }
  const auto gone = [&] {
    zinit.stop("a");
    const bool there_still = fs::exists(run);
    if (there_still) zinit.start("a");
    return !there_still;
  };
  CHECK(eventually(gone));
}

}  // namespace
}  // namespace zinit::test::files_service_keys
