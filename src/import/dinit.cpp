// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Service files of dinit (dinit-service(5)).
#include <algorithm>

#include "base/file.hpp"
#include "base/format.hpp"
#include "base/text.hpp"
#include "config/value_text.hpp"
#include "import/reader.hpp"
#include "import/words.hpp"

namespace zinit {

namespace {

constexpr std::string_view kDinitKeys =
    " command=service.exec stop-command=service.stop_exec working-dir=service.dir "
    "before=dependencies.before after=dependencies.after depends-on=dependencies.requires "
    "depends-ms=dependencies.requires prepared-by=dependencies.requires "
    "waits-for=dependencies.wants "
    "socket-permissions=socket.mode term-signal=lifecycle.stop_signal "
    "stop-timeout=lifecycle.stop_timeout_ms start-timeout=lifecycle.start_timeout_ms ";

/// The line without a comment at its end: one begins a word outside of quotes.
std::string_view before_comment(std::string_view line) {
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\')
      ++i;
    else if (line[i] == '"')
      quoted = !quoted;
    else if (line[i] == '#' && !quoted && (i == 0 || line[i - 1] == ' ' || line[i - 1] == '\t'))
      return trim(line.substr(0, i));
  }
  return line;
}

class DinitReader {
 public:
  DinitReader(const std::string& path, Imported& to)
      : to_(to), draft_(new_draft(last_part(path), path)) {}

  void read(const std::string& path) {
    read_file_at(path, 0);
    if (type_.empty()) return to_.fault(path, "has no type, as a file of dinit has");
    const bool target = type_ == "internal" || type_ == "triggered";
    if (type_ == "scripted") draft_.put_flag("service.oneshot", true);
    if (!target && type_ != "scripted" && !restarts_) draft_.put_text("lifecycle.restart", "never");
    // dinit re-spawns it after any end, and its dependents stay, as always here.
    if (smooth_ && !target && type_ != "scripted") draft_.put_text("lifecycle.restart", "always");
    if (burst_ && interval_ms_ && *burst_ > 0 && draft_.may_have("lifecycle.max_restarts"))
      put_start_limit(*burst_ + 1, *interval_ms_, delay_ms_, "restart-limit-count", draft_);
    // dinit itself does not start a service at a connection.
    if (draft_.find("socket.listen") != nullptr) draft_.put_flag("socket.on_demand", false);
    to_.add(std::move(draft_));
  }

 private:
  void read_file_at(const std::string& path, int depth) {
    constexpr int deepest = 8;
    if (depth > deepest) return to_.fault(path, "files include each other too deep");
    const auto text = read_source(path, to_);
    if (!text) return;
    std::vector<Setting> settings;
    for_each_line(*text, [&](std::string_view whole, unsigned number) {
      const std::string_view line = before_comment(whole);
      if (line.empty() || line.starts_with("@meta")) return;  // for other programs
      if (line.starts_with("@include")) {
        const std::string_view name =
            trim(line.substr(std::min(line.find_first_of(" \t"), line.size())));
        if (name.empty())
          return to_.part(path, fmt::format("line {}: @include names no file", number));
        const std::string other = path_from(folder_of(path), name);
        if (path_exists(other) || line.starts_with("@include ") || line.starts_with("@include\t"))
          return read_file_at(other, depth + 1);
      }
      const std::size_t end = line.find_first_of(":=+");
      const std::size_t value = line.find_first_not_of(":=+ \t", end);
      const std::string_view key = trim(line.substr(0, end));
      const std::string_view said = value == line.npos ? "" : line.substr(value);
      const auto before = std::ranges::find(settings, key, &Setting::key);
      const bool more = line.substr(std::min(end, line.size())).starts_with("+=");
      if (more && before != settings.end() && key.ends_with("command"))
        before->value.append(" ").append(said);
      else
        settings.push_back({"", key, said, number, path});
    });
    // The meaning of the other settings depends on the type.
    for (const Setting& one : settings)
      if (one.key == "type") type_ = one.value;
    if (type_ == "internal" || type_ == "triggered") draft_.make_target();
    for (const Setting& one : settings) take(one);
  }

