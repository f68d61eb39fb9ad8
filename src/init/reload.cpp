// Reading the files again, once for all requests that wait.
#include "init/reload.hpp"

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
  if (!report.failed.empty())
    text += fmt::format(", {} refused: {}", report.failed.size(), join(report.failed, ", "));
  return text + proxy_summary(report.proxies);
}

Reloader::RequestPtr& Reloader::place_of(bool dry_run, bool check) noexcept {
  return waiting_[dry_run ? 2 : check ? 0 : 1];
}

void Reloader::reload(bool dry_run, Daemon::ReloadDone done, bool check) {
  const RequestPtr& waiting = place_of(dry_run, check);
  if (!waiting) {
    auto request = std::make_shared<Request>();
    request->dry_run = dry_run;
    request->check = check && !dry_run;
    request->done.push_back(std::move(done));
    return add(request);
  }
  if (waiting->done.size() < kMostAsking) return waiting->done.push_back(std::move(done));
  done(tl::unexpected(RequestFailure{
      Refusal::process_error,
      fmt::format("a reload is about to begin that {} wait for already", kMostAsking)}));
}

void Reloader::add(const RequestPtr& request) {
  RequestPtr& waiting = place_of(request->dry_run, request->check);
  waiting = request;
  FileTask task;
  task.begin = [&waiting] { waiting = nullptr; };
  // Does not capture `this`, which may be destroyed by then.
  task.work = [read = read_, request] {
    request->config = std::make_unique<Configuration>(read());
  };
  task.finish = [this, request, &waiting](const std::optional<Error>& fault) {
    if (waiting == request) waiting = nullptr;  // it never began
    finish(request, fault);
  };
  try {
    queue_.add(std::move(task));
  } catch (const std::bad_alloc&) {
    waiting = nullptr;  // it could not be queued
    throw;
  }
}

/// The checks are the queue's next task: no file is read or written in between.
void Reloader::finish(const RequestPtr& request, const std::optional<Error>& fault) {
  std::function<void()> checks;
  if (!fault && request->check && checks_)
    catch_all("reload", [&] { checks = checks_(*request->config); });
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
    catch_all("reload", [&] { request->report = take_(*request->config, request->dry_run); });
  const auto answer = [request] {
    for (const Daemon::ReloadDone& each : request->done)
      catch_all("reload", [&] { each(request->report); });
  };
  request->dry_run ? answer() : await_(request->report, answer);
}

}  // namespace zinit
