// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Catch2, with the parts that a listener to test cases needs: version 2 is one header, version 3 a
// library and many headers. Tests use the names of version 2.
#pragma once

#define CATCH_CONFIG_EXTERNAL_INTERFACES
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#include <string>

namespace Catch {

using TestEventListenerBase = EventListenerBase;

using Matchers::EndsWith;
using Matchers::Matches;
using Matchers::StartsWith;
/// In version 3 Matchers::Contains compares elements of a range.
inline auto Contains(const std::string& part) { return Matchers::ContainsSubstring(part); }

}  // namespace Catch

using Catch::Approx;
#else
#include <catch2/catch.hpp>
#endif
