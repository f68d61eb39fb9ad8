// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Service directories of runit and s6, and source directories of s6-rc.
#include <sys/stat.h>

#include "base/directory.hpp"
#include "base/fd.hpp"
#include "base/file.hpp"
#include "base/format.hpp"
#include "base/text.hpp"
#include "config/value_text.hpp"
#include "import/reader.hpp"
#include "import/words.hpp"

namespace zinit {

namespace {

/// Characters that the shell interprets, apart from quotes. A command with one must run in a shell.
constexpr std::string_view kShellMeanings = "$`&|;<>(){}*?[]~#!\\\n";

/// A shell script that only sets variables, changes the directory and executes a program. A script
/// that does more is not carried over in parts.
class PlainScript {
 public:
  PlainScript(const Setting& whole, Draft& draft) : whole_(whole), draft_(draft) {}

  bool read(std::string_view text) {
    if (!is_of_shell(first_line(text))) return false;
    Value env;
    std::string dir;
    bool merged = false;
    std::vector<std::string> command;
    bool plain = true;
    for_each_line(text, [&](std::string_view line, unsigned) {
      if (!plain || line == "set -e" || line == "set -eu") return;
      if (!command.empty()) plain = false;  // nothing after it would run
      if (line == "exec 2>&1") {
        merged = true;
        return;
      }
      if (line.ends_with(" 2>&1")) {
        merged = true;
        line.remove_suffix(5);
      }
      const bool exported = line.starts_with("export ");
      if (exported) line = trim(line.substr(7));
      const auto words = split_words(line, Quoting::shell);
      if (line.find_first_of(kShellMeanings) != line.npos || words.empty()) {
        plain = false;
      } else if (words.front() == "exec" && words.size() > 1 && !words[1].starts_with('-')) {
        command.assign(words.begin() + 1, words.end());
      } else if (words.front() == "cd" && words.size() == 2) {
        dir = words.back();
      } else {
        const std::size_t equals = words.front().find('=');
        // A variable of the script alone may have been exported before; a word alone is a command.
        plain = exported && words.size() == 1 && is_variable_name(words.front().substr(0, equals));
        if (plain && equals != std::string::npos)
          env.table[words.front().substr(0, equals)].value =
              text_value(words.front().substr(equals + 1));
      }
    });
    if (!plain || command.empty() || !(dir.empty() || dir.starts_with('/'))) return false;
    take_user(command);
    if (!env.table.empty()) draft_.put("service.env", std::move(env));
    if (!dir.empty()) draft_.put_text("service.dir", dir);
    if (merged) draft_.put_flag("logging.merge_stderr", true);
    draft_.carry(whole_, "service.exec", words_value(command));
    return true;
  }

 private:
  /// Whether the shell alone runs the script: another program in its first line, such as
  /// with-contenv, may change what it sees.
  static bool is_of_shell(std::string_view line) {
    if (!line.starts_with("#!")) return true;
    const auto words = split_words(line.substr(2), Quoting::shell);
    const bool by_env = words.size() > 1 && last_part(words.front()) == "env";
    const std::size_t options = by_env ? 2 : 1;
    if (words.empty() || words.size() > options + 1 ||
        (words.size() == options + 1 && words.back() != "-e" && words.back() != "-eu"))
      return false;
    const std::string_view shell = last_part(words[options - 1]);
    return shell == "sh" || shell == "bash" || shell == "dash" || shell == "ash" || shell == "ksh";
  }

