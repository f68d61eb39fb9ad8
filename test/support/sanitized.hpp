// Whether the code under test is instrumented by a sanitizer, which makes it ten times as slow. By
// the runtime that is linked, for the tests around it may be compiled without.
#pragma once

extern "C" {
[[gnu::weak]] void __asan_init();
[[gnu::weak]] void __tsan_init();
}

namespace zinit::test {

inline bool sanitized() { return __asan_init != nullptr || __tsan_init != nullptr; }

}  // namespace zinit::test
