// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Log files: where they are cut, interference by others, and the form of a line for collectors.
#include "io/log_file.hpp"
#include "base/format.hpp"
#include "io/file_sink.hpp"
#include "io/service_log.hpp"
#include "io/sink_format.hpp"
#include "io/sink_table.hpp"
#include "support/test.hpp"
#include "unit/io/sinks.hpp"
#include "unit/support/loop.hpp"

namespace zinit::test::io_log_file {
namespace {

std::string text_of_file(const std::string& path) {
  auto text = read_file(path.c_str(), 1u << 20);
  return text ? *text : "(" + text.error().text + ")";
}

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

void append(LogFile& file, std::string_view lines, const Rotation& rotation) {
  std::size_t written = 0;
  const auto done = file.append(lines, rotation, written);
  if (!done) FAIL(done.error().text);
  CHECK(written == lines.size());
}

TEST_CASE("log file: it is rotated between lines, before it exceeds its limit", "[io]") {
  TempDir dir;
  const std::string path = dir / "a.log";
  LogFile file(path);
  append(file, "12\n45\n78\nabc", {6, 2});
  CHECK(text_of_file(path + ".1") == "12\n45\n");
  CHECK(text_of_file(path) == "78\nabc");
  // A line that has begun stays whole, and one that is too long gets its own file.
  append(file, "def\n0123456789\nx\n", {6, 2});
  CHECK(text_of_file(path + ".2") == "78\nabcdef\n");
  CHECK(text_of_file(path + ".1") == "0123456789\n");
  CHECK(text_of_file(path) == "x\n");
  CHECK_FALSE(exists(path + ".3"));
  // The same after a re-execution.
  append(*std::make_unique<LogFile>(dir / "c.log"), "12345\nab", {10, 1});
  append(*std::make_unique<LogFile>(dir / "c.log"), "cdef\nx\n", {10, 1});
  CHECK(text_of_file(dir / "c.log.1") == "12345\nabcdef\n");
  // If no rotated file is to be kept it starts empty again.
  LogFile alone(dir / "b.log");
  append(alone, "12345\n67890\n", {6, 0});
  CHECK(text_of_file(dir / "b.log") == "67890\n");
  CHECK_FALSE(exists(dir / "b.log.1"));
}

TEST_CASE("log file: a file that others renamed or emptied is not renamed again", "[io]") {
  TempDir dir;
  const std::string path = dir / "a.log";
  LogFile file(path);
  append(file, "12345\n", {6, 2});
  REQUIRE(::rename(path.c_str(), (dir / "theirs").c_str()) == 0);
  append(file, "67890\n", {6, 2});
  CHECK(text_of_file(dir / "theirs") == "12345\n");
  CHECK(text_of_file(path) == "67890\n");
  REQUIRE(::truncate(path.c_str(), 0) == 0);
  append(file, "abcde\n", {6, 2});
  CHECK(text_of_file(path) == "abcde\n");
  CHECK_FALSE(exists(path + ".1"));
}

TEST_CASE("log file: it is neither opened nor rotated by a link that a stranger made", "[io]") {
  if (::geteuid() != 0) return test::skip("needs root");
  TempDir dir;
  for (const char* folder : {"theirs", "theirs/logs", "secret"})
    REQUIRE(::mkdir((dir / folder).c_str(), 0700) == 0);
  for (const char* folder : {"theirs", "theirs/logs"})
    REQUIRE(::chown((dir / folder).c_str(), 64123, 64123) == 0);
  LogFile file(dir / "theirs/logs/a.log");
  append(file, "12345\n", {6, 2});
  CHECK(text_of_file(dir / "theirs/logs/a.log") == "12345\n");
  // A link to root's folder, which has a file of that name, replaces the folder.
  REQUIRE(::rename((dir / "theirs/logs").c_str(), (dir / "theirs/old").c_str()) == 0);
  REQUIRE(::symlink((dir / "secret").c_str(), (dir / "theirs/logs").c_str()) == 0);
  REQUIRE(::link((dir / "theirs/old/a.log").c_str(), (dir / "secret/a.log").c_str()) == 0);
  std::size_t written = 0;
  for (int i = 0; i < 2; ++i) {
    const auto done = file.append("67890\n", {6, 2}, written);
    REQUIRE_FALSE(done);
    CHECK(done.error().text == "cannot open " + (dir / "theirs/logs/a.log") + ": " +
                                   (dir / "theirs/logs") + " is a symbolic link, and its folder " +
                                   (dir / "theirs") + " belongs to uid 64123");
    file.close();
  }
  CHECK(text_of_file(dir / "secret/a.log") == "12345\n");
  CHECK_FALSE(exists(dir / "secret/a.log.1"));
}

/// The sink of one file, which does not exist yet.
struct Bench {
  void make_fifo() const { REQUIRE(::mkfifo(path.c_str(), 0600) == 0); }
  [[nodiscard]] UniqueFd reader() const {
    return UniqueFd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  }
  void take(std::string_view text) const { give(*sink, text, dropped); }
  /// Gives it pieces of the stream that `source` identifies.
  void take(const void* source, const std::vector<SplitLine>& lines) const {
    sink->take({"a", LogStream::out, 1, source, 0, lines}, dropped);
  }

