// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The simulated world of the tests: its requests, and the invariants checked at every step.
#include "model/fake_world.hpp"
#include "support/test.hpp"

#include "model/predicates.hpp"
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
  touched(request_boot(world, kNoSlot));
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
    forget(each);
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

void FakeWorld::work() {
  for (int steps = 0; faults_.empty() && !Simulation::work(1);) {
    if (++steps > 100000) return fault("a livelock: no end of steps at one instant");
  }
  if (faults_.empty()) check_quiet();
}

void FakeWorld::will_perform(Slot slot, const Row& row) {
  // A reload may have added stop_exec to a oneshot that is done.
  if (world.record(slot).state == State::exited && row.act == Act::begin_stop)
    runs_[slot].ran = {"main"};
  if (row.act == Act::launch) check_start(slot);
  if (row.act == Act::signal_stop) check_stop(slot);
  if (row.act == Act::kill && world.record(slot).command.post) runs_[slot].post_cut = true;
}

Life FakeWorld::life_of(Slot slot) {
  check_step(slot);
  Run& run = runs_[slot];
  const std::string& name = world.graph->name(slot);
  run.ready_good = 0;
  trace_.push_back(name + " launches " + run.ran.back());
  return world.record(slot).command.is_main() ? life(name, run.count++)
                                              : step_life(name, run.steps++);
}

void FakeWorld::launched(Slot slot, const Row& row, const LaunchOutcome& outcome) {
  note_post_time(slot);
  Run& run = runs_[slot];
  switch (outcome.kind) {
    case LaunchOutcome::Kind::started: break;
    case LaunchOutcome::Kind::exhausted:
      run.ran.pop_back();
      // There may be no time for another try.
      if (row.act == Act::launch_post) run.post_cut = true;
      break;
    case LaunchOutcome::Kind::unmet: run.ran.clear(); break;
    case LaunchOutcome::Kind::failed:
      if (row.act == Act::launch) run.ran.clear();
      break;
  }
}

void FakeWorld::entered(Slot slot, const Row& row, State from) {
  const Record& record = world.record(slot);
  const State to = record.state;
  const std::string& name = world.graph->name(slot);
  if (row.act == Act::run_ready) {
    trace_.push_back(name + " runs ready " + std::to_string(record.ready_begun));
    if (record.ready_begun != runs_[slot].ready_good + 1)
      fault(name + " runs its ready_exec out of order");
  }
  if (from == to) return;
  if (to == State::running && world.spec(slot).has_process()) {
    const ServiceSpec& spec = world.spec(slot);
    if (spec.readiness->awaited() && !record.notified)
      fault(name + " runs without a word of its process");
    if (runs_[slot].ready_good < spec.ready_exec->size())
      fault(name + " runs before its ready_exec has ended well");
    if (spec.health->configured() && !record.healthy)
      fault(name + " runs before a probe has succeeded");
  }
  trace_.push_back(name + " " + std::string(state_name(to)));
  if (!transition_allowed(from, to))
    fault(name + ": " + std::string(state_name(from)) + " to " + std::string(state_name(to)));
  const bool unkillable = row.act == Act::fail_unkillable;
  if (to == State::blocked || (at_rest(to) && !unkillable)) check_attempt_over(slot);
}

Life FakeWorld::ready_life_of(Slot slot) {
  return step_life(world.graph->name(slot), runs_[slot].steps++);
}

void FakeWorld::ready_ended(Slot slot, bool good) {
  if (good) ++runs_[slot].ready_good;
}

void FakeWorld::ends(Slot slot, const ProcessEnd& end) {
  trace_.push_back(world.graph->name(slot) + (end.by_signal ? " killed by " : " exits with ") +
                   std::to_string(end.value));
  runs_[slot].last_good = end == ProcessEnd{};
  note_post_time(slot);
}

void FakeWorld::left_gone(Slot slot) {
  trace_.push_back("what " + world.graph->name(slot) + " has left is gone");
  if (world.record(slot).process == Process::none) runs_[slot].ran.clear();
}

bool FakeWorld::check(Slot slot, CheckKind which) {
  const bool changed = Simulation::check(slot, which);
  work();
  return changed;
}

/// Everything that becomes due next happens. The seed also chooses whether steps come between two
/// events of the same instant. False: nothing becomes due by `until`, or there is a fault.
bool FakeWorld::pass_instant(TimePoint until) {
  if (!faults_.empty() || !pass_time(until)) return false;
  while (next_time() <= now && faults_.empty()) {
    if (choose(2) == 0) work();
    pass_time(now);
  }
  work();
  return true;
}

void FakeWorld::advance(Milliseconds time) {
  const TimePoint until = now + time;
  while (pass_instant(until)) {}
  if (faults_.empty()) now = until;
}

bool FakeWorld::settle(Milliseconds limit) {
  const TimePoint until = now + limit;
  for (int rounds = 0; pass_instant(until) && rounds <= 20000; ++rounds) {}
  return !faults_.empty() || next_time() == kNever;
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

void FakeWorld::check_stop(Slot slot) {
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
