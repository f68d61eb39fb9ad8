// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// [path] of services: files start services.
#include "scenario/harness.hpp"
namespace zinit::test::activation_paths {
namespace {

/// A oneshot that writes a line when it runs, with this [path].
Toml by_path(const std::string& path, const std::string& exec = "echo ran >>$T") {
  return {.exec = exec,
          .service = "oneshot = true",
          .lifecycle = "restart_delay_ms = 100",
          .more = "[path]\n" + path + "\n"};
}

std::string key(const std::string& name, const std::string& path) {
  return name + " = " + toml_string(path);
}

/// Waits until zinit has seen all changes of files so far: it starts a service for a later file.
void await_seen(Server& zinit) {
  static int number = 0;
  const std::string name = "seen" + std::to_string(++number);
  zinit.add(name, by_path(key("exists", zinit.path(name)), "echo " + name + " >>$T"));
  (void)zinit.reload();
  zinit.mark(name);
  zinit.await_trace(name);
}

void boot(Server& zinit) {
  zinit.add("other");
  zinit.boot({"other"});
  await_seen(zinit);
}

TEST_CASE("a file that appears starts the service, and again when it appears again", "[path]") {
  Server zinit;
  const std::string path = zinit.path("in/deep/file");
  zinit.add("s", by_path(key("exists", path)));
  boot(zinit);
  CHECK_FALSE(zinit.traced("ran"));
  CHECK_THAT(zinit.ctl({"why", "s"}).out, Contains("waits for a file of its [path]"));
  SECTION("with its folders") {
    zinit.put("in/deep/file", "");
    zinit.await_trace("ran");
    await_seen(zinit);
    CHECK(zinit.count("ran") == 1);
    REQUIRE(::unlink(path.c_str()) == 0);
    await_seen(zinit);
    zinit.put("in/deep/file", "");
    zinit.await_trace("ran", 2);
  }
  SECTION("by renaming a folder above it") {
    zinit.put("away/deep/file", "");
    await_seen(zinit);
    CHECK_FALSE(zinit.traced("ran"));
    REQUIRE(::rename(zinit.path("away").c_str(), zinit.path("in").c_str()) == 0);
    zinit.await_trace("ran");
    REQUIRE(::rename(zinit.path("in").c_str(), zinit.path("gone").c_str()) == 0);
    await_seen(zinit);
    zinit.put("in/deep/file", "");
    zinit.await_trace("ran", 2);
  }
  SECTION("through a symbolic link that is made last") {
    zinit.put("away/deep/file", "");
    REQUIRE(::symlink("away", zinit.path("in").c_str()) == 0);
    zinit.await_trace("ran");
  }
}

TEST_CASE("a file that is there when the service is loaded starts it", "[path]") {
  Server zinit;
  zinit.mark("file");
  zinit.put("spool/one", "");
  zinit.add("e", by_path(key("exists", zinit.path("file")), "echo e >>$T"));
  zinit.add("d",
            by_path(key("directory_not_empty", zinit.path("spool")), "echo d >>$T; rm $D/spool/*"));
  zinit.add("c", by_path(key("changed", zinit.path("file")), "echo c >>$T"));
  boot(zinit);
  zinit.await_trace("e");
  zinit.await_trace("d");
  await_seen(zinit);
  zinit.await_settled();
  CHECK_FALSE(zinit.traced("c"));
  CHECK(zinit.count("e") == 1);
}

TEST_CASE("a file that changes starts the service once for each change", "[path]") {
  Server zinit;
  const std::string path = zinit.path("conf");
  zinit.add("s", by_path(key("changed", path)));
  boot(zinit);
  int times = 0;
  const auto expect_run = [&] {
    zinit.await_trace("ran", ++times);
    zinit.await_settled();
    await_seen(zinit);
    CHECK(zinit.count("ran") == times);
  };
  write_file(path, "one");  // made, written and closed
  expect_run();
  write_file(path, "two");
  expect_run();
  write_file(path + ".new", "three");
  REQUIRE(::rename((path + ".new").c_str(), path.c_str()) == 0);
  expect_run();
  REQUIRE(::unlink(path.c_str()) == 0);
  expect_run();
  write_file(zinit.path("else"), "");
  REQUIRE(::symlink("else", path.c_str()) == 0);
  expect_run();
  write_file(zinit.path("else"), "behind the link");
  expect_run();
}

TEST_CASE("what changes while the service runs makes it run once more", "[path]") {
  Server zinit;
  const std::string path = zinit.path("conf");
  zinit.add(
      "s", by_path(key("changed", path), "echo ran >>$T; until [ -e $D/go ]; do sleep 0.05; done"));
  boot(zinit);
  write_file(path, "one");
  zinit.await_trace("ran");
  for (int i = 0; i < 5; ++i) write_file(path, std::to_string(i));
  await_seen(zinit);
  CHECK(zinit.count("ran") == 1);
  SECTION("also over a re-execution") { zinit.reexecute(); }
  SECTION("without one") {}
  zinit.mark("go");
  zinit.await_trace("ran", 2);
  zinit.await_settled();
  await_seen(zinit);
  CHECK(zinit.count("ran") == 2);
}

TEST_CASE("what is in a folder changes it", "[check][path]") {
  Server zinit;
  zinit.put("folder/there", "");
  zinit.add("s", by_path(key("changed", zinit.path("folder"))));
  boot(zinit);
  write_file(zinit.path("folder/new"), "text");
  zinit.await_trace("ran");
  zinit.await_settled();
  write_file(zinit.path("folder/there"), "text");
  zinit.await_trace("ran", 2);
  zinit.await_settled();
  REQUIRE(::unlink(zinit.path("folder/there").c_str()) == 0);
  zinit.await_trace("ran", 3);
}

TEST_CASE("a folder that is not empty starts the service until it is", "[path]") {
  Server zinit;
  zinit.put("spool/.keep", "");
  REQUIRE(::unlink(zinit.path("spool/.keep").c_str()) == 0);
  const std::string one = "set -- $D/spool/*; [ -e \"$1\" ] && rm \"$1\" && echo ran >>$T";
  zinit.add("s", by_path(key("directory_not_empty", zinit.path("spool")), one));
  boot(zinit);
  CHECK_FALSE(zinit.traced("ran"));
  for (const char* name : {"a", "b", "c"}) zinit.put(std::string("all/") + name, "");
  REQUIRE(::rmdir(zinit.path("spool").c_str()) == 0);
  REQUIRE(::rename(zinit.path("all").c_str(), zinit.path("spool").c_str()) == 0);
  zinit.await_trace("ran", 3);  // one file for each run
  await_seen(zinit);
  CHECK(zinit.count("ran") == 3);
  CHECK(zinit.status("s")["state"] == "exited");
}

TEST_CASE("a folder that fills does not start again what was stopped on request", "[path]") {
  Server zinit;
  zinit.put("spool/one", "");
  zinit.add("s",
            by_path(key("directory_not_empty", zinit.path("spool")), "echo ran >>$T; sleep 1000"));
  boot(zinit);
  zinit.await_trace("ran");
  (void)zinit.stop("s");
  await_seen(zinit);
  CHECK(zinit.count("ran") == 1);
  zinit.put("spool/two", "");
  zinit.await_trace("ran", 2);
}

TEST_CASE("files that change while zinit executes itself again, or has crashed, are seen",
          "[path][reexec]") {
  Server zinit;
  zinit.put("conf", "one");
  zinit.add("s", by_path(key("changed", zinit.path("conf"))));
  boot(zinit);
  zinit.reexecute();
  await_seen(zinit);
  CHECK_FALSE(zinit.traced("ran"));
  // After SIGCONT the previous process image gets no further than its crash.
  REQUIRE(::kill(zinit.pid(), SIGSTOP) == 0);
  write_file(zinit.path("conf"), "two");
  zinit.fault();
  REQUIRE(::kill(zinit.pid(), SIGCONT) == 0);
  zinit.reconnect();
  zinit.await_trace("ran");
  zinit.await_settled();
  Connection client = zinit.connect();
  REQUIRE(::kill(zinit.pid(), SIGSTOP) == 0);
  REQUIRE(client.begin("system.reexec"));
  write_file(zinit.path("conf"), "three");
  REQUIRE(::kill(zinit.pid(), SIGCONT) == 0);
  while (client.line()) {}
  zinit.reconnect();
  zinit.await_trace("ran", 2);
  zinit.await_settled();
  await_seen(zinit);
  CHECK(zinit.count("ran") == 2);
}

TEST_CASE("a change that waits for the delay of a stopped service outlasts a re-execution",
          "[path][reexec]") {
  Server zinit;
  zinit.put("conf", "one");
  Toml toml = by_path(key("changed", zinit.path("conf")));
  toml.lifecycle = "restart_delay_ms = 86400000";
  zinit.add("s", toml);
  boot(zinit);
  write_file(zinit.path("conf"), "two");
  zinit.await_trace("ran");
  zinit.await_settled();
  (void)zinit.stop("s");
  zinit.settle();  // a change before zinit knows of the stop does not start it
  write_file(zinit.path("conf"), "three");
  await_seen(zinit);
  CHECK(zinit.count("ran") == 1);
  zinit.reexecute();
  zinit.await_trace("ran", 2);
}

TEST_CASE("more changes than the kernel keeps lose none that counts", "[path]") {
  const int most = std::stoi(read_file("/proc/sys/fs/inotify/max_queued_events"));
  if (most > 100000) return skip("this kernel keeps more events than files are made here");
  Server zinit;
  zinit.put("folder/first", "");
  zinit.add("s", by_path(key("changed", zinit.path("folder"))));
  zinit.add("late", by_path(key("exists", zinit.path("folder/late")), "echo late >>$T"));
  boot(zinit);
  REQUIRE(::kill(zinit.pid(), SIGSTOP) == 0);
  for (int i = 0; i <= most; ++i) zinit.put("folder/" + std::to_string(i), "");
  zinit.mark("folder/late");  // its event is lost
  REQUIRE(::kill(zinit.pid(), SIGCONT) == 0);
  zinit.await_trace("ran");
  zinit.await_trace("late");
}

TEST_CASE("a path where the kernel does not report changes is warned of", "[path]") {
  Server zinit;
  zinit.add("s", by_path(key("exists", "/proc/self/nothing")));
  zinit.boot();
  zinit.await_message("/proc/self/nothing is on a file system of type proc");
  CHECK_THAT(zinit.ctl({"why", "s"}).out, Contains("of type proc"));
}

TEST_CASE("status ignore disables a [path], which is looked at when it is ignored no longer",
          "[path]") {
  Server zinit;
  Toml ignored = by_path(key("exists", zinit.path("file")));
  ignored.service += "\nstatus = 'ignore'";
  zinit.add("i", ignored);
  Toml toml = by_path(key("directory_not_empty", zinit.path("spool")));
  zinit.put("spool/one", "");
  toml.service += "\nstatus = 'ignore'";
  zinit.add("s", toml);
  boot(zinit);
  zinit.mark("file");
  await_seen(zinit);
  CHECK_FALSE(zinit.traced("ran"));

  CHECK_FALSE(zinit.traced("ran"));
  zinit.add("s", by_path(key("directory_not_empty", zinit.path("spool"))));
  (void)zinit.reload();
  zinit.await_trace("ran");
}

TEST_CASE("a stop on request counts for what has happened to files before", "[path]") {
  Server zinit;
  const std::string path = zinit.path("file");
  zinit.add("s", by_path(key("exists", path), "echo ran >>$T; sleep 1000"));
  boot(zinit);
  zinit.mark("file");
  zinit.await_trace("ran");
  REQUIRE(::unlink(path.c_str()) == 0);
  zinit.mark("file");
  await_seen(zinit);
  CHECK(zinit.ctl({"stop", "s"}).code == 0);
  await_seen(zinit);
  CHECK(zinit.count("ran") == 1);
  REQUIRE(::unlink(path.c_str()) == 0);
  zinit.mark("file");
  zinit.await_trace("ran", 2);
}

TEST_CASE("what comes and goes during a run starts no other", "[path]") {
  Server zinit;
  const std::string path = zinit.path("file");
  zinit.add("s", by_path(key("exists", path),
                         "echo ran >>$T; while ! [ -e $D/go ]; do sleep 0.01; done"));
  boot(zinit);
  zinit.mark("file");
  zinit.await_trace("ran");
  for (int i = 0; i < 2; ++i) {
    REQUIRE(::unlink(path.c_str()) == 0);
    if (i == 0) zinit.mark("file");
    await_seen(zinit);
  }
  zinit.mark("go");
  zinit.await_state("s", "exited");
  await_seen(zinit);
  CHECK(zinit.count("ran") == 1);
}

}  // namespace
}  // namespace zinit::test::activation_paths
