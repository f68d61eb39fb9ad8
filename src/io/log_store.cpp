// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The table of logs. See log_store.hpp.
#include "io/log_store.hpp"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <new>
#include <optional>

#include "base/log.hpp"
#include "base/memory.hpp"
#include "base/mutex.hpp"
#include "base/sort.hpp"
#include "base/text.hpp"
#include "io/capture.hpp"
#include "io/service_log.hpp"
#include "state/slot_facts.hpp"

namespace zinit {

namespace {

// Global, because the listener of base/log.hpp is a plain function.
std::atomic<ServiceLog*> own_log{nullptr};

void hear_own_log(LogLevel level, std::string_view line) {
  ServiceLog* const log = own_log;
  if (log == nullptr) return;
  const EssentialAllocations essential;  // the client's request may be what is logged
  std::string text = fmt::format("{:<5} ", log_level_name(level));
  // Cut as the ring would cut it: a client may have chosen the size.
  text += cut_utf8(line, kMaxPiece - text.size());
  log->note(text);
}

// While the last lines are printed: how often zinit checks whether their reader still reads, and
// how long it waits for a reader that takes nothing.
constexpr Milliseconds kLookAtReader{50};
constexpr Milliseconds kReaderPatience{10000};  // as long as an engine waits for the whole end

/// Duplicates a pipe's write end. The result has no read end.
Result<Pipe> same_pipe(const Pipe& pipe) {
  Pipe same;
  same.write.reset(::fcntl(pipe.write.get(), F_DUPFD_CLOEXEC, 0));
  if (!same.write) return sys_failure("duplicate", "a log pipe");
  return same;
}

/// SlotFact::dropped.
std::string dropped_text(const LogInfo& info) {
  std::string text;
  for (const auto& [sink, count] : info.dropped_by)
    if (count > 0) text += fmt::format("{} {}\n", sink, count);
  return text;
}

std::uint8_t part_of(LogStream stream) noexcept { return static_cast<std::uint8_t>(stream); }

}  // namespace

class LogStore::Impl {
 public:
  Impl(EventLoop& loop, LogSinks log_sinks, Inheritance* inherited, StateFacts* kept_in)
      : data_loop(loop),
        sinks(loop, std::move(log_sinks)),
        rings(inherited),
        facts(kept_in),
        capture(loop) {
    sinks.on_room([this] { capture.release(); });
  }

  /// Records for the next image how many lines of each log were dropped, and left out.
  void keep_dropped() EXCLUDES(mutex_) {
    look_at_rates();
    FactMap dropped;  // counts never fall: leave out logs without any
    {
      MutexLock lock(mutex_);
      for (Slot slot = 0; slot < logs_.size(); ++slot)
        if (logs_[slot])
          if (std::string text = dropped_text(logs_[slot]->info()); !text.empty())
            dropped.emplace(key_of(SlotFact::dropped, slot), std::move(text));
    }
    facts->keep(dropped);
  }

  /// Null if the slot has no log.
  [[nodiscard]] ServiceLog* find(Slot slot) EXCLUDES(mutex_) {
    if (slot == kOwnLog) return &own;
    if (slot == kSyslog) return &syslog;
    MutexLock lock(mutex_);
    return slot < logs_.size() ? logs_[slot].get() : nullptr;
  }

  /// The log of `slot`, made if missing. Logs are never destroyed: references stay valid.
  [[nodiscard]] ServiceLog& get(Slot slot) EXCLUDES(mutex_) {
    if (slot == kOwnLog) return own;
    if (slot == kSyslog) return syslog;
    MutexLock lock(mutex_);
    if (slot >= logs_.size()) logs_.resize(slot + std::size_t{1});
    if (!logs_[slot]) logs_[slot] = std::make_unique<ServiceLog>(rings, slot);
    return *logs_[slot];
  }

  /// Adds `pipes` to their log, and reads them from now on.
  void watch(ServiceLog& log, std::span<const LogPipePtr> pipes) {
    log.add_pipes(pipes);
    capture.watch(pipes);
  }

