// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Selects one of the changes that test/mutants has made to the sources, and notes which changed
// places a test case reaches. The script makes the compiler include this file before every source.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <string>
#include <type_traits>

#define ZINIT_MUTANTS

namespace zinit::test {

inline constexpr int kMostMutants = 10000;

inline int chosen_mutant() {
  static const int chosen = [] {
    const char* const number = std::getenv("ZINIT_MUTANT");
    return number != nullptr ? std::atoi(number) : 0;
  }();
  return chosen;
}

/// For each place whether a process reached it since the last reached_places(). Processes that a
/// test forks share the memory. Programs that it executes share the file ZINIT_MUTANT_PLACES.
inline std::atomic<bool>* places() {
  static auto* const shared = [] {
    const char* const path = std::getenv("ZINIT_MUTANT_PLACES");
    const int fd = path != nullptr ? ::open(path, O_RDWR | O_CLOEXEC) : -1;
    void* const memory = ::mmap(nullptr, kMostMutants, PROT_READ | PROT_WRITE,
                                MAP_SHARED | (fd < 0 ? MAP_ANONYMOUS : 0), fd, 0);
    if (fd >= 0) ::close(fd);
    return static_cast<std::atomic<bool>*>(memory);
  }();
  return shared;
}

inline bool reach(int number) {
  places()[number] = true;
  return chosen_mutant() == number;
}

/// Whether the change of that number is in force; no change is in force at compile time.
constexpr bool mutant(int number) { return !std::is_constant_evaluated() && reach(number); }

/// The milliseconds since the last call, and the numbers of the places reached meanwhile.
inline std::string reached_places() {
  static auto before = std::chrono::steady_clock::now();
  const auto now = std::chrono::steady_clock::now();
  std::string all = std::to_string((now - before) / std::chrono::milliseconds(1));
  before = now;
  for (int number = 1; number < kMostMutants; ++number)
    if (places()[number].exchange(false)) all += " " + std::to_string(number);
  return all;
}

}  // namespace zinit::test
