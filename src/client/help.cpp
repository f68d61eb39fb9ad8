// What --help prints: see help.hpp.
#include "client/help.hpp"

#include "base/format.hpp"

namespace zinit {

namespace {

/// "  -n, --lines N   the last N lines": short and long names in columns of their own.
std::string option_line(const OptionRow& option) {
  std::string names(option.names);
  if (const auto comma = names.find(','); comma != std::string::npos) {
    names.insert(comma + 1, " ");
  } else {
    names.insert(0, "    ");
  }
  if (!option.value.empty()) names.append(" ").append(option.value);
  return fmt::format("  {:<21} {}\n", names, option.help);
}

}  // namespace

std::string general_help() {
  std::string text =
      "Controls a running zinit; `zinit server` runs one, see zinit(8).\n\n"
      "usage: zinitctl [OPTIONS] VERB [ARGUMENTS]\n\n";
  for (const VerbRow& verb : verbs()) {
    std::string call(verb.name);
    if (!verb.arguments.empty()) call.append(" ").append(verb.arguments);
    text += fmt::format("  {:<21} {}\n", call, verb.help);
  }
  text += "\nOptions, before or after the verb:\n";
  for (const OptionRow& option : global_options()) text += option_line(option);
  text +=
      "\nNAME may be a shell pattern in quotes where a verb takes several.\n"
      "Each verb has --help. Exit status: 0 done, 1 failed, 2 wrong usage,\n"
      "3 not running, 4 no such service, 5 no server, 6 timeout, 7 not permitted.\n";
  return text;
}

std::string usage_line(const VerbRow& verb) {
  std::string text = fmt::format("usage: zinitctl {} [OPTIONS]", verb.name);
  if (!verb.arguments.empty()) text.append(" ").append(verb.arguments);
  return text;
}

std::string verb_help(const VerbRow& verb) {
  std::string text =
      fmt::format("{}\n\nzinitctl {}: {}.\n", usage_line(verb), verb.name, verb.help);
  if (!verb.more.empty()) text.append(verb.more).append("\n");
  if (!verb.options.empty()) text += "\nOptions:\n";
  for (const OptionRow& option : verb.options) text += option_line(option);
  text += "\nOptions of every verb:\n";
  for (const OptionRow& option : global_options()) text += option_line(option);
  return text;
}

}  // namespace zinit
