// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The table of the kinds of launches. The journal stores the number of a kind.
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "state/journal.hpp"
#include "supervisor/launch.hpp"

namespace zinit {

struct LaunchKind {
  LaunchOrder::What what;
  std::string_view name;                                        // of its key or section
  Command (*command)(const ServiceSpec&, std::uint32_t index);  // null: it has no process
  std::optional<SideKind> side{};
  std::uint8_t owed = 0;  // Owed: what the next process image must order again
};

namespace launch_kinds {

/// Empty if a reload has removed the command from the config.
inline Command at(const std::vector<Command>& list, std::uint32_t index) {
  return index < list.size() ? list[index] : Command{};
}

using What = LaunchOrder::What;
using Spec = const ServiceSpec&;
using Index = std::uint32_t;

inline constexpr std::array kAll{
    LaunchKind{What::main, "exec", [](Spec spec, Index) { return spec.exec; }},
    LaunchKind{What::pre, "pre_exec", [](Spec spec, Index i) { return at(*spec.pre_exec, i); }},
    LaunchKind{What::post, "post_exec", [](Spec spec, Index i) { return at(*spec.post_exec, i); }},
    LaunchKind{What::stop, "stop_exec", [](Spec spec, Index) { return *spec.stop_exec; },
               SideKind::stop, kOwedStop},
    LaunchKind{What::reload, "reload_exec", [](Spec spec, Index) { return *spec.reload_exec; },
               SideKind::reload, kOwedReload},
    LaunchKind{What::probe, "health", [](Spec spec, Index) { return spec.health->exec; },
               SideKind::probe},
    LaunchKind{What::clean, "", nullptr},
    LaunchKind{What::limit, "", nullptr},
    LaunchKind{What::condition, "condition",
               [](Spec spec, Index) { return spec.condition->exec.command; }, SideKind::condition},
    LaunchKind{What::left, "", nullptr},
    LaunchKind{What::ready, "ready_exec",
               [](Spec spec, Index i) { return at(*spec.ready_exec, i); }, SideKind::ready},
    LaunchKind{What::check, "check_exec", [](Spec spec, Index) { return *spec.check_exec; },
               SideKind::check},
};
static_assert(std::ranges::is_sorted(kAll, {}, &LaunchKind::what));

}  // namespace launch_kinds

[[nodiscard]] constexpr const LaunchKind& kind_of(LaunchOrder::What what) noexcept {
  return launch_kinds::kAll[static_cast<std::size_t>(what)];
}
/// The kind with this number in the journal; null: another version's.
[[nodiscard]] constexpr const LaunchKind* known_kind(std::uint8_t number) noexcept {
  return number < launch_kinds::kAll.size() ? &launch_kinds::kAll[number] : nullptr;
}
[[nodiscard]] constexpr const LaunchKind& kind_of(SideKind side) noexcept {
  return *std::ranges::find(launch_kinds::kAll, std::optional(side), &LaunchKind::side);
}

/// Whether the command runs beside the main process. That of a condition runs before it.
[[nodiscard]] constexpr bool runs_beside(LaunchOrder::What what) noexcept {
  return kind_of(what).side && what != LaunchOrder::What::condition;
}

}  // namespace zinit
