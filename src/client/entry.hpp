// What src/main.cpp calls for the names that belong to the client. Each returns the exit status of
// the process (control.md, "zinitctl") and prints whatever there is to say.
#pragma once

#include <string_view>

namespace zinit {

/// `zinitctl ...`, and `zinit VERB ...`: argv[0] is passed over, whatever it is.
[[nodiscard]] int run_zinitctl(int argc, char** argv);

/// `poweroff`, `reboot`, `halt`, `shutdown`: `name` is which, argv[0] is passed over.
[[nodiscard]] int run_power_command(std::string_view name, int argc, char** argv);

/// `init LEVEL` where init is not PID 1: the SysV habit. argv[0] is passed over.
[[nodiscard]] int run_telinit(int argc, char** argv);

}  // namespace zinit
