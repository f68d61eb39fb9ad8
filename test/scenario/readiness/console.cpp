// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The console of a container and of a standalone server: no output is lost, and `raw` changes
// nothing (zinit.toml(5), [logging]).
#include "scenario/harness.hpp"
#include "scenario/harness/crashing.hpp"
#include "scenario/harness/dialog.hpp"

namespace zinit::test::readiness_console {
namespace {

/// A pipe for the standard output or standard error of a server, and its reader.
class Reader {
 public:
  Reader() { REQUIRE(pipe2(ends_, O_CLOEXEC) == 0); }
  ~Reader() {
    if (thread_.joinable()) thread_.join();
    for (const int end : ends_)
      if (end >= 0) close(end);
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  [[nodiscard]] int end() const { return ends_[1]; }
  /// Waits until the pipe is full.
  [[nodiscard]] bool fills() const {
    return eventually([&] {
      pollfd room{ends_[1], POLLOUT, 0};
      return poll(&room, 1, 0) == 0;
    });
  }
  /// Begins to read, once the server has its end, until the server closes it.
  void begin() {
    close(std::exchange(ends_[1], -1));
    thread_ = std::thread([this] {
      char buffer[65536];
      for (ssize_t count; (count = read(ends_[0], buffer, sizeof buffer)) > 0;)
        text_.append(buffer, static_cast<std::size_t>(count));
    });
  }
  /// Makes `times` reads of at most 64 KiB, and counts the lines of each name.
  std::map<std::string, int> take(int times) {
    std::string text(65536, 0);
    std::map<std::string, int> counts;
    for (int i = 0; i < times; ++i) {
      const ssize_t count = read(ends_[0], text.data(), text.size());
      if (count <= 0) break;
      for (const std::string& line : lines_of(text.substr(0, static_cast<std::size_t>(count))))
        ++counts[line.substr(0, line.find(':'))];
    }
    return counts;
  }
  /// All data that came, after the server has ended.
  const std::string& text() {
    thread_.join();
    return text_;
  }

 private:
  int ends_[2] = {-1, -1};
  std::thread thread_;
  std::string text_;
};

Server::Options printing_to(const Reader& reader, Texts arguments) {
  return {.arguments = std::move(arguments), .in_child = [&] { dup2(reader.end(), 1); }};
}

/// "PREFIX1\n" to "PREFIXn\n".
std::string numbers(int n, const std::string& prefix = "") {
  std::string text;
  for (int i = 1; i <= n; ++i) text += prefix + std::to_string(i) + "\n";
  return text;
}

/// After a crash the lines of the current read may come twice.
std::set<std::string> distinct_lines(const std::string& text) {
  const auto lines = lines_of(text);
  return {lines.begin(), lines.end()};
}

TEST_CASE("a console that nobody reads holds up who prints, and nothing of it is lost",
          "[check][threads][logs][console]") {
  Reader reader;
  Server zinit(printing_to(reader, {"--console"}));
  zinit.add("loud", {.exec = "seq 300000; echo done >> $T", .service = "oneshot = true"});
  zinit.add("other", {.exec = "echo other >> $T; exec sleep 100000",
                      .service = "status = 'stop'",
                      .more = "[logging]\nconsole = false\n"});
  zinit.boot();
  REQUIRE(reader.fills());
  // Clients get answers, other services can start, and the log has the data that was read.
  CHECK(zinit.start("other")["state"] == "running");
  CHECK(zinit.state("loud") == "starting");
  CHECK(zinit.result("logs.tail", named("loud")).size() == 100);
  CHECK_FALSE(zinit.traced("done"));
  reader.begin();
  zinit.await_state("loud", "exited");
  CHECK(zinit.status("loud")["log_dropped"] == 0);
  CHECK(zinit.shut_down() == 0);
  CHECK((reader.text() == numbers(300000, "loud: ")));  // without printing megabytes
}

TEST_CASE("who prints no more on a console that nobody reads goes on at once", "[logs][console]") {
  Reader reader;
  Server zinit(printing_to(reader, {}));
  Toml loud{.exec = "seq 300000; echo done >>$T", .service = "oneshot = true"};
  loud.more = "[logging]\nconsole = true\n";
  zinit.add("loud", loud);
  zinit.boot();
  REQUIRE(reader.fills());
  loud.more = "[logging]\nconsole = false\n";
  zinit.add("loud", loud);
  CHECK(zinit.reload()["restarted"].size() == 0);
  zinit.await_state("loud", "exited");
  CHECK(zinit.traced("done"));
  reader.begin();
}

TEST_CASE("shutdown returns when all is printed and the server has ended", "[logs][console]") {
  Reader reader;
  Server zinit(printing_to(reader, {"--console"}));
  zinit.add("loud", {.exec = "exec yes"});
  zinit.boot({"loud"});
  REQUIRE(reader.fills());
  auto shutdown = std::async(std::launch::async, [&] { return zinit.ctl({"shutdown"}); });
  REQUIRE(eventually([&] { return !std::filesystem::exists(zinit.path("zinit.sock")); }));
  CHECK(comes_to_rest(zinit.pid()));
  CHECK(shutdown.wait_for(0s) != std::future_status::ready);
  reader.begin();
  CHECK(shutdown.get().code == 0);
  CHECK(zinit.exit_code() == 0);
}

TEST_CASE("services that flood a console get turns, one after the other", "[logs][console]") {
  Reader reader;
  Server zinit(printing_to(reader, {"--console"}));
  const Texts names = {"one", "two", "three", "four"};
  for (const std::string& name : names) zinit.add(name, {.exec = "exec yes"});
  zinit.boot(names);
  REQUIRE(reader.fills());
  const auto counts = reader.take(400);
  for (const std::string& name : names) {
    CAPTURE(name, counts.count(name));
    CHECK((counts.count(name) == 1 && counts.at(name) > 1000));
  }
  reader.begin();
}

TEST_CASE("the last lines of a critical service are printed, also to a reader that pauses",
          "[check][logs][console]") {
  if (!can_make_namespaces()) return skip("needs pid namespaces");
  Reader reader;
  Server::Options options = printing_to(reader, {"--console"});
  options.container = true;
  Server zinit(options);
  zinit.add("last", {.exec = "until [ -e $D/go ]; do sleep 0.01; done; seq 8000; exit 3",
                     .service = "critical = true",
                     .lifecycle = "restart = 'never'"});
  zinit.boot({"last"});
  zinit.mark("go");
  REQUIRE(reader.fills());
  let_pass(std::chrono::steady_clock::now() + 4500ms);
  reader.begin();
  CHECK(zinit.exit_code() == 3);
  CHECK((reader.text() == numbers(8000, "last: ")));
}

TEST_CASE("lines that wait for the console are printed by the next image, after a crash too",
          "[check][logs][console][reexec]") {
  for (const std::string option : {"--console", "--console=raw"}) {
    for (const bool crashes : {false, true}) {
      Reader reader;
      Server zinit(printing_to(reader, {option}));
      zinit.add("loud", {.exec = "seq 50000", .service = "oneshot = true"});
      zinit.boot();
      REQUIRE(reader.fills());
      for (int i = 0; i < 2; ++i) {
        crashes ? crash(zinit) : zinit.reexecute();
      }
      reader.begin();
      zinit.await_state("loud", "exited");
      CHECK(zinit.shut_down() == 0);
      INFO(option << (crashes ? ", crash" : ", re-execution"));
      const std::string expected = numbers(50000, option == "--console" ? "loud: " : "");
      const std::string& text = reader.text();
      if (!crashes) CHECK((text == expected));
      CHECK((distinct_lines(text) == distinct_lines(expected)));
    }
  }
}

TEST_CASE("a crash while the console is written loses no line",
          "[check][killpoints][logs][console]") {
  CrashingLog one("sink.written");
  Server& zinit = one.zinit();
  one.launch("seq 5000; exec sleep 100000", "[logging]\nconsole = true\n", "5000\n");
  CHECK(eventually([&] { return zinit.output().ends_with("\na: 5000\n"); }));
  one.check_crashed();
  auto lines = lines_of(zinit.output());
  const auto second = std::find(lines.begin() + 1, lines.end(), "a: 1");  // these lines come twice
  REQUIRE(second != lines.end());
  lines.erase(lines.begin(), second);
  REQUIRE(lines.size() == 5000);
  for (std::size_t i = 0; i < lines.size(); ++i) CHECK(lines[i] == "a: " + std::to_string(i + 1));
}

TEST_CASE(
    "what a console that is never read did not take is said, and the end does not wait for it",
    "[logs][console]") {
  Reader reader;
  Server::Options options = printing_to(reader, {"--console"});
  options.settings = true;
  Server zinit(options);
  write_file(zinit.path("zinit.toml"), "shutdown_timeout_ms = 1500\n");
  zinit.add("loud", {.exec = "seq 100000"});
  zinit.boot();
  REQUIRE(reader.fills());
  CHECK(zinit.shut_down() == 0);
  CHECK_THAT(zinit.messages(), Contains("did not print") && Contains("lines of services"));
}

TEST_CASE("a raw console gets a million lines as they were written, each stream by itself",
          "[check][threads][logs][console]") {
  Reader reader;
  Server zinit(printing_to(reader, {"--console=raw"}));
  const std::string lines = "seq -f '{\"n\":%.0f,\"m\":\"a\\tb\"}' ";
  const std::string long_line = "; head -c 100000 /dev/zero | tr '\\0' x; echo; ";
  zinit.add("json", {.exec = lines + "500000" + long_line + lines + "500001 1000000" + long_line +
                             "echo to stderr >&2",
                     .service = "oneshot = true"});
  zinit.boot();
  reader.begin();
  zinit.await_state("json", "exited");
  CHECK(zinit.shut_down() == 0);
  std::string expected;
  for (int i = 1; i <= 1000000; ++i) {
    expected += "{\"n\":" + std::to_string(i) + ",\"m\":\"a\\tb\"}\n";
    if (i % 500000 == 0) expected += std::string(100000, 'x') + "\n";
  }
  CHECK((reader.text() == expected));
  const auto messages = lines_of(zinit.messages());
  CHECK(std::count(messages.begin(), messages.end(), "to stderr") == 1);
}

TEST_CASE("what is printed on a console, raw and with names",
          "[check][logs][console][reexec][spawn]") {
  CHECK_DIALOGS("console");
}

TEST_CASE("a service of another user can open its standard output and standard error",
          "[root][logs][console]") {
  if (geteuid() != 0) return skip("only root can start services of other users");
  Server zinit;
  zinit.add("a",
            {.exec = "echo out > /dev/stdout; echo err > /dev/stderr; echo fd > /proc/self/fd/2",
             .service = "user = 'nobody'\noneshot = true"});
  zinit.boot();
  zinit.await_state("a", "exited");
  const auto lines = lines_of(zinit.ctl({"logs", "a"}).out);
  CHECK(lines.size() == 3);
  for (const char* line : {"out", "err", "fd"}) CHECK(std::count(lines.begin(), lines.end(), line));
}

TEST_CASE("lines that rate_lines leaves out are counted when the interval is over",
          "[check][logs]") {
  Server zinit;
  zinit.add("a", {.exec = "seq 1000; exec sleep 100000",
                  .more = "[logging]\nrate_lines = 10\nrate_interval_ms = 300\n"});
  zinit.boot();
  CHECK(eventually([&] {
    return zinit.ctl({"logs", "a"}).out.find("left out ") != std::string::npos;
  }));
  CHECK(comes_to_rest(zinit.pid()));
}

}  // namespace
}  // namespace zinit::test::readiness_console
