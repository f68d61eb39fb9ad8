// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Places where a build for tests can be made to crash, because zinit's notes and the facts may
// differ there. All modes except release have them (ZINIT_KILL_POINTS).
#pragma once

namespace zinit {

#ifdef ZINIT_KILL_POINTS
/// Crashes if ZINIT_KILL_AT is "NAME" or "NAME:N", when this process image comes here for the N-th
/// time and the file named by ZINIT_KILL_MARK does not exist. Creates that file before, so that
/// there is only one crash. Waits for the file named by ZINIT_KILL_WHEN, if that is set.
/// Async-signal-safe; any thread.
void kill_point(const char* name) noexcept;
/// Whether ZINIT_CRASHES_APART is set: crashes then count as if an hour lay between any two.
/// Async-signal-safe; any thread.
[[nodiscard]] bool crashes_apart() noexcept;
#else
inline void kill_point(const char* /*name*/) noexcept {}
inline bool crashes_apart() noexcept { return false; }
#endif

}  // namespace zinit
