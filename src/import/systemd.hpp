// Units of systemd: how they are read, and what is made of them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "import/reader.hpp"

namespace zinit {

/// A unit as it was read, with its drop-ins.
struct Unit {
  Unit();
  Unit(Unit&& other) noexcept;
  Unit& operator=(Unit&& other) noexcept;
  ~Unit();

  std::string name;  // "web.service"
  std::string path;
  std::vector<Setting> settings;  // those that count: an empty value takes back earlier ones

  bool of_connections = false;  // each connection gets an instance: nobody knows its name

  /// What follows the last dot: "service".
  [[nodiscard]] std::string_view type() const;
  /// The name without that.
  [[nodiscard]] std::string stem() const;
  [[nodiscard]] bool is_template() const { return stem().ends_with('@'); }
  /// The value that was set last; empty if there is none.
  [[nodiscard]] std::string_view last(std::string_view section, std::string_view key) const;
};

/// Reads the unit at `place`, a path or a name to look for where systemd looks. If there is none,
/// or it is masked, a fault says so.
[[nodiscard]] std::optional<Unit> read_unit(const std::string& place, Imported& to);

/// The path of a unit that stands in `folder` or where systemd looks; empty if there is none.
[[nodiscard]] std::string find_unit(const std::string& name, const std::string& folder);

/// `text` with its specifiers (%i, %n, ...) resolved as for this unit. For a template the text is
/// one of our templates, with %i and %n for its instance. The error says which cannot be resolved.
[[nodiscard]] Result<std::string> resolve_specifiers(const Unit& unit, std::string_view text);

/// What another unit is called here.
struct UnitName {
  std::string ours{};    // empty: nothing stands for it
  std::string reason{};  // why not; empty: because nothing has to
};
[[nodiscard]] UnitName name_here(std::string_view unit);

/// Whether the setting is one of those that limit how often a service is started.
[[nodiscard]] bool is_start_limit(const Setting& setting);

/// Gives the settings of [Unit] and [Install] to the draft, which is made of `unit`. Returns
/// whether [Install] has boot start it.
bool draft_common(const Unit& unit, Draft& draft);
/// Gives all settings of a unit of a type to the draft, which is that of its service; `triggered`:
/// a unit of another type starts the service.
void draft_service(const Unit& unit, Draft& draft, bool triggered);
// The settings of a service that mean something together alone. Each gives all of its settings to
// the draft.
void draft_outputs(const Unit& unit, Draft& draft);
void draft_capabilities(const Unit& unit, Draft& draft);
void draft_start_limit(const Unit& unit, Draft& draft);
void draft_trigger(const Unit& unit, Draft& draft);

}  // namespace zinit
