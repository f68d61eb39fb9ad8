// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The report that a client gets about a plan.
#pragma once

#include <set>
#include <string>

#include "model/plan.hpp"
#include "model/world.hpp"
#include "supervisor/view.hpp"

namespace zinit {

/// `plan` was made for `world` and is not applied to it yet. Under the board's lock.
/// `with_findings`: adds the faults and warnings of files.
[[nodiscard]] ReloadReport report_of(const Plan& plan, const World& world, bool with_findings);

/// The changed services that would go on, but that newly require a service which is not ready: they
/// would be stopped until it is. Under the board's lock.
[[nodiscard]] std::set<std::string> newly_held_back(const Plan& plan, const World& world);

}  // namespace zinit
