// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The command line of zinitctl and of the power commands. Tables of options define it.
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
  /// The value, or the last one if there are several; empty if the option was not given.
  [[nodiscard]] std::string value(std::string_view option) const;
  [[nodiscard]] std::vector<std::string> values(std::string_view option) const;
  /// From now on as if the command line had this option, which takes no value.
  void set(std::string_view option) { options_[std::string(option)]; }

  std::vector<std::string> rest;
  std::size_t before_dashes = 0;  // number of words in `rest` before "--"; without "--", all

 private:
  friend class ArgumentParser;
  std::map<std::string, std::vector<std::string>, std::less<>> options_;
};

/// The index of the verb: the first of `words` that is neither an option nor the value of a global
/// option. words.size() if there is none.
[[nodiscard]] std::size_t find_verb_word(std::span<const std::string> words);

/// The options and words that a command accepts.
struct CommandShape {
  std::vector<OptionRow> options;
  int least = 0;           // the least number of words that are not options
  int most = 0;            // the most such words; -1: any number
  std::string_view usage;  // names these words, for errors: "NAME [SIGNAL]"
};

/// Parses `words`, without the verb. The error is a text for the user; for an unknown option it
/// names the most similar option.
[[nodiscard]] Result<Arguments> parse_arguments(const CommandShape& shape,
                                                std::vector<std::string> words);

/// The value of "infinity": about 30 years. A longer time is as good as no limit, and could
/// overflow in a sum.
inline constexpr Milliseconds kLongest = std::chrono::seconds{1'000'000'000};

/// A time from the command line: a plain number is seconds, other forms go to parse_duration().
[[nodiscard]] std::optional<Milliseconds> given_time(const std::string& text);

/// The value of an option such as "timeout": a positive number of seconds, or a duration with a
/// unit. Nothing if the option was not given. At most kLongest.
[[nodiscard]] Result<std::optional<Milliseconds>> seconds_of(const Arguments& arguments,
                                                             std::string_view option);

}  // namespace zinit
