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

class CountChanges final : public ChangePort {
 public:
  void changed() noexcept override { ++count; }
  std::atomic<int> count{0};
};

/// Reports all processes that have ended to the board.
void reap(Board& board) {
  while (const auto ended = next_ended()) board.child_ended(ended->pid, ended->end);
}

/// A board with a reaper, as in init. The destructor stops everything.
class Running {
 public:
  explicit Running(const std::vector<SpecPtr>& specs)
      : board({output, changes, checks}, {{"PATH=/usr/bin:/bin"}, {}}) {
    REQUIRE(become_subreaper());
    board.load(specs);
    reaper_ = std::thread([this] { reap_all(); });
  }
  ~Running() {
    board.begin_shutdown();
    eventually([this] { return board.all_down(); });
    ending_ = true;
    reaper_.join();
    ::prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);  // other tests have orphans of others
  }

  bool eventually(const std::function<bool()>& holds, Milliseconds limit = test::kPatience) {
    return test::becomes_true(holds, limit);
  }
  bool becomes(const std::string& name, State state) {
    return eventually([&] { return board.view(name)->record.state == state; });
  }

  NoOutput output;
  CountChanges changes;
  NoChecks checks;
  Board board;

 private:
  void reap_all() {
    test::repeat([this] { reap(board); }, [this] { return ending_.load(); });
  }
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

/// What a board leaves that has booted `specs`.
Left booted(const std::vector<SpecPtr>& specs) {
  NoOutput output;
  CountChanges changes;
  NoChecks checks;
  Board board({output, changes, checks}, {{"PATH=/usr/bin:/bin"}, {}});
  board.load(specs);
  REQUIRE(board.boot(""));
  REQUIRE(test::becomes_true([&] {
    reap(board);
    return board.boot_settled();
  }));
  return Left(board);
}

TEST_CASE("a service is started, seen running with its pid, and stopped", "[threads][board]") {
  Running r({sleeper("web")});
  REQUIRE(r.board.start("web"));
  REQUIRE(r.becomes("web", State::running));
  const pid_t pid = r.board.view("web")->pid;
  REQUIRE(pid > 0);
  CHECK(::kill(pid, 0) == 0);
  REQUIRE(r.board.stop("web"));
  REQUIRE(r.becomes("web", State::exited));
  CHECK(r.board.view("web")->record.end == ProcessEnd{true, SIGTERM, false});
  CHECK(::kill(pid, 0) == -1);
}

TEST_CASE("a killed service is back with another pid after its delay", "[threads][board]") {
  Running r({sleeper("web")});
  REQUIRE(r.board.boot(""));
  REQUIRE(r.becomes("web", State::running));
  const pid_t first = r.board.view("web")->pid;
  REQUIRE(r.board.kill("web", SIGKILL, KillWhat::group));
  REQUIRE(r.eventually([&] {
    const auto view = r.board.view("web");
    return view->record.state == State::running && view->pid > 0 && view->pid != first;
  }));
  CHECK(r.board.view("web")->restart_count == 1);
}

TEST_CASE("a program that does not exist fails at once, with errno's text", "[threads][board]") {
  Running r({service("web", {"/nowhere/web"})});
  REQUIRE(r.board.start("web"));
  REQUIRE(r.becomes("web", State::failed));
  const Reason reason = r.board.view("web")->record.reason;
  CHECK(reason.type == ReasonType::spawn_error);
  CHECK(reason.text.find("No such file or directory") != std::string::npos);
  for (const StateEvent& event : r.board.events_after(0).events) CHECK(event.to != State::running);
}

