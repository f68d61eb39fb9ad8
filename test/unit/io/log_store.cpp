// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The log store with real pipes, processes and threads: nothing lost, nobody starved, all bounded.
#include <spawn.h>

#include "base/log.hpp"
#include "io/log_store.hpp"
#include "support/test.hpp"
#include "unit/support/kept_lines.hpp"

namespace zinit::test::io_log_store {
namespace {

constexpr std::size_t kAll = 1u << 30;
constexpr std::size_t kRoom = 1u << 20;

Texts texts(const std::vector<LogLine>& lines) {
  Texts result;
  for (const LogLine& line : lines) result.push_back(line.text);
  return result;
}

SpecPtr spec_of(std::string name, Logging logging = {}) {
  auto spec = std::make_shared<ServiceSpec>();
  spec->name = std::move(name);
  spec->logging.edit() = logging;
  return spec;
}

Logging lines_and_bytes(std::uint32_t lines, std::uint32_t bytes = 1u << 30) {
  Logging logging;
  logging.buffer_lines = lines;
  logging.buffer_bytes = bytes;
  return logging;
}

/// Keeps its lines, each as "SERVICE: TEXT".
class KeepingTap final : public LogTap {
 public:
  explicit KeepingTap(std::string wanted = {}) : wanted_(std::move(wanted)) {}
  [[nodiscard]] bool wants(std::string_view name) const noexcept override {
    return wanted_.empty() || name == wanted_;
  }
  void take(const SinkBatch& batch, std::uint64_t first_seq) noexcept override {
    MutexLock lock(mutex_);
    for (const SplitLine& line : batch.lines) {
      lines_.push_back(std::string(batch.service) + ": " + std::string(line.text));
      seqs_.push_back(first_seq++);
    }
  }
  [[nodiscard]] Texts lines() {
    MutexLock lock(mutex_);
    return lines_;
  }
  [[nodiscard]] std::vector<std::uint64_t> seqs() {
    MutexLock lock(mutex_);
    return seqs_;
  }

 private:
  const std::string wanted_;
  Mutex mutex_;
  Texts lines_ GUARDED_BY(mutex_);
  std::vector<std::uint64_t> seqs_ GUARDED_BY(mutex_);
};

/// The texts in the answer of add_tap().
Texts texts(const LastLines& last) {
  Texts result;
  for (const NamedLine& named : last.lines)
    result.push_back(named.service + ": " + named.line.text);
  return result;
}

/// Keeps everything that it gets.
class KeepingSink final : public Sink {
 public:
  explicit KeepingSink(std::string_view name) : name_(name) {}
  [[nodiscard]] std::string_view name() const noexcept override { return name_; }
  void take(const SinkBatch& batch, const DropCount& dropped) noexcept override {
    MutexLock lock(mutex_);
    for (const SplitLine& line : batch.lines) {
      if (line.text == "drop me")
        ++*dropped;
      else
        lines_.push_back(std::string(batch.service) + ": " + std::string(line.text));
    }
  }
  void finish(Milliseconds) noexcept override { ++finished; }
  [[nodiscard]] Texts lines() {
    MutexLock lock(mutex_);
    return lines_;
  }
  std::atomic<int> finished{0};

 private:
  const std::string_view name_;
  Mutex mutex_;
  Texts lines_ GUARDED_BY(mutex_);
};

struct World {
  explicit World(LogSinks sinks = {}) {
    // A writer without a reader must get EPIPE, like zinit itself.
    std::signal(SIGPIPE, SIG_IGN);
    auto made = DataLoop::create();
    REQUIRE(made);
    data = std::move(*made);
    store = std::make_unique<LogStore>(data->loop(), std::move(sinks));
  }
  ~World() { CHECK(data->stop(test::kPatience)); }

  void run() { REQUIRE(data->start()); }

  OutputPipes open(Slot slot) {
    auto pipes = store->open_output(slot);
    if (!pipes) FAIL(pipes.error().text);
    return std::move(pipes).value();
  }

