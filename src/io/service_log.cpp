// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Reads a service's pipes into its ring and sinks. See service_log.hpp.
#include "io/service_log.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "base/fd.hpp"
#include "base/format.hpp"
#include "base/kill_point.hpp"
#include "base/log.hpp"
#include "base/memory.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "state/slot_facts.hpp"

namespace zinit {

namespace {

// A read holds the log's lock, and takes time by the number of lines rather than bytes. If lines
// are shorter than this on average, the next read is a short one, because a thread that waits for
// the lock may hold the board's lock.
constexpr std::size_t kShortLine = 16;

// See note_end(). This many lines fit into the first block of a ring.
constexpr std::size_t kNotedInARow = 8;
constexpr std::int64_t kNotedAgainUs = 60'000'000;
constexpr std::size_t kShortRead = 4096;

// Memory that a line takes besides its text while it waits for a client.
constexpr std::size_t kLineOverhead = 64;

/// The owner of the log of a free slot.
const LogOwner& nobody() {
  // Never destroyed: threads may use logs until the very end.
  static const LogOwner& none = *new LogOwner(std::make_shared<const std::string>());
  return none;
}

}  // namespace

ServiceLog::ServiceLog(RingMemory& memory, Slot slot)
    : slot_(slot), ring_(Ring::Limits{}, memory, slot), owner_(nobody()) {}

ServiceLog::ServiceLog(RingMemory& memory, Slot slot, std::string_view name)
    : slot_(slot),
      ring_(Ring::Limits{}, memory, slot),
      owner_(std::make_shared<const std::string>(name)) {}

ServiceLog::~ServiceLog() = default;

bool ServiceLog::configure(std::string_view name, Ring::Limits limits, const LogRules& rules,
                           const std::vector<std::shared_ptr<Sink>>& sinks) {
  FairLock lock(mutex_);
  const bool renamed = *owner_ != name;
  LogOwner owner = renamed ? std::make_shared<const std::string>(name) : owner_;
  ring_.set_limits(limits);
  rules_ = rules;
  std::vector<Output> outputs;
  for (const std::shared_ptr<Sink>& sink : sinks) {
    const auto had = std::find_if(outputs_.begin(), outputs_.end(),
                                  [&](const Output& output) { return output.sink == sink; });
    outputs.push_back(had != outputs_.end()
                          ? *had
                          : Output{sink, std::make_shared<std::atomic<std::uint64_t>>(0)});
  }
  outputs_.swap(outputs);
  std::erase_if(outputs, [&](const Output& output) NO_THREAD_SAFETY_ANALYSIS {
    return std::ranges::any_of(outputs_, [&](const Output& o) { return o.sink == output.sink; });
  });
  leave(outputs);
  owner_ = std::move(owner);  // last: after a lack of memory, the next call reports it again
  return renamed;
}

bool ServiceLog::merges_stderr() const {
  FairLock lock(mutex_);
  return rules_.merge_stderr;
}

void ServiceLog::count_on(std::string_view dropped) {
  FairLock lock(mutex_);
  for (const std::string_view line : split(dropped, '\n')) {
    const std::size_t space = line.find(' ');
    if (space == line.npos) continue;
    const auto count = parse_integer(line.substr(space + 1));
    for (const Output& output : outputs_)
      if (count && *count > 0 && output.sink->name() == line.substr(0, space))
        *output.dropped += static_cast<std::uint64_t>(*count);
  }
}

void ServiceLog::leave_out_on(std::string_view left_out) {
  const auto parts = split(left_out, ' ');
  if (parts.size() != 2) return;
  FairLock lock(mutex_);
  Rate& rate = rate_.edit();
  rate.kept = static_cast<std::uint64_t>(std::max(parse_integer(parts[1]).value_or(0), 0LL));
  rate.left_out += rate.kept;
  rate.until = std::min(TimePoint(Clock::duration(parse_integer(parts[0]).value_or(0))),
                        after(Clock::now(), rules_.rate_interval));
  rate.count = rules_.rate_lines;
}

void ServiceLog::keep_left_out(StateFacts* facts) noexcept {
  if (facts == nullptr || rate_->left_out == rate_->kept) return;
  catch_all("a count of lines", [&]() NO_THREAD_SAFETY_ANALYSIS {
    Rate& rate = rate_.edit();
    rate.kept = rate.left_out;
    const std::string fact =
        rate.left_out > 0
            ? fmt::format("{} {}", rate.until.time_since_epoch().count(), rate.left_out)
            : std::string();
    facts->keep(key_of(SlotFact::left_out, slot_), fact);
  });
}

void ServiceLog::forget() noexcept {
  FairLock lock(mutex_);
  owner_ = nobody();
  ring_.clear();
  leave(outputs_);
  outputs_.clear();
  rules_ = {};
  rate_.reset();
  taps_.reset();
  for (const LogPipePtr& pipe : pipes_) {
    pipe->ended = true;
    pipe->keep_nothing();
  }
  pipes_.clear();
}

void ServiceLog::note(std::string_view line) noexcept {
  FairLock lock(mutex_);
  note_locked(line);
}

void ServiceLog::note_end(std::string_view line) noexcept {
  FairLock lock(mutex_);
  std::size_t same = 0;
  const auto is_same = [&](const Ring::View& newest) {
    if (newest.stream != LogStream::zinit || newest.text != line) return false;
    return ++same > 1 || std::abs(wall_us() - newest.time_us) < kNotedAgainUs;
  };
  catch_all("the newest lines of a log", [&]() NO_THREAD_SAFETY_ANALYSIS {
    Ring::Place place;
    ring_.look_back(place, kNotedInARow, ring_.text_bytes() + 1, is_same);
  });
  if (same < kNotedInARow) note_locked(line);
}

void ServiceLog::note_locked(std::string_view line) noexcept {
  const std::int64_t time_us = wall_us();
  ring_.append(time_us, LogStream::zinit, false, line);
  const SplitLine only{line, false};
  tell_taps({*owner_, LogStream::zinit, 0, nullptr, time_us, {&only, 1}});
}

bool ServiceLog::take(LogStream stream, pid_t pid, std::int64_t time_us, std::string_view line) {
  FairLock lock(mutex_);
  const std::size_t most = std::clamp<std::size_t>(ring_.limits().bytes, 1, kMaxPiece);
  SplitLine piece;
  bool leaves_out = false;
  if (!admits(leaves_out, false)) return true;
  do {
    piece = {line.substr(0, most), line.size() > most};
    if (piece.continues) piece.text = piece.text.substr(0, whole_length(piece.text));
    line.remove_prefix(piece.text.size());
    store({*owner_, stream, pid, this, time_us, {&piece, 1}});
  } while (piece.continues);
  return false;
}

/// Gives the taps the lines that were stored last.
void ServiceLog::tell_taps(const SinkBatch& batch) noexcept {
  const std::uint64_t first = ring_.last_seq() - batch.lines.size() + 1;
  for (const std::shared_ptr<LogTap>& tap : *taps_) tap->take(batch, first);
}

/// The number of lines from `start` on. The ring may have lost the first ones.
std::uint64_t ServiceLog::lines_from(const LogStart& start) const {
  const auto after = start.after.find(*owner_);
  if (after == start.after.end()) return std::min(start.lines, ring_.lines());
  // The numbers have begun again, with the service, if the newest one is lower.
  return after->second > ring_.last_seq() ? ring_.lines() : ring_.last_seq() - after->second;
}

std::vector<LogLine> ServiceLog::attach(const std::shared_ptr<LogTap>& tap, const LogStart& start,
                                        std::size_t& bytes, std::uint64_t& left_out) {
  FairLock lock(mutex_);
  if (owner_->empty() || !tap->wants(*owner_)) return {};
  if (taps_->contains(tap)) return {};
  std::vector<LogLine> last;
  Ring::Place place;
  const std::uint64_t lines = lines_from(start);
  ring_.look_back(place, lines, ring_.text_bytes() + 1, [&](const Ring::View& line) {
    const std::size_t size = line.text.size() + kLineOverhead;
    if (size > bytes) return false;
    bytes -= size;
    last.push_back({line.seq, line.time_us, line.stream, line.continues, std::string(line.text)});
    return true;
  });
  std::reverse(last.begin(), last.end());
  left_out += lines - last.size();
  taps_.edit().insert(tap);
  return last;
}

std::size_t ServiceLog::cost(const LogStart& start) const {
  FairLock lock(mutex_);
  const std::size_t kept = ring_.lines();
  if (kept == 0) return 0;
  // Estimated from the average length; attach() counts exactly.
  return (ring_.text_bytes() / kept + 1 + kLineOverhead) *
         std::min<std::uint64_t>(lines_from(start), kept);
}

void ServiceLog::detach(const LogTap* tap) noexcept {
  FairLock lock(mutex_);
  if (const auto found = taps_->find(tap); found != taps_->end()) taps_.edit().erase(found);
  if (taps_->empty()) taps_.reset();
}

void ServiceLog::add_pipes(std::span<const LogPipePtr> pipes) {
  FairLock lock(mutex_);
  pipes_.insert(pipes_.end(), pipes.begin(), pipes.end());  // all or none
}

void ServiceLog::store(const SinkBatch& batch) {
  give_to_sinks(batch);
  keep_in_ring(batch);
}

void ServiceLog::give_to_sinks(const SinkBatch& batch) noexcept {
  const EssentialAllocations essential;  // no line is lost for a client's request that reads it
  for (const Output& output : outputs_) output.sink->take(batch, output.dropped);
  // The sinks have ended other lines that had begun.
  for (const LogPipePtr& other : pipes_)
    if (other.get() != batch.source && std::exchange(other->within, false))
      other->keep(other->kept_read);
}

/// See Sink::leave().
void ServiceLog::leave(std::span<const Output> outputs, const void* source) noexcept {
  const EssentialAllocations essential;
  for (const Output& output : outputs) output.sink->leave(source, output.dropped);
}

/// These sinks get no more of any line.
void ServiceLog::leave(std::span<const Output> outputs) noexcept {
  leave(outputs, this);
  for (const LogPipePtr& pipe : pipes_) leave(outputs, pipe.get());
}

void ServiceLog::keep_in_ring(const SinkBatch& batch) {
  for (const SplitLine& line : batch.lines)
    ring_.append(batch.time_us, batch.stream, line.continues, line.text);
  tell_taps(batch);
}

/// Stores a line whose beginning is already in the ring.
void ServiceLog::keep_rest_in_ring(LogPipe& pipe, std::int64_t time_us, const SplitLine& line) {
  const std::size_t shown = std::exchange(pipe.shown, 0U);
  const SplitLine rest{line.text.substr(std::min(shown, line.text.size())), line.continues};
  keep_in_ring(batch_of(pipe, time_us, {&rest, 1}));
}

/// Whether a line is within the rate_lines of its interval. The caller keeps `leaves_out` for the
/// pieces of a line: all pieces are treated like the first.
bool ServiceLog::admits(bool& leaves_out, bool continues) {
  if (rules_.rate_lines == 0) return true;
  const bool goes_on = std::exchange(leaves_out, leaves_out && continues);
  if (goes_on) return false;
  const TimePoint now = Clock::now();
  Rate& rate = rate_.edit();
  if (now >= rate.until) {
    tell_left_out();
    rate.until = after(now, rules_.rate_interval);
    rate.count = 0;
  }
  if (rate.count >= rules_.rate_lines) {
    ++rate.left_out;
    leaves_out = continues;
    return false;
  }
  if (!continues) ++rate.count;
  return true;
}

void ServiceLog::tell_left_out() {
  if (rate_->left_out == 0) return;
  note_locked(fmt::format("left out {} lines: more than rate_lines = {} in {} ms",
                          std::exchange(rate_.edit().left_out, 0), rules_.rate_lines,
                          rules_.rate_interval.count()));
}

std::optional<Milliseconds> ServiceLog::look_at_rate_locked(TimePoint now, StateFacts* facts) {
  if (now >= rate_->until) tell_left_out();
  keep_left_out(facts);
  if (rate_->left_out == 0) return std::nullopt;
  return Milliseconds{ms_between(now, rate_->until) + 1};
}

std::optional<Milliseconds> ServiceLog::look_at_rate(TimePoint now, StateFacts* facts) {
  FairLock lock(mutex_);
  return look_at_rate_locked(now, facts);
}

std::optional<Milliseconds> ServiceLog::look_again(LogPipe& pipe, TimePoint now) {
  FairLock lock(mutex_);
  const std::optional<Milliseconds> next = look_at_rate_locked(now, pipe.facts);
  std::string_view held = pipe.splitter.held();
  held = held.substr(0, whole_length(held));
  if (pipe.ended || held.size() <= pipe.shown || pipe.leaves_out) return next;
  const auto left = kUnended.count() - ms_between(pipe.held_since, now);
  if (left > 0) return Milliseconds{std::min<std::int64_t>(left, next ? next->count() : left)};
  const SplitLine piece{held.substr(pipe.shown), true};
  keep_in_ring({*owner_, pipe.stream, *pipe.writer, &pipe, wall_us(), {&piece, 1}});
  pipe.shown = static_cast<std::uint32_t>(held.size());
  pipe.keep(pipe.kept_read);
  return next;
}

SinkBatch ServiceLog::batch_of(const LogPipe& pipe, std::int64_t time_us,
                               std::span<const SplitLine> lines) const {
  return {*owner_, pipe.stream, *pipe.writer, &pipe, time_us, lines, pipe.unended};
}

void ServiceLog::split_locked(LogPipe& pipe, std::string_view bytes, ReadBuffer& buffer) {
  const std::int64_t time_us = wall_us();
  const std::size_t piece = std::clamp<std::size_t>(ring_.limits().bytes, 1, kMaxPiece);
  std::size_t count = 0;
  bool begins = pipe.splitter.held().size() <= pipe.shown;  // whether the held rest is new
  const auto sink = [&](const SinkBatch& batch) NO_THREAD_SAFETY_ANALYSIS {
    give_to_sinks(batch);
    buffer.area.sunk(batch.lines.size());
    kill_point("read.sunk");
  };
  const auto flush = [&]() NO_THREAD_SAFETY_ANALYSIS {
    if (count == 0) return;
    const SinkBatch batch = batch_of(pipe, time_us, {buffer.lines.data(), count});
    sink(batch);
    keep_in_ring(batch);
    count = 0;
  };
  const auto take = [&](const SplitLine& line) NO_THREAD_SAFETY_ANALYSIS {
    begins = true;
    pipe.within = line.continues;
    if (pipe.tail) pipe.tail->add(line.text);
    if (pipe.shown > 0) {
      flush();
      sink(batch_of(pipe, time_us, {&line, 1}));  // sinks get the line whole
      return keep_rest_in_ring(pipe, time_us, line);
    }
    if (!admits(pipe.leaves_out, line.continues)) return;
    buffer.lines[count++] = line;
    if (count == buffer.lines.size()) flush();
  };
  pipe.splitter.feed(bytes, piece, buffer.joined, take);
  if (count > 0) flush();
  if (begins && !pipe.splitter.held().empty()) pipe.held_since = Clock::now();
}

/// Stores what was read into the area, so that a crash at any point loses and doubles nothing.
void ServiceLog::take_read(LogPipe& pipe, ReadBuffer& buffer, std::size_t bytes) {
  ReadArea& area = buffer.area;
  area.got(bytes, ring_.last_seq());
  split_locked(pipe, {area.bytes(), bytes}, buffer);
  kill_point("read.stored");
  keep_left_out(pipe.facts);
  pipe.keep(area.number());
  kill_point("read.kept");
  area.end();
}

/// Releases the lock during the system calls: see the head of service_log.hpp.
ServiceLog::Got ServiceLog::read_once(LogPipe& pipe, ReadBuffer& buffer) {
  if (pipe.ended) return {0, 0};
  const std::size_t most = pipe.short_lines ? kShortRead : ReadArea::kBytes;
  ReadArea& area = buffer.area;
  pipe.read_since = Clock::now();
  mutex_.unlock();
  const std::size_t found = readable_bytes(pipe.fd.get());
  // At least one byte, because the read must report the end. No more than are there: then the next
  // image knows, after a crash during the read, that all bytes were read or none.
  const std::size_t there = std::clamp<std::size_t>(found, 1, most);
  area.begin(pipe.fd.get(), there);
  ssize_t count = 0;
  do count = ::read(pipe.fd.get(), area.bytes(), there);
  while (count < 0 && errno == EINTR);
  const bool empty = count < 0 && errno == EAGAIN;
  if (count > 0) kill_point("read.done");
  mutex_.lock();
  pipe.read_since = {};
  if (pipe.read_over != nullptr) pipe.read_over->notify_one();
  if (count <= 0 || pipe.ended) area.end();
  if (pipe.to_close) {  // close(2) waits for the lock of the pipe, too
    KeptFd closed = std::move(pipe.fd);
    mutex_.unlock();
    closed.reset();
    mutex_.lock();
  }
  if (pipe.ended) return {0, found};  // given up meanwhile
  if (empty) return {-1, found};
  if (count <= 0) {
    end_locked(pipe, buffer);
    return {0, found};
  }
  const auto bytes = static_cast<std::size_t>(count);
  const std::uint64_t before = ring_.last_seq();
  take_read(pipe, buffer, bytes);
  pipe.short_lines = (ring_.last_seq() - before) * kShortLine > bytes;
  return {count, found};
}

/// Waits until no other thread reads the pipe, but not for a read that hangs.
/// @return  whether this thread may read it
bool ServiceLog::await_read(LogPipe& pipe) {
  CondVar over;
  while (pipe.read_since != TimePoint{}) {
    const TimePoint hangs = after(pipe.read_since, kHungRead);
    if (Clock::now() >= hangs) return false;
    pipe.read_over = &over;
    mutex_.wait_until(over, hangs);
    pipe.read_over = nullptr;
  }
  return true;
}

void ServiceLog::go_on(LogPipe& pipe) {
  FairLock lock(mutex_);
  if (!pipe.within || pipe.leaves_out) return;
  for (const Output& output : outputs_) output.sink->within_line(pipe.stream, &pipe);
}

void ServiceLog::take_left(LogPipe& pipe, LeftRead& left) {
  FairLock lock(mutex_);
  const std::int64_t time_us = wall_us();
  const std::size_t piece = std::clamp<std::size_t>(ring_.limits().bytes, 1, kMaxPiece);
  const std::uint64_t stored = ring_.last_seq();
  if (!left.stored) left.got(stored);
  const std::uint64_t before = *left.stored;
  std::uint64_t number = before;
  std::string joined;
  const std::uint64_t sunk = before + left.sunk;
  const auto take = [&](const SplitLine& line) NO_THREAD_SAFETY_ANALYSIS {
    pipe.within = line.continues;
    const bool fits = pipe.shown > 0 || admits(pipe.leaves_out, line.continues);
    if (!fits && number >= std::max(stored, sunk)) return;
    if (++number > sunk) {
      give_to_sinks(batch_of(pipe, time_us, {&line, 1}));
      left.sink_has(static_cast<std::uint32_t>(number - before));
    }
    if (number <= stored)
      pipe.shown = 0;
    else
      keep_rest_in_ring(pipe, time_us, line);
  };
  pipe.splitter.feed(left.bytes, piece, joined, take);
  keep_left_out(pipe.facts);
  pipe.keep(left.number);
}

bool ServiceLog::wants_pause() const {
  FairLock lock(mutex_);
  return std::ranges::any_of(outputs_,
                             [](const Output& output) { return output.sink->wants_pause(); });
}

bool ServiceLog::held(const LogPipe& pipe) const {
  return std::ranges::any_of(outputs_,
                             [&](const Output& output) { return output.sink->holds(pipe.stream); });
}

bool ServiceLog::holds(const LogPipe& pipe) const {
  FairLock lock(mutex_);
  return held(pipe);
}

ServiceLog::ReadOnce ServiceLog::read(LogPipe& pipe, ReadBuffer& buffer) {
  FairLock lock(mutex_);
  if (pipe.read_since != TimePoint{}) return {.busy = true};
  const Got got = read_once(pipe, buffer);
  return {false, got.bytes == 0, got.bytes < 0 || static_cast<std::size_t>(got.bytes) == got.found,
          got.found, rate_->left_out > 0 || pipe.splitter.held().size() > pipe.shown};
}

ServiceLog::Unread ServiceLog::unread_locked(const LogPipe& pipe) const {
  if (pipe.ended) return Unread::nothing;
  pollfd ready{pipe.fd.get(), POLLIN, 0};
  if (::poll(&ready, 1, 0) <= 0) return Unread::nothing;  // most pipes are empty and open
  return (ready.revents & POLLHUP) != 0 ? Unread::rest : Unread::some;
}

ServiceLog::Unread ServiceLog::unread(const LogPipe& pipe) const {
  FairLock lock(mutex_);
  const Unread found = unread_locked(pipe);
  // A read under way may have taken everything and not stored it yet.
  const bool is_read = !pipe.ended && pipe.read_since != TimePoint{};
  return found == Unread::nothing && is_read ? Unread::some : found;
}

void ServiceLog::drain(LogPipe& pipe, ReadBuffer& buffer, Drain drain) {
  // Takes the lock for each read, so that other threads get it in between.
  std::optional<std::size_t> left;
  do {
    FairLock lock(mutex_);
    if (drain == Drain::unheld && held(pipe)) return;
    if (!await_read(pipe)) return;
    if (!left && unread_locked(pipe) == Unread::nothing) return;
    const Got got = read_once(pipe, buffer);
    if (got.bytes <= 0) return;
    if (!left) left = got.found + 1;
    *left -= std::min(*left, static_cast<std::size_t>(got.bytes));
  } while (*left > 0);
}

void ServiceLog::end_locked(LogPipe& pipe, ReadBuffer& buffer) {
  pipe.ended = true;
  if (!pipe.splitter.held().empty()) {
    // Store the line as if its missing newline had been read.
    pipe.unended = true;
    buffer.area.begin(pipe.fd.get(), 0);
    *buffer.area.bytes() = '\n';
    take_read(pipe, buffer, 1);
  }
  leave(outputs_, &pipe);  // the end of the line may have been left out, or found no room
  tell_left_out();
  keep_left_out(pipe.facts);
  pipe.keep_nothing();
  std::erase_if(pipes_, [&](const LogPipePtr& other) { return other.get() == &pipe; });
}

void ServiceLog::end(LogPipe& pipe, ReadBuffer& buffer) {
  FairLock lock(mutex_);
  // A read under way may have taken the last bytes. It ends soon if nobody can hold the pipe.
  if (unread_locked(pipe) == Unread::rest) static_cast<void>(await_read(pipe));
  if (!pipe.ended) end_locked(pipe, buffer);
}

void ServiceLog::close(LogPipe& pipe) noexcept {
  KeptFd closed;  // without the log's lock
  FairLock lock(mutex_);
  if (!pipe.ended) return;
  pipe.to_close = pipe.read_since != TimePoint{};
  if (!pipe.to_close) closed = std::move(pipe.fd);
}

std::vector<LogPipePtr> ServiceLog::pipes(std::size_t beyond) const {
  FairLock lock(mutex_);
  const std::size_t count = pipes_.size() - std::min(pipes_.size(), beyond);
  return {pipes_.begin(), pipes_.begin() + static_cast<std::ptrdiff_t>(count)};
}

bool ServiceLog::look_back(Ring::Place& place, std::size_t count, std::size_t bytes,
                           FunctionRef<bool(const Ring::View&)> visit) const {
  FairLock lock(mutex_);
  return ring_.look_back(place, count, bytes, visit);
}

LogOwner ServiceLog::owner() const {
  FairLock lock(mutex_);
  return owner_;
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
    if (const std::string fault = output.sink->fault(); !fault.empty())
      info.faults.push_back(
          fmt::format("its output does not reach logging.{}: {}", output.sink->name(), fault));
  }
  return info;
}

}  // namespace zinit
