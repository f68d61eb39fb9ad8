// Signals to zinit itself: blocked everywhere, and read from a descriptor by the control loop.
#pragma once

#include <csignal>
#include <cstdint>
#include <optional>
#include <span>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace zinit {

/// As rt_sigaction(2) and its like have a set: 64 signals in one word, but on MIPS.
inline constexpr std::size_t kSignalSetBytes = (_NSIG - 1) / 8;

/// Every signal but the faults (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS): those
/// kill at once when they are blocked, handler or not.
[[nodiscard]] sigset_t all_but_faults() noexcept;

/// Blocks all_but_faults() in the calling thread and those it starts. Before the first thread.
[[nodiscard]] Result<void> block_signals();

/// Says that what the process does on signals stays as it is now. Until then every child of spawn()
/// sets all signals to their default, and afterwards those alone that are not at it. Before the
/// first thread. (sigaction(2))
void keep_dispositions() noexcept;

/// The signals that a child has to set to their default: a bit each, the lowest for signal 1.
[[nodiscard]] std::uint64_t signals_to_reset() noexcept;

/// A descriptor that becomes readable when one of `signals` is pending; they are blocked.
/// Non-blocking. (signalfd(2))
[[nodiscard]] Result<UniqueFd> open_signals(std::span<const int> signals);

/// The next signal of a descriptor made by open_signals(); nothing where none is left. Of those
/// that came more than once while nobody looked, one (signal(7)).
[[nodiscard]] std::optional<int> next_signal(int fd) noexcept;

/// Waits until a child has ended since the last wait, until `deadline` at the longest; may return
/// early for no reason. SIGCHLD is blocked, and nobody else takes it. (sigtimedwait(2))
void wait_for_child(TimePoint deadline) noexcept;

}  // namespace zinit
