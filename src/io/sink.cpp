// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The queue of sinks that write text, and the format for kmsg. See sink.hpp.
#include "io/sink.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <utility>

#include "base/format.hpp"
#include "base/kill_point.hpp"
#include "base/text.hpp"
#include "base/write_now.hpp"

namespace zinit {

namespace {

// Few, because the kernel may print a record on a serial console before write(2) returns.
constexpr int kKmsgAtOnce = 16;

// Counted for each line besides its text, so that the queue is limited for empty lines too.
constexpr std::size_t kQueuedLineOverhead = 64;

// The kernel cuts or refuses records of /dev/kmsg from 976 bytes on, depending on its version and
// configuration (kernel/printk/printk.c: LOG_LINE_MAX, PRINTK_PREFIX_MAX).
constexpr std::size_t kKmsgRecord = 900;

}  // namespace

void Sink::lose(const DropCount& dropped, std::uint64_t lines) const noexcept {
  *dropped += lines;
  if (trouble_) trouble_->lost(lines);
}

QueuedSink::QueuedSink(EventLoop& loop, std::size_t limit, std::size_t together)
    : limit_(limit), together_(together), begin_(loop, [this] { lines_wait(); }) {}

void QueuedSink::take(const SinkBatch& batch, const DropCount& dropped) noexcept {
  std::size_t done = 0;
  bool begins = false;
  try {
    add(batch, dropped, done, begins);
  } catch (...) {  // no memory
  }
  if (done < batch.lines.size()) lose(dropped, batch.lines.size() - done);
  if (begins) begin_.ask();
}

/// Sets `done` to the number of queued lines, and `begins` if the loop must be woken. Both are
/// right even if this throws.
void QueuedSink::add(const SinkBatch& batch, const DropCount& dropped, std::size_t& done,
                     bool& begins) {
  const TimePoint now = Clock::now();
  MutexLock lock(mutex_);
  for (const SplitLine& line : batch.lines) {
    // Before formatting, so that dropping lines is cheap in a flood.
    if (!has_room(line.text.size())) break;
    enqueue(format(batch, line), dropped, now, begins);
    ++done;
  }
}

bool QueuedSink::has_room(std::size_t bytes) const noexcept {
  return queued_bytes_ + bytes + kQueuedLineOverhead <= limit_;
}

void QueuedSink::enqueue(std::string text, const DropCount& dropped, TimePoint now, bool& begins) {
  // Text that may be joined may be cut, too.
  const bool kept = kept_.add(text, together_ > 0);
  push(std::move(text), dropped, now, kept);
  if (!std::exchange(awake_, true)) begins = true;
  longer(queued_bytes_);
}

void QueuedSink::push(std::string text, const DropCount& dropped, TimePoint now, bool kept) {
  const std::size_t size = text.size();
  if (!queue_.empty() && queue_.back().dropped == dropped && queue_.back().kept == kept &&
      queue_.back().text.size() + size <= together_) {
    queue_.back().text += text;
    ++queue_.back().lines;
    queued_bytes_ += size;
  } else {
    queue_.push_back({std::move(text), dropped, now, 1, kept});
    queued_bytes_ += size + kQueuedLineOverhead;
  }
}

void QueuedSink::put(std::string text, const DropCount& dropped) noexcept {
  bool queued = false;
  bool begins = false;
  try {
    MutexLock lock(mutex_);
    if (has_room(text.size())) {
      enqueue(std::move(text), dropped, Clock::now(), begins);
      queued = true;
    }
  } catch (...) {  // no memory
  }
  if (!queued) lose(dropped, 1);
  if (begins) begin_.ask();
}

Backlog QueuedSink::queued() noexcept {
  MutexLock lock(mutex_);
  Backlog backlog{queued_bytes_, 0};
  for (const QueuedLine& line : queue_) backlog.lines += line.lines;
  return backlog;
}

void QueuedSink::keep_in(const std::shared_ptr<SinkArea>& area, const std::string& label) {
  const auto nobodys = std::make_shared<std::atomic<std::uint64_t>>(0);
  {
    MutexLock lock(mutex_);
    for (std::string& text : kept_.begin(area, label))
      push(std::move(text), nobodys, Clock::now(), true);
    if (queue_.empty()) return;
    awake_ = true;
  }
  begin_.ask();
}

void QueuedSink::took(const QueuedLine& line, std::size_t bytes) noexcept {
  if (!line.kept) return;
  MutexLock lock(mutex_);
  kept_.took(bytes);
}

bool QueuedSink::next(QueuedLine& line) noexcept {
  std::size_t bytes = 0;
  {
    MutexLock lock(mutex_);
    if (queue_.empty()) {
      awake_ = false;
      return false;
    }
    line = std::move(queue_.front());
    queue_.pop_front();
    bytes = queued_bytes_ -= line.text.size() + kQueuedLineOverhead;
  }
  shorter(bytes);
  return true;
}

TextSink::TextSink(EventLoop& loop, UniqueFd fd, int lines_at_once, std::size_t limit,
                   std::size_t together)
    : QueuedSink(loop, limit, together),
      fd_(std::move(fd)),
      lines_at_once_(lines_at_once),
      writable_(loop, fd_.get(), EV_WRITE, [this](int events) { write_some(events); }) {}

void TextSink::write_some(int events) noexcept {
  for (int i = 0; i < lines_at_once_; ++i) {
    if (current_.text.empty() && !next_line()) return writable_.stop();
    if (write_current() == Progress::done) continue;
    // EV_ERROR: the kernel cannot watch this descriptor. Drop the line rather than wait.
    if ((events & EV_ERROR) == 0) break;
    drop_current();
  }
  writable_.start();
}

/// Takes the next line to write. Returns false if none waits.
bool TextSink::next_line() noexcept {
  written_ = 0;
  return next(current_);
}

void TextSink::drop_current() noexcept {
  if (current_.text.empty()) return;
  took(current_, current_.text.size() - written_);
  lose(current_.dropped, current_.lines);
  current_ = {};
}

/// A terminal hangs up when the session that it controls ends, such as a getty's. Then its open
/// descriptors fail (EIO), but the terminal can be opened again. The descriptor keeps its number.
bool TextSink::open_again() noexcept {
  const UniqueFd again = reopen_nonblocking(fd_.get());
  if (!again) return false;
  writable_.stop();
  return ::dup3(again.get(), fd_.get(), O_CLOEXEC) >= 0;
}

TextSink::Progress TextSink::write_current() noexcept {
  bool hung_up = false;
  while (written_ < current_.text.size()) {
    const ssize_t written = write_now(fd_.get(), std::string_view(current_.text).substr(written_));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EAGAIN) return Progress::blocked;
    if (written < 0 && errno == EIO && !std::exchange(hung_up, true) && open_again()) continue;
    if (written < 0) {
      fails(errno);
      drop_current();
      return Progress::done;
    }
    kill_point("sink.written");
    written_ += static_cast<std::size_t>(written);
    took(current_, static_cast<std::size_t>(written));
  }
  current_ = {};
  if (trouble() != nullptr) trouble()->works();
  return Progress::done;
}

