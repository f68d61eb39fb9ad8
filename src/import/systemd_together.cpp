// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Settings of [Service] whose meaning depends on several of them (systemd.exec(5),
// systemd.unit(5)).
#include <algorithm>
#include <utility>

#include "base/format.hpp"
#include "base/sort.hpp"
#include "base/text.hpp"
#include "config/value_text.hpp"
#include "import/systemd.hpp"
#include "import/words.hpp"

namespace zinit {

namespace {

using Words = std::vector<std::string>;

/// The settings of some keys, with their specifiers resolved. A setting with an unresolved one is
/// left. `keys` has a blank before and after each key.
std::vector<Setting> settings_of(const Unit& unit, std::string_view keys, Draft& draft) {
  std::vector<Setting> settings;
  for (const Setting& one : unit.settings) {
    const bool is_its = one.section == "Service" || (one.section == "Unit" && is_start_limit(one));
    if (!is_its || !has_word(keys, one.key)) continue;
    const auto value = resolve_specifiers(unit, one.value);
    if (value)
      settings.emplace_back(one.section, one.key, *value, one.line, one.file);
    else
      draft.leave(one, value.error().text);
  }
  return settings;
}

void meet_all(const std::vector<Setting>& settings, Draft& draft) {
  for (const Setting& one : settings) draft.met(one);
}

void leave_all(const std::vector<Setting>& settings, std::string_view reason, std::string_view ours,
               Draft& draft) {
  for (const Setting& one : settings) draft.leave(one, reason, ours);
}

/// The path of an output to a file; empty for another output, or without a setting.
std::string_view output_file(const Setting* setting) {
  const std::string_view value = setting == nullptr ? std::string_view() : setting->value;
  const std::size_t colon = value.find(":/");
  return colon == value.npos || value.starts_with("fd") ? "" : value.substr(colon + 1);
}

void take_stream(const Unit& unit, const Setting& setting, Draft& draft) {
  const std::string_view value = setting.value;
  if (value == "journal" || value == "inherit" || value == "syslog" || value == "tty" ||
      (value == "socket" && unit.of_connections))
    return draft.met(setting);
  if (value.starts_with("kmsg")) return draft.carry(setting, "logging.kmsg", bool_value(true));
  if (value.ends_with("+console")) return draft.carry(setting, "logging.console", bool_value(true));
  draft.leave(setting, "zinit keeps what the service prints", "logging.file");
}

/// The contents of AmbientCapabilities and CapabilityBoundingSet.
struct Capabilities {
  Words ambient, bounding;  // sorted
  bool limited = false;     // there is a bounding set
  bool inverted = false;    // a set lists what it does not contain
};

Capabilities capabilities_of(const std::vector<Setting>& settings) {
  Capabilities found;
  for (const Setting& one : settings) {
    const bool bounds = one.key.starts_with('C');
    Words& set = bounds ? found.bounding : found.ambient;
    found.limited = found.limited || bounds;
    found.inverted = found.inverted || one.value.starts_with('~');
    for (std::string& word : split_words(upper(one.value), Quoting::systemd))
      set.push_back(std::move(word));
  }
  for (Words* set : {&found.ambient, &found.bounding}) sort_unique(*set);
  return found;
}

/// How often a service may be started, in systemd's terms.
struct StartLimit {
  std::int64_t burst = 5;
  std::int64_t interval_ms = 10000;
};

std::optional<StartLimit> start_limit_of(const std::vector<Setting>& settings) {
  StartLimit limit;
  for (const Setting& one : settings) {
    const bool is_burst = one.key.ends_with("Burst");
    // -1 and not an empty std::optional, which g++ 14 takes for uninitialized here.
    const std::int64_t number =
        is_burst ? parse_integer(one.value).value_or(-1) : milliseconds_of(one.value).value_or(-1);
    if (number < 0) return std::nullopt;
    (is_burst ? limit.burst : limit.interval_ms) = number;
  }
  return limit;
}

/// What stands before a command: "-", "+" and the like (systemd.service(5)).
std::string_view prefixes(std::string_view command) {
  return command.substr(0, command.find_first_not_of("-:+!@|"));
}

bool is_command(const Setting& one) {
  return one.section == "Service" && one.key.starts_with("Exec") && one.key != "ExecPaths" &&
         one.key != "ExecSearchPath";
}

/// Whether the command is `kill` of the main process, which becomes a signal here.
bool is_signal(const Setting& one) {
  const Words words = split_words(one.value, Quoting::systemd);
  return words.size() > 1 && last_part(words.front()) == "kill" &&
         (words.back() == "$MAINPID" || words.back() == "${MAINPID}");
}

/// Whether systemd runs a command without the limits of the others.
bool has_exempt_command(const Unit& unit) {
  const bool start_only = bool_of(unit.last("Service", "PermissionsStartOnly")) == true;
  return std::ranges::any_of(unit.settings, [&](const Setting& one) {
    return is_command(one) && !is_signal(one) &&
           (prefixes(one.value).find('+') != std::string_view::npos ||
            (start_only && one.key != "ExecStart"));
  });
}

}  // namespace

bool runs_as_root(const Unit& unit) {
  if (unit.last("Service", "User").empty()) return false;
  std::size_t all = 0;
  for (const Setting& one : unit.settings) {
    if (!is_command(one) || is_signal(one)) continue;
    const std::string_view before = prefixes(one.value);
    const bool exempt = before.find('+') != before.npos ||
                        (before.find('!') != before.npos && before.find("!!") == before.npos);
    // Another command may follow on the same line, without it.
    if (!exempt || one.value.find(" ; ") != std::string::npos) return false;
    ++all;
  }
  return all > 0;
}

void run_first(const Words& command, Draft& draft) {
  Value commands = one_of(words_value(command));
  const Value* const there = draft.find("service.pre_exec");
  if (there != nullptr)
    commands.array.insert(commands.array.end(), there->array.begin(), there->array.end());
  draft.put("service.pre_exec", std::move(commands));
}

// As a command, because zinit gives them to the user that runs the service.
void draft_owners(const Unit& unit, Draft& draft) {
  const std::string owner =
      fmt::format("{}:{}", unit.last("Service", "User"), unit.last("Service", "Group"));
  Words words{"/bin/chown", resolve_specifiers(unit, owner).value_or(owner)};
  for (const DirectoryKey& key : kDirectoryKeys)
    if (const Value* const names = draft.find(key.ours))
      for (const Value& name : names->array) words.push_back(std::string(key.base) + name.string);
  if (words.size() > 2) run_first(words, draft);
}

// systemd sets them for the program.
void draft_directory_variables(Draft& draft) {
  for (const auto& [theirs, ours, base, variable] : kDirectoryKeys) {
    const Value* const names = draft.find(ours);
    const Value* const env = draft.find("service.env");
    if (names == nullptr || (env != nullptr && env->find(variable) != nullptr)) continue;
    std::string paths;
    for (const Value& name : names->array)
      paths += fmt::format("{}{}{}", paths.empty() ? "" : ":", base, name.string);
    draft.add_variable(std::string(variable), text_value(paths));
  }
}

void draft_outputs(const Unit& unit, Draft& draft) {
  const auto settings = settings_of(unit, " StandardOutput StandardError ", draft);
  const Setting *out = nullptr, *err = nullptr;
  for (const Setting& one : settings) (one.key.ends_with("Output") ? out : err) = &one;
  const std::string_view out_file = output_file(out);
  const bool inherits = err == nullptr || err->value == "inherit";
  const std::string_view err_file = inherits ? out_file : output_file(err);
  const bool two = !out_file.empty() && !err_file.empty() && out_file != err_file;
  if (out_file != err_file && !two)
    draft.remark("the file gets both standard output and standard error");
  for (const Setting& one : settings) {
    const std::string_view file = output_file(&one);
    if (&one != out && &one != err) {
      draft.met(one);  // a later one replaces it
    } else if (file.empty()) {
      take_stream(unit, one, draft);
    } else if (two) {
      draft.leave(one, "both outputs go to one file here: choose one", "logging.file");
    } else {
      if (!one.value.starts_with("append:"))
        draft.remark(fmt::format("{}: what is in the file stays, and lines are added", one.key));
      draft.carry_text(one, "logging.file", file);
    }
  }
}

void draft_capabilities(const Unit& unit, Draft& draft) {
  const auto settings = settings_of(unit, " CapabilityBoundingSet AmbientCapabilities ", draft);
  if (settings.empty()) return;
  const std::string_view user = unit.last("Service", "User");
  const bool is_root = runs_as_root(unit) || ((user.empty() || user == "root" || user == "0") &&
                                              bool_of(unit.last("Service", "DynamicUser")) != true);
  const Capabilities set = capabilities_of(settings);
  const auto leave = [&](std::string_view reason) {
    leave_all(settings, reason, "process.capabilities", draft);
  };
  if (set.inverted)
    return leave("write \"capabilities\" in [process], with those that it may have");
  if (is_root && set.limited && has_exempt_command(unit))
    return leave("it would hold here for all commands, of which systemd runs some without it");
  // For a user other than root, zinit also raises the capabilities that it keeps. So a mere limit
  // would give the program capabilities that it could otherwise only gain by other means.
  if (!is_root && set.limited && !std::ranges::includes(set.bounding, set.ambient))
    return leave("the bounding set removes what AmbientCapabilities gives");
  if (!is_root && set.ambient.empty() && !set.bounding.empty())
    return leave("it is a limit only; zinit would give them to the user from the start");
  meet_all(settings, draft);
  if (is_root && !set.limited) return;
  if (!is_root && !set.limited && set.ambient.empty()) return;
  if (!is_root && (!set.limited || set.bounding != set.ambient))
    draft.remark("AmbientCapabilities: here they are the limit as well, for set-user-ID programs");
  draft.put("process.capabilities", words_value(is_root ? set.bounding : set.ambient));
}

void draft_start_limit(const Unit& unit, Draft& draft) {
  const auto settings =
      settings_of(unit, " StartLimitIntervalSec StartLimitInterval StartLimitBurst ", draft);
  if (settings.empty()) return;
  const auto limit = start_limit_of(settings);
  constexpr const char* ours = "lifecycle.max_restarts";
  if (!limit) return leave_all(settings, kNoSuchValue, ours, draft);
  if (limit->burst == 0 || limit->interval_ms == 0) return meet_all(settings, draft);
  if (limit->burst == 1)
    return leave_all(settings, "zinit has no limit that forbids the first restart", ours, draft);
  const std::string_view given = unit.last("Service", "RestartSec");
  const std::int64_t delay = milliseconds_of(given.empty() ? "100ms" : given).value_or(100);
  meet_all(settings, draft);
  put_start_limit(limit->burst, limit->interval_ms, delay, "StartLimitBurst", draft);
}

}  // namespace zinit
