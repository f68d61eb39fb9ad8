// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Programs and groups of supervisord.conf (supervisord.org, "Configuration File").
#include <fnmatch.h>

#include <set>

#include "base/format.hpp"
#include "base/lists.hpp"
#include "base/text.hpp"
#include "config/spec_reader.hpp"
#include "config/value_text.hpp"
#include "import/reader.hpp"
#include "import/words.hpp"

namespace zinit {

namespace {

constexpr std::int64_t kHighestNumber = 1'000'000;  // of a process
constexpr std::size_t kMostSettings = 100'000;      // of the programs of a section, together
constexpr std::size_t kMostGroupSettings = 100;
constexpr std::size_t kMostPatterns = 100;  // in one [include]
constexpr int kMostStars = 8;               // in a pattern: each may be tried at each place

constexpr std::string_view kSupervisordKeys =
    " exitcodes=lifecycle.success stdout_logfile_backups=logging.file_keep user=service.user ";

/// The keys of [program:NAME]. supervisord ignores others, also such as `pidfile` and `group`.
constexpr std::string_view kProgramKeys =
    " command process_name numprocs numprocs_start priority autostart startsecs startretries "
    "autorestart exitcodes stopsignal stopwaitsecs stopasgroup killasgroup user redirect_stderr "
    "environment directory umask serverurl stdout_logfile stdout_logfile_maxbytes "
    "stdout_logfile_backups stdout_capture_maxbytes stdout_events_enabled stdout_syslog "
    "stderr_logfile stderr_logfile_maxbytes stderr_logfile_backups stderr_capture_maxbytes "
    "stderr_events_enabled stderr_syslog ";

/// Settings of [supervisord] for all programs, apart from their environment.
constexpr std::string_view kCommonKeys =
    " umask=service.umask user=service.user directory=service.dir ";

constexpr const char* kUnknownVariable =
    "it has a variable that only supervisord knows; write its value";

/// NAME="value",NAME=value as separate words.
std::vector<std::string> variables(std::string_view text) {
  std::string blanks;
  char quote = 0;
  for (const char c : text) {
    if (c == '"' || c == '\'') quote = quote == 0 ? c : quote == c ? '\0' : quote;
    blanks += c == ',' && quote == 0 ? ' ' : c;
  }
  return split_words(blanks, Quoting::shell);
}

class SupervisordReader {
 public:
  explicit SupervisordReader(Imported& to) : to_(to), first_(to.drafts.size()) {}

  /// Adds the settings of [supervisord] to its programs, unless they have their own.
  void finish(const std::string& path) {
    if (common_.size() * (to_.drafts.size() - first_) > kMostSettings)
      return to_.fault(path, "[supervisord] has too many settings");
    for (std::size_t i = first_; i < to_.drafts.size(); ++i) {
      Draft& draft = to_.drafts[i];
      if (draft.find("service.exec") == nullptr) continue;
      for (const Setting& one : common_) take_common(one, draft);
    }
  }

  void read(const std::string& path) {
    read_file_at(path);
    // A group may precede its programs, or be in another file.
    for (const Group& group : groups_) make_group(group);
  }

 private:
  struct Group {
    std::string name;
    std::vector<Setting> settings;
    std::string path;
  };

