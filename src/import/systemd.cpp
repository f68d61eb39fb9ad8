// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Combines units into drafts: a service with the sockets, timers and paths that start it.
#include "import/systemd.hpp"

#include <algorithm>
#include <utility>

#include "base/format.hpp"
#include "base/text.hpp"
#include "config/spec_reader.hpp"
#include "config/value_text.hpp"

namespace zinit {

namespace {

/// The service that a unit starts, as a unit name.
std::string started_by(const Unit& unit) {
  const std::string_view section = unit.type() == "socket"  ? "Socket"
                                   : unit.type() == "timer" ? "Timer"
                                                            : "Path";
  const std::string_view given = unit.last(section, unit.type() == "socket" ? "Service" : "Unit");
  if (!given.empty()) {
    std::string name = resolve_specifiers(unit, given).value_or(std::string(given));
    const std::size_t own = name.find("@%i.");
    return own == std::string::npos ? name : name.erase(own + 1, 2);
  }
  const bool accepts = unit.type() == "socket" && bool_of(unit.last("Socket", "Accept")) == true;
  return unit.stem() + (accepts ? "@.service" : ".service");
}

/// The units for one file.
struct Group {
  std::optional<Unit> main;  // the service or target
  std::vector<Unit> triggers;
};

class Groups {
 public:
  explicit Groups(Imported& to) : to_(to) {}

  void add(Unit unit) {
    const bool is_main = unit.type() == "service" || unit.type() == "target";
    Group& group = group_of(is_main ? unit.name : started_by(unit));
    const auto same =
        std::ranges::find(group.triggers, unit.name, [](const Unit& one) { return one.name; });
    if (is_main && group.main)
      choose(*group.main, std::move(unit));
    else if (is_main)
      group.main = std::move(unit);
    else if (same != group.triggers.end())
      choose(*same, std::move(unit));
    else
      group.triggers.push_back(std::move(unit));
  }

  void finish() {
    for (auto& [name, group] : groups_)
      if (find_main(name, group)) make(group);
  }

 private:
  /// Of two units of one name one counts, as for systemd.
  void choose(Unit& there, Unit&& other) {
    if (absolute(there.path) == absolute(other.path)) return;  // it is given twice
    if (comes_before(other.path, there.path)) std::swap(there, other);
    to_.part(other.path, fmt::format("is not read: {} has the same name", there.path));
  }

  Group& group_of(const std::string& name) {
    const auto found = std::ranges::find(groups_, name, &std::pair<std::string, Group>::first);
    return found != groups_.end() ? found->second : groups_.emplace_back(name, Group()).second;
  }

  /// Finds the service of a socket, timer or path if it was not given itself.
  bool find_main(const std::string& name, Group& group) {
    if (group.main) return true;
    const Unit& trigger = group.triggers.front();
    const std::string path = find_unit(name, folder_of(trigger.path));
    if (!name.ends_with(".service") || path.empty()) {
      to_.fault(trigger.path, fmt::format("starts {}, which is not there", name));
      return false;
    }
    group.main = read_unit(path, to_);
    if (group.main) group.main->name = name;
    return group.main.has_value();
  }

  void make(Group& group) {
    Unit& unit = *group.main;
    unit.of_connections = std::ranges::any_of(group.triggers, [](const Unit& one) {
      return bool_of(one.last("Socket", "Accept")) == true;
    });
    std::string stem = unit.stem();
    if (unit.of_connections && stem.ends_with('@')) stem.pop_back();
    const std::string name = usable_name(stem);
    std::string source = unit.name;
    for (const Unit& trigger : group.triggers) source += " and " + trigger.name;
    Draft draft(name, source);
    if (name != stem) draft.remark(fmt::format("the name {} is not allowed here", stem));
    if (unit.type() == "target") {
      draft.make_target();
      if (!draft_common(unit, draft)) draft.put_text("target.status", "stop");
    } else {
      draft_service(unit, draft, !group.triggers.empty());
    }
    for (const Unit& trigger : group.triggers) draft_trigger(trigger, draft);
    settle_socket(group, draft);
    if (!group.triggers.empty() && !at_boot(group) && !waits_for_trigger(draft) &&
        draft.document().find("socket") == nullptr) {
      draft.put_text("service.status", "stop");
      draft.remark(
          "nothing of what would start it could be carried over: it is started on request");
    }
    if (at_boot(group) && waits_for_trigger(draft))
      draft.remark("its timer or path alone starts it here, and boot does not");
    if (draft.is_template() && std::ranges::any_of(unit.settings, [](const Setting& one) {
          return one.value.find("%I") != std::string::npos;
        }))
      draft.remark("%I is the name of the instance as it is: escapes in it stay");
    to_.add(std::move(draft));
  }

  static bool at_boot(const Group& group) {
    return !group.main->last("Install", "WantedBy").empty();
  }

  static bool waits_for_trigger(const Draft& draft) {
    return draft.document().find("timer") != nullptr || draft.document().find("path") != nullptr;
  }

  /// Either each socket has a name, or none has.
  static void name_sockets(Draft& draft, std::size_t count) {
    const Value* const given = draft.find("socket.names");
    if (given == nullptr) return;
    Value names = *given;
    while (names.array.size() < count) names.array.push_back(text_value(draft.name()));
    draft.put("socket.names", std::move(names));
  }

  /// If boot starts the service too, the service does not wait for a connection.
  static void settle_socket(const Group& group, Draft& draft) {
    const bool has_socket = draft.find("socket.listen") != nullptr;
    if (!has_socket) return draft.drop_section("socket");
    name_sockets(draft, draft.find("socket.listen")->array.size());
    if (at_boot(group) && !group.main->of_connections) draft.put_flag("socket.on_demand", false);
  }

  Imported& to_;
  std::vector<std::pair<std::string, Group>> groups_;
};

}  // namespace

void import_units(const std::vector<std::string>& paths, Imported& to) {
  Groups groups(to);
  for (const std::string& path : paths)
    if (auto unit = read_unit(path, to)) groups.add(*std::move(unit));
  groups.finish();
}

}  // namespace zinit
