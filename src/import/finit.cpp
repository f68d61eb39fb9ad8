// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// finit.conf: services, tasks, run commands and terminals, one a line (finit.conf(5)).
#include <algorithm>
#include <map>
#include <set>

#include "base/format.hpp"
#include "base/text.hpp"
#include "config/spec_reader.hpp"
#include "config/value_text.hpp"
#include "import/reader.hpp"
#include "import/words.hpp"

namespace zinit {

namespace {

constexpr std::string_view kFinitKeys =
    " env=service.env_file pid=readiness.pidfile halt=lifecycle.stop_signal "
    "kill=lifecycle.stop_timeout_ms pre=service.pre_exec post=service.post_exec "
    "ready=service.ready_exec reload=service.reload_exec stop=service.stop_exec ";

/// Whether a word in front of the command is an option. The first other word is the command.
bool is_option(std::string_view word) {
  if (word.empty() || std::string_view("@[<:").find(word.front()) < 4) return true;
  const std::string_view key = word.substr(0, word.find_first_of(":."));
  if (word.size() == key.size())
    return word == "log" || word == "pid" || word == "norestart" || word == "nowarn" ||
           word == "respawn" || word == "manual";
  constexpr std::string_view keys =
      " log pid name notify type manual restart restarttmo restart_sec oncrash halt kill pre post "
      "ready cleanup reload stop env cgroup conflict if caps capabilities user ";
  return has_word(keys, key);
}

/// The rest of a line behind its first `count` words.
std::string_view behind_words(std::string_view line, std::size_t count) {
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\' && quote != '\'') {
      ++i;
      continue;
    }
    const bool blank = quote == 0 && (line[i] == ' ' || line[i] == '\t');
    if (blank && (i == 0 || (line[i - 1] != ' ' && line[i - 1] != '\t')) && --count == 0)
      return trim(line.substr(i));
    if (line[i] == '"' || line[i] == '\'')
      quote = quote == 0 ? line[i] : quote == line[i] ? 0 : quote;
  }
  return {};
}

/// Whether the words are NAME=VALUE, with or without quotes around the value.
bool is_assignment(const std::vector<std::string>& words) {
  const std::size_t equals = words.empty() ? 0 : words.front().find('=');
  return !words.empty() && equals != std::string::npos &&
         is_variable_name(words.front().substr(0, equals));
}

/// Settings for all services, from lines without a service.
struct FinitGlobals {
  std::vector<std::string> environment;
  std::string runlevel = "2";  // of the boot; finit's default
};

/// Where a line stands in the boot. S is finit's bootstrap, and all other runlevels come after it.
struct Place {
  std::size_t draft;
  bool in_bootstrap = false;
  bool is_waited_for = false;  // by the lines of the bootstrap behind it
  bool ends = false;           // the runlevels after the bootstrap wait for it
};

class FinitLine {
 public:
  FinitLine(const Setting& line, FinitGlobals& globals, std::vector<Place>& places, Imported& to)
      : line_(line), globals_(globals), places_(places), to_(to), draft_("", "") {}

