// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The table of verbs, made from verbs.inc, and their options: see verbs.hpp.
#include "client/verbs.hpp"

#include <algorithm>
#include <deque>

#include "base/format.hpp"
#include "base/text.hpp"
#include "config/keys.hpp"
#include "config/proxy_reader.hpp"

namespace zinit {

namespace {

constexpr OptionRow kGlobalOptions[] = {
    {"--socket", "PATH", "the server's socket; default: $ZINIT_SOCKET, or built in"},
    {"--json", "", "the result as one JSON document on standard output"},
    {"--no-color", "", "no colours, as with $NO_COLOR"},
    {"--timeout", "TIME", "give up after this time, with exit status 6"},
    {"-h,--help", "", "show all verbs, or the help of one verb"},
    {"-V,--version", "", "the version of this program"},
};

constexpr OptionRow kRoot = {"--root", "DIR", "in the system below DIR, without a server"};

constexpr OptionRow kListOptions[] = {
    {"--state", "STATE", "only those in this state; may be given several times"},
    {"--class", "CLASS", "only those of class user or system"},
};
constexpr OptionRow kSettleOptions[] = {
    {"--no-wait", "", "ask for it and return at once"},
};
constexpr OptionRow kNoCheck = {"--no-check", "", "leave out its check_exec"};
constexpr OptionRow kYes = {"-y,--yes", "", "do not ask before something is stopped"};
constexpr OptionRow kStopOptions[] = {
    kSettleOptions[0],
    kYes,
};
constexpr OptionRow kRestartOptions[] = {
    kSettleOptions[0],
    kNoCheck,
    kYes,
};
constexpr OptionRow kYesOptions[] = {
    kYes,
};
constexpr OptionRow kKillOptions[] = {
    {"--main", "", "signal the main process alone, not its group"},
    {"--all", "", "also signal the processes that kill_mode spared"},
    {"-s,--signal", "SIGNAL", "the signal; -9 and -HUP work too"},
    kYes,
};
constexpr OptionRow kReloadOptions[] = {
    {"--dry-run", "", "only say what would change"},
    {"--only", "NAME", "only files of these services or below these directories"},
    {"--no-restart", "", "do not restart changed services, but list them"},
    {"--wait", "", "wait for (re)started services, and show the results"},
    kNoCheck,
    kYes,
};
constexpr OptionRow kReexecOptions[] = {
    {"--update", "", "the installed program, if it passes a self-check"},
};
constexpr OptionRow kAddOptions[] = {
    {"--persist", "", "write its file too"},
    kYes,
};
constexpr OptionRow kRemoveOptions[] = {
    {"--persist", "", "remove its file too; a vendor's is masked"},
    {"--cascade", "", "stop services that require it, remove these dependencies"},
    kYes,
};
constexpr OptionRow kDeleteOptions[] = {
    kRemoveOptions[0],
};
constexpr OptionRow kRehearseOptions[] = {
    {"--failing", "NAME", "it exits with code 1 at each start; may be repeated"},
};
constexpr OptionRow kCheckOptions[] = {
    {"--deep", "", "simulate a boot and a shutdown of these files, too"},
    {"--strict", "", "exit 1 for warnings too"},
    {"--calendar", "EXPR", "show when a timer with this calendar time would be due"},
    kRoot,
};
constexpr OptionRow kImportOptions[] = {
    {"--from", "KIND", "systemd, supervisord, ...; default: detected"},
    {"--to", "DIR", "where files are written; default: the current directory"},
    {"--dry-run", "", "write nothing, print the files"},
};
constexpr OptionRow kEnableOptions[] = {
    {"--now", "", "start or stop it now as well"},
    kRoot,
};
constexpr OptionRow kDisableOptions[] = {
    kEnableOptions[0],
    kRoot,
    kYes,
};
constexpr OptionRow kMaskOptions[] = {
    kRoot,
};
constexpr OptionRow kEditOptions[] = {
    {"--new", "", "create a service that does not exist yet"},
    {"--drop-in", "", "edit a drop-in that is laid over the file"},
    kRoot,
    kYes,
};
constexpr OptionRow kLogsOptions[] = {
    {"--all", "", "of all services, of zinit and of syslog"},
    {"-n,--lines", "N", "the last N lines, or all; default: 100; all with --since"},
    {"-f,--follow", "", "go on with lines as they come"},
    {"--since", "TIME", "since 10m (ago), 21:30, yesterday, 2026-01-31, RFC 3339"},
    {"--until", "TIME", "before TIME, written as with --since"},
    {"--grep", "REGEX", "only lines that match (POSIX extended)"},
    {"--stream", "STREAM", "only those of stdout, stderr, zinit or syslog"},
    {"-t,--time", "", "show when each line came"},
    {"--raw", "", "lines as they are, with colours and control characters"},
};
constexpr OptionRow kTreeOptions[] = {
    {"--reverse", "", "show what depends on it instead"},
};
constexpr OptionRow kWaitOptions[] = {
    {"--for", "STATE", "running (default), exited, failed or stopped"},
};
constexpr OptionRow kMetricsOptions[] = {
    {"--prometheus", "", "in the older text format, as for a textfile collector"},
};
constexpr OptionRow kTopOptions[] = {
    {"-d,--interval", "TIME", "between two samples; default: 1"},
};
constexpr OptionRow kNoWaitOptions[] = {
    {"--no-wait", "", "return at once"},
};
constexpr OptionRow kEndOptions[] = {
    kNoWaitOptions[0],
    {"--at", "TIME", "at a later time: +MINUTES, +1h or HH:MM"},
};
constexpr OptionRow kScheduleOptions[] = {
    kEndOptions[0],
    kEndOptions[1],
    {"--cancel", "", "cancel a shutdown that --at has scheduled"},
};
constexpr OptionRow kIsolateOptions[] = {
    kNoWaitOptions[0],
    kYes,
};
constexpr OptionRow kEventsOptions[] = {
    {"-n,--lines", "N", "the last N changes, or all; default: 100"},
    {"-f,--follow", "", "go on as they happen, until interrupted"},
};
constexpr OptionRow kBootchartOptions[] = {
    {"--svg", "", "a picture for a web browser"},
};
constexpr OptionRow kGraphOptions[] = {
    {"--dot", "", "text for Graphviz (default)"},
    {"--svg", "", "a picture for a web browser"},
    {"--depth", "N", "not more than N dependencies away from a NAME"},
};
constexpr OptionRow kScriptOptions[] = {
    {"-e", "CODE", "run CODE instead of a FILE"},
};
constexpr OptionRow kRunOptions[] = {
    {"--name", "NAME", "what the service is called; default: run-PID"},
    {"--wait", "", "show its output and wait for its end, then remove it"},
};

using enum Completes;
constexpr std::span<const OptionRow> kNoOptions;

/// What the value of a key's option is called.
std::string_view value_of(const Key& key) {
  switch (key.type) {
    case Type::boolean: return "";
    case Type::integer: return "NUMBER";
    case Type::duration: return "TIME";
    case Type::name: return "NAME";
    case Type::addresses: return "ADDRESS...";
    case Type::address: return "ADDRESS";
    default: return "TEXT";
  }
}

/// An option for each key of [proxy] but its name, and --persist.
std::span<const OptionRow> proxy_options() {
  static std::deque<std::string> texts;  // what the rows point to
  static const std::vector<OptionRow> rows = [] {
    std::vector<OptionRow> all;
    for (const Key& key : section_keys(kProxySection)) {
      if (key.name == "name") continue;
      const std::string& name = texts.emplace_back("--" + option_of(key));
      const bool tells = !key.required() && key.default_text != "0" && key.default_text != "false";
      const std::string& help = texts.emplace_back(
          tells ? fmt::format("{}; default: {}", key.help, key.default_text) : key.help);
      all.push_back({name, value_of(key), help});
    }
    all.push_back({"--persist", "", "write its file too"});
    return all;
  }();
  return rows;
}

}  // namespace

int VerbRow::least() const noexcept {
  // Optional arguments, in brackets, come last.
  const std::string_view needed = arguments.substr(0, arguments.find('['));
  return static_cast<int>(std::ranges::count_if(
      split(needed, ' '), [](std::string_view word) { return !word.empty(); }));
}

int VerbRow::most() const noexcept {
  if (arguments.empty()) return 0;
  if (arguments.find("...") != std::string_view::npos) return -1;
  return 1 + static_cast<int>(std::ranges::count(arguments, ' '));
}

std::span<const VerbRow> verbs() noexcept {
  static const VerbRow rows[] = {
#define ZINIT_VERB(function, name, arguments, completes, options, help, more) \
  {name, arguments, completes, options, function, help, more},
#include "client/verbs.inc"
#undef ZINIT_VERB
  };
  return rows;
}

std::string option_of(const Key& key) {
  std::string option(key.name);
  std::ranges::replace(option, '_', '-');
  return option;
}

const VerbRow* find_verb(std::string_view name) noexcept {
  for (const VerbRow& verb : verbs())
    if (verb.name == name) return &verb;
  return nullptr;
}

std::vector<std::string_view> verbs_of_family(std::string_view family) {
  std::vector<std::string_view> words;
  for (const VerbRow& verb : verbs()) {
    const auto blank = verb.name.find(' ');
    if (blank != std::string_view::npos && verb.name.substr(0, blank) == family)
      words.push_back(verb.name.substr(blank + 1));
  }
  return words;
}

std::span<const OptionRow> global_options() noexcept { return kGlobalOptions; }

}  // namespace zinit
