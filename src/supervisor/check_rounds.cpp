// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Rounds of checks: when their commands begin, end and are given up. See check_round.hpp.
#include "supervisor/check_rounds.hpp"

#include <algorithm>
#include <csignal>

#include "supervisor/core.hpp"

namespace zinit {

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

RequestFailure executed_anew() {
  return {Refusal::invalid_state, "zinit is re-executing itself, so nothing was done; try again"};
}

/// Adds the checks that `round` does not have yet.
void add_missing(CheckRound& round, const World& world) {
  if (!round.wanted) return;
  for (One& one : round.wanted(world)) {
    const auto same = [&](const One& other) { return one.same_as(other); };
    if (std::ranges::none_of(round.all, same)) round.all.push_back(std::move(one));
  }
}

bool all_over(const CheckRound& round) {
  return std::ranges::all_of(round.all, [](const One& one) { return one.stage == Stage::over; });
}

}  // namespace

void CheckRounds::begin(const CheckRoundPtr& round) {
  add_missing(*round, core_.world);
  for (One& one : round->all) one.stage = Stage::waits;
  if (core_.world.shutdown)
    give_up(*round, in_shutdown().value());
  else if (held_ && round->of_files)
    give_up(*round, executed_anew());
  else if (rounds_.size() >= CheckRound::kMost)
    give_up(*round, {Refusal::invalid_state,
                     fmt::format("{} requests already wait for check_exec; try again later",
                                 rounds_.size())});
  else
    rounds_.push_back(round);
  go_on();
}

void CheckRounds::give_up(CheckRound& round, RequestFailure why) {
  round.given_up = std::move(why);
  end(round);
}

void CheckRounds::end(CheckRound& round) {
  round.end();
  over_.notify_all();
  core_.changes.changed();
}

void CheckRounds::await(const CheckRound& round) {
  while (!round.over) over_.wait(core_.mutex());
}

void CheckRounds::give_up_all(const RequestFailure& why) {
  for (const CheckRoundPtr& round : std::exchange(rounds_, {})) give_up(*round, why);
  for (const auto& job : core_.jobs)
    if (job && take(*job)) core_.sides.end(*job, job->side.check());
}

