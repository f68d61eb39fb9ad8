// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The tables of options and of kernel words, and their parsers.
#include "config/options.hpp"

#include <algorithm>
#include <array>
#include <iterator>

#include "base/lists.hpp"
#include "base/text.hpp"
#include "model/reason.hpp"
#include "os/kernel_command_line.hpp"

namespace zinit {

namespace {

std::optional<LogLevel> read_log_level(std::string_view word, std::string_view where,
                                       std::vector<std::string>& faults) {
  auto level = parse_log_level(word);
  if (level) return *level;
  faults.push_back(fmt::format("{}: {}", where, level.error().text));
  return std::nullopt;
}

/// Returns the word unchanged if it names a signal.
std::optional<std::string> read_signal(std::string word, std::string_view where,
                                       std::vector<std::string>& faults) {
  if (signal_number(word) != 0) return word;
  const std::string near = nearest_signal(word);
  faults.push_back(fmt::format("{}: unknown signal \"{}\"{}", where, word,
                               near.empty() ? "" : fmt::format("; did you mean {}?", near)));
  return std::nullopt;
}

constexpr std::array<std::string_view, 2> kForwardWords = {"all", "none"};

bool read_forward(std::string_view word, std::string_view where, std::vector<std::string>& faults) {
  if (!contains(kForwardWords, word))
    faults.push_back(fmt::format("{}: unknown value \"{}\"; known are {}", where, word,
                                 join(kForwardWords, ", ")));
  return word != "none";
}

struct Option {
  std::string_view name;
  // The member that takes the value unchanged; for a flag, which has no value, the member to set.
  std::optional<std::string> ServerOptions::*value = nullptr;
  bool ServerOptions::*flag = nullptr;
  std::string_view word = {};  // the only value that a flag may have; it also sets `word_flag`
  bool ServerOptions::*word_flag = nullptr;
};

constexpr std::string_view kLogLevel = "--log-level";
constexpr std::string_view kStopSignal = "--stop-signal";
constexpr std::string_view kForward = "--forward";

constexpr Option kOptions[] = {
    // The values of these are words, and are checked at once.
    {.name = kLogLevel},
    {.name = kStopSignal},
    {.name = kForward},
    {.name = "--config-dir", .value = &ServerOptions::config_dir},
    {.name = "--config", .value = &ServerOptions::config},
    {.name = "--socket", .value = &ServerOptions::socket},
    {.name = "--pid1-mode", .flag = &ServerOptions::pid1_mode},
    {.name = "--container", .flag = &ServerOptions::container},
    {.name = "--console",
     .flag = &ServerOptions::console,
     .word = "raw",
     .word_flag = &ServerOptions::raw_console},
    {.name = "--new-instance", .flag = &ServerOptions::new_instance},
    {.name = "--self-check", .flag = &ServerOptions::self_check},
    {.name = "--journal-version", .value = &ServerOptions::journal_version},
    {.name = "--help", .flag = &ServerOptions::help},
    {.name = "-h", .flag = &ServerOptions::help},
    {.name = "--version", .flag = &ServerOptions::version},
    {.name = "-V", .flag = &ServerOptions::version},
};

std::string unknown_option(std::string_view name) {
  std::vector<std::string_view> known;
  for (const Option& option : kOptions) known.push_back(option.name);
  std::string text = fmt::format("unknown option {}", name);
  if (const auto near = nearest(name, known)) text += fmt::format("; did you mean {}?", *near);
  return text;
}

/// Parses one command line.
class OptionReader {
 public:
  OptionReader(std::span<const std::string> arguments, Words words)
      : arguments_(arguments), words_(words) {}

  ServerOptions read() {
    while (next_ < arguments_.size()) {
      const std::string& argument = arguments_[next_++];
      if (argument == "--") {
        options_.dashes = true;
        take_command();
      } else if (argument.size() > 1 && argument.front() == '-') {
        read_option(argument);
      } else if (words_ == Words::command) {
        --next_;
        take_command();
      } else {
        options_.words.push_back(argument);
      }
    }
    return std::move(options_);
  }

 private:
  /// Takes the rest of the arguments as the command.
  void take_command() {
    options_.command.assign(arguments_.begin() + static_cast<std::ptrdiff_t>(next_),
                            arguments_.end());
    next_ = arguments_.size();
  }

  void read_option(const std::string& argument) {
    const auto equals = argument.find('=');
    const std::string name = argument.substr(0, equals);
    attached_.reset();
    if (equals != std::string::npos) attached_ = argument.substr(equals + 1);
    const auto* const option = std::ranges::find(kOptions, name, &Option::name);
    if (option == std::end(kOptions)) {
      options_.faults.push_back(unknown_option(name));
    } else if (option->flag != nullptr) {
      read_flag(*option);
    } else if (auto text = value(name)) {
      if (name == kLogLevel)
        options_.log_level = read_log_level(*text, name, options_.faults);
      else if (name == kStopSignal)
        options_.stop_signal = read_signal(*std::move(text), name, options_.faults);
      else if (name == kForward)
        options_.forward = read_forward(*text, name, options_.faults);
      else
        options_.*option->value = std::move(text);
    }
  }

