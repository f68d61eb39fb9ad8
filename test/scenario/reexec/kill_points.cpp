// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Crashes at each place at which zinit's notes may differ from the facts (base/kill_point.hpp). The
// release build has no such places: these scenarios, tagged [killpoints], run only with MODE=check.
#include "scenario/harness.hpp"
#include "scenario/harness/peer.hpp"
#include "scenario/harness/proxies.hpp"

namespace zinit::test::reexec_kill_points {
namespace {

constexpr uid_t kUser = 64126;

/// A service that logs an error if two of it run at a time.
std::string alone(const std::string& name) {
  return "exec flock -n -E 99 $D/" + name + ".lock sh -c 'echo begins; exec sleep 100000' || " +
         "echo two-of-" + name + " >> $T";
}

/// The program beside this one: a check build takes longer to begin than all its requests take.
std::string zinit_of_release() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path() / "zinit";
}

/// Makes zinit pass all the places. One process image crashes at `point`.
void walk_through(const std::string& point) {
  INFO(point);
  const TempDir dir;
  const std::string mark = dir / "crashed";
  Server zinit(
      {.env = {"ZINIT_KILL_AT=" + point, "ZINIT_KILL_MARK=" + mark}, .client = zinit_of_release()});
  const auto ctl = [&](const Texts& arguments) {
    const Outcome done = zinit.ctl(arguments);
    INFO(arguments.front() << ": " << done.err);
    CHECK(done.code == 0);
  };
  const auto await_running = [&](const Texts& names) {
    Texts arguments{"wait"};
    arguments.insert(arguments.end(), names.begin(), names.end());
    arguments.insert(arguments.end(), {"--for", "running", "--timeout", "60"});
    ctl(arguments);
  };
  zinit.add("a", {.exec = alone("a")});
  zinit.add("b", {.exec = alone("b"), .dependencies = "requires = ['a', 'once']"});
  zinit.add("once", {.exec = "echo once >> $T", .service = "oneshot = true"});
  zinit.add("again", {.exec = "printf half; printf 'of a line\\n'; false",
                      .lifecycle = "restart = 'always'\nrestart_delay_ms = 20"});
  zinit.add("stopped", {.exec = alone("stopped"), .service = "status = 'stop'"});
  zinit.add("gone", {.exec = "echo gone >> $T", .dependencies = "after = ['once']"});
  zinit.launch();
  REQUIRE(eventually([&] { return zinit.ctl({"ping"}).code == 0; }));
  await_running({"a", "b"});
  ctl({"restart", "b"});
  ctl({"stop", "a"});
  ctl({"start", "b"});
  ctl({"wait", "gone", "--for", "exited", "--timeout", "60"});
  zinit.remove("gone");
  zinit.add("next", {.exec = "echo next >> $T", .service = "oneshot = true"});  // in its place
  zinit.add("added", {.exec = alone("added")});
  zinit.add("stopped", {.exec = alone("stopped"), .service = "status = 'stop'\ndescription = 'x'"});
  if (zinit.ctl({"reload"}).code != 0) ctl({"reload"});  // the crash cuts it off: not repeated
  await_running({"a", "b", "added"});
  ctl({"wait", "next", "--for", "exited", "--timeout", "60"});
  CHECK(zinit.ctl({"status", "gone"}).code == 4);
  ctl({"reexec"});
  await_running({"a", "b", "added"});
  CHECK(zinit.ctl({"is-running", "stopped"}).code == 3);
  zinit.signal(SIGTERM);
  CHECK(zinit.exit_code() == 0);
  CHECK(zinit.trace() == Texts{"once", "gone", "next"});
  CHECK(std::filesystem::exists(mark));  // zinit has reached the place
}

/// Makes clients connect to a proxy and to a socket with an instance for each connection. One
/// process image crashes at `point`, and no client notices.
void connect_through(const std::string& point) {
  INFO(point);
  const TempDir dir;
  const std::string mark = dir / "crashed", socket = free_address();
  Server zinit({.env = {"ZINIT_KILL_AT=" + point, "ZINIT_KILL_MARK=" + mark}});
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
  CHECK(std::filesystem::exists(mark));
}

/// Stops a service, after its own reload. One process image crashes at `point`, before it begins a
/// step; the next one does the step.
void stop_through(const std::string& point) {
  INFO(point);
  const TempDir dir, run;
  const std::string mark = dir / "crashed";
  Server::Options options{
      .env = {"ZINIT_KILL_AT=" + point, "ZINIT_KILL_MARK=" + mark, "XDG_RUNTIME_DIR=" + run.path()},
      .client = zinit_of_release()};
  if (geteuid() == 0) {  // its runtime directories are in /run
    options.uid = kUser;
    for (const TempDir* const one : {&dir, &run})
      REQUIRE(chown(one->path().c_str(), kUser, kUser) == 0);
  }
  Server zinit(options);
  zinit.add("a", {.exec = "exec sleep 100000",
                  .service = "reload_exec = 'echo reloaded >> $T'\n"
                             "stop_exec = 'echo asked to stop >> $T; kill -9 $MAINPID'\n"
                             "post_exec = 'echo over >> $T'\nruntime_dir = 'a'",
                  .lifecycle = "stop_timeout_ms = 86400000"});
  zinit.launch();
  REQUIRE(eventually([&] { return zinit.ctl({"ping"}).code == 0; }));
  CHECK(zinit.ctl({"wait", "a", "--for", "running", "--timeout", "60"}).code == 0);
  (void)zinit.ctl({"reload", "a"});  // the crash cuts it off, so its client gets no answer
  zinit.await_trace("reloaded");
  CHECK(zinit.ctl({"stop", "a"}).code == 0);
  zinit.await_trace("over");
  CHECK(zinit.trace() == Texts{"reloaded", "asked to stop", "over"});
  CHECK(eventually([&] { return !std::filesystem::exists(run / "a"); }));
  CHECK(std::filesystem::exists(mark));
}

/// Starts a service that has a command for each step of a start, and restarts it. One process image
/// crashes at `point`, before it begins one of them; the next one does it, except a check: its
/// client is cut off, and nothing stops.
void start_through(const std::string& point) {
  INFO(point);
  const TempDir dir;
  const std::string mark = dir / "crashed";
  Server zinit(
      {.env = {"ZINIT_KILL_AT=" + point, "ZINIT_KILL_MARK=" + mark}, .client = zinit_of_release()});
  zinit.add("a", {.exec = alone("a"),
                  .service = "pre_exec = 'echo pre >> $T'\nready_exec = 'echo ready >> $T'\n"
                             "check_exec = 'echo check >> $T'",
                  .more = "[condition]\nexec = 'true'\n[health]\ntype = 'exec'\nexec = 'true'\n"});
  zinit.launch();
  REQUIRE(eventually([&] { return zinit.ctl({"ping"}).code == 0; }));
  CHECK(zinit.ctl({"wait", "a", "--for", "running", "--timeout", "60"}).code == 0);
  CHECK(zinit.trace() == Texts{"pre", "ready"});
  if (zinit.ctl({"restart", "a"}).code != 0) {
    CHECK(point == "order.check");
    CHECK(zinit.trace() == Texts{"pre", "ready"});
    CHECK(zinit.ctl({"restart", "a"}).code == 0);
  }
  CHECK(zinit.ctl({"wait", "a", "--for", "running", "--timeout", "60"}).code == 0);
  CHECK(zinit.trace() == Texts{"pre", "ready", "check", "pre", "ready"});
  CHECK(std::filesystem::exists(mark));
}

/// A oneshot that writes its name to the trace, with this section.
Toml triggered(const std::string& name, const std::string& section) {
  return {.exec = "echo " + name + " >> $T", .service = "oneshot = true", .more = section};
}

/// Two timers are due at the same moment. One process image crashes at `point`, during the start of
/// the first; each service starts once, the second one after the first. At "timer.started" it
/// crashes when the service has ended: a second start would run it again.
void time_through(const std::string& point) {
  INFO(point);
  const TempDir dir;
  const std::string mark = dir / "crashed", ran = dir / "ran";
  Texts env{"ZINIT_KILL_AT=" + point, "ZINIT_KILL_MARK=" + mark};
  if (point == "timer.started") env.push_back("ZINIT_KILL_WHEN=" + ran);
  Server zinit({.env = env});
  for (const std::string name : {"a", "b"})
    zinit.add(name, {.exec = "echo " + name + " >> $T; : > " + ran,
                     .service = "oneshot = true",
                     .more = "[timer]\non_boot_ms = 1\n"});
  zinit.launch();
  zinit.await_trace("a");
  zinit.await_trace("b");
  zinit.await_settled();
  CHECK(zinit.count("a") == 1);
  CHECK(zinit.count("b") == 1);
  CHECK(std::filesystem::exists(mark));
}

/// A file changes that two services wait for. One process image crashes at `point`, during the
/// start of the first; each service starts once, the second one after the first.
void change_through(const std::string& point) {
  INFO(point);
  const TempDir dir;
  const std::string mark = dir / "crashed";
  Server zinit({.env = {"ZINIT_KILL_AT=" + point, "ZINIT_KILL_MARK=" + mark}});
  zinit.put("file", "");
  for (const char* name : {"a", "b"})
    zinit.add(name, triggered(name, "[path]\nchanged = '" + zinit.path("file") + "'\n"));
  zinit.boot();
  (void)zinit.reload();  // answered after the first check of the file
  zinit.put("file", "changed");
  zinit.reconnect();  // the crash has closed the connection
  zinit.await_trace("a");
  zinit.await_trace("b");
  zinit.await_settled();
  CHECK(zinit.count("a") == 1);
  CHECK(zinit.count("b") == 1);
  CHECK(std::filesystem::exists(mark));
}

/// A second file appears in a directory whose first file has started the service. One process image
/// crashes at `point`, when only an event has reported the file.
void appear_through(const std::string& point) {
  INFO(point);
  const TempDir dir;
  const std::string mark = dir / "crashed";
  Server zinit({.env = {"ZINIT_KILL_AT=" + point, "ZINIT_KILL_MARK=" + mark}});
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
  CHECK(std::filesystem::exists(mark));
}

/// Walks through `points`: each is a place, and the count of passes up to the crash.
void walk_through_all(const Texts& points, void (*walk)(const std::string& point) = walk_through) {
  for (const std::string& point : points) walk(point);
}

TEST_CASE("a crash while a process is made loses no service, and starts none twice",
          "[check][killpoints]") {
  walk_through_all({"clone.before", "clone.before:3", "clone.after", "clone.after:3",
                    "launch.noted", "launch.noted:4", "launch.done", "launch.done:4",
                    "launch.recorded", "launch.recorded:4"});
}

TEST_CASE("a crash while a state changes loses no service, and starts none twice",
          "[check][killpoints]") {
  walk_through_all({"transition", "transition:5", "transition:9", "transition:14",
                    "transition.applied", "transition.applied:4", "transition.applied:8",
                    "transition.applied:13", "reap.before", "reap.before:3", "reap.after",
                    "reap.after:2"});
}

TEST_CASE("a crash while something is noted loses no service, and starts none twice",
          "[check][killpoints]") {
  walk_through_all({"journal.redo_torn:20", "journal.redo:25", "journal.torn:30", "reload.swapped",
                    "reload.swapped:2", "reload.kept", "reload.kept:2", "facts.before:3",
                    "facts.after:3", "facts.before:6", "facts.after:6", "read.done", "read.stored",
                    "read.stored:2", "read.kept"});
}

TEST_CASE("a crash in a re-execution or a shutdown loses no service, and starts none twice",
          "[check][killpoints]") {
  walk_through_all({"reexec.stopped", "reexec.execute", "reexec.taken", "reexec.journal",
                    "reexec.restored", "shutdown.begun", "shutdown.through"});
}

TEST_CASE("what was ordered and had not begun when zinit crashed is done by the next image",
          "[check][killpoints]") {
  walk_through_all({"order.main", "order.reload", "order.stop", "order.post", "order.clean"},
                   stop_through);
  walk_through_all({"order.condition", "order.pre", "order.probe", "order.ready", "order.check"},
                   start_through);
}

TEST_CASE("a start that a timer or a file has asked for comes once over a crash",
          "[check][killpoints][timer][path]") {
  walk_through_all({"timer.kept", "timer.started"}, time_through);
  walk_through_all({"path.seen", "path.kept", "path.started"}, change_through);
  walk_through_all({"path.seen"}, appear_through);
}

TEST_CASE("a crash while a connection is served loses neither it nor a byte",
          "[check][killpoints][xinet][sockets]") {
  walk_through_all({"proxy.accepted", "proxy.connected", "relay.taken", "relay.taken:2",
                    "relay.passed", "relay.passed:2", "instance.accepted", "instance.added"},
                   connect_through);
}

}  // namespace
}  // namespace zinit::test::reexec_kill_points
