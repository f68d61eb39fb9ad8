// Paths of another system, such as an image that is being built, below the directory that will be
// its root.
#pragma once

#include <string>

namespace zinit {

/// Resolves the symbolic links in `path` as if `root` were the root directory: an absolute link
/// begins there, and `..` never leaves it. Parts that do not exist are kept as written. Thus a link
/// in an image cannot lead zinitctl --root to files of the machine on which the image is made.
///
/// @param root         does not end in a slash; if it is empty, `path` is returned as it is.
/// @param path         begins with `root`.
/// @param follow_last  whether the last part is resolved, too, if it is a link.
[[nodiscard]] std::string real_below(const std::string& root, const std::string& path,
                                     bool follow_last = true);

}  // namespace zinit
