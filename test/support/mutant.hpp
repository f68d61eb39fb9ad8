// Which of the changes that test/mutants has made to the sources is in force. That script has the
// compiler include this in front of every source.
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

/// Whether the change of that number is in force; none is at compile time.
constexpr bool mutant(int number) {
  return !std::is_constant_evaluated() && chosen_mutant() == number;
}

}  // namespace zinit::test
