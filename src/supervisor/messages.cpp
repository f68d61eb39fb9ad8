// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Texts of the log: `SERVICE: what happened, numbers with units; what comes next`.
#include "supervisor/messages.hpp"

#include "model/predicates.hpp"
#include "model/stop_words.hpp"
#include "model/why.hpp"

namespace zinit {

namespace {

std::string end_words(const TransitionFacts& facts) {
  const Record& record = facts.world.record(facts.slot);
  // A pre_exec that ended with success is no end to report.
  if (!record.has_end || facts.started == TimePoint{} || record.command.passed) return {};
  // After a stop, a bare length of time would read like that of the stop.
  return fmt::format("{} after {}{}{}{}{}", end_text(record.end, record.command.before_post),
                     facts.from == State::stopping ? "running for " : "",
                     duration_text(ms_between(facts.started, facts.ended)),
                     which_command(record, facts.world.spec(facts.slot)),
                     facts.killer.empty() ? "" : ", ", facts.killer);
}

std::string blocked_line(const TransitionFacts& facts) {
  const Record& record = facts.world.record(facts.slot);
  if (respawns(record) && record.delay_until != TimePoint{}) {
    const auto delay = duration_text(ms_between(record.since, record.delay_until));
    const std::string end = end_words(facts);
    return fmt::format("{}{}restart in {}, attempt {}", end, end.empty() ? "" : "; ", delay,
                       record.count + 1);
  }
  const auto waiting = waiting_on(facts.world, facts.slot, facts.now);
  if (waiting.empty()) return "blocked";
  std::string line =
      fmt::format("blocked, waits for {} ({})", waiting.front().name, waiting.front().reason);
  if (waiting.size() > 1) line += fmt::format(" and {} more", waiting.size() - 1);
  return line;
}

std::string starting_line(const TransitionFacts& facts) {
  if (facts.pid == 0) return "starting";
  const Record& record = facts.world.record(facts.slot);
  std::string line = fmt::format("starting, pid {}", facts.pid);
  if (record.command.kind() == CommandKind::pre_exec) line += " of its pre_exec";
  if (record.count > 0) line += fmt::format(", attempt {}", record.count + 1);
  return line;
}

std::string failed_line(const TransitionFacts& facts) {
  const Record& record = facts.world.record(facts.slot);
  const ServiceSpec& spec = facts.world.spec(facts.slot);
  const std::string text = "failed: " + reason_text(record.reason, spec);
  const std::string limit = gave_up_words(record);
  const std::string last = limit.empty() ? "; not started again" : limit;
  // The main process was stopped because of this failure; its end is no news.
  if (record.reason.step == CommandKind::ready_exec) return text + last;
  switch (record.reason.type) {
    case ReasonType::spawn_error:
      return text + (record.reason.number == 1 ? "; started as soon as that is possible"
                                               : "; not retried");
    case ReasonType::exit_code:
    case ReasonType::signal: return fmt::format("failed: {}{}", end_words(facts), last);
    default: return text + limit;
  }
}

/// A done oneshot has given up what it held.
bool gave_up(const TransitionFacts& facts) {
  return facts.from == State::stopping && facts.to == State::inactive &&
         facts.world.spec(facts.slot).has_process();
}

std::string words(const TransitionFacts& facts) {
  switch (facts.to) {
    case State::inactive: {
      const Record& record = facts.world.record(facts.slot);
      if (gave_up(facts)) return "stopped";
      return record.skipped ? "not started: " + reason_text(record.reason) : "inactive";
    }
    case State::blocked: return blocked_line(facts);
    case State::starting: return starting_line(facts);
    case State::running:
      return facts.pid == 0 ? "running" : fmt::format("running, pid {}", facts.pid);
    case State::stopping: return "stopping" + stop_words(facts.world, facts.slot);
    case State::exited:
      if (facts.from != State::stopping) return end_words(facts);
      return end_words(facts).empty() ? "stopped" : "stopped, " + end_words(facts);
    case State::failed: return failed_line(facts);
  }
  return {};
}

/// Whether the process was the lone command that zinit runs in place of tini. Its exit code becomes
/// zinit's and says everything about its end.
bool said_by_exit_code(const TransitionFacts& facts) {
  const World& world = facts.world;
  const ReasonType type = world.record(facts.slot).reason.type;
  return world.graph->spec(facts.slot).inherit_streams && world.graph->order().size() == 1 &&
         (type == ReasonType::exit_code || type == ReasonType::signal);
}

}  // namespace

LogLevel transition_level(const TransitionFacts& facts) {
  if (facts.to == State::failed && said_by_exit_code(facts)) return LogLevel::info;
  if (facts.to == State::failed) return LogLevel::error;
  if (facts.to == State::blocked) {
    const Record& record = facts.world.record(facts.slot);
    return record.count > 0 ? LogLevel::warn : LogLevel::debug;
  }
  const bool skipped = facts.world.record(facts.slot).skipped;
  // The command of a container: nothing else says why the container does nothing.
  if (facts.to == State::inactive && skipped && facts.world.spec(facts.slot).inherit_streams)
    return LogLevel::warn;
  const bool tells = skipped || gave_up(facts);
  if (facts.to == State::inactive && tells) return LogLevel::info;
  // The log already shows why a service without a process becomes inactive.
  return facts.to == State::inactive ? LogLevel::debug : LogLevel::info;
}

std::string transition_line(const TransitionFacts& facts) {
  return fmt::format("{}: {}", facts.world.graph->name(facts.slot), words(facts));
}

}  // namespace zinit
