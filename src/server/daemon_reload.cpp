// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Reloads: puts the files as read, and the services added at runtime, in force.
#include <algorithm>
#include <iterator>
#include <set>

#include "base/format.hpp"
#include "base/kill_point.hpp"
#include "base/lists.hpp"
#include "base/log.hpp"
#include "files/absences.hpp"
#include "server/daemon.hpp"

namespace zinit {

namespace {

/// Those of `specs` that a reload adds or changes.
std::vector<SpecPtr> new_specs(const ReloadReport& report, const std::vector<SpecPtr>& specs) {
  std::set<std::string_view> names(report.added.begin(), report.added.end());
  names.insert(report.changed.begin(), report.changed.end());
  std::vector<SpecPtr> found;
  std::ranges::copy_if(specs, std::back_inserter(found),
                       [&](const SpecPtr& spec) { return names.contains(spec->name); });
  return found;
}

}  // namespace

void ZinitDaemon::reload_and_log(std::function<void()> then) {
  reload({}, [then = std::move(then)](const RequestResult<ReloadReport>& report) {
    if (!report) log_error("reload: {}", report.error().text);
    if (then) then();
  });
}

/// Nobody waits for an answer and asks again after a crash, so the next process image does so.
void ZinitDaemon::reload_by_signal() {
  ++owed_reloads_;
  keep_facts();
  kill_point("reload.owed");
  reload_and_log([this] {
    --owed_reloads_;
    keep_facts();
  });
}

RequestResult<Reloaded> ZinitDaemon::wanted(const Configuration& config, const ReloadFiles& asked) {
  if (auto fault = reload_fault(config, *board_.graph())) return tl::unexpected(*std::move(fault));
  Reloaded all{config.specs, config.masked, config.templates};
  // [defaults] may have changed, or a reload with no_restart may have left an earlier change out.
  for (const SpecPtr& spec : runtime_services(*board_.graph(), all.specs)) {
    const bool served = !spec->connection_of->empty();  // it ends with its connection
    all.specs.push_back(served ? spec : read_again(spec, config.settings.defaults));
  }
  instances_.complete(all.specs, config, asked.no_restart);
  if (asked.only.empty()) return all;
  if (const std::string path = unread_directory(asked.only, start_.sources.places); !path.empty())
    return tl::unexpected(RequestFailure{
        Refusal::file_error, fmt::format("no service file is read in {}", path), {}});
  return ReloadOnly(asked.only, elsewhere(config, asked))
      .choose(all, *board_.graph(), *instances_.templates(), settings_.defaults);
}

PlaceSet ZinitDaemon::elsewhere(const Configuration& config, const ReloadFiles& asked) const {
  if (std::ranges::none_of(asked.only, is_directory)) return {};
  return places_elsewhere(asked.only, config, *board_.graph(), proxies_.files(), masked_proxies_);
}

std::function<void()> ZinitDaemon::checks_before(Configuration& config, const ReloadFiles& asked) {
  auto all = wanted(config, asked);
  const auto checks = [](const SpecPtr& spec) { return !spec->check_exec->argv.empty(); };
  if (!all || std::ranges::none_of(all->specs, checks)) return nullptr;
  return [this, &config, all = *std::move(all)] {
    config.checked = board_.check_reload(all.specs, all.masked);
  };
}

RequestResult<ReloadReport> ZinitDaemon::take(const Configuration& config,
                                              const ReloadFiles& asked) {
  auto all = wanted(config, asked);
  if (!all) return tl::unexpected(std::move(all).error());
  if (!config.checked) return tl::unexpected(config.checked.error());
  const std::vector<SpecPtr> specs = with_faults(std::move(all->specs), *config.checked);
  const PlaceSet places = elsewhere(config, asked);
  const GraphPtr older = board_.graph();
  auto report = board_.reload(specs, asked.dry_run, all->masked, asked.no_restart);
  if (!report) return report;
  const bool whole = asked.only.empty();
  std::string absent;
  if (whole)
    absent = add_others(*report, config, specs);
  else
    ReloadOnly(all->only).narrow(*report);
  const bool directories = std::ranges::any_of(asked.only, is_directory);
  ChosenProxies proxies;
  if (directories) {
    proxies = choose_proxies(asked.only, config, proxies_.files(), places);
    report->proxies = proxies_.plan(proxies.config);
    proxies.narrow(report->proxies);
  }
  const std::vector<SpecPtr> fresh = new_specs(*report, specs);
  look_for_absences(fresh);
  if (asked.dry_run) {
    std::ranges::move(board_.expected_resource_warnings(fresh),
                      std::back_inserter(report->warnings));
    return report;
  }
  if (!absent.empty()) log_warn("{}", absent);
  if (whole) {
    start_.command_alone = is_alone(start_.sources, config) && specs.size() == 1;
    use_settings(config);
    proxies_.load(config);
  }
  if (directories) proxies_.load(proxies.config);
  instances_.use(all->templates);
  sockets_.look();
  timers_.read_again();
  look_at_triggers();
  std::vector<std::string> news = report->added;
  news.insert(news.end(), report->changed.begin(), report->changed.end());
  news.insert(news.end(), report->failed.begin(), report->failed.end());
  log_warnings(config, &news);
  log_proxy_messages(whole ? config.proxies : proxies.chosen);
  log_info("reload: {}", reload_summary(*report));
  // If there were no service files until now, the boot happens here, without what clients have
  // added meanwhile: they may have stopped it.
  if (services_started_ && !board_.graph()->order().empty()) start_services(older.get());
  return report;
}

/// Adds the effects of a reload on proxies and on zinit.toml's settings, and the faults of files
/// that describe no service of their own. Warns of a default_target that does not exist, if this
/// reload has named or removed it; returns that warning too.
std::string ZinitDaemon::add_others(ReloadReport& report, const Configuration& config,
                                    const std::vector<SpecPtr>& specs) const {
  const std::string& file = start_.sources.places.settings_file;
  const std::string& target = config.settings.default_target;
  const auto is_it = [&](const SpecPtr& spec) { return spec->name == target; };
  report.proxies = proxies_.plan(config);
  report.settings = changed_settings(settings_, config.settings);
  const bool news = contains(report.settings, "default_target") || contains(report.removed, target);
  std::string absent;
  if (!target.empty() && news && std::ranges::none_of(specs, is_it))
    report.warnings.push_back(absent = to_text(absent_target(config.settings, file)));
  auto faulty = config.refused;
  // The faults of a template are those of its instances.
  const auto is_told = [&](const std::string& fault) {
    return std::ranges::any_of(report.faults,
                               [&](const auto& one) { return contains(one.second, fault); });
  };
  std::erase_if(faulty, [&](const auto& one) { return std::ranges::all_of(one.second, is_told); });
  if (!config.settings_faults.empty()) faulty[file] = config.settings_faults;
  for (auto& [path, faults] : faulty) {
    report.failed.insert(report.failed.begin(), path);
    report.faults[path] = std::move(faults);
  }
  return absent;
}

void ZinitDaemon::reload(const ReloadFiles& asked, ReloadDone done) {
  if (!shutdown_.begun()) renew_socket();
  if (!asked.dry_run) reopening_ = logs_.reopen_files();
  if (syslog_) syslog_->look();
  reloader_.reload(asked, std::move(done));
}

/// Adds what is known only when the changes are in force.
void ZinitDaemon::add_effects(ReloadReport& report) const {
  proxies_.add_faults(report.proxies);
  for (const auto* names : {&report.added, &report.changed})
    for (std::string& warning : board_.resource_warnings(*names))
      report.warnings.push_back(std::move(warning));
}

void ZinitDaemon::look_for_absences(std::vector<SpecPtr> specs) {
  ++last_search_;
  if (specs.empty()) return;
  const auto warnings = std::make_shared<std::vector<std::string>>();
  searches_[last_search_] = {warnings, absence_looks_.ask([warnings, specs = std::move(specs)] {
                               *warnings = absence_warnings(specs);
                             })};
}

bool ZinitDaemon::looked_for_absences(std::uint64_t number) {
  const auto search = searches_.find(number);
  return search == searches_.end() || absence_looks_.outcome(search->second.ticket);
}

void ZinitDaemon::look_in_force() {
  in_force_.look();
  looked_.look();
}

void ZinitDaemon::await_effects(Reloader::Report& report, const ReloadFiles& asked,
                                std::function<void()> answer) {
  if (!report) return answer();
  auto look = [this, &report, number = last_search_, answer = std::move(answer)] {
    looked_.wait(number, [this, &report, number, answer] {
      add_absences(*report, number);
      answer();
    });
  };
  if (asked.dry_run) return look();
  in_force_.wait(reopening_, [this, &report, look = std::move(look)] {
    add_effects(*report);
    look();
  });
}

void ZinitDaemon::add_absences(ReloadReport& report, std::uint64_t number) {
  const auto search = searches_.find(number);
  if (search == searches_.end()) return;  // nothing was added or changed
  const AbsenceLook look = std::move(search->second);
  searches_.erase(search);
  const auto outcome = absence_looks_.outcome(look.ticket);
  if (outcome && *outcome)
    report.warnings.insert(report.warnings.end(), look.warnings->begin(), look.warnings->end());
  else
    report.warnings.push_back(fmt::format(
        "missing programs, users and directories were not looked for: {}; `zinitctl check` does so",
        outcome ? outcome->error().text : "the search has not ended"));
}

}  // namespace zinit
