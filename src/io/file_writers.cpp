// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The threads that write log files. See file_sink.hpp.
#include <algorithm>

#include "base/jitter.hpp"
#include "base/memory.hpp"
#include "io/file_sink.hpp"
#include "io/loop.hpp"

namespace zinit {

namespace {

// The pause between two writes of a file, in which lines gather. So a flood does not wake a writer
// for each read. After silence a line is written at once.
constexpr Milliseconds kBetweenWrites{1};

constexpr std::size_t kMostUnknown = FileWriters::kMostWriters / 2;

constexpr std::size_t kStackBytes = std::size_t{128} << 10;

}  // namespace

FileWriters::~FileWriters() {
  std::vector<Thread> threads;
  {
    MutexLock lock(mutex_);
    ending_ = true;
    threads.swap(threads_);
    wake_.notify_all();
  }
  threads.clear();
}

Result<void> FileWriters::add(const SinkPtr& sink) noexcept {
  const EssentialAllocations essential;
  MutexLock lock(mutex_);
  writing_.reserve(kMostWriters);
  threads_.reserve(kMostWriters);
  waiting_.push_back(sink);
  if (auto enough = enough_threads(); !enough && threads_.empty()) {
    waiting_.pop_back();
    return enough;
  }
  wake_.notify_one();
  return {};
}

/// Starts a thread if a sink can be written and no thread is idle: each running write may hang.
Result<void> FileWriters::enough_threads() {
  if (idle_ > 0 || threads_.size() == kMostWriters) return {};
  if (std::ranges::none_of(waiting_, [&](const SinkPtr& sink)
                                         NO_THREAD_SAFETY_ANALYSIS { return may_write(*sink); })) {
    return {};
  }
  auto thread = Thread::start("zinit-files", kStackBytes, [this] { work(); });
  if (!thread) return Failure(thread.error());
  threads_.push_back(std::move(*thread));
  return {};
}

/// Whether a write may begin: no writer works on the sink or on its file system.
bool FileWriters::may_write(const FileSink& sink) const {
  if (finished_ || sink.busy_) return false;  // queued again while a writer still works on it
  const auto count = std::ranges::count(writing_, sink.device_, &Write::device);
  return sink.device_ == 0 ? static_cast<std::size_t>(count) < kMostUnknown : count == 0;
}

/// Takes one sink that can be written now, or none.
FileWriters::Sinks FileWriters::take_ready() {
  Sinks taken;
  const TimePoint now = Clock::now();
  for (auto at = waiting_.begin(); at != waiting_.end(); ++at) {
    FileSink& sink = **at;
    if ((sink.next_try_ > now && !finishing_) || !may_write(sink)) continue;
    sink.busy_ = true;
    taken.splice(taken.begin(), waiting_, at);
    break;
  }
  return taken;
}

TimePoint FileWriters::next_try() const {
  TimePoint next = kNever;
  for (const SinkPtr& sink : waiting_)
    if (may_write(*sink)) next = std::min(next, sink->next_try_);
  return next;
}

void FileWriters::put_back(Sinks& taken, FileSink::Outcome outcome, bool closed) {
  FileSink* const sink = taken.front().get();
  sink->busy_ = false;
  sink->device_ = sink->file_.device();
  const bool failed = outcome == FileSink::Outcome::failed;
  if (!failed) sink->delay_.reset();
  const bool lingers = outcome == FileSink::Outcome::lingers;
  const bool written = lingers || outcome == FileSink::Outcome::done;
  const Milliseconds pause = failed    ? sink->delay_.next()
                             : written ? kBetweenWrites
                                       : Milliseconds{0};
  sink->next_try_ = after(Clock::now(), pause);
  // Also close a sink that was being written when begin_finish() was called.
  const bool again =
      lingers || outcome == FileSink::Outcome::more || (finishing_ ? !closed : failed);
  if (again) waiting_.splice(waiting_.end(), taken);
}

void FileWriters::work() {
  MutexLock lock(mutex_);
  while (!ending_) {
    Sinks taken = take_ready();
    if (taken.empty()) {
      ++idle_;
      const TimePoint next = next_try();
      if (next == kNever)
        wake_.wait(mutex_);
      else
        wake_.wait_until(mutex_, next);
      --idle_;
      continue;
    }
    FileSink* const sink = taken.front().get();
    const bool closes = finishing_;
    writing_.push_back({sink, sink->device_, Clock::now()});
    // If this fails, the existing threads write the other sinks later.
    static_cast<void>(enough_threads());
    FileSink::Outcome outcome = FileSink::Outcome::failed;
    lock.unlock();
    jitter("write of a log file");
    catch_all("log files", [&] { outcome = sink->write_some(); });
    if (closes) sink->close();
    lock.lock();
    writing_.erase(std::ranges::find(writing_, sink, &Write::sink));
    put_back(taken, outcome, closes);
    rest_.notify_all();
    // Another sink may wait for the same file system.
    if (idle_ > 0 && !waiting_.empty()) wake_.notify_one();
    lock.unlock();
    taken.clear();  // the last reference closes the file
    lock.lock();
  }
}

void FileWriters::begin_finish() noexcept {
  MutexLock lock(mutex_);
  finishing_ = true;
  wake_.notify_all();
}

void FileWriters::go_on() noexcept {
  MutexLock lock(mutex_);
  finishing_ = finished_ = false;
  wake_.notify_all();
}

void FileWriters::await_finish(Milliseconds limit) noexcept {
  const TimePoint deadline = after(Clock::now(), limit);
  MutexLock lock(mutex_);
  while (!(waiting_.empty() && writing_.empty()) && Clock::now() < deadline)
    rest_.wait_until(mutex_, deadline);
  finished_ = true;
}

bool FileWriters::busy() noexcept {
  MutexLock lock(mutex_);
  return !writing_.empty();
}

std::string FileWriters::hanging() {
  const TimePoint now = Clock::now();
  MutexLock lock(mutex_);
  for (const Write& write : writing_)
    if (now >= after(write.since, kHangs)) return write.sink->path();
  return {};
}

}  // namespace zinit