  TempDir dir;
  const std::string path = dir / "file";
  const DropCount dropped = new_count();
  FileWriters writers;
  const std::shared_ptr<FileSink> sink = std::make_shared<FileSink>(writers, path);
};

TEST_CASE("file sink: pieces of a line are joined, and another stream's line ends one",
          "[threads][io]") {
  Bench file;
  int out = 0, err = 0;  // only their addresses matter
  const std::string_view view = "one\ntwo\npiece";
  file.take(&out, {{view.substr(0, 3)},
                   {view.substr(4, 3)},
                   {view.substr(8, 3), true},
                   {view.substr(11, 2), true}});
  file.take(&out, {{"more", true}});
  file.take(&err, {{"other"}, {""}});
  file.take(&out, {{"end"}});
  CHECK(becomes_true(
      [&] { return text_of_file(file.path) == "one\ntwo\npiecemore\nother\n\nend\n"; }));
  file.writers.begin_finish();
  file.writers.await_finish(20s);
  CHECK_FALSE(file.writers.busy());
  CHECK(*file.dropped == 0);
}

TEST_CASE("file sink: the line of a source that leaves is not joined with the next one there",
          "[threads][io]") {
  Bench file;
  const int source = 0;  // only its address matters
  file.take(&source, {{"half", true}});
  file.sink->leave(&source, file.dropped);
  file.take(&source, {{"new"}});
  file.sink->leave(&source, file.dropped);
  file.take(&source, {{"newer"}});
  CHECK(becomes_true([&] { return text_of_file(file.path) == "half\nnew\nnewer\n"; }));
}

TEST_CASE("file sink: a line of which a piece finds no room is not joined with its rest",
          "[threads][io]") {
  Bench file;
  file.make_fifo();
  const int source = 0;  // only its address matters
  const std::string piece(100000, 'x');
  while (*file.dropped == 0) file.take(&source, {{piece, true}});
  file.take(&source, {{"rest"}, {"next"}});
  REQUIRE(*file.dropped == 1);
  const UniqueFd reader = file.reader();
  std::vector<char> bytes(65536);
  std::string got;
  CHECK(becomes_true([&] {
    const ssize_t size = ::read(reader.get(), bytes.data(), bytes.size());
    if (size > 0) got.append(bytes.data(), static_cast<std::size_t>(size));
    return got.ends_with("next\n");
  }));
  CHECK(got.ends_with("x\nrest\nnext\n"));
}

TEST_CASE("file sink: a line of which a piece was given up is not joined with its rest",
          "[threads][io]") {
  Bench file;
  const int source = 0;  // only its address matters
  file.take(&source, {{"begin", true}});
  REQUIRE(becomes_true([&] { return text_of_file(file.path) == "begin"; }));
  const std::string aside = file.dir / "aside";
  REQUIRE(::rename(file.path.c_str(), aside.c_str()) == 0);
  REQUIRE(::mkdir(file.path.c_str(), 0700) == 0);
  file.sink->reopen(1);
  file.take(&source, {{"middle", true}});
  REQUIRE(becomes_true([&] { return *file.dropped == 1; }));
  REQUIRE(::rmdir(file.path.c_str()) == 0);
  REQUIRE(::rename(aside.c_str(), file.path.c_str()) == 0);
  file.take(&source, {{"rest"}});
  CHECK(becomes_true([&] { return text_of_file(file.path) == "begin\nrest\n"; }));
}

TEST_CASE("file sink: a file is opened again even if there is always more to write",
          "[threads][io]") {
  Bench file;
  file.make_fifo();
  const UniqueFd reader = file.reader();
  const std::string text(10000, 'x');
  for (int i = 0; i < 20; ++i) file.take(text);  // more than a FIFO holds
  std::vector<char> bytes(65536);
  REQUIRE(becomes_true([&] { return ::read(reader.get(), bytes.data(), bytes.size()) > 0; }));
  REQUIRE(::rename(file.path.c_str(), (file.dir / "old").c_str()) == 0);
  file.sink->reopen(1);
  // More data comes than the other end reads.
  CHECK(becomes_true([&] {
    file.take(text);
    static_cast<void>(::read(reader.get(), bytes.data(), bytes.size()));
    return exists(file.path);
  }));
}

TEST_CASE("file sink: lines wait for a reader of a FIFO, and hold up nothing", "[threads][io]") {
  const bool opened_again = GENERATE(true, false);
  Bench file;
  file.make_fifo();
  file.take("kept");
  if (opened_again) {
    file.sink->reopen(1);
    // Before the line is given up: it is still there for the reader who comes now.
    REQUIRE(becomes_true([&] { return file.sink->reopened(1); }));
    CHECK_FALSE(file.sink->idle());
    CHECK(*file.dropped == 0);
  } else {  // an end that did not come
    file.writers.begin_finish();
    file.writers.await_finish(20s);
    file.writers.go_on();
    file.sink->go_on();
  }
  const UniqueFd reader = file.reader();
  char text[16] = {};
  CHECK(becomes_true([&] { return ::read(reader.get(), text, sizeof text - 1) > 0; }));
  CHECK(std::string_view(text) == "kept\n");
}

/// Adds another log's line to a file between two pieces of one line.
class Interrupting final : public Sink {
 public:
  Interrupting(std::shared_ptr<FileSink> file, ServiceLog& other)
      : file_(std::move(file)), other_(other) {}
  std::string_view name() const noexcept override { return "interrupting"; }
  void finish(Milliseconds) noexcept override {}
  void take(const SinkBatch& batch, const DropCount& dropped) noexcept override {
    file_->take(batch, dropped);
    if (batch.lines.back().continues) other_.take(LogStream::syslog, 1, 0, "other");
  }

