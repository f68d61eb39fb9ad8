// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Finds the kind of each path, has it read, and checks the result: see import.hpp.
#include "import/import.hpp"

#include <algorithm>
#include <array>

#include "base/fd.hpp"
#include "base/file.hpp"
#include "base/format.hpp"
#include "base/text.hpp"
#include "config/check.hpp"
#include "import/reader.hpp"
#include "import/writer.hpp"

namespace zinit {

namespace {

struct KindRow {
  std::string_view name;
  void (*read)(const std::string& path, Imported& to);  // null: units are read together
};

constexpr KindRow kKindRows[] = {
    {"systemd", nullptr},
    {"supervisord", import_supervisord},
    {"runit", import_run_directory},
    {"s6", import_run_directory},
    {"openrc", import_openrc},
    {"dinit", import_dinit},
    {"finit", import_finit},
    {"inittab", import_inittab},
    {"zinit", import_zinit_yaml},
    {"procfile", import_procfile},
    {"compose", import_compose},
};

constexpr auto kKindNames = [] {
  std::array<std::string_view, std::size(kKindRows)> names;
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = kKindRows[i].name;
  return names;
}();

/// Whether a line begins with `begin`.
bool has_line(std::string_view text, std::string_view begin) {
  for (std::size_t at = text.find(begin); at != text.npos; at = text.find(begin, at + 1))
    if (at == 0 || text[at - 1] == '\n') return true;
  return false;
}

/// Sets the limits for `paths` paths: their own files, and the files that they include.
void allow_reading(std::size_t paths, Imported& to) {
  to.files_left = 10'000 * paths;
  to.bytes_left = (std::size_t{16} << 20) * paths;
}

bool is_unit_name(std::string_view name) {
  for (const std::string_view suffix : {".service", ".socket", ".timer", ".path", ".target"})
    if (name.ends_with(suffix)) return true;
  return false;
}

/// Whether the path is a directory with parts of a unit, which are read with the unit.
bool has_parts_of_unit(const std::string& path) {
  std::string_view name = last_part(path);
  for (const std::string_view suffix : {".d", ".wants", ".requires"})
    if (name.ends_with(suffix) &&
        is_unit_name(fmt::format(".{}", name.substr(0, name.size() - suffix.size()))))
      return type_at(path) == S_IFDIR;
  return false;
}

}  // namespace

void Imported::add(Draft draft) {
  if (drafts.size() < kMostDrafts) return drafts.push_back(std::move(draft));
  fault(draft.source(), fmt::format("is not made: there are {} services already", kMostDrafts));
}

void Imported::fault(std::string_view path, std::string_view text) {
  keep({std::string(path), std::string(text), false});
}

void Imported::part(std::string_view path, std::string_view text) {
  keep({std::string(path), std::string(text), true});
}

void Imported::keep(ImportFault fault) {
  if (!faults.empty() && faults.back().path == fault.path && faults.back().text == fault.text)
    return;
  if (faults.size() < kMostDrafts) return faults.push_back(std::move(fault));
  if (faults.size() == kMostDrafts) faults.push_back({fault.path, "more faults are not shown"});
}

std::span<const std::string_view> foreign_kinds() noexcept { return kKindNames; }

std::string_view kind_of_path(const std::string& path) {
  const std::string_view name = last_part(path);
  if (is_unit_name(name)) return "systemd";
  if (type_at(path) == S_IFDIR) return path_exists(path + "/notification-fd") ? "s6" : "runit";
  if (name == "inittab") return "inittab";
  if (name.starts_with("Procfile")) return "procfile";
  const std::string text = read_file(path.c_str(), kMaxFileBytes).value_or(std::string());
  if (name.ends_with(".yaml") || name.ends_with(".yml"))
    return has_line(text, "services:") ? "compose" : "zinit";
  if (first_line(text).ends_with("openrc-run")) return "openrc";
  if (text.find("[program:") != text.npos || text.find("[supervisord]") != text.npos)
    return "supervisord";
  for (const char* const begin : {"service [", "service @", "service <", "service /", "task [",
                                  "run [", "service name:", "sysv ["})
    if (has_line(text, begin)) return "finit";
  for (const char* const begin : {"type =", "type=", "type:", "type  "})
    if (has_line(text, begin)) return "dinit";
  return {};
}

Imported import_paths(std::span<const std::string> paths, std::string_view kind) {
  Imported to;
  std::vector<std::string> units;
  for (const std::string& path : paths) {
    const bool may_be_unit = kind.empty() || kind == "systemd";
    if (paths.size() > 1 && may_be_unit && has_parts_of_unit(path)) continue;
    const std::string_view its = kind.empty() ? kind_of_path(path) : kind;
    const auto* const row = std::ranges::find(kKindRows, its, &KindRow::name);
    allow_reading(1, to);
    if (row == std::end(kKindRows))
      to.fault(path,
               path_exists(path) ? "its kind is not known; name it with --from" : "does not exist");
    else if (row->read == nullptr)
      units.push_back(path);
    else
      row->read(path, to);
  }
  allow_reading(units.size(), to);
  import_units(units, to);
  return to;
}

void withdraw_refused(std::vector<Draft>& drafts) {
  constexpr int most = 20;  // removing one key may make another one wrong
  for (Draft& draft : drafts) {
    bool changed = true;
    for (int i = 0; i < most && changed; ++i) {
      changed = false;
      const std::string name = draft.name() + std::string(kFileSuffix);
      for (const Diagnostic& fault : check_texts({{name, text_of_draft(draft)}}).diagnostics)
        // A service without its command is useless, so it is refused as a whole.
        if (fault.severity == Severity::error && fault.key != "service.exec" && !changed)
          changed = draft.withdraw(fault.key, fault.text);
    }
  }
}

std::vector<ImportedFile> files_of(const std::vector<Draft>& drafts) {
  std::vector<ImportedFile> files;
  std::map<std::string, std::string> texts;
  for (const Draft& draft : drafts) {
    ImportedFile file{draft.name() + std::string(kFileSuffix), text_of_draft(draft),
                      draft.refusals()};
    if (!valid_utf8(file.text)) {
      file.refused.push_back("a path or a name that it would have is not UTF-8");
      file.text = printable_json(file.text);
    }
    if (!texts.emplace(file.name, file.text).second)
      file.refused.push_back("another of the files has this name");
    files.push_back(std::move(file));
  }
  for (const Diagnostic& fault : check_texts(texts).diagnostics)
    if (fault.severity == Severity::error)
      for (std::size_t i = 0; i < files.size(); ++i)
        if (files[i].name == fault.file && drafts[i].refusals().empty())
          files[i].refused.push_back(to_text(fault));
  return files;
}

}  // namespace zinit
