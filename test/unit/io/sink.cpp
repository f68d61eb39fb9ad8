// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Sinks that write text: its form, its order, and descriptors that are slow, full or gone.
#include "base/log.hpp"
#include "io/console_sink.hpp"
#include "support/test.hpp"
#include "unit/io/sinks.hpp"
#include "unit/support/loop.hpp"

namespace zinit::test::io_sink {
namespace {

/// A sink of type S on a loop, and the other end of what it writes to.
template <class S = ConsoleSink>
struct Bench {
  explicit Bench(Pipe ends = new_pipe())
      : read(std::move(ends.read)), sink(*loop, std::move(ends.write)) {}
  ~Bench() { loop.stop(); }

  void take(std::string_view text) { give(sink, text, dropped); }
  std::string receive(std::size_t size) { return test::receive(read, size); }

  DropCount dropped = new_count();
  LoopBeside loop;
  UniqueFd read;
  S sink;
};

const std::string kLong(100, 'x');
constexpr std::size_t kLongSize = 106;  // with the service's name

Pipe socket_pair(int type) {
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) == 0);
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

TEST_CASE("sink: the console gets `name: line`, safe to show", "[threads][io]") {
  Bench<> console;
  console.loop.start();
  console.take("hello");
  console.take("red \x1b[31m bell \a tab \t bad \xff");
  console.take("");
  const std::string expected =
      "web: hello\n"
      "web: red \\x1b[31m bell \\x07 tab \t bad \xef\xbf\xbd\n"
      "web: \n";
  CHECK(console.receive(expected.size()) == expected);
  CHECK(*console.dropped == 0);
}

TEST_CASE("sink: the kernel ring buffer gets one record a line, none too long", "[threads][io]") {
  Bench<KmsgSink> kmsg(socket_pair(SOCK_SEQPACKET | SOCK_NONBLOCK));
  kmsg.loop.start();
  kmsg.take("hello \x1b");
  CHECK(kmsg.receive(1) == "<30>web: hello \\x1b\n");
  std::string umlauts;
  while (umlauts.size() < 5000) umlauts += "\xc3\xa4";
  kmsg.take(umlauts);
  const std::string cut = kmsg.receive(1);
  CHECK(cut.size() <= 900);
  CHECK(cut.size() > 890);
  CHECK(cut.substr(cut.size() - 3) == "\xc3\xa4\n");
  CHECK(*kmsg.dropped == 0);
}

TEST_CASE("sink: a descriptor that accepts no more blocks nobody, and lost lines are counted",
          "[threads][io]") {
  Bench<> console;
  console.loop.start();
  const auto quiet = new_count();
  give(console.sink, "first", quiet, "db");
  constexpr std::uint64_t kLines = 20000;
  for (std::uint64_t i = 0; i < kLines; ++i) console.take(kLong);
  const std::uint64_t lost = *console.dropped;
  CHECK(lost > 0);
  CHECK(lost < kLines);
  CHECK(*quiet == 0);  // each service's drops are its own

  // The reader is back: every line that was not counted as lost arrives.
  const std::size_t expected = 10 + (kLines - lost) * kLongSize;
  const std::string text = console.receive(expected);
  CHECK(text.size() == expected);
  CHECK(text.substr(0, 10) == "db: first\n");
  console.take("after");
  CHECK(console.receive(11) == "web: after\n");
  CHECK(*console.dropped == lost);
  console.read.reset();
  console.take("gone");
  CHECK(becomes_true([&] { return *console.dropped == lost + 1; }));
}

TEST_CASE("sink: what a console takes at once is written at once", "[threads][io]") {
  Bench<> console;
  REQUIRE(::fcntl(console.read.get(), F_SETPIPE_SZ, 1 << 20) > 0);
  for (int i = 0; i < 1000; ++i) console.take(kLong);
  int written = 0;  // when the loop reaches the task after the sink's
  REQUIRE(console.loop->post([&] { ::ioctl(console.read.get(), FIONREAD, &written); }));
  console.loop.start();
  console.loop.stop();
  CHECK(written == 1000 * int(kLongSize));
  CHECK(*console.dropped == 0);
}

TEST_CASE("sink: lines are written even if the loop accepts no more tasks", "[threads][io]") {
  Bench<> console;
  while (console.loop->post([] {})) {}
  console.take("the last");
  console.loop.start();
  CHECK(console.receive(14) == "web: the last\n");
  CHECK(*console.dropped == 0);
}

/// A sink without memory for long lines.
class Forgetful final : public TextSink {
 public:
  Forgetful(EventLoop& loop, UniqueFd fd) : TextSink(loop, std::move(fd), 8) {}
  std::string_view name() const noexcept override { return "forgetful"; }

