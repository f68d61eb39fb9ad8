// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Handles final failures. See failures.hpp.
#include "server/failures.hpp"

#include <algorithm>

#include "base/format.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "config/templates.hpp"
#include "model/predicates.hpp"

namespace zinit {

namespace {

/// How long services that on_failure started may take before the action ends them.
constexpr Milliseconds kForOthers{30000};

/// Whether a start of `name` closes a circle: `origins` have failed on the way to it. An instance
/// of a template that has failed before would get a longer name each time.
bool goes_round(const std::string& name, const std::set<std::string>& origins) {
  if (origins.contains(name)) return true;
  const std::string_view own = template_of(name);
  return !own.empty() && std::ranges::any_of(origins, [&](const std::string& origin) {
    return template_of(origin) == own && name.ends_with('@' + origin);
  });
}

}  // namespace

void FailureWatch::look() {
  if (GraphPtr graph = board_.graph(); graph != graph_) {
    graph_ = std::move(graph);
    std::erase_if(origins_,
                  [&](const auto& one) { return graph_->find_loaded(one.first) == kNoSlot; });
  }
  const std::vector<ServiceView> failures = board_.final_failures();
  std::erase_if(followed_, [&](const auto& one) {
    return std::ranges::none_of(failures, [&](const ServiceView& failed) {
      return failed.spec->name == one.first && failed.record.failed_serial == one.second.serial;
    });
  });
  TimePoint next = kNever;
  bool changed = false;
  for (const ServiceView& failed : failures) {
    const auto [followed, is_new] = followed_.try_emplace(failed.spec->name);
    if (is_new)
      followed->second = {failed.record.failed_serial, start_others(failed),
                          after(Clock::now(), kForOthers)};
    changed |= is_new && !followed->second.started.empty();
    if (!may_act(followed->second)) {
      next = std::min(next, followed->second.until);
      continue;
    }
    followed_.erase(followed);
    act(failed);
    board_.failure_handled(failed);
  }
  over_.set_at(next);
  if (changed) acts_.keep();
}

std::vector<std::string> FailureWatch::waiting() const {
  std::vector<std::string> all;
  for (const auto& [name, one] : followed_) {
    std::string& text = all.emplace_back(
        fmt::format("{} {} {}", name, one.serial, one.until.time_since_epoch().count()));
    for (const std::string& other : one.started) text.append(" ").append(other);
  }
  return all;
}

void FailureWatch::go_on(const std::vector<std::string>& waiting) {
  for (const std::string& text : waiting) {
    const auto words = split(text, ' ');
    if (words.size() < 3) continue;
    const auto serial = parse_integer(words[1]), until = parse_integer(words[2]);
    if (!serial || !until) continue;
    followed_[std::string(words[0])] = {static_cast<std::uint64_t>(*serial),
                                        {words.begin() + 3, words.end()},
                                        TimePoint(TimePoint::duration(*until))};
  }
}

/// Whether all started services have come to rest, or run, or have used up their time.
bool FailureWatch::may_act(Followed& followed) const {
  std::erase_if(followed.started, [&](const std::string& name) {
    const auto view = board_.view(name);
    return !view || view->settled;
  });
  return followed.started.empty() || Clock::now() >= followed.until;
}

/// The chain of services that failed before this one, each of which started the next. It contains
/// this service if its own failure led to its start. The failure counts as new, with an empty
/// chain, if the service ran for its stability period in between, or is a oneshot that succeeded.
std::set<std::string> FailureWatch::take_origins(const ServiceView& failed) {
  std::set<std::string> origins;
  const auto known = origins_.extract(failed.spec->name);
  const Lifecycle& lifecycle = failed.spec->lifecycle;
  if (known.empty() || known.mapped().spec != failed.spec) return origins;
  const bool succeeded =
      failed.spec->oneshot && failed.record.ready_serial > known.mapped().ready_serial;
  const bool lasted = lifecycle.stability_period > Milliseconds{0} &&
                      stable(failed.record, lifecycle, failed.record.since);
  if (!lasted && !succeeded) origins = known.mapped().failed;
  return origins;
}

void FailureWatch::note_origins(const std::string& name, const std::set<std::string>& origins) {
  if (const auto view = board_.view(name))
    origins_[name] = {view->spec, origins, view->record.ready_serial};
}

/// @return  the services that the action must wait for
std::vector<std::string> FailureWatch::start_others(const ServiceView& failed) {
  const std::string& failing = failed.spec->name;
  std::set<std::string> origins = take_origins(failed);
  std::vector<std::string> started;
  if (!origins.insert(failing).second) {
    log_warn(
        "{}: on_failure starts nothing, because an earlier failure of this service led to this "
        "start",
        failing);
    return started;
  }
  for (const std::string& name : on_failure_names(*failed.spec)) {
    if (goes_round(name, origins)) {
      log_warn("{0}: on_failure does not start {1}, because a failure of {1} led to this failure",
               failing, name);
      continue;
    }
    const auto others = acts_.start(name);
    if (!others) {
      log_error("{}: on_failure cannot start {}: {}", failing, name, others.error().text);
      continue;
    }
    log_info("{}: failed for good; starting {}", failing, name);
    note_origins(name, origins);
    for (const std::string& other : others->started) note_origins(other, origins);
    if (failed.spec->lifecycle.on_failure_action != FailureAction::none) started.push_back(name);
  }
  return started;
}

/// Whether the chain of failures ends at a file at fault. A reboot would not change the file.
bool FailureWatch::is_of_files(ServiceView failed) const {
  while (failed.record.state == State::failed &&
         failed.record.reason.type == ReasonType::dependency_failed) {
    auto required = board_.view(failed.record.reason.text);
    if (!required) return false;
    failed = std::move(*required);
  }
  const ReasonType type = failed.record.reason.type;
  return type == ReasonType::config_error || type == ReasonType::missing_dependency;
}

void FailureWatch::act(const ServiceView& failed) {
  if (failed.spec->lifecycle.on_failure_action == FailureAction::none) return;
  if (is_of_files(failed))
    log_error("{}: on_failure_action is skipped: a file is wrong, so the service would fail again",
              failed.spec->name);
  else
    acts_.end(failed);
}

}  // namespace zinit
