// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The circular buffer of a log ring. See ring.hpp.
#include "io/ring.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <new>
#include <utility>

namespace zinit {

// 32 bits suffice: the largest ring (1 GiB of text in a million lines) needs 1.1e9 bytes.
struct Ring::Header {
  std::uint32_t capacity;  // bytes of the circular buffer that follows; 0: not in use
  std::uint32_t version;
  // Which records exist. Lower half: offset of the oldest. Upper half: bytes of all records. The
  // rest follows from the records: it is here for speed, and the next image counts it again.
  std::atomic<std::uint64_t> span;
  std::uint64_t newest_seq;
  std::uint32_t newest_size;  // of the newest record, to walk back from the end
  std::uint32_t lines;
  std::uint32_t text_bytes;
  std::uint32_t reserved;

  [[nodiscard]] std::uint32_t oldest() const noexcept { return static_cast<std::uint32_t>(span); }
  [[nodiscard]] std::uint32_t used() const noexcept {
    return static_cast<std::uint32_t>(span >> 32);
  }
  /// A release store: the order of this program's writes is all that the next image needs.
  void set(std::uint32_t oldest, std::uint32_t used) noexcept {
    span.store(std::uint64_t{used} << 32 | oldest, std::memory_order_release);
  }
};

struct Ring::RecordHead {
  std::int64_t time_us;
  std::uint16_t length;         // of the text that follows
  std::uint16_t previous_size;  // of the record before, with its head; 0: none
  std::uint8_t stream;
  std::uint8_t continues;
  std::uint16_t number;  // the lower bits of the line's number

