// The table of logs, and the ways into it for the supervisor, the control room and zinit's own log.
#include "io/log_store.hpp"

#include <fcntl.h>

#include <atomic>

#include "base/log.hpp"
#include "base/mutex.hpp"
#include "io/capture.hpp"
#include "io/service_log.hpp"

namespace zinit {

namespace {

// Where log.hpp's listener, which is a plain function, finds the log of the one store that has it.
std::atomic<ServiceLog*> own_log{nullptr};
std::atomic<LinesPort*> own_log_port{nullptr};

void tell(const ServiceLog& log, LinesPort* port) noexcept {
  if (port != nullptr && log.followers.load(std::memory_order_relaxed) > 0) port->lines_arrived();
}

void hear_own_log(LogLevel level, std::string_view line) {
  ServiceLog* log = own_log;
  if (log == nullptr) return;
  log->note(fmt::format("{:<5} {}", log_level_name(level), line));
  tell(*log, own_log_port);
}

/// The read end alone does not block: the flag belongs to an end, and the other is the service's.
Result<Pipe> make_log_pipe() {
  auto pipe = make_pipe();
  if (pipe && ::fcntl(pipe->read.get(), F_SETFL, O_NONBLOCK) < 0)
    return sys_failure("set up", "a log pipe");
  return pipe;
}

LogSinks with_absent(LogSinks sinks) {
  if (!sinks.kmsg) sinks.kmsg = std::make_shared<AbsentSink>("kmsg");
  if (!sinks.console) sinks.console = std::make_shared<AbsentSink>("console");
  return sinks;
}

}  // namespace

class LogStore::Impl {
 public:
  Impl(EventLoop& loop, LogSinks log_sinks)
      : sinks(with_absent(std::move(log_sinks))),
        capture(loop, [this](ServiceLog& log) { tell(log, port); }) {}

  /// Null where the slot has none.
  [[nodiscard]] ServiceLog* find(Slot slot) EXCLUDES(mutex_) {
    if (slot == kOwnLog) return &own;
    MutexLock lock(mutex_);
    return slot < logs_.size() ? logs_[slot].get() : nullptr;
  }

  /// Made where it is missing. Logs are never destroyed, only emptied: references stay good.
  [[nodiscard]] ServiceLog& get(Slot slot) EXCLUDES(mutex_) {
    if (slot == kOwnLog) return own;
    MutexLock lock(mutex_);
    if (slot >= logs_.size()) logs_.resize(slot + std::size_t{1});
    if (!logs_[slot]) logs_[slot] = std::make_unique<ServiceLog>();
    return *logs_[slot];
  }

  [[nodiscard]] std::size_t slots() EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return logs_.size();
  }

  void drain(ServiceLog& log) EXCLUDES(drain_mutex_) {
    const auto pipes = log.pipes();
    if (pipes.empty()) return;
    const std::uint64_t before = log.info().last_seq;
    {
      MutexLock lock(drain_mutex_);
      for (const LogPipePtr& pipe : pipes) log.drain(*pipe, drain_buffer_);
    }
    if (log.info().last_seq != before) tell(log, port);
  }

  const LogSinks sinks;
  std::atomic<LinesPort*> port{nullptr};
  ServiceLog own;
  Capture capture;

 private:
  Mutex mutex_;
  std::vector<std::unique_ptr<ServiceLog>> logs_ GUARDED_BY(mutex_);  // by slot

  Mutex drain_mutex_;
  ReadBuffer drain_buffer_ GUARDED_BY(drain_mutex_);
};

LogStore::LogStore(EventLoop& loop, LogSinks sinks)
    : impl_(std::make_unique<Impl>(loop, std::move(sinks))) {}

LogStore::~LogStore() {
  ServiceLog* own = &impl_->own;
  if (own_log.compare_exchange_strong(own, nullptr)) set_log_listener(nullptr);
}

Result<LogPipes> LogStore::open_output(Slot slot) {
  auto out = make_log_pipe();
  if (!out) return Failure(out.error());
  auto err = make_log_pipe();
  if (!err) return Failure(err.error());
  try {
    ServiceLog& log = impl_->get(slot);
    const auto out_pipe = std::make_shared<LogPipe>(log, std::move(out->read), LogStream::out);
    const auto err_pipe = std::make_shared<LogPipe>(log, std::move(err->read), LogStream::err);
    log.add_pipes(out_pipe, err_pipe);
    if (auto watched = impl_->capture.watch(out_pipe, err_pipe); !watched) {
      log.end(*out_pipe);
      log.end(*err_pipe);
      return Failure(watched.error());
    }
  } catch (const std::bad_alloc&) {
    return sys_failure("make", "log pipes", ENOMEM);
  }
  return LogPipes{std::move(out->write), std::move(err->write)};
}

void LogStore::configure(Slot slot, const SpecPtr& spec) {
  catch_all("log settings", [&] {
    const Logging& logging = spec->logging;
    std::vector<std::shared_ptr<Sink>> sinks;
    if (logging.kmsg) sinks.push_back(impl_->sinks.kmsg);
    if (logging.console) sinks.push_back(impl_->sinks.console);
    impl_->get(slot).configure(spec->name, {logging.buffer_lines, logging.buffer_bytes}, sinks);
  });
}

void LogStore::forget(Slot slot) {
  ServiceLog* log = impl_->find(slot);
  if (log == nullptr) return;
  log->forget();
  impl_->capture.sweep();
}

void LogStore::note(Slot slot, std::string_view line) {
  catch_all("log", [&] {
    ServiceLog& log = impl_->get(slot);
    log.note(line);
    tell(log, impl_->port);
  });
}

std::vector<LogLine> LogStore::tail(Slot slot, std::size_t lines) {
  ServiceLog* log = impl_->find(slot);
  if (log == nullptr) return {};
  impl_->drain(*log);
  return log->tail(lines);
}

std::vector<LogLine> LogStore::since(Slot slot, std::uint64_t seq, std::size_t lines) {
  const ServiceLog* log = impl_->find(slot);
  if (log == nullptr) return {};
  return log->since(seq, lines);
}

void LogStore::drain(Slot slot) {
  if (ServiceLog* log = impl_->find(slot)) impl_->drain(*log);
}

LogInfo LogStore::info(Slot slot) {
  const ServiceLog* log = impl_->find(slot);
  return log != nullptr ? log->info() : LogInfo{};
}

void LogStore::set_lines_port(LinesPort* port) noexcept {
  impl_->port = port;
  if (own_log == &impl_->own) own_log_port = port;
}

void LogStore::follow(Slot slot) { ++impl_->get(slot).followers; }

void LogStore::unfollow(Slot slot) { --impl_->get(slot).followers; }

void LogStore::keep_own_log() noexcept {
  own_log = &impl_->own;
  own_log_port = impl_->port.load();
  set_log_listener(hear_own_log);
}

void LogStore::finish(Milliseconds limit) noexcept {
  catch_all("log", [&] {
    for (Slot slot = 0; slot < impl_->slots(); ++slot) drain(slot);
  });
  impl_->sinks.kmsg->finish(limit);
  impl_->sinks.console->finish(limit);
}

}  // namespace zinit
