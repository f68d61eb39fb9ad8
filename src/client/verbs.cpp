// The table of verbs: see verbs.hpp. In the order in which --help shows them.
#include "client/verbs.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace zinit {

namespace {

constexpr OptionRow kGlobalOptions[] = {
    {"--socket", "PATH", "the server's socket; default: $ZINIT_SOCKET, or built in"},
    {"--json", "", "the result as one JSON document on standard output"},
    {"--no-color", "", "no colours, as with $NO_COLOR"},
    {"--timeout", "SECONDS", "give up after so long, with exit status 6"},
    {"-h,--help", "", "what there is, or what one verb does"},
    {"-V,--version", "", "the version of this program"},
};

constexpr OptionRow kListOptions[] = {
    {"--state", "STATE", "only those in this state; may be given several times"},
    {"--class", "CLASS", "only those of class user or system"},
};
constexpr OptionRow kSettleOptions[] = {
    {"--no-wait", "", "ask for it and return at once"},
};
constexpr OptionRow kKillOptions[] = {
    {"--main", "", "signal the main process alone, not its group"},
};
constexpr OptionRow kReloadOptions[] = {
    {"--dry-run", "", "only say what would change"},
};
constexpr OptionRow kAddOptions[] = {
    {"--persist", "", "write its file too"},
};
constexpr OptionRow kRemoveOptions[] = {
    {"--persist", "", "remove its file too; a vendor's is masked"},
    {"--cascade", "", "stop what requires it, and remove those dependencies"},
};
constexpr OptionRow kEnableOptions[] = {
    {"--now", "", "start or stop it now as well"},
    {"--root", "DIR", "in the system below DIR, without a server"},
};
constexpr OptionRow kMaskOptions[] = {
    {"--root", "DIR", "in the system below DIR, without a server"},
};
constexpr OptionRow kEditOptions[] = {
    {"--drop-in", "", "edit a drop-in that is laid over the file"},
    {"--root", "DIR", "in the system below DIR, without a server"},
};
constexpr OptionRow kLogsOptions[] = {
    {"--all", "", "of all services, of zinit and of syslog"},
    {"-n,--lines", "N", "the last N lines, or all; default: 100, with --since all"},
    {"-f,--follow", "", "go on with lines as they come"},
    {"--since", "TIME", "only lines since: 90s, 10m, 2h, 1d (ago), HH:MM[:SS] or RFC 3339"},
    {"--grep", "REGEX", "only lines that match (POSIX extended)"},
    {"--stream", "STREAM", "only those of stdout, stderr, zinit or syslog"},
    {"-t,--time", "", "show when each line came"},
};
constexpr OptionRow kTreeOptions[] = {
    {"--reverse", "", "show what depends on it instead"},
};
constexpr OptionRow kWaitOptions[] = {
    {"--for", "STATE", "running (default), exited, failed or stopped"},
};
constexpr OptionRow kEventsOptions[] = {
    {"-f,--follow", "", "go on as they happen, until interrupted"},
};

using enum Completes;
constexpr std::span<const OptionRow> kNoOptions;

// clang-format off
constexpr VerbRow kVerbs[] = {
    {"list", "[PATTERN]", services, kListOptions, run_list,
     "show services and targets",
     "PATTERN is a shell pattern for names, such as 'web-*'."},
    {"status", "NAME", services, kNoOptions, run_status,
     "show everything about one service",
     "Exits 0 if it is running, or a oneshot that is done; else 3."},
    {"start", "NAME...", services, kSettleOptions, run_start,
     "start, and wait until it is settled",
     "What it requires and wants is started with it. Exits 1 where one came to something\n"
     "else than running, or a oneshot's success. Interrupting the wait leaves the start going."},
    {"stop", "NAME...", services, kSettleOptions, run_stop,
     "stop, and wait until it is down",
     "What requires it is stopped first."},
    {"restart", "NAME...", services, kSettleOptions, run_restart,
     "stop and start again, and wait until it is settled",
     "What requires it is stopped too, and started again."},
    {"kill", "NAME [SIGNAL]", services, kKillOptions, run_kill,
     "send a signal to its process group",
     "SIGNAL is a name with or without SIG, or a number; default: SIGTERM."},
    {"logs", "[NAME...]", services, kLogsOptions, run_logs,
     "show the last lines of output",
     "Those of several services are merged. The log named zinit is the server's own, and the one\n"
     "named syslog has what came to /dev/log and is no service's."},
    {"why", "NAME", services, kNoOptions, run_why,
     "say why it is blocked or failed, down to the root cause",
     ""},
    {"tree", "[NAME]", services, kTreeOptions, run_tree,
     "show what depends on what",
     "A service that was shown before is marked with (*) and not opened again."},
    {"reload", "[NAME]", services, kReloadOptions, run_reload,
     "read the service files again and apply what changed",
     "Changed services that run are restarted, removed ones are stopped. A file with faults\n"
     "changes nothing, and exit status 1 tells of it. With NAME no file is read: that service\n"
     "reloads itself, by its reload_exec or reload_signal."},
    {"add-service", "FILE", files, kAddOptions, run_add_service,
     "add or replace a service, and start it",
     "At runtime only, unless --persist is given. FILE is a service file; -: standard input."},
    {"remove-service", "NAME", services, kRemoveOptions, run_remove_service,
     "stop and remove a service",
     "At runtime only, unless --persist is given: a reload finds its file again."},
    {"start-all", "", nothing, kNoOptions, run_start_all,
     "start all services of class user",
     "And wait until they are settled; not those with status \"ignore\"."},
    {"stop-all", "", nothing, kNoOptions, run_stop_all,
     "stop all services of class user",
     "And wait until they are down. Not those that a service of class system requires."},
    {"delete-all", "", nothing, kNoOptions, run_delete_all,
     "stop and remove all services of class user",
     "At runtime only. Those that a service of class system requires stay."},
    {"isolate", "TARGET", services, kNoOptions, run_isolate,
     "start a target, and stop every other service",
     "Services of class system, and what they stand on, are left alone."},
    {"check", "[PATH...]", files, kNoOptions, run_check,
     "look for faults in service files, without a server",
     "PATH is a file or a directory; default: those that a server would read.\n"
     "Exits 1 if there is an error."},
    {"enable", "NAME", services, kEnableOptions, run_enable,
     "have it started from the next boot on",
     "Writes status = \"start\" to a drop-in, 90-zinitctl.toml, in /etc/zinit."},
    {"disable", "NAME", services, kEnableOptions, run_disable,
     "have it not started from the next boot on",
     "Writes status = \"stop\" to a drop-in, 90-zinitctl.toml, in /etc/zinit."},
    {"mask", "NAME", services, kMaskOptions, run_mask,
     "have a vendor's service not exist for zinit",
     "Puts a link to /dev/null in its place in /etc/zinit, which a reload applies."},
    {"unmask", "NAME", nothing, kMaskOptions, run_unmask,
     "take that back",
     ""},
    {"edit", "NAME", services, kEditOptions, run_edit,
     "edit its file, check it, put it in place and reload",
     "$EDITOR is given a copy; one with a fault is refused. A vendor's file stays as it is:\n"
     "the result is put in its place in /etc/zinit."},
    {"wait", "NAME...", services, kWaitOptions, run_wait,
     "wait until all of them are in a state",
     "stopped: no process and none coming."},
    {"is-running", "NAME", services, kNoOptions, run_is_running,
     "exit with 0 if it is running, else with 3",
     "A oneshot that is done counts as running."},
    {"events", "[NAME...]", services, kEventsOptions, run_events,
     "show the last 100 changes of state",
     "One line each; with --json one JSON object a line."},
    {"ping", "", nothing, kNoOptions, run_ping,
     "show version and pid of the server",
     ""},
    {"shutdown", "", nothing, kNoOptions, run_shutdown,
     "stop all services and end the server",
     "As PID 1 of a machine the server powers it off then."},
    {"poweroff", "", nothing, kNoOptions, run_poweroff,
     "stop all services and power off",
     "Only where the server is PID 1 of a machine."},
    {"reboot", "", nothing, kNoOptions, run_reboot,
     "stop all services and restart the machine",
     "Only where the server is PID 1 of a machine."},
    {"halt", "", nothing, kNoOptions, run_halt,
     "stop all services and halt the machine",
     "Only where the server is PID 1 of a machine."},
    {"debug-state", "", nothing, kNoOptions, run_debug_state,
     "show all that the server knows, as JSON",
     ""},
};
// clang-format on

}  // namespace

int VerbRow::least() const noexcept {
  // Those in brackets come last.
  const std::string_view needed = arguments.substr(0, arguments.find('['));
  return static_cast<int>(std::ranges::count_if(
      split(needed, ' '), [](std::string_view word) { return !word.empty(); }));
}

int VerbRow::most() const noexcept {
  if (arguments.empty()) return 0;
  if (arguments.find("...") != std::string_view::npos) return -1;
  return 1 + static_cast<int>(std::ranges::count(arguments, ' '));
}

std::span<const VerbRow> verbs() noexcept { return kVerbs; }

const VerbRow* find_verb(std::string_view name) noexcept {
  for (const VerbRow& verb : kVerbs)
    if (verb.name == name) return &verb;
  return nullptr;
}

std::span<const OptionRow> global_options() noexcept { return kGlobalOptions; }

}  // namespace zinit
