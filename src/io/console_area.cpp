// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The memory file of a console: a header and a ring of bytes. See console_area.hpp.
#include "io/console_area.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace zinit {

/// Positions grow over all rounds of the ring. If `begun` is not below `end`, nothing waits.
struct ConsoleArea::Header {
  std::atomic<std::uint64_t> begun;  // all before this position is written
  std::atomic<std::uint64_t> end;
};

ConsoleArea::ConsoleArea(KeptFd before, std::uint8_t part) : part_(part) {
  if (!before) return;
  auto file = MappedFile::map(std::move(before));
  if (file && file->size() == sizeof(Header) + kBytes) file_ = std::move(*file);
}

bool ConsoleArea::make() {
  if (file_ || std::exchange(tried_, true)) return bool(file_);
  auto file = MappedFile::create_sparse("zinit-console", sizeof(Header) + kBytes, sizeof(Header));
  if (!file) return false;
  file_ = std::move(*file);
  file_.keep({KeptKind::console, part_});
  return true;
}

ConsoleArea::Header& ConsoleArea::header() const noexcept {
  return *std::launder(reinterpret_cast<Header*>(file_.data()));
}

char* ConsoleArea::bytes() const noexcept { return reinterpret_cast<char*>(&header() + 1); }

std::string ConsoleArea::waiting() const {
  if (!file_) return {};
  const std::uint64_t from = header().begun, to = header().end;
  if (from >= to || to - from > kBytes) return {};
  const std::size_t at = from % kBytes;
  const std::size_t first = std::min<std::size_t>(to - from, kBytes - at);
  return std::string(bytes() + at, first) + std::string(bytes(), to - from - first);
}

void ConsoleArea::clear() noexcept {
  if (!file_) return;
  Header& now = header();
  if (now.begun == now.end && now.end % kBytes == 0) return;
  const std::uint64_t next = (now.end / kBytes + 1) * kBytes;
  now.begun = next;
  now.end = next;
}

bool ConsoleArea::add(std::string_view text) {
  if (!make()) return false;
  Header& now = header();
  if (text.size() > kBytes - (now.end - now.begun)) return false;
  const std::size_t at = now.end % kBytes;
  const std::size_t first = std::min(text.size(), kBytes - at);
  const bool wraps = first < text.size();
  if (!file_.reserve(sizeof(Header) + (wraps ? kBytes : at + first))) return false;
  std::memcpy(bytes() + at, text.data(), first);
  std::memcpy(bytes(), text.data() + first, text.size() - first);
  now.end += text.size();
  return true;
}

void ConsoleArea::took(std::size_t bytes) noexcept {
  if (file_) header().begun += bytes;
}

}  // namespace zinit
