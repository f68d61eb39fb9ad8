// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Crashes at each place at which zinit's notes may differ from the facts (base/kill_point.hpp). The
// release build has no such places: these scenarios, tagged [killpoints], run only with MODE=check.
#include "scenario/harness.hpp"
#include "scenario/harness/crashing.hpp"
#include "scenario/harness/notifier.hpp"
#include "scenario/harness/peer.hpp"
#include "scenario/harness/proxies.hpp"

namespace zinit::test::reexec_kill_points {
namespace {

/// The program beside this one: a check build takes longer to begin than all its requests take.
std::string zinit_of_release() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path() / "zinit";
}

/// Uses a zinit for each of these places, one image of which crashes there: at "PLACE:N" when it
/// passes the place for the N-th time.
void crash_at(const Texts& points, const std::function<void(Server&)>& use,
              Server::Options options = {}) {
  options.client = zinit_of_release();
  for (const std::string& point : points) {
    INFO(point);
    Crashing one(point, options);
    use(one.zinit);
    CHECK(one.crashed());
  }
}

/// A service that logs an error if two of it run at a time.
std::string alone(const std::string& name) {
  return "exec flock -n -E 99 $D/" + name + ".lock sh -c 'echo begins; exec sleep 100000' || " +
         "echo two-of-" + name + " >> $T";
}

/// zinitctl, which must succeed.
void ctl(Server& zinit, const Texts& arguments) {
  const Outcome done = zinit.ctl(arguments);
  INFO(arguments.front() << ": " << done.err);
  CHECK(done.code == 0);
}

void await_all(Server& zinit, const Texts& names, const std::string& state = "running") {
  Texts arguments{"wait", "--for", state, "--timeout", "60"};
  arguments.insert(arguments.end(), names.begin(), names.end());
  ctl(zinit, arguments);
}

/// boot(), with clients that outlive a crash.
void boot_crashing(Server& zinit, const Texts& running) {
  zinit.launch();
  REQUIRE(eventually([&] { return zinit.ctl({"ping"}).code == 0; }));
  await_all(zinit, running);
}

/// Makes zinit pass most of the places.
void walk_through(Server& zinit) {
  zinit.add("a", {.exec = alone("a")});
  zinit.add("b", {.exec = alone("b"), .dependencies = "requires = ['a', 'once']"});
  zinit.add("once", {.exec = "echo once >> $T", .service = "oneshot = true"});
  zinit.add("again", {.exec = "printf half; printf 'of a line\\n'; false",
                      .lifecycle = "restart = 'always'\nrestart_delay_ms = 20"});
  zinit.add("stopped", {.exec = alone("stopped"), .service = "status = 'stop'"});
  zinit.add("gone", {.exec = "echo gone >> $T", .dependencies = "after = ['once']"});
  boot_crashing(zinit, {"a", "b"});
  ctl(zinit, {"restart", "b"});
  ctl(zinit, {"stop", "a"});
  ctl(zinit, {"start", "b"});
  await_all(zinit, {"gone"}, "exited");
  zinit.remove("gone");
  zinit.add("next", {.exec = "echo next >> $T", .service = "oneshot = true"});  // in its place
  zinit.add("added", {.exec = alone("added")});
  zinit.add("stopped", {.exec = alone("stopped"), .service = "status = 'stop'\ndescription = 'x'"});
  if (zinit.ctl({"reload"}).code != 0)
    ctl(zinit, {"reload"});  // cut off by the crash: not repeated
  await_all(zinit, {"a", "b", "added"});
  await_all(zinit, {"next"}, "exited");
  CHECK(zinit.ctl({"status", "gone"}).code == 4);
  ctl(zinit, {"reexec"});
  await_all(zinit, {"a", "b", "added"});
  CHECK(zinit.ctl({"is-running", "stopped"}).code == 3);
  CHECK(zinit.shut_down() == 0);
  CHECK(zinit.trace() == Texts{"once", "gone", "next"});
}

/// Makes clients connect to a proxy and to a socket with an instance for each connection. No client
/// notices the crash.
void connect_through(Server& zinit) {
  const std::string socket = free_address();
  const Proxied proxied(zinit, {"echo"});
  zinit.file("each.toml",
             "[service]\nexec = ['cat']\n[socket]\nlisten = ['" + socket + "']\naccept = true\n");
  boot_open(zinit);
  for (const std::string& address : {proxied.front, socket}) {
    INFO(address);
    Client client(address);
    CHECK(client.echo("one") == "one");
    CHECK(client.echo("another") == "another");
    client.finish();
    CHECK(client.read_all() == "");
    CHECK_FALSE(client.was_reset());
  }
  CHECK(zinit.count("start s") <= 1);
}

/// Stops a service, after its own reload. The image that crashes does not begin a step, and the
/// next one does it.
void stop_through(Server& zinit, const std::string& runtime_dir) {
  zinit.add("a", {.exec = "exec sleep 100000",
                  .service = "reload_exec = 'echo reloaded >> $T'\n"
                             "stop_exec = 'echo asked to stop >> $T; kill -9 $MAINPID'\n"
                             "post_exec = 'echo over >> $T'\nruntime_dir = 'a'",
                  .lifecycle = "stop_timeout_ms = 86400000"});
  boot_crashing(zinit, {"a"});
  (void)zinit.ctl({"reload", "a"});  // the crash cuts it off, so its client gets no answer
  zinit.await_trace("reloaded");
  ctl(zinit, {"stop", "a"});
  zinit.await_trace("over");
  CHECK(zinit.trace() == Texts{"reloaded", "asked to stop", "over"});
  CHECK(eventually([&] { return !std::filesystem::exists(runtime_dir); }));
}

/// Starts a service that has a command for each step of a start, and restarts it. The image that
/// crashes does not begin one of them; the next one does it, except a check: its client
/// `may_be_cut` off, and nothing stops.
void start_through(Server& zinit, bool may_be_cut) {
  zinit.add("a", {.exec = alone("a"),
                  .service = "pre_exec = 'echo pre >> $T'\nready_exec = 'echo ready >> $T'\n"
                             "check_exec = 'echo check >> $T'",
                  .more = "[condition]\nexec = 'true'\n[health]\ntype = 'exec'\nexec = 'true'\n"});
  boot_crashing(zinit, {"a"});
  CHECK(zinit.trace() == Texts{"pre", "ready"});
  if (zinit.ctl({"restart", "a"}).code != 0) {
    CHECK(may_be_cut);
    CHECK(zinit.trace() == Texts{"pre", "ready"});
    ctl(zinit, {"restart", "a"});
  }
  await_all(zinit, {"a"});
  CHECK(zinit.trace() == Texts{"pre", "ready", "check", "pre", "ready"});
}

/// Adds oneshots `a` and `b` with this section, which trace themselves.
void add_two(Server& zinit, const std::string& section, const std::string& then = "") {
  for (const std::string name : {"a", "b"})
    zinit.add(
        name,
        {.exec = "echo " + name + " >> $T" + then, .service = "oneshot = true", .more = section});
}

/// They are due at the same moment. zinit crashes during the start of the first; each starts once,
/// the second one after the first.
void await_two(Server& zinit) {
  zinit.await_trace("a");
  zinit.await_trace("b");
  zinit.await_settled();
  CHECK(zinit.count("a") == 1);
  CHECK(zinit.count("b") == 1);
}

void time_through(Server& zinit, const std::string& then) {
  add_two(zinit, "[timer]\non_boot_ms = 1\n", then);
  zinit.launch();
  await_two(zinit);
}

void change_through(Server& zinit) {
  zinit.put("file", "");
  add_two(zinit, "[path]\nchanged = '" + zinit.path("file") + "'\n");
  zinit.boot();
  (void)zinit.reload();  // answered after the first check of the file
  zinit.put("file", "changed");
  zinit.reconnect();  // the crash has closed the connection
  await_two(zinit);
}

/// A second file appears in a directory whose first file has started the service. zinit crashes
/// when only an event has reported the file.
void appear_through(Server& zinit) {
  zinit.put("in/one", "");
  zinit.add("a", {.exec = "echo a >> $T; exec sleep 100000",
                  .more = "[path]\ndirectory_not_empty = '" + zinit.path("in") + "'\n"});
  zinit.boot();
  zinit.await_trace("a");
  (void)zinit.stop("a");
  zinit.settle();  // a change before zinit knows of the stop does not start it
  zinit.put("in/two", "");
  zinit.reconnect();
  zinit.await_trace("a", 2);
  zinit.await_settled();
  CHECK(zinit.count("a") == 2);
}

/// zinit crashes when it has taken the signal, and has read no file yet.
void signal_through(Server& zinit) {
  zinit.add("a");
  zinit.boot({"a"});
  zinit.add("b", {.exec = "echo b >> $T; exec sleep 100000"});
  zinit.signal(SIGHUP);
  zinit.await_trace("b");
}

void delete_through(Server& zinit) {
  zinit.add("a");
  zinit.boot({"a"});
  zinit.connect().begin("service.delete", R"(["a",true])");
  REQUIRE(eventually([&] {
    zinit.reconnect();
    return zinit.result("service.list").texts().empty();
  }));
  CHECK(entries_of(zinit.config()).empty());
}

/// The main process of a service changes `times` times, to a process that is no child of zinit. The
/// last change is cut by a crash. Only the end of the last main process counts.
void change_main_through(Server& zinit, int times) {
  Texts steps{"send", "READY=1"};
  for (int i = 0; i < times; ++i)
    steps.insert(steps.end(), {"await", zinit.path("go" + std::to_string(i)), "other"});
  steps.emplace_back("sleep");
  zinit.file("a.toml", says(steps, kAll));
  boot_crashing(zinit, {"a"});
  const auto main_pid = [&] {
    const std::string status = zinit.ctl({"--json", "status", "a"}).out, name = "\"main_pid\":";
    const auto at = status.find(name);
    return at == status.npos ? 0 : std::atoi(status.c_str() + at + name.size());
  };
  std::vector<pid_t> mains{main_pid()};
  for (int i = 0; i < times; ++i) {
    zinit.mark("go" + std::to_string(i));
    if (i == times - 1) zinit.await_message("this was a recovery from a fault");
    pid_t now = 0;
    REQUIRE(eventually([&] {
      now = main_pid();
      return now != 0 && now != mains.back();
    }));
    mains.push_back(now);
  }
  zinit.reconnect();
  if (times > 1) {
    REQUIRE(::kill(mains[mains.size() - 2], SIGKILL) == 0);
    zinit.settle();
    CHECK(zinit.pid_of("a") == mains.back());
  }
  CHECK(zinit.status("a")["restart_count"] == 0);
  REQUIRE(::kill(mains.back(), SIGKILL) == 0);
  zinit.await_new_pid("a", mains.back());
  CHECK(zinit.status("a")["restart_count"] == 1);
}

TEST_CASE("a crash while a process is made loses no service, and starts none twice",
          "[check][killpoints]") {
  crash_at(
      {"clone.before", "clone.before:3", "clone.after", "clone.after:3", "launch.noted",
       "launch.noted:4", "launch.done", "launch.done:4", "launch.recorded", "launch.recorded:4"},
      walk_through);
}

TEST_CASE("a crash while a state changes loses no service, and starts none twice",
          "[check][killpoints]") {
  crash_at({"transition", "transition:5", "transition:9", "transition:14", "transition.applied",
            "transition.applied:4", "transition.applied:8", "transition.applied:13", "reap.before",
            "reap.before:3", "reap.after", "reap.after:2"},
           walk_through);
}

TEST_CASE("a crash while something is noted loses no service, and starts none twice",
          "[check][killpoints]") {
  crash_at(
      {"journal.redo_torn:20", "journal.redo:25", "journal.torn:30", "reload.swapped",
       "reload.swapped:2", "reload.kept", "reload.kept:2", "facts.before:3", "facts.after:3",
       "facts.before:6", "facts.after:6", "read.done", "read.stored", "read.stored:2", "read.kept"},
      walk_through);
}

TEST_CASE("a crash in a re-execution or a shutdown loses no service, and starts none twice",
          "[check][killpoints]") {
  crash_at({"reexec.stopped", "reexec.execute", "reexec.taken", "reexec.journal", "reexec.restored",
            "shutdown.begun", "shutdown.through"},
           walk_through);
}

TEST_CASE("what was ordered and had not begun when zinit crashed is done by the next image",
          "[check][killpoints]") {
  const TempDir run;
  Server::Options options{.env = {"XDG_RUNTIME_DIR=" + run.path()}};
  if (geteuid() == 0) {  // its runtime directories are in /run
    options.uid = 64126;
    REQUIRE(chown(run.path().c_str(), *options.uid, *options.uid) == 0);
  }
  crash_at(
      {"order.main", "launch.done", "order.reload", "order.stop", "order.post", "order.clean"},
      [&](Server& zinit) { stop_through(zinit, run / "a"); }, options);
  crash_at({"order.condition", "order.pre", "order.probe", "order.ready"},
           [](Server& zinit) { start_through(zinit, false); });
  crash_at({"order.check"}, [](Server& zinit) { start_through(zinit, true); });
}

TEST_CASE("a start that a timer or a file has asked for comes once over a crash",
          "[check][killpoints][timer][path]") {
  crash_at({"timer.kept"}, [](Server& zinit) { time_through(zinit, ""); });
  // When the service has ended, as a second start would run it again.
  const TempDir dir;
  crash_at({"timer.started"}, [&](Server& zinit) { time_through(zinit, "; : > " + dir / "ran"); },
           {.env = {"ZINIT_KILL_WHEN=" + dir / "ran"}});
  crash_at({"path.seen", "path.kept", "path.started"}, change_through);
  crash_at({"path.seen"}, appear_through);
}

TEST_CASE("a reload that a signal has asked for comes over a crash", "[check][killpoints]") {
  crash_at({"reload.owed"}, signal_through);
}

TEST_CASE("a service whose removal a crash cuts before its stop is removed all the same",
          "[check][killpoints][runtime]") {
  crash_at({"delete.stop"}, delete_through);
}

TEST_CASE("a crash while the main process changes leaves the new one, and its end alone counts",
          "[check][killpoints][readiness]") {
  crash_at({"main.stored"}, [](Server& zinit) { change_main_through(zinit, 1); });
  crash_at({"main.stored:2"}, [](Server& zinit) { change_main_through(zinit, 2); });
}

TEST_CASE("a crash while a connection is served loses neither it nor a byte",
          "[check][killpoints][xinet][sockets]") {
  crash_at({"proxy.accepted", "proxy.connected", "relay.taken", "relay.taken:2", "relay.passed",
            "relay.passed:2", "instance.accepted", "instance.added"},
           connect_through);
}

}  // namespace
}  // namespace zinit::test::reexec_kill_points
