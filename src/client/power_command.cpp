// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The commands poweroff, reboot, halt and shutdown: see commands.hpp.
#include <algorithm>
#include <optional>

#include "base/format.hpp"
#include "base/text.hpp"
#include "client/arguments.hpp"
#include "client/commands.hpp"
#include "client/context.hpp"
#include "client/times.hpp"
#include "zinit/client.hpp"

namespace zinit {

namespace {

struct EndRow {
  PowerAction end;
  std::string_view name;  // the command's name
  std::string_view words;
};

constexpr EndRow kEnds[] = {
    {PowerAction::power_off, "poweroff", "power off"},
    {PowerAction::reboot, "reboot", "restart"},
    {PowerAction::halt, "halt", "halt"},
};

constexpr OptionRow kForce = {"-f,--force", "",
                              "at once, without stopping services and without a server"};
constexpr OptionRow kSocket = {"--socket", "PATH", "the server's socket"};
constexpr OptionRow kHelp = {"--help", "", "this text"};

constexpr OptionRow kDirectOptions[] = {
    kForce,
    {"-p,--poweroff", "", "power off, whatever the command's name"},
    {"--reboot", "", "restart, whatever the command's name"},
    {"--halt", "", "halt, whatever the command's name"},
    kSocket,
    kHelp,
};
constexpr OptionRow kShutdownOptions[] = {
    {"-h", "", "power off (default)"},
    {"-P,--poweroff", "", "power off"},
    {"-r,--reboot", "", "restart"},
    {"-H,--halt", "", "halt"},
    {"-c", "", "cancel a scheduled shutdown"},
    kForce,
    kSocket,
    kHelp,
};

std::span<const OptionRow> options_of(bool is_shutdown) {
  if (is_shutdown) return kShutdownOptions;
  return kDirectOptions;
}

std::string help_text(std::string_view name, bool is_shutdown) {
  std::string text =
      fmt::format("usage: {} [OPTIONS]{}\n\n", name, is_shutdown ? " TIME [MESSAGE...]" : "");
  if (is_shutdown) text += "TIME is now, +MINUTES, +DURATION (as +1h) or HH:MM.\n\n";
  for (const OptionRow& option : options_of(is_shutdown)) {
    std::string names(option.names);
    if (!option.value.empty()) names.append(" ").append(option.value);
    text += fmt::format("  {:<15} {}\n", names, option.help);
  }
  return text;
}

/// Carries out one of these commands.
class PowerCommand {
 public:
  PowerCommand(std::string_view name, Printer& printer, const Machine& machine)
      : name_(name), is_shutdown_(name == "shutdown"), printer_(printer), machine_(machine) {}

  int run(std::vector<std::string> words) {
    const auto options = options_of(is_shutdown_);
    auto parsed = parse_arguments({{options.begin(), options.end()}, 0, is_shutdown_ ? -1 : 0, ""},
                                  std::move(words));
    if (!parsed) return fail(ExitStatus::usage, parsed.error().text);
    arguments_ = std::move(*parsed);
    if (arguments_.has("help")) {
      printer_.out(help_text(name_, is_shutdown_));
      return ExitStatus::done;
    }
    try {
      if (arguments_.has("c")) return cancel();
      if (arguments_.has("force")) return force();
      return ask();
    } catch (const ClientError& error) {
      return fail(exit_status_of(error), error_words(error) + hint_for(error));
    }
  }

 private:
  int fail(int status, std::string_view why) {
    printer_.err(fmt::format("{}: {}\n", name_, printable(why)));
    return status;
  }

  // -f is no advice to a user who wants to keep the machine up.
  [[nodiscard]] std::string hint_for(const ClientError& error) const {
    return error.code() == ErrorCode::no_server && !arguments_.has("c")
               ? "; -f does it at once, without a server, and stops nothing first"
               : "";
  }

  [[nodiscard]] const EndRow& end() const {
    for (const EndRow& row : kEnds)
      if (arguments_.has(row.name)) return row;
    for (const EndRow& row : kEnds)
      if (row.name == name_) return row;
    return kEnds[0];
  }

  [[nodiscard]] Client connect() const { return connect_server(arguments_.value("socket"), true); }

  int cancel() {
    const bool cancelled = connect().cancel_shutdown();
    printer_.out(cancelled ? "the shutdown is cancelled\n" : "no shutdown is scheduled\n");
    return ExitStatus::done;
  }

  int force() {
    const auto ended = machine_.end_now(end().end);
    return ended ? int{ExitStatus::done} : fail(ExitStatus::failed, ended.error().text);
  }

  int ask() {
    std::optional<std::int64_t> at_us;
    std::string message;
    if (is_shutdown_) {
      if (arguments_.rest.empty())
        return fail(ExitStatus::usage, "give a time: now, +MINUTES, +DURATION or HH:MM");
      const auto time = shutdown_time(arguments_.rest.front(), machine_.now_us);
      if (!time) return fail(ExitStatus::usage, time.error().text);
      if (*time > machine_.now_us) at_us = *time;
      message = join(std::span(arguments_.rest).subspan(1), " ");
    }
    Client client = connect();
    const ShutdownTime at = wall_time(at_us);
    switch (end().end) {
      case PowerAction::shut_down: client.shutdown(at, message); break;
      case PowerAction::power_off:
        // A container has no power to switch off, but it can end.
        is_shutdown_ ? client.shutdown(at, message) : client.poweroff(at, message);
        break;
      case PowerAction::reboot: client.reboot(at, message); break;
      case PowerAction::halt: client.halt(at, message); break;
      case PowerAction::kexec: client.kexec(at, message); break;
      case PowerAction::switch_root: break;  // no command has this name
    }
    const bool power_off = end().end == PowerAction::power_off;
    const std::string_view what = is_shutdown_ && power_off ? "shutdown" : end().words;
    printer_.out(
        at_us ? fmt::format("{} at {}; cancel it with `shutdown -c`\n", what, date_time(*at_us))
              : fmt::format("{} has begun\n", what));
    return ExitStatus::done;
  }

  std::string_view name_;
  bool is_shutdown_;
  Printer& printer_;
  const Machine& machine_;
  Arguments arguments_;
};

}  // namespace

int complete_power(std::vector<std::string> words, Printer& printer) {
  (void)split_options(words);
  words.resize(std::max<std::size_t>(words.size(), 2));
  const bool is_shutdown = words[0] == "shutdown";
  const std::string& current = words.back();
  const auto add = [&](std::string_view word, std::string_view help) {
    if (word.starts_with(current)) printer.out(fmt::format("{}\t{}\n", word, help));
  };
  if (words[words.size() - 2] == kSocket.names) {
    printer.out(":files\n");
  } else if (current.starts_with('-')) {
    for (const OptionRow& option : options_of(is_shutdown))
      for (const std::string_view name : split(option.names, ',')) add(name, option.help);
  } else if (is_shutdown) {
    add("now", "at once");
    add("+5", "in five minutes");
  }
  (void)printer.flush();  // if the shell has gone, nobody needs the output
  return ExitStatus::done;
}

int power_command(std::string_view name, std::vector<std::string> words, Printer& printer,
                  const Machine& machine) {
  const int status = PowerCommand(name, printer, machine).run(std::move(words));
  (void)printer.flush();  // the machine goes down even if the output cannot be written
  return status;
}

}  // namespace zinit
