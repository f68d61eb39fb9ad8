// Cuts the bytes of one stream into lines, and lines that are too long into pieces.
//
// Threads: none of its own locking.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace zinit {

/// A line without its end; `continues` where the line goes on in the next piece.
struct SplitLine {
  std::string_view text;
  bool continues = false;
};

class LineSplitter {
 public:
  using Emit = std::function<void(const SplitLine& line)>;

  /// Takes the next bytes of the stream and gives out what is whole: lines, and pieces of `piece`
  /// bytes (> 0) of a line longer than that. The rest waits for more. A line of exactly `piece`
  /// bytes is one line, not a piece with an empty line behind it.
  ///
  /// @param joined  room of the caller's for a line that began in an earlier read.
  /// The texts lie in `data` and `joined`, and are valid as long as both are left as they are.
  void feed(std::string_view data, std::size_t piece, std::string& joined, const Emit& emit);

  /// The stream has ended: a last line without an end is given out, valid during the call.
  void finish(const Emit& emit);

 private:
  void hold(std::string_view rest, std::size_t piece, std::string& joined, const Emit& emit);
  void complete(std::string_view end, std::size_t piece, std::string& joined, const Emit& emit);

  std::string held_;  // the beginning of a line; holds no memory while there is none
};

}  // namespace zinit