TEST_CASE("a view says what critical service has failed for good, and no more once it is stopped",
          "[threads][board]") {
  const auto critical = [](ServiceSpec& spec) {
    spec.critical = true;
    if (spec.name == "web") spec.dependencies.edit().requires_ = {Dependency{"db", {}}};
  };
  Running r({service("db", {"/nowhere/db"}, critical), sleeper("web", critical)});
  REQUIRE(r.board.boot(""));
  REQUIRE(r.becomes("web", State::failed));
  CHECK(r.board.view("db")->failed_for_good);
  CHECK(r.board.view("web")->failed_for_good);
  REQUIRE(r.board.stop("web"));
  CHECK_FALSE(r.board.view("web")->failed_for_good);
}

TEST_CASE("what a process leaves behind in its group is gone before it is started again",
          "[threads][board]") {
  Running r({service("web", {"/bin/sh", "-c", "sleep 1000 & sleep 1000 & exit 1"})});
  REQUIRE(r.board.boot(""));
  REQUIRE(r.eventually([&] { return r.board.view("web")->restart_count >= 3; }));
  REQUIRE(r.board.stop("web"));
  REQUIRE(r.eventually([&] { return at_rest(r.board.view("web")->record.state); }));
  const auto all = all_processes();
  REQUIRE(all);
  for (const ProcessStat& process : *all) {
    CHECK_FALSE((process.comm == "sleep" && process.ppid == ::getpid() && !process.zombie()));
  }
}

TEST_CASE("a group that ignores the stop signal is killed as a whole", "[threads][board]") {
  Running r({service(
      "deaf",
      {"/bin/sh", "-c",
       "trap '' TERM; (trap '' TERM; while :; do sleep 1000; done) & while :; do sleep 1000; done"},
      [](ServiceSpec& spec) { spec.lifecycle.stop_timeout = 100ms; })});
  REQUIRE(r.board.start("deaf"));
  REQUIRE(r.becomes("deaf", State::running));
  const pid_t group = r.board.view("deaf")->pid;
  REQUIRE(r.board.stop("deaf"));
  REQUIRE(r.becomes("deaf", State::exited));
  CHECK_FALSE(group_exists(group));
}

TEST_CASE("a chain starts in order and stops in the opposite order", "[threads][board]") {
  constexpr int length = 100;
  std::vector<SpecPtr> specs;
  for (int i = 0; i < length; ++i) {
    specs.push_back(sleeper("s" + std::to_string(1000 + i), [&](ServiceSpec& spec) {
      if (i > 0)
        spec.dependencies.edit().requires_.push_back({"s" + std::to_string(1000 + i - 1), {}});
    }));
  }
  Running r(specs);
  REQUIRE(r.board.start("s" + std::to_string(1000 + length - 1)));
  REQUIRE(r.becomes("s" + std::to_string(1000 + length - 1), State::running));
  REQUIRE(r.board.stop("s1000"));
  REQUIRE(r.becomes("s1000", State::exited));
  Texts started, stopped;
  for (const StateEvent& event : r.board.events_after(0).events) {
    if (event.to == State::running) started.push_back(event.service);
    if (event.from == State::stopping) stopped.push_back(event.service);
  }
  CHECK(started.size() == length);
  CHECK(stopped.size() == length);
  CHECK(std::is_sorted(started.begin(), started.end()));
  CHECK(std::is_sorted(stopped.rbegin(), stopped.rend()));
}

TEST_CASE("two hundred services start and stop, and leave no descriptor", "[threads][board]") {
  const auto before = test::open_descriptors();
  {
    std::vector<SpecPtr> specs;
    for (int i = 0; i < 200; ++i) specs.push_back(sleeper("s" + std::to_string(i)));
    Running r(specs);
    REQUIRE(r.board.boot(""));
    REQUIRE(r.eventually([&] { return r.board.boot_settled().has_value(); }, 30s));
    for (const ServiceView& view : r.board.views()) CHECK(view.record.state == State::running);
  }
  CHECK(test::open_descriptors() == before);
}

