// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Logs of a process image that crashes: the next process image has each line once.
#include "io/log_store.hpp"
#include "io/read_area.hpp"
#include "state/state_facts.hpp"
#include "support/test.hpp"
#include "unit/support/kept_lines.hpp"

namespace zinit::test::io_next_image {
namespace {

constexpr Slot kSlot = 3, kOther = 4, kLimited = 5;
constexpr Ring::Limits kLimits{10000, 1u << 20};

/// Runs `image` in its own process, with its own list; returns whether it succeeded.
bool in_process(const std::function<bool()>& image) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(make_kept_list() && image() ? 0 : 1);
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return status == 0;
}

Inheritance what_is_left() {
  return *Inheritance::take_over(::fcntl(kept_list_fd(), F_DUPFD_CLOEXEC, 0));
}

/// The logs of one process image. Never destroyed, because execve(2) destroys nothing.
struct Image {
  explicit Image(Inheritance left = {}) : inherited(std::move(left)) {
    if (KeptFd file = inherited.take(KeptKind::facts)) {
      known = *read_facts(file.get());
      static_cast<void>(facts.go_on(std::move(file), known));
    }
    data = std::move(*DataLoop::create());
    store = std::make_unique<LogStore>(data->loop(), LogSinks{}, &inherited, &facts);
    for (const Slot slot : {kSlot, kOther, kLimited}) {
      auto spec = std::make_shared<ServiceSpec>();
      spec->name = std::to_string(slot);
      spec->logging.edit().rate_lines = slot == kLimited ? 2 : 0;
      spec->logging.edit().rate_interval = Milliseconds{3600000};
      store->configure(slot, spec);
    }
  }

  void go_on() { store->take_over(inherited, known); }
  [[nodiscard]] Texts texts(Slot slot) {
    Texts all;
    for (const LogLine& line : last(*store, slot, 100)) all.push_back(line.text);
    return all;
  }

  Inheritance inherited;
  FactMap known;
  StateFacts facts;
  std::unique_ptr<DataLoop> data;
  std::unique_ptr<LogStore> store;
};

Image& first_image() { return *new Image; }

Image& next_image() {
  Image& next = *new Image(what_is_left());
  next.go_on();
  return next;
}

/// Crashes when a line has been stored: then `next` runs and decides whether all is well.
class CrashTap final : public LogTap {
 public:
  CrashTap(std::string line, std::function<bool()> next)
      : line_(std::move(line)), next_(std::move(next)) {}
  [[nodiscard]] bool wants(std::string_view) const noexcept override { return true; }
  void take(const SinkBatch& batch, std::uint64_t) noexcept override {
    for (const SplitLine& line : batch.lines)
      if (line.text == line_) ::_exit(next_() ? 0 : 1);
  }

