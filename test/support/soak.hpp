// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Whether tests take the long form of `make soak`.
#pragma once

#include <cstdlib>

namespace zinit::test {

inline bool long_form() { return std::getenv("ZINIT_SOAK_SECONDS") != nullptr; }

}  // namespace zinit::test
