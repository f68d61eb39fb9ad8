// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The kernel's command line, as in /proc/cmdline.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace zinit {

/// Splits it at blanks outside double quotes, and removes the quotes (bootparam(7)): `a="b c"` and
/// `"a=b c"` both give `a=b c`.
[[nodiscard]] std::vector<std::string> kernel_words(std::string_view text);

}  // namespace zinit
