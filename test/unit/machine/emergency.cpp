// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The emergency shell: a thread starts it, so that the loop goes on, and zinit notices its end.
#include "machine/emergency.hpp"
#include "os/process.hpp"
#include "support/test.hpp"
#include "unit/support/loop.hpp"

namespace zinit::test::machine_emergency {
namespace {

/// A shell on a loop, spawned by `spawn`, and a record of its calls of `over`.
struct Bench {
  explicit Bench(EmergencyShell::Spawn spawn)
      : shell(
            *loop, "/dev/null", {},
            [this](bool ran) {
              over.push_back(ran);
              loop->stop();
            },
            std::move(spawn)) {}

  std::unique_ptr<EventLoop> loop = new_loop();
  std::vector<bool> over;
  EmergencyShell shell;
};

Child fork_sleeper() {
  Child child;
  child.pid = ::fork();
  if (child.pid == 0)
    while (true) ::pause();
  return child;
}

void end_and_leave(pid_t pid) {
  ::kill(pid, SIGKILL);
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT);
}

TEST_CASE("a shell whose program takes for ever to be read holds up nobody", "[init][emergency]") {
  std::promise<void> gate;
  auto opened = gate.get_future().share();
  Texts tried;
  Bench bench([&](const SpawnPlan& plan) -> Result<Child> {
    opened.wait();
    tried.push_back(plan.program);
    return failure("it is not there");
  });
  bench.shell.start("a test");
  CHECK(bench.shell.running());
  bool served = false;
  REQUIRE(bench.loop->post([&] {
    served = bench.over.empty();
    bench.shell.start("again");  // without effect
    gate.set_value();
  }));
  bench.loop->run();
  CHECK(served);
  REQUIRE_FALSE(tried.empty());
  CHECK(tried.back() == "/bin/sh");
  CHECK(bench.over == std::vector<bool>{false});
  CHECK_FALSE(bench.shell.running());
}

TEST_CASE("a shell for which there is no process now is tried again, and no other in its place",
          "[init][emergency]") {
  Texts tried;
  std::atomic<pid_t> pid{-1};
  Bench bench([&](const SpawnPlan& plan) -> Result<Child> {
    tried.push_back(plan.program);
    if (tried.size() < 3) return sys_failure("make", "a process", EAGAIN);
    Child child = fork_sleeper();
    pid = child.pid;
    return Result<Child>(std::move(child));
  });
  bench.shell.start("a test");
  CHECK(run_until(*bench.loop, [&] { return bench.shell.pid() > 0; }));
  CHECK(tried == Texts(3, tried.front()));
  CHECK(bench.over.empty());
  REQUIRE(pid > 0);
  end_and_leave(pid);
  CHECK(bench.shell.child_ended(pid, {true, SIGKILL, false}));
}

TEST_CASE("a shell that waits for a process counts as being started until it is given up",
          "[init][emergency]") {
  std::atomic<int> tries{0};
  Bench bench([&](const SpawnPlan&) -> Result<Child> {
    ++tries;
    return sys_failure("make", "a process", EAGAIN);
  });
  bench.shell.start("a test");
  REQUIRE(run_until(*bench.loop, [&] { return tries >= 2; }));
  CHECK(bench.shell.starting());
  bench.shell.give_up();
  CHECK(run_until(*bench.loop, [&] { return !bench.shell.running(); }));
}

TEST_CASE("a shell's end is seen by the reaper, and it can be started again", "[init][emergency]") {
  std::atomic<pid_t> pid{-1};
  Bench bench([&](const SpawnPlan&) {
    Child child = fork_sleeper();
    pid = child.pid;
    return Result<Child>(std::move(child));
  });
  for (std::size_t times = 1; times <= 2; ++times) {
    pid = -1;
    bench.shell.start("a test");
    REQUIRE(becomes_true([&] { return pid > 0; }));
    end_and_leave(pid);
    CHECK_FALSE(bench.shell.child_ended(pid + 1, {}));
    // The loop knows the pid after it has handled the thread's call.
    CHECK(run_until(*bench.loop, [&] {
      bench.shell.child_ended(pid, {true, SIGKILL, false});
      return bench.over.size() >= times;
    }));
    CHECK(bench.over == std::vector<bool>(times, true));
    CHECK(::waitpid(pid, nullptr, WNOHANG) == -1);  // reaped
    CHECK_FALSE(bench.shell.running());
  }
}

TEST_CASE("a shell that was reaped before its pid was known has ended", "[init][emergency]") {
  Bench bench([](const SpawnPlan&) {
    Child child = fork_sleeper();
    end_and_leave(child.pid);
    reap(child.pid);
    return Result<Child>(std::move(child));
  });
  bench.shell.start("a test");
  bench.loop->run();
  CHECK(bench.over == std::vector<bool>{true});
  CHECK_FALSE(bench.shell.running());
}

}  // namespace
}  // namespace zinit::test::machine_emergency
