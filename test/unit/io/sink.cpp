// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Sinks that write text: its form, its order, and descriptors that are slow, full or gone.
#include "base/log.hpp"
#include "io/console_sink.hpp"
#include "support/test.hpp"

namespace zinit::test::io_sink {
namespace {

DropCount new_count() { return std::make_shared<std::atomic<std::uint64_t>>(0); }

void give(Sink& sink, std::string_view text, const DropCount& dropped,
          std::string_view service = "web") {
  const SplitLine line{text, false};
  sink.take({service, LogStream::out, 1, nullptr, 0, {&line, 1}}, dropped);
}

/// A sink of type S on a running loop, and the pipe that it writes to.
template <class S>
struct Running {
  Running() {
    auto made = DataLoop::create();
    REQUIRE(made);
    data = std::move(*made);
    auto ends = make_pipe(O_NONBLOCK);
    REQUIRE(ends);
    read = std::move(ends->read);
    sink = std::make_unique<S>(data->loop(), std::move(ends->write));
    REQUIRE(data->start());
  }
  ~Running() { CHECK(data->stop(test::kPatience)); }

  void take(std::string_view text) { give(*sink, text, dropped); }

  /// Receives data until `size` bytes have come, or nothing more comes.
  std::string receive(std::size_t size) {
    std::string text;
    char buffer[4096];
    pollfd ready{read.get(), POLLIN, 0};
    while (text.size() < size && ::poll(&ready, 1, 10000) == 1) {
      const ssize_t count = ::read(read.get(), buffer, sizeof buffer);
      if (count <= 0) break;
      text.append(buffer, static_cast<std::size_t>(count));
    }
    return text;
  }