  /// Waits until the log has `seq` lines.
  [[nodiscard]] bool reaches(Slot slot, std::uint64_t seq) {
    return test::becomes_true([&] { return store->info(slot).last_seq >= seq; });
  }

  std::unique_ptr<DataLoop> data;
  std::unique_ptr<LogStore> store;
};

void write(const UniqueFd& fd, std::string_view text) {
  REQUIRE(write_all(fd.get(), text, "pipe"));
}

/// Waits until the pipe has no reader.
bool reader_goes(const UniqueFd& fd) {
  pollfd state{fd.get(), 0, 0};
  return ::poll(&state, 1, 20000) == 1 && (state.revents & POLLERR) != 0;
}

/// Runs `script` to its end, with the pipes as its output.
void run_shell(const std::string& script, OutputPipes pipes) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, pipes.out.get(), 1);
  posix_spawn_file_actions_adddup2(&actions, pipes.err.get(), 2);
  std::string shell = "sh", option = "-c", text = script;
  char* argv[] = {shell.data(), option.data(), text.data(), nullptr};
  pid_t pid = 0;
  REQUIRE(::posix_spawn(&pid, "/bin/sh", &actions, nullptr, argv, environ) == 0);
  posix_spawn_file_actions_destroy(&actions);
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
}

TEST_CASE("log: lines of both streams are kept with their stream and time", "[threads][io]") {
  World w;
  w.run();
  w.store->configure(0, spec_of("web"));
  const OutputPipes pipes = w.open(0);
  const std::int64_t before = wall_us();
  write(pipes.out, "one\n");
  REQUIRE(w.reaches(0, 1));
  write(pipes.err, "two\n");
  REQUIRE(w.reaches(0, 2));
  const auto lines = last(*w.store, 0, 10);
  REQUIRE(texts(lines) == Texts{"one", "two"});
  CHECK(lines[0].stream == LogStream::out);
  CHECK(lines[1].stream == LogStream::err);
  CHECK(lines[0].time_us >= before);
  CHECK(lines[1].time_us >= lines[0].time_us);
  CHECK(lines[1].time_us <= wall_us());
}

TEST_CASE("log: when a process has ended all that it wrote is in the log, also a last partial line",
          "[threads][io]") {
  World w;  // without a running loop: the call takes the data from the pipes
  w.store->configure(0, spec_of("web"));
  run_shell(
      "echo one; echo two >&2; i=0; while [ $i -lt 2000 ]; do echo $i; i=$((i+1)); done; "
      "printf last",
      w.open(0));
  const auto lines = last(*w.store, 0, 1000);
  REQUIRE(lines.size() == 1000);
  Texts out;
  for (const LogLine& line : lines)
    if (line.stream == LogStream::out) out.push_back(line.text);
  REQUIRE(out.size() >= 998);
  CHECK(out.back() == "last");
  CHECK(out[out.size() - 2] == "1999");
}

TEST_CASE("log: a pipe that a reader took to its end is closed by the loop", "[threads][io]") {
  World w;
  add_line(*w.store, 1, "");  // the file shared by first blocks of rings stays open
  const auto before = test::open_descriptors();
  for (int i = 0; i < 20; ++i) {
    run_shell("echo hello", w.open(0));
    CHECK(texts(last(*w.store, 0, 1)) == Texts{"hello"});
  }
  w.run();
  CHECK(test::becomes_true([&] { return test::open_descriptors() == before; }));
  CHECK(w.store->info(0).last_seq == 20);
}

TEST_CASE("log: a partial line is held back while its process may write the rest",
          "[threads][io]") {
  World w;
  OutputPipes pipes = w.open(0);
  write(pipes.out, "hel");
  CHECK(last(*w.store, 0, 10).empty());
  write(pipes.out, "lo\nwor");
  CHECK(texts(last(*w.store, 0, 10)) == Texts{"hello"});
  pipes.out.reset();
  CHECK(texts(last(*w.store, 0, 10)) == Texts{"hello", "wor"});
}

