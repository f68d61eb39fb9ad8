// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Explains in words what holds a service back, with the chain to the service at fault.
#include "model/why.hpp"

#include <algorithm>
#include <span>

#include "base/format.hpp"
#include "base/lists.hpp"
#include "base/text.hpp"
#include "model/predicates.hpp"
#include "model/stop_words.hpp"

namespace zinit {

namespace {

std::string delay_words(const Record& record, const ServiceSpec& spec, TimePoint now) {
  return restart_text(ms_between(now, record.delay_until), cause_of_delay(record, spec));
}

/// Why there is no service with that name.
std::string absence_words(const World& world, std::string_view name) {
  const std::string* link = world.graph->masked_by(name);
  return link == nullptr ? "no service with that name exists" : "is masked by " + *link;
}

std::string_view absence_code(const World& world, std::string_view name) {
  return world.graph->masked_by(name) == nullptr ? "missing" : "masked";
}

/// The name to unmask so that the service exists; empty: nothing is masked.
std::string mask_of(const World& world, std::string_view name) {
  const bool masked = world.graph->masked_by(name) != nullptr;
  return masked ? std::string(world.graph->masked_as(name)) : std::string();
}

/// Whether its attempt to start is under way.
bool is_starting(const Record& record) {
  return record.state == State::starting ||
         (record.state == State::blocked && record.process == Process::launching);
}

/// The code for the text of state_words().
std::string_view state_code(const World& world, Slot slot) {
  const Record& record = world.record(slot);
  if (record.state == State::failed || record.reason.type == ReasonType::stopped_with)
    return reason_type_name(record.reason.type);
  if (respawns(record) && record.count > 1) return "re-spawn";
  const bool ended = record.state == State::inactive || record.state == State::exited;
  return ended && record.has_end && !record.by_itself && !record.skipped ? "stopped" : "";
}

/// For a service that nothing has started. `unasked`: the words if only a request starts it.
std::string unwanted_words(const ServiceSpec& spec, const char* unasked) {
  const std::string trigger = trigger_words(spec);
  return trigger.empty() ? unasked : "waits for " + trigger;
}

/// Why a service at rest is at rest.
std::string rest_words(const World& world, Slot slot) {
  const Record& record = world.record(slot);
  const ServiceSpec& spec = world.spec(slot);
  if (record.skipped) return reason_text(record.reason);
  if (record.by_itself && record.state == State::exited)
    return spec.oneshot ? "is done" : "exited by itself and is not restarted";
  if (record.wish == Wish::up) return "is about to start";
  if (record.reason.type == ReasonType::stopped_with) return "was " + reason_text(record.reason);
  if (record.has_end)
    return record.unneeded ? "was stopped because no running service needs it any more"
                           : "was stopped on request";
  if (spec.status == StartStatus::ignore)
    return fmt::format("has status \"ignore\": only `zinitctl start {}` starts it", spec.name);
  return unwanted_words(spec, "is not asked to run");
}

/// The state of a service in words, for the explanation of another service that waits for it.
std::string state_words(const World& world, Slot slot, TimePoint now) {
  const Record& record = world.record(slot);
  switch (record.state) {
    case State::inactive:
    case State::exited: return rest_words(world, slot);
    case State::blocked:
      if (record.process == Process::launching) return "is about to start";
      if (record.wish == Wish::down) return "is about to stop";
      if (record.delay_until > now) return delay_words(record, world.spec(slot), now);
      return "is itself blocked";
    case State::starting:
      return fmt::format("is {}, for {} so far",
                         world.spec(slot).oneshot ? "a oneshot under way" : "starting",
                         duration_text(ms_between(record.since, now)));
    case State::running:
      if (record.wish == Wish::down || record.stop_owed) return "is about to stop";
      if (!has_ended(world, slot)) return "is running";
      return record.command.post ? "has ended, and its post_exec runs" : "has ended";
    case State::stopping: return "is stopping";
    case State::failed: return "failed: " + reason_text(record.reason, world.spec(slot));
  }
  return {};
}

/// The readiness notification that a process still owes.
std::string readiness_words(const Readiness& readiness) {
  if (readiness.way.by == Notify::systemd) return "READY=1 from its process";
  if (readiness.way.by == Notify::newline)
    return fmt::format("a newline on descriptor {}", readiness.way.fd);
  return fmt::format("{} to name its process", readiness.pidfile);
}

/// What a process that is not ready has not shown yet; empty: nothing is awaited.
std::string missing_words(const Record& record, const ServiceSpec& spec) {
  std::string missing;
  if (!record.notified && spec.readiness->awaited()) missing = readiness_words(*spec.readiness);
  if (!record.healthy && spec.health->configured()) {
    if (!missing.empty()) missing += ", and for ";
    missing += "its health check to succeed";
  }
  return missing;
}

/// The limit that was not kept: ", 30.0 s", ", extended to 45.0 s"; empty: there is none.
std::string limit_words(const Reason& reason, const ServiceSpec& spec) {
  std::int64_t usual = 0;
  if (reason.type == ReasonType::start_timeout) usual = spec.lifecycle.start_timeout.count();
  if (reason.type == ReasonType::watchdog_timeout) usual = spec.readiness->watchdog.count();
  if (usual == 0) return {};
  const std::int64_t limit = reason.number > 0 ? reason.number : usual;
  return (limit > usual ? ", extended to " : ", ") + duration_text(limit);
}

/// The key with which another service's file adds an edge of that kind.
std::string_view key_of_added(std::string_view kind) {
  if (kind == "requires") return "required_by";
  if (kind == "binds_to") return "bound_by";
  return kind == "after" ? "before" : "wanted_by";
}

std::string file_words(const ServiceSpec& spec) {
  return spec.file.empty() ? "a service added at runtime" : spec.file;
}

class Explainer {
 public:
  Explainer(const World& world, Slot slot, TimePoint now) : world_(world), slot_(slot), now_(now) {
    report_.name = world.graph->name(slot);
    report_.state = world.record(slot).state;
  }

