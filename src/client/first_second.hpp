// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A service without [readiness] and [health] counts as running once its program has been executed.
// On a terminal start and restart, and everywhere reload --wait, watch such a service for its first
// second, and report its end. A service that was up may also end while slower ones of the same
// command are on their way.
#pragma once

#include <vector>

#include "client/context.hpp"

namespace zinit {

/// Watches the running services of `started` until the last of those without readiness has run for
/// a second, or until the end of --timeout. Prints an error for each that has ended since its
/// status was made, and returns ExitStatus::failed then; otherwise ExitStatus::done. Throws
/// ClientError as Client does.
[[nodiscard]] int watch_first_second(VerbContext& context,
                                     const std::vector<ServiceStatus>& started);

}  // namespace zinit
