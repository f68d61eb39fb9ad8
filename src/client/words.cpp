// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Texts about a status: see words.hpp.
#include "client/words.hpp"

#include <algorithm>

#include "base/format.hpp"
#include "base/text.hpp"
#include "config/diagnostic.hpp"
#include "model/reason.hpp"
#include "model/state.hpp"

namespace zinit {

namespace {

constexpr ReasonType kReasonTypes[] = {
    ReasonType::exit_code,           ReasonType::signal,
    ReasonType::start_timeout,       ReasonType::stop_timeout,
    ReasonType::health_check_failed, ReasonType::watchdog_timeout,
    ReasonType::dependency_failed,   ReasonType::missing_dependency,
    ReasonType::spawn_error,         ReasonType::port_in_use,
    ReasonType::config_error,        ReasonType::condition,
    ReasonType::stopped_with,        ReasonType::left_behind,
};

ReasonType type_from_name(std::string_view name) {
  for (const ReasonType type : kReasonTypes)
    if (reason_type_name(type) == name) return type;
  return ReasonType::none;
}

/// Makes a reason of the model, because the model has the words for it.
Reason model_reason(const StatusReason& reason) {
  Reason made;
  made.type = type_from_name(reason.type);
  made.step = step_of(reason.step);
  made.messages = reason.messages;
  switch (made.type) {
    case ReasonType::exit_code: made.number = reason.code; break;
    case ReasonType::signal:
      made.number = signal_number(reason.signal);
      made.text = reason.detail;
      break;
    case ReasonType::health_check_failed: made.number = reason.attempts; break;
    case ReasonType::dependency_failed: made.text = reason.service; break;
    case ReasonType::missing_dependency:
      made.text = reason.dependency;
      if (!reason.masked_by.empty()) made.messages = {reason.masked_by};
      break;
    case ReasonType::spawn_error: made.text = reason.message; break;
    case ReasonType::port_in_use:
      made.number = reason.port;
      made.text = reason.holder;
      break;
    case ReasonType::condition: made.text = reason.which; break;
    case ReasonType::stopped_with:
      made.text = reason.dependency;
      made.number = reason.conflict ? 1 : 0;
      break;
    default: break;
  }
  return made;
}

/// "waiting for db to start", "waiting for migrate to finish", "waiting for db, which is stopping",
/// "conflicts with db, which ...".
std::string waiting_words(const WaitingFor& waiting) {
  const std::string_view how = waiting.kind == "conflicts" ? "conflicts with" : "waiting for";
  const bool finishes = waiting.code == "under_way";
  if (waiting.kind != "conflicts" && (finishes || waiting.code == "starting"))
    return fmt::format("{} {} to {}", how, waiting.service, finishes ? "finish" : "start");
  const bool absent = waiting.code == "missing";
  return fmt::format("{} {}, {} {}", how, waiting.service, absent ? "but" : "which",
                     waiting.reason);
}

std::string blocked_cause(const ServiceStatus& status) {
  std::vector<std::string> causes;
  if (status.restart_in_ms) {
    const std::string last = status.reason      ? reason_words(*status.reason)
                             : status.last_exit ? exit_words(*status.last_exit)
                                                : "";
    causes.push_back(restart_text(*status.restart_in_ms, last));
  }
  for (const WaitingFor& waiting : status.waiting_on) causes.push_back(waiting_words(waiting));
  if (!causes.empty()) return printable(join(causes, "; "));
  if (status.wish == "down") return "its dependents stop first";
  const bool asks = std::ranges::any_of(status.conditions, &ConditionStatus::under_way);
  return std::string(asks ? "the command of its condition runs" : kAboutToStart);
}

/// The first fault of a file. File and line are left out: they are too long for a column.
std::string config_fault(const StatusReason& reason) {
  const std::string first = reason.messages.empty() ? reason.type : reason.messages.front();
  constexpr std::string_view mark = ": error: ";
  const auto at = first.find(mark);
  return printable("config error: " +
                   (at == std::string::npos ? first : first.substr(at + mark.size())));
}

}  // namespace

std::string reason_words(const StatusReason& reason) {
  const Reason made = model_reason(reason);
  // A newer server may have reasons that this client does not know.
  return printable(made ? reason_text(made) : reason.type);
}

std::string exit_words(const ProcessExit& end) {
  const std::string whose = end.step.empty() ? "" : end.step + ": ";
  std::string how = end.code ? fmt::format("exit code {}", *end.code) : end.signal;
  if (!end.detail.empty())
    how = fmt::format("{} ({})", end.detail, how);
  else if (!end.code)
    how = "killed by " + how;
  return printable(whose + how + (end.core ? ", core dumped" : ""));
}

std::string state_cause(const ServiceStatus& status) {
  if (status.state == "blocked") return blocked_cause(status);
  if (runs_post_exec(status)) return "has ended; its post_exec runs";
  if (status.reason) return reason_words(*status.reason);
  return {};
}

std::string cause_or_start(const ServiceStatus& status) {
  std::string cause = state_cause(status);
  const bool faulty = status.reason && status.reason->type == "config_error";
  if (faulty || !is_at_rest(status)) return cause;
  if (cause.empty() && !status.starts_on.empty())
    return printable("starts on a connection to " + join(status.starts_on, ", "));
  if (!status.next_start_us) return cause;
  return fmt::format("{}{}starts at {}", cause, cause.empty() ? "" : "; ",
                     date_time(*status.next_start_us));
}

const std::string& changed_file(const ServiceStatus& status) {
  return status.changed_file.empty() ? status.file : status.changed_file;
}

bool is_disabled(const ServiceStatus& status) {
  const bool rests = status.state == "inactive" || shown_state(status) == "stopped";
  return rests && status.status != "start" && status.starts_on.empty() && !status.next_start_us;
}

std::string_view shown_state(const ServiceStatus& status) {
  if (status.state != "exited") return status.state;
  if (status.oneshot && status.summary == "ok") return "done";
  return status.wish == "down" ? "stopped" : "exited";
}

std::string state_phrase(std::string_view state) {
  const bool verb = state == "exited" || state == "failed" || state == "stopped";
  return printable(fmt::format("{}{}", verb ? "" : "is ", state));
}

std::string state_phrase(const ServiceStatus& status) { return state_phrase(shown_state(status)); }

std::string fault_words(const ServiceStatus& status) {
  std::string cause = state_cause(status);
  if (cause.empty() && status.last_exit) cause = exit_words(*status.last_exit);
  return fmt::format("{}{}{}; see `zinitctl why {}`", state_phrase(status),
                     cause.empty() ? "" : ": ", cause, printable(status.name));
}

std::string cause_or_description(const ServiceStatus& status) {
  if (status.reason && status.reason->type == "config_error") return config_fault(*status.reason);
  std::string cause = cause_or_start(status);
  return cause.empty() ? printable(status.description) : cause;
}

std::string short_duration(std::int64_t ms) {
  const std::int64_t seconds = ms / 1000, minutes = seconds / 60, hours = minutes / 60,
                     days = hours / 24;
  if (minutes == 0) return fmt::format("{}s", seconds);
  if (hours == 0) return fmt::format("{}m{:02}s", minutes, seconds % 60);
  if (days == 0) return fmt::format("{}h{:02}m", hours, minutes % 60);
  return fmt::format("{}d{:02}h", days, hours % 24);
}

std::string bytes_text(std::uint64_t bytes) {
  constexpr const char* units[] = {"KiB", "MiB", "GiB", "TiB", "PiB"};
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < std::size(units)) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{:.1f} {}", value, units[unit]);
}

