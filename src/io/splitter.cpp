// Lines and pieces out of a stream of bytes, without copying what lies whole in one read.
#include "io/splitter.hpp"

#include <algorithm>

namespace zinit {

namespace {

/// Gives out pieces from the front of `text` until no more than one piece is left, and returns
/// that.
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

/// Keeps the beginning of a line, one piece of it at most; more than that only where pieces have
/// become smaller.
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

/// The line that was held ends with `end`. Once a read at the most: nothing is held then.
void LineSplitter::complete(std::string_view end, std::size_t piece, std::string& joined,
                            const Emit& emit) {
  const std::size_t fill = piece - std::min(piece, held_.size());
  joined.assign(held_).append(end.substr(0, fill));
  end.remove_prefix(std::min(fill, end.size()));
  // Not kept for the next: thousands of services would each keep one piece's memory.
  held_ = std::string();
  emit({emit_pieces(joined, piece, emit), !end.empty()});
  if (!end.empty()) emit({emit_pieces(end, piece, emit), false});
}

void LineSplitter::finish(const Emit& emit) {
  if (held_.empty()) return;
  emit({held_, false});
  held_ = std::string();
}

}  // namespace zinit
