// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Init scripts of OpenRC that only set variables and have depend() (openrc-run(8)).
#include <map>
#include <set>
#include <utility>

#include "base/format.hpp"
#include "base/lists.hpp"
#include "base/text.hpp"
#include "import/reader.hpp"
#include "import/words.hpp"

namespace zinit {

namespace {

constexpr std::string_view kOpenrcKeys =
    " need=dependencies.requires rc_need=dependencies.requires "
    "use=dependencies.wants want=dependencies.wants "
    "rc_use=dependencies.wants rc_want=dependencies.wants "
    "rc_after=dependencies.after rc_before=dependencies.before stopsig=lifecycle.stop_signal "
    "after=dependencies.after before=dependencies.before directory=service.dir "
    "output_log=logging.file umask=service.umask respawn_max=lifecycle.max_restarts ";

/// Other keys of OpenRC, which the table of foreign words knows.
constexpr std::string_view kOtherKeys =
    " retry respawn_delay rc_provide rc_keyword notify input_file no_new_privs secbits "
    "start_inactive ssd_nicelevel ssd_ionicelevel ssd_oom_score_adj respawn_period "
    "start_stop_daemon_args supervise_daemon_args error_log output_logger error_logger "
    "required_files required_dirs extra_commands extra_started_commands extra_stopped_commands "
    "healthcheck_delay healthcheck_timer chroot capabilities rc_ulimit rc_cgroup_settings ";

/// Options of start-stop-daemon(8) and supervise-daemon(8), which a script may add.
constexpr std::string_view kDaemonOptions =
    " -u=service.user --user=service.user -c=service.user --chuid=service.user "
    "-g=service.group --group=service.group -d=service.dir --chdir=service.dir "
    "-k=service.umask --umask=service.umask -e=service.env --env=service.env "
    "-N=process.nice --nicelevel=process.nice -1=logging.file --stdout=logging.file "
    "-2=logging.file --stderr=logging.file ";
/// Options that need no key here: flags, and those with a value.
constexpr std::string_view kFlagsMet =
    " -b --background -m --make-pidfile -i --interpreted -q --quiet ";
constexpr std::string_view kOptionsMet = " -w --wait -p --pidfile ";

constexpr std::size_t kDeepest = 16;  // a variable in the default of a variable, and so on
constexpr std::size_t kMostLines = 10'000;
constexpr std::size_t kLongestVariable = std::size_t{64} << 10;  // of a variable: x=$x$x doubles it
constexpr std::size_t kMostExpanded = std::size_t{4} << 20;      // of all values together

/// The commands in a line of the shell, without its comment. `quote` is the open quote at the start
/// of the line, and at its end.
std::vector<std::string_view> commands_of(std::string_view line, char& quote) {
  std::vector<std::string_view> commands;
  std::size_t begin = 0, i = 0;
  for (; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '\\' && quote != '\'') {
      ++i;
    } else if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '#' && (i == 0 || line[i - 1] == ' ' || line[i - 1] == '\t')) {
      break;
    } else if (c == ';' || c == '&' || c == '|') {
      commands.push_back(trim(line.substr(begin, i - begin)));
      begin = i + 1;
    }
  }
  i = std::min(i, line.size());
  commands.push_back(trim(line.substr(begin, i - begin)));
  return commands;
}

/// How many braces a command of the shell opens: "{" and "name(){" are separate words.
int opened_braces(std::string_view command) {
  std::string plain;  // without what is in quotes, such as a program of awk
  char quote = 0;
  for (std::size_t i = 0; i < command.size(); ++i) {
    const char c = command[i];
    if (c == '\\' && quote != '\'')
      ++i;
    else if (quote == 0 && (c == '"' || c == '\''))
      quote = c;
    else if (c == quote)
      quote = 0;
    plain += quote == 0 && c != '\\' ? c : '"';
  }
  int open = 0;
  for (const std::string_view word : split(plain, ' '))
    open += word == "{" || word.ends_with("){") ? 1 : 0;
  return open;
}

/// The brace that closes the variable whose name begins at `at`; npos if there is none.
std::size_t closing_brace(std::string_view text, std::size_t at) {
  for (std::size_t open = 1; at < text.size(); ++at) {
    open += text.substr(at).starts_with("${") ? 1 : 0;
    if (text[at] == '}' && --open == 0) return at;
  }
  return text.npos;
}

