// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Whether a sanitizer, which makes it ten times slower, instruments the tested code. Found out by
// the linked runtime, because the tests themselves may be compiled without.
#pragma once

extern "C" {
[[gnu::weak]] void __asan_init();
[[gnu::weak]] void __tsan_init();
}

namespace zinit::test {

inline bool sanitized() { return __asan_init != nullptr || __tsan_init != nullptr; }

}  // namespace zinit::test
