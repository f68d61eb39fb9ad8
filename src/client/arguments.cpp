// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The command line, read by getopt_long(3): see arguments.hpp.
#include "client/arguments.hpp"

#include <getopt.h>

#include <algorithm>

#include "base/format.hpp"
#include "base/text.hpp"
#include "base/time.hpp"

namespace zinit {

namespace {

bool is_option(std::string_view word) { return word.size() > 1 && word.front() == '-'; }

/// Whether `word` is a global option with its value in the next word.
bool takes_next_word(std::string_view word) {
  return std::ranges::any_of(global_options(), [&](const OptionRow& option) {
    return !option.value.empty() && word == option.names;
  });
}

bool has_letter(const OptionRow& row) { return row.names[1] != '-'; }
bool has_long_name(const OptionRow& row) { return row.names.find("--") != std::string_view::npos; }

/// Without dashes: "lines", or "c" if there is no long name. It ends where its literal ends, so
/// getopt_long() finds a NUL after it.
std::string_view name_of(const OptionRow& row) {
  return row.names.substr(has_long_name(row) ? row.names.rfind("--") + 2 : 1);
}

/// With dashes: "--lines", "-c".
std::string shown(const OptionRow& row) {
  return fmt::format("{}{}", has_long_name(row) ? "--" : "-", name_of(row));
}

}  // namespace

std::string Arguments::value(std::string_view option) const {
  const std::vector<std::string> all = values(option);
  return all.empty() ? std::string() : all.back();
}

std::vector<std::string> Arguments::values(std::string_view option) const {
  const auto found = options_.find(option);
  return found == options_.end() ? std::vector<std::string>() : found->second;
}

std::size_t find_verb_word(std::span<const std::string> words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (takes_next_word(words[i])) {
      ++i;
    } else if (!is_option(words[i])) {
      return i;
    }
  }
  return words.size();
}

/// Reads one command line. For one use only.
class ArgumentParser {
 public:
  ArgumentParser(const CommandShape& shape, std::vector<std::string>& words)
      : shape_(shape), words_(words) {}

  Result<Arguments> parse() {
    // "-": return words that are not options in their place, even if POSIXLY_CORRECT is set. ":":
    // report a missing value in another way than an unknown option.
    std::string letters = "-:";
    std::vector<option> long_options;
    for (const OptionRow& row : shape_.options) {
      const bool has_value = !row.value.empty();
      if (has_letter(row)) letters.append(1, row.names[1]).append(has_value ? ":" : "");
      if (has_long_name(row)) {
        long_options.push_back(
            {name_of(row).data(), has_value ? required_argument : no_argument, nullptr, code(row)});
      }
    }
    long_options.push_back({});
    std::string program;
    std::vector<char*> argv{program.data()};
    for (std::string& word : words_) argv.push_back(word.data());
    const int argc = static_cast<int>(argv.size());
    argv.push_back(nullptr);
    ::opterr = 0;  // our caller reports the error
    ::optind = 0;  // glibc: start again, with another table
    while (true) {
      const auto word = static_cast<std::size_t>(std::max(::optind, 1) - 1);
      int long_option = -1;
      const int found =
          ::getopt_long(argc, argv.data(), letters.c_str(), long_options.data(), &long_option);
      if (found == -1) break;
      if (found == kNoOption) {
        take_word(::optarg);
      } else if (auto taken = take(found, words_[word], long_option >= 0); !taken) {
        return Failure(taken.error());
      }
    }
    parsed_.before_dashes = parsed_.rest.size();
    // The words after "--".
    for (auto i = static_cast<std::size_t>(::optind - 1); i < words_.size(); ++i)
      parsed_.rest.push_back(words_[i]);
    return check_count();
  }

 private:
  // Results of getopt_long() that are not options.
  static constexpr int kNoOption = 1;
  static constexpr int kNoValue = ':';
  static constexpr int kFault = '?';
  static constexpr int kFirstCode = 256;  // for options without a letter: above every letter

  /// The result of getopt_long() for the option.
  [[nodiscard]] int code(const OptionRow& row) const {
    return has_letter(row) ? row.names[1]
                           : kFirstCode + static_cast<int>(&row - shape_.options.data());
  }