  /// Reads what is in the pipes of `logs`. If a process holds the lock of a pipe, waits for it for
  /// kHungRead at most: another thread reads the pipe (Capture).
  void drain(const std::vector<ServiceLog*>& logs) EXCLUDES(rest_mutex_) {
    std::vector<LogPipePtr> open;
    bool has_read = false;
    for (ServiceLog* const log : logs) {
      for (const LogPipePtr& pipe : log->pipes()) {
        const ServiceLog::Unread unread = log->unread(*pipe);
        if (unread == ServiceLog::Unread::some) open.push_back(pipe);
        if (unread != ServiceLog::Unread::rest) continue;
        drain_rest(*pipe);
        has_read = true;
      }
    }
    if (!open.empty() && !capture.read_now(open))
      for (const LogPipePtr& pipe : open) drain_rest(*pipe);
    if (has_read) capture.look_later();  // a reading thread looks by itself
  }

  /// Ends the pipes of a log that is given up. If their processes are gone, reads them before, also
  /// unfinished lines, and lines that a sink holds. Does not wait for processes.
  void end(ServiceLog& log, std::span<const LogPipePtr> pipes) EXCLUDES(rest_mutex_) {
    for (const LogPipePtr& pipe : pipes) {
      if (log.unread(*pipe) == ServiceLog::Unread::rest) drain_rest(*pipe, Drain::all);
      MutexLock lock(rest_mutex_);
      log.end(*pipe, rest_buffer_);
    }
  }

  /// All logs, even of unused slots.
  [[nodiscard]] std::vector<ServiceLog*> all() EXCLUDES(mutex_) {
    std::vector<ServiceLog*> logs{&own, &syslog};
    MutexLock lock(mutex_);
    for (const auto& log : logs_)
      if (log) logs.push_back(log.get());
    return logs;
  }

  void read_all() noexcept EXCLUDES(mutex_) {
    catch_all("log", [&] { drain(all()); });
  }

  /// Attaches the taps that want this log, which was just configured.
  void attach_all(ServiceLog& log) EXCLUDES(taps_mutex_) {
    MutexLock lock(taps_mutex_);
    std::size_t no_room = 0;
    std::uint64_t left_out = 0;
    for (const auto& tap : taps_) (void)log.attach(tap, {}, no_room, left_out);
  }

  [[nodiscard]] std::vector<ServiceLog*> wanted_by(const LogTap& tap) EXCLUDES(mutex_) {
    std::vector<ServiceLog*> logs = all();
    std::erase_if(logs, [&tap](const ServiceLog* log) {
      const std::string name = log->name();
      return name.empty() || !tap.wants(name);
    });
    return logs;
  }

  [[nodiscard]] LastLines add_tap(const std::shared_ptr<LogTap>& tap, const LogStart& start,
                                  std::size_t room) EXCLUDES(taps_mutex_) {
    if (start.lines > 0 || !start.after.empty()) {
      // Before taking the lock, because a thread that waits for it may hold the board's lock.
      drain(wanted_by(*tap));
    }
    MutexLock lock(taps_mutex_);
    taps_.insert(tap);
    const std::vector<ServiceLog*> logs = wanted_by(*tap);
    std::size_t bytes = 0;
    for (const ServiceLog* log : logs) bytes += log->cost(start);
    // Without room for all lines, each log gets an equal share.
    const bool fits = bytes <= room;
    std::size_t left = room;
    LastLines last;
    for (ServiceLog* log : logs) {
      if (!fits) left = room / logs.size();
      const std::string name = log->name();
      for (LogLine& line : log->attach(tap, start, left, last.left_out))
        last.lines.push_back({name, std::move(line)});
    }
    sort_by(last.lines, [](const NamedLine& named) { return named.line.time_us; });
    return last;
  }

  /// `log` has left out a message beyond rate_lines. Capture reports that for logs with pipes only,
  /// and a daemon may have closed its standard output. Any thread.
  void over_rate(ServiceLog& log) EXCLUDES(rates_mutex_) {
    {
      MutexLock lock(rates_mutex_);
      over_rate_.insert(&log);
    }
    begin_rates.ask();
  }

