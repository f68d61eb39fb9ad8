// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Critical services: when they count as ended, and the exit code.
#include "server/critical.hpp"

namespace zinit {

namespace {

// sh(1) uses this code for a command that it cannot find.
constexpr int kCannotExecute = 127;

int code_of_end(const ProcessEnd& end) {
  return end.by_signal ? exit_code_of_signal(end.value) : end.value;
}

}  // namespace

bool ended_for_good(const ServiceView& view) {
  if (view.failed_for_good) return true;
  const Record& record = view.record;
  return record.state == State::exited && record.wish == Wish::up && record.try_ == Try::none;
}

int exit_code_of(const Record& record) {
  switch (record.reason.type) {
    case ReasonType::none:
    case ReasonType::left_behind: break;
    case ReasonType::exit_code: return record.reason.number;
    case ReasonType::signal: return exit_code_of_signal(record.reason.number);
    case ReasonType::spawn_error: return kCannotExecute;
    case ReasonType::start_timeout:
    case ReasonType::stop_timeout:
    case ReasonType::health_check_failed:
    case ReasonType::watchdog_timeout:
      // The process may have exited with 0 after zinit killed it for its failure.
      return record.has_end && code_of_end(record.end) != 0 ? code_of_end(record.end) : 1;
    default: return 1;
  }
  return record.has_end ? code_of_end(record.end) : 0;
}

std::vector<ServiceView> CriticalWatch::look() {
  if (GraphPtr graph = board_.graph(); graph != graph_) {
    graph_ = std::move(graph);
    names_.clear();
    for (const Slot slot : graph_->order())
      if (graph_->spec(slot).critical) names_.push_back(graph_->name(slot));
  }
  std::vector<ServiceView> ended;
  for (const std::string& name : names_) {
    auto view = board_.view(name);
    if (!view || !ended_(*view))
      acted_on_.erase(name);
    else if (!acted_on_.contains(name))
      ended.push_back(std::move(*view));
  }
  return ended;
}

void CriticalWatch::acted_on(const ServiceView& view) { acted_on_.insert(view.spec->name); }

std::vector<std::string> CriticalWatch::down() const {
  std::vector<std::string> names;
  for (const std::string& name : acted_on_)
    if (const auto view = board_.view(name); view && ended_(*view)) names.push_back(name);
  return names;
}

}  // namespace zinit
