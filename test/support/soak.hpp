// Whether tests take the long form that `make soak` asks for.
#pragma once

#include <cstdlib>

namespace zinit::test {

inline bool long_form() { return std::getenv("ZINIT_SOAK_SECONDS") != nullptr; }

}  // namespace zinit::test
