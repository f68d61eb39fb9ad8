// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Output of services: capture without side effects, console, kmsg (zinit.toml(5), [logging]).
#include "scenario/harness.hpp"
namespace zinit::test::readiness_logs {

TEST_CASE("a service that writes without end disturbs nobody and takes no memory",
          "[check][threads][logs]") {
  Server zinit;
  zinit.add("flood", {.exec = "yes 'a line that goes on for a while, as many lines do'"});
  zinit.add("other", {.lifecycle = "restart_delay_ms = 1\nrestart_delay_max_ms = 1"});
  zinit.boot({"flood"});
  pid_t pid = zinit.await_program("other");
  for (int i = 0; i < 20; ++i) {
    kill(pid, SIGKILL);
    pid = zinit.await_new_pid("other", pid);
  }
  CHECK(eventually([&] { return zinit.status("flood")["log_lines"] == 1000; }));
  CHECK(zinit.result("logs.tail", named("flood", R"("lines":1000000)")).size() <= 1000);
  CHECK(zinit.stop("flood")["state"] == "exited");
}

TEST_CASE("what was written before an end is kept, as much as the settings allow",
          "[check][logs]") {
  Server zinit;
  zinit.add("a", {.exec = "i=0; while [ $i -lt 500 ]; do echo 'thirty bytes are in this line'; "
                          "i=$((i+1)); done; echo last",
                  .service = "oneshot = true",
                  .more = "[logging]\nbuffer_bytes = 4096\n"});
  zinit.add("none", {.exec = "echo one; echo two; echo done >> $T; exec sleep 100000",
                     .more = "[logging]\nbuffer_lines = 0\n"});
  zinit.add("again", {.exec = "echo run >> $T; i=0; while [ $i -lt 100 ]; do echo line $i; "
                              "i=$((i+1)); done; exit 1",
                      .lifecycle = "restart_delay_ms = 1\nmax_restarts = 2"});
  zinit.boot();
  zinit.await_state("a", "exited");
  Texts kept;
  REQUIRE(eventually([&] {
    kept = zinit.result("logs.tail", named("a", R"("lines":1000)")).texts();
    return !kept.empty() && kept.back() == "last";
  }));
  std::size_t bytes = 0;
  for (const std::string& line : kept) bytes += line.size();
  CHECK(bytes <= 4096);
  CHECK(kept.size() > 50);

  zinit.await_trace("done");
  zinit.await_state("none", "running");
  CHECK(zinit.result("logs.get", named("none")).size() == 0);

  zinit.await_failed("again", "exit_code");
  Texts over;
  CHECK(eventually([&] {
    over = zinit.result("logs.tail", named("again", R"("lines":1000)")).texts();
    return std::count(over.begin(), over.end(), "line 99") == 3;
  }));
  CHECK(std::count(over.begin(), over.end(), "line 0") == 3);
}

TEST_CASE("zinitctl logs shows all of a log that takes many answers", "[check][logs]") {
  Server zinit;
  const std::size_t count = binary_is_sanitized() ? 50000 : 100000;
  zinit.add("a", {.exec = "seq -f 'line %.0f, and so that it takes some room: "
                          "____________________________________________________' " +
                          std::to_string(count) + "; echo the end >&2",
                  .service = "oneshot = true",
                  .more = "[logging]\nbuffer_lines = 1000000\nbuffer_bytes = 67108864\n"});
  zinit.boot();
  zinit.await_state("a", "exited");
  const auto all = lines_of(zinit.ctl({"logs", "a", "-n", "all", "--stream", "stdout"}).out);
  REQUIRE(all.size() == count);
  for (std::size_t i = 0; i < all.size(); ++i)
    REQUIRE(all[i].rfind("line " + std::to_string(i + 1) + ",", 0) == 0);
  CHECK(lines_of(zinit.ctl({"logs", "a", "-n", "1", "--grep", "^line 17,"}).out).size() == 1);
  const std::string most = std::to_string(count - 1000);
  CHECK(std::to_string(lines_of(zinit.ctl({"logs", "a", "-n", most}).out).size()) == most);
}

TEST_CASE("with console a line goes to zinit's own standard output as well", "[logs]") {
  Server zinit;
  zinit.add("loud", {.exec = "echo to be seen; echo and this >&2; exec sleep 100000",
                     .more = "[logging]\nconsole = true\n"});
  zinit.add("quiet", {.exec = "echo not to be seen; exec sleep 100000"});
  zinit.boot();
  const auto has = [&](const std::string& line) {
    return eventually([&] {
      const auto lines = lines_of(zinit.output());
      return std::count(lines.begin(), lines.end(), line) == 1;
    });
  };
  CHECK(has("loud: to be seen"));
  CHECK(has("loud: and this"));
  CHECK_THAT(zinit.output(), !Contains("not to be seen"));
}

TEST_CASE("with kmsg a line goes to the kernel's ring buffer as well", "[root][logs]") {
  const int kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (kmsg < 0) return skip("/dev/kmsg cannot be read");
  lseek(kmsg, 0, SEEK_END);
  {
    Server zinit;
    const std::string mark = "scenario " + std::to_string(getpid());
    zinit.add(
        "loud",
        {.exec = "echo " + mark, .service = "oneshot = true", .more = "[logging]\nkmsg = true\n"});
    zinit.boot();
    zinit.await_state("loud", "exited");
    std::string seen;
    CHECK(eventually([&] {
      char record[8192];
      for (ssize_t n; (n = read(kmsg, record, sizeof record)) > 0;)
        seen.append(record, static_cast<std::size_t>(n));
      return seen.find("loud: " + mark) != std::string::npos;
    }));
  }
  close(kmsg);
}

TEST_CASE("a grandchild that holds the pipes holds nothing else", "[check][logs]") {
  Server zinit;
  zinit.add("a", {.exec = "setsid sh -c 'echo $$ >> $T; exec sleep 100000' & "
                          "while ! [ -s $T ]; do sleep 0.01; done; echo parent",
                  .service = "oneshot = true"});
  zinit.boot();
  zinit.await_state("a", "exited");
  CHECK(eventually([&] { return zinit.result("logs.tail", named("a")).mentions("parent"); }));
  kill(static_cast<pid_t>(std::stol(zinit.trace().front())), SIGKILL);
}

}  // namespace zinit::test::readiness_logs
