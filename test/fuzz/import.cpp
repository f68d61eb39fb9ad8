// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Fuzzes the readers of other inits' files. The first part of the input is the kind of file, each
// further part a file: its name, a line end, its text. For any content nothing is thrown, the size
// of the result is bounded, and a server accepts each file that the import does not refuse.
#include "fuzz/fuzz.hpp"

#include "config/check.hpp"
#include "config/toml_reader.hpp"
#include "import/import.hpp"
#include "support/temp_dir.hpp"

namespace zinit::fuzz {
namespace {

constexpr std::size_t kMostParts = 6;
constexpr std::size_t kMostBytes = std::size_t{64} << 20;  // of all resulting texts

/// Writes a file in the folder; false if its name leads out of it.
bool put(const test::TempDir& folder, std::string_view name, std::string_view text) {
  if (name.empty() || name.size() > 100 || name.find('\0') != name.npos ||
      name.find("..") != name.npos)
    return false;
  std::error_code ignored;
  const std::filesystem::path path(folder / name);
  std::filesystem::create_directories(path.parent_path(), ignored);
  return (std::ofstream(path, std::ios::binary) << text).good();
}

void check_draft(const Draft& draft) {
  require(draft.carried() >= 0 && draft.settings() >= static_cast<int>(draft.left().size()));
  for (const LeftSetting& one : draft.left()) require(!one.reason.empty());
}

void check_file(const ImportedFile& file) {
  require(valid_utf8(file.text));
  for (const std::string_view line : split(file.text, '\n')) require(showable(line));
  if (!file.refused.empty()) return;
  require(read_toml(file.text).has_value());
  require(check_texts({{file.name, file.text}}).errors() == 0);
}

}  // namespace

std::set<std::string> words() {
  std::set<std::string> all = words_in(
      "\x1E|\n|[Service]\n|[Unit]\n|[Install]\n|[Socket]\n|[Timer]\n|[program:|[group:|"
      "[include]\nfiles=|%(process_num)02d|numprocs=|numprocs_start=|depend() {|}|${|:-|:=|$x$x|"
      "@include |@include-opt |#!/sbin/openrc-run\n|services:\n|healthcheck:|test:|- |{|[[|<pid/|"
      "@:|:respawn:|0-8192|%i|%h|9223372036854775807|-1|\\x|infinity|ExecStart=|exec ",
      '|');
  all.insert("|\n");
  for (const std::string_view kind : foreign_kinds()) all.emplace(kind);
  return all;
}

void look_at(std::string_view input) {
  const auto parts = parts_of(input, kMostParts);
  if (parts.size() < 2) return;
  const test::TempDir folder;
  std::vector<std::string> paths;
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const std::string_view name = parts[i].substr(0, parts[i].find('\n'));
    const std::string_view text = parts[i].substr(std::min(name.size() + 1, parts[i].size()));
    if (!put(folder, name, text)) return;
    paths.push_back(folder / name);
  }
  std::string_view kind;
  for (const std::string_view one : foreign_kinds())
    if (parts[0] == one) kind = one;
  // Units are read together; for the other kinds the first file names the others.
  if (kind == "runit" || kind == "s6")
    paths = {folder.path()};
  else if (kind != "systemd")
    paths.resize(1);
  const Imported imported = import_paths(paths, kind);
  require(imported.drafts.size() <= kMostDrafts && imported.faults.size() <= kMostDrafts + 1);
  for (const ImportFault& fault : imported.faults) require(!fault.text.empty());
  for (const Draft& draft : imported.drafts) check_draft(draft);
  std::size_t bytes = 0;
  for (const ImportedFile& file : files_of(imported.drafts)) {
    check_file(file);
    bytes += file.text.size();
  }
  require(bytes <= kMostBytes);
}

}  // namespace zinit::fuzz
