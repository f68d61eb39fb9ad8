// The command line taken apart: see arguments.hpp. The one source that includes CLI11, which costs
// seconds to compile.
#include "client/arguments.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <algorithm>

#include "base/format.hpp"
#include "base/text.hpp"

namespace zinit {

namespace {

bool is_option(std::string_view word) { return word.size() > 1 && word.front() == '-'; }

/// Whether `word` is a global option whose value is the next word.
bool takes_next_word(std::string_view word) {
  const auto options = global_options();
  return std::ranges::any_of(options, [&](const OptionRow& option) {
    return !option.value.empty() && word == option.names;
  });
}

// CLI11 takes a word in brackets for a list, and there is no way to tell it that it is a pattern.
// With this before it, it is left alone; no word begins so.
constexpr char kShield = '\x01';

void shield(std::string& word) {
  if (word.starts_with('[') && word.ends_with(']')) word.insert(word.begin(), kShield);
}

void unshield(std::vector<std::string>& words) {
  for (std::string& word : words)
    if (word.starts_with(kShield)) word.erase(word.begin());
}

std::string unknown_option(const std::string& word, const std::vector<std::string>& known) {
  std::string text = fmt::format("unknown option {}", printable(word));
  if (const auto near = nearest(word, known)) text += fmt::format("; did you mean {}?", *near);
  return text;
}

}  // namespace

std::string Arguments::value(std::string_view option) const {
  const auto found = options_.find(option);
  return found == options_.end() || found->second.empty() ? std::string() : found->second.back();
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

std::string_view long_name(std::string_view names) {
  const auto dashes = names.rfind("--");
  return dashes == std::string_view::npos ? names.substr(names.rfind('-') + 1)
                                          : names.substr(dashes + 2);
}

class ArgumentParser {
 public:
  explicit ArgumentParser(const CommandShape& shape) : shape_(shape) {
    app_.set_help_flag();
    for (const OptionRow& option : shape.options) add(option);
    app_.add_option("words", parsed_.rest)->expected(0, -1);
  }

  Result<Arguments> parse(std::vector<std::string> words) {
    // What CLI11 takes for options, it compares with its own; its parse() wants the words reversed.
    std::ranges::reverse(words);
    std::ranges::for_each(words, shield);
    try {
      app_.parse(std::move(words));
    } catch (const CLI::ExtrasError&) {
      return failure(unknown_option(app_.remaining().front(), known_));
    } catch (const CLI::ArgumentMismatch& error) {
      // "--root: 1 required TEXT missing": each takes one value, and none else is refused so.
      const std::string text = error.what();
      return failure(text.substr(0, text.find(':')) + ": needs a value");
    } catch (const CLI::ParseError& error) {
      return failure(error.what());
    }
    unshield(parsed_.rest);
    for (auto& [name, values] : parsed_.options_) unshield(values);
    return check_count();
  }

 private:
  void add(const OptionRow& row) {
    const std::string name(long_name(row.names));
    known_.push_back("--" + name);
    auto& found = parsed_.options_;
    if (row.value.empty()) {
      app_.add_flag_function(std::string(row.names), [&found, name](std::int64_t) { found[name]; });
    } else {
      app_.add_option_function<std::vector<std::string>>(
              std::string(row.names),
              [&found, name](const std::vector<std::string>& values) { found[name] = values; })
          // One value each time it is given: what follows is the next word.
          ->allow_extra_args(false);
    }
  }

  Result<Arguments> check_count() {
    // --help asks for no arguments.
    if (parsed_.has("help") || parsed_.has("version")) return std::move(parsed_);
    const int count = static_cast<int>(parsed_.rest.size());
    if (count < shape_.least) {
      const auto end = shape_.usage.find_first_of(" .");
      return failure(fmt::format("{} is missing", shape_.usage.substr(0, end)));
    }
    if (shape_.most >= 0 && count > shape_.most) {
      const auto first = static_cast<std::size_t>(shape_.most);
      return failure(fmt::format("{} is one too many", printable(parsed_.rest[first])));
    }
    return std::move(parsed_);
  }

  const CommandShape& shape_;
  CLI::App app_;
  std::vector<std::string> known_;
  Arguments parsed_;
};

Result<Arguments> parse_arguments(const CommandShape& shape, std::vector<std::string> words) {
  return ArgumentParser(shape).parse(std::move(words));
}

}  // namespace zinit
