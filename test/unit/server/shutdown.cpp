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
#include "unit/support/loop.hpp"

namespace zinit::test::server_shutdown {
namespace {

/// A board on a loop, as in the daemon.
struct Bench {
  std::unique_ptr<EventLoop> loop = new_loop();
  NoOutput output;
  Changes changes{*loop};
  NoChecks checks;
  Board board{{output, changes, checks}, {}};
  int through = 0;
  Shutdown shutdown{*loop, board, [] {}, [this] { ++through; }};

  Bench() {
    changes.listen([this] { shutdown.look(); });
  }

  /// Starts a service that ignores its stop signal and has an hour to end.
  void start_stubborn() {
    const TempDir directory;
    const std::string mark = directory / "ignores";
    board.load(
        {service("stubborn", {"/bin/sh", "-c", "trap '' TERM; : >" + mark + "; exec sleep 100000"},
                 [](ServiceSpec& spec) { spec.lifecycle.stop_timeout = 1h; })});
    REQUIRE(board.boot({}));
    REQUIRE(becomes_true([&] { return ::access(mark.c_str(), F_OK) == 0; }));
  }
  /// Runs the loop, and reaps, until the shutdown is through.
  bool gets_through() {
    return run_until(*loop, [this] {
      while (const auto ended = next_ended()) board.child_ended(ended->pid, ended->end);
      return through > 0;
    });
  }
};

TEST_CASE("without services a shutdown is through at once, and once", "[threads][init][shutdown]") {
  Bench bench;
  bench.board.load({});
  CHECK_FALSE(bench.shutdown.begun());
  bench.shutdown.begin(PowerAction::reboot, "a test", 1min);
  CHECK(bench.through == 1);
  bench.shutdown.begin(PowerAction::halt, "a test", 1min);
  bench.shutdown.look();
  CHECK(bench.through == 1);
  CHECK(bench.shutdown.kind() == PowerAction::reboot);
}

TEST_CASE("a service that does not end in time, or at a second request, is killed",
          "[threads][init][shutdown]") {
  const bool asked_twice = GENERATE(false, true);
  Bench bench;
  bench.start_stubborn();
  bench.shutdown.begin(PowerAction::shut_down, "a test", asked_twice ? 1h : 1ms);
  if (asked_twice) bench.shutdown.hurry("a test");
  CHECK(bench.through == 0);
  CHECK(bench.gets_through());
  CHECK(bench.through == 1);
  CHECK(bench.board.all_down());
}

}  // namespace
}  // namespace zinit::test::server_shutdown
