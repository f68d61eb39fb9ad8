// What the end of a service with `critical = true` means (service-file.md, "critical").
#pragma once

#include <optional>

#include "supervisor/view.hpp"

namespace zinit {

/// Whether a service with this record has failed and will not be tried again by itself: in system mode
/// the emergency shell starts on it.
[[nodiscard]] bool failed_for_good(const Record& record);

/// Whether it has ended for good, well or badly, and not by request: a container ends with it.
[[nodiscard]] bool ended_for_good(const Record& record);

/// The exit code of a container that ends with this service: that of its process, 128 and the signal's
/// number, 127 where its program could not be executed, 1 where it failed without a process otherwise.
[[nodiscard]] int exit_code_of(const Record& record);

}  // namespace zinit
