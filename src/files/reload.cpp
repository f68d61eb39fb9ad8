// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Reads the files again, once for all waiting requests.
#include "files/reload.hpp"

#include <algorithm>
#include <new>

#include "base/text.hpp"
#include "io/loop.hpp"

namespace zinit {

namespace {

std::string proxy_summary(const ProxyReport& report) {
  std::string text;
  const auto add = [&text](const std::vector<std::string>& names, std::string_view what) {
    if (!names.empty()) text += fmt::format(", {} {}", names.size(), what);
  };
  add(report.added, "added");
  add(report.changed, "changed");
  add(report.removed, "removed");
  if (!report.failed.empty()) add(report.failed, "refused: " + join(report.failed, ", "));
  return text.empty() ? text : "; proxies: " + text.substr(2);
}

}  // namespace

std::string reload_summary(const ReloadReport& report) {
  std::string text =
      fmt::format("{} added, {} changed", report.added.size(), report.changed.size());
  if (!report.restarted.empty()) text += fmt::format(" ({} restarted)", report.restarted.size());
  text += fmt::format(", {} removed, {} unchanged", report.removed.size(), report.unchanged.size());
  if (!report.waiting.empty())
    text += fmt::format(", {} waiting for a reload with restarts: {}", report.waiting.size(),
                        join(report.waiting, ", "));
  if (!report.failed.empty())
    text += fmt::format(", {} refused: {}", report.failed.size(), join(report.failed, ", "));
  if (!report.settings.empty()) text += "; settings: " + join(report.settings, ", ");
  return text + proxy_summary(report.proxies);
}

void Reloader::reload(const ReloadFiles& asked, Daemon::ReloadDone done) {
  const auto same = std::ranges::find(
      waiting_, asked, [](const RequestPtr& one) -> const ReloadFiles& { return one->asked; });
  if (same == waiting_.end()) {
    auto request = std::make_shared<Request>();
    request->asked = asked;
    request->done.push_back(std::move(done));
    return add(request);
  }
  if ((*same)->done.size() < kMostAsking) return (*same)->done.push_back(std::move(done));
  done(tl::unexpected(RequestFailure{
      Refusal::process_error,
      fmt::format("{} requests already wait for the next reload; try again later", kMostAsking)}));
}

void Reloader::add(const RequestPtr& request) {
  waiting_.push_back(request);
  FileTask task;
  for (const std::string& name : request->asked.only) task.bytes += sizeof name + name.size();
  task.begin = [this, request] { std::erase(waiting_, request); };
  // Does not capture `this`, which may have been destroyed when the task runs.
  task.work = [read = read_, request] {
    request->config = std::make_unique<Configuration>(read(request->asked));
  };
  task.finish = [this, request](const std::optional<Error>& fault) {
    std::erase(waiting_, request);  // if the task never began
    finish(request, fault);
  };
  try {
    queue_.add(std::move(task));
  } catch (const std::bad_alloc&) {
    std::erase(waiting_, request);  // the task was not queued
    throw;
  }
}

/// The checks are the queue's next task, so that no task reads or writes files in between.
void Reloader::finish(const RequestPtr& request, const std::optional<Error>& fault) {
  std::function<void()> checks;
  const ReloadFiles& asked = request->asked;
  if (!fault && asked.check && !asked.dry_run && !asked.no_restart && checks_)
    catch_all("reload", [&] { checks = checks_(*request->config, asked); });
  if (!checks) return take(request, fault);
  FileTask task;
  task.work = [request, checks = std::move(checks)] { checks(); };
  task.finish = [this, request](const std::optional<Error>& lack) { take(request, lack); };
  queue_.add_first(std::move(task));
}

void Reloader::take(const RequestPtr& request, const std::optional<Error>& fault) {
  request->report = tl::unexpected(RequestFailure{
      Refusal::process_error, fault ? fault->text : "not enough memory for a reload"});
  if (!fault)
    catch_all("reload", [&] { request->report = take_(*request->config, request->asked); });
  const auto answer = [request] {
    for (const Daemon::ReloadDone& each : request->done)
      catch_all("reload", [&] { each(request->report); });
  };
  await_(request->report, request->asked, answer);
}

}  // namespace zinit
