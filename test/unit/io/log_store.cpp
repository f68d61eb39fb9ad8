// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The log store with real pipes, processes and threads: nothing lost, nobody starved, all bounded.
#include "io/log_store.hpp"
#include "base/log.hpp"
#include "support/test.hpp"
#include "unit/io/sinks.hpp"
#include "unit/support/kept_lines.hpp"
#include "unit/support/loop.hpp"

namespace zinit::test::io_log_store {
namespace {

constexpr std::size_t kAll = 1u << 30;
constexpr std::size_t kRoom = 1u << 20;

using Drops = std::vector<std::pair<std::string, std::uint64_t>>;

Texts texts(const std::vector<LogLine>& lines) {
  Texts result;
  for (const LogLine& line : lines) result.push_back(line.text);
  return result;
}

/// The texts in the answer of add_tap().
Texts texts(const LastLines& last) {
  Texts result;
  for (const NamedLine& named : last.lines)
    result.push_back(named.service + ": " + named.line.text);
  return result;
}

/// The lines of batches, each as "SERVICE: TEXT".
class Kept {
 public:
  void add(std::string_view service, std::string_view text) {
    MutexLock lock(mutex_);
    lines_.push_back(std::string(service) + ": " + std::string(text));
  }
  [[nodiscard]] Texts lines() {
    MutexLock lock(mutex_);
    return lines_;
  }

 private:
  Mutex mutex_;
  Texts lines_ GUARDED_BY(mutex_);
};

/// Keeps its lines, and the number of the first that it got.
class KeepingTap final : public LogTap, public Kept {
 public:
  explicit KeepingTap(std::string wanted = {}) : wanted_(std::move(wanted)) {}
  [[nodiscard]] bool wants(std::string_view name) const noexcept override {
    ++asked;
    return wanted_.empty() || name == wanted_;
  }
  void take(const SinkBatch& batch, std::uint64_t number) noexcept override {
    if (first_seq == 0) first_seq = number;
    for (const SplitLine& line : batch.lines) add(batch.service, line.text);
  }
  std::atomic<std::uint64_t> first_seq{0};
  mutable std::atomic<int> asked{0};  // wants() was called this often

 private:
  const std::string wanted_;
};

/// Keeps everything that it gets, and can pause the reading of pipes.
class KeepingSink final : public Sink, public Kept {
 public:
  explicit KeepingSink(std::string_view name) : name_(name) {}
  [[nodiscard]] std::string_view name() const noexcept override { return name_; }
  void take(const SinkBatch& batch, const DropCount& dropped) noexcept override {
    ++reads;
    last_source = batch.source;
    for (const SplitLine& line : batch.lines) {
      if (line.text == "drop me")
        ++*dropped;
      else
        add(batch.service, line.text);
    }
  }
  void leave(const void* source, const DropCount&) noexcept override {
    if (source == last_source) ++left;
  }
  void finish(Milliseconds) noexcept override {}
  [[nodiscard]] bool wants_pause() noexcept override { return ++asked > 0 && pauses; }

  std::atomic<int> reads{0};
  std::atomic<int> asked{0};
  std::atomic<bool> pauses{false};
  std::atomic<const void*> last_source{nullptr};
  std::atomic<int> left{0};  // how often that source has left

 private:
  const std::string_view name_;
};

/// Of [logging].
struct Options {
  std::uint32_t lines = 1000;
  bool kmsg = false;
  ConsoleMode console = ConsoleMode::no;
  std::uint32_t rate_lines = 0;
};

struct World {
  explicit World(LogSinks sinks = {}) : store(*loop, std::move(sinks)) {
    // A writer without a reader must get EPIPE, like zinit itself.
    std::signal(SIGPIPE, SIG_IGN);
  }
  ~World() { loop.stop(); }

  void start() {
    loop.start();
    REQUIRE(store.start());
  }
  void stop() {
    CHECK(store.stop_reading(kPatience));
    loop.stop();
  }

