// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Splits into lines, without copying lines that lie within one read. See splitter.hpp.
#include "io/splitter.hpp"

#include <algorithm>

namespace zinit {

namespace {

/// Emits pieces from the front of `text` until at most one piece is left, and returns the rest.
std::string_view emit_pieces(std::string_view text, std::size_t piece,
                             const LineSplitter::Emit& emit) {
  while (text.size() > piece) {
    emit({text.substr(0, piece), true});
    text.remove_prefix(piece);
  }
  return text;
}

}  // namespace

void LineSplitter::feed(std::string_view data, std::size_t piece, std::string& joined,
                        const Emit& emit) {
  while (!data.empty()) {
    const std::size_t end = data.find('\n');
    if (end == std::string_view::npos) return hold(data, piece, joined, emit);
    const std::string_view line = data.substr(0, end);
    data.remove_prefix(end + 1);
    if (held_.empty())
      emit({emit_pieces(line, piece, emit), false});
    else
      complete(line, piece, joined, emit);
  }
}

/// Holds the beginning of a line: at most one piece, or more if `piece` has become smaller since.
void LineSplitter::hold(std::string_view rest, std::size_t piece, std::string& joined,
                        const Emit& emit) {
  if (!held_.empty() && held_.size() + rest.size() > piece) {
    const std::size_t fill = piece - std::min(piece, held_.size());
    joined.assign(held_).append(rest.substr(0, fill));
    rest.remove_prefix(fill);
    emit({emit_pieces(joined, piece, emit), true});
    held_.clear();
  }
  held_.append(emit_pieces(rest, piece, emit));
}

/// Emits the held line, which ends with `end`. Afterwards nothing is held.
void LineSplitter::complete(std::string_view end, std::size_t piece, std::string& joined,
                            const Emit& emit) {
  const std::size_t fill = piece - std::min(piece, held_.size());
  joined.assign(held_).append(end.substr(0, fill));
  end.remove_prefix(std::min(fill, end.size()));
  // Frees its memory: otherwise each of thousands of services would keep a buffer of a piece.
  held_ = std::string();
  emit({emit_pieces(joined, piece, emit), !end.empty()});
  if (!end.empty()) emit({emit_pieces(end, piece, emit), false});
}

}  // namespace zinit
