// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Delayed reads: until a sink has room, and until lines have gathered.
#include "io/log_store.hpp"
#include "support/services.hpp"
#include "support/test.hpp"
#include "unit/support/kept_lines.hpp"

namespace zinit::test::io_pause {
namespace {

class PausingSink final : public Sink {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "console"; }
  void take(const SinkBatch& batch, const DropCount&) noexcept override {
    lines += static_cast<int>(batch.lines.size());
    ++reads;
  }
  void finish(Milliseconds) noexcept override {}
  [[nodiscard]] bool wants_pause() noexcept override { return ++asked > 0 && pauses; }

  std::atomic<int> lines{0};
  std::atomic<int> reads{0};
  std::atomic<int> asked{0};
  std::atomic<bool> pauses{true};
};

/// A log store on a running data loop, whose lines go to `sink`.
struct PausingStore {
  PausingStore() {
    REQUIRE(data);
    store.configure(0, service("web", {}, [](auto& spec) {
                      spec.logging.edit().console = ConsoleMode::lines;
                    }));
    REQUIRE((*data)->start());
  }
  decltype(DataLoop::create()) data = DataLoop::create();
  std::shared_ptr<PausingSink> sink = std::make_shared<PausingSink>();
  LogStore store{data.value()->loop(), {nullptr, sink}};
};

TEST_CASE("log store: a sink can pause the reading of pipes, but not for a client's request",
          "[threads][io]") {
  PausingStore paused;
  auto& data = paused.data;
  auto& sink = paused.sink;
  auto& store = paused.store;
  {
    auto pipes = store.open_output(0);
    REQUIRE(pipes);
    REQUIRE(write_all(pipes->out.get(), "one\n", "pipe"));
    REQUIRE(test::becomes_true([&] { return sink->asked > 3; }));
    REQUIRE(write_all(pipes->out.get(), "two\n", "pipe"));
  }
  // zinit asks the sink repeatedly, even if nobody holds the other end any more.
  const int before = sink->asked;
  REQUIRE(test::becomes_true([&] { return sink->asked > before + 3; }));
  CHECK(sink->lines == 0);
  CHECK(last(store, 0, 10).size() == 2);
  CHECK(sink->lines == 2);
  auto pipes = store.open_output(0);
  REQUIRE(pipes);
  REQUIRE(write_all(pipes->out.get(), "three\n", "pipe"));
  sink->pauses = false;
  CHECK(test::becomes_true([&] { return sink->lines == 3; }));
  CHECK((*data)->stop(test::kPatience));
}

TEST_CASE("log store: lines that come fast are read together, and none waits for the next",
          "[threads][io]") {
  PausingStore paused;
  auto& data = paused.data;
  auto& sink = paused.sink;
  auto& store = paused.store;
  sink->pauses = false;
  auto pipes = store.open_output(0);
  REQUIRE(pipes);
  REQUIRE(write_all(pipes->out.get(), "one\n", "pipe"));
  REQUIRE(test::becomes_true([&] { return sink->lines == 1; }));
  // As fast as a service that does some work for each line.
  constexpr int kLines = 2000;
  for (int i = 0; i < kLines; ++i) {
    const TimePoint next = Clock::now() + std::chrono::microseconds{100};
    REQUIRE(write_all(pipes->out.get(), "line\n", "pipe"));
    while (Clock::now() < next) continue;
  }
  REQUIRE(test::becomes_true([&] { return sink->lines == kLines + 1; }));
  CHECK(sink->reads < kLines / 2);
  CHECK((*data)->stop(test::kPatience));
}

}  // namespace
}  // namespace zinit::test::io_pause
