// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The kernel does not allow more processes: spawns wait, and succeed when there is room.
#include "base/format.hpp"
#include "vm/machine.hpp"

namespace zinit::vm::shortage {
namespace {

constexpr const char* kWanting = "Resource temporarily unavailable";

/// Services and their files for both steps.
std::vector<File> services() {
  std::vector<File> files{
      // takes all available processes for some time
      service("hog",
              "[service]\nstatus = \"stop\"\n"
              "exec = \"( while :; do sleep 100000 & done ); : >/tmp/full; exec sleep 12\"\n"),
      service("late",
              "[service]\nstatus = \"stop\"\noneshot = true\n"
              "exec = \"until [ -e /tmp/full ]; do read -t 1 x <>/tmp/wait; done; :\"\n"),
      service("inner",
              "[service]\nstatus = \"stop\"\nexec = \"zinit server --config-dir /etc/inner "
              "--socket /run/inner.sock\"\n[resources]\npids_max = 30\n")};
  for (int i = 0; i < 60; ++i)
    files.push_back(service(fmt::format("v{}", i),
                            "[service]\nstatus = \"stop\"\nexec = \"sleep 100000\"\n"
                            "[dependencies]\nrequires = [\"late\"]\n"));
  for (int i = 0; i < 40; ++i)
    files.push_back({fmt::format("/etc/inner/s{}.toml", i),
                     "[service]\nexec = \"sleep 100000\"\n[lifecycle]\nrestart_delay_ms = 100\n"});
  return files;
}

/// The limit is a little above the running processes; all services are started; it is lifted.
void check_threads_max(Machine& machine) {
  // At the limit the shell cannot run anything either, so it waits without a process. Processes
  // that end in this time, kernel threads too, make room for fewer services than there are.
  machine.shell().output_of(
      "mkfifo /tmp/wait; exec 9<>/tmp/wait; most=$(cat /proc/sys/kernel/threads-max);"
      "echo $(($(ls -d /proc/[0-9]*/task/[0-9]* | wc -l) + 30)) >/proc/sys/kernel/threads-max;"
      "zinitctl start --no-wait hog 'v*';"
      "until [ -e /tmp/full ]; do read -t 1 x <&9; done; read -t 14 x <&9;"
      "echo $most >/proc/sys/kernel/threads-max");
  machine.shell().repeat_until("zinitctl --json status hog", "\"state\":\"exited\"");
  CHECK(machine.zinitctl("logs zinit -n all").find(kWanting) != std::string::npos);
  machine.zinitctl("wait 'v*' --for running --timeout 60");
}

void check_pids_max(Machine& machine) {
  machine.zinitctl("start inner");
  const std::string ctl = "zinitctl --socket /run/inner.sock ";
  machine.shell().repeat_until(ctl + "logs zinit -n all", kWanting);
  machine.shell().output_of(
      "echo max >$(find /sys/fs/cgroup/zinit/inner.service -maxdepth 1 -name pids.max)");
  machine.shell().output_of(ctl + "wait 's*' --for running --timeout 60");
}

SCENARIO("where the kernel makes no more processes, spawns wait, and succeed once there is room") {
  Machine machine(services());
  step("at the kernel's threads-max, which one service reaches and sixty more meanwhile",
       [&] { check_threads_max(machine); });
  step("a supervisor within a pids.max, which is lifted", [&] { check_pids_max(machine); });
}

}  // namespace
}  // namespace zinit::vm::shortage