TEST_CASE("log: a line of more than 16 KiB is kept in pieces, bytes as they are", "[threads][io]") {
  World w;
  const OutputPipes pipes = w.open(0);
  const std::string binary("\0\xff\x1b", 3);
  write(pipes.out, std::string(40000, 'x') + "\n" + binary + "\n");
  const auto lines = last(*w.store, 0, 10);
  REQUIRE(lines.size() == 4);
  CHECK(lines[0].text == std::string(16384, 'x'));
  CHECK(lines[1].text == std::string(16384, 'x'));
  CHECK(lines[2].text == std::string(40000 - 2 * 16384, 'x'));
  CHECK(lines[0].continues);
  CHECK(lines[1].continues);
  CHECK_FALSE(lines[2].continues);
  CHECK(lines[3].text == binary);
}

TEST_CASE("log: under a flood every line comes once and in its order, readers or not",
          "[threads][io]") {
  World w;
  w.run();
  constexpr int kLines = 100000;
  w.store->configure(0, spec_of("flood", lines_and_bytes(1000000)));
  OutputPipes pipes = w.open(0);
  std::atomic<bool> done{false};
  std::atomic<int> gaps{0};
  const auto flood = [&](UniqueFd fd) {
    std::string batch;
    for (int i = 0; i < kLines; ++i) {
      batch += std::to_string(i) + "\n";
      if (batch.size() < 3000 && i + 1 < kLines) continue;
      if (!write_all(fd.get(), batch, "pipe")) return;
      batch.clear();
    }
  };
  std::thread out([&] { flood(std::move(pipes.out)); });
  std::thread err([&] { flood(std::move(pipes.err)); });
  std::thread notes([&] {
    for (int i = 0; i < 1000; ++i) add_line(*w.store, 0, std::to_string(i));
  });
  std::thread reader([&] {
    while (!done) {
      std::uint64_t seq = 0;
      Ring::Place place;
      static_cast<void>(w.store->look_back(0, place, 500, kMaxPiece, [&](const Ring::View& line) {
        if (seq != 0 && line.seq + 1 != seq) ++gaps;
        seq = line.seq;
        return true;
      }));
      static_cast<void>(last(*w.store, 0, 10));
    }
  });
  out.join();
  err.join();
  notes.join();
  static_cast<void>(last(*w.store, 0, 1));  // takes the data from the pipes
  done = true;
  reader.join();

  int next[4] = {};
  for (const LogLine& line : last(*w.store, 0, kAll))
    REQUIRE(line.text == std::to_string(next[static_cast<int>(line.stream)]++));
  CHECK(next[0] == kLines);
  CHECK(next[1] == kLines);
  CHECK(next[static_cast<int>(LogStream::syslog)] == 1000);
  CHECK(gaps == 0);
}

TEST_CASE("log: a service that floods does not delay the lines of others", "[threads][io]") {
  World w;
  w.run();
  OutputPipes noisy = w.open(0);
  OutputPipes quiet = w.open(1);
  std::atomic<bool> done{false};
  std::thread flood([&] {
    const std::string text(65536, '\n');
    while (!done && write_all(noisy.out.get(), text, "pipe")) {}
  });
  REQUIRE(w.reaches(0, 100000));
  for (std::uint64_t i = 1; i <= 20; ++i) {
    write(quiet.out, "here\n");
    CHECK(w.reaches(1, i));
  }
  done = true;
  flood.join();
  CHECK(w.store->info(0).lines == 1000);
}