 protected:
  std::string format(const SinkBatch&, const SplitLine& line) const override {
    if (line.text.size() > 10) throw std::bad_alloc();
    return std::string(line.text) + "\n";
  }
};

TEST_CASE("sink: lines before one for which there is no memory are written", "[threads][io]") {
  Bench<Forgetful> to;
  to.loop.start();
  const std::array<SplitLine, 3> lines = {SplitLine{"one"}, {"much longer than that"}, {"three"}};
  to.sink.take({"web", LogStream::out, 1, nullptr, 0, lines}, to.dropped);
  CHECK(to.receive(4) == "one\n");
  CHECK(*to.dropped == 2);
}

TEST_CASE("sink: trouble of one sink is logged soon, even if that of another was logged before",
          "[threads][io]") {
  const Pipe ends = new_pipe();
  set_log_descriptor(ends.write.get(), false);
  LoopBeside loop;
  SinkReports reports(*loop);
  const auto first = reports.about("first"), second = reports.about("second");
  loop.start();
  std::string text;
  const auto told = [&](std::string_view what) {
    return becomes_true(
        [&] { return (text += receive(ends.read, 1)).find(what) != std::string::npos; });
  };
  first->lost(1);
  CHECK(told("first: "));
  second->failing("is gone");
  CHECK(told("second: is gone"));
  loop.stop();
  set_log_descriptor(STDERR_FILENO, false);
}

TEST_CASE("sink: trouble that is over before it is logged has its reason", "[threads][io]") {
  const Pipe ends = new_pipe();
  set_log_descriptor(ends.write.get(), false);
  LoopBeside loop;
  SinkReports reports(*loop);
  const auto trouble = reports.about("first");
  trouble->lost(1);
  trouble->failing("is broken");
  trouble->works();
  loop.start();
  CHECK_THAT(receive(ends.read, 1), Contains("first: is broken; 1 line lost; it works again\n"));
  loop.stop();
  set_log_descriptor(STDERR_FILENO, false);
}

TEST_CASE("sink: a raw console ends the line of a source that leaves, whose place another takes",
          "[io]") {
  const auto loop = new_loop();
  Pipe ends = new_pipe();
  const auto console = std::make_shared<ConsoleSink>(*loop, std::move(ends.write));
  RawConsole raw(console, console);
  const int source = 0;  // only its address matters
  const auto take = [&](const SplitLine& line) {
    raw.take({"web", LogStream::out, 1, &source, 0, {&line, 1}}, new_count());
  };
  take({"ha", true});
  take({"lf", true});
  raw.leave(&source, new_count());
  take({"new"});
  raw.within_line(LogStream::out, &source);  // the previous image has written the beginning
  raw.leave(&source, new_count());
  take({"newer"});
  raw.leave(&source, new_count());
  take({"newest"});
  console->finish(1000ms);
  CHECK(receive(ends.read, 23) == "half\nnew\n\nnewer\nnewest\n");
}

TEST_CASE("sink: a raw console reports the failure of standard error", "[threads][io]") {
  std::signal(SIGPIPE, SIG_IGN);  // zinit ignores it from the start, too
  LoopBeside loop;
  SinkReports reports(*loop);
  Pipe out = new_pipe(), err = new_pipe();
  RawConsole raw(std::make_shared<ConsoleSink>(*loop, std::move(out.write)),
                 std::make_shared<ConsoleSink>(*loop, std::move(err.write)));
  raw.report_to(reports.about("log to the console"));
  err.read.reset();
  loop.start();
  const SplitLine line{"lost", false};
  raw.take({"web", LogStream::err, 1, &line, 0, {&line, 1}}, new_count());
  CHECK(becomes_true([&] { return raw.fault() == "cannot write: Broken pipe"; }));
  loop.stop();
}

TEST_CASE("sink: at the end what waits is written, for a limited time", "[io]") {
  Bench<> console;
  console.take("last words");
  console.sink.finish(1000ms);
  CHECK(console.receive(16) == "web: last words\n");
  for (int i = 0; i < 2000; ++i) console.take(kLong);
  console.sink.finish(20ms);  // the pipe is full and unread: it returns nevertheless
  SUCCEED();
}

TEST_CASE("sink: what is given stays blocking, and a file is written from its position on",
          "[io]") {
  auto ends = make_pipe();
  REQUIRE(ends);
  const auto own = open_for_sink(ends->write.get());
  REQUIRE(own);
  CHECK((::fcntl(own->get(), F_GETFL) & O_NONBLOCK) != 0);
  CHECK((::fcntl(ends->write.get(), F_GETFL) & O_NONBLOCK) == 0);
  CHECK((::fcntl(own->get(), F_GETFD) & FD_CLOEXEC) != 0);

  const TempDir dir;
  const std::string path = dir / "log";
  const auto file = open_fd(path.c_str(), O_WRONLY | O_CREAT, 0600);
  REQUIRE(file);
  put(*file, "before\n");
  auto to_file = open_for_sink(file->get());
  REQUIRE(to_file);
  Bench<> console(Pipe{{}, std::move(*to_file)});
  console.take("hello");
  console.sink.finish(1000ms);
  CHECK(read_file(path.c_str(), 1000).value_or("") == "before\nweb: hello\n");
}

TEST_CASE("sink: a socket that does not say so itself is not waited for either", "[threads][io]") {
  Pipe ends = socket_pair(SOCK_STREAM);
  auto own = open_for_sink(ends.write.get());
  REQUIRE(own);
  Bench<> console(Pipe{std::move(ends.read), std::move(*own)});
  console.loop.start();
  for (int i = 0; i < 20000; ++i) console.take(kLong);
  CHECK(*console.dropped > 0);
  console.loop.stop();  // it returns: the loop's thread does not hang in a write
}

TEST_CASE("sink: a console that has hung up is opened again", "[threads][io]") {
  UniqueFd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  REQUIRE(::unlockpt(master.get()) == 0);
  const auto terminal = open_fd(::ptsname(master.get()), O_RDWR | O_NOCTTY | O_NONBLOCK);
  REQUIRE(terminal);
  UniqueFd end(::fcntl(terminal->get(), F_DUPFD_CLOEXEC, 0));
  Bench<> console(Pipe{std::move(master), std::move(end)});
  console.loop.start();
  console.take("before");
  CHECK(console.receive(1) == "web: before\r\n");
  const pid_t session = ::fork();
  if (session == 0) {
    ::signal(SIGHUP, SIG_IGN);
    ::setsid();
    if (::ioctl(terminal->get(), TIOCSCTTY, 0) < 0) ::_exit(1);
    ::_exit(::vhangup() < 0 ? errno : 0);
  }
  int status = -1;
  REQUIRE(::waitpid(session, &status, 0) == session);
  if (WEXITSTATUS(status) == EPERM) return test::skip("needs root to hang a terminal up");
  REQUIRE(status == 0);
  REQUIRE(::write(terminal->get(), "x", 1) == -1);
  console.take("after");
  CHECK(console.receive(1) == "web: after\r\n");
  CHECK(*console.dropped == 0);
}

}  // namespace
}  // namespace zinit::test::io_sink
