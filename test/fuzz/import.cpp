// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Fuzzes the readers of other inits' files. The first part of the input is the kind of file, each
// further part a file: its name, a line end, its text. For any content nothing is thrown, the size
// of the result is bounded, and a server accepts each file that the import does not refuse.
#include "fuzz/fuzz.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "config/check.hpp"
#include "config/toml_reader.hpp"
#include "import/import.hpp"

namespace zinit::fuzz {

namespace {

constexpr std::size_t kMostParts = 6;
constexpr std::size_t kMostBytes = std::size_t{64} << 20;  // of all resulting texts

/// A directory for the files of an input, removed at the end of the program.
class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "zinit-fuzz-XXXXXX").string();
    require(mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { remove(); }

  void empty() const {
    remove();
    std::filesystem::create_directory(path_);
  }

  /// Writes a file in the directory; false if its name leads out of it.
  [[nodiscard]] bool put(std::string_view name, std::string_view text) const {
    const std::string path = path_ + "/" + std::string(name);
    std::error_code error;
    if (name.empty() || name.size() > 100 || name.find('\0') != name.npos ||
        name.find("..") != name.npos)
      return false;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
    std::ofstream out(path, std::ios::binary);
    out << text;
    return out.good();
  }

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  void remove() const {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }

  std::string path_;
};

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
  std::set<std::string> all = {std::string(1, kNext),
                               "\n",
                               "[Service]\n",
                               "[Unit]\n",
                               "[Install]\n",
                               "[Socket]\n",
                               "[Timer]\n",
                               "[program:",
                               "[group:",
                               "[include]\nfiles=",
                               "%(process_num)02d",
                               "numprocs=",
                               "numprocs_start=",
                               "depend() {",
                               "}",
                               "${",
                               ":-",
                               ":=",
                               "$x$x",
                               "@include ",
                               "@include-opt ",
                               "#!/sbin/openrc-run\n",
                               "services:\n",
                               "healthcheck:",
                               "test:",
                               "- ",
                               "{",
                               "[[",
                               "|\n",
                               "<pid/",
                               "@:",
                               ":respawn:",
                               "0-8192",
                               "%i",
                               "%h",
                               "9223372036854775807",
                               "-1",
                               "\\x",
                               "infinity",
                               "ExecStart=",
                               "exec "};
  for (const std::string_view kind : foreign_kinds()) all.emplace(kind);
  return all;
}

void look_at(std::string_view input) {
  static const Folder folder;
  const auto parts = parts_of(input, kMostParts);
  if (parts.size() < 2) return;
  folder.empty();
  std::vector<std::string> paths;
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const std::string_view name = parts[i].substr(0, parts[i].find('\n'));
    const std::string_view text = parts[i].substr(std::min(name.size() + 1, parts[i].size()));
    if (!folder.put(name, text)) return;
    paths.push_back(fmt::format("{}/{}", folder.path(), name));
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
