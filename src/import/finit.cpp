// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// finit.conf: services, tasks, run commands and terminals, one a line (finit.conf(5)).
#include <algorithm>
#include <map>
#include <set>

#include "base/file.hpp"
#include "base/format.hpp"
#include "base/text.hpp"
#include "import/reader.hpp"
#include "import/words.hpp"

namespace zinit {

namespace {

constexpr std::string_view kFinitKeys =
    " env=service.env_file pid=readiness.pidfile halt=lifecycle.stop_signal "
    "kill=lifecycle.stop_timeout_ms pre=service.pre_exec post=service.post_exec "
    "ready=service.ready_exec restart_sec=lifecycle.restart_delay_ms ";

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
    auto words = split_words(line_.value, Quoting::shell);
    const std::string kind = words.empty() ? "" : words.front();
    if (kind != "service" && kind != "task" && kind != "run" && kind != "sysv")
      return take_global(std::move(words), kind);
    std::size_t at = 1;
    while (at < words.size() && !words[at].starts_with('/') && words[at] != "--") ++at;
    std::string description;
    std::vector<std::string> command;
    for (std::size_t i = at; i < words.size(); ++i) {
      if (words[i] == "--" && description.empty() && i + 1 < words.size()) {
        const std::size_t dashes = line_.value.rfind(" -- ");
        description = trim(line_.value.substr(dashes == line_.value.npos ? 0 : dashes + 4));
        break;
      }
      command.push_back(words[i]);
    }
    if (command.empty())
      return to_.fault(line_.file, fmt::format("line {} has no command", line_.line));
    std::string name(last_part(command.front()));
    for (std::size_t i = 1; i < at; ++i) {
      if (words[i].starts_with("name:")) name = words[i].substr(5);
      if (words[i].starts_with(":")) name += "-" + words[i].substr(1);
    }
    draft_ = new_draft(name, fmt::format("{}:{}", line_.file, line_.line));
    if (kind == "sysv") {
      draft_.put("service.stop_exec", words_value({command.front(), "stop"}));
      command.emplace_back("start");
    }
    draft_.put("service.exec",
               has_variable(command) ? text_value(shell_line(command)) : words_value(command));
    draft_.met(line_);
    if (!description.empty()) draft_.put_text("service.description", description);
    if (kind != "service") draft_.put_flag("service.oneshot", true);
    if (kind == "service") draft_.put_text("lifecycle.restart", "always");
    for (std::size_t i = 1; i < at; ++i) take(words[i]);
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
      globals_.runlevel = words.back();
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
    if (key == "type" && value == "forking") return draft_.met(one);
    if (key == "notify" && value == "systemd")
      return draft_.carry_text(one, "readiness.notify", value);
    if (key == "notify" && value == "s6") return draft_.carry_text(one, "readiness.notify", "fd:3");
    if (key == "notify" && (value == "none" || value == "pid")) return draft_.met(one);
    if (key == "if")
      return draft_.leave(one, "whether another service exists is no condition here");
    if (key == "restart" && value == "0")
      return draft_.carry_text(one, "lifecycle.restart", "never");
    if (key == "restart")
      return draft_.carry_text(one, "lifecycle.max_restarts", value == "-1" ? "0" : value);
    if (key == "manual") {
      if (bool_of(value) != false) draft_.put_text("service.status", "stop");
      return draft_.met(one);
    }
    if (key == "log" && value.starts_with('/'))
      return draft_.carry_text(one, "logging.file", value.substr(0, value.find(',')));
    if (key == "log") return draft_.met(one);
    carry_plain(kFinitKeys, one, value, draft_);
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
    if (colon != account.npos)
      draft_.put_text("service.group", account.substr(colon + 1, account.find(',') - colon - 1));
    draft_.carry_text(one, "service.user", account.substr(0, colon));
  }

  void take_conditions(const Setting& one) {
    std::vector<std::string> names, lost;
    std::string text = one.value.substr(1, one.value.find('>') - 1);
    if (text.starts_with('!')) text.erase(0, 1);
    for (const std::string_view part : split(text, ',')) {
      if (part.starts_with("pid/") || part.starts_with("service/"))
        names.emplace_back(
            part.substr(part.find('/') + 1, part.rfind('/') - part.find('/') == 0
                                                ? part.npos
                                                : part.rfind('/') - part.find('/') - 1));
      else if (part.starts_with("net/"))
        names.emplace_back("network");
      else if (!part.empty())
        lost.emplace_back(part);
    }
    if (!lost.empty())
      draft_.leave(setting("condition", join(lost, ",")), "zinit has no such condition");
    if (!names.empty()) draft_.carry_words(one, "dependencies.requires", names);
    if (lost.empty() && names.empty()) draft_.met(one);
  }

  const Setting line_;
  FinitGlobals& globals_;
  std::vector<Place>& places_;
  Imported& to_;
  Draft draft_;
  bool in_bootstrap_ = false;
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
