// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Adds, replaces and removes single services, in the board and on disk.
#include "server/service_changes.hpp"

#include <algorithm>
#include <iterator>
#include <memory>
#include <unordered_set>

#include "base/file.hpp"
#include "base/kill_point.hpp"
#include "base/lists.hpp"
#include "base/log.hpp"
#include "io/loop.hpp"
namespace zinit {

namespace {

// The most removals that wait for services to stop. Waiting clients alone cannot reach this.
constexpr std::size_t kMostStopping = 16384;

tl::unexpected<RequestFailure> failed(const Error& error) {
  return tl::unexpected(RequestFailure{Refusal::process_error, error.text});
}

/// Errors of the graph name the service's file, but the text is not in the file yet: keep only
/// places in drop-ins.
tl::unexpected<RequestFailure> unplaced(RequestFailure failure, const ServiceSpec& spec) {
  for (std::string& line : failure.details) {
    Diagnostic fault = parse_diagnostic(line);
    if (!contains(spec.drop_ins, fault.file)) fault.file.clear();
    line = to_text(fault);
  }
  if (!failure.details.empty()) failure.text = "the config is wrong: " + failure.details.front();
  return tl::unexpected(std::move(failure));
}

/// Warns about files that still require the service: cascade changes only the specs in memory.
std::vector<std::string> files_that_require(const Graph& graph, const std::string& name) {
  std::vector<std::string> warnings;
  for (const Slot slot : graph.node(graph.find(name)).required_by) {
    const ServiceSpec& spec = graph.spec(slot);
    if (!spec.file.empty())
      warnings.push_back(
          fmt::format("{} still requires {}, which was removed: a reload will report it as missing",
                      spec.file, name));
  }
  return warnings;
}

// The value of a removal's fact before the service is stopped.
constexpr std::string_view kNotStopped = "0";
constexpr std::string_view kRemovals = "removal/";  // then each flag as 0 or 1, and the name

std::string key_of(const DeleteService& request) {
  return fmt::format("{}{:d}{:d}{}", kRemovals, request.persist, request.cascade, request.name);
}

}  // namespace

void ServiceChanges::set(SetService request, Daemon::SetDone done) {
  auto set = std::make_shared<Set>();
  set->request = std::move(request);
  set->done = std::move(done);
  FileTask task;
  task.bytes = memory_of(set->request.config);
  task.begin = [this, set] { set->templates = templates_(); };
  task.work = [this, set] {
    set->made = make_service(set->request, places_, settings_.defaults, *board_.graph());
    if (!set->made) return;
    set->also =
        instances_for(*set->made->spec, *set->templates, *board_.graph(), settings_.defaults);
    const auto checked = board_.set(set->made->spec, set->request.start, true, set->also);
    if (!checked) {
      set->made = unplaced(checked.error(), *set->made->spec);
      return;
    }
    const auto passed =
        set->request.check ? board_.check_set(set->made->spec, set->also) : RequestResult<void>{};
    if (!passed)
      set->made = unplaced(passed.error(), *set->made->spec);
    else if (const auto written = write_service_file(*set->made); !written)
      set->made = tl::unexpected(written.error());
  };
  task.finish = [this, set](const std::optional<Error>& fault) {
    if (fault) return set->done(failed(*fault));
    if (!set->made) return set->done(tl::unexpected(set->made.error()));
    auto report = board_.set(set->made->spec, set->request.start, false, set->also);
    if (!report) {
      report = unplaced(report.error(), *set->made->spec);
    } else {
      log_info("{}: {} by a client{}", report->name, report->created ? "added" : "replaced",
               set->made->place.empty() ? ", at runtime only" : ", written to " + set->made->place);
      report->warnings.insert(report->warnings.end(), set->made->warnings.begin(),
                              set->made->warnings.end());
    }
    set->done(std::move(report));
  };
  queue_.add(std::move(task));
}

void ServiceChanges::remove(const DeleteService& request, Daemon::ServiceDeleteDone done) {
  FileTask task;
  task.bytes = request.name.size();
  task.finish = [this, request, done = std::move(done)](const std::optional<Error>& fault) {
    if (fault) return done(failed(*fault));
    stop(request, done);
  };
  queue_.add(std::move(task));
}

void ServiceChanges::stop(const DeleteService& request, const Daemon::ServiceDeleteDone& done) {
  if (stopping_.size() >= kMostStopping) {
    return done(failed(
        {fmt::format("{} removals are already waiting; try again later", kMostStopping), 0}));
  }
  if (auto asked = board_.removable(request.name, request.cascade); !asked)
    return done(tl::unexpected(asked.error()));
  // Before the stop: clients that keep connecting would bring it up again.
  board_.set_deleting(request.name, true);
  facts_.keep(key_of(request), std::string(kNotStopped));
  stopping_.push_back({request, done, {bring_down(request)}});
  look();
}

/// If a reload has removed the service meanwhile, no other service stops with it.
Board::Others ServiceChanges::bring_down(const DeleteService& request) {
  board_.drop_added_edges(request.name);
  kill_point("delete.stop");
  Board::Others others = board_.stop(request.name).value_or(Board::Others());
  facts_.keep(key_of(request), "1");
  return others;
}

void ServiceChanges::take_over(const FactMap& facts) {
  each_below(facts, kRemovals, [this](std::string_view key, const std::string& stand) {
    if (key.size() < 3) return;
    const DeleteService request{std::string(key.substr(2)), key[0] == '1', key[1] == '1'};
    board_.set_deleting(request.name, true);
    // The client has gone.
    const auto done = [](const RequestResult<Daemon::Deleted>& removed) {
      if (!removed) log_warn("{}", removed.error().text);
    };
    stopping_.push_back(
        {request, done, {stand == kNotStopped ? bring_down(request) : Board::Others()}});
  });
  look();
}

/// Whether the service is down, or can no longer come down.
bool ServiceChanges::is_down(const Removal& removal) const {
  const auto brief = board_.brief(removal.request.name);
  return !brief || brief->settled || board_.shutting_down();
}

void ServiceChanges::look() {
  const auto first = std::stable_partition(stopping_.begin(), stopping_.end(),
                                           [&](const Removal& one) { return !is_down(one); });
  if (first == stopping_.end()) return;
  const auto down = std::make_shared<std::vector<Removal>>(
      std::make_move_iterator(first), std::make_move_iterator(stopping_.end()));
  stopping_.erase(first, stopping_.end());
  FileTask task;
  task.work = [this, down] {
    for (Removal& removal : *down) removal.masked_by = take_file(removal);
  };
  task.finish = [this, down](const std::optional<Error>& fault) { finish(*down, fault); };
  queue_.add(std::move(task));
}

/// Runs as a task of the queue. By then the service may be set, started or required again.
RequestResult<std::string> ServiceChanges::take_file(Removal& removal) const {
  const DeleteService& request = removal.request;
  if (auto still = board_.removable(request.name, request.cascade); !still)
    return tl::unexpected(still.error());
  const auto brief = board_.brief(request.name);
  if (brief && brief->wish == Wish::up && brief->state != State::failed) {
    return tl::unexpected(RequestFailure{
        Refusal::invalid_state, request.name + " was started again meanwhile; it is not removed"});
  }
  const GraphPtr graph = board_.graph();
  auto masked_by = remove_service_file(request, *graph);
  if (!masked_by || !request.persist || !brief) return masked_by;
  std::vector<std::string>& warnings = removal.deleted.warnings;
  warnings = files_that_require(*graph, request.name);
  const std::string file = own_place_of(graph->spec(graph->find(request.name)).own_file());
  if (!file.empty() && path_exists(file + ".d"))
    warnings.push_back(fmt::format("{}.d stays, and its drop-ins apply to a later file of {} too",
                                   file, request.name));
  for (const std::string& warning : warnings) log_warn("{}", warning);
  return masked_by;
}

void ServiceChanges::finish(const std::vector<Removal>& down, const std::optional<Error>& fault) {
  MaskedNames gone;
  for (const Removal& removal : down)
    if (!fault && removal.masked_by) gone[removal.request.name] = *removal.masked_by;
  // Refusals were checked above, so remove() fails only during a shutdown.
  if (!gone.empty()) (void)board_.remove(gone);
  for (const auto& [name, link] : gone) log_info("{}: removed by a client", name);
  for (const Removal& removal : down) {
    board_.set_deleting(removal.request.name, false);
    facts_.keep(key_of(removal.request), "");
  }
  for (const Removal& removal : down)
    catch_all("service.delete", [&] { removal.done(outcome_of(removal, fault)); });
}

RequestResult<Daemon::Deleted> ServiceChanges::outcome_of(const Removal& removal,
                                                          const std::optional<Error>& fault) {
  if (fault) return failed(*fault);
  // A reload may have removed the service already.
  if (removal.masked_by || removal.masked_by.error().refusal == Refusal::not_found)
    return removal.deleted;
  return tl::unexpected(removal.masked_by.error());
}

std::vector<SpecPtr> runtime_services(const Graph& graph, const std::vector<SpecPtr>& specs) {
  std::unordered_set<std::string_view> names;
  for (const SpecPtr& spec : specs) names.insert(spec->name);
  std::vector<SpecPtr> kept;
  for (const Slot slot : graph.order()) {
    const Node& node = graph.node(slot);
    if (!node.removed && node.spec->runtime && !node.spec->is_instance() &&
        !names.contains(node.spec->name))
      kept.push_back(as_read(node.spec));
  }
  return kept;
}

}  // namespace zinit
