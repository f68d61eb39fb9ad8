// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// `init 0`, `init 6`, ...: commands of SysV's telinit(8) for the init that is PID 1.
#include "base/fd.hpp"
#include "base/format.hpp"
#include "base/text.hpp"
#include "client/commands.hpp"
#include "client/context.hpp"
#include "zinit/client.hpp"

namespace zinit {

namespace {

struct Level {
  std::string_view word;
  void (*ask)(Client&);
};

void isolate_rescue(Client& client) { (void)client.isolate("rescue"); }

constexpr Level kLevels[] = {
    {"0", [](Client& client) { client.poweroff(); }},
    {"6", [](Client& client) { client.reboot(); }},
    {"1", isolate_rescue},
    {"S", isolate_rescue},
    {"s", isolate_rescue},
    {"q", [](Client& client) { (void)client.reload(); }},
    {"Q", [](Client& client) { (void)client.reload(); }},
};

/// The name of the program that runs as PID 1, from /proc.
std::string name_of_pid1() {
  const auto name = read_file("/proc/1/comm", 256);
  return name ? printable(trim(*name)) : "unknown";
}

int fail(Printer& printer, int status, std::string_view why) {
  printer.err(fmt::format("init: {}\n", printable(why)));
  return status;
}

int carry_out(const Level& level, Printer& printer) {
  try {
    Client client = connect_server({}, true);  // also for a user with a server
    level.ask(client);
    return ExitStatus::done;
  } catch (const ClientError& error) {
    return fail(printer, exit_status_of(error), error_words(error));
  }
}

}  // namespace

int telinit(const std::vector<std::string>& words, Printer& printer) {
  for (const Level& level : kLevels)
    if (words.size() == 1 && words.front() == level.word) return carry_out(level, printer);
  return fail(printer, ExitStatus::usage,
              fmt::format("PID 1 is another process ({}): as a command, init takes 0 (power off), "
                          "6 (reboot), 1 or S (target rescue), q (reload)",
                          name_of_pid1()));
}

}  // namespace zinit
