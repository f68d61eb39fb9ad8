// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Kills all processes that remain after the services were stopped. Then takes the last steps of a
// machine, each in a process that can be given up.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include "base/fd.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "io/loop.hpp"
#include "machine/last_steps.hpp"
#include "machine/utmp.hpp"
#include "machine/watchdog.hpp"
#include "os/power.hpp"
#include "os/process.hpp"
#include "os/signal_as_owner.hpp"
#include "os/signals.hpp"
#include "os/unmount.hpp"
#include "reexec/last_resort.hpp"
#include "state/memory_file.hpp"

namespace zinit {

namespace {

constexpr Milliseconds kGrace{3000};  // between SIGTERM and SIGKILL
constexpr Milliseconds kScanAgain{50};
constexpr Milliseconds kForKill{2000};  // a process that outlasts this hangs in the kernel

constexpr Milliseconds kSignOfLife{250};

/// Waits for a child like wait_for_child(), but only briefly.
void wait_alive(TimePoint deadline, SignOfLife alive) {
  alive();
  wait_for_child(std::min(deadline, after(Clock::now(), kSignOfLife)));
}

bool any_child_left() {
  siginfo_t info{};
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 || errno != ECHILD;
}

/// The processes to kill.
class Rest {
 public:
  Rest(FunctionRef<bool()> reap_some, SignOfLife alive,
       FunctionRef<bool(const ProcessStat&)> spared)
      : reap_some_(reap_some), alive_(alive), spared_(spared) {}

  /// Reaps for at most `limit`. Returns whether no process is left.
  bool reap_until_none(Milliseconds limit) {
    const TimePoint deadline = after(Clock::now(), limit);
    while (true) {
      while (reap_some_() && Clock::now() < deadline) {}  // new ones may come as fast as others go
      if (spared_ ? chosen().empty() : !any_child_left()) return true;
      const TimePoint now = Clock::now();
      if (now >= deadline) return false;
      // The end of a process causes no SIGCHLD here if its parent is spared.
      wait_alive(spared_ ? std::min(deadline, after(now, kScanAgain)) : deadline, alive_);
    }
  }

  void signal(int number) {
    if (!spared_ && !signals_as_owner()) return signal_all(number);
    for (const pid_t pid : chosen())
      if (const auto sent = signal_process(-1, pid, number); !sent && sent.error().errnum != ESRCH)
        log_error("{}", sent.error().text);
  }

 private:
  static void signal_all(int number) {
    if (::kill(-1, number) < 0 && errno != ESRCH)
      log_error("{}", sys_failure("signal", "the remaining processes").value().text);
  }

  [[nodiscard]] std::vector<pid_t> chosen() const {
    std::vector<pid_t> pids;
    const auto processes = all_processes();
    if (!processes) log_error("{}; the remaining processes keep running", processes.error().text);
    for (const ProcessStat& process : processes ? *processes : std::vector<ProcessStat>())
      if (process.pid != ::getpid() && !process.kernel && !process.zombie() &&
          !(spared_ && spared_(process)))
        pids.push_back(process.pid);
    return pids;
  }