  DropCount dropped = new_count();
  std::unique_ptr<DataLoop> data;
  UniqueFd read;
  std::unique_ptr<S> sink;
};

TEST_CASE("sink: the console gets `name: line`, safe to show", "[threads][io]") {
  Running<ConsoleSink> console;
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
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
  UniqueFd receiver(ends[0]);
  auto data = DataLoop::create();
  REQUIRE(data);
  KmsgSink sink((*data)->loop(), UniqueFd(ends[1]));
  REQUIRE((*data)->start());
  const auto record = [&] {
    char buffer[65536];
    pollfd ready{receiver.get(), POLLIN, 0};
    REQUIRE(::poll(&ready, 1, 10000) == 1);
    const ssize_t count = ::read(receiver.get(), buffer, sizeof buffer);
    REQUIRE(count >= 0);
    return std::string(buffer, static_cast<std::size_t>(count));
  };
  const auto dropped = new_count();
  give(sink, "hello \x1b", dropped);
  CHECK(record() == "<30>web: hello \\x1b\n");
  std::string umlauts;
  while (umlauts.size() < 5000) umlauts += "\xc3\xa4";
  give(sink, umlauts, dropped);
  const std::string cut = record();
  CHECK(cut.size() <= 900);
  CHECK(cut.size() > 890);
  CHECK(cut.substr(cut.size() - 3) == "\xc3\xa4\n");
  CHECK(*dropped == 0);
  CHECK((*data)->stop(test::kPatience));
}

TEST_CASE("sink: a descriptor that accepts no more blocks nobody, and lost lines are counted",
          "[threads][io]") {
  Running<ConsoleSink> console;
  constexpr std::uint64_t kLines = 20000;
  const std::string text(100, 'x');
  for (std::uint64_t i = 0; i < kLines; ++i) console.take(text);
  const std::uint64_t lost = *console.dropped;
  CHECK(lost > 0);
  CHECK(lost < kLines);

  // The reader is back: every line that was not counted as lost arrives.
  const std::size_t line_size = text.size() + 6;
  const std::size_t expected = (kLines - lost) * line_size;
  CHECK(console.receive(expected).size() == expected);
  console.take("after");
  CHECK(console.receive(11) == "web: after\n");
  CHECK(*console.dropped == lost);
}

TEST_CASE("sink: a console that holds services up loses nothing, and says when it has room",
          "[threads][io]") {
  auto data = DataLoop::create();
  REQUIRE(data);
  auto ends = make_pipe(O_NONBLOCK);
  REQUIRE(ends);
  ConsoleSink sink((*data)->loop(), std::move(ends->write), WhenFull::hold);
  std::atomic<int> told{0};
  sink.on_room([&] { ++told; });
  REQUIRE((*data)->start());
  const auto dropped = new_count();
  std::size_t size = 0;
  for (; !sink.holds(LogStream::out); size += 106) give(sink, std::string(100, 'x'), dropped);
  give(sink, std::string(100, 'x'), dropped);  // from a pipe that was being read
  CHECK(told == 0);
  std::size_t got = 0;
  char buffer[4096];
  pollfd ready{ends->read.get(), POLLIN, 0};
  while (got < size + 106 && ::poll(&ready, 1, 10000) == 1) {
    const ssize_t count = ::read(ends->read.get(), buffer, sizeof buffer);
    if (count > 0) got += static_cast<std::size_t>(count);
  }
  CHECK(got == size + 106);
  CHECK(*dropped == 0);
  CHECK(told == 1);
  CHECK_FALSE(sink.holds(LogStream::out));
  CHECK((*data)->stop(test::kPatience));
}

TEST_CASE("sink: what a console takes at once is written at once", "[threads][io]") {
  auto data = DataLoop::create();
  REQUIRE(data);
  auto ends = make_pipe(O_NONBLOCK);
  REQUIRE(ends);
  REQUIRE(::fcntl(ends->write.get(), F_SETPIPE_SZ, 1 << 20) > 0);
  ConsoleSink sink((*data)->loop(), std::move(ends->write));
  const auto dropped = new_count();
  for (int i = 0; i < 1000; ++i) give(sink, std::string(100, 'x'), dropped);
  int written = 0;  // when the loop reaches the task after the sink's
  REQUIRE((*data)->loop().post([&] { ::ioctl(ends->read.get(), FIONREAD, &written); }));
  REQUIRE((*data)->start());
  CHECK((*data)->stop(test::kPatience));
  CHECK(written == 1000 * 106);
  CHECK(*dropped == 0);
}

TEST_CASE("sink: lines for a descriptor that is gone are counted", "[threads][io]") {
  Running<ConsoleSink> console;
  console.read.reset();
  for (int i = 0; i < 10; ++i) console.take("lost");
  CHECK(test::becomes_true([&] { return *console.dropped == 10; }));
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
  Running<Forgetful> to;
  const std::array<SplitLine, 3> lines = {SplitLine{"one"}, {"much longer than that"}, {"three"}};
  to.sink->take({"web", LogStream::out, 1, nullptr, 0, lines}, to.dropped);
  CHECK(to.receive(4) == "one\n");
  CHECK(*to.dropped == 2);
}

TEST_CASE("sink: trouble of one sink is logged soon, even if that of another was logged before",
          "[threads][io]") {
  auto data = DataLoop::create();
  REQUIRE(data);
  auto ends = make_pipe(O_NONBLOCK);
  REQUIRE(ends);
  set_log_descriptor(ends->write.get(), false);
  std::string text;
  const auto told = [&](std::string_view what) {
    char buffer[4096];
    for (ssize_t got; (got = ::read(ends->read.get(), buffer, sizeof buffer)) > 0;)
      text.append(buffer, static_cast<std::size_t>(got));
    return text.find(what) != std::string::npos;
  };
  SinkReports reports((*data)->loop());
  const auto first = reports.about("first"), second = reports.about("second");
  REQUIRE((*data)->start());
  first->lost(1);
  CHECK(test::becomes_true([&] { return told("first: "); }));
  second->failing("is gone");
  CHECK(test::becomes_true([&] { return told("second: is gone"); }));
  CHECK((*data)->stop(test::kPatience));
  set_log_descriptor(STDERR_FILENO, false);
}

TEST_CASE("sink: each service's drops are its own", "[threads][io]") {
  Running<ConsoleSink> console;
  const auto quiet = new_count();
  give(*console.sink, "first", quiet, "db");
  for (int i = 0; i < 10000; ++i) console.take(std::string(100, 'x'));
  CHECK(*quiet == 0);
  CHECK(*console.dropped > 0);
  CHECK(console.receive(10).substr(0, 10) == "db: first\n");
}

TEST_CASE("sink: lines of two threads both come, each thread's in its order", "[threads][io]") {
  Running<ConsoleSink> console;
  constexpr int kLines = 1000;
  const auto write_all_of = [&](const std::string& name) {
    for (int i = 0; i < kLines; ++i) give(*console.sink, std::to_string(i), console.dropped, name);
  };
  std::size_t size = 0;
  for (int i = 0; i < kLines; ++i) size += 2 * (4 + std::to_string(i).size());
  std::thread a([&] { write_all_of("a"); }), b([&] { write_all_of("b"); });
  const std::string text = console.receive(size);
  a.join();
  b.join();
  REQUIRE(text.size() == size);
  int next[2] = {};
  for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
    int& expected = next[text[at] - 'a'];
    REQUIRE(std::stoi(text.substr(at + 3)) == expected++);
  }
  CHECK(*console.dropped == 0);
}

TEST_CASE("sink: at the end what waits is written, for a limited time", "[io]") {
  auto loop = EventLoop::create();
  REQUIRE(loop);
  auto ends = make_pipe(O_NONBLOCK);
  REQUIRE(ends);
  const auto dropped = new_count();
  ConsoleSink sink(**loop, std::move(ends->write));
  give(sink, "last words", dropped);
  sink.finish(1000ms);
  char buffer[64];
  REQUIRE(::read(ends->read.get(), buffer, sizeof buffer) == 16);
  CHECK(std::string(buffer, 16) == "web: last words\n");

  for (int i = 0; i < 2000; ++i) give(sink, std::string(100, 'x'), dropped);
  sink.finish(20ms);  // the pipe is full and unread: it returns nevertheless
  SUCCEED();
}

TEST_CASE("sink: lines are written even if the loop accepts no more tasks", "[threads][io]") {
  auto data = DataLoop::create();
  REQUIRE(data);
  auto ends = make_pipe(O_NONBLOCK);
  REQUIRE(ends);
  const auto dropped = new_count();
  ConsoleSink sink((*data)->loop(), std::move(ends->write));
  while ((*data)->loop().post([] {})) {}
  give(sink, "the last", dropped);
  REQUIRE((*data)->start());
  pollfd ready{ends->read.get(), POLLIN, 0};
  REQUIRE(::poll(&ready, 1, 20'000) == 1);
  char text[64];
  CHECK(::read(ends->read.get(), text, sizeof text) == 14);
  CHECK(*dropped == 0);
  CHECK((*data)->stop(test::kPatience));
}

TEST_CASE("sink: a pipe is opened again, so that the descriptor given stays blocking", "[io]") {
  auto ends = make_pipe();
  REQUIRE(ends);
  auto own = open_for_sink(ends->write.get());
  REQUIRE(own);
  CHECK((::fcntl(own->get(), F_GETFL) & O_NONBLOCK) != 0);
  CHECK((::fcntl(ends->write.get(), F_GETFL) & O_NONBLOCK) == 0);
  CHECK((::fcntl(own->get(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("sink: a file is written from its current position on", "[io]") {
  const test::TempDir dir;
  const std::string path = dir.path() + "/log";
  auto file = open_fd(path.c_str(), O_WRONLY | O_CREAT, 0600);
  REQUIRE(file);
  REQUIRE(write_all(file->get(), "before\n", path));
  auto own = open_for_sink(file->get());
  REQUIRE(own);
  auto loop = EventLoop::create();
  REQUIRE(loop);
  ConsoleSink sink(**loop, std::move(*own));
  give(sink, "hello", new_count());
  sink.finish(1000ms);
  CHECK(read_file(path.c_str(), 1000).value_or("") == "before\nweb: hello\n");
}

TEST_CASE("sink: a console that has hung up is opened again", "[threads][io]") {
  const UniqueFd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  REQUIRE(::unlockpt(master.get()) == 0);
  auto terminal = open_fd(::ptsname(master.get()), O_RDWR | O_NOCTTY | O_NONBLOCK);
  REQUIRE(terminal);
  auto data = DataLoop::create();
  REQUIRE(data);
  const auto dropped = new_count();
  ConsoleSink sink((*data)->loop(), UniqueFd(::fcntl(terminal->get(), F_DUPFD_CLOEXEC, 0)));
  REQUIRE((*data)->start());
  const auto receive = [&] {
    char buffer[100];
    pollfd ready{master.get(), POLLIN, 0};
    REQUIRE(::poll(&ready, 1, 10000) == 1);
    const ssize_t size = ::read(master.get(), buffer, sizeof buffer);
    return std::string(buffer, static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  };
  give(sink, "before", dropped);
  CHECK(receive() == "web: before\r\n");
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
  give(sink, "after", dropped);
  CHECK(receive() == "web: after\r\n");
  CHECK(*dropped == 0);
  CHECK((*data)->stop(test::kPatience));
}

TEST_CASE("sink: a socket that does not say so itself is not waited for either", "[threads][io]") {
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  const UniqueFd writer(ends[0]), reader(ends[1]);
  auto own = open_for_sink(writer.get());
  REQUIRE(own);
  auto data = DataLoop::create();
  REQUIRE(data);
  const auto dropped = new_count();
  ConsoleSink sink((*data)->loop(), std::move(*own));
  REQUIRE((*data)->start());
  for (int i = 0; i < 20000; ++i) give(sink, std::string(100, 'x'), dropped);
  CHECK(*dropped > 0);
  CHECK((*data)->stop(test::kPatience));  // it returns: the loop's thread does not hang in a write
}

}  // namespace
}  // namespace zinit::test::io_sink
