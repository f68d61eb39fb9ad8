// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The facts about a spawn that fails (behaviour.md, "States", last paragraphs).
#include "scenario/harness.hpp"
namespace zinit::test::lifecycle_spawn {

TEST_CASE("what a spawn failed for is told by name, with errno's text", "[check][spawn]") {
  Server zinit;
  for (const char* name : {"text", "noise"}) write_file(zinit.path(name), "no program\n");
  chmod(zinit.path("noise").c_str(), 0755);
  zinit.boot();
  int number = 0;
  const auto answered = [&](const std::string& row) {
    const std::string name = "s" + std::to_string(++number);
    const std::string lines = std::regex_replace(row, std::regex("; "), "\n");
    zinit.file(
        name + ".toml",
        "[service]\n" + std::regex_replace(lines, std::regex("\\$D"), zinit.folder()) + "\n");
    zinit.reload();
    const Json failed = zinit.await_failed(name, "spawn_error");
    return std::regex_replace(failed["reason"]["message"].text(), std::regex(zinit.folder()),
                              "$$D");
  };
  CHECK_GOLDEN_ROWS("spawn", answered);
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

TEST_CASE("a lack of processes is no failure, the spawn is tried again until there is room",
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
