// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The queue of a log file. See file_sink.hpp.
#include "io/file_sink.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace zinit {

namespace {

// Blocks grow to this size, so that a flood needs only a few blocks.
constexpr std::size_t kBlock = std::size_t{256} << 10;

// A block takes new lines only for this long, because old lines are dropped by whole blocks.
constexpr Milliseconds kBlockAge{1000};

// Blocks whose memory is reused during a flood: about as many as fill between two writes.
constexpr std::size_t kSpares = 4;

// Bytes written before another file on the same file system has its turn.
constexpr std::size_t kBytesATurn = std::size_t{4} << 20;

std::size_t bytes_of(std::span<const SplitLine> lines) {
  return std::accumulate(
      lines.begin(), lines.end(), lines.size(),
      [](std::size_t sum, const SplitLine& line) { return sum + line.text.size(); });
}

/// Appends lines with their newlines. Lines that are adjacent in the read buffer, as most are, are
/// copied together.
void append_lines(std::string& to, std::span<const SplitLine> lines) {
  const char* begin = nullptr;
  const char* end = nullptr;  // of the run, without its last newline
  bool ended = false;         // the run's last line is complete
  const auto flush = [&] {
    to.append(begin, static_cast<std::size_t>(end - begin));
    if (ended) to += '\n';
  };
  for (const SplitLine& line : lines) {
    if (end == nullptr || line.text.data() != end + (ended ? 1 : 0)) {
      if (end != nullptr) flush();
      begin = line.text.data();
    }
    end = line.text.data() + line.text.size();
    ended = !line.continues;
  }
  if (end != nullptr) flush();
}

}  // namespace

void FileSink::take(const SinkBatch& batch, const DropCount& dropped) noexcept {
  bool taken = false;
  bool begins = false;
  try {
    const std::size_t bytes = bytes_of(batch.lines) + 1;
    MutexLock lock(mutex_);
    if (waiting_bytes_ + bytes <= kQueueBytes) {
      Block& block = block_for(bytes);
      const std::size_t before = size_of(block);
      if (block.parts.empty() || block.parts.back().dropped != dropped)
        block.parts.push_back({dropped, 0});
      put(block, batch);
      waiting_bytes_ += size_of(block) - before;
      block.parts.back().lines += batch.lines.size();
      taken = true;
    }
    begins = !queue_.empty() && !std::exchange(queued_, true);
  } catch (...) {  // no memory
  }
  if (!taken) lose(dropped, batch.lines.size());
  if (begins) enqueue();
}

std::size_t FileSink::size_of(const Block& block) noexcept {
  return block.bytes.size() + block.parts.size() * sizeof(Part);
}

bool FileSink::wants_pause() noexcept {
  MutexLock lock(mutex_);
  if (waiting_bytes_ < kQueueBytes / 2) return false;
  const TimePoint now = Clock::now();
  if (half_full_ == TimePoint{}) half_full_ = now;
  return ms_between(half_full_, now) < kPause.count();
}

/// A block with room for `bytes` more. If this throws, the queue may have a new empty block.
FileSink::Block& FileSink::block_for(std::size_t bytes) {
  const TimePoint now = Clock::now();
  if (queue_.empty() || queue_.size() == reopen_after_ ||
      queue_.back().bytes.size() + bytes > kBlock ||
      ms_between(queue_.back().since, now) > kBlockAge.count()) {
    queue_.emplace_back();
    queue_.back().since = now;
    if (!spare_.empty()) {
      queue_.back().bytes = std::move(spare_.back());
      spare_.pop_back();
    }
  }
  Block& block = queue_.back();
  const std::size_t needed = block.bytes.size() + bytes;
  if (needed > block.bytes.capacity())
    block.bytes.reserve(std::max(needed, std::min(2 * block.bytes.capacity(), kBlock)));
  return block;
}

void FileSink::put(Block& block, const SinkBatch& batch) {
  if (within_line_of_ != nullptr && within_line_of_ != batch.source) block.bytes += '\n';
  append_lines(block.bytes, batch.lines);
  within_line_of_ = batch.lines.back().continues ? batch.source : nullptr;
}

void FileSink::enqueue() noexcept {
  if (writers_.add(shared_from_this())) return;
  MutexLock lock(mutex_);
  queued_ = false;  // the next line tries again
}

std::string FileSink::left() { return writers_.left_of(*this); }

/// The result of left(). Only while no writer works on the sink.
std::string FileSink::waiting() {
  std::string waiting = current_.bytes.substr(written_);
  MutexLock lock(mutex_);
  for (const Block& block : queue_) waiting += block.bytes;
  return waiting;
}

void FileSink::go_on_with(std::string_view left) {
  {
    MutexLock lock(mutex_);
    Block block{std::string(left), {}, Clock::now()};
    block.parts.push_back({std::make_shared<std::atomic<std::uint64_t>>(0),
                           static_cast<std::uint64_t>(std::ranges::count(left, '\n'))});
    waiting_bytes_ += size_of(block);
    queue_.push_front(std::move(block));
  }
  wake();
}

void FileSink::set_rotation(const Rotation& rotation) noexcept {
  MutexLock lock(mutex_);
  rotation_ = rotation;
}

