// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Selects one of the changes that test/mutants has made to the sources. The script makes the
// compiler include this file before every source.
#pragma once

#include <cstdlib>
#include <type_traits>

namespace zinit::test {

inline int chosen_mutant() {
  static const int chosen = [] {
    const char* const number = std::getenv("ZINIT_MUTANT");
    return number != nullptr ? std::atoi(number) : 0;
  }();
  return chosen;
}

/// Whether the change of that number is in force; no change is in force at compile time.
constexpr bool mutant(int number) {
  return !std::is_constant_evaluated() && chosen_mutant() == number;
}

}  // namespace zinit::test
