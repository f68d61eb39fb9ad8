// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Finds and reads units of systemd and their drop-ins (systemd.unit(5), systemd.syntax(7)).
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>

#include "base/file.hpp"
#include "base/format.hpp"
#include "base/lists.hpp"
#include "base/text.hpp"
#include "import/systemd.hpp"

namespace zinit {

namespace {

// Directories of systemd.unit(5) that packages and administrators write to, by precedence.
constexpr const char* kUnitFolders[] = {"/etc/systemd/system", "/run/systemd/system",
                                        "/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
                                        "/lib/systemd/system"};
// An empty value is compared with all earlier settings.
constexpr std::size_t kMostUnitLines = 5000;  // in a file
constexpr std::string_view kUnitTypes[] = {"service", "socket", "timer", "path", "target"};

/// Whether an empty value has a meaning of its own, other than to remove earlier ones.
bool empty_means_none(std::string_view key) {
  return key == "CapabilityBoundingSet" || key == "AmbientCapabilities";
}

/// Keys that form one list belong to one family: an empty value removes all of its settings.
std::string_view family(const Setting& one) {
  const std::string_view key = one.key;
  if (one.section == "Timer" && key.starts_with("On") && !key.ends_with("Change")) return "On";
  for (const char* const begin : {"Listen", "Condition", "Assert"})
    if (one.section != "Service" && key.starts_with(begin)) return begin;
  return key;
}

/// Adds the settings in the text of one file.
void read_unit_text(const std::string& path, std::string_view text, std::vector<Setting>& to) {
  std::string section, whole;
  unsigned line = 0, begin = 0;
  const auto take = [&] {
    const std::string_view said = trim(whole);
    const std::size_t equals = said.find('=');
    if (said.starts_with('[') && said.ends_with(']')) {
      section = said.substr(1, said.size() - 2);
    } else if (equals != said.npos) {
      Setting one{section, trim(said.substr(0, equals)), trim(said.substr(equals + 1)), begin,
                  path};
      const bool resets = one.value.empty();
      if (resets)
        std::erase_if(to, [&](const Setting& before) {
          return before.section == one.section && family(before) == family(one);
        });
      if (!resets || empty_means_none(one.key)) to.push_back(std::move(one));
    } else if (!said.empty()) {
      to.push_back({section, said, "", begin, path});
    }
    whole.clear();
  };
  for (const std::string_view raw : split(text, '\n')) {
    ++line;
    const std::string_view start = trim(raw);
    const bool is_comment = start.starts_with('#') || start.starts_with(';');
    if (is_comment) continue;
    if (whole.empty()) begin = line;
    if (raw.ends_with('\\')) {
      whole.append(raw.substr(0, raw.size() - 1)).append(" ");
      continue;
    }
    whole += raw;
    take();
  }
  take();
}

/// The name of the unit for which this one is an alias; its own name if it is not an alias, or is
/// an instance.
std::string target_of(const Unit& unit) {
  const std::string target(last_part(absolute(unit.path)));
  return target.find('@') == std::string::npos ? target : unit.name;
}

/// The names before ".d" of this unit's drop-in directories, the strongest first.
std::vector<std::string> drop_in_names(const Unit& unit) {
  const std::string stem = unit.stem();
  const std::size_t at = stem.find('@');
  std::vector<std::string> names{unit.name};
  if (target_of(unit) != unit.name) names.push_back(target_of(unit));
  if (at != std::string::npos && at + 1 < stem.size())
    names.push_back(fmt::format("{}.{}", stem.substr(0, at + 1), unit.type()));
  for (std::size_t i = stem.size(); at == std::string::npos && i-- > 0;)
    if (stem[i] == '-' && i + 1 < stem.size())
      names.push_back(fmt::format("{}.{}", stem.substr(0, i + 1), unit.type()));
  names.emplace_back(unit.type());
  return names;
}

/// The directories that may contain parts of the unit.
std::vector<std::string> folders_of(const Unit& unit) {
  std::vector<std::string> folders{folder_of(unit.path)};
  if (contains(kUnitFolders, folders.front()))
    folders.assign(std::begin(kUnitFolders), std::end(kUnitFolders));
  return folders;
}

/// The names in a directory that may be missing; nothing, with a fault, if it cannot be read.
std::optional<std::vector<std::string>> names_if_there(const std::string& place, Imported& to) {
  if (path_exists(place) && ::access(place.c_str(), R_OK | X_OK) != 0) {
    to.fault(place, errno_text(errno));
    return std::nullopt;
  }
  return names_in_directory(place);
}

/// Adds the links in NAME.wants/ and NAME.requires/. Returns false, with a fault, if one of these
/// cannot be read.
bool read_links(Unit& unit, Imported& to) {
  const std::set<std::string> names{unit.name, target_of(unit)};
  for (const std::string& name : names) {
    for (const std::string& folder : folders_of(unit)) {
      for (const std::string_view key : {"Wants", "Requires"}) {
        const std::string place =
            fmt::format("{}/{}.{}", folder, name, key == "Wants" ? "wants" : "requires");
        const auto links = names_if_there(place, to);
        if (!links) return false;
        for (const std::string& link : *links)
          unit.settings.emplace_back("Unit", key, link, 0U, place);
      }
    }
  }
  return true;
}

/// The paths of the unit's drop-ins, in the order in which they apply; nothing, with a fault, if
/// one of their directories cannot be read.
std::optional<std::vector<std::string>> drop_ins_of(const Unit& unit, Imported& to) {
  const std::vector<std::string> folders = folders_of(unit);
  std::map<std::string, std::string> by_name;
  for (const std::string& name : drop_in_names(unit)) {
    for (const std::string& folder : folders) {
      const std::string place = fmt::format("{}/{}.d", folder, name);
      const auto files = names_if_there(place, to);
      if (!files) return std::nullopt;
      for (const std::string& file : *files)
        if (file.ends_with(".conf")) by_name.try_emplace(file, place + "/" + file);
    }
  }
  std::vector<std::string> paths;
  for (const auto& [name, path] : by_name) paths.push_back(path);
  return paths;
}

bool leads_to_null(const std::string& path) {
  char real[PATH_MAX];
  return ::realpath(path.c_str(), real) != nullptr && std::string_view(real) == "/dev/null";
}

/// getty@.service for getty@tty1.service; empty if the name is not an instance's.
std::string template_file(const std::string& name) {
  const std::size_t at = name.find('@'), dot = name.rfind('.');
  if (at == std::string::npos || dot == std::string::npos || dot <= at + 1) return {};
  return name.substr(0, at + 1) + name.substr(dot);
}

}  // namespace

Unit::Unit() = default;
Unit::Unit(Unit&& other) noexcept = default;
Unit& Unit::operator=(Unit&& other) noexcept = default;
Unit::~Unit() = default;

std::string_view Unit::type() const { return std::string_view(name).substr(name.rfind('.') + 1); }

std::string Unit::stem() const { return name.substr(0, name.rfind('.')); }

std::string_view Unit::last(std::string_view section, std::string_view key) const {
  std::string_view value;
  for (const Setting& one : settings)
    if (one.section == section && one.key == key) value = one.value;
  return value;
}

bool comes_before(const std::string& path, const std::string& other) {
  const auto rank = [](const std::string& of) {
    return std::ranges::find(kUnitFolders, folder_of(of)) - std::begin(kUnitFolders);
  };
  return rank(path) < rank(other);
}

std::string find_unit(const std::string& name, const std::string& folder) {
  std::vector<std::string> folders{folder};
  folders.insert(folders.end(), std::begin(kUnitFolders), std::end(kUnitFolders));
  for (const std::string& candidate : {name, template_file(name)})
    for (const std::string& each : folders)
      if (const std::string path = fmt::format("{}/{}", each, candidate);
          !candidate.empty() && path_exists(path))
        return path;
  return {};
}

std::optional<Unit> read_unit(const std::string& place, Imported& to) {
  Unit unit;
  unit.name = last_part(place);
  unit.path = place;
  if (!contains(kUnitTypes, unit.type())) {
    to.fault(place,
             "is no unit that can be imported: its name ends in .service, .socket, "
             ".timer, .path or .target");
    return std::nullopt;
  }
  if (!path_exists(place)) {
    const bool is_name = place.find('/') == std::string::npos;
    unit.path = find_unit(unit.name, is_name ? kUnitFolders[0] : folder_of(place));
    if (unit.path.empty()) {
      to.fault(place, is_name ? fmt::format("there is no such unit here nor in {}",
                                            join(std::vector<std::string>(std::begin(kUnitFolders),
                                                                          std::end(kUnitFolders)),
                                                 ", "))
                              : std::string("does not exist"));
      return std::nullopt;
    }
  }
  if (leads_to_null(unit.path)) {
    to.fault(place, "is masked: it is a link to /dev/null");
    return std::nullopt;
  }
  const auto read = [&](const std::string& path) {
    const auto text = read_source(path, to);
    if (!text) return false;
    if (static_cast<std::size_t>(std::ranges::count(*text, '\n')) > kMostUnitLines) {
      to.fault(path, fmt::format("has more than {} lines", kMostUnitLines));
      return false;
    }
    read_unit_text(path, *text, unit.settings);
    return true;
  };
  if (!read(unit.path)) return std::nullopt;
  const auto drop_ins = drop_ins_of(unit, to);
  if (!drop_ins || !read_links(unit, to)) return std::nullopt;
  for (const std::string& path : *drop_ins) {
    if (leads_to_null(path)) continue;
    if (!read(path)) return std::nullopt;
  }
  return unit;
}

}  // namespace zinit
