// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinitctl top (control.md, "zinitctl"): at a real terminal, with a real server, and that it
// restores the terminal, however it ends.
#include "scenario/harness.hpp"
#include "scenario/harness/terminal.hpp"

namespace zinit::test::client_top {
namespace {

/// The last line of the table's screen, drawn after all others.
constexpr const char* kKeys = "q quit";
constexpr const char* kLeft = "\x1b[?1049l";

/// top at its own terminal.
class Top {
 public:
  explicit Top(const Server& zinit, std::optional<uid_t> uid = {}, Texts options = {}) {
    terminal.resize(100, 24);
    before_ = terminal.modes();
    Launch what;
    what.argv = {"zinitctl", "--socket", zinit.socket(), "top"};
    what.argv.insert(what.argv.end(), options.begin(), options.end());
    what.env = {"TERM=xterm", "LC_ALL=C.UTF-8"};
    what.uid = uid;
    pid_ = terminal.launch_in(what);
    terminal.await(kKeys);
  }
  ~Top() {
    if (!ended_) kill(pid_, SIGKILL), (void)wait_for_exit(pid_);
  }
  Top(const Top&) = delete;
  Top& operator=(const Top&) = delete;

  /// Presses keys and waits until the text appears after them.
  void press(std::string_view keys, const std::string& shown) {
    terminal.forget();
    terminal.type(keys);
    terminal.await(shown);
  }
  /// The whole content of the table's screen, drawn again.
  std::string screen() {
    press("\f", kKeys);
    return terminal.shown();
  }
  /// Whether the terminal is as before.
  [[nodiscard]] bool restored() {
    const termios now = terminal.modes();
    return now.c_lflag == before_.c_lflag && now.c_iflag == before_.c_iflag &&
           now.c_oflag == before_.c_oflag && now.c_cflag == before_.c_cflag &&
           std::memcmp(now.c_cc, before_.c_cc, sizeof now.c_cc) == 0;
  }
  std::optional<int> exit_code() {
    ended_ = true;
    return wait_for_exit(pid_);
  }
  [[nodiscard]] pid_t pid() const { return pid_; }

  Terminal terminal;

