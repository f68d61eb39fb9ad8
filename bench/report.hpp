// What pause.cpp writes and measure.cpp reads. Small enough that a pipe takes it in one piece.
#pragma once

#include <cstdint>

struct Report {
  std::int64_t pid;         // in its own pid namespace
  std::int64_t started_ns;  // on the monotonic clock
};
