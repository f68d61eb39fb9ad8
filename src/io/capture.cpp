// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Watches and reads pipes, on a thread from which another can take over. See capture.hpp.
#include "io/capture.hpp"

#include <fcntl.h>
#include <sys/epoll.h>

#include <algorithm>
#include <new>
#include <optional>
#include <utility>

#include "base/log.hpp"
#include "io/epoll_set.hpp"
#include "os/process.hpp"

namespace zinit {

namespace {

constexpr Milliseconds kTryAgain{1000};

// How long reading a pipe pauses: when one of its sinks wants a pause, or to let lines gather.
constexpr Milliseconds kPause{1};

// A pipe that became readable again within this time would have been read at the end of a pause.
// The limit is above kPause because the kernel and a busy loop end a pause late.
constexpr std::chrono::microseconds kSoon{1500};

// The largest pipe that a user may request by default (fs.pipe-max-size).
constexpr int kWidePipeBytes = 1 << 20;

// How long there are no pauses after they were found useless.
constexpr Milliseconds kNoPause{500};

constexpr std::size_t kPipesOfProcess = 2;

// The newest process's pipes, and the pipes of earlier processes.
constexpr std::size_t kPipesKept = LogStore::kOldPipes + kPipesOfProcess;

}  // namespace

/// A thread with a loop that reads pipes. All functions are for this thread, except reading().
class Capture::Reader {
 public:
  Reader(Capture& capture, std::unique_ptr<DataLoop> with_thread, std::uint8_t number);

  /// Any thread: the pipe that it reads for `limit` or longer; null: none. With the lock of Capture
  /// the pipe is valid until the lock is released, because the reading cannot end.
  [[nodiscard]] const LogPipe* reading(Milliseconds limit) const noexcept {
    const TimePoint since = since_;
    return since != kNever && Clock::now() - since >= limit ? pipe_.load() : nullptr;
  }

  void drain(const std::vector<LogPipePtr>& pipes);
  void give_up_oldest(ServiceLog& log);

  // Any thread may post to the loop, ask for the calls, and change the set.
  const std::unique_ptr<DataLoop> thread;
  EpollSet set;
  LoopCall begin;  // begin_to_watch()
  LoopCall look;   // look_at_all()

 private:
  class Reading;
  void on_ready(const LogPipe* pipe, std::uint32_t events);
  void ended(LogPipe& pipe);
  void readable(LogPipe& pipe);
  [[nodiscard]] static bool pays(LogPipe& pipe, const ServiceLog::ReadOnce& read) noexcept;
  void unwatch(const LogPipe& pipe, std::vector<const LogPipe*>& list) REQUIRES(capture_.mutex_);
  void pause(const LogPipe& pipe);
  void hold(const LogPipe& pipe);
  void begin_to_watch();
  void resume();
  void look_at_all();
  void let_go(LogPipe& pipe);

  Capture& capture_;
  ReadBuffer buffer_;
  std::atomic<const LogPipe*> pipe_{nullptr};
  std::atomic<TimePoint> since_{kNever};  // kNever: it reads nothing
  TimerWatcher again_;                    // calls begin_to_watch() while there are unwatched_
  TimerWatcher resume_;                   // calls resume() while there are paused_
  TimerWatcher again_look_;  // while an unended line is not shown, or left-out lines not logged
};

/// While it exists, its reader may hang in `pipe`, and another may take over. Ask reads()
/// afterwards: a reader that was replaced must leave the pipes alone.
class Capture::Reader::Reading {
 public:
  Reading(Reader& reader, const LogPipe& pipe) noexcept : reader_(reader) {
    reader.pipe_ = &pipe;
    reader.since_ = Clock::now();
    reader.capture_.begins_to_read();
  }
  ~Reading() {
    // With the lock of replace_reader(): either this read has ended in time, or another reader has
    // taken over.
    MutexLock lock(reader_.capture_.mutex_);
    reader_.since_ = kNever;
    // The reader that took over has held the pipes of the service.
    if (!reader_.capture_.reads(reader_)) reader_.capture_.current_.load()->look.ask();
  }
  Reading& operator=(Reading&&) = delete;

