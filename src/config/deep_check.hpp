// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// `zinitctl check --deep`: boots the checked files in a simulation (model/rehearsal.hpp), and shuts
// down again. So it finds what no single file shows: services that a boot would not start, and a
// shutdown that would take too long.
#pragma once

#include "config/check.hpp"

namespace zinit {

/// What the simulated boot came to.
struct DeepCheck {
  bool done = false;        // false: there are errors, which come first
  std::size_t started = 0;  // services and targets that were up in the end
};

/// Adds a warning to `result` for each service that the boot asks for and does not start, and for
/// each that a shutdown could reach too late.
DeepCheck check_deep(CheckResult& result);

}  // namespace zinit
