#pragma once
// How a test says that this machine cannot run it.

#include <string>

namespace zinit::test {

/// Records that the running test case cannot be carried out here, and why; the caller returns after
/// it. With CI=true in the environment the test case fails instead: there nothing may be left out.
///
///     if (geteuid() != 0) return test::skip("needs root");
///
/// @param reason  what is missing, in a few words.
/// Only from the test's own thread.
void skip(const std::string& reason);

}  // namespace zinit::test
