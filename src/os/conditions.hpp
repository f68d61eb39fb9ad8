// Evaluates the conditions of a service, but for those that are commands.
#pragma once

#include <string>
#include <vector>

#include "model/condition_spec.hpp"
#include "os/virtualization.hpp"

namespace zinit {

/// How each condition but `exec` stands, in the order of the table of keys. One that cannot be
/// found out does not hold, negated or not, and its text says why. Blocks as long as the file
/// systems of its paths do; servers of network file systems are not asked where what the kernel
/// knows suffices. Fails only for want of memory or descriptors. Any thread.
[[nodiscard]] Result<std::vector<ConditionResult>> look_at_conditions(const ConditionSpec& spec,
                                                                      const MachineFacts& machine);

/// The condition `exec`, for a ConditionResult; with `remark`, if that is not empty, in brackets.
[[nodiscard]] std::string command_condition(const ConditionCommand& exec,
                                            const std::string& remark);

}  // namespace zinit
