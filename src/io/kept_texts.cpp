// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Texts as records in chunks. See kept_texts.hpp.
#include "io/kept_texts.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>

#include "base/log.hpp"

namespace zinit {

namespace {

using RecordSize = std::uint32_t;
constexpr std::size_t kMostText = SinkArea::kText - sizeof(RecordSize);

RecordSize record_size(std::string_view record) noexcept {
  RecordSize size = 0;
  std::memcpy(&size, record.data(), sizeof size);
  return size;
}

void add_record(SinkChunk& chunk, std::string_view text) noexcept {
  const auto size = static_cast<RecordSize>(text.size());
  chunk.add({reinterpret_cast<const char*>(&size), sizeof size});
  chunk.add(text);
  chunk.commit();
}

/// Adds the waiting texts of a chunk to `texts`. Returns the size of the first one if its beginning
/// was taken, or else 0; nothing if the chunk is damaged, after the texts before the damage.
std::optional<std::size_t> read_records(const SinkChunk& chunk, std::vector<std::string>& texts) {
  std::string_view rest = chunk.text();
  std::size_t taken = chunk.taken();
  std::size_t part = 0;
  while (!rest.empty()) {
    if (rest.size() < sizeof(RecordSize)) return std::nullopt;
    const std::size_t size = record_size(rest);
    rest.remove_prefix(sizeof(RecordSize));
    if (size > rest.size() || (taken > 0 && taken <= sizeof(RecordSize))) return std::nullopt;
    const std::size_t skip = std::min(taken > 0 ? taken - sizeof(RecordSize) : 0, size);
    taken -= std::min(taken, sizeof(RecordSize) + size);
    if (skip < size) texts.emplace_back(rest.substr(skip, size - skip));
    if (skip > 0 && skip < size) part = size - skip;
    rest.remove_prefix(size);
  }
  return part;
}

}  // namespace

std::vector<std::string> KeptTexts::begin(std::shared_ptr<SinkArea> area, std::string label) {
  area_ = std::move(area);
  label_ = std::move(label);
  std::vector<std::string> texts;
  for (SinkChunk& chunk : area_->take_left(label_)) {
    const std::size_t before = texts.size();
    const auto part = read_records(chunk, texts);
    if (part && (*part == 0 || chunks_.empty())) {
      if (chunks_.empty()) rest_ = *part;
      chunks_.push_back(std::move(chunk));
      continue;
    }
    log_error("{}: part of what waited when zinit re-executed itself is damaged, and lost", label_);
    for (std::size_t i = before; i < texts.size(); ++i) static_cast<void>(add(texts[i], true));
  }
  return texts;
}

bool KeptTexts::add(std::string_view text, bool may_cut) {
  if (!area_ || text.empty() || (text.size() > kMostText && !may_cut)) return false;
  if (!chunks_.empty() && chunks_.back().reserve(sizeof(RecordSize) + text.size())) {
    add_record(chunks_.back(), text);
    return true;
  }
  // Get the memory for all pieces first: a text is kept whole, or not at all.
  const std::size_t before = chunks_.size();
  try {
    for (std::size_t at = 0; at < text.size(); at += kMostText)
      chunks_.push_back(
          SinkArea::chunk(area_.get(), label_,
                          sizeof(RecordSize) + std::min(text.size() - at, kMostText)));
  } catch (...) {
    while (chunks_.size() > before) chunks_.pop_back();
    throw;
  }
  for (std::size_t i = before; i < chunks_.size(); ++i)
    add_record(chunks_[i], text.substr((i - before) * kMostText, kMostText));
  return true;
}

void KeptTexts::took(std::size_t bytes) noexcept {
  while (bytes > 0 && !chunks_.empty()) {
    SinkChunk& first = chunks_.front();
    std::size_t head = 0;
    if (rest_ == 0) {
      head = sizeof(RecordSize);
      rest_ = record_size(first.waiting());
    }
    const std::size_t now = std::min(bytes, rest_);
    first.took(head + now);
    rest_ -= now;
    bytes -= now;
    if (first.waiting().empty()) chunks_.pop_front();
  }
  if (chunks_.empty() && area_) area_->trim();
}

}  // namespace zinit
