// The circular buffer of a log ring.
#include "io/ring.hpp"

#include <algorithm>
#include <cstring>
#include <new>

namespace zinit {

// 32 bits suffice: the largest ring (1 GiB of text in a million lines) needs 1.1e9 bytes.
struct Ring::Header {
  std::uint32_t capacity;    // bytes of the circular buffer that follows
  std::uint32_t oldest;      // offset of the oldest record
  std::uint32_t used;        // bytes of all records
  std::uint32_t newest_size;  // of the newest record, to walk back from the end
  std::uint32_t lines;
  std::uint32_t text_bytes;
  std::uint64_t newest_seq;
};

struct Ring::RecordHead {
  std::int64_t time_us;
  std::uint16_t length;         // of the text that follows
  std::uint16_t previous_size;  // of the record before this one, with its head; 0: none
  std::uint8_t stream;
  std::uint8_t continues;
  std::uint8_t reserved[2];

  [[nodiscard]] std::uint32_t size() const noexcept {
    return static_cast<std::uint32_t>(sizeof *this) + length;
  }
};

namespace {

constexpr std::size_t kRecordHead = 16;
constexpr std::size_t kFirstBlock = 256;  // a few lines: most services write little

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
  return *std::launder(reinterpret_cast<Header*>(block_.get()));
}

std::byte* Ring::run() const noexcept { return block_.get() + sizeof(Header); }

std::size_t Ring::lines() const noexcept { return block_ ? header().lines : 0; }

std::size_t Ring::text_bytes() const noexcept { return block_ ? header().text_bytes : 0; }

// A record may wrap around the end of the buffer; there is no padding.

void Ring::put(std::uint32_t offset, const void* data, std::size_t size) noexcept {
  if (size == 0) return;  // memcpy() must not get the null pointer of an empty text
  const std::size_t first = std::min<std::size_t>(size, header().capacity - offset);
  std::memcpy(run() + offset, data, first);
  std::memcpy(run(), static_cast<const std::byte*>(data) + first, size - first);
}

void Ring::get(std::uint32_t offset, void* data, std::size_t size) const noexcept {
  const std::size_t first = std::min<std::size_t>(size, header().capacity - offset);
  std::memcpy(data, run() + offset, first);
  std::memcpy(static_cast<std::byte*>(data) + first, run(), size - first);
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
  const RecordHead head = head_at(h.oldest);
  h.oldest = step(h.oldest, head.size());
  h.used -= head.size();
  h.text_bytes -= head.length;
  --h.lines;
}

/// Moves all lines to a new block for `capacity` bytes of records, which must be enough.
bool Ring::move_to(std::size_t capacity) noexcept {
  const std::size_t size = sizeof(Header) + capacity;
  std::unique_ptr<std::byte[]> block(new (std::nothrow) std::byte[size]);
  if (!block) return false;
  Header* moved = new (block.get()) Header{};
  if (block_) {
    *moved = header();
    get(header().oldest, block.get() + sizeof(Header), header().used);
    moved->oldest = 0;
  }
  moved->capacity = static_cast<std::uint32_t>(capacity);
  block_ = std::move(block);
  block_bytes_ = size;
  ++moves_;
  return true;
}

/// Makes room for a record of `size` bytes: by a larger block, or if there is no memory for one, by
/// dropping lines.
bool Ring::make_room(std::uint32_t size) noexcept {
  const std::size_t used = block_ ? header().used : 0;
  const std::size_t capacity = block_ ? header().capacity : 0;
  if (used + size <= capacity) return true;
  // Doubled, but no larger than the limits allow it to be filled.
  const std::size_t most = limits_.bytes + std::size_t{limits_.lines} * kRecordHead;
  const std::size_t wanted = std::max({kFirstBlock, used + size, std::min(capacity * 2, most)});
  if (move_to(wanted)) return true;
  if (size > capacity) return false;
  while (header().used + size > capacity) drop_oldest();
  return true;
}

void Ring::append(std::int64_t time_us, LogStream stream, bool continues,
                  std::string_view text) noexcept {
  if (limits_.lines == 0) {
    ++last_seq_;
    return;
  }
  text = text.substr(0, std::min<std::size_t>(kMaxPiece, limits_.bytes));
  while (lines() >= limits_.lines || text_bytes() + text.size() > limits_.bytes) drop_oldest();

  RecordHead head{};
  head.time_us = time_us;
  head.length = static_cast<std::uint16_t>(text.size());
  head.stream = static_cast<std::uint8_t>(stream);
  head.continues = continues ? 1 : 0;
  if (!make_room(head.size())) return;

  Header& h = header();
  head.previous_size = static_cast<std::uint16_t>(h.lines > 0 ? h.newest_size : 0);
  const std::uint32_t end = step(h.oldest, h.used);
  put(end, &head, sizeof head);
  put(step(end, sizeof head), text.data(), text.size());
  h.used += head.size();
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
  const std::size_t used = header().used;
  // If there is no memory for a smaller block the old one stays.
  if (header().capacity > kFirstBlock && header().capacity / 4 > used)
    static_cast<void>(move_to(std::max(kFirstBlock, used)));
}

void Ring::clear() noexcept {
  ++moves_;
  block_.reset();
  block_bytes_ = 0;
}

/// Offset of the record `index`, 0 being the oldest; walks from the nearer end.
std::uint32_t Ring::offset_of(std::size_t index) const noexcept {
  const Header& h = header();
  std::uint32_t offset = h.oldest;
  if (index < h.lines / 2) {
    while (index-- > 0) offset = step(offset, head_at(offset).size());
    return offset;
  }
  std::uint32_t size = h.newest_size;
  offset = step(h.oldest, h.used);
  for (std::size_t back = h.lines - index; back > 0; --back) {
    offset = step_back(offset, size);
    size = head_at(offset).previous_size;
  }
  return offset;
}

bool Ring::look_back(Place& place, std::size_t count, std::size_t bytes,
                     const std::function<bool(const View&)>& visit) const {
  const std::size_t kept = lines();
  if (kept == 0) return false;
  const std::uint64_t newest = header().newest_seq;
  const std::uint64_t oldest = newest - kept + 1;
  if (place.seq == 0 || place.seq > newest + 1)
    place = {newest + 1, step(header().oldest, header().used), moves_};
  if (place.seq <= oldest) return false;
  if (place.moves != moves_) {
    place.offset = offset_of(static_cast<std::size_t>(place.seq - oldest));
    place.moves = moves_;
  }
  std::uint32_t size = place.seq > newest ? header().newest_size
                                          : head_at(place.offset).previous_size;
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
