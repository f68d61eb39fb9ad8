// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The stopping phase of a shutdown, on an empty board and on a board with a stubborn service.
#include "server/shutdown.hpp"
#include "control/changes.hpp"
#include "os/process.hpp"
#include "os/signals.hpp"
#include "support/services.hpp"
#include "support/test.hpp"
#include "unit/supervisor/output.hpp"

namespace zinit::test::server_shutdown {
namespace {

/// A board on a loop, with a reaper, as in the daemon.
struct Bench {
  std::unique_ptr<EventLoop> loop = std::move(*EventLoop::create());
  test::NoOutput output;
  Changes changes{*loop};
  test::NoChecks checks;
  Board board{{output, changes, checks}, {}};
  int through = 0;
  Shutdown shutdown{*loop, board, [] {},
                    [this] {
                      ++through;
                      loop->stop();
                    }};

  Bench() {
    changes.listen([this] { shutdown.look(); });
  }

  /// Starts a service that ignores its stop signal and has an hour to end.
  void start_stubborn() {
    const test::TempDir directory;
    const std::string mark = directory / "ignores";
    board.load({test::service(
        "stubborn", {"/bin/sh", "-c", "trap '' TERM; : >" + mark + "; exec sleep 100000"},
        [](ServiceSpec& spec) { spec.lifecycle.stop_timeout = std::chrono::hours(1); })});
    REQUIRE(board.boot({}));
    REQUIRE(test::becomes_true([&] { return ::access(mark.c_str(), F_OK) == 0; }));
  }
};

/// Reaps the processes of the bench's service while it lives.
class Reaper {
 public:
  explicit Reaper(Bench& bench) : bench_(bench), timer_(*bench.loop, [this] { reap(); }) { reap(); }

 private:
  void reap() {
    while (const auto ended = next_ended()) bench_.board.child_ended(ended->pid, ended->end);
    timer_.set(Milliseconds{1});
  }
  Bench& bench_;
  TimerWatcher timer_;
};

TEST_CASE("without services a shutdown is through at once, and once", "[threads][init][shutdown]") {
  Bench bench;
  bench.board.load({});
  CHECK_FALSE(bench.shutdown.begun());
  bench.shutdown.begin(PowerAction::reboot, "a test", Milliseconds{60000});
  CHECK(bench.through == 1);
  bench.shutdown.begin(PowerAction::halt, "a test", Milliseconds{60000});
  bench.shutdown.look();
  CHECK(bench.through == 1);
  CHECK(bench.shutdown.kind() == PowerAction::reboot);
}

TEST_CASE("a service that does not end in time is killed when the time is over",
          "[threads][init][shutdown]") {
  Bench bench;
  bench.start_stubborn();
  Reaper reaper(bench);
  bench.shutdown.begin(PowerAction::shut_down, "a test", Milliseconds{1});
  CHECK(bench.through == 0);
  bench.loop->run();
  CHECK(bench.through == 1);
  CHECK(bench.board.all_down());
}

TEST_CASE("a second request leaves a stubborn service a second", "[threads][init][shutdown]") {
  Bench bench;
  bench.start_stubborn();
  Reaper reaper(bench);
  bench.shutdown.begin(PowerAction::shut_down, "a test", Milliseconds{3600000});
  bench.shutdown.hurry("a test");
  bench.loop->run();
  CHECK(bench.through == 1);
  CHECK(bench.board.all_down());
}

}  // namespace
}  // namespace zinit::test::server_shutdown
