// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The board with real processes: jobs, spawning, reaping, stopping, and restoring from the journal.
#include "supervisor/board.hpp"
#include "model/predicates.hpp"
#include "os/process.hpp"
#include "state/journal.hpp"
#include "support/services.hpp"
#include "support/test.hpp"
#include "unit/supervisor/output.hpp"

namespace zinit::test::supervisor_board {
namespace {

/// Reports all processes that have ended to the board.
void reap(Board& board) {
  while (const auto ended = next_ended()) board.child_ended(ended->pid, ended->end);
}

/// A board without a reaper.
struct Bench {
  Bench() : board({output, changes, checks}, {{"PATH=/usr/bin:/bin"}, {}}) {}
  NoOutput output;
  NoChanges changes;
  NoChecks checks;
  Board board;
};

/// A board with a reaper, as in init. The destructor stops everything.
class Running : public Bench {
 public:
  explicit Running(const std::vector<SpecPtr>& specs = {}) {
    REQUIRE(become_subreaper());
    board.load(specs);
    reaper_ =
        std::thread([this] { repeat([this] { reap(board); }, [this] { return ending_.load(); }); });
  }
  ~Running() {
    board.begin_shutdown();
    becomes_true([this] { return board.all_down(); });
    ending_ = true;
    reaper_.join();
    ::prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);  // other tests have orphans of others
  }

  bool becomes(const std::string& name, State state) {
    return becomes_true([&] { return board.view(name)->record.state == state; });
  }
  /// Whether the service runs again, with another pid than this.
  bool has_another(const std::string& name, pid_t before) {
    return becomes_true([&] {
      const auto view = board.view(name);
      return view->record.state == State::running && view->pid > 0 && view->pid != before;
    });
  }

 private:
  std::atomic<bool> ending_{false};
  std::thread reaper_;
};

/// What a board leaves to the next process image.
struct Left {
  explicit Left(const Board& board) : graph(board.graph()) {
    for (const Slot slot : graph->order()) {
      const Node& node = graph->node(slot);
      services.push_back({node.spec, slot, node.load_order, node.removed});
    }
    auto read = read_journal(board.journal_fd());
    REQUIRE(read);
    image = std::move(*read);
    events = board.last_seq();
  }

  [[nodiscard]] pid_t pid_of(const std::string& name) const {
    const auto entry = std::ranges::find(image.entries, name, &JournalEntry::name);
    return entry == image.entries.end() ? 0 : entry->facts.pid;
  }

  GraphPtr graph;
  std::vector<GraphEntry> services;
  JournalImage image;
  std::uint64_t events = 0;
};

/// What a board leaves that has loaded `specs`, when it is `enough`.
Left left_by(const std::vector<SpecPtr>& specs, const std::function<bool(Board&)>& enough) {
  Bench bench;
  bench.board.load(specs);
  REQUIRE(becomes_true([&] {
    reap(bench.board);
    return enough(bench.board);
  }));
  return Left(bench.board);
}

Left booted(const std::vector<SpecPtr>& specs) {
  bool begun = false;
  return left_by(specs, [&](Board& board) {
    if (!std::exchange(begun, true)) REQUIRE(board.boot(""));
    return board.boot_settled().has_value();
  });
}

TEST_CASE("an end that comes before the spawner has noted the pid is not lost",
          "[threads][board]") {
  std::vector<SpecPtr> specs;
  for (int i = 0; i < 20; ++i) specs.push_back(oneshot("job" + std::to_string(i), "exit 0"));
  Running r(specs);
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < 20; ++i) REQUIRE(r.board.start("job" + std::to_string(i)));
    for (int i = 0; i < 20; ++i) {
      REQUIRE(becomes_true([&] {
        const auto brief = r.board.brief("job" + std::to_string(i));
        return brief->settled && brief->done;
      }));
    }
  }
}

TEST_CASE("what a process has said is heard, though it ended before the spawner has noted the pid",
          "[threads][board][checks]") {
  Bench bench;
  Board& board = bench.board;
  board.load({service("quick", {"/bin/true"},
                      [](ServiceSpec& spec) {
                        spec.readiness.edit().way.by = Notify::systemd;
                        spec.lifecycle.restart = RestartPolicy::never;
                      }),
              target("other", {})});
  // On a slow machine a job that looks late at its process drains it too, on its own thread.
  std::atomic<pid_t> heard = 0;
  bench.checks.last_words = [&](const CheckedProcess& process) {
    heard = process.launched;
    board.passed(process, CheckKind::readiness);
  };
  for (int round = 0; round < 10; ++round) {
    const pid_t before = bench.output.last();
    REQUIRE(board.start("quick"));
    const auto spawned = [&] { return bench.output.last() != 0 && bench.output.last() != before; };
    REQUIRE(becomes_true(spawned, kPatience, 0ms, 0ms));
    // The thread that spawns must wait for the lock until the process has ended.
    bench.changes.at_next([] { becomes_true([] { return next_ended().has_value(); }); });
    if (round % 2 == 0)
      REQUIRE(board.start("other"));
    else
      REQUIRE(board.stop("other"));
    REQUIRE(becomes_true([&] {
      reap(board);
      const auto brief = board.brief("quick");
      return brief->settled && at_rest(brief->state);
    }));
    CHECK(heard == bench.output.last());
  }
}

