// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Work that may block, done on another thread.
#include "os/offload.hpp"
#include "support/test.hpp"

#include "base/fd.hpp"
#include "base/log.hpp"

namespace zinit::test::os_offload {
namespace {

constexpr Offload::Limits kLimits{
    .name = "elsewhere", .patience = Milliseconds{20}, .most_hung = 3, .most_hung_of_owner = 2};

/// Work that hangs until it is released, and counts how often it was begun.
struct Hanging {
  ~Hanging() { let_go(); }
  void let_go() {
    state->hangs = false;
    state->hangs.notify_all();
  }
  [[nodiscard]] Offload::Work work() const {
    return [state = state] {
      ++state->begun;
      state->hangs.wait(true);
    };
  }
  struct State {
    std::atomic<bool> hangs{true};
    std::atomic<int> begun{0};
  };
  const std::shared_ptr<State> state = std::make_shared<State>();
};

int errnum_of(const Result<void>& result) { return result ? 0 : result.error().errnum; }

void nothing() {}

/// The number of Offload threads with this name.
std::ptrdiff_t threads_of(const std::string& name) {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return std::count_if(begin(tasks), end(tasks), [&](const auto& task) {
    return read_file((task.path().string() + "/comm").c_str(), 100).value_or("") == name + "\n";
  });
}

TEST_CASE("offload: work is done in its order, and at rest there is no thread",
          "[threads][os][offload]") {
  for (const Milliseconds patience : {kForever, Milliseconds{60000}}) {
    Offload offload({.name = "resting", .patience = patience});
    const auto order = std::make_shared<std::vector<int>>();
    std::vector<Offload::Ticket> tickets;
    for (int i = 0; i < 100; ++i) tickets.push_back(offload.ask([=] { order->push_back(i); }));
    CHECK(offload.await(tickets.back()));
    CHECK(order->size() == 100);
    CHECK(std::is_sorted(order->begin(), order->end()));
    CHECK(becomes_true([&] { return threads_of("resting") == 0; }));
  }
}

TEST_CASE("offload: what need not wait is called at once", "[threads][os][offload]") {
  std::atomic<int> calls{0};
  Offload offload(kLimits, [&] { ++calls; });
  const auto ticket = offload.ask(nothing);
  CHECK(becomes_true([&] { return calls > 0; }));
  const auto outcome = offload.outcome(ticket);
  REQUIRE(outcome.has_value());
  CHECK(outcome->has_value());
}

TEST_CASE("offload: an owner whose work hangs is refused, others are not",
          "[threads][os][offload]") {
  Offload offload(kLimits);
  Hanging hanging;
  const Offload::Key mine{1, 1}, mine_too{1, 2}, mine_again{1, 3}, yours{2};
  CHECK(errnum_of(offload.await(offload.ask(hanging.work(), mine))) == ETIMEDOUT);
  CHECK(errnum_of(offload.await(offload.ask(hanging.work(), mine))) == ETIMEDOUT);
  CHECK(hanging.state->begun == 1);  // hanging work is not tried again
  CHECK(errnum_of(offload.await(offload.ask(hanging.work(), mine_too))) == ETIMEDOUT);
  CHECK(hanging.state->begun == 2);
  CHECK(errnum_of(offload.await(offload.ask(nothing, mine_again))) == ETIMEDOUT);
  CHECK(offload.await(offload.ask(nothing, yours)));
  // There is a common limit.
  CHECK(errnum_of(offload.await(offload.ask(hanging.work(), yours))) == ETIMEDOUT);
  CHECK(errnum_of(offload.await(offload.ask(nothing, {3}))) == ETIMEDOUT);
  hanging.let_go();
  CHECK(becomes_true([&] { return offload.await(offload.ask(nothing, mine)).has_value(); }));
}

TEST_CASE("offload: what waits behind work that hangs is gone on with", "[threads][os][offload]") {
  std::atomic<bool> behind{false};
  Offload offload(kLimits);
  Hanging hanging;
  const auto first = offload.ask(hanging.work(), {1});
  const auto second = offload.ask([&] { behind = true; }, {2});
  CHECK(becomes_true([&] { return behind.load(); }));
  CHECK_FALSE(offload.outcome(first));
  hanging.let_go();
  CHECK(becomes_true([&] { return offload.outcome(first).has_value(); }));
  CHECK(offload.await(second));
}

TEST_CASE("offload: work without patience is waited for as long as its asker likes",
          "[threads][os][offload]") {
  Offload offload({.name = "elsewhere", .most_waiting = 1});
  Hanging hanging;
  const auto first = offload.ask(hanging.work());
  CHECK(errnum_of(offload.await(first, after(Clock::now(), Milliseconds{5}))) == ETIMEDOUT);
  REQUIRE(becomes_true([&] { return hanging.state->begun == 1; }));
  const auto second = offload.ask(nothing);
  CHECK(errnum_of(offload.await(offload.ask(nothing))) == EAGAIN);  // one may wait
  hanging.let_go();
  CHECK(offload.await(first));
  CHECK(offload.await(second));
}

TEST_CASE("offload: nothing is done for who has gone, but what was posted is",
          "[threads][os][offload]") {
  std::atomic<int> asked{0}, posted{0};
  Hanging hanging;
  {
    Offload offload({.name = "elsewhere"});
    const auto first = offload.ask(hanging.work());
    static_cast<void>(offload.ask([&] { ++asked; }));
    offload.post([&] { ++posted; });
  }
  hanging.let_go();
  CHECK(becomes_true([&] { return posted > 0; }));
  CHECK(asked == 0);
}

TEST_CASE(
    "offload: an exception ends the work and not the thread; without a thread work is refused",
    "[threads][os][offload]") {
  Pipe log = make_pipe(O_NONBLOCK).value();
  set_log_descriptor(log.write.get(), false);
  {
    Offload offload({.name = "elsewhere"});
    CHECK(offload.await(offload.ask([] { throw std::runtime_error("no luck"); })));
    CHECK(offload.await(offload.ask(nothing)));
  }
  set_log_descriptor(STDERR_FILENO, false);
  char text[200] = {};
  REQUIRE(::read(log.read.get(), text, sizeof text - 1) > 0);
  CHECK(std::string(text) == "error elsewhere: no luck; only this piece of work is lost\n");
  Offload refusing({.name = "elsewhere", .stack_bytes = std::size_t{1} << 60});
  CHECK(errnum_of(refusing.await(refusing.ask(nothing))) == ENOMEM);
}

}  // namespace
}  // namespace zinit::test::os_offload