  void configure(Slot slot, const std::string& name, const Options& options = {}) {
    auto spec = std::make_shared<ServiceSpec>();
    spec->name = name;
    Logging& logging = spec->logging.edit();
    logging.buffer_lines = options.lines;
    logging.buffer_bytes = 1u << 30;
    logging.kmsg = options.kmsg;
    logging.console = options.console;
    logging.rate_lines = options.rate_lines;
    store.configure(slot, spec);
  }
  OutputPipes open(Slot slot) {
    auto pipes = store.open_output(slot);
    if (!pipes) FAIL(pipes.error().text);
    return std::move(pipes).value();
  }
  [[nodiscard]] Texts last_texts(Slot slot, std::size_t count = kAll) {
    return texts(last(store, slot, count));
  }
  /// Waits until the log has `seq` lines.
  [[nodiscard]] bool reaches(Slot slot, std::uint64_t seq) {
    return becomes_true([&] { return store.info(slot).last_seq >= seq; });
  }

  LoopBeside loop;
  LogStore store;
};

/// Waits until the pipe has no reader.
bool reader_goes(const UniqueFd& fd) {
  pollfd state{fd.get(), 0, 0};
  return ::poll(&state, 1, 20000) == 1 && (state.revents & POLLERR) != 0;
}

TEST_CASE("log: lines of both streams are kept with their stream and time", "[threads][io]") {
  World w;
  w.start();
  w.configure(0, "web");
  const OutputPipes pipes = w.open(0);
  for (const UniqueFd* fd : {&pipes.out, &pipes.err}) {
    CHECK((::fcntl(fd->get(), F_GETFL) & O_NONBLOCK) == 0);
    CHECK((::fcntl(fd->get(), F_GETFD) & FD_CLOEXEC) != 0);
  }
  const std::int64_t before = wall_us();
  put(pipes.out, "one\n");
  REQUIRE(w.reaches(0, 1));
  put(pipes.err, "two\n");
  REQUIRE(w.reaches(0, 2));
  const auto lines = last(w.store, 0, 10);
  REQUIRE(texts(lines) == Texts{"one", "two"});
  CHECK(lines[0].stream == LogStream::out);
  CHECK(lines[1].stream == LogStream::err);
  CHECK(lines[0].time_us >= before);
  CHECK(lines[1].time_us >= lines[0].time_us);
  CHECK(lines[1].time_us <= wall_us());
  // A slot without a log has no lines.
  CHECK(last(w.store, 5, 10).empty());
  Ring::Place place;
  CHECK_FALSE(w.store.look_back(5, place, 10, kMaxPiece, [](const Ring::View&) { return true; }));
  CHECK(w.store.info(5).last_seq == 0);
  w.store.forget(5);
}

TEST_CASE("log: a partial line is held back while its process may write the rest",
          "[threads][io]") {
  const std::size_t without = open_descriptors().size();
  std::size_t own = 0;  // descriptors of a loop and a reader that have begun
  {
    World other;
    const std::size_t begun = open_descriptors().size();
    other.start();
    own = open_descriptors().size() - begun;
  }
  REQUIRE(open_descriptors().size() == without);
  World w;  // not started yet: the call takes the data from the pipes
  // The ring has outgrown its first block, so that its file and the file of first blocks are open.
  add_line(w.store, 0, std::string(1000, 'x'));
  add_line(w.store, 1, "");
  const std::size_t before = open_descriptors().size();
  OutputPipes pipes = w.open(0);
  put(pipes.out, "hel");
  CHECK(last(w.store, 0, 10).size() == 1);
  put(pipes.out, "lo\n");
  CHECK(w.last_texts(0, 1) == Texts{"hello"});
  Texts expected;
  for (int i = 0; i < 2000; ++i) {
    put(pipes.out, std::to_string(i) + "\n");
    if (i > 1000) expected.push_back(std::to_string(i));
  }
  put(pipes.out, "last");
  CHECK(w.last_texts(0, 1) == Texts{"1999"});
  put(pipes.out, " words");
  expected.push_back("last words");
  pipes = {};
  CHECK(w.last_texts(0) == expected);
  w.start();  // and closes the pipes that were read to their end
  CHECK(becomes_true([&] { return open_descriptors().size() == before + own; }));
  CHECK(w.store.info(0).last_seq == 2003);
}

TEST_CASE("log: under a flood every line comes once and in its order, readers or not",
          "[threads][io]") {
  World w;
  w.start();
  constexpr int kLines = 100000;
  w.configure(0, "flood", {.lines = 1000000});
  OutputPipes pipes = w.open(0);
  std::atomic<bool> done{false};
  std::atomic<int> gaps{0};
  std::string text;
  for (int i = 0; i < kLines; ++i) text += std::to_string(i) + "\n";
  const auto flood = [&](UniqueFd fd) { static_cast<void>(write_all(fd.get(), text, "pipe")); };
  std::thread out([&] { flood(std::move(pipes.out)); });
  std::thread err([&] { flood(std::move(pipes.err)); });
  std::thread notes([&] {
    for (int i = 0; i < 1000; ++i) add_line(w.store, 0, std::to_string(i));
  });
  std::thread reader([&] {
    while (!done) {
      std::uint64_t seq = 0;
      Ring::Place place;
      static_cast<void>(w.store.look_back(0, place, 500, kMaxPiece, [&](const Ring::View& line) {
        if (seq != 0 && line.seq + 1 != seq) ++gaps;
        seq = line.seq;
        return true;
      }));
      static_cast<void>(last(w.store, 0, 10));
    }
  });
  out.join();
  err.join();
  notes.join();
  static_cast<void>(last(w.store, 0, 1));  // takes the data from the pipes
  done = true;
  reader.join();

  int next[4] = {};
  for (const LogLine& line : last(w.store, 0, kAll))
    REQUIRE(line.text == std::to_string(next[static_cast<int>(line.stream)]++));
  CHECK(next[0] == kLines);
  CHECK(next[1] == kLines);
  CHECK(next[static_cast<int>(LogStream::syslog)] == 1000);
  CHECK(gaps == 0);
}

TEST_CASE("log: the last lines of processes are kept, whichever thread reads them",
          "[threads][io]") {
  World w;
  w.start();
  constexpr Slot kLogs = 40;
  constexpr int kRounds = 25;
  for (int round = 1; round <= kRounds; ++round) {
    std::vector<OutputPipes> all;
    for (Slot slot = 0; slot < kLogs; ++slot) all.push_back(w.open(slot));
    std::thread reader([&] {
      for (Slot slot = 0; slot < kLogs; ++slot) w.store.take_in(slot);
    });
    for (OutputPipes& pipes : all) {
      put(pipes.out, "last words\n");
      pipes = {};
    }
    reader.join();
  }
  for (Slot slot = 0; slot < kLogs; ++slot) CHECK(w.reaches(slot, kRounds));
}

TEST_CASE("log: a tap is given the lines of the logs that it wants, and the last before",
          "[threads][io]") {
  World w;
  w.start();
  w.configure(0, "web");
  w.configure(1, "db");
  w.store.take_message(0, 1, 1, "one");
  w.store.take_message(1, 1, 2, "not wanted");
  w.store.take_message(0, 1, 3, "two");
  const auto web = std::make_shared<KeepingTap>("web");
  CHECK(texts(w.store.add_tap(web, {1}, kRoom)) == Texts{"web: two"});
  const auto all = std::make_shared<KeepingTap>();
  CHECK(texts(w.store.add_tap(all, {10}, kRoom)) ==
        Texts{"web: one", "db: not wanted", "web: two"});
  const OutputPipes pipes = w.open(0);
  put(pipes.out, "three\n");
  REQUIRE(w.reaches(0, 3));
  add_line(w.store, 1, "four");
  w.store.take_message(kSyslog, 1, 1, "five");
  CHECK(web->lines() == Texts{"web: three"});
  CHECK(web->first_seq == 3);
  CHECK(all->lines() == Texts{"web: three", "db: four", "syslog: five"});
  // A reload configures each log. However many taps there are, only a new name makes it ask them.
  const int asked = web->asked;
  w.configure(0, "web", {.lines = 7});
  CHECK(web->asked == asked);
  // It follows a service that goes and comes again, in whatever slot.
  add_line(w.store, 0, "six");
  w.store.forget(0);
  w.configure(0, "other");
  add_line(w.store, 0, "not wanted");
  w.configure(3, "web");
  add_line(w.store, 3, "seven");
  CHECK(web->lines() == Texts{"web: three", "web: six", "web: seven"});
  w.store.remove_tap(web);
  add_line(w.store, 3, "eight");
  CHECK(web->lines().size() == 3);
  CHECK(all->lines().size() == 7);
  w.store.remove_tap(all);
  w.stop();
}

TEST_CASE("log: a line of zinit's own log is cut between characters", "[threads][io]") {
  const Pipe ends = new_pipe();
  set_log_descriptor(ends.write.get(), false);
  World w;
  w.store.keep_own_log();
  const auto tap = std::make_shared<KeepingTap>("zinit");
  (void)w.store.add_tap(tap, {0}, kRoom);
  std::string umlauts;
  while (umlauts.size() < 5 * kMaxPiece) umlauts += "\xc3\xa4";
  log_info("x{}", umlauts);
  set_log_descriptor(STDERR_FILENO, false);
  const std::string expected = "info  x" + umlauts.substr(0, kMaxPiece - 8);
  CHECK(tap->lines() == Texts{"zinit: " + expected});
  CHECK(w.last_texts(kOwnLog, 1) == Texts{expected});
  w.store.remove_tap(tap);
}

TEST_CASE("log: if the last lines of all logs are too many, each has a share", "[threads][io]") {
  World w;
  constexpr int kLogs = 8;
  const std::string text(1000, 'x');
  for (Slot slot = 0; slot < kLogs; ++slot) {
    w.configure(slot, "s" + std::to_string(slot));
    for (int i = 0; i < 500; ++i) add_line(w.store, slot, text);
  }
  const auto tap = std::make_shared<KeepingTap>();
  const LastLines last = w.store.add_tap(tap, {500}, kRoom);
  std::map<std::string, int> counts;
  for (const NamedLine& named : last.lines) ++counts[named.service];
  CHECK(counts.size() == kLogs);
  for (const auto& [name, count] : counts) CHECK(count == counts.begin()->second);
  CHECK(last.lines.size() * text.size() <= kRoom);
  CHECK(last.lines.size() + last.left_out == kLogs * 500);
  w.store.remove_tap(tap);
}

TEST_CASE("log: settings say which sinks get the lines, and drops are counted by sink",
          "[threads][io]") {
  const auto kmsg = std::make_shared<KeepingSink>("kmsg");
  const auto console = std::make_shared<KeepingSink>("console");
  World w({kmsg, console});
  const OutputPipes pipes = w.open(0);
  const auto say = [&](std::string_view text) {
    put(pipes.out, std::string(text) + "\n");
    static_cast<void>(last(w.store, 0, 1));
  };
  w.configure(0, "web");
  say("to none");
  w.configure(0, "web", {.console = ConsoleMode::lines});
  say("to one");
  say("drop me");
  w.configure(0, "web", {.kmsg = true, .console = ConsoleMode::lines});
  say("to both");
  say("drop me");
  const LogInfo info = w.store.info(0);
  CHECK(info.lines == 5);
  CHECK(info.last_seq == 5);
  CHECK(info.dropped == 3);
  CHECK(info.dropped_by == Drops{{"kmsg", 1}, {"console", 2}});
  // A syslog message goes to them like output.
  w.store.take_message(0, 1, 5, "said");
  CHECK(kmsg->lines() == Texts{"web: to both", "web: said"});
  CHECK(console->lines() == Texts{"web: to one", "web: to both", "web: said"});
  w.store.take_message(0, 1, 6, std::string(kMaxPiece + 1, 'x'));
  const auto lines = last(w.store, 0, 3);
  REQUIRE(lines.size() == 3);
  CHECK(lines[0].stream == LogStream::syslog);
  CHECK(lines[0].time_us == 5);
  CHECK(lines[1].continues);
  CHECK(lines[2].text == "x");
}

TEST_CASE("log: a sink hears of a pipe with half a line that ends, or that it gets no more of",
          "[threads][io]") {
  const std::string way = GENERATE(as<std::string>{}, "other sinks", "removed", "ended");
  INFO(way);
  const auto console = std::make_shared<KeepingSink>("console");
  World w({nullptr, console});
  w.configure(0, "web", {.console = ConsoleMode::lines});
  OutputPipes pipes = w.open(0);
  put(pipes.out, std::string(kMaxPiece + 1, 'x'));
  w.store.take_in(0);
  REQUIRE(console->lines().size() == 1);
  w.configure(0, "web", {.lines = 7, .console = ConsoleMode::lines});
  CHECK(console->left == 0);
  if (way == "other sinks") w.configure(0, "web");
  if (way == "removed") w.store.forget(0);
  if (way == "ended") {
    pipes = {};
    w.store.take_in(0);
  }
  CHECK(console->left == 1);
}

TEST_CASE("log: lines for a sink that could not be opened are counted as dropped",
          "[threads][io]") {
  World w;
  w.configure(0, "web", {.kmsg = true, .console = ConsoleMode::lines});
  add_line(w.store, 0, "one");
  add_line(w.store, 0, "two");
  CHECK(w.store.info(0).dropped_by == Drops{{"kmsg", 2}, {"console", 2}});
}

TEST_CASE("log: messages beyond rate_lines are reported also if the log has no pipe",
          "[threads][io]") {
  World w;
  w.start();
  w.configure(0, "web", {.rate_lines = 1});
  for (const char* line : {"one", "two", "three"}) add_line(w.store, 0, line);
  const Texts expected{"one", "left out 2 lines: more than rate_lines = 1 in 1000 ms"};
  CHECK(becomes_true([&] { return w.last_texts(0) == expected; }));
}

TEST_CASE("log: new limits hold from then on, lines that are kept stay", "[threads][io]") {
  World w;
  w.configure(0, "web");
  for (int i = 0; i < 20; ++i) add_line(w.store, 0, std::to_string(i));
  w.configure(0, "web", {.lines = 3});
  CHECK(w.last_texts(0, kAll) == Texts{"17", "18", "19"});
  w.configure(0, "web", {.lines = 0});
  add_line(w.store, 0, "not kept");
  CHECK(last(w.store, 0, kAll).empty());
  CHECK(w.store.info(0).last_seq == 21);
}

TEST_CASE("log: a service that is forgotten leaves no lines, pipes or counts", "[threads][io]") {
  const auto console = std::make_shared<KeepingSink>("console");
  World w({nullptr, console});
  w.start();
  w.configure(0, "old", {.console = ConsoleMode::lines});
  const OutputPipes pipes = w.open(0);
  put(pipes.out, "hello\ndrop me\nhalf");
  REQUIRE(w.reaches(0, 2));
  w.store.forget(0);
  CHECK(reader_goes(pipes.out));
  CHECK(reader_goes(pipes.err));
  CHECK(last(w.store, 0, 10).empty());
  CHECK(w.store.info(0).dropped == 0);
  w.configure(0, "new");
  const OutputPipes next = w.open(0);
  put(next.out, "fresh\n");
  const auto lines = last(w.store, 0, 10);
  REQUIRE(texts(lines) == Texts{"fresh"});
  // A follower of the slot does not go back. An unfinished line may have been shown unfinished.
  CHECK(lines[0].seq >= 3);
}

TEST_CASE("log: processes left behind hold a bounded number of pipes", "[threads][io]") {
  World w;
  w.start();
  // The ring has outgrown its first block, so that its file and the file of first blocks are open.
  add_line(w.store, 0, std::string(1000, 'x'));
  add_line(w.store, 1, "");
  const std::size_t before = open_descriptors().size();
  constexpr pid_t ended = std::numeric_limits<pid_t>::max();  // no process has it
  std::vector<OutputPipes> held;
  for (std::size_t i = 0; i < 30; ++i) {
    if (i > 0) *held.back().writer = ended;
    held.push_back(w.open(0));
    put(held.back().out, "of " + std::to_string(i) + "\nhalf");
  }
  // The oldest are given up with all their content, half lines too.
  CHECK(reader_goes(held.front().out));
  CHECK(reader_goes(held.front().err));
  const std::size_t kept = LogStore::kOldPipes + 2;
  CHECK(becomes_true([&] { return open_descriptors().size() == before + 2 * held.size() + kept; }));
  const Texts all = w.last_texts(0, kAll);
  for (std::size_t i = 0; i < held.size(); ++i)
    CHECK(std::count(all.begin(), all.end(), "of " + std::to_string(i)) == 1);
  CHECK(std::count(all.begin(), all.end(), "half") ==
        static_cast<std::ptrdiff_t>(held.size() - kept / 2));
  put(held.back().out, " line\n");
  CHECK(w.last_texts(0, 1) == Texts{"half line"});
}

TEST_CASE("log: of a service with many processes the pipes that ended ones have left stay few",
          "[io]") {
  World w;
  w.start();
  constexpr std::size_t kRunning = 40;
  std::vector<OutputPipes> running, held;
  for (std::size_t i = 0; i < kRunning; ++i) {
    running.push_back(w.open(0));
    *running.back().writer = ::getpid();
  }
  const std::size_t before = open_descriptors().size();
  for (std::size_t i = 0; i < 4 * kRunning; ++i) {
    held.push_back(w.open(0));
    *held.back().writer = std::numeric_limits<pid_t>::max();  // no process has it
    CHECK(becomes_true([&] {
      const std::size_t kept = open_descriptors().size() - before - 2 * held.size();
      return kept <= LogStore::kOldPipes + 2 * (kRunning / 4 + 2);
    }));
  }
  for (const OutputPipes& one : running) put(one.out, "is read\n");
  CHECK(w.last_texts(0, 1) == Texts{"is read"});
}

TEST_CASE("log: without free descriptors making pipes fails as temporary, and none leaks",
          "[threads][io]") {
  World w;
  w.start();
  const auto before = open_descriptors();
  rlimit old{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &old) == 0);
  const auto highest = static_cast<rlim_t>(before.rbegin()->first);
  for (rlim_t room = 0; room < 4; ++room) {
    const rlimit few{highest + 1 + room, old.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &few) == 0);
    std::vector<UniqueFd> holes;  // so that only `room` numbers are free
    for (int fd = 0; fd < before.rbegin()->first; ++fd)
      if (!before.count(fd)) holes.emplace_back(::dup2(before.rbegin()->first, fd));
    const auto pipes = w.store.open_output(0);
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &old) == 0);
    REQUIRE_FALSE(pipes);
    CHECK(pipes.error().temporary());
  }
  CHECK(open_descriptors() == before);
}

