// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The facts about a spawn that fails (behaviour.md, "States", last paragraphs).
#include "scenario/harness.hpp"
namespace zinit::test::lifecycle_spawn {

TEST_CASE("what a spawn failed for is told by name, with errno's text", "[check][spawn]") {
  Server zinit;
  const std::string text = zinit.path("text"), noise = zinit.path("noise");
  for (const std::string& file : {text, noise}) write_file(file, "no program\n");
  chmod(noise.c_str(), 0755);
  struct Row {
    const char* name;
    std::string service;
    const char* says;
    std::string names;
  };
  const Row rows[] = {
      {"program", "exec = ['/no/such/program']", "No such file or directory", "/no/such/program"},
      {"in-path", "exec = ['no-such-program']", "no program", "in PATH"},
      // Plain words are executed directly, so that zinit notices a missing program.
      {"words", "exec = 'no-such-program with words'", "no program", "in PATH"},
      {"mode", "exec = ['" + text + "']", "Permission denied", text},
      {"format", "exec = ['" + noise + "']", "Exec format error", noise},
      {"dir", "exec = 'sleep 1'\ndir = '/no/such/dir'", "No such file or directory",
       "/no/such/dir"},
      {"user", "exec = 'sleep 1'\nuser = 'no-such-one'", "user", "no-such-one"},
      {"group", "exec = 'sleep 1'\ngroup = 'no-such-one'", "group", "no-such-one"},
      {"tty", "exec = 'sleep 1'\ntty = '/dev/no-tty'", "No such file or directory", "/dev/no-tty"},
  };
  for (const Row& row : rows)
    zinit.file(std::string(row.name) + ".toml", "[service]\n" + row.service + "\n");
  zinit.boot();
  for (const Row& row : rows) {
    INFO(row.name);
    const Json failed = zinit.await_failed(row.name, "spawn_error");
    CHECK_THAT(failed["reason"]["message"].text(),
               Catch::Contains(row.says) && Catch::Contains(row.names));
  }
}

TEST_CASE("a string that names a script without a first line is run by sh", "[check][spawn]") {
  Server zinit;
  write_file(zinit.path("script"), "echo \"$0 $1\" >> $T\nexec sleep 100000\n");
  chmod(zinit.path("script").c_str(), 0755);
  zinit.add("script", {.exec = zinit.path("script") + " 'two words'"});
  zinit.boot();
  zinit.await_trace(zinit.path("script") + " two words");
  CHECK(zinit.await_state("script", "running")["reason"].is_null());
}

TEST_CASE("what cannot be executed never passes through running and is not retried", "[spawn]") {
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
  for (const std::string& change : watch.changes())
    CHECK(change.find("running") == std::string::npos);
  CHECK(zinit.state("a") == "failed");
}

TEST_CASE("a spawn error is retried by an explicit start, and by a reload with a change",
          "[spawn]") {
  Server zinit;
  const std::string program = zinit.path("late");
  zinit.file("a.toml", "[service]\nexec = ['" + program + "']\n");
  zinit.file("b.toml", "[service]\nexec = ['/no/such/program']\n");
  zinit.boot();
  for (const char* name : {"a", "b"}) zinit.await_failed(name, "spawn_error");
  write_file(program, "#!/bin/sh\nexec sleep 100000\n");
  chmod(program.c_str(), 0755);
  zinit.reload();
  for (const char* name : {"a", "b"}) CHECK(zinit.state(name) == "failed");
  CHECK(zinit.start("a")["state"] == "running");
  zinit.add("b");
  zinit.reload();
  zinit.await_state("b", "running");
}

TEST_CASE("want of processes is no failure, the spawn is tried again until there is room",
          "[root][spawn]") {
  if (geteuid() != 0) return skip("needs root");
  // The limit counts a user's processes and does not bind root: depending on the kernel's count,
  // the second or the third service of the user cannot be executed (execve(2), EAGAIN). No other
  // test, which may run at the same time, has this user.
  Server zinit({.in_child = [] {
    const rlimit one{1, 1};
    setrlimit(RLIMIT_NPROC, &one);
  }});
  const Texts names{"a", "b", "c", "d"};
  std::string earlier;
  for (const std::string& name : names) {
    zinit.add(name,
              {.service = "user = 64126\ngroup = 64126",
               .dependencies = "after = [" + earlier + "]",
               .lifecycle = "restart_delay_ms = 20\nrestart_delay_max_ms = 20\nmax_restarts = 1"});
    earlier = "'" + name + "'";
  }
  zinit.boot();
  const Json waiting = zinit.await_delayed("d");
  CHECK(waiting["state"] == "blocked");
  CHECK(zinit.state("a") == "running");
  for (const char* name : {"a", "b", "c"}) zinit.stop(name);
  zinit.await_state("d", "running");
}

TEST_CASE("without /dev/null standard input is a pipe at its end", "[check][root][spawn]") {
  if (geteuid() != 0) return skip("needs root");
  Server zinit({.in_child = [] {
    have_own_mounts();
    if (mount("none", "/dev", "tmpfs", 0, nullptr) != 0) _exit(95);
  }});
  zinit.add("a",
            {.exec = "readlink /proc/self/fd/0 | cut -c 1-5 >> $T; wc -c >> $T; exec sleep 1000"});
  zinit.boot({"a"});
  zinit.await_trace("0");
  CHECK(zinit.trace() == Texts{"pipe:", "0"});
}

}  // namespace zinit::test::lifecycle_spawn
