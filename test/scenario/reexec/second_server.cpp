// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A server beside another, or after one that was killed: no service runs twice.
#include "scenario/harness.hpp"
#include "scenario/harness/crashing.hpp"
#include "scenario/harness/dialog.hpp"
#include "scenario/harness/left_processes.hpp"
namespace zinit::test::reexec_second_server {
namespace {

void add_some(Server& zinit) {
  zinit.add("a", {.exec = tracing("a")});
  zinit.add("b", {.exec = "echo start b >> $T; sleep 100000 & exec sleep 100000",
                  .dependencies = "requires = ['a']"});
  zinit.add("once", {.exec = "echo once >> $T", .service = "oneshot = true"});
  zinit.add("later", {.exec = tracing("later"), .service = "status = 'stop'"});
}

/// A killed server's services go on under the next server, which supervises them.
void check_goes_on(Server& zinit) {
  add_some(zinit);
  zinit.boot({"a", "b"});
  zinit.await_state("once", "exited");
  zinit.await_trace("start b");
  const pid_t first = zinit.pid(), a = zinit.pid_of("a"), b = zinit.pid_of("b");
  CHECK(zinit.shut_down(SIGKILL) == 128 + SIGKILL);
  zinit.add("new", {.exec = tracing("new")});
  zinit.boot({"a", "b", "new"});
  CHECK(zinit.pid_of("a") == a);
  CHECK(zinit.pid_of("b") == b);
  CHECK(zinit.state("once") == "exited");
  CHECK(zinit.status("once")["summary"] == "ok");
  CHECK(zinit.state("later") == "inactive");
  CHECK_THAT(zinit.messages(), Contains("the server with pid " + std::to_string(first)));
  CHECK_THAT(zinit.messages(), Contains("b: its output is lost until it is restarted"));
  const auto is_unheard = [&](const std::string& name) {
    const std::string lost = "its output is lost until it is restarted";
    CHECK_THAT(zinit.status(name)["warnings"].dump(), Contains(lost));
    CHECK_THAT(zinit.ctl({"why", name}).out, Contains(lost));
  };
  is_unheard("b");
  CHECK(zinit.status("new")["warnings"].size() == 0);
  // The server still knows them after a re-execution and a crash, although they are not children.
  zinit.reexecute();
  crash(zinit);
  CHECK(zinit.pid_of("a") == a);
  CHECK(zinit.pid_of("b") == b);
  is_unheard("b");
  // The server notices an end, and kills the rest of the group before it starts the service again.
  REQUIRE(kill(b, SIGKILL) == 0);
  const pid_t next = zinit.await_new_pid("b", b);
  zinit.await_trace("start b", 2);
  zinit.restart("a");
  zinit.await_trace("start a", 2);
  CHECK_THAT(zinit.status("a")["warnings"].dump(), !Contains("output is lost"));
  CHECK(zinit.count("stop a") == 1);
  CHECK(next != b);
  CHECK(zinit.count("once") == 1);
  CHECK(zinit.shut_down() == 0);
}

/// No service runs twice that the next server has no file of: its process is stopped.
void check_is_stopped(Server& zinit) {
  zinit.add("kept", {.exec = tracing("kept")});
  zinit.add("gone", {.exec = tracing("gone")});
  zinit.boot({"kept", "gone"});
  const std::string set = R"({"config":{"service":{"name":"set","exec":"sleep 100000"}}})";
  (void)zinit.result("service.set", set);
  (void)zinit.result("service.start", R"(["set",true])");
  const pid_t kept = zinit.pid_of("kept"), gone = zinit.pid_of("gone"), was = zinit.pid_of("set");
  CHECK(zinit.shut_down(SIGKILL) == 128 + SIGKILL);
  zinit.remove("gone");
  zinit.boot({"kept"});
  (void)zinit.result("service.set", set);
  (void)zinit.result("service.start", R"(["set",true])");
  CHECK(eventually([&] { return !alive(was); }));
  CHECK(zinit.pid_of("set") != was);
  CHECK(eventually([&] { return !alive(gone); }));
  CHECK_THAT(zinit.messages(), Contains("gone: pid " + std::to_string(gone) +
                                        " is stopped, because zinit no longer knows the service"));
  CHECK(zinit.count("stop gone") == 1);
  CHECK(zinit.pid_of("kept") == kept);
  CHECK(eventually([&] { return zinit.ctl({"list"}).out.find("gone") == std::string::npos; }));
  CHECK(zinit.shut_down() == 0);
}

/// A command of pre_exec is no main process: it is stopped, and the service starts again. Nor is
/// its child, which has no environment that would say so.
void check_starts_again(Server& zinit) {
  const std::string pre = "pre_exec = '''env -i sleep 100000 & echo pre >> $T; while ! test -e " +
                          zinit.path("go") + "; do sleep 0.01; done'''";
  zinit.add("a", {.exec = tracing("a"), .service = pre});
  zinit.add("job", {.exec = "true", .service = pre + "\noneshot = true"});
  zinit.add("b", {.dependencies = "requires = ['a']"});
  zinit.boot();
  zinit.await_trace("pre", 2);
  const pid_t first = zinit.pid_of("a");
  CHECK(zinit.shut_down(SIGKILL) == 128 + SIGKILL);
  zinit.boot();
  zinit.await_trace("pre", 4);
  CHECK_FALSE(alive(first));
  CHECK(zinit.state("a") == "starting");
  CHECK(zinit.state("b") == "blocked");
  zinit.mark("go");
  zinit.await_state("b", "running");
  zinit.await_state("job", "exited");
  zinit.await_started({"a"});
  CHECK(zinit.count("start a") == 1);
  CHECK(zinit.shut_down() == 0);
}

void check_left(Server& zinit) {
  SECTION("commands of pre_exec") { check_starts_again(zinit); }
  SECTION("services that have a file") { check_goes_on(zinit); }
  SECTION("services without one") { check_is_stopped(zinit); }
}

TEST_CASE("what a killed server has left goes on under the next one, and nothing runs twice",
          "[check][reexec][second]") {
  Server zinit;
  check_left(zinit);
}

TEST_CASE("what a killed server without cgroups has left goes on under the next one",
          "[check][root][reexec][second]") {
  if (geteuid() != 0) return skip("needs root");
  Server zinit({.uid = 65534});
  check_left(zinit);
}

TEST_CASE("a server in a service and the outer one keep their services of one name apart",
          "[check][root][reexec][second]") {
  if (geteuid() != 0) return skip("needs root");
  Server zinit({.uid = 65534});  // without cgroups
  const auto leaving = [](const std::string& name) {
    return Toml{.exec = escaping(name) + "while ! [ -s $D/" + name + " ]; do sleep 0.02; done",
                .service = "oneshot = true"};
  };
  zinit.put("inner/a.toml", text_of(leaving("of-inner")));
  zinit.add("inner", {.exec = "exec " + zinit_binary() + " server --config-dir $D/inner " +
                              "--socket $D/inner.sock",
                      .lifecycle = "restart = 'never'"});
  Toml outer = leaving("of-outer");
  outer.service += "\nstatus = 'stop'";
  zinit.add("a", outer);
  zinit.boot({"inner"});
  const pid_t of_inner = escaped_pid(zinit, "of-inner");
  const auto starts_and_stops = [&] {
    std::filesystem::remove(zinit.path("of-outer"));
    (void)zinit.start("a");
    const pid_t own = escaped_pid(zinit, "of-outer");
    const Json status = zinit.await(
        "a", [](const Json& now) { return now["left"].size() > 0; }, "what it has left");
    CHECK(status["left"].size() == 1);
    CHECK_THAT(status["left"].dump(), Contains("\"pid\":" + std::to_string(own)));
    (void)zinit.stop("a");
    CHECK_FALSE(alive(own));
    CHECK(alive(of_inner));
  };
  starts_and_stops();
  // What the inner server has left becomes a child of the outer one.
  REQUIRE(kill(zinit.pid_of("inner"), SIGKILL) == 0);
  zinit.await_state("inner", "failed");
  starts_and_stops();
  // The next inner server finds what is its own, and no more.
  std::filesystem::remove(zinit.path("of-outer"));
  (void)zinit.start("a");
  const pid_t of_outer = escaped_pid(zinit, "of-outer");
  (void)zinit.start("inner");
  REQUIRE(eventually([&] {
    return zinit.run_beside({.argv = {"zinitctl", "--socket", zinit.path("inner.sock"), "ping"}})
               .code == 0;
  }));
  (void)zinit.stop("inner");
  CHECK(alive(of_outer));
  kill(of_inner, SIGKILL);
  CHECK(zinit.shut_down() == 0);
}

TEST_CASE("what a killed server has left goes on if not all files can be read",
          "[reexec][second]") {
  Server zinit;
  zinit.add("kept", {.exec = tracing("kept")});
  zinit.add("other", {.exec = tracing("other")});
  zinit.boot({"kept", "other"});
  const pid_t other = zinit.pid_of("other");
  CHECK(zinit.shut_down(SIGKILL) == 128 + SIGKILL);
  zinit.remove("other");
  write_file(zinit.path("services/broken.toml"), "[service\n");  // it may have been its file
  zinit.boot({"kept"});
  CHECK(comes_to_rest(zinit.pid()));
  CHECK(alive(other));
  CHECK_THAT(zinit.messages(),
             Contains("other: pid " + std::to_string(other) + " is left of a killed server"));
  CHECK(kill(other, SIGKILL) == 0);
  CHECK(zinit.shut_down() == 0);
}

/// The note of this server for the next one; empty as long as it has not opened it.
std::string note_of(pid_t pid) {
  std::error_code gone;
  for (const auto& fd :
       std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fd", gone)) {
    const std::string path = std::filesystem::read_symlink(fd.path(), gone);
    if (path.find("/server-") != std::string::npos) return "note " + read_file(path);
  }
  return {};
}

TEST_CASE("a server that is killed while it writes its note hides nothing of the one before",
          "[killpoints][reexec][second]") {
  const TempDir dir;
  const std::string go_on = dir / "go-on";
  Crashing one("lock.note", {.env = {"ZINIT_KILL_WHEN=" + go_on}});
  Server& zinit = one.zinit;
  add_some(zinit);
  for (const std::string& file : {go_on, one.mark()}) write_file(file, "");  // no crash at first
  zinit.boot({"a", "b"});
  zinit.await_state("once", "exited");
  const std::vector<pid_t> first = zinit.pids_of({"a", "b"});
  const std::string note = note_of(zinit.pid());
  CHECK(zinit.shut_down(SIGKILL) == 128 + SIGKILL);
  REQUIRE(std::filesystem::remove(go_on));
  zinit.launch();
  // It waits at the kill point, because a kill is no crash from which it recovers.
  REQUIRE(eventually([&] {
    const std::string now = note_of(zinit.pid());
    return !now.empty() && now != note;
  }));
  CHECK(zinit.shut_down(SIGKILL) == 128 + SIGKILL);
  write_file(go_on, "");
  zinit.boot({"a", "b"});
  CHECK(zinit.pids_of({"a", "b"}) == first);
  CHECK(zinit.count("once") == 1);
  CHECK(zinit.shut_down() == 0);
}

TEST_CASE("a process that a killed server has left is gone before its new parent reaps it",
          "[reexec][second]") {
  Server zinit;
  zinit.add("a", {.lifecycle = "stop_timeout_ms = 1000"});
  zinit.boot({"a"});
  const pid_t a = zinit.await_program("a");
  CHECK(zinit.shut_down(SIGKILL) == 128 + SIGKILL);
  zinit.boot({"a"});
  CHECK(zinit.stop("a")["state"] == "exited");
  CHECK(zinit.messages().find("did not end in time") == std::string::npos);
  CHECK(waitpid(a, nullptr, 0) == a);  // this test is its parent
  CHECK(zinit.shut_down() == 0);
}

TEST_CASE("a stranger's services in a cgroup of the same name are no killed server's",
          "[reexec][second]") {
  Server first, second;
  for (Server* one : {&first, &second}) {
    one->add("a");
    one->boot({"a"});
    if (one == &first) {  // its cgroup is empty then, and the next server may have the name
      first.stop("a");
      CHECK(first.shut_down(SIGKILL) == 128 + SIGKILL);
    }
  }
  first.boot({"a"});
  CHECK(first.pid_of("a") != second.pid_of("a"));
  CHECK(first.shut_down() == 0);
}

TEST_CASE("a server refuses to start beside one that runs the same files, unless told to",
          "[check][reexec][second]") {
  CHECK_DIALOGS("second_server");
}

}  // namespace
}  // namespace zinit::test::reexec_second_server