  void read() {
    // The first "-- " begins the description, also within the command.
    std::string_view line = line_.value;
    const std::size_t dashes = std::min(line.find("-- "), line.size());
    const std::string description(trim(line.substr(std::min(dashes + 3, line.size()))));
    line = trim(line.substr(0, line.ends_with(" --") ? std::min(dashes, line.size() - 2) : dashes));
    auto words = split_words(line, Quoting::shell);
    const std::string kind = words.empty() ? "" : words.front();
    if (kind != "service" && kind != "task" && kind != "run" && kind != "sysv")
      return take_global(split_words(line_.value, Quoting::shell), kind);
    std::size_t at = 1;
    while (at < words.size() && is_option(words[at])) ++at;
    std::vector<std::string> command(words.begin() + static_cast<std::ptrdiff_t>(at), words.end());
    if (command.empty())
      return to_.fault(line_.file, fmt::format("line {} has no command", line_.line));
    std::string name(last_part(command.front()));
    for (std::size_t i = 1; i < at; ++i)
      if (words[i].starts_with("name:")) name = words[i].substr(5);
    for (std::size_t i = 1; i < at; ++i)
      if (words[i].starts_with(":")) name += "-" + words[i].substr(1);
    draft_ = new_draft(name, fmt::format("{}:{}", line_.file, line_.line));
    if (kind == "sysv") {
      draft_.put("service.stop_exec", words_value({command.front(), "stop"}));
      command.emplace_back("start");
    }
    // The shell runs a task, as in finit; finit itself replaces variables for a service.
    const bool by_shell = kind == "run" || kind == "task";
    const std::string text(behind_words(line, at));
    if (by_shell && text.find_first_of("|&;<>()$`*?[~\n") != text.npos)
      draft_.put_text("service.exec", text);
    else
      draft_.put("service.exec",
                 has_variable(command) ? text_value(shell_line(command)) : words_value(command));
    draft_.met(line_);
    if (!description.empty()) draft_.put_text("service.description", description);
    if (kind != "service") draft_.put_flag("service.oneshot", true);
    if (kind == "service") draft_.put_text("lifecycle.restart", "always");
    for (std::size_t i = 1; i < at; ++i) take(words[i]);
    if (forking_ && draft_.find("readiness.pidfile") == nullptr) {
      const std::string pidfile = fmt::format("/run/{}.pid", last_part(command.front()));
      draft_.put_text("readiness.pidfile", pidfile);
      draft_.remark(fmt::format("type:forking: finit guesses the pid file {}", pidfile));
    }
    const std::size_t index = to_.drafts.size();
    to_.add(std::move(draft_));
    const bool ends = kind == "run" || kind == "task";
    if (to_.drafts.size() > index)
      places_.push_back(
          {index, in_bootstrap_, in_bootstrap_ && kind == "run", in_bootstrap_ && ends});
  }

 private:
  Setting setting(std::string key, std::string value) const {
    return {"", std::move(key), std::move(value), line_.line, line_.file};
  }

  void take_global(std::vector<std::string> words, const std::string& kind) {
    if (kind == "set") words.erase(words.begin());
    if (is_assignment(words)) {
      globals_.environment.push_back(words.front());
    } else if (kind == "runlevel" && words.size() == 2) {
      return;  // it holds for the lines before it as well
    } else {
      to_.part(line_.file, fmt::format("line {}: {} is not read", line_.line,
                                       kind.empty() ? line_.value : kind));
    }
  }

  void take(const std::string& word) {
    const std::size_t colon = word.find(':');
    const std::string key = word.substr(0, colon);
    std::string value = colon == word.npos ? "" : word.substr(colon + 1);
    const Setting one = setting(key, value);
    if (key.empty() || key == "name" || word.starts_with('~')) return draft_.met(one);
    if (word.starts_with('[')) return take_levels(setting("runlevel", word));
    if (word.starts_with('<')) return take_conditions(setting("condition", word));
    if (word.starts_with('@')) return take_account(setting("user", word), word.substr(1));
    if (key == "pid") {
      // "!" before it: finit writes the file, not the program.
      if (!value.starts_with("!/")) return draft_.met(one);
      return draft_.carry_text(one, "readiness.pidfile", value.substr(1));
    }
    if (key == "type" && value == "forking") {
      forking_ = true;
      return draft_.met(one);
    }
    if (key == "notify" && value == "systemd")
      return draft_.carry_text(one, "readiness.notify", value);
    if (key == "notify" && value == "s6") return draft_.carry_text(one, "readiness.notify", "fd:3");
    if (key == "notify" && (value == "none" || value == "pid")) return draft_.met(one);
    if (key == "if")
      return draft_.leave(one, "whether another service exists is no condition here");
    if (key == "norestart" || (key == "restart" && value == "0"))
      return draft_.carry_text(one, "lifecycle.restart", "never");
    if (key == "restart" && value != "always")
      return draft_.carry_text(one, "lifecycle.max_restarts", value == "-1" ? "0" : value);
    if (key == "restart" || key == "respawn" || key == "nowarn") return draft_.met(one);
    if (key == "restart_sec" || key == "restarttmo") return carry_fixed_delay(one, value, draft_);
    if (key == "pre" || key == "post" || key == "ready" || key == "reload" || key == "stop")
      return take_script(one);
    if (key.starts_with("cgroup"))
      return draft_.leave(one,
                          "zinit gives each service its own cgroup; write keys in [resources]");
    if (key == "conflict") {
      std::vector<std::string> names;
      for (const std::string_view name : split(value, ',')) names.push_back(name_of(name));
      return draft_.carry_words(one, "dependencies.conflicts", names);
    }
    if (key == "manual") {
      if (bool_of(value) != false) draft_.put_text("service.status", "stop");
      return draft_.met(one);
    }
    if (key == "log" && value.starts_with('/'))
      return draft_.carry_text(one, "logging.file", value.substr(0, value.find(',')));
    if (key == "log" && value == "console")
      return draft_.carry(one, "logging.console", bool_value(true));
    if (key == "log") return draft_.met(one);
    carry_plain(kFinitKeys, one, value, draft_);
  }

