// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Rounds of checks: check_exec of the services that a request would stop. See check_round.hpp.
#include <algorithm>
#include <csignal>

#include "base/text.hpp"
#include "supervisor/board.hpp"
#include "supervisor/plan_aside.hpp"
#include "supervisor/refusals.hpp"

namespace zinit {

/// A restart that may wait for a round; see Board::begin_restart().
struct RestartState {
  CheckRoundPtr round;
  RequestResult<Board::Others> result{};  // set once the round is over, unless it failed
};

namespace {

using One = CheckRound::One;
using Stage = One::Stage;

// A command that is killed with its service begins again at most this often.
constexpr int kMostCutOff = 3;

// The time limit of a command if the start of its service has no limit, as for a oneshot. Reloads
// of files wait for each other.
constexpr Milliseconds kLongestCheck = std::chrono::seconds{30};

Milliseconds time_of(const ServiceSpec& spec) {
  const Milliseconds limit = spec.lifecycle.start_timeout;
  return limit == kForever ? kLongestCheck : limit;
}

constexpr std::string_view kNothingStopped = "nothing was stopped";
RequestFailure executed_anew() {
  return {Refusal::invalid_state, "zinit is re-executing itself, so nothing was done; try again"};
}

constexpr std::string_view kNotReloaded = "it was not reloaded";

bool is_same(const One& one, const One& other) {
  return one.slot == other.slot && one.spec == other.spec;
}

/// Adds the checks that `round` does not have yet.
void add_missing(CheckRound& round, const World& world) {
  if (!round.wanted) return;
  for (One& one : round.wanted(world)) {
    const auto same = [&](const One& other) { return is_same(one, other); };
    if (std::ranges::none_of(round.all, same)) round.all.push_back(std::move(one));
  }
}

bool all_over(const CheckRound& round) {
  return std::ranges::all_of(round.all, [](const One& one) { return one.stage == Stage::over; });
}

std::string place_of(const ServiceSpec& spec) {
  const SourcePosition at = spec.check_exec_at;
  return fmt::format("{}:{}:{}", spec.file.empty() ? "(runtime)" : spec.file_of(at),
                     std::max(at.line, 1), std::max(at.column, 1));
}

/// A service that a change of files restarts, and the checks that its restart depends on.
struct Restarted {
  std::string name;
  SpecPtr spec;
  std::vector<One> checks;
};

std::vector<Restarted> restarted_by(const Plan& plan, const World& world) {
  std::vector<Restarted> restarted;
  for (const PlannedService& planned : plan.services) {
    if (planned.fate != PlannedService::Fate::restart || !planned.refused.empty()) continue;
    const bool there = world.graph->used(planned.slot) && stands(world, planned.slot);
    if (!there || !plan.graph->node(planned.slot).missing->empty()) continue;
    auto checks = checks_in(*plan.graph, stopped_by_restart(world, *plan.graph, planned.slot));
    if (!checks.empty()) restarted.push_back({planned.name, planned.spec, std::move(checks)});
  }
  return restarted;
}

/// Why the new file of a service is refused; empty: it is accepted.
std::vector<std::string> faults_of(const Restarted& restarted, const std::vector<One>& failed) {
  for (const One& one : failed)
    if (one.spec->name == restarted.name) return check_faults(one);
  for (const One& one : failed) {
    if (std::ranges::none_of(restarted.checks, [&](const One& own) { return is_same(own, one); }))
      continue;
    return {fmt::format(
        "{0}: error: service: its restart would also restart {1}, and the check_exec of {1} {2}",
        place_of(*restarted.spec), one.spec->name, one.fault)};
  }
  return {};
}

}  // namespace

bool CheckRound::failed() const noexcept {
  return given_up || std::ranges::any_of(all, [](const One& one) { return !one.fault.empty(); });
}

std::vector<One> failed_ones(const CheckRound& round) {
  std::vector<One> failed;
  std::ranges::copy_if(round.all, std::back_inserter(failed),
                       [](const One& one) { return !one.fault.empty(); });
  return failed;
}

std::vector<One> checks_in(const Graph& graph, const Slots& slots) {
  std::vector<One> checks;
  for (const Slot slot : slots)
    if (const SpecPtr& spec = graph.node(slot).spec; !spec->check_exec->argv.empty())
      checks.push_back({slot, spec});
  return checks;
}

RequestFailure check_failure(const std::vector<One>& failed, std::string_view consequence) {
  const bool alone = failed.size() == 1;
  RequestFailure failure{Refusal::process_error, {}};
  std::vector<std::string> names;
  for (const One& one : failed) {
    const std::string& name = one.spec->name;
    names.push_back(name);
    if (!alone) failure.details.push_back(fmt::format("{}: {}", name, one.fault));
    if (!one.tail) continue;
    for (const std::string& line : one.tail->lines())
      failure.details.push_back(alone ? line : fmt::format("{}: {}", name, line));
  }
  failure.text = fmt::format("check_exec of {}: {}; {}", join(names, ", "),
                             alone ? failed.front().fault : "failed", consequence);
  return failure;
}

std::vector<std::string> check_faults(const One& one) {
  const std::string place = place_of(*one.spec);
  std::vector<std::string> faults = {
      fmt::format("{}: error: service.check_exec: {}", place, one.fault)};
  if (!one.tail) return faults;
  for (const std::string& line : one.tail->lines())
    faults.push_back(fmt::format("{}: error: service.check_exec: it printed: {}", place, line));
  return faults;
}

// --- rounds, with the lock ---

void BoardCore::begin_round(const CheckRoundPtr& round) {
  add_missing(*round, world);
  for (One& one : round->all) one.stage = Stage::waits;
  if (world.shutdown)
    give_up(*round, in_shutdown().value());
  else if (holds_launches_ && round->of_files)
    give_up(*round, executed_anew());
  else if (rounds_.size() >= CheckRound::kMost)
    give_up(*round, {Refusal::invalid_state,
                     fmt::format("{} requests already wait for check_exec; try again later",
                                 rounds_.size())});
  else
    rounds_.push_back(round);
  go_on_with_rounds();
}

void BoardCore::give_up(CheckRound& round, RequestFailure why) {
  round.given_up = std::move(why);
  round.end();
  rounds_over_.notify_all();
  changes_.changed();
}

void BoardCore::give_up_rounds(const RequestFailure& why) {
  for (const CheckRoundPtr& round : std::exchange(rounds_, {})) give_up(*round, why);
  for (const auto& job : jobs)
    if (job && take_check(*job)) end_side_command(*job, job->side.check());
}

void BoardCore::hold_rounds() {
  for (std::size_t i = 0; i < rounds_.size();) {
    if (!rounds_[i]->of_files) {
      ++i;
      continue;
    }
    give_up(*rounds_[i], executed_anew());
    rounds_.erase(rounds_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  for (const auto& job : jobs) {
    const auto check = job ? take_check(*job) : nullptr;
    if (!check) continue;
    check->one().stage = Stage::waits;
    end_side_command(*job, job->side.check());
  }
}

void BoardCore::go_on_with_rounds() {
  // The end of one round may begin others, or remove services that others wait for.
  for (std::size_t i = 0; i < rounds_.size();) {
    const CheckRoundPtr round = rounds_[i];
    for (std::size_t index = 0; index < round->all.size(); ++index)
      if (round->all[index].stage == Stage::waits) begin_check(round, index);
    if (all_over(*round) && !round->failed()) add_missing(*round, world);
    if (!all_over(*round)) {
      const bool added = std::ranges::any_of(round->all, [&](const One& one) REQUIRES(mutex) {
        return one.stage == Stage::waits && may_begin(one);
      });
      if (!added) ++i;
      continue;
    }
    rounds_.erase(rounds_.begin() + static_cast<std::ptrdiff_t>(i));
    if (!round->failed() && round->then) round->then();
    round->end();
    rounds_over_.notify_all();
    changes_.changed();
    i = 0;
  }
}

/// Whether the service still exists and has something to stop.
bool BoardCore::still_stands(const One& one) {
  return world.graph->used(one.slot) && jobs[one.slot] && jobs[one.slot]->name == one.spec->name &&
         stands(world, one.slot);
}

bool BoardCore::may_begin(const One& one) {
  if (!still_stands(one)) return true;  // begin_check() then ends it
  if (holds_launches_ || checks_running_ >= CheckRound::kMostAtOnce) return false;
  Job& job = *jobs[one.slot];
  forget_gone(job);
  if (job.side.check().hangs()) return true;  // begin_check() then refuses it
  if (job.check || !job.side.check().gone()) return false;
  return !would_be_cut_off(one.slot) || Clock::now() >= one.until;
}

/// Sets a time limit for a check that waits for a process of its service.
void BoardCore::limit_wait(One& one) {
  if (!still_stands(one) || !would_be_cut_off(one.slot)) return;
  Job& job = *jobs[one.slot];
  SideCommand& side = job.side.check();
  if (job.check || !side.gone()) return;
  if (one.until == kNever) one.until = after(Clock::now(), time_of(*one.spec));
  if (side.deadline() <= one.until) return;
  side.limit(one.until);
  make_due(job);
}

/// Whether the service is going down, or on to its next process: a command begun now would be
/// killed with the rest of the previous process.
bool BoardCore::would_be_cut_off(Slot slot) const {
  const Process process = world.record(slot).process;
  return world.spec(slot).has_process() && process != Process::alive && process != Process::held;
}

void BoardCore::begin_check(const CheckRoundPtr& round, std::size_t index) {
  One& one = round->all[index];
  if (!may_begin(one)) return limit_wait(one);
  if (!still_stands(one)) {
    one.stage = Stage::over;
    return;
  }
  Job& job = *jobs[one.slot];
  if (job.side.check().hangs() || would_be_cut_off(one.slot)) {
    one.stage = Stage::over;
    one.fault = job.side.check().hangs()
                    ? "was not run, because the previous one was killed and has not ended"
                    : "was not run, because no process of its service lasted long enough";
    return;
  }
  one.until = kNever;
  one.stage = Stage::runs;
  one.of_main = world.record(one.slot).command.is_main();
  one.tail = std::make_shared<OutputTail>();
  job.check = std::make_unique<ServiceCheck>(ServiceCheck{round, index});
  ++checks_running_;
  job.side.check().order(job.process.pid());
  limit_check(job, *one.spec);
  make_due(job);
}

std::unique_ptr<ServiceCheck> BoardCore::take_check(Job& job) {
  if (job.check) --checks_running_;
  return std::move(job.check);
}

void BoardCore::limit_check(Job& job, const ServiceSpec& spec) {
  job.clock_seen = Clock::now();
  job.side.check().limit(after(Clock::now(), time_of(spec)));
}

void BoardCore::check_started(Job& job, const LaunchOrder& order) {
  SideCommand& side = job.side.check();
  if (side.late() || !job.check || is_cut_off(job)) return side.kill();
  limit_check(job, *order.spec);
  store(job.slot);
}

/// Whether the service has gone down, or on to another process, since the command was ordered. The
/// command was killed with the previous process, or will be.
bool BoardCore::is_cut_off(Job& job) {
  return would_be_cut_off(job.slot) || !stands(world, job.slot) ||
         job.process.pid() != job.side.check().main_pid();
}

void BoardCore::check_ended(Job& job, const ProcessEnd& end) {
  if (!job.check || job.side.check().late()) return;
  const bool killed = end.by_signal && end.value == SIGKILL;
  if (killed && is_cut_off(job)) return cut_off(job);
  check_over(job, end == ProcessEnd{} ? "" : end_text(end));
}

/// go_on_with_rounds() finds out whether the service still exists.
void BoardCore::cut_off(Job& job) {
  if (!job.check) return;
  One& one = job.check->one();
  if (one.of_main && ++one.cut_off > kMostCutOff)
    return check_over(job,
                      "was killed each time, because the service's process ended during the check");
  one.stage = Stage::waits;
  take_check(job);
}

void BoardCore::check_over(Job& job, const std::string& fault) {
  SideCommand& side = job.side.check();
  side.limit(side.gone() ? kNever : after(Clock::now(), kTimeToDie));
  const std::unique_ptr<ServiceCheck> check = take_check(job);
  if (!check) return;
  One& one = check->one();
  one.stage = Stage::over;
  one.fault = fault;
  if (fault.empty()) one.tail.reset();
  if (!fault.empty())
    say(LogLevel::warn, fmt::format("{}: check_exec: {}; it is not stopped", job.name, fault));
}

/// Ends the check without waiting for its process, which may hang where SIGKILL does not reach it.
void BoardCore::check_late(Job& job) {
  if (job.check)
    check_over(job, "took longer than " + duration_text(time_of(*job.check->one().spec).count()));
}

// --- requests ---

RequestResult<Restart> Board::begin_restart(std::string_view name) {
  const Change change(*this);
  const Slot slot = world.graph->find_loaded(name);
  if (slot == kNoSlot) return not_found(name);
  if (world.shutdown) return in_shutdown();
  auto restart = std::make_shared<RestartState>();
  restart->round = std::make_shared<CheckRound>();
  const bool was_up = world.record(slot).wish == Wish::up;
  // By name: a reload may remove the service meanwhile.
  restart->round->wanted = [name = std::string(name)](const World& now) {
    const Slot of = now.graph->find_loaded(name);
    if (of == kNoSlot || !stands(now, of)) return std::vector<One>();
    return checks_in(*now.graph, stopped_by_restart(now, *now.graph, of));
  };
  restart->round->then = [this, restart, name = std::string(name), was_up]()
                             REQUIRES(mutex) { restart->result = restart_checked(name, was_up); };
  begin_round(restart->round);
  return restart;
}

RequestResult<Board::Others> Board::restart_checked(const std::string& name, bool was_up) {
  const Slot slot = world.graph->find_loaded(name);
  if (slot != kNoSlot && was_up && world.record(slot).wish == Wish::down)
    return refused(Refusal::invalid_state,
                   fmt::format("{} was stopped during the check, so it is not started", name));
  return bring_up(name, request_restart);
}

std::optional<RequestResult<Board::Others>> Board::outcome(const Restart& restart) const {
  std::vector<One> failed;
  {
    MutexLock lock(mutex);
    const CheckRound& round = *restart->round;
    if (!round.over) return std::nullopt;
    if (round.given_up) return RequestResult<Others>(tl::unexpected(*round.given_up));
    if (!round.failed()) return restart->result;
    failed = failed_ones(round);
  }
  return RequestResult<Others>(tl::unexpected(failure_of(failed, kNothingStopped)));
}

std::optional<RequestResult<void>> Board::outcome(const ServiceReload& reload) const {
  std::vector<One> failed;
  {
    MutexLock lock(mutex);
    const CheckRound* const round = reload->check.get();
    if (round != nullptr && !round->over) return std::nullopt;
    if (round != nullptr && round->given_up)
      return RequestResult<void>(tl::unexpected(*round->given_up));
    if (round != nullptr) failed = failed_ones(*round);
    if (failed.empty()) {
      if (!reload->done) return std::nullopt;
      if (reload->refused) return RequestResult<void>(tl::unexpected(*reload->refused));
      if (reload->fault.empty()) return RequestResult<void>{};
      return RequestResult<void>(
          refused(Refusal::process_error, "its reload_exec failed: " + reload->fault));
    }
  }
  return RequestResult<void>(tl::unexpected(failure_of(failed, kNotReloaded)));
}

RequestFailure BoardCore::failure_of(const std::vector<One>& failed,
                                     std::string_view consequence) const {
  for (const One& one : failed) output_.take_in(one.slot);
  return check_failure(failed, consequence);
}

/// Waits for the checks of all services that restart when the graph changes as in `aside`.
/// @return  the services to refuse because of failed checks, and the reasons
RequestResult<FileFaults> BoardCore::check_files(PlanAside& aside) {
  const auto round = std::make_shared<CheckRound>();
  round->of_files = true;
  std::vector<Restarted> restarted;
  {
    const Change change(*this);
    if (world.shutdown) return in_shutdown();
    restarted = restarted_by(aside.plan(*this), world);
    for (const Restarted& each : restarted)
      for (const One& one : each.checks)
        if (std::ranges::none_of(round->all, [&](const One& own) { return is_same(own, one); }))
          round->all.push_back(one);
    if (round->all.empty()) return FileFaults();
    begin_round(round);
  }
  std::vector<One> failed;
  {
    MutexLock lock(mutex);
    while (!round->over) rounds_over_.wait(mutex);
    if (round->given_up) return tl::unexpected(*round->given_up);
    failed = failed_ones(*round);
  }
  for (const One& one : failed) output_.take_in(one.slot);
  FileFaults faults;
  for (const Restarted& each : restarted)
    if (auto of = faults_of(each, failed); !of.empty()) faults.emplace(each.name, std::move(of));
  return faults;
}

RequestResult<FileFaults> Board::check_reload(const std::vector<SpecPtr>& specs,
                                              const MaskedNames& masked) {
  PlanAside aside(*this, [&](const Graph&) { return Wanted{specs, masked}; });
  return check_files(aside);
}

std::vector<SpecPtr> with_faults(std::vector<SpecPtr> specs, const FileFaults& faults) {
  for (SpecPtr& spec : specs) {
    const auto found = faults.find(spec->name);
    if (found == faults.end() || spec->broken()) continue;
    auto wrong = std::make_shared<ServiceSpec>(*spec);
    wrong->findings.edit().errors = found->second;
    spec = std::move(wrong);
  }
  return specs;
}

void BoardCore::tell_check(Slot slot, WhyReport& report) const {
  for (const CheckRoundPtr& round : rounds_) {
    for (const One& one : round->all) {
      if (one.slot != slot || one.stage == Stage::over) continue;
      const std::string time = duration_text(time_of(*one.spec).count());
      return report.add(
          "check",
          one.stage == Stage::runs
              ? fmt::format("a restart or reload waits for its check_exec, which may take {}", time)
              : "a restart or reload waits for its check_exec, which has not begun yet");
    }
  }
}

}  // namespace zinit
