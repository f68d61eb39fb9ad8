// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// [Service] of units (systemd.service(5), systemd.exec(5), systemd.kill(5)).
#include <algorithm>

#include "base/fd.hpp"
#include "base/format.hpp"
#include "base/text.hpp"
#include "config/foreign_keys.hpp"
#include "config/spec_reader.hpp"
#include "config/value_text.hpp"
#include "import/systemd.hpp"
#include "import/words.hpp"
#include "model/reason.hpp"

namespace zinit {

namespace {

using Words = std::vector<std::string>;

constexpr const char* kNoUtf8 =
    "it has an escape that is not UTF-8, but a service file must be UTF-8";

/// One command of an Exec key.
struct ExecLine {
  Words words;
  bool ignored = false;  // "-": its failure is ignored
  bool literal = false;  // ":": its variables are not expanded
};

/// The command as a line for the shell. Several such lines can be joined.
std::string as_shell_line(const ExecLine& line, bool last) {
  std::string text;
  if (line.literal)
    for (const std::string& word : line.words) text += " " + shell_quoted(word);
  else
    text = shell_line(line.words).substr(4);  // without "exec"
  if (line.ignored) return text.substr(1) + " || :";
  return last ? "exec" + text : text.substr(1);
}

/// The command as an argument vector, through a shell if it needs one.
Words as_words(const ExecLine& line) {
  if (line.ignored || (!line.literal && has_variable(line.words)))
    return {"/bin/sh", "-c", as_shell_line(line, true)};
  return line.literal ? line.words : without_variables(line.words);
}

/// Several commands as the value of a key for one command.
Value one_command(const std::vector<ExecLine>& lines) {
  if (lines.size() == 1 && !lines.front().ignored) {
    const ExecLine& line = lines.front();
    if (line.literal || !has_variable(line.words)) return words_value(as_words(line));
  }
  std::string text;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const bool last = i + 1 == lines.size();
    std::string part = as_shell_line(lines[i], last);
    if (lines[i].ignored && lines.size() > 1) part = fmt::format("{{ {}; }}", part);
    text += (i > 0 ? " && " : "") + part;
  }
  return text_value(text);
}

/// The signal that `kill -SIGNAL $MAINPID` sends to the main process; empty for other commands.
std::string signal_sent(const std::vector<ExecLine>& lines) {
  if (lines.size() != 1) return {};
  const Words& words = lines.front().words;
  if (words.size() < 2 || last_part(words.front()) != "kill") return {};
  if (words.back() != "$MAINPID" && words.back() != "${MAINPID}") return {};
  std::string name = words.size() == 2 ? "TERM" : "";
  if (words.size() == 3 && words[1].starts_with('-')) name = words[1].substr(1);
  if (words.size() == 4 && words[1] == "-s") name = words[2];
  const int number = signal_number(name);
  return number == 0 ? "" : signal_name(number);
}

class ServiceSettings {
 public:
  ServiceSettings(const Unit& unit, Draft& draft) : unit_(unit), draft_(draft) {
    type_ = unit.last("Service", "Type");
    const bool has_start = !unit.last("Service", "ExecStart").empty();
    if (type_.empty())
      type_ = !unit.last("Service", "BusName").empty() ? "dbus" : has_start ? "simple" : "oneshot";
    oneshot_ = type_ == "oneshot";
    as_root_ = runs_as_root(unit);
    pidfile_ = !unit.last("Service", "PIDFile").empty();
  }

  void take(const Setting& setting);

  void finish(bool at_boot, bool triggered) {
    put_commands();
    put_directory_modes();
    if (as_root_) draft_owners(unit_, draft_);
    draft_directory_variables(draft_);
    put_type();
    if (!oneshot_ && unit_.last("Service", "Restart").empty())
      draft_.put_text("lifecycle.restart", "never");
    if (!at_boot && !triggered) draft_.put_text("service.status", "stop");
    draft_capabilities(unit_, draft_);
    draft_outputs(unit_, draft_);
    draft_start_limit(unit_, draft_);
    warn_of_rights();
  }

 private:
  struct Row {
    std::string_view keys;  // with a blank before and after each
    void (ServiceSettings::*take)(const Setting&, const std::string&);
  };
  static const Row kRows[];

  std::string_view last(std::string_view key) const { return unit_.last("Service", key); }

  // --- commands ---