  [[nodiscard]] std::uint32_t size() const noexcept {
    return static_cast<std::uint32_t>(sizeof *this) + length;
  }
};

namespace {

constexpr std::size_t kRecordHead = 16;
constexpr std::uint32_t kVersion = 1;

// No ring reaches this many lines: a larger number is damaged, and would soon overflow to 0.
constexpr std::uint64_t kMostSeq = std::uint64_t{1} << 53;

}  // namespace

std::string_view log_stream_name(LogStream stream) noexcept {
  switch (stream) {
    case LogStream::out: return "stdout";
    case LogStream::err: return "stderr";
    case LogStream::zinit: return "zinit";
    case LogStream::syslog: return "syslog";
  }
  return "unknown";
}

Ring::Header& Ring::header() const noexcept {
  return *std::launder(reinterpret_cast<Header*>(block_.data()));
}

std::byte* Ring::run() const noexcept { return block_.data() + sizeof(Header); }

std::size_t Ring::lines() const noexcept { return block_ ? header().lines : 0; }

std::size_t Ring::text_bytes() const noexcept { return block_ ? header().text_bytes : 0; }

// A record may wrap around the end of the buffer. There is no padding.

void Ring::put(std::uint32_t offset, const void* data, std::size_t size) noexcept {
  if (size == 0) return;  // memcpy() must not get the null pointer of an empty text
  const std::size_t first = std::min<std::size_t>(size, header().capacity - offset);
  std::memcpy(run() + offset, data, first);
  if (first < size) std::memcpy(run(), static_cast<const std::byte*>(data) + first, size - first);
}

void Ring::get(std::uint32_t offset, void* data, std::size_t size) const noexcept {
  const std::size_t first = std::min<std::size_t>(size, header().capacity - offset);
  std::memcpy(data, run() + offset, first);
  if (first < size) std::memcpy(static_cast<std::byte*>(data) + first, run(), size - first);
}

std::uint32_t Ring::step(std::uint32_t offset, std::uint32_t by) const noexcept {
  const std::uint32_t left = header().capacity - offset;
  return by < left ? offset + by : by - left;
}

std::uint32_t Ring::step_back(std::uint32_t offset, std::uint32_t by) const noexcept {
  return by <= offset ? offset - by : header().capacity - (by - offset);
}

Ring::RecordHead Ring::head_at(std::uint32_t offset) const noexcept {
  static_assert(sizeof(RecordHead) == kRecordHead);
  RecordHead head;
  get(offset, &head, sizeof head);
  return head;
}

void Ring::drop_oldest() noexcept {
  Header& h = header();
  const RecordHead head = head_at(h.oldest());
  h.set(step(h.oldest(), head.size()), h.used() - head.size());
  h.text_bytes -= head.length;
  --h.lines;
}

RingBlock Ring::new_block(std::size_t size) noexcept {
  const bool small = size <= RingBlock::kFirst && (!block_ || block_.in_file());
  if (memory_ != nullptr && small && slot_ < RingMemory::kMostSlots)
    if (RingBlock first = memory_->first(slot_)) return first;
  if (memory_ != nullptr) return RingMemory::file(size);
  auto file = MappedFile::create("zinit-log", size);
  return file ? RingBlock(std::move(*file)) : RingBlock();
}

/// Moves all lines to a new block for at least `capacity` bytes of records. They must fit.
bool Ring::move_to(std::size_t capacity) noexcept {
  RingBlock block = new_block(sizeof(Header) + capacity);
  if (!block) return false;
  Header* moved = new (block.data()) Header{};
  if (block_) {
    const Header& from = header();
    get(from.oldest(), block.data() + sizeof(Header), from.used());
    moved->set(0, from.used());
    moved->newest_size = from.newest_size;
    moved->lines = from.lines;
    moved->text_bytes = from.text_bytes;
  }
  moved->newest_seq = last_seq_;
  moved->version = kVersion;
  in_order();
  moved->capacity = static_cast<std::uint32_t>(block.size() - sizeof(Header));
  in_order();
  // Keep it only with all lines in it: the next image uses the block that was kept last.
  if (memory_ != nullptr) block.keep(slot_);
  RingBlock before = std::exchange(block_, std::move(block));
  // If a file and a first block are both in use, the next image uses the file.
  if (before && !before.in_file()) std::memset(before.data(), 0, sizeof(Header::capacity));
  ++moves_;
  return true;
}

/// Makes room for a record of `size` bytes: by a larger block, or, without memory for one, by
/// dropping lines.
bool Ring::make_room(std::uint32_t size) noexcept {
  const std::size_t used = block_ ? header().used() : 0;
  const std::size_t capacity = block_ ? header().capacity : 0;
  if (used + size <= capacity) return true;
  // Double, but not above what the limits allow the ring to fill.
  const std::size_t most = limits_.bytes + std::size_t{limits_.lines} * kRecordHead;
  if (move_to(std::max({used + size, std::min(capacity * 2, most)}))) return true;
  if (size > capacity) return false;
  while (header().used() + size > capacity) drop_oldest();
  return true;
}

/// Counts a line that there is no memory for. The numbers of the kept lines have no gap, so the
/// lines before it go.
void Ring::lose() noexcept {
  while (lines() > 0) drop_oldest();
  ++last_seq_;
  if (block_) header().newest_seq = last_seq_;
}

void Ring::append(std::int64_t time_us, LogStream stream, bool continues,
                  std::string_view text) noexcept {
  if (limits_.lines == 0) {
    ++last_seq_;
    if (memory_ != nullptr && (block_ || move_to(0))) header().newest_seq = last_seq_;
    return;
  }
  text = text.substr(0, std::min<std::size_t>(kMaxPiece, limits_.bytes));
  while (lines() >= limits_.lines || text_bytes() + text.size() > limits_.bytes) drop_oldest();

  RecordHead head{};
  head.time_us = time_us;
  head.length = static_cast<std::uint16_t>(text.size());
  head.stream = static_cast<std::uint8_t>(stream);
  head.continues = continues ? 1 : 0;
  head.number = static_cast<std::uint16_t>(last_seq_ + 1);
  if (!make_room(head.size())) return lose();

  Header& h = header();
  head.previous_size = static_cast<std::uint16_t>(h.lines > 0 ? h.newest_size : 0);
  const std::uint32_t end = step(h.oldest(), h.used());
  put(end, &head, sizeof head);
  put(step(end, sizeof head), text.data(), text.size());
  in_order();
  h.set(h.oldest(), h.used() + head.size());
  h.newest_size = head.size();
  h.text_bytes += head.length;
  h.newest_seq = ++last_seq_;
  ++h.lines;
}

void Ring::set_limits(Limits limits) noexcept {
  limits_ = limits;
  if (limits_.lines == 0) return clear();
  while (lines() > limits_.lines || text_bytes() > limits_.bytes) drop_oldest();
  if (!block_) return;
  const std::size_t used = header().used();
  // Without memory for a smaller block, the old one stays.
  if (block_.in_file() && header().capacity / 4 > used) static_cast<void>(move_to(used));
}

void Ring::clear() noexcept {
  ++moves_;
  if (!block_) return;
  Header& h = header();
  h.set(0, 0);
  h.lines = h.text_bytes = h.newest_size = 0;
  // The next image must continue the numbers.
  if (memory_ == nullptr || (block_.in_file() && !move_to(0))) discard();
}

/// Leaves nothing for the next image.
void Ring::discard() noexcept {
  if (block_) header().capacity = 0;
  block_ = RingBlock();
}

Ring::Ring(Limits limits, RingMemory& memory, Slot slot) noexcept
    : limits_(limits), memory_(&memory), slot_(slot) {
  block_ = memory.found(slot);
  if (block_ && !take_over()) discard();
}

/// Checks the ring of the previous process image, which may have ended during a change, and counts
/// its records.
/// @return  false if this image cannot read it as a ring
bool Ring::take_over() noexcept {
  if (block_.size() < sizeof(Header)) return false;
  Header& h = header();
  if (h.version != kVersion || h.capacity == 0 || h.capacity > block_.size() - sizeof(Header) ||
      h.oldest() >= h.capacity || h.used() > h.capacity)
    return false;
  std::uint32_t used = 0;
  std::uint16_t newest = 0;
  h.lines = h.text_bytes = h.newest_size = 0;
  while (h.used() - used >= kRecordHead) {
    const RecordHead head = head_at(step(h.oldest(), used));
    if (head.length > kMaxPiece || head.size() > h.used() - used) break;
    if (h.lines > 0 && head.previous_size != h.newest_size) break;
    used += head.size();
    newest = head.number;
    h.newest_size = head.size();
    h.text_bytes += head.length;
    ++h.lines;
  }
  h.set(h.oldest(), used);
  if (h.newest_seq > kMostSeq) h.newest_seq = 0;
  // A line that was stored just before a crash may not be counted yet.
  if (h.lines > 0 && newest == static_cast<std::uint16_t>(h.newest_seq + 1)) ++h.newest_seq;
  last_seq_ = h.newest_seq = std::max<std::uint64_t>(h.newest_seq, h.lines);
  return true;
}

/// Offset of the record `index` (0: the oldest). Walks from the nearer end.
std::uint32_t Ring::offset_of(std::size_t index) const noexcept {
  const Header& h = header();
  std::uint32_t offset = h.oldest();
  if (index < h.lines / 2) {
    while (index-- > 0) offset = step(offset, head_at(offset).size());
    return offset;
  }
  std::uint32_t size = h.newest_size;
  offset = step(h.oldest(), h.used());
  for (std::size_t back = h.lines - index; back > 0; --back) {
    offset = step_back(offset, size);
    size = head_at(offset).previous_size;
  }
  return offset;
}

bool Ring::look_back(Place& place, std::size_t count, std::size_t bytes,
                     FunctionRef<bool(const View&)> visit) const {
  const std::size_t kept = lines();
  if (kept == 0) return false;
  const std::uint64_t newest = header().newest_seq;
  const std::uint64_t oldest = newest - kept + 1;
  if (place.seq == 0 || place.seq > newest + 1)
    place = {newest + 1, step(header().oldest(), header().used()), moves_};
  if (place.seq <= oldest) return false;
  if (place.moves != moves_) {
    place.offset = offset_of(static_cast<std::size_t>(place.seq - oldest));
    place.moves = moves_;
  }
  std::uint32_t size =
      place.seq > newest ? header().newest_size : head_at(place.offset).previous_size;
  std::string text;
  std::size_t shown = 0;
  for (; count > 0 && shown < bytes && place.seq > oldest; --count, shown += text.size()) {
    place.offset = step_back(place.offset, size);
    --place.seq;
    const RecordHead head = head_at(place.offset);
    size = head.previous_size;
    text.resize(head.length);
    get(step(place.offset, sizeof head), text.data(), head.length);
    if (!visit({place.seq, head.time_us, static_cast<LogStream>(head.stream), head.continues != 0,
                text}))
      return false;
  }
  return place.seq > oldest;
}

}  // namespace zinit