  void read_file_at(const std::string& path) {
    if (!seen_.insert(absolute(path)).second) return;
    const auto text = read_source(path, to_);
    if (!text) return;
    std::string section;
    std::vector<Setting> settings;
    std::vector<std::string> more;
    const auto finish = [&] {
      if (section == "include") more = files_of_include(settings, path);
      make(section, settings, path);
      settings.clear();
    };
    unsigned number = 0;
    std::size_t indent = 0;  // of the line that began the setting
    for (std::string_view line : split(*text, '\n')) {
      ++number;
      // A comment at the end of a line follows a blank.
      std::size_t end = line.find_first_of(";#");
      while (end != line.npos && end > 0 && line[end - 1] != ' ' && line[end - 1] != '\t')
        end = line.find_first_of(";#", end + 1);
      const std::string_view said = trim(line.substr(0, end));
      if (said.empty() || said.starts_with(';') || said.starts_with('#')) continue;
      const std::size_t equals = said.find_first_of("=:");
      // A line that is further to the right than its setting is part of its value.
      const auto blanks = static_cast<std::size_t>(said.data() - line.data());
      const bool goes_on = blanks > indent && !settings.empty();
      if (!goes_on) indent = blanks;
      if (goes_on) {
        settings.back().value.append("\n").append(said);
      } else if (said.starts_with('[')) {
        finish();
        section = said.substr(1, said.find(']') - 1);
      } else {
        const std::string_view value = equals == said.npos ? "" : said.substr(equals + 1);
        const std::string key = lower(trim(said.substr(0, equals)));
        settings.push_back({section, key, trim(value), number, path});
      }
    }
    finish();
    for (const std::string& other : more) read_file_at(other);
  }

  std::vector<std::string> files_of_include(const std::vector<Setting>& settings,
                                            const std::string& path) {
    std::vector<std::string> paths;
    std::size_t patterns = 0;
    for (const Setting& one : settings) {
      std::string value = one.value;
      for (char& c : value)
        if (c == '\n') c = ' ';
      for (const std::string_view pattern : split(value, ' ')) {
        if (pattern.empty()) continue;
        if (++patterns > kMostPatterns || std::ranges::count(pattern, '*') > kMostStars) {
          to_.fault(path, fmt::format("line {}: includes too many files", one.line));
          return paths;
        }
        const std::string whole = path_from(folder_of(path), pattern);
        for (const std::string& name : names_in_directory(folder_of(whole)))
          if (::fnmatch(last_part(whole).data(), name.c_str(), 0) == 0)
            paths.push_back(folder_of(whole) + "/" + name);
      }
    }
    return paths;
  }

  void make(const std::string& section, const std::vector<Setting>& settings,
            const std::string& path) {
    const std::size_t colon = section.find(':');
    const std::string kind = section.substr(0, colon);
    const std::string name(trim(colon == section.npos ? "" : section.substr(colon + 1)));
    if (kind == "supervisord") common_.insert(common_.end(), settings.begin(), settings.end());
    if (kind == "group") return groups_.push_back({name, settings, path});
    if (kind == "eventlistener" || kind == "fcgi-program")
      to_.part(path, fmt::format("zinit has no {}, as in [{}]", kind, section));
    if (kind != "program") return;
    const auto value = [&](std::string_view key) -> std::string {
      for (const Setting& one : settings)
        if (one.key == key) return one.value;
      return {};
    };
    const auto count = parse_integer(value("numprocs")).value_or(1);
    const auto first = parse_integer(value("numprocs_start")).value_or(0);
    if (count < 1 || count > std::int64_t{kMostDrafts} ||
        static_cast<std::size_t>(count) * settings.size() > kMostSettings)
      return to_.fault(path, fmt::format("[{}] has numprocs={}", section, count));
    if (first < 0 || first > kHighestNumber)
      return to_.fault(path, fmt::format("[{}] has numprocs_start={}", section, first));
    const std::string pattern = value("process_name");
    const bool has_log = is_file(value("stdout_logfile")) || is_file(value("stderr_logfile"));
    for (auto number = first; number < first + count; ++number) {
      Names names{
          {"program_name", name}, {"group_name", name}, {"here", absolute(folder_of(path))}};
      names.emplace_back("process_num", std::to_string(number));
      const auto own = expand(pattern.empty() ? name : pattern, names);
      Draft draft = new_draft(own ? *own : name, fmt::format("[{}]", section));
      made_[name].push_back(draft.name());
      for (const Setting& one : settings) {
        const bool once = one.key == "startretries" && one.value == "0";
        // Without a file for the output, its size and number mean nothing.
        const bool of_file =
            one.key.ends_with("_logfile_maxbytes") || one.key.ends_with("_logfile_backups");
        if ((once && bool_of(value("autorestart")) == false) || (of_file && !has_log))
          draft.met(one);
        else
          take(one, names, draft);
      }
      // Only an end within startsecs counts as a retry. With after_ms the period begins after them.
      if (draft.find("lifecycle.max_restarts") != nullptr)
        draft.put("lifecycle.stability_period_ms",
                  number_value(draft.find("readiness.after_ms") != nullptr ? 1 : 1000));
      if (value("autorestart").empty()) draft.put_text("lifecycle.restart", "on-failure");
      if (draft.find("service.status") != nullptr) by_hand_.insert(draft.name());
      if (draft.find("logging.file") != nullptr && draft.find("logging.merge_stderr") == nullptr)
        draft.remark("the log file gets standard output and standard error");
      to_.add(std::move(draft));
    }
  }

