// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The queue of a log file. See file_sink.hpp.
#include "io/file_sink.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace zinit {

namespace {

// A block takes new lines only for this long, because old lines are dropped by whole blocks.
constexpr Milliseconds kBlockAge{1000};

// Fewer blocks wait while writes fail at once, because old ones are dropped. If more wait, a write
// hangs or a FIFO is read slowly: then blocks are filled, whatever their age.
constexpr std::size_t kManyBlocks = 16;

// A written block of this size is a sign of a flood.
constexpr std::size_t kLargeBlock = SinkArea::kText / 2;

// Bytes written before another file on the same file system has its turn.
constexpr std::size_t kBytesATurn = std::size_t{4} << 20;

std::size_t bytes_of(std::span<const SplitLine> lines) {
  return std::accumulate(
      lines.begin(), lines.end(), lines.size(),
      [](std::size_t sum, const SplitLine& line) { return sum + line.text.size(); });
}

/// Appends lines with their newlines. Lines that are adjacent in the read buffer, as most are, are
/// copied together.
void append_lines(SinkChunk& to, std::span<const SplitLine> lines) {
  const char* begin = nullptr;
  const char* end = nullptr;  // of the run, without its last newline
  bool ended = false;         // the run's last line is complete
  const auto flush = [&] {
    to.add({begin, static_cast<std::size_t>(end - begin)});
    if (ended) to.add("\n");
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
  const std::size_t bytes = bytes_of(batch.lines) + 1;
  bool taken = false;
  bool begins = false;
  MutexLock lock(mutex_);
  try {
    if (waiting_bytes_ + bytes <= kQueueBytes) {
      Block& block = block_for(bytes);
      if (block.parts.empty() || block.parts.back().dropped != dropped)
        block.parts.push_back({dropped, 0});
      put(block, batch);
      count_size(block);
      block.parts.back().lines += batch.lines.size();
      taken = true;
    }
    begins = !queue_.empty() && !std::exchange(queued_, true);
  } catch (...) {  // no memory
  }
  if (!taken && within_line_of_ != nullptr && within_line_of_ == batch.source)
    within_line_of_ = this;
  lock.unlock();
  if (!taken) lose(dropped, batch.lines.size());
  if (begins) enqueue();
}

void FileSink::within_line(LogStream, const void* source) noexcept {
  MutexLock lock(mutex_);
  within_line_of_ = within_line_of_ == nullptr ? source : this;
}

void FileSink::leave(const void* source, const DropCount&) noexcept {
  MutexLock lock(mutex_);
  if (within_line_of_ == source) within_line_of_ = this;
}

void FileSink::count_size(Block& block) noexcept {
  waiting_bytes_ -= block.size;
  block.size = block.chunk.text().size() + block.parts.size() * sizeof(Part);
  waiting_bytes_ += block.size;
}

bool FileSink::wants_pause() noexcept {
  MutexLock lock(mutex_);
  if (waiting_bytes_ < kQueueBytes / 2) return false;
  const TimePoint now = Clock::now();
  if (half_full_ == TimePoint{}) half_full_ = now;
  return ms_between(half_full_, now) < kPause.count();
}

/// A block with room for `bytes` more.
FileSink::Block& FileSink::block_for(std::size_t bytes) {
  const TimePoint now = Clock::now();
  if (!queue_.empty() && queue_.size() != reopen_after_ &&
      (queue_.size() >= kManyBlocks || ms_between(queue_.back().since, now) <= kBlockAge.count()) &&
      queue_.back().chunk.reserve(bytes))
    return queue_.back();
  queue_.push_back({SinkArea::chunk(area_.get(), label_, bytes), {}, now});
  return queue_.back();
}

void FileSink::put(Block& block, const SinkBatch& batch) {
  if (within_line_of_ != nullptr && within_line_of_ != batch.source) block.chunk.add("\n");
  append_lines(block.chunk, batch.lines);
  block.chunk.commit();
  within_line_of_ = batch.lines.back().continues ? batch.source : nullptr;
}

void FileSink::enqueue() noexcept {
  if (writers_.add(shared_from_this())) return;
  MutexLock lock(mutex_);
  queued_ = false;  // the next line tries again
}

void FileSink::go_on() noexcept {
  {
    MutexLock lock(mutex_);
    queued_ = true;
  }
  enqueue();
}

void FileSink::keep_in(const std::shared_ptr<SinkArea>& area, const std::string& label) {
  area_ = area;
  label_ = label;
  const auto nobodys = std::make_shared<std::atomic<std::uint64_t>>(0);
  std::vector<SinkChunk> left = area->take_left(label);
  if (left.empty()) return;
  {
    MutexLock lock(mutex_);
    for (SinkChunk& chunk : left) {
      const auto lines = static_cast<std::uint64_t>(std::ranges::count(chunk.waiting(), '\n'));
      queue_.push_back({std::move(chunk), {{nobodys, lines}}, Clock::now(), 0, true});
      count_size(queue_.back());
    }
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
  if (!current_.chunk.waiting().empty()) return true;
  const std::size_t done = current_.size;
  const bool written = !current_.parts.empty();  // otherwise lose_current() has dropped it
  flood_ = flood_ || current_.chunk.text().size() >= kLargeBlock;
  current_ = {};
  bool reopens = false;
  bool rests = false;
  std::uint64_t asked = 0;
  {
    MutexLock lock(mutex_);
    waiting_bytes_ -= done;
    if (written && waiting_bytes_ < kQueueBytes / 8) half_full_ = {};
    reopens = reopen_after_ == 0U;
    if (reopens) {
      reopen_after_.reset();
      asked = reopen_asked_;
    } else if (queue_.empty()) {
      closed_ = false;  // a reopening finds a writer for it
      lingers = lingers && flood_;
      flood_ = lingers;
      queued_ = lingers;
      rests = !lingers;
    } else {
      current_ = std::move(queue_.front());
      pop_block();
      return true;
    }
  }
  if (rests && area_) area_->trim();
  if (!reopens) return false;
  open_again(asked);
  return next_block(lingers);
}

/// Carries out reopen(`ticket`). Opens the file now: the program that renamed it may wait for the
/// new one. The next write reports errors.
void FileSink::open_again(std::uint64_t ticket) {
  file_.close();
  static_cast<void>(file_.open());
  {
    MutexLock lock(mutex_);
    reopened_ = ticket;
  }
  writers_.tell_reopened();
}

/// On a full disk, carries out a reopening before what waits is written: the open file may be
/// removed, and fill the disk all the same. Returns false if none was requested.
bool FileSink::reopen_at_once() {
  std::uint64_t asked = 0;
  {
    MutexLock lock(mutex_);
    if (!reopen_after_) return false;
    reopen_after_.reset();
    asked = reopen_asked_;
  }
  open_again(asked);
  return true;
}

void FileSink::pop_block() noexcept {
  queue_.pop_front();
  // At 0 the reopening is due, and next_block() carries it out.
  if (reopen_after_.value_or(0) > 0) --*reopen_after_;
}

FileSink::Outcome FileSink::write_some() {
  for (std::size_t bytes = 0; bytes < kBytesATurn;) {
    bool lingers = bytes > 0;
    if (!next_block(lingers)) return lingers ? Outcome::lingers : Outcome::done;
    std::size_t written = 0;
    const auto appended = write_block(written);
    bytes += written;
    if (written > 0) progress_ = Clock::now();
    // A FIFO that took some bytes and is full now has not failed: its reader is slow.
    const bool full = !appended && written > 0 && appended.error().errnum == EAGAIN;
    if (appended || full) {
      if (trouble() != nullptr) trouble()->works();
      if (full) return Outcome::lingers;
      continue;
    }
    const int errnum = appended.error().errnum;
    if (is_disk_full(errnum) && reopen_at_once()) continue;
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

/// Writes the current block. If the previous process image may have written its beginning, writes
/// only the rest.
Result<void> FileSink::write_block(std::size_t& written) {
  Rotation rotation;
  {
    MutexLock lock(mutex_);
    rotation = rotation_;
    closed_ = false;  // the path may be opened before the next reopen()
  }
  if (current_.restored) {
    if (const auto place = current_.chunk.perhaps_at()) {
      auto found = file_.found_at(*place, current_.chunk.waiting());
      if (!found) return Failure(std::move(found.error()));
      current_.chunk.took(*found);
    }
    current_.restored = false;
  }
  if (torn_) {
    if (auto opened = file_.open(); !opened) return opened;  // perhaps another file than before
    std::size_t ended = 0;
    if (file_.within_line())
      if (auto end = file_.append("\n", rotation, ended); !end) return end;
  }
  torn_ = false;
  return file_.append(current_.chunk.waiting(), rotation, written, &current_.chunk);
}

/// Drops blocks that have waited too long while nothing was written.
void FileSink::give_up() {
  const TimePoint now = Clock::now();
  const auto too_old = [&](const Block& block) {
    return ms_between(std::max(block.since, progress_), now) >= kPatience.count();
  };
  if (too_old(current_)) lose_current();
  MutexLock lock(mutex_);
  for (; !queue_.empty() && too_old(queue_.front()); pop_block()) {
    lose_parts(queue_.front(), UINT64_MAX);
    waiting_bytes_ -= queue_.front().size;
  }
}

/// Drops the unwritten rest of the current block. A partly written line, perhaps of the block
/// before, gets a newline before the next block.
void FileSink::lose_current() {
  SinkChunk& chunk = current_.chunk;
  const std::size_t written = chunk.taken();
  lose_parts(current_, written == 0
                           ? UINT64_MAX
                           : static_cast<std::uint64_t>(std::ranges::count(chunk.waiting(), '\n')));
  torn_ = true;
  chunk.took(chunk.waiting().size());
  current_.parts.clear();
  current_.since = Clock::now();
  MutexLock lock(mutex_);
  waiting_bytes_ -= std::exchange(current_.size, 0);
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