TEST_CASE("a service in the middle of its pre_exec is restored, and goes on",
          "[threads][board][journal]") {
  const TempDir dir;
  const std::string go = dir / "go";
  const std::vector<SpecPtr> specs = {sleeper("web", [&](ServiceSpec& spec) {
    spec.pre_exec = {{{"/bin/true"}},
                     {{"/bin/sh", "-c", "while ! [ -e " + go + " ]; do sleep 0.01; done"}}};
    spec.post_exec = {{{"/bin/sh", "-c", "echo $EXIT_SIGNAL > " + (dir / "post")}}};
  })};
  const Left left = left_by(specs, [begun = false](Board& board) mutable {
    if (!std::exchange(begun, true)) REQUIRE(board.start("web"));
    return board.view("web")->record.command.index >= 1 && board.view("web")->pid != 0;
  });
  const pid_t pre = left.pid_of("web");
  Running r;
  r.board.restore(left.services, left.image);
  CHECK(r.board.view("web")->record.state == State::starting);
  CHECK(r.board.view("web")->pid == pre);
  CHECK(r.board.view("web")->main_pid == 0);
  dir.write("go", "");
  REQUIRE(r.becomes("web", State::running));
  CHECK(r.board.view("web")->main_pid != pre);
  REQUIRE(r.board.stop("web"));
  REQUIRE(r.becomes("web", State::exited));
  CHECK(read_file((dir / "post").c_str(), 100).value_or("") == "SIGTERM\n");
}

TEST_CASE("a reload that waits for its launch when the main process ends is not run",
          "[threads][board]") {
  const TempDir dir;
  Running r({service("web", {"/bin/sleep", "1000"}, [&](ServiceSpec& spec) {
    spec.reload_exec.edit().argv = {"/bin/touch", dir / "reloaded"};
  })});
  REQUIRE(r.board.start("web"));
  REQUIRE(r.becomes("web", State::running));
  const pid_t web = r.board.view("web")->pid;
  r.board.hold_launches(true);
  const auto reload = r.board.reload_service("web", false, false);
  REQUIRE(reload);
  REQUIRE(::kill(web, SIGKILL) == 0);
  REQUIRE(becomes_true([&] { return r.board.outcome(*reload).has_value(); }));
  CHECK_THAT(r.board.outcome(*reload)->error().text, Contains("the main process has ended"));
  r.board.hold_launches(false);
  CHECK(r.has_another("web", web));
  CHECK_FALSE(std::filesystem::exists(dir / "reloaded"));
}

TEST_CASE("a board is restored from the journal, its processes adopted",
          "[threads][board][journal]") {
  const std::vector<SpecPtr> specs = {
      sleeper("db"), sleeper("web", requiring("db")),
      service("job", {"/bin/true"}, [](ServiceSpec& spec) { spec.oneshot = true; }),
      service("bad", {"/nowhere"})};
  const Left left = booted(specs);
  const pid_t db = left.pid_of("db"), web = left.pid_of("web");
  Running r;
  Board& board = r.board;
  const MaskedNames masked{{"web.old", "/etc/zinit/services/web.old.toml"}};
  board.restore(left.services, left.image, masked);
  CHECK(board.graph()->masked() == masked);
  const std::tuple<const char*, State, pid_t> expected[] = {{"db", State::running, db},
                                                            {"web", State::running, web},
                                                            {"job", State::exited, 0},
                                                            {"bad", State::failed, 0}};
  for (const auto& [name, state, pid] : expected) {
    INFO(name);
    const Slot slot = left.graph->find(name);
    REQUIRE(board.find(name) == slot);
    CHECK(board.graph()->node(slot).load_order == left.graph->node(slot).load_order);
    CHECK(board.graph()->node(slot).spec == left.graph->node(slot).spec);
    CHECK(board.view(name)->record.state == state);
    CHECK(board.view(name)->pid == pid);
  }
  CHECK(board.user_of(board.find("web")) == ::geteuid());
  // Event numbers continue, and a client that asks for earlier events learns that they are lost.
  REQUIRE(left.events > 0);
  CHECK(board.events_after(0).lost == left.events);
  CHECK(board.brief("job")->done);
  CHECK(board.view("bad")->record.reason.type == ReasonType::spawn_error);
  REQUIRE(board.kill("web", SIGKILL, KillWhat::group));
  CHECK(r.has_another("web", web));
  CHECK(board.view("db")->pid == db);
  CHECK(board.events_after(left.events).events.front().seq == left.events + 1);
}