  /// The commands of one line. A lone semicolon ends each.
  std::optional<std::vector<ExecLine>> commands_of(const Setting& setting,
                                                   const std::string& value) {
    const auto words = split_words(value, Quoting::systemd);
    if (!std::ranges::all_of(words, valid_utf8)) {
      draft_.leave(setting, kNoUtf8);
      return std::nullopt;
    }
    std::vector<ExecLine> lines(1);
    for (const std::string& word : words) {
      if (word == ";")
        lines.emplace_back();
      else
        lines.back().words.push_back(word);
    }
    std::erase_if(lines, [](const ExecLine& line) { return line.words.empty(); });
    if (lines.empty()) {
      draft_.leave(setting, kNoSuchValue);
      return std::nullopt;
    }
    for (ExecLine& line : lines)
      if (!take_prefixes(setting, line)) return std::nullopt;
    return lines;
  }

  bool take_prefixes(const Setting& setting, ExecLine& line) {
    std::string& program = line.words.front();
    while (!program.empty() && std::string_view("-:+!@|").find(program.front()) < 6) {
      const char prefix = program.front();
      // It concerns kernels without ambient capabilities.
      const bool is_double = program.starts_with("!!");
      program.erase(0, is_double ? 2 : 1);
      if (is_double) continue;
      if (prefix == '-') line.ignored = true;
      if (prefix == ':') line.literal = true;
      if (prefix == '@' && line.words.size() > 1) {
        line.words.erase(line.words.begin() + 1);
        draft_.remark(fmt::format("{}: the program gets its own path as argv[0]", setting.key));
      }
      if ((prefix == '+' || prefix == '!') && has_user()) {
        draft_.leave(setting,
                     "zinit runs it as the user of the service; require a oneshot that does it");
        return false;
      }
    }
    if (program.empty()) draft_.leave(setting, kNoSuchValue);
    return !program.empty();
  }

  void take_exec(const Setting& setting, const std::string& value) {
    auto lines = commands_of(setting, value);
    if (!lines) return;
    draft_.met(setting);
    for (const ExecLine& line : *lines)
      if (!line.literal) warn_of_variables(setting.key, line.words);
    auto& list = commands_[setting.key];
    list.insert(list.end(), lines->begin(), lines->end());
  }

  void warn_of_variables(const std::string& key, const Words& words) {
    for (const std::string& word : words) {
      if (word.size() > 1 && word.front() == '$' && is_variable_name(word.substr(1)) &&
          word != "$MAINPID")
        draft_.remark(fmt::format(
            "{}: the shell expands * ? [ in the value of {}, and keeps quotes in it", key, word));
      for (const char* const name :
           {"$EXIT_STATUS", "${EXIT_STATUS}", "$SERVICE_RESULT", "${SERVICE_RESULT}"})
        if (word.find(name) != word.npos)
          draft_.remark(
              fmt::format("{}: {} is not set here; EXIT_CODE has the exit status, "
                          "or EXIT_SIGNAL the signal",
                          key, name));
    }
  }

  void put_list(std::string_view ours, const std::vector<ExecLine>& lines) {
    Value all{.type = ValueType::array};
    for (const ExecLine& line : lines) all.array.push_back(words_value(as_words(line)));
    if (!all.array.empty()) draft_.add(ours, std::move(all));
  }

  void put_start(std::vector<ExecLine> starts) {
    if (starts.empty()) starts.push_back({.words = {"true"}});
    put_list("service.pre_exec", {starts.begin(), starts.end() - 1});
    if (starts.back().ignored) {
      starts.back().ignored = oneshot_;
      if (!oneshot_) draft_.remark("ExecStart: its failures count, in spite of the -");
    }
    draft_.put("service.exec", one_command({starts.back()}));
  }

  void put_commands() {
    std::vector<ExecLine> starts = commands_["ExecStart"];
    std::vector<ExecLine> posts = commands_["ExecStartPost"];
    // A oneshot is done when its last command is done.
    if (oneshot_) starts.insert(starts.end(), posts.begin(), posts.end());
    put_list("service.pre_exec", commands_["ExecStartPre"]);
    if (can_start(commands_["ExecStart"])) put_start(std::move(starts));
    if (!oneshot_) put_list("service.ready_exec", posts);
    put_list("service.post_exec", commands_["ExecStopPost"]);
    put_one("ExecStop", "service.stop_exec", "lifecycle.stop_signal");
    put_one("ExecReload", "service.reload_exec", "service.reload_signal");
    put_one("ExecCondition", "condition.exec", {});
  }

