// The end of `reload --wait`.
#pragma once

#include <cstdint>
#include <string>

#include "client/context.hpp"

namespace zinit {

/// Waits until what a reload has started and restarted is settled, and prints how each has ended,
/// or with --json adds that to the report `json`. Returns the exit status.
/// @param began_us  wall time, before the reload was asked for
int settle_reloaded(VerbContext& context, const ReloadReport& report, std::int64_t began_us,
                    std::string& json);

}  // namespace zinit
