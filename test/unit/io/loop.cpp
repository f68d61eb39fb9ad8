// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Event loops and watchers: tasks from other threads, exceptions in callbacks, rest.
#include "io/watcher.hpp"
#include "support/test.hpp"

namespace zinit::test::io_loop {
namespace {

std::unique_ptr<EventLoop> new_loop() {
  auto loop = EventLoop::create();
  REQUIRE(loop);
  return std::move(*loop);
}

/// A data loop whose thread runs.
std::unique_ptr<DataLoop> running_loop() {
  auto loop = DataLoop::create();
  REQUIRE(loop);
  REQUIRE((*loop)->start());
  return std::move(*loop);
}

/// The timeout in ms with which thread `tid` waits in epoll_wait, -1: for ever; nothing while it
/// does something else.
std::optional<long> rest_of_thread(pid_t tid) {
  const std::string path = "/proc/self/task/" + std::to_string(tid) + "/syscall";
  const auto text = read_file(path.c_str(), 4096);
  long number = -1;
  unsigned long args[4] = {};
  if (!text || std::sscanf(text->c_str(), "%ld %lx %lx %lx %lx", &number, &args[0], &args[1],
                           &args[2], &args[3]) != 5)
    return std::nullopt;
  bool waits = number == SYS_epoll_pwait;
#ifdef SYS_epoll_wait
  waits = waits || number == SYS_epoll_wait;
#endif
  if (!waits) return std::nullopt;
  return static_cast<int>(args[3]);
}

TEST_CASE("loop: its end is waited for within a limit", "[threads][io]") {
  auto data = running_loop();
  std::promise<void> go_on;
  REQUIRE(data->loop().post([held = go_on.get_future().share()] { held.wait(); }));
  CHECK_FALSE(data->stop(20ms));
  go_on.set_value();
  CHECK(data->stop(test::kPatience));
}

TEST_CASE("loop: tasks of one thread run in their order, all of many threads run",
          "[threads][io]") {
  auto data = running_loop();
  constexpr int kThreads = 4, kTasks = 1000;
  int next[kThreads] = {};  // only the loop's thread writes
  bool in_order = true, on_thread = true;
  std::vector<std::thread> posters;
  for (int t = 0; t < kThreads; ++t) {
    posters.emplace_back([&, t] {
      for (int i = 0; i < kTasks; ++i) {
        while (!data->loop().post([&, t, i] {
          in_order = in_order && next[t]++ == i;
          on_thread = on_thread && data->loop().on_thread();
        })) {}
      }
    });
  }
  for (std::thread& poster : posters) poster.join();
  CHECK_FALSE(data->loop().on_thread());
  CHECK(data->stop(test::kPatience));
  CHECK(in_order);
  CHECK(on_thread);
  for (int count : next) CHECK(count == kTasks);
}

TEST_CASE("loop: a task that throws harms no other", "[threads][io]") {
  auto data = running_loop();
  std::promise<void> after;
  REQUIRE(data->loop().post([] { throw std::runtime_error("as the test wants it"); }));
  REQUIRE(data->loop().post([&] { after.set_value(); }));
  CHECK(after.get_future().wait_for(test::kPatience) == std::future_status::ready);
}

TEST_CASE("loop: a task is refused if too many wait", "[io]") {
  auto loop = new_loop();
  std::size_t ran = 0;
  for (std::size_t i = 0; i < EventLoop::kMaxTasks; ++i) REQUIRE(loop->post([&] { ++ran; }));
  const auto refused = loop->post([] {});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().errnum == EAGAIN);
  loop->stop();  // works nevertheless
  loop->run();
  CHECK(ran == EventLoop::kMaxTasks);
}

TEST_CASE("loop: it can be stopped before it runs, and run again", "[io]") {
  auto loop = new_loop();
  loop->stop();
  loop->run();
  bool ran = false;
  REQUIRE(loop->post([&] {
    ran = true;
    loop->stop();
  }));
  loop->run();
  CHECK(ran);
}

TEST_CASE("loop: at rest it has nothing to wake for within a day", "[threads][io]") {
  auto data = running_loop();
  std::promise<pid_t> thread;
  REQUIRE(data->loop().post([&] { thread.set_value(gettid()); }));
  const pid_t tid = thread.get_future().get();
  std::optional<long> rest;
  REQUIRE(test::becomes_true([&] { return (rest = rest_of_thread(tid)).has_value(); }));
  INFO("epoll_wait with " << *rest << " ms");
  CHECK((*rest == -1 || *rest >= 86'400'000));
}

TEST_CASE("watcher: a watch that the kernel refuses is reported at once, and tried again", "[io]") {
  const std::string said = test::in_child([]() -> std::string {
    auto loop = EventLoop::create();
    auto pipe = make_pipe(O_NONBLOCK);
    if (!loop || !pipe || !test::refuse_call(SYS_epoll_ctl, ENOMEM)) return "no filter";
    std::string told;
    IoWatcher watcher(**loop, pipe->read.get(), EV_READ, [&](int events) {
      told += (events & EV_ERROR) != 0 ? "refused " : "ready ";
      if (told.size() > 20) (*loop)->stop();
    });
    ::alarm(60);
    watcher.start();
    (*loop)->run();
    watcher.stop();
    return told;
  });
  CHECK(said == "refused refused refused ");
}

TEST_CASE("watcher: a descriptor calls back while it is ready and until it is stopped", "[io]") {
  auto loop = new_loop();
  auto pipe = make_pipe(O_NONBLOCK);
  REQUIRE(pipe);
  int calls = 0;
  IoWatcher watcher(*loop, pipe->read.get(), EV_READ, [&](int events) {
    CHECK(events == EV_READ);
    if (++calls < 3) return;
    watcher.stop();
    loop->stop();
  });
  watcher.start();
  REQUIRE(write_all(pipe->write.get(), "x", "pipe"));
  loop->run();
  CHECK(calls == 3);
}

TEST_CASE("watcher: a callback may destroy its own watcher", "[io]") {
  auto loop = new_loop();
  auto pipe = make_pipe(O_NONBLOCK);
  REQUIRE(pipe);
  std::unique_ptr<IoWatcher> watcher;
  const auto counted = std::make_shared<int>(0);
  watcher = std::make_unique<IoWatcher>(*loop, pipe->read.get(), EV_READ, [&, counted](int) {
    watcher.reset();
    ++*counted;  // the callback's captures live until it returns
    loop->stop();
  });
  watcher->start();
  REQUIRE(write_all(pipe->write.get(), "x", "pipe"));
  loop->run();
  CHECK(*counted == 1);
  CHECK(counted.use_count() == 1);
}

TEST_CASE("watcher: a callback that throws is called again for the next event", "[io]") {
  auto loop = new_loop();
  auto pipe = make_pipe(O_NONBLOCK);
  REQUIRE(pipe);
  int calls = 0;
  IoWatcher watcher(*loop, pipe->read.get(), EV_READ, [&](int) {
    if (++calls == 1) throw std::runtime_error("as the test wants it");
    watcher.stop();
    loop->stop();
  });
  watcher.start();
  REQUIRE(write_all(pipe->write.get(), "x", "pipe"));
  loop->run();
  CHECK(calls == 2);
}

TEST_CASE("watcher: a timer calls back once each time it is set, not before it is due", "[io]") {
  auto loop = new_loop();
  int calls = 0;
  const TimePoint start = Clock::now();
  TimerWatcher timer(*loop, [&] {
    if (++calls == 2) return loop->stop();
    timer.set(10ms);
  });
  timer.set(10ms);
  loop->run();
  CHECK(calls == 2);
  CHECK(Clock::now() - start >= 20ms);
  CHECK_FALSE(timer.active());
}

TEST_CASE("loop: a call runs even if no more tasks are accepted", "[io]") {
  auto loop = new_loop();
  int calls = 0;
  LoopCall call(*loop, [&] { ++calls; });
  for (std::size_t i = 0; i < EventLoop::kMaxTasks; ++i) REQUIRE(loop->post([] {}));
  REQUIRE_FALSE(loop->post([] {}));
  for (int i = 0; i < 3; ++i) call.ask();
  loop->stop();
  loop->run();
  CHECK(calls == 1);
  call.ask();
  loop->stop();
  loop->run();
  CHECK(calls == 2);
}

TEST_CASE("loop: calls run in the order in which they were asked for, except destroyed ones",
          "[io]") {
  auto loop = new_loop();
  std::string made;
  LoopCall a(*loop, [&] { made += 'a'; }), d(*loop, [&] { made += 'd'; });
  auto b = std::make_unique<LoopCall>(*loop, [&] { made += 'b'; });
  LoopCall c(*loop, [&] {
    made += 'c';
    b.reset();
  });
  for (LoopCall* call : {&c, &a, b.get(), &d}) call->ask();
  {
    LoopCall last(*loop, [&] { made += 'x'; });
    last.ask();
  }
  a.ask();
  loop->stop();
  loop->run();
  CHECK(made == "cad");
}

TEST_CASE("loop: a call that asks for itself leaves others their turn", "[io]") {
  auto loop = new_loop();
  int calls = 0;
  std::function<void()> again;
  LoopCall call(*loop, [&] {
    ++calls;
    again();
  });
  again = [&] { call.ask(); };
  TimerWatcher timer(*loop, [&] { loop->stop(); });
  timer.set(Milliseconds(1));
  call.ask();
  loop->run();
  CHECK(calls > 1);
}

TEST_CASE("loop: calls asked for by many threads are made", "[threads][io]") {
  auto data = running_loop();
  std::atomic<int> calls{0};
  constexpr int kThreads = 4;
  std::vector<std::unique_ptr<LoopCall>> all;
  for (int t = 0; t < kThreads; ++t)
    all.push_back(std::make_unique<LoopCall>(data->loop(), [&] { ++calls; }));
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 1000; ++i) all[static_cast<std::size_t>(t)]->ask();
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(data->stop(test::kPatience));
  CHECK(calls >= kThreads);
  CHECK(calls <= kThreads * 1000);
}

}  // namespace
}  // namespace zinit::test::io_loop
