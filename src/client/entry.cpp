// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Entry points of the client's commands, with the standard streams and the real machine.
#include "client/entry.hpp"

#include <unistd.h>

#include "base/format.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "client/commands.hpp"
#include "client/context.hpp"

namespace zinit {

namespace {

/// Calls sync(2) first: the next boot repairs a file system that was not unmounted, but data that
/// was never written is lost.
Result<void> end_now(PowerAction action) {
  ::sync();
  return Failure(end_machine(action));
}

/// Calls `command` with the words after the program's name. Prints an exception, such as
/// std::bad_alloc, as an error.
template <class Command>
int guarded(std::string_view name, int argc, char** argv, Command command) {
  StandardPrinter printer;
  try {
    return command(std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc), printer);
  } catch (const std::exception& error) {
    printer.err(fmt::format("{}: {}\n", name, printable(error.what())));
    return ExitStatus::failed;
  }
}

}  // namespace

int run_zinitctl(int argc, char** argv) { return guarded("zinitctl", argc, argv, zinitctl); }

int run_power_command(std::string_view name, int argc, char** argv) {
  return guarded(name, argc, argv, [&](std::vector<std::string> words, Printer& printer) {
    return power_command(name, std::move(words), printer, {end_now, wall_us()});
  });
}

int run_telinit(int argc, char** argv) { return guarded("init", argc, argv, telinit); }

}  // namespace zinit