  /// Whether a quote ends the name of a variable but not the word.
  static bool is_glued(std::string_view text) {
    for (std::size_t at = text.find('"'); at != text.npos; at = text.find('"', at + 1)) {
      const std::string_view before = text.substr(0, at);
      const std::size_t dollar = before.find_last_of('$');
      if (dollar == before.npos || !is_variable_name(before.substr(dollar + 1))) continue;
      if (is_variable_name(fmt::format("_{}", text.substr(at + 1, 1))) && at + 1 < text.size())
        return true;
    }
    return false;
  }

  /// A line for the shell: for dinit, `$NAME` and `${NAME}` are part of one word, and `$/NAME` is
  /// split at blanks; `${NAME:-word}` and similar forms are as in the shell. Nothing for other
  /// forms.
  static std::optional<std::string> line_of(const std::vector<std::string>& words) {
    if (words.empty()) return std::nullopt;
    std::string line = "exec";
    for (const std::string& word : words) {
      line += ' ';
      std::string plain;
      for (std::size_t i = 0; i < word.size(); ++i) {
        if (word[i] != '$' || word.compare(i, 2, "$$") == 0) {
          if (word[i] == '$') ++i;
          plain += word[i];
          continue;
        }
        const bool splits = word.compare(i, 2, "$/") == 0;
        std::size_t begin = i + (splits ? 2 : 1);
        const bool braces = word.compare(begin, 1, "{") == 0;
        begin += braces ? 1 : 0;
        std::size_t end = begin;
        while (end < word.size() && is_variable_name("_" + word.substr(end, 1))) ++end;
        if (!is_variable_name(word.substr(begin, end - begin))) return std::nullopt;
        const std::size_t close = braces ? word.find('}', end) : end;
        if (close == word.npos) return std::nullopt;
        const std::string rest = word.substr(end, close - end);
        if (!rest.empty() && (std::string_view(":-+").find(rest.front()) == rest.npos ||
                              rest.find_first_of("$`\"'\\{ ") != rest.npos))
          return std::nullopt;
        if (!plain.empty()) line += shell_quoted(plain);
        plain.clear();
        line += fmt::format("{}${{{}{}}}{}", splits ? "" : "\"", word.substr(begin, end - begin),
                            rest, splits ? "" : "\"");
        i = close - (braces ? 0 : 1);
      }
      if (!plain.empty() || word.empty()) line += shell_quoted(plain);
    }
    return line;
  }

  void take(const Setting& setting) {
    if (setting.key == "command" || setting.key == "stop-command") return take_command(setting);
    const auto words = split_words(setting.value, Quoting::dinit);
    const std::string value = words.empty() ? setting.value : join(words, " ");
    if (value.find('$') != value.npos && setting.key != "description")
      return draft_.leave(setting, "it has a variable of dinit; write its value");
    take_value(setting, value);
  }

  void take_command(const Setting& setting) {
    const std::string& value = setting.value;
    const std::string_view ours = setting.key == "command" ? "service.exec" : "service.stop_exec";
    if (value.find('$') == std::string::npos)
      return carry_plain(kDinitKeys, setting, value, draft_);
    // Without its quotes and backslashes, "$A"b would be another variable, and \$A a variable.
    const bool hidden = value.find("\\$") != std::string::npos || is_glued(value);
    const auto line = hidden ? std::nullopt : line_of(split_words(value, Quoting::dinit));
    if (!line)
      return draft_.leave(
          setting, "it has a variable that the shell cannot be given; write its value", ours);
    if (value.find("$/") != std::string::npos)
      draft_.remark(fmt::format(
          "{}: the value of $/NAME is split at blanks, and the shell replaces * ? [ in it by names "
          "of files",
          setting.key));
    draft_.carry(setting, ours, text_value(*line));
  }

  /// The words of options. Each that has a counterpart here becomes it.
  void take_options(const Setting& setting, const std::string& value) {
    std::vector<std::string> lost;
    for (const std::string& word : split_words(value, Quoting::dinit)) {
      if (!draft_.may_have("service.exec"))
        lost.push_back(word);
      else if (word == "signal-process-only")
        draft_.put_text("lifecycle.kill_mode", "main");
      else if (word == "no-new-privs")
        draft_.put_flag("process.no_new_privs", true);
      else if (word == "runs-on-console")
        draft_.put_text("service.tty", "/dev/console");
      else
        lost.push_back(word);
    }
    if (lost.empty()) return draft_.met(setting);
    draft_.leave({"", setting.key, join(lost, " "), setting.line, setting.file},
                 "zinit has no such option");
  }

