// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Splits into lines, without copying lines that lie within one read. See splitter.hpp.
#include "io/splitter.hpp"

#include "base/text.hpp"

namespace zinit {

namespace {

/// Emits the first piece of `text`; `text` is longer than a piece.
void emit_piece(std::string_view& text, std::size_t piece, LineSplitter::Emit emit) {
  const std::size_t whole = whole_length(text.substr(0, piece));
  emit({text.substr(0, whole), true});
  text.remove_prefix(whole);
}

}  // namespace

void LineSplitter::feed(std::string_view data, std::size_t piece, std::string& joined, Emit emit) {
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
                                    Emit emit) {
  if (held_.empty()) return rest;
  joined.assign(held_).append(rest.substr(0, piece));
  std::string_view left = joined;
  const auto used = [&] { return joined.size() - left.size(); };
  while (left.size() > piece && used() < held_.size()) emit_piece(left, piece, emit);
  return used() < held_.size() ? left : rest.substr(used() - held_.size());
}

}  // namespace zinit
