// Reading a service's pipes into its ring and sinks.
#include "io/service_log.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "base/time.hpp"

namespace zinit {

namespace {

// The lock is held for one read, and its time goes by lines rather than bytes: where lines are
// shorter than this on average, reads are smaller. Those that wait may hold the board's lock.
constexpr std::size_t kShortLine = 16;
constexpr std::size_t kShortRead = 4096;

/// Bytes that lie in a pipe.
std::size_t readable_bytes(int fd) noexcept {
  int bytes = 0;
  return ::ioctl(fd, FIONREAD, &bytes) == 0 && bytes > 0 ? static_cast<std::size_t>(bytes) : 0;
}

}  // namespace

void ServiceLog::configure(std::string_view name, Ring::Limits limits,
                           const std::vector<std::shared_ptr<Sink>>& sinks) {
  FairLock lock(mutex_);
  name_ = name;
  ring_.set_limits(limits);
  std::vector<Output> outputs;
  for (const std::shared_ptr<Sink>& sink : sinks) {
    const auto had = std::find_if(outputs_.begin(), outputs_.end(),
                                  [&](const Output& output) { return output.sink == sink; });
    outputs.push_back(had != outputs_.end()
                          ? *had
                          : Output{sink, std::make_shared<std::atomic<std::uint64_t>>(0)});
  }
  outputs_.swap(outputs);
}

void ServiceLog::forget() noexcept {
  FairLock lock(mutex_);
  ring_.clear();
  outputs_.clear();
  for (const LogPipePtr& pipe : pipes_) pipe->ended = true;
  pipes_.clear();
}

void ServiceLog::note(std::string_view line) noexcept {
  FairLock lock(mutex_);
  ring_.append(wall_us(), LogStream::zinit, false, line);
}

void ServiceLog::add_pipes(const LogPipePtr& out, const LogPipePtr& err) {
  FairLock lock(mutex_);
  pipes_.reserve(pipes_.size() + 2);  // both or none
  pipes_.push_back(out);
  pipes_.push_back(err);
}

void ServiceLog::store(const LogPipe& pipe, std::int64_t time_us, std::string_view text,
                       bool continues) {
  ring_.append(time_us, pipe.stream, continues, text);
  for (const Output& output : outputs_)
    output.sink->take({name_, pipe.stream, continues, time_us, text}, output.dropped);
}

/// Bytes read; 0 where the pipe has ended, -1 where there is nothing to read now.
ssize_t ServiceLog::read_locked(LogPipe& pipe, ReadBuffer& buffer) {
  if (pipe.ended) return 0;
  ssize_t count = 0;
  do count = ::read(pipe.fd.get(), buffer.data(), pipe.read_bytes);
  while (count < 0 && errno == EINTR);
  if (count < 0 && errno == EAGAIN) return -1;
  if (count <= 0) {
    end_locked(pipe);
    return 0;
  }
  const std::int64_t time_us = wall_us();
  const std::size_t piece = std::clamp<std::size_t>(ring_.limits().bytes, 1, kMaxPiece);
  const auto bytes = static_cast<std::size_t>(count);
  const std::uint64_t before = ring_.last_seq();
  pipe.splitter.feed({buffer.data(), bytes}, piece,
                     [&](std::string_view text, bool continues) NO_THREAD_SAFETY_ANALYSIS {
                       store(pipe, time_us, text, continues);
                     });
  const bool short_lines = (ring_.last_seq() - before) * kShortLine > bytes;
  pipe.read_bytes = short_lines ? kShortRead : buffer.size();
  return count;
}

bool ServiceLog::read(LogPipe& pipe, ReadBuffer& buffer) {
  FairLock lock(mutex_);
  return read_locked(pipe, buffer) != 0;
}

void ServiceLog::drain(LogPipe& pipe, ReadBuffer& buffer) {
  // One lock a read: others have their turn in between.
  std::optional<std::size_t> left;
  do {
    FairLock lock(mutex_);
    if (!left && !pipe.ended) left = readable_bytes(pipe.fd.get()) + 1;
    const ssize_t count = read_locked(pipe, buffer);
    if (count <= 0) return;
    *left -= std::min(*left, static_cast<std::size_t>(count));
  } while (*left > 0);
}

void ServiceLog::end_locked(LogPipe& pipe) {
  pipe.ended = true;
  const std::int64_t time_us = wall_us();
  pipe.splitter.finish([&](std::string_view text, bool continues) NO_THREAD_SAFETY_ANALYSIS {
    store(pipe, time_us, text, continues);
  });
  std::erase_if(pipes_, [&](const LogPipePtr& other) { return other.get() == &pipe; });
}

void ServiceLog::end(LogPipe& pipe) noexcept {
  FairLock lock(mutex_);
  if (!pipe.ended) end_locked(pipe);
}

void ServiceLog::close(LogPipe& pipe) noexcept {
  FairLock lock(mutex_);
  if (pipe.ended) pipe.fd.reset();
}

std::vector<LogPipePtr> ServiceLog::pipes(std::size_t beyond) const {
  FairLock lock(mutex_);
  const std::size_t count = pipes_.size() - std::min(pipes_.size(), beyond);
  return {pipes_.begin(), pipes_.begin() + static_cast<std::ptrdiff_t>(count)};
}

std::vector<LogLine> ServiceLog::tail(std::size_t lines) const {
  FairLock lock(mutex_);
  return ring_.last(lines);
}

std::vector<LogLine> ServiceLog::since(std::uint64_t seq, std::size_t lines) const {
  FairLock lock(mutex_);
  return ring_.since(seq, lines);
}

LogInfo ServiceLog::info() const {
  FairLock lock(mutex_);
  LogInfo info;
  info.lines = ring_.lines();
  info.last_seq = ring_.last_seq();
  for (const Output& output : outputs_) {
    const std::uint64_t count = *output.dropped;
    info.dropped += count;
    info.dropped_by.emplace_back(output.sink->name(), count);
  }
  return info;
}

}  // namespace zinit
