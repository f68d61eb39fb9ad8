// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
#pragma once
// Lets a test report that this machine cannot run it.

#include <string>

namespace zinit::test {

/// Records that the running test case cannot be carried out here, and why; the caller then returns.
/// With CI=true in the environment the test case fails instead, because CI must run every test.
///
///     if (geteuid() != 0) return test::skip("needs root");
///
/// @param reason  the missing thing, in a few words.
/// Call it only from the test's own thread.
void skip(const std::string& reason);

}  // namespace zinit::test
