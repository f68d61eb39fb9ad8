// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Reloads: a thread reads, the loop applies, one after another.
#include "files/reload.hpp"
#include "support/test.hpp"
#include "unit/support/loop.hpp"

namespace zinit::test::files_reload {
namespace {

/// A Reloader on a loop, and its record. The file's content is the count of readings.
struct Bench {
  std::unique_ptr<EventLoop> loop = new_loop();
  FileQueue queue{*loop};
  std::atomic<int> readings{0};
  std::atomic<bool> may_read{true};
  bool was_busy = false;
  Texts taken;
  Texts answers;
  // Called before each reading, and before each taking.
  std::function<void()> before_reading = [] {};
  std::function<RequestResult<void>()> before_taking = [] { return RequestResult<void>(); };
  Reloader reloader{queue, [this](const ReloadFiles&) { return read(); },
                    [this](const auto& config, const auto& asked) { return take(config, asked); }};

  Configuration read() {
    becomes_true([this] { return may_read.load(); });
    before_reading();
    Configuration config;
    config.messages = {std::to_string(++readings)};
    return config;
  }
  RequestResult<ReloadReport> take(const Configuration& config, const ReloadFiles& asked) {
    if (auto may = before_taking(); !may) return tl::unexpected(may.error());
    taken.push_back(config.messages.front() + (asked.dry_run ? " dry" : ""));
    ReloadReport report;
    report.added = config.messages;
    return report;
  }
  void ask(const ReloadFiles& files = {}) {
    reloader.reload(files, [this](const RequestResult<ReloadReport>& report) {
      answers.push_back(report ? report->added.front() : report.error().text);
    });
  }
  /// Whether all that is asked for is answered, and so many times. Files can be read when the loop,
  /// which goes on meanwhile, has looked at the queue.
  bool answers_all(std::size_t count) {
    REQUIRE(loop->post([this] {
      was_busy = queue.busy();
      may_read = true;
    }));
    return run_until(*loop, [&] { return answers.size() == count; });
  }
};

TEST_CASE("a reload's summary has counts, and names what was refused", "[init][reload]") {
  ReloadReport report;
  CHECK(reload_summary(report) == "0 added, 0 changed, 0 removed, 0 unchanged");
  report.added = {"a", "b"};
  report.changed = {"c"};
  report.restarted = {"c"};
  report.unchanged = {"d", "e", "f"};
  report.waiting = {"i"};
  report.failed = {"g", "h"};
  report.settings = {"log_level"};
  CHECK(reload_summary(report) ==
        "2 added, 1 changed (1 restarted), 0 removed, 3 unchanged, 1 waiting for a reload with "
        "restarts: i, "
        "2 refused: g, h; settings: log_level");
}

TEST_CASE("reloads that wait are one, dry runs, other files and other restarts each another",
          "[threads][init][reload]") {
  Bench bench;
  bench.may_read = false;
  bench.ask();
  for (int i = 0; i < 100; ++i) bench.ask({.dry_run = i % 2 == 0});
  const ReloadFiles other[] = {{.only = {"a"}}, {.only = {"b"}}, {.no_restart = true}};
  for (const ReloadFiles& asked : other)
    for (int i = 0; i < 2; ++i) bench.ask(asked);
  CHECK(bench.answers_all(107));
  CHECK(bench.taken == Texts{"1", "2 dry", "3", "4", "5", "6"});
  CHECK(std::ranges::count(bench.answers, "2") == 50);
  CHECK(std::ranges::count(bench.answers, "3") == 50);
  CHECK(Texts(bench.answers.end() - 6, bench.answers.end()) == Texts{"4", "4", "5", "5", "6", "6"});
  CHECK(bench.was_busy);
  CHECK_FALSE(bench.queue.busy());
}

TEST_CASE("a reload that is refused, cannot be read or ends in an exception is answered",
          "[threads][init][reload]") {
  Bench bench;
  bench.before_taking = [] {
    return tl::unexpected(RequestFailure{Refusal::shutting_down, "too late"});
  };
  bench.ask();
  CHECK(bench.answers_all(1));
  bench.before_reading = [] { throw std::bad_alloc(); };
  bench.ask();
  CHECK(bench.answers_all(2));
  bench.before_reading = [] {};
  bench.before_taking = []() -> RequestResult<void> { throw std::bad_alloc(); };
  bench.ask();
  CHECK(bench.answers_all(3));
  CHECK(bench.answers == Texts{"too late", "not enough memory for the service files",
                               "not enough memory for a reload"});
}

TEST_CASE("only so many may wait for one reload; who asks beyond is refused",
          "[threads][init][reload]") {
  Bench bench;
  bench.may_read = false;
  for (std::size_t i = 0; i < Reloader::kMostAsking + 1; ++i) bench.ask();
  CHECK(bench.answers.empty());
  bench.ask();
  REQUIRE(bench.answers.size() == 1);
  CHECK_THAT(bench.answers.front(), Contains("already wait for the next reload"));
  CHECK(bench.answers_all(Reloader::kMostAsking + 2));
  CHECK(bench.taken == Texts{"1", "2"});
}

}  // namespace
}  // namespace zinit::test::files_reload
