// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Environment files, ports and directories of services, as seen from the services (zinit.toml(5),
// [service]).
#include "scenario/harness.hpp"
#include "scenario/harness/listening.hpp"
#include "support/filler.hpp"

namespace zinit::test::files_service_keys {
namespace {

namespace fs = std::filesystem;

constexpr uid_t kStranger = 64123;

Texts environment_of(Server& zinit, const std::string& name) {
  return proc_environment(zinit.await_program(name));
}

/// The value of a variable, "(unset)" if it is missing, both values if it is there twice.
std::string variable(const Texts& environment, const std::string& name) {
  std::string found;
  for (const std::string& entry : environment) {
    if (entry.rfind(name + "=", 0) == 0)
      found += (found.empty() ? "" : " and ") + entry.substr(name.size() + 1);
  }
  return found.empty() ? "(unset)" : found;
}

/// A program that listens on a port and prints "listening".
std::string listener(const std::string& port) {
  return "exec perl -MSocket -e 'socket(S, PF_INET, SOCK_STREAM, 0); setsockopt(S, SOL_SOCKET, "
         "SO_REUSEADDR, 1); bind(S, sockaddr_in(" +
         port +
         ", INADDR_LOOPBACK)) or die; listen(S, 5); open(T, \">>\", $ENV{T}); print T "
         "\"listening\\n\"; close(T); sleep 100000'";
}

bool has_perl() { return access("/usr/bin/perl", X_OK) == 0; }

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
class Folder {
 public:
  Folder() {
    char name[] = "/tmp/zinit-test-XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    path_ = name;
    REQUIRE(chown(name, kStranger, kStranger) == 0);
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// --- env_file ------------------------------------------------------------------------------------

TEST_CASE("env_file is read before each spawn, and stands between user and env", "[check][keys]") {
  Server zinit({.env = {"FROM=zinit", "ONLY_ZINIT=1"}});
  const std::string first = zinit.path("first"), second = zinit.path("second");
  write_file(first,
             "# a comment\nFROM=first\nONE='it''s'\nexport TWO=\"a \\\"b\\\"\" # why\n\nTHREE=x#y\n"
             "HOME=/file\nZINIT_SERVICE=file\nnonsense\nOPEN=\"x\n");
  write_file(second, "FROM=second\nFOUR=4\n");
  zinit.add("a", {.service = "env_file = ['" + first + "', '-/no/such/file', '" + second +
                             "']\nenv = { FOUR = 'env' }\nuser = " + std::to_string(geteuid())});
  zinit.boot();
  Texts given;
  REQUIRE(eventually([&] { return !(given = environment_of(zinit, "a")).empty(); }));
  CHECK(variable(given, "FROM") == "second");
  CHECK(variable(given, "ONLY_ZINIT") == "1");
  CHECK(variable(given, "ONE") == "'it''s'");
  CHECK(variable(given, "TWO") == "a \"b\"");
  CHECK(variable(given, "THREE") == "x#y");
  CHECK(variable(given, "FOUR") == "env");
  CHECK(variable(given, "HOME") == "/file");
  CHECK(variable(given, "ZINIT_SERVICE") == "a");
  CHECK(variable(given, "OPEN") == "(unset)");
  for (const char* line : {":9", ":10"})
    zinit.await_message("a: " + first + line +
                        ": line ignored: it must be KEY=value, and a quote must be closed");
  write_file(second, "FROM=changed\n");
  zinit.restart("a");
  // The kernel shows the new environment only some moments after execve(2).
  CHECK(eventually([&] { return variable(environment_of(zinit, "a"), "FROM") == "changed"; }));
}

TEST_CASE("an env_file may have a byte-order mark, and values of several lines in quotes",
          "[check][keys]") {
  Server zinit;
  const std::string key = "-----BEGIN KEY-----\nMIIB=\nQUJD=x\n-----END KEY-----";
  write_file(zinit.path("file"),
             "\xEF\xBB\xBF"
             "FIRST=1\nKEY=\"" +
                 key + "\"  # of the shop\nNEXT='a\n\nb'\nLAST=2\n");
  zinit.add("a", {.service = "env_file = '" + zinit.path("file") + "'"});
  zinit.boot();
  Texts given;
  REQUIRE(eventually([&] { return !(given = environment_of(zinit, "a")).empty(); }));
  CHECK(variable(given, "FIRST") == "1");
  CHECK(variable(given, "KEY") == key);
  CHECK(variable(given, "NEXT") == "a\n\nb");
  CHECK(variable(given, "LAST") == "2");
  CHECK(variable(given, "QUJD") == "(unset)");
  CHECK_THAT(zinit.messages(), !Catch::Contains("line ignored"));
}

TEST_CASE("env takes variables out that others have set", "[check][keys]") {
  Server zinit({.env = {"FROM=zinit"}});
  write_file(zinit.path("file"), "IN_FILE=1\nSTAYS=1\n");
  zinit.add("a",
            {.service = "env_file = '" + zinit.path("file") +
                        "'\nenv = { FROM = false, IN_FILE = false, MISSING = false, OWN = 'x' }"});
  zinit.add("wrong", {.service = "env = { A = true }"});
  zinit.boot();
  Texts given;
  REQUIRE(eventually([&] { return !(given = environment_of(zinit, "a")).empty(); }));
  for (const char* name : {"FROM", "IN_FILE", "MISSING"}) CHECK(variable(given, name) == "(unset)");
  CHECK(variable(given, "STAYS") == "1");
  CHECK(variable(given, "OWN") == "x");
  CHECK(zinit.await_failed("wrong", "config_error")["reason"]["messages"].mentions(
      "false to take the variable out"));
  CHECK(zinit.status("a")["warnings"].size() == 0);
}

TEST_CASE("a service finds the zinit that runs it, wherever its socket is", "[check][keys]") {
  Server zinit;
  zinit.add("a", {.exec = "exec -a zinitctl $ZINIT_TEST_BIN is-running b && echo found >> $T; "
                          "exec sleep 100000",
                  .service = "env = { ZINIT_TEST_BIN = " + toml_string(zinit_binary()) +
                             ", ZINIT_SOCKET = '/nonexistent' }",
                  .dependencies = "requires = ['b']"});
  zinit.add("b");
  zinit.boot({"b"});
  Texts given;
  REQUIRE(eventually([&] { return !(given = environment_of(zinit, "b")).empty(); }));
  CHECK(variable(given, "ZINIT_SOCKET") == zinit.socket());
}

TEST_CASE("an env_file with lines without end is told in a few, and one of too many refused",
          "[check][keys]") {
  Server zinit;
  std::string nonsense = "FIRST=1\n", many = "nonsense\n";
  for (int i = 0; i < 300000; ++i) nonsense += "x\n";
  for (int i = 0; i <= 10000; ++i) many += "K" + std::to_string(i) + "=\n";
  write_file(zinit.path("nonsense"), nonsense + "LAST=1\n");
  write_file(zinit.path("many"), many);
  write_file(zinit.path("fit"), many.substr(0, many.rfind('K')));
  for (const char* name : {"nonsense", "many", "fit"})
    zinit.add(name, {.service = "env_file = '" + zinit.path(name) + "'"});
  zinit.boot();
  CHECK(message(zinit.await_failed("many", "spawn_error")) ==
        "cannot use " + zinit.path("many") + ": it has 10001 settings, 10000 are allowed");
  Texts given;
  REQUIRE(eventually([&] { return !(given = environment_of(zinit, "nonsense")).empty(); }));
  CHECK(variable(given, "FIRST") == "1");
  CHECK(variable(given, "LAST") == "1");
  REQUIRE(eventually([&] { return !(given = environment_of(zinit, "fit")).empty(); }));
  CHECK(given.size() >= 10000);
  zinit.await_message("nonsense:6: line ignored: it must be KEY=value");
  zinit.await_message("nonsense: 299995 more of its lines are ignored");
  CHECK(lines_of(zinit.messages()).size() < 100);
}

TEST_CASE("an env_file that is missing is a spawn error, unless it may be", "[check][keys]") {
  Server zinit;
  zinit.add("a", {.service = "env_file = '/no/such/file'"});
  zinit.add("b", {.service = "env_file = '-/no/such/file'"});
  zinit.add("c", {.service = "env_file = '-/tmp'"});
  zinit.boot();
  CHECK(message(zinit.await_failed("a", "spawn_error")) ==
        "cannot open /no/such/file: No such file or directory");
  zinit.await_state("b", "running");
  CHECK_THAT(message(zinit.await_failed("c", "spawn_error")), Contains("/tmp"));
}

TEST_CASE("an env_file that a stranger has linked to another's file is not read", "[root][keys]") {
  if (geteuid() != 0) return skip("needs root");
  Server zinit;
  write_file(zinit.path("secret"), "KEY=secret\n");
  const std::string folder = zinit.path("theirs");
  REQUIRE(mkdir(folder.c_str(), 0755) == 0);
  REQUIRE(symlink("../secret", (folder + "/soft").c_str()) == 0);
  REQUIRE(link(zinit.path("secret").c_str(), (folder + "/hard").c_str()) == 0);
  write_file(folder + "/own", "KEY=own\n");
  REQUIRE(symlink("theirs/own", zinit.path("link").c_str()) == 0);
  REQUIRE(chown(folder.c_str(), 64123, 64123) == 0);
  for (const char* name : {"soft", "hard", "own"})
    zinit.add(name, {.service = "user = 64123\nenv_file = '-" + folder + "/" + name + "'"});
  zinit.add("root", {.service = "env_file = '" + zinit.path("link") + "'"});
  zinit.boot();
  for (const char* name : {"soft", "hard"})
    CHECK_THAT(message(zinit.await_failed(name, "spawn_error")),
               Contains("cannot open " + folder + "/" + name) &&
                   Contains("its folder " + folder + " belongs to uid 64123"));
  for (const char* name : {"own", "root"})
    CHECK(eventually([&] { return variable(environment_of(zinit, name), "KEY") == "own"; }));
}

TEST_CASE("a container's service has its environment in the order of the manual",
          "[container][keys]") {
  if (!can_make_namespaces()) return zinit::test::skip("needs namespaces");
  Server zinit({.env = {"LANG=zinit"}, .container = true});
  write_file(zinit.path("file"), "LANG=file\nA=file\n");
  const std::string see = "echo $LANG $A >> $T";
  zinit.add("a",
            {.exec = see, .service = "oneshot = true\nenv_file = '" + zinit.path("file") + "'"});
  zinit.add("b", {.exec = see, .service = "oneshot = true"});
  zinit.boot();
  zinit.await_trace("file file");
  zinit.await_trace("zinit");
}

// --- ports ---------------------------------------------------------------------------------------

TEST_CASE("a port that a process has is told with the process, and retried by a start",
          "[check][keys]") {
  Server zinit;
  Listening taken;
  zinit.add("a", {.exec = "echo up >> $T; exec sleep 100000",
                  .service = "ports = [1, " + taken.port() + "]\npre_exec = 'echo pre >> $T'"});
  zinit.boot();
  const Json reason = zinit.await_failed("a", "port_in_use")["reason"];
  CHECK(std::to_string(static_cast<int>(reason["port"].number())) == taken.port());
  CHECK_THAT(reason["holder"].text(),
             Catch::StartsWith("process " + std::to_string(getpid()) + " ("));
  CHECK_THAT(zinit.ctl({"why", "a"}).out,
             Contains("port " + taken.port() + " is in use by process"));
  CHECK(zinit.start("a")["state"] == "failed");
  CHECK(zinit.trace().empty());
  taken.end();
  CHECK(zinit.start("a")["state"] == "running");
}

TEST_CASE("a port that a service has is told with its name", "[check][keys]") {
  if (!has_perl()) return zinit::test::skip("needs perl");
  Server zinit;
  Listening found;
  const std::string port = found.port();
  found.end();
  zinit.add("first", {.exec = listener(port), .service = "ports = [" + port + "]"});
  zinit.add("second",
            {.exec = listener(port), .service = "ports = [" + port + "]\nstatus = 'stop'"});
  zinit.boot();
  zinit.await_trace("listening");
  zinit.await_state("first", "running");
  const Json reason = zinit.start("second")["reason"];
  CHECK(reason["type"] == "port_in_use");
  CHECK(reason["holder"] == "first");
  zinit.stop("first");
  CHECK(zinit.start("second")["state"] == "running");
  zinit.await_trace("listening", 2);
  // A re-spawn finds its port free again.
  const pid_t pid = zinit.pid_of("second");
  zinit.kill("second");
  zinit.await_new_pid("second", pid);
  zinit.await_trace("listening", 3);
}

TEST_CASE("a taken port is tried again by a reload that changes the service", "[keys]") {
  Server zinit;
  const Listening taken;
  zinit.add("a", {.service = "ports = [" + taken.port() + "]"});
  zinit.boot();
  zinit.await_failed("a", "port_in_use");
  zinit.add("a");
  zinit.reload();
  zinit.await_state("a", "running");
}

// --- directories ---------------------------------------------------------------------------------

TEST_CASE("directories are made for the service, and runtime_dir goes when it rests",
          "[check][root][keys]") {
  if (geteuid() != 0) return zinit::test::skip("needs root");
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

TEST_CASE("a runtime_dir goes with a failure, an end and a removal too", "[root][keys]") {
  if (geteuid() != 0) return zinit::test::skip("needs root");
  const Folder folder;
  Server zinit(users_own(folder.path()));
  zinit.file("cannot.toml", "[service]\nexec = ['/no/such/program']\nruntime_dir = 'cannot'\n");
  zinit.add("once", {.exec = "test -d " + folder.path() + "/run/once",
                     .service = "oneshot = true\nruntime_dir = 'once'"});
  zinit.add("gone", {.service = "runtime_dir = 'gone'"});
  zinit.boot();
  zinit.await_failed("cannot", "spawn_error");
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
  if (geteuid() != 0) return zinit::test::skip("needs root");
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

TEST_CASE("directories get the user of the service below the system's places", "[root][keys]") {
  if (geteuid() != 0) return zinit::test::skip("needs root");
  // The real /run, with a unique name.
  const std::string name = "zinit-test-" + std::to_string(getpid());
  Server zinit;
  zinit.add("a", {.service = "user = 64123\ngroup = 64124\nruntime_dir = '" + name + "'"});
  zinit.boot({"a"});
  const auto status = status_of("/run/" + name);
  CHECK(status.st_uid == 64123);
  CHECK(status.st_gid == 64124);
  CHECK(status.st_mode == (S_IFDIR | 0755u));
  zinit.stop("a");
  CHECK_FALSE(fs::exists("/run/" + name));
}

TEST_CASE("links that a service's user has planted lead nowhere", "[check][root][keys]") {
  if (geteuid() != 0) return zinit::test::skip("needs root");
  const std::string name = "zinit-test-" + std::to_string(getpid());
  const std::string run = "/run/" + name;
  Server zinit;
  const std::string precious = zinit.path("precious");
  fs::create_directories(precious + "/sub");
  write_file(precious + "/file", "x");
  zinit.add("a", {.exec = "ln -s " + precious + " " + run + "/link; ln -s " + precious + " " + run +
                          "/sub; echo planted >> $D/done; exec sleep 100000",
                  .service = "user = 64123\nruntime_dir = '" + name + "'"});
  chmod(zinit.folder().c_str(), 0777);
  zinit.boot();
  REQUIRE(eventually([&] { return fs::exists(zinit.path("done")); }));
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
  if (geteuid() != 0) return zinit::test::skip("needs root");
  const std::string name = "zinit-test-" + std::to_string(getpid());
  const Tmpfs place("/run/" + name);
  if (!place.mounted()) return zinit::test::skip("needs a file system of its own");
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

TEST_CASE("a directory that cannot be made is a spawn error that names it", "[root][keys]") {
  if (geteuid() != 0) return zinit::test::skip("needs root");
  const Folder folder;
  write_file(folder.path() + "/state", "in the way");
  Server zinit({.env = {"XDG_STATE_HOME=" + folder.path() + "/state"}, .uid = kStranger});
  zinit.add("a", {.service = "state_dir = 'a'"});
  zinit.add("b", {.service = "runtime_dir = 'b'"});
  zinit.boot();
  CHECK(message(zinit.await_failed("a", "spawn_error")) ==
        "cannot make the directory " + folder.path() + "/state/a: Not a directory");
  CHECK_THAT(message(zinit.await_failed("b", "spawn_error")), Contains("runtime_dir"));
}

TEST_CASE("times may have units, in files, in zinit.toml and at the command line", "[files]") {
  Server zinit({.settings = true});
  zinit.put("zinit.toml",
            "shutdown_timeout_ms = '1h'\n[defaults]\nrestart_delay_ms = '2h 30min'\n");
  zinit.add("hangs", {.exec = stubborn("hangs"), .lifecycle = "stop_timeout_ms = '0.2s'"});
  zinit.add("dies", {.exec = "exit 1"});
  zinit.add("waits", {.lifecycle = "start_timeout_ms = '1d'",
                      .more = "[readiness]\nnotify = 'systemd'\n"
                              "[health]\ninterval_ms = '1m'\ntype = 'exec'\nexec = 'true'"});
  zinit.boot();
  zinit.await_trace("start hangs");
  CHECK(zinit.stop("hangs")["last_exit"]["signal"] == "SIGKILL");
  zinit.await_delayed("dies");
  CHECK(zinit.status("dies")["restart_in_ms"].number() > 2 * 3600 * 1000);
  CHECK(zinit.ctl({"wait", "waits", "--for", "running", "--timeout", "50ms"}).code == 6);
  CHECK(zinit.ctl({"wait", "hangs", "--for", "exited", "--timeout", "infinity"}).code == 0);
  zinit.add("bad", {.lifecycle = "stop_timeout_ms = '5 parsecs'"});
  CHECK_THAT(zinit.ctl({"check", zinit.config("bad.toml")}).out,
             Contains("invalid duration \"5 parsecs\", must be an integer of at least 1 or with"));
}

}  // namespace
}  // namespace zinit::test::files_service_keys
