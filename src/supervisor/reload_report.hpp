// What a plan comes to, told by names.
#pragma once

#include "model/plan.hpp"
#include "model/world.hpp"
#include "supervisor/view.hpp"

namespace zinit {

/// `world` is the one that `plan` was made for, and has not been applied to yet. Under the board's
/// lock.
[[nodiscard]] ReloadReport report_of(const Plan& plan, const World& world);

}  // namespace zinit
