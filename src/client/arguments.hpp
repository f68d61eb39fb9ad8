// The command line of zinitctl, taken apart by the table of verbs.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "client/verbs.hpp"

namespace zinit {

/// What was given: options by their long name ("lines"), the rest in order.
class Arguments {
 public:
  [[nodiscard]] bool has(std::string_view option) const { return options_.contains(option); }
  /// The last value that was given; empty where none was.
  [[nodiscard]] std::string value(std::string_view option) const;
  [[nodiscard]] std::vector<std::string> values(std::string_view option) const;

  std::vector<std::string> rest;

 private:
  friend class ArgumentParser;
  std::map<std::string, std::vector<std::string>, std::less<>> options_;
};

/// Where the verb stands in `words`: the first that is neither an option nor the value of a global
/// one; words.size() where there is none.
[[nodiscard]] std::size_t find_verb_word(std::span<const std::string> words);

/// What a command takes.
struct CommandShape {
  std::vector<OptionRow> options;
  int least = 0;           // so many words that are no options
  int most = 0;            // at most; -1: any number
  std::string_view usage;  // what those words are, "NAME [SIGNAL]": for errors
};

/// Takes `words` (without the verb) apart. An error says what is wrong, with the nearest option for
/// a mistyped one.
[[nodiscard]] Result<Arguments> parse_arguments(const CommandShape& shape,
                                                std::vector<std::string> words);

/// "lines" of "-n,--lines".
[[nodiscard]] std::string_view long_name(std::string_view names);

}  // namespace zinit
