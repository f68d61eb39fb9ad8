// What is known of a spawn that fails (behaviour.md, "States", last paragraphs).
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scenario/harness.hpp"

using namespace zinit::test;

namespace {

/// Boots with service `a` as given and returns its status once it has failed to spawn.
Json failed_spawn(Server& zinit, const std::string& service_lines) {
  zinit.file("a.toml", "[service]\n" + service_lines + "\n[lifecycle]\nrestart_delay_ms = 10\n");
  zinit.boot();
  return zinit.await_failed("a", "spawn_error");
}

std::string message(const Json& status) { return status["reason"]["message"].text(); }

}  // namespace

TEST_CASE("a program that does not exist is told with errno's text", "[quick][spawn]") {
  Server zinit;
  CHECK_THAT(message(failed_spawn(zinit, "exec = ['/no/such/program']")),
             Catch::Contains("No such file or directory") && Catch::Contains("/no/such/program"));
}

TEST_CASE("a program without a slash that PATH does not have is told by name", "[quick][spawn]") {
  Server zinit;
  CHECK_THAT(message(failed_spawn(zinit, "exec = ['no-such-program']")),
             Catch::Contains("No such file or directory") && Catch::Contains("no-such-program"));
}

TEST_CASE("plain words of a string are executed directly, so a missing program is known",
          "[quick][spawn]") {
  Server zinit;
  CHECK_THAT(message(failed_spawn(zinit, "exec = 'no-such-program with words'")),
             Catch::Contains("No such file or directory"));
}

TEST_CASE("a file that may not be executed is told with errno's text", "[quick][spawn]") {
  Server zinit;
  write_file(zinit.path("text"), "no program\n");
  CHECK_THAT(message(failed_spawn(zinit, "exec = ['" + zinit.path("text") + "']")),
             Catch::Contains("Permission denied"));
}

TEST_CASE("a file that is no program of any format is told with errno's text", "[quick][spawn]") {
  Server zinit;
  write_file(zinit.path("text"), "no program\n");
  chmod(zinit.path("text").c_str(), 0755);
  CHECK_THAT(message(failed_spawn(zinit, "exec = ['" + zinit.path("text") + "']")),
             Catch::Contains("Exec format error"));
}

TEST_CASE("a string that names a script without a first line is run by sh", "[quick][spawn]") {
  Server zinit;
  write_file(zinit.path("script"), "echo \"$0 $1\" >> $T\nexec sleep 100000\n");
  chmod(zinit.path("script").c_str(), 0755);
  zinit.add("script", {.exec = zinit.path("script") + " 'two words'"});
  zinit.boot();
  zinit.await_trace(zinit.path("script") + " two words");
  CHECK(zinit.await_state("script", "running")["reason"].is_null());
}

TEST_CASE("a working directory that does not exist is a spawn error", "[quick][spawn]") {
  Server zinit;
  CHECK_THAT(message(failed_spawn(zinit, "exec = 'sleep 100000'\ndir = '/no/such/dir'")),
             Catch::Contains("No such file or directory") && Catch::Contains("/no/such/dir"));
}

TEST_CASE("an unknown user or group is a spawn error that names it", "[quick][spawn]") {
  for (const char* key : {"user", "group"}) {
    INFO(key);
    Server zinit;
    const Json status =
        failed_spawn(zinit, std::string("exec = 'sleep 100000'\n") + key + " = 'no-such-one'");
    CHECK_THAT(message(status), Catch::Contains("no-such-one"));
  }
}

TEST_CASE("what cannot be executed never passes through running and is not retried",
          "[quick][spawn]") {
  Server zinit;
  zinit.file("a.toml",
             "[service]\nexec = ['/no/such/program']\nstatus = 'stop'\n"
             "[lifecycle]\nrestart = 'always'\nrestart_delay_ms = 1\n");
  zinit.boot();
  Watch watch(zinit);
  const Json status = zinit.start("a");
  CHECK(status["state"] == "failed");
  CHECK(status["restart_in_ms"].is_null());
  watch.await("a blocked failed");
  for (const std::string& change : watch.changes()) {
    CHECK(change.find("running") == std::string::npos);
  }
  CHECK(zinit.state("a") == "failed");
}

TEST_CASE("a spawn error is retried by an explicit start", "[quick][spawn]") {
  Server zinit;
  const std::string program = zinit.path("late");
  failed_spawn(zinit, "exec = ['" + program + "']");
  write_file(program, "#!/bin/sh\nexec sleep 100000\n");
  chmod(program.c_str(), 0755);
  CHECK(zinit.state("a") == "failed");
  CHECK(zinit.start("a")["state"] == "running");
}

TEST_CASE("a spawn error is retried by a reload that changes the service", "[quick][spawn]") {
  Server zinit;
  failed_spawn(zinit, "exec = ['/no/such/program']");
  zinit.reload();
  CHECK(zinit.state("a") == "failed");
  zinit.add("a");
  zinit.reload();
  zinit.await_state("a", "running");
}

TEST_CASE("a spawn error is retried when a dependency comes back", "[quick][spawn]") {
  Server zinit;
  const std::string program = zinit.path("late");
  zinit.add("dep", {.lifecycle = "restart_delay_ms = 10"});
  zinit.file("a.toml",
             "[service]\nexec = ['" + program + "']\n[dependencies]\nrequires = ['dep']\n");
  zinit.boot();
  zinit.await_failed("a", "spawn_error");
  write_file(program, "#!/bin/sh\nexec sleep 100000\n");
  chmod(program.c_str(), 0755);
  zinit.kill("dep");
  zinit.await_state("a", "running");
}

TEST_CASE("what requires a service that cannot be executed fails with it", "[quick][spawn]") {
  Server zinit;
  zinit.add("b", {.dependencies = "requires = ['a']"});
  failed_spawn(zinit, "exec = ['/no/such/program']");
  CHECK(zinit.await_failed("b", "dependency_failed")["reason"]["service"] == "a");
  const Json why = zinit.result("service.why", named("b"));
  CHECK(why["reasons"][0]["root_cause"] == "a");
}

TEST_CASE("want of processes is no failure, the spawn is tried again until there is room",
          "[root][spawn]") {
  if (geteuid() != 0) return skip("needs root");
  // The limit counts processes of a user and does not bind root itself: some service of the user
  // cannot be executed, the second or the third, as the kernel counts (execve(2), EAGAIN). The user
  // is no other test's, which may run at the same time.
  Server zinit({.in_child = [] {
    const rlimit one{1, 1};
    setrlimit(RLIMIT_NPROC, &one);
  }});
  const std::vector<std::string> names{"a", "b", "c", "d"};
  std::string earlier;
  for (const std::string& name : names) {
    zinit.add(name,
              {.service = "user = 64126\ngroup = 64126",
               .dependencies = "after = [" + earlier + "]",
               .lifecycle = "restart_delay_ms = 20\nrestart_delay_max_ms = 20\nmax_restarts = 1"});
    earlier = "'" + name + "'";
  }
  zinit.boot();
  const Json waiting = zinit.await(
      "d", [](const Json& s) { return !s["restart_in_ms"].is_null(); }, "delayed");
  CHECK(waiting["state"] == "blocked");
  CHECK(zinit.state("a") == "running");
  for (const char* name : {"a", "b", "c"}) zinit.stop(name);
  zinit.await_state("d", "running");
}
