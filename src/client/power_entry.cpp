// main's way into the power commands and SysV's init: standard streams and the real machine.
#include <unistd.h>

#include "base/format.hpp"
#include "base/time.hpp"
#include "client/context.hpp"
#include "client/entry.hpp"
#include "client/power_command.hpp"
#include "os/power.hpp"

namespace zinit {

namespace {

MachineAction action_of(MachineEnd end) {
  switch (end) {
    case MachineEnd::poweroff: return MachineAction::power_off;
    case MachineEnd::reboot: return MachineAction::restart;
    case MachineEnd::halt: return MachineAction::halt;
  }
  return MachineAction::power_off;
}

/// What is dirty is written first: a file system that is cut off is repaired at the next boot, data
/// that was never written is not.
Result<void> end_now(MachineEnd end) {
  ::sync();
  return Failure(end_machine(action_of(end)));
}

/// `command` with what comes of the lack of memory told rather than thrown.
template <class Command>
int guarded(std::string_view name, Command command) {
  StandardPrinter printer;
  try {
    return command(printer);
  } catch (const std::exception& error) {
    printer.err(fmt::format("{}: {}\n", name, error.what()));
    return ExitStatus::failed;
  }
}

std::vector<std::string> words_after_name(int argc, char** argv) {
  return {argv + (argc > 0 ? 1 : 0), argv + argc};
}

}  // namespace

int run_power_command(std::string_view name, int argc, char** argv) {
  return guarded(name, [&](Printer& printer) {
    return power_command(name, words_after_name(argc, argv), printer, {end_now, wall_us()});
  });
}

int run_telinit(int argc, char** argv) {
  return guarded("init",
                 [&](Printer& printer) { return telinit(words_after_name(argc, argv), printer); });
}

}  // namespace zinit
