// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Paths of another system, such as an image that is being built, below the directory that will be
// its root.
#pragma once

#include <string>

#include "base/result.hpp"

namespace zinit {

/// The number of symbolic links followed in one path, as in the kernel (path_resolution(7)).
inline constexpr int kMostLinks = 40;

/// Resolves the symbolic links in `path` as if `root` were the root directory: an absolute link
/// begins there, and `..` never leaves it. Parts that do not exist are kept as written. So a link
/// in an image cannot lead zinitctl --root to files of the machine on which the image is made, as
/// long as nobody changes the image meanwhile.
///
/// @param root         does not end in a slash; empty: `path` is returned as it is.
/// @param path         begins with `root`.
/// @param follow_last  whether the last part is also resolved if it is a link.
/// @return  ELOOP if there are more than kMostLinks on the way: do not use such a path. Other
///          errors are those of readlink(2).
[[nodiscard]] Result<std::string> real_below(const std::string& root, const std::string& path,
                                             bool follow_last = true);

}  // namespace zinit