TEST_CASE("log: a sink can pause the reading of pipes, but not for a client's request",
          "[threads][io]") {
  const auto sink = std::make_shared<KeepingSink>("console");
  sink->pauses = true;
  World w({nullptr, sink});
  w.configure(0, "web", {.console = ConsoleMode::lines});
  w.start();
  {
    const OutputPipes pipes = w.open(0);
    put(pipes.out, "one\n");
    REQUIRE(becomes_true([&] { return sink->asked > 3; }));
    put(pipes.out, "two\n");
  }
  // zinit asks the sink repeatedly, even if nobody holds the other end any more.
  const int before = sink->asked;
  REQUIRE(becomes_true([&] { return sink->asked > before + 3; }));
  CHECK(sink->lines().empty());
  CHECK(last(w.store, 0, 10).size() == 2);
  CHECK(sink->lines() == Texts{"web: one", "web: two"});
  const OutputPipes pipes = w.open(0);
  put(pipes.out, "three\n");
  sink->pauses = false;
  CHECK(becomes_true([&] { return sink->lines().size() == 3; }));
  // Lines that come fast are read together, and none waits for the next. They come as fast as from
  // a service that does some work for each.
  sink->reads = 0;
  constexpr std::size_t kLines = 2000;
  for (std::size_t i = 0; i < kLines; ++i) {
    const TimePoint next = Clock::now() + std::chrono::microseconds{100};
    put(pipes.out, "line\n");
    while (Clock::now() < next) continue;
  }
  REQUIRE(becomes_true([&] { return sink->lines().size() == kLines + 3; }));
  CHECK(sink->reads < int(kLines / 2));
}

}  // namespace
}  // namespace zinit::test::io_log_store
