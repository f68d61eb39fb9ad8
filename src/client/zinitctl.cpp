// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinitctl: finds and runs the verb of a command line, turns the outcome into an exit status, and
// prints the help from the table of verbs.
#include <algorithm>
#include <cerrno>
#include <exception>

#include "base/format.hpp"
#include "base/lists.hpp"
#include "base/text.hpp"
#include "client/commands.hpp"
#include "client/context.hpp"
#include "client/verbs.hpp"
#include "model/reason.hpp"

namespace zinit {

namespace {

// The width of the column with verbs and options, before their help.
constexpr std::size_t kVerbWidth = 21;

/// "-n, --lines N": short and long names in columns of their own.
std::string option_names(const OptionRow& option) {
  std::string names(option.names);
  if (const auto comma = names.find(','); comma != std::string::npos) {
    names.insert(comma + 1, " ");
  } else {
    names.insert(0, "    ");
  }
  if (!option.value.empty()) names.append(" ").append(option.value);
  return names;
}

/// "  -n, --lines N   the last N lines", one line for each.
std::string option_lines(std::span<const OptionRow> options) {
  std::size_t width = kVerbWidth;
  for (const OptionRow& option : options) width = std::max(width, option_names(option).size());
  std::string text;
  for (const OptionRow& option : options)
    text += fmt::format("  {:<{}} {}\n", option_names(option), width, option.help);
  return text;
}

/// A line for each verb, or for each verb of a family.
std::string verb_lines(std::string_view family) {
  std::string text;
  for (const VerbRow& verb : verbs()) {
    if (!verb.name.starts_with(family)) continue;
    std::string call(verb.name);
    if (!verb.arguments.empty()) call.append(" ").append(verb.arguments);
    text += fmt::format("  {:<{}} {}\n", call, kVerbWidth, verb.help);
  }
  return text;
}

/// The text of --help without a verb: all verbs and the global options.
std::string general_help() {
  std::string text =
      "Controls a running zinit; `zinit server` runs one, see zinit(8).\n\n"
      "usage: zinitctl [OPTIONS] VERB [ARGUMENTS]\n\n";
  text += verb_lines("");
  text += "\nOptions, before or after the verb:\n" + option_lines(global_options());
  text +=
      "\nIf a verb takes several names, NAME may be a shell pattern in quotes.\n"
      "Each verb has --help. Exit status: 0 done, 1 failed, 2 wrong usage,\n"
      "3 not running, 4 no such name, 5 no server, 6 timeout, 7 not permitted.\n";
  return text;
}

/// "usage: zinitctl start [OPTIONS] NAME..."
std::string usage_line(const VerbRow& verb) {
  std::string text = fmt::format("usage: zinitctl {} [OPTIONS]", verb.name);
  if (!verb.arguments.empty()) text.append(" ").append(verb.arguments);
  return text;
}

/// The text of --help with a verb: usage, what it does, its options.
std::string verb_help(const VerbRow& verb) {
  std::string text =
      fmt::format("{}\n\nzinitctl {}: {}.\n", usage_line(verb), verb.name, verb.help);
  if (!verb.more.empty()) text.append(verb.more).append("\n");
  if (!verb.options.empty()) text += "\nOptions:\n" + option_lines(verb.options);
  return text + "\nOptions of every verb:\n" + option_lines(global_options());
}

/// The text of --help with only the first word of a family of verbs.
std::string family_help(std::string_view family) {
  return fmt::format("usage: zinitctl {} VERB [OPTIONS] [ARGUMENTS]\n\n{}\nOptions:\n{}", family,
                     verb_lines(std::string(family) + " "), option_lines(global_options()));
}

int usage_error(Printer& printer, std::string_view what, std::string_view why,
                std::string_view usage) {
  printer.err(fmt::format("zinitctl: {}: {}\n{}\n", printable(what), printable(why), usage));
  return ExitStatus::usage;
}

constexpr std::string_view kSeeHelp = "`zinitctl --help` lists the verbs and options.";

/// Names that users of another init type, and their counterparts here.
struct OtherName {
  std::string_view name, here;
};
constexpr OtherName kOtherNames[] = {
    {"show", "`zinitctl status NAME`, or `--json status NAME`"},
    {"cat", "`zinitctl status NAME` shows the path of its file"},
    {"ps", "`zinitctl list`"},
    {"systemd-run", "`zinitctl run -- COMMAND`"},
    {"list-timers", "`zinitctl timers`"},
    {"reset-failed", "`zinitctl stop NAME`, or `zinitctl start NAME` to try again"},
    {"list-units", "`zinitctl list`"},
    {"list-dependencies", "`zinitctl tree NAME`"},
    {"is-active", "`zinitctl is-running NAME`"},
    {"daemon-reload",
     "`zinitctl reload`, which restarts what has changed; see `zinitctl reload "
     "--dry-run`"},
    {"daemon-reexec", "`zinitctl reexec`"},
    {"reload-or-restart", "`zinitctl reload NAME`, or `zinitctl restart NAME`"},
    {"journalctl", "`zinitctl logs NAME`"},
    {"log", "`zinitctl logs NAME`"},
    {"up", "`zinitctl start NAME`"},
    {"down", "`zinitctl stop NAME`"},
    {"delete", "`zinitctl remove-service NAME`"},
    {"server", "`zinit server`, a command of its own; `zinit server --help` lists its options"},
    {"monitor", "`zinitctl add-service FILE`"},
    {"forget", "`zinitctl remove-service NAME`"},
};

int unknown_verb(Printer& printer, const std::string& word) {
  for (const OtherName& other : kOtherNames)
    if (other.name == word)
      return usage_error(printer, word, fmt::format("unknown command; use {}", other.here),
                         kSeeHelp);
  std::vector<std::string_view> known;
  for (const VerbRow& verb : verbs()) known.push_back(verb.name);
  std::string why = word.empty() ? "empty command" : "unknown command";
  if (const auto near = nearest(word, known)) why += fmt::format("; did you mean {}?", *near);
  return usage_error(printer, printable(word), why, kSeeHelp);
}

// Verbs that change nothing, and print nothing before they have all their answers. They may be
// repeated when the connection is closed.
constexpr int (*kReading[])(VerbContext&) = {run_list,        run_status,     run_why,
                                             run_tree,        run_is_running, run_ping,
                                             run_debug_state, run_xinet_list, run_xinet_status};

/// Whether the server has executed itself again before it answered, so that nobody knows whether it
/// has carried out the request.
bool in_doubt(VerbContext& context, const ClientError& error) {
  try {
    if (error.code() != ErrorCode::disconnected || !context.server_goes_on()) return false;
    (void)context.client().ping();
    return true;
  } catch (const ClientError&) {
    return false;  // it was about to end
  }
}

/// Runs the verb. Turns its exceptions into a message and an exit status.
int run_verb(VerbContext& context) {
  const bool reads = contains(kReading, context.verb.run);
  try {
    if (!reads) return context.verb.run(context);
    return context.over_reexecutions([&] { return context.verb.run(context); });
  } catch (const VerbFailure& failed) {
    return context.fail(failed.status, failed.name, failed.why);
  } catch (const ClientError& error) {
    // An error of a verb with one name is about that name. Verbs with several names catch their own
    // errors.
    const bool one = context.verb.most() > 0 && !context.arguments.rest.empty();
    const std::string name = one ? context.arguments.rest.front() : context.current_name();
    if (reads || !in_doubt(context, error)) return context.fail(error, name);
    return context.fail(
        exit_status_of(error), name,
        error_words(error) +
            "; the server runs again; check whether this was done before you repeat it");
  } catch (const std::exception& error) {
    return context.fail(ExitStatus::failed, {}, error.what());
  }
}

/// The global options and those of a verb.
std::vector<OptionRow> options_with(std::span<const OptionRow> own) {
  std::vector<OptionRow> options(global_options().begin(), global_options().end());
  options.insert(options.end(), own.begin(), own.end());
  return options;
}

/// Prints the answer to --help, which is `help`, or to --version. False if neither option was
/// given.
bool print_help(const Arguments& arguments, std::string_view help, Printer& printer) {
  if (arguments.has("help")) {
    printer.out(help);
  } else if (arguments.has("version")) {
    printer.out("zinit " ZINIT_VERSION "\n");
  } else {
    return false;
  }
  return true;
}

/// A command line without a verb: --help, --version, or an error.
int without_verb(std::vector<std::string> words, Printer& printer) {
  const auto arguments = parse_arguments({options_with({}), 0, 0, ""}, std::move(words));
  if (!arguments) return usage_error(printer, "options", arguments.error().text, kSeeHelp);
  if (print_help(*arguments, general_help(), printer)) return ExitStatus::done;
  return usage_error(printer, "usage", "no command given", kSeeHelp);
}

int with_verb(const VerbRow& verb, std::vector<std::string> words, Printer& printer) {
  auto arguments = parse_arguments(
      {options_with(verb.options), verb.least(), verb.most(), verb.arguments}, std::move(words));
  if (!arguments) return usage_error(printer, verb.name, arguments.error().text, usage_line(verb));
  if (print_help(*arguments, verb_help(verb), printer)) return ExitStatus::done;
  const auto timeout = seconds_of(*arguments, "timeout");
  if (!timeout) return usage_error(printer, verb.name, timeout.error().text, usage_line(verb));
  if (arguments->has("no-color")) {
    Terminal terminal = printer.terminal();
    terminal.colours = false;
    printer.set_terminal(terminal);
  }
  VerbContext context(verb, std::move(*arguments), printer, *timeout);
  return run_verb(context);
}

/// The first word of a family of verbs without the second: --help, or an error.
int without_second_word(const std::string& family, std::vector<std::string> words,
                        Printer& printer) {
  const auto arguments = parse_arguments({options_with({}), 0, 0, ""}, std::move(words));
  if (!arguments) return usage_error(printer, family, arguments.error().text, kSeeHelp);
  if (print_help(*arguments, family_help(family), printer)) return ExitStatus::done;
  return usage_error(
      printer, family,
      fmt::format("no command given; there are {}", join(verbs_of_family(family), ", ")),
      "usage: zinitctl " + family + " VERB [OPTIONS] [ARGUMENTS]");
}

/// Turns "-9" and "-HUP", the forms of kill(1), into options with a value.
void take_signal_options(std::vector<std::string>& words) {
  for (std::string& word : words) {
    if (word == "--") return;
    const bool one_dash = word.size() > 1 && word[0] == '-' && word[1] != '-';
    if (one_dash && signal_number(word.substr(1)) != 0) word = "--signal=" + word.substr(1);
  }
}

/// Ends the options before the first word that is not one: what follows is for the script.
void end_options(std::vector<std::string>& words, const VerbRow& verb) {
  const std::vector<OptionRow> options = options_with(verb.options);
  for (std::size_t i = 0; i < words.size() && words[i] != "--"; ++i) {
    const auto option = std::ranges::find(options, words[i], &OptionRow::names);
    if (option != options.end() && !option->value.empty()) {
      ++i;  // its value
    } else if (words[i] == "-" || !words[i].starts_with('-')) {
      words.insert(words.begin() + static_cast<std::ptrdiff_t>(i), "--");
      return;
    }
  }
}

/// Runs the verb whose name begins with `words[at]`.
int run_named(std::vector<std::string> words, std::size_t at, Printer& printer) {
  const auto take = [&](std::size_t index) {
    std::string word = std::move(words[index]);
    words.erase(words.begin() + static_cast<std::ptrdiff_t>(index));
    return word;
  };
  std::string name = take(at);
  if (!verbs_of_family(name).empty()) {
    const std::size_t second = find_verb_word(words);
    if (second == words.size()) return without_second_word(name, std::move(words), printer);
    name += " " + take(second);
  }
  const VerbRow* verb = find_verb(name);
  if (name == "kill") take_signal_options(words);
  if (name == "script") end_options(words, *verb);
  return verb == nullptr ? unknown_verb(printer, name)
                         : with_verb(*verb, std::move(words), printer);
}

}  // namespace

int zinitctl(std::vector<std::string> words, Printer& printer) {
  if (!words.empty() && words.front() == kComplete)
    return complete({words.begin() + 1, words.end()}, printer);
  if (!words.empty() && words.front() == kCompletePower)
    return complete_power({words.begin() + 1, words.end()}, printer);
  std::size_t at = find_verb_word(words);
  if (at < words.size() && words[at] == "help") {
    words.erase(words.begin() + static_cast<std::ptrdiff_t>(at));
    words.emplace_back("--help");
    at = find_verb_word(words);
  }
  int status = 0;
  if (at == words.size()) {
    status = without_verb(std::move(words), printer);
  } else {
    status = run_named(std::move(words), at, printer);
  }
  if (auto written = printer.flush(); !written && written.error().errnum != EPIPE) {
    printer.err(fmt::format("zinitctl: {}\n", written.error().text));
    if (status == ExitStatus::done) status = ExitStatus::failed;
  }
  return status;
}

}  // namespace zinit
