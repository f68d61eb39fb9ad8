// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The log: its form, its levels, and writes that never block.
#include "base/log.hpp"
#include "base/fd.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "support/test.hpp"

namespace zinit::test::base_log {
namespace {

/// Sends the log into a pipe during a scope.
class Captured {
 public:
  explicit Captured(bool kmsg = false) : pipe_(make_pipe().value()) {
    ::fcntl(pipe_.read.get(), F_SETFL, O_NONBLOCK);
    set_log_descriptor(pipe_.write.get(), kmsg);
  }
  ~Captured() {
    set_log_descriptor(STDERR_FILENO, false);
    set_log_level(LogLevel::info);
    set_log_listener(nullptr);
  }
  Captured(const Captured&) = delete;
  Captured& operator=(const Captured&) = delete;

  /// Everything written since the last call.
  std::string text() {
    std::string all;
    for (char c; ::read(pipe_.read.get(), &c, 1) == 1;) all += c;
    return all;
  }
  int write_end() { return pipe_.write.get(); }

 private:
  Pipe pipe_;
};

TEST_CASE("a log line is its level, padded, and its text; one for the kernel has its priority",
          "[base][log]") {
  {
    Captured log;
    log_info("web: starting, pid {}, attempt {}", 812, 3);
    log_error("web: gone");
    CHECK(log.text() == "info  web: starting, pid 812, attempt 3\nerror web: gone\n");
  }
  Captured log(true);
  set_log_level(LogLevel::debug);
  log_debug("d");
  log_info("i");
  log_warn("w");
  log_error("e");
  CHECK(log.text() == "<7>zinit: d\n<6>zinit: i\n<4>zinit: w\n<3>zinit: e\n");
  log_info("{}", std::string(5000, 'x'));  // longer than the kernel takes
  const std::string text = log.text();
  CHECK(text.size() <= 901);
  CHECK(text.ends_with("xxx [cut]\n"));
}

TEST_CASE("a signal handler gets the time with which lines begin", "[base][log]") {
  Captured log;
  CHECK(log_time()[0] == '\0');
  set_log_times(true);
  log_info("the clock's offset is known from here on");
  (void)log.text();
  const std::string before = log_time().data();
  log_info("x");
  const std::string after = log_time().data();
  set_log_times(false);
  const std::string line = log.text();
  INFO(line);
  CHECK(line.substr(20) == "info  x\n");
  CHECK(before <= line.substr(0, 20));
  CHECK(line.substr(0, 20) <= after);
  CHECK(log_time()[0] == '\0');
}

TEST_CASE(
    "the listener gets each line as it is shown, when it is written, but none below the level",
    "[base][log]") {
  static Captured* log;
  static Texts heard, written;
  Captured captured;
  log = &captured;
  set_log_listener([](LogLevel level, std::string_view line) {
    heard.push_back(std::string(log_level_name(level)) + "|" + std::string(line));
    written.push_back(log->text());
  });
  set_log_level(LogLevel::warn);
  log_info("quiet");
  CHECK(captured.text().empty());
  log_warn("a\nb");
  CHECK(heard == Texts{"warn|a\\x0ab"});
  CHECK(written == Texts{"warn  a\\x0ab\n"});
}

TEST_CASE("a listener that has no memory for a line ends nothing", "[base][log]") {
  Captured log;
  set_log_listener([](LogLevel, std::string_view) { throw std::bad_alloc(); });
  log_warn("one");
  log_warn("two");
  CHECK(log.text() == "warn  one\nwarn  two\n");
}

TEST_CASE("a full log drops whole lines, counts them and says so later", "[base][log]") {
  Captured log;
  const std::string line(1000, 'x');
  for (int i = 0; i < 200; ++i) log_info("{}", line);  // a blocking pipe of 64 KiB without a reader
  std::string all = log.text();
  log_info("later");
  all += log.text();
  CHECK(all.ends_with(" dropped\ninfo  later\n"));
  // No half line. The short lines about dropped lines may fit where no long line does.
  const std::string told = "warn  log: ";
  std::size_t whole = 0, dropped = 0;
  for (const std::string_view each : split(all, '\n')) {
    if (each.starts_with(told))
      dropped += std::stoul(std::string(each.substr(told.size())));
    else if (each == "info  " + line)
      ++whole;
    else
      CHECK((each == "info  later" || each.empty()));
  }
  CHECK(whole > 10);
  CHECK(whole + dropped == 200);
  log_info("again");
  CHECK(log.text() == "info  again\n");
}

TEST_CASE("a pipe is written to through an opening of the log's own, which cannot block",
          "[base][log]") {
  Captured log;
  const auto before = ::fcntl(log.write_end(), F_GETFL);
  int own = 0;
  struct stat given {};
  REQUIRE(::fstat(log.write_end(), &given) == 0);
  for (int fd = 0; fd < 1024; ++fd) {
    struct stat status {};
    if (::fstat(fd, &status) < 0 || status.st_ino != given.st_ino) continue;
    const int flags = ::fcntl(fd, F_GETFL);
    if ((flags & O_ACCMODE) == O_WRONLY && (flags & O_NONBLOCK) != 0) ++own;
  }
  CHECK((before & O_NONBLOCK) == 0);
  CHECK(own == 1);
}

TEST_CASE("a full socket does not block the log either", "[base][log]") {
  int fds[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
  UniqueFd reader(fds[0]), writer(fds[1]);
  Captured restore;
  set_log_descriptor(writer.get(), false);
  const std::string line(3000, 'x');
  for (int i = 0; i < 200; ++i) log_info("{}", line);
  reader.reset();
  log_info("to nobody");  // a plain write(2) would cause SIGPIPE
  set_log_descriptor(restore.write_end(), false);
  log_info("after");
  CHECK(restore.text().find(" lines dropped\ninfo  after\n") != std::string::npos);
}

TEST_CASE("a full file tears no two lines together, and each line that it lacks counts once",
          "[base][log]") {
  Captured restore;
  const test::TempDir directory;
  const std::string path = directory / "log";
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  set_log_descriptor(file.get(), false);
  const auto before = ::signal(SIGXFSZ, SIG_IGN);
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &limit) == 0);
  const auto room = [&](rlim_t bytes) {
    const rlimit changed{bytes, limit.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &changed) == 0);
  };
  const LogRecord lines[] = {{LogLevel::info, "one"},
                             {LogLevel::info, "two"},
                             {LogLevel::info, "three"},
                             {LogLevel::info, "four"}};
  room(26);  // the third line has six bytes
  log_lines(lines);
  log_info("five");
  room(limit.rlim_cur);
  log_lines({lines, 2});
  set_log_descriptor(restore.write_end(), false);
  (void)::signal(SIGXFSZ, before);
  CHECK(read_file(path.c_str(), 1000).value() ==
        "info  one\ninfo  two\ninfo  \nwarn  log: 3 lines dropped\ninfo  one\ninfo  two\n");
}

TEST_CASE("logging leaves errno as it was", "[base][log]") {
  Captured log;
  set_log_descriptor(-1, false);
  errno = ENOENT;
  log_info("to nowhere");
  CHECK(errno == ENOENT);
  set_log_descriptor(log.write_end(), false);
  log_info("x");
  CHECK(log.text() == "warn  log: 1 line dropped\ninfo  x\n");
}

TEST_CASE("levels have names, and a wrong one is answered with all of them", "[base][log]") {
  CHECK(parse_log_level("trace") == LogLevel::trace);
  CHECK(parse_log_level("error") == LogLevel::error);
  const auto wrong = parse_log_level("INFO");
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().text ==
        "unknown log level \"INFO\"; known are trace, debug, info, warn, error");
}

}  // namespace
}  // namespace zinit::test::base_log
