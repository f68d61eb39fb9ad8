// The commands that end a machine, by the names that people know: see power_command.hpp.
#include "client/power_command.hpp"

#include <algorithm>
#include <ctime>
#include <optional>

#include "base/format.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "client/arguments.hpp"
#include "client/context.hpp"
#include "client/words.hpp"
#include "zinit/client.hpp"

namespace zinit {

namespace {

constexpr std::int64_t kMinuteUs = 60'000'000;
// A year: a longer "+MINUTES" is a mistake, and its sum could not be told as a date.
constexpr long long kMostMinutes = 525600;

struct EndRow {
  MachineEnd end;
  std::string_view name;  // of the command
  std::string_view words;
};

constexpr EndRow kEnds[] = {
    {MachineEnd::poweroff, "poweroff", "power off"},
    {MachineEnd::reboot, "reboot", "restart"},
    {MachineEnd::halt, "halt", "halt"},
};

constexpr OptionRow kCommonOptions[] = {
    {"--socket", "PATH", "the server's socket"},
    {"--help", "", "this text"},
};
constexpr OptionRow kDirectOptions[] = {
    {"-f,--force", "", "at once, without stopping services and without a server"},
    {"-p,--poweroff", "", "power off, whatever the command's name"},
    {"--reboot", "", "restart, whatever the command's name"},
    {"--halt", "", "halt, whatever the command's name"},
};
constexpr OptionRow kShutdownOptions[] = {
    {"-h", "", "power off (default)"},
    {"-P,--poweroff", "", "power off"},
    {"-r,--reboot", "", "restart"},
    {"-H,--halt", "", "halt"},
    {"-c", "", "take back a shutdown whose time has not come"},
    {"-f,--force", "", "at once, without stopping services and without a server"},
};

std::vector<OptionRow> options_of(bool is_shutdown) {
  std::vector<OptionRow> options;
  const auto add = [&](std::span<const OptionRow> rows) {
    options.insert(options.end(), rows.begin(), rows.end());
  };
  is_shutdown ? add(kShutdownOptions) : add(kDirectOptions);
  add(kCommonOptions);
  return options;
}

std::string help_text(std::string_view name, bool is_shutdown) {
  std::string text =
      fmt::format("usage: {} [OPTIONS]{}\n\n", name, is_shutdown ? " TIME [MESSAGE...]" : "");
  if (is_shutdown) text += "TIME is now, +MINUTES or HH:MM.\n\n";
  for (const OptionRow& option : options_of(is_shutdown)) {
    std::string names(option.names);
    if (!option.value.empty()) names.append(" ").append(option.value);
    text += fmt::format("  {:<15} {}\n", names, option.help);
  }
  return text;
}

/// One of the commands at work.
class PowerCommand {
 public:
  PowerCommand(std::string_view name, Printer& printer, const Machine& machine)
      : name_(name), is_shutdown_(name == "shutdown"), printer_(printer), machine_(machine) {}

  int run(std::vector<std::string> words) {
    const bool is_shutdown = is_shutdown_;
    auto parsed =
        parse_arguments({options_of(is_shutdown), 0, is_shutdown ? -1 : 0, ""}, std::move(words));
    if (!parsed) return fail(ExitStatus::usage, parsed.error().text);
    arguments_ = std::move(*parsed);
    if (arguments_.has("help")) {
      printer_.out(help_text(name_, is_shutdown));
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
    printer_.err(fmt::format("{}: {}\n", name_, why));
    return status;
  }

  static std::string hint_for(const ClientError& error) {
    return error.code() == ErrorCode::no_server ? "; -f does it without a server" : "";
  }

  [[nodiscard]] const EndRow& end() const {
    for (const EndRow& row : kEnds)
      if (arguments_.has(row.name)) return row;
    for (const EndRow& row : kEnds)
      if (row.name == name_) return row;
    return kEnds[0];
  }

  [[nodiscard]] Client connect() const {
    return Client::connect(arguments_.has("socket") ? arguments_.value("socket")
                                                    : Client::default_socket());
  }

  int cancel() {
    const bool cancelled = connect().cancel_shutdown();
    printer_.out(cancelled ? "the shutdown is cancelled\n" : "no shutdown was planned\n");
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
        return fail(ExitStatus::usage, "a time is missing: now, +MINUTES or HH:MM");
      const auto time = shutdown_time(arguments_.rest.front(), machine_.now_us);
      if (!time) return fail(ExitStatus::usage, time.error().text);
      if (*time > machine_.now_us) at_us = *time;
      message = join(std::span(arguments_.rest).subspan(1), " ");
    }
    Client client = connect();
    switch (end().end) {
      case MachineEnd::poweroff: client.poweroff(at_us, message); break;
      case MachineEnd::reboot: client.reboot(at_us, message); break;
      case MachineEnd::halt: client.halt(at_us, message); break;
    }
    printer_.out(at_us ? fmt::format("{} at {}; `shutdown -c` takes it back\n", end().words,
                                     date_time(*at_us))
                       : fmt::format("{} has begun\n", end().words));
    return ExitStatus::done;
  }

  std::string_view name_;
  bool is_shutdown_;
  Printer& printer_;
  const Machine& machine_;
  Arguments arguments_;
};

/// "HH:MM" as minutes since midnight.
std::optional<int> minutes_of_day(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto hours = parse_integer(text.substr(0, colon));
  const auto minutes = parse_integer(text.substr(colon + 1));
  if (!hours || !minutes || text.size() - colon != 3) return std::nullopt;
  if (*hours < 0 || *hours > 23 || *minutes < 0 || *minutes > 59) return std::nullopt;
  return static_cast<int>(*hours * 60 + *minutes);
}

/// The next time that the local clock shows so many minutes since midnight.
std::int64_t next_time_of_day(int minutes, std::int64_t now_us) {
  std::time_t now = static_cast<std::time_t>(now_us / 1'000'000);
  std::tm time{};
  ::localtime_r(&now, &time);
  time.tm_hour = minutes / 60;
  time.tm_min = minutes % 60;
  time.tm_sec = 0;
  time.tm_isdst = -1;
  std::time_t at = ::mktime(&time);
  if (at <= now) {
    ++time.tm_mday;  // mktime(3) makes a date of it, summer time included
    time.tm_isdst = -1;
    at = ::mktime(&time);
  }
  return static_cast<std::int64_t>(at) * 1'000'000;
}

}  // namespace

Result<std::int64_t> shutdown_time(std::string_view text, std::int64_t now_us) {
  if (text == "now") return now_us;
  if (text.starts_with('+')) {
    const auto minutes = parse_integer(text.substr(1));
    if (minutes && *minutes >= 0 && *minutes <= kMostMinutes) return now_us + *minutes * kMinuteUs;
  } else if (const auto minutes = minutes_of_day(text)) {
    return next_time_of_day(*minutes, now_us);
  }
  return failure(fmt::format("{} is no time: now, +MINUTES or HH:MM", printable(text)));
}

int power_command(std::string_view name, std::vector<std::string> words, Printer& printer,
                  const Machine& machine) {
  const int status = PowerCommand(name, printer, machine).run(std::move(words));
  (void)printer.flush();  // the machine ends whether or not somebody reads that it does
  return status;
}

}  // namespace zinit
