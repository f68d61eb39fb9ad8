// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Reloads: a thread reads, the loop applies, one after another.
#include "files/reload.hpp"
#include "io/loop.hpp"
#include "support/test.hpp"

namespace zinit::test::files_reload {
namespace {

/// A Reloader on a loop, and its record. The file's content is the count of readings.
struct Bench {
  std::unique_ptr<EventLoop> loop = std::move(*EventLoop::create());
  std::atomic<int> readings{0};
  std::atomic<bool> may_read{true};
  Texts taken;
  Texts answers;
  bool refuse = false;
  std::size_t expected = 0;

  Configuration read() {
    test::becomes_true([this] { return may_read.load(); });
    Configuration config;
    config.messages = {std::to_string(++readings)};
    return config;
  }

  RequestResult<ReloadReport> take(const Configuration& config, const ReloadFiles& asked) {
    if (refuse) return tl::unexpected(RequestFailure{Refusal::shutting_down, "too late"});
    taken.push_back(config.messages.front() + (asked.dry_run ? " dry" : ""));
    ReloadReport report;
    report.added = config.messages;
    return report;
  }

  Reloader reloader(FileQueue& queue) {
    return Reloader(
        queue, [this](const ReloadFiles&) { return read(); },
        [this](const Configuration& config, const ReloadFiles& asked) {
          return take(config, asked);
        });
  }

  Daemon::ReloadDone note() {
    return [this](const RequestResult<ReloadReport>& report) {
      answers.push_back(report ? report->added.front() : report.error().text);
      if (answers.size() == expected) loop->stop();
    };
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

TEST_CASE("each reload reads the files again and answers in turn", "[threads][init][reload]") {
  Bench bench;
  bench.expected = 3;
  FileQueue queue(*bench.loop);
  Reloader reloader = bench.reloader(queue);
  reloader.reload({}, bench.note());
  reloader.reload({.dry_run = true}, bench.note());
  reloader.reload({}, bench.note());
  bench.loop->run();
  CHECK(bench.taken == Texts{"1", "2 dry", "3"});
  CHECK(bench.answers == Texts{"1", "2", "3"});
  CHECK_FALSE(queue.busy());
}

TEST_CASE("while files are read the loop goes on", "[threads][init][reload]") {
  Bench bench;
  bench.expected = 1;
  bench.may_read = false;
  FileQueue queue(*bench.loop);
  Reloader reloader = bench.reloader(queue);
  reloader.reload({}, bench.note());
  bool busy = false;
  REQUIRE(bench.loop->post([&] {
    busy = queue.busy();
    bench.may_read = true;
  }));
  bench.loop->run();
  CHECK(busy);
  CHECK(bench.answers == Texts{"1"});
}

TEST_CASE("a reload that the board refuses, and one that cannot be read, are answered",
          "[threads][init][reload]") {
  Bench bench;
  bench.expected = 2;
  bool broken = false;
  FileQueue queue(*bench.loop);
  Reloader reloader(
      queue,
      [&](const ReloadFiles&) -> Configuration {
        if (broken) throw std::bad_alloc();
        return bench.read();
      },
      [&](const Configuration& config, const ReloadFiles& asked) {
        return bench.take(config, asked);
      });
  bench.refuse = true;
  reloader.reload({}, [&](const RequestResult<ReloadReport>& report) {
    bench.note()(report);
    broken = true;
  });
  reloader.reload({}, bench.note());
  bench.loop->run();
  CHECK(bench.answers == Texts{"too late", "not enough memory for the service files"});
}

TEST_CASE("reloads that wait are one, and dry runs another, however often they are asked for",
          "[threads][init][reload]") {
  Bench bench;
  bench.may_read = false;
  FileQueue queue(*bench.loop);
  Reloader reloader = bench.reloader(queue);
  reloader.reload({}, bench.note());
  for (int i = 0; i < 100; ++i) reloader.reload({.dry_run = i % 2 == 0}, bench.note());
  bench.expected = 101;
  bench.may_read = true;
  bench.loop->run();
  CHECK(bench.taken == Texts{"1", "2 dry", "3"});
  CHECK(std::count(bench.answers.begin(), bench.answers.end(), "2") == 50);
  CHECK(std::count(bench.answers.begin(), bench.answers.end(), "3") == 50);
}

TEST_CASE("reloads of other files, or with other restarts, are other reloads", "[init][reload]") {
  Bench bench;
  bench.may_read = false;
  FileQueue queue(*bench.loop);
  Reloader reloader = bench.reloader(queue);
  reloader.reload({}, bench.note());
  const ReloadFiles other[] = {{.only = {"a"}}, {.only = {"b"}}, {.no_restart = true}};
  for (const ReloadFiles& asked : other)
    for (int i = 0; i < 2; ++i) reloader.reload(asked, bench.note());
  bench.expected = 7;
  bench.may_read = true;
  bench.loop->run();
  CHECK(bench.answers == Texts{"1", "2", "2", "3", "3", "4", "4"});
}

TEST_CASE("only so many may wait for one reload; who asks beyond is refused",
          "[threads][init][reload]") {
  Bench bench;
  bench.may_read = false;
  FileQueue queue(*bench.loop);
  Reloader reloader = bench.reloader(queue);
  bench.expected = Reloader::kMostAsking + 2;
  for (std::size_t i = 0; i < Reloader::kMostAsking + 1; ++i) reloader.reload({}, bench.note());
  CHECK(bench.answers.empty());
  reloader.reload({}, bench.note());
  REQUIRE(bench.answers.size() == 1);
  CHECK_THAT(bench.answers.front(), Catch::Contains("already wait for the next reload"));
  bench.may_read = true;
  bench.loop->run();
  CHECK(bench.taken == Texts{"1", "2"});
}

TEST_CASE("a reload that ends in an exception is answered", "[threads][init][reload]") {
  Bench bench;
  bench.expected = 1;
  FileQueue queue(*bench.loop);
  Reloader reloader(
      queue, [&](const ReloadFiles&) { return bench.read(); },
      [&](const Configuration&, const ReloadFiles&) -> RequestResult<ReloadReport> {
        throw std::bad_alloc();
      });
  reloader.reload({}, bench.note());
  bench.loop->run();
  CHECK(bench.answers == Texts{"not enough memory for a reload"});
}

}  // namespace
}  // namespace zinit::test::files_reload