std::string time_of_day(std::int64_t time_us) {
  const std::tm time = local_time(time_us);
  return fmt::format("{:02}:{:02}:{:02}.{:03}", time.tm_hour, time.tm_min, time.tm_sec,
                     time_us / 1000 % 1000);
}

Colour state_colour(std::string_view state) {
  switch (state_from_name(state).value_or(State::inactive)) {
    case State::inactive: return Colour::dim;
    case State::blocked: return Colour::yellow;
    case State::starting:
    case State::stopping: return Colour::cyan;
    case State::running: return Colour::green;
    case State::exited: return Colour::none;
    case State::failed: return Colour::red;
  }
  return Colour::none;
}

std::string_view symbol_of(std::string_view state) {
  const auto known = state_from_name(state);
  return known ? state_symbol(*known) : "[ ]";
}

std::string warning_words(const std::string& warning) {
  return printable(without_warning(warning));
}

std::string without_name(std::string text, const std::string& name) {
  if (text.starts_with(name + ": ")) text.erase(0, name.size() + 2);
  return text;
}

bool is_skipped(const ServiceStatus& status) {
  return status.state == "inactive" && status.reason && status.reason->type == "condition";
}

bool runs_post_exec(const ServiceStatus& status) {
  return status.state == "running" && status.pid && !status.main_pid;
}

bool counts_as_running(const ServiceStatus& status) {
  return (status.state == "running" && !runs_post_exec(status)) ||
         (status.oneshot && status.summary == "ok");
}

bool is_at_rest(const ServiceStatus& status) { return is_down(status) || status.state == "failed"; }

bool is_up(const ServiceStatus& status) { return !is_at_rest(status) && status.state != "blocked"; }

bool is_started(const ServiceStatus& status) {
  return counts_as_running(status) || is_skipped(status);
}

bool is_down(const ServiceStatus& status) {
  return status.state == "inactive" || status.state == "exited";
}

}  // namespace zinit