  /// Whether all commands are known. A oneshot may have only commands for its stop.
  bool can_start(const std::vector<ExecLine>& starts) {
    const auto is_left = [](const LeftSetting& one) { return one.setting.key == "ExecStart"; };
    const char* const reason =
        std::ranges::any_of(draft_.left(), is_left) ? "not all that it runs could be carried over"
        : starts.empty() && (!oneshot_ || last("ExecStop").empty()) ? "it has no ExecStart="
        : starts.size() > 1 && !oneshot_ ? "it has several commands, but is no oneshot"
                                         : nullptr;
    if (reason != nullptr) draft_.refuse(reason);
    return reason == nullptr;
  }

  void put_one(const std::string& key, std::string_view ours, std::string_view ours_for_signal) {
    const std::vector<ExecLine>& lines = commands_[key];
    if (lines.empty()) return;
    const std::string signal = ours_for_signal.empty() ? "" : signal_sent(lines);
    if (!signal.empty()) return draft_.put_text(ours_for_signal, signal);
    draft_.put(ours, one_command(lines));
  }

  // --- kind, readiness, restart ---

  void take_type(const Setting& setting, const std::string& value) {
    // Another Type= may replace it, and BusName= has the same advice.
    if (value == "dbus" && type_ == value && last("BusName").empty())
      return draft_.leave(setting, foreign_meaning("Service", "BusName").advice({}));
    if (value == "forking" && !pidfile_)
      draft_.remark(
          "Type=forking without PIDFile=: a oneshot, whose processes zinit does not watch; better "
          "leave out the option that sends the program to the background");
    constexpr std::string_view known =
        " dbus simple exec idle forking oneshot notify notify-reload ";
    if (!has_word(known, value)) return draft_.leave(setting, kNoSuchValue);
    draft_.met(setting);
  }

  void put_type() {
    if (oneshot_ || (type_ == "forking" && !pidfile_)) draft_.put_flag("service.oneshot", true);
    if (type_.starts_with("notify")) draft_.put_text("readiness.notify", "systemd");
    if (type_ == "notify-reload" && draft_.find("service.reload_exec") == nullptr &&
        draft_.find("service.reload_signal") == nullptr)
      draft_.put_text("service.reload_signal", "SIGHUP");
  }

  void take_remain(const Setting& setting, const std::string& value) {
    if (oneshot_ || bool_of(value) == false) return draft_.met(setting);
    draft_.leave(setting, "a service that has ended is not running here, unless it is a oneshot",
                 "service.oneshot");
  }

  void take_pidfile(const Setting& setting, const std::string& value) {
    if (type_ != "forking") return draft_.met(setting);  // systemd uses it only there
    draft_.carry_text(setting, "readiness.pidfile", path_from("/run", value));
  }

  void take_access(const Setting& setting, const std::string& value) {
    if (!type_.starts_with("notify")) return draft_.met(setting);
    const bool all = value == "all" || value == "exec";
    draft_.carry_text(setting, "readiness.notify_access", all ? "all" : value);
  }

  void take_restart(const Setting& setting, const std::string& value) {
    if (oneshot_ && value == "always")
      return draft_.leave(setting, "a oneshot that has succeeded is not restarted",
                          "lifecycle.restart");
    const bool exact = value == "no" || value == "always" || value == "on-failure";
    if (exact)
      return draft_.carry_text(setting, "lifecycle.restart", value == "no" ? "never" : value);
    const bool some = value.starts_with("on-ab") || value == "on-watchdog";
    draft_.put_text("lifecycle.restart", some ? "on-failure" : "never");
    draft_.leave(setting,
                 some ? "\"on-failure\" is written, which restarts it after any failure"
                      : "\"never\" is written, so it is not restarted",
                 "lifecycle.restart");
  }

  void take_timeouts(const Setting& setting, const std::string& value) {
    const bool never = value == "infinity" || milliseconds_of(value) == 0;
    const std::string time = never ? "infinity" : value;
    if (setting.key == "TimeoutSec") {
      const auto ms = milliseconds_of(value);
      draft_.put("lifecycle.start_timeout_ms",
                 ms && !never ? number_value(*ms) : text_value("infinity"));
    }
    draft_.carry_text(setting,
                      setting.key == "TimeoutStartSec" ? "lifecycle.start_timeout_ms"
                                                       : "lifecycle.stop_timeout_ms",
                      time);
  }