 private:
  const std::shared_ptr<FileSink> file_;
  ServiceLog& other_;
};

TEST_CASE("file sink: pieces of a message are not joined with another log's lines",
          "[threads][io]") {
  Bench file;
  RingMemory rings;
  ServiceLog one(rings, 0, "one"), other(rings, 1, "other");
  (void)other.configure("other", {}, {}, {file.sink});
  (void)one.configure("one", {}, {}, {std::make_shared<Interrupting>(file.sink, other)});
  const std::string first(kMaxPiece, 'x');
  one.take(LogStream::syslog, 1, 0, first + "rest");
  CHECK(becomes_true([&] { return text_of_file(file.path) == first + "\nother\nrest\n"; }));
}

TEST_CASE("file sink: lines that find no room are counted, and all others are written",
          "[threads][io]") {
  Bench file;
  file.make_fifo();
  FileSink& sink = *file.sink;
  const std::string text(16000, 'x');
  constexpr std::uint64_t kLines = 600;
  const auto flood = [&] {
    for (std::uint64_t i = 0; i < kLines; ++i) file.take(text);
  };
  flood();
  CHECK(*file.dropped >= kLines - FileSink::kQueueBytes / text.size());
  CHECK(sink.wants_pause());
  // Nobody reads it: finally everything is lost, and counted as lost.
  CHECK(becomes_true([&] { return *file.dropped == kLines; }));
  // Room from lines that were given up does not slow a writer down again.
  flood();
  CHECK_FALSE(sink.wants_pause());
  // The file can be written again: the next flood is like the first.
  REQUIRE(::unlink(file.path.c_str()) == 0);
  CHECK(becomes_true([&] { return sink.idle(); }));
  REQUIRE(::unlink(file.path.c_str()) == 0);
  file.make_fifo();
  sink.reopen(1);
  CHECK(becomes_true([&] { return sink.idle(); }));
  flood();
  CHECK(sink.wants_pause());
}

Logging to_file(const std::string& path) {
  Logging logging;
  logging.file = path;
  return logging;
}

void say(const std::vector<std::shared_ptr<Sink>>& sinks, std::string_view text) {
  for (const auto& sink : sinks) give(*sink, text);
}

/// The number of this process's descriptors below `folder`.
std::ptrdiff_t open_below(const std::string& folder) {
  return std::ranges::count_if(open_descriptors(),
                               [&](const auto& fd) { return fd.second.starts_with(folder); });
}

TEST_CASE("sink table: at the end all files are closed, also those in use", "[io]") {
  TempDir dir;
  const auto loop = new_loop();
  SinkTable table(*loop, {});
  std::vector<std::vector<std::shared_ptr<Sink>>> all;
  for (int i = 0; i < 100; ++i)
    all.push_back(table.sinks_for(to_file(dir / fmt::format("{}.log", i))));
  for (const auto& sinks : all) say(sinks, "first");
  REQUIRE(becomes_true([&] { return open_below(dir.path()) == 100; }));
  // Some files are being written, some rest.
  for (std::size_t i = 0; i < all.size(); i += 2) say(all[i], std::string(100000, 'x'));
  table.finish(20s);
  CHECK(open_below(dir.path()) == 0);
  CHECK(text_of_file(dir / "98.log").size() == 100007);
}

TEST_CASE("sink table: a file that is no longer used is closed when its lines are written",
          "[threads][io]") {
  TempDir dir;
  LoopBeside loop;
  SinkTable table(*loop, {});
  loop.start();
  auto sinks = table.sinks_for(to_file(dir / "a/a.log"));
  say(sinks, "late");  // its folder is missing: a writer tries again
  sinks.clear();
  table.sweep();
  REQUIRE(becomes_true([&] { return ::mkdir((dir / "a").c_str(), 0755) == 0; }));
  CHECK(becomes_true([&] { return text_of_file(dir / "a/a.log") == "late\n"; }));
  CHECK(becomes_true([&] { return open_below(dir.path()) == 0; }));
  loop.stop();
}

TEST_CASE("sink format: times are of RFC 3339, and no host name breaks a header", "[io]") {
  CHECK(syslog_host("") == "-");
  CHECK(syslog_host("a-1.example") == "a-1.example");
  CHECK(syslog_host("my host\n\x7f\xc3\xa4") == "my_host____");
  CHECK(time_text(0) == "1970-01-01T00:00:00.000000Z");
  CHECK(time_text(1795200466123456) == "2026-11-20T18:47:46.123456Z");
  CHECK(time_text(-1) == "1969-12-31T23:59:59.999999Z");
}

}  // namespace
}  // namespace zinit::test::io_log_file
