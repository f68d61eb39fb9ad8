// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Limited reading of foreign files: see reader.hpp.
#include "import/reader.hpp"

#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/directory.hpp"
#include "base/fd.hpp"
#include "base/file.hpp"
#include "base/format.hpp"
#include "base/sort.hpp"
#include "base/text.hpp"
#include "config/source_text.hpp"
#include "config/spec_reader.hpp"

namespace zinit {

std::optional<std::string> read_source(const std::string& path, Imported& to) {
  if (to.files_left == 0 || to.bytes_left == 0) {
    to.fault(path, "is not read: too many files are read already, or too large ones");
    return std::nullopt;
  }
  auto raw = read_file(path.c_str(), kMaxFileBytes);
  --to.files_left;
  if (!raw) {
    to.fault(path, raw.error().text);
    return std::nullopt;
  }
  to.bytes_left -= std::min(raw->size(), to.bytes_left);
  auto text = clean_source(*raw);
  if (!text) {
    to.fault(path, fmt::format("is no text: line {}, column {}: {}", text.error().at.line,
                               text.error().at.column, text.error().text));
    return std::nullopt;
  }
  return *std::move(text);
}

std::optional<std::string> read_if_there(const std::string& path, Imported& to) {
  return path_exists(path) ? read_source(path, to) : std::nullopt;
}

std::vector<std::string> read_directory(const std::string& path, Imported& to) {
  if (Directory(path)) return names_in_directory(path);
  to.fault(path, errno_text(errno));
  return {};
}

std::vector<std::string> names_in_directory(const std::string& path) {
  std::vector<std::string> names = names_in(path, 10000);
  sort_values(names);
  return names;
}

std::string_view first_line(std::string_view text) { return trim(text.substr(0, text.find('\n'))); }

void for_each_line(std::string_view text,
                   FunctionRef<void(std::string_view line, unsigned number)> each) {
  std::string whole;
  unsigned number = 0, begin = 0;
  for (std::string_view line : split(text, '\n')) {
    ++number;
    if (whole.empty()) begin = number;
    line = trim(line);
    if (whole.empty() && (line.starts_with('#') || line.starts_with(';'))) continue;
    const bool goes_on = line.ends_with('\\');
    whole += line.substr(0, line.size() - (goes_on ? 1 : 0));
    if (goes_on) continue;
    if (!whole.empty()) each(whole, begin);
    whole.clear();
  }
  if (!whole.empty()) each(whole, begin);
}

std::string absolute(const std::string& path) {
  char real[PATH_MAX];
  return ::realpath(path.c_str(), real) != nullptr ? std::string(real) : path;
}

std::string path_from(const std::string& folder, std::string_view path) {
  return path.starts_with('/') ? std::string(path) : fmt::format("{}/{}", folder, path);
}

Draft new_draft(std::string_view name, std::string_view source) {
  // In a template's name only the end is not a letter.
  const std::string ours = usable_name(name);
  Draft draft(ours, source);
  draft.one_setting_each();
  if (ours != name) draft.remark(fmt::format("the name {} is not allowed here", name));
  return draft;
}

std::string_view plain_key(PlainKeys keys, std::string_view key) {
  std::string word(" ");
  word.append(key).append("=");
  const std::size_t at = keys.find(word);
  if (at == keys.npos) return {};
  const std::string_view ours = keys.substr(at + word.size());
  return ours.substr(0, ours.find(' '));
}

void carry_fixed_delay(const Setting& setting, std::string_view text, Draft& draft) {
  draft.carry_text(setting, "lifecycle.restart_delay_ms", text);
  const Value* const delay = draft.find("lifecycle.restart_delay_ms");
  if (delay != nullptr) draft.put("lifecycle.restart_delay_max_ms", Value(*delay));
}

void put_start_limit(std::int64_t starts, std::int64_t interval_ms, std::int64_t delay_ms,
                     std::string_view key, Draft& draft) {
  const std::int64_t shortest = interval_ms / starts - delay_ms;
  if (shortest <= 0)
    return draft.remark(
        fmt::format("{}: the restart delay is long enough that this limit is never reached", key));
  draft.put("lifecycle.max_restarts", number_value(starts - 1));
  draft.put("lifecycle.stability_period_ms", number_value(shortest));
  draft.remark(fmt::format(
      "{}: zinit counts restarts in a row, only after runs shorter than stability_period_ms", key));
}

void carry_plain(PlainKeys keys, const Setting& setting, std::string_view text, Draft& draft) {
  const std::string_view ours = plain_key(keys, setting.key);
  ours.empty() ? draft.by_table(setting, text) : draft.carry_text(setting, ours, text);
}

}  // namespace zinit