  void take_kill_mode(const Setting& setting, const std::string& value) {
    if (value == "control-group") return draft_.met(setting);
    if (value == "process") return draft_.carry_text(setting, "lifecycle.kill_mode", "main");
    draft_.leave(setting,
                 value == "mixed" ? "all processes get the stop signal here" : kNoSuchValue,
                 "lifecycle.kill_mode");
  }

  void take_ends(const Setting& setting, const std::string& value) {
    draft_.carry_text(
        setting,
        setting.key == "SuccessExitStatus" ? "lifecycle.success" : "lifecycle.no_restart_on",
        value);
  }

  // --- surroundings ---

  void take_words(const Setting& setting, const std::string& value) {
    auto words = split_words(value, Quoting::systemd);
    if (words.empty()) return draft_.leave(setting, kNoSuchValue);
    if (!std::ranges::all_of(words, valid_utf8)) return draft_.leave(setting, kNoUtf8);
    // systemd removes slashes without a meaning from a path.
    if (setting.key.ends_with("Directory"))
      for (std::string& path : words) path = without_end_slashes(path);
    const auto* const directory =
        std::ranges::find(kDirectoryKeys, setting.key, &DirectoryKey::theirs);
    const std::string_view ours = directory != std::end(kDirectoryKeys) ? directory->ours
                                  : setting.key == "Environment"        ? "service.env"
                                  : setting.key == "EnvironmentFile"    ? "service.env_file"
                                                                        : "service.groups";
    const auto has_colon = [](const std::string& word) { return word.find(':') != word.npos; };
    if (setting.key.ends_with("Directory") && std::ranges::any_of(words, has_colon))
      return draft_.leave(setting, "zinit makes no links to a directory", ours);
    if (setting.key == "EnvironmentFile" && value.find_first_of("*?[") != value.npos)
      return draft_.leave(setting, "zinit reads files by their names, not by a pattern", ours);
    if (setting.key == "EnvironmentFile") warn_of_file(words.front());
    draft_.carry_words(setting, ours, words);
  }

  /// Carries over the variables whose values are known, if others are not.
  void take_known_variables(const Setting& setting) {
    Words known;
    for (const std::string& word : split_words(setting.value, Quoting::systemd)) {
      const auto value = resolve_specifiers(unit_, word);
      value ? known.push_back(*value)
            : draft_.leave({setting.section, setting.key, word, setting.line, setting.file},
                           value.error().text, "service.env");
    }
    if (!known.empty()) draft_.carry_words(setting, "service.env", known);
  }

  /// Reports lines in a file of variables that have another value here, if the file can be read.
  void warn_of_file(std::string_view path) {
    if (path.starts_with('-')) path.remove_prefix(1);
    const auto text = read_file(std::string(path).c_str(), kMaxFileBytes);
    unsigned number = 0;
    for (const std::string_view line : split(text ? std::string_view(*text) : "", '\n')) {
      ++number;
      const std::string_view said = trim(line);
      const std::string_view value = trim(said.substr(std::min(said.find('='), said.size())));
      if (said.empty() || said.front() == '#' || said.front() == ';' || value.empty()) continue;
      if (!is_plain_value(trim(value.substr(1))))
        draft_.remark(
            fmt::format("EnvironmentFile: {}:{} has quotes, a backslash or a # that may "
                        "mean something else here",
                        path, number));
    }
  }

  static bool is_plain_value(std::string_view value) {
    const bool quoted = value.size() > 1 && value.front() == value.back() &&
                        (value.front() == '"' || value.front() == '\'');
    if (quoted) value = value.substr(1, value.size() - 2);
    return value.find_first_of(quoted ? "\"'\\" : "\"'\\#") == value.npos;
  }

  void take_unset(const Setting& setting, const std::string& value) {
    const auto names = split_words(value, Quoting::systemd);
    if (!std::ranges::all_of(names, is_variable_name))
      return draft_.leave(setting, "must be names of variables", "service.env");
    for (const std::string& name : names) draft_.add_variable(name, bool_value(false));
    draft_.met(setting);
  }

  void take_directory_mode(const Setting& setting, const std::string& value) {
    draft_.met(setting);
    const std::string_view digits = std::string_view(value).substr(value.starts_with("0") ? 1 : 0);
    if (digits != "755") modes_.emplace_back(setting.key.substr(0, setting.key.size() - 4), value);
  }

