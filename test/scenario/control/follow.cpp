// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Log lines as they come, and searches: logs.subscribe, logs.filter, and the options of the verb
// (control.md, "JSON-RPC 2.0", "zinitctl").
#include "scenario/harness.hpp"
#include "scenario/harness/background.hpp"

namespace zinit::test::control_follow {
namespace {

/// A service that prints each line that is written to its FIFO.
Toml echoing(const std::string& fifo) {
  return {.exec = "exec 3<> $D/" + fifo + "; while read -r line <&3; do echo \"$line\"; done"};
}

/// The writing end of such a FIFO.
class Mouth {
 public:
  explicit Mouth(const std::string& path) {
    REQUIRE(mkfifo(path.c_str(), 0600) == 0);
    fd_ = open(path.c_str(), O_RDWR | O_CLOEXEC);
    REQUIRE(fd_ >= 0);
  }
  ~Mouth() { close(fd_); }
  Mouth(const Mouth&) = delete;
  Mouth& operator=(const Mouth&) = delete;
  void say(const std::string& line) const {
    const std::string text = line + "\n";
    REQUIRE(write(fd_, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }

 private:
  int fd_;
};

/// The next line that a subscriber gets.
std::string next_of(Connection& connection) {
  const Json line = connection.notification();
  return line["service"].text() + ": " + line["line"].text();
}

TEST_CASE("a subscription goes on over restarts, a removal and an addition, as one to all does",
          "[threads][logs]") {
  Server zinit;
  zinit.add("a", {.exec = "echo hello; exec sleep 100000"});
  zinit.add("b", {.exec = "echo not wanted; exec sleep 100000"});
  zinit.boot({"a"});
  Connection client = zinit.connect();
  REQUIRE(eventually([&] { return zinit.result("logs.tail", named("a")).mentions("hello"); }));
  client.result("logs.subscribe", R"({"names":["a"],"lines":1})");
  CHECK(next_of(client) == "a: hello");
  zinit.restart("a");
  CHECK(next_of(client) == "a: hello");
  zinit.result("service.delete", named("a", R"("persist":false)"));
  zinit.result("service.add",
               R"({"config":{"service":{"name":"a","exec":"sh -c 'echo back; sleep 100000'"}}})");
  CHECK(next_of(client) == "a: back");

  Connection all = zinit.connect();
  all.result("logs.subscribe");
  zinit.result("service.add",
               R"({"config":{"service":{"name":"new","exec":"sh -c 'echo hello; sleep 99999'"}}})");
  bool said = false, started = false;
  while (!said || !started) {
    const std::string line = next_of(all);
    said = said || line == "new: hello";
    started = started || line.starts_with("zinit: info  new: starting");
  }
}

TEST_CASE("one who follows a flood and reads nothing delays nobody and is told what it missed",
          "[check][threads][logs]") {
  Server zinit;
  zinit.add("flood", {.exec = "exec yes 'a line that goes on for a while, as many lines do'"});
  zinit.add("other");
  zinit.boot({"flood"});
  Connection lazy = zinit.connect(), keen = zinit.connect();
  lazy.result("logs.subscribe", R"({"names":["flood"]})");
  keen.result("logs.subscribe", R"({"names":["flood"]})");
  std::int64_t last = 0, dropped = 0;
  for (int i = 0; i < 5000; ++i) {
    const Json line = keen.notification();
    if (line.has("dropped")) {
      dropped += line["dropped"].number();
      continue;
    }
    if (last == 0) last = line["seq"].number() - 1;
    REQUIRE(line["seq"].number() == last + 1 + dropped);
    last = line["seq"].number();
    dropped = 0;
  }
  for (int i = 0; i < 20; ++i) zinit.restart("other");
  CHECK(zinit.stop("flood")["state"] == "exited");
  bool told = false;
  while (!told) told = lazy.notification().has("dropped");
  zinit.result("system.ping");
}

TEST_CASE("logs -f shows what is kept and what comes, over restarts too", "[check][logs]") {
  Server zinit;
  const Mouth mouth(zinit.path("fifo"));
  zinit.add("a", echoing("fifo"));
  zinit.boot();
  mouth.say("one");
  mouth.say("two");
  REQUIRE(eventually([&] { return zinit.result("logs.tail", named("a")).mentions("two"); }));
  {
    Background followed(zinit, {"logs", "-f", "-n", "1", "a"});
    REQUIRE(followed.shows("two"));
    mouth.say("three");
    REQUIRE(followed.shows("three"));
    zinit.restart("a");
    mouth.say("an \x1b[31mescape\x1b[0m");
    REQUIRE(followed.shows("an \\x1b[31mescape\\x1b[0m"));
    CHECK(followed.lines() == Texts{"two", "three", "an \\x1b[31mescape\\x1b[0m"});
  }
  Background picky(zinit, {"logs", "-f", "--grep", "^f(our|ive)$", "--json", "a"});
  mouth.say("six");
  mouth.say("five");
  REQUIRE(eventually([&] { return !picky.lines().empty(); }));
  const auto line = Json::parse(picky.lines().front());
  REQUIRE(line);
  CHECK((*line)["service"] == "a");
  CHECK((*line)["line"] == "five");
  CHECK((*line)["stream"] == "stdout");
}

TEST_CASE("logs -f ends with 5 when the server goes, and with 6 when its time is up", "[logs]") {
  Server zinit;
  zinit.add("a", {.exec = "echo hello; exec sleep 100000"});
  zinit.boot();
  CHECK(zinit.ctl({"--timeout", "0.05", "logs", "-f", "a"}).code == 6);
  Background followed(zinit, {"logs", "-f", "a"});
  REQUIRE(followed.shows("hello"));
  CHECK(zinit.shut_down() == 0);
  CHECK(followed.exit_code() == 5);
  CHECK(followed.errors() == "zinitctl: logs: the server has gone\n");
}

TEST_CASE("who follows gets what was written before the end, though the thread that reads hangs",
          "[threads][logs]") {
  Server zinit;
  zinit.add("a", {.exec = "trap 'seq 5000; echo last; exit' TERM; echo first; while :; do sleep "
                          "0.05; done"});
  zinit.boot();
  Connection client = zinit.connect();
  client.result("logs.subscribe", R"({"names":["a"],"lines":1})");
  REQUIRE(next_of(client) == "a: first");
  const pid_t thread = hold_thread(zinit.pid(), "zinit-read");
  if (thread == 0) return skip("needs ptrace");
  zinit.signal(SIGTERM);
  for (int i = 1; i <= 5000; ++i) REQUIRE(next_of(client) == "a: " + std::to_string(i));
  CHECK(next_of(client) == "a: last");
  CHECK(client.closed());
  CHECK(await_end_of_held(thread));
  CHECK(zinit.exit_code() == 0);
}

TEST_CASE("logs shows the lines that its options ask for", "[check][logs]") {
  Server zinit;
  zinit.add("web-1", {.exec = "echo one; echo two >&2; printf 'bad \\377\\033[1m\\n'",
                      .service = "oneshot = true"});
  zinit.add(
      "web-2",
      {.exec = "echo three", .service = "oneshot = true", .dependencies = "after = ['web-1']"});
  zinit.boot();
  zinit.await_state("web-2", "exited");
  REQUIRE(eventually([&] {
    return zinit.status("web-1")["log_lines"] == 3 && zinit.status("web-2")["log_lines"] == 1;
  }));
  const auto answered = [&](const std::string& row) {
    std::istringstream words("logs " + row);
    const Outcome outcome = zinit.ctl({std::istream_iterator<std::string>(words), {}});
    std::string answer = std::to_string(outcome.code);
    for (const std::string& line : lines_of(outcome.code == 0 ? outcome.out : outcome.err))
      answer += " | " + line;
    return std::regex_replace(answer, std::regex("[0-9]{4}-[0-9-]* [0-9:.]+"), "TIME");
  };
  CHECK_GOLDEN_ROWS("follow", answered);
  CHECK(zinit.ctl({"logs"}).code == 2);
  zinit.await_message("web-1: starting");
  const Texts all = lines_of(zinit.ctl({"logs", "--all", "-n", "all"}).out);
  CHECK(std::ranges::count(all, "web-2: three") == 1);
  CHECK(std::ranges::any_of(all, [](const std::string& line) {
    return line.starts_with("zinit: info  web-1: starting");
  }));
}

TEST_CASE("logs ends quietly when nobody reads on", "[logs]") {
  Server zinit;
  zinit.add("a", {.exec = "exec yes 'a line that goes on for a while'"});
  zinit.boot({"a"});
  for (const bool ignored : {false, true}) {
    int ends[2];
    REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
    const std::string errors = zinit.path("errors");
    const int err = open(errors.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    const pid_t pid = launch({.argv = {"zinitctl", "--socket", zinit.socket(), "logs", "-f", "a"},
                              .out = ends[1],
                              .err = err,
                              .in_child = [&] { signal(SIGPIPE, ignored ? SIG_IGN : SIG_DFL); }});
    close(ends[1]);
    close(err);
    char bytes[64];
    CHECK(read(ends[0], bytes, sizeof bytes) > 0);
    close(ends[0]);
    CHECK(wait_for_exit(pid) == (ignored ? 0 : 128 + SIGPIPE));
    CHECK(read_file(errors).empty());
  }
}

}  // namespace
}  // namespace zinit::test::control_follow
