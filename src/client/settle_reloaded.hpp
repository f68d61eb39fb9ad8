// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The end of `reload --wait`.
#pragma once

#include <cstdint>
#include <string>

#include "client/context.hpp"

namespace zinit {

/// Waits until the services that a reload has started or restarted are settled, and prints how each
/// has ended; with --json, adds that to the report `json`. Returns the exit status.
/// @param began_us  wall time before the request for the reload
int settle_reloaded(VerbContext& context, const ReloadReport& report, std::int64_t began_us,
                    std::string& json);

}  // namespace zinit
