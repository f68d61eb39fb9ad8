// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
#pragma once
// What a run of the tests can do, and takes: lets a test report that this machine cannot run it.

#include <cstdlib>
#include <string>

extern "C" {
[[gnu::weak]] void __asan_init();
[[gnu::weak]] void __tsan_init();
}

namespace zinit::test {

/// Records that the running test case cannot be carried out here, and why; the caller then returns.
/// With CI=true in the environment the test case fails instead, because CI must run every test.
///
///     if (geteuid() != 0) return test::skip("needs root");
///
/// @param reason  the missing thing, in a few words.
/// Call it only from the test's own thread.
void skip(const std::string& reason);

/// Whether a sanitizer, which makes it ten times slower, instruments the tested code. Found out by
/// the linked runtime, because the tests themselves may be compiled without.
inline bool sanitized() { return __asan_init != nullptr || __tsan_init != nullptr; }

/// Whether tests take the long form of `make soak`.
inline bool long_form() { return std::getenv("ZINIT_SOAK_SECONDS") != nullptr; }

}  // namespace zinit::test