TEST_CASE("log: a tap is given the lines of the logs that it wants, and the last before",
          "[threads][io]") {
  World w;
  w.run();
  w.store->configure(0, spec_of("web"));
  w.store->configure(1, spec_of("db"));
  w.store->take_message(0, 1, 1, "one");
  w.store->take_message(1, 1, 2, "not wanted");
  w.store->take_message(0, 1, 3, "two");
  const auto web = std::make_shared<KeepingTap>("web");
  CHECK(texts(w.store->add_tap(web, 1, kRoom)) == Texts{"web: two"});
  const auto all = std::make_shared<KeepingTap>();
  CHECK(texts(w.store->add_tap(all, 10, kRoom)) == Texts{"web: one", "db: not wanted", "web: two"});
  const OutputPipes pipes = w.open(0);
  write(pipes.out, "three\n");
  REQUIRE(w.reaches(0, 3));
  add_line(*w.store, 1, "four");
  w.store->take_message(kSyslog, 1, 1, "five");
  CHECK(web->lines() == Texts{"web: three"});
  CHECK(web->seqs() == std::vector<std::uint64_t>{3});
  CHECK(all->lines() == Texts{"web: three", "db: four", "syslog: five"});
  w.store->remove_tap(web);
  add_line(*w.store, 0, "six");
  CHECK(web->lines().size() == 1);
  CHECK(all->lines().size() == 4);
  w.store->remove_tap(all);
  CHECK(w.data->stop(test::kPatience));
}

TEST_CASE("log: a tap follows a service that goes and comes again, in whatever slot",
          "[threads][io]") {
  World w;
  const auto tap = std::make_shared<KeepingTap>("web");
  CHECK(texts(w.store->add_tap(tap, 10, kRoom)).empty());
  w.store->configure(3, spec_of("web"));
  add_line(*w.store, 3, "one");
  w.store->configure(3, spec_of("web", lines_and_bytes(7)));
  add_line(*w.store, 3, "two");
  w.store->forget(3);
  w.store->configure(3, spec_of("other"));
  add_line(*w.store, 3, "not wanted");
  w.store->configure(0, spec_of("web"));
  add_line(*w.store, 0, "three");
  CHECK(tap->lines() == Texts{"web: one", "web: two", "web: three"});
  w.store->remove_tap(tap);
}

TEST_CASE("log: if the last lines of all logs are too many, each has a share", "[threads][io]") {
  World w;
  constexpr int kLogs = 8;
  const std::string text(1000, 'x');
  for (Slot slot = 0; slot < kLogs; ++slot) {
    w.store->configure(slot, spec_of("s" + std::to_string(slot)));
    for (int i = 0; i < 500; ++i) add_line(*w.store, slot, text);
  }
  const auto tap = std::make_shared<KeepingTap>();
  const LastLines last = w.store->add_tap(tap, 500, kRoom);
  std::map<std::string, int> counts;
  for (const NamedLine& named : last.lines) ++counts[named.service];
  CHECK(counts.size() == kLogs);
  for (const auto& [name, count] : counts) CHECK(count == counts.begin()->second);
  CHECK(last.lines.size() * text.size() <= kRoom);
  CHECK(last.lines.size() + last.left_out == kLogs * 500);
  w.store->remove_tap(tap);
}

TEST_CASE("log: a syslog message goes to the sinks like a service's output", "[threads][io]") {
  const auto console = std::make_shared<KeepingSink>("console");
  World w({nullptr, console});
  Logging logging;
  logging.console = ConsoleMode::lines;
  w.store->configure(0, spec_of("web", logging));
  w.store->take_message(0, 1, 5, "said");
  w.store->take_message(0, 1, 6, std::string(kMaxPiece + 1, 'x'));
  const auto lines = last(*w.store, 0, 10);
  REQUIRE(lines.size() == 3);
  CHECK(lines[0].stream == LogStream::syslog);
  CHECK(lines[0].time_us == 5);
  CHECK(lines[1].continues);
  CHECK(lines[2].text == "x");
  CHECK(console->lines().front() == "web: said");
}