  static void take_common(const Setting& setting, Draft& draft) {
    const std::string_view key = setting.key;
    const Names names{{"here", absolute(folder_of(setting.file))}};
    const std::string_view ours = plain_key(kCommonKeys, key);
    // supervisord raises its own limits so, and its programs inherit them.
    if (key == "minfds" || key == "minprocs")
      return draft.leave(setting, "write the limit that the program needs",
                         key == "minfds" ? "limits.nofile" : "limits.nproc");
    if (ours.empty() && key != "environment") return;  // a setting of supervisord itself
    const auto value = expand(setting.value, names);
    if (!value) return draft.leave(setting, kUnknownVariable, ours);
    if (key != "environment") {
      if (draft.find(ours) == nullptr) draft.carry_text(setting, ours, *value);
      return;
    }
    const Value* own = draft.find("service.env");
    std::vector<std::string> words = variables(*value);
    std::erase_if(words, [&](const std::string& word) {
      return own != nullptr && own->find(word.substr(0, word.find('='))) != nullptr;
    });
    if (!words.empty()) draft.carry_words(setting, "service.env", words);
  }

  void make_group(const Group& group) {
    const auto& [name, settings, path] = group;
    // Each line of programs is added to all earlier ones.
    if (settings.size() > kMostGroupSettings)
      return to_.fault(path, fmt::format("[group:{}] has too many settings", name));
    Draft draft = new_draft(name, fmt::format("[group:{}]", name));
    draft.make_target();
    std::vector<std::string> members;
    for (const Setting& one : settings) {
      if (one.key != "programs") {
        draft.by_table(one, one.value);
        continue;
      }
      for (const std::string_view program : split(one.value, ',')) {
        const auto made = made_.find(std::string(trim(program)));
        if (made == made_.end())
          members.push_back(usable_name(trim(program)));
        else
          members.insert(members.end(), made->second.begin(), made->second.end());
      }
      draft.carry_words(one, "dependencies.requires", members);
    }
    // The boot must not start a program by its group.
    if (std::ranges::any_of(members,
                            [&](const std::string& one) { return by_hand_.contains(one); }))
      draft.put_text("target.status", "stop");
    if (contains(members, draft.name()))
      return to_.fault(path, fmt::format("[group:{}] has the name of one of its programs", name));
    to_.add(std::move(draft));
  }

  /// Whether a value of stdout_logfile or stderr_logfile names a file.
  static bool is_file(std::string_view value) {
    const std::string word = lower(value);
    return !word.empty() && word != "auto" && word != "none" && word != "syslog" &&
           !word.starts_with("/dev/");
  }

  using Names = std::vector<std::pair<std::string, std::string>>;

  /// %(NAME)s and %(NAME)02d; nothing if a name is unknown.
  static std::optional<std::string> expand(std::string_view text, const Names& names) {
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const std::string_view rest = text.substr(i);
      if (rest.starts_with("%%")) ++i;
      if (!rest.starts_with("%(")) {
        result += text[i];
        continue;
      }
      const std::size_t close = rest.find(')');
      const std::size_t end = rest.find_first_of("sd", std::min(close, rest.size() - 1));
      const auto name = std::ranges::find(names, rest.substr(2, close == rest.npos ? 0 : close - 2),
                                          &Names::value_type::first);
      if (close == rest.npos || end == rest.npos || name == names.end()) return std::nullopt;
      const auto width = parse_integer(rest.substr(close + 1, end - close - 1)).value_or(0);
      std::string value = name->second;
      if (width < 0 || width > 20) return std::nullopt;
      while (value.size() < static_cast<std::size_t>(width)) value.insert(0, "0");
      result += value;
      i += end;
    }
    return result;
  }