  /// Calls look_at_rate() for the logs that have left out messages, and again as long as one needs
  /// it. On the loop's thread, or while no thread runs the loop.
  void look_at_rates() EXCLUDES(rates_mutex_) {
    const TimePoint now = Clock::now();
    std::optional<Milliseconds> next;
    MutexLock lock(rates_mutex_);
    std::erase_if(over_rate_, [&](ServiceLog* log) {
      const auto due = log->look_at_rate(now, facts);
      if (due) next = std::min(*due, next.value_or(*due));
      return !due;
    });
    if (next)
      rates.set(*next);
    else
      rates.stop();
  }

  void remove_tap(const LogTap* tap) noexcept EXCLUDES(taps_mutex_, mutex_) {
    MutexLock lock(taps_mutex_);
    if (const auto found = taps_.find(tap); found != taps_.end()) taps_.erase(found);
    own.detach(tap);
    syslog.detach(tap);
    MutexLock logs_lock(mutex_);
    for (const auto& log : logs_)
      if (log) log->detach(tap);
  }

  EventLoop& data_loop;
  SinkTable sinks;
  RingMemory rings;
  StateFacts* const facts;
  ServiceLog own{rings, kOwnLog, "zinit"};
  ServiceLog syslog{rings, kSyslog, "syslog"};
  Capture capture;
  // On the loop's thread: the functions passed to when_read().
  std::vector<std::function<void()>> when_read;
  IdleWatcher idle{data_loop, [this] {
                     read_all();
                     for (const auto& done : std::exchange(when_read, {})) catch_all("log", done);
                   }};
  TimerWatcher rates{data_loop, [this] { look_at_rates(); }};
  LoopCall begin_rates{data_loop, [this] { look_at_rates(); }};

 private:
  /// Nobody holds the lock of a pipe without writers.
  void drain_rest(LogPipe& pipe, Drain how = Drain::unheld) EXCLUDES(rest_mutex_) {
    MutexLock lock(rest_mutex_);
    pipe.log.drain(pipe, rest_buffer_, how);
  }

  Mutex mutex_;
  std::vector<std::unique_ptr<ServiceLog>> logs_ GUARDED_BY(mutex_);  // by slot

  // Held while a log is configured or a tap is added. Taken before the locks of logs.
  Mutex taps_mutex_;
  LogTaps taps_ GUARDED_BY(taps_mutex_);

  Mutex rates_mutex_;  // taken before the locks of logs
  std::set<ServiceLog*> over_rate_ GUARDED_BY(rates_mutex_);

