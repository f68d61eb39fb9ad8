// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Where a thread was when a signal interrupted it, for a crash report.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace zinit {

/// Fills `sites` with addresses in this program: first the interrupted instruction, then values on
/// the thread's stack that look like return addresses, innermost first. Some may be left over from
/// calls that had returned. All addresses are relative to the program's beginning, as addr2line(1)
/// expects. `context` is the third argument of a signal handler (sigaction(2)).
/// @return  how many addresses there are
/// Async-signal-safe: an unwinder would take locks. Reads the stack by process_vm_readv(2), so a
/// bad pointer does no harm.
[[nodiscard]] std::size_t call_sites(const void* context, std::span<std::uint64_t> sites) noexcept;

}  // namespace zinit