TEST_CASE("an end that comes before the spawner has noted the pid is not lost",
          "[threads][board]") {
  std::vector<SpecPtr> specs;
  for (int i = 0; i < 20; ++i) {
    specs.push_back(service("job" + std::to_string(i), {"/bin/true"}, [](ServiceSpec& spec) {
      spec.oneshot = true;
      spec.lifecycle.restart = RestartPolicy::never;
    }));
  }
  Running r(specs);
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < 20; ++i) REQUIRE(r.board.start("job" + std::to_string(i)));
    for (int i = 0; i < 20; ++i) {
      REQUIRE(r.eventually([&] {
        const auto brief = r.board.brief("job" + std::to_string(i));
        return brief->settled && brief->done;
      }));
    }
  }
}

TEST_CASE("a service in the middle of its pre_exec is restored, and goes on",
          "[threads][board][journal]") {
  const test::TempDir dir;
  const std::string go = dir / "go";
  const std::vector<SpecPtr> specs = {sleeper("web", [&](ServiceSpec& spec) {
    spec.pre_exec = {{{"/bin/true"}},
                     {{"/bin/sh", "-c", "while ! [ -e " + go + " ]; do sleep 0.01; done"}}};
    spec.post_exec = {{{"/bin/sh", "-c", "echo $EXIT_SIGNAL > " + (dir / "post")}}};
  })};
  NoOutput output;
  CountChanges changes;
  std::optional<Left> left;
  pid_t pre = 0;
  {
    NoChecks checks;
    Board board({output, changes, checks}, {{"PATH=/usr/bin:/bin"}, {}});
    board.load(specs);
    REQUIRE(board.start("web"));
    REQUIRE(test::becomes_true([&] {
      reap(board);
      return board.view("web")->record.command.index >= 1 && board.view("web")->pid != 0;
    }));
    pre = board.view("web")->pid;
    left.emplace(board);
  }
  Running r({});
  r.board.restore(left->services, left->image);
  CHECK(r.board.view("web")->record.state == State::starting);
  CHECK(r.board.view("web")->pid == pre);
  CHECK(r.board.view("web")->main_pid == 0);
  dir.write("go", "");
  REQUIRE(r.becomes("web", State::running));
  CHECK(r.board.view("web")->main_pid != pre);
  REQUIRE(r.board.stop("web"));
  REQUIRE(r.becomes("web", State::exited));
  const auto told = read_file((dir / "post").c_str(), 100);
  REQUIRE(told);
  CHECK(*told == "SIGTERM\n");
}

TEST_CASE("a board is restored from the journal, its processes adopted",
          "[threads][board][journal]") {
  const std::vector<SpecPtr> specs = {
      sleeper("db"),
      sleeper("web",
              [](ServiceSpec& spec) {
                spec.dependencies.edit().requires_.push_back({"db", {}});
              }),
      service("job", {"/bin/true"}, [](ServiceSpec& spec) { spec.oneshot = true; }),
      service("bad", {"/nowhere"})};
  const Left left = booted(specs);
  const pid_t db = left.pid_of("db");
  const pid_t web = left.pid_of("web");
  REQUIRE(db > 0);
  Running r({});
  Board& board = r.board;
  const MaskedNames masked{{"web.old", "/etc/zinit/services/web.old.toml"}};
  board.restore(left.services, left.image, masked);
  CHECK(board.view("db")->pid == db);
  CHECK(board.view("web")->pid == web);
  CHECK(board.graph()->masked() == masked);
  for (const std::string name : {"db", "web", "job", "bad"}) {
    INFO(name);
    const Slot slot = left.graph->find(name);
    REQUIRE(board.find(name) == slot);
    CHECK(board.graph()->node(slot).load_order == left.graph->node(slot).load_order);
    CHECK(board.graph()->node(slot).spec == left.graph->node(slot).spec);
  }
  CHECK(board.user_of(board.find("web")) == ::geteuid());
  // Event numbers continue, and a client that asks for earlier events learns that they are lost.
  REQUIRE(left.events > 0);
  CHECK(board.events_after(0).lost == left.events);
  CHECK(board.view("web")->record.state == State::running);
  CHECK(board.view("job")->record.state == State::exited);
  CHECK(board.brief("job")->done);
  CHECK(board.view("bad")->record.state == State::failed);
  CHECK(board.view("bad")->record.reason.type == ReasonType::spawn_error);
  REQUIRE(board.kill("web", SIGKILL, KillWhat::group));
  CHECK(r.eventually([&] {
    const auto view = board.view("web");
    return view->record.state == State::running && view->pid > 0 && view->pid != web;
  }));
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
  Running r({});
  Board& board = r.board;
  board.restore(left.services, left.image);
  CHECK(board.view("web")->record.state == State::running);
  CHECK(board.view("web")->pid == web);
  REQUIRE(board.reload({sleeper("web"), left.services[1].spec}, false));
  REQUIRE(r.eventually([&] {
    const auto view = board.view("web");
    return view->record.state == State::running && view->pid > 0 && view->pid != web;
  }));
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
  Running r({});
  r.board.restore({{test::oneshot("job", "exit 0"), 0}}, image);
  CHECK(r.becomes("job", State::exited));
}