  /// A script beside the service, with or without a time limit in front of it.
  void take_script(const Setting& one) {
    std::string_view script = one.value;
    const std::size_t comma = std::min(script.find(','), script.size());
    if (comma < script.size() && comma > 0 && script.find_first_not_of("0123456789") == comma) {
      draft_.remark(fmt::format("{}: its own time limit, {} s, is not kept", one.key,
                                script.substr(0, comma)));
      script.remove_prefix(comma + 1);
    }
    if (one.key == "post")
      draft_.remark("post: EXIT_CODE has the exit status here, or EXIT_SIGNAL the signal");
    const std::string_view ours = plain_key(kFinitKeys, one.key);
    if (script.find('$') == script.npos) return draft_.carry_text(one, ours, script);
    draft_.carry(one, ours, text_value(std::string(script)));
  }

  /// S is the bootstrap; "!" means all levels except these.
  void take_levels(const Setting& one) {
    const bool all_but = one.value.starts_with("[!");
    const bool named = one.value.find_first_of(globals_.runlevel) != one.value.npos;
    in_bootstrap_ = !all_but && one.value.find_first_of("Ss") != one.value.npos;
    if (named == all_but && one.value.find_first_of("Ss") == one.value.npos) {
      draft_.put_text("service.status", "stop");
      draft_.remark(
          fmt::format("runlevels {} are not that of the boot ({}): it is started on "
                      "request",
                      one.value, globals_.runlevel));
    }
    draft_.met(one);
  }

  void take_account(const Setting& one, const std::string& account) {
    const std::size_t colon = account.find(':');
    const std::string names = colon == account.npos ? "" : account.substr(colon + 1);
    const std::vector<std::string_view> groups = split(names, ',');
    if (colon != account.npos) draft_.put_text("service.group", groups.front());
    if (groups.size() > 1)
      draft_.put("service.groups", words_value({groups.begin() + 1, groups.end()}));
    draft_.carry_text(one, "service.user", account.substr(0, colon));
  }

  /// The name here of NAME:ID.
  static std::string name_of(std::string_view name) {
    std::string ours(trim(name));
    std::ranges::replace(ours, ':', '-');
    return usable_name(ours);
  }

  /// The service of pid/NAME:ID or service/NAME/running.
  static std::string service_in(std::string_view condition) {
    const std::string_view name = condition.substr(condition.find('/') + 1);
    return name_of(condition.starts_with("service/") ? name.substr(0, name.rfind('/')) : name);
  }

  void take_conditions(const Setting& one) {
    std::vector<std::string> names, lost;
    std::string text = one.value.substr(1, one.value.find('>') - 1);
    if (text.starts_with('!')) text.erase(0, 1);
    for (std::string_view part : split(text, ',')) {
      // "~" has a reload of the other one reload this one, too.
      if (part.starts_with('~')) {
        draft_.remark(fmt::format("condition: a reload of {} does nothing here", part.substr(1)));
        part.remove_prefix(1);
      }
      if (part.starts_with("pid/") || part.starts_with("service/"))
        names.push_back(service_in(part));
      else if (part.starts_with("net/"))
        names.emplace_back("network");
      else if (!part.empty())
        lost.emplace_back(part);
    }
    if (!lost.empty()) {
      draft_.leave(setting("condition", join(lost, ",")), "zinit has no such condition");
      // A command for a key or a power failure must not run at boot.
      draft_.put_text("service.status", "stop");
      draft_.remark(fmt::format(
          "it is started on request, because its condition {} is unknown here", join(lost, ",")));
    }
    if (!names.empty()) draft_.carry_words(one, "dependencies.requires", names);
    if (lost.empty() && names.empty()) draft_.met(one);
  }