  Mutex rest_mutex_;  // taken before the locks of logs
  ReadBuffer rest_buffer_ GUARDED_BY(rest_mutex_){kReadAreas - 1};
};

LogStore::LogStore(EventLoop& loop, LogSinks sinks, Inheritance* inherited, StateFacts* facts)
    : impl_(std::make_unique<Impl>(loop, std::move(sinks), inherited, facts)) {}

LogStore::~LogStore() {
  ServiceLog* own = &impl_->own;
  if (own_log.compare_exchange_strong(own, nullptr)) set_log_listener(nullptr);
  impl_->capture.stop(kForever);
}

Result<void> LogStore::start() { return impl_->capture.start(); }

Result<OutputPipes> LogStore::open_output(Slot slot, const OutputTailPtr& tail) {
  auto out = make_pipe_to_read();
  if (!out) return Failure(out.error());
  ServiceLog& log = impl_->get(slot);
  const bool merged = log.merges_stderr();
  auto err = merged ? same_pipe(*out) : make_pipe_to_read();
  if (!err) return Failure(err.error());
  const auto writer = std::make_shared<std::atomic<pid_t>>(0);
  const auto make = [&](Pipe& pipe, LogStream stream) {
    KeptFd read_end(std::move(pipe.read), {KeptKind::log_pipe, part_of(stream), slot});
    auto made = std::make_shared<LogPipe>(log, std::move(read_end), stream, writer, impl_->facts);
    made->tail = tail;
    return made;
  };
  const std::array pipes{make(*out, LogStream::out), make(*err, LogStream::err)};
  impl_->watch(log, std::span(pipes).first(merged ? 1 : 2));
  return OutputPipes{std::move(out->write), std::move(err->write), writer};
}

void LogStore::take_over(Inheritance& inherited, const FactMap& facts) {
  each_slot(facts, SlotFact::dropped, [&](Slot slot, std::string_view fact) {
    if (ServiceLog* const log = impl_->find(slot)) log->count_on(fact);
  });
  each_slot(facts, SlotFact::left_out, [&](Slot slot, std::string_view fact) {
    ServiceLog* const log = impl_->find(slot);
    if (log == nullptr) return;
    log->leave_out_on(fact);
    impl_->over_rate(*log);
  });
  std::map<int, LeftRead> left;
  for (Inheritance::One& area : inherited.take_all(KeptKind::reading))
    if (auto read = left_read(std::move(area.fd))) left[read->pipe] = *std::move(read);
  auto pipes = inherited.take_all(KeptKind::log_pipe);
  // Lines whose numbers were given come before those that get new ones.
  std::stable_partition(pipes.begin(), pipes.end(), [&left](const Inheritance::One& one) {
    const auto read = left.find(one.fd.get());
    return read != left.end() && read->second.stored;
  });
  for (Inheritance::One& one : pipes) {
    const KeptNote note = one.note;
    if (note.slot >= RingMemory::kMostSlots || note.part > part_of(LogStream::err)) continue;
    catch_all("a log pipe of the previous process image", [&] {
      const int number = one.fd.get();
      PipeFact fact = pipe_fact(facts, number);
      ServiceLog& log = impl_->get(note.slot);
      const LogPipePtr pipe = std::make_shared<LogPipe>(
          log, std::move(one.fd), static_cast<LogStream>(note.part),
          std::make_shared<std::atomic<pid_t>>(fact.writer), impl_->facts, std::move(fact.held));
      pipe->shown = static_cast<std::uint32_t>(fact.shown);
      pipe->leaves_out = fact.leaves_out;
      pipe->within = fact.within;
      pipe->kept_read = fact.read;
      log.go_on(*pipe);
      if (const auto read = left.find(number); read != left.end()) {
        if (read->second.number != fact.read) log.take_left(*pipe, read->second);
        read->second.area = {};  // closed before the next read of this pipe
      }
      impl_->watch(log, {&pipe, 1});
    });
  }
  impl_->capture.look_later();  // at unfinished lines
  catch_all("what waits in sinks", [&] {
    impl_->sinks.go_on_with_unused();
    // Earlier versions of zinit kept the lines in facts.
    each_below(facts, "sink/", [&](std::string_view label, const std::string&) {
      log_warn("{}: the lines that waited in an earlier version of zinit are lost", label);
      if (impl_->facts != nullptr) impl_->facts->keep(fmt::format("sink/{}", label), {});
    });
  });
}

void LogStore::configure(Slot slot, const SpecPtr& spec) {
  catch_all("log settings", [&] {
    const Logging& logging = *spec->logging;
    ServiceLog& log = impl_->get(slot);
    const bool renamed =
        log.configure(spec->name, {logging.buffer_lines, logging.buffer_bytes},
                      {logging.merge_stderr, logging.rate_lines, logging.rate_interval},
                      impl_->sinks.sinks_for(logging));
    // A reload configures every log, and clients may have thousands of taps.
    if (renamed) impl_->attach_all(log);
    impl_->sinks.sweep();
    impl_->capture.look_later();  // its pipes may be held by a sink that it no longer has
  });
}

void LogStore::forget(Slot slot) {
  ServiceLog* log = impl_->find(slot);
  if (log == nullptr) return;
  catch_all("log", [&] { impl_->end(*log, log->pipes()); });
  log->forget();
  impl_->capture.look_later();  // closes the pipes
  impl_->sinks.sweep();
}

bool LogStore::look_back(Slot slot, Ring::Place& place, std::size_t count, std::size_t bytes,
                         FunctionRef<bool(const Ring::View&)> visit) {
  ServiceLog* log = impl_->find(slot);
  if (log == nullptr) return false;
  if (place.seq == 0) impl_->drain({log});
  return log->look_back(place, count, bytes, visit);
}

void LogStore::take_in(Slot slot) {
  if (ServiceLog* log = impl_->find(slot)) impl_->drain({log});
}

void LogStore::note(Slot slot, std::string_view line) {
  ServiceLog* log = impl_->find(slot);
  if (log == nullptr) return;
  impl_->drain({log});
  log->note_end(line);
}

void LogStore::take_message(Slot slot, pid_t pid, std::int64_t time_us, std::string_view line) {
  ServiceLog& log = impl_->get(slot);
  if (log.take(LogStream::syslog, pid, time_us, line)) impl_->over_rate(log);
}

LastLines LogStore::add_tap(const std::shared_ptr<LogTap>& tap, const LogStart& start,
                            std::size_t room) {
  try {
    return impl_->add_tap(tap, start, room);
  } catch (const std::bad_alloc&) {
    remove_tap(tap);
    throw;
  }
}

void LogStore::remove_tap(const std::shared_ptr<LogTap>& tap) noexcept {
  impl_->remove_tap(tap.get());
}

LogInfo LogStore::info(Slot slot) {
  const ServiceLog* log = impl_->find(slot);
  return log != nullptr ? log->info() : LogInfo{};
}

void LogStore::keep_own_log() noexcept {
  own_log = &impl_->own;
  set_log_listener(hear_own_log);
}

void LogStore::read_pipes() noexcept { impl_->read_all(); }

Result<void> LogStore::when_read(std::function<void()> done) {
  return impl_->data_loop.post([impl = impl_.get(), done = std::move(done)]() mutable {
    impl->when_read.push_back(std::move(done));
    impl->idle.start();
  });
}

bool LogStore::stop_reading(Milliseconds limit) noexcept {
  read_pipes();
  return impl_->capture.stop(limit);
}

void LogStore::finish(Milliseconds limit) noexcept { impl_->sinks.finish(limit); }

void LogStore::finish_consoles(Milliseconds limit) noexcept {
  read_pipes();
  const TimePoint end = after(Clock::now(), limit);
  TimePoint moved = Clock::now();
  Backlog left = impl_->sinks.backlog();
  while (left.lines > 0 && Clock::now() < std::min(end, after(moved, kReaderPatience))) {
    impl_->sinks.finish_consoles(kLookAtReader);
    read_pipes();
    const Backlog now = impl_->sinks.backlog();
    if (std::exchange(left, now) != now) moved = Clock::now();
  }
  if (left.lines > 0)
    log_warn("did not print {} lines of services, and perhaps more in their pipes: {}", left.lines,
             Clock::now() >= end ? "the shutdown time limit has passed"
                                 : "the reader of standard output took nothing for 10 s");
}

void LogStore::go_on() noexcept {
  catch_all("log", [&] {
    if (auto reads = impl_->capture.start(); !reads)
      log_error("cannot read the output of services: {}", reads.error().text);
  });
  impl_->sinks.go_on();
}

void LogStore::keep_dropped() noexcept {
  if (impl_->facts != nullptr) catch_all("counts of lost lines", [&] { impl_->keep_dropped(); });
}

std::uint64_t LogStore::reopen_files() noexcept { return impl_->sinks.reopen_files(); }

bool LogStore::reopened(std::uint64_t ticket) noexcept { return impl_->sinks.reopened(ticket); }

void LogStore::on_reopened(std::function<void()> told) {
  impl_->sinks.on_reopened(std::move(told));
}

bool LogStore::busy() noexcept {
  return impl_->sinks.busy() || impl_->capture.reading({}) != nullptr;
}

std::string LogStore::hanging() {
  if (const std::string file = impl_->sinks.hanging(); !file.empty())
    return fmt::format("the log file {} does not answer", printable(file));
  const LogOwner owner = impl_->capture.reading(kHungRead);
  if (owner == nullptr) return {};
  return fmt::format("a process of {} holds the lock of its output pipe", *owner);
}

}  // namespace zinit