  /// Handles setuidgid(8) and chpst(8) with only a user. chpst's user may be numbers (":UID:GID")
  /// or have several groups, and options may follow: such a chpst stays in the command.
  void take_user(std::vector<std::string>& command) {
    const std::string program(last_part(command.front()));
    const bool sets = (program == "setuidgid" || program == "s6-setuidgid") && command.size() > 2;
    if (!sets && program != "chpst") return;
    const std::size_t at = sets ? 1 : 2;
    const bool alone =
        sets || (command.size() > 3 && command[1] == "-u" && !command[3].starts_with('-'));
    const std::string account = alone ? command[at] : "";
    const std::size_t colon = account.find(':');
    const bool plain = alone && !account.empty() && !account.starts_with('-') && colon != 0 &&
                       account.find(':', colon + 1) == account.npos;
    if (!plain)
      return draft_.remark(fmt::format("{} stays in the command, with all its options", program));
    if (colon == account.npos && program != "s6-setuidgid")
      draft_.remark(fmt::format("{} gives no supplementary groups; here {} has those of its user",
                                program, draft_.name()));
    draft_.put_text("service.user", account.substr(0, colon));
    if (colon != std::string::npos) draft_.put_text("service.group", account.substr(colon + 1));
    command.erase(command.begin(), command.begin() + static_cast<std::ptrdiff_t>(at + 1));
  }

  const Setting& whole_;
  Draft& draft_;
};

/// The command for a script that is not plain: the program in its first line runs it.
std::vector<std::string> by_interpreter(std::string_view text, const std::string& path) {
  std::vector<std::string> words{"/bin/sh"};
  const std::string_view line = first_line(text);
  if (line.starts_with("#!")) words = split_words(line.substr(2), Quoting::shell);
  words.push_back(path);
  return words;
}

constexpr std::string_view kTimeouts =
    " timeout-kill=lifecycle.stop_timeout_ms timeout-up=lifecycle.start_timeout_ms "
    "timeout-down=lifecycle.stop_timeout_ms ";

class RunDirectory {
 public:
  RunDirectory(const std::string& path, Imported& to)
      : path_(path), whole_(absolute(path)), to_(to), draft_(new_draft(last_part(whole_), path)) {}

  void read() {
    const std::vector<std::string> names = read_directory(path_, to_);
    type_ = std::string(trim(read_if_there(path_ + "/type", to_).value_or("")));
    if (!type_.empty() && type_ != "longrun" && type_ != "oneshot" && type_ != "bundle")
      return to_.fault(path_,
                       fmt::format("has the type \"{}\"; those of s6-rc are longrun, oneshot "
                                   "and bundle",
                                   type_));
    if (type_ == "bundle") draft_.make_target();
    for (const std::string& name : names) take(name);
    if (type_.empty() || type_ == "longrun") {
      draft_.put_text("lifecycle.restart", "always");
      if (draft_.find("service.dir") == nullptr && !names.empty())
        draft_.put_text("service.dir", whole_);
    }
    if (type_ == "oneshot") draft_.put_flag("service.oneshot", true);
    to_.add(std::move(draft_));
  }

 private:
  void take(const std::string& name) {
    const std::string file = path_ + "/" + name;
    if (name == "supervise" || name == "event" || name == "data" || name == "env") return;
    if (name.ends_with(".d") && type_at(file) == S_IFDIR) {
      const std::vector<std::string> members = read_directory(file, to_);
      return take_names({"", name, join(members, " "), 0, file}, members);
    }
    if (type_at(file) == S_IFDIR) return draft_.by_table({"", name, "", 0, file}, "");
    const auto text = read_source(file, to_);
    if (!text) return;
    const Setting setting{"", name, trim(*text), 0, file};
    take_file(setting, *text);
  }

  void take_names(const Setting& setting, const std::vector<std::string>& names) {
    names.empty() ? draft_.met(setting)
                  : draft_.carry_words(setting, "dependencies.requires", names);
  }

