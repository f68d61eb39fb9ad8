// The thread that reads, and the queue before it.
#include "init/reload.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "io/loop.hpp"

namespace zinit {

std::string reload_summary(const ReloadReport& report) {
  std::string text =
      fmt::format("{} added, {} changed", report.added.size(), report.changed.size());
  if (!report.restarted.empty()) text += fmt::format(" ({} restarted)", report.restarted.size());
  text += fmt::format(", {} removed, {} unchanged", report.removed.size(), report.unchanged.size());
  if (!report.failed.empty())
    text += fmt::format(", {} refused: {}", report.failed.size(), join(report.failed, ", "));
  return text;
}

Reloader::Reloader(struct ev_loop* loop, Read read, Take take)
    : loop_(loop), read_(std::move(read)), take_(std::move(take)) {
  ev_async_init(&was_read_, on_read);
  was_read_.data = this;
  ev_async_start(loop_, &was_read_);
}

Reloader::~Reloader() {
  thread_.join();
  ev_async_stop(loop_, &was_read_);
}

void Reloader::Request::answer(const RequestResult<ReloadReport>& report) const {
  for (const Daemon::ReloadDone& each : done) catch_all("reload", [&] { each(report); });
}

void Reloader::reload(bool dry_run, Daemon::ReloadDone done) {
  const auto not_begun = requests_.begin() + (busy() ? 1 : 0);
  const auto same = std::find_if(not_begun, requests_.end(), [dry_run](const Request& request) {
    return request.dry_run == dry_run;
  });
  if (same == requests_.end()) {
    requests_.push_back({dry_run, {std::move(done)}});
  } else if (same->done.size() < kMostAsking) {
    same->done.push_back(std::move(done));
  } else {
    done(tl::unexpected(RequestFailure{
        Refusal::process_error,
        fmt::format("a reload is about to begin that {} wait for already", kMostAsking)}));
  }
  begin_next();
}

void Reloader::begin_next() {
  while (!requests_.empty() && !busy()) {
    auto started = Thread::start("reload", kLoopStackBytes, [this] { read_files(); });
    if (started) {
      thread_ = std::move(*started);
      return;
    }
    const Request refused = std::move(requests_.front());
    requests_.pop_front();
    refused.answer(
        tl::unexpected(RequestFailure{Refusal::process_error, started.error().text}));
  }
}

void Reloader::read_files() noexcept {
  std::unique_ptr<Configuration> config;
  catch_all("reload", [&] { config = std::make_unique<Configuration>(read_()); });
  {
    const MutexLock lock(mutex_);
    read_config_ = std::move(config);
  }
  ev_async_send(loop_, &was_read_);
}

void Reloader::on_read(struct ev_loop* /*loop*/, ev_async* watcher, int /*events*/) noexcept {
  auto* self = static_cast<Reloader*>(watcher->data);
  catch_all("reload", [self] { self->finish(); });
}

void Reloader::finish() {
  thread_.join();
  std::unique_ptr<Configuration> config;
  {
    const MutexLock lock(mutex_);
    config = std::move(read_config_);
  }
  const Request request = std::move(requests_.front());
  requests_.pop_front();
  RequestResult<ReloadReport> report = tl::unexpected(
      RequestFailure{Refusal::process_error, "not enough memory to read the files"});
  if (config) catch_all("reload", [&] { report = take_(*config, request.dry_run); });
  request.answer(report);
  begin_next();
}

}  // namespace zinit