TEST_CASE("a restored board knows a service by its slot and its name",
          "[threads][board][journal]") {
  const std::vector<SpecPtr> specs = {
      service("job", {"/bin/true"}, [](ServiceSpec& spec) { spec.oneshot = true; })};
  NoOutput output;
  CountChanges changes;
  std::optional<Left> left;
  {
    NoChecks checks;
    Board board({output, changes, checks}, {{"PATH=/usr/bin:/bin"}, {}});
    board.load(specs);
    left.emplace(board);
  }
  REQUIRE(left->image.entries.size() == 1);
  left->image.entries[0].record.wish = Wish::up;
  left->image.entries[0].record.state = State::exited;
  left->image.entries[0].record.done = true;
  const auto state_in = [&](std::vector<GraphEntry> services) {
    NoChecks checks;
    Board board({output, changes, checks}, {{"PATH=/usr/bin:/bin"}, {}});
    board.restore(services, left->image);
    return board.view(services.back().spec->name)->record.state;
  };
  CHECK(state_in(left->services) == State::exited);
  // The slot was given to another service, or the service to another slot: one of the two was read
  // from damaged memory, so the board knows nothing about the service.
  const Slot slot = left->services[0].slot;
  CHECK(state_in({{sleeper("other"), slot}}) == State::inactive);
  CHECK(state_in({{sleeper("other"), slot}, {specs[0], slot + 1}}) == State::inactive);
}

TEST_CASE("a restored board has the next image know the runtime directories, too",
          "[threads][board][journal]") {
  class Kept final : public StatePort {
   public:
    void graph_changed(const Graph&, const Graph&) noexcept override {}
    void keep(std::string_view key, std::string_view value) noexcept override {
      facts[std::string(key)] = value;
    }
    FactMap facts;
  };
  Record record;
  record.state = State::failed;
  record.process = Process::ended;
  const JournalImage image{{}, {{3, true, "web", "", record, {}}}, {}, 0};
  // Not removed yet: it waits for the cgroup, or for a command after the end.
  const std::vector<GraphEntry> services = {{sleeper("web"), 3}};
  NoOutput output;
  CountChanges changes;
  NoChecks checks;
  Kept kept;
  Board board({output, changes, checks, &kept}, {{"PATH=/usr/bin:/bin"}, {}});
  board.hold_launches(true);
  const FactMap left{{"runtime_dirs/3", "web\nweb/sub"}, {"runtime_dirs/4", "other"}};
  board.restore(services, image, {}, left);
  CHECK(kept.facts == FactMap{{"runtime_dirs/3", "web\nweb/sub"}});
}