void TextSink::fails(int errnum) noexcept {
  if (trouble() == nullptr) return;
  catch_all("a sink",
            [&] { trouble()->failing(fmt::format("cannot write: {}", errno_text(errnum))); });
}

void TextSink::finish(Milliseconds limit) noexcept {
  const TimePoint deadline = after(Clock::now(), limit);
  while (!current_.text.empty() || next_line()) {
    if (write_current() == Progress::done) continue;
    const auto left = ms_between(Clock::now(), deadline);
    pollfd ready{fd_.get(), POLLOUT, 0};
    if (left == 0 || ::poll(&ready, 1, static_cast<int>(left)) <= 0) return;
  }
}

Backlog TextSink::queued() noexcept {
  Backlog backlog = QueuedSink::queued();
  if (current_.text.empty()) return backlog;
  return {backlog.bytes + current_.text.size() - written_, backlog.lines + current_.lines};
}

KmsgSink::KmsgSink(EventLoop& loop, UniqueFd fd) : TextSink(loop, std::move(fd), kKmsgAtOnce) {}

std::string KmsgSink::format(const SinkBatch& batch, const SplitLine& line) const {
  // <30> is facility daemon, level info: 3 * 8 + 6 (syslog(3)). printable(), because the kernel may
  // show the record on the console.
  const std::string record =
      fmt::format("<30>{}: {}", batch.service, printable(cut_utf8(line.text, kKmsgRecord)));
  return std::string(cut_utf8(record, kKmsgRecord - 1)) + '\n';
}

Result<UniqueFd> open_for_sink(int fd) {
  if (UniqueFd own = reopen_nonblocking(fd)) return own;
  UniqueFd copy(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
  if (!copy) return sys_failure("duplicate", fmt::format("descriptor {}", fd));
  return copy;
}

}  // namespace zinit
