// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// What waits in sinks over process images: order, damage, lack of room, and writes that a crash has
// broken off.
#include "io/sink_area.hpp"
#include "base/file.hpp"
#include "base/log.hpp"
#include "io/console_sink.hpp"
#include "io/kept_texts.hpp"
#include "io/log_file.hpp"
#include "support/test.hpp"
#include "unit/io/sinks.hpp"

namespace zinit::test::io_sink_area {
namespace {

/// Calls `work` in a process with a list of kept descriptors.
template <class Work>
std::string with_list(Work work) {
  return in_child([&] { return make_kept_list() ? work() : std::string("no list"); });
}

/// What this process has kept. Never destroyed: execve(2) destroys nothing.
Inheritance& inheritance() {
  return *new Inheritance(*Inheritance::take_over(::fcntl(kept_list_fd(), F_DUPFD_CLOEXEC, 0)));
}

SinkArea& first_area() { return *new SinkArea; }
SinkArea& next_area() { return *new SinkArea(&inheritance()); }

SinkChunk& new_chunk(SinkArea& area, std::string_view label, std::string_view text) {
  auto& chunk = *new SinkChunk(SinkArea::chunk(&area, label, text.size()));
  chunk.add(text);
  chunk.commit();
  return chunk;
}

/// The texts that wait in the queue `label`, each followed by a bar.
std::string waiting(SinkArea& area, const std::string& label) {
  std::string text;
  auto& chunks = *new auto(area.take_left(label));  // not given back
  for (const SinkChunk& chunk : chunks) text += std::string(chunk.waiting()) + "|";
  return text;
}

std::string joined(const Texts& texts) {
  std::string all;
  for (const std::string& text : texts) all += text + "|";
  return all;
}

/// The memory of this process's area.
char* memory_of_area() {
  auto& file = *new MappedFile(*MappedFile::map(inheritance().take(KeptKind::sinks)));
  return reinterpret_cast<char*>(file.data());
}

std::shared_ptr<SinkArea> shared(SinkArea& area) {
  return {&area, [](SinkArea*) {}};
}

/// A queue of texts in an area, and what was left in it.
struct Queue {
  explicit Queue(SinkArea& area) : left(joined(texts.begin(shared(area), "console"))) {}
  bool add(const Texts& more) {
    return std::ranges::all_of(more, [&](const auto& text) { return texts.add(text, true); });
  }
  KeptTexts texts;
  const std::string left;
};

Queue& queue_in(SinkArea& area) { return *new Queue(area); }

TEST_CASE("sink area: the next image finds what waits in each queue, in its order", "[io][kept]") {
  CHECK(with_list([] {
          SinkArea& area = first_area();
          new_chunk(area, "a", "one");
          new_chunk(area, "b", "two").took(1);
          new_chunk(area, "a", "three");
          new_chunk(area, "a", "taken").took(5);
          delete &new_chunk(area, "a", "gone");
          new_chunk(area, "a", "four").add("not committed");
          SinkArea& next = next_area();
          const std::string labels = joined(next.labels_left());
          const std::string a = waiting(next, "a"), b = waiting(next, "b");
          return labels + " " + a + " " + b + " " + joined(next.labels_left());
        }) == "a|b| one|three|four| wo| ");
  // They are used as before.
  CHECK(with_list([] {
          new_chunk(first_area(), "a", "one ");
          SinkArea& second = next_area();
          SinkChunk& chunk = (*new auto(second.take_left("a"))).front();
          const std::string more(100'000, 'x');
          if (!chunk.reserve(more.size())) return std::string("no room");
          chunk.add(more);
          chunk.commit();
          chunk.took(1);
          new_chunk(second, "a", "two");
          return std::to_string(waiting(next_area(), "a") == "ne " + more + "|two|");
        }) == "1");
}

TEST_CASE("sink area: if it is full, chunks are in ordinary memory, and a free one is used again",
          "[io][kept]") {
  CHECK(with_list([] {
          SinkArea& area = first_area();
          SinkChunk* last = nullptr;
          for (std::uint32_t i = 1; i < SinkArea::kMostChunks; ++i)
            last = &new_chunk(area, "a", "x");
          SinkChunk& beyond = new_chunk(area, "b", "beyond");
          std::string text(beyond.waiting());
          delete last;
          new_chunk(area, "b", "within");
          SinkArea& next = next_area();
          return text + " " + std::to_string(next.take_left("a").size()) + " " + waiting(next, "b");
        }) == "beyond 1022 within|");
  SinkChunk chunk = SinkArea::chunk(nullptr, "a", SinkArea::kText);
  CHECK(chunk.reserve(SinkArea::kText));
  CHECK_FALSE(chunk.reserve(SinkArea::kChunk));
  CHECK_THROWS_AS(SinkArea::chunk(nullptr, "a", SinkArea::kChunk), std::bad_alloc);
}

TEST_CASE("sink area: memory is given back when nothing waits any more", "[io]") {
  SinkArea area;
  const std::string text(SinkArea::kText, 'x');
  for (int round = 0; round < 3; ++round) {
    std::vector<SinkChunk> chunks;
    for (int i = 0; i < 8; ++i) {
      chunks.push_back(SinkArea::chunk(&area, "a", text.size()));
      chunks.back().add(text);
      chunks.back().commit();
    }
    for (const SinkChunk& chunk : chunks) REQUIRE((chunk.waiting() == text));
    chunks.clear();
    if (round == 1) area.trim();
  }
  area.trim();
  CHECK(area.memory() <= SinkArea::kSpare + 4096);
}

TEST_CASE("sink area: a damaged chunk is refused, and the others are taken over", "[io][kept]") {
  // The texts that wait, and what the log says.
  const auto left = [] {
    const Pipe log = new_pipe();
    set_log_descriptor(log.write.get(), false);
    SinkArea& next = next_area();
    new_chunk(next, "first", "new");
    const std::string text = waiting(next, "first") + waiting(next, "second");
    return text + waiting(next_area(), "first") + receive(log.read, 1);
  };
  // Behind the number of the chunk: the size of its label, and where the waiting text is.
  for (const std::size_t offset : {8u, 12u, 16u}) {
    const std::string part = with_list([&] {
      SinkArea& area = first_area();
      new_chunk(area, "first", "one");
      new_chunk(area, "second", "two");
      std::memset(memory_of_area() + SinkArea::kChunk + offset, 0xf0, 4);
      return left();
    });
    CHECK_THAT(part, StartsWith("two|new|") && Contains("1 of 2 pieces"));
  }
  const std::string whole = with_list([&] {
    new_chunk(first_area(), "first", "one");
    std::memset(memory_of_area(), 0x5a, 16);
    return left();
  });
  CHECK_THAT(whole, StartsWith("new|") && Contains("is damaged or of another version"));
}

TEST_CASE("sink area: arbitrary damage harms nothing", "[io][kept]") {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    CHECK(with_list([seed] {
            set_log_descriptor(open_fd("/dev/null", O_WRONLY)->release(), false);
            Queue& first = queue_in(first_area());
            for (int i = 0; i < 100; ++i) first.add({"text " + std::to_string(i)});
            first.texts.took(3);
            std::uint32_t random = seed * 2654435761U;
            char* const memory = memory_of_area() + SinkArea::kChunk;
            for (int i = 0; i < 8; ++i) {
              random = random * 1664525U + 1013904223U;
              memory[8 + (random >> 8) % 300] = static_cast<char>(random >> 24);
            }
            Queue& next = queue_in(next_area());
            next.add({"more"});
            next.texts.took(10'000);
            return std::string("alive");
          }) == "alive");
  }
}

TEST_CASE("sink area: of texts in a queue the next image gets those that were not sent",
          "[io][kept]") {
  CHECK(with_list([] {
          Queue& first = queue_in(first_area());
          first.add({"one", "two", "three"});
          first.texts.took(4);
          Queue& second = queue_in(next_area());
          second.texts.took(3);  // the rest of "two", and "t"
          second.add({"four"});
          return second.left + " " + queue_in(next_area()).left;
        }) == "wo|three| hree|four|");
  // A long text is kept in pieces, or not at all.
  CHECK(with_list([] {
          const std::string text(3 * SinkArea::kText, 'x');
          Queue& first = queue_in(first_area());
          if (first.texts.add(text, false) || !first.add({"before", text, "after"}))
            return std::string("wrong");
          first.texts.took(6 + SinkArea::kText);
          std::string left = queue_in(next_area()).left;
          std::erase(left, '|');
          return std::to_string(left == std::string(2 * SinkArea::kText, 'x') + "after");
        }) == "1");
  // Those before a damaged one are delivered.
  CHECK(with_list([] {
          set_log_descriptor(open_fd("/dev/null", O_WRONLY)->release(), false);
          queue_in(first_area()).add({"one", "damaged", "three"});
          char* const chunk = memory_of_area() + SinkArea::kChunk;
          std::memset(chunk + std::string_view(chunk, 4096).find({"\7\0\0\0dam", 7}), 0xff, 4);
          Queue& second = queue_in(next_area());
          second.texts.took(1);
          return second.left + " " + queue_in(next_area()).left;
        }) == "one| ne|");
}

TEST_CASE("log file: what a write that was broken off has written is found", "[io]") {
  const TempDir dir;
  const std::string path = dir / "a.log";
  struct Place final : WriteListener {
    void begins(const FilePlace& place) noexcept override { at = place; }
    void wrote(std::size_t bytes) noexcept override { count += bytes; }
    FilePlace at;
    std::size_t count = 0;
  } place;
  std::size_t written = 0;
  LogFile first(path);
  REQUIRE(first.append("before\n", {}, written, &place));
  REQUIRE(first.append("one\ntwo\n", {}, written, &place));
  CHECK(place.count == 15);
  CHECK(place.at.offset == 7);
  const auto found = [&](std::string_view text) {
    LogFile next(path);
    return next.found_at(place.at, text).value_or(999);
  };
  CHECK(found("one\ntwo\n") == 8);
  CHECK(found("one\ntwo\nthree\n") == 8);
  CHECK(found("one\n") == 4);
  CHECK(found("other\n") == 0);  // somebody else has appended this
  place.at.offset = 15;
  CHECK(found("one\n") == 0);
  place.at.offset = 7;
  REQUIRE(::rename(path.c_str(), (dir / "old").c_str()) == 0);
  CHECK(found("one\ntwo\n") == 0);
  CHECK(LogFile(dir / "none/a.log").found_at(place.at, "one").error().errnum == ENOENT);
}

TEST_CASE("sink: a console and the kernel ring buffer get what waits after a crash", "[io][kept]") {
  struct Sinks {
    Sinks(int fd, SinkArea& area)
        : kmsg(*loop, UniqueFd(::dup(fd))), console(*loop, UniqueFd(::dup(fd)), WhenFull::hold) {
      kmsg.keep_in(shared(area), "kmsg");
      console.keep_in(shared(area), "console");
    }
    std::unique_ptr<EventLoop> loop = *EventLoop::create();
    KmsgSink kmsg;
    ConsoleSink console;
  };
  CHECK(with_list([] {
          int ends[2];
          if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
            return std::string("no sockets");
          auto& first = *new Sinks(ends[1], first_area());
          for (const char* line : {"one", "two"}) {
            give(first.kmsg, line);
            give(first.console, line);
          }
          auto& next = *new Sinks(ends[1], next_area());
          std::string got = next.console.holds(LogStream::out) ? "held " : "";
          next.kmsg.finish(20'000ms);
          next.console.finish(20'000ms);
          char buffer[100];
          for (ssize_t size; (size = ::read(ends[0], buffer, sizeof buffer)) > 0; got += "|")
            got.append(buffer, static_cast<std::size_t>(size));
          if (next.console.holds(LogStream::out)) got += "held";
          return got + joined(next_area().labels_left());
        }) == "held <30>web: one\n|<30>web: two\n|web: one\nweb: two\n|");
}

}  // namespace
}  // namespace zinit::test::io_sink_area