 private:
  termios before_{};
  pid_t pid_ = 0;
  bool ended_ = false;
};

TEST_CASE("top shows services, sorts and filters them, and gives the terminal back",
          "[check][top]") {
  Server zinit;
  zinit.add("busy", {.exec = "while :; do :; done"});
  zinit.add("calm");
  zinit.add("absent", {.service = "status = 'stop'"});
  zinit.boot({"busy", "calm"});
  Top top(zinit);
  CHECK(!top.restored());
  const auto before = [](const std::string& text, const char* one, const char* other) {
    return text.find(one) < text.find(other) && text.find(other) != std::string::npos;
  };
  // busy has used most of a processor since the last sample, and calm nothing.
  CHECK(eventually([&] { return before(top.screen(), "busy", "calm"); }));
  CHECK_THAT(top.screen(), Contains("3 services: 1 inactive, 2 running") && !Contains("absent"));
  top.press("n", "by name");
  CHECK(before(top.screen(), "busy", "calm"));
  top.press("n", "reversed");
  CHECK(before(top.screen(), "calm", "busy"));
  top.press("a", "absent");
  top.press("/ca", "names with ca");
  top.press("\r", kKeys);
  CHECK_THAT(top.screen(), Contains("calm") && !Contains("busy"));
  top.press("\x1b", "busy");  // the escape key alone removes the filter
  top.press("q", kLeft);
  CHECK(top.exit_code() == 0);
  CHECK(top.restored());
}

TEST_CASE("top stops, starts and explains the service that is selected", "[top]") {
  Server zinit;
  zinit.add("a", {.exec = "printf 'said \\033[31mthis\\n'; exec sleep 100000"});
  zinit.add("b", {.exec = "exit 3", .lifecycle = "restart = 'never'"});
  zinit.boot({"a"});
  zinit.await_state("b", "failed");
  Top top(zinit);
  top.press("na", "; all");
  top.press("T", "stop a? y/n");
  top.press("n", kKeys);
  CHECK(zinit.state("a") == "running");
  top.press("T", "stop a? y/n");
  top.press("y", "a stopped");
  CHECK(zinit.state("a") == "exited");
  top.press("S", "a is running");
  CHECK(zinit.state("a") == "running");
  const pid_t first = zinit.pid_of("a");
  top.press("R", "restart a? y/n");
  top.press("y", "a is running");
  CHECK(zinit.pid_of("a") != first);
  top.press("l", "said \\x1b[31mthis");
  top.press("q", kKeys);
  top.press("\x1b[B", "\x1b[7mb ");  // the arrow selects the next line
  top.press("w", "exit code 3");
  top.press("d", "last exit");
  top.press("h", "sort by cpu");
  top.press("q", kKeys);
  top.press("q", kLeft);
  CHECK(top.exit_code() == 0);
}

TEST_CASE("top shows a page to its last line", "[top]") {
  Server zinit;
  zinit.add("a", {.exec = "for i in $(seq 100); do echo said $i; done; echo all >> $T;"
                         "exec sleep 100000"});
  zinit.boot({"a"});
  zinit.await_trace("all");
  Top top(zinit, {}, {"--interval", "1000"});
  CHECK(zinit.state("a") == "running");  // all is read
  top.press("l", "said 79");  // the first of 22 lines
  top.terminal.await("said 100");
  CHECK_THAT(top.terminal.shown(), !Contains("said 78"));
  top.press("q", kKeys);
  CHECK(zinit.ctl({"remove-service", "a"}).code == 0);
  top.press("w", "no service \"a\"");
}

TEST_CASE("top gives the terminal back when a signal or the server ends it", "[top]") {
  Server zinit;
  zinit.add("a");
  zinit.boot({"a"});
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
    CAPTURE(signal);
    Top top(zinit);
    kill(top.pid(), signal);
    top.terminal.await(kLeft);
    CHECK(top.exit_code() == 128 + signal);
    CHECK(top.restored());
  }
  {
    Top top(zinit);
    top.terminal.type("\x03");
    CHECK(top.exit_code() == 128 + SIGINT);
    CHECK(top.restored());
  }
  Top top(zinit);
  zinit.reexecute();
  top.press("a", "; all");  // the same server goes on, and so does top
  CHECK(zinit.shut_down() == 0);
  top.terminal.await("\x1b[?1049lzinitctl: top: the server has gone");
  CHECK(top.exit_code() == 5);
  CHECK(top.restored());
}

TEST_CASE("top goes with the terminal's size, down to one that shows nothing", "[check][top]") {
  Server zinit;
  zinit.add("a-service-with-a-long-name");
  zinit.boot({"a-service-with-a-long-name"});
  Top top(zinit);
  CHECK_THAT(top.screen(), Contains("WRITE/s"));
  top.terminal.forget();
  top.terminal.resize(20, 5);
  top.terminal.await("a-service-w…");
  CHECK_THAT(top.terminal.shown(), !Contains("WRITE/s"));
  for (unsigned short rows = 4; rows > 0; --rows) {
    top.terminal.resize(rows, rows);
    top.terminal.type("jhqlqwqdq");
  }
  top.terminal.resize(100, 24);
  top.press("\f", "WRITE/s");
  top.press("q", kLeft);
  CHECK(top.exit_code() == 0);
}

TEST_CASE("top is a job of a shell, which it gives the terminal to and takes it from again",
          "[top]") {
  Server zinit;
  zinit.add("a");
  zinit.boot({"a"});
  Terminal terminal;
  terminal.resize(100, 24);
  Launch what;
  what.program = "/bin/bash";
  what.argv = {"bash", "--norc", "--noediting", "-i"};
  what.env = {"TERM=xterm", "BIN=" + zinit_binary(), "ZINIT_SOCKET=" + zinit.socket()};
  const pid_t shell = terminal.launch_in(what);
  terminal.type("(exec -a zinitctl $BIN top)\n");
  terminal.await(kKeys);
  terminal.type("\x1a");
  terminal.await(kLeft);
  terminal.type("echo stopped$((1+1))\n");
  terminal.await("stopped2");
  CHECK((terminal.modes().c_lflag & ICANON) != 0);
  terminal.type("fg\n");
  terminal.await("\x1b[?1049h");
  terminal.await(kKeys);
  CHECK((terminal.modes().c_lflag & ICANON) == 0);
  terminal.type("q");
  terminal.await(kLeft);
  terminal.type("echo status=$?=\n");
  terminal.await("status=0=");
  terminal.type("exit\n");
  CHECK(wait_for_exit(shell) == 0);
}

TEST_CASE("top without a terminal says what to use instead", "[top]") {
  Server zinit;
  zinit.add("a");
  zinit.boot({"a"});
  const Outcome piped = zinit.ctl({"top"});
  CHECK(piped.code == 2);
  CHECK_THAT(piped.err, Contains("no terminal") && Contains("top --json") && Contains("stats"));
  CHECK(piped.out.empty());
  for (const char* type : {"TERM=dumb", "TERM="}) {
    Terminal terminal;
    Launch what;
    what.argv = {"zinitctl", "--socket", zinit.socket(), "top"};
    what.env = {type};
    const pid_t pid = terminal.launch_in(what);
    CHECK(wait_for_exit(pid) == 2);
    terminal.await("top --json");
    CHECK_THAT(terminal.shown(), !Contains("\x1b"));
  }
  CHECK(zinit.ctl({"top", "-d", "0.01"}).code == 2);
  CHECK(zinit.ctl({"top", "-d", "soon"}).code == 2);
}

TEST_CASE("top --json prints one sample of those that have processes", "[top]") {
  Server zinit;
  zinit.add("busy", {.exec = "while :; do :; done"});
  zinit.add("calm");
  zinit.add("absent", {.service = "status = 'stop'"});
  zinit.boot({"busy", "calm"});
  const auto sample = Json::parse(zinit.ctl({"top", "--json"}).out);
  REQUIRE(sample);
  REQUIRE(sample->size() == 2);
  const Json busy = (*sample)[0], calm = (*sample)[1];
  CHECK(busy.members() == Texts{"cpu_percent", "cpu_usec", "io_read_bytes", "io_write_bytes",
                                "memory_bytes", "name", "pid", "state", "tasks"});
  CHECK(busy["name"] == "busy");
  CHECK(busy["state"] == "running");
  CHECK(busy["pid"] == std::int64_t{zinit.pid_of("busy")});
  CHECK(std::stod(busy["cpu_percent"].dump()) > std::stod(calm["cpu_percent"].dump()));
}

TEST_CASE("top --json waits neither for an interval without an end nor past --timeout", "[top]") {
  Server zinit;
  zinit.add("calm");
  zinit.boot({"calm"});
  const Outcome once = zinit.ctl({"top", "-d", "infinity", "--json"});
  CHECK(once.code == 0);
  const Json sample = Json::parse(once.out).value();
  REQUIRE(sample.size() == 1);
  CHECK(sample[0]["pid"] == std::int64_t{zinit.pid_of("calm")});
  CHECK(sample[0]["cpu_percent"].dump() == "null");
  const Outcome late = zinit.ctl({"top", "-d", "1h", "--json", "--timeout", "60"});
  CHECK(late.code == 6);
  CHECK_THAT(late.err, Contains("--timeout is over before"));
}

TEST_CASE("who may only read may watch, and is told what is not permitted", "[root][top]") {
  if (geteuid() != 0) return skip("needs root to be another user");
  Server zinit({.settings = true});
  zinit.add("a");
  write_file(zinit.path("zinit.toml"), "socket_group = 64123\nsocket_group_access = 'read'\n");
  zinit.boot({"a"});
  Top top(zinit, 64123);
  top.press("T", "stop a? y/n");
  top.press("y", "cannot stop a: ");
  CHECK(zinit.state("a") == "running");
  top.press("q", kLeft);
  CHECK(top.exit_code() == 0);
}

}  // namespace
}  // namespace zinit::test::client_top