  /// Takes a word that is not an option: another value of the option before it, or an argument.
  void take_word(std::string word) {
    if (repeats_ == nullptr || word.find(':') == std::string::npos) {
      repeats_ = nullptr;
      parsed_.rest.push_back(std::move(word));
    } else {
      repeats_->push_back(std::move(word));
    }
  }

  /// Takes the option that getopt_long() has found in `word`.
  Result<void> take(int found, const std::string& word, bool is_long) {
    const bool refused = found == kNoValue || found == kFault;
    const int wanted = refused ? ::optopt : found;
    const auto row = std::ranges::find_if(
        shape_.options, [&](const OptionRow& each) { return code(each) == wanted; });
    if (row == shape_.options.end()) {
      const char letter = static_cast<char>(::optopt);  // 0 for a long option
      return unknown(letter == '\0' ? word : std::string{'-', letter}, {});
    }
    const std::string name = shown(*row);
    if (found == kFault) return failure(name + ": takes no value");
    // getopt_long() accepts an unambiguous abbreviation, but zinitctl does not.
    if (is_long && word.substr(0, word.find('=')) != name) return unknown(word, name);
    // In a script, --at "$when" with an unset variable must not shut down at once.
    const bool has_value = !row->value.empty();
    if (found == kNoValue || (has_value && *::optarg == '\0'))
      return failure(name + ": needs a value");
    auto& values = parsed_.options_[std::string(name_of(*row))];
    if (has_value) values.emplace_back(::optarg);
    repeats_ = row->value.ends_with("...") ? &values : nullptr;
    return {};
  }

  /// The error for an option that does not exist. `meant` is the option that the word abbreviates,
  /// if known.
  [[nodiscard]] Failure unknown(const std::string& word, std::string meant) const {
    const std::string option = word.substr(0, word.find('='));
    std::vector<std::string> known;
    for (const OptionRow& row : shape_.options) known.push_back(shown(row));
    // All single letters are equally near.
    if (meant.empty() && option.starts_with("--")) meant = nearest(option, known).value_or("");
    return failure(fmt::format("unknown option {}{}", printable(option),
                               meant.empty() ? "" : fmt::format("; did you mean {}?", meant)));
  }

  Result<Arguments> check_count() {
    // --help needs no arguments.
    if (parsed_.has("help") || parsed_.has("version")) return std::move(parsed_);
    const int count = static_cast<int>(parsed_.rest.size());
    if (count < shape_.least) {
      const auto end = shape_.usage.find_first_of(" .");
      return failure(fmt::format("{} is missing", shape_.usage.substr(0, end)));
    }
    if (shape_.most >= 0 && count > shape_.most) {
      const auto first = static_cast<std::size_t>(shape_.most);
      return failure(fmt::format("unexpected argument \"{}\"", printable(parsed_.rest[first])));
    }
    return std::move(parsed_);
  }

  const CommandShape& shape_;
  std::vector<std::string>& words_;
  Arguments parsed_;
  // The values of the last option, if it can take more of them. The map does not move its values.
  std::vector<std::string>* repeats_ = nullptr;
};

Result<Arguments> parse_arguments(const CommandShape& shape, std::vector<std::string> words) {
  return ArgumentParser(shape, words).parse();
}

std::optional<Milliseconds> given_time(const std::string& text) {
  const bool alone = !text.empty() && text.find_first_not_of("0123456789.") == std::string::npos;
  return parse_duration(alone ? text + "s" : text);
}

Result<std::optional<Milliseconds>> seconds_of(const Arguments& arguments,
                                               std::string_view option) {
  if (!arguments.has(option)) return std::nullopt;
  const std::string text = arguments.value(option);
  if (text == kInfinity) return kLongest;
  const auto time = given_time(text);
  if (!time || *time <= Milliseconds{0})
    return failure(fmt::format(
        "--{} {}: must be a time above 0: seconds, a time with a unit as in 2m, or infinity",
        option, printable(text)));
  return std::min(*time, kLongest);
}

}  // namespace zinit
