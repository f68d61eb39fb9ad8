// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// [Unit] and [Install], which units of all types have (systemd.unit(5)).
#include <algorithm>
#include <set>

#include "base/format.hpp"
#include "base/text.hpp"
#include "import/systemd.hpp"
#include "import/words.hpp"

namespace zinit {

namespace {

/// Keys of [Unit] with names of units as values, and our counterparts.
struct NamesKey {
  std::string_view theirs, ours;
};
constexpr NamesKey kNames[] = {
    {"After", "dependencies.after"},
    {"Before", "dependencies.before"},
    {"Requires", "dependencies.requires"},
    {"Requisite", "dependencies.requires"},
    {"Wants", "dependencies.wants"},
    {"BindsTo", "dependencies.binds_to"},
    {"Conflicts", "dependencies.conflicts"},
    {"OnFailure", "lifecycle.on_failure"},
    {"RequiredBy", "dependencies.required_by"},
    {"WantedBy", "dependencies.wanted_by"},
};

/// Targets that boot starts. Here the status of a service, not their wants, starts it at boot.
bool is_of_boot(std::string_view unit) {
  constexpr std::string_view all =
      " multi-user.target graphical.target default.target basic.target sysinit.target "
      "local-fs.target network-online.target network.target sockets.target timers.target "
      "paths.target getty.target remote-fs.target ";
  return has_word(all, unit);
}

class CommonSettings {
 public:
  CommonSettings(const Unit& unit, Draft& draft)
      : unit_(unit), draft_(draft), after_(ours_of("After")), before_(ours_of("Before")) {}

  void take(const Setting& setting) {
    const std::string_view key = setting.key;
    if (is_start_limit(setting) && unit_.type() == "service") return;  // the service takes it
    // Names are resolved one by one, and an address may contain any %.
    const auto* const names = std::ranges::find(kNames, key, &NamesKey::theirs);
    if (names != std::end(kNames)) return take_names(setting, names->ours, setting.value);
    if (key == "Documentation") {
      draft_.note("See " + setting.value);
      return draft_.met(setting);
    }
    const auto resolved = resolve_specifiers(unit_, setting.value);
    if (!resolved) return draft_.leave(setting, resolved.error().text);
    const std::string& value = *resolved;
    if (key == "DefaultDependencies") {
      draft_.met(setting);
    } else if (key == "Description") {
      draft_.carry_text(setting, fmt::format("{}.description", draft_.main_section()), value);
    } else if (key.starts_with("Condition") || key.starts_with("Assert")) {
      take_condition(setting, value);
    } else if (is_advice_only(key)) {
      draft_.leave_by_table(setting);
    } else {
      draft_.by_table(setting, value);
    }
  }

  void finish() {
    if (!tests_.empty()) put_tests();
    if (draft_.main_section() == std::string_view("target")) return;
    if (unit_.type() == "service" && bool_of(unit_.last("Unit", "DefaultDependencies")) != false &&
        !before_.contains("basic"))
      draft_.add("dependencies.after", words_value({"basic"}));
  }

  /// Whether [Install] makes boot start the unit.
  [[nodiscard]] bool at_boot() const { return at_boot_; }

 private:
  /// Our names of all units that a key names.
  [[nodiscard]] std::set<std::string> ours_of(std::string_view key) const {
    std::set<std::string> names;
    for (const Setting& one : unit_.settings)
      if (one.section == "Unit" && one.key == key)
        for (const std::string& unit : split_words(one.value, Quoting::systemd))
          names.insert(name_of(key, unit).ours);
    return names;
  }

  void take_names(const Setting& setting, std::string_view ours, const std::string& value) {
    const auto units = split_words(value, Quoting::systemd);
    if (setting.key == "Requisite")
      draft_.remark("Requisite: the others are started, where systemd would fail");
    std::vector<std::string> names, lost;
    std::string reason;
    for (const std::string& unit : units) {
      if (setting.section == "Install" && is_of_boot(unit)) {
        at_boot_ = true;
        continue;
      }
      UnitName name = name_of(setting.key, unit);
      if (!draft_.may_have(ours)) name.reason = kTargetHasNone;
      const bool starts = setting.section == "Unit" && ours != "dependencies.after" &&
                          ours != "dependencies.before" && ours != "dependencies.conflicts";
      if (starts && (unit.ends_with(".timer") || unit.ends_with(".path")))
        name.reason = "here it would start the service at once, and not wait for its timer or path";
      const bool in_order = setting.key == "After" || setting.key == "Before";
      if (in_order && after_.contains(name.ours) && before_.contains(name.ours) &&
          !name.ours.empty())
        name.reason = fmt::format(
            "zinit has one service for both units, \"{}\", so it cannot be before and after it",
            name.ours);
      if (!name.reason.empty()) {
        lost.push_back(unit);
        reason = name.reason;
      } else if (!name.ours.empty() && name.ours != draft_.name()) {
        names.push_back(name.ours);
      }
    }
    if (lost.empty())
      return names.empty() ? draft_.met(setting) : draft_.carry_words(setting, ours, names);
    if (!names.empty()) draft_.add(ours, words_value(names));
    draft_.leave({setting.section, setting.key, join(lost, " "), setting.line, setting.file},
                 reason, ours);
  }

