// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Evaluates the conditions of a service, except commands.
#pragma once

#include <string>
#include <vector>

#include "model/condition_spec.hpp"
#include "os/virtualization.hpp"

namespace zinit {

/// The result of each condition except `exec`, in the order of the table of keys. A condition that
/// cannot be determined does not hold, negated or not, and its text says why. Blocks as long as the
/// file systems of its paths do. Servers of network file systems are not asked if the kernel knows
/// enough. Fails only because of a lack of memory or descriptors. Any thread.
[[nodiscard]] Result<std::vector<ConditionResult>> look_at_conditions(const ConditionSpec& spec,
                                                                      const MachineFacts& machine);

/// The condition `exec`, for a ConditionResult. A non-empty `remark` follows in brackets.
[[nodiscard]] std::string command_condition(const ConditionCommand& exec,
                                            const std::string& remark);

}  // namespace zinit