TEST_CASE("log: settings say which sinks get the lines, and drops are counted by sink",
          "[threads][io]") {
  const auto kmsg = std::make_shared<KeepingSink>("kmsg");
  const auto console = std::make_shared<KeepingSink>("console");
  World w({kmsg, console});
  const OutputPipes pipes = w.open(0);
  const auto say = [&](std::string_view text) {
    write(pipes.out, std::string(text) + "\n");
    static_cast<void>(last(*w.store, 0, 1));
  };
  Logging logging;
  w.store->configure(0, spec_of("web", logging));
  say("to none");
  logging.console = ConsoleMode::lines;
  w.store->configure(0, spec_of("web", logging));
  say("to one");
  say("drop me");
  logging.kmsg = true;
  w.store->configure(0, spec_of("web", logging));
  say("to both");
  say("drop me");
  CHECK(kmsg->lines() == Texts{"web: to both"});
  CHECK(console->lines() == Texts{"web: to one", "web: to both"});

  const LogInfo info = w.store->info(0);
  CHECK(info.lines == 5);
  CHECK(info.last_seq == 5);
  CHECK(info.dropped == 3);
  using Drops = std::vector<std::pair<std::string, std::uint64_t>>;
  CHECK(info.dropped_by == Drops{{"kmsg", 1}, {"console", 2}});
}

TEST_CASE("log: lines for a sink that could not be opened are counted as dropped",
          "[threads][io]") {
  World w;
  Logging logging;
  logging.kmsg = true;
  logging.console = ConsoleMode::lines;
  w.store->configure(0, spec_of("web", logging));
  const OutputPipes pipes = w.open(0);
  write(pipes.out, "one\ntwo\n");
  static_cast<void>(last(*w.store, 0, 1));
  using Drops = std::vector<std::pair<std::string, std::uint64_t>>;
  CHECK(w.store->info(0).dropped_by == Drops{{"kmsg", 2}, {"console", 2}});
}

TEST_CASE("log: new limits hold from then on, lines that are kept stay", "[threads][io]") {
  World w;
  w.store->configure(0, spec_of("web"));
  for (int i = 0; i < 20; ++i) add_line(*w.store, 0, std::to_string(i));
  w.store->configure(0, spec_of("web", lines_and_bytes(3)));
  CHECK(texts(last(*w.store, 0, kAll)) == Texts{"17", "18", "19"});
  w.store->configure(0, spec_of("web", lines_and_bytes(0)));
  add_line(*w.store, 0, "not kept");
  CHECK(last(*w.store, 0, kAll).empty());
  CHECK(w.store->info(0).last_seq == 21);
}

TEST_CASE("log: a service that is forgotten leaves no lines, pipes or counts", "[threads][io]") {
  const auto console = std::make_shared<KeepingSink>("console");
  World w({nullptr, console});
  w.run();
  Logging logging;
  logging.console = ConsoleMode::lines;
  w.store->configure(0, spec_of("old", logging));
  const OutputPipes pipes = w.open(0);
  write(pipes.out, "hello\ndrop me\nhalf");
  REQUIRE(w.reaches(0, 2));
  w.store->forget(0);
  CHECK(reader_goes(pipes.out));
  CHECK(reader_goes(pipes.err));
  CHECK(last(*w.store, 0, 10).empty());
  CHECK(w.store->info(0).dropped == 0);

  w.store->configure(0, spec_of("new"));
  const OutputPipes next = w.open(0);
  write(next.out, "fresh\n");
  const auto lines = last(*w.store, 0, 10);
  REQUIRE(texts(lines) == Texts{"fresh"});
  // A follower of the slot does not go back. An unfinished line may have been shown unfinished.
  CHECK(lines[0].seq >= 3);
}

TEST_CASE("log: processes left behind hold a bounded number of pipes", "[threads][io]") {
  World w;
  w.run();
  // The ring has outgrown its first block, so that its file and the file of first blocks are open.
  add_line(*w.store, 0, std::string(1000, 'x'));
  add_line(*w.store, 1, "");
  const std::size_t before = test::open_descriptors().size();
  std::vector<OutputPipes> held;
  for (std::size_t i = 0; i < 30; ++i) {
    held.push_back(w.open(0));
    write(held.back().out, "of " + std::to_string(i) + "\nhalf");
  }
  // The oldest are given up with all their content, half lines too.
  CHECK(reader_goes(held.front().out));
  CHECK(reader_goes(held.front().err));
  const std::size_t kept = LogStore::kOldPipes + 2;
  CHECK(test::becomes_true(
      [&] { return test::open_descriptors().size() == before + 2 * held.size() + kept; }));
  const Texts all = texts(last(*w.store, 0, kAll));
  for (std::size_t i = 0; i < held.size(); ++i)
    CHECK(std::count(all.begin(), all.end(), "of " + std::to_string(i)) == 1);
  CHECK(std::count(all.begin(), all.end(), "half") ==
        static_cast<std::ptrdiff_t>(held.size() - kept / 2));
  write(held.back().out, " line\n");
  CHECK(texts(last(*w.store, 0, 1)) == Texts{"half line"});
}

