// Sinks that write text: the queue and its writer, and the shapes for kmsg and the console.
#include "io/sink.hpp"

#include <fcntl.h>
#include <poll.h>

#include "base/format.hpp"
#include "base/text.hpp"
#include "base/write_now.hpp"

namespace zinit {

namespace {

// The kernel may print each record on a serial console before the write returns.
constexpr int kKmsgAtOnce = 16;

// More than can wait: as long as the console takes lines, none is lost for want of turns.
constexpr int kConsoleAtOnce = 8192;

// What a line that waits takes beside its text, so that a flood of empty lines is bounded too.
constexpr std::size_t kLineOverhead = 64;

// The kernel cuts or refuses records of /dev/kmsg from 976 bytes on, depending on its version and
// configuration (kernel/printk/printk.c: LOG_LINE_MAX, PRINTK_PREFIX_MAX).
constexpr std::size_t kKmsgRecord = 900;

}  // namespace

TextSink::TextSink(EventLoop& loop, UniqueFd fd, int lines_at_once)
    : fd_(std::move(fd)),
      lines_at_once_(lines_at_once),
      begin_(loop, [this] { write_some(0); }),
      writable_(loop, fd_.get(), EV_WRITE, [this](int events) { write_some(events); }) {}

void TextSink::take(const SinkLine& line, const DropCount& dropped) noexcept {
  try {
    MutexLock lock(mutex_);
    // Before the text is made: a flood costs no more than this.
    if (queued_bytes_ + line.text.size() + kLineOverhead > kQueueBytes) {
      ++*dropped;
      return;
    }
    queue_.push_back({format(line), dropped});
    queued_bytes_ += queue_.back().text.size() + kLineOverhead;
    if (awake_) return;
    awake_ = true;
  } catch (...) {
    ++*dropped;  // no memory
    return;
  }
  begin_.ask();
}

void TextSink::write_some(int events) noexcept {
  for (int i = 0; i < lines_at_once_; ++i) {
    if (current_.text.empty() && !next_line()) return writable_.stop();
    if (write_current() == Progress::done) continue;
    // The loop cannot watch the descriptor: waiting for it would never end.
    if ((events & EV_ERROR) == 0) break;
    drop_current();
  }
  writable_.start();
}

/// Takes the next line to write; false, and the loop may rest, where none waits.
bool TextSink::next_line() noexcept {
  MutexLock lock(mutex_);
  if (queue_.empty()) {
    awake_ = false;
    return false;
  }
  current_ = std::move(queue_.front());
  queue_.pop_front();
  queued_bytes_ -= current_.text.size() + kLineOverhead;
  written_ = 0;
  return true;
}

void TextSink::drop_current() noexcept {
  if (current_.text.empty()) return;
  ++*current_.dropped;
  current_ = {};
}

TextSink::Progress TextSink::write_current() noexcept {
  while (written_ < current_.text.size()) {
    const ssize_t written = write_now(fd_.get(), std::string_view(current_.text).substr(written_));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EAGAIN) return Progress::blocked;
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

std::string KmsgSink::format(const SinkLine& line) const {
  // Facility daemon, level info: 3 * 8 + 6 (syslog(3)). Control characters would reach the console
  // with the record.
  const std::string record = fmt::format("<30>{}: {}", line.service,
                                         printable(cut_utf8(line.text, kKmsgRecord)));
  return std::string(cut_utf8(record, kKmsgRecord - 1)) + '\n';
}

ConsoleSink::ConsoleSink(EventLoop& loop, UniqueFd fd)
    : TextSink(loop, std::move(fd), kConsoleAtOnce) {}

std::string ConsoleSink::format(const SinkLine& line) const {
  return fmt::format("{}: {}\n", line.service, printable(line.text));
}

Result<UniqueFd> open_for_sink(int fd) {
  if (UniqueFd own = reopen_nonblocking(fd)) return own;
  UniqueFd copy(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
  if (!copy) return sys_failure("duplicate", fmt::format("descriptor {}", fd));
  return copy;
}

}  // namespace zinit
