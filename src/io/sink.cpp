// The queue of sinks that write text, and the formats for kmsg and the console.
#include "io/sink.hpp"

#include <fcntl.h>
#include <poll.h>

#include <utility>

#include "base/format.hpp"
#include "base/text.hpp"
#include "base/write_now.hpp"

namespace zinit {

namespace {

// Few, for the kernel may print a record on a serial console before write(2) returns.
constexpr int kKmsgAtOnce = 16;

// More than the queue holds, so no line is lost as long as the console accepts them.
constexpr int kConsoleAtOnce = 8192;

// Counted for each line beside its text, so that the queue is bounded for empty lines too.
constexpr std::size_t kQueuedLineOverhead = 64;

// The kernel cuts or refuses records of /dev/kmsg from 976 bytes on, depending on its version and
// configuration (kernel/printk/printk.c: LOG_LINE_MAX, PRINTK_PREFIX_MAX).
constexpr std::size_t kKmsgRecord = 900;

}  // namespace

void Sink::lose(const DropCount& dropped, std::uint64_t lines) const noexcept {
  *dropped += lines;
  if (trouble_) trouble_->lost(lines);
}

QueuedSink::QueuedSink(EventLoop& loop, std::size_t limit)
    : limit_(limit), begin_(loop, [this] { lines_wait(); }) {}

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

/// Sets `done` to the number of lines queued, and `begins` if the loop must be woken. Both are
/// right even if this throws.
void QueuedSink::add(const SinkBatch& batch, const DropCount& dropped, std::size_t& done,
                     bool& begins) {
  const TimePoint now = Clock::now();
  MutexLock lock(mutex_);
  for (const SplitLine& line : batch.lines) {
    // Before formatting, so that dropping lines is cheap in a flood.
    if (queued_bytes_ + line.text.size() + kQueuedLineOverhead > limit_) break;
    queue_.push_back({format(batch, line), dropped, now});
    queued_bytes_ += queue_.back().text.size() + kQueuedLineOverhead;
    ++done;
    if (!std::exchange(awake_, true)) begins = true;
  }
}

/// Each line as "SIZE:TEXT".
void QueuedSink::add_left(std::string& left, std::string_view text) {
  left += fmt::format("{}:{}", text.size(), text);
}

std::string QueuedSink::left() {
  std::string left;
  MutexLock lock(mutex_);
  for (const QueuedLine& line : queue_) add_left(left, line.text);
  return left;
}

void QueuedSink::go_on_with(std::string_view left) {
  const auto nobodys = std::make_shared<std::atomic<std::uint64_t>>(0);
  {
    MutexLock lock(mutex_);
    while (true) {
      const std::size_t colon = left.find(':');
      const auto size = parse_integer(left.substr(0, colon));
      if (colon == left.npos || !size || *size < 0) break;
      queue_.push_back({std::string(left.substr(colon + 1, static_cast<std::size_t>(*size))),
                        nobodys, Clock::now()});
      const std::size_t taken = queue_.back().text.size();
      queued_bytes_ += taken + kQueuedLineOverhead;
      left.remove_prefix(colon + 1 + taken);
    }
    awake_ = !queue_.empty();
    if (!awake_) return;
  }
  begin_.ask();
}

bool QueuedSink::next(QueuedLine& line) noexcept {
  MutexLock lock(mutex_);
  if (queue_.empty()) {
    awake_ = false;
    return false;
  }
  line = std::move(queue_.front());
  queue_.pop_front();
  queued_bytes_ -= line.text.size() + kQueuedLineOverhead;
  return true;
}

TextSink::TextSink(EventLoop& loop, UniqueFd fd, int lines_at_once)
    : QueuedSink(loop, kQueueBytes),
      fd_(std::move(fd)),
      lines_at_once_(lines_at_once),
      writable_(loop, fd_.get(), EV_WRITE, [this](int events) { write_some(events); }) {}

void TextSink::write_some(int events) noexcept {
  for (int i = 0; i < lines_at_once_; ++i) {
    if (current_.text.empty() && !next_line()) return writable_.stop();
    if (write_current() == Progress::done) continue;
    // The kernel cannot watch this descriptor (EV_ERROR): drop the line rather than wait.
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
  lose(current_.dropped, 1);
  current_ = {};
}

/// A terminal hangs up when the session that it controls ends, such as a getty's. Its descriptors
/// are dead from then on (EIO), but it can be opened again. The descriptor keeps its number.
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
      drop_current();
      return Progress::done;
    }
    written_ += static_cast<std::size_t>(written);
  }
  current_ = {};
  return Progress::done;
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

KmsgSink::KmsgSink(EventLoop& loop, UniqueFd fd) : TextSink(loop, std::move(fd), kKmsgAtOnce) {}

std::string KmsgSink::format(const SinkBatch& batch, const SplitLine& line) const {
  // <30> is facility daemon, level info: 3 * 8 + 6 (syslog(3)). The kernel may show the record on
  // the console, hence printable().
  const std::string record =
      fmt::format("<30>{}: {}", batch.service, printable(cut_utf8(line.text, kKmsgRecord)));
  return std::string(cut_utf8(record, kKmsgRecord - 1)) + '\n';
}

ConsoleSink::ConsoleSink(EventLoop& loop, UniqueFd fd)
    : TextSink(loop, std::move(fd), kConsoleAtOnce) {}

std::string ConsoleSink::format(const SinkBatch& batch, const SplitLine& line) const {
  return fmt::format("{}: {}\n", batch.service, printable(line.text));
}

Result<UniqueFd> open_for_sink(int fd) {
  if (UniqueFd own = reopen_nonblocking(fd)) return own;
  UniqueFd copy(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
  if (!copy) return sys_failure("duplicate", fmt::format("descriptor {}", fd));
  return copy;
}

}  // namespace zinit
