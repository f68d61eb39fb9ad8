// Follows final failures. See failures.hpp.
#include "init/failures.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "config/templates.hpp"
#include "model/predicates.hpp"

namespace zinit {

namespace {

/// It has failed, and what follows on that is not done. A service whose files are refused was never
/// loaded, so it has not failed at its work.
bool to_be_followed(const ServiceView& view) {
  const Record& record = view.record;
  return view.failed_for_good && !record.failure_handled &&
         record.reason.type != ReasonType::config_error;
}

/// Whether a start of `name` would go round in a circle: `origins` have failed on the way to it. An
/// instance of a template that has failed before would have a longer name each time.
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
    names_.clear();
    for (const Slot slot : graph_->order())
      if (graph_->spec(slot).acts_on_failure()) names_.push_back(graph_->name(slot));
  }
  for (const std::string& name : names_)
    if (const auto view = board_.view(name); view && to_be_followed(*view)) follow(*view);
}

/// The services that have failed before this one, of which each has started the next; this one
/// included. If it has run for its stability period in between, its failure is a new one.
std::set<std::string> FailureWatch::take_origins(const ServiceView& failed) {
  std::set<std::string> origins;
  const auto known = origins_.extract(failed.spec->name);
  const Lifecycle& lifecycle = failed.spec->lifecycle;
  const bool lasted = lifecycle.stability_period > Milliseconds{0} &&
                      stable(failed.record, lifecycle, failed.record.since);
  if (!known.empty() && !lasted) origins = known.mapped();
  origins.insert(failed.spec->name);
  return origins;
}

void FailureWatch::follow(const ServiceView& failed) {
  const std::string& failing = failed.spec->name;
  const std::set<std::string> origins = take_origins(failed);
  for (const std::string& name : on_failure_names(*failed.spec)) {
    if (goes_round(name, origins)) {
      log_warn("{}: on_failure: {} is not started: its own failure has led to this one", failing,
               name);
      continue;
    }
    origins_[name] = origins;
    if (const auto started = acts_.start(name); started)
      log_info("{}: failed for good: {} is started", failing, name);
    else
      log_error("{}: on_failure: {} is not started: {}", failing, name, started.error().text);
  }
  acts_.end(failed);
  board_.failure_handled(failing);
}

}  // namespace zinit
