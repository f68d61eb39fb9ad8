// zinitctl: from the command line to a verb, and from what happens there to an exit status.
#include "client/zinitctl.hpp"

#include <cerrno>
#include <cmath>
#include <cstdlib>

#include "base/format.hpp"
#include "base/text.hpp"
#include "client/context.hpp"
#include "client/entry.hpp"
#include "client/help.hpp"
#include "client/verbs.hpp"

namespace zinit {

namespace {

// A timeout beyond this (about 30 years) is as good as none, and milliseconds of it still fit
// anywhere.
constexpr double kLongestTimeout = 1e9;

int usage_error(Printer& printer, std::string_view what, std::string_view why,
                std::string_view usage) {
  printer.err(fmt::format("zinitctl: {}: {}\n{}\n", what, why, usage));
  return ExitStatus::usage;
}

constexpr std::string_view kSeeHelp = "`zinitctl --help` lists the verbs and options.";

int unknown_verb(Printer& printer, const std::string& word) {
  std::vector<std::string_view> known;
  for (const VerbRow& verb : verbs()) known.push_back(verb.name);
  std::string why = "no such verb";
  if (const auto near = nearest(word, known)) why += fmt::format("; did you mean {}?", *near);
  return usage_error(printer, printable(word), why, kSeeHelp);
}

/// --timeout in milliseconds; an error for what is no positive number of seconds.
Result<std::optional<Milliseconds>> timeout_of(const Arguments& arguments) {
  if (!arguments.has("timeout")) return std::nullopt;
  const std::string text = arguments.value("timeout");
  char* end = nullptr;
  const double seconds = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !std::isfinite(seconds) || seconds <= 0) {
    return failure(fmt::format("--timeout {}: not a number of seconds above 0", printable(text)));
  }
  return Milliseconds(
      static_cast<std::int64_t>(std::ceil(std::min(seconds, kLongestTimeout) * 1000)));
}

/// Runs the verb; whatever is thrown on the way becomes a message and a status.
int run_verb(VerbContext& context) {
  try {
    return context.verb.run(context);
  } catch (const VerbFailure& failed) {
    return context.fail(failed.status, failed.what, failed.why);
  } catch (const ClientError& error) {
    // Verbs of one name are about that name; others catch their errors themselves.
    const bool one = context.verb.most() == 1 && context.arguments.rest.size() == 1;
    return context.fail(error, one ? context.arguments.rest.front() : "");
  } catch (const std::exception& error) {
    return context.fail(ExitStatus::failed, context.verb.name, printable(error.what()));
  }
}

/// The global options with those of a verb.
std::vector<OptionRow> options_with(std::span<const OptionRow> own) {
  std::vector<OptionRow> options(global_options().begin(), global_options().end());
  options.insert(options.end(), own.begin(), own.end());
  return options;
}

/// No verb: --help, --version, or an error.
int without_verb(std::vector<std::string> words, Printer& printer) {
  const auto arguments = parse_arguments({options_with({}), 0, 0, ""}, std::move(words));
  if (!arguments) return usage_error(printer, "options", arguments.error().text, kSeeHelp);
  if (arguments->has("help")) {
    printer.out(general_help());
  } else if (arguments->has("version")) {
    printer.out("zinit " ZINIT_VERSION "\n");
  } else {
    return usage_error(printer, "usage", "a verb is missing", kSeeHelp);
  }
  return ExitStatus::done;
}

int with_verb(const VerbRow& verb, std::vector<std::string> words, Printer& printer) {
  auto arguments = parse_arguments(
      {options_with(verb.options), verb.least(), verb.most(), verb.arguments}, std::move(words));
  if (!arguments) return usage_error(printer, verb.name, arguments.error().text, usage_line(verb));
  if (arguments->has("help")) {
    printer.out(verb_help(verb));
    return ExitStatus::done;
  }
  if (arguments->has("version")) {
    printer.out("zinit " ZINIT_VERSION "\n");
    return ExitStatus::done;
  }
  const auto timeout = timeout_of(*arguments);
  if (!timeout) return usage_error(printer, verb.name, timeout.error().text, usage_line(verb));
  if (arguments->has("no-color")) {
    Terminal terminal = printer.terminal();
    terminal.colours = false;
    printer.set_terminal(terminal);
  }
  VerbContext context(verb, std::move(*arguments), printer, *timeout);
  return run_verb(context);
}

}  // namespace

int zinitctl(std::vector<std::string> words, Printer& printer) {
  const std::size_t at = find_verb_word(words);
  int status = 0;
  if (at == words.size()) {
    status = without_verb(std::move(words), printer);
  } else if (const VerbRow* verb = find_verb(words[at])) {
    words.erase(words.begin() + static_cast<std::ptrdiff_t>(at));
    status = with_verb(*verb, std::move(words), printer);
  } else {
    status = unknown_verb(printer, words[at]);
  }
  if (auto written = printer.flush(); !written && written.error().errnum != EPIPE) {
    printer.err(fmt::format("zinitctl: {}\n", written.error().text));
    if (status == ExitStatus::done) status = ExitStatus::failed;
  }
  return status;
}

int run_zinitctl(int argc, char** argv) {
  try {
    StandardPrinter printer;
    return zinitctl({argv + std::min(argc, 1), argv + argc}, printer);
  } catch (const std::exception& error) {  // no memory, for one
    StandardPrinter().err(fmt::format("zinitctl: {}\n", error.what()));
    return ExitStatus::failed;
  }
}

}  // namespace zinit
