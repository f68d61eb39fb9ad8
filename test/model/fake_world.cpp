// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The simulated world: its scheduler, its processes, and the invariants checked at every step.
#include "model/fake_world.hpp"
#include "support/test.hpp"

#include "model/predicates.hpp"
#include "model/wake.hpp"
#include "model/why.hpp"
#include "unit/config/text.hpp"

namespace zinit::test {

namespace {

/// A service as its file describes it with `lines`, "service.umask = '077'".
ServiceSpec read_keys(const std::string& name, const std::string& lines) {
  const bool has_exec = lines.find("service.exec ") != std::string::npos;
  const std::string text = lines + (has_exec ? "" : "service.exec = ['/bin/" + name + "']\n");
  const ParsedSpec parsed = parse_spec(text, name);
  for (const std::string& message : messages_of(parsed)) FAIL(message);
  ServiceSpec spec = *parsed.spec;
  spec.name = name;
  spec.file.clear();
  spec.identities.clear();
  return spec;
}

void set(ServiceSpec& spec, const std::string& what, const std::string& rest) {
  const std::string file = spec.file.empty() ? spec.name + ".toml" : spec.file;
  if (what == "target") {
    spec.kind = Kind::target;
  } else if (what == "oneshot") {
    spec.oneshot = true;
    spec.lifecycle.restart = RestartPolicy::never;
    spec.lifecycle.start_timeout = kForever;
  } else if (what == "file") {
    spec.file = rest;
  } else if (what == "warning") {
    spec.findings.edit().warnings = {file + ":1:1: warning: " + rest};
  } else if (what == "wrong") {
    spec.findings.edit().errors = {file + ":1:1: error: " + rest};
  } else if (!what.empty() && what.find('.') == what.npos) {
    FAIL("no such setting: " << what);
  }
}

std::size_t posts_in(const Texts& ran) {
  return static_cast<std::size_t>(
      std::ranges::count_if(ran, [](const std::string& each) { return each.starts_with("post"); }));
}

}  // namespace

Specs::Specs(const std::string& text) {
  std::map<std::string, std::string> keys;
  for (const bool other_words : {false, true}) {
    std::string rest_of_text = text + ", ";
    for (std::size_t end; (end = rest_of_text.find(", ")) != std::string::npos;) {
      std::istringstream words(rest_of_text.substr(0, end));
      rest_of_text.erase(0, end + 2);
      std::string name, kind, rest;
      if (!(words >> name)) continue;
      words >> kind >> std::ws;
      std::getline(words, rest);
      if (!other_words) {
        if (kind.find('.') != kind.npos) keys[name] += kind + " " + rest + "\n";
        continue;
      }
      ServiceSpec& spec = (*this)[name];
      if (keys.contains(name)) spec = read_keys(name, keys.extract(name).mapped());
      const auto* relation = std::ranges::find(kRelations, kind, &Relation::name);
      if (relation == std::end(kRelations)) {
        set(spec, kind, rest);
        continue;
      }
      const std::string to = rest.substr(0, rest.find_first_of("?@"));
      const std::size_t at = rest.find('@');
      const int line = at == rest.npos ? 0 : std::stoi(rest.substr(at + 1));
      (spec.dependencies.edit().*relation->list).push_back({to, {line, line, 0}});
      if (rest.back() != '?') (*this)[to];
    }
  }
}

ServiceSpec& Specs::operator[](const std::string& name) {
  for (auto& spec : specs_)
    if (spec->name == name) return *spec;
  specs_.push_back(std::make_shared<ServiceSpec>());
  specs_.back()->name = name;
  specs_.back()->exec.argv = {"/bin/" + name};
  return *specs_.back();
}

std::vector<SpecPtr> Specs::list() const {
  std::vector<SpecPtr> list;
  for (const auto& spec : specs_) list.push_back(std::make_shared<ServiceSpec>(*spec));
  return list;
}

std::string Specs::text() const {
  std::string text;
  for (const auto& spec : specs_) {
    text += spec->name + (spec->oneshot ? " oneshot" : " " + std::string(kind_name(spec->kind)));
    text += " status " + std::to_string(static_cast<int>(spec->status)) + " restart " +
            std::to_string(static_cast<int>(spec->lifecycle.restart)) + " max " +
            std::to_string(spec->lifecycle.max_restarts) + " pre " +
            std::to_string(spec->pre_exec->size()) + " post " +
            std::to_string(spec->post_exec->size()) + " ready " +
            std::to_string(spec->ready_exec->size());
    if (!spec->stop_exec->argv.empty()) text += " stop_exec";
    if (spec->readiness->awaited()) text += " notifies";
    if (spec->health->configured()) text += " probed";
    for (const Relation& relation : kRelations)
      for (const Dependency& to : *spec->dependencies.*relation.list)
        text += " " + std::string(relation.name) + " " + to.name;
    text += "\n";
  }
  return text;
}

FakeWorld::FakeWorld(const Specs& specs, std::uint64_t seed) : random_(seed) {
  world.graph = Graph::build({});
  apply_plan(world, plan(*world.graph, specs.list(), {}), false);
  runs_.resize(world.graph->slots());
}

template <class Request>
auto FakeWorld::request(const char* what, Request ask, const std::string& name) {
  trace_.push_back(std::string(what) + " " + name);
  auto done = ask(world, slot(name));
  touched(done.changed);
  work();
  return done;
}

Requested FakeWorld::start(const std::string& name) {
  return request("start", request_start, name);
}

Requested FakeWorld::stop(const std::string& name) { return request("stop", request_stop, name); }

Isolation FakeWorld::isolate(const std::string& target) {
  return request("isolate", request_isolate, target);
}

Requested FakeWorld::restart(const std::string& name) {
  return request("restart", request_restart, name);
}

void FakeWorld::boot() {
  trace_.push_back("boot");
  Slots all;
  for (const Slot each : world.graph->order()) {
    if (world.spec(each).starts_at_boot() && !world.node(each).broken()) all.push_back(each);
  }
  touched(request_pull(world, all));
  work();
}

void FakeWorld::shutdown() {
  trace_.push_back("shutdown");
  touched(request_shutdown(world));
  work();
}

Plan FakeWorld::reload(const Specs& specs) {
  trace_.push_back("reload");
  std::vector<bool> live(world.graph->slots(), false);
  for (const Slot each : world.graph->order()) {
    live[each] = !at_rest(world.record(each).state) || active(world, each);
  }
  const Plan planned = plan(*world.graph, specs.list(), live);
  const GraphPtr before = world.graph;
  apply_plan(world, planned, true);
  runs_.resize(std::max(runs_.size(), world.graph->slots()));
  for (Slot each = 0; each < before->slots(); ++each) {
    if (world.graph->used(each)) continue;
    deadlines_.erase(each);
    std::erase(woken_, each);
  }
  touched(world.graph->order());
  work();
  return planned;
}

void FakeWorld::exit(const std::string& name, int code) {
  end_process(slot(name), {false, code, false});
  work();
}

bool FakeWorld::unhealthy(const std::string& name) {
  trace_.push_back(name + " unhealthy");
  return noticed(slot(name), health_failed(world, slot(name)));
}

bool FakeWorld::bite(const std::string& name) {
  trace_.push_back(name + " gives no sign");
  return noticed(slot(name), watchdog_expired(world, slot(name)));
}

bool FakeWorld::noticed(Slot slot, bool changed) {
  if (!changed) return false;
  touched({slot});
  work();
  return true;
}

Slot FakeWorld::slot(const std::string& name) const { return world.graph->find(name); }
const Record& FakeWorld::record(const std::string& name) const { return world.record(slot(name)); }
int FakeWorld::spawns(const std::string& name) const { return runs_[slot(name)].count; }

std::string FakeWorld::trace_text() const {
  std::string text;
  for (const std::string& line : trace_) text += line + "\n";
  return text;
}

std::string FakeWorld::states() const {
  std::string text;
  for (const Slot each : world.graph->order()) {
    text += world.graph->name(each) + "=" + std::string(state_name(world.record(each).state)) + " ";
  }
  return text;
}

void FakeWorld::touched(const Slots& changed) {
  Slots seen;
  begin_affected(world);
  for (const Slot each : changed) affected(world, each, seen);
  for (const Slot each : seen) {
    // Like the board: wake only services with something to do, or with a nearer deadline.
    if (std::ranges::find(woken_, each) != woken_.end()) continue;
    const Step step = decide(Situation{world, each, now});
    const auto known = deadlines_.find(each);
    const TimePoint asleep_until = known == deadlines_.end() ? kNever : known->second;
    if (!step.waits() || step.deadline < asleep_until) woken_.push_back(each);
  }
}

void FakeWorld::work() {
  int steps = 0;
  while (!woken_.empty() && faults_.empty()) {
    const std::size_t pick = random_() % woken_.size();
    const Slot each = woken_[pick];
    woken_.erase(woken_.begin() + static_cast<std::ptrdiff_t>(pick));
    if (step(each)) woken_.push_back(each);
    if (++steps > 100000) return fault("a livelock: no end of steps at one instant");
  }
  if (faults_.empty()) check_quiet();
}

bool FakeWorld::step(Slot slot) {
  if (!world.graph->used(slot) || world.record(slot).process == Process::launching) return false;
  const Step step = decide(Situation{world, slot, now});
  if (step.waits()) {
    deadlines_[slot] = step.deadline;
    return false;
  }
  perform(slot, *step.row);
  return world.record(slot).process != Process::launching;
}

void FakeWorld::perform(Slot slot, const Row& row) {
  // A reload may have added stop_exec to a oneshot that is done.
  if (world.record(slot).state == State::exited && row.act == Act::begin_stop)
    runs_[slot].ran = {"main"};
  if (row.act == Act::launch || row.act == Act::launch_next || row.act == Act::launch_post)
    return launch(slot, row);
  if (row.act == Act::run_ready) {
    enter(slot, row, {});
    return run_ready(slot);
  }
  if (row.act == Act::signal_stop) {
    check_stop(slot, row);
    const Run& run = runs_[slot];
    if (!run.life.ignores_stop && !run.life.unkillable) {
      at(now + run.life.dies_in, slot, [this, slot] { end_process(slot, {true, 15, false}); });
    }
  }
  if (row.act == Act::kill && world.record(slot).command.post) runs_[slot].post_cut = true;
  if (row.act == Act::kill && !runs_[slot].life.unkillable) {
    at(now, slot, [this, slot] { end_process(slot, {true, 9, false}); });
  }
  enter(slot, row, {});
}

void FakeWorld::enter(Slot slot, const Row& row, const LaunchOutcome& outcome) {
  const State from = world.record(slot).state;
  const State to = apply(world, slot, row, now, outcome);
  const Record& record = world.record(slot);
  if (to == State::running && world.spec(slot).has_process()) {
    const ServiceSpec& spec = world.spec(slot);
    if (spec.readiness->awaited() && !record.notified && from != to)
      fault(world.graph->name(slot) + " runs without a word of its process");
    if (runs_[slot].ready_good < spec.ready_exec->size() && from != to)
      fault(world.graph->name(slot) + " runs before its ready_exec has ended well");
    if (spec.health->configured() && !record.healthy && from != to)
      fault(world.graph->name(slot) + " runs before a probe has succeeded");
  }
  if (from != to) {
    trace_.push_back(world.graph->name(slot) + " " + std::string(state_name(to)));
    if (!transition_allowed(from, to)) {
      fault(world.graph->name(slot) + ": " + std::string(state_name(from)) + " to " +
            std::string(state_name(to)));
    }
    const bool unkillable = row.act == Act::fail_unkillable;
    if (to == State::blocked || (at_rest(to) && !unkillable)) check_attempt_over(slot);
  }
  touched({slot});
}

void FakeWorld::launch(Slot slot, const Row& row) {
  if (row.act == Act::launch) check_start(slot);
  Run& run = runs_[slot];
  const std::string& name = world.graph->name(slot);
  const bool has_process = world.spec(slot).has_process();
  ++run.generation;
  if (has_process) {
    begin_launch(world, slot, row, now);
    check_step(slot);
    run.ready_good = 0;
    run.life = world.record(slot).command.is_main() ? life(name, run.count++)
                                                    : step_life(name, run.steps++);
    trace_.push_back(name + " launches " + run.ran.back());
  }
  if (row.act == Act::launch && !world.node(slot).conflicts.empty()) touched({slot});
  const auto done = [this, slot, &row, has_process] {
    note_post_time(slot);
    const Life& is = runs_[slot].life;
    // Conditions are checked only before the first command.
    const bool unmet = is.launch.kind == LaunchOutcome::Kind::unmet && row.act != Act::launch;
    const bool started = !has_process || unmet || is.launch.kind == LaunchOutcome::Kind::started;
    if (!started && is.launch.kind == LaunchOutcome::Kind::exhausted) {
      runs_[slot].ran.pop_back();
      if (row.act == Act::launch_post)
        runs_[slot].post_cut = true;  // there may be no time for another try
    }
    if (!started && is.launch.kind == LaunchOutcome::Kind::unmet) runs_[slot].ran.clear();
    const bool failed = !started && is.launch.kind == LaunchOutcome::Kind::failed;
    if (failed && row.act == Act::launch) runs_[slot].ran.clear();
    enter(slot, row, started ? LaunchOutcome{} : is.launch);
    if (started && is.ends && has_process) {
      at(now + is.lasts, slot, [this, slot, end = is.end] { end_process(slot, end); });
    }
    const bool checked = started && world.spec(slot).watched() && !is.never_ready;
    if (checked && checked_now(world.record(slot))) {
      at(now + is.ready_in, slot, [this, slot] { check(slot, CheckKind::readiness); });
      at(now + is.healthy_in, slot, [this, slot] { check(slot, CheckKind::health); });
    }
    if (std::ranges::find(woken_, slot) == woken_.end()) woken_.push_back(slot);
  };
  if (!has_process) return done();
  at(now + run.life.spawn_takes, slot, done);
}

/// The commands of ready_exec run beside the main process, and end with it.
void FakeWorld::run_ready(Slot slot) {
  Run& run = runs_[slot];
  const Life is = step_life(world.graph->name(slot), run.steps++);
  const bool failed = is.launch.kind == LaunchOutcome::Kind::failed ||
                      is.launch.kind == LaunchOutcome::Kind::exhausted;
  trace_.push_back(world.graph->name(slot) + " runs ready " +
                   std::to_string(world.record(slot).ready_begun));
  if (world.record(slot).ready_begun != run.ready_good + 1)
    fault(world.graph->name(slot) + " runs its ready_exec out of order");
  at(now + is.lasts, slot, [this, slot, is, failed] {
    if (failed) {
      ready_command_unspawned(world, slot, is.launch, now);
    } else {
      ready_command_ended(world, slot, is.end);
      if (is.end == ProcessEnd{}) ++runs_[slot].ready_good;
    }
    touched({slot});
    work();
  });
}

void FakeWorld::at(TimePoint when, Slot slot, std::function<void()> happen) {
  events_.emplace(when, std::pair{slot, Event{runs_[slot].generation, std::move(happen)}});
}

bool FakeWorld::check(Slot slot, CheckKind which) {
  return noticed(slot, check_passed(world, slot, which));
}

void FakeWorld::end_process(Slot slot, const ProcessEnd& end) {
  const Process process = world.record(slot).process;
  if (process == Process::lingering) return end_left(slot);
  if (process != Process::alive) return;
  ++runs_[slot].generation;  // drops later events of this process
  trace_.push_back(world.graph->name(slot) + (end.by_signal ? " killed by " : " exits with ") +
                   std::to_string(end.value));
  runs_[slot].last_good = end == ProcessEnd{};
  note_post_time(slot);
  const Life& was = runs_[slot].life;
  process_ended(world, slot, end, was.leaves);
  if (world.record(slot).process == Process::held)
    at(now + was.left_lasts, slot, [this, slot] { end_left(slot); });
  else
    group_gone(world, slot);  // zinit kills it
  touched({slot});
}

/// The processes that remained after the main process's end are gone.
void FakeWorld::end_left(Slot slot) {
  trace_.push_back("what " + world.graph->name(slot) + " has left is gone");
  group_gone(world, slot);
  if (world.record(slot).process == Process::none) runs_[slot].ran.clear();
  touched({slot});
}

bool FakeWorld::next_time(TimePoint& when) const {
  when = kNever;
  if (!events_.empty()) when = events_.begin()->first;
  for (const auto& [slot, deadline] : deadlines_) when = std::min(when, deadline);
  return when != kNever;
}

void FakeWorld::run_due() {
  for (auto& [slot, deadline] : deadlines_) {
    if (deadline > now) continue;
    deadline = kNever;
    if (std::ranges::find(woken_, slot) == woken_.end()) woken_.push_back(slot);
  }
  while (!events_.empty() && events_.begin()->first <= now) {
    // The seed also chooses the order of events at the same instant.
    const auto end = events_.upper_bound(now);
    auto chosen = events_.begin();
    std::advance(chosen,
                 static_cast<std::ptrdiff_t>(
                     random_() % static_cast<std::uint64_t>(std::distance(events_.begin(), end))));
    const auto [slot, event] = chosen->second;
    events_.erase(chosen);
    if (event.generation == runs_[slot].generation && world.graph->used(slot)) event.happen();
    if (random_() % 2 == 0) work();
  }
  work();
}

void FakeWorld::advance(Milliseconds time) {
  const TimePoint until = now + time;
  for (TimePoint next; next_time(next) && next <= until;) {
    now = std::max(now, next);
    run_due();
    if (!faults_.empty()) return;
  }
  now = until;
}

bool FakeWorld::settle(Milliseconds limit) {
  const TimePoint until = now + limit;
  int rounds = 0;
  for (TimePoint next; next_time(next);) {
    if (next > until || ++rounds > 20000) return false;
    now = std::max(now, next);
    run_due();
    if (!faults_.empty()) return true;
  }
  return true;
}

void FakeWorld::check_start(Slot slot) {
  const std::string& name = world.graph->name(slot);
  if (world.shutdown) fault(name + " starts in a shutdown");
  if (world.record(slot).wish == Wish::down) fault(name + " starts with its wish down");
  for (const Slot required : world.node(slot).requires_) {
    const Record& other = world.record(required);
    const bool ready =
        other.state == State::running ||
        (world.spec(required).oneshot && other.state == State::exited && other.done) ||
        (other.state == State::inactive && other.skipped);
    if (!ready) fault(name + " starts before " + world.graph->name(required));
  }
  for (const Slot above : world.node(slot).required_by) {
    const bool bound = world.node(above).binds(slot) && world.record(above).state != State::failed;
    if (bound && has_process(world.record(above)))
      fault(name + " starts before " + world.graph->name(above) +
            ", which is bound to it, is down");
  }
  for (const Slot other : world.node(slot).conflicts) {
    if (active(world, other)) fault(name + " starts beside " + world.graph->name(other));
  }
  for (const Slot above : world.node(slot).required_by) {
    if (holds(world, above) && !world.record(slot).respawn)
      fault(name + " starts under what " + world.graph->name(above) + " has held before");
  }
}

void FakeWorld::note_post_time(Slot slot) {
  const Record& record = world.record(slot);
  if (record.command.post && now >= record.deadline) runs_[slot].post_cut = true;
}

/// Checks the order of commands: commands of pre_exec run one after the other while they succeed,
/// the main process after all of them, and commands of post_exec one after the other after
/// everything that has run.
void FakeWorld::check_step(Slot slot) {
  const CurrentCommand& command = world.record(slot).command;
  Run& run = runs_[slot];
  const ServiceSpec& spec = world.spec(slot);
  const std::string& name = world.graph->name(slot);
  std::string expected;
  if (command.post) {
    if (run.ran.empty()) fault(name + " runs post_exec with nothing before it");
    expected = "post " + std::to_string(posts_in(run.ran));
    run.ran.push_back("post " + std::to_string(command.index));
  } else {
    if (!run.ran.empty() && !run.last_good) fault(name + " goes on after a bad pre_exec");
    if (posts_in(run.ran) > 0) fault(name + " goes on after post_exec");
    const bool pre = run.ran.size() < spec.pre_exec->size();
    expected = pre ? "pre " + std::to_string(run.ran.size()) : "main";
    run.ran.push_back(
        command.kind() == CommandKind::pre_exec ? "pre " + std::to_string(command.index) : "main");
    run.post_cut = false;
  }
  if (run.ran.back() != expected) fault(name + " runs " + run.ran.back() + ", not " + expected);
}

/// Checks that all of post_exec has run after an attempt that ran any command.
void FakeWorld::check_attempt_over(Slot slot) {
  Run& run = runs_[slot];
  if (world.record(slot).process == Process::held) return;  // over once these are given up
  // A reload may have changed the list of commands meanwhile, or left the commands to instances.
  const bool runs_them = world.spec(slot).has_process();
  if (runs_them && !run.ran.empty() && !run.post_cut &&
      posts_in(run.ran) < world.spec(slot).post_exec->size()) {
    fault(world.graph->name(slot) + " is over without its post_exec, after " + run.ran.back());
  }
  run.ran.clear();
}

/// Checks that each service that `slot` is bound to is up while `slot` is starting or running.
void FakeWorld::check_bound(Slot slot) {
  for (const Slot to : world.node(slot).binds_to) {
    const Record& other = world.record(to);
    const bool runs = other.state == State::running &&
                      (!world.spec(to).has_process() ||
                       (other.process == Process::alive && other.command.is_main()));
    const bool done = other.state == State::exited && world.spec(to).oneshot && other.done;
    if (!runs && !done && !(other.state == State::inactive && other.skipped))
      fault(world.graph->name(slot) + " is up, and " + world.graph->name(to) +
            ", which it is bound to, is not");
  }
}

void FakeWorld::check_stop(Slot slot, const Row&) {
  const Record& record = world.record(slot);
  const bool again = record.again && record.wish == Wish::up && !record.stop_owed;
  for (const Slot dependent : world.node(slot).required_by) {
    if (again && !world.node(dependent).binds(slot)) continue;
    const Record& other = world.record(dependent);
    const bool there = other.process == Process::alive || other.process == Process::launching;
    if ((there && other.state != State::failed) || other.process == Process::held ||
        holds(world, dependent)) {
      fault(world.graph->name(slot) + " is signalled before " + world.graph->name(dependent) +
            " is down");
    }
  }
}

void FakeWorld::check_quiet() {
  for (const Slot slot : world.graph->order()) {
    const Record& record = world.record(slot);
    if (record.process == Process::launching) continue;
    const std::string& name = world.graph->name(slot);
    if (record.state == State::starting || record.state == State::running) check_bound(slot);
    if (const Step left = decide(Situation{world, slot, now}); !left.waits()) {
      fault(name + " was not woken for what it has to do: " + std::string(left.row->condition));
    }
    if (record.state == State::blocked && why(world, slot, now).reasons.empty())
      fault(name + " is blocked for no reason");
    if (holds(world, slot) && dependency_lost(world, slot))
      fault(name + " holds something, and what it requires is down");
    // Node::watched_from_above relies on this to decide which services learn of a change.
    if (satisfied(world, slot) && first_try(world, slot))
      fault(name + " is satisfied, and in its first try");
  }
}

void FakeWorld::fault(const std::string& text) { faults_.push_back(text + " (" + states() + ")"); }

}  // namespace zinit::test
