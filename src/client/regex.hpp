// POSIX extended regular expressions (regex(7)), as far as it takes to say whether a line matches:
// `logs --grep`. libc's, which is linked statically, would make zinit larger by 74 KB, most of it
// for locales, back-references and where a match begins and ends.
//
// An expression becomes a small program that is run on all its paths at once (Thompson's way), so
// that no expression takes longer than its length times the line's. Characters are code points;
// classes such as [:alpha:] have those of ASCII. What POSIX leaves undefined is an error that says
// so, rather than something else than was meant.
//
// Threads: none of its own.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace zinit {

class Regex {
 public:
  /// An error says what is wrong with `expression`, in words.
  [[nodiscard]] static Result<Regex> compile(std::string_view expression);

  /// Whether it matches anywhere in `text`, which is valid UTF-8.
  [[nodiscard]] bool matches(std::string_view text) const;

  /// Steps of the longest program: more than anybody writes, and little memory.
  static constexpr std::size_t kMostSteps = 20000;

 private:
  friend class RegexParser;

  enum class Op : std::uint8_t { one, begin, end, fork, jump, match };
  /// `one`: a character of sets_[first]. `fork` goes on at both offsets, `jump` at the first, each
  /// from its own place, so that a part may be moved and copied.
  struct Step {
    Op op;
    std::int32_t first = 0;
    std::int32_t second = 0;
  };
  struct Set {
    bool negated = false;
    std::vector<std::pair<char32_t, char32_t>> ranges;
    [[nodiscard]] bool has(char32_t c) const;
  };

  class Run;

  std::vector<Step> steps_;
  std::vector<Set> sets_;
};

}  // namespace zinit
