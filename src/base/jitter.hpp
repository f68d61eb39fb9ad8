// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Places where a build for tests can be delayed. This finds code that relies on the scheduler's
// luck: another thread may look for the result of work too soon. The modes with kill points
// (ZINIT_KILL_POINTS) have these places; in the release they are nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace zinit {

#ifdef ZINIT_KILL_POINTS
inline constexpr bool kHasJitter = true;
/// The variable that switches it on; its value is the seed. Services must not inherit it.
inline constexpr std::string_view kJitterVariable = "ZINIT_TEST_JITTER";
/// The value of the variable; nothing if it is unset or not a number. Any thread.
[[nodiscard]] std::optional<std::uint64_t> jitter_seed() noexcept;
/// Sleeps at one pass in four, for up to 50 ms, if there is a seed. The time follows from the seed,
/// from `place`, a literal, and from how often it was passed. A place is late for half of the time
/// at most, so that a flood takes twice as long and not a thousand times. No lock may be held. Any
/// thread.
void jitter(std::string_view place) noexcept;
#else
inline constexpr bool kHasJitter = false;
inline constexpr std::string_view kJitterVariable;
inline std::optional<std::uint64_t> jitter_seed() noexcept { return std::nullopt; }
inline void jitter(std::string_view /*place*/) noexcept {}
#endif

}  // namespace zinit
