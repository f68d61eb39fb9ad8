// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Facts that zinit shows in several places are present in all of them once it has settled. The
// harness waits for this before each question, so that one look is enough.
#include "scenario/harness.hpp"
namespace zinit::test::control_settle {
namespace {

/// How often `text` occurs.
int count(const std::string& in, const std::string& text) {
  int found = 0;
  for (auto at = in.find(text); at != std::string::npos; at = in.find(text, at + 1)) ++found;
  return found;
}

/// For how many of `stops` the log shows the stop as soon as it has been answered.
int told_at_once(Server& zinit, int stops) {
  int told = 0;
  for (int stop = 1; stop <= stops; ++stop) {
    zinit.start("a");
    zinit.stop("a");
    const std::string now = read_file(zinit.path("stderr"));
    if (count(now, "a: stopped") == stop) ++told;
    REQUIRE(count(zinit.messages(), "a: stopped") == stop);
  }
  return told;
}

TEST_CASE("one look finds what was reported of an event", "[settle]") {
  Server zinit;
  zinit.add("a", {.service = "status = 'stop'"});
  zinit.boot();
  told_at_once(zinit, 20);
}

TEST_CASE("one look finds what a service has written before it made a file", "[settle]") {
  Server zinit;
  zinit.add("a", {.exec = "n=0; while read -r go; do n=$((n + 1)); echo line; echo x > $D/$go; "
                          "done < $D/fifo; exec sleep 100000"});
  REQUIRE(mkfifo(zinit.path("fifo").c_str(), 0600) == 0);
  zinit.boot({"a"});
  const int fifo = open(zinit.path("fifo").c_str(), O_WRONLY | O_CLOEXEC);
  REQUIRE(fifo >= 0);
  for (int line = 1; line <= 20; ++line) {
    const std::string made = "made-" + std::to_string(line);
    REQUIRE(write(fifo, (made + "\n").data(), made.size() + 1) ==
            static_cast<ssize_t>(made.size() + 1));
    REQUIRE(eventually([&] { return access(zinit.path(made).c_str(), F_OK) == 0; }));
    REQUIRE(zinit.status("a")["log_lines"] == line);
  }
  close(fifo);
}

TEST_CASE("a server that never settles says so and is slowed down by nobody", "[settle]") {
  Server zinit;
  zinit.add("flood", {.exec = "exec yes"});
  zinit.boot({"flood"});
  Connection client = zinit.connect();
  for (int i = 0; i < 3; ++i) {
    const Json answer = client.call("debug.settle", R"({"timeout_ms":100})");
    // A single look may by chance find a moment in which everything has been read.
    if (answer.has("error")) CHECK(answer["error"]["data"]["name"] == "timeout");
    client.result("system.ping");
  }
  CHECK(zinit.state("flood") == "running");
  zinit.stop("flood");
  client.result("debug.settle", R"({"timeout_ms":60000})");
}

TEST_CASE("threads are made late, services do not know, and one look is enough",
          "[check][killpoints][settle]") {
  Server zinit({.arguments = {"--log-level", "debug"}, .env = {"ZINIT_TEST_JITTER=42"}});
  zinit.add("a", {.service = "status = 'stop'"});
  zinit.add("env", {.exec = "env > $D/env", .service = "oneshot = true"});
  zinit.boot();
  CHECK_THAT(zinit.messages(), Contains("ZINIT_TEST_JITTER=42"));
  zinit.result("service.wait", named("env", R"("for":"exited")"));
  CHECK_THAT(read_file(zinit.path("env")), Contains("PATH=") && !Contains("ZINIT_TEST_JITTER"));
  // Each is late by 25 ms on average.
  CHECK(told_at_once(zinit, 10) < 10);
}

}  // namespace
}  // namespace zinit::test::control_settle
