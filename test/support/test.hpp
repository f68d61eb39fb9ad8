// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// What every test may use: Catch2, what system.hpp includes, common helpers.
// Tests lie in namespaces below zinit::test, one for each file, because a folder is one unit.
#pragma once

#include "support/catch.hpp"
#include "support/deadline.hpp"
#include "support/descriptors.hpp"
#include "support/forked.hpp"
#include "support/golden.hpp"
#include "support/refused_call.hpp"
#include "support/skip.hpp"
#include "support/system.hpp"
#include "support/temp_dir.hpp"

namespace zinit::test {

using Catch::Contains;
using Catch::EndsWith;
using Catch::StartsWith;

}  // namespace zinit::test
