// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Output of services: capture without side effects, console, kmsg (zinit.toml(5), [logging]).
#include "scenario/harness.hpp"
#include "scenario/harness/dialog.hpp"

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

TEST_CASE("what a log shows and keeps", "[check][logs][reload]") { CHECK_DIALOGS("logs"); }

TEST_CASE("a line that is not ended is shown as far as it has come, and goes to sinks whole",
          "[check][threads][logs][reexec]") {
  Server zinit;
  zinit.add("dots", {.exec = "while :; do printf .; sleep 0.05; done"});
  zinit.add("asks",
            {.exec = "printf 'Continue? '; until [ -e $D/go ]; do sleep 0.01; done; echo yes",
             .service = "oneshot = true",
             .more = "[logging]\nconsole = true\n"});
  zinit.boot({"dots"});
  const auto logs = [&](const char* name) { return zinit.ctl({"logs", name}).out; };
  CHECK(eventually([&] { return logs("dots").starts_with("."); }));
  CHECK(eventually([&] { return logs("asks") == "Continue? \n"; }));
  CHECK_THAT(zinit.ctl({"status", "asks"}).out, Contains("Continue? "));
  zinit.reexecute();
  zinit.mark("go");
  zinit.await_state("asks", "exited");
  CHECK(eventually([&] { return logs("asks") == "Continue? yes\n"; }));
  CHECK(eventually([&] { return zinit.output() == "asks: Continue? yes\n"; }));
}

TEST_CASE("a line that is not ended is shown in time while another service's lines are left out",
          "[check][logs]") {
  Server zinit;
  zinit.add("floods", {.exec = "seq 3; exec sleep 100000",
                       .more = "[logging]\nrate_lines = 1\nrate_interval_ms = 3600000\n"});
  zinit.add("asks", {.exec = "for mark in one two; do until [ -e $D/$mark ]; do sleep 0.01; done; "
                             "printf \"$mark? \"; done; exec sleep 100000"});
  zinit.boot({"floods", "asks"});
  REQUIRE(eventually([&] { return zinit.status("floods")["log_lines"] == 1; }));
  Connection client = zinit.connect();
  client.result("logs.subscribe", R"({"names":["asks"]})");
  for (const std::string mark : {"one", "two"}) {
    zinit.mark(mark);
    CHECK(client.notification()["line"] == mark + "? ");
  }
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

}  // namespace zinit::test::readiness_logs
