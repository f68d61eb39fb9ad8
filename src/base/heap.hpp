// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// What only some C libraries can do with their heap.
#pragma once

namespace zinit {

/// Gives free pages of the heap back to the kernel; musl cannot be asked to.
void trim_heap() noexcept;

}  // namespace zinit