  FunctionRef<bool()> reap_some_;
  SignOfLife alive_;
  FunctionRef<bool(const ProcessStat&)> spared_;
};

/// A step that may hang on a device or on a server that is gone.
struct LastStep {
  std::string_view name;
  Milliseconds limit;  // enough for slow disks, bearable for a waiting user
  bool machine_wide;   // not in a pid namespace: the machine owns swap and file systems
  std::function<void()> run;
};

void log_all(const std::vector<Error>& faults) {
  for (const Error& fault : faults) log_warn("{}", fault.text);
}

void write_login_records() {
  if (const auto written = record_shutdown(); !written) log_warn("{}", written.error().text);
}

// By then everything is written, except on devices that do not answer.
constexpr Milliseconds kForUnmount{20'000};

const std::array kSteps = {
    LastStep{"login records", Milliseconds{5000}, false, write_login_records},
    LastStep{"sync", Milliseconds{600'000}, false, [] { log_all(sync_all()); }},
    LastStep{"swap off", Milliseconds{30000}, true, [] { log_all(swap_off_all()); }},
    LastStep{"unmount", kForUnmount + 2 * kAfterGivingUp, true,
             [] { log_all(unmount_all(after(Clock::now(), kForUnmount))); }},
};

/// Waits at most `limit` for the child `pid`; reaps other children that end during the wait.
bool ends_within(pid_t pid, Milliseconds limit, SignOfLife alive) {
  const TimePoint deadline = after(Clock::now(), limit);
  while (true) {
    const pid_t ended = ::waitpid(-1, nullptr, WNOHANG);
    if (ended == pid || (ended < 0 && errno == ECHILD)) return true;
    if (ended > 0) continue;
    if (ms_between(Clock::now(), deadline) == 0) return false;
    wait_alive(deadline, alive);
  }
}

void carry_out(const LastStep& step, SignOfLife alive) {
  log_debug("{}", step.name);
  const pid_t pid = ::fork();
  if (pid == 0) {
    catch_all(step.name, step.run);
    _exit(0);
  }
  if (pid < 0) {
    log_error("{}: {}", step.name, sys_failure("start", "a process for it").value().text);
  } else if (!ends_within(pid, step.limit, alive)) {
    log_error("{}: not done within {}; continuing without it", step.name,
              duration_text(step.limit.count()));
  }
}

/// Takes the steps in this process image.
[[noreturn]] void take_last_steps(PowerAction action, int watchdog) {
  const auto alive = [watchdog] { (void)feed_watchdog(watchdog); };
  const bool whole = in_first_pid_namespace();
  for (const LastStep& step : kSteps)
    if (whole || !step.machine_wide) carry_out(step, alive);
  log_info("{} now", power_action_text(action));
  alive();
  const Error refused = end_machine(action);
  stay_alive(refused.text.c_str());
}

constexpr const char* kOwnFile = "/proc/self/exe";

/// Reads the attributes of a program without a question to a file server.
struct statx look_at(int directory, const char* path) {
  struct statx status {};
  if (::statx(directory, path, AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_NLINK | STATX_SIZE,
              &status) < 0)
    status.stx_mask = 0;
  return status;
}

bool own_file_is_deleted() {
  const struct statx own = look_at(AT_FDCWD, kOwnFile);
  return (own.stx_mask & STATX_NLINK) != 0 && own.stx_nlink == 0;
}

/// Executes a copy of this program in memory. @return  why that failed
Error go_on_in_memory(PowerAction action, int watchdog) {
  const auto copy = make_memory_file("zinit", true);
  if (!copy) return copy.error();
  // A child copies the file, because the disk of the file may hang.
  const std::size_t size = look_at(AT_FDCWD, kOwnFile).stx_size;
  const auto copy_it = [&copy, size] {
    const auto program = read_file(kOwnFile, size);
    if (program) (void)write_all(copy->get(), *program, "zinit");
  };
  carry_out({"copy of zinit in memory", Milliseconds{10'000}, false, copy_it},
            [watchdog] { (void)feed_watchdog(watchdog); });
  // The kernel would execute a truncated program.
  if (look_at(copy->get(), "").stx_size != size)
    return Error{"a copy of zinit in memory could not be made", ENOMEM};
  if (watchdog >= 0) ::fcntl(watchdog, F_SETFD, 0);
  std::string words[] = {std::string(kLastStepsName), std::to_string(static_cast<int>(action)),
                         std::to_string(watchdog)};
  char* arguments[] = {words[0].data(), words[1].data(), words[2].data(), nullptr};
  ::syscall(SYS_execveat, copy->get(), "", arguments, environ, AT_EMPTY_PATH);
  return sys_failure("execute", "a copy of zinit in memory").value();
}

}  // namespace

void kill_the_rest(FunctionRef<bool()> reap_some, SignOfLife alive,
                   FunctionRef<bool(const ProcessStat&)> spared) {
  Rest rest(reap_some, alive, spared);
  if (rest.reap_until_none(Milliseconds{0})) return;
  const std::string_view which =
      spared ? "all processes that do not survive" : "all processes that are left";
  log_info("SIGTERM to {}", which);
  rest.signal(SIGTERM);
  rest.signal(SIGCONT);  // a stopped process handles only SIGKILL
  if (rest.reap_until_none(kGrace)) return;
  log_warn("SIGKILL to {}", which);
  rest.signal(SIGKILL);
  if (!rest.reap_until_none(kForKill)) log_error("some processes cannot be killed");
}

void leave_machine(PowerAction action, int watchdog, bool threads_hang) {
  if (in_first_pid_namespace() && own_file_is_deleted()) {
    const Error fault = threads_hang
                            ? Error{"a thread hangs; zinit stays in its deleted file", EBUSY}
                            : go_on_in_memory(action, watchdog);
    log_warn("{}", fault.text);
  }
  take_last_steps(action, watchdog);
}

int run_last_steps(int argc, char** argv) {
  const auto number = [&](int at) { return at < argc ? parse_integer(argv[at]).value_or(-1) : -1; };
  if (auto log = open_fd("/dev/kmsg", O_WRONLY | O_NOCTTY))
    set_log_descriptor(log->release(), true);
  survive_faults("/dev/console");
  const auto action = number(1);
  const bool known = action >= 0 && action <= static_cast<int>(PowerAction::kexec);
  take_last_steps(known ? static_cast<PowerAction>(action) : PowerAction::power_off,
                  static_cast<int>(number(2)));
}

}  // namespace zinit