  void take_file(const Setting& setting, const std::string& text) {
    const std::string_view key = setting.key;
    const std::string script = whole_ + "/" + setting.key;
    if (key == "type") return draft_.met(setting);
    if (key == "run") {
      if (PlainScript({"", "run", script, 0, setting.file}, draft_).read(text)) return;
      draft_.remark(
          fmt::format("{} does more than execute a program: it is run unchanged", script));
      for (const char* const call : {"sv start ", "sv check ", "sv up ", "s6-svc ", "s6-rc "})
        if (text.find(call) != text.npos)
          draft_.remark(
              fmt::format("{} calls {}, which reaches no service of zinit: remove the "
                          "call, and write \"requires\" in [dependencies]",
                          script, trim(call)));
      return draft_.carry(setting, "service.exec", words_value(by_interpreter(text, script)));
    }
    if (key == "finish") {
      draft_.remark(
          fmt::format("{} gets no arguments: EXIT_CODE and EXIT_SIGNAL say how it ended", script));
      return draft_.carry(setting, "service.post_exec",
                          one_of(words_value(by_interpreter(text, script))));
    }
    if (key == "up" || key == "down") return take_script(setting);
    if (key == "conf") return draft_.leave(setting, "it is a file that the script may read");
    if (key == "dependencies" || key == "contents") {
      std::vector<std::string> names;
      for_each_line(text, [&](std::string_view line, unsigned) { names.emplace_back(line); });
      return take_names(setting, names);
    }
    if (key == "notification-fd")
      return draft_.carry_text(setting, "readiness.notify", "fd:" + setting.value);
    if (key == "down-signal")
      return draft_.carry_text(setting, "lifecycle.stop_signal", setting.value);
    const std::string_view timeout = plain_key(kTimeouts, key);
    const auto ms = parse_integer(setting.value);  // 0 is no limit
    if (!timeout.empty() && ms)
      return draft_.carry(setting, timeout, *ms == 0 ? text_value("infinity") : number_value(*ms));
    draft_.by_table(setting, setting.value);
  }

  /// `down` of runit and s6, and the commands of a oneshot of s6-rc: lines of execline.
  void take_script(const Setting& setting) {
    if (type_.empty()) {
      draft_.put_text("service.status", "stop");
      return draft_.met(setting);
    }
    const auto words = split_words(setting.value, Quoting::shell);
    const bool plain = !words.empty() && setting.value.find('\'') == std::string::npos &&
                       setting.value.find_first_of(kShellMeanings) == std::string::npos;
    if (setting.value.empty()) return draft_.met(setting);
    const std::string script = whole_ + "/" + setting.key;
    if (!plain) draft_.remark(fmt::format("{} is run by execlineb(1)", script));
    draft_.carry(setting, setting.key == "up" ? "service.exec" : "service.stop_exec",
                 words_value(plain ? words : Words{"execlineb", "-P", script}));
  }

  using Words = std::vector<std::string>;

  const std::string path_;
  const std::string whole_;
  Imported& to_;
  Draft draft_;
  std::string type_;
};

bool is_regular(const std::string& path) noexcept { return type_at(path) == S_IFREG; }

/// The root directory has a directory /run, but it is not a service.
bool is_service_directory(const std::string& path) {
  return is_regular(path + "/run") || is_regular(path + "/type");
}

/// Why the object at `path` cannot be read; empty if it can.
std::string unreadable(const std::string& path) {
  const mode_t type = type_at(path);
  if (type == 0) return errno_text(errno);
  if (type != S_IFDIR) return {};
  return Directory(path) ? std::string() : errno_text(errno);
}

}  // namespace

void import_run_directory(const std::string& path, Imported& to) {
  if (is_service_directory(path)) return RunDirectory(path, to).read();
  bool any = false;
  for (const std::string& name : read_directory(path, to)) {
    const std::string below = path + "/" + name;
    if (const std::string why = unreadable(below); !why.empty()) {
      to.fault(below, why);
      any = true;
      continue;
    }
    if (!is_service_directory(below)) continue;
    any = true;
    RunDirectory(below, to).read();
  }
  if (!any && unreadable(path).empty())
    to.fault(path,
             "has no service directory, one with a file run or type; for another kind name "
             "the files in it");
}

}  // namespace zinit