  WhyReport make() {
    const Record& record = world_.record(slot_);
    switch (record.state) {
      case State::inactive: explain_inactive(record); break;
      case State::blocked: explain_blocked(record); break;
      case State::starting: explain_starting(record); break;
      case State::stopping: explain_stopping(); break;
      case State::exited: explain_exited(record); break;
      case State::failed: explain_failed(record); break;
      case State::running: explain_running(record); break;
    }
    if (runs_again(record, world_.spec(slot_).lifecycle, now_))
      add("warning", fmt::format("was re-spawned {} times in a row (last: {}); see "
                                 "`zinitctl logs {}`",
                                 record.count, end_text(record.end, record.end_step), own_name()));
    // What is required and does not exist keeps a stopped service from starting again.
    if (record.wish == Wish::down && at_rest(record.state))
      for (const std::string& name : *world_.node(slot_).missing) add_missing(name);
    // With the wish down, a service becomes inactive only when its dependents are down.
    const bool stops = record.wish == Wish::down && in_the_way(world_, slot_);
    if (stops && record.state != State::stopping) explain_dependents();
    for (const Slot other : world_.node(slot_).wants) {
      const Record& theirs = world_.record(other);
      const bool ignored = world_.spec(other).status == StartStatus::ignore;
      if (record.wish == Wish::up && ignored && theirs.wish == Wish::down && at_rest(theirs.state))
        add("warning", fmt::format("wants {}, which {}", world_.graph->name(other),
                                   rest_words(world_, other)));
    }
    const SpecFindings& findings = *world_.spec(slot_).findings;
    for (const std::string& warning :
         std::span(findings.warnings).first(findings.warnings.size() - findings.refused_warnings))
      add("warning", warning);
    if (findings.refused_warnings > 0) {
      add("warning", fmt::format("its file has changed and is refused: {}",
                                 *(findings.warnings.end() -
                                   static_cast<std::ptrdiff_t>(findings.refused_warnings))));
    }
    for (const std::string& name : *world_.node(slot_).unknown) {
      const std::string* link = world_.graph->masked_by(name);
      add("warning", fmt::format("[dependencies] names {}, which {}: ignored", name,
                                 link == nullptr ? "does not exist" : "is masked by " + *link));
    }
    return std::move(report_);
  }

 private:
  const std::string& own_name() const { return report_.name; }

  void add(std::string kind, std::string detail) {
    report_.add(std::move(kind), std::move(detail), state_code(world_, slot_));
  }