  /// As commands, because directories are made with the mode 0755.
  void put_directory_modes() {
    for (const auto& [key, mode] : modes_) {
      Words words{"/bin/chmod", mode};
      const auto base = std::ranges::find(kDirectoryKeys, key, &DirectoryKey::theirs)->base;
      const std::string names = resolve_specifiers(unit_, last(key)).value_or(std::string());
      for (const std::string_view name : split(names, ' '))
        if (!name.empty()) words.push_back(fmt::format("{}{}", base, name));
      if (words.size() > 2) run_first(words, draft_);
    }
  }

  /// The user is that of directories alone if all commands are exempt from it.
  void take_user(const Setting& setting, const std::string& value) {
    if (!as_root_) return draft_.by_table(setting, value);
    draft_.met(setting);
    draft_.remark(
        "User: + or ! before the commands has them run as root; the program gives up its "
        "rights by itself");
  }

  void take_dir(const Setting& setting, const std::string& value) {
    const bool spare = value.starts_with('-');
    if (spare) draft_.remark("WorkingDirectory: the service is not started without it");
    draft_.carry_text(setting, "service.dir", value.substr(spare ? 1 : 0));
  }

  void take_input(const Setting& setting, const std::string& value) {
    const bool terminal = value.starts_with("tty");
    if (value == "null") return draft_.met(setting);
    if (value == "socket" && unit_.of_connections) return draft_.met(setting);
    if (!terminal) return draft_.by_table(setting, value);
    if (last("TTYPath").empty()) draft_.put_text("service.tty", "/dev/console");
    draft_.met(setting);
  }

  void take_tty(const Setting& setting, const std::string& value) {
    if (!last("StandardInput").starts_with("tty")) return draft_.met(setting);
    draft_.carry_text(setting, "service.tty", value);
  }

  void take_scheduling(const Setting& setting, const std::string& value) {
    if (setting.key == "CPUWeight" && value == "idle")
      return draft_.leave(setting, kNoSuchValue, "resources.cpu_weight");
    constexpr std::string_view classes[] = {"none", "realtime", "best-effort", "idle"};
    const auto number = parse_integer(value);
    if (value == "none" || value == "0") return draft_.met(setting);
    draft_.carry_text(
        setting, "process.io_class",
        number && *number > 0 && *number < 4 ? classes[*number] : std::string_view(value));
  }

  void take_unlimited(const Setting& setting, const std::string& value) {
    if (value == "infinity") return draft_.met(setting);
    draft_.by_table(setting, value);
  }

  /// The functions of systemd_together.cpp take it.
  void take_later(const Setting&, const std::string&) {}

  void take_delay(const Setting& setting, const std::string& value) {
    const bool grows = parse_integer(last("RestartSteps")).value_or(0) > 0;
    if (setting.key == "RestartSteps")
      return grows
                 ? draft_.leave(setting, "the delay doubles here", "lifecycle.restart_delay_max_ms")
                 : draft_.met(setting);
    if (setting.key == "RestartMaxDelaySec")
      return grows ? draft_.carry_text(setting, "lifecycle.restart_delay_max_ms", value)
                   : draft_.met(setting);
    if (!grows) return carry_fixed_delay(setting, value, draft_);
    draft_.carry_text(setting, "lifecycle.restart_delay_ms", value);
  }

  void take_special_case(const Setting& setting, const std::string&) {
    draft_.leave(setting, "here it would always apply, not only in that case");
  }

  void take_of_notify(const Setting& setting, const std::string& value) {
    if (type_.starts_with("notify")) return draft_.by_table(setting, value);
    draft_.leave(setting, "only a service with notify = \"systemd\" has it here",
                 "readiness.notify");
  }

  /// Weights of cgroups version 1, converted as systemd does.
  void take_old_weight(const Setting& setting, const std::string& value) {
    const bool cpu = setting.key == "CPUShares";
    if (!last(cpu ? "CPUWeight" : "IOWeight").empty()) return draft_.met(setting);
    const std::string ours = cpu ? "resources.cpu_weight" : "resources.io_weight";
    const auto number = parse_integer(value);
    if (!number || *number < 2 || *number > 262144)
      return draft_.leave(setting, kNoSuchValue, ours);
    const std::int64_t weight = *number * 100 / (cpu ? 1024 : 500);
    draft_.carry(setting, ours, number_value(std::clamp<std::int64_t>(weight, 1, 10000)));
  }

  void take_permissions(const Setting& setting, const std::string& value) {
    if (bool_of(value) != true || !has_user()) return draft_.met(setting);
    draft_.leave_by_table(setting);
  }

