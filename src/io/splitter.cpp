// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Splits into lines, without copying lines that lie within one read. See splitter.hpp.
#include "io/splitter.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace zinit {

namespace {

/// Emits a piece from the front of `text`, which is longer.
void emit_piece(std::string_view& text, std::size_t piece, const LineSplitter::Emit& emit) {
  const std::size_t whole = whole_length(text.substr(0, piece));
  emit({text.substr(0, whole), true});
  text.remove_prefix(whole);
}

}  // namespace

std::size_t whole_length(std::string_view text) noexcept {
  for (std::size_t back = 1; back < std::min<std::size_t>(text.size(), 4); ++back) {
    const auto first = static_cast<unsigned char>(text[text.size() - back]);
    if ((first & 0xC0) == 0x80) continue;
    const std::size_t length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    if (first < 0xC2 || first > 0xF4 || length <= back) break;
    // The second byte depends on the first one. Any of 0x80 to 0xBF may follow it.
    std::string begun(text.substr(text.size() - back));
    begun.resize(length, '\x80');
    return back == 1 || valid_utf8(begun) ? text.size() - back : text.size();
  }
  return text.size();
}

void LineSplitter::feed(std::string_view data, std::size_t piece, std::string& joined,
                        const Emit& emit) {
  while (!data.empty()) {
    const std::size_t end = data.find('\n');
    const bool whole = end != std::string_view::npos;
    if (!whole && held_.size() + data.size() <= piece) {
      held_.append(data);
      return;
    }
    std::string_view line = join(data.substr(0, end), piece, joined, emit);
    while (line.size() > piece) emit_piece(line, piece, emit);
    if (!whole) {
      held_.assign(line);
      return;
    }
    // Frees its memory: otherwise each of thousands of services would keep a buffer of a piece.
    held_ = std::string();
    emit({line, false});
    data.remove_prefix(end + 1);
  }
}

/// Puts what is held before `rest`, and emits pieces until all of that is emitted or not more than
/// a piece is left. Assigns `joined` once, because earlier texts may point into it.
/// @return  what is left of both
std::string_view LineSplitter::join(std::string_view rest, std::size_t piece, std::string& joined,
                                    const Emit& emit) {
  if (held_.empty()) return rest;
  joined.assign(held_).append(rest.substr(0, piece));
  std::string_view left = joined;
  const auto used = [&] { return joined.size() - left.size(); };
  while (left.size() > piece && used() < held_.size()) emit_piece(left, piece, emit);
  return used() < held_.size() ? left : rest.substr(used() - held_.size());
}

}  // namespace zinit
