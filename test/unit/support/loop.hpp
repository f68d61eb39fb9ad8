// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Loops for tests: one whose thread runs beside the test, and one that the test runs itself.
#pragma once

#include "io/watcher.hpp"
#include "support/test.hpp"

namespace zinit::test {

inline std::unique_ptr<EventLoop> new_loop() {
  auto loop = EventLoop::create();
  REQUIRE(loop);
  return std::move(*loop);
}

/// Runs the loop until `done()`, which is asked each millisecond. False if that takes too long.
inline bool run_until(EventLoop& loop, const std::function<bool()>& done,
                      Milliseconds limit = kPatience) {
  const TimePoint end = Clock::now() + limit;
  TimerWatcher tick(loop, [&] { loop.stop(); });
  bool is = false;
  while (!(is = done()) && Clock::now() < end) {
    tick.set(Milliseconds(1));
    loop.run();
  }
  return is;
}

/// A loop with a thread of its own, which ends with the test.
class LoopBeside {
 public:
  LoopBeside() {
    auto made = DataLoop::create();
    REQUIRE(made);
    data_ = std::move(*made);
  }
  ~LoopBeside() { stop(); }

  void start() { REQUIRE(data_->start()); }
  void stop() { CHECK(data_->stop(kPatience)); }
  [[nodiscard]] DataLoop& data() { return *data_; }
  [[nodiscard]] EventLoop& operator*() { return data_->loop(); }
  [[nodiscard]] EventLoop* operator->() { return &data_->loop(); }

  /// Runs `task` on the loop, to its end.
  void run(const std::function<void()>& task) {
    std::promise<void> done;
    // Checked after the task, because Catch's macros are for one thread at a time.
    const auto posted = data_->loop().post([&] {
      task();
      done.set_value();
    });
    if (posted) done.get_future().wait();
    REQUIRE(posted);
  }

 private:
  std::unique_ptr<DataLoop> data_;
};

}  // namespace zinit::test