  [[nodiscard]] bool has_user() const {
    return !as_root_ && (!last("User").empty() || bool_of(last("DynamicUser")) == true);
  }

  void warn_of_rights() {
    if (has_user() && draft_.find("service.user") == nullptr)
      draft_.remark("the file has no user: the service would run as root");
  }

  void take_nothing(const Setting& setting, const std::string&) { draft_.met(setting); }

  const Unit& unit_;
  Draft& draft_;
  std::string type_;
  bool oneshot_ = false;
  bool pidfile_ = false;
  bool as_root_ = false;  // in spite of its User=
  std::map<std::string, std::vector<ExecLine>> commands_;
  std::vector<std::pair<std::string, std::string>> modes_;
};

constexpr ServiceSettings::Row ServiceSettings::kRows[] = {
    {" ExecStart ExecStartPre ExecStartPost ExecStop ExecStopPost ExecReload ExecCondition ",
     &ServiceSettings::take_exec},
    {" Type ", &ServiceSettings::take_type},
    {" RemainAfterExit ", &ServiceSettings::take_remain},
    {" PIDFile ", &ServiceSettings::take_pidfile},
    {" NotifyAccess ", &ServiceSettings::take_access},
    {" Restart ", &ServiceSettings::take_restart},
    {" TimeoutSec TimeoutStartSec TimeoutStopSec ", &ServiceSettings::take_timeouts},
    {" KillMode ", &ServiceSettings::take_kill_mode},
    {" SuccessExitStatus RestartPreventExitStatus ", &ServiceSettings::take_ends},
    {" Environment EnvironmentFile RuntimeDirectory StateDirectory CacheDirectory LogsDirectory "
     "SupplementaryGroups ",
     &ServiceSettings::take_words},
    {" UnsetEnvironment ", &ServiceSettings::take_unset},
    {" RuntimeDirectoryMode StateDirectoryMode CacheDirectoryMode LogsDirectoryMode ",
     &ServiceSettings::take_directory_mode},
    {" WorkingDirectory ", &ServiceSettings::take_dir},
    {" StandardInput ", &ServiceSettings::take_input},
    {" TTYPath ", &ServiceSettings::take_tty},
    {" IOSchedulingClass ", &ServiceSettings::take_scheduling},
    {" CapabilityBoundingSet AmbientCapabilities StandardOutput StandardError StartLimitInterval "
     "StartLimitIntervalSec StartLimitBurst ",
     &ServiceSettings::take_later},
    {" RestartSec RestartSteps RestartMaxDelaySec ", &ServiceSettings::take_delay},
    {" RestartKillSignal TimeoutAbortSec StartupMemoryMax StartupMemoryHigh StartupMemorySwapMax "
     "StartupCPUWeight StartupCPUShares StartupIOWeight StartupBlockIOWeight StartupAllowedCPUs ",
     &ServiceSettings::take_special_case},
    {" WatchdogSec FileDescriptorStoreMax ", &ServiceSettings::take_of_notify},
    {" CPUShares BlockIOWeight ", &ServiceSettings::take_old_weight},
    {" PermissionsStartOnly ", &ServiceSettings::take_permissions},
    {" User Group SupplementaryGroups DynamicUser ", &ServiceSettings::take_user},
    {" TasksMax CPUQuota ", &ServiceSettings::take_unlimited},
    {" GuessMainPID Sockets ", &ServiceSettings::take_nothing},
};

void ServiceSettings::take(const Setting& setting) {
  const auto value = resolve_specifiers(unit_, setting.value);
  if (!value && setting.key == "Environment") return take_known_variables(setting);
  if (!value) return draft_.leave(setting, value.error().text);
  for (const Row& row : kRows)
    if (has_word(row.keys, setting.key)) return (this->*row.take)(setting, *value);
  draft_.by_table(setting, *value);
}

}  // namespace

void draft_service(const Unit& unit, Draft& draft, bool triggered) {
  const bool at_boot = draft_common(unit, draft);
  ServiceSettings service(unit, draft);
  for (const Setting& setting : unit.settings) {
    const std::string_view in = setting.section;
    if (in == "Service") service.take(setting);
    if (in != "Service" && in != "Unit" && in != "Install" && !in.starts_with("X-"))
      draft.leave(setting, "zinit does not know this section");
  }
  service.finish(at_boot, triggered);
}

}  // namespace zinit
