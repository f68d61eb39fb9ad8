// What other init systems call a key or section: for messages about unknown ones.
#pragma once

#include <string>
#include <string_view>

namespace zinit {

/// What to write for a key of systemd, dinit, supervisord or s6 in place of `name`, in words that
/// follow "unknown key": `; write "exec"`, or `; write "requires" in [dependencies]`. `section` is
/// the one that it stands in, which may be empty. A key of another section, or one that only
/// differs in case, `-` and `_`, is found too. Empty: nothing like it is known.
[[nodiscard]] std::string foreign_key(std::string_view section, std::string_view name);

/// The same for sections; empty if it is no section of systemd's.
[[nodiscard]] std::string_view foreign_section(std::string_view name);

}  // namespace zinit
