// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The cause of a stop in words, for the log and for `why`.
#pragma once

#include <string>

#include "model/world.hpp"

namespace zinit {

/// The cause of the stop that is under way, with a comma before it: ", for a restart". Empty: the
/// service's own wish is down, and the request says why.
[[nodiscard]] std::string stop_words(const World& world, Slot slot);

}  // namespace zinit