/// `: ${NAME:=WORD}`, a command that sets a variable only if it is unset.
struct Default {
  std::string name;
  std::string_view word;
  bool colon;  // an empty value counts as unset
};

std::optional<Default> default_of(std::string_view line) {
  if (!line.starts_with(": ")) return std::nullopt;
  line = trim(line.substr(2));
  const bool quoted = line.starts_with('"');
  if (quoted) line.remove_prefix(1);
  const std::size_t equals = line.find('='), close = closing_brace(line, 2);
  if (!line.starts_with("${") || close == line.npos || equals >= close) return std::nullopt;
  std::string_view rest = line.substr(close + 1);
  if (quoted && rest.starts_with('"')) rest.remove_prefix(1);
  if (rest = trim(rest); !rest.empty() && !rest.starts_with('#')) return std::nullopt;
  const bool colon = line[equals - 1] == ':';
  std::string name(line.substr(2, equals - (colon ? 3 : 2)));
  if (!is_variable_name(name)) return std::nullopt;
  return Default{std::move(name), line.substr(equals + 1, close - equals - 1), colon};
}

/// Our counterparts of OpenRC's own and virtual services.
std::string service_here(std::string_view name) {
  if (name == "net" || name == "net.lo") return "network";
  if (name == "localmount" || name == "bootmisc" || name == "clock" || name == "hostname")
    return "basic";
  if (name == "netmount") return "network-mounts";
  if (name == "logger") return "rsyslog";
  return std::string(name);
}

/// Whether a line of the shell controls the lines after it.
bool is_flow(std::string_view line) {
  const std::string_view word = line.substr(0, line.find_first_of(" \t;"));
  for (const std::string_view flow : {"if", "case", "for", "while", "until"})
    if (word == flow) return true;
  return line.find("&&") != line.npos || line.find("||") != line.npos;
}

class OpenrcReader {
 public:
  OpenrcReader(const std::string& path, Imported& to)
      : path_(path), to_(to), draft_(new_draft(last_part(path), path)) {
    variables_["RC_SVCNAME"] = variables_["SVCNAME"] = last_part(path);
  }

  void read() {
    const auto text = read_source(path_, to_);
    if (!text) return;
    // Settings of the administrator win, because the script is written for that.
    const std::string conf = fmt::format("{}/../conf.d/{}", folder_of(path_), last_part(path_));
    if (const auto more = read_if_there(conf, to_)) read_text(*more, conf);
    read_text(*text, path_);
    if (!fault_.empty()) return to_.fault(path_, fault_);
    for (const std::string_view own : {"start", "stop"})
      if (has_function(own))
        return to_.fault(
            path_, fmt::format("has a function {}(): only scripts that set variables and have "
                               "depend() can be read",
                               own));
    if (!code_.empty())
      return to_.fault(path_, fmt::format("{}: only scripts that set variables and have depend(), "
                                          "without conditions, can be read",
                                          code_));
    for (const Setting& one : settings_) take(one);
    finish();
  }

 private:
  bool has_function(std::string_view name) const { return contains(functions_, name); }