void FileSink::reopen(std::uint64_t ticket) noexcept {
  {
    MutexLock lock(mutex_);
    reopen_asked_ = ticket;
    if (closed_) {
      reopened_ = ticket;
      return;
    }
    if (!reopen_after_) reopen_after_ = queue_.size();
  }
  wake();
}

bool FileSink::reopened(std::uint64_t ticket) noexcept {
  MutexLock lock(mutex_);
  return reopened_ >= ticket || reopen_asked_ < ticket;
}

void FileSink::wake() noexcept {
  bool begins = false;
  {
    MutexLock lock(mutex_);
    begins = !std::exchange(queued_, true);
  }
  if (begins) enqueue();
}

bool FileSink::idle() noexcept {
  MutexLock lock(mutex_);
  return !queued_ && queue_.empty();
}

/// Takes the next block. Returns false if there is none. Then the next line queues the sink again;
/// or, after a flood (`lingers`), the sink stays queued for a moment.
bool FileSink::next_block(bool& lingers) {
  if (written_ < current_.bytes.size()) return true;
  const std::size_t done = size_of(current_);
  const bool written = !current_.parts.empty();  // otherwise lose_current() has dropped it
  written_ = 0;
  std::string bytes = std::move(current_.bytes);
  bytes.clear();
  current_ = {};
  bool reopens = false;
  std::uint64_t asked = 0;
  {
    MutexLock lock(mutex_);
    waiting_bytes_ -= done;
    if (bytes.capacity() >= kBlock && spare_.size() < kSpares) spare_.push_back(std::move(bytes));
    if (written && waiting_bytes_ < kQueueBytes / 8) half_full_ = {};
    reopens = reopen_after_ == 0U;
    if (reopens) {
      reopen_after_.reset();
      asked = reopen_asked_;
    } else if (queue_.empty()) {
      closed_ = false;  // a reopening finds a writer for it
      lingers = lingers && !spare_.empty();
      if (!lingers) spare_ = {};
      queued_ = lingers;
    } else {
      current_ = std::move(queue_.front());
      pop_block();
      return true;
    }
  }
  if (!reopens) return false;
  file_.close();
  // Open it now: the program that renamed the file may wait for the new one. The next write reports
  // errors.
  static_cast<void>(file_.open());
  {
    MutexLock lock(mutex_);
    reopened_ = asked;
  }
  writers_.tell_reopened();
  return next_block(lingers);
}

void FileSink::pop_block() noexcept {
  queue_.pop_front();
  if (reopen_after_) --*reopen_after_;
}

FileSink::Outcome FileSink::write_some() {
  for (std::size_t bytes = 0; bytes < kBytesATurn;) {
    bool lingers = bytes > 0;
    if (!next_block(lingers)) return lingers ? Outcome::lingers : Outcome::done;
    Rotation rotation;
    {
      MutexLock lock(mutex_);
      rotation = rotation_;
      closed_ = false;  // the path may be opened before the next reopen()
    }
    std::size_t written = 0;
    const auto appended =
        file_.append(std::string_view(current_.bytes).substr(written_), rotation, written);
    written_ += written;
    bytes += written;
    if (appended) {
      if (trouble() != nullptr) trouble()->works();
      continue;
    }
    if (trouble() != nullptr) trouble()->failing(appended.error().text);
    note_failure();
    give_up();
    return Outcome::failed;
  }
  return Outcome::more;
}

/// Call it after a failed write. If it has closed the file, there is nothing left to open again.
void FileSink::note_failure() {
  if (file_.is_open()) return;
  {
    MutexLock lock(mutex_);
    closed_ = true;
    if (!reopen_after_) return;
    reopen_after_.reset();
    reopened_ = reopen_asked_;
  }
  writers_.tell_reopened();
}

/// Drops blocks that have waited too long.
void FileSink::give_up() {
  const TimePoint now = Clock::now();
  const auto too_old = [now](const Block& block) {
    return ms_between(block.since, now) >= kPatience.count();
  };
  if (too_old(current_)) lose_current();
  MutexLock lock(mutex_);
  for (; !queue_.empty() && too_old(queue_.front()); pop_block()) {
    lose_parts(queue_.front(), UINT64_MAX);
    waiting_bytes_ -= size_of(queue_.front());
  }
}

/// Drops the unwritten rest of the current block. A partly written line gets a newline.
void FileSink::lose_current() {
  const std::string_view rest = std::string_view(current_.bytes).substr(written_);
  const bool torn = written_ > 0 && current_.bytes[written_ - 1] != '\n';
  lose_parts(current_, written_ == 0 ? UINT64_MAX
                                     : static_cast<std::uint64_t>(std::ranges::count(rest, '\n')));
  const std::size_t size = size_of(current_);
  current_.bytes.assign(torn ? 1 : 0, '\n');
  current_.parts.clear();
  current_.since = Clock::now();
  written_ = 0;
  MutexLock lock(mutex_);
  waiting_bytes_ -= size - size_of(current_);
}

/// Counts the last `lines` lines of a block as dropped.
void FileSink::lose_parts(const Block& block, std::uint64_t lines) const noexcept {
  for (auto part = block.parts.rbegin(); part != block.parts.rend() && lines > 0; ++part) {
    const std::uint64_t lost = std::min(lines, part->lines);
    lose(part->dropped, lost);
    lines -= lost;
  }
}

void FileSink::close() noexcept { file_.close(); }

}  // namespace zinit