  /// It is down because another service was stopped or started. Says how it comes back.
  void add_stopped_with(const Reason& reason) {
    const Slot other = world_.graph->find(reason.text);
    const State state = other == kNoSlot ? State::inactive : world_.record(other).state;
    const std::string detail =
        reason.number == 0
            ? fmt::format(
                  "was stopped, and {0} with it, because {0} requires it; start {0} again with "
                  "`zinitctl start {0}`",
                  own_name())
            : fmt::format(
                  "was started, and {0} was stopped because the two conflict; "
                  "`zinitctl start {0}` starts it again, and stops {1}",
                  own_name(), reason.text);
    report_.reasons.push_back({"stopped_with", reason.text, state, detail, reason.text, 0,
                               reason_type_name(reason.type)});
  }

  /// Reports faults of its file or of its place in the graph, which remain after a stop. Returns
  /// whether there are any.
  bool explain_config() {
    if (!world_.node(slot_).broken()) return false;
    for (const std::string& text : fault_of(world_, slot_).messages)
      add("config", with_advice(text));
    return true;
  }

  void explain_inactive(const Record& record) {
    if (explain_config()) return;
    if (record.skipped)
      return add("condition", fmt::format("{}; `zinitctl start {}` looks again",
                                          reason_text(record.reason), own_name()));
    if (world_.shutdown) return add("shutdown", "zinit is shutting down: nothing starts any more");
    if (record.reason.type == ReasonType::stopped_with) return add_stopped_with(record.reason);
    if (record.wish == Wish::up) return add("pending", "is about to start");
    const ServiceSpec& spec = world_.spec(slot_);
    add("wish", fmt::format("{}; start it with `zinitctl start {}`",
                            spec.status == StartStatus::ignore
                                ? "has status \"ignore\", so nothing starts it by itself"
                                : unwanted_words(spec, "not asked to run"),
                            own_name()));
  }

  void explain_exited(const Record& record) {
    if (world_.spec(slot_).oneshot && record.done) return explain_held(record);
    if (explain_config()) return;
    if (record.reason.type == ReasonType::stopped_with) return add_stopped_with(record.reason);
    if (record.reason.type == ReasonType::left_behind)
      return add("left_behind", fmt::format("{}; then `zinitctl start {}`",
                                            reason_text(record.reason), own_name()));
    const std::string how = record.has_end ? ", " + end_text(record.end, record.end_step) : "";
    add("wish", fmt::format("{}{}; start it with `zinitctl start {}`", rest_words(world_, slot_),
                            how, own_name()));
  }

  /// A done oneshot is all right. Reports what it holds, and which dependents its stop waits for.
  void explain_held(const Record& record) {
    if (record.stop_owed) explain_dependents();
    if (!holds(world_, slot_)) return;
    const bool command = !world_.spec(slot_).stop_exec->argv.empty();
    const bool processes = record.process == Process::held;
    add("holds", fmt::format("is done, and holds what it has {}: `zinitctl stop {}` {}",
                             processes && !command ? "left running" : "set up", own_name(),
                             command ? "runs its stop_exec" : "ends it"));
  }

  /// Reports which command of pre_exec, ready_exec or post_exec runs. Returns whether one runs.
  bool explain_step(const Record& record) {
    const ServiceSpec& spec = world_.spec(slot_);
    std::size_t begun = record.command.index + std::size_t{1};
    const auto told = [&](std::string_view key, std::size_t all, const std::string& more) {
      // The number of the command that runs, or of the next one.
      const auto number = std::min(begun, all);
      const std::string which = all > 1 ? fmt::format(", command {} of {}", number, all) : "";
      add(std::string(key), fmt::format("runs its {}{}{}", key, which, more));
      return true;
    };
    if (record.command.post && record.process != Process::none)
      return told("post_exec", spec.post_exec->size(), "; its process has ended");
    if (record.state != State::starting) return false;
    const auto since = duration_text(ms_between(record.since, now_));
    if (record.ready_runs) {
      begun = record.ready_begun;
      return told(step_name(CommandKind::ready_exec), spec.ready_exec->size(),
                  fmt::format("; it has been starting for {}", since));
    }
    if (record.command.kind() != CommandKind::pre_exec) return false;
    return told(step_name(CommandKind::pre_exec), spec.pre_exec->size(),
                fmt::format(", for {} so far", since));
  }

  void explain_running(const Record& record) {
    if (!explain_step(record)) explain_health(record);
    if (record.unheard) add("warning", std::string(kUnheardWords));
  }