  /// Settings whose values together are the limit of restarts.
  void take_limit(const Setting& setting, const std::string& value) {
    const bool counts = setting.key == "restart-limit-count";
    const std::optional<std::int64_t> number =
        counts ? std::optional<std::int64_t>(parse_integer(value)) : milliseconds_of(value);
    constexpr std::int64_t most = 1'000'000'000'000;
    if (!number || *number < 0 || *number > most) return draft_.leave(setting, kNoSuchValue);
    if (!burst_) burst_ = 3;  // dinit's defaults for the other one
    if (!interval_ms_) interval_ms_ = 10'000;
    (counts ? burst_ : interval_ms_) = number;
    draft_.met(setting);
  }

  void take_names(const Setting& setting, const std::vector<std::string>& names) {
    const std::string_view key = setting.key;
    if (names.empty()) return draft_.met(setting);
    const bool waits = key.starts_with("waits");
    draft_.carry_words(setting, waits ? "dependencies.wants" : "dependencies.requires", names);
    // dinit waits for such a service, too.
    if (waits && draft_.find("dependencies.wants") != nullptr)
      draft_.add("dependencies.after", words_value(names));
    if (key.starts_with("depends-ms"))
      draft_.remark(fmt::format("{}: when {} is stopped or fails, this service is stopped as well",
                                key, join(names, ", ")));
    if (key == "prepared-by")
      draft_.remark(fmt::format("prepared-by: a restart does not restart {}", join(names, ", ")));
  }

  void take_value(const Setting& setting, const std::string& value) {
    const std::string_view key = setting.key;
    if (key == "type") return draft_.met(setting);
    if (key == "options") return take_options(setting, value);
    if (key == "restart-limit-count" || key == "restart-limit-interval")
      return take_limit(setting, value);
    if (key == "restart-delay") {
      delay_ms_ = milliseconds_of(value).value_or(delay_ms_);
      return carry_fixed_delay(setting, value, draft_);
    }
    if (key == "smooth-recovery" && bool_of(value)) {
      smooth_ = *bool_of(value);
      return draft_.met(setting);
    }
    if ((key == "start-timeout" || key == "stop-timeout") && milliseconds_of(value) == 0)
      return carry_plain(kDinitKeys, setting, "infinity", draft_);
    if (key == "log-type" && value != "pipe") return draft_.met(setting);
    if (key == "env-file")
      return draft_.carry_text(setting, "service.env_file",
                               path_from(absolute(folder_of(setting.file)), value));
    if (key == "depends-on" || key == "depends-ms" || key == "prepared-by" || key == "waits-for")
      return take_names(setting, {value});
    if (key == "description")
      return draft_.carry_text(setting, fmt::format("{}.description", draft_.main_section()),
                               value);
    if (key == "restart") {
      restarts_ = true;
      const auto flag = bool_of(value);
      return draft_.carry_text(setting, "lifecycle.restart",
                               flag == true    ? "always"
                               : flag == false ? "never"
                                               : value);
    }
    if (key == "pid-file") {
      if (type_ == "bgprocess") return draft_.carry_text(setting, "readiness.pidfile", value);
      return draft_.met(setting);
    }
    if (key == "ready-notification" && value.starts_with("pipefd:"))
      return draft_.carry_text(setting, "readiness.notify", "fd:" + value.substr(7));
    if (key == "ready-notification" && value.starts_with("pipevar:") &&
        is_variable_name(value.substr(8))) {
      draft_.add_variable(value.substr(8), text_value("3"));
      return draft_.carry_text(setting, "readiness.notify", "fd:3");
    }
    if (key == "socket-listen") return draft_.carry_text(setting, "socket.listen", "unix:" + value);
    if (key.ends_with(".d") && (key.starts_with("depends") || key.starts_with("waits")))
      return take_names(setting, names_in_directory(path_from(folder_of(setting.file), value)));
    carry_plain(kDinitKeys, setting, value, draft_);
  }

  Imported& to_;
  Draft draft_;
  std::string type_;
  bool restarts_ = false;
  bool smooth_ = false;
  std::optional<std::int64_t> burst_, interval_ms_;  // of restarts
  std::int64_t delay_ms_ = 200;
};

}  // namespace

void import_dinit(const std::string& path, Imported& to) { DinitReader(path, to).read(path); }

}  // namespace zinit
