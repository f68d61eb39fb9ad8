// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Event loops, watchers and epoll sets: tasks from other threads, exceptions in callbacks, rest.
#include "unit/support/loop.hpp"
#include "io/epoll_set.hpp"
#include "support/test.hpp"
#include "unit/io/sinks.hpp"

namespace zinit::test::io_loop {
namespace {

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

TEST_CASE("loop: tasks of one thread run in their order, and tasks and calls of many threads all",
          "[threads][io]") {
  LoopBeside loop;
  loop.start();
  constexpr int kThreads = 4, kTasks = 1000;
  int next[kThreads] = {};  // only the loop's thread writes
  bool in_order = true, in_one_thread = true;
  std::thread::id runner;
  int calls[kThreads] = {};
  std::deque<LoopCall> all;
  std::vector<std::thread> posters;
  for (int t = 0; t < kThreads; ++t) {
    LoopCall& call = all.emplace_back(*loop, [&, t] { ++calls[t]; });
    posters.emplace_back([&, t] {
      for (int i = 0; i < kTasks; ++i) {
        call.ask();
        while (!loop->post([&, t, i] {
          in_order = in_order && next[t]++ == i;
          if (runner == std::thread::id{}) runner = std::this_thread::get_id();
          in_one_thread = in_one_thread && runner == std::this_thread::get_id();
        })) {}
      }
    });
  }
  for (std::thread& poster : posters) poster.join();
  loop.stop();
  CHECK(in_order);
  CHECK(in_one_thread);
  for (const int count : next) CHECK(count == kTasks);
  for (const int count : calls) CHECK((count >= 1 && count <= kTasks));
}

TEST_CASE("loop: many tasks leave other events their turn", "[io]") {
  const auto loop = new_loop();
  const UniqueFd event(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  int ran = 0, ran_before = 0;
  IoWatcher watcher(*loop, event.get(), EV_READ, [&](int) {
    ran_before = ran;
    watcher.stop();
  });
  watcher.start();
  constexpr int kTasks = 100;
  for (int i = 0; i < kTasks; ++i)
    REQUIRE(loop->post([&] {
      if (++ran == 1) ::eventfd_write(event.get(), 1);
      for (const TimePoint until = after(Clock::now(), Milliseconds{2}); Clock::now() < until;) {}
    }));
  REQUIRE(loop->post([&] { loop->stop(); }));
  loop->run();
  CHECK(ran == kTasks);
  CHECK(ran_before > 0);
  CHECK(ran_before < kTasks);
}

TEST_CASE("loop: the thread of a data loop that hung when it was to end goes on afterwards",
          "[io]") {
  auto made = DataLoop::create();
  REQUIRE(made);
  DataLoop& data = **made;
  REQUIRE(data.start());
  std::promise<void> answers;
  REQUIRE(data.loop().post([&] { answers.get_future().wait(); }));
  CHECK_FALSE(data.stop(Milliseconds{1}));
  auto started = std::async(std::launch::async, [&] { return data.start().has_value(); });
  CHECK(started.wait_for(10s) == std::future_status::ready);
  answers.set_value();
  CHECK(started.get());
  for (int i = 0; i < 2; ++i) {  // the stop that was asked for before ends no later turn
    std::promise<void> served;
    REQUIRE(data.loop().post([&] { served.set_value(); }));
    CHECK(served.get_future().wait_for(10s) == std::future_status::ready);
  }
  CHECK(data.stop(Milliseconds{10'000}));
  CHECK(data.stop(Milliseconds{10'000}));  // no thread takes this order
  CHECK(data.start());
  std::promise<void> ended;  // by a task that runs after the order
  REQUIRE(data.loop().post([&] { ended.set_value(); }));
  REQUIRE(ended.get_future().wait_for(10s) == std::future_status::ready);
  std::promise<void> served;
  REQUIRE(data.loop().post([&] { served.set_value(); }));
  CHECK(served.get_future().wait_for(10s) == std::future_status::ready);
}

TEST_CASE("loop: if too many tasks wait one is refused, but no call and no stop", "[io]") {
  const auto loop = new_loop();
  std::size_t ran = 0;
  int calls = 0;
  LoopCall call(*loop, [&] { ++calls; });
  for (std::size_t i = 0; i < EventLoop::kMaxTasks; ++i)
    REQUIRE(loop->post([&] {
      if (++ran == 1) throw std::runtime_error("which harms no other task");
    }));
  const auto refused = loop->post([] {});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().errnum == EAGAIN);
  for (int i = 0; i < 3; ++i) call.ask();
  loop->stop();
  loop->run();
  CHECK(ran == EventLoop::kMaxTasks);
  CHECK(calls == 1);
  // It can be run again.
  call.ask();
  REQUIRE(loop->post([&] {
    ++ran;
    loop->stop();
  }));
  loop->run();
  CHECK(ran == EventLoop::kMaxTasks + 1);
  CHECK(calls == 2);
}

TEST_CASE("loop: a stop by a task ends it after the tasks that wait, even if no more may wait",
          "[io]") {
  const auto loop = new_loop();
  std::size_t ran = 0;
  REQUIRE(loop->post([&] {
    while (loop->post([&] { ++ran; })) {}
    loop->stop();
  }));
  loop->run();
  CHECK(ran == EventLoop::kMaxTasks);
}

TEST_CASE("loop: at rest it has nothing to wake for within a day", "[threads][io]") {
  LoopBeside loop;
  loop.start();
  pid_t tid = 0;
  loop.run([&] { tid = gettid(); });
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
  const auto loop = new_loop();
  const Pipe pipe = new_pipe();
  int calls = 0;
  IoWatcher watcher(*loop, pipe.read.get(), EV_READ, [&](int events) {
    CHECK(events == EV_READ);
    if (++calls == 1) throw std::runtime_error("which is no reason to stop");
    if (calls < 3) return;
    watcher.stop();
    loop->stop();
  });
  watcher.start();
  put(pipe.write, "x");
  loop->run();
  CHECK(calls == 3);
}

TEST_CASE("watcher: a callback may destroy its own watcher", "[io]") {
  const auto loop = new_loop();
  const Pipe pipe = new_pipe();
  std::unique_ptr<IoWatcher> watcher;
  const auto counted = std::make_shared<int>(0);
  watcher = std::make_unique<IoWatcher>(*loop, pipe.read.get(), EV_READ, [&, counted](int) {
    watcher.reset();
    ++*counted;  // the callback's captures live until it returns
    loop->stop();
  });
  watcher->start();
  put(pipe.write, "x");
  loop->run();
  CHECK(*counted == 1);
  CHECK(counted.use_count() == 1);
}

TEST_CASE("watcher: a timer calls back once each time it is set, not before it is due", "[io]") {
  const auto loop = new_loop();
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

TEST_CASE("loop: a timer set to a moment never fires before it, and at once if it has passed",
          "[io]") {
  const auto loop = new_loop();
  const TimePoint due = Clock::now() + 10ms;
  TimerWatcher timer(*loop, [&] { loop->stop(); });
  timer.set_at(due);
  loop->run();
  CHECK(Clock::now() >= due);
  timer.set_at(due);
  CHECK(timer.active());
  loop->run();
  timer.set(1h);
  timer.set_at(kNever);
  CHECK_FALSE(timer.active());
}

TEST_CASE("loop: calls run in the order in which they were asked for, except destroyed ones",
          "[io]") {
  const auto loop = new_loop();
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
  const auto loop = new_loop();
  int calls = 0;
  std::function<void()> again;
  LoopCall call(*loop, [&] {
    ++calls;
    again();
  });
  again = [&] { call.ask(); };
  TimerWatcher timer(*loop, [&] { loop->stop(); });
  timer.set(1ms);
  call.ask();
  loop->run();
  CHECK(calls > 1);
}

TEST_CASE("epoll set: a descriptor that was removed is not reported, though a copy of it is open",
          "[io]") {
  const auto loop = new_loop();
  std::vector<EpollSet::Key> ready;
  EpollSet set(*loop, [&](EpollSet::Key key, std::uint32_t) {
    ready.push_back(key);
    loop->stop();
  });
  REQUIRE(set.open());
  Pipe removed = new_pipe();
  const Pipe kept = new_pipe();
  REQUIRE(set.add(removed.read.get(), EPOLLIN, 1));
  REQUIRE(set.add(kept.read.get(), EPOLLIN, 2));
  const UniqueFd copy(::dup(removed.read.get()));
  set.remove(removed.read.get());
  removed.read.reset();
  put(removed.write, "x");
  put(kept.write, "x");
  loop->run();
  CHECK_FALSE(ready.empty());
  CHECK(std::ranges::count(ready, EpollSet::Key{1}) == 0);
}

TEST_CASE("epoll set: without events it reports a hang-up alone", "[io]") {
  const auto loop = new_loop();
  int reported = 0;
  EpollSet set(*loop, [&](EpollSet::Key, std::uint32_t) {
    ++reported;
    loop->stop();
  });
  REQUIRE(set.open());
  Pipe pipe = new_pipe();
  put(pipe.write, "x");
  REQUIRE(set.add(pipe.read.get(), 0, 1));
  TimerWatcher until(*loop, [&] {
    CHECK(reported == 0);
    pipe.write.reset();
  });
  until.set(5ms);
  loop->run();
  CHECK(reported > 0);
}

}  // namespace
}  // namespace zinit::test::io_loop
