// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Signals to zinit itself: blocked everywhere, and read from a descriptor by the control loop.
#pragma once

#include <array>
#include <csignal>
#include <cstdint>
#include <optional>
#include <span>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace zinit {

/// Size of the kernel's signal set, as in rt_sigaction(2): 64 bits, except on MIPS.
inline constexpr std::size_t kSignalSetBytes = (_NSIG - 1) / 8;

/// The faults that zinit recovers from (reexec/last_resort.hpp).
inline constexpr std::array kFaults{SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};

/// These signals as a set. Async-signal-safe.
[[nodiscard]] sigset_t signal_set(std::span<const int> signals) noexcept;

/// Every signal but kFaults: a blocked fault kills at once, even with a handler.
[[nodiscard]] sigset_t all_but_faults() noexcept;

/// Blocks kFaults in the calling thread, or unblocks them. Async-signal-safe. (pthread_sigmask(3))
void block_faults(bool block) noexcept;

/// Blocks all_but_faults() in the calling thread and threads it starts. Before the first thread.
[[nodiscard]] Result<void> block_signals();

/// Promises that the process's signal dispositions will not change any more. Before this call a
/// child of spawn() resets all signals to their default; afterwards only signals that differ from
/// it. Call before the first thread starts. (sigaction(2))
void keep_dispositions() noexcept;

/// The signals that a child must reset to their default: one bit each, the lowest for signal 1.
[[nodiscard]] std::uint64_t signals_to_reset() noexcept;

/// A descriptor that becomes readable when one of `signals` is pending. The caller has blocked
/// them. Non-blocking. (signalfd(2))
[[nodiscard]] Result<UniqueFd> open_signals(std::span<const int> signals);

struct PendingSignal {
  int number = 0;
  // Of the first signal, if it was sent several times; for SIGCHLD the child. 0 if the sender is
  // not in zinit's PID namespace.
  pid_t sender = 0;
  uid_t uid = 0;            // the sender's
  bool by_process = false;  // by kill(2) and the like, not by the kernel
};

/// The next signal of a descriptor from open_signals(); nothing if none is pending. A signal sent
/// several times meanwhile is returned once (signal(7)).
[[nodiscard]] std::optional<PendingSignal> next_signal(int fd) noexcept;

/// Waits for SIGCHLD until `deadline` at the latest. May return early. SIGCHLD must be blocked, and
/// no other thread may take it. (sigtimedwait(2))
void wait_for_child(TimePoint deadline) noexcept;

}  // namespace zinit
