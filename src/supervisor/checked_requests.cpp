// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Requests that stop nothing before a round of checks has passed (check_round.hpp): restarts,
// reloads of services, and changes of files.
#include <algorithm>

#include "model/predicates.hpp"
#include "supervisor/board.hpp"
#include "supervisor/plan_aside.hpp"

namespace zinit {

/// A restart that may wait for a round; see Board::begin_restart().
struct RestartState {
  CheckRoundPtr round;
  RequestResult<Board::Others> result{};  // set once the round is over, unless it failed
};

namespace {

using One = CheckRound::One;

constexpr std::string_view kNothingStopped = "nothing was stopped";
constexpr std::string_view kNotReloaded = "it was not reloaded";

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
    if (std::ranges::none_of(restarted.checks, [&](const One& own) { return own.same_as(one); }))
      continue;
    return {fmt::format(
        "{0}: error: service: its restart would also restart {1}, and the check_exec of {1} {2}",
        check_place(*restarted.spec), one.spec->name, one.fault)};
  }
  return {};
}

}  // namespace

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
  restart->round->then = [this, restart, name = std::string(name), was_up]() REQUIRES(board_lock) {
    restart->result = restart_checked(name, was_up);
  };
  rounds.begin(restart->round);
  return restart;
}

RequestResult<Board::Others> Board::restart_checked(const std::string& name, bool was_up) {
  const Slot slot = world.graph->find_loaded(name);
  if (slot != kNoSlot && was_up && world.record(slot).wish == Wish::down)
    return refused(Refusal::invalid_state,
                   fmt::format("{} was stopped during the check, so it is not started", name));
  return bring_up(name, request_restart);
}

/// Why the service cannot reload itself now.
std::optional<RequestFailure> Board::reload_fault(Slot slot) {
  Job& job = *jobs[slot];
  const ServiceSpec& spec = world.spec(slot);
  const Record& record = world.record(slot);
  if (spec.reload_exec->argv.empty() && spec.reload_signal == 0) {
    return RequestFailure{Refusal::not_supported,
                          fmt::format("{} has neither reload_exec nor reload_signal", spec.name)};
  }
  const bool runs =
      record.state == State::running && !record.command.post && job.process.pid() != 0;
  if (!runs && !(holds(world, slot) && !spec.reload_exec->argv.empty())) {
    const bool comes = record.state == State::blocked || record.state == State::starting;
    const std::string how = record.state == State::running
                                ? "has no main process at present"
                                : fmt::format("is {}", state_name(record.state));
    const std::string remedy =
        spec.oneshot ? ""
                     : fmt::format("; `zinitctl {} {}` {}", comes ? "wait" : "start", spec.name,
                                   comes ? "waits until it runs" : "starts it");
    return RequestFailure{
        Refusal::not_running,
        fmt::format("{} {}: only a running service reloads{}", spec.name, how, remedy)};
  }
  job.forget_gone();
  if (job.side.reload().gone()) return std::nullopt;
  return RequestFailure{
      Refusal::invalid_state,
      fmt::format("{} is being reloaded, or its previous reload_exec has not ended", spec.name)};
}

RequestResult<ServiceReload> Board::reload_service(std::string_view name, bool dry_run,
                                                   bool check) {
  const Change change(*this);
  const Slot slot = world.graph->find_loaded(name);
  if (slot == kNoSlot) return not_found(name);
  if (world.shutdown) return in_shutdown();
  if (auto fault = reload_fault(slot)) return tl::unexpected(*std::move(fault));
  auto reload = std::make_shared<ServiceReloadState>();
  reload->done = dry_run;
  if (dry_run) return reload;
  std::vector<CheckRound::One> checks;
  if (check) checks = checks_in(*world.graph, {slot});
  if (checks.empty()) {
    if (auto fault = begin_reload(slot, reload)) return tl::unexpected(*std::move(fault));
    return reload;
  }
  reload->check = std::make_shared<CheckRound>();
  reload->check->all = std::move(checks);
  // By name: another service may have the slot by then.
  reload->check->then = [this, reload, name = std::string(name)]()
                            REQUIRES(board_lock) { reload_checked(name, reload); };
  rounds.begin(reload->check);
  return reload;
}

void Board::reload_checked(const std::string& name, const ServiceReload& reload) {
  const Slot slot = world.graph->find_loaded(name);
  std::optional<RequestFailure> fault =
      slot == kNoSlot ? not_found(name).value() : reload_fault(slot);
  if (!fault) fault = begin_reload(slot, reload);
  if (!fault) return;
  reload->done = true;
  reload->refused = std::make_shared<RequestFailure>(*std::move(fault));
}

std::optional<RequestFailure> Board::begin_reload(Slot slot, const ServiceReload& reload) {
  Job& job = *jobs[slot];
  const ServiceSpec& spec = world.spec(slot);
  if (!spec.reload_exec->argv.empty()) {
    job.reload = reload;
    sides.order_reload(job);
    store(slot);
    make_due(job);
    return std::nullopt;
  }
  if (const auto sent = job.process.signal_main(spec.reload_signal); !sent)
    return RequestFailure{Refusal::process_error, sent.error().text};
  reload->done = true;
  say(LogLevel::info,
      fmt::format("{}: reloaded by {}", spec.name, signal_name(spec.reload_signal)));
  return std::nullopt;
}

std::optional<RequestResult<Board::Others>> Board::outcome(const Restart& restart) const {
  std::vector<One> failed;
  {
    MutexLock lock(mutex());
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
    MutexLock lock(mutex());
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

RequestFailure Board::failure_of(const std::vector<One>& failed,
                                 std::string_view consequence) const {
  for (const One& one : failed) output.take_in(one.slot);
  return check_failure(failed, consequence);
}

/// Waits for the checks of all services that restart when the graph changes as in `aside`.
/// @return  the services to refuse because of failed checks, and the reasons
RequestResult<FileFaults> Board::check_files(PlanAside& aside) {
  const auto round = std::make_shared<CheckRound>();
  round->of_files = true;
  std::vector<Restarted> restarted;
  {
    const Change change(*this);
    if (world.shutdown) return in_shutdown();
    restarted = restarted_by(aside.plan(*this), world);
    for (const Restarted& each : restarted)
      for (const One& one : each.checks)
        if (std::ranges::none_of(round->all, [&](const One& own) { return own.same_as(one); }))
          round->all.push_back(one);
    if (round->all.empty()) return FileFaults();
    rounds.begin(round);
  }
  std::vector<One> failed;
  {
    MutexLock lock(mutex());
    rounds.await(*round);
    if (round->given_up) return tl::unexpected(*round->given_up);
    failed = failed_ones(*round);
  }
  for (const One& one : failed) output.take_in(one.slot);
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

}  // namespace zinit
