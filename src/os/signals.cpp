// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Blocks signals, and reads them from a descriptor. See signals.hpp.
#include "os/signals.hpp"

#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <ctime>

namespace zinit {

namespace {

static_assert(kSignalSetBytes <= sizeof(std::uint64_t), "a bit for each signal");
constexpr int kFirstRealTime = 32;  // of the kernel; SIGRTMIN is the first that libc leaves
std::atomic<std::uint64_t> to_reset = ~std::uint64_t{0};

/// Whether the kernel has the default action for `signal`. The first real-time signals count as
/// changed, because libc installs handlers for them later.
bool at_default(int signal) noexcept {
  if (signal >= kFirstRealTime && signal < SIGRTMIN) return false;
  std::uint64_t action[8] = {};  // the kernel's struct sigaction: the handler is its first word
  const bool known = ::syscall(SYS_rt_sigaction, signal, nullptr, action, kSignalSetBytes) == 0;
  return known && action[0] == 0;
}

}  // namespace

sigset_t signal_set(std::span<const int> signals) noexcept {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : signals) sigaddset(&set, signal);
  return set;
}

sigset_t all_but_faults() noexcept {
  sigset_t set;
  sigfillset(&set);
  for (const int fault : kFaults) sigdelset(&set, fault);
  return set;
}

void block_faults(bool block) noexcept {
  const sigset_t faults = signal_set(kFaults);
  pthread_sigmask(block ? SIG_BLOCK : SIG_UNBLOCK, &faults, nullptr);
}

Result<void> block_signals() {
  const sigset_t set = all_but_faults();
  if (const int errnum = pthread_sigmask(SIG_BLOCK, &set, nullptr); errnum != 0)
    return sys_failure("block", "signals", errnum);
  return {};
}

void keep_dispositions() noexcept {
  std::uint64_t changed = 0;
  for (int signal = 1; signal < _NSIG; ++signal)
    if (!at_default(signal)) changed |= std::uint64_t{1} << (signal - 1);
  to_reset = changed;
}

std::uint64_t signals_to_reset() noexcept { return to_reset; }

Result<UniqueFd> open_signals(std::span<const int> signals) {
  const sigset_t set = signal_set(signals);
  UniqueFd fd(::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!fd) return sys_failure("open", "a descriptor for signals");
  return fd;
}

std::optional<PendingSignal> next_signal(int fd) noexcept {
  signalfd_siginfo info;
  ssize_t got;
  do got = ::read(fd, &info, sizeof info);
  while (got < 0 && errno == EINTR);
  if (got != static_cast<ssize_t>(sizeof info)) return std::nullopt;
  return PendingSignal{static_cast<int>(info.ssi_signo), static_cast<pid_t>(info.ssi_pid),
                       info.ssi_uid, info.ssi_code <= SI_USER};
}

void wait_for_child(TimePoint deadline) noexcept {
  const auto left = ms_between(Clock::now(), deadline);
  const timespec limit{left / 1000, left % 1000 * 1'000'000};
  const sigset_t child = signal_set(std::array{SIGCHLD});
  // The result does not matter: the caller checks again.
  if (::sigtimedwait(&child, nullptr, &limit) < 0) return;
}

}  // namespace zinit