  void read_text(std::string_view text, const std::string& file) {
    std::string function;  // the function that contains the line
    int depth = 0;         // open braces in it
    char quote = 0;
    std::string open;  // the lines so far of an assignment whose quote goes on
    char still = 0;    // that quote
    unsigned begin = 0;
    for_each_line(text, [&](std::string_view line, unsigned number) {
      if (!fault_.empty()) return;
      if (function.empty()) {
        const bool goes_on = still != 0;
        if (!goes_on) begin = number;
        open.append(goes_on ? "\n" : "").append(line);
        commands_of(line, still);
        if (still != 0) return;
        const std::string whole = std::exchange(open, {});
        if (goes_on) {
          if (is_flow(whole)) code_ = fmt::format("{}:{} has the code {}", file, begin, line);
          return take_assignment(whole, begin, file);
        }
      }
      if (settings_.size() > kMostLines) fault_ = "has too many lines";
      if ((function.empty() || function == "depend") && is_flow(line))
        code_ = fmt::format("{}:{} has the code {}", file, number, line);
      std::string_view body = line;
      if (function.empty()) {
        const std::size_t call = line.find("()");
        if (call == line.npos || !is_variable_name(trim(line.substr(0, call))))
          return take_assignment(line, number, file);
        function = trim(line.substr(0, call));
        functions_.push_back(function);
        if (function != "depend") settings_.push_back({"", function + "()", "", number, file});
        body.remove_prefix(call + 2);
      }
      if (body.find("<<") != body.npos) fault_ = here(number, "has a here-document in a function");
      bool quoted = quote != 0;
      for (const std::string_view command : commands_of(body, quote)) {
        if (std::exchange(quoted, false)) continue;  // the end of a text
        if (function.empty() && !command.empty())
          fault_ = here(number, "has more behind the end of a function");
        std::string_view said = command;
        if (said == "{" || said.starts_with("{ ")) {
          ++depth;
          said = trim(said.substr(1));
        } else if (said == "}" || said.starts_with("} ")) {
          if (--depth <= 0) function.clear();
          continue;
        }
        if (depth == 0 && !said.empty())
          fault_ = here(number, "has a function whose body is not in braces");
        depth += opened_braces(said);
        if (function == "depend" && !said.empty()) take_depend_line(said, number, file);
        if (function != "depend") note_change(function, said);
      }
    });
    if (!open.empty()) fault_ = here(begin, "has a quote without an end");
    if (!function.empty() && fault_.empty())
      fault_ = fmt::format("has no end of the function {}()", function);
  }

  static std::string here(unsigned number, std::string_view what) {
    return fmt::format("line {}: {}", number, what);
  }

  void take_depend_line(std::string_view line, unsigned number, const std::string& file) {
    if (is_flow(line)) code_ = fmt::format("{}:{} has the code {}", file, number, line);
    for (const std::string_view part : split(line.substr(0, line.find(" #")), ';')) {
      const std::string_view one = trim(part);
      const std::size_t blank = one.find_first_of(" \t");
      if (blank == one.npos || one.starts_with('#')) continue;
      const std::string_view names = trim(one.substr(blank));
      const auto value = expand(names);
      count(value, number);
      settings_.push_back(
          {value ? "depend" : "?", one.substr(0, blank), value ? *value : names, number, file});
    }
  }

  /// A command in a function that changes what the service runs, or as whom: without the function
  /// it would run something else.
  void note_change(std::string_view function, std::string_view command) {
    for (const std::string_view after : {"reload", "status", "start_post", "stop_pre", "stop_post"})
      if (function == after) return;
    for (const std::string_view word : {"do ", "then ", "else "})
      if (command.starts_with(word)) command = trim(command.substr(word.size()));
    const std::string_view name = command.substr(0, command.find_first_of("+="));
    const std::string_view rest = command.substr(name.size());
    if (!rest.starts_with('=') && !rest.starts_with("+=")) return;
    if (name != "command" && name != "command_user" && !name.starts_with("command_args") &&
        !name.ends_with("_daemon_args"))
      return;
    const std::string reason = fmt::format("{}() sets {}", function, name);
    if (!contains(draft_.refusals(), reason)) draft_.refuse(reason);
  }

  void take_assignment(std::string_view line, unsigned number, const std::string& file) {
    if (const auto one = default_of(line)) {
      if (!is_set(one->name, one->colon))
        assign({"", one->name, one->word, number, file}, expand(one->word));
      return;
    }
    const bool exported = line.starts_with("export ");
    if (exported) line = trim(line.substr(7));
    const std::size_t equals = line.find('=');
    const std::string name(line.substr(0, equals));
    if (exported && equals == line.npos) {  // set before
      for (const std::string_view word : split(line, ' '))
        for (Setting& one : settings_)
          if (one.key == word && one.section.empty()) one.section = "export";
      return;
    }
    if (equals == line.npos || !is_variable_name(name)) {
      settings_.push_back({"", "", line, number, file});
      return;
    }
    const std::string_view word = trim(line.substr(equals + 1));
    assigned_ = name;
    const auto value = expand(word, true);
    assigned_.clear();
    assign({exported ? "export" : "", name, word, number, file}, value);
  }