  void read_flag(const Option& option) {
    options_.*option.flag = true;
    if (!attached_) return;
    if (option.word_flag == nullptr)
      options_.faults.push_back(fmt::format("{} takes no value", option.name));
    else if (*attached_ != option.word)
      options_.faults.push_back(
          fmt::format("{} takes no value but \"{}\"", option.name, option.word));
    else
      options_.*option.word_flag = true;
  }

  /// The value of the option `name`: the text after its `=`, or the next argument.
  std::optional<std::string> value(std::string_view name) {
    std::optional<std::string> text = attached_;
    if (!text && next_ < arguments_.size() && arguments_[next_] != "--") text = arguments_[next_++];
    if (text && !text->empty()) return text;
    options_.faults.push_back(fmt::format("{} needs a value", name));
    return std::nullopt;
  }

  std::span<const std::string> arguments_;
  const Words words_;
  std::size_t next_ = 0;
  std::optional<std::string> attached_;
  ServerOptions options_;
};

void read_kernel_setting(KernelOptions& options, std::string_view name, std::string_view value) {
  if (name == "zinit.target") {
    options.target = value;
  } else if (name == "zinit.config_dir") {
    options.config_dir = std::string(value);
  } else if (name == "zinit.log_level") {
    if (const auto level = read_log_level(value, name, options.faults)) options.log_level = level;
  } else if (name.starts_with("zinit.")) {
    options.faults.push_back(fmt::format(
        "kernel command line: unknown setting {}; known are zinit.target, zinit.log_level, "
        "zinit.config_dir",
        name));
  }
}

}  // namespace

ServerOptions parse_server_options(std::span<const std::string> arguments, Words words) {
  return OptionReader(arguments, words).read();
}

std::vector<std::string> server_completions(std::span<const std::string> words) {
  std::string current = words.empty() ? std::string() : words.back();
  words = words.first(words.size() - (words.empty() ? 0 : 1));
  if (contains(words, "--")) return {":files"};  // the words of a command
  std::string name = words.empty() ? std::string() : words.back();
  std::string begin;  // what stands before the value in its word: "--OPTION="
  if (const auto equals = current.find('='); equals != std::string::npos) {
    name = current.substr(0, equals);
    begin = current.substr(0, equals + 1);
    current.erase(0, equals + 1);
  }
  std::vector<std::string> found;
  const auto add = [&](std::string_view word) {
    if (word.starts_with(current)) found.push_back(begin + std::string(word));
  };
  const auto* const option = std::ranges::find(kOptions, name, &Option::name);
  if (name == kLogLevel) {
    for (int level = 0; level <= static_cast<int>(LogLevel::error); ++level)
      add(log_level_name(static_cast<LogLevel>(level)));
  } else if (name == kStopSignal) {
    for (int signal = 1; signal < 32; ++signal) add(signal_name(signal));
  } else if (name == kForward) {
    for (const std::string_view word : kForwardWords) add(word);
  } else if (option != std::end(kOptions) && option->value != nullptr) {
    found.emplace_back(":files");
  } else if (begin.empty()) {
    for (const Option& one : kOptions) add(one.name);
  } else if (option != std::end(kOptions) && !option->word.empty()) {
    add(option->word);
  }
  return found;
}

KernelOptions parse_kernel_options(std::string_view text) {
  KernelOptions options;
  for (const std::string& word : kernel_words(text)) {
    if (word == "single" || word == "rescue" || word == "emergency") options.shell = true;
    const auto equals = word.find('=');
    if (equals == std::string::npos) continue;
    const std::string_view whole = word;
    read_kernel_setting(options, whole.substr(0, equals), whole.substr(equals + 1));
  }
  return options;
}

KernelOptions for_initramfs(const KernelOptions& options) {
  KernelOptions own;
  own.log_level = options.log_level;
  own.faults = options.faults;
  return own;
}

bool in_container(const ServerOptions& options, const Environment& environment,
                  const ContainerSigns& signs) {
  const auto told = value_of(environment, "ZINIT_CONTAINER");
  return options.container || (told && *told != "0") || value_of(environment, "container") ||
         ((signs.server || signs.marked) && !signs.machine);
}

std::optional<LogLevel> asked_log_level(const ServerOptions& options,
                                        const Environment& environment, const KernelOptions& kernel,
                                        std::vector<std::string>& faults) {
  if (options.log_level) return options.log_level;
  constexpr std::string_view variable = "ZINIT_LOG_LEVEL";
  const auto word = value_of(environment, variable);
  std::optional<LogLevel> level;
  // Empty counts as unset, so that a script may pass on a variable without a value.
  if (word && !word->empty()) level = read_log_level(*word, variable, faults);
  return level ? level : kernel.log_level;
}

}  // namespace zinit
