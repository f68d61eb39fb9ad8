// The end of every process that no service is responsible for.
#include <sys/wait.h>

#include <cerrno>
#include <csignal>

#include "base/log.hpp"
#include "init/last_steps.hpp"
#include "os/signals.hpp"

namespace zinit {

namespace {

constexpr Milliseconds kGrace{3000};    // between SIGTERM and SIGKILL
constexpr Milliseconds kForKill{2000};  // what SIGKILL does not end by then hangs in the kernel

bool any_child_left() {
  siginfo_t info{};
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 || errno != ECHILD;
}

/// Whether no child was left before `limit` had passed.
bool reap_until_none(const std::function<bool()>& reap_some, Milliseconds limit) {
  const TimePoint deadline = after(Clock::now(), limit);
  while (true) {
    while (reap_some()) {}
    if (!any_child_left()) return true;
    if (Clock::now() >= deadline) return false;
    wait_for_child(deadline);
  }
}

void signal_all(int signal) {
  if (::kill(-1, signal) < 0 && errno != ESRCH)
    log_error("{}", sys_failure("signal", "what is left").value().text);
}

}  // namespace

void kill_the_rest(const std::function<bool()>& reap_some) {
  while (reap_some()) {}
  if (!any_child_left()) return;
  log_info("SIGTERM to all processes that are left");
  signal_all(SIGTERM);
  signal_all(SIGCONT);  // a stopped process takes no signal but SIGKILL
  if (reap_until_none(reap_some, kGrace)) return;
  log_warn("SIGKILL to all processes that are left");
  signal_all(SIGKILL);
  if (!reap_until_none(reap_some, kForKill)) log_error("some processes cannot be killed");
}

}  // namespace zinit