  void assign(Setting setting, const std::optional<std::string>& value) {
    const std::string name = setting.key;
    count(value, setting.line);
    const auto same = [&](const Setting& one) { return one.key == name; };
    const auto before = std::ranges::find_if(settings_, same);
    if (before != settings_.end() && before->section == "export") setting.section = "export";
    if (value) {
      setting.value = *value;
      variables_[name] = *value;
      unknown_.erase(name);
    } else {
      setting.section = "?";
      variables_.erase(name);
      unknown_.insert(name);
    }
    std::erase_if(settings_, same);
    settings_.push_back(std::move(setting));
  }

  void count(const std::optional<std::string>& value, unsigned line) {
    if (value && (expanded_ += value->size()) > kMostExpanded)
      fault_ = here(line, "the values of its variables are too long");
  }

  /// Whether a variable has a value, known or not. With `colon` an empty value does not count.
  bool is_set(const std::string& name, bool colon) const {
    const auto known = variables_.find(name);
    return unknown_.contains(name) ||
           (known != variables_.end() && !(colon && known->second.empty()));
  }

  /// The value of `$NAME`, or of `${NAME` with `operation` and a brace; nothing if it is not known.
  std::optional<std::string> value_of(const std::string& name, std::string_view operation) {
    if (unknown_.contains(name)) return std::nullopt;
    const bool colon = operation.starts_with(':');
    const std::string_view rest = operation.substr(colon ? 1 : 0);
    const bool set = is_set(name, colon);
    const auto known = variables_.find(name);
    const char kind = rest.empty() ? '\0' : rest.front();
    if (operation.empty() || (kind == '?' && set)) {
      if (known != variables_.end()) return known->second;
      // x="$x more" means the x of conf.d, which has none.
      return name == assigned_ ? std::optional<std::string>("") : std::nullopt;
    }
    if (kind == '+' && !set) return "";
    if ((kind == '-' || kind == '=') && set) return known->second;
    if (kind != '-' && kind != '=' && kind != '+') return std::nullopt;
    auto value = expand(rest.substr(1));
    if (!value || kind != '=') return value;
    if ((expanded_ += value->size()) > kMostExpanded) return std::nullopt;
    return variables_[name] = *value;
  }

  /// The value of a word of the shell that has only quotes and known variables.
  std::optional<std::string> expand(std::string_view text, bool one_word = false) {
    if (depth_ == kDeepest) return std::nullopt;
    ++depth_;
    auto value = expanded(text, one_word);
    --depth_;
    return value;
  }