 private:
  const std::string line_;
  const std::function<bool()> next_;
};

void crash_at(Image& image, std::string line, std::function<bool()> next) {
  const auto tap = std::make_shared<CrashTap>(std::move(line), std::move(next));
  static_cast<void>(image.store->add_tap(tap, {}, 0));
}

bool put(const UniqueFd& fd, std::string_view text) {
  return bool(write_all(fd.get(), text, "a pipe"));
}

/// A pipe of `slot` from which `bytes` were read, with no line stored yet. `got`: ReadArea::got().
Pipe& half_read(Slot slot, std::uint8_t part, std::string_view bytes, bool got = true) {
  auto& pipe = *new Pipe(std::move(*make_pipe()));
  const int number = pipe.read.get();
  ::fcntl(number, F_SETFL, O_NONBLOCK);
  new KeptFd(std::move(pipe.read), {KeptKind::log_pipe, 0, slot});
  auto& area = *new ReadArea(part);
  area.begin(number, bytes.size());
  std::memcpy(area.bytes(), bytes.data(), bytes.size());
  if (got) area.got(bytes.size(), 0);
  return pipe;
}

TEST_CASE("log: no two reads have the same number, not even of two images", "[io][kept]") {
  ReadArea first(0), second(1), of_next_image(0);
  std::set<std::uint64_t> numbers;
  for (ReadArea* const area : {&first, &second, &of_next_image}) {
    for (int i = 0; i < 10; ++i) {
      area->begin(0, 0);
      numbers.insert(area->number());
    }
  }
  CHECK(numbers.size() == 30);
}

TEST_CASE("log: what is known of a pipe that was taken over ends with it", "[threads][io][kept]") {
  CHECK(in_process([] {
    Image& first = first_image();
    auto pipes = first.store->open_output(kSlot);
    *pipes->writer = 7;
    if (!put(pipes->out, "half")) return false;
    first.store->read_pipes();
    Image& second = next_image();
    if (second.known.size() != 1) return false;
    pipes->out.reset();
    pipes->err.reset();
    if (second.texts(kSlot) != Texts{"half"}) return false;
    Image& third = next_image();
    return third.known.empty() && third.texts(kSlot) == Texts{"half"};
  }));
}

TEST_CASE("log: a crash while a pipe ends does not double its last line", "[threads][io][kept]") {
  CHECK(in_process([] {
    Image& first = first_image();
    auto pipes = first.store->open_output(kSlot);
    *pipes->writer = 7;
    if (!put(pipes->out, "whole\nhalf")) return false;
    pipes->out.reset();
    crash_at(first, "half", [] { return next_image().texts(kSlot) == Texts{"whole", "half"}; });
    first.store->read_pipes();
    return false;
  }));
}

TEST_CASE("log: a crash while the lines of a crash are stored loses and doubles none",
          "[threads][io][kept]") {
  for (const std::string at : {"a", "b"}) {
    INFO(at);
    CHECK(in_process([&at] {
      const Pipe& pipe = half_read(kSlot, 0, "a\nhal");
      half_read(kOther, 1, "b\n");
      Image& second = *new Image(what_is_left());
      crash_at(second, at, [&pipe] {
        Image& third = next_image();
        if (!put(pipe.write, "f\n")) return false;
        if (third.texts(kSlot) != Texts{"a", "half"} || third.texts(kOther) != Texts{"b"})
          return false;
        Image& fourth = next_image();
        return fourth.texts(kSlot) == Texts{"a", "half"} && fourth.texts(kOther) == Texts{"b"};
      });
      second.go_on();
      return false;
    }));
  }
}

TEST_CASE("log: lines stored between a read and its crash hide no line of the read",
          "[threads][io][kept]") {
  CHECK(in_process([] {
    Image& first = first_image();
    first.store->note(kSlot, "noted");
    half_read(kSlot, 0, "a\nb\n", false);
    Image& second = *new Image(what_is_left());
    crash_at(second, "a", [] { return next_image().texts(kSlot) == Texts{"noted", "a", "b"}; });
    second.go_on();
    return false;
  }));
}

TEST_CASE("log: lines beyond rate_lines are left out and counted over crashes",
          "[threads][io][kept]") {
  CHECK(in_process([] {
    const Pipe& pipe = half_read(kLimited, 0, "a\nb\nc\nd\n");
    Image& second = *new Image(what_is_left());
    crash_at(second, "a", [&pipe] {
      if (next_image().texts(kLimited) != Texts{"a", "b"}) return false;
      Image& fourth = next_image();
      if (!put(pipe.write, "e\n")) return false;
      fourth.store->read_pipes();
      ::close(pipe.write.get());
      fourth.store->read_pipes();
      return fourth.texts(kLimited) ==
             Texts{"a", "b", "left out 3 lines: more than rate_lines = 2 in 3600000 ms"};
    });
    second.go_on();
    return false;
  }));
}

TEST_CASE("log: messages beyond rate_lines are counted over a re-execution without a pipe, too",
          "[threads][io][kept]") {
  CHECK(in_process([] {
    Image& first = first_image();
    for (const char* line : {"a", "b", "c", "d"}) add_line(*first.store, kLimited, line);
    first.store->keep_dropped();
    Image& second = next_image();
    add_line(*second.store, kLimited, "e");
    second.store->keep_dropped();
    Image& third = next_image();
    if (third.texts(kLimited) != Texts{"a", "b"}) return false;
    if (!third.store->open_output(kLimited)) return false;  // the end of a pipe reports the count
    const Texts expected{"a", "b", "left out 3 lines: more than rate_lines = 2 in 3600000 ms"};
    if (third.texts(kLimited) != expected) return false;
    Image& fourth = next_image();
    return fourth.known.empty() && fourth.texts(kLimited) == expected;
  }));
}

TEST_CASE("ring: a crash while it grows leaves its lines", "[io][kept]") {
  for (const std::size_t lines : {3u, 5000u}) {
    INFO(lines);
    CHECK(in_process([lines] {
      auto* const memory = new RingMemory;
      auto* const ring = new Ring(kLimits, *memory, kSlot);
      for (std::size_t i = 0; i < lines; ++i) ring->append(0, LogStream::out, false, "a line");
      const RingBlock larger = RingMemory::file(1u << 20);
      auto inherited = what_is_left();
      RingMemory next(&inherited);
      const Ring same(kLimits, next, kSlot);
      return same.lines() == lines && same.last_seq() == lines;
    }));
  }
}

TEST_CASE("ring: the next image goes on with its numbers, also where it has no lines",
          "[io][kept]") {
  enum class Way { no_lines, no_lines_any_more, cleared, cleared_and_one };
  const auto way =
      GENERATE(Way::no_lines, Way::no_lines_any_more, Way::cleared, Way::cleared_and_one);
  const Slot slot = GENERATE(kSlot, kSyslog);
  const std::size_t size = GENERATE(1u, 1000u);
  INFO(static_cast<int>(way) << " of slot " << slot << ", lines of " << size);
  CHECK(in_process([=] {
    auto* const memory = new RingMemory;
    auto* const ring = new Ring(kLimits, *memory, slot);
    if (way == Way::no_lines) ring->set_limits({0, 1000});
    for (int i = 0; i < 5; ++i) ring->append(0, LogStream::out, false, std::string(size, 'x'));
    if (way == Way::no_lines_any_more) ring->set_limits({0, 1000});
    if (way == Way::cleared || way == Way::cleared_and_one) ring->clear();
    if (way != Way::cleared) ring->append(0, LogStream::out, false, "x");
    auto inherited = what_is_left();
    RingMemory next(&inherited);
    const Ring same(kLimits, next, slot);
    return same.last_seq() == (way == Way::cleared ? 5u : 6u) &&
           same.lines() == (way == Way::cleared_and_one ? 1u : 0u);
  }));
}

}  // namespace
}  // namespace zinit::test::io_next_image
