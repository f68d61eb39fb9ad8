// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The words of states and reasons: see zinit/names.hpp.
#include "zinit/names.hpp"

#include <cstddef>
#include <iterator>

namespace zinit {
inline namespace v1 {

namespace {

// In the order of their enumerators.
constexpr std::string_view kStateNames[] = {
    "unknown", "inactive", "blocked", "starting", "running", "stopping", "exited", "failed",
};
static_assert(std::size(kStateNames) == static_cast<std::size_t>(ServiceState::failed) + 1);

constexpr std::string_view kReasonNames[] = {
    "unknown",          "exit_code",         "signal",
    "start_timeout",    "stop_timeout",      "health_check_failed",
    "watchdog_timeout", "dependency_failed", "missing_dependency",
    "spawn_error",      "port_in_use",       "config_error",
    "condition",        "stopped_with",      "left_behind",
};
static_assert(std::size(kReasonNames) == static_cast<std::size_t>(ReasonKind::left_behind) + 1);

/// The index of `name`; 0, which is `unknown`, for any other name.
template <std::size_t N>
std::size_t index_in(const std::string_view (&names)[N], std::string_view name) noexcept {
  for (std::size_t i = 1; i < N; ++i)
    if (names[i] == name) return i;
  return 0;
}

}  // namespace

std::string_view name_of(ServiceState state) noexcept {
  const auto index = static_cast<std::size_t>(state);
  return kStateNames[index < std::size(kStateNames) ? index : 0];
}

std::string_view name_of(ReasonKind kind) noexcept {
  const auto index = static_cast<std::size_t>(kind);
  return kReasonNames[index < std::size(kReasonNames) ? index : 0];
}

template <>
ServiceState from_name<ServiceState>(std::string_view name) noexcept {
  return static_cast<ServiceState>(index_in(kStateNames, name));
}

template <>
ReasonKind from_name<ReasonKind>(std::string_view name) noexcept {
  return static_cast<ReasonKind>(index_in(kReasonNames, name));
}

}  // namespace v1
}  // namespace zinit
