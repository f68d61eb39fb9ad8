// Paths of a system that does not run: below a directory that is to be its root.
#pragma once

#include <string>

namespace zinit {

/// Where `path` leads if `root` is the root directory of all links in it: an absolute link begins
/// there, and `..` never leaves it. What is not there stays as it is written. So an image cannot
/// lead zinitctl --root out to the files of the machine that it is made on.
///
/// @param root         of the system, without an end slash; empty: `path` itself is returned.
/// @param path         begins with `root`.
/// @param follow_last  also where its last part is a link.
[[nodiscard]] std::string real_below(const std::string& root, const std::string& path,
                                     bool follow_last = true);

}  // namespace zinit