void CheckRounds::hold(bool hold) {
  held_ = hold;
  if (!hold) return;
  for (std::size_t i = 0; i < rounds_.size();) {
    if (!rounds_[i]->of_files) {
      ++i;
      continue;
    }
    give_up(*rounds_[i], executed_anew());
    rounds_.erase(rounds_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  for (const auto& job : core_.jobs) {
    const auto check = job ? take(*job) : nullptr;
    if (!check) continue;
    check->one().stage = Stage::waits;
    core_.sides.end(*job, job->side.check());
  }
}

void CheckRounds::go_on() {
  // The end of one round may begin others, or remove services that others wait for.
  for (std::size_t i = 0; i < rounds_.size();) {
    const CheckRoundPtr round = rounds_[i];
    for (std::size_t index = 0; index < round->all.size(); ++index)
      if (round->all[index].stage == Stage::waits) begin_check(round, index);
    if (all_over(*round) && !round->failed()) add_missing(*round, core_.world);
    if (!all_over(*round)) {
      const bool added = std::ranges::any_of(round->all, [&](const One& one) REQUIRES(board_lock) {
        return one.stage == Stage::waits && may_begin(one);
      });
      if (!added) ++i;
      continue;
    }
    rounds_.erase(rounds_.begin() + static_cast<std::ptrdiff_t>(i));
    if (!round->failed() && round->then) round->then();
    end(*round);
    i = 0;
  }
}

/// Whether the service still exists and has something to stop.
bool CheckRounds::still_stands(const One& one) const {
  return core_.world.graph->used(one.slot) && core_.jobs[one.slot] &&
         core_.jobs[one.slot]->name == one.spec->name && stands(core_.world, one.slot);
}

bool CheckRounds::may_begin(const One& one) {
  if (!still_stands(one)) return true;  // begin_check() then ends it
  if (held_ || running_ >= CheckRound::kMostAtOnce) return false;
  Job& job = *core_.jobs[one.slot];
  job.forget_gone();
  if (job.side.check().hangs()) return true;  // begin_check() then refuses it
  if (job.check || !job.side.check().gone()) return false;
  return !would_be_cut_off(one.slot) || Clock::now() >= one.until;
}

/// Sets a time limit for a check that waits for a process of its service.
void CheckRounds::limit_wait(One& one) {
  if (!still_stands(one) || !would_be_cut_off(one.slot)) return;
  Job& job = *core_.jobs[one.slot];
  SideCommand& side = job.side.check();
  if (job.check || !side.gone()) return;
  if (one.until == kNever) one.until = after(Clock::now(), time_of(*one.spec));
  if (side.deadline() <= one.until) return;
  job.begin_limit(side, one.until);
  core_.make_due(job);
}

/// Whether the service is going down, or on to its next process: a command begun now would be
/// killed with the rest of the previous process.
bool CheckRounds::would_be_cut_off(Slot slot) const {
  const Process process = core_.world.record(slot).process;
  return core_.world.spec(slot).has_process() && process != Process::alive &&
         process != Process::held;
}

void CheckRounds::begin_check(const CheckRoundPtr& round, std::size_t index) {
  One& one = round->all[index];
  if (!may_begin(one)) return limit_wait(one);
  if (!still_stands(one)) {
    one.stage = Stage::over;
    return;
  }
  Job& job = *core_.jobs[one.slot];
  if (job.side.check().hangs() || would_be_cut_off(one.slot)) {
    one.stage = Stage::over;
    one.fault = job.side.check().hangs()
                    ? "was not run, because the previous one was killed and has not ended"
                    : "was not run, because no process of its service lasted long enough";
    return;
  }
  one.until = kNever;
  one.stage = Stage::runs;
  one.of_main = core_.world.record(one.slot).command.is_main();
  one.tail = std::make_shared<OutputTail>();
  job.check = std::make_unique<ServiceCheck>(ServiceCheck{round, index});
  ++running_;
  job.side.check().order(job.process.pid());
  job.begin_limit(job.side.check(), time_of(*one.spec));
  core_.make_due(job);
}

std::unique_ptr<ServiceCheck> CheckRounds::take(Job& job) {
  if (job.check) --running_;
  return std::move(job.check);
}

void CheckRounds::started(Job& job, const LaunchOrder& order) {
  SideCommand& side = job.side.check();
  if (side.late() || !job.check || is_cut_off(job)) return side.kill();
  job.begin_limit(side, time_of(*order.spec));
  core_.store(job.slot);
}

bool CheckRounds::is_cut_off(Job& job) const {
  return would_be_cut_off(job.slot) || !stands(core_.world, job.slot) ||
         job.process.pid() != job.side.check().main_pid();
}

void CheckRounds::ended(Job& job, const ProcessEnd& end) {
  if (!job.check || job.side.check().late()) return;
  const bool killed = end.by_signal && end.value == SIGKILL;
  if (killed && is_cut_off(job)) return cut_off(job);
  over(job, end == ProcessEnd{} ? "" : end_text(end));
}

/// go_on() finds out whether the service still exists.
void CheckRounds::cut_off(Job& job) {
  if (!job.check) return;
  One& one = job.check->one();
  if (one.of_main && ++one.cut_off > kMostCutOff)
    return over(job, "was killed each time, because the service's process ended during the check");
  one.stage = Stage::waits;
  take(job);
}

void CheckRounds::over(Job& job, const std::string& fault) {
  SideCommand& side = job.side.check();
  side.limit(side.gone() ? kNever : after(Clock::now(), kTimeToDie));
  const std::unique_ptr<ServiceCheck> check = take(job);
  if (!check) return;
  One& one = check->one();
  one.stage = Stage::over;
  one.fault = fault;
  if (fault.empty()) one.tail.reset();
  if (!fault.empty())
    core_.say(LogLevel::warn,
              fmt::format("{}: check_exec: {}; it is not stopped", job.name, fault));
}

void CheckRounds::late(Job& job) {
  if (job.check)
    over(job, "took longer than " + duration_text(time_of(*job.check->one().spec).count()));
}

void CheckRounds::tell(Slot slot, WhyReport& report) const {
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