  void explain_launch(const Record& record, const char* kind) {
    const auto left = ms_between(now_, record.deadline);
    add(kind, fmt::format("is {}: its program, directory or files are being read{}",
                          record.state == State::blocked ? "about to start" : "starting",
                          record.deadline == kNever
                              ? ""
                              : "; its start_timeout_ms is over " + countdown_text(left)));
  }

  void explain_starting(const Record& record) {
    if (explain_step(record)) return;
    if (record.process == Process::launching) return explain_launch(record, "starting");
    const auto since = duration_text(ms_between(record.since, now_));
    const ServiceSpec& spec = world_.spec(slot_);
    if (spec.oneshot) return add("starting", fmt::format("is a oneshot and has run for {}", since));
    std::string missing = missing_words(record, spec);
    if (!missing.empty()) missing = ": waits for " + missing;
    add("starting", fmt::format("not ready after {}{}", since, missing));
    explain_health(record);
  }

  /// Reports failed probes, if the last ones failed.
  void explain_health(const Record& record) {
    if (record.health_attempts == 0 || !world_.spec(slot_).health->configured()) return;
    add("health",
        fmt::format("{} failed in a row, the last: {}",
                    counted(record.health_attempts, "health check"), *record.health_error));
  }

  /// Reports what its last process had not shown when its start failed.
  void explain_last_start(const Record& record) {
    const ServiceSpec& spec = world_.spec(slot_);
    const ReasonType type = record.reason ? record.reason.type : reason_of_end(record.end).type;
    const Milliseconds least = spec.readiness->after;
    const bool ended = record.has_end && record.command.before_post == CommandKind::main &&
                       (type == ReasonType::exit_code || type == ReasonType::signal);
    if (ended && least > Milliseconds{0} && record.since < record.ready_from)
      add("readiness", fmt::format("its process ended within its after_ms, {}", least.count()));
    if (type != ReasonType::start_timeout || record.reason.step != CommandKind::main) return;
    if (spec.oneshot)
      return add("readiness", "it is a oneshot, and had not ended within its start_timeout_ms" +
                                  limit_words(record.reason, spec));
    if (const std::string missing = missing_words(record, spec); !missing.empty())
      add("readiness", "it was still waiting for " + missing);
    explain_health(record);
  }

  void explain_dependents() {
    const Node& node = world_.node(slot_);
    const bool respawns = stops_to_respawn(world_.record(slot_));
    const auto add_first = [&](Slot other, std::string_view relation) {
      if (!in_the_way(world_, other)) return;
      const std::string& name = world_.graph->name(other);
      report_.reasons.push_back({"stopping", name, world_.record(other).state,
                                 fmt::format("stops first, because it {} {}", relation, own_name()),
                                 name, 0});
    };
    for (const Slot above : node.required_by)
      if (const bool bound = world_.node(above).binds(slot_); bound || !respawns)
        add_first(above, bound ? "is bound to" : "requires");
    if (!world_.shutdown) return;
    for (const Slot later : node.ordered_before)
      if (!contains(node.required_by, later)) add_first(later, "comes after");
  }

  /// The end of the present stage of a stop: "; SIGKILL in 7.2 s".
  std::string deadline_words(const Record& record) const {
    if (record.stage == StopStage::killed) return ", after SIGKILL";
    if (record.stage == StopStage::none || record.deadline == kNever) return {};
    const bool own = world_.spec(slot_).lifecycle.stop_timeout <= world_.stop_limit;
    return fmt::format("; SIGKILL {}{}", countdown_text(ms_between(now_, record.deadline)),
                       own ? " (stop_timeout_ms)" : "");
  }

  void explain_stopping() {
    const Record& record = world_.record(slot_);
    explain_dependents();
    if (report_.reasons.empty() && !explain_step(record))
      add("stopping", "waiting for its processes to end" + deadline_words(record));
    if (const std::string cause = stop_words(world_, slot_); !cause.empty())
      add("cause", "stopping" + cause);
    if (record.cause == StopCause::late) explain_last_start(record);
    if (world_.shutdown) add("shutdown", "zinit is shutting down");
  }

