// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The memory file of a read area: a header, and the bytes. See read_area.hpp.
#include "io/read_area.hpp"

#include <fcntl.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <new>

#include "base/memory.hpp"
#include "base/time.hpp"

namespace zinit {

namespace {

// The area begins with these bytes before a read. If they are still there afterwards, the read did
// not happen: no text begins with them.
constexpr std::string_view kUnread = "\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8";

}  // namespace

/// `pipe` is written last before a read, and cleared first. While it is set, the rest is valid,
/// except `stored` while `size` is 0.
struct ReadArea::Header {
  std::atomic<std::int32_t> pipe;  // descriptor number plus one; 0: not in use
  std::uint32_t expected;
  std::atomic<std::uint32_t> size;
  std::atomic<std::uint32_t> sunk;
  std::uint64_t stored;
  std::uint64_t number;
};

ReadArea::ReadArea(std::uint8_t part) {
  constexpr std::size_t size = sizeof(Header) + kBytes;
  if (auto file = MappedFile::create_sparse("zinit-read", size, sizeof(Header))) {
    file_ = std::move(*file);
    file_.keep({KeptKind::reading, part});
  } else {
    memory_.resize(size);
  }
  // Not from 1: the previous process image recorded such numbers with its pipes.
  const auto now = static_cast<std::uint64_t>(Clock::now().time_since_epoch().count());
  header().number = now / kReadAreas * kReadAreas + part;
}

ReadArea::Header& ReadArea::header() noexcept {
  void* const at = file_ ? static_cast<void*>(file_.data()) : memory_.data();
  return *std::launder(static_cast<Header*>(at));
}

char* ReadArea::bytes() noexcept { return reinterpret_cast<char*>(&header() + 1); }

void ReadArea::begin(int pipe, std::size_t expected) noexcept {
  if (file_ && !file_.reserve(sizeof(Header) + std::max(expected, kUnread.size()))) leave_file();
  Header& now = header();
  now.expected = static_cast<std::uint32_t>(expected);
  now.size = 0;
  now.sunk = 0;
  now.number += kReadAreas;  // each area has the numbers with its own remainder
  std::memcpy(bytes(), kUnread.data(), kUnread.size());
  now.pipe = pipe + 1;
}

void ReadArea::leave_file() noexcept {
  const EssentialAllocations essential;
  memory_.resize(sizeof(Header) + kBytes);
  const std::uint64_t number = header().number;
  file_ = MappedFile();
  header().number = number;
}

void ReadArea::got(std::size_t size, std::uint64_t stored) noexcept {
  header().stored = stored;
  header().size = static_cast<std::uint32_t>(size);  // last: it says that `stored` is valid
}

void ReadArea::sunk(std::size_t lines) noexcept {
  header().sunk += static_cast<std::uint32_t>(lines);
}

void ReadArea::end() noexcept { header().pipe = 0; }

std::uint64_t ReadArea::number() noexcept { return header().number; }

std::optional<LeftRead> left_read(KeptFd area) {
  auto file = MappedFile::map(std::move(area));
  if (!file || file->size() < sizeof(ReadArea::Header) + ReadArea::kBytes) return std::nullopt;
  const auto& left = *std::launder(reinterpret_cast<const ReadArea::Header*>(file->data()));
  if (left.pipe <= 0) return std::nullopt;
  const char* const bytes = reinterpret_cast<const char*>(&left + 1);
  std::size_t size = left.size;
  std::optional<std::uint64_t> stored;
  if (size > 0) {
    stored = left.stored;
  } else {
    const std::size_t seen = std::min<std::size_t>(left.expected, kUnread.size());
    if (std::string_view(bytes, seen) != kUnread.substr(0, seen)) size = left.expected;
  }
  if (size == 0 || size > ReadArea::kBytes) return std::nullopt;
  LeftRead read{{}, left.pipe - 1, std::string(bytes, size), stored, left.number, left.sunk};
  read.area = std::move(*file);
  return read;
}

void LeftRead::got(std::uint64_t last_stored) noexcept {
  stored = last_stored;
  auto& left = *std::launder(reinterpret_cast<ReadArea::Header*>(area.data()));
  left.stored = last_stored;
  left.size = static_cast<std::uint32_t>(bytes.size());
}

void LeftRead::sink_has(std::uint32_t lines) noexcept {
  std::launder(reinterpret_cast<ReadArea::Header*>(area.data()))->sunk = lines;
}

}  // namespace zinit
