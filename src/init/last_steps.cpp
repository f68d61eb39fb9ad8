// The last steps of a machine, each in a process that can be given up.
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/log.hpp"
#include "base/text.hpp"
#include "init/last_resort.hpp"
#include "init/last_steps.hpp"
#include "init/utmp.hpp"
#include "os/mount.hpp"
#include "os/power.hpp"
#include "os/signals.hpp"

namespace zinit {

namespace {

/// What may hang with a device or a server that is gone.
struct LastStep {
  std::string_view name;
  Milliseconds limit;  // long enough for slow disks, short enough for who waits beside the machine
  bool machine_wide;   // swap and file systems: a machine's, not a namespace's
  void (*run)();
};

void log_all(const std::vector<Error>& faults) {
  for (const Error& fault : faults) log_warn("{}", fault.text);
}

void write_login_records() {
  if (const auto written = record_shutdown(); !written) log_warn("{}", written.error().text);
}

constexpr std::array kSteps = {
    LastStep{"login records", Milliseconds{5000}, false, write_login_records},
    LastStep{"sync", Milliseconds{60000}, false, [] { ::sync(); }},
    LastStep{"swap off", Milliseconds{30000}, true, [] { log_all(swap_off_all()); }},
    LastStep{"unmount", Milliseconds{60000}, true, [] { log_all(unmount_all()); }},
};

/// The inode of the first PID namespace (the kernel's PROC_PID_INIT_INO). In another one zinit is
/// PID 1 of no machine, however it was started: swap and file systems are those of the machine
/// outside, and what is mounted for the namespace alone goes with it.
constexpr ino_t kFirstPidNamespace = 0xEFFFFFFC;

bool owns_machine() {
  struct stat status {};
  return ::stat("/proc/self/ns/pid", &status) < 0 || status.st_ino == kFirstPidNamespace;
}

/// Waits for the child `pid`, `limit` at the longest; other children, which end now, are reaped.
bool ends_within(pid_t pid, Milliseconds limit) {
  const TimePoint deadline = after(Clock::now(), limit);
  while (true) {
    const pid_t ended = ::waitpid(-1, nullptr, WNOHANG);
    if (ended == pid || (ended < 0 && errno == ECHILD)) return true;
    if (ended > 0) continue;
    if (ms_between(Clock::now(), deadline) == 0) return false;
    wait_for_child(deadline);
  }
}

void carry_out(const LastStep& step) {
  log_debug("{}", step.name);
  const pid_t pid = ::fork();
  if (pid == 0) {
    step.run();
    _exit(0);
  }
  if (pid < 0) {
    log_error("{}: {}", step.name, sys_failure("start", "a process for it").value().text);
  } else if (!ends_within(pid, step.limit)) {
    log_error("{}: not done within {}; going on without", step.name,
              duration_text(step.limit.count()));
  }
}

MachineAction action_of(ShutdownKind kind) {
  switch (kind) {
    case ShutdownKind::reboot: return MachineAction::restart;
    case ShutdownKind::halt: return MachineAction::halt;
    case ShutdownKind::power_off:
    case ShutdownKind::exit: break;
  }
  return MachineAction::power_off;
}

}  // namespace

void leave_machine(ShutdownKind kind) {
  const bool whole = owns_machine();
  for (const LastStep& step : kSteps)
    if (whole || !step.machine_wide) carry_out(step);
  log_info("{} now", shutdown_word(kind));
  const Error refused = end_machine(action_of(kind));
  stay_alive(refused.text.c_str());
}

}  // namespace zinit