TEST_CASE("a service whose file a new version refuses keeps its process, and has one alone",
          "[threads][board][journal]") {
  Left left = booted({sleeper("web"), sleeper("db")});
  const pid_t web = left.pid_of("web");
  REQUIRE(web > 0);
  for (GraphEntry& entry : left.services) {
    auto refused = std::make_shared<ServiceSpec>(*entry.spec);
    refused->findings.edit().errors = {"service.exec: not known any more"};
    if (entry.spec->name == "web") entry.spec = std::move(refused);
  }
  Running r;
  Board& board = r.board;
  board.restore(left.services, left.image);
  CHECK(board.view("web")->record.state == State::running);
  CHECK(board.view("web")->pid == web);
  REQUIRE(board.reload({sleeper("web"), left.services[1].spec}, false));
  REQUIRE(r.has_another("web", web));
  CHECK(::kill(web, 0) == -1);
}

TEST_CASE("how a process has ended is known after a crash before its group was looked at",
          "[threads][board][journal]") {
  Record record;
  record.state = State::starting;
  record.wish = Wish::up;
  record.process = Process::lingering;
  record.has_end = true;
  const JournalImage image{{}, {{0, true, "job", "", record, {}}}, {}, 0};
  Running r;
  r.board.restore({{oneshot("job", "exit 0"), 0}}, image);
  CHECK(r.becomes("job", State::exited));
}

TEST_CASE("a restored board knows a service by its slot and its name",
          "[threads][board][journal]") {
  const std::vector<SpecPtr> specs = {
      service("job", {"/bin/true"}, [](ServiceSpec& spec) { spec.oneshot = true; })};
  Left left = left_by(specs, [](Board&) { return true; });
  REQUIRE(left.image.entries.size() == 1);
  left.image.entries[0].record.wish = Wish::up;
  left.image.entries[0].record.state = State::exited;
  left.image.entries[0].record.done = true;
  const auto state_in = [&](std::vector<GraphEntry> services) {
    Bench bench;
    bench.board.restore(services, left.image);
    return bench.board.view(services.back().spec->name)->record.state;
  };
  CHECK(state_in(left.services) == State::exited);
  // The slot was given to another service, or the service to another slot: one of the two was read
  // from damaged memory, so the board knows nothing about the service.
  const Slot slot = left.services[0].slot;
  CHECK(state_in({{sleeper("other"), slot}}) == State::inactive);
  CHECK(state_in({{sleeper("other"), slot}, {specs[0], slot + 1}}) == State::inactive);
}

TEST_CASE("a service runs when all its checks have passed, those of a process before do nothing",
          "[threads][board][checks]") {
  const auto checked = [](ServiceSpec& spec) {
    spec.readiness.edit().way.by = Notify::systemd;
    spec.health.edit().type = ProbeType::tcp;
    spec.lifecycle.restart = RestartPolicy::always;
  };
  Running r({sleeper("web", checked), sleeper("plain")});
  REQUIRE(r.board.boot(""));
  REQUIRE(r.becomes("plain", State::running));
  REQUIRE(becomes_true([&] { return r.checks.watched() != nullptr; }));
  const auto view = [&] { return *r.board.view("web"); };
  const CheckedProcessPtr before = r.checks.watched();
  CHECK(before->slot == r.board.find("web"));
  CHECK(before->main_pid() == view().pid);
  CHECK_FALSE(before->running());
  r.board.probe_failed(*before, 1, "connection refused");
  CHECK(view().record.health_error == "connection refused");
  r.board.passed(*before, CheckKind::readiness);
  CHECK(view().record.state == State::starting);
  r.board.passed(*before, CheckKind::health);
  CHECK(view().record.state == State::running);
  CHECK(view().record.health_error->empty());
  CHECK(before->running());
  r.board.status_text(*before, "serving");
  CHECK(view().status_text == "serving");

  r.board.health_failed(*before, 3, "no answer");
  CHECK(before->stage() != CheckedProcess::Stage::alive);
  REQUIRE(becomes_true([&] { return r.checks.watched() != before; }));
  CHECK(before->stage() == CheckedProcess::Stage::ended);
  const CheckedProcessPtr now = r.checks.watched();
  r.board.passed(*now, CheckKind::readiness);
  r.board.passed(*before, CheckKind::health);
  r.board.status_text(*before, "of before");
  r.board.watchdog_expired(*before);
  CHECK(view().record.state == State::starting);
  CHECK(view().status_text.empty());
  r.board.passed(*now, CheckKind::health);
  CHECK(view().record.state == State::running);
}

}  // namespace
}  // namespace zinit::test::supervisor_board
