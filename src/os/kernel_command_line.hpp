// The kernel's command line, as /proc/cmdline gives it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace zinit {

/// Its words. Blanks part them, but inside double quotes, which go (bootparam(7)): `a="b c"` and
/// `"a=b c"` are both `a=b c`.
[[nodiscard]] std::vector<std::string> kernel_words(std::string_view text);

}  // namespace zinit