  /// `mail@%n.service` in OnFailure is `mail@` here, which gets the name automatically.
  UnitName name_of(std::string_view key, const std::string& unit) const {
    const std::size_t at = unit.find("@%");
    if (key == "OnFailure" && at != std::string::npos &&
        std::string_view("nNpi").find(unit[at + 2]) < 4)
      return {unit.substr(0, at + 1), {}};
    const auto resolved = resolve_specifiers(unit_, unit);
    return resolved ? name_here(*resolved) : UnitName{{}, resolved.error().text};
  }

  /// Keys for which the table of foreign words has a similar key of ours, as advice for a person:
  /// carried over unchanged, the value would do something else.
  static bool is_advice_only(std::string_view key) {
    constexpr std::string_view all =
        " JobTimeoutSec JobRunningTimeoutSec PropagatesStopTo StopPropagatedFrom "
        "PropagatesStopFrom ";
    return has_word(all, key);
  }

  void take_condition(const Setting& setting, const std::string& value) {
    if (!draft_.may_have("condition.exec"))
      return draft_.leave(setting, kTargetHasNone, "condition.exec");
    const std::string_view name =
        std::string_view(setting.key).substr(setting.key.starts_with("Assert") ? 6 : 9);
    if (value.starts_with('|'))
      return draft_.leave(setting,
                          "all conditions of zinit must hold; \"one of several\" does not exist",
                          "condition.exec");
    if (setting.key.starts_with("Assert"))
      draft_.remark(
          fmt::format("{}: the service is not started, which is no failure", setting.key));
    constexpr std::pair<std::string_view, const char*> tests[] = {{"FileNotEmpty", "-s"},
                                                                  {"FileIsExecutable", "-x"},
                                                                  {"PathIsReadWrite", "-w"},
                                                                  {"PathIsSymbolicLink", "-L"}};
    for (const auto& [test, option] : tests) {
      if (name != test) continue;
      const bool not_so = value.starts_with('!');
      tests_.push_back(fmt::format("test {}{} {}", not_so ? "! " : "", option,
                                   shell_quoted(std::string_view(value).substr(not_so ? 1 : 0))));
      return draft_.met(setting);
    }
    const std::string ours =
        fmt::format("condition.{}", name == "PathExists"          ? "path_exists"
                                    : name == "PathIsDirectory"   ? "path_is_directory"
                                    : name == "PathIsMountPoint"  ? "path_is_mount"
                                    : name == "KernelCommandLine" ? "kernel_command_line"
                                    : name == "Virtualization"    ? "virtualization"
                                    : name == "FirstBoot"         ? "first_boot"
                                                                  : "");
    if (ours.ends_with('.')) return draft_.by_table(setting, value);
    if (name == "FirstBoot") return draft_.carry_text(setting, ours, value);
    draft_.carry_words(setting, ours, {value});
  }

  void put_tests() {
    if (tests_.size() > 1) return draft_.put_text("condition.exec", join(tests_, " && "));
    draft_.put("condition.exec", words_value(split_words(tests_.front(), Quoting::shell)));
  }

  const Unit& unit_;
  Draft& draft_;
  std::set<std::string> after_, before_;
  std::vector<std::string> tests_;
  bool at_boot_ = false;
};

}  // namespace

bool is_start_limit(const Setting& setting) {
  return setting.key == "StartLimitIntervalSec" || setting.key == "StartLimitInterval" ||
         setting.key == "StartLimitBurst";
}

bool draft_common(const Unit& unit, Draft& draft) {
  CommonSettings common(unit, draft);
  for (const Setting& setting : unit.settings) {
    if (setting.section.starts_with("X-")) continue;  // systemd leaves these to others
    if (setting.section != "Unit" && setting.section != "Install") continue;
    common.take(setting);
  }
  common.finish();
  return common.at_boot();
}

}  // namespace zinit
