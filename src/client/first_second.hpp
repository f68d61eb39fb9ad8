// What has neither [readiness] nor [health] counts as running once its program has been executed.
// On a terminal, start and restart watch such a service for its first second, and report its end.
#pragma once

#include <vector>

#include "client/context.hpp"

namespace zinit {

/// Watches those of `started` that run and have no readiness, until a second has passed since the
/// last of them was started, or --timeout is over. Prints a complaint about each that has ended.
/// Returns ExitStatus::failed if any has, else ExitStatus::done. Throws ClientError as Client does.
[[nodiscard]] int watch_first_second(VerbContext& context,
                                     const std::vector<ServiceStatus>& started);

}  // namespace zinit
