// The command line of zinitctl and of the power commands, parsed by their tables of options.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "client/verbs.hpp"

namespace zinit {

/// A parsed command line: options by their long name ("lines"), and the other words in order.
class Arguments {
 public:
  [[nodiscard]] bool has(std::string_view option) const { return options_.contains(option); }
  /// The value, or the last one if the option was given several times; empty if it was not given.
  [[nodiscard]] std::string value(std::string_view option) const;
  [[nodiscard]] std::vector<std::string> values(std::string_view option) const;

  std::vector<std::string> rest;
  std::size_t before_dashes = 0;  // how many of `rest` stand before "--"; all of them without it

 private:
  friend class ArgumentParser;
  std::map<std::string, std::vector<std::string>, std::less<>> options_;
};

/// The index of the verb in `words`: of the first word that is neither an option nor the value of a
/// global option. words.size() if there is none.
[[nodiscard]] std::size_t find_verb_word(std::span<const std::string> words);

/// What a command accepts.
struct CommandShape {
  std::vector<OptionRow> options;
  int least = 0;           // how many words that are no options it needs
  int most = 0;            // how many it takes; -1: any number
  std::string_view usage;  // names those words, for errors: "NAME [SIGNAL]"
};

/// Parses `words`, without the verb. The error is one for the user; for an unknown option it names
/// the most similar one.
[[nodiscard]] Result<Arguments> parse_arguments(const CommandShape& shape,
                                                std::vector<std::string> words);

/// A time at the command line: a number alone is seconds, anything else is for parse_duration().
[[nodiscard]] std::optional<Milliseconds> given_time(const std::string& text);

/// The value of an option that takes a positive number of seconds, or a duration with a unit, such
/// as "timeout"; nothing if it was not given. At most about 30 years, as "infinity" is.
[[nodiscard]] Result<std::optional<Milliseconds>> seconds_of(const Arguments& arguments,
                                                             std::string_view option);

}  // namespace zinit
