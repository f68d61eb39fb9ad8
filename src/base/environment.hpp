// Environments as lists of KEY=value, as execve(2) takes them: reading files of them, setting one
// variable, laying one environment over another.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zinit {

using Environment = std::vector<std::string>;

/// The value of `key`; nothing where it is not set. The first of two counts, as with getenv(3).
[[nodiscard]] std::optional<std::string> value_of(const Environment& environment,
                                                  std::string_view key);

/// Sets `key`, in the place that it has already where it has one.
void set_environment(Environment& environment, std::string_view key, std::string_view value);

/// The same with each of `later`, of one key the last. What of it is no KEY=value is passed over.
/// Takes the time of a sort, however many there are.
void set_environment(Environment& environment, Environment later);

/// Puts `later` over `earlier`: its values replace those of the same key.
[[nodiscard]] Environment overlay(const Environment& earlier, Environment later);

/// Lines without a setting that are told by number; a file may have any number of them.
inline constexpr std::size_t kMostFaulty = 5;

struct EnvironmentText {
  Environment settings;          // in the order of the lines; of one key the last counts
  std::vector<int> faulty;       // numbers, from 1, of the first lines that are no setting
  std::size_t faulty_count = 0;  // of all of them
};

/// The settings of a file such as /etc/environment or a service's env_file: lines KEY=value, with
/// `export` before them where people write it. A line that begins with # is a comment.
///
/// A value in single quotes is taken as it is; in double quotes a backslash takes the special
/// meaning from ", \, $ and `. Without quotes it ends at the end of the line, or where a blank and
/// # begin a comment. Nothing is expanded. A quote that is not closed is part of the value.
[[nodiscard]] EnvironmentText parse_environment_text(std::string_view text);

}  // namespace zinit