TEST_CASE("log: without free descriptors making pipes fails as temporary, and none leaks",
          "[threads][io]") {
  World w;
  w.run();
  const auto before = test::open_descriptors();
  rlimit old{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &old) == 0);
  const auto highest = static_cast<rlim_t>(before.rbegin()->first);
  for (rlim_t room = 0; room < 4; ++room) {
    const rlimit few{highest + 1 + room, old.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &few) == 0);
    std::vector<UniqueFd> holes;  // so that only `room` numbers are free
    for (int fd = 0; fd < before.rbegin()->first; ++fd)
      if (!before.count(fd)) holes.emplace_back(::dup2(before.rbegin()->first, fd));
    const auto pipes = w.store->open_output(0);
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &old) == 0);
    REQUIRE_FALSE(pipes);
    CHECK(pipes.error().temporary());
  }
  CHECK(test::open_descriptors() == before);
}

TEST_CASE("log: pipe ends given out are blocking and close-on-exec", "[threads][io]") {
  World w;
  const OutputPipes pipes = w.open(7);
  for (const UniqueFd* fd : {&pipes.out, &pipes.err}) {
    CHECK((::fcntl(fd->get(), F_GETFL) & O_NONBLOCK) == 0);
    CHECK((::fcntl(fd->get(), F_GETFD) & FD_CLOEXEC) != 0);
  }
}

TEST_CASE("log: a slot without a log has no lines", "[threads][io]") {
  World w;
  CHECK(last(*w.store, 5, 10).empty());
  Ring::Place place;
  CHECK_FALSE(w.store->look_back(5, place, 10, kMaxPiece, [](const Ring::View&) { return true; }));
  CHECK(w.store->info(5).last_seq == 0);
  w.store->forget(5);
}

TEST_CASE("log: zinit's own messages are kept as a log as well", "[threads][io]") {
  World w;
  w.store->keep_own_log();
  const auto tap = std::make_shared<KeepingTap>("zinit");
  CHECK(texts(w.store->add_tap(tap, 10, kRoom)).empty());
  auto null = open_fd("/dev/null", O_WRONLY);
  REQUIRE(null);
  set_log_descriptor(null->get(), false);
  log_warn("web: exited with code {}", 1);
  set_log_descriptor(STDERR_FILENO, false);
  const auto lines = last(*w.store, kOwnLog, 10);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].text == "warn  web: exited with code 1");
  CHECK(lines[0].stream == LogStream::zinit);
  CHECK(tap->lines() == Texts{"zinit: warn  web: exited with code 1"});
  w.store->remove_tap(tap);
}

TEST_CASE("log: at the end what is in the pipes still reaches the sinks", "[threads][io]") {
  const auto console = std::make_shared<KeepingSink>("console");
  World w({nullptr, console});
  w.run();
  Logging logging;
  logging.console = ConsoleMode::lines;
  w.store->configure(0, spec_of("web", logging));
  OutputPipes pipes = w.open(0);
  CHECK(w.data->stop(test::kPatience));
  write(pipes.out, "last\nwords");
  pipes.out.reset();
  w.store->finish(1000ms);
  CHECK(console->lines() == Texts{"web: last", "web: words"});
  CHECK(console->finished == 1);
}

}  // namespace
}  // namespace zinit::test::io_log_store
