// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The memory file of sinks: its chunks, and what the previous image left in them. See
// sink_area.hpp.
#include "io/sink_area.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <new>
#include <utility>

#include "base/log.hpp"
#include "base/sort.hpp"
#include "io/loop.hpp"

namespace zinit {

/// Of a chunk. Positions are offsets from the chunk's beginning: label, taken text, waiting text.
/// Each store leaves a chunk that the next image can use. `sequence` is written last when a chunk
/// is made, `end` after the text.
struct SinkChunk::Header {
  std::atomic<std::uint64_t> sequence;  // 0: not in use
  std::uint32_t label_size;
  std::atomic<std::uint32_t> begun;  // of the waiting text
  std::atomic<std::uint32_t> end;
  std::atomic<std::uint32_t> writing;  // value of `begun` to which `place` belongs; 0: none
  FilePlace place;

  [[nodiscard]] std::uint32_t text_at() const noexcept {
    return static_cast<std::uint32_t>(sizeof *this) + label_size;
  }
  void make(std::uint64_t number, std::string_view label) noexcept {
    sequence = 0;
    label_size = static_cast<std::uint32_t>(label.size());
    std::memcpy(reinterpret_cast<char*>(this + 1), label.data(), label.size());
    begun = end = text_at();
    writing = 0;
    sequence.store(number, std::memory_order_release);
  }
};

/// Of the file.
struct SinkArea::Header {
  std::uint64_t version;
  std::uint64_t chunk_size;
};

namespace {

constexpr std::uint64_t kAreaVersion = 0x7a73696e6b303031;  // "zsink001"

// Memory is reserved in steps: this, and then twice as much each time.
constexpr std::size_t kStep = 4096;

// Unused chunks never keep more memory than this, about as much as fills between two writes of a
// flood.
constexpr std::size_t kMostSpare = std::size_t{1} << 20;

// The longest path, with what stands before it.
constexpr std::size_t kMostLabel = 4200;

constexpr std::size_t whole_steps(std::size_t size) { return (size + kStep - 1) / kStep * kStep; }

}  // namespace

SinkChunk& SinkChunk::operator=(SinkChunk&& other) noexcept {
  std::swap(header_, other.header_);
  std::swap(area_, other.area_);
  std::swap(index_, other.index_);
  std::swap(end_, other.end_);
  std::swap(reserved_, other.reserved_);
  return *this;
}

SinkChunk::~SinkChunk() {
  if (header_ == nullptr) return;
  header_->sequence = 0;
  if (area_ != nullptr)
    area_->give_back(index_, reserved_);
  else
    ::operator delete(header_);
}

char* SinkChunk::at(std::size_t offset) const noexcept {
  return reinterpret_cast<char*>(header_) + offset;
}

std::string_view SinkChunk::waiting() const noexcept { return text().substr(taken()); }

std::string_view SinkChunk::text() const noexcept {
  if (header_ == nullptr) return {};
  return {at(header_->text_at()), end_ - header_->text_at()};
}

std::size_t SinkChunk::taken() const noexcept {
  return header_ != nullptr ? header_->begun - header_->text_at() : 0;
}

bool SinkChunk::reserve(std::size_t bytes) noexcept {
  const std::size_t needed = end_ + bytes;
  if (needed <= reserved_) return true;
  if (area_ == nullptr || needed > SinkArea::kChunk) return false;
  const std::size_t size =
      std::min(std::max(whole_steps(needed), std::size_t{2} * reserved_), SinkArea::kChunk);
  if (!area_->file_.allocate(index_ * SinkArea::kChunk + reserved_, size - reserved_)) return false;
  reserved_ = static_cast<std::uint32_t>(size);
  return true;
}

void SinkChunk::add(std::string_view text) noexcept {
  std::memcpy(at(end_), text.data(), text.size());
  end_ += static_cast<std::uint32_t>(text.size());
}

void SinkChunk::commit() noexcept { header_->end.store(end_, std::memory_order_release); }

void SinkChunk::took(std::size_t bytes) noexcept {
  const auto more = static_cast<std::uint32_t>(bytes);
  header_->begun.store(header_->begun + more, std::memory_order_release);
}

void SinkChunk::begins(const FilePlace& place) noexcept {
  header_->writing.store(0, std::memory_order_release);
  in_order();
  header_->place = place;
  header_->writing.store(header_->begun, std::memory_order_release);
  in_order();
}

std::optional<FilePlace> SinkChunk::perhaps_at() const noexcept {
  if (header_ == nullptr || header_->writing != header_->begun) return std::nullopt;
  return header_->place;
}

SinkArea::SinkArea(Inheritance* inherited) {
  catch_all("what waits in sinks", [&] {
    if (inherited != nullptr)
      if (KeptFd before = inherited->take(KeptKind::sinks); before && take_over(std::move(before)))
        return;
    auto made = MappedFile::create("zinit-sinks", kStep, kMostChunks * kChunk);
    if (!made)
      return log_warn("{}; lines that wait in sinks are lost when zinit re-executes itself",
                      made.error().text);
    file_ = std::move(*made);
    new (file_.data()) Header{kAreaVersion, kChunk};
    file_.keep({KeptKind::sinks});
  });
}

SinkChunk::Header* SinkArea::header_of(std::uint32_t index) const noexcept {
  return std::launder(reinterpret_cast<SinkChunk::Header*>(file_.data() + index * kChunk));
}

/// Returns false if the file cannot be used.
bool SinkArea::take_over(KeptFd before) {
  constexpr const char* kLost = "what waited in sinks when zinit re-executed itself is lost";
  auto file = MappedFile::map(std::move(before), kMostChunks * kChunk);
  if (!file) {
    log_error("{}: {}", kLost, file.error().text);
    return false;
  }
  const auto* header = std::launder(reinterpret_cast<const Header*>(file->data()));
  if (file->size() < sizeof *header || file->size() > kMostChunks * kChunk ||
      header->version != kAreaVersion || header->chunk_size != kChunk) {
    log_error("{}: its memory file is damaged or of another version", kLost);
    return false;
  }
  file_ = std::move(*file);
  std::vector<std::pair<std::string, SinkChunk>> found;
  MutexLock lock(mutex_);
  chunks_ = static_cast<std::uint32_t>((file_.size() + kChunk - 1) / kChunk);
  free_.reserve(chunks_);
  found.reserve(chunks_);
  std::size_t damaged = 0;
  for (std::uint32_t index = 1; index < chunks_; ++index) {
    SinkChunk chunk;
    std::string label;
    if (!read_chunk(index, chunk, label)) ++damaged;
    if (chunk.header_ != nullptr) {
      found.emplace_back(std::move(label), std::move(chunk));
    } else {
      file_.release(index * kChunk, kChunk);
      free_.push_back({index, 0});
    }
  }
  sort_by(found, [](const auto& one) { return one.second.header_->sequence.load(); });
  if (!found.empty()) sequence_ = found.back().second.header_->sequence;
  for (auto& [label, chunk] : found) left_[label].push_back(std::move(chunk));
  if (damaged > 0)
    log_error("{}, in part: {} of {} pieces of their memory file are damaged, or have no memory",
              kLost, damaged, found.size() + damaged);
  return true;
}

/// Sets `chunk` and `label` if text waits in the chunk. Returns false if the chunk is damaged.
bool SinkArea::read_chunk(std::uint32_t index, SinkChunk& chunk, std::string& label) const {
  // With pread(2): a page without memory would get some when it is looked at.
  std::uint64_t sequence = 0;
  const std::size_t from = index * kChunk;
  if (from + sizeof(SinkChunk::Header) > file_.size() ||
      ::pread(file_.fd(), &sequence, sizeof sequence, static_cast<off_t>(from)) !=
          static_cast<ssize_t>(sizeof sequence) ||
      sequence == 0)
    return true;
  if (!file_.allocate(from, kStep)) return false;
  SinkChunk::Header* const header = header_of(index);
  const std::uint32_t label_size = header->label_size, begun = header->begun, end = header->end;
  const bool sound = label_size <= kMostLabel && header->text_at() <= begun && begun <= end &&
                     end <= kChunk && sequence < UINT64_MAX / 2;
  if (!sound || !file_.allocate(from, whole_steps(end))) return false;
  if (begun == end) return true;
  chunk.header_ = header;
  chunk.area_ = const_cast<SinkArea*>(this);
  chunk.index_ = index;
  chunk.end_ = end;
  chunk.reserved_ = static_cast<std::uint32_t>(whole_steps(end));
  label.assign(chunk.at(sizeof *header), label_size);
  return true;
}

SinkChunk SinkArea::chunk(SinkArea* area, std::string_view label, std::size_t bytes) {
  label = label.substr(0, kMostLabel);
  if (SinkChunk chunk; area != nullptr && area->take_free(label, chunk) && chunk.reserve(bytes))
    return chunk;
  if (bytes > kText) throw std::bad_alloc();
  const std::size_t size =
      std::min(whole_steps(sizeof(SinkChunk::Header) + label.size() + 4 * bytes), kChunk);
  SinkChunk chunk;
  chunk.header_ = new (::operator new(size)) SinkChunk::Header;
  chunk.header_->make(1, label);
  chunk.end_ = chunk.header_->end;
  chunk.reserved_ = static_cast<std::uint32_t>(size);
  return chunk;
}

/// Returns false if there is no chunk, or no memory for its beginning.
bool SinkArea::take_free(std::string_view label, SinkChunk& chunk) {
  if (!file_) return false;
  MutexLock lock(mutex_);
  if (free_.empty()) {
    if (chunks_ == kMostChunks) return false;
    free_.reserve(chunks_ + 1);  // give_back() must not need memory
    free_.push_back({chunks_++, 0});
  }
  Free& next = free_.back();
  const std::size_t least = whole_steps(sizeof(SinkChunk::Header) + label.size());
  if (next.reserved < least) {
    if (!file_.allocate(next.index * kChunk, least)) return false;
    spare_ += least - next.reserved;
    next.reserved = static_cast<std::uint32_t>(least);
  }
  chunk.index_ = next.index;
  chunk.reserved_ = next.reserved;
  chunk.area_ = this;
  chunk.header_ = header_of(next.index);
  spare_ -= next.reserved;
  free_.pop_back();
  chunk.header_->make(++sequence_, label);
  chunk.end_ = chunk.header_->end;
  return true;
}

void SinkArea::give_back(std::uint32_t index, std::uint32_t reserved) noexcept {
  MutexLock lock(mutex_);
  if (spare_ + reserved > kMostSpare) {
    file_.release(index * kChunk, kChunk);
    reserved = 0;
  }
  free_.push_back({index, reserved});
  spare_ += reserved;
}

void SinkArea::trim() noexcept {
  while (true) {
    std::uint32_t index = 0;
    {
      MutexLock lock(mutex_);
      const auto one = std::ranges::find_if(free_, [](const Free& f) { return f.reserved > 0; });
      if (spare_ <= kSpare || one == free_.end()) return;
      index = one->index;
      spare_ -= one->reserved;
      free_.erase(one);
    }
    file_.release(index * kChunk, kChunk);  // without the lock, for which lines wait
    MutexLock lock(mutex_);
    free_.insert(free_.begin(), {index, 0});  // there is room: see take_free()
  }
}

std::size_t SinkArea::memory() const noexcept {
  struct stat status {};
  return ::fstat(file_.fd(), &status) == 0 ? static_cast<std::size_t>(status.st_blocks) * 512 : 0;
}

std::vector<SinkChunk> SinkArea::take_left(const std::string& label) {
  MutexLock lock(mutex_);
  auto left = left_.extract(label);
  return left ? std::move(left.mapped()) : std::vector<SinkChunk>();
}

std::vector<std::string> SinkArea::labels_left() {
  MutexLock lock(mutex_);
  std::vector<std::string> labels;
  for (const auto& [label, chunks] : left_) labels.push_back(label);
  return labels;
}

}  // namespace zinit
