// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Environments as lists of KEY=value, as in execve(2): reading them from files, setting one
// variable, overlaying one environment with another.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zinit {

using Environment = std::vector<std::string>;

/// Whether a shell can have a variable of that name.
[[nodiscard]] bool is_variable_name(std::string_view text);

/// The value of `key`; nothing if it is not set. If it is set twice, the first one counts, as with
/// getenv(3).
[[nodiscard]] std::optional<std::string> value_of(const Environment& environment,
                                                  std::string_view key);

/// The directory to which a login session sets XDG_RUNTIME_DIR (pam_systemd(8), also of elogind).
[[nodiscard]] std::string session_runtime_dir(unsigned uid);
/// The directory that servers of the user use if they have no XDG_RUNTIME_DIR.
[[nodiscard]] std::string fallback_runtime_dir(unsigned uid);

/// Sets `key`. A variable that exists already keeps its place in the list.
void set_environment(Environment& environment, std::string_view key, std::string_view value);

/// Sets each variable of `later`. If `later` sets a key several times, the last one counts; entries
/// other than KEY=value are ignored. Takes O(n log n), because a file may set any number of them.
void set_environment(Environment& environment, Environment later);

/// Removes the variables with these keys, which are sorted.
void remove_from(Environment& environment, const std::vector<std::string_view>& keys);

/// The variables of both; if both set a key, `later` wins.
[[nodiscard]] Environment overlay(const Environment& earlier, Environment later);

/// `texts` as arguments or variables for execve(2): null-terminated. Points into `texts`.
[[nodiscard]] std::vector<char*> execve_list(const std::vector<std::string>& texts);

/// The largest env_file in bytes; less trusted users may write such a file.
inline constexpr std::size_t kEnvironmentFileMax = std::size_t{1024} * 1024;

/// The number of faulty lines reported with their number: a file may have any number of them.
inline constexpr std::size_t kMostFaulty = 5;

/// The message about each of them.
inline constexpr std::string_view kFaultyLine =
    "line ignored: it must be KEY=value, and a quote must be closed";

struct EnvironmentText {
  Environment settings;          // in the order of the lines; the last one of a key counts
  std::vector<int> faulty;       // numbers of the first kMostFaulty invalid lines, from 1
  std::size_t faulty_count = 0;  // number of all invalid lines
};

/// The settings of a file such as /etc/environment or a service's env_file: lines KEY=value, or
/// `export KEY=value`. A line that begins with # is a comment. A byte-order mark is skipped.
///
/// A value in single quotes is taken as it is. In double quotes a backslash removes the special
/// meaning of ", \, $ and `, and at the end of a line it joins the line with the next one. A value
/// in quotes may span several lines. Without quotes it ends at the end of the line, or before a
/// blank and #, which begin a comment. Nothing is expanded. A line is faulty if its value begins
/// with a quote that is never closed, or that is closed in a later line with more text after it. If
/// the quote is closed in the same line with more text after it, all quotes are part of the value.
[[nodiscard]] EnvironmentText parse_environment_text(std::string_view text);

/// The first part of `value` that a shell would expand, such as `$PATH` or `${HOME}`, and zinit
/// does not; empty: there is no such part.
[[nodiscard]] std::string_view expansion_in(std::string_view value);

}  // namespace zinit
