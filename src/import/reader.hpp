// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Shared by the readers of all kinds: limited reading of text, and the readers' names.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/function_ref.hpp"
#include "import/import.hpp"

namespace zinit {

/// The text of a file; or nothing, with a fault: it has more than 1 MiB, is not text, cannot be
/// read, or `to` has reached its limits. Line ends are LF.
[[nodiscard]] std::optional<std::string> read_source(const std::string& path, Imported& to);

/// The same for a file that may be missing; that is not a fault.
[[nodiscard]] std::optional<std::string> read_if_there(const std::string& path, Imported& to);

/// The names in a directory, except those that begin with a dot, in byte order; at most 10,000.
[[nodiscard]] std::vector<std::string> names_in_directory(const std::string& path);

/// The same, with a fault if the directory cannot be read.
[[nodiscard]] std::vector<std::string> read_directory(const std::string& path, Imported& to);

/// The first line of a text, trimmed.
[[nodiscard]] std::string_view first_line(std::string_view text);

/// Calls `each` with each line that is neither empty nor a comment, trimmed, and its number from 1.
/// A backslash at the end joins a line with the next one.
void for_each_line(std::string_view text,
                   FunctionRef<void(std::string_view line, unsigned number)> each);

/// `path` as an absolute path.
[[nodiscard]] std::string absolute(const std::string& path);

/// `path`, or if it is relative, that path from `folder`.
[[nodiscard]] std::string path_from(const std::string& folder, std::string_view path);

/// A draft with that name, changed if it is not allowed here.
[[nodiscard]] Draft new_draft(std::string_view name, std::string_view source);

/// Keys with the same meaning as one of ours. They are not in the table of foreign words, because
/// other inits use them with another meaning. THEIRS=SECTION.KEY, each with a blank before and
/// after it: a table of views would be five times as large.
using PlainKeys = std::string_view;

/// "SECTION.KEY" for `key`; empty if `keys` does not have it.
[[nodiscard]] std::string_view plain_key(PlainKeys keys, std::string_view key);

/// Carries the setting over by `keys`, or else by the table of foreign words.
void carry_plain(PlainKeys keys, const Setting& setting, std::string_view text, Draft& draft);

/// Carries over a delay between restarts that does not grow, as zinit's would.
void carry_fixed_delay(const Setting& setting, std::string_view text, Draft& draft);

/// Puts a limit of starts in an interval, which zinit counts otherwise. The runs of a service reach
/// it if a run and its delay are shorter than their share of the interval. `key` is for a remark.
void put_start_limit(std::int64_t starts, std::int64_t interval_ms, std::int64_t delay_ms,
                     std::string_view key, Draft& draft);

// The readers. Each adds drafts and faults to `to`.
void import_units(const std::vector<std::string>& paths, Imported& to);  // systemd
void import_supervisord(const std::string& path, Imported& to);
void import_run_directory(const std::string& path, Imported& to);  // runit, s6, s6-rc
void import_openrc(const std::string& path, Imported& to);
void import_finit(const std::string& path, Imported& to);
void import_dinit(const std::string& path, Imported& to);
void import_inittab(const std::string& path, Imported& to);
void import_zinit_yaml(const std::string& path, Imported& to);
void import_procfile(const std::string& path, Imported& to);
void import_compose(const std::string& path, Imported& to);

}  // namespace zinit
