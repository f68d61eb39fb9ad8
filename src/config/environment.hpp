// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The base of every service's environment (zinit.toml(5), end of [service]).
#pragma once

#include <string_view>

#include "base/environment.hpp"

namespace zinit {

inline constexpr std::string_view kDefaultPath =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The environment that execve(2) gave to this process.
[[nodiscard]] Environment own_environment();

/// PATH, then the lines of `etc_environment` (the text of the file), then `own`, which is empty in
/// system mode. A later value replaces an earlier one.
[[nodiscard]] Environment base_environment(std::string_view etc_environment,
                                           const Environment& own);

}  // namespace zinit
