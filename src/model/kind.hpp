// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The kinds of things that service files describe, and their differences. All code looks up the
// differences in this table, so that a new kind is a new row.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "model/state.hpp"

namespace zinit {

enum class Kind : std::uint8_t { service, target };

struct KindInfo {
  Kind kind;
  std::string_view name;  // of its main section; also used in answers
  bool has_process;       // a kind without one is running as soon as it may start
  State stopped;          // the state after a stop; inactive if there is no result to show
  std::span<const std::string_view> sections;  // allowed sections; empty: all
};

inline constexpr std::array<std::string_view, 2> kTargetSections = {"target", "dependencies"};

inline constexpr std::array kKinds = {
    KindInfo{Kind::service, "service", true, State::exited, {}},
    KindInfo{Kind::target, "target", false, State::inactive, kTargetSections},
};

constexpr const KindInfo& kind_info(Kind kind) { return kKinds[static_cast<std::size_t>(kind)]; }
constexpr std::string_view kind_name(Kind kind) { return kind_info(kind).name; }

static_assert(std::ranges::all_of(kKinds,
                                  [](const KindInfo& row) { return &row == &kind_info(row.kind); }),
              "kKinds is indexed by Kind");

/// The kind whose main section is `name`.
constexpr std::optional<Kind> kind_from_name(std::string_view name) {
  for (const KindInfo& row : kKinds)
    if (row.name == name) return row.kind;
  return std::nullopt;
}

}  // namespace zinit
