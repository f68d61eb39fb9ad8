// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The name of a board's lock in annotations (clang's -Wthread-safety).
#pragma once

#include "base/mutex.hpp"

namespace zinit {

/// A board consists of several objects, and one lock guards them all. The analysis compares locks
/// by their names, so it cannot know that two of these objects mean the same lock. Annotations
/// therefore use this name, which stands for BoardCore::mutex(). It is never defined.
extern Mutex board_lock;

}  // namespace zinit