  void explain_blocked(const Record& record) {
    if (world_.shutdown) add("shutdown", "zinit is shutting down: nothing starts any more");
    if (record.wish == Wish::down) return;
    if (record.delay_until > now_) {
      const bool now = countdown_text(ms_between(now_, record.delay_until)) == "now";
      const std::string remedy =
          now ? "" : fmt::format("; `zinitctl start {}` restarts it now", own_name());
      add("delay", delay_words(record, world_.spec(slot_), now_) + remedy);
      explain_last_start(record);
    }
    for (const Waiting& waiting : waiting_on(world_, slot_, now_)) add_chain(waiting);
    if (record.process == Process::launching) explain_launch(record, "pending");
    if (report_.reasons.empty()) add("pending", "is about to start");
  }

  void explain_failed(const Record& record) {
    const ReasonType type = record.reason.type;
    if (type == ReasonType::dependency_failed || type == ReasonType::missing_dependency)
      explain_lack();
    if (type == ReasonType::config_error) explain_config();
    // Without a reason it is being stopped, after its dependents.
    if (report_.reasons.empty() && record.reason)
      add("failed", cause_of_delay(record, world_.spec(slot_)) + gave_up_words(record) +
                        advice(record.reason));
    explain_last_start(record);
  }

  /// Reports every missing or failed dependency. The reason names only one of them.
  void explain_lack() {
    for (const Waiting& waiting : waiting_on(world_, slot_, now_)) {
      const bool lost =
          waiting.slot == kNoSlot || world_.record(waiting.slot).state == State::failed;
      if ((waiting.kind == "requires" || waiting.kind == "binds_to") && lost) add_chain(waiting);
    }
  }

  std::string advice(const Reason& reason) const {
    switch (reason.type) {
      case ReasonType::spawn_error:
        if (reason.number == 1) return "; it is started as soon as that is possible";
        return fmt::format("; correct its file and `zinitctl reload`, or `zinitctl start {}`",
                           own_name());
      case ReasonType::stop_timeout: return "; it is not started again until its process has ended";
      case ReasonType::port_in_use:
        return fmt::format("; free it, or correct `ports`, then `zinitctl start {}`", own_name());
      default:
        return fmt::format("; see `zinitctl logs {}`, then `zinitctl start {}`", own_name(),
                           own_name());
    }
  }

  void add_missing(const std::string& name) {
    const std::string mask = mask_of(world_, name);
    report_.reasons.push_back(
        {"missing", name, State::inactive,
         absence_words(world_, name) +
             (mask.empty() ? "; add that service, or remove it from `requires`"
                           : fmt::format("; `zinitctl unmask {}`, then `zinitctl reload`", mask)),
         name, 0, absence_code(world_, name), mask});
  }

  /// Adds a direct reason, and below it the chain down to the service at fault. If several things
  /// hold a service on the way back, the chain follows the first.
  void add_chain(const Waiting& first) {
    if (first.slot == kNoSlot) return add_missing(first.name);
    const std::size_t begin = report_.reasons.size();
    std::vector<Slot> seen{slot_};
    Waiting at = first;
    for (int depth = 0;; ++depth) {
      const bool known = at.slot != kNoSlot;
      report_.reasons.push_back({at.kind,
                                 at.name,
                                 known ? world_.record(at.slot).state : State::inactive,
                                 at.reason,
                                 {},
                                 depth,
                                 at.code,
                                 known ? std::string() : mask_of(world_, at.name)});
      if (!known || contains(seen, at.slot)) break;
      seen.push_back(at.slot);
      if (!next_link(at)) break;
    }
    const std::string root = report_.reasons.back().service;
    for (std::size_t i = begin; i < report_.reasons.size(); ++i)
      report_.reasons[i].root_cause = root;
  }

  /// Moves `at` to the next thing that holds it back; false: `at` itself is at fault.
  bool next_link(Waiting& at) const {
    const Record& record = world_.record(at.slot);
    if (record.state == State::blocked && record.delay_until <= now_) {
      const auto held_by_those = waiting_on(world_, at.slot, now_);
      if (held_by_those.empty()) return false;
      at = held_by_those.front();
      return true;
    }
    if (record.state != State::failed) return false;
    if (record.reason.type == ReasonType::missing_dependency) {
      const std::string& name = record.reason.text;
      at = {kNoSlot, name, "missing", absence_words(world_, name), absence_code(world_, name)};
      return true;
    }
    if (record.reason.type != ReasonType::dependency_failed) return false;
    const Slot other = world_.graph->find(record.reason.text);
    if (other == kNoSlot) return false;
    at = {other, record.reason.text, std::string(world_.node(at.slot).kind_of_required(other)),
          state_words(world_, other, now_), state_code(world_, other)};
    return true;
  }

