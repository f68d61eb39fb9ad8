// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A service without [readiness] and [health] counts as running once its program has been executed.
// On a terminal start and restart, and everywhere reload --wait, watch such a service for its first
// second, and report its end.
#pragma once

#include <vector>

#include "client/context.hpp"

namespace zinit {

/// Watches the running services of `started` that have no readiness, until a second after the last
/// start or the end of --timeout. Prints an error for each that has ended, and returns
/// ExitStatus::failed then; otherwise ExitStatus::done. Throws ClientError as Client does.
[[nodiscard]] int watch_first_second(VerbContext& context,
                                     const std::vector<ServiceStatus>& started);

}  // namespace zinit