TEST_CASE("a service with checks is watched, and runs when all have passed",
          "[threads][board][checks]") {
  const auto checked = [](ServiceSpec& spec) {
    spec.readiness.edit().way.by = Notify::systemd;
    spec.health.edit().type = ProbeType::tcp;
  };
  Running r({sleeper("web", checked), sleeper("plain")});
  REQUIRE(r.board.boot(""));
  REQUIRE(r.becomes("plain", State::running));
  REQUIRE(r.eventually([&] { return r.checks.watched() != nullptr; }));
  const CheckedProcessPtr process = r.checks.watched();
  CHECK(process->slot == r.board.find("web"));
  CHECK(process->main_pid() == r.board.view("web")->pid);
  CHECK_FALSE(process->running());
  r.board.probe_failed(*process, 1, "connection refused");
  CHECK(r.board.view("web")->record.health_error == "connection refused");
  CHECK(r.board.view("web")->record.state == State::starting);
  r.board.passed(*process, CheckKind::readiness);
  CHECK(r.board.view("web")->record.state == State::starting);
  r.board.passed(*process, CheckKind::health);
  CHECK(r.board.view("web")->record.state == State::running);
  CHECK(r.board.view("web")->record.health_error->empty());
  CHECK(process->running());
  r.board.status_text(*process, "serving");
  CHECK(r.board.view("web")->status_text == "serving");
}

TEST_CASE("what is said of a process of before does nothing", "[threads][board][checks]") {
  Running r({sleeper("web", [](ServiceSpec& spec) {
    spec.health.edit().type = ProbeType::tcp;
    spec.lifecycle.restart = RestartPolicy::always;
  })});
  REQUIRE(r.board.boot(""));
  REQUIRE(r.eventually([&] { return r.checks.watched() != nullptr; }));
  const CheckedProcessPtr before = r.checks.watched();
  r.board.passed(*before, CheckKind::health);
  REQUIRE(r.becomes("web", State::running));
  r.board.health_failed(*before, 3, "no answer");
  CHECK(before->stage() != CheckedProcess::Stage::alive);
  REQUIRE(r.eventually([&] { return r.checks.watched() != before; }));
  CHECK(before->stage() == CheckedProcess::Stage::ended);
  r.board.passed(*before, CheckKind::health);
  r.board.status_text(*before, "of before");
  r.board.watchdog_expired(*before);
  CHECK(r.board.view("web")->record.state == State::starting);
  CHECK(r.board.view("web")->status_text.empty());
  r.board.passed(*r.checks.watched(), CheckKind::health);
  CHECK(r.board.view("web")->record.state == State::running);
}

TEST_CASE("a reload that changes [health] alone restarts nothing", "[threads][board][checks]") {
  const auto probed = [](Milliseconds interval) {
    return sleeper("web", [interval](ServiceSpec& spec) {
      spec.health.edit().type = ProbeType::tcp;
      spec.health.edit().interval = interval;
    });
  };
  Running r({probed(1000ms)});
  REQUIRE(r.board.boot(""));
  REQUIRE(r.eventually([&] { return r.checks.watched() != nullptr; }));
  const CheckedProcessPtr process = r.checks.watched();
  REQUIRE(r.board.reload({probed(2000ms)}, false));
  CHECK(process->spec()->health->interval == 2000ms);
  CHECK(process->stage() == CheckedProcess::Stage::alive);
  CHECK(r.board.view("web")->record.state == State::starting);
  REQUIRE(r.board.reload({sleeper("web")}, false));  // nothing left to wait for
  CHECK(process->stage() == CheckedProcess::Stage::ended);
  REQUIRE(r.becomes("web", State::running));
  const pid_t pid = r.board.view("web")->pid;
  REQUIRE(r.board.reload({probed(500ms)}, false));
  REQUIRE(r.checks.watched() != process);
  CHECK(r.checks.watched()->main_pid() == pid);
  CHECK(r.checks.watched()->running());
  CHECK(r.board.view("web")->pid == pid);
}

}  // namespace
}  // namespace zinit::test::supervisor_board