  std::optional<std::string> expanded(std::string_view text, bool one_word) {
    std::string result;
    char quote = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (result.size() > kLongestVariable) return std::nullopt;
      const char c = text[i];
      if (c == '\\' && quote != '\'' && i + 1 < text.size()) {
        ++i;
        if (quote == '"' && std::string_view("$`\"\\").find(text[i]) == text.npos) result += c;
        result += text[i];
        continue;
      }
      if (quote == 0 && one_word && (c == ' ' || c == '\t')) {
        // Another word: the line is a command, or more than one assignment.
        const std::string_view rest = trim(text.substr(i));
        if (!rest.empty() && !rest.starts_with('#')) return std::nullopt;
        break;
      }
      if (c == '`' || (c == '$' && text.substr(i).starts_with("$("))) return std::nullopt;
      if (quote == 0 && c == '#' && !result.empty()) break;
      if (c == quote || (quote == 0 && (c == '"' || c == '\''))) {
        quote = c == quote ? '\0' : c;
      } else if (c == '$' && quote != '\'') {
        const bool braced = text.substr(i).starts_with("${");
        const std::size_t begin = i + (braced ? 2 : 1);
        std::size_t end = begin;
        while (end < text.size() && is_variable_name("_" + std::string(1, text[end]))) ++end;
        const std::string name(text.substr(begin, end - begin));
        const std::size_t close = braced ? closing_brace(text, end) : end - 1;
        if (close == text.npos) return std::nullopt;
        const auto value = value_of(name, braced ? text.substr(end, close - end) : "");
        if (!value) return std::nullopt;
        result += *value;
        i = close;
      } else {
        result += c;
      }
    }
    return quote == 0 ? std::optional(std::string(trim(result))) : std::nullopt;
  }

  void take(const Setting& setting) {
    const std::string_view key = setting.key;
    const std::string& value = setting.value;
    if (key.ends_with("()"))
      return draft_.leave(setting,
                          "a service file has no functions; write the commands into \"pre_exec\", "
                          "\"post_exec\" or similar keys");
    if (key.empty()) return draft_.leave(setting, "it is neither a variable nor depend()");
    if (setting.section == "?") {
      // Without its arguments or its user, the command would do something else.
      if (key.starts_with("command") || key == daemon_args())
        draft_.refuse(fmt::format("{} has a value that is not known", key));
      return draft_.leave(setting, "it has variables that are not known; write its value");
    }
    const bool names_others = !plain_key(kOpenrcKeys, key).empty() && key.starts_with("rc_");
    if (setting.section == "depend" || names_others) return take_dependency(setting);
    if (setting.section == "export")
      return draft_.carry_words(setting, "service.env", {setting.key + "=" + value});
    if (key.starts_with("command") || key == "pidfile" || key == "supervisor" || key == "name")
      return draft_.met(setting);
    if (key == "description") return draft_.carry_text(setting, "service.description", value);
    if (key == "error_log" && variables_.contains("output_log")) {
      if (value == variables_.find("output_log")->second) return draft_.met(setting);
    }
    if (!is_known(key)) return draft_.met(setting);  // a variable of the script itself
    if (key == daemon_args()) return take_options(setting);
    if (key.ends_with("_daemon_args")) return draft_.met(setting);
    if (key == "retry") return take_retry(setting);
    if (key == "capabilities") return take_capabilities(setting);
    if (key == "respawn_delay") return carry_fixed_delay(setting, value, draft_);
    carry_plain(kOpenrcKeys, setting, value, draft_);
  }

  static bool is_known(std::string_view key) {
    return !plain_key(kOpenrcKeys, key).empty() || has_word(kOtherKeys, key);
  }

  /// The variable with further options of the program that OpenRC starts the command with.
  std::string_view daemon_args() const {
    return is_supervised() && is_set("supervise_daemon_args", false) ? "supervise_daemon_args"
                                                                     : "start_stop_daemon_args";
  }

  void take_options(const Setting& setting) {
    const std::vector<std::string> words = split_words(setting.value, Quoting::shell);
    if (words.empty()) draft_.met(setting);
    for (std::size_t i = 0; i < words.size(); ++i) {
      const std::string& word = words[i];
      if (word == "--") return draft_.refuse(fmt::format("{} has arguments", setting.key));
      const std::size_t equals = word.starts_with("--") ? word.find('=') : word.npos;
      const std::string name = word.substr(0, equals);
      background_ = background_ || name == "-b" || name == "--background";
      Setting option = setting;
      option.key += " " + name;
      option.value.clear();
      if (equals != word.npos)
        option.value = word.substr(equals + 1);
      else if (!has_word(kFlagsMet, name) && i + 1 < words.size() && !words[i + 1].starts_with('-'))
        option.value = words[++i];
      const std::string_view ours = plain_key(kDaemonOptions, name);
      const std::size_t colon = option.value.find(':');
      if (has_word(kFlagsMet, name) || has_word(kOptionsMet, name)) {
        draft_.met(option);
      } else if (ours == "service.user" && colon != option.value.npos) {
        draft_.carry_text(option, ours, option.value.substr(0, colon));
        draft_.put_text("service.group", option.value.substr(colon + 1));
      } else if (ours == "service.env") {
        draft_.carry_words(option, ours, {option.value});
      } else if (ours.empty()) {
        draft_.leave(option, "write keys in [service] and [process]");
      } else {
        draft_.carry_text(option, ours, option.value);
      }
    }
  }

  /// SIGNAL/SECONDS/KILL/SECONDS: zinit sends SIGKILL after the first time, too.
  void take_retry(const Setting& setting) {
    const std::vector<std::string_view> parts = split(setting.value, '/');
    const bool kills = parts.size() == 4 && (parts[2].ends_with("KILL") || parts[2] == "9");
    if (parts.size() != 2 && !kills) return draft_.by_table(setting, setting.value);
    const auto time = milliseconds_of(parts[1]);
    if (!time || *time == 0) return draft_.leave_by_table(setting);
    const bool dash = parts[0].starts_with('-');
    draft_.carry_text(setting, "lifecycle.stop_signal", parts[0].substr(dash ? 1 : 0));
    draft_.put("lifecycle.stop_timeout_ms", number_value(*time));
    if (!kills) draft_.remark("retry: zinit sends SIGKILL after this time");
  }

  /// cap_iab(3): with `^` its user has the capability. Without a user it would be a limit here.
  void take_capabilities(const Setting& setting) {
    std::vector<std::string> names;
    for (const std::string_view part : split(setting.value, ','))
      if (part.starts_with('^')) names.emplace_back(part.substr(1));
    if (variable("command_user").empty() || names.size() != split(setting.value, ',').size())
      return draft_.by_table(setting, setting.value);
    draft_.carry_words(setting, "process.capabilities", names);
  }

  void take_dependency(const Setting& setting) {
    std::vector<std::string> names;
    for (const std::string_view word : split(setting.value, ' ')) {
      const std::string name = service_here(trim(word));
      if (!name.empty() && name != "*" && !name.starts_with('-')) names.push_back(name);
    }
    if (names.empty()) return draft_.leave(setting, kNoSuchValue);
    carry_plain(kOpenrcKeys, setting, join(names, " "), draft_);
    // OpenRC starts this one after those that it uses or wants.
    const bool waits = setting.key.ends_with("use") || setting.key.ends_with("want");
    if (waits && draft_.find("dependencies.wants") != nullptr)
      draft_.add("dependencies.after", words_value(names));
  }

  bool is_supervised() const { return variable("supervisor") == "supervise-daemon"; }

  std::string variable(const std::string& name) const {
    const auto found = variables_.find(name);
    return found == variables_.end() ? "" : found->second;
  }

  void finish() {
    std::string command = variable("command");
    if (command.empty()) return to_.fault(path_, "sets no command");
    const bool supervised = is_supervised();
    const bool foreground = bool_of(variable("command_background")) == true || background_;
    for (const char* const more : {"command_args", supervised   ? "command_args_foreground"
                                                   : foreground ? ""
                                                                : "command_args_background"})
      if (const std::string value = variable(more); !value.empty()) command += " " + value;
    draft_.put("service.exec", words_value(split_words(command, Quoting::shell)));
    // The later option wins, which is that of the script.
    const std::string user = variable("command_user");
    if (!user.empty() && draft_.find("service.user") == nullptr) {
      draft_.put_text("service.user", user.substr(0, user.find(':')));
      if (const std::size_t colon = user.find(':'); colon != user.npos)
        draft_.put_text("service.group", user.substr(colon + 1));
    }
    // supervise-daemon starts it again after any end.
    draft_.put_text("lifecycle.restart", supervised ? "always" : "never");
    const std::string pidfile = variable("pidfile");
    if (!supervised && !foreground && !pidfile.empty())
      draft_.put_text("readiness.pidfile", pidfile);
    if (!supervised && !foreground && pidfile.empty()) {
      draft_.put_flag("service.oneshot", true);
      draft_.remark(
          "the command puts itself in the background without a pid file: a oneshot, whose "
          "processes zinit does not watch");
    }
    if (draft_.find("logging.file") != nullptr)
      draft_.remark("the log file gets standard output and standard error");
    to_.add(std::move(draft_));
  }

  const std::string path_;
  Imported& to_;
  Draft draft_;
  std::map<std::string, std::string> variables_;
  std::set<std::string> unknown_;  // variables whose values are not known
  std::string assigned_;           // the variable whose value is being read
  std::size_t depth_ = 0;          // of a value in others
  bool background_ = false;        // the command is put in the background by an option
  std::vector<std::string> functions_;
  std::string code_;  // a line that makes others conditional; empty: none
  std::vector<Setting> settings_;
  std::size_t expanded_ = 0;
  std::string fault_;  // why the script is not imported
};

}  // namespace

void import_openrc(const std::string& path, Imported& to) { OpenrcReader(path, to).read(); }

}  // namespace zinit