 private:
  Reader& reader_;
};

Capture::Reader::Reader(Capture& capture, std::unique_ptr<DataLoop> with_thread,
                        std::uint8_t number)
    : thread(std::move(with_thread)),
      set(thread->loop(),
          [this](EpollSet::Key key, std::uint32_t events) {
            on_ready(reinterpret_cast<const LogPipe*>(key), events);
          }),
      begin(thread->loop(), [this] { begin_to_watch(); }),
      look(thread->loop(), [this] { look_at_all(); }),
      capture_(capture),
      buffer_(number),
      again_(thread->loop(), [this] { begin_to_watch(); }),
      resume_(thread->loop(), [this] { resume(); }),
      again_look_(thread->loop(), [this] { look_at_all(); }) {}

void Capture::Reader::on_ready(const LogPipe* key, std::uint32_t events) {
  LogPipePtr pipe;
  bool hangs = false;
  {
    MutexLock lock(capture_.mutex_);
    if (!capture_.reads(*this)) return;
    // An earlier event of this turn may have closed the pipe: find() only compares the address.
    pipe = capture_.find(key);
    if (!pipe) return;
    hangs = capture_.hangs(*pipe);
  }
  if (hangs) return hold(*pipe);
  if (events == EPOLLHUP) return ended(*pipe);
  if (!pipe->log.holds(*pipe)) return readable(*pipe);
  hold(*pipe);
  if (!pipe->log.holds(*pipe)) capture_.release();  // its sink has called release() before hold()
}

/// For a pipe that is empty and has no writer any more: it need not be read.
void Capture::Reader::ended(LogPipe& pipe) {
  pipe.log.end(pipe, buffer_);
  let_go(pipe);
}

void Capture::Reader::readable(LogPipe& pipe) {
  if (pipe.log.wants_pause()) return pause(pipe);
  ServiceLog::ReadOnce read;
  {
    const Reading reading(*this, pipe);
    read = pipe.log.read(pipe, buffer_);
    if (!read.busy && !read.ended) pipe.paused = pays(pipe, read);
  }
  if (!capture_.reads(*this)) return;
  if (read.busy) return hold(pipe);
  if (read.ended) return let_go(pipe);
  if (read.later) again_look_.set_within(ServiceLog::kUnended);
  if (pipe.paused) pause(pipe);
}

/// Whether a pause pays: whether to let lines gather in a pipe that was just read.
bool Capture::Reader::pays(LogPipe& pipe, const ServiceLog::ReadOnce& read) noexcept {
  const TimePoint now = Clock::now();
  const bool soon = now - std::exchange(pipe.read_at, now) < kSoon;
  const bool was_paused = pipe.paused;
  pipe.paused = false;
  if (was_paused) {
    if (pipe.capacity <= 0) pipe.capacity = ::fcntl(pipe.fd.get(), F_GETPIPE_SZ);
    // Half is enough: a page with some room left cannot take a line that is longer than this room.
    if (static_cast<std::int64_t>(read.found) > pipe.capacity / 2) {
      const int wider = pipe.tried_wide ? -1 : ::fcntl(pipe.fd.get(), F_SETPIPE_SZ, kWidePipeBytes);
      pipe.tried_wide = true;
      if (wider > 0)
        pipe.capacity = wider;
      else
        pipe.no_pause_until = after(now, kNoPause);
    }
  }
  return soon && read.all && now >= pipe.no_pause_until;
}

/// Removes the pipe from the set. It is not enough to ask for no events: the kernel reports the
/// hang-up of a pipe without writers in any case.
void Capture::Reader::unwatch(const LogPipe& pipe, std::vector<const LogPipe*>& list) {
  list.push_back(&pipe);
  set.remove(pipe.fd.get());
}

void Capture::Reader::pause(const LogPipe& pipe) {
  MutexLock lock(capture_.mutex_);
  unwatch(pipe, capture_.paused_);
  // One timer for all of them, which is not put off: no pause is longer than kPause.
  if (!resume_.active()) resume_.set(kPause);
}

void Capture::Reader::hold(const LogPipe& pipe) {
  MutexLock lock(capture_.mutex_);
  unwatch(pipe, capture_.held_);
}

/// Makes the loop watch the set, and adds the pipes that the kernel refused so far.
void Capture::Reader::begin_to_watch() {
  again_.set(kTryAgain);  // until all of this works
  if (!set.open()) return;
  MutexLock lock(capture_.mutex_);
  std::erase_if(capture_.unwatched_, [this](const LogPipe* pipe) NO_THREAD_SAFETY_ANALYSIS {
    return capture_.add_to_set(*pipe);
  });
  if (capture_.unwatched_.empty()) again_.stop();
}

void Capture::Reader::resume() {
  resume_.set(kTryAgain);  // in case memory runs out before the end
  MutexLock lock(capture_.mutex_);
  // A pipe leaves the list after it is watched again, so none is lost if listen() throws.
  for (auto& paused = capture_.paused_; !paused.empty(); paused.pop_back())
    capture_.listen(*paused.back());
  resume_.stop();
}

/// Reports what is due for pipes although nothing arrives: look_again() of each pipe. Closes pipes
/// that another thread has ended. A pipe that is still held is held again at its next event.
void Capture::Reader::look_at_all() {
  capture_.release();
  std::vector<LogPipePtr> pipes;
  {
    // A copy, because let_go() takes the lock and changes the set.
    MutexLock lock(capture_.mutex_);
    pipes.assign(capture_.watched_.begin(), capture_.watched_.end());
  }
  const TimePoint now = Clock::now();
  std::optional<Milliseconds> next;
  for (const LogPipePtr& pipe : pipes) {
    if (!capture_.reads(*this)) return;
    // A reader that hangs in it still uses its descriptor, and asks for the next look.
    if (pipe->ended && !capture_.waits_for_reader(*pipe)) let_go(*pipe);
    if (const auto due = pipe->log.look_again(*pipe, now))
      next = std::min(*due, next.value_or(*due));
  }
  if (next)
    again_look_.set(*next);
  else
    again_look_.stop();
}

void Capture::Reader::drain(const std::vector<LogPipePtr>& pipes) {
  for (const LogPipePtr& pipe : pipes) {
    if (!capture_.reads(*this)) return;
    if (capture_.waits_for_reader(*pipe)) continue;
    const Reading reading(*this, *pipe);
    pipe->log.drain(*pipe, buffer_);
  }
  look.ask();
}

/// A process that is alive, or about to be spawned, keeps its pipes: all instances of a service
/// with `accept` write to one log. There may be thousands, and each costs a system call. So the
/// next look comes when a quarter as many processes have been launched.
void Capture::Reader::give_up_oldest(ServiceLog& log) {
  std::vector<LogPipePtr> old = log.pipes();
  const std::size_t all = old.size();
  std::erase_if(old, [](const LogPipePtr& pipe) {
    const pid_t pid = *pipe->writer;
    return pid == 0 || process_exists(pid);
  });
  log.launches_to_look = static_cast<int>((all - old.size()) / kPipesOfProcess / 4);
  for (std::size_t i = 0; i + LogStore::kOldPipes < old.size(); ++i) {
    // The next launch asks again.
    if (!capture_.reads(*this) || capture_.waits_for_reader(*old[i])) return;
    {
      // Its writer has ended. What it wrote last belongs to the log.
      const Reading reading(*this, *old[i]);
      log.drain(*old[i], buffer_, Drain::all);
    }
    if (capture_.reads(*this)) ended(*old[i]);
  }
}

/// Stops watching a pipe that ended, and closes it.
void Capture::Reader::let_go(LogPipe& pipe) {
  LogPipePtr last;
  {
    MutexLock lock(capture_.mutex_);
    last = capture_.find(&pipe);
    if (!last) return;
    capture_.watched_.erase(last);
    std::erase(capture_.unwatched_, &pipe);
    std::erase(capture_.paused_, &pipe);
    std::erase(capture_.held_, &pipe);
    set.remove(pipe.fd.get());
  }
  // close(2) may hang like read(2). `last` keeps the pipe until it is over.
  const Reading reading(*this, pipe);
  pipe.log.close(pipe);
}

Capture::Capture(EventLoop& loop)
    : look_at_reader_(loop, [this] { look_at_reader(); }),
      begin_to_look_(loop, [this] { look_at_reader_.set(kHungRead); }) {}

Capture::~Capture() { stop(kForever); }

Result<void> Capture::start() {
  MutexLock lock(mutex_);
  if (current_ == nullptr) {
    auto first = idle_reader();
    if (!first) return Failure(first.error());
    let_read(**first);
  }
  auto started = current_.load()->thread->start();
  running_ = started.has_value();
  return started;
}

bool Capture::stop(Milliseconds limit) noexcept {
  const TimePoint until = after(Clock::now(), limit);
  std::array<Reader*, kMostReaders> all{};
  {
    MutexLock lock(mutex_);
    running_ = false;
    std::ranges::transform(readers_, all.begin(), [](const auto& reader) { return reader.get(); });
  }
  // Without the lock, because a thread needs it to end. No reader is destroyed before this object,
  // and from now on none is started.
  const auto each_ends = [&](TimePoint by) {
    return std::ranges::count_if(all, [&](Reader* reader) {
             return reader != nullptr &&
                    !reader->thread->stop(Milliseconds{ms_between(Clock::now(), by)});
           }) == 0;
  };
  return each_ends(Clock::now()) || each_ends(until);  // ask all to end before waiting for one
}

void Capture::let_read(Reader& reader) {
  current_ = &reader;
  reader.begin.ask();
  reader.look.ask();
}

/// A reader whose thread does not run.
Result<Capture::Reader*> Capture::idle_reader() {
  for (std::uint8_t number = 0; number < kMostReaders; ++number) {
    std::unique_ptr<Reader>& reader = readers_[number];
    if (!reader) {
      auto thread = DataLoop::create("zinit-read");
      if (!thread) return Failure(thread.error());
      reader = std::make_unique<Reader>(*this, std::move(*thread), number);
      return reader.get();
    }
    // A reader that was replaced is free once its read has returned and its thread has ended.
    if (!reads(*reader) && reader->thread->stop(Milliseconds{0})) return reader.get();
  }
  return Failure(Error{fmt::format("{} threads that read pipes hang", kMostReaders), EAGAIN});
}

void Capture::watch(std::span<const LogPipePtr> pipes) {
  Reader* const reader = current_;
  {
    MutexLock lock(mutex_);
    // Room first: listen() then cannot fail for a pipe that is in watched_ already.
    unwatched_.reserve(unwatched_.size() + pipes.size());
    for (const LogPipePtr& pipe : pipes) {
      if (pipe->ended) continue;  // its log was removed, or a client's request read it to the end
      watched_.insert(pipe);
      listen(*pipe);
    }
  }
  ServiceLog& log = pipes.front()->log;
  if (reader == nullptr || log.launches_to_look.fetch_sub(1) > 0 || log.pipes(kPipesKept).empty())
    return;
  // If this fails, the next launch tries again.
  static_cast<void>(reader->thread->loop().post([reader, &log] { reader->give_up_oldest(log); }));
}

bool Capture::add_to_set(const LogPipe& pipe) {
  Reader* const reader = current_;
  return reader != nullptr &&
         reader->set.add(pipe.fd.get(), EPOLLIN, reinterpret_cast<std::uintptr_t>(&pipe));
}

/// Adds the pipe to the set. The reader's loop watches the set, so it need not be woken.
void Capture::listen(const LogPipe& pipe) {
  if (add_to_set(pipe)) return;
  unwatched_.push_back(&pipe);
  if (Reader* const reader = current_) reader->begin.ask();
}

LogPipePtr Capture::find(const LogPipe* pipe) const {
  const auto found = watched_.find(pipe);
  return found == watched_.end() ? nullptr : *found;
}

/// Whether a reader that was replaced hangs in this pipe, or in another one of the same service.
bool Capture::hangs(const LogPipe& pipe) const noexcept {
  return std::ranges::any_of(readers_, [&](const std::unique_ptr<Reader>& reader) {
    const LogPipe* const read = reader && !reads(*reader) ? reader->reading({}) : nullptr;
    return read != nullptr && &read->log == &pipe.log && read->owner == pipe.owner;
  });
}

/// The same, without the lock.
bool Capture::waits_for_reader(const LogPipe& pipe) noexcept {
  MutexLock lock(mutex_);
  return hangs(pipe);
}

void Capture::release() noexcept {
  MutexLock lock(mutex_);
  // From the front: epoll reports descriptors in the order in which they were added, and the first
  // fills the console again. So the pipe that has waited longest is read next.
  auto next = held_.begin();
  try {
    for (; next != held_.end(); ++next) listen(**next);
  } catch (const std::bad_alloc&) {
    // The remaining pipes are tried the next time that there is room.
  }
  held_.erase(held_.begin(), next);
}

void Capture::look_later() noexcept {
  if (Reader* const reader = current_) reader->look.ask();
}

bool Capture::read_now(const std::vector<LogPipePtr>& pipes) {
  const auto done = std::make_shared<Flag>();
  Reader* const reader = current_;
  if (reader == nullptr) return false;
  {
    MutexLock lock(mutex_);
    if (!running_ || late_) return true;
    const auto posted = reader->thread->loop().post([this, reader, pipes, done] {
      catch_all("log", [&] { reader->drain(pipes); });
      done->set();
      MutexLock now(mutex_);
      if (reads(*reader)) late_ = false;
    });
    if (!posted) return true;
  }
  if (done->await(kHungRead)) return true;
  MutexLock lock(mutex_);
  // The task that is late resets this, unless another reader has taken over.
  late_ = late_ || (current_ == reader && !done->is_set());
  return true;
}

LogOwner Capture::reading(Milliseconds limit) noexcept {
  MutexLock lock(mutex_);
  for (const std::unique_ptr<Reader>& reader : readers_)
    if (const LogPipe* const pipe = reader ? reader->reading(limit) : nullptr) return pipe->owner;
  return nullptr;
}

/// Called for each read, so it wakes the data loop only if this loop has no earlier look planned.
void Capture::begins_to_read() noexcept {
  if (!looks_ && !looks_.exchange(true)) begin_to_look_.ask();
}

void Capture::look_at_reader() {
  looks_ = false;  // before the look: a read that begins now asks for the next one
  const Reader& reader = *current_.load();
  if (reader.reading({}) != nullptr) begins_to_read();
  // If zinit was suspended meanwhile, nothing was read.
  if (reader.reading(kHungRead) != nullptr && look_at_reader_.late_by() < kHungRead)
    replace_reader();
}

/// Lets another thread read all pipes, except those of the service that hangs: on_ready().
void Capture::replace_reader() {
  MutexLock lock(mutex_);
  Reader& old = *current_.load();
  const LogPipe* const read = old.reading(kHungRead);
  if (read == nullptr || !running_) return;
  const LogOwner hung = read->owner;
  unwatched_.reserve(watched_.size());  // now, because nothing may fail once it has started
  const auto next = idle_reader();
  const auto started = next ? (*next)->thread->start() : Result<void>(Failure(next.error()));
  if (started) {
    unwatched_.clear();
    for (const LogPipePtr& pipe : watched_) {
      // The old reader would watch it too, once its read has returned, or when it is used again.
      old.set.remove(pipe->fd.get());
      unwatched_.push_back(pipe.get());
    }
    paused_.clear();
    held_.clear();
    late_ = false;
    told_hung_ = nullptr;
    let_read(**next);
    static_cast<void>(old.thread->stop(Milliseconds{0}));
  } else if (std::exchange(told_hung_, hung) == hung) {
    return;
  }
  lock.unlock();
  log_error(
      "{}: a process of this service holds the lock of its output pipe, perhaps because it writes "
      "from a mapped file whose server does not answer: {}",
      *hung,
      started ? "its output is read when the process is gone"
              : fmt::format("zinit cannot read the output of services until then ({})",
                            started.error().text));
}

}  // namespace zinit
