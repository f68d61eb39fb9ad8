// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Units of systemd: reading them, and turning them into drafts.
//
// A unit of systemd is one file, but a service file of zinit may need several of them: systemd.cpp
// groups a service with the sockets, timers and paths that start it, and makes one draft for each
// group. systemd_units.cpp reads a unit with its drop-ins and its .wants/ and .requires/ links.
// Then each setting goes to one function, by its section and key:
//
//   [Unit], [Install]          systemd_common.cpp: names, conditions, whether boot starts it
//   [Service]                  systemd_service.cpp; keys that only mean something together are in
//                              systemd_together.cpp: outputs, capabilities, start limits
//   [Socket], [Timer], [Path]  systemd_triggers.cpp: sections of the service's own file
//
// Before that, systemd_names.cpp resolves specifiers, and finds our names of other units.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "import/reader.hpp"

namespace zinit {

/// A unit with its drop-ins.
struct Unit {
  Unit();
  Unit(Unit&& other) noexcept;
  Unit& operator=(Unit&& other) noexcept;
  ~Unit();

  std::string name;  // "web.service"
  std::string path;
  std::vector<Setting> settings;  // settings that count: an empty value has removed earlier ones

  bool of_connections = false;  // each connection gets an instance with an unknown name

  /// The part after the last dot: "service".
  [[nodiscard]] std::string_view type() const;
  /// The name without that part.
  [[nodiscard]] std::string stem() const;
  [[nodiscard]] bool is_template() const { return stem().ends_with('@'); }
  /// The last value; empty if there is none.
  [[nodiscard]] std::string_view last(std::string_view section, std::string_view key) const;
};

/// Reads the unit at `place`, a path or a name to look for in systemd's directories. Adds a fault
/// if it does not exist or is masked.
[[nodiscard]] std::optional<Unit> read_unit(const std::string& place, Imported& to);

/// Whether systemd takes the unit at `path` in place of the unit of the same name at `other`: the
/// unit's directory comes earlier among systemd's directories, or is the only one of them.
[[nodiscard]] bool comes_before(const std::string& path, const std::string& other);

/// The path of a unit in `folder` or in systemd's directories; empty if it does not exist.
[[nodiscard]] std::string find_unit(const std::string& name, const std::string& folder);

/// `text` with its specifiers (%i, %n, ...) resolved for this unit. For a template the text is for
/// one of our templates, with %i and %n for its instance. The error names an unresolved specifier.
[[nodiscard]] Result<std::string> resolve_specifiers(const Unit& unit, std::string_view text);

/// Our name of another unit.
struct UnitName {
  std::string ours{};    // empty: no counterpart
  std::string reason{};  // why there is none; empty: none is needed
};
[[nodiscard]] UnitName name_here(std::string_view unit);

/// A key of [Service] for directories: ours, where they are, and the variable that says so to the
/// program.
struct DirectoryKey {
  std::string_view theirs, ours, base, variable;
};
inline constexpr DirectoryKey kDirectoryKeys[] = {
    {"RuntimeDirectory", "service.runtime_dir", "/run/", "RUNTIME_DIRECTORY"},
    {"StateDirectory", "service.state_dir", "/var/lib/", "STATE_DIRECTORY"},
    {"CacheDirectory", "service.cache_dir", "/var/cache/", "CACHE_DIRECTORY"},
    {"LogsDirectory", "service.log_dir", "/var/log/", "LOGS_DIRECTORY"},
};

/// Whether the setting limits how often a service is started.
[[nodiscard]] bool is_start_limit(const Setting& setting);

/// Whether root runs all of the service's commands although the unit names a user, because a + or !
/// stands before each command.
[[nodiscard]] bool runs_as_root(const Unit& unit);

/// Passes the settings of [Unit] and [Install] to the draft for `unit`. Returns whether [Install]
/// makes boot start it.
bool draft_common(const Unit& unit, Draft& draft);
/// Passes all settings of a unit to the draft of its service. `triggered`: a unit of another type
/// starts the service.
void draft_service(const Unit& unit, Draft& draft, bool triggered);
/// Puts a command before all others of pre_exec.
void run_first(const std::vector<std::string>& command, Draft& draft);
// Settings of a service that only have a meaning together. Each function passes all of its settings
// to the draft.
void draft_outputs(const Unit& unit, Draft& draft);
/// The variables with the directories that the service has.
void draft_directory_variables(Draft& draft);
void draft_capabilities(const Unit& unit, Draft& draft);
/// Of a service that root runs: its directories are its user's.
void draft_owners(const Unit& unit, Draft& draft);
void draft_start_limit(const Unit& unit, Draft& draft);
void draft_trigger(const Unit& unit, Draft& draft);

}  // namespace zinit
