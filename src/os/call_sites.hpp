// Where a thread was when a signal interrupted it, for the report of a crash.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace zinit {

/// Fills `sites` with addresses in this program: the instruction that the signal has interrupted,
/// then what look like return addresses on the thread's stack, innermost first. Some of these may
/// be left over from calls that had returned. All are relative to the program's beginning, as
/// addr2line(1) wants them. `context` is the third argument of a handler (sigaction(2)).
/// @return  how many there are
/// Async-signal-safe: an unwinder would take locks. Reads the stack by process_vm_readv(2), so a
/// pointer that leads nowhere does no harm.
[[nodiscard]] std::size_t call_sites(const void* context, std::span<std::uint64_t> sites) noexcept;

}  // namespace zinit