  const World& world_;
  const Slot slot_;
  const TimePoint now_;
  WhyReport report_;
};

}  // namespace

std::vector<Waiting> waiting_on(const World& world, Slot slot, TimePoint now) {
  std::vector<Waiting> list;
  const Node& node = world.node(slot);
  const auto add = [&](Slot other, std::string_view kind) {
    std::string words = state_words(world, other, now);
    if (node.adds(other, kind))
      words += fmt::format(" ({}, in {})", key_of_added(kind), file_words(world.spec(other)));
    const bool comes = is_starting(world.record(other));
    list.push_back({other, world.graph->name(other), std::string(kind), std::move(words),
                    state_code(world, other),
                    !comes                      ? ""
                    : world.spec(other).oneshot ? "under_way"
                                                : "starting"});
  };
  for (const std::string& name : *node.missing) {
    list.push_back(
        {kNoSlot, name, "requires", absence_words(world, name), absence_code(world, name)});
  }
  for (const Slot required : node.requires_) {
    if (!satisfied(world, required) && !world.node(required).removed)
      add(required, node.kind_of_required(required));
  }
  for (const Slot earlier : node.after) {
    if (contains(node.requires_, earlier)) continue;
    if (first_try(world, earlier)) add(earlier, "after");
  }
  for (const Slot other : node.conflicts) {
    if (held_by(world, slot, other)) add(other, "conflicts");
  }
  for (const Slot above : node.required_by) {
    if (of_earlier_run(world, slot, above)) add(above, "required_by");
  }
  return list;
}

WhyReport why(const World& world, Slot slot, TimePoint now) {
  return Explainer(world, slot, now).make();
}

bool runs_again(const Record& record, const Lifecycle& lifecycle, TimePoint now) {
  const bool up = record.state == State::starting || record.state == State::running;
  return up && record.count > 1 && record.has_end && !stable(record, lifecycle, now);
}

Reason reason_of_state(const Record& record) {
  // A re-spawn is no failure, so the record keeps no reason for it.
  const bool after_end = record.state == State::blocked && respawns(record) && record.has_end;
  return after_end && !record.reason ? reason_of_end(record.end, record.end_step) : record.reason;
}

std::string reason_text(const Reason& reason, const ServiceSpec& spec) {
  return reason_text(reason) + limit_words(reason, spec);
}

std::string which_command(const Record& record, const ServiceSpec& spec) {
  const CommandKind step = record.reason ? record.reason.step : record.end_step;
  const bool pre = step == CommandKind::pre_exec;
  const std::size_t all = pre ? spec.pre_exec->size() : spec.ready_exec->size();
  const std::size_t number = pre ? record.command.index + std::size_t{1} : record.ready_begun;
  const bool known = pre ? !record.command.post : step == CommandKind::ready_exec;
  if (!known || all < 2 || number > all || record.reason.type == ReasonType::spawn_error) return {};
  return fmt::format(", command {} of {}", number, all);
}

std::string gave_up_words(const Record& record) {
  if (record.state != State::failed || !record.used_up) return {};
  return fmt::format("; gave up after {} (max_restarts)", counted(record.count, "restart"));
}

std::string cause_of_delay(const Record& record, const ServiceSpec& spec) {
  if (record.reason) return reason_text(record.reason, spec) + which_command(record, spec);
  return record.has_end ? end_text(record.end, record.end_step) + which_command(record, spec)
                        : std::string();
}

std::string_view summary(const World& world, Slot slot) {
  const Record& record = world.record(slot);
  switch (record.state) {
    case State::running: return "running";
    case State::failed: return "error";
    case State::stopping: return "stopping";
    case State::blocked:
    case State::starting:
      return respawns(record) && record.wish == Wish::up ? "re-spawn" : "waiting";
    case State::exited: {
      const ServiceSpec& spec = world.spec(slot);
      // How an adopted oneshot has ended is not known.
      const bool done =
          spec.oneshot && (record.has_end ? good_end(spec, record.end) : done_oneshot(world, slot));
      return done ? "ok" : "stopped";
    }
    case State::inactive: return "stopped";
  }
  return "stopped";
}

}  // namespace zinit
