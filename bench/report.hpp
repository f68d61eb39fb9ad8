// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Written by pause.cpp and read by measure.cpp: small enough for a pipe to write it as a whole.
#pragma once

#include <cstdint>

struct Report {
  std::int64_t pid;         // in its own pid namespace
  std::int64_t started_ns;  // on the monotonic clock
};