  const Setting line_;
  FinitGlobals& globals_;
  std::vector<Place>& places_;
  Imported& to_;
  Draft draft_;
  bool in_bootstrap_ = false;
  bool forking_ = false;
};

/// The services that wait for each name, because they require it or come after it.
class Waiters {
 public:
  Waiters(const std::vector<Place>& places, const std::vector<Draft>& drafts) {
    for (const Place& place : places) {
      const Draft& draft = drafts[place.draft];
      if (const Value* const required = draft.find("dependencies.requires"))
        for (const Value& one : required->array) add(one.string, draft.name());
    }
  }

  void add(const std::string& name, const std::string& waiter) { direct_[name].push_back(waiter); }

  /// Those that wait for `name` at any depth, and `name` itself.
  std::set<std::string> all(const std::string& name) const {
    std::set<std::string> found{name};
    std::vector<std::string> open{name};
    while (!open.empty()) {
      const auto direct = direct_.find(open.back());
      open.pop_back();
      if (direct == direct_.end()) continue;
      for (const std::string& one : direct->second)
        if (found.insert(one).second) open.push_back(one);
    }
    return found;
  }

 private:
  std::map<std::string, std::vector<std::string>> direct_;
};

/// finit reads a line after the other, and goes on from its bootstrap when all that ends has ended.
/// A service never comes after one that waits for it: conditions may name a later line, and such a
/// cycle would keep both from starting.
void put_in_order(const std::vector<Place>& places, Imported& to) {
  std::vector<std::string> ending, waited_for;
  Waiters waiters(places, to.drafts);
  for (const Place& place : places)
    if (place.ends) ending.push_back(to.drafts[place.draft].name());
  for (const Place& place : places) {
    Draft& draft = to.drafts[place.draft];
    const std::set<std::string> waiting = waiters.all(draft.name());
    std::vector<std::string> after, left_out;
    const auto take = [&](const std::string& name) {
      if (name != draft.name()) (waiting.contains(name) ? left_out : after).push_back(name);
    };
    if (!place.in_bootstrap) std::ranges::for_each(ending, take);
    // Each that is waited for has waited for those before it, so one is enough.
    for (std::size_t i = waited_for.size(); place.in_bootstrap && i > 0 && after.empty(); --i)
      take(waited_for[i - 1]);
    for (const std::string& name : after) waiters.add(name, draft.name());
    if (!after.empty()) draft.add("dependencies.after", words_value(after));
    if (!left_out.empty())
      draft.remark(fmt::format("finit starts it after {}, which waits for it: left out of after",
                               join(left_out, ", ")));
    if (place.is_waited_for) waited_for.push_back(draft.name());
  }
}

}  // namespace

void import_finit(const std::string& path, Imported& to) {
  const auto text = read_source(path, to);
  const std::size_t before = to.drafts.size() + to.faults.size();
  if (!text) return;
  const std::size_t first = to.drafts.size();
  FinitGlobals globals;
  std::vector<Place> places;
  for_each_line(*text, [&](std::string_view line, unsigned) {
    const auto words = split_words(line, Quoting::shell);
    if (words.size() == 2 && words.front() == "runlevel") globals.runlevel = words.back();
  });
  for_each_line(*text, [&](std::string_view line, unsigned number) {
    FinitLine({"", "", line, number, path}, globals, places, to).read();
  });
  put_in_order(places, to);
  const Setting setting{"", "set", join(globals.environment, " "), 0, path};
  for (std::size_t i = first; i < to.drafts.size() && !globals.environment.empty(); ++i)
    to.drafts[i].carry_words(setting, "service.env", globals.environment);
  if (to.drafts.size() + to.faults.size() == before)
    to.fault(path, "has no service, task, run or sysv");
}

}  // namespace zinit