  /// Carries over the variables whose values are known, if others are not.
  static void take_variables(const Setting& setting, const Names& names, Draft& draft) {
    for (const std::string& word : variables(setting.value)) {
      Setting one = setting;
      one.key += " " + word.substr(0, word.find('='));
      one.value = word.substr(std::min(word.find('='), word.size() - 1) + 1);
      const auto known = expand(word, names);
      known ? draft.carry_words(one, "service.env", {*known})
            : draft.leave(one, kUnknownVariable, "service.env");
    }
  }

  static void take(const Setting& setting, const Names& names, Draft& draft) {
    const std::string_view key = setting.key;
    if (!has_word(kProgramKeys, key))
      return draft.leave(setting, "supervisord has no such key and ignores it");
    const auto expanded = expand(setting.value, names);
    if (!expanded && key == "environment") return take_variables(setting, names, draft);
    if (!expanded) return draft.leave(setting, kUnknownVariable);
    const std::string& value = *expanded;
    const auto flag = bool_of(value);
    const bool of_log = key.ends_with("_logfile");
    if (key == "process_name" || key == "numprocs" || key == "numprocs_start")
      return draft.met(setting);
    if (key == "autostart") {
      if (flag == false) draft.put_text("service.status", "stop");
      return draft.met(setting);
    }
    if (key == "redirect_stderr" && flag == false) return draft.met(setting);
    if (key.ends_with("_syslog"))
      return flag == true ? draft.carry_text(setting, "logging.syslog", "unix:/dev/log")
                          : draft.met(setting);
    if (key == "autorestart")
      return draft.carry_text(setting, "lifecycle.restart",
                              flag == true    ? "always"
                              : flag == false ? "never"
                                              : "on-failure");
    if (key == "environment") return draft.carry_words(setting, "service.env", variables(value));
    if (key == "startretries" && value == "0")
      return draft.leave(setting,
                         "0 is no limit here; write restart = \"never\" if it must start "
                         "only once",
                         "lifecycle.max_restarts");
    if (key == "exitcodes") {
      std::vector<std::string> codes;
      for (const std::string_view code : split(value, ',')) codes.emplace_back(trim(code));
      return draft.carry_words(setting, "lifecycle.success", codes);
    }
    // A stop always covers all processes of a service.
    if ((key == "stopasgroup" || key == "killasgroup") && flag == true) return draft.met(setting);
    if (of_log && (lower(value) == "auto" || lower(value) == "none" || value == "/dev/null"))
      return draft.met(setting);
    if (of_log && (value == "syslog" || value.starts_with("/dev/")))
      return value == "syslog" ? draft.carry_text(setting, "logging.syslog", "unix:/dev/log")
                               : draft.carry(setting, "logging.console", text_value("raw"));
    if (key.ends_with("_logfile_maxbytes")) {
      const auto bytes = bytes_of_text(value);
      return bytes ? draft.carry(setting, "logging.file_max_bytes", number_value(*bytes))
                   : draft.leave(setting, kNoSuchValue);
    }
    carry_plain(kSupervisordKeys, setting, value, draft);
  }

  Imported& to_;
  const std::size_t first_;      // the first draft of this file
  std::vector<Setting> common_;  // from [supervisord]
  std::set<std::string> seen_;
  std::vector<Group> groups_;
  std::map<std::string, std::vector<std::string>> made_;  // services by program
  std::set<std::string> by_hand_;                         // services with autostart=false
};

}  // namespace

void import_supervisord(const std::string& path, Imported& to) {
  const std::size_t before = to.drafts.size() + to.faults.size();
  SupervisordReader reader(to);
  reader.read(path);
  reader.finish(path);
  if (to.drafts.size() + to.faults.size() == before) to.fault(path, "has no [program:NAME]");
}

}  // namespace zinit
